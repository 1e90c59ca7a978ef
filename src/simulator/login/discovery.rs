//! What clients look up before they sign in: the discovery documents, the keys, whose a name is.

use serde_json::json;
use uuid::Uuid;

use super::super::exchange::{Reply, Request, Service};
use super::super::hosts;
use super::super::world::World;
use super::{lookup, unknown_tenant};

/// Microsoft's own tenant of this cloud is always found: clients look for it to tell "gone" from "nothing answers rightly".
fn always_there(request: &Request, name: &str) -> Option<(Uuid, hosts::Cloud)> {
    let id = Uuid::parse_str(name).ok()?;
    let cloud = request.cloud.unwrap_or_default();
    (id == cloud.always_there()).then_some((id, cloud))
}

/// What stands for any tenant in an authority: clients that look for one begin there.
fn is_any(name: &str) -> bool {
    ["common", "organizations"].contains(&name)
}

/// How the tenant is named in a discovery document, in the issuer and elsewhere, and its cloud.
fn named(world: &World, request: &Request, name: &str) -> Option<(String, String, hosts::Cloud)> {
    if is_any(name) {
        let issuer = "{tenantid}".to_owned();
        return Some((issuer, name.to_owned(), request.cloud.unwrap_or_default()));
    }
    let found = lookup(world, request, name).map(|(_, tenant)| (tenant.id, tenant.cloud));
    let (id, cloud) = found.or_else(|| always_there(request, name))?;
    Some((id.to_string(), id.to_string(), cloud))
}

/// The keys that tokens are signed with: none that anybody could verify one with, as they are opaque to clients here.
pub(super) fn keys(world: &mut World, request: &Request, name: &str) -> Reply {
    match named(world, request, name) {
        Some(_) => Reply::json(200, json!({ "keys": [] })),
        None => unknown_tenant(world, name),
    }
}

/// What the sign-in service of a cloud calls itself.
fn instance_name(cloud: hosts::Cloud) -> &'static str {
    let host = hosts::name_of(Service::Login, cloud);
    host.strip_prefix("login.").unwrap_or(host)
}

pub(super) fn discovery(world: &mut World, request: &Request, name: &str) -> Reply {
    let Some((issuer, id, cloud)) = named(world, request, name) else {
        return unknown_tenant(world, name);
    };
    let base = &request.base;
    Reply::json(
        200,
        json!({
            "issuer": format!("{base}/{issuer}/v2.0"),
            "token_endpoint": format!("{base}/{id}/oauth2/v2.0/token"),
            "authorization_endpoint": format!("{base}/{id}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{base}/{id}/oauth2/v2.0/devicecode"),
            "jwks_uri": format!("{base}/{id}/discovery/v2.0/keys"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code", "id_token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": instance_name(cloud),
            "msgraph_host": hosts::name_of(Service::Graph, cloud),
        }),
    )
}

/// What a sign-in page asks before it asks for a password.
pub(super) fn realm(world: &World, request: &Request, name: &str) -> Reply {
    let domain = name.rsplit('@').next().unwrap_or(name);
    let tenant = lookup(world, request, domain).map(|(_, tenant)| tenant);
    let kind = tenant.map_or("Unknown", |tenant| {
        let mut all = tenant.domains.iter();
        let found = all.find(|one| one.name.eq_ignore_ascii_case(domain));
        found.map_or("Managed", |one| one.sign_in())
    });
    let cloud = tenant.map_or(request.cloud.unwrap_or_default(), |tenant| tenant.cloud);
    Reply::json(
        200,
        json!({
            "ver": "1.0", "account_type": kind, "NameSpaceType": kind, "Login": name, "domain_name": domain,
            "cloud_instance_name": instance_name(cloud), "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        }),
    )
}

pub(super) fn instance(request: &Request) -> Reply {
    let host = request.base.trim_start_matches("https://");
    Reply::json(
        200,
        json!({ "tenant_discovery_endpoint": format!("{}/common/v2.0/.well-known/openid-configuration", request.base), "api-version": "1.1",
            "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }] }),
    )
}
