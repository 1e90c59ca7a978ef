//! Who has a license of which product: <https://learn.microsoft.com/graph/api/user-assignlicense>.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::replicas::Replica;
use super::super::tenant::Tenant;
use super::super::users::LICENSED;
use super::super::world::World;
use super::{Answer, Call, listing, person, unknown, users};

const WRITE: &[&str] = &[
    "LicenseAssignment.ReadWrite.All",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
];
const READ: &[&str] = &[
    "LicenseAssignment.Read.All",
    "LicenseAssignment.ReadWrite.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

/// `/users/{id}/assignLicense` and `/users/{id}/licenseDetails`.
pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("POST", ["users", id, "assignLicense"]) => assign(world, call, id),
        ("GET", ["users", id, "licenseDetails"]) => {
            call.require(READ)?;
            let replica = Replica::draw(world, call.caller.tenant);
            let tenant = &world.tenants[call.caller.tenant];
            let (_, user) = users::there(tenant, id, replica)?;
            let rows = person::products(tenant, user).into_iter().map(|sku| {
                let id = Uuid::new_v5(&user.id, sku.as_bytes()).simple().to_string();
                json!({ "id": id, "skuId": sku, "skuPartNumber": part_number(tenant, sku), "servicePlans": [] })
            });
            listing::small(call, "users/licenseDetails", rows.collect())
        }
        _ => Err(unknown(call)),
    }
}

fn part_number(tenant: &Tenant, sku: Uuid) -> Option<&str> {
    let mut all = tenant.subscriptions.iter();
    all.find(|one| one.sku_id == sku)
        .map(|one| one.sku.as_str())
}

/// The products that a list of the body names; the list has to be there.
fn named(
    call: &Call,
    list: &str,
    id: impl Fn(&Value) -> Option<&str>,
) -> Result<Vec<Uuid>, Refusal> {
    let all = call.body[list].as_array().ok_or_else(|| {
        Refusal::bad(format!(
            "One or more parameters of the function import 'assignLicense' are missing from the request payload. The missing parameters are: {list}."
        ))
    })?;
    let each = all
        .iter()
        .map(|one| id(one).and_then(|text| Uuid::parse_str(text).ok()));
    let all: Option<Vec<Uuid>> = each.collect();
    all.ok_or_else(|| Refusal::bad(format!("Invalid value specified for property '{list}'.")))
}

fn assign(world: &mut World, call: &Call, key: &str) -> Answer {
    call.require(WRITE)?;
    let replica = Replica::draw(world, call.caller.tenant);
    let (now, virtual_now) = (world.clock.real(), world.clock.virtual_now());
    let added = named(call, "addLicenses", |one| one["skuId"].as_str())?;
    let removed = named(call, "removeLicenses", Value::as_str)?;
    let index = call.caller.tenant;
    let tenant = &world.tenants[index];
    let (position, user) = users::there(tenant, key, replica)?;
    let mut held = person::products(tenant, user);
    if removed.iter().any(|sku| !held.contains(sku)) {
        return Err(Refusal::bad("User does not have a corresponding license."));
    }
    for sku in &added {
        if part_number(tenant, *sku).is_none() {
            return Err(Refusal::bad(format!(
                "License {sku} does not correspond to a valid company License."
            )));
        }
    }
    if !added.is_empty() && person::value(tenant, position, "usageLocation", virtual_now).is_null()
    {
        return Err(Refusal::bad(
            "License assignment cannot be done for user with invalid usage location.",
        ));
    }
    held.retain(|sku| !removed.contains(sku));
    held.extend(added.into_iter().filter(|sku| !removed.contains(sku)));
    held.sort_unstable();
    held.dedup();
    let id = user.id;
    let tenant = &mut world.tenants[index];
    if let Some(user) = tenant.users.get_mut(position) {
        let none = held.is_empty();
        user.flags = if none {
            user.flags & !LICENSED
        } else {
            user.flags | LICENSED
        };
    }
    tenant.directory.licenses.insert(id, held);
    tenant.users.touched(position, now);
    let mut row = person::user(tenant, position, None, virtual_now)?;
    row["@odata.context"] = json!(call.context("users/$entity"));
    world.record(index, "licensesChanged", id, &call.actor());
    Ok(Reply::json(200, row))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn licenses_come_and_go() {
        let mut world =
            World::test("tenants: [{users: 5, subscriptions: [{kind: Direct, sku: SPE_E5}]}]");
        let token = testing::token(&mut world, 0, false);
        let id = world.tenants[0].user_id(1).unwrap();
        let target = format!("/v1.0/users/{id}");
        let sku = world.tenants[0].subscriptions[0].sku_id;
        let held = |world: &mut World| {
            let reply = testing::get(world, &token, &format!("{target}/licenseDetails"));
            let rows = reply.value()["value"].as_array().unwrap().clone();
            rows.iter()
                .map(|row| row["skuPartNumber"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let set = |world: &mut World, added: &[Uuid], removed: &[Uuid]| {
            let added: Vec<_> = added.iter().map(|sku| json!({ "skuId": sku })).collect();
            let body = json!({ "addLicenses": added, "removeLicenses": removed });
            testing::send(
                world,
                &token,
                "POST",
                &format!("{target}/assignLicense"),
                &body,
            )
            .status
        };
        if !held(&mut world).is_empty() {
            assert_eq!(set(&mut world, &[], &[sku]), 200);
        }
        assert!(held(&mut world).is_empty());
        assert_eq!(set(&mut world, &[], &[sku]), 400, "there is none");
        assert_eq!(
            set(&mut world, &[sku], &[]),
            400,
            "nobody knows where the person is"
        );
        let place = json!({ "usageLocation": "NL" });
        assert_eq!(
            testing::send(&mut world, &token, "PATCH", &target, &place).status,
            204
        );
        assert_eq!(set(&mut world, &[Uuid::nil()], &[]), 400, "never bought");
        assert_eq!(set(&mut world, &[sku], &[]), 200);
        assert_eq!(held(&mut world), ["SPE_E5"]);
        let licensed = "/v1.0/users?$filter=assignedLicenses/$count ne 0&$count=true";
        let listed = testing::get(&mut world, &token, licensed);
        let rows = listed.value()["value"].as_array().unwrap();
        assert!(rows.iter().any(|row| row["id"] == json!(id)));
        let missing = json!({ "addLicenses": [] });
        let reply = testing::send(
            &mut world,
            &token,
            "POST",
            &format!("{target}/assignLicense"),
            &missing,
        );
        assert_eq!(reply.status, 400);
    }
}
