//! Mail that still arrives: before anything is taken away, no DNS record may lead to mailboxes that are to go.

use crate::closure::decision::{Blocker, Dates, Decision};
use crate::closure::label::label;
use crate::closure::links;
use crate::closure::mail::{Lead, MailDomain};
use crate::closure::memory::Memory;
use crate::closure::observation::{Observation, Obstacle, Question};
use crate::closure::plan::Plan;
use crate::closure::steps::facts;
use crate::closure::terms::{Cloud, Terms};

/// The reason, and the kind under which it is accepted in `spec.accept`.
pub const MAIL_STILL_ARRIVES: &str = "MailStillArrives";

/// A domain that mail may still arrive at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    domain: String,
    leads: Vec<Lead>,
    unknown: Vec<Lead>,
}

/// The domains that mail may still arrive at, in every cycle until the first effect that takes something away for good.
/// Where it was accepted nobody asks.
///
/// # Errors
/// The decision to read it, or what its absence leads to.
pub fn arrivals(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
) -> Result<Vec<Arrival>, Decision> {
    if memory.destroying_since.is_some() || plan.terms.accepts(MAIL_STILL_ARRIVES) {
        return Ok(Vec::new());
    }
    let domains = facts::known(&seen.mail, Question::Mail)?.iter();
    let arrivals = domains.map(|domain| arrival(domain, plan.terms.cloud));
    Ok(arrivals
        .filter(|one| !one.leads.is_empty() || !one.unknown.is_empty())
        .collect())
}

fn arrival(domain: &MailDomain, cloud: Cloud) -> Arrival {
    Arrival {
        domain: domain.domain.clone(),
        leads: domain.to_microsoft(cloud),
        unknown: domain.unknown(),
    }
}

/// All of them in one obstacle, in words that do not change with the domains.
pub fn obstacle(arrivals: &[Arrival]) -> Option<Obstacle> {
    let known = arrivals.iter().any(|one| !one.leads.is_empty());
    let unknown = arrivals.iter().any(|one| !one.unknown.is_empty());
    let message = match (known, unknown) {
        (false, false) => return None,
        (true, false) => "DNS still leads mail, or who sends it, to this tenant",
        (false, true) => {
            "Nobody can tell whether mail still arrives in this tenant: DNS could not be read"
        }
        (true, true) => {
            "DNS still leads mail, or who sends it, to this tenant; of some records it could not be read"
        }
    };
    let remedy = "Change the records of the domains that the blockers name, which is noticed by itself, or accept it by \
                  name: add kind MailStillArrives with a reference to spec.accept";
    Some(Obstacle::new(MAIL_STILL_ARRIVES, message, remedy))
}

/// One row for each domain. Nothing of what DNS answered is repeated: others wrote it.
pub fn blockers(terms: &Terms, arrivals: &[Arrival]) -> Vec<Blocker> {
    let row = |one: &Arrival| {
        let mut remedy = Vec::new();
        if !one.leads.is_empty() {
            let (records, verb) = names(&one.leads);
            remedy.push(format!(
                "{records} still {verb} to Microsoft: point them to where mail goes from now on, or remove them"
            ));
        }
        if !one.unknown.is_empty() {
            let (records, _) = names(&one.unknown);
            remedy.push(format!(
                "{records} could not be read: see that the domain's name servers answer the operator's resolver"
            ));
        }
        Blocker {
            check: format!("Mail {}", label(&one.domain)),
            state: if one.leads.is_empty() {
                "unknown"
            } else {
                "failed"
            },
            remedy: remedy.join("; "),
            link: links::domains(terms.cloud).to_owned(),
            who: "person",
            dates: Dates::default(),
        }
    };
    arrivals.iter().map(row).collect()
}

fn names(leads: &[Lead]) -> (String, &'static str) {
    let names: Vec<&str> = leads.iter().map(|lead| lead.name()).collect();
    let verb = if names.len() == 1 { "leads" } else { "lead" };
    (names.join(", "), verb)
}
