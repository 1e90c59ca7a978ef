//! Report: a decision, told: phase word, conditions, progress, summary; stable sentences only.

use crate::closure::access::Need;
use crate::closure::access::warnings::Warning;
use crate::closure::conditions;
use crate::closure::decision::{
    Approval, Blocker, CheckStanding, Dates, Decided, Decision, HandOff, Standing,
};
use crate::closure::intent::{Action, Intent};
use crate::closure::memory::Memory;
use crate::closure::observation::Obstacle;
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use crate::closure::steps::deprovision::Announced;
use crate::closure::steps::{disable_mfa, policy, preconditions, refused, users};
use crate::closure::terms::Terms;
use crate::closure::words::{clip, count, len, thousands};
use jiff::Timestamp;
use std::collections::BTreeMap;

pub use crate::closure::phase::{CONDITIONS, Phase};

/// What the status will say.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Phase.
    pub phase: Phase,
    /// Current step.
    pub step: Step,
    /// `400/1000 (40%)`, or `-`.
    pub progress: String,
    /// One sentence.
    pub summary: String,
    /// Every condition of the closure, kstatus' three first.
    pub conditions: Vec<(&'static str, Standing)>,
    /// Blockers.
    pub blockers: Vec<Blocker>,
    /// Every delete-tenant check, once step 5 has looked at them.
    pub checks: Vec<CheckStanding>,
    /// The text for Microsoft's support, where the portal refuses.
    pub ticket: Option<String>,
    /// Hand-offs.
    pub hand_offs: Vec<HandOff>,
    /// Progress per step.
    pub steps: BTreeMap<Step, (u32, u32)>,
    /// What each step needs and who holds it; empty where it was not looked at.
    pub access: Vec<Need>,
    /// What is more than needed, or ends too early; `None`: nobody looked.
    pub warnings: Option<Vec<Warning>>,
    /// The approval of the plan in force, where one is asked for.
    pub approval: Option<Approval>,
    /// The approval of the supplement that waits for one.
    pub supplement: Option<Approval>,
    /// The approval of what was accepted after the plan was made.
    pub acceptance: Option<Approval>,
    /// The dates of disabled subscriptions to hold later ones against; `None`: nobody looked.
    pub announced: Option<Announced>,
    /// The date of the wait at hand.
    pub waiting_until: Option<Timestamp>,
    /// The newest effect moved nothing: where it was stalled by what was only tried again, it still is.
    pub fruitless: bool,
}

/// Reasons of being stalled, and keys of hand-offs, under which the same is tried again from time to time, until a person
/// has acted.
pub const TRIED_AGAIN: [&str; 8] = [
    "UsersRefused",
    "NotSupported",
    "FailureFuse",
    "UsersStillListed",
    "DirectoryRefused",
    policy::LIFT,
    policy::CLEAR,
    refused::BY_HAND,
];

/// The very first report: everything Unknown, Reconciling True. Microsoft was asked nothing yet.
pub fn first(terms: &Terms) -> Report {
    let unknown = || Standing {
        status: None,
        reason: "NotStarted",
        message: "Not looked at yet".into(),
    };
    let conditions = conditions::shown(terms)
        .map(|name| {
            let mut standing = unknown();
            if name == "Reconciling" {
                standing = Standing {
                    status: Some(true),
                    reason: "Observing",
                    message: "The first look is under way".into(),
                };
            }
            (name, standing)
        })
        .collect();
    Report {
        phase: Phase::Planning,
        step: Step::Preconditions,
        progress: "-".into(),
        summary: "The first look is under way".into(),
        conditions,
        blockers: Vec::new(),
        checks: Vec::new(),
        ticket: None,
        hand_offs: Vec::new(),
        steps: BTreeMap::new(),
        access: Vec::new(),
        warnings: None,
        approval: None,
        supplement: None,
        acceptance: None,
        announced: None,
        waiting_until: None,
        fruitless: false,
    }
}

/// Tells a decision, where an earlier report already told of a later step. What a person does leaves no record, so after a
/// refusal that looked at nothing the journal alone would tell of an earlier step than was reached.
pub fn tell_since(plan: &Plan, memory: &Memory, decided: &Decided, reached: Step) -> Report {
    let mut decided = decided.clone();
    decided.step = decided.step.max(reached);
    tell(plan, memory, &decided)
}

/// Tells a decision.
pub fn tell(plan: &Plan, memory: &Memory, decided: &Decided) -> Report {
    let phase = phase(decided, memory);
    let mut report = Report {
        phase,
        step: decided.step,
        progress: progress(plan, memory, decided),
        summary: sentence(plan, memory, decided),
        conditions: Vec::new(),
        blockers: blockers(decided),
        checks: decided.checks.clone(),
        ticket: decided.ticket.clone(),
        hand_offs: hand_offs(decided),
        steps: steps(plan, memory, decided),
        access: decided.access.clone(),
        warnings: decided.warnings.clone(),
        approval: decided.approval,
        supplement: decided.supplement,
        acceptance: decided.acceptance,
        announced: decided.announced.clone(),
        waiting_until: match &decided.decision {
            Decision::Wait(waiting) => waiting.until,
            _ => None,
        },
        fruitless: fruitless(memory, &decided.decision),
    };
    report.conditions = conditions::all(plan, memory, decided, phase, &report.summary);
    report
}

/// As the journal tells after the effect.
fn fruitless(memory: &Memory, decision: &Decision) -> bool {
    let Decision::Act(intent) = decision else {
        return false;
    };
    match intent.action {
        Action::VerifyUsers => memory.dirty > 0,
        _ => memory.fruitless > 0 || memory.lagging > 0,
    }
}

/// As many blockers, and as many hand-offs, as a status holds.
const LISTED: usize = 40;

/// An obstacle as a row of what stands in the way.
pub fn row(obstacle: &Obstacle) -> Blocker {
    Blocker {
        check: obstacle.reason.to_owned(),
        state: "blocked",
        remedy: format!("{}. {}", obstacle.message, obstacle.remedy),
        link: String::new(),
        who: "person",
        dates: Dates::default(),
    }
}

/// What blocks everything comes first.
fn blockers(decided: &Decided) -> Vec<Blocker> {
    let obstacles = match &decided.decision {
        Decision::Blocked(list) => list.as_slice(),
        _ => &[],
    };
    let first = obstacles.iter().map(row);
    let mut all: Vec<Blocker> = first.chain(decided.blockers.iter().cloned()).collect();
    all.truncate(LISTED);
    for one in &mut all {
        one.check = clip(&one.check, 128);
        one.remedy = clip(&one.remedy, 1_024);
    }
    all
}

fn hand_offs(decided: &Decided) -> Vec<HandOff> {
    let Decision::HandOff(list) = &decided.decision else {
        return Vec::new();
    };
    let bounded = |one: &HandOff| HandOff {
        what: clip(&one.what, 2_048),
        ..one.clone()
    };
    list.iter().take(LISTED).map(bounded).collect()
}

/// Progress per step; of those not looked at, what the plan and the journal tell.
fn steps(plan: &Plan, memory: &Memory, decided: &Decided) -> BTreeMap<Step, (u32, u32)> {
    let mut all = decided.progress.clone();
    let closed = decided.decision == Decision::Closed;
    for step in Step::ORDER {
        let head = plan.sealed.as_ref().map(|sealed| &sealed.head);
        let total = match (step, head) {
            (Step::Preconditions, _) => 4,
            (Step::Users, Some(_)) => plan.users(),
            (Step::CancelSubscriptions, Some(head)) => {
                head.to_end().saturating_add(len(&head.domains))
            }
            (Step::DeleteSubscriptions, Some(head)) => head.to_end(),
            (Step::DisableMfa, Some(head)) => disable_mfa::all(head),
            _ => 0,
        };
        let counted = match (&plan.sealed, step) {
            (Some(_), Step::Users) => users::progress(plan, memory).0,
            _ => 0,
        };
        let over = step < decided.step || closed;
        all.entry(step)
            .or_insert((if over { total } else { counted }, total));
    }
    all
}

/// Short waits between two looks of the same effect: the closure runs.
const RUNNING_WAITS: [&str; 7] = [
    "VerifyingUsers",
    "WaitingReplica",
    "SettlingRecord",
    "WritingEvidence",
    "StoppingRenewal",
    "ReleasingDomains",
    "DisablingMFA",
];

fn phase(decided: &Decided, memory: &Memory) -> Phase {
    match &decided.decision {
        Decision::Read(_) if preconditions::begun(memory) => Phase::Running,
        Decision::Read(_) | Decision::MakePlan { .. } => Phase::Planning,
        Decision::Planned => Phase::Planned,
        Decision::AwaitApproval { .. } => Phase::AwaitingApproval,
        Decision::Act(_) | Decision::MakeSupplement | Decision::WriteInventory => Phase::Running,
        Decision::Wait(waiting) if RUNNING_WAITS.contains(&waiting.reason) => Phase::Running,
        Decision::Wait(_) => Phase::Waiting,
        Decision::HandOff(_) => Phase::AwaitingHandOff,
        Decision::Blocked(_) => Phase::Stalled,
        Decision::Suspended => Phase::Suspended,
        Decision::Closed => Phase::Closed,
    }
}

/// `400/1000 (40%)`; `-` where nothing was counted.
fn progress(plan: &Plan, memory: &Memory, decided: &Decided) -> String {
    let journal = plan
        .sealed
        .as_ref()
        .filter(|_| decided.step == Step::Users)
        .map(|_| users::progress(plan, memory));
    match decided.progress.get(&decided.step).copied().or(journal) {
        None => "-".to_owned(),
        Some((0, 0)) if decided.step == Step::Preconditions => "-".to_owned(),
        Some((_, 0)) => "0/0 (100%)".to_owned(),
        Some((done, all)) => {
            let percent = u64::from(done) * 100 / u64::from(all);
            format!("{done}/{all} ({percent}%)")
        }
    }
}

fn sentence(plan: &Plan, memory: &Memory, decided: &Decided) -> String {
    match &decided.decision {
        Decision::Read(_) => "Waits for an answer to look at the tenant".to_owned(),
        Decision::MakePlan { .. } => "A plan is being made".to_owned(),
        Decision::MakeSupplement => "A supplementary plan is being made".to_owned(),
        Decision::WriteInventory => {
            "An inventory of the tenant is written, before anything is deleted".to_owned()
        }
        Decision::Planned => planned(plan),
        Decision::AwaitApproval { message, .. } => message.clone(),
        Decision::Act(intent) => doing(memory, decided, intent),
        Decision::Wait(waiting) => waiting.message.clone(),
        Decision::HandOff(list) => list.first().map_or_else(String::new, |first| {
            format!("A person is needed: {}", first.what)
        }),
        Decision::Blocked(list) => list.first().map_or_else(
            || "Blocked".to_owned(),
            |first| format!("{}. {}", first.message, first.remedy),
        ),
        Decision::Suspended => "Suspended by its author; nothing is changed".to_owned(),
        Decision::Closed => "The tenant is closed".to_owned(),
    }
}

fn planned(plan: &Plan) -> String {
    plan.sealed.as_ref().map_or_else(String::new, |sealed| {
        format!(
            "Planned: {} to delete, {} to end; nothing is changed in mode Plan",
            count(sealed.head.user_count, "user"),
            count(sealed.head.to_end(), "subscription")
        )
    })
}

fn doing(memory: &Memory, decided: &Decided, intent: &Intent) -> String {
    let at_users = intent.action == Action::DeleteUsers && intent.step == Step::Users;
    if let (true, Some((done, all))) = (at_users, decided.progress.get(&Step::Users)) {
        let failed = match refused::known(memory) {
            0 => "none failed".to_owned(),
            n => format!("{} refused", thousands(n)),
        };
        return format!(
            "{} of {} deleted, {failed}",
            thousands(*done),
            count(*all, "user")
        );
    }
    match intent.action {
        Action::SwitchSyncOff => "Directory sync is switched off",
        Action::DeleteUsers => "The spare administrator is deleted",
        Action::VerifyUsers => {
            "All users are listed, to verify that only those who may stay are left"
        }
        Action::CancelSubscription => "Subscriptions are canceled",
        Action::StopRenewal => "Recurring billing is switched off",
        Action::MakeDomainDefault => "The initial domain is made the default one",
        Action::ReleaseDomain | Action::ForceReleaseDomain => "Domains are released",
        Action::DisableMfa => "Per-user MFA is switched off",
        Action::DisableSecurityDefaults => "Security defaults are switched off",
        Action::DisablePolicies => "Conditional Access policies are disabled",
        Action::RemoveApplications => "Applications are removed",
        Action::DisableApplications => {
            "Enterprise applications that refused to be deleted are disabled"
        }
        Action::RemoveOwnIdentity => "The operator's own application is removed",
        Action::DeleteDirectory => "The directory is deleted",
        Action::VerifyDirectoryGone => {
            "The tenant is looked at from outside, to verify that it is gone"
        }
    }
    .to_owned()
}
