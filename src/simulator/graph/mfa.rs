//! Per-user MFA (beta).

use serde_json::{Value, json};

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::replicas::Replica;
use super::super::users::{GUEST, MFA_STATES};
use super::super::world::World;
use super::{Answer, Call, unknown};

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
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
            // Who has registered already is asked from now on.
            let state = match u8::try_from(state).unwrap_or(0) {
                1 if !user.is(GUEST) => 2,
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
