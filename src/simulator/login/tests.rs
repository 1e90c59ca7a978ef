use super::super::testing;
use super::super::token::payload;
use super::*;

/// What is answered at sign-in.
fn asked_for(world: &mut World, path: &str, body: &[u8]) -> Reply {
    testing::raw(world, Service::Login, "POST", path, None, body)
}

#[test]
fn a_secret_gives_a_token_of_three_parts() {
    let mut world = World::test("tenants: [{users: 5, closer: {clientSecret: s}}]");
    let token = testing::token(&mut world, 0, false);
    assert_eq!(token.split('.').count(), 3);
    let claims = payload(&token).unwrap();
    assert_eq!(claims["tid"], world.tenants[0].id.to_string());
    assert!(claims["roles"].as_array().unwrap().len() > 3);
    world.clock.pass(3_600_000);
    assert_eq!(
        testing::get(&mut world, &token, "/v1.0/organization").status,
        401
    );
}

#[test]
fn errors_carry_their_code() {
    let mut world = World::test("tenants: [{users: 5}]");
    let id = world.tenants[0].id.to_string();
    let app = world.tenants[0].clients[0].app_id;
    let scope = "https%3A%2F%2Fgraph.microsoft.com%2F.default";
    let cases = [
        (
            id.as_str(),
            format!("grant_type=client_credentials&client_id={app}&client_secret=no&scope={scope}"),
            401,
            7_000_215,
        ),
        (
            id.as_str(),
            format!(
                "grant_type=client_credentials&client_id={}&client_secret=no&scope={scope}",
                Uuid::nil()
            ),
            400,
            700_016,
        ),
        (
            id.as_str(),
            format!("grant_type=client_credentials&client_id={app}&client_secret=no&scope=x"),
            400,
            70_011,
        ),
        (
            id.as_str(),
            format!(
                "grant_type=client_credentials&client_id={app}&client_secret=no&scope={scope}+https%3A%2F%2Fmanagement.azure.com%2F.default"
            ),
            400,
            70_011,
        ),
        ("other.onmicrosoft.com", String::new(), 400, 90_002),
        ("nonsense", String::new(), 400, 900_023),
    ];
    for (tenant, body, status, code) in cases {
        let reply = testing::raw(
            &mut world,
            Service::Login,
            "POST",
            &format!("/{tenant}/oauth2/v2.0/token"),
            None,
            body.as_bytes(),
        );
        assert_eq!(
            (reply.status, reply.value()["error_codes"][0].as_u64()),
            (status, Some(code))
        );
    }
}

#[test]
fn scopes_of_the_sign_in_may_stand_beside_the_one_resource() {
    let mut world = World::test("tenants: [{users: 5}]");
    let scope = "https://graph.microsoft.com/.default+openid+offline_access+profile";
    let token = testing::token_for(&mut world, 0, false, scope);
    let claims = payload(&token).unwrap();
    assert_eq!(claims["aud"], "https://graph.microsoft.com");
}

#[test]
fn a_scenario_refuses_the_sign_in_by_a_code() {
    for (code, error) in [
        (53_003, "invalid_grant"),
        (50_076, "interaction_required"),
        (65_001, "invalid_grant"),
        (70_021, "invalid_request"),
        (50_020, "invalid_grant"),
        (50_177, "invalid_grant"),
        (700_082, "invalid_grant"),
        (900_023, "invalid_request"),
    ] {
        let mut world = World::test(&format!(
            "tenants: [{{users: 5, closer: {{refusal: {code}, clientSecret: s}}}}]"
        ));
        let client = &world.tenants[0].clients[0];
        let body = format!(
            "grant_type=client_credentials&client_id={}&client_secret=s&scope=https://graph.microsoft.com/.default",
            client.app_id
        );
        let path = format!("/{}/oauth2/v2.0/token", world.tenants[0].id);
        let reply = asked_for(&mut world, &path, body.as_bytes());
        assert_eq!(
            (
                reply.value()["error"].as_str(),
                reply.value()["error_codes"][0].as_u64()
            ),
            (Some(error), Some(code))
        );
    }
}

#[test]
fn a_permission_counts_from_the_next_token_on() {
    let mut world = World::test("tenants: [{users: 5, closer: {appRoles: []}}]");
    let old = testing::token(&mut world, 0, false);
    world.tenants[0].clients[0]
        .app_roles
        .push("User.Read.All".to_owned());
    assert_eq!(testing::get(&mut world, &old, "/v1.0/users").status, 403);
    let new = testing::token(&mut world, 0, false);
    assert_eq!(testing::get(&mut world, &new, "/v1.0/users").status, 200);
    let arm = testing::token_for(
        &mut world,
        0,
        false,
        "https://management.azure.com/.default",
    );
    assert_eq!(payload(&arm).unwrap()["roles"], json!([]));
}

#[test]
fn a_token_is_for_the_tenants_own_cloud_alone() {
    use super::super::hosts::Cloud;
    let clouds = [Cloud::Global, Cloud::USGov, Cloud::USGovDoD, Cloud::China];
    let tenants = clouds.map(|cloud| {
        format!(
            "{{users: 1, cloud: {cloud:?}, closer: {{clientSecret: s}}, publicClients: ['{}']}}",
            Uuid::nil()
        )
    });
    let mut world = World::test(&format!("tenants: [{}]", tenants.join(", ")));
    for (index, home) in clouds.into_iter().enumerate() {
        let (id, app) = (
            world.tenants[index].id,
            world.tenants[index].clients[0].app_id,
        );
        for cloud in clouds {
            let host = hosts::name_of(Service::Graph, cloud);
            let scope = format!("scope=https://{host}/");
            let bodies = [
                (
                    "token",
                    format!(
                        "grant_type=client_credentials&client_id={app}&client_secret=s&{scope}.default"
                    ),
                ),
                (
                    "devicecode",
                    format!("client_id={}&{scope}User.Read", Uuid::nil()),
                ),
            ];
            for (to, body) in bodies {
                let path = format!("/{id}/oauth2/v2.0/{to}");
                let reply = asked_for(&mut world, &path, body.as_bytes());
                let wanted = if cloud == home {
                    (200, None)
                } else {
                    (400, Some(500_011))
                };
                let told = (reply.status, reply.value()["error_codes"][0].as_u64());
                assert_eq!(told, wanted, "{home:?} at {host}, {to}");
            }
        }
        // Nor does another cloud's Graph take it.
        let token = testing::token(&mut world, index, false);
        for cloud in clouds {
            let mut request = testing::request(
                Service::Graph,
                "GET",
                "/v1.0/organization",
                Some(&token),
                b"",
            );
            request.cloud = Some(cloud);
            let wanted = if cloud == home { 200 } else { 401 };
            assert_eq!(
                world.serve(&request).status,
                wanted,
                "{home:?} at {cloud:?}"
            );
        }
    }
}

#[test]
fn discovery_leads_to_what_answers() {
    let mut world = World::test("tenants: [{users: 1}, {users: 1, cloud: China}]");
    let get =
        |world: &mut World, path: &str| testing::raw(world, Service::Login, "GET", path, None, b"");
    let base = "https://graph.microsoft.com";
    let first = get(&mut world, "/common/discovery/instance");
    let next = first.value()["tenant_discovery_endpoint"].as_str().unwrap();
    let any = get(&mut world, next.trim_start_matches(base));
    assert_eq!(any.value()["issuer"], format!("{base}/{{tenantid}}/v2.0"));
    let china = world.tenants[1].id;
    let own = format!("/{china}/v2.0/.well-known/openid-configuration");
    let own = get(&mut world, &own);
    assert_eq!(
        own.value()["cloud_instance_name"],
        "partner.microsoftonline.cn"
    );
    for document in [any, own] {
        let keys = document.value()["jwks_uri"].as_str().unwrap();
        let keys = get(&mut world, keys.trim_start_matches(base));
        assert_eq!((keys.status, keys.value()), (200, &json!({ "keys": [] })));
    }
    let path = format!("/{china}/oauth2/v2.0/token");
    let mut request = testing::request(Service::Login, "GET", &path, None, b"");
    request.cloud = Some(hosts::Cloud::China);
    let refused = world.serve(&request);
    assert_eq!(
        (
            refused.status,
            refused.value()["error_codes"][0].as_u64(),
            refused.value()["error_uri"].as_str()
        ),
        (
            400,
            Some(900_561),
            Some("https://login.partner.microsoftonline.cn/error?code=900561")
        )
    );
}

#[test]
fn a_tenant_that_is_gone_has_a_code_of_its_own() {
    let mut world = World::test(
        "{tenants: [{users: 1, behaviour: {goneTenantCode: 5000224}}, {users: 1}], behaviour: {goneTenantCode: 90002}}",
    );
    let ids = [world.tenants[0].id, world.tenants[1].id, Uuid::from_u128(7)];
    for tenant in &mut world.tenants {
        tenant.deleted_at = Some(1);
    }
    let codes = ids.map(|id| {
        let path = format!("/{id}/v2.0/.well-known/openid-configuration");
        let reply = testing::raw(&mut world, Service::Login, "GET", &path, None, b"");
        reply.value()["error_codes"][0].as_u64()
    });
    assert_eq!(codes, [Some(5_000_224), Some(90_002), Some(90_002)]);
}

#[test]
fn a_tenant_that_is_gone_is_not_discovered() {
    let mut world = World::test("tenants: [{users: 5}]");
    let path = format!(
        "/{}/v2.0/.well-known/openid-configuration",
        world.tenants[0].initial_domain
    );
    assert_eq!(
        testing::raw(&mut world, Service::Login, "GET", &path, None, b"").status,
        200
    );
    world.tenants[0].deleted_at = Some(1);
    let reply = testing::raw(&mut world, Service::Login, "GET", &path, None, b"");
    assert_eq!(
        (reply.status, reply.value()["error"].as_str()),
        (400, Some("invalid_tenant"))
    );
}
