//! Billing accounts and the subscriptions under them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::judge::Act;
use super::super::scenario::SubscriptionKind;
use super::super::subscription::{HOUR, Stage, Subscription};
use super::super::tenant::{CUSTOMER, ENTERPRISE, ONLINE_SERVICES, Tenant};
use super::super::world::World;
use super::billing_rights::{check_access, is_scope, writable};
use super::{Ask, address, begin, forbidden};

/// The tenants whose bills the caller's tenant pays.
fn paid(world: &World, ask: &Ask<'_>) -> Vec<usize> {
    let payer = world.tenants[ask.caller.tenant].id;
    world
        .tenants
        .iter()
        .enumerate()
        .filter(|(_, tenant)| tenant.payer == payer)
        .map(|(index, _)| index)
        .collect()
}

/// The billing accounts of a tenant, each with its agreement.
fn accounts(tenant: &Tenant) -> impl Iterator<Item = (String, &str)> {
    let named = |(place, agreement): (usize, &String)| match (place, agreement.as_str()) {
        (0, _) => tenant.billing_account.clone(),
        // The number of an enrollment.
        (_, ENTERPRISE) => format!("{:08}", tenant.id.as_u128() % 100_000_000),
        _ => Uuid::new_v5(&tenant.id, agreement.as_bytes()).to_string(),
    };
    let all = tenant.agreements.iter().enumerate();
    all.map(move |entry| (named(entry), entry.1.as_str()))
}

/// The agreement of the account of this name.
fn agreement<'a>(tenant: &'a Tenant, name: &str) -> Option<&'a str> {
    accounts(tenant)
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, agreement)| agreement)
}

/// What an account shows. What was bought directly and under an enterprise agreement is there for reading; the former only
/// where `includeTenantSubscriptions` asks for it.
fn belongs(agreement: &str, one: &Subscription, tenants_too: bool) -> bool {
    match one.kind {
        SubscriptionKind::CustomerAgreement | SubscriptionKind::EntraIdFree => {
            agreement == CUSTOMER
        }
        SubscriptionKind::Enterprise => agreement == ENTERPRISE,
        SubscriptionKind::Direct => agreement == ONLINE_SERVICES && tenants_too,
        _ => false,
    }
}

pub(super) fn route(world: &mut World, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
    if !ask.caller.billing_role {
        return match parts {
            [] => Ok(Reply::json(200, json!({ "value": [] }))),
            _ => Err(forbidden(
                ask,
                "Microsoft.Billing/billingAccounts/billingSubscriptions/read",
            )),
        };
    }
    let paid = paid(world, ask);
    match (ask.request.method.as_str(), parts) {
        ("GET", []) => {
            let mut seen = std::collections::BTreeSet::new();
            let rows = paid
                .iter()
                .map(|index| &world.tenants[*index])
                .flat_map(|tenant| {
                    accounts(tenant).map(move |(name, of)| account(tenant, &name, of))
                })
                .filter(|row| seen.insert(row["id"].to_string()));
            Ok(Reply::json(
                200,
                json!({ "value": rows.collect::<Vec<_>>() }),
            ))
        }
        ("GET", [name]) => {
            let found = paid
                .iter()
                .map(|index| &world.tenants[*index])
                .find_map(|tenant| Some(account(tenant, name, agreement(tenant, name)?)));
            found
                .map(|row| Reply::json(200, row))
                .ok_or_else(|| missing(name))
        }
        ("POST", [name, inside @ .., "checkAccess"]) if is_scope(inside) => {
            let known = paid.iter().map(|index| &world.tenants[*index]);
            let mut known = known.filter_map(|tenant| agreement(tenant, name));
            known.next().ok_or_else(|| missing(name))?;
            check_access(ask)
        }
        ("GET", [name, "billingSubscriptions"]) => Ok(listed(world, ask, &paid, name)),
        (method, [name, "billingSubscriptions", id, rest @ ..]) => {
            let place = paid.iter().copied().find_map(|index| {
                let tenant = &world.tenants[index];
                let of = agreement(tenant, name)?;
                let at = tenant.subscriptions.iter().position(|one| {
                    belongs(of, one, true) && one.commerce_id.to_string().eq_ignore_ascii_case(id)
                })?;
                Some((index, at))
            });
            let (index, at) = place.ok_or_else(|| missing(id))?;
            match (method, rest) {
                ("GET", []) => {
                    let tenant = &world.tenants[index];
                    if tenant.subscriptions[at].gone() {
                        return Err(missing(id));
                    }
                    Ok(Reply::json(
                        200,
                        row(world, tenant, name, &tenant.subscriptions[at]),
                    ))
                }
                ("PATCH", []) => renewal(world, ask, index, name, at),
                ("DELETE", []) => cancel(world, ask, index, at),
                ("POST", ["cancel"]) => Err(Refusal::new(
                    400,
                    "BadRequest",
                    "Only a Microsoft Partner Agreement has this operation.",
                )),
                _ => Err(missing(id)),
            }
        }
        _ => Err(missing("operation")),
    }
}

/// What one account bought.
fn listed(world: &World, ask: &Ask<'_>, paid: &[usize], name: &str) -> Reply {
    let asked = |option| ask.request.query.get(option) == Some("true");
    let (deleted, tenants_too) = (asked("includeDeleted"), asked("includeTenantSubscriptions"));
    let tenants = paid.iter().filter_map(|index| {
        let tenant = &world.tenants[*index];
        Some((tenant, agreement(tenant, name)?))
    });
    let rows: Vec<_> = tenants
        .flat_map(|(tenant, of)| {
            let all = tenant.subscriptions.iter();
            all.filter(move |one| belongs(of, one, tenants_too) && (deleted || !one.gone()))
                .map(move |one| row(world, tenant, name, one))
        })
        .collect();
    Reply::json(200, json!({ "totalCount": rows.len(), "value": rows }))
}

fn missing(id: &str) -> Refusal {
    Refusal::new(
        404,
        "ResourceNotFound",
        format!("The resource '{id}' was not found."),
    )
}

fn account(tenant: &Tenant, name: &str, agreement: &str) -> Value {
    json!({
        "id": format!("/providers/Microsoft.Billing/billingAccounts/{name}"), "name": name, "type": "Microsoft.Billing/billingAccounts",
        "properties": { "agreementType": agreement, "accountStatus": "Active", "accountType": "Business", "displayName": tenant.display_name,
            "hasReadAccess": true, "primaryBillingTenantId": tenant.payer },
    })
}

pub(super) fn locked(world: &World, one: &Subscription) -> bool {
    one.locked_until > world.clock.virtual_now()
}

fn row(world: &World, tenant: &Tenant, account: &str, one: &Subscription) -> Value {
    let lag = world
        .find(tenant.id)
        .map_or(0.0, |index| world.behaviour_of(index).arm_lag_hours);
    let one = &one.seen(world.clock.virtual_now() - (lag * HOUR) as i64);
    let id = format!(
        "/providers/Microsoft.Billing/billingAccounts/{account}/billingSubscriptions/{}",
        one.commerce_id
    );
    let allowed = one.cancellable && one.kind == SubscriptionKind::CustomerAgreement;
    let end = world.clock.date(one.term_end);
    json!({
        "id": id, "name": one.commerce_id, "type": "Microsoft.Billing/billingAccounts/billingSubscriptions",
        "properties": {
            "subscriptionId": one.commerce_id, "displayName": one.sku, "productType": one.sku, "productTypeId": one.sku, "productCategory": "SeatBased", "skuId": one.sku_id,
            "skuDescription": one.sku, "quantity": one.seats, "status": one.billing_status(), "operationStatus": if locked(world, one) { "LockedForUpdate" } else { "None" },
            "provisioningState": "Succeeded", "autoRenew": if one.auto_renew { "On" } else { "Off" },
            "beneficiaryTenantId": tenant.id, "beneficiary": { "tenantId": tenant.id }, "provisioningTenantId": tenant.id, "billingFrequency": "P1M", "termDuration": one.term_duration(),
            "billingProfileId": format!("/providers/Microsoft.Billing/billingAccounts/{account}/billingProfiles/AAAA-BBBB"),
            "invoiceSectionId": format!("/providers/Microsoft.Billing/billingAccounts/{account}/billingProfiles/AAAA-BBBB/invoiceSections/CCCC-DDDD"),
            "termStartDate": world.clock.date(one.term_end - one.term), "termEndDate": end, "purchaseDate": world.clock.date(one.term_end - one.term),
            "renewalTermDetails": { "termEndDate": world.clock.date(one.term_end + one.term), "quantity": one.seats, "termDuration": one.term_duration(), "billingFrequency": "P1M" },
            "systemOverrides": { "cancellation": if allowed { "Allowed" } else { "NotAllowed" }, "cancellationAllowedEndDate": allowed.then(|| world.clock.date(one.last_cancellation())) },
            "suspensionReasons": if one.stage == Stage::Suspended { json!(["Cancelled"]) } else { json!([]) }, "suspensionReasonDetails": [],
        },
    })
}

fn renewal(
    world: &mut World,
    ask: &Ask<'_>,
    index: usize,
    account: &str,
    at: usize,
) -> Result<Reply, Refusal> {
    let id = world.tenants[index].subscriptions[at].id;
    world.judged(index, &Act::Write(format!("renewal of {id}")), &ask.actor());
    writable(world, ask, &world.tenants[index].subscriptions[at])?;
    let on = match ask.body["properties"]["autoRenew"].as_str() {
        Some("On") => true,
        Some("Off") => false,
        _ => {
            return Err(Refusal::new(
                400,
                "BadRequest",
                "autoRenew must be On or Off.",
            ));
        }
    };
    let one = &mut world.tenants[index].subscriptions[at];
    if one.auto_renew != on {
        one.auto_renew = on;
        world.record(
            index,
            if on { "renewalOn" } else { "renewalOff" },
            id,
            &ask.actor(),
        );
    }
    let tenant = &world.tenants[index];
    Ok(Reply::json(
        200,
        row(world, tenant, account, &tenant.subscriptions[at]),
    ))
}

fn cancel(world: &mut World, ask: &Ask<'_>, index: usize, at: usize) -> Result<Reply, Refusal> {
    let now = world.clock.virtual_now();
    let id = world.tenants[index].subscriptions[at].id;
    world.judged(index, &Act::CancelSubscription(id), &ask.actor());
    let one = &world.tenants[index].subscriptions[at];
    if one.gone() {
        return Ok(Reply::empty(204));
    }
    writable(world, ask, one)?;
    if !one.cancellable {
        return Err(Refusal::new(
            world.behaviour_of(index).cancellation_refusal,
            "CancellationNotAllowed",
            "The cancellation window of this subscription has passed.",
        ));
    }
    if world.tenants[index].subscriptions[at].cancel(now) {
        world.record(index, "subscriptionCanceled", id, &ask.actor());
    }
    let operation = begin(world, ask, None);
    let path = format!("/providers/Microsoft.Billing/operationStatus/{operation}");
    Ok(Reply::empty(202)
        .with("Location", address(ask, &path))
        .with("Retry-After", 1))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    const SCENARIO: &str = "tenants: [{users: 1, subscriptions: [{kind: CustomerAgreement, termEndDays: 14}, {kind: Direct}]}]";
    const V: &str = "api-version=2024-04-01";

    fn list(world: &mut World, token: &str) -> Value {
        let name = world.tenants[0].billing_account.clone();
        let target =
            format!("/providers/Microsoft.Billing/billingAccounts/{name}/billingSubscriptions?{V}");
        testing::arm(world, token, "GET", &target, &Value::Null).value()["value"].clone()
    }

    #[test]
    fn canceled_it_goes_at_the_end_of_the_term() {
        let mut world = World::test(SCENARIO);
        let token = testing::token_for(
            &mut world,
            0,
            false,
            "https://management.azure.com/.default",
        );
        let rows = list(&mut world, &token);
        assert_eq!(rows.as_array().unwrap().len(), 1);
        assert_eq!(
            rows[0]["properties"]["systemOverrides"]["cancellation"],
            "Allowed"
        );
        let target = format!("{}?{V}", rows[0]["id"].as_str().unwrap());
        let off = testing::arm(
            &mut world,
            &token,
            "PATCH",
            &target,
            &json!({ "properties": { "autoRenew": "Off" } }),
        );
        assert_eq!(off.value()["properties"]["autoRenew"], "Off");
        let reply = testing::arm(&mut world, &token, "DELETE", &target, &Value::Null);
        assert_eq!(reply.status, 202);
        let header = |name: &str| {
            reply
                .headers
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .unwrap()
                .1
                .clone()
        };
        let poll = header("Location")
            .trim_start_matches("https://graph.microsoft.com")
            .to_owned();
        assert_eq!(
            testing::arm(&mut world, &token, "GET", &poll, &Value::Null).status,
            202
        );
        world.clock.pass(1000);
        assert_eq!(
            testing::arm(&mut world, &token, "GET", &poll, &Value::Null).status,
            200
        );
        assert_eq!(
            list(&mut world, &token)[0]["properties"]["status"],
            "Cancelled"
        );
        world.clock.advance(15.0 * 86_400.0);
        assert_eq!(list(&mut world, &token).as_array().unwrap().len(), 0);
        assert_eq!(
            testing::arm(&mut world, &token, "DELETE", &target, &Value::Null).status,
            204
        );
        assert!(
            world
                .effects
                .iter()
                .any(|effect| effect.kind == "subscriptionGone")
        );
    }

    #[test]
    fn each_agreement_has_an_account_of_its_own() {
        let mut world = World::test(
            "tenants: [{users: 3, subscriptions: [{kind: CustomerAgreement, sku: A}, {kind: Direct, sku: B}, {kind: Enterprise, sku: C}, {kind: SelfService, sku: D}]}]",
        );
        let token = testing::token_for(
            &mut world,
            0,
            false,
            "https://management.azure.com/.default",
        );
        let get = |world: &mut World, path: &str, more: &str| {
            let target = format!("{path}?{V}{more}");
            testing::arm(world, &token, "GET", &target, &Value::Null).value()["value"].clone()
        };
        let all = "/providers/Microsoft.Billing/billingAccounts";
        let accounts = get(&mut world, all, "");
        let told: Vec<(String, String)> = accounts
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let path = format!("{}/billingSubscriptions", one["id"].as_str().unwrap());
                let asked = get(&mut world, &path, "&includeTenantSubscriptions=true");
                let shown = asked.as_array().unwrap().iter();
                let skus: Vec<&str> = shown
                    .filter_map(|one| one["properties"]["displayName"].as_str())
                    .collect();
                let agreement = one["properties"]["agreementType"].as_str().unwrap();
                (agreement.to_owned(), skus.join(" "))
            })
            .collect();
        let told: Vec<(&str, &str)> = told.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(
            told,
            [(CUSTOMER, "A"), (ENTERPRISE, "C"), (ONLINE_SERVICES, "B")]
        );
        let path = format!(
            "{}/billingSubscriptions",
            accounts[2]["id"].as_str().unwrap()
        );
        assert_eq!(get(&mut world, &path, "").as_array().unwrap().len(), 0);
        let path = format!(
            "{}/billingSubscriptions",
            accounts[1]["id"].as_str().unwrap()
        );
        let agreed = get(&mut world, &path, "")[0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let target = format!("{agreed}?{V}");
        let refused = testing::arm(&mut world, &token, "DELETE", &target, &Value::Null);
        assert_eq!(refused.status, 400);
    }

    #[test]
    fn refusals_of_a_cancel() {
        let mut world = World::test(
            "tenants: [{users: 1, subscriptions: [{kind: CustomerAgreement, cancellable: false}, {kind: CustomerAgreement, lockedHours: 5}]}]",
        );
        let token = testing::token_for(
            &mut world,
            0,
            false,
            "https://management.azure.com/.default",
        );
        let reader =
            testing::token_for(&mut world, 0, true, "https://management.azure.com/.default");
        let rows = list(&mut world, &token);
        let target = |number: usize| format!("{}?{V}", rows[number]["id"].as_str().unwrap());
        assert_eq!(
            testing::arm(&mut world, &token, "DELETE", &target(0), &Value::Null).status,
            400
        );
        assert_eq!(
            testing::arm(&mut world, &token, "DELETE", &target(1), &Value::Null).status,
            409
        );
        assert_eq!(
            testing::arm(&mut world, &reader, "DELETE", &target(0), &Value::Null).status,
            403
        );
        assert_eq!(
            testing::arm(&mut world, &token, "GET", "/subscriptions", &Value::Null).status,
            400
        );
    }
}
