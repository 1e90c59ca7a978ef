//! Partner Center: the partner's own client reads and changes what the partner sold.

use serde_json::{Value, json};
use uuid::Uuid;

use super::clock::Clock;
use super::errors::Refusal;
use super::exchange::{Reply, Request};
use super::judge::{Act, Actor};
use super::scenario::SubscriptionKind;
use super::subscription::Subscription;
use super::token;
use super::world::World;

pub(crate) fn serve(world: &mut World, request: &Request) -> Reply {
    let caller = match token::caller(world, request) {
        Ok(caller) => caller,
        Err(text) => return Refusal::new(401, "Unauthorized", text).partner(),
    };
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
                        &world.tenants[index].subscriptions[at],
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
    answer
        .unwrap_or_else(|refusal| refusal.partner())
        .with("MS-RequestId", &request.request_id)
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
    let sold = tenant
        .subscriptions
        .iter()
        .filter(|one| one.kind == SubscriptionKind::Partner && one.seller == partner);
    let rows: Vec<_> = sold.map(|one| row(one, &world.clock, partner)).collect();
    Ok(Reply::json(
        200,
        json!({ "totalCount": rows.len(), "items": rows, "attributes": { "objectType": "Collection" } }),
    ))
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
    json!({
        "id": one.commerce_id, "offerId": format!("{}:0001:X", one.sku), "offerName": one.sku, "friendlyName": one.sku, "quantity": one.seats, "unitType": "Licenses",
        "status": one.partner_status(), "autoRenewEnabled": one.auto_renew, "isTrial": one.trial, "billingType": "license", "billingCycle": "monthly", "termDuration": "P1Y",
        "creationDate": clock.date(one.term_end - one.term), "effectiveStartDate": clock.date(one.term_end - one.term), "commitmentEndDate": clock.date(one.term_end),
        "cancellationAllowedUntilDate": one.cancellable.then(|| clock.date(one.term_end)), "isMicrosoftProduct": true, "partnerId": partner, "contractType": "subscription",
        "attributes": { "objectType": "Subscription", "etag": "simulated" },
    })
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
    let wanted = body["status"].as_str().unwrap_or_default().to_owned();
    let cancels = matches!(wanted.as_str(), "deleted" | "suspended");
    world.judged(
        index,
        &if cancels {
            Act::CancelSubscription(object)
        } else {
            Act::Write(format!("renewal of {object}"))
        },
        actor,
    );
    if ["id", "offerId", "quantity", "billingCycle"]
        .iter()
        .any(|name| body.get(name).is_none())
    {
        return Err(Refusal::new(
            400,
            "BadRequest",
            "The full subscription resource is required.",
        ));
    }
    let one = &mut world.tenants[index].subscriptions[at];
    if cancels && one.active() {
        if !one.cancellable {
            return Err(Refusal::new(
                400,
                "BadRequest",
                "The subscription cannot be canceled outside of its cancellation window.",
            ));
        }
        one.cancel(now);
        if wanted == "deleted" {
            one.gone_at = Some(now + one.deprovision);
        }
        world.record(index, "subscriptionCanceled", object, actor);
    } else if let Some(renew) = body["autoRenewEnabled"]
        .as_bool()
        .filter(|renew| *renew != one.auto_renew)
    {
        one.auto_renew = renew;
        world.record(
            index,
            if renew { "renewalOn" } else { "renewalOff" },
            object,
            actor,
        );
    }
    Ok(Reply::json(
        200,
        row(
            &world.tenants[index].subscriptions[at],
            &world.clock,
            partner,
        ),
    ))
}
