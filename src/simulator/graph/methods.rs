//! What somebody can sign in with. Not in 21Vianet's cloud: there only the beta version has it.

use serde_json::{Value, json};

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::replicas::Replica;
use super::super::scenario::Cloud;
use super::super::users::{AUTHENTICATOR, User};
use super::super::world::World;
use super::{Answer, Call, unknown};

const READ: &[&str] = &[
    "UserAuthenticationMethod.Read.All",
    "UserAuthenticationMethod.ReadWrite.All",
];

/// The id of everybody's password.
const PASSWORD: &str = "28c10230-6103-485e-b985-444c60001490";

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let china = world.tenants[call.caller.tenant].cloud == Cloud::China;
    if call.method != "GET" || (china && !call.beta) {
        return Err(unknown(call));
    }
    call.require(READ)?;
    let id = &call.segments[1];
    let replica = Replica::draw(world, call.caller.tenant);
    let tenant = &world.tenants[call.caller.tenant];
    let found = tenant.users.find(id).and_then(|at| tenant.users.get(at));
    let user = found
        .filter(|user| replica.shows_user(user))
        .ok_or_else(|| Refusal::not_found(id))?;
    let context = call.context(&format!("users('{id}')/authentication/methods"));
    Ok(Reply::json(
        200,
        json!({ "@odata.context": context, "value": of(user) }),
    ))
}

/// A password, an address that resets it, and the app where it is registered.
fn of(user: &User) -> Vec<Value> {
    let kind = |name: &str| format!("#microsoft.graph.{name}AuthenticationMethod");
    let mut all = vec![
        json!({ "@odata.type": kind("password"), "id": PASSWORD, "password": null, "createdDateTime": null }),
        json!({ "@odata.type": kind("email"), "id": user.id, "emailAddress": "someone@fabrikam.example" }),
    ];
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
}
