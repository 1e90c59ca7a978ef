//! What DNS says of the tenant's custom domains: a few questions for each, bounded in number and time.

use super::dns::Dns;
use crate::closure::mail::{Lead, MailDomain};
use crate::closure::observation::Why;
use crate::closure::terms::Cloud;
use futures::StreamExt as _;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The longest time for all questions together.
const LOOK: Duration = Duration::from_secs(20);
/// Domains that are asked about; of the others nothing is known.
const MOST_DOMAINS: usize = 200;
/// Domains that are asked about at once.
const AT_ONCE: usize = 16;
/// Aliases of aliases that are followed.
const MOST_ALIASES: usize = 8;

/// Asks about each of these domains, in their order.
pub(super) async fn look(dns: &Dns, cloud: Cloud, domains: &BTreeSet<String>) -> Vec<MailDomain> {
    let deadline = Instant::now() + LOOK;
    let asked = domains.iter().take(MOST_DOMAINS).cloned();
    let asked = asked.map(|domain| within(deadline, dns, cloud, domain));
    let mut found: Vec<MailDomain> = futures::stream::iter(asked)
        .buffered(AT_ONCE)
        .collect()
        .await;
    let left = domains.iter().skip(MOST_DOMAINS);
    found.extend(left.map(|domain| MailDomain::unread(domain, Why::Unsupported)));
    found
}

async fn within(deadline: Instant, dns: &Dns, cloud: Cloud, domain: String) -> MailDomain {
    let found = timeout_at(deadline, one(dns, cloud, &domain)).await;
    found.unwrap_or_else(|_| MailDomain::unread(&domain, Why::Unavailable))
}

async fn one(dns: &Dns, cloud: Cloud, domain: &str) -> MailDomain {
    let (mx, autodiscover, texts) = tokio::join!(
        dns.mx(domain),
        aliases(dns, cloud, format!("autodiscover.{domain}")),
        dns.texts(domain),
    );
    MailDomain {
        domain: domain.to_owned(),
        mx,
        autodiscover,
        texts,
    }
}

/// What a name is an alias of, and that again, up to the first host of Microsoft's or the last one.
async fn aliases(dns: &Dns, cloud: Cloud, mut name: String) -> Result<Vec<String>, Why> {
    let mut all: Vec<String> = Vec::new();
    while let Some(next) = dns.alias(&name).await? {
        all.push(next.clone());
        if Lead::Autodiscover.is_microsofts(cloud, &next) {
            break;
        }
        if all.len() > MOST_ALIASES {
            return Err(Why::Malformed);
        }
        name = next;
    }
    Ok(all)
}
