//! The status of a `TenantClosure`: progress only, it decides nothing. Under 32 KiB whatever the tenant's size.

use crate::closure::access::Who;
use crate::closure::access::warnings::Finding;
use crate::closure::decision::{CheckStanding, Dates};
use crate::closure::id::ObjectId;
use crate::closure::inventory::Taken;
use crate::closure::memory::Totals;
use crate::closure::report::Phase;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::plan_status::{
    AcceptanceStatus, BoughtStatus, LossStatus, PlanStatus, SupplementStatus,
};

/// Where a closure stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct TenantClosureStatus {
    /// The generation that this status was computed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// The step, for example `1/5 Users`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Progress of the step, for example `400/1000 (40%)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// One sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The plan in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanStatus>,
    /// When the tenant can be closed at the earliest, by the plan in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<EstimateStatus>,
    /// The approval of the plan in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalStatus>,
    /// The inventory that was written before anything was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Taken>,
    /// The steps, first to last.
    #[schemars(length(max = 6))]
    pub steps: Vec<StepStatus>,
    /// What the identity holds beyond need, or that ends too early; the worst first.
    #[schemars(length(max = 21))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_warnings: Vec<AccessWarningStatus>,
    /// What stands in the way.
    #[schemars(length(max = 40))]
    pub blockers: Vec<BlockerStatus>,
    /// Every delete-tenant check, from step 5 on.
    #[schemars(length(max = 18))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckStatus>,
    /// Where the portal refuses to delete the tenant: a text for Microsoft's support, ready to be sent.
    #[schemars(length(max = 8192))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support_ticket: Option<String>,
    /// What only a person can do.
    #[schemars(length(max = 40))]
    pub hand_offs: Vec<HandOffStatus>,
    /// Hand-offs that are over, each with its last end.
    #[schemars(length(max = 40))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub past_hand_offs: Vec<PastHandOffStatus>,
    /// What Microsoft announced for subscriptions that a person is to delete: a date that comes earlier later on shows that
    /// somebody has pressed Delete. The first 40 by id.
    #[schemars(length(max = 40))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub announced_changes: Vec<AnnouncedStatus>,
    /// When the wait at hand is expected to end: shown, never believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_until: Option<Timestamp>,
    /// Earlier wake-ups are held back until then, unless something new was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// Hash over approvals, configuration and annotation that this status was computed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub inputs: Option<String>,
    /// The value of `reconcile.fluxcd.io/requestedAt` that was handled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub last_handled_reconcile_at: Option<String>,
    /// Where the journal is, and its head: a hint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<JournalStatus>,
    /// Conditions; all of them from the first cycle on.
    #[schemars(length(max = 20))]
    pub conditions: Vec<Condition>,
}

impl TenantClosureStatus {
    /// The condition of this type, if it has one.
    pub fn condition(&self, type_: &str) -> Option<&Condition> {
        self.conditions.iter().find(|one| one.type_ == type_)
    }

    /// The condition of this type, where it is True.
    pub fn holds(&self, type_: &str) -> Option<&Condition> {
        self.condition(type_).filter(|one| one.status == "True")
    }
}

/// The estimate in status: a lower bound from published quotas and known waits.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EstimateStatus {
    /// The earliest moment.
    pub earliest: Timestamp,
    /// What it depends on most: `WriteQuota`, `NotBefore`, `AzureDelete`, `Deprovisioning` or `SubscriptionTerm`.
    #[schemars(length(max = 64))]
    pub dominated_by: String,
    /// One sentence.
    #[schemars(length(max = 1024))]
    pub message: String,
}

/// The approval in status.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalStatus {
    /// Persons needed.
    pub required: u32,
    /// Persons whose approval counts.
    pub given: u32,
    /// When they no longer suffice.
    // Written as null where there is none: a merge patch keeps what it does not name.
    #[serde(default)]
    pub valid_until: Option<Timestamp>,
}

/// A step in status.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct StepStatus {
    /// Its name.
    #[schemars(length(max = 63))]
    pub name: String,
    /// Objects done.
    pub done: u32,
    /// Objects in all.
    pub total: u32,
    /// When its first effect was claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// What it has cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totals: Option<Totals>,
    /// What it needs and whether that is held, as step 0 saw it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub access: Vec<AccessStatus>,
}

/// A permission or role that a step needs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AccessStatus {
    /// Who needs it.
    pub who: Who,
    /// A permission of Microsoft Graph, or a directory role.
    #[schemars(length(max = 128))]
    pub needs: String,
    /// Whether it is held; absent: nobody can tell yet, as another application only reads in mode Plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<bool>,
    /// True where a person does it otherwise: to lack it bars nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// A warning about what the identity holds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AccessWarningStatus {
    /// What is the matter.
    pub finding: Finding,
    /// With what: a permission of Microsoft Graph, a directory role, or what it signs in with; last, how many more there are.
    #[schemars(length(max = 128))]
    pub what: String,
    /// When it ends, as the tenant tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A blocker in status.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct BlockerStatus {
    /// Check id and name, or the reason.
    #[schemars(length(max = 128))]
    pub check: String,
    /// `failed`, `unknown` or `blocked`.
    #[schemars(length(max = 16))]
    pub state: String,
    /// What to do.
    #[schemars(length(max = 1024))]
    pub remedy: String,
    /// Where.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub link: String,
    /// Who must act.
    #[schemars(length(max = 16))]
    pub who: String,
    /// Until when it is waited for, as far as Microsoft tells.
    #[serde(flatten)]
    pub dates: Dates,
}

/// A delete-tenant check in status.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CheckStatus {
    /// Its id and name, for example `C9 Multifactor authentication providers`.
    #[schemars(length(max = 128))]
    pub check: String,
    /// `passed`, `failed` or `unknown`.
    #[schemars(length(max = 16))]
    pub state: String,
    /// Who meets it: `operator` or `person`.
    #[schemars(length(max = 16))]
    pub who: String,
}

impl From<&CheckStanding> for CheckStatus {
    fn from(check: &CheckStanding) -> Self {
        Self {
            check: check.check.clone(),
            state: check.state.to_owned(),
            who: check.who.to_owned(),
        }
    }
}

/// A hand-off in status.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct HandOffStatus {
    /// Stable key.
    #[schemars(length(max = 64))]
    pub key: String,
    /// What to do.
    #[schemars(length(max = 2048))]
    pub what: String,
    /// Where.
    #[schemars(length(max = 512))]
    pub link: String,
    /// How the operator will notice.
    #[schemars(length(max = 512))]
    pub noticed: String,
    /// Since when it waits for a person.
    pub since: Timestamp,
    /// From when on it can be done, as far as Microsoft tells.
    #[serde(flatten)]
    pub dates: Dates,
}

/// The date that Microsoft announced for the next change of a disabled subscription.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AnnouncedStatus {
    /// Its id.
    pub subscription: ObjectId,
    /// The date.
    pub at: Timestamp,
}

/// A hand-off that is over.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PastHandOffStatus {
    /// Stable key.
    #[schemars(length(max = 64))]
    pub key: String,
    /// Where it was to be done.
    #[schemars(length(max = 512))]
    pub link: String,
    /// Since when it waited for a person, the first time.
    pub since: Timestamp,
    /// When the operator noticed that it was no longer needed, the last time.
    pub until: Timestamp,
}

/// Journal head in status.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct JournalStatus {
    /// The namespace in which the records lie; it cannot move.
    #[schemars(length(max = 63))]
    pub namespace: String,
    /// Sequence of the newest settled record; of a journal that was rolled back, of the newest one that was known.
    pub sequence: u64,
    /// Its hash.
    #[schemars(length(max = 64))]
    pub head: String,
}
