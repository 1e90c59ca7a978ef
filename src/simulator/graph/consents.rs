//! Delegated permissions that were consented to for everybody, one grant for each enterprise application of another company:
//! <https://learn.microsoft.com/graph/api/resources/oauth2permissiongrant>.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::tenant::Tenant;
use super::super::world::World;
use super::{Answer, Call, listing, unknown};

const READ: &[&str] = &[
    "DelegatedPermissionGrant.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const WRITE: &[&str] = &["DelegatedPermissionGrant.ReadWrite.All"];

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let index = call.caller.tenant;
    let tenant = &world.tenants[index];
    call.require(if call.method == "GET" { READ } else { WRITE })?;
    let set = "oauth2PermissionGrants";
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", [_]) => {
            let rows = grants(tenant).map(|(_, row)| row);
            listing::small(call, set, rows.collect())
        }
        ("GET", [_, key]) => listing::one(call, set, find(tenant, key)?.1),
        ("DELETE", [_, key]) => {
            let (id, _) = find(tenant, key)?;
            world.tenants[index].directory.gone.insert(id);
            world.record(index, "permissionGrantDeleted", id, &call.actor());
            Ok(Reply::empty(204))
        }
        _ => Err(unknown(call)),
    }
}

fn grants(tenant: &Tenant) -> impl Iterator<Item = (Uuid, Value)> {
    let resource = Uuid::new_v5(&tenant.id, b"Microsoft Graph");
    let clients = tenant.principals.iter().filter(|one| {
        one.deleted_at == 0 && !one.first_party() && !one.managed_identity && one.owner != tenant.id
    });
    let each = clients.map(move |one| {
        let id = Uuid::new_v5(&one.id, b"grant");
        let row = json!({
            "id": id.simple().to_string(), "clientId": one.id, "consentType": "AllPrincipals", "principalId": null, "resourceId": resource,
            "scope": "User.Read openid profile",
        });
        (id, row)
    });
    each.filter(|(id, _)| !tenant.directory.gone.contains(id))
}

fn find(tenant: &Tenant, key: &str) -> Result<(Uuid, Value), Refusal> {
    let found = grants(tenant).find(|(_, row)| row["id"] == key);
    found.ok_or_else(|| Refusal::not_found(key))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn consents_are_listed_and_taken_back() {
        let mut world = World::test(
            "tenants: [{users: 3, servicePrincipals: 2, closer: {appRoles: [DelegatedPermissionGrant.ReadWrite.All, Application.ReadWrite.All]}}]",
        );
        let token = testing::token(&mut world, 0, false);
        let ids = |world: &mut World| -> Vec<String> {
            let reply = testing::get(world, &token, "/v1.0/oauth2PermissionGrants");
            let rows = reply.value()["value"].as_array().unwrap().clone();
            rows.iter()
                .map(|row| row["id"].as_str().unwrap().to_owned())
                .collect()
        };
        let all = ids(&mut world);
        assert_eq!(all.len(), 2);
        let target = format!("/v1.0/oauth2PermissionGrants/{}", all[0]);
        for status in [204, 404] {
            assert_eq!(
                testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
                status
            );
        }
        assert_eq!(ids(&mut world), all[1..]);
        let reader = testing::token(&mut world, 0, true);
        let target = format!("/v1.0/oauth2PermissionGrants/{}", all[1]);
        assert_eq!(
            testing::send(&mut world, &reader, "DELETE", &target, &Value::Null).status,
            403
        );
    }
}
