//! How long after a person has pressed Delete a subscription goes, and how that is seen: Microsoft shows no state for it,
//! only the date of the next change, which then comes earlier than it was announced.

use crate::closure::decision::Dates;
use crate::closure::id::ObjectId;
use crate::closure::memory::Asked;
use crate::closure::observation::{Agreement, Lifecycle, Subscription};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The date of the next change that Microsoft announced for each subscription that a person deletes, when it was first seen
/// disabled or expired.
pub type Announced = BTreeMap<ObjectId, Timestamp>;

/// A directly bought subscription is deprovisioned so long after a person deleted it
/// (learn.microsoft.com `entra/identity/users/directory-delete-howto`).
pub const DEPROVISION: SignedDuration = SignedDuration::from_hours(72);
/// The Azure portal offers Delete so long after a cancellation at the earliest
/// (learn.microsoft.com `azure/cost-management-billing/manage/cancel-azure-subscription`).
pub const AZURE_DELETE_FROM: SignedDuration = SignedDuration::from_mins(15);
/// And so long after it at the latest (learn.microsoft.com `entra/identity/users/directory-delete-howto`).
pub const AZURE_DELETE_BY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A date that comes no earlier than this much is the same one.
const SAME: SignedDuration = SignedDuration::from_secs(2);
/// Clocks differ, and Microsoft's dates are rounded.
const SLACK: SignedDuration = SignedDuration::from_hours(1);
/// A date that has passed for so long was none.
const OVERDUE: SignedDuration = SignedDuration::from_hours(24);

/// Can a person delete it on the products page?
pub fn by_person(one: &Subscription) -> bool {
    matches!(one.lifecycle, Lifecycle::Disabled | Lifecycle::Expired)
        && matches!(one.agreement, Agreement::Direct | Agreement::Unknown)
}

/// The dates to hold later ones against: of each of them the latest that was seen, as it may have been reactivated and
/// canceled again.
pub fn announced(known: &Announced, listed: &[Subscription]) -> Announced {
    let disabled = listed.iter().filter(|one| by_person(one));
    let dated = disabled.filter_map(|one| one.next_change.map(|at| (one.id, at)));
    dated
        .map(|(id, at)| (id, known.get(&id).map_or(at, |before| at.max(*before))))
        .collect()
}

/// Has somebody pressed Delete? Then its date has come earlier, and lies within the time that deprovisioning takes.
pub fn pressed(known: &Announced, one: &Subscription, now: Timestamp) -> bool {
    let (Some(before), Some(at)) = (known.get(&one.id), one.next_change) else {
        return false;
    };
    let sooner = before.duration_since(at) > SAME;
    let soon = at.duration_since(now) <= DEPROVISION + SLACK;
    // Deleted, it is shown as disabled, also where it was expired before.
    let disabled = one.lifecycle == Lifecycle::Disabled;
    disabled && by_person(one) && sooner && soon && now.duration_since(at) < OVERDUE
}

/// From when on the Azure portal offers Delete for what we canceled; nothing where a person did, or where it was refused.
pub fn azure(asked: Option<&Asked>) -> Dates {
    let canceled = asked.filter(|asked| asked.refused.is_none());
    let after = |wait| canceled.and_then(|asked| asked.at.checked_add(wait).ok());
    Dates {
        possible_from: after(AZURE_DELETE_FROM),
        possible_by: after(AZURE_DELETE_BY),
        ends_at: None,
    }
}
