//! Microsoft Graph: all that changes something.

use super::exchange::Reply;
use super::graph::{Call, denied, error, may, not_found, privileged};
use super::world::{HOUR, MICROSOFT, Tenant, World};

pub(crate) fn handle(world: &mut World, call: &Call, parts: &[&str]) -> Reply {
    let method = call.request.method.as_str();
    match (method, parts) {
        ("DELETE", ["users", key]) => delete_user(world, call, key),
        ("PATCH", ["users", key, "authentication", "requirements"]) if call.beta => {
            change_mfa(world, call, key)
        }
        ("PATCH", ["users", key]) => change_user(world, call, key),
        ("PATCH", ["organization", id]) => change_organization(world, call, id),
        ("DELETE", ["applications", key]) => delete_application(world, call, key),
        ("DELETE", ["servicePrincipals", key]) => delete_principal(world, call, key),
        ("PATCH", ["servicePrincipals", key]) => change_principal(world, call, key),
        _ => error(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        ),
    }
}

fn tenant<'a>(world: &'a mut World, call: &Call) -> Option<&'a mut Tenant> {
    world.tenants.get_mut(call.caller.tenant)
}

fn delete_user(world: &mut World, call: &Call, key: &str) -> Reply {
    if !may(
        call.caller,
        &[
            "User.ReadWrite.All",
            "User.DeleteRestore.All",
            "Directory.ReadWrite.All",
        ],
    ) {
        return denied();
    }
    let full = privileged(world, call.caller);
    let Some(found) = tenant(world, call) else {
        return not_found(key);
    };
    let Some(user) = found.user(key).and_then(|at| found.users.get(at)) else {
        return not_found(key);
    };
    if user.undeletable || (user.administrator && !full) {
        return denied();
    }
    if user.synced && found.sync == Some(true) {
        let text = "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.";
        return error(400, "Request_BadRequest", text);
    }
    let id = user.id.clone();
    remove_user(world, call.caller.tenant, &id, &call.caller.app);
    Reply::empty(204)
}

/// Deletes a user and judges it; `app` is `human` for what the portal does.
pub(crate) fn remove_user(world: &mut World, at: usize, id: &str, app: &str) {
    let Some(found) = world.tenants.get_mut(at) else {
        return;
    };
    let Some(user) = found.user(id).and_then(|place| found.users.get_mut(place)) else {
        return;
    };
    user.deleted = true;
    let counted = !user.administrator && !user.undeletable;
    found.live -= 1;
    found.deletable -= usize::from(counted);
    let tenant = found.id.clone();
    let retained = found.is_retained(id);
    let early = found.is_spare(id)
        && found
            .subscriptions
            .iter()
            .any(|subscription| !subscription.gone());
    if retained {
        world.violation("RetainedAdministratorDeleted", &tenant, id);
    }
    if early {
        world.violation("SpareDeletedBeforeSubscriptions", &tenant, id);
    }
    if app != "human" {
        if world
            .approved
            .get(&tenant)
            .is_some_and(|approved| !approved.contains(id))
        {
            world.violation("UserNotApproved", &tenant, id);
        }
        let now = world.clock.real();
        let entry = world
            .user_deletes
            .entry(tenant.clone())
            .or_insert((0, now, now));
        entry.0 += 1;
        entry.2 = now;
    }
    world.destroy("userDeleted", &tenant, id, app);
}

fn change_mfa(world: &mut World, call: &Call, key: &str) -> Reply {
    if !may(call.caller, &["Policy.ReadWrite.AuthenticationMethod"]) {
        return denied();
    }
    let body = call.request.json();
    let Some(state @ ("disabled" | "enabled" | "enforced")) = body["perUserMfaState"].as_str()
    else {
        return error(
            400,
            "Request_BadRequest",
            "Invalid value specified for property 'perUserMfaState'.",
        );
    };
    let Some(found) = tenant(world, call) else {
        return not_found(key);
    };
    let Some(user) = found.user(key).and_then(|at| found.users.get_mut(at)) else {
        return not_found(key);
    };
    let changed = user.mfa != state;
    state.clone_into(&mut user.mfa);
    let (id, name) = (user.id.clone(), found.id.clone());
    let retained = found.is_retained(&id);
    if changed {
        world.effect("mfaChanged", &id, &call.caller.app);
    }
    if changed && retained {
        world.violation("RetainedAdministratorChanged", &name, &id);
    }
    Reply::empty(204)
}

fn change_user(world: &mut World, call: &Call, key: &str) -> Reply {
    if !may(
        call.caller,
        &["User.ReadWrite.All", "Directory.ReadWrite.All"],
    ) {
        return denied();
    }
    let Some(found) = tenant(world, call) else {
        return not_found(key);
    };
    let Some(user) = found.user(key).and_then(|at| found.users.get(at)) else {
        return not_found(key);
    };
    let (id, name) = (user.id.clone(), found.id.clone());
    let retained = found.is_retained(&id);
    world.effect("userChanged", &id, &call.caller.app);
    if retained {
        world.violation("RetainedAdministratorChanged", &name, &id);
    }
    Reply::empty(204)
}

fn change_organization(world: &mut World, call: &Call, id: &str) -> Reply {
    if !may(
        call.caller,
        &["Organization.ReadWrite.All", "Directory.ReadWrite.All"],
    ) {
        return denied();
    }
    let body = call.request.json();
    let at = call.caller.tenant;
    if !world
        .tenants
        .get(at)
        .is_some_and(|found| found.id.eq_ignore_ascii_case(id))
    {
        return not_found(id);
    }
    match body["onPremisesSyncEnabled"].as_bool() {
        Some(false) => {
            switch_sync_off(world, at, &call.caller.app);
            Reply::empty(204)
        }
        Some(true) => error(
            400,
            "Request_BadRequest",
            "Property 'onPremisesSyncEnabled' is read-only and cannot be set.",
        ),
        None => error(400, "Request_BadRequest", "Nothing to change."),
    }
}

/// Starts the end of directory sync; it takes 72 hours.
pub(crate) fn switch_sync_off(world: &mut World, at: usize, app: &str) {
    let now = world.clock.virtual_now();
    let Some(found) = world.tenants.get_mut(at) else {
        return;
    };
    if found.sync != Some(true) || found.sync_off_at.is_some() {
        return;
    }
    found.sync_off_at = Some(now + 72 * HOUR);
    let id = found.id.clone();
    world.effect("syncSwitchedOff", &id, app);
}

/// Where an object stands, by id or `appId=`.
fn place(all: &[super::world::Object], key: &str) -> Option<usize> {
    let by_app = key.strip_prefix("appId=");
    all.iter().position(|found| {
        by_app.map_or(found.id == key, |app| {
            found.app_id.eq_ignore_ascii_case(app)
        })
    })
}

fn delete_application(world: &mut World, call: &Call, key: &str) -> Reply {
    if !may(call.caller, &["Application.ReadWrite.All"]) {
        return denied();
    }
    let Some(found) = tenant(world, call) else {
        return not_found(key);
    };
    let Some(at) = place(&found.applications, key) else {
        return not_found(key);
    };
    let gone = found.applications.remove(at);
    let name = found.id.clone();
    let twin = found
        .principals
        .iter()
        .position(|other| other.app_id == gone.app_id)
        .map(|twin| found.principals.remove(twin));
    world.destroy("applicationDeleted", &name, &gone.id, &call.caller.app);
    if let Some(twin) = twin {
        world.destroy("servicePrincipalDeleted", &name, &twin.id, &call.caller.app);
    }
    Reply::empty(204)
}

fn delete_principal(world: &mut World, call: &Call, key: &str) -> Reply {
    if !may(call.caller, &["Application.ReadWrite.All"]) {
        return denied();
    }
    let Some(found) = tenant(world, call) else {
        return not_found(key);
    };
    let Some(at) = place(&found.principals, key) else {
        return not_found(key);
    };
    if found
        .principals
        .get(at)
        .is_some_and(|object| object.owner == MICROSOFT)
    {
        return denied();
    }
    let gone = found.principals.remove(at);
    let name = found.id.clone();
    world.destroy("servicePrincipalDeleted", &name, &gone.id, &call.caller.app);
    Reply::empty(204)
}

fn change_principal(world: &mut World, call: &Call, key: &str) -> Reply {
    if !may(call.caller, &["Application.ReadWrite.All"]) {
        return denied();
    }
    let body = call.request.json();
    let Some(enabled) = body["accountEnabled"].as_bool() else {
        return error(400, "Request_BadRequest", "Nothing to change.");
    };
    let Some(found) = tenant(world, call) else {
        return not_found(key);
    };
    let Some(object) = place(&found.principals, key).and_then(|at| found.principals.get_mut(at))
    else {
        return not_found(key);
    };
    let changed = object.enabled != enabled;
    object.enabled = enabled;
    let id = object.id.clone();
    if changed {
        world.effect("servicePrincipalChanged", &id, &call.caller.app);
    }
    Reply::empty(204)
}
