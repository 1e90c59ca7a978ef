use super::super::testing;
use super::*;

#[test]
fn the_judge_is_told_in_several_calls() {
    let mut world = World::test("tenants: [{users: 5}]");
    let tenant = world.tenants[0].id;
    for number in 0..3_u128 {
        let body = json!({ "tenant": tenant, "approved": [Uuid::from_u128(number)], "digest": "d", "mode": "Execute" });
        let reply = testing::control(&mut world, "POST", "/_sim/judge", &body);
        assert_eq!(reply.value()["approved"], json!(number + 1));
    }
    assert_eq!(
        testing::control(&mut world, "POST", "/_sim/judge", &json!({ "tenant": 1 })).status,
        400
    );
}

#[test]
fn a_tenant_that_is_none_is_not_all_of_them() {
    let mut world = World::test("tenants: [{users: 1}]");
    let faults = json!([{ "match": {}, "do": "html" }]);
    for (method, path) in [
        ("DELETE", "faults"),
        ("GET", "stats"),
        ("GET", "effects"),
        ("GET", "violations"),
        ("GET", "writes"),
    ] {
        for (told, status) in [("typo".to_owned(), 400), (Uuid::nil().to_string(), 404)] {
            let target = format!("/_sim/{path}?tenant={told}");
            let reply = testing::control(&mut world, method, &target, &Value::Null);
            assert_eq!(reply.status, status, "{method} {target}");
        }
    }
    let added = testing::control(&mut world, "POST", "/_sim/faults", &faults);
    let all = testing::control(
        &mut world,
        "DELETE",
        "/_sim/faults?tenant=typo",
        &Value::Null,
    );
    assert_eq!(
        (added.status, all.status, world.faults.0.len()),
        (200, 400, 1)
    );
}

#[test]
fn the_views_of_a_tenant() {
    let mut world = World::test("tenants: [{users: 5, subscriptions: [{}]}]");
    let tenant = world.tenants[0].id;
    let one = testing::control(
        &mut world,
        "GET",
        &format!("/_sim/tenants/{tenant}"),
        &Value::Null,
    );
    assert_eq!(
        (
            &one.value()["usersLeft"],
            &one.value()["subscriptionsLeft"],
            &one.value()["deleted"]
        ),
        (&json!(5), &json!(1), &json!(false))
    );
    assert_eq!(
        testing::control(&mut world, "GET", "/_sim/tenants/x", &Value::Null).status,
        404
    );
    assert_eq!(
        testing::control(&mut world, "GET", "/_sim/stats", &Value::Null).value()["requests"],
        0
    );
    let advanced = testing::control(
        &mut world,
        "POST",
        "/_sim/clock/advance",
        &json!({ "seconds": 60 }),
    );
    assert_eq!(advanced.value()["virtualSeconds"], 60.0);
}

#[test]
fn time_can_pass_in_one_tenant_alone() {
    let mut world = World::test("tenants: [{users: 2}]");
    world.clock.advance(100.0 * 86_400.0);
    let bought = json!({ "kind": "CustomerAgreement", "termEndDays": 30, "autoRenew": false });
    for name in ["one.example", "two.example"] {
        let body = json!({ "initialDomain": name, "users": 2, "subscriptions": [bought] });
        let reply = testing::control(&mut world, "POST", "/_sim/tenants", &body);
        assert_eq!(reply.status, 201);
    }
    let id = world.tenants[1].id;
    let days =
        |days: f64, id: Uuid| json!({ "seconds": days * 86_400.0, "tenant": id.to_string() });
    let left = |world: &World| [1, 2].map(|index| world.tenants[index].subscriptions_left());
    for (more, wanted) in [(29.0, [1, 1]), (2.0, [0, 1])] {
        let reply = testing::control(&mut world, "POST", "/_sim/clock/advance", &days(more, id));
        assert_eq!(reply.status, 200);
        assert_eq!(left(&world), wanted);
    }
    let eternity = json!({ "seconds": 1e300 });
    let reply = testing::control(&mut world, "POST", "/_sim/clock/advance", &eternity);
    assert_eq!(reply.status, 400);
    let unknown = days(1.0, Uuid::nil());
    let reply = testing::control(&mut world, "POST", "/_sim/clock/advance", &unknown);
    assert_eq!(reply.status, 404);
}

#[test]
fn a_tenant_can_be_added_while_it_runs() {
    let mut world = World::test("tenants: [{users: 5}]");
    let body = json!({ "users": 4, "initialDomain": "fabrikam.onmicrosoft.com" });
    let reply = testing::control(&mut world, "POST", "/_sim/tenants", &body);
    assert_eq!((reply.status, &reply.value()["users"]), (201, &json!(4)));
    let token = testing::token(&mut world, 1, false);
    assert_eq!(
        testing::get(&mut world, &token, "/v1.0/organization").status,
        200
    );
    let first = json!({ "id": world.tenants[0].id });
    for (body, status) in [
        (&body, 409),
        (&first, 409),
        (&json!({ "usrs": 4 }), 400),
        (&json!({ "tenantType": "FOO" }), 400),
    ] {
        let reply = testing::control(&mut world, "POST", "/_sim/tenants", body);
        assert_eq!(reply.status, status);
    }
    assert_eq!(world.tenants.len(), 2);
}
