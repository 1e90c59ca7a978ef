//! The simulator's own contract under `/_sim`: what only a person can do, and what the harness wants to know.

mod accounts;
mod applications;
mod bought;
mod newcomers;
mod press;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::breakpoints::{Then, Wanted};
use super::checks;
use super::clock::precise;
use super::errors::Refusal;
use super::exchange::{Reply, Request};
use super::faults::Fault;
use super::world::World;
use super::{populate, scenario, scenario_check};

type Answer = Result<Reply, Refusal>;

pub(crate) use press::{ACTIONS, press};

pub(crate) fn serve(world: &mut World, request: &Request) -> Reply {
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
    let answer = match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["tenants"]) => Ok(Reply::json(
            200,
            (0..world.tenants.len())
                .map(|index| summary(world, index))
                .collect(),
        )),
        ("POST", ["tenants"]) => add(world, request.json()),
        ("GET", ["tenants", id]) => {
            find(world, id).map(|index| Reply::json(200, summary(world, index)))
        }
        ("GET", ["tenants", id, "deletionChecks"]) => {
            find(world, id).map(|index| Reply::json(200, json!(checks::all(&world.tenants[index]))))
        }
        ("GET", ["tenants", id, "users"]) => find(world, id).map(|index| users(world, index)),
        ("POST", ["tenants", id, "press"]) => find(world, id)
            .and_then(|index| press(world, index, &request.json(), &request.request_id)),
        ("GET", ["dns"]) => Ok(Reply::json(200, world.asked.report())),
        ("GET", ["violations"]) => violations(world, request),
        ("GET", ["effects"]) => effects(world, request),
        ("GET", ["stats"]) => tenant_in(world, request).map(|tenant| {
            let figures = world.figures(tenant);
            Reply::json(200, world.stats.report(&figures))
        }),
        ("GET", ["clock"]) => Ok(clock(world)),
        ("POST", ["clock", "advance"]) => advance(world, &request.json()),
        ("POST", ["judge"]) => judge(world, &request.json()),
        ("GET", ["faults"]) => Ok(Reply::json(200, json!(world.faults.0))),
        ("POST", ["faults"]) => faults(world, request, false),
        ("PUT", ["faults"]) => faults(world, request, true),
        ("DELETE", ["faults"]) => tenant_in(world, request).map(|tenant| {
            world.faults.clear(tenant);
            Reply::empty(204)
        }),
        ("GET", ["writes"]) => writes(world, request),
        (_, ["breakpoints", ..]) => breakpoints(world, request, &parts[1..]),
        _ => Err(Refusal::new(
            404,
            "notFound",
            "There is no such thing under /_sim.",
        )),
    };
    answer.unwrap_or_else(|refusal| refusal.plain())
}

/// The tenant that a question is about; `None`: all. One that is not there is not all of them.
fn tenant_in(world: &World, request: &Request) -> Result<Option<Uuid>, Refusal> {
    let Some(told) = request.query.get("tenant") else {
        return Ok(None);
    };
    let id = Uuid::parse_str(told).map_err(|_| {
        let text = format!("`tenant` must be the id of a tenant, and '{told}' is none.");
        Refusal::new(400, "badRequest", text)
    })?;
    find(world, &id.to_string())?;
    Ok(Some(id))
}

/// One more tenant, as a scenario describes it; the reply is what the first line of the program says of each.
fn add(world: &mut World, body: Value) -> Answer {
    let plan: scenario::Tenant = serde_json::from_value(body)
        .map_err(|error| Refusal::new(400, "badRequest", error.to_string()))?;
    scenario_check::tenant(&plan).map_err(|wrong| Refusal::new(400, "badRequest", wrong))?;
    let mut tenant = populate::tenant(&plan, world.seed, world.tenants.len());
    tenant
        .behaviour
        .get_or_insert_with(|| world.behaviour.clone());
    // Its terms and delays begin now.
    tenant.pass(-world.clock.virtual_now());
    for name in [tenant.id.to_string(), tenant.initial_domain.clone()] {
        if find(world, &name).is_ok() {
            let text = format!("There is a tenant {name} already.");
            return Err(Refusal::new(409, "conflict", text));
        }
    }
    let reply = Reply::json(201, json!(super::info(&tenant)));
    world.tenants.push(tenant);
    Ok(reply)
}

pub(crate) fn find(world: &World, id: &str) -> Result<usize, Refusal> {
    let found = world.tenants.iter().position(|tenant| {
        tenant.id.to_string().eq_ignore_ascii_case(id) || tenant.initial_domain == id
    });
    found.ok_or_else(|| {
        Refusal::new(
            404,
            "tenantNotFound",
            format!("There is no tenant {id} in this simulation."),
        )
    })
}

fn summary(world: &World, index: usize) -> Value {
    let tenant = &world.tenants[index];
    let rows = checks::all(tenant);
    let open: Vec<_> = rows
        .iter()
        .filter(|one| one.status != "passed")
        .map(|one| one.id.clone())
        .collect();
    let person = |position: u32| {
        json!({ "id": tenant.user_id(position), "userPrincipalName": tenant.users.principal_name(position),
        "present": tenant.users.get(position).is_some_and(super::users::User::alive) })
    };
    let in_the_way = tenant.principals.iter().filter(|one| one.blocks());
    let in_the_way: Vec<_> = in_the_way
        .map(|one| json!({ "id": one.id, "displayName": one.name, "managedIdentity": one.managed_identity }))
        .collect();
    let subscriptions: Vec<_> = tenant
        .subscriptions
        .iter()
        .map(|one| {
            json!({ "id": one.id, "commerceSubscriptionId": one.commerce_id, "kind": one.kind, "sku": one.sku, "status": one.stage.graph(), "state": one.stage.graph(), "active": one.active(),
                "deletePressed": one.delete_pressed, "autoRenew": one.auto_renew, "goneAt": one.gone_at.map(|at| world.clock.date(at)) })
        })
        .collect();
    json!({
        "id": tenant.id, "initialDomain": tenant.initial_domain, "cloud": tenant.cloud, "tenantType": tenant.kind, "deleted": !tenant.exists(),
        "deletedAt": tenant.deleted_at.map(precise), "deleting": tenant.deleting.is_some(),
        "usersLeft": tenant.users.alive(), "usersToDelete": tenant.users_to_go(), "usersDeleted": tenant.users.len() as usize - tenant.users.alive(),
        "subscriptionsLeft": tenant.subscriptions_left(), "applicationsLeft": tenant.applications_left(), "servicePrincipalsLeft": tenant.principals_left(),
        "servicePrincipalsInTheWay": in_the_way,
        "checks": rows, "openChecks": open, "syncEnabled": tenant.sync.on, "syncOffAt": tenant.sync.off_at.map(|at| world.clock.date(at)),
        "retainedAdministrator": person(tenant.retained), "spareAdministrator": tenant.spare.map(person),
        "mfa": tenant.users.all.iter().filter(|user| user.alive() && user.mfa != 0).count(), "subscriptions": subscriptions,
        "resource": tenant.resource.as_ref().map(|resource| resource.id.clone()),
    })
}

/// The ids that are still there: the harness compares them with a journal.
fn users(world: &World, index: usize) -> Reply {
    let tenant = &world.tenants[index];
    Reply::json(
        200,
        tenant
            .users
            .all
            .iter()
            .filter(|user| user.alive())
            .map(|user| json!(user.id))
            .collect(),
    )
}

fn violations(world: &World, request: &Request) -> Answer {
    let wanted = tenant_in(world, request)?;
    let all = world.judge.violations.iter();
    let rows: Vec<_> = all
        .filter(|one| wanted.is_none_or(|id| one.tenant == id))
        .collect();
    let body = json!({ "count": rows.len(), "violations": rows });
    Ok(Reply::json(200, body))
}

fn effects(world: &World, request: &Request) -> Answer {
    let number = |name: &str, default: usize| {
        request
            .query
            .get(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (tenant, kind) = (tenant_in(world, request)?, request.query.get("kind"));
    let chosen = world.effects.iter().filter(|one| {
        tenant.is_none_or(|id| one.tenant == id) && kind.is_none_or(|kind| one.kind == kind)
    });
    let from = number("from", 1);
    let rows: Vec<_> = chosen
        .filter(|one| one.seq >= from as u64)
        .take(number("limit", usize::MAX))
        .collect();
    Ok(Reply::json(200, json!(rows)))
}

fn clock(world: &World) -> Reply {
    let seconds = world.clock.virtual_now() as f64 / 1000.0;
    Reply::json(
        200,
        json!({ "virtualSeconds": seconds, "speed": world.clock.speed(), "real": precise(world.clock.real()) }),
    )
}

/// Seconds that the virtual clock is put forward by at most, at once: a million years, which are twelve where a day takes a second.
const FARTHEST: f64 = 365_250_000.0 * 86_400.0;

/// Puts the virtual clock forward.
pub(crate) fn advance(world: &mut World, body: &Value) -> Answer {
    let seconds = body["seconds"].as_f64();
    let seconds = seconds.filter(|seconds| (0.0..=FARTHEST).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        Refusal::new(
            400,
            "badRequest",
            "`seconds` must be a number that is not negative, and a million years at most.",
        )
    })?;
    match body["tenant"].as_str() {
        Some(id) => {
            let index = find(world, id)?;
            world.tenants[index].pass((seconds * 1000.0) as i64);
        }
        None => world.clock.advance(seconds),
    }
    world.settle();
    Ok(clock(world))
}

/// What the harness tells the judge; ids are added to those told before.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Told {
    tenant: Uuid,
    mode: Option<String>,
    #[serde(default)]
    retained: Vec<Uuid>,
    approved: Option<Vec<Uuid>>,
    digest: Option<String>,
    #[serde(default)]
    releases: Vec<String>,
}

fn judge(world: &mut World, body: &Value) -> Answer {
    let told: Told = serde_json::from_value(body.clone())
        .map_err(|error| Refusal::new(400, "badRequest", error.to_string()))?;
    let brief = world.judge.brief(told.tenant);
    if let Some(mode) = told.mode {
        brief.plan_only = mode == "Plan";
    }
    brief.retained.extend(told.retained);
    let names = told.releases.iter().map(|name| name.to_ascii_lowercase());
    brief.releases.extend(names);
    if let Some(ids) = told.approved {
        brief.approved.get_or_insert_default().extend(ids);
    }
    if told.digest.is_some() {
        brief.digest = told.digest;
    }
    let approved = brief.approved.as_ref().map(std::collections::HashSet::len);
    Ok(Reply::json(
        200,
        json!({ "tenant": told.tenant, "planOnly": brief.plan_only, "retained": brief.retained.len(), "approved": approved, "digest": brief.digest }),
    ))
}

/// Adds faults, or puts them in place of all that there are, or that one tenant has.
fn faults(world: &mut World, request: &Request, instead: bool) -> Answer {
    let list: Vec<Fault> = serde_json::from_value(request.json())
        .map_err(|error| Refusal::new(400, "badRequest", error.to_string()))?;
    if instead {
        let tenant = tenant_in(world, request)?;
        world.faults.clear(tenant);
    }
    world.faults.0.extend(list);
    Ok(Reply::json(200, json!({ "faults": world.faults.0.len() })))
}

fn writes(world: &World, request: &Request) -> Answer {
    let from = request.query.get("from").and_then(|text| text.parse().ok());
    let tenant = tenant_in(world, request)?;
    let rows = world
        .writes
        .all
        .iter()
        .filter(|one| one.seq >= from.unwrap_or(1) && tenant.is_none_or(|id| one.tenant == id));
    Ok(Reply::json(200, json!(rows.collect::<Vec<_>>())))
}

/// What a held request is to do.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Verdict {
    then: Then,
}

fn breakpoints(world: &mut World, request: &Request, path: &[&str]) -> Answer {
    let bad = |error: serde_json::Error| Refusal::new(400, "badRequest", error.to_string());
    let missing = || Refusal::new(404, "notFound", "There is no such breakpoint.");
    let id = path.first().map(|id| id.parse::<u64>().unwrap_or(0));
    let all = &mut world.breakpoints;
    match (request.method.as_str(), id) {
        ("POST", None) => {
            let wanted: Wanted = serde_json::from_value(request.json()).map_err(bad)?;
            let id = all.set(wanted);
            Ok(Reply::json(201, json!({ "id": id })))
        }
        ("GET", None) => Ok(Reply::json(200, all.report())),
        ("GET", Some(id)) => Ok(Reply::json(200, all.one(id).ok_or_else(missing)?)),
        ("POST", Some(id)) => {
            let Verdict { then } = serde_json::from_value(request.json()).map_err(bad)?;
            if !all.decide(id, then) {
                let text = "No request is held at this breakpoint.";
                return Err(Refusal::new(409, "notHeld", text));
            }
            Ok(Reply::empty(204))
        }
        ("DELETE", id) => {
            all.clear(id);
            Ok(Reply::empty(204))
        }
        _ => Err(Refusal::new(
            405,
            "notAllowed",
            "A breakpoint is posted, looked at, decided or deleted.",
        )),
    }
}

#[cfg(test)]
mod tests;
