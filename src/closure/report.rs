//! Report: a decision, told: phase word, conditions, progress, summary; stable sentences only.

use crate::closure::decide::{Blocker, Decided, HandOff, Standing};
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
    let unknown = || Standing {
        status: None,
        reason: "NotStarted",
        message: "Not looked at yet".into(),
    };
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
pub fn tell(_plan: &Plan, _memory: &Memory, _decided: &Decided) -> Report {
    first()
}
