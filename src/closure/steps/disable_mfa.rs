//! Step 4: per-user MFA off for every account that is left but the one in use; then what `spec.mfa` names of security
//! defaults and Conditional Access.

use crate::closure::decision::{Assessment, Dates, Decision, HandOff, Standing, Waiting};
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent};
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Fact, Observation, Obstacle, Question, Why};
use crate::closure::plan::{Plan, PlanHead, Sealed};
use crate::closure::setback::{self, Turn};
use crate::closure::step::Step;
use crate::closure::steps::{afterwards, checks, facts};
use crate::closure::terms::Terms;
use crate::closure::words::len;
use jiff::Timestamp;

/// After so many refusals a person is asked; it is tried again all the same.
const REFUSALS: u32 = 3;

/// Where step 4 stands.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Assessment {
    let Some(sealed) = plan
        .sealed
        .as_ref()
        .filter(|_| !super::past(Step::DisableMfa, memory))
    else {
        return Assessment::done().standing("MFADisabled", disabled(plan, memory));
    };
    if let Some(lagging) = afterwards::shown_again(sealed, seen) {
        return Assessment::now_do(lagging);
    }
    let accounts = accounts(plan, sealed, seen, memory, now);
    let all = all(&sealed.head);
    if accounts.next.is_some() {
        return accounts.progress(0, all);
    }
    match switches(plan, sealed, seen, memory, now) {
        Ok(()) => accounts.progress(all, all),
        Err(next) => {
            let message = "What spec.mfa names is being switched off";
            Assessment::now_do(next)
                .standing("MFADisabled", Standing::no("InProgress", message))
                .progress(u32::from(sealed.head.spare.is_some()), all)
        }
    }
}

/// Accounts and switches that step 4 is about.
pub fn all(head: &PlanHead) -> u32 {
    u32::from(head.spare.is_some())
        .saturating_add(u32::from(head.security_defaults))
        .saturating_add(len(&head.policies))
}

/// What the plan names of security defaults and Conditional Access, and is on; `Ok`: nothing is.
fn switches(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Result<(), Decision> {
    let head = &sealed.head;
    if head.security_defaults && *facts::known(&seen.security_defaults, Question::SecurityDefaults)?
    {
        let tenant = vec![plan.terms.tenant_id];
        let intent = Intent::on(Step::DisableMfa, Action::DisableSecurityDefaults, tenant);
        return Err(switch_off(plan, memory, intent, now));
    }
    if head.policies.is_empty() {
        return Ok(());
    }
    let there = facts::known(&seen.policies, Question::ConditionalAccess)?;
    let on = head
        .policies
        .iter()
        .filter(|id| there.get(id) == Some(&true));
    let on: Vec<ObjectId> = on.copied().collect();
    if on.is_empty() {
        return Ok(());
    }
    let intent = Intent::on(Step::DisableMfa, Action::DisablePolicies, on);
    Err(switch_off(plan, memory, intent, now))
}

fn switch_off(plan: &Plan, memory: &Memory, intent: Intent, now: Timestamp) -> Decision {
    match setback::turn(&intent, REFUSALS, memory, &plan.terms, now) {
        Turn::Persons => Decision::HandOff(vec![by_hand(plan, &intent)]),
        Turn::After(rest) => {
            let what = if intent.action == Action::DisableMfa {
                "Per-user MFA is being switched off"
            } else {
                "What spec.mfa names is being switched off"
            };
            Waiting::new("DisablingMFA", what).again_in(rest).into()
        }
        Turn::Ours => Decision::Act(intent),
    }
}

/// Refused, or without an answer time and again.
fn by_hand(plan: &Plan, intent: &Intent) -> HandOff {
    if intent.action == Action::DisableMfa {
        return hand_off(plan);
    }
    let (key, what) = if intent.action == Action::DisableSecurityDefaults {
        (
            "DisableSecurityDefaults",
            "Under Overview, Properties, Manage security defaults of the directory, disable them: Microsoft did not let the \
             operator"
                .to_owned(),
        )
    } else {
        let ids: Vec<String> = intent.objects.iter().map(ToString::to_string).collect();
        (
            "DisablePolicies",
            format!(
                "Set these Conditional Access policies to Off, or delete them: Microsoft did not let the operator. {}",
                ids.join(", ")
            ),
        )
    };
    HandOff {
        key,
        what,
        link: links::conditional_access(plan.terms.cloud).to_owned(),
        noticed: "The operator reads them, tries it again from time to time, and goes on by itself"
            .to_owned(),
        dates: Dates::default(),
    }
}

/// What `spec.mfa` names and the tenant does not have.
pub fn unknown_policies(terms: &Terms, seen: &Observation) -> Option<Obstacle> {
    let there = seen.policies.known()?;
    let named = terms
        .policies_off
        .iter()
        .filter(|id| !there.contains_key(id));
    let unknown: Vec<String> = named.map(ToString::to_string).collect();
    (!unknown.is_empty()).then(|| {
        let message = format!(
            "The tenant has no such Conditional Access policies: {}",
            unknown.join(", ")
        );
        let remedy = "Delete the closure and create it with the ids that the Entra admin center shows, in spec.mfa.disableConditionalAccessPolicies";
        Obstacle::new("PolicyUnknown", message, remedy)
    })
}

/// Per-user MFA of the accounts that are left.
fn accounts(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Assessment {
    // Whoever is left has been listed: where no spare administrator is kept there is nobody whose MFA would be read.
    let Some(spare) = sealed.head.spare else {
        return Assessment::done().standing("MFADisabled", disabled(plan, memory));
    };
    if seen.mfa == Fact::Unreadable(Why::Unsupported) {
        return unsupported(plan, seen);
    }
    let states = match facts::known(&seen.mfa, Question::Mfa) {
        Ok(states) => states,
        Err(decision) => return Assessment::now_do(decision),
    };
    let on: Vec<ObjectId> = states
        .iter()
        .filter(|state| state.enabled && state.id == spare)
        .map(|state| state.id)
        .collect();
    if on.is_empty() {
        return Assessment::done().standing("MFADisabled", disabled(plan, memory));
    }
    let message = "The spare administrator still has per-user MFA";
    let intent = Intent::on(Step::DisableMfa, Action::DisableMfa, on);
    Assessment::now_do(switch_off(plan, memory, intent, now))
        .standing("MFADisabled", Standing::no("InProgress", message))
}

/// The condition once nobody but the retained administrator has it.
pub fn disabled(plan: &Plan, memory: &Memory) -> Standing {
    let changed = memory
        .totals
        .get(&Step::DisableMfa)
        .is_some_and(|t| t.objects > 0);
    let switches = plan.terms.security_defaults_off || !plan.terms.policies_off.is_empty();
    if switches {
        Standing::yes(
            if changed { "Disabled" } else { "NothingToDo" },
            "Per-user MFA is off for every account but the retained administrator, and so is what spec.mfa names",
        )
    } else if changed {
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

/// No program can read it here: a person says that it is off.
fn unsupported(plan: &Plan, seen: &Observation) -> Assessment {
    if checks::attested(&seen.cluster.attestations, "MFA") == Some(checks::State::Passed) {
        let standing = Standing::yes("Attested", "A person says that per-user MFA is off");
        return Assessment::done().standing("MFADisabled", standing);
    }
    let message = "This cloud does not let a program read per-user MFA";
    Assessment::now_do(Decision::HandOff(vec![hand_off(plan)]))
        .standing("MFADisabled", Standing::unknown("NotSupported", message))
}
