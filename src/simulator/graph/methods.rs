//! What somebody can sign in with. Not in 21Vianet's cloud: there only the beta version has it.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::replicas::Replica;
use super::super::roles::may_delete;
use super::super::scenario::Cloud;
use super::super::tenant::Tenant;
use super::super::users::{AUTHENTICATOR, User};
use super::super::world::World;
use super::{Answer, Call, listing, unknown, users};

const READ: &[&str] = &[
    "UserAuthenticationMethod.Read.All",
    "UserAuthenticationMethod.ReadWrite.All",
];

const WRITE: &[&str] = &["UserAuthenticationMethod.ReadWrite.All"];

/// What a program can take away, by collection.
const KINDS: &[&str] = &[
    "emailMethods",
    "externalAuthenticationMethods",
    "fido2Methods",
    "microsoftAuthenticatorMethods",
    "phoneMethods",
    "platformCredentialMethods",
    "softwareOathMethods",
    "temporaryAccessPassMethods",
    "windowsHelloForBusinessMethods",
];

/// The id of everybody's password.
const PASSWORD: &str = "28c10230-6103-485e-b985-444c60001490";

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let china = world.tenants[call.caller.tenant].cloud == Cloud::China;
    if china && !call.beta {
        return Err(unknown(call));
    }
    let parts: Vec<&str> = call.segments.iter().skip(3).map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", [kind]) => {
            let kind = match *kind {
                "methods" => None,
                kind if KINDS.contains(&kind) || kind == "passwordMethods" => Some(kind),
                _ => return Err(unknown(call)),
            };
            read(world, call, kind)
        }
        ("DELETE", [kind, method]) if KINDS.contains(kind) => delete(world, call, kind, method),
        _ => Err(unknown(call)),
    }
}

fn read(world: &mut World, call: &Call, kind: Option<&str>) -> Answer {
    call.require(READ)?;
    let id = &call.segments[1];
    let replica = Replica::draw(world, call.caller.tenant);
    let tenant = &world.tenants[call.caller.tenant];
    let found = tenant.users.find(id).and_then(|at| tenant.users.get(at));
    let user = found
        .filter(|user| replica.shows_user(user))
        .ok_or_else(|| Refusal::not_found(id))?;
    let mut rows = of(tenant, user);
    if let Some(kind) = kind {
        rows.retain(|row| row["@odata.type"] == type_of(kind));
    }
    let set = format!("users('{id}')/authentication/{}", kind.unwrap_or("methods"));
    listing::small(call, &set, rows)
}

/// Takes a way of signing in from somebody; a password stays.
fn delete(world: &mut World, call: &Call, kind: &str, method: &str) -> Answer {
    call.require(WRITE)?;
    let replica = Replica::draw(world, call.caller.tenant);
    let index = call.caller.tenant;
    let tenant = &world.tenants[index];
    let (position, user) = users::there(tenant, &call.segments[1], replica)?;
    let found = of(tenant, user)
        .into_iter()
        .any(|row| row["@odata.type"] == type_of(kind) && row["id"] == method);
    if !found {
        return Err(Refusal::not_found(method));
    }
    if !may_delete(&call.caller.directory_roles, user.role) {
        return Err(Refusal::denied());
    }
    let id = user.id;
    let tenant = &mut world.tenants[index];
    if kind == "microsoftAuthenticatorMethods" {
        if let Some(user) = tenant.users.get_mut(position) {
            user.flags &= !AUTHENTICATOR;
        }
    } else {
        tenant.directory.gone.insert(email(id));
    }
    world.record(index, "authenticationMethodDeleted", id, &call.actor());
    Ok(Reply::empty(204))
}

/// The address that resets the password of somebody.
fn email(user: Uuid) -> Uuid {
    Uuid::new_v5(&user, b"email")
}

/// The type of what a collection holds.
fn type_of(kind: &str) -> String {
    let name = kind.trim_end_matches("Methods");
    format!("#microsoft.graph.{name}AuthenticationMethod")
}

/// A password, an address that resets it, and the app where it is registered.
fn of(tenant: &Tenant, user: &User) -> Vec<Value> {
    let kind = |name: &str| type_of(&format!("{name}Methods"));
    let mut all = vec![
        json!({ "@odata.type": kind("password"), "id": PASSWORD, "password": null, "createdDateTime": null }),
    ];
    if !tenant.directory.gone.contains(&email(user.id)) {
        all.push(json!({ "@odata.type": kind("email"), "id": user.id, "emailAddress": "someone@fabrikam.example" }));
    }
    if user.is(AUTHENTICATOR) {
        all.push(json!({ "@odata.type": kind("microsoftAuthenticator"), "id": user.id, "displayName": "Phone",
            "deviceTag": "SoftwareTokenActivated", "phoneAppVersion": "6.2001.0140" }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    fn methods(world: &mut World, token: &str, name: &str) -> Reply {
        let target = format!("/v1.0/users/{name}/authentication/methods");
        testing::get(world, token, &target)
    }

    #[test]
    fn the_app_is_among_them_where_it_is_registered() {
        let mut world = World::test(
            "tenants: [{users: 5, spareAdministrator: {}, retainedAdministrator: {authenticator: false}}]",
        );
        let token = testing::token(&mut world, 0, false);
        let mut kinds = |who: &str| {
            let reply = methods(
                &mut world,
                &token,
                &format!("{who}@contoso.onmicrosoft.com"),
            );
            assert_eq!(reply.status, 200);
            reply.value()["value"].as_array().unwrap().len()
        };
        assert_eq!([kinds("closer"), kinds("spare")], [2, 3]);
        assert_eq!(methods(&mut world, &token, "nobody").status, 404);
    }

    #[test]
    fn it_takes_a_permission_and_another_cloud() {
        let mut world = World::test(
            "tenants: [{users: 5, closer: {appRoles: [User.Read.All]}}, {users: 5, cloud: China}]",
        );
        for (tenant, status) in [(0, 403), (1, 400)] {
            let token = testing::token(&mut world, tenant, false);
            let who = world.tenants[tenant].user_id(0).unwrap().to_string();
            assert_eq!(methods(&mut world, &token, &who).status, status);
        }
    }

    #[test]
    fn a_method_is_taken_away_by_its_kind_and_id() {
        let roles = "[UserAuthenticationMethod.ReadWrite.All]";
        let mut world = World::test(&format!(
            "tenants: [{{users: 5, spareAdministrator: {{}}, closer: {{appRoles: {roles}}}}}]"
        ));
        let token = testing::token(&mut world, 0, false);
        let id = world.tenants[0]
            .user_id(world.tenants[0].spare.unwrap())
            .unwrap();
        let target = format!("/v1.0/users/{id}/authentication");
        let count = |world: &mut World, kind: &str| {
            let reply = testing::get(world, &token, &format!("{target}/{kind}"));
            reply.value()["value"].as_array().map(Vec::len)
        };
        assert_eq!(count(&mut world, "methods"), Some(3));
        assert_eq!(count(&mut world, "emailMethods"), Some(1));
        assert_eq!(count(&mut world, "fido2Methods"), Some(0));
        for (kind, status) in [
            ("microsoftAuthenticatorMethods", 204),
            ("microsoftAuthenticatorMethods", 404),
            ("emailMethods", 204),
            ("phoneMethods", 404),
            ("passwordMethods", 400),
        ] {
            let target = format!("{target}/{kind}/{id}");
            let reply = testing::send(&mut world, &token, "DELETE", &target, &Value::Null);
            assert_eq!(reply.status, status, "{kind}");
        }
        assert_eq!(count(&mut world, "methods"), Some(1));
    }
}
