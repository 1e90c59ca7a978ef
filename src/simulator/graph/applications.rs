//! Application registrations and service principals.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::assertion;
use super::super::clock::stamp;
use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::populate::SYNC_APP;
use super::super::replicas::Replica;
use super::super::tenant::{Application, Principal, Tenant};
use super::super::throttle::Key;
use super::super::world::World;
use super::{Answer, Call, creation, fields, listing, unknown};

pub(super) const READ: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Application.ReadWrite.OwnedBy",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const WRITE: &[&str] = &["Application.ReadWrite.All"];
/// Enough for who owns what is to be changed.
pub(super) const OWNED: &[&str] = &["Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"];

/// Whether the caller may change an application or a service principal: any, or those that it owns.
pub(super) fn may_change(tenant: &Tenant, call: &Call, id: Uuid) -> Result<(), Refusal> {
    if call.require(WRITE).is_ok() {
        return Ok(());
    }
    call.require(OWNED)?;
    let mine = tenant.directory.owns(call.caller.app_id, id);
    mine.then_some(()).ok_or_else(Refusal::denied)
}

/// Whether personal accounts may use an application of this audience.
pub(super) fn is_personal(audience: &str) -> bool {
    audience.ends_with("PersonalMicrosoftAccount")
}

/// The slow lane of writes to such applications: sixty a minute. The refusal, where it is full.
pub(super) fn lane(world: &mut World, call: &Call) -> Result<(), Reply> {
    let (now, lane) = (world.clock.real(), Key::Personal(call.caller.app_id));
    let taken = world.throttle.take(lane, 60.0, 60.0, now);
    taken.map(|_| ()).map_err(|wait| {
        Refusal::new(429, "TooManyRequests", "Too many requests.")
            .graph(&call.request_id, &call.request_id, now)
            .with("Retry-After", format!("{wait:.3}"))
    })
}

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let replica = Replica::draw(world, call.caller.tenant);
    let tenant = &world.tenants[call.caller.tenant];
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", [collection]) => {
            call.require(READ)?;
            listing::small(call, collection, rows(tenant, collection, replica))
        }
        ("GET", [collection, "$count"]) => {
            call.require(READ)?;
            listing::count(call, collection, rows(tenant, collection, replica))
        }
        ("GET", [collection, key]) => {
            call.require(READ)?;
            let id = id_of(tenant, collection, key).to_string();
            let found = rows(tenant, collection, replica)
                .into_iter()
                .find(|row| row["id"] == json!(id))
                .ok_or_else(|| Refusal::not_found(key))?;
            listing::one(call, collection, found)
        }
        ("POST", ["applications"]) => creation::application(world, call),
        ("POST", ["servicePrincipals"]) => creation::principal(world, call),
        ("DELETE", [collection, key]) => delete(world, call, collection, key),
        ("PATCH", ["applications", key]) => change(world, call, key),
        ("PATCH", ["servicePrincipals", key]) => patch(world, call, key),
        _ => Err(unknown(call)),
    }
}

fn rows(tenant: &Tenant, collection: &str, replica: Replica) -> Vec<Value> {
    if collection == "applications" {
        tenant
            .applications
            .iter()
            .filter(|one| replica.shows_object(one.id, one.created_at, one.deleted_at))
            .map(|one| registration(tenant, one))
            .collect()
    } else {
        tenant
            .principals
            .iter()
            .filter(|one| replica.shows_object(one.id, one.created_at, one.deleted_at))
            .map(principal)
            .collect()
    }
}

/// The object id behind an id or `appId=…`; the nil id where there is none.
pub(super) fn id_of(tenant: &Tenant, collection: &str, key: &str) -> Uuid {
    let Some(app_id) = key.strip_prefix("appId=") else {
        return Uuid::parse_str(key).unwrap_or_default();
    };
    let app_id = Uuid::parse_str(app_id).unwrap_or_default();
    let found = if collection == "applications" {
        tenant
            .applications
            .iter()
            .find(|one| one.app_id == app_id)
            .map(|one| one.id)
    } else {
        tenant.principal_of(app_id).map(|one| one.id)
    };
    found.unwrap_or_default()
}

/// An application or service principal that this replica shows, with its type.
pub(super) fn object(tenant: &Tenant, id: Uuid, replica: Replica) -> Option<(&'static str, Value)> {
    let found = tenant
        .applications
        .iter()
        .find(|one| one.id == id && replica.shows_object(id, one.created_at, one.deleted_at))
        .map(|one| ("application", application(one)));
    found.or_else(|| {
        tenant
            .principals
            .iter()
            .find(|one| one.id == id && replica.shows_object(id, one.created_at, one.deleted_at))
            .map(|one| ("servicePrincipal", principal(one)))
    })
}

/// Likewise, with what it signs in with: of a secret its first three characters, of a certificate its thumbprint.
fn registration(tenant: &Tenant, one: &Application) -> Value {
    let mut row = application(one);
    let client = tenant.client(one.app_id);
    row["passwordCredentials"] = client
        .map(|client| {
            let hint: String = client.secret.chars().take(3).collect();
            json!({ "customKeyIdentifier": null, "displayName": "secret", "hint": hint, "keyId": one.id, "secretText": null,
                "startDateTime": "2023-05-06T07:08:09Z", "endDateTime": stamp(client.ends_at) })
        })
        .into_iter()
        .collect();
    let certificates = client.map_or(&[][..], |client| client.certificates.as_slice());
    row["keyCredentials"] = certificates
        .iter()
        .filter_map(|pem| {
            let named = assertion::thumbprint(pem)?;
            let end = client.map(|client| stamp(client.ends_at));
            Some(json!({ "customKeyIdentifier": named, "displayName": "CN=tenant-closure", "keyId": one.id, "type": "AsymmetricX509Cert",
                "usage": "Verify", "key": null, "startDateTime": "2023-05-06T07:08:09Z", "endDateTime": end }))
        })
        .collect();
    row
}

pub(super) fn application(one: &Application) -> Value {
    json!({
        "id": one.id, "appId": one.app_id, "displayName": one.name, "signInAudience": if one.personal { "AzureADandPersonalMicrosoftAccount" } else { "AzureADMyOrg" }, "createdDateTime": "2023-05-06T07:08:09Z",
        "deletedDateTime": (one.deleted_at != 0).then(|| stamp(one.deleted_at)), "publisherDomain": null, "tags": [],
    })
}

pub(super) fn principal(one: &Principal) -> Value {
    json!({
        "id": one.id, "appId": one.app_id, "displayName": one.name, "appDisplayName": one.name, "accountEnabled": one.enabled,
        "servicePrincipalType": if one.managed_identity { "ManagedIdentity" } else { "Application" }, "appOwnerOrganizationId": one.owner,
        "preferredSingleSignOnMode": one.saml.then_some("saml"),
        "deletedDateTime": (one.deleted_at != 0).then(|| stamp(one.deleted_at)), "tags": [],
    })
}

pub(super) fn delete(world: &mut World, call: &Call, collection: &str, key: &str) -> Answer {
    call.require(OWNED)?;
    // A replica that has not heard of one cannot change it.
    let replica = Replica::draw(world, call.caller.tenant);
    let now = world.clock.real();
    let status = world.behaviour_of(call.caller.tenant).first_party_refusal;
    let index = call.caller.tenant;
    let tenant = &mut world.tenants[index];
    let id = id_of(tenant, collection, key);
    may_change(tenant, call, id)?;
    let syncing = tenant.sync.on == Some(true);
    if collection == "applications" {
        let slow = tenant
            .applications
            .iter()
            .any(|one| one.id == id && one.personal && replica.knows(id, one.created_at));
        if slow && let Err(late) = lane(world, call) {
            return Ok(late);
        }
        let one = world.tenants[index]
            .applications
            .iter_mut()
            .find(|one| one.id == id && replica.has(id, one.created_at, one.deleted_at))
            .ok_or_else(|| Refusal::not_found(key))?;
        one.deleted_at = now;
        let app_id = one.app_id;
        world.record(index, "applicationDeleted", id, &call.actor());
        // The service principal of a registration goes with it.
        let follower = world.tenants[index]
            .principals
            .iter_mut()
            .find(|one| one.app_id == app_id && one.deleted_at == 0);
        if let Some(principal) = follower {
            principal.deleted_at = now;
            let id = principal.id;
            world.record(index, "servicePrincipalDeleted", id, &call.actor());
        }
        return Ok(Reply::empty(204));
    }
    let one = tenant
        .principals
        .iter_mut()
        .find(|one| one.id == id && replica.has(id, one.created_at, one.deleted_at))
        .ok_or_else(|| Refusal::not_found(key))?;
    // What synchronization brought with it goes once that is off.
    let leftover = one.app_id == SYNC_APP && !syncing;
    if one.stays() && !leftover {
        return Err(match status {
            400 => Refusal::bad(
                "Specified App Principal ID is a Microsoft internal application and cannot be deleted.",
            ),
            404 => Refusal::not_found(key),
            _ => Refusal::denied(),
        });
    }
    one.deleted_at = now;
    world.record(index, "servicePrincipalDeleted", id, &call.actor());
    Ok(Reply::empty(204))
}

/// A registration is renamed, or its audience changed: <https://learn.microsoft.com/graph/api/application-update>.
fn change(world: &mut World, call: &Call, key: &str) -> Answer {
    let replica = Replica::draw(world, call.caller.tenant);
    let index = call.caller.tenant;
    let tenant = &world.tenants[index];
    let id = id_of(tenant, "applications", key);
    call.require(OWNED)?;
    let mut all = tenant.applications.iter();
    let at = all.position(|one| one.id == id && replica.has(id, one.created_at, one.deleted_at));
    let at = at.ok_or_else(|| Refusal::not_found(key))?;
    may_change(tenant, call, id)?;
    let all = fields(call)?;
    for (name, value) in &all {
        if !["displayName", "signInAudience"].contains(name) || !value.is_string() {
            return Err(Refusal::bad(format!(
                "Property '{name}' cannot be changed here."
            )));
        }
    }
    let text = |wanted: &str| {
        let found = all.iter().find(|(name, _)| *name == wanted);
        found.and_then(|(_, value)| value.as_str())
    };
    let personal = text("signInAudience").map(is_personal);
    let slow = world.tenants[index].applications[at].personal || personal == Some(true);
    if slow && let Err(late) = lane(world, call) {
        return Ok(late);
    }
    let one = &mut world.tenants[index].applications[at];
    one.personal = personal.unwrap_or(one.personal);
    if let Some(name) = text("displayName") {
        name.clone_into(&mut one.name);
    }
    world.record(index, "applicationChanged", id, &call.actor());
    Ok(Reply::empty(204))
}

fn patch(world: &mut World, call: &Call, key: &str) -> Answer {
    call.require(OWNED)?;
    let replica = Replica::draw(world, call.caller.tenant);
    let index = call.caller.tenant;
    let tenant = &mut world.tenants[index];
    let id = id_of(tenant, "servicePrincipals", key);
    may_change(tenant, call, id)?;
    let one = tenant
        .principals
        .iter_mut()
        .find(|one| one.id == id && replica.has(id, one.created_at, one.deleted_at))
        .ok_or_else(|| Refusal::not_found(key))?;
    let wanted = call
        .body
        .get("accountEnabled")
        .and_then(Value::as_bool)
        .ok_or_else(|| Refusal::bad("Nothing to change."))?;
    if one.enabled != wanted {
        one.enabled = wanted;
        world.record(
            index,
            if wanted {
                "servicePrincipalEnabled"
            } else {
                "servicePrincipalDisabled"
            },
            id,
            &call.actor(),
        );
    }
    Ok(Reply::empty(204))
}

#[cfg(test)]
mod tests;
