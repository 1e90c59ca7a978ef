use super::super::super::exchange::Content;
use super::super::super::testing;
use super::*;

const BIN: &str = "/v1.0/directory/deletedItems";

/// A deleted application's id, and its token.
fn deleted(scenario: &str) -> (World, String, String) {
    let mut world = World::test(scenario);
    let token = testing::token(&mut world, 0, false);
    let id = world.tenants[0].applications[0].id.to_string();
    let target = format!("/v1.0/applications/{id}");
    let reply = testing::send(&mut world, &token, "DELETE", &target, &Value::Null);
    assert_eq!(reply.status, 204);
    (world, token, id)
}

fn rows(world: &mut World, token: &str, kind: &str) -> Result<usize, u16> {
    let reply = testing::get(world, token, &format!("{BIN}/{kind}"));
    let rows = reply.value()["value"].as_array().map(Vec::len);
    rows.ok_or(reply.status)
}

#[test]
fn applications_are_in_it_for_thirty_days() {
    let (mut world, token, _) = deleted("tenants: [{users: 3, applications: 1}]");
    let casts = ["microsoft.graph.application", "graph.servicePrincipal"];
    for cast in casts {
        assert_eq!(rows(&mut world, &token, cast), Ok(1));
    }
    assert_eq!(
        testing::get(&mut world, &token, BIN).status,
        400,
        "a cast is required"
    );
    world.clock.advance(29.0 * 86_400.0);
    world.settle();
    assert_eq!(rows(&mut world, &token, casts[0]), Ok(1));
    world.clock.advance(86_401.0);
    world.settle();
    for cast in casts {
        assert_eq!(rows(&mut world, &token, cast), Ok(0));
    }
}

#[test]
fn whoever_may_not_read_applications_does_not_see_them_there() {
    let scenario = "tenants: [{users: 3, applications: 1, reader: {appRoles: [User.Read.All]}}]";
    let (mut world, _, _) = deleted(scenario);
    let reader = testing::token(&mut world, 0, true);
    let cast = "microsoft.graph.application";
    assert_eq!(rows(&mut world, &reader, cast), Err(403));
    assert_eq!(rows(&mut world, &reader, "microsoft.graph.user"), Ok(0));
}

#[test]
fn protected_ones_stay_for_seven_days_and_others_go_at_once() {
    for (protected, first) in [(true, 400), (false, 204)] {
        let (mut world, token, id) = deleted(&format!(
            "tenants: [{{users: 3, applications: 1, hardDeleteProtection: {protected}}}]"
        ));
        let purge = |world: &mut World| {
            let target = format!("{BIN}/{id}");
            testing::send(world, &token, "DELETE", &target, &Value::Null).status
        };
        assert_eq!(purge(&mut world), first);
        if protected {
            world.clock.advance(7.0 * 86_400.0 - 60.0);
            assert_eq!(purge(&mut world), 400);
            world.clock.advance(120.0);
            assert_eq!(purge(&mut world), 204);
        }
        assert_eq!(purge(&mut world), 404);
    }
}

#[test]
fn what_a_replica_still_shows_is_not_in_it_yet() {
    let mut world = World::test(
        "{tenants: [{users: 40, applications: 1}], behaviour: {replicas: 1, replicaLagMs: 10000}}",
    );
    let token = testing::token(&mut world, 0, false);
    let application = world.tenants[0].applications[0].id;
    let users = (0..10).map(|at| format!("users/{}", world.tenants[0].user_id(at).unwrap()));
    let gone: Vec<String> = users
        .chain([format!("applications/{application}")])
        .collect();
    for live in &gone {
        let target = format!("/v1.0/{live}");
        let reply = testing::send(&mut world, &token, "DELETE", &target, &Value::Null);
        assert_eq!(reply.status, 204);
    }
    for (passed, wanted) in [(0, Some(0)), (5_000, None), (5_001, Some(gone.len()))] {
        world.clock.pass(passed);
        let found =
            |world: &mut World, target: String| testing::get(world, &token, &target).status == 200;
        let mut binned = 0;
        for live in &gone {
            let id = live.rsplit('/').next().unwrap();
            let in_the_bin = found(&mut world, format!("{BIN}/{id}"));
            assert_ne!(
                in_the_bin,
                found(&mut world, format!("/v1.0/{live}")),
                "{live}"
            );
            binned += usize::from(in_the_bin);
        }
        let listed = ["graph.user", "graph.application"].map(|cast| rows(&mut world, &token, cast));
        assert_eq!(listed[0].unwrap() + listed[1].unwrap(), binned);
        assert!(wanted.is_none_or(|wanted| wanted == binned), "{binned}");
    }
}

#[test]
fn who_is_deleted_again_has_thirty_days_anew() {
    let mut world = World::test("tenants: [{users: 3}]");
    let token = testing::token(&mut world, 0, false);
    let id = world.tenants[0].user_id(0).unwrap();
    let (live, binned) = (format!("/v1.0/users/{id}"), format!("{BIN}/{id}"));
    let restore = format!("{binned}/restore");
    let day = 86_400.0;
    for (method, target, status, days) in [
        ("DELETE", &live, 204, 1.0),
        ("POST", &restore, 200, 20.0),
        ("DELETE", &live, 204, 29.0),
        ("GET", &binned, 200, 1.1),
        ("GET", &binned, 404, 0.0),
    ] {
        let reply = testing::send(&mut world, &token, method, target, &Value::Null);
        assert_eq!(reply.status, status, "{method} {target}");
        world.clock.advance(days * day);
    }
}

#[test]
fn users_are_deleted_for_good_by_a_person_alone() {
    let mut world = World::test("tenants: [{users: 3}]");
    let token = testing::token(&mut world, 0, false);
    let id = world.tenants[0].user_id(0).unwrap();
    let target = format!("/v1.0/users/{id}");
    let none = Value::Null;
    assert_eq!(
        testing::send(&mut world, &token, "DELETE", &target, &none).status,
        204
    );
    let target = format!("{BIN}/{id}");
    assert_eq!(
        testing::send(&mut world, &token, "DELETE", &target, &none).status,
        403
    );
}

#[test]
fn a_signed_in_administrator_deletes_users_and_groups_for_good() {
    let client = Uuid::from_u128(9);
    let mut world = World::test(&format!(
        "tenants: [{{users: 3, losses: {{groups: 2}}, publicClients: ['{client}']}}]"
    ));
    let token = testing::token(&mut world, 0, false);
    let scope =
        "https://graph.microsoft.com/User.ReadWrite.All Group.ReadWrite.All offline_access openid";
    let person = testing::person(&mut world, 0, client, scope);
    let user = world.tenants[0].user_id(0).unwrap();
    let group = groups::id(&world.tenants[0], 0);
    for (set, id) in [("users", user), ("groups", group)] {
        let live = format!("/v1.0/{set}/{id}");
        let target = format!("{BIN}/{id}");
        assert_eq!(
            testing::send(&mut world, &token, "DELETE", &live, &Value::Null).status,
            204
        );
        for (who, status) in [(&token, 403), (&person, 204), (&person, 404)] {
            let reply = testing::send(&mut world, who, "DELETE", &target, &Value::Null);
            assert_eq!(reply.status, status, "{set}: {reply:?}");
        }
    }
    let me = testing::get(&mut world, &person, "/v1.0/me?$select=id");
    let retained = world.tenants[0].user_id(world.tenants[0].retained).unwrap();
    assert_eq!(me.value()["id"], json!(retained));
}

#[test]
fn each_type_is_read_with_its_own_permission() {
    let scenario = "tenants: [{users: 40, applications: 1, restrictedUsers: 1, losses: {groups: 1}, \
        closer: {directoryRoles: [Global Administrator], appRoles: [User.ReadWrite.All, Application.ReadWrite.All, Group.ReadWrite.All, AdministrativeUnit.ReadWrite.All]}, \
        reader: {appRoles: [User.Read.All]}}]";
    let mut world = World::test(scenario);
    let token = testing::token(&mut world, 0, false);
    let reader = testing::token(&mut world, 0, true);
    let tenant = &world.tenants[0];
    let plain = tenant.users.positions().find(|(at, user)| {
        user.role == 0 && !user.is(super::super::super::users::RESTRICTED) && *at != tenant.retained
    });
    let all = [
        ("users", plain.unwrap().1.id, "user"),
        ("applications", tenant.applications[0].id, "application"),
        ("groups", groups::id(tenant, 0), "group"),
        (
            "directory/administrativeUnits",
            tenant.unit.unwrap(),
            "administrativeUnit",
        ),
    ];
    for (set, id, kind) in all {
        let target = format!("/v1.0/{set}/{id}");
        assert_eq!(
            testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
            204
        );
        let cast = format!("{BIN}/graph.{kind}");
        let listed = testing::get(&mut world, &token, &cast);
        let row = &listed.value()["value"][0];
        assert_eq!(row["id"], json!(id), "{kind}");
        assert!(row["deletedDateTime"].is_string(), "{kind}");
        let counted = testing::get(&mut world, &token, &format!("{cast}/$count"));
        assert_eq!(
            counted.content,
            Content::Text("1".to_owned(), "text/plain"),
            "{kind}"
        );
        let one = testing::get(&mut world, &token, &format!("{BIN}/{id}"));
        assert_eq!(
            one.value()["@odata.type"],
            format!("#microsoft.graph.{kind}")
        );
        let wanted = if kind == "user" { 200 } else { 403 };
        for target in [cast, format!("{BIN}/{id}")] {
            assert_eq!(
                testing::get(&mut world, &reader, &target).status,
                wanted,
                "{target}"
            );
        }
    }
    world.clock.advance(30.0 * 86_400.0 + 1.0);
    for (_, _, kind) in all {
        let listed = testing::get(&mut world, &token, &format!("{BIN}/graph.{kind}"));
        assert_eq!(
            listed.value()["value"].as_array().map(Vec::len),
            Some(0),
            "{kind}"
        );
    }
}

#[test]
fn an_application_that_owns_another_deletes_it_for_good() {
    let roles = "[Application.ReadWrite.OwnedBy]";
    let mut world = World::test(&format!(
        "tenants: [{{users: 3, applications: 1, closer: {{appRoles: {roles}}}}}]"
    ));
    let token = testing::token(&mut world, 0, false);
    let other = format!("/v1.0/applications/{}", world.tenants[0].applications[0].id);
    let delete = |world: &mut World, target: &str| {
        testing::send(world, &token, "DELETE", target, &Value::Null).status
    };
    assert_eq!(delete(&mut world, &other), 403);
    let body = json!({ "displayName": "Mine" });
    let made = testing::send(&mut world, &token, "POST", "/v1.0/applications", &body);
    assert_eq!(made.status, 201);
    let id = made.value()["id"].as_str().unwrap().to_owned();
    let principal = |app: &Value| json!({ "appId": app });
    let own = principal(&made.value()["appId"]);
    assert_eq!(
        testing::send(&mut world, &token, "POST", "/v1.0/servicePrincipals", &own).status,
        201
    );
    let foreign = principal(&json!(Uuid::from_u128(77)));
    assert_eq!(
        testing::send(
            &mut world,
            &token,
            "POST",
            "/v1.0/servicePrincipals",
            &foreign
        )
        .status,
        403
    );
    assert_eq!(delete(&mut world, &format!("/v1.0/applications/{id}")), 204);
    assert_eq!(delete(&mut world, &format!("{BIN}/{id}")), 204);
}
