use super::super::super::testing;
use super::*;

#[test]
fn applications_for_personal_accounts_go_slowly() {
    let mut world = World::test("tenants: [{users: 3, personalAccountApplications: 70}]");
    let token = testing::token(&mut world, 0, false);
    let ids: Vec<_> = world.tenants[0]
        .applications
        .iter()
        .filter(|one| one.personal)
        .map(|one| one.id)
        .collect();
    let delete = |world: &mut World, number: usize| {
        let target = format!("/v1.0/applications/{}", ids[number]);
        testing::send(world, &token, "DELETE", &target, &Value::Null).status
    };
    let first: Vec<_> = (0..61).map(|number| delete(&mut world, number)).collect();
    assert_eq!(
        (
            first.iter().filter(|status| **status == 204).count(),
            first[60]
        ),
        (60, 429)
    );
    world.clock.pass(1000);
    assert_eq!(delete(&mut world, 60), 204);
}

#[test]
fn a_deleted_one_is_listed_for_a_while_where_a_replica_lags() {
    let mut world = World::test(
        "behaviour: {replicas: 3, replicaLagMs: 5000}\ntenants: [{users: 3, applications: 40}]",
    );
    let token = testing::token(&mut world, 0, false);
    let ids: Vec<_> = world.tenants[0]
        .applications
        .iter()
        .map(|one| one.id)
        .take(40)
        .collect();
    for id in &ids {
        let target = format!("/v1.0/applications/{id}");
        let reply = testing::send(&mut world, &token, "DELETE", &target, &Value::Null);
        assert_eq!(reply.status, 204);
        // What is still listed is not deleted a second time.
        let reply = testing::send(&mut world, &token, "DELETE", &target, &Value::Null);
        assert_eq!(reply.status, 404);
    }
    let listed = |world: &mut World, collection: &str| {
        let target = format!("/v1.0/{collection}?$top=999");
        let reply = testing::get(world, &token, &target);
        reply.value()["value"].as_array().unwrap().len()
    };
    let left = world.tenants[0].clients.len();
    let principals = world.tenants[0]
        .principals
        .iter()
        .filter(|one| one.deleted_at == 0)
        .count();
    world.clock.pass(2_000);
    let shown = listed(&mut world, "applications");
    assert!(
        shown > left && shown < left + 40,
        "{shown} of {left} and 40"
    );
    assert!(listed(&mut world, "servicePrincipals") > principals);
    world.clock.pass(5_000);
    assert_eq!(listed(&mut world, "applications"), left);
    assert_eq!(listed(&mut world, "servicePrincipals"), principals);
}

#[test]
fn what_synchronization_brought_goes_once_that_is_off() {
    let mut world = World::test("tenants: [{users: 3, sync: {enabled: true}}]");
    let token = testing::token(&mut world, 0, false);
    let target = format!("/v1.0/servicePrincipals(appId='{SYNC_APP}')");
    assert_eq!(
        testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
        403
    );
    world.tenants[0].sync.on = Some(false);
    assert_eq!(
        testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
        204
    );
}

#[test]
fn what_refuses_to_be_deleted_refuses_in_each_variant() {
    for (behaviour, status) in [(403, 403), (400, 400), (404, 404)] {
        let mut world = World::test(&format!(
            "behaviour: {{firstPartyRefusal: {behaviour}}}\ntenants: [{{users: 3, firstPartyServicePrincipals: 1, corporateServicePrincipals: 1, \
             managedIdentities: 1, linkedInConnection: true, hiddenServicePrincipals: 2}}]"
        ));
        let token = testing::token(&mut world, 0, false);
        let all: Vec<_> = world.tenants[0]
            .principals
            .iter()
            .filter(|one| one.stays())
            .map(|one| (one.id, one.owner))
            .collect();
        assert_eq!(all.len(), 6);
        for (id, owner) in &all {
            let target = format!("/v1.0/servicePrincipals/{id}");
            assert_eq!(
                testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
                status
            );
            // Graph lists each, with its owner, the hidden ones too.
            let shown = testing::get(&mut world, &token, &target);
            assert_eq!(shown.value()["appOwnerOrganizationId"], owner.to_string());
        }
        let owners: std::collections::BTreeSet<_> = all.iter().map(|one| one.1).collect();
        // Microsoft's two tenants, this one, and two companies.
        assert_eq!(owners.len(), 5);
    }
}

#[test]
fn what_cannot_be_deleted_is_out_of_the_way_once_disabled() {
    let mut world =
        World::test("tenants: [{users: 3, undeletableServicePrincipals: 1, servicePrincipals: 1}]");
    let token = testing::token(&mut world, 0, false);
    let id = |world: &World, stays: bool| {
        let all = &world.tenants[0].principals;
        let mut some = all.iter().filter(|one| one.stays() == stays);
        some.find(|one| one.undeletable == stays && one.name.contains("application"))
            .unwrap()
            .id
    };
    for (stays, answer) in [(true, 403), (false, 204)] {
        let target = format!("/v1.0/servicePrincipals/{}", id(&world, stays));
        let before = world.tenants[0].principals_left();
        let disabled = json!({"accountEnabled": false});
        let reply = testing::send(&mut world, &token, "PATCH", &target, &disabled);
        assert_eq!(reply.status, 204);
        let after = world.tenants[0].principals_left();
        assert_eq!(
            before - after,
            usize::from(stays),
            "what could be deleted still counts"
        );
        let reply = testing::send(&mut world, &token, "DELETE", &target, &Value::Null);
        assert_eq!(reply.status, answer);
        assert_eq!(world.tenants[0].principals_left(), before - 1);
    }
}

#[test]
fn the_linkedin_connection_goes_with_the_setting_and_what_is_hidden_by_support_alone() {
    let mut world =
        World::test("tenants: [{users: 1, linkedInConnection: true, hiddenServicePrincipals: 1}]");
    let path = format!("/_sim/tenants/{}/press", world.tenants[0].id);
    let press = |world: &mut World, body: Value| testing::control(world, "POST", &path, &body);
    let clients: Vec<_> = world.tenants[0]
        .clients
        .iter()
        .map(|one| one.app_id)
        .collect();
    for app in clients {
        let body = json!({"action": "deleteApplication", "id": app});
        assert_eq!(press(&mut world, body).status, 200);
    }
    let open = |world: &World| world.tenants[0].principals_left();
    assert_eq!(open(&world), 1, "LinkedIn's");
    press(&mut world, json!({"action": "settleCheck", "check": "all"}));
    assert_eq!(open(&world), 0, "all is green");
    let delete = json!({"action": "deleteTenant"});
    assert_eq!(press(&mut world, delete.clone()).status, 409);
    press(&mut world, json!({"action": "supportRemovesApplications"}));
    assert_eq!(press(&mut world, delete).status, 200);
}

#[test]
fn a_registration_takes_its_principal_along_and_our_own_ends_our_tokens() {
    let mut world =
        World::test("tenants: [{users: 3, applications: 1, firstPartyServicePrincipals: 1}]");
    let token = testing::token(&mut world, 0, false);
    let first = world.tenants[0].applications[0].id;
    assert_eq!(
        testing::send(
            &mut world,
            &token,
            "DELETE",
            &format!("/v1.0/applications/{first}"),
            &Value::Null
        )
        .status,
        204
    );
    let microsoft = world.tenants[0]
        .principals
        .iter()
        .find(|one| one.first_party())
        .unwrap()
        .id;
    let target = format!("/v1.0/servicePrincipals/{microsoft}");
    assert_eq!(
        testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
        403
    );
    assert_eq!(
        testing::send(
            &mut world,
            &token,
            "PATCH",
            &target,
            &json!({ "accountEnabled": false })
        )
        .status,
        204
    );
    assert_eq!(
        testing::get(&mut world, &token, &target).value()["accountEnabled"],
        false
    );
    let own = world.tenants[0].clients[0].app_id;
    let target = format!("/v1.0/servicePrincipals(appId='{own}')");
    assert_eq!(
        testing::get(&mut world, &token, &target).value()["appId"],
        own.to_string()
    );
    assert_eq!(
        testing::send(&mut world, &token, "DELETE", &target, &Value::Null).status,
        204
    );
    let tenant = world.tenants[0].id;
    let body = format!(
        "grant_type=client_credentials&client_id={own}&client_secret={}&scope=https://graph.microsoft.com/.default",
        world.tenants[0].clients[0].secret
    );
    let reply = testing::raw(
        &mut world,
        super::super::super::exchange::Service::Login,
        "POST",
        &format!("/{tenant}/oauth2/v2.0/token"),
        None,
        body.as_bytes(),
    );
    assert_eq!(reply.value()["error_codes"][0], 700_016);
}

#[test]
fn creating_and_changing_applications_for_personal_accounts_goes_slowly_too() {
    let mut world = World::test("tenants: [{users: 3, applications: 1}]");
    let token = testing::token(&mut world, 0, false);
    let own = format!("/v1.0/applications/{}", world.tenants[0].applications[0].id);
    let audience = json!({ "signInAudience": "AzureADandPersonalMicrosoftAccount" });
    assert_eq!(
        testing::send(&mut world, &token, "PATCH", &own, &audience).status,
        204
    );
    let body = json!({ "displayName": "New", "signInAudience": "PersonalMicrosoftAccount" });
    let post = |world: &mut World, body: &Value| {
        testing::send(world, &token, "POST", "/v1.0/applications", body).status
    };
    let made = (0..60).filter(|_| post(&mut world, &body) == 201).count();
    assert_eq!(made, 59);
    let renamed = json!({ "displayName": "Other" });
    assert_eq!(
        testing::send(&mut world, &token, "PATCH", &own, &renamed).status,
        429
    );
    assert_eq!(
        post(&mut world, &json!({ "displayName": "New" })),
        201,
        "of this tenant alone"
    );
    world.clock.pass(1000);
    assert_eq!(
        testing::send(&mut world, &token, "PATCH", &own, &renamed).status,
        204
    );
    let read = testing::get(&mut world, &token, &own);
    assert_eq!(read.value()["displayName"], "Other");
}
