//! Azure Resource Manager: Azure subscriptions, billing subscriptions and directories.

use serde_json::{Value, json};

use super::exchange::{Reply, Request};
use super::login::{self, Caller};
use super::scenario::Kind;
use super::world::{DAY, Subscription, Tenant, World};

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(
        status,
        json!({ "error": { "code": code, "message": message } }),
    )
}

fn not_found(id: &str) -> Reply {
    error(
        404,
        "NotFound",
        &format!("The resource '{id}' could not be found."),
    )
}

// A table of routes reads best in one piece.
#[allow(clippy::too_many_lines)]
pub(crate) fn handle(world: &mut World, request: &Request) -> Reply {
    world.items += 1;
    if let Some((_, id)) = request.path.split_once("/operationResults/") {
        return operation(world, request, id);
    }
    let caller = match login::caller(world, request) {
        Ok(caller) if caller.audience.contains("management") => caller,
        Ok(_) => {
            return error(
                401,
                "InvalidAuthenticationTokenAudience",
                "The access token has been obtained for wrong audience or resource.",
            );
        }
        Err(text) => return error(401, "InvalidAuthenticationToken", text),
    };
    if request.query.get("api-version").is_none() {
        return error(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        );
    }
    if request.writes()
        && (world.plan_only.contains("*") || world.plan_only.contains(&caller.tenant_id))
    {
        world.violation("WriteInPlanMode", &caller.tenant_id, &request.path);
    }
    let parts = request.segments();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let Some(tenant) = world.tenants.get(caller.tenant) else {
        return not_found("tenant");
    };
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["subscriptions"]) => {
            let known = tenant
                .subscriptions
                .iter()
                .filter(|found| found.kind == Kind::Azure && !found.gone());
            let rows: Vec<Value> = known.map(|found| azure(tenant, found)).collect();
            Reply::json(
                200,
                json!({ "value": rows, "count": { "type": "Total", "value": rows.len() } }),
            )
        }
        ("GET", ["subscriptions", id]) => match tenant
            .subscriptions
            .iter()
            .find(|found| found.kind == Kind::Azure && found.id == *id && !found.gone())
        {
            Some(found) => Reply::json(200, azure(tenant, found)),
            None => error(
                404,
                "SubscriptionNotFound",
                &format!("The subscription '{id}' could not be found."),
            ),
        },
        (
            "GET",
            [
                "subscriptions",
                _,
                "resources" | "resourceGroups" | "resourcegroups",
            ],
        ) => Reply::json(200, json!({ "value": [] })),
        (
            "POST",
            [
                "subscriptions",
                id,
                "providers",
                "Microsoft.Subscription",
                "cancel",
            ],
        ) => cancel_azure(world, &caller, id),
        (
            method,
            [
                "subscriptions",
                _,
                "resourceGroups" | "resourcegroups",
                _,
                "providers",
                "Microsoft.AzureActiveDirectory",
                "ciamDirectories" | "b2cDirectories",
                name,
            ],
        ) => directory(world, request, &caller, method, name),
        ("GET", ["providers", "Microsoft.Billing", "billingAccounts"]) => {
            let mut rows = Vec::new();
            if tenant
                .subscriptions
                .iter()
                .any(|found| found.kind == Kind::CustomerAgreement)
            {
                rows.push(account(tenant));
            }
            Reply::json(200, json!({ "value": rows }))
        }
        (
            method,
            [
                "providers",
                "Microsoft.Billing",
                "billingAccounts",
                name,
                rest @ ..,
            ],
        ) => {
            if *name == tenant.billing_account() {
                billing(world, request, &caller, method, rest)
            } else {
                not_found(name)
            }
        }
        _ => error(
            404,
            "InvalidResourceType",
            "The resource type could not be found.",
        ),
    }
}

fn account(tenant: &Tenant) -> Value {
    let name = tenant.billing_account();
    json!({
        "id": format!("/providers/Microsoft.Billing/billingAccounts/{name}"), "name": name, "type": "Microsoft.Billing/billingAccounts",
        "properties": { "agreementType": "MicrosoftCustomerAgreement", "accountStatus": "Active", "accountType": "Business", "displayName": tenant.name },
    })
}

fn azure(tenant: &Tenant, found: &Subscription) -> Value {
    json!({
        "id": format!("/subscriptions/{}", found.id), "subscriptionId": found.id, "tenantId": tenant.id, "displayName": found.sku, "state": found.state,
        "authorizationSource": "RoleBased", "managedByTenants": [], "subscriptionPolicies": { "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off" },
    })
}

/// A human's hand is not judged here: only what comes through an interface is.
fn judge_cancel(world: &mut World, caller: &Caller, id: &str) {
    if world
        .tenants
        .get(caller.tenant)
        .is_some_and(|tenant| tenant.deletable > 0)
    {
        world.violation("SubscriptionCanceledBeforeUsers", &caller.tenant_id, id);
    }
    world.effect("subscriptionCanceled", id, &caller.app);
}

fn cancel_azure(world: &mut World, caller: &Caller, id: &str) -> Reply {
    let gone_at = world.clock.virtual_now() + 90 * DAY;
    let subscriptions = world
        .tenants
        .get_mut(caller.tenant)
        .map(|tenant| &mut tenant.subscriptions);
    let found = subscriptions.and_then(|all| {
        all.iter_mut()
            .find(|found| found.kind == Kind::Azure && found.id == id && !found.gone())
    });
    let Some(found) = found else {
        return error(
            404,
            "SubscriptionNotFound",
            &format!("The subscription '{id}' could not be found."),
        );
    };
    if !found.cancelable {
        return error(
            403,
            "AuthorizationFailed",
            "The client does not have authorization to perform action 'Microsoft.Subscription/cancel/action'.",
        );
    }
    if found.state == "Enabled" {
        found.state = "Disabled";
        found.gone_at = Some(gone_at);
        judge_cancel(world, caller, id);
    }
    Reply::json(200, json!({ "subscriptionId": id }))
}

/// The 202 of a long operation; it is done a second later.
fn accepted(world: &mut World, request: &Request, base: &str) -> Reply {
    world.operations += 1;
    let version = request.query.get("api-version").unwrap_or_default();
    let done = world.clock.real() + 1000;
    let link = format!(
        "https://{}{base}/operationResults/{}-{done}?api-version={version}",
        request.host, world.operations
    );
    Reply::empty(202)
        .with("Location", &link)
        .with("Azure-AsyncOperation", &link)
        .with("Retry-After", 1)
}

/// How a long operation stands; the link itself says when it ends. It answers even when the tenant of the caller is gone.
fn operation(world: &World, request: &Request, id: &str) -> Reply {
    let done = id
        .rsplit('-')
        .next()
        .and_then(|text| text.parse::<i64>().ok())
        .unwrap_or(0);
    if world.clock.real() < done {
        let again = format!(
            "https://{}{}?api-version=2024-04-01",
            request.host, request.path
        );
        return Reply::empty(202)
            .with("Location", again)
            .with("Retry-After", 1);
    }
    Reply::json(200, json!({ "status": "Succeeded" }))
}

fn billing(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    method: &str,
    rest: &[&str],
) -> Reply {
    let Some(tenant) = world.tenants.get(caller.tenant) else {
        return not_found("tenant");
    };
    let seats = || {
        tenant
            .subscriptions
            .iter()
            .filter(|found| found.kind == Kind::CustomerAgreement && !found.gone())
    };
    let base = format!(
        "/providers/Microsoft.Billing/billingAccounts/{}",
        tenant.billing_account()
    );
    match (method, rest) {
        ("GET", []) => Reply::json(200, account(tenant)),
        ("GET", ["billingSubscriptions"]) => {
            let rows: Vec<Value> = seats().map(|found| seat(world, tenant, found)).collect();
            Reply::json(200, json!({ "totalCount": rows.len(), "value": rows }))
        }
        (_, ["billingSubscriptions", id]) => {
            let Some(found) = seats().find(|found| found.id == *id) else {
                return not_found(id);
            };
            match method {
                "GET" => Reply::json(200, seat(world, tenant, found)),
                "PATCH" => renew(world, request, caller, id),
                "DELETE" if found.cancelable => cancel_seat(world, request, caller, id, &base),
                "DELETE" => error(
                    400,
                    "CancellationNotAllowed",
                    "The subscription cannot be canceled outside its cancellation window.",
                ),
                _ => error(405, "MethodNotAllowed", "The method is not allowed."),
            }
        }
        ("GET", ["invoices"]) => Reply::json(200, json!({ "value": [] })),
        _ => not_found(&rest.join("/")),
    }
}

fn seat(world: &World, tenant: &Tenant, found: &Subscription) -> Value {
    let status = if found.state == "Enabled" {
        "Active"
    } else {
        found.state
    };
    let end = world.clock.date(found.term_end);
    json!({
        "id": format!("/providers/Microsoft.Billing/billingAccounts/{}/billingSubscriptions/{}", tenant.billing_account(), found.id),
        "name": found.id, "type": "Microsoft.Billing/billingAccounts/billingSubscriptions",
        "properties": {
            "subscriptionId": found.id, "status": status, "autoRenew": if found.auto_renew { "On" } else { "Off" }, "termEndDate": end,
            "systemOverrides": { "cancellation": if found.cancelable { "Allowed" } else { "NotAllowed" }, "cancellationAllowedEndDate": end },
            "beneficiaryTenantId": tenant.id, "provisioningTenantId": tenant.id, "quantity": found.seats, "displayName": found.sku,
            "operationStatus": "None", "provisioningState": "Succeeded", "productType": "Seat based",
        },
    })
}

fn renew(world: &mut World, request: &Request, caller: &Caller, id: &str) -> Reply {
    let body = request.json();
    let on = match body["properties"]["autoRenew"].as_str() {
        Some("On") => true,
        Some("Off") => false,
        _ => return error(400, "InvalidRequest", "Only autoRenew can be changed."),
    };
    let subscriptions = world
        .tenants
        .get_mut(caller.tenant)
        .map(|tenant| &mut tenant.subscriptions);
    let Some(found) = subscriptions.and_then(|all| all.iter_mut().find(|found| found.id == id))
    else {
        return not_found(id);
    };
    let changed = found.auto_renew != on;
    found.auto_renew = on;
    if changed {
        world.effect("autoRenewChanged", id, &caller.app);
    }
    let tenant = world.tenants.get(caller.tenant);
    let reply = tenant.and_then(|tenant| {
        tenant
            .subscriptions
            .iter()
            .find(|found| found.id == id)
            .map(|found| seat(world, tenant, found))
    });
    reply.map_or_else(|| not_found(id), |value| Reply::json(200, value))
}

fn cancel_seat(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    id: &str,
    base: &str,
) -> Reply {
    let subscriptions = world
        .tenants
        .get_mut(caller.tenant)
        .map(|tenant| &mut tenant.subscriptions);
    let Some(found) = subscriptions.and_then(|all| all.iter_mut().find(|found| found.id == id))
    else {
        return not_found(id);
    };
    if found.state == "Enabled" {
        found.state = "Suspended";
        found.auto_renew = false;
        found.gone_at = Some(found.term_end);
        judge_cancel(world, caller, id);
    }
    accepted(world, request, base)
}

fn directory(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    method: &str,
    name: &str,
) -> Reply {
    let Some(at) = world.tenant(name) else {
        return if method == "DELETE" {
            Reply::empty(204)
        } else {
            not_found(name)
        };
    };
    let Some(tenant) = world.tenants.get(at) else {
        return not_found(name);
    };
    if method == "GET" {
        let value = json!({ "id": request.path, "name": name, "type": "Microsoft.AzureActiveDirectory/ciamDirectories", "location": "Europe", "properties": { "tenantId": tenant.id } });
        return Reply::json(200, value);
    }
    if method != "DELETE" {
        return error(405, "MethodNotAllowed", "The method is not allowed.");
    }
    if tenant.live > 1
        || tenant
            .applications
            .iter()
            .any(|object| object.app_id != tenant.app_id)
    {
        return error(
            409,
            "DirectoryNotEmpty",
            "The directory still holds users or applications.",
        );
    }
    let id = tenant.id.clone();
    if let Some(found) = world.tenants.get_mut(at) {
        found.deleted = true;
    }
    world.destroy("tenantDeleted", &id, &id, &caller.app);
    accepted(world, request, "/providers/Microsoft.AzureActiveDirectory")
}
