//! What the caller may do on a billing account, told beforehand.
//! Source: learn.microsoft.com `rest/api/billing/billing-permissions` (2024-04-01), and the names of actions from
//! `azure/role-based-access-control/permissions/management-and-governance`.

use super::{billing, resource_url};
use crate::closure::id::ObjectId;
use crate::closure::observation::Lifecycle;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::request::Call;
use crate::microsoft::wire::Line;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

const VERSION: &str = "2024-04-01";

/// What changes a billing subscription. Microsoft's list has no action of its own for its cancellation by `DELETE`.
const WRITE: &str = "Microsoft.Billing/billingAccounts/billingSubscriptions/write";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    action: String,
    access_decision: String,
}

/// May every active subscription of the tenant be ended that a Customer Agreement account shows? A role on the billing
/// profile or the invoice section that it is billed to does, too. `None`: none is shown, or Microsoft does not say.
pub(in crate::microsoft) async fn may_end(
    line: &Line<'_>,
    tenant: ObjectId,
) -> Result<Option<bool>, Failure> {
    let all = billing::list(line, tenant).await?;
    let active = all
        .iter()
        .filter(|one| one.subscription.lifecycle == Lifecycle::Active && !one.scopes.is_empty());
    let mut known: BTreeMap<&str, Option<bool>> = BTreeMap::new();
    let mut may = None;
    for one in active {
        let mut here = Some(false);
        for scope in &one.scopes {
            let told = match known.get(scope.as_str()) {
                Some(told) => *told,
                None => allowed(line, scope).await?,
            };
            known.insert(scope, told);
            match told {
                Some(true) => {
                    here = told;
                    break;
                }
                Some(false) => {}
                None => here = None,
            }
        }
        let Some(here) = here else { return Ok(None) };
        may = Some(may.unwrap_or(true) && here);
    }
    Ok(may)
}

/// `POST {scope}/checkAccess`. Who holds no role there is refused. `None`: a decision that is neither yes nor no.
async fn allowed(line: &Line<'_>, scope: &str) -> Result<Option<bool>, Failure> {
    let scope = scope.trim_end_matches('/');
    let url = resource_url(line, &format!("{scope}/checkAccess"), VERSION)?;
    let asked = Call::post(url, &json!({"actions": [WRITE]}));
    let decisions: Vec<Decision> = match line.read(Service::Arm, &asked).await {
        Ok(reply) => reply.json()?,
        Err(failure) if failure.lacks_right() => return Ok(Some(false)),
        Err(failure) => return Err(failure),
    };
    let mut decisions = decisions.iter();
    let ours = decisions.find(|one| one.action.eq_ignore_ascii_case(WRITE));
    let ours = ours.ok_or_else(|| Failure::malformed("NoDecision"))?;
    Ok(match ours.access_decision.as_str() {
        "Allowed" => Some(true),
        "NotAllowed" => Some(false),
        _ => None,
    })
}
