//! What a person presses on what was bought.

use serde_json::Value;
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::judge::Actor;
use super::super::scenario::SubscriptionKind;
use super::super::subscription::Stage;
use super::super::world::World;
use super::Answer;
use super::press::{conflict, done};

fn subscription(world: &World, index: usize, body: &Value) -> Result<usize, Refusal> {
    let wanted = body["id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
    let found = world.tenants[index]
        .subscriptions
        .iter()
        .position(|one| Some(one.id) == wanted || Some(one.commerce_id) == wanted);
    found.ok_or_else(|| {
        Refusal::new(
            404,
            "notFound",
            "`id` names no subscription of this tenant.",
        )
    })
}

pub(super) fn cancel(world: &mut World, index: usize, body: &Value, person: &Actor) -> Answer {
    let at = subscription(world, index, body)?;
    let now = world.clock.virtual_now();
    let one = &mut world.tenants[index].subscriptions[at];
    if one.kind == SubscriptionKind::Partner {
        return Err(conflict(
            "a partner sold this subscription: only the partner can cancel it",
        ));
    }
    if one.kind == SubscriptionKind::Enterprise {
        return Err(conflict(
            "it is under an enterprise agreement, and no Cancel is offered: the account manager ends it",
        ));
    }
    if one.with_tenant() {
        return Err(conflict(
            "no Cancel is offered: it comes and goes with the tenant",
        ));
    }
    if one.active() && !one.may_cancel() {
        return Err(conflict(
            "the time to cancel within this term is over: stop the renewal and wait for the end of the term",
        ));
    }
    let id = one.id;
    if one.cancel(now) {
        let said: Vec<&str> = ["reason", "feedback"]
            .into_iter()
            .filter_map(|name| body[name].as_str().map(str::trim))
            .filter(|text| !text.is_empty())
            .collect();
        let note = (!said.is_empty()).then(|| said.join(" · "));
        world.record_noted(index, "subscriptionCanceled", id, person, note);
    }
    done(world, index)
}

/// The partner who sold it cancels it, as the customer asked.
pub(super) fn partner_cancels(
    world: &mut World,
    index: usize,
    body: &Value,
    person: &Actor,
) -> Answer {
    let at = subscription(world, index, body)?;
    let now = world.clock.virtual_now();
    let one = &mut world.tenants[index].subscriptions[at];
    if one.kind != SubscriptionKind::Partner {
        return Err(conflict("no partner sold this subscription"));
    }
    if one.active() && !one.cancellable {
        one.auto_renew = false;
        return Err(conflict(
            "the partner cannot cancel it within this term: he stopped the renewal, and it ends with the term",
        ));
    }
    let id = one.id;
    if one.cancel(now) {
        one.gone_at = Some(now + one.deprovision);
        world.record(index, "subscriptionCanceled", id, person);
    }
    done(world, index)
}

/// The account manager ends what is under the enterprise agreement, as the customer asked.
pub(super) fn account_manager_ends(
    world: &mut World,
    index: usize,
    body: &Value,
    person: &Actor,
) -> Answer {
    let at = subscription(world, index, body)?;
    let now = world.clock.virtual_now();
    let one = &mut world.tenants[index].subscriptions[at];
    if one.kind != SubscriptionKind::Enterprise {
        return Err(conflict(
            "this subscription is under no enterprise agreement",
        ));
    }
    let id = one.id;
    if one.cancel(now) {
        world.record(index, "subscriptionCanceled", id, person);
    }
    done(world, index)
}

pub(super) fn stop_renewal(
    world: &mut World,
    index: usize,
    body: &Value,
    person: &Actor,
) -> Answer {
    let at = subscription(world, index, body)?;
    let one = &mut world.tenants[index].subscriptions[at];
    let id = one.id;
    if one.active() && one.auto_renew {
        one.auto_renew = false;
        world.record(index, "renewalOff", id, person);
    }
    done(world, index)
}

/// Support deletes what cannot be deleted here.
pub(super) fn support_deletes(
    world: &mut World,
    index: usize,
    body: &Value,
    person: &Actor,
) -> Answer {
    let at = subscription(world, index, body)?;
    let one = &mut world.tenants[index].subscriptions[at];
    one.deletable = true;
    one.stage = Stage::Deleted;
    let id = one.id;
    world.record(index, "subscriptionGone", id, person);
    done(world, index)
}

pub(super) fn delete_subscription(
    world: &mut World,
    index: usize,
    body: &Value,
    person: &Actor,
) -> Answer {
    let at = subscription(world, index, body)?;
    let now = world.clock.virtual_now();
    let one = &mut world.tenants[index].subscriptions[at];
    one.delete(now).map_err(conflict)?;
    let id = one.id;
    world.record(index, "subscriptionDeletePressed", id, person);
    done(world, index)
}
