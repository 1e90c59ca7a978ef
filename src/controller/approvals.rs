//! Approvals and attestations: which of those that exist count, checked live by all that an object can show.

use crate::api::{ClosureApproval, Purpose, REQUESTED_BY, TenantClosure, policies};
use crate::closure::observation::Approvals;
use crate::closure::terms::Terms;
use crate::controller::configuration::Configured;
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The longest that an approval may live.
const LONGEST: SignedDuration = SignedDuration::from_hours(90 * 24);

/// All approvals that name this closure, read live.
///
/// # Errors
/// Where the API server failed.
pub async fn list(
    ctx: &Context,
    closure: &TenantClosure,
) -> Result<Vec<ClosureApproval>, ReconcileError> {
    let api: Api<ClosureApproval> =
        Api::namespaced(ctx.client.clone(), &closure.namespace().unwrap_or_default());
    let all = bounded(api.list(&ListParams::default())).await?;
    Ok(all
        .items
        .into_iter()
        .filter(|a| a.spec.closure_name == closure.name_any())
        .collect())
}

/// Sorts approvals into those that count and the reasons why the others do not.
pub fn judge(
    closure: &TenantClosure,
    terms: &Terms,
    digest: Option<&str>,
    found: &[ClosureApproval],
    configured: &Configured,
    policies_since: Option<Timestamp>,
    now: Timestamp,
) -> Approvals {
    let author = closure
        .annotations()
        .get(REQUESTED_BY)
        .cloned()
        .unwrap_or_default();
    let by_machine = author.starts_with("system:serviceaccount:");
    let required = if by_machine && terms.approvals_required > 0 {
        terms.approvals_required.max(2)
    } else {
        terms.approvals_required
    };
    let mut counted: BTreeMap<String, Timestamp> = BTreeMap::new();
    let mut rejected = BTreeSet::new();
    for approval in found.iter().filter(|a| a.spec.purpose == Purpose::Approval) {
        let created = approval
            .creation_timestamp()
            .map_or(Timestamp::MAX, |t| t.0);
        let other_plan =
            (approval.spec.plan_digest.as_deref() != digest).then_some("one approves another plan");
        let why = doubt(
            closure,
            terms,
            Some(&author),
            approval,
            created,
            policies_since,
            now,
        );
        if let Some(why) = why.or(other_plan) {
            rejected.insert(why);
        } else {
            let first = counted
                .entry(approval.spec.approver.clone())
                .or_insert(created);
            *first = created.min(*first);
        }
    }
    let mut times: Vec<Timestamp> = counted.values().copied().collect();
    times.sort_unstable();
    let reached = (required as usize)
        .checked_sub(1)
        .and_then(|n| times.get(n).copied());
    Approvals {
        required,
        approvers: counted.into_keys().collect(),
        effective_at: reached.and_then(|t| t.checked_add(configured.grace).ok()),
        rejected: rejected.into_iter().map(str::to_owned).collect(),
        policy_missing: policies_since.is_none(),
    }
}

/// Attestations that count: check → result; of two the later stands.
pub fn attestations(
    closure: &TenantClosure,
    terms: &Terms,
    found: &[ClosureApproval],
    policies_since: Option<Timestamp>,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let mut sorted: Vec<&ClosureApproval> = found
        .iter()
        .filter(|a| a.spec.purpose == Purpose::Attestation)
        .collect();
    sorted.sort_by_key(|a| (a.creation_timestamp().map(|t| t.0), a.name_any()));
    sorted
        .into_iter()
        .filter(|a| {
            let created = a.creation_timestamp().map_or(Timestamp::MAX, |t| t.0);
            // The author may attest what he saw: an attestation deletes nothing by itself.
            doubt(closure, terms, None, a, created, policies_since, now).is_none()
        })
        .filter_map(|a| Some((a.spec.check.clone()?, a.spec.result.clone()?)))
        .collect()
}

fn doubt(
    closure: &TenantClosure,
    terms: &Terms,
    author: Option<&str>,
    approval: &ClosureApproval,
    created: Timestamp,
    policies_since: Option<Timestamp>,
    now: Timestamp,
) -> Option<&'static str> {
    let spec = &approval.spec;
    if spec.revoked == Some(true) || approval.metadata.deletion_timestamp.is_some() {
        Some("one was revoked")
    } else if closure.uid().as_deref() != Some(spec.closure_uid.as_str()) {
        Some("one names another closure (UID)")
    } else if !spec
        .tenant_id
        .eq_ignore_ascii_case(&terms.tenant_id.to_string())
    {
        Some("one names another tenant")
    } else if !spec
        .confirm_domain
        .eq_ignore_ascii_case(&terms.initial_domain)
    {
        Some("one confirms another domain")
    } else if spec.expires_at <= now {
        Some("one has expired")
    } else if spec.expires_at.duration_since(created) > LONGEST {
        Some("one lives longer than 90 days")
    } else if author.is_some_and(str::is_empty) {
        Some("nobody knows who created the closure")
    } else if author == Some(spec.approver.as_str()) {
        Some("one is by the author of the closure")
    } else if spec.approver.starts_with("system:serviceaccount:") {
        Some("one is by a service account")
    } else if policies_since.is_some_and(|since| created < since) {
        Some("one is older than the admission policies")
    } else {
        None
    }
}

/// Since when the shipped policies and bindings are in force; `None` where one is missing or says something else.
///
/// # Errors
/// Where the API server failed.
pub async fn policies_in_force(ctx: &Context) -> Result<Option<Timestamp>, ReconcileError> {
    let text = policies::yaml(&ctx.namespace, &ctx.service_account);
    let mut since = Timestamp::MIN;
    for document in text.split("\n---\n") {
        let shipped: Value = serde_saphyr::from_str(document).unwrap_or(Value::Null);
        let name = shipped
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let stored = match shipped.get("kind").and_then(Value::as_str) {
            Some("ValidatingAdmissionPolicy") => {
                fetch::<ValidatingAdmissionPolicy>(ctx, name).await?
            }
            Some("ValidatingAdmissionPolicyBinding") => {
                fetch::<ValidatingAdmissionPolicyBinding>(ctx, name).await?
            }
            _ => continue,
        };
        let Some((created, stored)) = stored else {
            return Ok(None);
        };
        if !contains(&stored["spec"], &shipped["spec"]) {
            return Ok(None);
        }
        since = since.max(created);
    }
    Ok((since > Timestamp::MIN).then_some(since))
}

async fn fetch<K>(ctx: &Context, name: &str) -> Result<Option<(Timestamp, Value)>, ReconcileError>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::ClusterResourceScope>
        + Clone
        + DeserializeOwned
        + serde::Serialize
        + std::fmt::Debug,
{
    let api: Api<K> = Api::all(ctx.client.clone());
    let Some(object) = bounded(api.get_opt(name)).await? else {
        return Ok(None);
    };
    let created = object.creation_timestamp().map_or(Timestamp::MAX, |t| t.0);
    let value =
        serde_json::to_value(&object).map_err(|e| ReconcileError::Malformed(e.to_string()))?;
    Ok(Some((created, value)))
}

/// True where all that is shipped is stored; the server adds defaults, lists must be equal in length.
fn contains(stored: &Value, shipped: &Value) -> bool {
    match (stored, shipped) {
        (Value::Object(stored), Value::Object(shipped)) => shipped.iter().all(|(key, value)| {
            stored
                .get(key)
                .map_or_else(|| *value == serde_json::json!({}), |s| contains(s, value))
        }),
        (Value::Array(stored), Value::Array(shipped)) => {
            stored.len() == shipped.len() && stored.iter().zip(shipped).all(|(a, b)| contains(a, b))
        }
        (Value::String(stored), Value::String(shipped)) => stored.trim() == shipped.trim(),
        (stored, shipped) => stored == shipped,
    }
}
