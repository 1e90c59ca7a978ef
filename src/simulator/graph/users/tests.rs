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

/// The user principal names of what a listing tells, or its status and code.
fn listed(world: &mut World, token: &str, query: &str) -> Result<Vec<String>, (u16, String)> {
    let reply = testing::get(world, token, &format!("/v1.0/users?{query}"));
    let value = reply.value();
    let rows = value["value"].as_array().cloned();
    let name = |row: &Value| row["userPrincipalName"].as_str().unwrap().to_owned();
    let code = value["error"]["code"].as_str().unwrap_or_default();
    rows.map(|rows| rows.iter().map(name).collect())
        .ok_or_else(|| (reply.status, code.to_owned()))
}

fn everybody(world: &World) -> Vec<String> {
    let users = &world.tenants[0].users;
    (0..users.len())
        .map(|at| users.principal_name(at))
        .collect()
}

#[test]
fn filters_find_whom_they_name() {
    let mut world = World::test("tenants: [{users: 60, guestsPercent: 20, disabledPercent: 10}]");
    let token = testing::token(&mut world, 0, false);
    let all = everybody(&world);
    let users = &world.tenants[0].users.all;
    let flagged = |flag: u8| users.iter().filter(|user| user.is(flag)).count();
    let (guests, disabled) = (
        flagged(super::super::super::users::GUEST),
        flagged(super::super::super::users::DISABLED),
    );
    let both = users.iter().filter(|user| user.flags & 3 == 3).count();
    let (first, third) = (all[1].clone(), all[3].clone());
    let id = users[1].id;
    let local = first.split('@').next().unwrap().to_owned();
    for (filter, wanted) in [
        (
            format!("userPrincipalName eq '{}'", first.to_uppercase()),
            1,
        ),
        (format!("id eq '{id}'"), 1),
        (
            format!("userPrincipalName eq '{first}' or mail eq '{third}'"),
            2,
        ),
        (format!("userPrincipalName in ('{first}', '{third}')"), 2),
        (format!("startswith(userPrincipalName,'{local}')"), 1),
        (
            "endsWith(userPrincipalName,'@contoso.onmicrosoft.com')".to_owned(),
            60,
        ),
        ("UserType eq 'Guest'".to_owned(), guests),
        (
            "userType ne 'Guest' and accountEnabled eq true or userType eq 'Guest'".to_owned(),
            60 - disabled + both,
        ),
        ("accountEnabled eq false".to_owned(), disabled),
        ("not(userType eq 'Guest')".to_owned(), 60 - guests),
        ("assignedLicenses/$count eq 0".to_owned(), 60),
        ("city eq null".to_owned(), 60),
    ] {
        let query = format!("$count=true&$top=999&$filter={filter}");
        let found = listed(&mut world, &token, &query).map(|rows| rows.len());
        assert_eq!(found, Ok(wanted), "{filter}");
        let counted = testing::get(
            &mut world,
            &token,
            &format!("/v1.0/users/$count?$filter={filter}"),
        );
        assert_eq!(
            counted.content,
            super::super::super::exchange::Content::Text(wanted.to_string(), "text/plain")
        );
    }
    let unsupported = Err((400, "Request_UnsupportedQuery".to_owned()));
    for filter in [
        "contains(displayName,'x')",
        "userType",
        "userType eq",
        "(userType eq 'Guest'",
    ] {
        assert_eq!(
            listed(&mut world, &token, &format!("$filter={filter}")),
            unsupported,
            "{filter}"
        );
    }
    let unknown = listed(&mut world, &token, "$filter=nope eq 'x'");
    assert_eq!(unknown, Err((400, "Request_BadRequest".to_owned())));
    for query in [
        "$filter=userType ne 'Guest'",
        "$filter=assignedLicenses/$count ne 0",
        "$filter=endsWith(mail,'x')",
        "$filter=userType eq 'Guest'&$orderby=displayName",
        "$orderby=city",
        "$orderby=createdDateTime",
        "$expand=manager",
    ] {
        assert_eq!(
            listed(&mut world, &token, query),
            unsupported,
            "without $count=true: {query}"
        );
    }
}

#[test]
fn listings_are_sorted_and_searched() {
    let mut world = World::test("tenants: [{users: 30, guestsPercent: 0}]");
    let token = testing::token(&mut world, 0, false);
    let mut wanted = everybody(&world);
    wanted.sort();
    assert_eq!(
        listed(&mut world, &token, "$orderby=userPrincipalName"),
        Ok(wanted.clone())
    );
    let mut seen = Vec::new();
    let mut target = "/v1.0/users?$orderby=userPrincipalName desc&$top=7&$count=true".to_owned();
    loop {
        let reply = testing::get(&mut world, &token, &target);
        assert_eq!(reply.value()["@odata.count"], 30);
        let rows = reply.value()["value"].as_array().unwrap();
        seen.extend(
            rows.iter()
                .map(|row| row["userPrincipalName"].as_str().unwrap().to_owned()),
        );
        let Some(next) = reply.value()["@odata.nextLink"].as_str() else {
            break;
        };
        target = next
            .trim_start_matches("https://graph.microsoft.com")
            .to_owned();
    }
    wanted.reverse();
    assert_eq!(seen, wanted, "page by page");
    let name = world.tenants[0].users.display_name(4);
    let last = name.split(' ').nth(1).unwrap().to_owned();
    let found = listed(
        &mut world,
        &token,
        &format!("$search=\"displayName:{last}\""),
    );
    let found = found.unwrap();
    assert!(
        found.contains(&everybody(&world)[4]) && found.len() < 30,
        "{found:?}"
    );
    assert_eq!(
        listed(&mut world, &token, "$search=displayName:x")
            .unwrap_err()
            .0,
        400
    );
    let users = "/v1.0/users?$search=\"displayName:a\"";
    let hasty = testing::default_consistency(&mut world, &token, users);
    assert_eq!(hasty.status, 400, "without the header");
    let hasty = testing::default_consistency(&mut world, &token, "/v1.0/applications/$count");
    assert_eq!(hasty.status, 400, "without the header");
}

#[test]
fn names_are_taken_in_any_case_and_what_is_not_held_is_null() {
    let mut world =
        World::test("tenants: [{users: 3, applications: 1, conditionalAccessPolicies: 1}]");
    let token = testing::token(&mut world, 0, false);
    for target in [
        "/v1.0/Users",
        "/V1.0/applications",
        "/v1.0/Domains",
        "/v1.0/Identity/conditionalaccess/Policies",
    ] {
        let reply = testing::get(
            &mut world,
            &token,
            &format!("{target}?$select=Id,DISPLAYNAME"),
        );
        let wanted = if target.contains("Domains") { 400 } else { 200 };
        assert_eq!(
            reply.status, wanted,
            "{target}: a domain has no display name"
        );
        let row = &reply.value()["value"][0];
        assert!(
            wanted != 200 || row["id"].is_string() && row["displayName"].is_string(),
            "{target}: {row}"
        );
        world.clock.pass(1000);
    }
    let of = "city,companyName,employeeId,signInActivity,onPremisesDomainName,proxyAddresses";
    let reply = testing::get(&mut world, &token, &format!("/v1.0/users?$select={of}"));
    let row = reply.value()["value"][0].as_object().unwrap();
    assert_eq!(row.len(), 6);
    assert!(
        row.iter()
            .all(|(name, value)| value.is_null() || name == "proxyAddresses")
    );
    let bin = testing::get(
        &mut world,
        &token,
        "/v1.0/directory/deleteditems/microsoft.graph.USER",
    );
    assert_eq!(bin.status, 200);
}

#[test]
fn what_a_listing_does_not_apply_it_refuses() {
    let mut world = World::test(
        "tenants: [{users: 3, losses: {groups: 4}, restrictedUsers: 1, subscriptions: [{kind: Direct}]}]",
    );
    let token = testing::token(&mut world, 0, false);
    for (target, status) in [
        ("groups?$filter=displayName eq 'none'", 200),
        ("directoryRoles?$filter=roleTemplateId eq 'none'", 200),
        (
            "directory/administrativeUnits?$filter=displayName eq 'none'",
            200,
        ),
        (
            "directory/deletedItems/graph.application?$filter=displayName eq 'none'",
            200,
        ),
        ("domains?$filter=id eq 'none'", 400),
        ("subscribedSkus?$filter=skuId eq 'none'", 400),
        ("directory/subscriptions?$orderby=status", 400),
        ("directoryRoles?$search=\"displayName:x\"", 400),
        ("organization?$search=\"displayName:x\"", 400),
        ("groups?$filter=nope eq 'none'", 400),
    ] {
        let reply = testing::get(&mut world, &token, &format!("/v1.0/{target}"));
        let rows = reply.value()["value"].as_array().map(Vec::len);
        assert_eq!(
            (reply.status, rows),
            (status, (status == 200).then_some(0)),
            "{target}"
        );
    }
    let unified = testing::get(
        &mut world,
        &token,
        "/v1.0/groups?$filter=groupTypes/any(t:t eq 'Unified')",
    );
    assert_eq!(unified.value()["value"].as_array().unwrap().len(), 2);
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
