//! The administrator who stays: whether he has shown lately that he can sign in, before anything is taken away for good.

use crate::closure::memory::Memory;
use crate::closure::observation::{Observation, Obstacle};
use crate::closure::terms::Terms;
use crate::closure::words::count;
use jiff::{SignedDuration, Timestamp};

/// Asked until the first effect that takes something away for good.
pub fn unproven(
    terms: &Terms,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Obstacle> {
    if memory.destroying_since.is_some() {
        return None;
    }
    lacking(terms, seen, now)
}

/// Where the operator's configuration asks for a proof: that there is none which is young enough.
pub fn lacking(terms: &Terms, seen: &Observation, now: Timestamp) -> Option<Obstacle> {
    let days = seen.cluster.configuration.proof_days?;
    let age = SignedDuration::from_hours(24 * i64::from(days));
    let retained = seen.retained.known().and_then(Option::as_ref);
    let proven = retained.and_then(|found| seen.cluster.proofs.get(&found.id));
    let young = proven.is_some_and(|at| now.duration_since(*at) <= age);
    (!young).then(|| {
        let message = format!(
            "The retained administrator {} has not proven within {} that the account can sign in with multifactor authentication",
            terms.retained,
            count(days, "day")
        );
        let remedy = "Sign in as this account with the code that it shows: kubectl tenant-closure keeper prove";
        Obstacle::new("RetainedAdminUnproven", message, remedy)
    })
}
