//! Deadlines: by when a step is done if nothing is the matter, from its journaled start, the published quotas and the known
//! waits. One that has passed is told, and the work goes on: nothing is given up for it.

use crate::closure::memory::{LISTINGS_APART, Memory};
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use crate::closure::steps::renewal;
use crate::closure::steps::users::SYNC_OFF_TAKES;
use crate::closure::words::len;
use crate::quota;
use jiff::{SignedDuration, Timestamp};

/// The reason of the condition that tells it.
pub const REASON: &str = "StepOverdue";

/// To spare for what programs and Microsoft do, where the operator's configuration says nothing else.
pub const OVERDUE_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// Where a person has something to do, so many times as much is to spare.
const FOR_PERSONS: i32 = 7;
/// Microsoft keeps a disabled subscription, an Azure one too, at most so long
/// (learn.microsoft.com `microsoft-365/commerce/subscriptions/what-if-my-subscription-expires`,
/// `azure/cost-management-billing/manage/cancel-azure-subscription`).
const DISABLED: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A step whose time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// The step.
    pub step: Step,
    /// By when it was to be done.
    pub since: Timestamp,
}

impl Overdue {
    /// What is told, in words that stay the same.
    pub fn words(&self) -> String {
        format!(
            "Step {} {} is overdue since {}: {}; the work goes on",
            self.step.number(),
            self.step.name(),
            self.since.strftime("%Y-%m-%dT%H:%MZ"),
            look_at(self.step)
        )
    }
}

/// The step at hand, where its time is over.
pub fn overdue(plan: &Plan, memory: &Memory, step: Step, now: Timestamp) -> Option<Overdue> {
    let since = deadline(plan, memory, step)?;
    (since < now).then_some(Overdue { step, since })
}

/// By when a step is done; `None`: it has not begun as far as the journal tells, or it waits for persons alone.
pub fn deadline(plan: &Plan, memory: &Memory, step: Step) -> Option<Timestamp> {
    let head = &plan.sealed.as_ref()?.head;
    let begun = begun(memory, step)?;
    let writes = |count: u32| {
        SignedDuration::try_from(quota::at_least(count.into())).unwrap_or(SignedDuration::MAX)
    };
    let slack = plan.terms.overdue_after;
    let for_persons = slack.saturating_mul(FOR_PERSONS);
    let ends = head.ended_apart().filter_map(|one| one.ends_at);
    let terms = ends.max();
    let (takes, spare, not_before) = match step {
        Step::Preconditions => return None,
        Step::Users => {
            let sync = if head.sync_enabled {
                SYNC_OFF_TAKES
            } else {
                SignedDuration::ZERO
            };
            let takes = writes(plan.users()).saturating_add(sync);
            (takes.saturating_add(LISTINGS_APART), slack, None)
        }
        Step::CancelSubscriptions => (SignedDuration::ZERO, for_persons, terms),
        Step::DeleteSubscriptions => (DISABLED, for_persons, terms),
        Step::DisableMfa => (SignedDuration::ZERO, slack, None),
        Step::DeleteDirectory => (writes(len(&head.applications)), for_persons, None),
    };
    let done = begun.saturating_add(takes).ok()?;
    let done = not_before.map_or(done, |end| done.max(end));
    done.saturating_add(spare).ok()
}

/// When its first intent was claimed (of step 1 the first that is more than recurring billing switched off, after which the closure
/// may wait for months until a term is over); of one that left no record yet, when the newest of an earlier step was settled.
fn begun(memory: &Memory, step: Step) -> Option<Timestamp> {
    if step == Step::Users {
        // A journal from before that was kept apart tells only when any was.
        let any = || memory.started.get(&step).copied();
        let touched = renewal::users_touched(memory);
        return memory.users_since.or_else(|| any().filter(|_| touched));
    }
    let before = memory.totals.range(..step);
    let before = before.filter_map(|(_, totals)| totals.until).max();
    memory.started.get(&step).copied().or(before)
}

const fn look_at(step: Step) -> &'static str {
    match step {
        Step::Preconditions | Step::Users => {
            "look at status.blockers for users that are refused or still listed, at directory sync, and at Microsoft's service health"
        }
        Step::CancelSubscriptions => {
            "look at status.blockers for who has to cancel what, and at the products page of the admin center"
        }
        Step::DeleteSubscriptions => {
            "look at status.blockers for what is still there, and ask Microsoft's support to delete it"
        }
        Step::DisableMfa => {
            "look at the spare administrator's per-user MFA, and at Microsoft's service health"
        }
        Step::DeleteDirectory => {
            "look at status.handOffs and status.checks for what is left to do, and ask Microsoft's support where the portal refuses"
        }
    }
}
