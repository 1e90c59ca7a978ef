//! `ClosureApproval`: a person approves one plan of one closure, or attests what no program can read.
#![allow(clippy::duplicated_attributes)] // printer columns repeat their shape

use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An approval of exactly one plan, or an attestation, by the person who creates it. Immutable but for `revoked`.
#[derive(CustomResource, KubeSchema, Clone, Debug, Serialize, Deserialize, PartialEq)]
#[kube(
    group = "tenantclosure.dev",
    version = "v1alpha1",
    kind = "ClosureApproval",
    plural = "closureapprovals",
    category = "offboarding",
    namespaced,
    printcolumn(name = "Closure", type_ = "string", json_path = ".spec.closureName"),
    printcolumn(name = "Purpose", type_ = "string", json_path = ".spec.purpose"),
    printcolumn(name = "Approver", type_ = "string", json_path = ".spec.approver"),
    printcolumn(name = "Expires", type_ = "string", json_path = ".spec.expiresAt"),
    printcolumn(name = "Revoked", type_ = "boolean", json_path = ".spec.revoked")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.purpose == oldSelf.purpose && self.closureName == oldSelf.closureName && self.closureUID == oldSelf.closureUID && self.tenantID == oldSelf.tenantID && self.confirmDomain == oldSelf.confirmDomain && self.approver == oldSelf.approver && self.expiresAt == oldSelf.expiresAt && has(self.planDigest) == has(oldSelf.planDigest) && (!has(self.planDigest) || self.planDigest == oldSelf.planDigest) && has(self.comment) == has(oldSelf.comment) && (!has(self.comment) || self.comment == oldSelf.comment) && has(self.check) == has(oldSelf.check) && (!has(self.check) || self.check == oldSelf.check) && has(self.result) == has(oldSelf.result) && (!has(self.result) || self.result == oldSelf.result) && has(self.signature) == has(oldSelf.signature) && (!has(self.signature) || self.signature == oldSelf.signature)").message("an approval cannot be changed, only revoked (spec.revoked: true); create another one"),
    validation = Rule::new("!(has(oldSelf.revoked) && oldSelf.revoked) || (has(self.revoked) && self.revoked)").message("a revoked approval stays revoked; create another one"),
    validation = Rule::new("self.purpose != 'Approval' || has(self.planDigest)").message("an Approval needs spec.planDigest: the digest of the plan that you have read"),
    validation = Rule::new("self.purpose != 'Attestation' || (has(self.check) && has(self.result))").message("an Attestation needs spec.check and spec.result")
)]
pub struct ClosureApprovalSpec {
    /// `Approval` of a plan, or `Attestation` of a check.
    pub purpose: Purpose,
    /// Name of the closure, in this namespace.
    #[schemars(length(min = 1, max = 63))]
    pub closure_name: String,
    /// UID of the closure: another object of the same name inherits nothing.
    #[serde(rename = "closureUID")]
    #[schemars(length(min = 1, max = 64))]
    pub closure_uid: String,
    /// Tenant id, as the closure names it.
    #[serde(rename = "tenantID")]
    #[schemars(length(max = 36))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')").message("must be a GUID: copy spec.tenant.id of the closure"))]
    pub tenant_id: String,
    /// Digest of the plan that is approved (64 hexadecimal digits).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9a-f]{64}$')").message("must have 64 hexadecimal digits: copy status.plan.digest of the closure"))]
    pub plan_digest: Option<String>,
    /// The tenant's initial domain, typed by the approver.
    #[schemars(length(min = 4, max = 253))]
    pub confirm_domain: String,
    /// The approver: the user name that creates this object; with a signature, the name that signs it.
    #[schemars(length(min = 1, max = 256))]
    pub approver: String,
    /// From then on it no longer counts (RFC 3339; at most 90 days ahead).
    pub expires_at: Timestamp,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub comment: Option<String>,
    /// Of an attestation: the check, for example `C9`, `OnlyOurs` or `Refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32))]
    pub check: Option<String>,
    /// Of an attestation: `passed` or `failed`; of the check `RetainedAdministrator` what `keeper prove` writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    #[x_kube(validation = Rule::new("self.matches('^(passed|failed|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12} mfa)$')").message("must be passed or failed, in this spelling; words of your own go into spec.comment"))]
    pub result: Option<String>,
    /// Where the approver cannot write to the cluster (GitOps): an SSH signature over all other fields but `revoked`, as
    /// `ssh-keygen -Y sign -n tenantclosure.dev` writes it. Then anybody may create this object, and the operator counts
    /// it only where its configuration names the key as the approver's (`approvalKeys`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub signature: Option<String>,
    /// True: it counts no more. Can be set once and never taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<bool>,
}

/// What an approval is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Purpose {
    /// Approves the plan.
    Approval,
    /// Says what no program can read.
    Attestation,
}
