//! The token endpoint and the discovery document.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;

use super::aadsts::scripted;
use super::assertion;
use super::clock::stamp;
use super::device_code;
use super::exchange::{Query, Reply, Request, Service};
use super::hosts;
use super::tenant::Tenant;
use super::token::{OF_SIGN_IN, resource, sign};
use super::world::World;

/// Seconds that a token lives.
const LIFETIME: i64 = 3599;

pub(crate) fn serve(world: &mut World, request: &Request) -> Reply {
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => token(world, request, tenant),
        ("POST", [tenant, "oauth2", "v2.0", "devicecode"]) => {
            device_code::begin(world, request, tenant)
        }
        ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            discovery(world, request, tenant)
        }
        ("GET", ["common", "discovery", "instance"]) => instance(request),
        ("GET", ["common", "userrealm", name]) => realm(world, request, name),
        ("GET", ["getuserrealm.srf" | "GetUserRealm.srf"]) => realm(
            world,
            request,
            request.query.get("login").unwrap_or_default(),
        ),
        _ => Reply::json(404, json!({ "error": "not_found" })),
    }
}

/// A tenant of this cloud by id or by a domain of its own, as long as it exists.
pub(super) fn lookup<'a>(
    world: &'a World,
    request: &Request,
    name: &str,
) -> Option<(usize, &'a Tenant)> {
    world.tenants.iter().enumerate().find(|(_, tenant)| {
        let known = tenant.id.to_string().eq_ignore_ascii_case(name)
            || tenant
                .domains
                .iter()
                .any(|domain| domain.name.eq_ignore_ascii_case(name));
        known && tenant.exists() && serves(request, tenant)
    })
}

fn serves(request: &Request, tenant: &Tenant) -> bool {
    // The US Government host serves two clouds.
    request.cloud.is_none_or(|cloud| {
        hosts::name_of(Service::Login, cloud) == hosts::name_of(Service::Login, tenant.cloud)
    })
}

pub(super) fn refuse(world: &mut World, status: u16, error: &str, code: u32, text: &str) -> Reply {
    let now = stamp(world.clock.real()).replace('T', " ");
    let (trace, correlation) = (world.random.uuid(), world.random.uuid());
    let description = format!(
        "AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
    );
    Reply::json(
        status,
        json!({
            "error": error, "error_description": description, "error_codes": [code], "timestamp": now,
            "trace_id": trace, "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
        }),
    )
}

pub(super) fn unknown_tenant(world: &mut World, name: &str) -> Reply {
    if Uuid::parse_str(name).is_err() && !name.contains('.') {
        let text = format!(
            "Specified tenant identifier '{name}' is neither a valid DNS name, nor a valid external domain."
        );
        return refuse(world, 400, "invalid_request", 900_023, &text);
    }
    if world.behaviour.gone_tenant_code != 90_002 {
        let code = world.behaviour.gone_tenant_code;
        let (status, error, text) = scripted(code);
        return refuse(world, status, error, code, text);
    }
    let text = format!(
        "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
    );
    refuse(world, 400, "invalid_tenant", 90_002, &text)
}

/// Microsoft's own tenant of this cloud is always found: clients look for it to tell "gone" from "nothing answers rightly".
fn always_there(request: &Request, name: &str) -> Option<(Uuid, hosts::Cloud)> {
    let id = Uuid::parse_str(name).ok()?;
    let cloud = request.cloud.unwrap_or_default();
    (id == cloud.always_there()).then_some((id, cloud))
}

fn discovery(world: &mut World, request: &Request, name: &str) -> Reply {
    let found = lookup(world, request, name).map(|(_, tenant)| (tenant.id, tenant.cloud));
    let Some((id, cloud)) = found.or_else(|| always_there(request, name)) else {
        return unknown_tenant(world, name);
    };
    let base = &request.base;
    Reply::json(
        200,
        json!({
            "issuer": format!("{base}/{id}/v2.0"),
            "token_endpoint": format!("{base}/{id}/oauth2/v2.0/token"),
            "authorization_endpoint": format!("{base}/{id}/oauth2/v2.0/authorize"),
            "jwks_uri": format!("{base}/{id}/discovery/v2.0/keys"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code", "id_token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "msgraph_host": hosts::name_of(Service::Graph, cloud),
        }),
    )
}

/// What a sign-in page asks before it asks for a password.
fn realm(world: &World, request: &Request, name: &str) -> Reply {
    let domain = name.rsplit('@').next().unwrap_or(name);
    let tenant = lookup(world, request, domain).map(|(_, tenant)| tenant);
    let kind = tenant.map_or("Unknown", |tenant| {
        let mut all = tenant.domains.iter();
        let found = all.find(|one| one.name.eq_ignore_ascii_case(domain));
        found.map_or("Managed", |one| one.sign_in())
    });
    Reply::json(
        200,
        json!({
            "ver": "1.0", "account_type": kind, "NameSpaceType": kind, "Login": name, "domain_name": domain,
            "cloud_instance_name": "microsoftonline.com", "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        }),
    )
}

fn instance(request: &Request) -> Reply {
    let host = request.base.trim_start_matches("https://");
    Reply::json(
        200,
        json!({ "tenant_discovery_endpoint": format!("{}/common/v2.0/.well-known/openid-configuration", request.base), "api-version": "1.1",
            "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }] }),
    )
}

fn token(world: &mut World, request: &Request, name: &str) -> Reply {
    let Some((index, _)) = lookup(world, request, name) else {
        return unknown_tenant(world, name);
    };
    let form = Query::parse(&String::from_utf8_lossy(&request.body));
    let field = |key: &str| form.get(key).unwrap_or_default().to_owned();
    if field("grant_type") == device_code::GRANT {
        return device_code::token(world, index, &form);
    }
    if field("grant_type") != "client_credentials" {
        return refuse(
            world,
            400,
            "unsupported_grant_type",
            70_003,
            "The app requested an unsupported grant type.",
        );
    }
    let (mut client_id, mut secret) = (field("client_id"), field("client_secret"));
    if let Some((user, password)) = request.header("authorization").and_then(basic) {
        client_id = user;
        secret = password;
    }
    let scope = field("scope");
    // One resource alone: a token is for one. Microsoft's libraries ask for scopes of the sign-in along with it.
    let mut asked = scope
        .split_whitespace()
        .filter(|one| !OF_SIGN_IN.contains(one));
    let found = asked.next().and_then(resource);
    let Some((service, audience)) = found.filter(|_| asked.next().is_none()) else {
        let text = format!(
            "The provided request must include a valid 'scope' input parameter. The scope '{scope}' is not valid."
        );
        return refuse(world, 400, "invalid_scope", 70_011, &text);
    };
    let tenant = &world.tenants[index];
    let app = Uuid::parse_str(&client_id).ok();
    let known = app
        .and_then(|app| tenant.client(app))
        .zip(app.and_then(|app| tenant.principal_of(app)));
    let Some((client, principal)) = known.filter(|(_, principal)| principal.deleted_at == 0) else {
        let text = format!(
            "Application with identifier '{client_id}' was not found in the directory '{}'.",
            tenant.display_name
        );
        return refuse(world, 400, "unauthorized_client", 700_016, &text);
    };
    if !principal.enabled {
        let text = format!("Application '{client_id}' is disabled.");
        return refuse(world, 401, "unauthorized_client", 7_000_112, &text);
    }
    if let Some(code) = client.refusal {
        let (status, error, text) = scripted(code);
        return refuse(world, status, error, code, text);
    }
    let assertion = field("client_assertion");
    if !assertion.is_empty() {
        let base = request.base.trim_end_matches(":443");
        let audience = format!("{base}/{name}/oauth2/v2.0/token");
        let now = world.clock.real() / 1000;
        if let Err((code, text)) = assertion::verify(client, &assertion, &audience, now) {
            return refuse(world, 401, "invalid_client", code, text);
        }
    } else if secret != client.secret {
        return refuse(
            world,
            401,
            "invalid_client",
            7_000_215,
            "Invalid client secret provided.",
        );
    } else if client.secret_expired || client.ends_at <= world.clock.real() {
        return refuse(
            world,
            401,
            "invalid_client",
            7_000_222,
            "The provided client secret keys are expired.",
        );
    }
    let issued = world.clock.real() / 1000;
    let held = client.effective_roles().into_iter();
    let wids: Vec<_> = held
        .map(|role| super::roles::known(role).template)
        .collect();
    // Graph's permissions stand in Graph's tokens alone.
    let roles: &[String] = if service == Service::Graph {
        &client.app_roles
    } else {
        &[]
    };
    let claims = json!({
        "aud": audience, "iss": format!("https://sts.windows.net/{}/", tenant.id), "iat": issued, "nbf": issued, "exp": issued + LIFETIME,
        "appid": client.app_id, "idtyp": "app", "oid": principal.id, "sub": principal.id, "tid": tenant.id, "ver": "1.0",
        "roles": roles, "wids": wids,
    });
    let token = sign(&world.key, &claims);
    Reply::json(200, json!({ "token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": token }))
        .with("Cache-Control", "no-store, no-cache")
}

fn basic(header: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    let decoded = Query::parse(&format!("u={user}&p={password}"));
    Some((decoded.get("u")?.to_owned(), decoded.get("p")?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::super::token::payload;
    use super::*;

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
                format!(
                    "grant_type=client_credentials&client_id={app}&client_secret=no&scope={scope}"
                ),
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
            let reply = testing::raw(
                &mut world,
                Service::Login,
                "POST",
                &path,
                None,
                body.as_bytes(),
            );
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
}
