//! What blocks, or would as soon as the plan is to be carried out.

use super::Lines;
use crate::api::TenantClosure;
use crate::api::status::{BlockerStatus, PlanStatus, TenantClosureStatus};
use crate::closure::terms::Mode;
use crate::plugin::look::Mark;

/// What nobody could read: it may be in the way.
const UNKNOWN: &str = "?";

/// Everything that is not met, but for losses that stand among those of the plan already.
pub(super) fn tell(
    closure: &TenantClosure,
    status: &TenantClosureStatus,
    plan: &PlanStatus,
    lines: &mut Lines,
) {
    let all = status.blockers.iter();
    let open: Vec<&BlockerStatus> = all
        .filter(|one| one.state != "passed" && !is_a_loss_of(plan, one))
        .collect();
    if open.is_empty() {
        return;
    }
    lines.title(if closure.spec.mode == Some(Mode::Execute) {
        "What blocks"
    } else {
        "What would block in mode Execute"
    });
    let sign = lines.look.sign(Mark::Blocked);
    for one in open {
        let unknown = one.state == "unknown";
        let sign = if unknown { UNKNOWN } else { sign.as_str() };
        lines.row(sign, &one.check, None, &one.remedy);
        if !one.link.is_empty() {
            lines.below(&one.link);
        }
    }
}

fn is_a_loss_of(plan: &PlanStatus, one: &BlockerStatus) -> bool {
    let Some(named) = one.check.strip_prefix("Loss ") else {
        return false;
    };
    plan.losses.iter().any(|loss| {
        let kind = loss.counted.kind.name();
        let name = match loss.counted.subscription {
            Some(id) => format!("{kind} {id}"),
            None => kind.to_owned(),
        };
        !loss.accepted && name == named
    })
}
