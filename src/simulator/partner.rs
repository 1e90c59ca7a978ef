//! Partner Center: the partner's own client reads and changes what the partner sold.

use serde_json::{Value, json};
use uuid::Uuid;

use super::clock::Clock;
use super::errors::Refusal;
use super::exchange::{Reply, Request};
use super::judge::{Act, Actor};
use super::scenario::SubscriptionKind;
use super::subscription::{HOUR, Subscription};
use super::token;
use super::world::World;

pub(crate) fn serve(world: &mut World, request: &Request) -> Reply {
    let caller = match token::caller(world, request) {
        Ok(caller) => caller,
        Err(text) => return Refusal::new(401, "Unauthorized", text).partner(),
    };
    if !caller.partner_center {
        let text = "The application is not registered in Partner Center.";
        return Refusal::new(403, "Forbidden", text).partner();
    }
    let actor = Actor {
        app: Some(caller.app_id),
        reader: caller.reader,
        request_id: request.request_id.clone(),
    };
    let partner = world.tenants[caller.tenant].id;
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let answer = match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["v1", "customers", customer, "subscriptions"]) => list(world, partner, customer),
        ("GET", ["v1", "customers", customer, "subscriptions", id]) => {
            find(world, partner, customer, id).map(|(index, at)| {
                Reply::json(
                    200,
                    row(
                        &world.tenants[index].subscriptions[at].seen(seen(world, customer)),
                        &world.clock,
                        partner,
                    ),
                )
            })
        }
        ("PATCH", ["v1", "customers", customer, "subscriptions", id]) => {
            change(world, &actor, partner, customer, id, &request.json())
        }
        _ => Err(Refusal::new(404, "NotFound", "The resource was not found.")),
    };
    answer.unwrap_or_else(|refusal| refusal.partner())
}

fn customer_of(world: &World, customer: &str) -> Result<usize, Refusal> {
    let found = Uuid::parse_str(customer)
        .ok()
        .and_then(|id| world.find(id))
        .filter(|index| world.tenants[*index].exists());
    found.ok_or_else(|| Refusal::new(404, "NotFound", "The customer was not found."))
}

fn list(world: &World, partner: Uuid, customer: &str) -> Result<Reply, Refusal> {
    let tenant = &world.tenants[customer_of(world, customer)?];
    let moment = seen(world, customer);
    let sold = tenant
        .subscriptions
        .iter()
        .map(|one| one.seen(moment))
        .filter(|one| one.kind == SubscriptionKind::Partner && one.seller == partner);
    let rows: Vec<_> = sold.map(|one| row(&one, &world.clock, partner)).collect();
    Ok(Reply::json(
        200,
        json!({ "totalCount": rows.len(), "items": rows, "attributes": { "objectType": "Collection" } }),
    ))
}

/// The moment that Partner Center shows.
fn seen(world: &World, customer: &str) -> i64 {
    let lag = customer_of(world, customer)
        .map_or(0.0, |index| world.behaviour_of(index).partner_lag_hours);
    world.clock.virtual_now() - (lag * HOUR) as i64
}

fn find(world: &World, partner: Uuid, customer: &str, id: &str) -> Result<(usize, usize), Refusal> {
    let index = customer_of(world, customer)?;
    let same = |one: &Subscription| {
        one.kind == SubscriptionKind::Partner
            && one.seller == partner
            && one.commerce_id.to_string().eq_ignore_ascii_case(id)
    };
    let at = world.tenants[index].subscriptions.iter().position(same);
    at.map(|at| (index, at))
        .ok_or_else(|| Refusal::new(404, "NotFound", "The subscription was not found."))
}

fn row(one: &Subscription, clock: &Clock, partner: Uuid) -> Value {
    let offer = if one.legacy_offer {
        one.sku_id.to_string()
    } else {
        format!("{}:0001:X", one.sku)
    };
    let until = (one.cancellable && !one.legacy_offer).then(|| clock.date(one.last_cancellation()));
    json!({
        "id": one.commerce_id, "offerId": offer, "offerName": one.sku, "friendlyName": one.sku, "quantity": one.seats, "unitType": "Licenses",
        "status": one.partner_status(), "autoRenewEnabled": one.auto_renew, "isTrial": one.trial, "billingType": "license", "billingCycle": "monthly", "termDuration": one.term_duration(), "renewalTermDuration": one.term_duration(),
        "creationDate": clock.date(one.term_end - one.term), "effectiveStartDate": clock.date(one.term_end - one.term), "commitmentEndDate": clock.date(one.term_end),
        "cancellationAllowedUntilDate": until, "isMicrosoftProduct": true, "partnerId": partner, "contractType": "subscription",
        "attributes": { "objectType": "Subscription", "etag": "simulated" },
    })
}

/// Every status of a subscription: <https://learn.microsoft.com/partner-center/developer/subscription-resources>.
const STATUSES: &[&str] = &[
    "none",
    "active",
    "suspended",
    "deleted",
    "expired",
    "pending",
    "disabled",
];

/// What a partner cannot change, or can and is not played here.
const FIXED: &[&str] = &[
    "id",
    "offerId",
    "friendlyName",
    "quantity",
    "isTrial",
    "billingType",
    "billingCycle",
    "termDuration",
    "renewalTermDuration",
    "partnerId",
];

/// What a change asks for.
struct Wanted {
    status: String,
    renews: bool,
}

/// Reads a change. What a program leaves out would be lost: the whole resource goes back, but for what describes the answer.
fn read(body: &Value, whole: &Value) -> Result<Wanted, Refusal> {
    let bad = |text: String| Refusal::new(400, "BadRequest", text);
    let names = whole.as_object().into_iter().flat_map(|all| all.keys());
    let mut names = names.filter(|name| *name != "attributes");
    if names.any(|name| body.get(name).is_none()) {
        return Err(bad("The full subscription resource is required.".to_owned()));
    }
    if let Some(name) = FIXED.iter().find(|name| body[**name] != whole[**name]) {
        return Err(bad(format!(
            "The property '{name}' of the subscription cannot be changed here."
        )));
    }
    let status = body["status"].as_str().unwrap_or_default();
    let status = status.to_ascii_lowercase();
    if !STATUSES.contains(&status.as_str()) {
        let told = &body["status"];
        return Err(bad(format!("The subscription status {told} is not valid.")));
    }
    let renews = body["autoRenewEnabled"].as_bool();
    let renews = renews.ok_or_else(|| bad("autoRenewEnabled must be true or false.".to_owned()))?;
    Ok(Wanted { status, renews })
}

/// Whether it can be ended in this way now.
fn cancelable(one: &Subscription, wanted: &str) -> Result<(), Refusal> {
    let why = match (one.legacy_offer, wanted == "suspended") {
        (true, false) => "The subscription of a legacy offer is suspended, not deleted.",
        (false, true) => "The subscription is deleted, not suspended.",
        (false, false) if !one.cancellable => {
            "The subscription cannot be canceled outside of its cancellation window."
        }
        _ => return Ok(()),
    };
    Err(Refusal::new(400, "BadRequest", why))
}

fn change(
    world: &mut World,
    actor: &Actor,
    partner: Uuid,
    customer: &str,
    id: &str,
    body: &Value,
) -> Result<Reply, Refusal> {
    let (index, at) = find(world, partner, customer, id)?;
    let now = world.clock.virtual_now();
    let object = world.tenants[index].subscriptions[at].id;
    let told = body["status"].as_str().unwrap_or_default();
    let cancels = |status: &str| ["deleted", "suspended"].contains(&status);
    world.judged(
        index,
        &if cancels(&told.to_ascii_lowercase()) {
            Act::CancelSubscription(object)
        } else {
            Act::Write(format!("renewal of {object}"))
        },
        actor,
    );
    let whole = row(
        &world.tenants[index].subscriptions[at],
        &world.clock,
        partner,
    );
    let wanted = read(body, &whole)?;
    let one = &mut world.tenants[index].subscriptions[at];
    let same = wanted.status == one.partner_status();
    let done = if one.active() && cancels(&wanted.status) {
        cancelable(one, &wanted.status)?;
        one.cancel(now);
        if wanted.status == "deleted" {
            one.gone_at = Some(now + one.deprovision);
        }
        Some("subscriptionCanceled")
    } else if one.active() && same {
        let changes = one.auto_renew != wanted.renews;
        one.auto_renew = wanted.renews;
        let kind = if wanted.renews {
            "renewalOn"
        } else {
            "renewalOff"
        };
        changes.then_some(kind)
    } else if same && (cancels(&wanted.status) || one.auto_renew == wanted.renews) {
        // The same again, after an answer that was lost, say.
        None
    } else {
        let text = format!(
            "The subscription is {}: it cannot become {}.",
            one.partner_status(),
            wanted.status
        );
        return Err(Refusal::new(400, "BadRequest", text));
    };
    if let Some(kind) = done {
        world.record(index, kind, object, actor);
    }
    let one = &world.tenants[index].subscriptions[at];
    Ok(Reply::json(200, row(one, &world.clock, partner)))
}

#[cfg(test)]
mod tests {
    use super::super::exchange::Service;
    use super::super::testing;
    use super::*;

    const PARTNER: &str = "11111111-2222-4333-8444-555555555555";

    fn call(world: &mut World, token: &str, method: &str, target: &str, body: &Value) -> Reply {
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        testing::raw(world, Service::Partner, method, target, Some(token), &bytes)
    }

    #[test]
    fn the_whole_resource_goes_back_within_the_window() {
        let sold = format!(
            "{{kind: Partner, partnerTenantId: {PARTNER}, termEndDays: 300, cancellableDays: 7}}"
        );
        let mut world = World::test(&format!(
            "{{tenants: [{{id: {PARTNER}, users: 3}}, {{users: 1, subscriptions: [{sold}, {sold}]}}], behaviour: {{partnerLagHours: 24}}}}"
        ));
        let token = testing::token_for(
            &mut world,
            0,
            false,
            "https://api.partnercenter.microsoft.com/.default",
        );
        let list = format!("/v1/customers/{}/subscriptions", world.tenants[1].id);
        let rows = call(&mut world, &token, "GET", &list, &Value::Null).value()["items"].clone();
        let target = |number: usize| format!("{list}/{}", rows[number]["id"].as_str().unwrap());
        let only = json!({ "id": rows[0]["id"], "status": "deleted" });
        let refused = call(&mut world, &token, "PATCH", &target(0), &only);
        assert_eq!(
            (refused.status, refused.value()["description"].as_str()),
            (400, Some("The full subscription resource is required."))
        );
        let mut whole = rows[0].clone();
        whole["status"] = json!("deleted");
        assert_eq!(
            call(&mut world, &token, "PATCH", &target(0), &whole).value()["status"],
            "deleted"
        );
        // Sent again after a lost answer, with the renewal as it was, it changes nothing.
        let effects = world.effects.len();
        let again = call(&mut world, &token, "PATCH", &target(0), &whole);
        assert_eq!(
            (
                &again.value()["status"],
                &again.value()["autoRenewEnabled"],
                world.effects.len()
            ),
            (&json!("deleted"), &json!(false), effects)
        );
        whole["status"] = json!("active");
        let back = call(&mut world, &token, "PATCH", &target(0), &whole);
        assert_eq!((back.status, world.effects.len()), (400, effects));
        // What others see is a day behind.
        assert_eq!(
            call(&mut world, &token, "GET", &target(0), &Value::Null).value()["status"],
            "active"
        );
        world.clock.advance(8.0 * 86_400.0);
        assert_eq!(
            call(&mut world, &token, "GET", &target(0), &Value::Null).value()["status"],
            "deleted"
        );
        let mut late = rows[1].clone();
        late["status"] = json!("deleted");
        assert_eq!(
            call(&mut world, &token, "PATCH", &target(1), &late).status,
            400
        );
        late["status"] = json!("active");
        late["autoRenewEnabled"] = json!(false);
        assert_eq!(
            call(&mut world, &token, "PATCH", &target(1), &late).value()["autoRenewEnabled"],
            false
        );
    }

    #[test]
    fn what_is_not_known_or_not_played_is_refused() {
        let mut world = World::test(&format!(
            "tenants: [{{id: {PARTNER}, users: 3}}, {{users: 1, subscriptions: [{{kind: Partner, partnerTenantId: {PARTNER}}}]}}]"
        ));
        let scope = "https://api.partnercenter.microsoft.com/.default";
        let token = testing::token_for(&mut world, 0, false, scope);
        let list = format!("/v1/customers/{}/subscriptions", world.tenants[1].id);
        let rows = call(&mut world, &token, "GET", &list, &Value::Null);
        let whole = rows.value()["items"][0].clone();
        let target = format!("{list}/{}", whole["id"].as_str().unwrap());
        for (name, value) in [
            ("status", json!("cancelled")),
            ("status", json!(1)),
            ("status", json!("expired")),
            ("quantity", json!(1)),
            ("friendlyName", json!("Other")),
            ("autoRenewEnabled", json!("no")),
        ] {
            let mut changed = whole.clone();
            changed[name] = value;
            let reply = call(&mut world, &token, "PATCH", &target, &changed);
            assert_eq!(reply.status, 400, "{name}: {reply:?}");
        }
        assert!(world.effects.is_empty());
        let same = call(&mut world, &token, "PATCH", &target, &whole);
        assert_eq!((same.status, same.value()), (200, &whole));
    }
}
