//! `ClosureRecord`: the journal. Created before an effect (that is the claim), given an outcome once, never changed.

use crate::closure::acceptance::Later;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Intent, Outcome};
use crate::closure::inventory::Inventory;
use crate::closure::loss::{LossCount, SHOWN};
use crate::closure::memory::{Memory, PlanRef};
use crate::closure::plan::PlanHead;
use crate::closure::recycle_bin::RecycleBin;
use crate::closure::supplement::{SupplementHead, SupplementRef};
use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One entry of a closure's journal. Only the operator creates records; nobody changes or deletes one.
#[derive(CustomResource, KubeSchema, Clone, Debug, Serialize, Deserialize, PartialEq)]
#[kube(
    group = "tenantclosure.dev",
    version = "v1alpha1",
    kind = "ClosureRecord",
    plural = "closurerecords",
    namespaced,
    status = "ClosureRecordStatus",
    validation = Rule::new("self.spec == oldSelf.spec").message("a record cannot be changed; what comes later is a record of its own"),
    validation = Rule::new("!has(oldSelf.status) || !has(oldSelf.status.outcome) || (has(self.status) && has(self.status.outcome) && self.status.outcome == oldSelf.status.outcome)").message("the outcome of a record is written once and stays; what is seen later is a record of its own"),
    printcolumn(name = "Closure", type_ = "string", json_path = ".spec.closureName"),
    printcolumn(name = "Sequence", type_ = "integer", json_path = ".spec.sequence"),
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.type"),
    printcolumn(name = "Action", type_ = "string", json_path = ".spec.intent.action"),
    printcolumn(name = "Gone", type_ = "integer", json_path = ".status.outcome.gone"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct ClosureRecordSpec {
    /// What kind of entry this is.
    #[serde(rename = "type")]
    pub kind: RecordType,
    /// UID of the closure.
    #[serde(rename = "closureUID")]
    #[schemars(length(max = 64))]
    pub closure_uid: String,
    /// Namespace of the closure.
    #[schemars(length(max = 63))]
    pub closure_namespace: String,
    /// Name of the closure.
    #[schemars(length(max = 63))]
    pub closure_name: String,
    /// The tenant.
    #[serde(rename = "tenantID")]
    pub tenant_id: ObjectId,
    /// Place in the journal, from 1 without a gap; plan chunks have none (0).
    pub sequence: u64,
    /// SHA-256 of the record before, as stored, in canonical JSON (RFC 8785); empty for the first.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub previous: String,
    /// Digest of the plan in force, or of the supplement that names the objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub plan_digest: Option<String>,
    /// What will be done, with exact ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// The `client-request-id` of each request of the effect follows from it: UUID version 5 of the request's number, in
    /// decimal, from 0. Absent in records of what only reads, and in those of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect_id: Option<uuid::Uuid>,
    /// Who claims it: one word per process.
    #[serde(default)]
    #[schemars(length(max = 128))]
    pub holder: String,
    /// How long the effect may run after this record's creation, in seconds: another process waits for it.
    #[serde(default)]
    pub effect_seconds: u32,
    /// A plan's head, in a record of type Plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanHead>,
    /// The head of a supplement, in a record of type Plan that seals one, and in its first chunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplement: Option<SupplementHead>,
    /// How much of each kind of loss, and in each Azure subscription, there was when the plan was made, in a record of type
    /// Plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 520))]
    pub losses: Vec<LossCount>,
    /// Who was in the recycle bin when the plan was made, in a record of type Plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recycle_bin: Option<RecycleBin>,
    /// Names of the plan's chunks, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500), inner(length(max = 253)))]
    pub chunks: Vec<String>,
    /// What each of them hashes to, as stored, in the same order: the plan's digest says nothing of what else stands in them.
    /// Absent in records of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500), inner(length(max = 64)))]
    pub chunk_hashes: Vec<String>,
    /// The inventory that was written, in a record of type Inventory: its digest and numbers, no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Inventory>,
    /// User ids, in a chunk of a plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2000))]
    pub users: Vec<ObjectId>,
    /// UIDs of the `ClosureApproval`s of the plan or supplement that counted at the time of the claim, one of each person.
    /// Who they are, the approvals tell: no record names a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 12), inner(length(max = 64)))]
    pub approvals: Vec<String>,
    /// UIDs of the attestations (`ClosureApproval`s of that purpose) that counted at the time of the claim and without which
    /// an effect may not begin: that the retained administrator has signed in, and that nothing but the operator's own
    /// application is left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 12), inner(length(max = 64)))]
    pub attestations: Vec<String>,
    /// What the copy of each approval and attestation that this record names hashes to. Absent in records of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 36))]
    pub approval_copies: Vec<ApprovalCopy>,
    /// Persons who had to approve it.
    #[serde(default, skip_serializing_if = "crate::closure::memory::is_zero")]
    pub approvals_required: u32,
    /// What was accepted after the plan was made, where that was approved as such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later: Option<Later>,
    /// What the journal knew before this record.
    #[serde(default)]
    #[schemars(schema_with = "crate::api::record::open_object")]
    pub memory: Memory,
}

impl ClosureRecordSpec {
    /// UIDs of all approvals and attestations that it names.
    pub fn rests_on(&self) -> impl Iterator<Item = &str> {
        let later = self.later.iter().flat_map(|later| &later.approvals);
        let all = self.approvals.iter().chain(later).chain(&self.attestations);
        all.map(String::as_str)
    }

    /// What is known once this record, created then, was settled so.
    pub fn memory_after(&self, created: Timestamp, settled: &Settled) -> Memory {
        let before = self.memory.clone();
        match (&self.intent, &self.plan, &self.supplement) {
            (Some(intent), ..) => {
                let after = before.advance(intent, &settled.seen, settled.at);
                after.under(self.later.as_ref())
            }
            (None, None, Some(supplement)) => {
                let made = SupplementRef {
                    digest: self.plan_digest.clone().unwrap_or_default(),
                    ordinal: supplement.ordinal,
                    chunks: u32::try_from(self.chunks.len()).unwrap_or(u32::MAX),
                    made_at: created,
                    users: supplement.user_count,
                    cursor: 0,
                };
                before.with_supplement(made, settled.at)
            }
            (None, Some(plan), _) => {
                let made = PlanRef {
                    digest: self.plan_digest.clone().unwrap_or_default(),
                    chunks: u32::try_from(self.chunks.len()).unwrap_or(u32::MAX),
                    made_at: created,
                    users: plan.user_count,
                    losses: self.losses.iter().take(SHOWN).copied().collect(),
                    recycle_bin: self.recycle_bin,
                };
                before.with_plan(made, settled.at)
            }
            (None, None, None) => match &self.inventory {
                Some(inventory) => before.with_inventory(inventory.clone(), settled.at),
                None => before,
            },
        }
    }
}

/// A schema for an object of our own whose fields the controller checks.
pub fn open_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "description": "What the journal knew before this record: counters, start times, the plan in force.",
        "x-kubernetes-preserve-unknown-fields": true
    })
}

/// An approval or attestation as it was when it counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalCopy {
    /// Its UID.
    #[schemars(length(max = 64))]
    pub uid: String,
    /// SHA-256, hexadecimal, of its copy in canonical JSON (RFC 8785): `apiVersion`, `kind`, of `metadata` the
    /// `creationTimestamp`, `name`, `namespace` and `uid`, and `spec` without `revoked`.
    #[schemars(length(max = 64))]
    pub digest: String,
}

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RecordType {
    /// An effect in the tenant.
    Effect,
    /// A reading that proves something.
    Verification,
    /// An inventory of the tenant that was written, or could not be.
    Inventory,
    /// Seals a plan, or a supplement of one.
    Plan,
    /// A part of a plan.
    PlanChunk,
}

/// The outcome of a record.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ClosureRecordStatus {
    /// What was seen after the effect. Written once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Settled>,
}

/// An outcome with its time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Settled {
    /// When it was read.
    pub at: Timestamp,
    /// True where another process than the claimant read it.
    #[serde(default)]
    pub in_doubt: bool,
    /// What was seen.
    pub seen: Outcome,
}
