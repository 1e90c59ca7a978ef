//! Subscriptions as Graph reads them, and the products behind them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::clock::Clock;
use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::scenario::SubscriptionKind;
use super::super::subscription::{HOUR, Subscription};
use super::super::world::World;
use super::{Answer, Call, listing, unknown};

const READ: &[&str] = &[
    "Organization.Read.All",
    "Organization.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

pub(super) fn route(world: &World, call: &Call) -> Answer {
    if call.method != "GET" {
        return Err(unknown(call));
    }
    call.require(READ)?;
    let tenant = &world.tenants[call.caller.tenant];
    let keep = world
        .behaviour_of(call.caller.tenant)
        .keep_deleted_subscriptions;
    let lag = world.behaviour_of(call.caller.tenant).graph_lag_hours;
    let moment = world.clock.virtual_now() - (lag * HOUR) as i64;
    // Azure subscriptions, and what comes with the tenant, are ARM's; Graph does not show them.
    let shown: Vec<_> = tenant
        .subscriptions
        .iter()
        .map(|one| one.seen(moment))
        .filter(|one| one.kind != SubscriptionKind::Azure && !one.with_tenant())
        .filter(|one| keep || !one.gone())
        .collect();
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["directory", "subscriptions"] => listing::small(
            call,
            "directory/subscriptions",
            shown
                .iter()
                .map(|one| row(one, &world.clock, tenant.id))
                .collect(),
        ),
        ["directory", "subscriptions", key] => {
            let wanted = key.strip_prefix("commerceSubscriptionId=").unwrap_or(key);
            let found = shown
                .iter()
                .find(|one| one.id.to_string() == wanted || one.commerce_id.to_string() == wanted);
            found
                .map(|one| Reply::json(200, row(one, &world.clock, tenant.id)))
                .ok_or_else(|| Refusal::not_found(key))
        }
        ["subscribedSkus"] => listing::small(
            call,
            "subscribedSkus",
            shown.iter().map(|one| sku(one, tenant.id)).collect(),
        ),
        _ => Err(unknown(call)),
    }
}

/// What was bought directly, by self-service and under an enterprise agreement looks the same here.
fn row(one: &Subscription, clock: &Clock, tenant: Uuid) -> Value {
    let partner = one.kind == SubscriptionKind::Partner;
    let next = (!one.gone()).then(|| clock.date(one.next_change()));
    json!({
        "id": one.id, "commerceSubscriptionId": one.commerce_id, "createdDateTime": clock.date(one.term_end.min(0) - one.term), "isTrial": one.trial,
        "nextLifecycleDateTime": next, "ownerId": null, "ownerTenantId": partner.then_some(one.seller), "ownerType": if partner { Value::Null } else { json!("User") },
        "serviceStatus": [{ "appliesTo": "User", "provisioningStatus": "Success", "servicePlanId": Uuid::new_v5(&tenant, one.sku.as_bytes()), "servicePlanName": one.sku }],
        "skuId": one.sku_id, "skuPartNumber": one.sku, "status": one.stage.graph(), "totalLicenses": one.seats,
    })
}

fn sku(one: &Subscription, tenant: Uuid) -> Value {
    let status = one.stage.graph();
    let units = |wanted: &str| if status == wanted { one.seats } else { 0 };
    json!({
        "id": format!("{tenant}_{}", one.sku_id), "accountId": tenant, "accountName": "contoso", "appliesTo": "User", "capabilityStatus": status, "consumedUnits": 0,
        "prepaidUnits": { "enabled": units("Enabled"), "lockedOut": units("LockedOut"), "suspended": units("Suspended"), "warning": units("Warning") },
        "servicePlans": [], "skuId": one.sku_id, "skuPartNumber": one.sku, "subscriptionIds": [one.id],
    })
}
