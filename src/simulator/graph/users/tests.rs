use super::super::super::testing;
use super::*;

#[test]
fn pages_show_every_user_once() {
    let mut world = World::test("tenants: [{users: 2500}]");
    let token = testing::token(&mut world, 0, false);
    let mut seen = std::collections::HashSet::new();
    let mut target = "/v1.0/users?$select=id,userType&$top=999".to_owned();
    let mut pages = 0;
    loop {
        let reply = testing::get(&mut world, &token, &target);
        pages += 1;
        for row in reply.value()["value"].as_array().unwrap() {
            assert!(seen.insert(row["id"].as_str().unwrap().to_owned()));
            assert_eq!(row.as_object().unwrap().len(), 2);
        }
        let Some(next) = reply.value()["@odata.nextLink"].as_str() else {
            break;
        };
        target = next
            .trim_start_matches("https://graph.microsoft.com")
            .to_owned();
    }
    assert_eq!((seen.len(), pages), (2500, 3));
}

#[test]
fn what_a_listing_refuses() {
    let mut world = World::test("tenants: [{users: 9}]");
    let token = testing::token(&mut world, 0, false);
    for (query, status) in [
        ("$top=1000", 400),
        ("$top=0", 400),
        ("$skip=1", 400),
        ("$select=aboutMe", 501),
        ("$select=nope", 400),
        ("$filter=x", 400),
        ("$skiptoken=9", 400),
    ] {
        assert_eq!(
            testing::get(&mut world, &token, &format!("/v1.0/users?{query}")).status,
            status,
            "{query}"
        );
    }
    assert_eq!(
        testing::get(&mut world, &token, "/v1.0/users/$count").content,
        super::super::super::exchange::Content::Text("9".to_owned(), "text/plain")
    );
    let filtered = testing::get(
        &mut world,
        &token,
        "/v1.0/users?$filter=userPrincipalName+eq+'closer@contoso.onmicrosoft.com'&$count=true",
    );
    assert_eq!(filtered.value()["@odata.count"], 1);
}

#[test]
fn synced_users_stay_until_synchronization_is_off() {
    let mut world = World::test(
        "tenants: [{users: 50, guestsPercent: 0, sync: {enabled: true, percent: 100}}]",
    );
    let token = testing::token(&mut world, 0, false);
    let id = world.tenants[0].user_id(0).unwrap();
    let target = format!("/v1.0/users/{id}");
    assert_eq!(
        testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
        400
    );
    let organization = format!("/v1.0/organization/{}", world.tenants[0].id);
    assert_eq!(
        testing::send(
            &mut world,
            &token,
            "PATCH",
            &organization,
            &json!({ "onPremisesSyncEnabled": false })
        )
        .status,
        204
    );
    assert_eq!(
        testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
        400
    );
    world.clock.advance(72.0 * 3600.0);
    assert_eq!(
        testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
        204
    );
    assert_eq!(
        testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
        404
    );
    assert_eq!(testing::get(&mut world, &token, &target).status, 404);
}

#[test]
fn a_synced_user_may_come_back_with_the_next_synchronization() {
    let mut world = World::test(
        "tenants: [{users: 50, guestsPercent: 0, sync: {enabled: true, percent: 100, deletion: Undone}}]",
    );
    let token = testing::token(&mut world, 0, false);
    let target = format!("/v1.0/users/{}", world.tenants[0].user_id(0).unwrap());
    for _ in 0..2 {
        assert_eq!(
            testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
            204
        );
        assert_eq!(testing::get(&mut world, &token, &target).status, 404);
        world.clock.advance(1801.0);
        assert_eq!(testing::get(&mut world, &token, &target).status, 200);
    }
    assert!(world.judge.violations.is_empty());
}

#[test]
fn writes_race_and_replicas_have_not_heard_of_everybody() {
    let mut world = World::test(
        "{tenants: [{users: 400}], behaviour: {conflictPermille: 500, missingPermille: 500}}",
    );
    let token = testing::token(&mut world, 0, false);
    let retained = world.tenants[0].retained;
    let mut seen = std::collections::BTreeMap::new();
    for position in (0..100).filter(|position| *position != retained) {
        let target = format!(
            "/v1.0/users/{}",
            world.tenants[0].user_id(position).unwrap()
        );
        let read = testing::get(&mut world, &token, &target).status;
        let write = testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status;
        *seen.entry(("GET", read)).or_insert(0) += 1;
        *seen.entry(("DELETE", write)).or_insert(0) += 1;
    }
    let kinds: Vec<_> = seen.keys().copied().collect();
    assert_eq!(
        kinds,
        [("DELETE", 204), ("DELETE", 409), ("GET", 200), ("GET", 404)]
    );
    assert!(seen.values().all(|count| *count > 20), "{seen:?}");
}

#[test]
fn a_reader_deletes_nobody() {
    let mut world = World::test("tenants: [{users: 9}]");
    let token = testing::token(&mut world, 0, true);
    let target = format!("/v1.0/users/{}", world.tenants[0].user_id(0).unwrap());
    assert_eq!(
        testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
        403
    );
    assert_eq!(world.judge.violations[0].kind, "writeWithReader");
}

#[test]
fn a_body_that_cannot_be_read_is_refused() {
    let mut world = World::test("tenants: [{users: 3, domains: [contoso.nl]}]");
    let token = testing::token(&mut world, 0, false);
    let organization = format!("organization/{}", world.tenants[0].id);
    for target in [organization.as_str(), "domains/contoso.nl", "users/x"] {
        for body in [
            "{\"onPremises",
            "\u{1f}\u{8b}",
            "[]",
            "\"text\"",
            "{}",
            "{\"nope\": 1}",
        ] {
            let target = format!("/v1.0/{target}");
            let service = super::super::super::exchange::Service::Graph;
            let reply = testing::raw(
                &mut world,
                service,
                "PATCH",
                &target,
                Some(&token),
                body.as_bytes(),
            );
            let code = reply.value()["error"]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let wanted =
                if target.ends_with("users/x") && body.starts_with(['{']) && body.ends_with('}') {
                    (404, "Request_ResourceNotFound")
                } else {
                    (400, "Request_BadRequest")
                };
            assert_eq!((reply.status, code.as_str()), wanted, "{target} {body}");
        }
    }
    assert!(world.effects.is_empty());
}

#[test]
fn signing_out_takes_a_permission_and_somebody() {
    let mut world =
        World::test("tenants: [{users: 3, closer: {appRoles: [User.RevokeSessions.All]}}]");
    let token = testing::token(&mut world, 0, false);
    let reader = testing::token(&mut world, 0, true);
    let id = world.tenants[0].user_id(0).unwrap();
    let revoke = |world: &mut World, token: &str, id: &str| {
        let target = format!("/v1.0/users/{id}/revokeSignInSessions");
        testing::send(world, token, "POST", &target, &Value::Null).status
    };
    assert_eq!(revoke(&mut world, &token, &id.to_string()), 200);
    assert_eq!(
        revoke(&mut world, &token, "nobody@contoso.onmicrosoft.com"),
        404
    );
    assert_eq!(revoke(&mut world, &reader, &id.to_string()), 403);
}
