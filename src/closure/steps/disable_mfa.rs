//! Step 4: per-user MFA is off for every account that is still there but the retained administrator's.
//!
//! *Done* when no such account has it on. *We* switch it off. After a clean step 1 only a spare administrator can be
//! concerned. The retained administrator's is never touched: without it nobody could press Delete.

use crate::closure::decide::{Assessment, Decision};
use crate::closure::guards::read;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent};
use crate::closure::memory::Memory;
use crate::closure::observation::{Observation, Question};
use crate::closure::plan::Plan;
use crate::closure::step::Step;

/// Assesses step 4.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory) -> Assessment {
    if memory.directory_gone_at.is_some()
        || memory.started.contains_key(&Step::DeleteDirectory)
        || super::delete_directory::only_outside(seen, memory)
    {
        return Assessment::open();
    }
    let states = match read(&seen.mfa, Question::Mfa, memory) {
        Ok(states) => states,
        Err(decision) => return Assessment::open().next(decision),
    };
    let retained = plan.sealed.as_ref().map(|s| s.head.retained);
    let on: Vec<ObjectId> = states
        .iter()
        .filter(|s| s.enabled && Some(s.id) != retained)
        .map(|s| s.id)
        .take(plan.terms.slice)
        .collect();
    let done = memory
        .totals
        .get(&Step::DisableMfa)
        .map_or(0, |t| t.objects as usize);
    let open = Assessment::open().progress(done, done + on.len());
    if on.is_empty() {
        let (reason, message) = if done == 0 {
            (
                "NothingToDo",
                "No account but the retained administrator's is left with per-user MFA",
            )
        } else {
            (
                "AllDisabled",
                "Per-user MFA is off for every account but the retained administrator's",
            )
        };
        return open.stands("MFADisabled", Some(true), reason, message);
    }
    let intent = Intent {
        step: Step::DisableMfa,
        action: Action::DisableMfa,
        objects: on,
        resource: None,
    };
    open.stands(
        "MFADisabled",
        Some(false),
        "DisablingMFA",
        "Per-user MFA is being switched off",
    )
    .next(Decision::Act(intent))
}
