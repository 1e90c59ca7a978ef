//! What the name server says of the tenants' custom domains.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::scenario::{DnsAnswers, DomainDns};
use super::super::world::World;
use super::message::{self, Data, Question, Record};

/// Different questions that are remembered.
const MOST_REMEMBERED: usize = 10_000;

/// What was asked: name, type, over UDP or not; and how often.
#[derive(Debug, Default)]
pub(crate) struct Asked(BTreeMap<(String, u16, bool), u64>);

impl Asked {
    fn note(&mut self, question: &Question, udp: bool) {
        let key = (question.name.clone(), question.kind, udp);
        if self.0.len() < MOST_REMEMBERED || self.0.contains_key(&key) {
            *self.0.entry(key).or_default() += 1;
        }
    }

    /// As a test reads it.
    pub(crate) fn report(&self) -> Value {
        let row = |((name, kind, udp), count): (&(String, u16, bool), &u64)| {
            let kind = match *kind {
                message::CNAME => "CNAME".to_owned(),
                message::MX => "MX".to_owned(),
                message::TXT => "TXT".to_owned(),
                other => other.to_string(),
            };
            let transport = if *udp { "UDP" } else { "TCP" };
            json!({ "name": name, "type": kind, "transport": transport, "count": count })
        };
        self.0.iter().map(row).collect()
    }
}

/// The reply to a packet; `None`: there is none.
pub(super) fn serve(world: &mut World, packet: &[u8], udp: bool) -> Option<Vec<u8>> {
    let question = message::read(packet)?;
    world.asked.note(&question, udp);
    let Some(domain) = find(world, &question.name) else {
        return Some(message::reply(
            &question,
            message::NAME_ERROR,
            &[],
            udp,
            false,
        ));
    };
    let records = records(domain, &question);
    let (code, cut) = match domain.answers {
        DnsAnswers::Records => (message::NO_ERROR, false),
        DnsAnswers::Truncated => (message::NO_ERROR, true),
        DnsAnswers::NameError => (message::NAME_ERROR, false),
        DnsAnswers::ServerFailure => (message::SERVER_FAILURE, false),
        DnsAnswers::Refused => (message::REFUSED, false),
        DnsAnswers::Silence => return None,
        DnsAnswers::Garbage => {
            // The right question, and then no record that anybody could read.
            let mut garbage = message::reply(&question, message::NO_ERROR, &[], udp, false);
            garbage[7] = 3;
            garbage.extend([0xc0, 0xff, 0xee]);
            return Some(garbage);
        }
    };
    let told = if code == message::NO_ERROR {
        &records[..]
    } else {
        &[]
    };
    Some(message::reply(&question, code, told, udp, cut))
}

/// The domain that a name belongs to: itself, `autodiscover` below it, or one of its aliases.
fn find<'a>(world: &'a World, name: &str) -> Option<&'a DomainDns> {
    let tenants = world.tenants.iter().filter(|tenant| tenant.exists());
    let mut all = tenants.flat_map(|tenant| &tenant.domains);
    let found = all.find(|domain| {
        let owned = |one: &String| one.eq_ignore_ascii_case(name);
        !domain.initial
            && (domain.name.eq_ignore_ascii_case(name)
                || autodiscover(&domain.name) == name
                || domain.dns.autodiscover.iter().any(owned))
    });
    found.map(|domain| &domain.dns)
}

fn autodiscover(domain: &str) -> String {
    format!("autodiscover.{}", domain.to_ascii_lowercase())
}

fn records(domain: &DomainDns, question: &Question) -> Vec<Record> {
    let name = &question.name;
    if domain.domain.eq_ignore_ascii_case(name) {
        let own = |data| (name.clone(), data);
        return match question.kind {
            message::MX => (0..)
                .step_by(10)
                .zip(&domain.mx)
                .map(|(preference, host)| own(Data::Exchanger(preference, host.clone())))
                .collect(),
            message::TXT => {
                let texts = domain.texts.iter().cloned();
                texts.map(|text| own(Data::Text(text))).collect()
            }
            _ => Vec::new(),
        };
    }
    let mut chain = Vec::new();
    let mut owner = autodiscover(&domain.domain);
    for target in &domain.autodiscover {
        chain.push((owner.clone(), Data::Alias(target.clone())));
        owner = target.to_ascii_lowercase();
    }
    let from = chain.iter().position(|(owner, _)| owner == name);
    let mut left = from.map_or_else(Vec::new, |from| chain.split_off(from));
    if question.kind == message::CNAME {
        left.truncate(1);
    }
    left
}
