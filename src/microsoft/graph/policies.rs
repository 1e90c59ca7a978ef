//! Security defaults, and Conditional Access in its slow lane. Nothing is deleted.

use super::{PAGE, STABLE};
use crate::closure::id::ObjectId;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::paging;
use crate::microsoft::request::Call;
use crate::microsoft::wire::Line;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use url::Url;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Defaults {
    is_enabled: bool,
}

#[derive(Deserialize)]
struct Policy {
    id: ObjectId,
    state: String,
}

fn defaults(line: &Line<'_>) -> Result<Url, Failure> {
    let path = [
        STABLE,
        "policies",
        "identitySecurityDefaultsEnforcementPolicy",
    ];
    line.url(Service::Graph, &path, &[])
}

/// `GET /policies/identitySecurityDefaultsEnforcementPolicy` (graph/api/identitysecuritydefaultsenforcementpolicy-get): are
/// they on?
pub(in crate::microsoft) async fn security_defaults(line: &Line<'_>) -> Result<bool, Failure> {
    let told: Defaults = line.get(Service::Graph, defaults(line)?).await?;
    Ok(told.is_enabled)
}

/// `PATCH` of it with `isEnabled: false` (graph/api/identitysecuritydefaultsenforcementpolicy-update).
pub(in crate::microsoft) fn defaults_off(line: &Line<'_>) -> Result<Call, Failure> {
    Ok(Call::patch(defaults(line)?, &json!({"isEnabled": false})))
}

/// `GET /identity/conditionalAccess/policies` (graph/api/conditionalaccessroot-list-policies): each, and whether it is in
/// force. One that only reports is taken for one that is.
pub(in crate::microsoft) async fn conditional_access(
    line: &Line<'_>,
) -> Result<BTreeMap<ObjectId, bool>, Failure> {
    let query = [("$select", "id,state"), ("$top", PAGE)];
    let path = [STABLE, "identity", "conditionalAccess", "policies"];
    let url = line.url(Service::Graph, &path, &query)?;
    let all: Vec<Policy> = paging::all(line, Service::Graph, url).await?;
    let sorted = all.into_iter().map(|one| (one.id, one.state != "disabled"));
    Ok(sorted.collect())
}

/// `PATCH /identity/conditionalAccess/policies/{id}` with `state: disabled` (graph/api/conditionalaccesspolicy-update).
pub(in crate::microsoft) fn policy_off(line: &Line<'_>, id: ObjectId) -> Result<Call, Failure> {
    let id = id.to_string();
    let path = [STABLE, "identity", "conditionalAccess", "policies", &id];
    let url = line.url(Service::Graph, &path, &[])?;
    Ok(Call::patch(url, &json!({"state": "disabled"})))
}
