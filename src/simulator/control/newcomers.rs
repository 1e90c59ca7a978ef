//! Who comes while a tenant is being closed: an administrator makes an account or takes one out of the recycle bin, or
//! directory sync brings one.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::judge::Actor;
use super::super::users::{GUEST, SYNCED};
use super::super::world::World;
use super::{Answer, accounts};

/// A new account; with `role`, `guest` and `synced` as they are told. The reply names it.
pub(super) fn create(world: &mut World, index: usize, body: &Value, person: &Actor) -> Answer {
    let role = accounts::role(&body["role"])?;
    let flag = |field: &str, flag: u8| if body[field] == true { flag } else { 0 };
    let now = world.clock.real();
    let users = &mut world.tenants[index].users;
    let flags = flag("guest", GUEST) | flag("synced", SYNCED);
    let (id, position) = users.come(flags, role, now);
    if let Some(name) = body["userPrincipalName"].as_str() {
        users.name(position, name.to_owned());
    }
    let name = users.principal_name(position);
    world.record(index, "userCreated", id, person);
    Ok(Reply::json(
        200,
        json!({ "id": id, "userPrincipalName": name }),
    ))
}

/// Takes the deleted user `id` out of the recycle bin.
pub(super) fn restore(world: &mut World, index: usize, body: &Value, person: &Actor) -> Answer {
    let now = world.clock.real();
    let users = &mut world.tenants[index].users;
    let wanted = body["id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
    let found = wanted.and_then(|id| users.position(id));
    let restored = found.filter(|position| users.restore(*position, now));
    let (Some(id), Some(_)) = (wanted, restored) else {
        let why = "`id` names no user in the recycle bin of this tenant.";
        return Err(Refusal::new(404, "notFound", why));
    };
    world.judge.restored(world.tenants[index].id, id);
    world.record(index, "userRestored", id, person);
    Ok(Reply::json(200, json!({ "id": id })))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn accounts_come_and_come_back() {
        let mut world = World::test("tenants: [{users: 3, sync: {enabled: true}}]");
        let path = format!("/_sim/tenants/{}/press", world.tenants[0].id);
        let press = |world: &mut World, body: Value| testing::control(world, "POST", &path, &body);
        let new = json!({ "action": "createUser", "role": "Global Administrator", "synced": true });
        let made = press(&mut world, new).value().clone();
        let position = world.tenants[0].users.find(made["id"].as_str().unwrap());
        let user = world.tenants[0].users.get(position.unwrap()).unwrap();
        assert!(user.alive() && user.is(SYNCED) && user.role != 0);
        let back = json!({ "action": "restoreUser", "id": made["id"] });
        assert_eq!(press(&mut world, back.clone()).status, 404, "it is there");
        let gone = json!({ "action": "deleteOnPremises", "id": made["id"] });
        assert_eq!(press(&mut world, gone).status, 200);
        assert_eq!(world.tenants[0].users.alive(), 3);
        assert_eq!(press(&mut world, back).status, 200);
        assert_eq!(world.tenants[0].users.alive(), 4);
    }
}
