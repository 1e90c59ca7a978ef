//! Custom domains that the approved plan does not know: somebody goes on building in the tenant, or it is not the one that was
//! approved.

use crate::closure::label::label;
use crate::closure::observation::{Observation, Obstacle, Organization};
use crate::closure::plan::{Sealed, hex};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// Custom domains that one plan names: as many as Microsoft lets a tenant have, unless it asks for more.
pub const MOST_DOMAINS: usize = 900;

/// Names told; the rest is only counted.
const SHOWN: usize = 5;

/// Those that the plan names, where it names them, or all as one: what the plan rests on is in either way what was approved.
pub fn of_plan(
    organization: &Organization,
    released: &[String],
) -> (Option<Vec<String>>, Option<String>) {
    let all = &organization.custom_domains;
    if all.len() <= MOST_DOMAINS {
        (Some(all.iter().cloned().collect()), None)
    } else {
        (None, Some(digest(all, released)))
    }
}

/// Over all of them, sorted, one a line. Those that are released in between count as there: they are planned to go.
fn digest(all: &BTreeSet<String>, released: &[String]) -> String {
    let names: BTreeSet<&str> = all.iter().chain(released).map(String::as_str).collect();
    let mut hash = Sha256::new();
    for name in names {
        hash.update(name.as_bytes());
        hash.update(b"\n");
    }
    hex(&hash.finalize())
}

/// Verified since the plan was made. One that is gone is fine.
fn unplanned<'a>(planned: &'a [String], there: &'a Organization) -> Vec<&'a str> {
    let new = there.custom_domains.iter();
    new.filter(|name| !planned.contains(name))
        .map(String::as_str)
        .collect()
}

/// What the plan does not know, and what that leads to once it has begun. Before, it is made anew.
pub fn drift(sealed: &Sealed, seen: &Observation) -> Option<Obstacle> {
    let there = seen.organization.known()?;
    let head = &sealed.head;
    if let Some(planned) = &head.custom_domains {
        return named(&unplanned(planned, there));
    }
    let planned = head.custom_domains_digest.as_ref()?;
    (digest(&there.custom_domains, &head.domains) != *planned).then(|| {
        Obstacle::new(
            "PlanDrift",
            format!(
                "The tenant's custom domains are not those that the approved plan rests on: it had more than {MOST_DOMAINS}, which are \
                 compared as a whole"
            ),
            "Find out who added or removed some, and for what: make them what they were, and the closure goes on; else delete this \
             closure (nothing is lost) and create it again",
        )
    })
}

fn named(new: &[&str]) -> Option<Obstacle> {
    if new.is_empty() {
        return None;
    }
    let shown: Vec<String> = new.iter().take(SHOWN).map(|name| label(name)).collect();
    let more = match new.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(Obstacle::new(
        "PlanDrift",
        format!(
            "Domains were verified in the tenant that the approved plan does not name: {}{more}",
            shown.join(", ")
        ),
        "Find out who added them, and for what: remove them from the tenant, and the closure goes on; where they are to go with the \
         tenant, delete this closure (nothing is lost) and create it again",
    ))
}
