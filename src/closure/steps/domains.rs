//! Custom domains that the approved plan does not know: somebody goes on building in the tenant, or it is not the one that was
//! approved.

use crate::closure::label::label;
use crate::closure::observation::{Observation, Obstacle};
use crate::closure::plan::Sealed;

/// Names told; the rest is only counted.
const SHOWN: usize = 5;

/// Verified since the plan was made. One that is gone is as well.
pub fn unplanned<'a>(sealed: &'a Sealed, seen: &'a Observation) -> Vec<&'a str> {
    let planned = sealed.head.custom_domains.as_ref();
    let there = seen.organization.known();
    let (Some(planned), Some(there)) = (planned, there) else {
        return Vec::new();
    };
    let new = there.custom_domains.iter();
    new.filter(|name| !planned.contains(name))
        .map(String::as_str)
        .collect()
}

/// What that leads to once the plan has begun.
pub fn drift(new: &[&str]) -> Option<Obstacle> {
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
