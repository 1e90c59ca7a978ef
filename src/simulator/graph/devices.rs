//! Devices that are registered or joined: those that Intune manages. A deleted one is gone: v1.0 has no recycle bin for them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::tenant::Tenant;
use super::super::world::World;
use super::{Answer, Call, listing, unknown};

pub(super) const READ: &[&str] = &[
    "Device.Read.All",
    "Device.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const WRITE: &[&str] = &["Device.ReadWrite.All"];

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let index = call.caller.tenant;
    let tenant = &world.tenants[index];
    call.require(if call.method == "GET" { READ } else { WRITE })?;
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["devices"]) => listing::small(call, "devices", rows(tenant)),
        ("GET", ["devices", "$count"]) => listing::count(call, "devices", rows(tenant)),
        ("GET", ["devices", key]) => listing::one(call, "devices", find(tenant, key)?),
        ("DELETE", ["devices", key]) => {
            let row = find(tenant, key)?;
            let id = row["id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
            let id = id.unwrap_or_default();
            world.tenants[index].directory.gone.insert(id);
            world.record(index, "deviceDeleted", id, &call.actor());
            Ok(Reply::empty(204))
        }
        _ => Err(unknown(call)),
    }
}

fn rows(tenant: &Tenant) -> Vec<Value> {
    let named = |kind: &str, n: u32| Uuid::new_v5(&tenant.id, format!("{kind}{n}").as_bytes());
    let all = (0..tenant.losses.intune_devices).map(|n| (n, named("device", n)));
    let there = all.filter(|(_, id)| !tenant.directory.gone.contains(id));
    there
        .map(|(n, id)| {
            json!({
                "id": id, "deviceId": named("deviceId", n), "displayName": format!("DESKTOP-{n:04}"), "accountEnabled": true, "deletedDateTime": null,
                "operatingSystem": "Windows", "operatingSystemVersion": "10.0.26100.1742", "isManaged": true, "isCompliant": true,
                "trustType": "AzureAd", "profileType": "RegisteredDevice", "managementType": "MDM", "deviceOwnership": "Company",
                "approximateLastSignInDateTime": "2026-09-30T08:00:00Z", "registrationDateTime": "2024-02-01T08:00:00Z",
            })
        })
        .collect()
}

/// By object id, or by `deviceId=…`.
pub(super) fn find(tenant: &Tenant, key: &str) -> Result<Value, Refusal> {
    let (field, wanted) = match key.strip_prefix("deviceId=") {
        Some(id) => ("deviceId", id),
        None => ("id", key),
    };
    let mut all = rows(tenant).into_iter();
    let found = all.find(|row| {
        row[field]
            .as_str()
            .is_some_and(|id| id.eq_ignore_ascii_case(wanted))
    });
    found.ok_or_else(|| Refusal::not_found(key))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn devices_are_listed_and_deleted() {
        let roles = "[Device.ReadWrite.All]";
        let mut world = World::test(&format!(
            "tenants: [{{users: 3, losses: {{intuneDevices: 3}}, closer: {{appRoles: {roles}}}, reader: {{appRoles: [Device.Read.All]}}}}]"
        ));
        let token = testing::token(&mut world, 0, false);
        let reader = testing::token(&mut world, 0, true);
        let list = testing::get(
            &mut world,
            &token,
            "/v1.0/devices?$filter=displayName eq 'DESKTOP-0001'",
        );
        let row = list.value()["value"][0].clone();
        let device = row["deviceId"].as_str().unwrap();
        let one = testing::get(
            &mut world,
            &token,
            &format!("/v1.0/devices(deviceId='{device}')"),
        );
        assert_eq!(one.value()["id"], row["id"]);
        let target = format!("/v1.0/devices/{}", row["id"].as_str().unwrap());
        let delete = |world: &mut World, token: &str| {
            testing::send(world, token, "DELETE", &target, &Value::Null).status
        };
        assert_eq!(delete(&mut world, &reader), 403);
        assert_eq!(delete(&mut world, &token), 204);
        assert_eq!(delete(&mut world, &token), 404);
        let counted = testing::get(&mut world, &token, "/v1.0/devices/$count");
        assert_eq!(counted, {
            let mut reply = Reply::text(200, "2".to_owned());
            reply.headers = counted.headers.clone();
            reply
        });
    }
}
