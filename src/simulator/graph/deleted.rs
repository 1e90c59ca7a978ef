//! The recycle bin.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::clock::stamp;
use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::users::{PURGED, User};
use super::super::world::World;
use super::listing::{self, Page};
use super::{Answer, Call, applications, person, unknown, users};

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    // A cast may leave out the first part of its name.
    let short: Vec<&str> = parts
        .iter()
        .skip(2)
        .map(|part| part.strip_prefix("microsoft.").unwrap_or(part))
        .collect();
    match (call.method.as_str(), short.as_slice()) {
        ("GET", []) => Err(Refusal::bad(
            "Resource not found for the segment 'deletedItems': a cast to a type is required.",
        )),
        ("GET", ["graph.user"]) => deleted_users(world, call),
        ("GET", ["graph.application"]) => {
            let tenant = &world.tenants[call.caller.tenant];
            let rows = tenant
                .applications
                .iter()
                .filter(|one| one.deleted_at != 0)
                .map(applications::application);
            listing::small(call, "applications", rows.collect())
        }
        ("GET", ["graph.servicePrincipal"]) => {
            let tenant = &world.tenants[call.caller.tenant];
            let rows = tenant
                .principals
                .iter()
                .filter(|one| one.deleted_at != 0)
                .map(applications::principal);
            listing::small(call, "servicePrincipals", rows.collect())
        }
        ("GET", ["graph.group" | "graph.administrativeUnit"]) => {
            listing::small(call, "directoryObjects", Vec::new())
        }
        ("GET", [id]) => read(world, call, id),
        ("POST", [id, "restore"]) => restore(world, call, id),
        ("DELETE", [id]) => purge(world, call, id),
        _ => Err(unknown(call)),
    }
}

/// Deleted, and not yet for good.
fn binned(user: &User) -> bool {
    !user.alive() && !user.is(PURGED)
}

fn deleted_users(world: &World, call: &Call) -> Answer {
    call.require(&["User.Read.All", "User.ReadWrite.All", "Directory.Read.All"])?;
    let page = Page::parse(call, 100)?;
    let now = world.clock.virtual_now();
    let tenant = &world.tenants[call.caller.tenant];
    let mut rows = Vec::new();
    let mut next = None;
    for (position, _) in tenant
        .users
        .positions()
        .skip(page.start as usize)
        .filter(|(_, user)| binned(user))
    {
        if rows.len() == page.size {
            next = Some(position);
            break;
        }
        rows.push(person::user(tenant, position, page.select.as_deref(), now)?);
    }
    let count = (call.query.get("$count") == Some("true"))
        .then(|| tenant.users.all.iter().filter(|user| binned(user)).count());
    Ok(listing::reply(call, "users", rows, next, count))
}

fn deleted_position(world: &World, call: &Call, id: &str) -> Result<u32, Refusal> {
    let tenant = &world.tenants[call.caller.tenant];
    let found = Uuid::parse_str(id)
        .ok()
        .and_then(|id| tenant.users.position(id));
    found
        .filter(|position| tenant.users.get(*position).is_some_and(binned))
        .ok_or_else(|| Refusal::not_found(id))
}

fn read(world: &World, call: &Call, id: &str) -> Answer {
    let tenant = &world.tenants[call.caller.tenant];
    if let Ok(position) = deleted_position(world, call, id) {
        let mut row = person::user(tenant, position, None, world.clock.virtual_now())?;
        row["@odata.type"] = json!("#microsoft.graph.user");
        row["deletedDateTime"] = tenant
            .users
            .get(position)
            .map_or(Value::Null, |user| json!(stamp(user.deleted_at)));
        return Ok(Reply::json(200, row));
    }
    let application = tenant
        .applications
        .iter()
        .find(|one| one.deleted_at != 0 && one.id.to_string() == id)
        .map(applications::application);
    let found = application.or_else(|| {
        tenant
            .principals
            .iter()
            .find(|one| one.deleted_at != 0 && one.id.to_string() == id)
            .map(applications::principal)
    });
    found
        .map(|row| Reply::json(200, row))
        .ok_or_else(|| Refusal::not_found(id))
}

fn restore(world: &mut World, call: &Call, id: &str) -> Answer {
    call.require(users::WRITE)?;
    let position = deleted_position(world, call, id)?;
    let index = call.caller.tenant;
    let now = world.clock.real();
    world.tenants[index].users.restore(position, now);
    let object = world.tenants[index].user_id(position).unwrap_or_default();
    world.record(index, "userRestored", object, &call.actor());
    let row = person::user(
        &world.tenants[index],
        position,
        None,
        world.clock.virtual_now(),
    )?;
    Ok(Reply::json(200, row))
}

/// Users are deleted for good by a signed-in person only; applications by a program too.
fn purge(world: &mut World, call: &Call, id: &str) -> Answer {
    let tenant = &world.tenants[call.caller.tenant];
    let known = |at: i64, one: Uuid| at != 0 && one.to_string() == id;
    if tenant
        .applications
        .iter()
        .any(|one| known(one.deleted_at, one.id))
        || tenant
            .principals
            .iter()
            .any(|one| known(one.deleted_at, one.id))
    {
        call.require(&["Application.ReadWrite.All"])?;
        let tenant = &mut world.tenants[call.caller.tenant];
        tenant
            .applications
            .retain(|one| !known(one.deleted_at, one.id));
        tenant
            .principals
            .retain(|one| !known(one.deleted_at, one.id));
        return Ok(Reply::empty(204));
    }
    deleted_position(world, call, id)?;
    Err(Refusal::denied())
}
