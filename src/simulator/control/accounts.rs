//! What an administrator changes in the Entra admin center: accounts, roles, permissions, secrets. It frees nothing and
//! deletes nothing, so it is no effect.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::grants::Grant;
use super::super::roles;
use super::super::tenant::{Client, Tenant};
use super::super::users::{AUTHENTICATOR, DISABLED, User};
use super::super::world::World;
use super::Answer;

/// A new name, whether the account may sign in, whether the Authenticator app is registered, the directory role (`null`:
/// none), and whether it is in the group that is Global administrator; absent fields stay.
pub(super) fn change_user(tenant: &mut Tenant, body: &Value) -> Answer {
    let position = body["id"]
        .as_str()
        .and_then(|id| tenant.users.find(id))
        .filter(|position| tenant.users.get(*position).is_some_and(User::alive))
        .ok_or_else(|| missing("`id` names no user of this tenant."))?;
    let role = body.get("role").map(role).transpose()?;
    if let Some(name) = body["userPrincipalName"].as_str() {
        tenant.users.name(position, name.to_owned());
    }
    if let Some(user) = tenant.users.get_mut(position) {
        for (told, flag) in [
            (
                body["accountEnabled"].as_bool().map(|enabled| !enabled),
                DISABLED,
            ),
            (body["authenticator"].as_bool(), AUTHENTICATOR),
        ] {
            match told {
                Some(true) => user.flags |= flag,
                Some(false) => user.flags &= !flag,
                None => {}
            }
        }
        user.role = role.unwrap_or(user.role);
    }
    if let Some(member) = body["groupAdministrator"].as_bool() {
        if tenant.losses.groups == 0 {
            return Err(missing("This tenant has no group."));
        }
        tenant.group_administrators.retain(|who| *who != position);
        tenant
            .group_administrators
            .extend(member.then_some(position));
    }
    if role.is_some() {
        tenant.eligible.retain(|(_, who)| *who != position);
        tenant.temporary.retain(|who| *who != position);
    }
    Ok(Reply::json(
        200,
        json!({ "id": tenant.user_id(position), "userPrincipalName": tenant.users.principal_name(position) }),
    ))
}

/// Gives an application a permission with admin consent (`permission`), takes one away (`revoke`), gives it a directory role
/// (`role`) or takes one away (`revokeRole`), gives it Owner in Azure (`azureOwner`), a role on the billing account (`billingRole`), or a new secret (`newSecret`), which
/// the reply tells. What is granted takes effect as late as the scenario says.
pub(super) fn change_application(world: &mut World, index: usize, body: &Value) -> Answer {
    let now = world.clock.real();
    let due = now + i64::from(world.behaviour_of(index).late_grants_ms);
    let tenant = &mut world.tenants[index];
    let client = client(tenant, body)?;
    let taken = body.get("revokeRole").map(role).transpose()?;
    let role = body.get("role").map(role).transpose()?;
    if let Some(permission) = body["permission"].as_str() {
        client.grant(Grant::Permission(permission.to_owned()), due);
    }
    if let Some(permission) = body["revoke"].as_str() {
        client.app_roles.retain(|held| held != permission);
        let revoked = Grant::Permission(permission.to_owned());
        client.late.retain(|(_, grant)| *grant != revoked);
    }
    if let Some(role) = taken {
        client.directory_roles.retain(|held| *held != role);
        client
            .late
            .retain(|(_, grant)| *grant != Grant::DirectoryRole(role));
    }
    if let Some(role) = role {
        client.grant(Grant::DirectoryRole(role), due);
    }
    for (field, grant) in [
        ("azureOwner", Grant::AzureOwner),
        ("billingRole", Grant::BillingRole),
    ] {
        if body[field] == true {
            client.grant(grant, due);
        }
    }
    if body["newSecret"] == true {
        client.secret = format!("sim~{}", Uuid::new_v4().simple());
        client.secret_expired = false;
    }
    client.settle(now);
    let told = json!({ "appId": client.app_id, "clientSecret": client.secret });
    Ok(Reply::json(200, told))
}

fn client<'a>(tenant: &'a mut Tenant, body: &Value) -> Result<&'a mut Client, Refusal> {
    let wanted = body["id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
    tenant
        .clients
        .iter_mut()
        .find(|client| Some(client.app_id) == wanted)
        .ok_or_else(|| missing("`id` names no application that signs in to this tenant."))
}

/// By name or template id; 0 is none.
pub(super) fn role(told: &Value) -> Result<u8, Refusal> {
    match told.as_str() {
        None => Ok(0),
        Some(name) => roles::find(name).ok_or_else(|| missing("`role` names no role.")),
    }
}

fn missing(text: &str) -> Refusal {
    Refusal::new(404, "notFound", text)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn accounts_and_applications_change() {
        let mut world = World::test(
            "tenants: [{users: 5, closer: {appRoles: [User.Read.All], secretExpired: true}}]",
        );
        let path = format!("/_sim/tenants/{}/press", world.tenants[0].id);
        let closer = world.tenants[0].clients[0].app_id;
        let press = |world: &mut World, body: Value| testing::control(world, "POST", &path, &body);
        let changes = json!({ "action": "changeUser", "id": "closer@contoso.onmicrosoft.com", "accountEnabled": false, "authenticator": false,
            "userPrincipalName": "other@contoso.onmicrosoft.com", "role": "Billing Administrator" });
        assert_eq!(press(&mut world, changes.clone()).status, 200);
        assert_eq!(press(&mut world, changes).status, 404);
        let tenant = &world.tenants[0];
        let user = tenant.users.get(tenant.retained).unwrap();
        assert!(user.is(DISABLED) && !user.is(AUTHENTICATOR));
        assert_eq!(roles::known(user.role).name, "Billing Administrator");
        let body = json!({ "action": "changeApplication", "id": closer, "newSecret": true, "permission": "Domain.Read.All", "revoke": "User.Read.All",
            "role": "Privileged Authentication Administrator" });
        let reply = press(&mut world, body);
        let client = &world.tenants[0].clients[0];
        assert_eq!(reply.value()["clientSecret"], json!(client.secret));
        assert!(!client.secret_expired);
        assert_eq!(client.app_roles, ["Domain.Read.All"]);
        assert!(
            client
                .directory_roles
                .contains(&roles::PRIVILEGED_AUTHENTICATION)
        );
        let unknown = json!({ "action": "changeApplication", "id": closer, "role": "King" });
        assert_eq!(press(&mut world, unknown).status, 404);
    }
}
