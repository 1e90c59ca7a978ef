//! Sign-in: tokens, and what anyone may ask about a tenant.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::exchange::{Query, Reply, Request};
use super::random::mix;
use super::world::World;

/// Microsoft's own tenant; it lives in every simulation, as a proof that the probe itself works.
const ALWAYS_THERE: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

/// Who calls, by the token.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) tenant: usize,
    pub(crate) tenant_id: String,
    pub(crate) app: String,
    pub(crate) roles: Vec<String>,
    pub(crate) audience: String,
}

pub(crate) fn handle(world: &mut World, request: &Request) -> Reply {
    let parts = request.segments();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => token(world, tenant, request),
        ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            configuration(world, tenant, request)
        }
        ("GET", ["common", "userrealm", name]) => realm(world, name),
        ("GET", ["getuserrealm.srf" | "GetUserRealm.srf"]) => {
            let name = request.query.get("login").unwrap_or_default().to_owned();
            realm(world, &name)
        }
        _ => Reply::text(404, "not found".to_owned()),
    }
}

fn refuse(world: &mut World, status: u16, error: &str, code: u32, text: &str) -> Reply {
    let trace = world.random.uuid().to_string();
    let now = super::clock::stamp(world.clock.real()).replace('T', " ");
    Reply::json(
        status,
        json!({
            "error": error, "error_description": format!("AADSTS{code}: {text} Trace ID: {trace} Timestamp: {now}"), "error_codes": [code],
            "timestamp": now, "trace_id": trace, "correlation_id": trace,
        }),
    )
}

fn unknown_tenant(world: &mut World, tenant: &str) -> Reply {
    let text = format!(
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
    );
    refuse(world, 400, "invalid_tenant", 90002, &text)
}

fn configuration(world: &mut World, tenant: &str, request: &Request) -> Reply {
    let id = match world.tenant(tenant).and_then(|at| world.tenants.get(at)) {
        Some(found) => found.id.clone(),
        None if tenant.eq_ignore_ascii_case(ALWAYS_THERE) => ALWAYS_THERE.to_owned(),
        None => return unknown_tenant(world, tenant),
    };
    let base = format!("https://{}/{id}", request.host);
    Reply::json(
        200,
        json!({
            "token_endpoint": format!("{base}/oauth2/v2.0/token"), "issuer": format!("{base}/v2.0"),
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"), "tenant_region_scope": "EU", "cloud_instance_name": "microsoftonline.com",
        }),
    )
}

fn realm(world: &World, name: &str) -> Reply {
    let domain = name.rsplit('@').next().unwrap_or(name).to_ascii_lowercase();
    let known = world.tenant(&domain).is_some();
    let kind = if known { "Managed" } else { "Unknown" };
    Reply::json(
        200,
        json!({ "ver": "1.0", "account_type": kind, "domain_name": domain, "NameSpaceType": kind, "DomainName": domain, "Login": name, "State": 4 }),
    )
}

fn token(world: &mut World, tenant: &str, request: &Request) -> Reply {
    let form = Query::parse(&String::from_utf8_lossy(&request.body));
    let Some(at) = world.tenant(tenant) else {
        return unknown_tenant(world, tenant);
    };
    let Some((id, app, secret, principal, roles, present)) = world.tenants.get(at).map(card) else {
        return unknown_tenant(world, tenant);
    };
    if form.get("grant_type") != Some("client_credentials") {
        return refuse(
            world,
            400,
            "unsupported_grant_type",
            70003,
            "The app requested an unsupported grant type.",
        );
    }
    if !present || form.get("client_id") != Some(app.as_str()) {
        return refuse(
            world,
            400,
            "unauthorized_client",
            700_016,
            "Application was not found in the directory.",
        );
    }
    let assertion = form
        .get("client_assertion")
        .is_some_and(|text| !text.is_empty());
    if !assertion && form.get("client_secret") != Some(secret.as_str()) {
        return refuse(
            world,
            401,
            "invalid_client",
            7_000_215,
            "Invalid client secret provided.",
        );
    }
    let Some(audience) = form
        .get("scope")
        .and_then(|scope| scope.strip_suffix("/.default"))
    else {
        return refuse(
            world,
            400,
            "invalid_scope",
            70011,
            "The provided value for the input parameter 'scope' is not valid.",
        );
    };
    let now = world.clock.real() / 1000;
    let roles = if audience.contains("graph") {
        roles
    } else {
        Vec::new()
    };
    let header = json!({ "typ": "JWT", "alg": "RS256", "kid": "simulated" });
    let claims = json!({
        "aud": audience.trim_end_matches('/'), "iss": format!("https://sts.windows.net/{id}/"), "iat": now, "nbf": now, "exp": now + 3599,
        "appid": app, "oid": principal, "sub": principal, "tid": id, "idtyp": "app", "roles": roles,
    });
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let text = format!("{signed}.{}", sign(&signed));
    Reply::json(
        200,
        json!({ "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": text }),
    )
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Not a real signature: enough to notice a token that was not made here.
fn sign(text: &str) -> String {
    let sum = text
        .bytes()
        .fold(0x7e4a_17c1_u64, |sum, byte| mix(sum ^ u64::from(byte)));
    URL_SAFE_NO_PAD.encode(sum.to_be_bytes())
}

/// Reads the token of a request.
pub(crate) fn caller(world: &World, request: &Request) -> Result<Caller, &'static str> {
    let text = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or("Access token is empty.")?;
    let (signed, signature) = text.rsplit_once('.').ok_or("Access token is malformed.")?;
    if sign(signed) != signature {
        return Err("Access token validation failure. Invalid signature.");
    }
    let payload = signed
        .split('.')
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok())
        .ok_or("Access token is malformed.")?;
    let claims: Value =
        serde_json::from_slice(&payload).map_err(|_| "Access token is malformed.")?;
    if claims["exp"].as_i64().unwrap_or(0) <= world.clock.real() / 1000 {
        return Err("Lifetime validation failed, the token is expired.");
    }
    let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
    let tenant_id = text("tid");
    let tenant = world
        .tenant(&tenant_id)
        .ok_or("The tenant of the access token was not found.")?;
    let roles = claims["roles"]
        .as_array()
        .map(|roles| {
            roles
                .iter()
                .filter_map(|role| role.as_str().map(str::to_owned))
                .collect()
        })
        .unwrap_or_default();
    Ok(Caller {
        tenant,
        tenant_id,
        app: text("appid"),
        roles,
        audience: text("aud"),
    })
}

type Card = (String, String, String, String, Vec<String>, bool);

/// What a token is made of, and whether the application is still there.
fn card(tenant: &super::world::Tenant) -> Card {
    let present = tenant
        .principals
        .iter()
        .any(|object| object.id == tenant.principal);
    (
        tenant.id.clone(),
        tenant.app_id.clone(),
        tenant.secret.clone(),
        tenant.principal.clone(),
        tenant.app_roles.clone(),
        present,
    )
}
