//! After step 1: nobody may be there but who may stay. A listing of a tenant without users is one request, so each cycle
//! looks: who comes in the months of a wait is told at once, and never dies unseen with the directory.

use crate::closure::decision::{Decision, Waiting};
use crate::closure::id::ObjectId;
use crate::closure::memory::Memory;
use crate::closure::observation::{Observation, Obstacle};
use crate::closure::plan::{Plan, Sealed};
use crate::closure::step::Step;
use crate::closure::steps::{administrators, supplements};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// No reader lags for so long: who is shown later than this after two listings without him was restored.
const READERS_LAG: SignedDuration = SignedDuration::from_hours(1);

/// What the presence of somebody leads to; `None`: nobody is there who keeps the closure from going on.
pub fn refuse(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Decision> {
    let verified_at = memory.verified_at?;
    let others = match others(sealed, seen) {
        Ok(others) => others,
        Err(decision) => return Some(decision),
    };
    let (planned, strangers): (Vec<ObjectId>, Vec<ObjectId>) =
        others.into_iter().partition(|id| plan.names(*id));
    if !strangers.is_empty() {
        return Some(came().blocks());
    }
    if planned.is_empty() {
        return None;
    }
    if now.duration_since(verified_at) > READERS_LAG {
        let mut planned = planned.into_iter();
        let administrator = planned.any(|id| plan.names_administrator(id));
        let obstacle = if administrator {
            administrators::restored()
        } else {
            restored()
        };
        return Some(obstacle.blocks());
    }
    // What can be undone goes on meanwhile; step 4 waits by itself.
    (super::current(memory) > Step::DeleteSubscriptions).then(lagging)
}

/// Somebody who was deleted is still shown: before the last two steps that is waited for.
pub fn shown_again(sealed: &Sealed, seen: &Observation) -> Option<Decision> {
    match others(sealed, seen) {
        Ok(others) => (!others.is_empty()).then(lagging),
        Err(decision) => Some(decision),
    }
}

/// Everybody who may not stay.
fn others(sealed: &Sealed, seen: &Observation) -> Result<Vec<ObjectId>, Decision> {
    let allowed = sealed.allowed();
    let listed = supplements::listed(sealed, seen)?.ids.iter();
    Ok(listed.filter(|id| !allowed.contains(id)).copied().collect())
}

fn came() -> Obstacle {
    Obstacle::new(
        "PlanDrift",
        "There are accounts that the approved plan does not name, made after all users were deleted",
        "Delete these accounts in the admin center, and the closure goes on by itself",
    )
}

fn restored() -> Obstacle {
    Obstacle::new(
        "PlanDrift",
        "Users who were deleted are there again, long after that was verified",
        "Find out who restored them; delete these accounts in the admin center, and the closure goes on by itself",
    )
}

fn lagging() -> Decision {
    let message = "Deleted users are shown again by a reader that lags; it catches up by itself";
    Waiting::new("WaitingReplica", message)
        .again_in(Duration::from_secs(10))
        .into()
}
