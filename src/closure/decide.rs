//! `decide`: plan, observation, memory, now → decision. Pure and total.

use crate::closure::intent::Intent;
use crate::closure::memory::Memory;
use crate::closure::observation::{Observation, Obstacle, Question};
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use crate::closure::steps::roles::Need;
use crate::closure::{guards, steps};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Ask these first, then decide again in the same cycle.
    Read(Vec<Question>),
    /// Make a plan (the first, or of the difference) from what was observed.
    MakePlan {
        /// Stable reason: `FirstPlan`, `PlanGrew`, `PlanStale`.
        reason: &'static str,
    },
    /// The plan is made and nothing more was asked for (mode Plan).
    Planned,
    /// The plan waits for approvals.
    AwaitApproval {
        /// Stable reason, for example `ApprovalsMissing`.
        reason: &'static str,
        /// What is missing.
        message: String,
    },
    /// One effect.
    Act(Intent),
    /// Nothing to do but wait.
    Wait(Waiting),
    /// Only a person can do what is next.
    HandOff(Vec<HandOff>),
    /// Something must change before anything else happens.
    Blocked(Vec<Obstacle>),
    /// Suspended by its author.
    Suspended,
    /// The tenant is gone.
    Closed,
}

/// A wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Stable reason, for example `WaitingSyncOff`.
    pub reason: &'static str,
    /// Stable text.
    pub message: String,
    /// When it is expected to end: shown, never believed.
    pub until: Option<Timestamp>,
    /// Look again no later than this long from now; `None`: the configured longest.
    pub look_again: Option<std::time::Duration>,
}

/// What only a person can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOff {
    /// Stable key, for example `CancelSubscription`.
    pub key: &'static str,
    /// What to do, in words.
    pub what: String,
    /// The page.
    pub link: String,
    /// How the operator will notice.
    pub noticed: String,
}

/// How one condition stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `Some(true)`: True; `Some(false)`: False; `None`: Unknown.
    pub status: Option<bool>,
    /// `CamelCase`.
    pub reason: &'static str,
    /// Stable text.
    pub message: String,
}

/// A step's answer: where it stands, and the one thing that is next in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// What is next; `None`: the step is done.
    pub next: Option<Decision>,
    /// The step's conditions, by type.
    pub standings: BTreeMap<&'static str, Standing>,
    /// Objects done and in all.
    pub progress: (u32, u32),
    /// Checks or obstacles that a person should see (also while waiting).
    pub blockers: Vec<Blocker>,
}

/// Something that stands between now and the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// Check id and name, for example `C9 MFA providers`.
    pub check: String,
    /// `failed`, `unknown`, or `blocked` where everything waits for it.
    pub state: &'static str,
    /// What to do.
    pub remedy: String,
    /// Where.
    pub link: String,
    /// Who: `operator`, `person`, `partner`, `support`, `time`.
    pub who: &'static str,
}

/// The whole answer of a cycle.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The step that the decision belongs to.
    pub step: Step,
    /// What is next.
    pub decision: Decision,
    /// Standings of all conditions that are not plain `NotStarted`.
    pub standings: BTreeMap<&'static str, Standing>,
    /// Progress per step that was looked at.
    pub progress: BTreeMap<Step, (u32, u32)>,
    /// Blockers of the current step.
    pub blockers: Vec<Blocker>,
    /// What each step needs and who holds it, while step 0 looks at it.
    pub access: Vec<Need>,
}

/// Walks the guards, then the steps in order, and stops at the first that is not done.
pub fn decide(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Decided {
    let mut decided = Decided {
        step: Step::DeleteDirectory,
        decision: Decision::Closed,
        standings: BTreeMap::new(),
        progress: BTreeMap::new(),
        blockers: Vec::new(),
        access: steps::roles::told(plan, seen, memory),
    };
    if memory.directory_gone_at.is_some() {
        decided.standings = steps::delete_directory::proven().standings;
        return decided;
    }
    if let Some(refusal) = guards::refuse(plan, seen, memory, now) {
        let known = steps::current(memory);
        decided.step = match &refusal {
            Decision::Act(intent) => intent.step.max(known),
            _ => known,
        };
        if matches!(refusal, Decision::Blocked(_)) {
            decided.blockers = steps::roles::blockers(plan, &decided.access);
        }
        decided.decision = refusal;
        return decided;
    }
    for step in Step::ORDER {
        if guards::departed(memory) && step < Step::DeleteDirectory {
            // Nothing inside can be looked at any more; the journal holds the proofs.
            continue;
        }
        let assessment = steps::assess(step, plan, seen, memory, now);
        decided.step = step.max(steps::current(memory));
        decided.standings.extend(assessment.standings);
        decided.progress.insert(step, assessment.progress);
        decided.blockers = assessment.blockers;
        if let Some(next) = assessment.next {
            decided.decision = next;
            return decided;
        }
    }
    decided
}
