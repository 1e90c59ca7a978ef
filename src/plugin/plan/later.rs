//! Who came after the plan was made, and what was accepted after it.

use super::{Lines, short};
use crate::api::status::PlanStatus;
use crate::plugin::words;

/// What there is to approve now, before everything that was approved already.
pub(super) fn tell(plan: &PlanStatus, lines: &mut Lines) {
    accepted(plan, lines);
    came(plan, lines);
}

fn accepted(plan: &PlanStatus, lines: &mut Lines) {
    let Some(later) = &plan.acceptance else {
        return;
    };
    let dot = lines.look.dot();
    lines.title(&format!(
        "ACCEPTED LATER {} {dot} {} of {} approvals",
        short(&later.digest),
        later.given,
        later.required
    ));
    lines.row(
        "+",
        "accepted",
        Some(later.count),
        "in spec.accept by its author after the plan was made; counted only once it is approved as well",
    );
    for one in &later.first {
        lines.below(&match one.subscription {
            Some(id) => format!("{} in the Azure subscription {id}", one.kind),
            None => one.kind.clone(),
        });
    }
}

fn came(plan: &PlanStatus, lines: &mut Lines) {
    let Some(open) = &plan.supplement else {
        return;
    };
    let dot = lines.look.dot();
    let line = format!(
        "SUPPLEMENT {} {dot} made {}",
        short(&open.digest),
        open.made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    );
    lines.title(&line);
    lines.row(
        "+",
        "users",
        Some(open.users),
        "not in the plan: they came later, and are deleted only once this supplement is approved",
    );
    for id in &open.first {
        lines.below(&format!("user {id}"));
    }
    let told = u32::try_from(open.first.len()).unwrap_or(u32::MAX);
    if open.users > told {
        lines.below(&format!("and {} more", words::count(open.users - told)));
    }
}
