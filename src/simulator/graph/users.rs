//! Users: listing, counting, reading, deleting.

use serde_json::json;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::replicas::Replica;
use super::super::roles::may_delete;
use super::super::tenant::Tenant;
use super::super::users::{DISABLED, GUEST, LICENSED, RESTRICTED, UNDELETABLE};
use super::super::world::World;
use super::listing::{self, Page, equality};
use super::person::user;
use super::{Answer, Call, creation, unknown};

pub(super) const READ: &[&str] = &[
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const WRITE: &[&str] = &["User.ReadWrite.All"];
pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["users"]) => list(world, call),
        ("GET", ["users", "$count"]) => count(world, call),
        ("GET", ["users", id]) => read(world, call, id),
        ("POST", ["users"]) => creation::user(world, call),
        ("DELETE", ["users", id]) => delete(world, call, id),
        ("POST", ["users", _, "revokeSignInSessions"]) => {
            call.require(WRITE)?;
            Ok(Reply::json(
                200,
                json!({ "@odata.context": call.context("Edm.Boolean"), "value": true }),
            ))
        }
        _ => Err(unknown(call)),
    }
}

type Test = Box<dyn Fn(&Tenant, u32) -> bool>;

fn filter(tenant: &Tenant, text: &str, now: i64) -> Result<Test, Refusal> {
    let flag = |flag: u8, wanted: bool| -> Test {
        Box::new(move |tenant, position| {
            tenant
                .users
                .get(position)
                .is_some_and(|user| user.is(flag) == wanted)
        })
    };
    if text == "assignedLicenses/$count ne 0" {
        return Ok(flag(LICENSED, true));
    }
    let one = |found: Option<u32>| -> Test { Box::new(move |_, position| Some(position) == found) };
    match equality(text)
        .as_ref()
        .map(|(name, value)| (name.as_str(), value.as_str()))
    {
        Some(("userPrincipalName" | "id" | "mail", value)) => Ok(one(tenant.users.find(value))),
        Some(("userType", value)) => Ok(flag(GUEST, value == "Guest")),
        Some(("accountEnabled", value)) => Ok(flag(DISABLED, value == "false")),
        Some(("onPremisesSyncEnabled", value)) => {
            let wanted = value == "true";
            Ok(Box::new(move |tenant, position| {
                tenant
                    .users
                    .get(position)
                    .is_some_and(|user| tenant.synced(position, user, now) == wanted)
            }))
        }
        _ => Err(Refusal::new(
            400,
            "Request_UnsupportedQuery",
            format!("Unsupported or invalid query filter clause: '{text}'."),
        )),
    }
}

fn list(world: &mut World, call: &Call) -> Answer {
    call.require(READ)?;
    let page = Page::parse(call, 100)?;
    let counted = call.query.get("$count") == Some("true");
    let search = call
        .query
        .get("$filter")
        .is_some_and(|text| text.contains("$count"));
    if (counted || search) && !call.eventual() {
        return Err(Refusal::new(
            400,
            "Request_UnsupportedQuery",
            "This query needs the header ConsistencyLevel: eventual and $count=true.",
        ));
    }
    let replica = Replica::draw(world, call.caller.tenant);
    let now = world.clock.virtual_now();
    let tenant = &world.tenants[call.caller.tenant];
    let test = call
        .query
        .get("$filter")
        .map(|text| filter(tenant, text, now))
        .transpose()?;
    let passes = |position: u32| test.as_ref().is_none_or(|test| test(tenant, position));
    let shown = |position: u32| {
        tenant
            .users
            .get(position)
            .is_some_and(|user| replica.shows_user(user))
            && passes(position)
    };
    let count = counted.then(|| {
        (0..tenant.users.len())
            .filter(|position| shown(*position))
            .count()
    });
    let mut rows = Vec::with_capacity(page.size.min(999));
    let mut next = None;
    for position in page.start..tenant.users.len() {
        if !shown(position) {
            continue;
        }
        if rows.len() == page.size {
            next = Some(position);
            break;
        }
        rows.push(user(tenant, position, page.select.as_deref(), now)?);
    }
    Ok(listing::reply(call, "users", rows, next, count))
}

fn count(world: &mut World, call: &Call) -> Answer {
    call.require(READ)?;
    if !call.eventual() {
        return Err(Refusal::bad(
            "$count is not currently supported without the header ConsistencyLevel: eventual.",
        ));
    }
    let replica = Replica::draw(world, call.caller.tenant);
    let now = world.clock.virtual_now();
    let tenant = &world.tenants[call.caller.tenant];
    let test = call
        .query
        .get("$filter")
        .map(|text| filter(tenant, text, now))
        .transpose()?;
    let number = tenant
        .users
        .positions()
        .filter(|(position, user)| {
            replica.shows_user(user) && test.as_ref().is_none_or(|test| test(tenant, *position))
        })
        .count();
    Ok(Reply::text(200, number.to_string()))
}

fn read(world: &mut World, call: &Call, id: &str) -> Answer {
    call.require(READ)?;
    let replica = Replica::draw(world, call.caller.tenant);
    let now = world.clock.virtual_now();
    let tenant = &world.tenants[call.caller.tenant];
    let position = tenant
        .users
        .find(id)
        .filter(|position| {
            tenant
                .users
                .get(*position)
                .is_some_and(|user| replica.shows_user(user))
        })
        .ok_or_else(|| Refusal::not_found(id))?;
    let mut value = user(tenant, position, listing::select(call).as_deref(), now)?;
    value["@odata.context"] = json!(call.context("users/$entity"));
    Ok(Reply::json(200, value))
}

pub(super) fn delete(world: &mut World, call: &Call, id: &str) -> Answer {
    call.require(WRITE)?;
    let replica = Replica::draw(world, call.caller.tenant);
    let virtual_now = world.clock.virtual_now();
    let tenant = &world.tenants[call.caller.tenant];
    let position = tenant
        .users
        .find(id)
        .ok_or_else(|| Refusal::not_found(id))?;
    let user = tenant
        .users
        .get(position)
        .filter(|user| user.alive() && replica.knows(user.id, user.created_at))
        .ok_or_else(|| Refusal::not_found(id))?
        .clone();
    let held = &call.caller.directory_roles;
    let mut guards = tenant.guarded_by(position).into_iter();
    if user.is(RESTRICTED) || user.is(UNDELETABLE) || !guards.all(|role| may_delete(held, role)) {
        return Err(Refusal::denied());
    }
    let synced =
        tenant.synced(position, &user, virtual_now) && !tenant.sync.orphans.contains(&position);
    if synced && tenant.sync.resurrects {
        // The next run of the synchronization finds him on the premises.
        let due = virtual_now + 30 * 60_000;
        world.tenants[call.caller.tenant]
            .resurrections
            .push((due, position));
    } else if synced {
        return Err(Refusal::bad(
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.",
        ));
    }
    let now = world.clock.real();
    world.tenants[call.caller.tenant]
        .users
        .delete(position, now);
    world.record(call.caller.tenant, "userDeleted", user.id, &call.actor());
    Ok(Reply::empty(204))
}

#[cfg(test)]
mod refusals;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::super::testing;
    use super::*;

    #[test]
    fn pages_show_every_user_once() {
        let mut world = World::test("tenants: [{users: 2500}]");
        let token = testing::token(&mut world, 0, false);
        let mut seen = std::collections::HashSet::new();
        let mut target = "/v1.0/users?$select=id,userType&$top=999".to_owned();
        let mut pages = 0;
        loop {
            let reply = testing::get(&mut world, &token, &target);
            pages += 1;
            for row in reply.value()["value"].as_array().unwrap() {
                assert!(seen.insert(row["id"].as_str().unwrap().to_owned()));
                assert_eq!(row.as_object().unwrap().len(), 2);
            }
            let Some(next) = reply.value()["@odata.nextLink"].as_str() else {
                break;
            };
            target = next
                .trim_start_matches("https://graph.microsoft.com")
                .to_owned();
        }
        assert_eq!((seen.len(), pages), (2500, 3));
    }

    #[test]
    fn what_a_listing_refuses() {
        let mut world = World::test("tenants: [{users: 9}]");
        let token = testing::token(&mut world, 0, false);
        for (query, status) in [
            ("$top=1000", 400),
            ("$top=0", 400),
            ("$skip=1", 400),
            ("$select=aboutMe", 501),
            ("$select=nope", 400),
            ("$filter=x", 400),
            ("$skiptoken=9", 400),
        ] {
            assert_eq!(
                testing::get(&mut world, &token, &format!("/v1.0/users?{query}")).status,
                status,
                "{query}"
            );
        }
        assert_eq!(
            testing::get(&mut world, &token, "/v1.0/users/$count").content,
            super::super::super::exchange::Content::Text("9".to_owned(), "text/plain")
        );
        let filtered = testing::get(
            &mut world,
            &token,
            "/v1.0/users?$filter=userPrincipalName+eq+'closer@contoso.onmicrosoft.com'&$count=true",
        );
        assert_eq!(filtered.value()["@odata.count"], 1);
    }

    #[test]
    fn synced_users_stay_until_synchronization_is_off() {
        let mut world = World::test(
            "tenants: [{users: 50, guestsPercent: 0, sync: {enabled: true, percent: 100}}]",
        );
        let token = testing::token(&mut world, 0, false);
        let id = world.tenants[0].user_id(0).unwrap();
        let target = format!("/v1.0/users/{id}");
        assert_eq!(
            testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
            400
        );
        let organization = format!("/v1.0/organization/{}", world.tenants[0].id);
        assert_eq!(
            testing::send(
                &mut world,
                &token,
                "PATCH",
                &organization,
                &json!({ "onPremisesSyncEnabled": false })
            )
            .status,
            204
        );
        assert_eq!(
            testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
            400
        );
        world.clock.advance(72.0 * 3600.0);
        assert_eq!(
            testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
            204
        );
        assert_eq!(
            testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
            404
        );
        assert_eq!(testing::get(&mut world, &token, &target).status, 404);
    }

    #[test]
    fn a_synced_user_may_come_back_with_the_next_synchronization() {
        let mut world = World::test(
            "tenants: [{users: 50, guestsPercent: 0, sync: {enabled: true, percent: 100, deletion: Undone}}]",
        );
        let token = testing::token(&mut world, 0, false);
        let target = format!("/v1.0/users/{}", world.tenants[0].user_id(0).unwrap());
        for _ in 0..2 {
            assert_eq!(
                testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
                204
            );
            assert_eq!(testing::get(&mut world, &token, &target).status, 404);
            world.clock.advance(1801.0);
            assert_eq!(testing::get(&mut world, &token, &target).status, 200);
        }
        assert!(world.judge.violations.is_empty());
    }

    #[test]
    fn writes_race_and_replicas_have_not_heard_of_everybody() {
        let mut world = World::test(
            "{tenants: [{users: 400}], behaviour: {conflictPermille: 500, missingPermille: 500}}",
        );
        let token = testing::token(&mut world, 0, false);
        let retained = world.tenants[0].retained;
        let mut seen = std::collections::BTreeMap::new();
        for position in (0..100).filter(|position| *position != retained) {
            let target = format!(
                "/v1.0/users/{}",
                world.tenants[0].user_id(position).unwrap()
            );
            let read = testing::get(&mut world, &token, &target).status;
            let write = testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status;
            *seen.entry(("GET", read)).or_insert(0) += 1;
            *seen.entry(("DELETE", write)).or_insert(0) += 1;
        }
        let kinds: Vec<_> = seen.keys().copied().collect();
        assert_eq!(
            kinds,
            [("DELETE", 204), ("DELETE", 409), ("GET", 200), ("GET", 404)]
        );
        assert!(seen.values().all(|count| *count > 20), "{seen:?}");
    }

    #[test]
    fn a_reader_deletes_nobody() {
        let mut world = World::test("tenants: [{users: 9}]");
        let token = testing::token(&mut world, 0, true);
        let target = format!("/v1.0/users/{}", world.tenants[0].user_id(0).unwrap());
        assert_eq!(
            testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
            403
        );
        assert_eq!(world.judge.violations[0].kind, "writeWithReader");
    }
}
