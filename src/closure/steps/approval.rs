//! The approval of the plan in force: who gave it, until when it counts, and what is held back once its time is over.

use crate::closure::decision::{
    Approval, Assessment, Blocker, Dates, Decided, Decision, Standing, Waiting,
};
use crate::closure::memory::Memory;
use crate::closure::observation::{Approvals, Observation, Obstacle};
use crate::closure::plan::Plan;
use crate::closure::report;
use crate::closure::steps::end_game::ATTEST;
use crate::closure::steps::preconditions;
use crate::closure::terms::Mode;
use crate::closure::words::len;
use jiff::{SignedDuration, Timestamp};

/// So long before it no longer counts it is said that it will not.
pub const ANNOUNCED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The reason while its time runs out.
pub const EXPIRES_SOON: &str = "ApprovalExpiresSoon";
/// The reason while enough persons approve.
pub const QUORUM: &str = "QuorumReached";
/// The reason once its time is over.
pub const EXPIRED: &str = "ApprovalExpired";

const AGAIN: &str = "approve the same plan again: kubectl tenant-closure approve";

/// Whether enough persons approve the plan at hand, now: looked at in every cycle, as approvals can be revoked. The grace period
/// is for what has not `begun`: of what has, an approval that is given again counts at once.
pub fn assess(approvals: &Approvals, begun: bool, now: Timestamp) -> Assessment {
    if approvals.required == 0 {
        let mut words = "The configuration asks for no approval".to_owned();
        if approvals.policy_missing {
            words.push_str(
                "; the admission policies are missing or altered, so no attestation counts",
            );
        }
        let standing = Standing::yes("NotRequired", words);
        return Assessment::done().standing("Approved", standing);
    }
    if approvals.policy_missing {
        let obstacle = no_policies();
        let standing = Standing::no(obstacle.reason, obstacle.message.clone());
        return Assessment::now_do(obstacle.blocks()).standing("Approved", standing);
    }
    let given = len(&approvals.approvers);
    if given < approvals.required {
        return missing(approvals, given);
    }
    let message = format!("{given} of {} approvals for this plan", approvals.required);
    let effective_at = approvals.effective_at.filter(|_| !begun);
    if let Some(date) = effective_at.filter(|date| *date > now) {
        let words = "Approved; the grace period in which it can be revoked is not over";
        let waiting = Waiting::new("GracePeriod", words).until(Some(date));
        let rest = std::time::Duration::try_from(date.duration_since(now));
        let waiting = rest.map_or(waiting.clone(), |rest| waiting.again_in(rest));
        return Assessment::now_do(waiting)
            .standing("Approved", Standing::no("GracePeriod", words));
    }
    let soon = |date: Timestamp| date.duration_since(now) <= ANNOUNCED;
    let standing = if approvals.valid_until.is_some_and(soon) {
        let message = format!("{message}; within a week they no longer suffice: {AGAIN}");
        Standing::yes(EXPIRES_SOON, message)
    } else {
        Standing::yes(QUORUM, message)
    };
    Assessment::done().standing("Approved", standing)
}

/// Once nobody inside can be asked any more: whether the plan that a person is to carry out to its end is still approved. `None`:
/// it is not to be carried out.
pub fn outside(plan: &Plan, seen: &Observation, now: Timestamp) -> Option<Assessment> {
    let meant = plan.terms.mode == Mode::Execute;
    meant.then(|| assess(&seen.cluster.approvals, true, now))
}

fn no_policies() -> Obstacle {
    Obstacle::new(
        "AdmissionPolicyMissing",
        "The admission policies that make an approval trustworthy are missing or altered",
        "Install the policies that this operator ships, unaltered, and approve again",
    )
}

/// In mode Plan nothing is approved: that nothing could be is told with the plan, in time.
pub fn unapprovable(plan: &Plan, approvals: &Approvals) -> Option<Blocker> {
    let asked = plan.terms.mode == Mode::Plan && approvals.required > 0;
    (asked && approvals.policy_missing).then(|| report::row(&no_policies()))
}

/// Enough persons approve, and their approvals count, whether or not the grace period is over.
pub fn suffices(approvals: &Approvals) -> bool {
    let asked = approvals.required > 0 && !approvals.policy_missing;
    asked && len(&approvals.approvers) >= approvals.required
}

fn missing(approvals: &Approvals, given: u32) -> Assessment {
    let required = approvals.required;
    let expired = len(&approvals.expired);
    let (reason, message) = if given.saturating_add(expired) >= required {
        let words = format!(
            "{given} of {required} approvals for this plan still count, the time of {expired} is over: {AGAIN}"
        );
        (EXPIRED, words)
    } else {
        let mut words = format!("{given} of {required} approvals for this plan");
        if !approvals.rejected.is_empty() {
            words.push_str("; not counted: ");
            words.push_str(&approvals.rejected.join(", "));
        }
        ("ApprovalsMissing", words)
    };
    let standing = Standing::no(reason, message.clone());
    Assessment::now_do(Decision::AwaitApproval { reason, message }).standing("Approved", standing)
}

/// Nothing but time took the approval of a closure that has begun. What waits, or is in a person's hands, goes on being
/// looked at, so that a closure of many months does not end unseen; an approval that was revoked stops everything.
pub fn only_expired(next: &Decision, memory: &Memory) -> bool {
    let expired = matches!(next, Decision::AwaitApproval { reason, .. } if *reason == EXPIRED);
    expired && preconditions::begun(memory)
}

/// What is told with everything that a person is to end, where the approval has ended first.
const ENDED: &str = "The approval of this plan has ended: see that the same plan is approved again before you do this";

/// Puts the approval that is wanted in the place of an effect, and among what stands in the way of anything else; who is to do
/// something himself is told first.
pub fn hold_back(mut decided: Decided, expired: Option<Decision>) -> Decided {
    let Some(expired) = expired else {
        return decided;
    };
    if let Decision::AwaitApproval { message, .. } = &expired {
        let blocker = Blocker {
            check: "Approval".to_owned(),
            state: "blocked",
            remedy: message.clone(),
            link: String::new(),
            who: "person",
            dates: Dates::default(),
        };
        decided.blockers.insert(0, blocker);
    }
    if matches!(&decided.decision, Decision::Act(intent) if !intent.action.reads_only()) {
        decided.decision = expired;
    }
    if let Decision::HandOff(list) = &mut decided.decision {
        // An attestation ends nothing.
        for one in list.iter_mut().filter(|one| one.key != ATTEST) {
            one.what = format!("{ENDED}. {}", one.what);
        }
    }
    decided
}

/// How it stands, for the status.
pub fn told(plan: &Plan, seen: &Observation) -> Option<Approval> {
    let approvals = &seen.cluster.approvals;
    let asked = plan.terms.mode == Mode::Execute && plan.sealed.is_some() && approvals.required > 0;
    asked.then(|| counted(approvals))
}

/// How many persons approve, of how many.
pub fn counted(approvals: &Approvals) -> Approval {
    Approval {
        required: approvals.required,
        given: len(&approvals.approvers),
        valid_until: approvals.valid_until,
    }
}
