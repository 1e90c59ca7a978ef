//! Global administrators whom the approved plan does not expect: somebody may be defending the tenant, or attacking it.

use crate::closure::id::ObjectId;
use crate::closure::observation::Obstacle;
use crate::closure::plan::Sealed;

/// Most that a plan names; a tenant with more is told so before anything begins.
pub const MOST: usize = 400;

/// One of these principals holds the role, or may take it up, and the plan does not name it.
pub fn unplanned(sealed: &Sealed, holders: &[ObjectId]) -> bool {
    let head = &sealed.head;
    holders.iter().any(|id| {
        *id != head.retained
            && Some(*id) != head.spare
            && head.other_global_administrators.binary_search(id).is_err()
            && head.other_holders.binary_search(id).is_err()
    })
}

/// What that leads to once the plan has begun.
pub fn drift() -> Obstacle {
    Obstacle::new(
        "PlanDrift",
        "There is a Global administrator whom the approved plan does not name",
        "Find out who made this administrator; take the role away or delete the account, and the closure goes on",
    )
}

/// Deleted as planned, and there again. He is not deleted a second time on the word of a plan that is older than that.
pub fn restored() -> Obstacle {
    Obstacle::new(
        "PlanDrift",
        "A Global administrator who was deleted is there again",
        "Find out who restored this administrator; delete the account by hand if it is to go, and the closure goes on",
    )
}
