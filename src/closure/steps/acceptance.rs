//! What the author accepted after the plan had begun: where nothing but its approval is lacking, persons are asked for it.

use crate::closure::acceptance::{self, Acceptance};
use crate::closure::decision::{Approval, Decided, Decision, Standing};
use crate::closure::memory::Memory;
use crate::closure::observation::Observation;
use crate::closure::plan::Plan;
use crate::closure::steps::approval;
use crate::closure::steps::mail::MAIL_STILL_ARRIVES;
use crate::closure::steps::term_ahead::TERM_AHEAD;
use crate::closure::words::{count, len};
use jiff::Timestamp;

/// The reason while it waits for its approval.
pub const GREW: &str = "AcceptanceGrew";

/// What is not accepted stands in the way.
pub fn is_lacking(decision: &Decision) -> bool {
    let reasons = ["LossNotAccepted", MAIL_STILL_ARRIVES, TERM_AHEAD];
    matches!(decision, Decision::Blocked(list) if list.iter().any(|one| reasons.contains(&one.reason)))
}

/// Not accepted as far as persons approved, accepted by the author alone: his word takes an approval of its own.
pub fn wanting(
    mut decided: Decided,
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Decided {
    let approvals = seen.cluster.later.as_ref();
    let earlier = seen.cluster.earlier(now);
    let begun = acceptance::begun(plan, memory);
    let assessed = approvals.and_then(|approvals| approval::assess(approvals, begun, earlier).next);
    let lacking = match assessed {
        Some(Decision::AwaitApproval { message, .. }) => message,
        // The policies are missing, or the grace period is not over.
        Some(other) => {
            decided.decision = other;
            return decided;
        }
        None => "its approvals were not read".to_owned(),
    };
    let message = format!(
        "Accepted after the plan was approved, and counted only once it is approved as well: {}; {lacking}",
        words(&acceptance::later(plan))
    );
    let standing = Standing::no(GREW, message.clone());
    decided.standings.insert("Approved", standing);
    decided.decision = Decision::AwaitApproval {
        reason: GREW,
        message,
    };
    decided
}

/// The time of its approval runs out: said a week ahead, as of the plan itself, under whose approval it stands.
pub fn announce(
    decided: &mut Decided,
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) {
    let known = seen
        .cluster
        .later
        .as_ref()
        .filter(|_| !acceptance::later(plan).is_empty());
    let approved = decided.standings.get_mut("Approved");
    let (Some(approvals), Some(approved)) = (known, approved) else {
        return;
    };
    let mut standings = approval::assess(approvals, acceptance::begun(plan, memory), now).standings;
    if let Some(soon) = standings.remove("Approved")
        && soon.reason == approval::EXPIRES_SOON
        && approved.reason == approval::QUORUM
    {
        let message = format!("Of what was accepted after the plan: {}", soon.message);
        *approved = Standing { message, ..soon };
    }
}

/// Kinds by name, Azure subscriptions by number.
fn words(later: &[Acceptance]) -> String {
    let (azure, kinds): (Vec<_>, Vec<_>) = later.iter().partition(|one| one.subscription.is_some());
    // Each once and sorted, as all of it is.
    let mut words: Vec<String> = kinds.iter().map(|one| one.kind.clone()).collect();
    if !azure.is_empty() {
        words.push(count(len(&azure), "Azure subscription"));
    }
    words.join(", ")
}

/// How its approval stands, for the status.
pub fn told(plan: &Plan, seen: &Observation) -> Option<Approval> {
    let approvals = seen.cluster.later.as_ref()?;
    (!acceptance::later(plan).is_empty() && approvals.required > 0)
        .then(|| approval::counted(approvals))
}
