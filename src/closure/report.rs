//! Report: a decision, told: phase word, conditions, progress, summary; stable sentences only.

use crate::closure::decide::{Blocker, Decided, Decision, HandOff, Standing};
use crate::closure::memory::Memory;
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The phase word of a closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Phase {
    /// A plan is being made.
    Planning,
    /// Planned, and nothing more was asked for.
    Planned,
    /// Persons must approve.
    AwaitingApproval,
    /// Effects are under way.
    Running,
    /// A rule of Microsoft's takes its time.
    Waiting,
    /// A person must do something that no program can.
    AwaitingHandOff,
    /// Paused by its author.
    Suspended,
    /// Blocked: a person must change something.
    Stalled,
    /// The tenant is gone.
    Closed,
}

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
    /// Hand-offs.
    pub hand_offs: Vec<HandOff>,
    /// Progress per step.
    pub steps: BTreeMap<Step, (u32, u32)>,
    /// The date of the wait at hand.
    pub waiting_until: Option<Timestamp>,
}

/// All condition types, in the order in which they are shown.
pub const CONDITIONS: [&str; 13] = [
    "Ready",
    "Reconciling",
    "Stalled",
    "PreconditionsMet",
    "Approved",
    "DirectorySyncDisabled",
    "UsersDeleted",
    "SubscriptionsCanceled",
    "SubscriptionsDeleted",
    "MFADisabled",
    "DeletionChecksPassed",
    "DirectoryDeleted",
    "Closed",
];

/// The very first report: everything Unknown, Reconciling True. Microsoft was asked nothing yet.
pub fn first() -> Report {
    let conditions = CONDITIONS
        .into_iter()
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
        hand_offs: Vec::new(),
        steps: BTreeMap::new(),
        waiting_until: None,
    }
}

/// Tells a decision.
pub fn tell(plan: &Plan, memory: &Memory, decided: &Decided) -> Report {
    let (phase, reason, summary) = headline(decided);
    let mut standings: BTreeMap<&'static str, Standing> = decided.standings.clone();
    behind(decided.step, memory, &mut standings);
    kstatus(phase, reason, &summary, &mut standings);
    let conditions = CONDITIONS
        .into_iter()
        .map(|name| (name, standings.remove(name).unwrap_or_else(unknown)))
        .collect();
    let mut blockers = decided.blockers.clone();
    if let Decision::Blocked(obstacles) = &decided.decision {
        blockers.splice(0..0, obstacles.iter().map(as_blocker));
    }
    Report {
        phase,
        step: decided.step,
        progress: progress(decided),
        summary,
        conditions,
        blockers,
        hand_offs: match &decided.decision {
            Decision::HandOff(hand_offs) => hand_offs.clone(),
            _ => Vec::new(),
        },
        steps: steps(plan, memory, decided),
        waiting_until: match &decided.decision {
            Decision::Wait(waiting) => waiting.until,
            _ => None,
        },
    }
}

fn unknown() -> Standing {
    Standing {
        status: None,
        reason: "NotStarted",
        message: "Not looked at yet".into(),
    }
}

/// Phase, reason and sentence of a decision.
fn headline(decided: &Decided) -> (Phase, &'static str, String) {
    let step = format!(
        "Step {} of 5, {}",
        decided.step.number(),
        decided.step.name()
    );
    match &decided.decision {
        Decision::Read(_) => (Phase::Planning, "Observing", format!("{step}: looking")),
        Decision::MakePlan { reason } => (Phase::Planning, reason, "The plan is made".into()),
        Decision::Planned => (
            Phase::Planned,
            "Planned",
            "The plan is made; mode Plan changes nothing".into(),
        ),
        Decision::AwaitApproval { reason, message } => {
            (Phase::AwaitingApproval, reason, message.clone())
        }
        Decision::Act(intent) => (
            Phase::Running,
            intent.action.name(),
            format!("{step}: {}", intent.action.name()),
        ),
        Decision::Wait(waiting)
            if waiting.reason.starts_with("Waiting") || waiting.until.is_some() =>
        {
            (Phase::Waiting, waiting.reason, waiting.message.clone())
        }
        Decision::Wait(waiting) => (Phase::Running, waiting.reason, waiting.message.clone()),
        Decision::HandOff(hand_offs) => {
            let what = hand_offs
                .first()
                .map_or_else(String::new, |h| h.what.clone());
            let more = if hand_offs.len() > 1 {
                format!(" ({} more)", hand_offs.len() - 1)
            } else {
                String::new()
            };
            (
                Phase::AwaitingHandOff,
                hand_offs.first().map_or("HandOff", |h| h.key),
                format!("{what}{more}"),
            )
        }
        Decision::Blocked(obstacles) => {
            let first = obstacles.first();
            let message =
                first.map_or_else(String::new, |o| format!("{}. {}", o.message, o.remedy));
            (
                Phase::Stalled,
                first.map_or("Blocked", |o| o.reason),
                message,
            )
        }
        Decision::Suspended => (
            Phase::Suspended,
            "Suspended",
            "Suspended by spec.suspend".into(),
        ),
        Decision::Closed => (Phase::Closed, "TenantGone", "The tenant is closed".into()),
    }
}

/// kstatus' three, and Closed: Ready only at the wished end; a block is Stalled, everything else under way Reconciling.
fn kstatus(
    phase: Phase,
    reason: &'static str,
    summary: &str,
    standings: &mut BTreeMap<&'static str, Standing>,
) {
    let mut set = |name, status, reason, message: &str| {
        standings.insert(
            name,
            Standing {
                status: Some(status),
                reason,
                message: message.to_owned(),
            },
        );
    };
    let ended = matches!(phase, Phase::Planned | Phase::Closed);
    let stalled = phase == Phase::Stalled;
    set("Ready", ended, reason, summary);
    set(
        "Reconciling",
        !ended && !stalled,
        if ended { "Done" } else { reason },
        summary,
    );
    set(
        "Stalled",
        stalled,
        if stalled { reason } else { "Progressing" },
        if stalled {
            summary
        } else {
            "Nothing is in the way"
        },
    );
    if phase != Phase::Closed {
        set("Closed", false, "InProgress", "The tenant is not closed");
    }
}

/// Steps that lie behind keep their True, with evidence from the journal.
fn behind(step: Step, memory: &Memory, standings: &mut BTreeMap<&'static str, Standing>) {
    let newest = memory
        .started
        .keys()
        .next_back()
        .copied()
        .unwrap_or(Step::Preconditions)
        .max(step);
    let gone = memory.directory_gone_at.is_some();
    for earlier in Step::ORDER {
        if !(earlier < newest || gone) {
            break;
        }
        for condition in earlier.conditions() {
            standings.entry(condition).or_insert_with(|| Standing {
                status: Some(true),
                reason: "StepDone",
                message: format!("Step {} {} is done", earlier.number(), earlier.name()),
            });
        }
    }
}

fn as_blocker(obstacle: &crate::closure::observation::Obstacle) -> Blocker {
    Blocker {
        check: obstacle.reason.to_owned(),
        state: "blocked",
        remedy: format!("{}. {}", obstacle.message, obstacle.remedy),
        link: String::new(),
        who: "person",
    }
}

fn progress(decided: &Decided) -> String {
    match decided.progress.get(&decided.step) {
        Some((done, total)) if *total > 0 => {
            let percent = u64::from(*done) * 100 / u64::from(*total);
            format!("{done}/{total} ({percent}%)")
        }
        _ => "-".into(),
    }
}

/// Progress per step; of steps behind, what the journal counted.
fn steps(plan: &Plan, memory: &Memory, decided: &Decided) -> BTreeMap<Step, (u32, u32)> {
    let mut all = decided.progress.clone();
    for step in Step::ORDER {
        let counted = memory.totals.get(&step).map_or(0, |t| t.objects);
        let planned = match (step, &plan.sealed) {
            (Step::Users, Some(sealed)) => sealed.head.user_count,
            (Step::CancelSubscriptions | Step::DeleteSubscriptions, Some(sealed)) => {
                u32::try_from(sealed.head.subscriptions.len()).unwrap_or(u32::MAX)
            }
            _ => counted,
        };
        let behind = step < decided.step || decided.decision == Decision::Closed;
        all.entry(step).or_insert(if behind {
            (planned, planned)
        } else {
            (0, planned)
        });
    }
    all
}
