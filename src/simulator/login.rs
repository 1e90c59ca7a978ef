//! The token endpoint and the discovery document.

mod discovery;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;

use super::aadsts::scripted;
use super::assertion;
use super::clock::stamp;
use super::device_code;
use super::exchange::{Content, Query, Reply, Request, Service};
use super::hosts;
use super::tenant::{Client, Tenant};
use super::token::{OF_SIGN_IN, resource, serves_cloud, sign};
use super::world::World;

/// Seconds that a token lives.
const LIFETIME: i64 = 3599;

pub(crate) fn serve(world: &mut World, request: &Request) -> Reply {
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let mut reply = match (request.method.as_str(), parts.as_slice()) {
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => token(world, request, tenant),
        ("POST", [tenant, "oauth2", "v2.0", "devicecode"]) => {
            device_code::begin(world, request, tenant)
        }
        ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            discovery::discovery(world, request, tenant)
        }
        ("GET", [tenant, "discovery", "v2.0", "keys"]) => discovery::keys(world, request, tenant),
        (method, [_, "oauth2", "v2.0", "token" | "devicecode"]) => {
            let text =
                format!("The endpoint only accepts POST requests. Received a {method} request.");
            refuse(world, 400, "invalid_request", 900_561, &text)
        }
        ("GET", ["common", "discovery", "instance"]) => discovery::instance(request),
        ("GET", ["common", "userrealm", name]) => discovery::realm(world, request, name),
        ("GET", ["getuserrealm.srf" | "GetUserRealm.srf"]) => discovery::realm(
            world,
            request,
            request.query.get("login").unwrap_or_default(),
        ),
        _ => Reply::json(404, json!({ "error": "not_found" })),
    };
    if let Content::Json(body) = &mut reply.content
        && let Some(code) = body["error_codes"][0].as_u64()
    {
        let host = hosts::name_of(Service::Login, request.cloud.unwrap_or_default());
        body["error_uri"] = json!(format!("https://{host}/error?code={code}"));
    }
    reply
}

/// A tenant of this cloud by id or by a domain of its own, as long as it exists.
pub(super) fn lookup<'a>(
    world: &'a World,
    request: &Request,
    name: &str,
) -> Option<(usize, &'a Tenant)> {
    world
        .tenants
        .iter()
        .enumerate()
        .find(|(_, tenant)| bears(tenant, name) && tenant.exists() && serves(request, tenant))
}

/// Whether a tenant is found under an id or a domain, as long as it exists.
fn bears(tenant: &Tenant, name: &str) -> bool {
    let mut domains = tenant.domains.iter();
    tenant.id.to_string().eq_ignore_ascii_case(name)
        || domains.any(|domain| domain.name.eq_ignore_ascii_case(name))
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
    // One that is gone may have a code of its own; a stranger was never there.
    let gone = world.tenants.iter();
    let gone = gone.filter(|tenant| bears(tenant, name) && !tenant.exists());
    let mut codes = gone.filter_map(|tenant| Some(tenant.behaviour.as_ref()?.gone_tenant_code));
    let code = codes.next().unwrap_or(90_002);
    if code != 90_002 {
        let (status, error, text) = scripted(code);
        return refuse(world, status, error, code, text);
    }
    let text = format!(
        "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
    );
    refuse(world, 400, "invalid_tenant", 90_002, &text)
}

fn token(world: &mut World, request: &Request, name: &str) -> Reply {
    let Some((index, _)) = lookup(world, request, name) else {
        return unknown_tenant(world, name);
    };
    let form = Query::parse(&String::from_utf8_lossy(&request.body));
    match form.get("grant_type").unwrap_or_default() {
        device_code::GRANT => device_code::token(world, index, &form),
        "client_credentials" => client_credentials(world, request, name, index, &form)
            .unwrap_or_else(|denial| denial.reply(world)),
        _ => refuse(
            world,
            400,
            "unsupported_grant_type",
            70_003,
            "The app requested an unsupported grant type.",
        ),
    }
}

/// Why there is no token.
pub(super) struct Denial {
    status: u16,
    error: &'static str,
    code: u32,
    text: String,
}

impl Denial {
    fn new(status: u16, error: &'static str, code: u32, text: impl Into<String>) -> Self {
        Self {
            status,
            error,
            code,
            text: text.into(),
        }
    }

    /// The resource that is asked for is none of this cloud: its tenants do not know it.
    pub(super) fn foreign_resource(tenant: &Tenant, resource: &str) -> Self {
        let text = format!(
            "The resource principal named {resource} was not found in the tenant named {}. This can happen if the application has not been \
             installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your \
             authentication request to the wrong tenant.",
            tenant.display_name
        );
        Self::new(400, "invalid_resource", 500_011, text)
    }

    pub(super) fn reply(&self, world: &mut World) -> Reply {
        refuse(world, self.status, self.error, self.code, &self.text)
    }
}

fn client_credentials(
    world: &World,
    request: &Request,
    name: &str,
    index: usize,
    form: &Query,
) -> Result<Reply, Denial> {
    let field = |key: &str| form.get(key).unwrap_or_default().to_owned();
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
    let (service, audience) = found.filter(|_| asked.next().is_none()).ok_or_else(|| {
        let text = format!(
            "The provided request must include a valid 'scope' input parameter. The scope '{scope}' is not valid."
        );
        Denial::new(400, "invalid_scope", 70_011, text)
    })?;
    let tenant = &world.tenants[index];
    let app = Uuid::parse_str(&client_id).ok();
    let known = app
        .and_then(|app| tenant.client(app))
        .zip(app.and_then(|app| tenant.principal_of(app)));
    let known = known.filter(|(_, principal)| principal.deleted_at == 0);
    let (client, principal) = known.ok_or_else(|| {
        let text = format!(
            "Application with identifier '{client_id}' was not found in the directory '{}'.",
            tenant.display_name
        );
        Denial::new(400, "unauthorized_client", 700_016, text)
    })?;
    if !principal.enabled {
        let text = format!("Application '{client_id}' is disabled.");
        return Err(Denial::new(401, "unauthorized_client", 7_000_112, text));
    }
    if let Some(code) = client.refusal {
        let (status, error, text) = scripted(code);
        return Err(Denial::new(status, error, code, text));
    }
    let base = request.base.trim_end_matches(":443");
    let endpoint = format!("{base}/{name}/oauth2/v2.0/token");
    proven(
        world,
        client,
        (&secret, &field("client_assertion")),
        &endpoint,
    )?;
    if !serves_cloud(&audience, tenant.cloud) {
        return Err(Denial::foreign_resource(tenant, &audience));
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
    let body = json!({ "token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": token });
    Ok(Reply::json(200, body).with("Cache-Control", "no-store, no-cache"))
}

/// Whether the secret, or the assertion where there is one, is the application's.
fn proven(
    world: &World,
    client: &Client,
    (secret, assertion): (&str, &str),
    endpoint: &str,
) -> Result<(), Denial> {
    let denied = |code, text: &str| Err(Denial::new(401, "invalid_client", code, text));
    let now = world.clock.real();
    if !assertion.is_empty() {
        return assertion::verify(client, assertion, endpoint, now / 1000)
            .or_else(|(code, text)| denied(code, text));
    }
    if secret != client.secret {
        return denied(7_000_215, "Invalid client secret provided.");
    }
    if client.secret_expired || client.ends_at <= now {
        return denied(7_000_222, "The provided client secret keys are expired.");
    }
    Ok(())
}

fn basic(header: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    let decoded = Query::parse(&format!("u={user}&p={password}"));
    Some((decoded.get("u")?.to_owned(), decoded.get("p")?.to_owned()))
}

#[cfg(test)]
mod tests;
