//! Directory objects of any type: `getByIds`, and deletion by id alone.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::replicas::Replica;
use super::super::world::World;
use super::{
    Answer, Call, applications, devices, groups, listing, person, properties, units, unknown, users,
};

const READ: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "User.Read.All",
    "User.ReadWrite.All",
];
const STRICTLY: &[&str] = &["Directory.Read.All", "Directory.ReadWrite.All"];
const MOST: usize = 1000;

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("POST", ["directoryObjects", "getByIds"]) => get_by_ids(world, call),
        ("GET", ["directoryObjects", id]) => read(world, call, id),
        ("DELETE", ["directoryObjects", id])
            if world.tenants[call.caller.tenant].users.find(id).is_some() =>
        {
            users::delete(world, call, id)
        }
        ("DELETE", ["directoryObjects", id]) => {
            let tenant = &world.tenants[call.caller.tenant];
            let application = tenant
                .applications
                .iter()
                .any(|one| one.id.to_string() == *id);
            applications::delete(
                world,
                call,
                if application {
                    "applications"
                } else {
                    "servicePrincipals"
                },
                id,
            )
        }
        _ => Err(unknown(call)),
    }
}

/// An object of any type that the caller may read, with what its type shows.
fn read(world: &mut World, call: &Call, key: &str) -> Answer {
    let replica = Replica::draw(world, call.caller.tenant);
    let now = world.clock.virtual_now();
    let tenant = &world.tenants[call.caller.tenant];
    let unknown = || Refusal::not_found(key);
    let id = Uuid::parse_str(key).map_err(|_| unknown())?;
    let user = tenant.users.position(id).filter(|position| {
        let user = tenant.users.get(*position);
        user.is_some_and(|user| replica.shows_user(user))
    });
    let (kind, set, mut row) = if let Some(position) = user {
        call.require(READ)?;
        (
            "user",
            "users",
            person::user(tenant, position, listing::select(call).as_deref(), now)?,
        )
    } else if let Some((kind, row)) = applications::object(tenant, id, replica) {
        call.require(applications::READ)?;
        let set = if kind == "application" {
            "applications"
        } else {
            "servicePrincipals"
        };
        (kind, set, row)
    } else if let Some(n) = groups::number(tenant, key) {
        call.require(groups::READ)?;
        ("group", "groups", groups::group(tenant, n))
    } else if tenant.unit == Some(id) {
        call.require(units::READ)?;
        (
            "administrativeUnit",
            "directory/administrativeUnits",
            units::row(id, None),
        )
    } else {
        let row = devices::find(tenant, key);
        call.require(if row.is_ok() { devices::READ } else { STRICTLY })?;
        ("device", "devices", row?)
    };
    row["@odata.type"] = json!(format!("#microsoft.graph.{kind}"));
    listing::one(call, set, row)
}

fn get_by_ids(world: &mut World, call: &Call) -> Answer {
    let strict = world.behaviour_of(call.caller.tenant).strict_get_by_ids;
    call.require(if strict { STRICTLY } else { READ })?;
    let ids = call
        .body
        .get("ids")
        .and_then(Value::as_array)
        .ok_or_else(|| Refusal::bad("The parameter 'ids' is missing."))?;
    if ids.len() > MOST {
        return Err(Refusal::bad(format!(
            "The number of ids must not exceed {MOST}."
        )));
    }
    let types: Vec<String> = call
        .body
        .get("types")
        .and_then(Value::as_array)
        .map(|list| {
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_ascii_lowercase)
                .collect()
        })
        .unwrap_or_default();
    let wants = |kind: &str| {
        types.is_empty()
            || types
                .iter()
                .any(|one| one == kind || one == "directoryobject")
    };
    let replica = Replica::draw(world, call.caller.tenant);
    let now = world.clock.virtual_now();
    let select = listing::select(call);
    let tenant = &world.tenants[call.caller.tenant];
    let mut rows = Vec::new();
    for id in ids {
        let id = id
            .as_str()
            .and_then(|text| Uuid::parse_str(text).ok())
            .ok_or_else(|| Refusal::bad("Invalid object identifier."))?;
        if let Some(position) = tenant.users.position(id) {
            let shown = tenant
                .users
                .get(position)
                .is_some_and(|user| replica.shows_user(user));
            if shown && wants("user") {
                let mut row = person::user(tenant, position, select.as_deref(), now)?;
                row["@odata.type"] = json!("#microsoft.graph.user");
                rows.push(row);
            }
        } else if let Some((kind, row)) = applications::object(tenant, id, replica)
            .filter(|(kind, _)| wants(&kind.to_ascii_lowercase()))
        {
            let mut row = properties::project("directoryObjects", row, select.as_deref())?;
            row["@odata.type"] = json!(format!("#microsoft.graph.{kind}"));
            rows.push(row);
        }
    }
    Ok(Reply::json(
        200,
        json!({ "@odata.context": call.context("directoryObjects"), "value": rows }),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn only_what_is_there_comes_back() {
        let mut world = World::test("tenants: [{users: 9}]");
        let token = testing::token(&mut world, 0, true);
        let ids: Vec<_> = (0..9)
            .map(|position| world.tenants[0].user_id(position).unwrap())
            .collect();
        world.tenants[0].users.delete(4, 1);
        let reply = testing::send(
            &mut world,
            &token,
            "POST",
            "/v1.0/directoryObjects/getByIds?$select=id",
            &json!({ "ids": ids, "types": ["user"] }),
        );
        assert_eq!(reply.value()["value"].as_array().unwrap().len(), 8);
        assert!(
            reply
                .headers
                .iter()
                .any(|(name, value)| name == "x-ms-resource-unit" && value == "2")
        );
        assert!(world.judge.violations.is_empty());
        let many: Vec<_> = (0..1001).map(|_| Uuid::nil()).collect();
        assert_eq!(
            testing::send(
                &mut world,
                &token,
                "POST",
                "/v1.0/directoryObjects/getByIds",
                &json!({ "ids": many })
            )
            .status,
            400
        );
    }
}
