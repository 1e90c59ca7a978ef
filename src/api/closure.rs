//! `TenantClosure`: one object closes one tenant.

use crate::api::status::TenantClosureStatus;
use crate::closure::loss::LossKind;
use crate::closure::steps::mail::MAIL_STILL_ARRIVES;
use crate::closure::steps::term_ahead::TERM_AHEAD;
use crate::closure::terms::{BillingKind, Cancellation, Cloud, Mode};
use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The closing of one Microsoft 365 / Entra tenant, as Microsoft's procedure "Close your account" says. It cannot be
/// undone. Deleting this object stops the work and deletes nothing.
#[derive(CustomResource, KubeSchema, Clone, Debug, Serialize, Deserialize, PartialEq)]
#[kube(
    group = "tenantclosure.dev",
    version = "v1alpha1",
    kind = "TenantClosure",
    plural = "tenantclosures",
    shortname = "tcl",
    category = "offboarding",
    namespaced,
    status = "TenantClosureStatus",
    selectable = ".spec.tenant.id",
    validation = Rule::new("size(self.metadata.name) <= 63").message("metadata.name must have at most 63 characters; choose a shorter one"),
    printcolumn(name = "Tenant", type_ = "string", json_path = ".spec.tenant.initialDomain"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Step", type_ = "string", json_path = ".status.step"),
    printcolumn(name = "Progress", type_ = "string", json_path = ".status.progress"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Id", type_ = "string", json_path = ".spec.tenant.id", priority = 1),
    printcolumn(name = "Mode", type_ = "string", json_path = ".spec.mode", priority = 1),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.summary", priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.tenant == oldSelf.tenant").message("spec.tenant cannot be changed; delete this closure (nothing is lost) and create another").field_path(".tenant"),
    validation = Rule::new("self.credentials == oldSelf.credentials").message("spec.credentials cannot be changed; delete this closure (nothing is lost) and create another").field_path(".credentials"),
    validation = Rule::new("self.retain == oldSelf.retain").message("spec.retain cannot be changed; delete this closure (nothing is lost) and create another").field_path(".retain"),
    validation = Rule::new("has(self.cancellation) == has(oldSelf.cancellation) && (!has(self.cancellation) || self.cancellation == oldSelf.cancellation)").message("spec.cancellation cannot be changed; delete this closure (nothing is lost) and create another"),
    validation = Rule::new("has(self.billing) == has(oldSelf.billing) && (!has(self.billing) || self.billing == oldSelf.billing)").message("spec.billing cannot be changed; delete this closure (nothing is lost) and create another"),
    validation = Rule::new("has(self.domains) == has(oldSelf.domains) && (!has(self.domains) || self.domains == oldSelf.domains)").message("spec.domains cannot be changed; delete this closure (nothing is lost) and create another"),
    validation = Rule::new("!has(self.domains) || !(self.tenant.initialDomain.lowerAscii() in self.domains.release)").message("the initial domain cannot be released, it goes with the tenant: take it out of spec.domains.release"),
    validation = Rule::new("has(self.mfa) == has(oldSelf.mfa) && (!has(self.mfa) || self.mfa == oldSelf.mfa)").message("spec.mfa cannot be changed; delete this closure (nothing is lost) and create another"),
    validation = Rule::new("has(self.directory) == has(oldSelf.directory) && (!has(self.directory) || self.directory == oldSelf.directory)").message("spec.directory cannot be changed; delete this closure (nothing is lost) and create another"),
    validation = Rule::new("has(self.approval) == has(oldSelf.approval) && (!has(self.approval) || self.approval == oldSelf.approval)").message("spec.approval cannot be changed; delete this closure (nothing is lost) and create another")
)]
pub struct TenantClosureSpec {
    /// The tenant to close. Both id and initial domain must match what the tenant says of itself. Immutable.
    pub tenant: TenantRef,
    /// Where the credentials are: Secrets in this namespace only. Immutable.
    pub credentials: Credentials,
    /// Who stays to finish. Immutable.
    pub retain: Retain,
    /// `Plan` (default): reads only, a plan is written. `Execute`: the approved plan is carried out. DANGER: Execute deletes users for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// True: no new effect starts; at most the call in flight finishes. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// A legal hold: blocks the closure while set; the text is its reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub hold: Option<String>,
    /// Nothing is changed in the tenant before this time (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// How the backup is vouched for. Absent: blocked in step 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Backup>,
    /// Losses that the procedure does not mention, each accepted by name, Azure subscriptions each by id. What is taken out
    /// later is not accepted any more: what has not gone by then stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub accept: Option<Vec<Accepted>>,
    /// Reason and feedback of step 2. Absent with an active subscription: blocked in step 0. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation: Option<CancellationSpec>,
    /// Accounts through which subscriptions can be ended by a call. Absent: handed to a person. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing: Option<Billing>,
    /// Domains that are set free for another tenant, after the users and before the subscriptions. Absent: none is. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domains: Option<Domains>,
    /// What step 4 switches off besides per-user MFA. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<Mfa>,
    /// What may be removed of the directory before it goes. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<Directory>,
    /// How many persons must approve. Absent: the operator's minimum, at least 1. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Brakes. Absent in mode Execute: blocked in step 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

/// The tenant.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TenantRef {
    /// Tenant id (GUID in lower case), as the Entra admin center's overview shows it.
    #[schemars(length(max = 36))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')").message("must be a GUID in lower case, such as 6f2f4a3e-1b2c-4d5e-8f90-a1b2c3d4e5f6; the Entra admin center's overview shows it"))]
    pub id: String,
    /// Initial domain, for example `contoso.onmicrosoft.com`.
    #[schemars(length(max = 253))]
    #[x_kube(validation = Rule::new("self.matches('^[a-zA-Z0-9][a-zA-Z0-9.-]*[.][a-zA-Z]{2,}$')").message("must be the domain that the tenant was made with, such as contoso.onmicrosoft.com"))]
    pub initial_domain: String,
    /// Which of Microsoft's clouds. Default: Global.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<Cloud>,
}

/// What is signed in with: Secrets in this namespace, each labelled `tenantclosure.dev/tenant-id`, or the operator's own
/// identity in the cluster.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.secretName) != has(self.workloadIdentity)").message("name either a Secret in secretName, or an application in workloadIdentity"),
    validation = Rule::new("!has(self.readerSecretName) || has(self.secretName)").message("readerSecretName goes with secretName; with workloadIdentity name the reading application in workloadIdentity.readerClientId")
)]
pub struct Credentials {
    /// Secret of the application that acts: `clientId`, and `clientCertificate` (PEM, with its RSA key) or `clientSecret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub secret_name: Option<String>,
    /// Likewise of one that only reads, for mode Plan. Default: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub reader_secret_name: Option<String>,
    /// An application that trusts the operator's service account; only for tenants bound to this namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_identity: Option<WorkloadIdentity>,
}

/// An application that trusts the operator's service account.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadIdentity {
    /// Application (client) id of the one that acts.
    #[schemars(length(max = 36))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')").message("must be a GUID: the application (client) id"))]
    pub client_id: String,
    /// Likewise of one that only reads, for mode Plan. Default: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 36))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')").message("must be a GUID: the application (client) id"))]
    pub reader_client_id: Option<String>,
}

/// Who stays.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Retain {
    /// User principal name of the one Global administrator who stays, on the initial domain. Pinned by object id in the plan.
    #[schemars(length(max = 320))]
    #[x_kube(validation = Rule::new("self.matches('^[^@[:space:]]+@[^@[:space:]]+$')").message("must be the user principal name of the one administrator who stays, such as closer@contoso.onmicrosoft.com"))]
    pub global_administrator: String,
    /// User principal name of a second administrator, kept through step 4 and deleted first in step 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 320))]
    #[x_kube(validation = Rule::new("self.matches('^[^@[:space:]]+@[^@[:space:]]+$')").message("must be a user principal name, such as spare@contoso.onmicrosoft.com; leave it out where there is none"))]
    pub spare_administrator: Option<String>,
}

/// The backup: acknowledged by a person, or made by a Job.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.acknowledged) || has(self.jobName)").message("say acknowledged: true, or name in jobName the Job that makes the backup"),
    validation = Rule::new("!(has(self.acknowledged) && has(self.jobName))").message("acknowledged and jobName exclude each other: either a person vouches for the backup, or a Job does"),
    validation = Rule::new("has(self.jobName) == has(self.maxAge)").message("jobName and maxAge go together: maxAge says how old the named Job's completion may be, for example 24h")
)]
pub struct Backup {
    /// True: everything that must be kept was backed up. Only a person can know. False: blocked, like an absent backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<bool>,
    /// Where to find it, for example a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub reference: Option<String>,
    /// Name of the Job in this namespace that makes the backup. It must be Complete until the first effect that takes
    /// something away for good. The operator needs the right to get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub job_name: Option<String>,
    /// The Job must have completed no longer ago than this, in hours, minutes and seconds: `36h`, `1h30m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 18))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{1,5}[hms]){1,3}$') && duration(self) >= duration('1m')").message("must be a duration of at least one minute in h, m and s, such as 36h"))]
    pub max_age: Option<String>,
}

/// One accepted loss.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.subscriptions) || self.kind == 'AzureResources'").message("subscriptions go with kind AzureResources: they are the ids of the Azure subscriptions that may be canceled")
)]
pub struct Accepted {
    /// Kind of loss, or `TermAhead`, `MailStillArrives`.
    #[schemars(extend("enum" = acceptable()))]
    pub kind: String,
    /// Who decided, where: for example a change number.
    #[schemars(length(min = 1, max = 256))]
    pub reference: String,
    /// With kind `AzureResources`: the ids (GUIDs in lower case) of the Azure subscriptions that may be canceled. One that
    /// no entry lists is not canceled, and the closure is blocked. Absent: none. DANGER: what runs in them ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 500), inner(length(max = 36)))]
    #[x_kube(validation = Rule::new("self.all(s, s.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'))").message("must be ids of Azure subscriptions, GUIDs in lower case; the plan and the Azure portal show them"))]
    pub subscriptions: Option<Vec<String>>,
}

/// What can be accepted. Another word would accept nothing, and its author would believe that it did.
fn acceptable() -> Vec<&'static str> {
    let losses = LossKind::ALL.map(LossKind::name);
    [&losses[..], &[TERM_AHEAD, MAIL_STILL_ARRIVES]].concat()
}

/// Step 2's words.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CancellationSpec {
    /// The reason, as the admin center's list words it.
    #[schemars(length(min = 1, max = 128))]
    pub reason: String,
    /// Optional free text for Microsoft, at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 500))]
    pub feedback: Option<String>,
}

impl From<&CancellationSpec> for Cancellation {
    fn from(spec: &CancellationSpec) -> Self {
        Self {
            reason: spec.reason.clone(),
            feedback: spec.feedback.clone(),
        }
    }
}

/// Billing.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.stopRenewalFirst) || !self.stopRenewalFirst || self.accounts.exists(a, a.kind != 'AzureSubscription')").message("stopRenewalFirst needs an account of kind CustomerAgreement or Partner: recurring billing can be switched off through such an account only"),
    validation = Rule::new("self.accounts.all(a, self.accounts.exists_one(b, a.kind == b.kind && (has(a.tenantId) ? a.tenantId : '') == (has(b.tenantId) ? b.tenantId : '')))").message("the same account is listed twice: name each pair of kind and tenantId once")
)]
pub struct Billing {
    /// True: recurring billing is switched off for every subscription that renews and that an account of kind
    /// `CustomerAgreement` or `Partner` covers, before any user is touched, so that none renews while the closure waits. It can be switched on again. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_renewal_first: Option<bool>,
    /// Accounts through which subscriptions can be seen and ended; a tenant can mix them.
    #[schemars(length(max = 8))]
    pub accounts: Vec<BillingAccount>,
}

/// One billing account.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.tenantId) == has(self.credentials)").message("tenantId and credentials go together: the tenant that the account is used from, and the Secret with an application of that tenant; leave both out to use spec.credentials"),
    validation = Rule::new("self.kind != 'Partner' || has(self.tenantId)").message("an account of kind Partner needs tenantId and credentials: the partner's own tenant, and the Secret with an application of it")
)]
pub struct BillingAccount {
    /// Its kind.
    pub kind: BillingKind,
    /// The tenant that the account is used from, where that is another than the closed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 36))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')").message("must be a GUID in lower case: the id of the tenant that the account is used from"))]
    pub tenant_id: Option<String>,
    /// Secrets of an application of that tenant, labelled with its id. Absent: the closure's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
}

/// Domains.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Domains {
    /// Domains to release, in lower case. The initial domain is made the default; groups and applications that still use
    /// one are renamed onto the initial domain. DANGER: mail to its addresses is no longer received here.
    #[schemars(length(min = 1, max = 20), inner(length(max = 253)))]
    #[x_kube(
        validation = Rule::new("self.all(d, d.matches('^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$'))").message("must be names of domains in lower case, such as contoso.nl; write others than Latin letters in Punycode (xn--…)"),
        validation = Rule::new("self.all(d, self.exists_one(e, d == e))").message("a domain is listed twice: name each once")
    )]
    pub release: Vec<String>,
}

/// What asks for a second factor besides, and is switched off in step 4.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
pub struct Mfa {
    /// True: security defaults are switched off. Default: false. DANGER: whoever still signs in needs no second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_security_defaults: Option<bool>,
    /// Ids of Conditional Access policies to disable. Absent: none. DANGER: what they protect is protected no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50), inner(length(max = 36)))]
    #[x_kube(validation = Rule::new("self.all(p, p.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'))").message("must be GUIDs in lower case"))]
    pub disable_conditional_access_policies: Option<Vec<String>>,
}

/// The directory.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.resourceTenantId) == has(self.credentials)").message("resourceTenantId and credentials go together: the tenant of the Azure subscription that the resource lies in, and the Secret with an application of that tenant; leave both out to use spec.credentials"),
    validation = Rule::new("!has(self.credentials) || has(self.resource)").message("credentials are for resource, which is missing: give the ARM id of the directory, or leave the credentials out")
)]
pub struct Directory {
    /// True: applications and service principals are removed where Microsoft allows it, and a service principal that refuses is
    /// disabled. Default: false (a person is told).
    #[serde(default)]
    pub remove_applications: bool,
    /// ARM id of an External ID or B2C directory; such a tenant is deleted by a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    #[x_kube(validation = Rule::new("self.matches('^/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[^/]+/providers/Microsoft[.]AzureActiveDirectory/(ciamDirectories|b2cDirectories)/[^/]+$')").message("must be the ARM id of an External ID or B2C directory: /subscriptions/…/resourceGroups/…/providers/Microsoft.AzureActiveDirectory/ciamDirectories/… (or b2cDirectories)"))]
    pub resource: Option<String>,
    /// The tenant of the resource's Azure subscription, where that is another than the closed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 36))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')").message("must be a GUID in lower case: the id of the tenant of the Azure subscription"))]
    pub resource_tenant_id: Option<String>,
    /// Secrets of an application of that tenant, labelled with its id. Absent: the closure's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
}

/// Approval.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Persons who must approve the plan. 0 only where the operator's configuration allows it.
    #[schemars(range(min = 0, max = 6))]
    pub required: u32,
}

/// Limits.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Most users that this closure may delete; a larger tenant blocks.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_users: u32,
}
