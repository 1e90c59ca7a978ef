//! Per-user MFA (beta).

use serde_json::{Value, json};

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::replicas::Replica;
use super::super::users::{AUTHENTICATOR, MFA_STATES};
use super::super::world::World;
use super::{Answer, Call, unknown};

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    if !world.behaviour_of(call.caller.tenant).per_user_mfa {
        return Err(unknown(call));
    }
    let id = call.segments[1].clone();
    let replica = Replica::draw(world, call.caller.tenant);
    let tenant = &mut world.tenants[call.caller.tenant];
    let find = |position: Option<u32>| position.ok_or_else(|| Refusal::not_found(&id));
    match call.method.as_str() {
        "GET" => {
            call.require(&["Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"])?;
            let position = find(tenant.users.find(&id))?;
            let user = tenant
                .users
                .get(position)
                .filter(|user| replica.shows_user(user))
                .ok_or_else(|| Refusal::not_found(&id))?;
            let state = MFA_STATES[usize::from(user.mfa).min(2)];
            Ok(Reply::json(
                200,
                json!({ "@odata.context": call.context("strongAuthenticationRequirements"), "perUserMfaState": state }),
            ))
        }
        "PATCH" => {
            call.require(&["Policy.ReadWrite.AuthenticationMethod"])?;
            let position = find(tenant.users.find(&id))?;
            let user = tenant
                .users
                .get_mut(position)
                .filter(|user| user.alive())
                .ok_or_else(|| Refusal::not_found(&id))?;
            let wanted = call
                .body
                .get("perUserMfaState")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let state = MFA_STATES
                .iter()
                .position(|known| *known == wanted)
                .ok_or_else(|| {
                    Refusal::bad("Invalid value specified for property 'perUserMfaState'.")
                })?;
            // Who has registered a method is asked for it from now on, the others once they have.
            let state = match u8::try_from(state).unwrap_or(0) {
                1 if user.is(AUTHENTICATOR) => 2,
                state => state,
            };
            let (changed, object) = (user.mfa != state, user.id);
            user.mfa = state;
            if changed {
                world.record(
                    call.caller.tenant,
                    if state == 0 {
                        "mfaDisabled"
                    } else {
                        "mfaChanged"
                    },
                    object,
                    &call.actor(),
                );
            }
            Ok(Reply::empty(204))
        }
        _ => Err(unknown(call)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn enabled_stays_so_until_a_method_is_registered() {
        let mut world = World::test("tenants: [{users: 9, mfaUsers: 1, guestsPercent: 0}]");
        let token = testing::token(&mut world, 0, false);
        for (registered, told) in [(false, "enabled"), (true, "enforced")] {
            let mut all = world.tenants[0].users.all.iter();
            let user = all.find(|user| user.role == 0 && user.is(AUTHENTICATOR) == registered);
            let target = format!(
                "/beta/users/{}/authentication/requirements",
                user.unwrap().id
            );
            let body = json!({ "perUserMfaState": "enabled" });
            let changed = testing::send(&mut world, &token, "PATCH", &target, &body);
            assert_eq!(changed.status, 204);
            let shown = testing::get(&mut world, &token, &target);
            assert_eq!(shown.value()["perUserMfaState"], told);
        }
    }

    #[test]
    fn it_may_be_absent_and_it_may_be_on_the_stable_version() {
        let mut world = World::test(
            "tenants: [{users: 2, cloud: China, behaviour: {perUserMfa: false}}, {users: 2, behaviour: {perUserMfaOnV1: true}}]",
        );
        let tokens = [0, 1].map(|index| testing::token(&mut world, index, false));
        let admin = |world: &World, index: usize| {
            let tenant: &super::super::super::tenant::Tenant = &world.tenants[index];
            tenant.user_id(tenant.retained).unwrap()
        };
        for (index, beta, stable) in [(0, 400, 400), (1, 200, 200)] {
            let id = admin(&world, index);
            let target = format!("/beta/users/{id}/authentication/requirements");
            let reply = testing::get(&mut world, &tokens[index], &target);
            assert_eq!(reply.status, beta);
            let target = format!("/v1.0/users/{id}?$select=id,perUserMfaState");
            let reply = testing::get(&mut world, &tokens[index], &target);
            assert_eq!(reply.status, stable);
        }
        let listed = testing::get(
            &mut world,
            &tokens[1],
            "/v1.0/users?$select=perUserMfaState",
        );
        let states = listed.value()["value"].as_array().unwrap();
        assert!(
            states
                .iter()
                .any(|one| one["perUserMfaState"] == "enforced")
        );
    }

    #[test]
    fn the_state_is_read_and_changed() {
        let mut world = World::test("tenants: [{users: 9, spareAdministrator: {}}]");
        let token = testing::token(&mut world, 0, false);
        let target = format!(
            "/beta/users/{}/authentication/requirements",
            world.tenants[0]
                .user_id(world.tenants[0].spare.unwrap())
                .unwrap()
        );
        assert_eq!(
            testing::get(&mut world, &token, &target).value()["perUserMfaState"],
            "enforced"
        );
        assert_eq!(
            testing::send(
                &mut world,
                &token,
                "PATCH",
                &target,
                &json!({ "perUserMfaState": "disabled" })
            )
            .status,
            204
        );
        assert_eq!(
            testing::get(&mut world, &token, &target).value()["perUserMfaState"],
            "disabled"
        );
        assert_eq!(
            testing::send(
                &mut world,
                &token,
                "PATCH",
                &target,
                &json!({ "perUserMfaState": "off" })
            )
            .status,
            400
        );
        let enabled = json!({ "perUserMfaState": "enabled" });
        testing::send(&mut world, &token, "PATCH", &target, &enabled);
        assert_eq!(
            testing::get(&mut world, &token, &target).value()["perUserMfaState"],
            "enforced"
        );
        assert_eq!(
            testing::get(&mut world, &token, &target.replace("beta", "v1.0")).status,
            400
        );
    }
}
