use serde_json::Value;

use super::super::super::testing;
use super::super::super::world::World;

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
fn what_graph_does_not_have_is_refused() {
    let mut world = World::test("tenants: [{users: 3}]");
    let token = testing::token(&mut world, 0, false);
    for (query, status) in [
        ("$bogus=1", 400),
        ("$apply=aggregate($count as n)", 400),
        ("$format=xml", 400),
        ("$format=json", 200),
        ("bogus=1", 200),
        ("$Select=id&$TOP=5", 200),
        ("$filter=accountEnabled eq 'false'", 400),
        ("$filter=accountEnabled in (true, 'no')", 400),
        ("$filter=not(AccountEnabled eq 1)&$count=true", 400),
        ("$filter=accountEnabled eq false", 200),
        ("$filter=onPremisesSyncEnabled eq null", 200),
    ] {
        let reply = testing::get(&mut world, &token, &format!("/v1.0/users?{query}"));
        assert_eq!(reply.status, status, "{query}: {reply:?}");
    }
    // Nothing selected is as no selection.
    let [bare, empty] = ["", "&$select="].map(|select| {
        let target = format!("/v1.0/users?$top=999{select}");
        let reply = testing::get(&mut world, &token, &target);
        reply.value()["value"].clone()
    });
    assert_eq!(bare, empty);
    for set in ["groups", "applications", "directory/administrativeUnits"] {
        let reply = testing::get(&mut world, &token, &format!("/v1.0/{set}/delta"));
        let code = &reply.value()["error"]["code"];
        assert_eq!(
            (reply.status, code),
            (400, &Value::from("Request_UnsupportedQuery"))
        );
    }
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
