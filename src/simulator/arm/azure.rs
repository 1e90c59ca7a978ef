//! Azure subscriptions: a program cancels them, only a person deletes them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::judge::Act;
use super::super::scenario::SubscriptionKind;
use super::super::subscription::{HOUR, Subscription};
use super::super::tenant::Tenant;
use super::super::world::World;
use super::{Ask, forbidden};

pub(super) fn route(world: &mut World, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
    let index = ask.caller.tenant;
    let tenant = &world.tenants[index];
    let lag = world.behaviour_of(index).arm_lag_hours;
    let moment = world.clock.virtual_now() - (lag * HOUR) as i64;
    let shown: Vec<Subscription> = tenant
        .subscriptions
        .iter()
        .map(|one| one.seen(moment))
        .filter(|one| one.kind == SubscriptionKind::Azure && !one.gone() && ask.caller.azure_owner)
        .collect();
    let of = |id: &str| {
        let mut all = shown.iter();
        all.find(|one| one.id.to_string().eq_ignore_ascii_case(id))
    };
    match (ask.request.method.as_str(), parts) {
        ("GET", []) => {
            let rows: Vec<_> = shown.iter().map(|one| row(tenant.id, one)).collect();
            Ok(Reply::json(
                200,
                json!({ "value": rows, "count": { "type": "Total", "value": rows.len() } }),
            ))
        }
        ("GET", [id]) => of(id)
            .map(|one| Reply::json(200, row(tenant.id, one)))
            .ok_or_else(|| missing(id)),
        ("POST", [id, "providers", "Microsoft.Subscription", "cancel"]) => cancel(world, ask, id),
        ("GET", [id, "providers", "Microsoft.Authorization", "permissions"]) => {
            if of(id).is_some() {
                Ok(super::permissions(ask))
            } else {
                Err(forbidden(ask, "Microsoft.Authorization/permissions/read"))
            }
        }
        ("GET", [id, "resources"]) => Ok(resources(ask, of(id).ok_or_else(|| missing(id))?)),
        ("GET", [id, "providers", "Microsoft.AAD", "domainServices"]) => {
            let found = of(id).ok_or_else(|| missing(id))?;
            let left = managed_domains(tenant, found);
            Ok(domain_services(tenant.id, found.id, left))
        }
        ("GET", [id, "resourceGroups"]) => {
            let found = of(id).ok_or_else(|| missing(id))?;
            let filled = found.resources > 0 || managed_domains(tenant, found) > 0;
            Ok(groups(found.id, filled))
        }
        _ => Err(Refusal::new(
            404,
            "InvalidResourceType",
            "The resource type could not be found.",
        )),
    }
}

/// The managed domains are in the first Azure subscription.
fn managed_domains(tenant: &Tenant, one: &Subscription) -> u32 {
    let mut azure = tenant.subscriptions.iter();
    let first = azure.find(|one| one.kind == SubscriptionKind::Azure);
    if first.is_some_and(|first| first.id == one.id) {
        tenant.domain_services_left()
    } else {
        0
    }
}

/// All that is in a subscription is in one group.
fn groups(subscription: Uuid, filled: bool) -> Reply {
    let group = json!({
        "id": format!("/subscriptions/{subscription}/resourceGroups/rg"), "name": "rg", "type": "Microsoft.Resources/resourceGroups",
        "location": "westeurope", "properties": { "provisioningState": "Succeeded" },
    });
    let rows: Vec<Value> = filled.then_some(group).into_iter().collect();
    Reply::json(200, json!({ "value": rows }))
}

fn missing(id: &str) -> Refusal {
    Refusal::new(
        404,
        "SubscriptionNotFound",
        format!("The subscription '{id}' could not be found."),
    )
}

fn row(tenant: Uuid, one: &Subscription) -> Value {
    json!({
        "id": format!("/subscriptions/{}", one.id), "subscriptionId": one.id, "tenantId": tenant, "displayName": one.sku, "state": one.azure_state(),
        "subscriptionPolicies": { "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off" },
        "authorizationSource": "RoleBased", "managedByTenants": [],
    })
}

fn domain_services(tenant: Uuid, subscription: Uuid, left: u32) -> Reply {
    let row = |number: u32| {
        let name = format!("aadds{number}.contoso.com");
        json!({
            "id": format!("/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.AAD/DomainServices/{name}"),
            "name": name, "type": "Microsoft.AAD/DomainServices", "location": "West Europe",
            "properties": { "tenantId": tenant, "domainName": name, "provisioningState": "Succeeded" },
        })
    };
    let rows: Vec<Value> = (1..=left).map(row).collect();
    Reply::json(200, json!({ "value": rows }))
}

/// Rows of one page.
const PAGE: u32 = 1_000;

/// A page of what is in a subscription, with a link to the next.
fn resources(ask: &Ask<'_>, one: &Subscription) -> Reply {
    let token = ask.request.query.get("$skiptoken");
    let from: u32 = token.and_then(|text| text.parse().ok()).unwrap_or(0);
    let to = from.saturating_add(PAGE).min(one.resources);
    let group = format!("/subscriptions/{}/resourceGroups/rg", one.id);
    let kind = "Microsoft.Storage/storageAccounts";
    let rows: Vec<Value> = (from..to)
        .map(|n| json!({ "id": format!("{group}/providers/{kind}/s{n}"), "name": format!("s{n}"), "type": kind, "location": "westeurope" }))
        .collect();
    let mut body = json!({ "value": rows });
    if to < one.resources {
        let next = super::address(ask, &ask.request.path);
        body["nextLink"] = json!(format!("{next}&%24skiptoken={to}"));
    }
    Reply::json(200, body)
}

fn cancel(world: &mut World, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    let index = ask.caller.tenant;
    let id = Uuid::parse_str(id).map_err(|_| missing(id))?;
    world.judged(index, &Act::CancelSubscription(id), &ask.actor());
    if !ask.caller.azure_owner || ask.caller.azure_reads_alone {
        return Err(forbidden(ask, "Microsoft.Subscription/cancel/action"));
    }
    let now = world.clock.virtual_now();
    let found = world.tenants[index]
        .subscriptions
        .iter_mut()
        .find(|one| one.kind == SubscriptionKind::Azure && one.id == id && !one.gone());
    let one = found.ok_or_else(|| missing(&id.to_string()))?;
    if !one.cancellable {
        return Err(Refusal::new(
            400,
            "SubscriptionCancellationFailed",
            "The subscription cannot be canceled by this caller.",
        ));
    }
    if one.cancel(now) {
        world.record(index, "subscriptionCanceled", id, &ask.actor());
    }
    Ok(Reply::json(200, json!({ "subscriptionId": id })))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn paths_are_taken_in_any_case_and_versions_are_dates() {
        let mut world = World::test(
            "tenants: [{users: 1, domainServices: 1, subscriptions: [{kind: Azure, resources: 3}, {kind: Azure}, {kind: CustomerAgreement}]}]",
        );
        let scope = "https://management.azure.com/.default";
        let token = testing::token_for(&mut world, 0, false, scope);
        let [filled, empty] = [0, 1].map(|at| world.tenants[0].subscriptions[at].id);
        let account = world.tenants[0].billing_account.to_uppercase();
        let none = Uuid::nil();
        let billing =
            format!("/PROVIDERS/microsoft.billing/billingaccounts/{account}/billingsubscriptions");
        let domains = format!("/subscriptions/{filled}/providers/microsoft.aad/domainservices");
        let rights =
            format!("/subscriptions/{filled}/Providers/microsoft.authorization/Permissions");
        let groups = |id: Uuid| format!("/subscriptions/{id}/resourcegroups");
        for (path, version, wanted) in [
            (billing, "2024-04-01", Ok(1)),
            (domains, "2022-12-01", Ok(1)),
            (rights, "2022-04-01", Ok(1)),
            (groups(filled), "2021-04-01", Ok(1)),
            (groups(empty), "2021-04-01", Ok(0)),
            (groups(none), "2021-04-01", Err(404)),
            (groups(filled), "2023-05-17-preview", Ok(1)),
            (groups(filled), "bogus", Err(400)),
            (groups(filled), "2023-05-17preview", Err(400)),
            (groups(filled), "2023-15-17", Err(400)),
        ] {
            let target = format!("{path}?api-version={version}");
            let reply = testing::arm(&mut world, &token, "GET", &target, &Value::Null);
            let rows = reply.value()["value"].as_array().map(Vec::len);
            assert_eq!(rows.ok_or(reply.status), wanted, "{target}");
        }
        let cancel = format!(
            "/subscriptions/{empty}/providers/microsoft.subscription/Cancel?api-version=2021-10-01"
        );
        let reply = testing::arm(&mut world, &token, "POST", &cancel, &Value::Null);
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    #[test]
    fn its_view_may_be_behind() {
        let mut world = World::test(
            "{tenants: [{users: 1, subscriptions: [{kind: Azure}]}], behaviour: {armLagHours: 24}}",
        );
        let scope = "https://management.azure.com/.default";
        let token = testing::token_for(&mut world, 0, false, scope);
        let id = world.tenants[0].subscriptions[0].id;
        let cancel = format!(
            "/subscriptions/{id}/providers/Microsoft.Subscription/cancel?api-version=2021-10-01"
        );
        let canceled = testing::arm(&mut world, &token, "POST", &cancel, &Value::Null);
        assert_eq!(canceled.status, 200);
        let target = format!("/subscriptions/{id}?api-version=2022-12-01");
        for (hours, state) in [(23.0, "Enabled"), (2.0, "Disabled")] {
            world.clock.advance(hours * 3600.0);
            let shown = testing::arm(&mut world, &token, "GET", &target, &Value::Null);
            assert_eq!(shown.value()["state"], state);
        }
    }

    #[test]
    fn canceled_it_is_disabled_and_a_person_deletes_it() {
        let mut world = World::test("tenants: [{users: 1, subscriptions: [{kind: Azure}]}]");
        let token = testing::token_for(
            &mut world,
            0,
            false,
            "https://management.azure.com/.default",
        );
        let id = world.tenants[0].subscriptions[0].id;
        let target = format!(
            "/subscriptions/{id}/providers/Microsoft.Subscription/cancel?api-version=2021-10-01"
        );
        let press = format!("/_sim/tenants/{}/press", world.tenants[0].id);
        let delete = json!({ "action": "deleteAzureSubscription", "id": id });
        assert_eq!(
            testing::control(&mut world, "POST", &press, &delete).status,
            409
        );
        assert_eq!(
            testing::arm(&mut world, &token, "POST", &target, &Value::Null).value()["subscriptionId"],
            id.to_string()
        );
        let listed = testing::arm(
            &mut world,
            &token,
            "GET",
            "/subscriptions?api-version=2022-12-01",
            &Value::Null,
        );
        assert_eq!(listed.value()["value"][0]["state"], "Disabled");
        for (minutes, status) in [(14.0, 409), (1.0, 200)] {
            world.clock.advance(minutes * 60.0);
            let pressed = testing::control(&mut world, "POST", &press, &delete);
            assert_eq!(pressed.status, status, "{minutes} minutes later");
        }
        world.clock.advance(72.0 * 3600.0);
        assert_eq!(
            testing::arm(&mut world, &token, "POST", &target, &Value::Null).status,
            404
        );
    }
}
