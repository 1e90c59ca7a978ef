//! Conditions: the three that tools wait for, then one for each promise of the procedure.

use crate::closure::deadline::{self, Overdue};
use crate::closure::decision::{Decided, Decision, HandOff, Standing};
use crate::closure::evidence;
use crate::closure::intent::Action;
use crate::closure::memory::Memory;
use crate::closure::observation::Obstacle;
use crate::closure::phase::{CONDITIONS, Phase};
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use crate::closure::steps::{
    cancel_subscriptions, delete_subscriptions, disable_mfa, policy, preconditions, refused,
    release_domains, renewal, supplements, users,
};
use crate::closure::terms::{Mode, Terms};

/// All conditions in the order in which they are shown.
pub fn all(
    plan: &Plan,
    memory: &Memory,
    decided: &Decided,
    phase: Phase,
    summary: &str,
) -> Vec<(&'static str, Standing)> {
    let reason = reason(plan, decided, memory);
    let stored = decided.standings.contains_key(evidence::CONDITION);
    shown(&plan.terms)
        .chain(stored.then_some(evidence::CONDITION))
        .map(|name| {
            let standing = match name {
                "Ready" => ready(phase, reason, summary),
                "Reconciling" => reconciling(phase, reason, summary, decided.overdue),
                "Stalled" => stalled(phase, reason, summary),
                _ => of_a_step(name, plan, memory, decided, reason, summary),
            };
            (name, standing)
        })
        .collect()
}

/// The three that tools wait for, where something is in the way that keeps the operator from looking at the rest.
pub fn halted(obstacle: &Obstacle) -> [(&'static str, Standing); 3] {
    let message = format!("{}. {}", obstacle.message, obstacle.remedy);
    let (phase, reason) = (Phase::Stalled, obstacle.reason);
    [
        ("Ready", ready(phase, reason, &message)),
        ("Reconciling", reconciling(phase, reason, &message, None)),
        ("Stalled", stalled(phase, reason, &message)),
    ]
}

/// The conditions of this closure: what was not asked for has none.
pub fn shown(terms: &Terms) -> impl Iterator<Item = &'static str> {
    let asked_for = |name: &&'static str| match *name {
        "RenewalStopped" => terms.stop_renewal_first,
        "DomainsReleased" => !terms.release_domains.is_empty(),
        _ => true,
    };
    CONDITIONS.into_iter().filter(asked_for)
}

/// True only at the wished end.
fn ready(phase: Phase, reason: &'static str, summary: &str) -> Standing {
    if matches!(phase, Phase::Planned | Phase::Closed) {
        Standing::yes(reason, summary)
    } else {
        Standing::no(reason, summary)
    }
}

/// A step whose time is over is told here: it goes on, so it is no other phase.
fn reconciling(
    phase: Phase,
    reason: &'static str,
    summary: &str,
    overdue: Option<Overdue>,
) -> Standing {
    match phase {
        Phase::Planned | Phase::Closed => Standing::no("Finished", "Nothing is left to do"),
        Phase::Stalled => Standing::no("Stalled", "A person must change something first"),
        Phase::Suspended => Standing::no(reason, summary),
        Phase::Planning | Phase::AwaitingApproval => Standing::yes(reason, summary),
        Phase::Running | Phase::Waiting | Phase::AwaitingHandOff => match overdue {
            None => Standing::yes(reason, summary),
            Some(late) => Standing::yes(deadline::REASON, format!("{}. {summary}", late.words())),
        },
    }
}

fn stalled(phase: Phase, reason: &'static str, summary: &str) -> Standing {
    match phase {
        Phase::Stalled => Standing::yes(reason, summary),
        Phase::Planned | Phase::Closed => Standing::no("Finished", "Nothing is left to do"),
        Phase::Suspended => Standing::no("Suspended", "Suspended by its author"),
        _ => Standing::no("Progressing", "Nothing is in the way"),
    }
}

/// One word for what goes on: the reason of the three.
fn reason(plan: &Plan, decided: &Decided, memory: &Memory) -> &'static str {
    match &decided.decision {
        Decision::Read(_) => "Observing",
        Decision::MakePlan { reason } | Decision::AwaitApproval { reason, .. } => reason,
        Decision::MakeSupplement => supplements::GREW,
        Decision::WriteInventory => "WritingInventory",
        Decision::Planned if plan.terms.mode == Mode::Plan && preconditions::begun(memory) => {
            "PlannedOnly"
        }
        Decision::Planned => "Planned",
        Decision::Act(intent) => doing(intent.action),
        Decision::Wait(waiting) => waiting.reason,
        Decision::HandOff(list) => handed_off(decided.step, list),
        Decision::Blocked(list) => list.first().map_or("Blocked", |first| first.reason),
        Decision::Suspended => "Suspended",
        Decision::Closed => "TenantGone",
    }
}

const fn doing(action: Action) -> &'static str {
    match action {
        Action::SwitchSyncOff => "SwitchingSyncOff",
        Action::DeleteUsers => "DeletingUsers",
        Action::VerifyUsers => "VerifyingUsers",
        Action::CancelSubscription => "Canceling",
        Action::StopRenewal => "StoppingRenewal",
        Action::MakeDomainDefault | Action::ReleaseDomain | Action::ForceReleaseDomain => {
            "ReleasingDomains"
        }
        Action::DisableMfa | Action::DisableSecurityDefaults | Action::DisablePolicies => {
            "DisablingMFA"
        }
        Action::RemoveApplications => "RemovingApplications",
        Action::DisableApplications => "DisablingApplications",
        Action::RemoveOwnIdentity => "RemovingOwnIdentity",
        Action::DeleteDirectory => "DeletingDirectory",
        Action::VerifyDirectoryGone => "VerifyingDirectoryGone",
    }
}

fn handed_off(step: Step, list: &[HandOff]) -> &'static str {
    let first = list.first().map(|one| one.key);
    match step {
        _ if first == Some(policy::LIFT) => "LiftPolicyHandOff",
        _ if first == Some(policy::CLEAR) => "ClearTheWayHandOff",
        Step::Users if first == Some(refused::BY_HAND) => "DeleteUsersHandOff",
        Step::Preconditions => "HandOff",
        Step::Users if list.iter().any(|one| one.key == renewal::KEY) => "StopRenewalHandOff",
        Step::Users => "DirectorySyncHandOff",
        Step::CancelSubscriptions if list.iter().any(|one| one.key == release_domains::KEY) => {
            "ReleaseDomainsHandOff"
        }
        Step::CancelSubscriptions => "CancelSubscriptionsHandOff",
        Step::DeleteSubscriptions => "DeleteSubscriptionsHandOff",
        Step::DisableMfa => "DisableMFAHandOff",
        Step::DeleteDirectory => "DirectoryHandOff",
    }
}

fn of_a_step(
    name: &'static str,
    plan: &Plan,
    memory: &Memory,
    decided: &Decided,
    reason: &'static str,
    summary: &str,
) -> Standing {
    if let Some(standing) = decided.standings.get(name) {
        return standing.clone();
    }
    if name == "Closed" {
        return Standing::no("InProgress", "The tenant is not closed");
    }
    let closed = decided.decision == Decision::Closed;
    let step = Step::ORDER
        .into_iter()
        .find(|step| step.conditions().contains(&name));
    let step = step.unwrap_or(Step::DeleteDirectory);
    if step < decided.step || closed {
        return done_before(name, plan, memory);
    }
    let blocked = matches!(decided.decision, Decision::Blocked(_));
    let first = shown(&plan.terms).find(|shown| step.conditions().contains(shown));
    if step == decided.step && blocked && Some(name) == first {
        return Standing::no(reason, summary);
    }
    if step == decided.step && preconditions::begun(memory) {
        return Standing::unknown("NotObserved", "Was not looked at this time");
    }
    Standing::unknown("NotStarted", "Its step has not begun")
}

/// What the journal proves of a step that is over.
fn done_before(name: &'static str, plan: &Plan, memory: &Memory) -> Standing {
    match name {
        "PreconditionsMet" => Standing::yes("AllMet", "All preconditions were met"),
        "Approved" => Standing::yes("Begun", "The plan was approved before its first effect"),
        "RenewalStopped" => renewal::stopped(),
        "DirectorySyncDisabled" => users::sync_is_off(memory),
        "UsersDeleted" if memory.verified_at.is_some() => users::verified(memory),
        "UsersDeleted" => Standing::unknown("NotObserved", "Was not looked at this time"),
        "DomainsReleased" => release_domains::released(plan),
        "SubscriptionsCanceled" => cancel_subscriptions::canceled(plan),
        "SubscriptionsDeleted" => delete_subscriptions::deleted(plan),
        "MFADisabled" => disable_mfa::disabled(plan, memory),
        _ => Standing::unknown("NotStarted", "Its step has not begun"),
    }
}
