//! What comes back from the recycle bin: <https://learn.microsoft.com/graph/api/directory-deleteditems-restore>. A registration and its service
//! principal come back each by itself.

use serde_json::json;
use uuid::Uuid;

use super::super::super::errors::Refusal;
use super::super::super::exchange::Reply;
use super::super::super::world::World;
use super::super::{Answer, Call, applications, creation, groups, units};
use super::Found;

const USERS: &[&str] = &["User.ReadWrite.All", "User.DeleteRestore.All"];

pub(super) fn restore(world: &mut World, call: &Call, key: &str) -> Answer {
    let index = call.caller.tenant;
    let tenant = &world.tenants[index];
    let found = match Found::by_id(tenant, key) {
        Ok(found) => found,
        Err(none) => {
            let writers = [USERS, applications::OWNED, groups::WRITE, units::WRITE];
            call.require(&writers.concat())?;
            return Err(none);
        }
    };
    let id = Uuid::parse_str(key).unwrap_or_default();
    let kind = match found {
        Found::User(position) => {
            user(world, call, position)?;
            "userRestored"
        }
        Found::Application(at) => {
            applications::may_change(tenant, call, id)?;
            let now = world.clock.real();
            let one = &mut world.tenants[index].applications[at];
            (one.deleted_at, one.created_at) = (0, now);
            "applicationRestored"
        }
        Found::Principal(at) => {
            applications::may_change(tenant, call, id)?;
            let app = tenant.principals[at].app_id;
            let mut all = tenant.principals.iter();
            if all.any(|one| one.app_id == app && one.deleted_at == 0) {
                return Err(conflict("servicePrincipalNames"));
            }
            let now = world.clock.real();
            let one = &mut world.tenants[index].principals[at];
            (one.deleted_at, one.created_at) = (0, now);
            "servicePrincipalRestored"
        }
        Found::Group(n) => {
            call.require(groups::WRITE)?;
            world.tenants[index].directory.groups.remove(&n);
            "groupRestored"
        }
        Found::Unit => {
            call.require(units::WRITE)?;
            let tenant = &mut world.tenants[index];
            let unit = tenant.directory.unit.take();
            tenant.unit = unit.map(|(id, _)| id);
            // Who has not lost the protection keeps it.
            tenant.released.clear();
            "administrativeUnitRestored"
        }
    };
    let tenant = &mut world.tenants[index];
    tenant.bin.retain(|(one, _)| *one != id);
    let tenant_id = tenant.id;
    world.judge.brief(tenant_id).deleted.remove(&id);
    world.record(index, kind, id, &call.actor());
    let (set, name) = found.kind();
    let mut row = found.row(&world.tenants[index], world.clock.virtual_now())?;
    row["@odata.context"] = json!(call.context(&format!("{set}/$entity")));
    row["@odata.type"] = json!(format!("#microsoft.graph.{name}"));
    Ok(Reply::json(200, row))
}

/// A user comes back under his name, or under a new one (`newUserPrincipalName`) where somebody else has taken it.
fn user(world: &mut World, call: &Call, position: u32) -> Result<(), Refusal> {
    call.require(USERS)?;
    let now = world.clock.real();
    let tenant = &mut world.tenants[call.caller.tenant];
    let wanted = call.body["newUserPrincipalName"].as_str();
    if let Some(name) = wanted {
        creation::verified(tenant, name)?;
    }
    let name = wanted.map_or_else(|| tenant.users.principal_name(position), str::to_owned);
    if tenant.users.taken(&name, Some(position)) {
        return Err(conflict("userPrincipalName"));
    }
    if wanted.is_some() {
        tenant.users.name(position, name);
    }
    tenant.users.restore(position, now);
    Ok(())
}

fn conflict(property: &str) -> Refusal {
    Refusal::new(
        409,
        "Request_MultipleObjectsWithSameKeyValue",
        format!("Another object with the same value for property {property} already exists."),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::super::super::testing;
    use super::*;

    fn send(world: &mut World, token: &str, method: &str, target: &str, body: &Value) -> Reply {
        testing::send(world, token, method, &format!("/v1.0/{target}"), body)
    }

    #[test]
    fn a_name_that_was_taken_meanwhile_is_in_the_way() {
        let mut world = World::test("tenants: [{users: 5, guestsPercent: 0}]");
        let token = testing::token(&mut world, 0, false);
        let id = world.tenants[0].user_id(1).unwrap();
        let name = world.tenants[0].users.principal_name(1);
        assert_eq!(
            send(
                &mut world,
                &token,
                "DELETE",
                &format!("users/{id}"),
                &Value::Null
            )
            .status,
            204
        );
        let other = json!({ "accountEnabled": true, "displayName": "Other", "mailNickname": "other", "userPrincipalName": name,
            "passwordProfile": { "password": "not a real one" } });
        assert_eq!(
            send(&mut world, &token, "POST", "users", &other).status,
            201
        );
        let target = format!("directory/deletedItems/{id}/restore");
        let refused = send(&mut world, &token, "POST", &target, &Value::Null);
        assert_eq!(refused.status, 409);
        assert_eq!(
            refused.value()["error"]["code"],
            "Request_MultipleObjectsWithSameKeyValue"
        );
        let renamed = "back@contoso.onmicrosoft.com";
        let body = json!({ "newUserPrincipalName": renamed, "autoReconcileProxyConflict": true });
        let back = send(&mut world, &token, "POST", &target, &body);
        assert_eq!(
            (back.status, back.value()["userPrincipalName"].as_str()),
            (200, Some(renamed))
        );
        assert_eq!(
            send(&mut world, &token, "POST", &target, &body).status,
            404,
            "it is back"
        );
        let other = testing::get(&mut world, &token, &format!("/v1.0/users/{name}"));
        assert_eq!(other.value()["displayName"], "Other");
    }

    #[test]
    fn applications_groups_and_units_come_back() {
        let mut world = World::test(
            "tenants: [{users: 40, applications: 1, restrictedUsers: 2, losses: {groups: 2}, closer: {directoryRoles: [Global Administrator], \
             appRoles: [Application.ReadWrite.All, Group.ReadWrite.All, AdministrativeUnit.ReadWrite.All, User.ReadWrite.All]}}]",
        );
        let token = testing::token(&mut world, 0, false);
        let tenant = &world.tenants[0];
        let application = &tenant.applications[0];
        let principal = tenant.principal_of(application.app_id).unwrap().id;
        let (application, group, unit) =
            (application.id, groups::id(tenant, 1), tenant.unit.unwrap());
        let restore = |world: &mut World, id: Uuid| {
            send(
                world,
                &token,
                "POST",
                &format!("directory/deletedItems/{id}/restore"),
                &Value::Null,
            )
            .status
        };
        for live in [
            format!("applications/{application}"),
            format!("groups/{group}"),
            format!("directory/administrativeUnits/{unit}"),
        ] {
            assert_eq!(
                send(&mut world, &token, "DELETE", &live, &Value::Null).status,
                204
            );
            assert_eq!(
                testing::get(&mut world, &token, &format!("/v1.0/{live}")).status,
                404
            );
            let id = Uuid::parse_str(live.rsplit('/').next().unwrap()).unwrap();
            assert_eq!(restore(&mut world, id), 200, "{live}");
            assert_eq!(
                testing::get(&mut world, &token, &format!("/v1.0/{live}")).status,
                200
            );
            assert_eq!(restore(&mut world, id), 404, "{live}");
        }
        assert_eq!(restore(&mut world, principal), 200);
        let again = format!("applications/{application}");
        assert_eq!(
            send(&mut world, &token, "DELETE", &again, &Value::Null).status,
            204
        );
        assert!(
            world
                .judge
                .violations
                .iter()
                .all(|one| one.kind != "deletedTwice"),
            "{:?}",
            world.judge.violations
        );
    }
}
