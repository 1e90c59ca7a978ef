//! The device authorization grant: a code is shown on one device, and a person signs in with it on another.

use serde_json::{Value, json};
use uuid::Uuid;

use super::errors::Refusal;
use super::exchange::{Query, Reply, Request};
use super::login::{Denial, lookup, refuse, unknown_tenant};
use super::roles::GLOBAL_ADMINISTRATOR;
use super::tenant::Tenant;
use super::token::{delegated_scopes, serves_cloud, sign};
use super::users::DISABLED;
use super::world::World;

/// How it is asked for at the token endpoint.
pub(crate) const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Milliseconds that a code lives.
const LIFETIME: i64 = 900_000;
/// Seconds between two questions.
const INTERVAL: i64 = 1;

/// A sign-in under way.
#[derive(Debug)]
pub(crate) struct SignIn {
    device_code: String,
    user_code: String,
    tenant: Uuid,
    application: Uuid,
    audience: String,
    /// The permissions that were asked for.
    scopes: Vec<String>,
    /// Real moment at which the code ends.
    ends_at: i64,
    state: State,
}

#[derive(Debug)]
enum State {
    Pending,
    Declined,
    Done { user: Uuid, mfa: bool },
}

/// The codes for which a token is to be had, with the tenant.
pub(crate) fn codes(world: &World) -> impl Iterator<Item = (Uuid, &str)> {
    let all = world.sign_ins.iter();
    all.map(|one| (one.tenant, one.device_code.as_str()))
}

/// `POST /{tenant}/oauth2/v2.0/devicecode`
pub(crate) fn begin(world: &mut World, request: &Request, name: &str) -> Reply {
    let Some((index, _)) = lookup(world, request, name) else {
        return unknown_tenant(world, name);
    };
    let form = Query::parse(&String::from_utf8_lossy(&request.body));
    let field = |key: &str| form.get(key).unwrap_or_default();
    let application = Uuid::parse_str(field("client_id")).ok();
    let tenant = &world.tenants[index];
    let known = application.filter(|id| tenant.public_clients.contains(id));
    let Some(application) = known else {
        let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        let known = application.is_some_and(|id| tenant.client(id).is_some());
        return if known {
            refuse(world, 401, "invalid_client", 7_000_218, text)
        } else {
            let text = "The application was not found in the directory.";
            refuse(world, 400, "unauthorized_client", 700_016, text)
        };
    };
    let Some((audience, scopes)) = delegated_scopes(field("scope"), tenant.cloud) else {
        let text = "The provided request must include a 'scope' input parameter, with scopes of one resource.";
        return refuse(world, 400, "invalid_scope", 70_011, text);
    };
    if !serves_cloud(&audience, tenant.cloud) {
        return Denial::foreign_resource(tenant, &audience).reply(world);
    }
    let tenant = tenant.id;
    let device_code = world.random.uuid().simple().to_string();
    let user_code: String = world.random.uuid().simple().to_string().to_uppercase();
    let user_code = user_code.chars().take(9).collect::<String>();
    let page = "https://microsoft.com/devicelogin";
    let reply = json!({
        "device_code": device_code, "user_code": user_code, "verification_uri": page, "expires_in": LIFETIME / 1000, "interval": INTERVAL,
        "message": format!("To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."),
    });
    let ends_at = world.clock.real() + LIFETIME;
    world.sign_ins.push(SignIn {
        device_code,
        user_code,
        tenant,
        application,
        audience,
        scopes,
        ends_at,
        state: State::Pending,
    });
    Reply::json(200, reply).with("Cache-Control", "no-store, no-cache")
}

/// The grant `urn:ietf:params:oauth:grant-type:device_code` at the token endpoint. A code serves once.
pub(crate) fn token(world: &mut World, index: usize, form: &Query) -> Reply {
    let tenant = world.tenants[index].id;
    let field = |key: &str| form.get(key).unwrap_or_default();
    let (code, client) = (field("device_code"), field("client_id"));
    let at = world.sign_ins.iter().position(|one| {
        one.device_code == code
            && one.tenant == tenant
            && one.application.to_string().eq_ignore_ascii_case(client)
    });
    let Some(at) = at else {
        let text = "The device code is not one that was issued to this application.";
        return refuse(world, 400, "bad_verification_code", 70_018, text);
    };
    if world.sign_ins[at].ends_at <= world.clock.real() {
        world.sign_ins.remove(at);
        let text = "OAuth 2.0 device flow error. The code has expired.";
        return refuse(world, 400, "expired_token", 70_019, text);
    }
    let (user, mfa) = match world.sign_ins[at].state {
        State::Pending => {
            let text = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
            return refuse(world, 400, "authorization_pending", 70_016, text);
        }
        State::Declined => {
            world.sign_ins.remove(at);
            let text = "The end user denied the authorization request.";
            return refuse(world, 400, "authorization_declined", 65_004, text);
        }
        State::Done { user, mfa } => (user, mfa),
    };
    let done = world.sign_ins.remove(at);
    let granted = granted(&world.tenants[index], user, &done.scopes);
    let issued = world.clock.real() / 1000;
    let amr: &[&str] = if mfa { &["pwd", "mfa"] } else { &["pwd"] };
    let claims = json!({
        "aud": done.audience, "iss": format!("https://sts.windows.net/{tenant}/"), "iat": issued, "nbf": issued, "exp": issued + 3599,
        "appid": done.application, "idtyp": "user", "oid": user, "sub": user, "tid": tenant, "ver": "1.0", "scp": granted, "amr": amr,
    });
    let token = sign(&world.key, &claims);
    let reply = json!({ "token_type": "Bearer", "scope": granted, "expires_in": 3599, "ext_expires_in": 3599, "access_token": token });
    Reply::json(200, reply).with("Cache-Control", "no-store, no-cache")
}

/// What he consents to: an administrator to all that is asked for, anybody else to his own profile.
fn granted(tenant: &Tenant, user: Uuid, asked: &[String]) -> String {
    let position = tenant.users.position(user);
    let user = position.and_then(|position| tenant.users.get(position));
    let consents = user.is_some_and(|user| user.role == GLOBAL_ADMINISTRATOR);
    let mut all = vec!["User.Read"];
    let more = asked.iter().map(String::as_str);
    all.extend(more.filter(|one| consents && !["User.Read", ".default"].contains(one)));
    all.join(" ")
}

/// A person types the code that is shown somewhere (`userCode`, or the newest), as the retained administrator or as `id`, with a
/// second factor unless `mfa` is false; or declines.
pub(crate) fn press(world: &mut World, id: Uuid, body: &Value) -> Result<Reply, Refusal> {
    let one = world.tenants.iter().find(|one| one.id == id);
    let one = one.ok_or_else(|| Refusal::not_found(&id.to_string()))?;
    let position = match body["id"].as_str() {
        Some(id) => one.users.find(id),
        None => Some(one.retained),
    };
    let user = position.and_then(|position| one.users.get(position));
    let user = user.filter(|user| user.alive() && user.flags & DISABLED == 0);
    let Some(user) = user.map(|user| user.id) else {
        let text = "this account cannot sign in";
        return Err(Refusal::new(409, "refused", text));
    };
    let code = body["userCode"].as_str();
    let mut waiting = world.sign_ins.iter_mut().rev();
    let found = waiting.find(|one| {
        one.tenant == id
            && matches!(one.state, State::Pending)
            && code.is_none_or(|code| one.user_code.eq_ignore_ascii_case(code))
    });
    let Some(found) = found else {
        let text = "Nobody waits for a sign-in with this code.";
        return Err(Refusal::new(404, "notFound", text));
    };
    found.state = if body["decline"] == true {
        State::Declined
    } else {
        State::Done {
            user,
            mfa: body["mfa"] != false,
        }
    };
    Ok(Reply::empty(204))
}
