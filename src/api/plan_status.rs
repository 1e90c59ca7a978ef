//! The plan in the status of a `TenantClosure`: what a person approves, as far as it fits; the records hold all of it.

use crate::closure::acceptance::Acceptance;
use crate::closure::bought::Term;
use crate::closure::id::ObjectId;
use crate::closure::loss::LossCount;
use crate::closure::observation::Agreement;
use crate::closure::plan::Ender;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The plan in status.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PlanStatus {
    /// SHA-256, hexadecimal: what an approval names.
    #[schemars(length(max = 64))]
    pub digest: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// Users to delete, without those of supplements.
    pub users: u32,
    /// Users who came later, in supplements that were approved and have begun.
    #[serde(default)]
    pub supplemented: u32,
    /// Who came later: deleted only once this supplement is approved.
    #[serde(default)]
    pub supplement: Option<SupplementStatus>,
    /// What was accepted later: it counts once it is approved.
    #[serde(default)]
    pub acceptance: Option<AcceptanceStatus>,
    /// Subscriptions to end.
    pub subscriptions: u32,
    /// How the first 20 were bought, and who can end each.
    // Written also where it is empty: a merge patch keeps what it does not name.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub bought: Vec<BoughtStatus>,
    /// Applications and service principals to remove.
    pub applications: u32,
    /// The operator's own registration and service principal.
    #[serde(default)]
    pub own: u32,
    /// More than one plan holds: for a person.
    #[serde(default)]
    pub applications_beyond: u32,
    /// Conditional Access policies that step 4 disables.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub policies: Vec<ObjectId>,
    /// Domains to release for another tenant.
    #[serde(default)]
    pub domains: u32,
    /// The first 20 verified domains that the tenant's owner brought: whose tenant it is.
    #[serde(default)]
    #[schemars(length(max = 20), inner(length(max = 253)))]
    pub custom_domains: Vec<String>,
    /// What dies with the tenant besides, as counted for the plan: the first 30.
    #[serde(default)]
    #[schemars(length(max = 30))]
    pub losses: Vec<LossStatus>,
    /// Who was in the recycle bin already.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub recycle_bin: Option<String>,
}

impl PlanStatus {
    /// Of those in `bought` what is to be ended: all but what goes with the tenant.
    pub fn ended_apart(&self) -> impl Iterator<Item = &BoughtStatus> {
        let all = self.bought.iter();
        all.filter(|one| one.agreement.ends_apart())
    }
}

/// A supplementary plan that has not begun.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct SupplementStatus {
    /// SHA-256, hexadecimal: what an approval of it names.
    #[schemars(length(max = 64))]
    pub digest: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// Users to delete.
    pub users: u32,
    /// Object ids of the first 20 of them. The records of the supplement name all.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub first: Vec<ObjectId>,
    /// Persons needed.
    pub required: u32,
    /// Persons whose approval counts.
    pub given: u32,
    /// When they will no longer suffice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
}

/// What was accepted after the plan was made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AcceptanceStatus {
    /// SHA-256, hexadecimal: what an approval of it names.
    #[schemars(length(max = 64))]
    pub digest: String,
    /// How many.
    pub count: u32,
    /// The first 30, kinds first.
    #[serde(default)]
    #[schemars(length(max = 30))]
    pub first: Vec<Acceptance>,
    /// Persons needed.
    pub required: u32,
    /// Persons whose approval counts.
    pub given: u32,
    /// When they will no longer suffice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
}

/// A kind of loss.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LossStatus {
    /// Which, how many, and how much data; what could not be counted never counts as none.
    #[serde(flatten)]
    pub counted: LossCount,
    /// Its author accepted it by name.
    #[serde(default)]
    pub accepted: bool,
}

/// A subscription, as it was known when the plan was made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct BoughtStatus {
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ObjectId>,
    /// Its SKU or display name, as last seen.
    #[serde(default)]
    #[schemars(length(max = 128))]
    pub name: String,
    /// Seats.
    pub seats: u32,
    /// How it was bought.
    pub agreement: Agreement,
    /// Who can end it.
    pub ended_by: Ender,
    /// The end of the term at hand, as its account tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_ends_at: Option<Timestamp>,
    /// It renews by itself; false also where no account tells.
    pub renews: bool,
    /// When it renews next, as its account tells: the end of the term, where recurring billing is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews_at: Option<Timestamp>,
    /// How long the term after that is, where it renews and its account tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_term: Option<Term>,
    /// The next change that Microsoft announces, where no account tells the term: it renews then, or it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes_at: Option<Timestamp>,
    /// Its account let it be canceled within its term when the plan was made.
    #[serde(default)]
    pub cancelable: bool,
    /// Until when it can be canceled within this term, as its account tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_until: Option<Timestamp>,
}
