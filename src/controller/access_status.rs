//! Access in the status: what each step needs and whether it is held, what is too much and what ends too early.

use crate::api::status::{AccessStatus, AccessWarningStatus, TenantClosureStatus};
use crate::closure::access::warnings::{Finding, TOLD};
use crate::closure::report::Report;
use crate::closure::step::Step;
use crate::closure::words::clip;

/// What was told last stays where nobody looked again.
pub fn of_step(step: Step, report: &Report, old: &TenantClosureStatus) -> Vec<AccessStatus> {
    if report.access.is_empty() {
        let before = old.steps.iter().find(|one| one.name == step.name());
        return before.map(|one| one.access.clone()).unwrap_or_default();
    }
    let of_step = report.access.iter().filter(|need| need.step == step);
    of_step
        .map(|need| AccessStatus {
            who: need.who,
            needs: need.what.to_owned(),
            held: need.held,
            optional: !need.vital,
        })
        .collect()
}

/// The warnings that fit; of the others, how many. Likewise.
pub fn warnings(report: &Report, old: &TenantClosureStatus) -> Vec<AccessWarningStatus> {
    let Some(all) = &report.warnings else {
        return old.access_warnings.clone();
    };
    let told = all.iter().take(TOLD).map(|one| AccessWarningStatus {
        finding: one.finding,
        what: clip(&one.what, 128),
        until: one.until,
    });
    let more = all.len().saturating_sub(TOLD);
    let more = (more > 0).then(|| AccessWarningStatus {
        finding: Finding::MoreThanNeeded,
        what: format!("{more} more"),
        until: None,
    });
    told.chain(more).collect()
}
