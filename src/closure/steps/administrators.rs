//! Global administrators whom the approved plan does not expect: somebody may be defending the tenant, or attacking it.

use crate::closure::decision::Decision;
use crate::closure::id::ObjectId;
use crate::closure::memory::Memory;
use crate::closure::observation::{Fact, Observation, Obstacle, Question, Users, Why};
use crate::closure::plan::Sealed;
use crate::closure::steps::facts;
use crate::closure::words::count;
use std::collections::BTreeSet;

/// Most that a plan names, users and others each; a tenant with more is told so before anything begins ([`too_many`]).
pub const MOST: usize = 400;

/// Whether a plan made now would name all whom nobody expected.
pub fn room(sealed: &Sealed, seen: &Observation) -> bool {
    let head = &sealed.head;
    let short = head.other_global_administrators.len() < MOST && head.other_holders.len() < MOST;
    short || others(sealed, seen) <= MOST
}

/// Those who hold the role beside the administrators who stay.
fn others(sealed: &Sealed, seen: &Observation) -> usize {
    let known = [&seen.global_administrators, &seen.group_administrators];
    let all = known.into_iter().filter_map(|fact| fact.known()).flatten();
    let stays = |id: ObjectId| id == sealed.head.retained || Some(id) == sealed.head.spare;
    let others: BTreeSet<ObjectId> = all.copied().filter(|id| !stays(*id)).collect();
    others.len()
}

/// More hold the role than a plan can name: whoever stands in none would be drift once it has begun.
pub fn too_many(sealed: &Sealed, seen: &Observation) -> Option<Obstacle> {
    let more = !room(sealed, seen) && unexpected(sealed, seen) == Ok(true);
    more.then(|| {
        let message = format!(
            "The tenant has {} beside those who stay, and a plan names {MOST}",
            count(u32::try_from(others(sealed, seen)).unwrap_or(u32::MAX), "Global administrator")
        );
        Obstacle::new(
            "TooManyAdministrators",
            message,
            "Take the role from those who do not need it, in the tenant, until no more than that are left: the plan is then \
             made anew and names them",
        )
    })
}

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

/// Whether anybody does, by himself or through a group that the plan names.
///
/// # Errors
/// The decision to ask for it, or what follows where it cannot be read: who is not seen is not none.
pub fn unexpected(sealed: &Sealed, seen: &Observation) -> Result<bool, Decision> {
    let holders = facts::known(&seen.global_administrators, Question::Administrators)?;
    let members = facts::known(&seen.group_administrators, Question::AdministratorGroups)?;
    Ok(unplanned(sealed, holders) || unplanned(sealed, members))
}

/// Whether who stays holds the role for good, and who else may take it up, is told by collections of their own: who is not told of
/// is not none, and who has activated the role for some hours looks as if it were his. Asked before the first effect, and as long
/// as users are deleted. Where there is no licence for it there is nothing to take up. The licences go in step 2, and after step 1
/// every account is looked at.
pub fn untold(seen: &Observation, memory: &Memory) -> Option<Obstacle> {
    let over = memory.verified_at.is_some();
    let Fact::Unreadable(why) = &seen.role_schedules else {
        return None;
    };
    (!over && *why != Why::Unsupported).then(|| {
        let remedy = match why {
            Why::Forbidden => {
                "Grant the application RoleManagement.Read.Directory in the tenant, with admin consent (or \
                 RoleEligibilitySchedule.Read.Directory and RoleAssignmentSchedule.Read.Directory); it is noticed by itself"
            }
            _ => {
                "Microsoft's answer is not what it documents: it is asked again by itself. If it stays so, ask Microsoft's support \
                 about roleEligibilityScheduleInstances and roleAssignmentScheduleInstances of this tenant"
            }
        };
        Obstacle::new(
            "RetainedAdminRoleUnknown",
            "Whether the retained administrator holds Global Administrator for good or for some hours, and who else may take it up, \
             cannot be read",
            remedy,
        )
    })
}

/// Once something has begun: whether that can be read.
///
/// # Errors
/// What follows where it cannot.
pub fn told(seen: &Observation, memory: &Memory) -> Result<(), Decision> {
    let Some(obstacle) = untold(seen, memory) else {
        return Ok(());
    };
    Err(match &seen.role_schedules {
        Fact::Unreadable(why) if *why != Why::Forbidden => {
            facts::unreadable(Question::Administrators, *why)
        }
        _ => obstacle.blocks(),
    })
}

/// Whether anybody in a complete listing of the users does.
///
/// # Errors
/// What follows where it cannot be read who is in a group.
pub fn among(sealed: &Sealed, users: &Users) -> Result<bool, Decision> {
    let holders = facts::known(&users.global_administrators, Question::AdministratorGroups)?;
    Ok(unplanned(sealed, holders))
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
