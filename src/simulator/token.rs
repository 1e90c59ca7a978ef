//! Access tokens: opaque to clients, three parts like Microsoft's, worth nothing in another run.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::exchange::{Request, Service};
use super::hosts;
use super::tenant::Tenant;
use super::users::DISABLED;
use super::world::World;

/// Who stands behind a token.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) tenant: usize,
    pub(crate) app_id: Uuid,
    /// Who has signed in; `None`: the application acts for itself.
    pub(crate) person: Option<Uuid>,
    /// Permissions of the application, or those that were delegated to it.
    pub(crate) roles: Vec<String>,
    pub(crate) directory_roles: Vec<u8>,
    pub(crate) reader: bool,
    pub(crate) azure_owner: bool,
    pub(crate) azure_reads_alone: bool,
    pub(crate) billing_role: bool,
    pub(crate) billing_reads_alone: bool,
    pub(crate) partner_center: bool,
}

/// The resource that a scope is for.
pub(crate) fn resource(scope: &str) -> Option<(Service, String)> {
    let resource = scope.strip_suffix("/.default")?.trim_end_matches('/');
    let (_, rest) = resource.split_once("://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let service = match hosts::lookup(host) {
        Some((service, _)) => service,
        None => match path.split('/').next() {
            Some("graph") => Service::Graph,
            Some("arm") => Service::Arm,
            Some("partner") => Service::Partner,
            _ => return None,
        },
    };
    let guarded = matches!(service, Service::Graph | Service::Arm | Service::Partner);
    guarded.then(|| (service, resource.to_owned()))
}

/// Whether a resource is one of this cloud: its host is one of Microsoft's there, or our own, which serves every cloud.
pub(crate) fn serves_cloud(resource: &str, cloud: hosts::Cloud) -> bool {
    let host = resource.split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    hosts::lookup(host).is_none_or(|(_, clouds)| clouds.contains(&cloud))
}

/// Scopes that no service is asked with.
pub(crate) const OF_SIGN_IN: &[&str] = &["openid", "profile", "email", "offline_access"];

/// The one resource that delegated scopes are for, and the permissions; without a resource they are Graph's. `None`: of two resources, or of none.
pub(crate) fn delegated_scopes(scope: &str, cloud: hosts::Cloud) -> Option<(String, Vec<String>)> {
    let graph = format!("https://{}", hosts::name_of(Service::Graph, cloud));
    let mut all = Vec::new();
    let asked = scope
        .split_whitespace()
        .filter(|one| !OF_SIGN_IN.contains(one));
    for one in asked {
        let (of, permission) = one.rsplit_once('/').unwrap_or((&graph, one));
        resource(&format!("{of}/.default"))?;
        all.push((of.trim_end_matches('/').to_owned(), permission.to_owned()));
    }
    let (first, _) = all.first()?.clone();
    let same = all.iter().all(|(of, _)| of.eq_ignore_ascii_case(&first));
    same.then(|| (first, all.into_iter().map(|(_, one)| one).collect()))
}

/// A token that looks like Microsoft's and that only this run accepts.
pub(crate) fn sign(key: &[u8; 16], claims: &Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"RS256","kid":"simulator"}"#);
    let body = URL_SAFE_NO_PAD.encode(claims.to_string());
    let signature = signature(key, &format!("{header}.{body}"));
    format!("{header}.{body}.{signature}")
}

fn signature(key: &[u8; 16], text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(key);
    hash.update(text);
    hash.update(key);
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// The claims of a token, unverified.
pub(crate) fn payload(token: &str) -> Option<Value> {
    let body = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
}

/// Who calls a service, by the token of the request.
pub(crate) fn caller(world: &World, request: &Request) -> Result<Caller, &'static str> {
    let token = request
        .header("authorization")
        .and_then(|value| value.split_once(' '))
        // The name of the scheme has no case.
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token.trim())
        .ok_or("Access token is empty.")?;
    let (signed, given) = token
        .rsplit_once('.')
        .ok_or("IDX14100: JWT is not well formed.")?;
    if signature(&world.key, signed) != given {
        return Err("Invalid token signature.");
    }
    let claims = payload(token).ok_or("IDX14100: JWT is not well formed.")?;
    let audience = claims["aud"].as_str().unwrap_or_default();
    let service = resource(&format!("{audience}/.default")).map(|(service, _)| service);
    let here = request
        .cloud
        .is_none_or(|cloud| serves_cloud(audience, cloud));
    if service != Some(request.service) || !here {
        return Err("Access token validation failure. Invalid audience.");
    }
    if claims["exp"].as_i64().unwrap_or(0) * 1000 <= world.clock.real() {
        return Err("Lifetime validation failed, the token is expired.");
    }
    let id = |name: &str| {
        claims[name]
            .as_str()
            .and_then(|text| Uuid::parse_str(text).ok())
    };
    let index = id("tid")
        .and_then(|tenant| world.find(tenant))
        .ok_or("The tenant of the token is not known.")?;
    let tenant = &world.tenants[index];
    let expected = request.cloud.is_none_or(|cloud| {
        hosts::name_of(request.service, cloud) == hosts::name_of(request.service, tenant.cloud)
    });
    if !tenant.exists() || !expected {
        return Err("The tenant of the token is not found in this cloud.");
    }
    if claims["idtyp"] == "user" {
        let (app_id, person) = id("appid")
            .zip(id("oid"))
            .ok_or("The token names nobody.")?;
        return delegated(tenant, index, (app_id, person), claims["scp"].as_str());
    }
    let client = id("appid")
        .and_then(|app| tenant.client(app))
        .ok_or("The application of the token is not known.")?;
    // Permissions are those at the time of the token; directory roles are looked up at each request.
    let roles = claims["roles"].as_array().into_iter().flatten();
    Ok(Caller {
        tenant: index,
        app_id: client.app_id,
        person: None,
        roles: roles
            .filter_map(|role| role.as_str().map(str::to_owned))
            .collect(),
        directory_roles: client.effective_roles(),
        reader: client.reader,
        azure_owner: client.azure_owner,
        azure_reads_alone: client.azure_reads_alone,
        billing_role: client.billing_role,
        billing_reads_alone: client.billing_reads_alone,
        partner_center: client.partner_center,
    })
}

/// Somebody who has signed in, with what was delegated: he can do no more than that, and no more than his own directory role allows.
fn delegated(
    tenant: &Tenant,
    index: usize,
    (app_id, person): (Uuid, Uuid),
    scopes: Option<&str>,
) -> Result<Caller, &'static str> {
    let user = tenant.users.position(person);
    let user = user.and_then(|position| tenant.users.get(position));
    let user = user
        .filter(|user| user.alive() && !user.is(DISABLED))
        .ok_or("The user account is disabled or deleted.")?;
    let scopes = scopes.unwrap_or_default().split_whitespace();
    Ok(Caller {
        tenant: index,
        app_id,
        person: Some(person),
        roles: scopes.map(str::to_owned).collect(),
        directory_roles: (user.role != 0).then_some(user.role).into_iter().collect(),
        reader: false,
        azure_owner: false,
        azure_reads_alone: false,
        billing_role: false,
        billing_reads_alone: false,
        partner_center: false,
    })
}
