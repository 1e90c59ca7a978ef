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
            call.require(applications::READ)?;
            let tenant = &world.tenants[call.caller.tenant];
            let rows = tenant
                .applications
                .iter()
                .filter(|one| one.deleted_at != 0)
                .map(applications::application);
            listing::small(call, "applications", rows.collect())
        }
        ("GET", ["graph.servicePrincipal"]) => {
            call.require(applications::READ)?;
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

/// Hard-delete protection lasts so long, in milliseconds of virtual time.
const PROTECTED: i64 = 7 * 24 * 3_600_000;

/// Whether an application was deleted too lately to be deleted for good.
fn protected(world: &World, call: &Call, id: &str) -> bool {
    let tenant = &world.tenants[call.caller.tenant];
    let now = world.clock.virtual_now();
    let mut binned = tenant.bin.iter();
    let lately = |(one, since): &(Uuid, i64)| one.to_string() == id && now - since < PROTECTED;
    tenant.hard_delete_protection && binned.any(lately)
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
        if protected(world, call, id) {
            return Err(Refusal::bad(
                "The object is protected from permanent deletion for seven days after it was deleted.",
            ));
        }
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

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    const BIN: &str = "/v1.0/directory/deletedItems";

    /// A deleted application's id, and its token.
    fn deleted(scenario: &str) -> (World, String, String) {
        let mut world = World::test(scenario);
        let token = testing::token(&mut world, 0, false);
        let id = world.tenants[0].applications[0].id.to_string();
        let target = format!("/v1.0/applications/{id}");
        let reply = testing::send(&mut world, &token, "DELETE", &target, &Value::Null);
        assert_eq!(reply.status, 204);
        (world, token, id)
    }

    fn rows(world: &mut World, token: &str, kind: &str) -> Result<usize, u16> {
        let reply = testing::get(world, token, &format!("{BIN}/{kind}"));
        let rows = reply.value()["value"].as_array().map(Vec::len);
        rows.ok_or(reply.status)
    }

    #[test]
    fn applications_are_in_it_for_thirty_days() {
        let (mut world, token, _) = deleted("tenants: [{users: 3, applications: 1}]");
        let casts = ["microsoft.graph.application", "graph.servicePrincipal"];
        for cast in casts {
            assert_eq!(rows(&mut world, &token, cast), Ok(1));
        }
        assert_eq!(
            testing::get(&mut world, &token, BIN).status,
            400,
            "a cast is required"
        );
        world.clock.advance(29.0 * 86_400.0);
        world.settle();
        assert_eq!(rows(&mut world, &token, casts[0]), Ok(1));
        world.clock.advance(86_401.0);
        world.settle();
        for cast in casts {
            assert_eq!(rows(&mut world, &token, cast), Ok(0));
        }
    }

    #[test]
    fn whoever_may_not_read_applications_does_not_see_them_there() {
        let scenario =
            "tenants: [{users: 3, applications: 1, reader: {appRoles: [User.Read.All]}}]";
        let (mut world, _, _) = deleted(scenario);
        let reader = testing::token(&mut world, 0, true);
        let cast = "microsoft.graph.application";
        assert_eq!(rows(&mut world, &reader, cast), Err(403));
        assert_eq!(rows(&mut world, &reader, "microsoft.graph.user"), Ok(0));
    }

    #[test]
    fn protected_ones_stay_for_seven_days_and_others_go_at_once() {
        for (protected, first) in [(true, 400), (false, 204)] {
            let (mut world, token, id) = deleted(&format!(
                "tenants: [{{users: 3, applications: 1, hardDeleteProtection: {protected}}}]"
            ));
            let purge = |world: &mut World| {
                let target = format!("{BIN}/{id}");
                testing::send(world, &token, "DELETE", &target, &Value::Null).status
            };
            assert_eq!(purge(&mut world), first);
            if protected {
                world.clock.advance(7.0 * 86_400.0 - 60.0);
                assert_eq!(purge(&mut world), 400);
                world.clock.advance(120.0);
                assert_eq!(purge(&mut world), 204);
            }
            assert_eq!(purge(&mut world), 404);
        }
    }

    #[test]
    fn users_are_deleted_for_good_by_a_person_alone() {
        let mut world = World::test("tenants: [{users: 3}]");
        let token = testing::token(&mut world, 0, false);
        let id = world.tenants[0].user_id(0).unwrap();
        let target = format!("/v1.0/users/{id}");
        let none = Value::Null;
        assert_eq!(
            testing::send(&mut world, &token, "DELETE", &target, &none).status,
            204
        );
        let target = format!("{BIN}/{id}");
        assert_eq!(
            testing::send(&mut world, &token, "DELETE", &target, &none).status,
            403
        );
    }
}
