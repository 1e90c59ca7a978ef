//! Whose deletion is refused, and whose is not.

use serde_json::Value;

use super::super::super::testing;
use super::super::super::world::World;

#[test]
fn who_is_orphaned_goes_while_synchronization_is_on_and_off_may_read_null() {
    let mut world = World::test(
        "tenants: [{users: 9, guestsPercent: 0, sync: {enabled: true, percent: 100, orphans: 1, nullWhenOff: true}}]",
    );
    let token = testing::token(&mut world, 0, false);
    let orphan = world.tenants[0].sync.orphans[0];
    let other = (0..9).find(|one| *one != orphan && *one != world.tenants[0].retained);
    for (position, status) in [(other.unwrap(), 400), (orphan, 204)] {
        let target = format!(
            "/v1.0/users/{}",
            world.tenants[0].user_id(position).unwrap()
        );
        let reply = testing::send(&mut world, &token, "DELETE", &target, &Value::Null);
        assert_eq!(reply.status, status);
    }
    let shown = |world: &mut World| {
        let reply = testing::get(world, &token, "/v1.0/organization");
        reply.value()["value"][0]["onPremisesSyncEnabled"].clone()
    };
    assert_eq!(shown(&mut world), true);
    world.tenants[0].sync.on = Some(false);
    assert_eq!(shown(&mut world), Value::Null);
}

#[test]
fn writes_to_one_object_beside_each_other_are_refused() {
    let mut world = World::test("{tenants: [{users: 9}], behaviour: {parallelWriteMs: 1000}}");
    let token = testing::token(&mut world, 0, false);
    let target = |world: &World, position: u32| {
        format!(
            "/v1.0/users/{}",
            world.tenants[0].user_id(position).unwrap()
        )
    };
    for (position, waits, status) in [(0, 0, 204), (0, 999, 409), (1, 0, 204), (0, 1, 404)] {
        world.clock.pass(waits);
        let target = target(&world, position);
        let reply = testing::send(&mut world, &token, "DELETE", &target, &Value::Null);
        assert_eq!(reply.status, status, "{position} after {waits}");
    }
}

#[test]
fn who_is_an_administrator_by_a_group_is_deleted_with_a_role_alone() {
    let cases = [
        ("", 403),
        ("User Administrator", 403),
        ("Privileged Authentication Administrator", 204),
        ("Global Administrator", 204),
    ];
    for (role, status) in cases {
        let roles = if role.is_empty() {
            String::new()
        } else {
            format!("\"{role}\"")
        };
        let mut world = World::test(&format!(
            "tenants: [{{users: 9, groupAdministrators: 1, closer: {{directoryRoles: [{roles}]}}}}]"
        ));
        let token = testing::token(&mut world, 0, false);
        let member = world.tenants[0].group_administrators[0];
        assert_eq!(world.tenants[0].users.get(member).unwrap().role, 0);
        let other = (0..9).find(|one| *one != member && *one != world.tenants[0].retained);
        for (position, wanted) in [(member, status), (other.unwrap(), 204)] {
            let id = world.tenants[0].user_id(position).unwrap();
            let target = format!("/v1.0/users/{id}");
            let reply = testing::send(&mut world, &token, "DELETE", &target, &Value::Null);
            assert_eq!(reply.status, wanted, "{role}");
        }
    }
}
