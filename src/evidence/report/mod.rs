//! The report: what was asked, approved, done and seen, as far as journal and status know it; nothing is guessed.
//!
//! [`Report::compose`] makes the value, which is the JSON; [`document`] lays it out once, [`markdown`] and [`html`] print
//! that. Texts that people or Microsoft wrote are [`Foreign`] from the first moment on.

pub mod document;
pub mod foreign;
pub mod html;
pub mod markdown;

mod axis;
mod compose;
mod course;
mod deadlines;
mod layout;
mod picture;
mod promises;
mod residue;
mod steps;

pub use compose::Sources;
pub use foreign::Foreign;

use crate::closure::id::ObjectId;
use crate::closure::inventory::Taken;
use crate::closure::loss::LossCount;
use crate::evidence::figures::Figures;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// What `format` says of reports of this shape.
pub const FORMAT: &str = "tenantclosure.dev/report/v1";

/// A report.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`FORMAT`].
    pub format: &'static str,
    /// When it was made.
    pub made_at: Timestamp,
    /// Version of the program that made it.
    pub made_by: String,
    /// The closure.
    pub closure: Closure,
    /// The tenant.
    pub tenant: Tenant,
    /// Where the closure stands.
    pub result: Standing,
    /// The plan in force; `None`: none was sealed.
    pub plan: Option<Plan>,
    /// The five words of Microsoft's procedure, each with its result.
    pub promises: Vec<Promise>,
    /// The steps, first to last.
    pub steps: Vec<Step>,
    /// Who approved what.
    pub approvals: Vec<Approval>,
    /// What persons said that they saw.
    pub attestations: Vec<Attestation>,
    /// What was handed to persons.
    pub hand_offs: Vec<HandOff>,
    /// The delete-tenant checks, as the status tells them; empty before step 5 has looked at them.
    pub checks: Vec<Check>,
    /// The text for Microsoft's support where the portal refuses, by line.
    pub support_ticket: Vec<Foreign>,
    /// Until when what can be restored.
    pub deadlines: Vec<Deadline>,
    /// The inventory that was written before anything was deleted, as the journal names it; `None`: none was wanted.
    pub inventory: Option<Taken>,
    /// What is left.
    pub residue: Vec<Residue>,
    /// What the journal amounts to.
    pub journal: Journal,
    /// Progress over time: one point for each settled record.
    pub course: Vec<Point>,
    /// What this report does not show.
    pub not_shown: Vec<&'static str>,
}

/// The closure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Closure {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Who created it, as admission stamped it; `None`: no stamp.
    pub author: Option<Foreign>,
    /// Who else changed what counts in it, as admission stamped it.
    pub changed_by: Vec<Foreign>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// `Plan` or `Execute`.
    pub mode: String,
    /// How the backup was vouched for.
    pub backup: Option<Foreign>,
    /// Losses that were accepted by name: kind (and Azure subscriptions), and who decided where.
    pub accepted: Vec<(Foreign, Foreign)>,
    /// The reason of step 2.
    pub cancellation: Option<Foreign>,
}

/// The tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its id.
    pub id: String,
    /// Its initial domain.
    pub initial_domain: Foreign,
    /// Which of Microsoft's clouds.
    pub cloud: String,
}

/// Where the closure stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The phase, as the status words it.
    pub phase: String,
    /// One sentence of the operator's.
    pub summary: Foreign,
    /// When the tenant was seen to be gone from outside, as the journal says.
    pub gone_at: Option<Timestamp>,
}

/// The plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Its digest.
    pub digest: String,
    /// When it was sealed.
    pub sealed_at: Option<Timestamp>,
    /// The number of the record that seals it.
    pub record: u64,
    /// Plans that were sealed before it.
    pub earlier: usize,
    /// Users to delete.
    pub users: u32,
    /// Who came later, was approved and deleted.
    pub supplements: Vec<Supplement>,
    /// How many of them are guests.
    pub guests: u32,
    /// How many of them are synced.
    pub synced: u32,
    /// Other Global administrators among them.
    pub other_global_administrators: usize,
    /// Groups and applications that were Global administrator too: they go with the tenant.
    pub other_holders: Vec<ObjectId>,
    /// Subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// Applications and service principals to remove.
    pub applications: usize,
    /// How many more there were than one plan holds: for a person.
    #[serde(default, skip_serializing_if = "crate::closure::memory::is_zero")]
    pub applications_beyond: u32,
    /// Security defaults are switched off in step 4.
    pub security_defaults: bool,
    /// Conditional Access policies that step 4 disables.
    pub policies: Vec<ObjectId>,
    /// Domains to release for another tenant.
    pub domains: Vec<Foreign>,
    /// Verified domains that the tenant's owner brought.
    pub custom_domains: Vec<Foreign>,
    /// What dies with the tenant besides, as it was counted for the plan, sizes in bytes.
    pub losses: Vec<LossCount>,
    /// Object id of the administrator who stays.
    pub retained: ObjectId,
    /// Object id of the second one.
    pub spare: Option<ObjectId>,
}

/// A supplementary plan under which something was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Supplement {
    /// Its digest: what its approvals name.
    pub digest: String,
    /// When it was sealed.
    pub sealed_at: Option<Timestamp>,
    /// The number of the record that seals it.
    pub record: u64,
    /// Users to delete.
    pub users: u32,
    /// Users of it that were seen gone.
    pub gone: u64,
}

/// A planned subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Its id.
    pub id: ObjectId,
    /// Its SKU or display name.
    pub name: Foreign,
    /// Seats.
    pub seats: u32,
    /// How it was bought.
    pub agreement: String,
    /// Who can end it, as the plan says.
    pub ended_by: String,
    /// The end of its term, or the next change that Microsoft announced, when the plan was made.
    pub ends_at: Option<Timestamp>,
    /// How long the term after that would have been, where it was to renew and its account told.
    pub next_term: Option<String>,
}

/// How sure a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Certainty {
    /// The operator saw it.
    Seen,
    /// Microsoft's procedure says that it follows from what was seen; nobody here saw it.
    Stated,
    /// It is not so yet.
    Open,
    /// Nothing that is known says it.
    Unknown,
}

/// One of the five words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Promise {
    /// The word.
    pub word: &'static str,
    /// What became of it.
    pub result: String,
    /// How sure that is.
    pub certainty: Certainty,
    /// Where that is from.
    pub detail: String,
}

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum StepResult {
    /// The operator did it, or some of it.
    Done,
    /// A person or Microsoft did it; the operator saw it done.
    DoneByOthers,
    /// Looked at, and there was nothing to do.
    NothingToDo,
    /// Begun.
    UnderWay,
    /// Not begun.
    NotBegun,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Its number in the procedure.
    pub number: u8,
    /// Its name.
    pub name: &'static str,
    /// How it came out.
    pub result: StepResult,
    /// What was done, in short; empty where the result says it all.
    pub detail: String,
    /// When it began: its first record, or what ended the step before.
    pub started_at: Option<Timestamp>,
    /// When its last condition became True.
    pub ended_at: Option<Timestamp>,
    /// Objects that its effects were seen to take away or change.
    pub objects: u64,
    /// Objects that were refused at least once.
    pub refused: usize,
    /// HTTP requests of its effects and their reading back.
    pub requests: u64,
    /// Items that Microsoft answered 429.
    pub throttled: u64,
    /// Its conditions: type, status, reason, since when.
    pub conditions: Vec<Condition>,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Its type.
    #[serde(rename = "type")]
    pub type_: &'static str,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Its reason.
    pub reason: Foreign,
    /// Since when it has this status.
    pub since: Option<Timestamp>,
}

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Who; of an approval that is gone only its UID is known.
    pub approver: Foreign,
    /// Its UID, by which records name it.
    pub uid: String,
    /// Which plan, supplement, or what was accepted after the plan was made.
    pub digest: String,
    /// When it was created; `None`: the approval itself is no longer there.
    pub created: Option<Timestamp>,
    /// When it ends or ended.
    pub expires: Option<Timestamp>,
    /// Whether it was revoked.
    pub revoked: bool,
    /// What the approver wrote.
    pub comment: Option<Foreign>,
    /// Records that name it.
    pub records: u64,
}

/// An attestation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attestation {
    /// Who; of an attestation that is gone only its UID is known.
    pub by: Foreign,
    /// The check.
    pub check: Foreign,
    /// What was seen.
    pub result: Foreign,
    /// When.
    pub at: Option<Timestamp>,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// A hand-off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HandOff {
    /// Its key.
    pub key: Foreign,
    /// What a person was asked to do, in short.
    pub what: String,
    /// Who must act.
    pub who: &'static str,
    /// Where.
    pub link: Foreign,
    /// Since when: it was told then.
    pub since: Timestamp,
    /// When it was seen that it was done; `None`: it is open.
    pub until: Option<Timestamp>,
}

/// A delete-tenant check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Its id and name.
    pub check: Foreign,
    /// `passed`, `failed` or `unknown`.
    pub state: Foreign,
    /// Who meets it.
    pub who: Foreign,
}

/// Until when data can be restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    /// What.
    pub what: String,
    /// The first of it ends then; `None`: it cannot be restored, nothing of it has gone yet, or nobody knows of the first.
    pub from: Option<Timestamp>,
    /// The last of it ends then.
    pub until: Option<Timestamp>,
    /// By what means; where it cannot be restored, what is left to do before.
    pub means: &'static str,
    /// After this step of the procedure no more, whatever the dates say.
    pub no_more_after: u8,
    /// For how long, what ends it, and when that was seen.
    pub detail: String,
    /// The page that says so.
    pub source: &'static str,
}

/// Something that is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Residue {
    /// What.
    pub what: String,
    /// Microsoft's error code, or the check that stands in the way.
    pub named: Option<Foreign>,
    /// Why, or what becomes of it.
    pub detail: String,
    /// What to do about it, as the operator says.
    pub remedy: Option<Foreign>,
    /// Which objects, at most twenty.
    pub objects: Vec<ObjectId>,
}

/// The journal.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Journal {
    /// Where it lies.
    pub namespace: String,
    /// `whole`, `broken` or `cannot be judged`, when the report was made.
    pub verdict: &'static str,
    /// What is wrong.
    pub faults: Vec<Foreign>,
    /// What cannot be known.
    pub doubts: Vec<Foreign>,
    /// Counts.
    pub figures: Figures,
    /// `SEQUENCE:HASH` of the newest settled record.
    pub head: Option<String>,
    /// How to verify it.
    pub verify: Vec<String>,
}

/// A settled record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// Its number.
    pub sequence: u64,
    /// When it was settled.
    pub at: Timestamp,
    /// Its step; `None`: it seals a plan.
    pub step: Option<u8>,
    /// What it did.
    pub action: &'static str,
    /// Objects that it was seen to take away or change.
    pub gone: u64,
    /// The same, with all records before it, by step.
    pub total: BTreeMap<u8, u64>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)] // a test may fail loudly
mod tests;
