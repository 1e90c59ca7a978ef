//! A decision and its parts: what comes next, where each condition stands, what is in the way. Values only.

use crate::closure::access::Need;
use crate::closure::access::warnings::Warning;
use crate::closure::deadline::Overdue;
use crate::closure::intent::Intent;
use crate::closure::observation::{Obstacle, Question};
use crate::closure::step::Step;
use crate::closure::steps::deprovision::Announced;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Ask these first, then decide again in the same cycle.
    Read(Vec<Question>),
    /// Make a plan from what was observed.
    MakePlan {
        /// Stable reason: `FirstPlan`, `PlanStale`, `OtherApplication`.
        reason: &'static str,
    },
    /// Make a supplementary plan of who came after the plan was made.
    MakeSupplement,
    /// Write down what is in the tenant, before anything is taken from it.
    WriteInventory,
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
    /// From when on it can be done.
    pub dates: Dates,
}

/// Dates of something that is waited for, as far as Microsoft tells: shown, never believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Dates {
    /// The earliest moment at which Microsoft lets it be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub possible_from: Option<Timestamp>,
    /// From this moment on Microsoft lets it be done in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub possible_by: Option<Timestamp>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
}

impl Dates {
    /// It ends by itself then.
    pub const fn ending(at: Option<Timestamp>) -> Self {
        Self {
            possible_from: None,
            possible_by: None,
            ends_at: at,
        }
    }
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
    /// Every delete-tenant check, in step 5.
    pub checks: Vec<CheckStanding>,
    /// The text for Microsoft's support, where the portal refuses.
    pub ticket: Option<String>,
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
    /// Who: `operator`, `person`, `partner`, `distributor`, `account manager`, `support`, `time`.
    pub who: &'static str,
    /// Until when it is waited for.
    pub dates: Dates,
}

/// How one of the delete-tenant checks stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckStanding {
    /// Its id and name, for example `C9 Multifactor authentication providers`.
    pub check: String,
    /// `passed`, `failed` or `unknown`.
    pub state: &'static str,
    /// Who meets it: `operator` or `person`.
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
    /// Every delete-tenant check, once step 5 has looked at them.
    pub checks: Vec<CheckStanding>,
    /// The text for Microsoft's support, where the portal refuses.
    pub ticket: Option<String>,
    /// What each step needs and who holds it, while step 0 looks at it.
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
    /// The step's time is over.
    pub overdue: Option<Overdue>,
}

/// How the approval of the plan in force stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Persons needed.
    pub required: u32,
    /// Persons whose approval counts.
    pub given: u32,
    /// When they will no longer suffice.
    pub valid_until: Option<Timestamp>,
}
