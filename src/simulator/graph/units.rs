//! Administrative units with restricted management: their members cannot be deleted, not even by a Global administrator, until they are out.
//!
//! Where a scenario has restricted users, one unit holds them all.

use serde_json::{Value, json};

use super::super::clock::stamp;
use super::super::directory::Binned;
use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::roles::{GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE};
use super::super::tenant::Tenant;
use super::super::users::RESTRICTED;
use super::super::world::World;
use super::{Answer, Call, listing, person, unknown};

pub(super) const READ: &[&str] = &[
    "AdministrativeUnit.Read.All",
    "AdministrativeUnit.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const WRITE: &[&str] = &[
    "AdministrativeUnit.ReadWrite.All",
    "Directory.ReadWrite.All",
];
/// The protection lingers so long, virtual time.
const LINGER: i64 = 30 * 60_000;

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let index = call.caller.tenant;
    let parts: Vec<&str> = call.segments.iter().skip(2).map(String::as_str).collect();
    call.require(if call.method == "GET" { READ } else { WRITE })?;
    let tenant = &world.tenants[index];
    let this = |id: &str| match tenant.unit {
        Some(unit) if unit.to_string().eq_ignore_ascii_case(id) => Ok(()),
        _ => Err(Refusal::not_found(id)),
    };
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", []) => {
            let rows = tenant
                .unit
                .map(|unit| row(unit, None))
                .into_iter()
                .collect();
            listing::small(call, "directory/administrativeUnits", rows)
        }
        ("GET", [id]) => {
            this(id)?;
            let unit = tenant.unit.map(|unit| row(unit, None)).unwrap_or_default();
            listing::one(call, "directory/administrativeUnits", unit)
        }
        ("GET", [id, "members"]) => {
            this(id)?;
            let now = world.clock.virtual_now();
            let rows = members(tenant).into_iter().filter_map(|position| {
                let mut row = person::user(tenant, position, None, now).ok()?;
                row["@odata.type"] = json!("#microsoft.graph.user");
                Some(row)
            });
            listing::small(call, "directoryObjects", rows.collect())
        }
        ("DELETE", [id]) => {
            this(id)?;
            may(call)?;
            let all = members(tenant);
            release(world, index, &all);
            let binned = Binned::new(world.clock.real(), world.clock.virtual_now());
            let tenant = &mut world.tenants[index];
            let unit = tenant.unit.take().unwrap_or_default();
            tenant.directory.unit = Some((unit, binned));
            world.record(index, "administrativeUnitDeleted", unit, &call.actor());
            Ok(Reply::empty(204))
        }
        ("DELETE", [id, "members", member, "$ref"]) => {
            this(id)?;
            may(call)?;
            let position = tenant
                .users
                .find(member)
                .filter(|at| members(tenant).contains(at));
            let position = position.ok_or_else(|| Refusal::not_found(member))?;
            release(world, index, &[position]);
            let object = world.tenants[index].user_id(position).unwrap_or_default();
            world.record(
                index,
                "administrativeUnitMemberRemoved",
                object,
                &call.actor(),
            );
            Ok(Reply::empty(204))
        }
        _ => Err(unknown(call)),
    }
}

/// Who changes such a unit holds one of two roles for the whole tenant.
fn may(call: &Call) -> Result<(), Refusal> {
    let held = &call.caller.directory_roles;
    if held.contains(&GLOBAL_ADMINISTRATOR) || held.contains(&PRIVILEGED_ROLE) {
        Ok(())
    } else {
        Err(Refusal::denied())
    }
}

fn members(tenant: &Tenant) -> Vec<u32> {
    let inside = tenant.users.positions();
    let inside = inside.filter(|(position, user)| user.alive() && is_inside(tenant, *position));
    inside.map(|(position, _)| position).collect()
}

fn is_inside(tenant: &Tenant, position: u32) -> bool {
    let restricted = tenant
        .users
        .get(position)
        .is_some_and(|user| user.is(RESTRICTED));
    restricted && !tenant.released.iter().any(|(_, one)| *one == position)
}

/// The unit that a user is in.
pub(super) fn around(tenant: &Tenant, position: u32) -> Option<Value> {
    let unit = tenant.unit.filter(|_| is_inside(tenant, position));
    unit.map(|unit| row(unit, None))
}

fn release(world: &mut World, index: usize, positions: &[u32]) {
    let due = world.clock.virtual_now() + LINGER;
    world.tenants[index]
        .released
        .extend(positions.iter().map(|position| (due, *position)));
}

pub(super) fn row(unit: uuid::Uuid, deleted: Option<Binned>) -> Value {
    json!({
        "id": unit, "deletedDateTime": deleted.map(|one| stamp(one.at)), "displayName": "Restricted accounts", "description": null, "visibility": null,
        "isMemberManagementRestricted": true, "membershipType": null,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    const UNITS: &str = "/v1.0/directory/administrativeUnits";

    #[test]
    fn its_members_go_half_an_hour_after_it_has_gone() {
        let roles = "[Global Administrator, Privileged Authentication Administrator]";
        let mut world = World::test(&format!(
            "tenants: [{{users: 40, restrictedUsers: 3, closer: {{directoryRoles: {roles}}}}}]"
        ));
        let token = testing::token(&mut world, 0, false);
        let units = testing::get(&mut world, &token, UNITS);
        let unit = &units.value()["value"][0];
        assert_eq!(unit["isMemberManagementRestricted"], true);
        let target = format!("{UNITS}/{}", unit["id"].as_str().unwrap());
        let members = testing::get(&mut world, &token, &format!("{target}/members"));
        let ids: Vec<String> = members.value()["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(ids.len(), 3);
        let send = |world: &mut World, method: &str, target: &str| {
            testing::send(world, &token, method, target, &Value::Null).status
        };
        let user = |number: usize| format!("/v1.0/users/{}", ids[number]);
        assert_eq!(send(&mut world, "DELETE", &user(0)), 403);
        assert_eq!(
            send(
                &mut world,
                "DELETE",
                &format!("{target}/members/{}/$ref", ids[0])
            ),
            204
        );
        assert_eq!(send(&mut world, "DELETE", &user(0)), 403);
        world.clock.advance(1801.0);
        assert_eq!(send(&mut world, "DELETE", &user(0)), 204);
        assert_eq!(send(&mut world, "DELETE", &user(1)), 403);
        assert_eq!(send(&mut world, "DELETE", &target), 204);
        assert_eq!(send(&mut world, "DELETE", &target), 404);
        world.clock.advance(1801.0);
        assert_eq!(send(&mut world, "DELETE", &user(1)), 204);
    }

    #[test]
    fn a_role_is_needed() {
        let mut world = World::test("tenants: [{users: 40, restrictedUsers: 1}]");
        let token = testing::token(&mut world, 0, false);
        let target = format!("{UNITS}/{}", world.tenants[0].unit.unwrap());
        assert_eq!(
            testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
            403
        );
    }
}
