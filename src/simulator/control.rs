//! The simulator's own contract under `/_sim`: what is true, what a human presses, and the judge.

use serde_json::{Value, json};

use super::exchange::{Reply, Request};
use super::scenario::Kind;
use super::throttle::{CAPACITY, REFILL};
use super::world::{DAY, HOUR, Tenant, UNREADABLE, World};
use super::{faults, graph_write};

pub(crate) fn handle(world: &mut World, request: &Request) -> Reply {
    let parts = request.segments();
    let parts: Vec<&str> = parts.iter().skip(1).map(String::as_str).collect();
    let body = request.json();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["tenants"]) => Reply::json(200, world.card()),
        ("GET", ["tenants", id]) => match place(world, id).and_then(|at| world.tenants.get(at)) {
            Some(tenant) => Reply::json(200, truth(tenant)),
            None => problem(404, "no such tenant"),
        },
        ("POST", ["tenants", id, "press"]) => match place(world, id) {
            Some(at) => press(world, at, &body),
            None => problem(404, "no such tenant"),
        },
        ("GET", ["violations"]) => Reply::json(
            200,
            json!({ "count": world.violations.len(), "violations": world.violations }),
        ),
        ("GET", ["effects"]) => Reply::json(200, Value::Array(world.effects.clone())),
        ("GET", ["stats"]) => Reply::json(200, stats(world)),
        ("POST", ["judge"]) => judge(world, &body),
        ("POST", ["faults"]) => match serde_json::from_value(body) {
            Ok(list) => {
                world.faults = list;
                Reply::empty(204)
            }
            Err(error) => problem(400, &error.to_string()),
        },
        ("POST", ["advance"]) => {
            world.clock.advance(body["seconds"].as_f64().unwrap_or(0.0));
            world.tick();
            Reply::empty(204)
        }
        _ => problem(404, "no such thing"),
    }
}

/// A fault that a test orders for the whole request.
pub(crate) fn fault(world: &mut World, request: &Request) -> Option<faults::Fault> {
    faults::draw(world, &request.method, &request.path, false)
}

fn problem(status: u16, text: &str) -> Reply {
    Reply::json(status, json!({ "error": text }))
}

/// Also tenants that are gone.
fn place(world: &World, id: &str) -> Option<usize> {
    world
        .tenants
        .iter()
        .position(|tenant| tenant.id.eq_ignore_ascii_case(id))
}

fn checks(tenant: &Tenant) -> Vec<(&'static str, &'static str)> {
    let passed = |good: bool| if good { "passed" } else { "failed" };
    let gone = |azure: bool| {
        tenant
            .subscriptions
            .iter()
            .all(|found| (found.kind == Kind::Azure) != azure || found.gone())
    };
    let mut out = vec![
        ("C1", passed(tenant.live == 1)),
        ("C2", passed(tenant.sync != Some(true))),
        ("C3", passed(tenant.own_principals() == 0)),
        ("C4", passed(tenant.applications.is_empty())),
        ("C6", passed(gone(false))),
        ("C7", passed(gone(true))),
        ("C8", "passed"),
    ];
    out.extend(UNREADABLE.iter().map(|id| {
        (
            *id,
            if tenant.settled.contains(*id) {
                "passed"
            } else {
                "unknown"
            },
        )
    }));
    out
}

fn truth(tenant: &Tenant) -> Value {
    let subscriptions: Vec<Value> = tenant
        .subscriptions
        .iter()
        .map(|found| json!({ "id": found.id, "kind": found.kind.name(), "state": found.state }))
        .collect();
    let checks: Vec<Value> = checks(tenant)
        .iter()
        .map(|(id, status)| json!({ "id": id, "status": status }))
        .collect();
    json!({
        "deleted": tenant.deleted, "usersLeft": tenant.live, "subscriptions": subscriptions, "applicationsLeft": tenant.applications.len(),
        "servicePrincipalsLeft": tenant.own_principals(), "syncEnabled": tenant.sync == Some(true), "checks": checks,
    })
}

fn stats(world: &World) -> Value {
    let biggest = world
        .user_deletes
        .values()
        .max_by_key(|(count, _, _)| *count)
        .copied();
    let total: u64 = world.user_deletes.values().map(|(count, _, _)| count).sum();
    let (bound, ratio) = biggest.map_or((0.0, None), |(count, first, last)| {
        let bound = ((count as f64 - CAPACITY) / REFILL).max(0.0);
        (
            bound,
            (bound > 0.0).then(|| (last - first) as f64 / 1000.0 / bound),
        )
    });
    let date = |moment: Option<i64>| moment.map(super::clock::precise);
    json!({
        "requests": world.requests, "items": world.items, "throttledItems": world.throttled, "userDeletes": total,
        "firstUserDelete": date(world.user_deletes.values().map(|(_, first, _)| *first).min()),
        "lastUserDelete": date(world.user_deletes.values().map(|(_, _, last)| *last).max()),
        "boundSeconds": bound, "ratio": ratio, "requestsPerUser": (total > 0).then(|| world.requests as f64 / total as f64),
    })
}

fn judge(world: &mut World, body: &Value) -> Reply {
    let tenant = body["tenant"].as_str().unwrap_or("*").to_owned();
    if let Some(ids) = body["approved"].as_array() {
        world.approved.insert(
            tenant.clone(),
            ids.iter()
                .filter_map(|id| id.as_str().map(str::to_owned))
                .collect(),
        );
    }
    match body["mode"].as_str() {
        Some("Plan") => {
            world.plan_only.insert(tenant);
        }
        Some(_) => {
            world.plan_only.remove(&tenant);
        }
        None => {}
    }
    Reply::empty(204)
}

fn press(world: &mut World, at: usize, body: &Value) -> Reply {
    let id = body["id"].as_str().unwrap_or_default().to_owned();
    match body["action"].as_str().unwrap_or_default() {
        "cancelSubscription" => subscription(world, at, &id, false),
        "deleteSubscription" => subscription(world, at, &id, true),
        "switchSyncOff" => {
            graph_write::switch_sync_off(world, at, "human");
            Reply::empty(204)
        }
        "settleCheck" => {
            let check = body["check"].as_str().unwrap_or_default();
            if !UNREADABLE.contains(&check) {
                return problem(
                    400,
                    "only a check that no interface can read is settled by hand",
                );
            }
            if let Some(tenant) = world.tenants.get_mut(at) {
                tenant.settled.insert(check.to_owned());
            }
            Reply::empty(204)
        }
        "deleteUser" => {
            let Some(user) = world
                .tenants
                .get(at)
                .and_then(|tenant| tenant.users.get(tenant.user(&id)?))
            else {
                return problem(404, "no such user");
            };
            let user = user.id.clone();
            graph_write::remove_user(world, at, &user, "human");
            Reply::empty(204)
        }
        "deleteApplication" => {
            let Some(tenant) = world.tenants.get_mut(at) else {
                return problem(404, "no such tenant");
            };
            let Some(gone) = tenant
                .applications
                .iter()
                .position(|object| object.id == id || object.app_id == id)
                .map(|found| tenant.applications.remove(found))
            else {
                return problem(404, "no such application");
            };
            tenant
                .principals
                .retain(|object| object.app_id != gone.app_id);
            let name = tenant.id.clone();
            world.destroy("applicationDeleted", &name, &gone.id, "human");
            Reply::empty(204)
        }
        "deleteTenant" => delete_tenant(world, at),
        other => problem(400, &format!("no such action: {other}")),
    }
}

fn subscription(world: &mut World, at: usize, id: &str, delete: bool) -> Reply {
    let now = world.clock.virtual_now();
    let all = world
        .tenants
        .get_mut(at)
        .map(|tenant| &mut tenant.subscriptions);
    let Some(found) = all.and_then(|all| {
        all.iter_mut()
            .find(|found| found.id == id || found.graph_id == id)
    }) else {
        return problem(404, "no such subscription");
    };
    let key = found.id.clone();
    let kind = if delete {
        match (found.kind, found.state) {
            (_, "Deleted") => return Reply::empty(204),
            (_, "Enabled") => return problem(409, "cancel the subscription first"),
            (Kind::Direct, _) => {
                found.gone_at = Some(found.gone_at.unwrap_or(i64::MAX).min(now + 72 * HOUR));
            }
            (Kind::Azure, _) => found.gone_at = Some(now),
            (Kind::CustomerAgreement, _) => {
                return problem(409, "the subscription ends with its term");
            }
        }
        "subscriptionDeleted"
    } else {
        if found.state != "Enabled" {
            return Reply::empty(204);
        }
        found.state = if found.kind == Kind::Azure {
            "Disabled"
        } else {
            "Suspended"
        };
        found.gone_at = Some(if found.kind == Kind::CustomerAgreement {
            found.term_end
        } else {
            now + 90 * DAY
        });
        "subscriptionCanceled"
    };
    world.effect(kind, &key, "human");
    world.tick();
    Reply::empty(204)
}

fn delete_tenant(world: &mut World, at: usize) -> Reply {
    let Some(tenant) = world.tenants.get_mut(at) else {
        return problem(404, "no such tenant");
    };
    if tenant.deleted {
        return problem(404, "the tenant is gone");
    }
    let failed: Vec<Value> = checks(tenant)
        .iter()
        .filter(|(_, status)| *status != "passed")
        .map(|(id, status)| json!({ "id": id, "status": status }))
        .collect();
    let retained = tenant.user(&tenant.retained.clone()).is_some();
    if !failed.is_empty() || !retained {
        return Reply::json(
            409,
            json!({ "error": "the tenant cannot be deleted yet", "checks": failed, "retainedAdministrator": retained }),
        );
    }
    tenant.deleted = true;
    let id = tenant.id.clone();
    world.destroy("tenantDeleted", &id, &id, "human");
    Reply::empty(204)
}
