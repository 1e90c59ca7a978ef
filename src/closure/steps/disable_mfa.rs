//! Step 4: per-user MFA off for every account that is left but the one in use.

use crate::closure::decision::{Assessment, Dates, Decision, HandOff, Standing, Waiting};
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent};
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Fact, Observation, Question, Why};
use crate::closure::plan::{Plan, Sealed};
use crate::closure::schedule;
use crate::closure::step::Step;
use crate::closure::steps::{checks, facts};
use jiff::Timestamp;

/// After so many refusals a person is asked.
const TRIES: u32 = 3;

/// Where step 4 stands.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Assessment {
    let Some(sealed) = plan
        .sealed
        .as_ref()
        .filter(|_| !super::past(Step::DisableMfa, memory))
    else {
        return Assessment::done().standing("MFADisabled", disabled(memory));
    };
    if seen.mfa == Fact::Unreadable(Why::Unsupported) {
        return unsupported(plan, sealed, seen);
    }
    let states = match facts::known(&seen.mfa, Question::Mfa) {
        Ok(states) => states,
        Err(decision) => return Assessment::now_do(decision),
    };
    let on: Vec<ObjectId> = states
        .iter()
        .filter(|state| state.enabled && Some(state.id) == sealed.head.spare)
        .map(|state| state.id)
        .filter(|id| *id != sealed.head.retained)
        .collect();
    let all = u32::from(sealed.head.spare.is_some());
    if on.is_empty() {
        return Assessment::done()
            .standing("MFADisabled", disabled(memory))
            .progress(all, all);
    }
    let message = "The spare administrator still has per-user MFA";
    Assessment::now_do(next(plan, memory, on, now))
        .standing("MFADisabled", Standing::no("InProgress", message))
        .progress(0, all)
}

/// The condition once nobody but the retained administrator has it.
pub fn disabled(memory: &Memory) -> Standing {
    let changed = memory
        .totals
        .get(&Step::DisableMfa)
        .is_some_and(|t| t.objects > 0);
    if changed {
        Standing::yes(
            "Disabled",
            "Per-user MFA is off for every account but the retained administrator",
        )
    } else {
        Standing::yes(
            "NothingToDo",
            "Verified: no account but the retained administrator has per-user MFA",
        )
    }
}

fn next(plan: &Plan, memory: &Memory, on: Vec<ObjectId>, now: Timestamp) -> Decision {
    let step = Step::DisableMfa;
    if memory.started.contains_key(&step) && memory.fruitless >= TRIES {
        return Decision::HandOff(vec![hand_off(plan)]);
    }
    match schedule::pause_in(step, memory, &plan.terms, now) {
        Some(rest) => Waiting::new("DisablingMFA", "Per-user MFA is being switched off")
            .again_in(rest)
            .into(),
        None => Decision::Act(Intent::on(step, Action::DisableMfa, on)),
    }
}

fn hand_off(plan: &Plan) -> HandOff {
    HandOff {
        key: "DisableMFA",
        what: "On the page of active users choose Multifactor authentication, then disable it for the spare administrator"
            .to_owned(),
        link: links::active_users(plan.terms.cloud).to_owned(),
        noticed: "The operator reads the account's state, or an attestation of check MFA, and goes on by itself".to_owned(),
        dates: Dates::default(),
    }
}

/// No program can read it here. The retained administrator keeps it anyway; for a spare one a person says that it is off.
fn unsupported(plan: &Plan, sealed: &Sealed, seen: &Observation) -> Assessment {
    if sealed.head.spare.is_none() {
        let message = "All other accounts are verified gone, so none can have per-user MFA";
        return Assessment::done().standing("MFADisabled", Standing::yes("NothingToDo", message));
    }
    if checks::attested(&seen.cluster.attestations, "MFA") == Some(checks::State::Passed) {
        let standing = Standing::yes("Attested", "A person says that per-user MFA is off");
        return Assessment::done()
            .standing("MFADisabled", standing)
            .progress(1, 1);
    }
    let message = "This cloud does not let a program read per-user MFA";
    Assessment::now_do(Decision::HandOff(vec![hand_off(plan)]))
        .standing("MFADisabled", Standing::unknown("NotSupported", message))
        .progress(0, 1)
}
