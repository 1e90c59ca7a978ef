//! Users: listing, counting, reading, deleting, signing out.

use serde_json::{Value, json};

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::replicas::Replica;
use super::super::roles::may_delete;
use super::super::tenant::Tenant;
use super::super::users::{RESTRICTED, UNDELETABLE, User};
use super::super::world::World;
use super::listing::{self, Page};
use super::person::{self, user};
use super::query::{self, Wanted};
use super::{Answer, Call, creation, unknown, update};

pub(super) const READ: &[&str] = &[
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const WRITE: &[&str] = &["User.ReadWrite.All"];
/// What Microsoft says of a user who comes from the premises.
pub(super) const MASTERED: &str = "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.";

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["users"]) => list(world, call),
        ("GET", ["users", "$count"]) => count(world, call),
        ("GET", ["users", id]) => read(world, call, id),
        ("POST", ["users"]) => creation::user(world, call),
        ("DELETE", ["users", id]) => delete(world, call, id),
        ("PATCH", ["users", id]) => update::user(world, call, id),
        ("POST", ["users", id, "revokeSignInSessions"]) => revoke(world, call, id),
        _ => Err(unknown(call)),
    }
}

fn list(world: &mut World, call: &Call) -> Answer {
    call.require(READ)?;
    let replica = Replica::draw(world, call.caller.tenant);
    let now = world.clock.virtual_now();
    let tenant = &world.tenants[call.caller.tenant];
    page(call, (tenant, now), &[], |user| replica.shows_user(user))
}

/// A page of the users that are `shown`, of those that are asked for. Where no properties are selected, these come besides the usual ones.
pub(super) fn page(
    call: &Call,
    (tenant, now): (&Tenant, i64),
    besides: &[&str],
    shown: impl Fn(&User) -> bool,
) -> Answer {
    let page = Page::parse(call, 100)?;
    let wanted = Wanted::parse(call, "users", &[])?;
    let counted = query::counting(call, "users")?;
    let users = &tenant.users;
    let passes = |position: &u32| {
        users.get(*position).is_some_and(&shown)
            && wanted.passes(&|name| person::value(tenant, *position, name, now))
    };
    let (chosen, next) = if wanted.is_sorted() {
        // Of a sorted listing the pages count rows, of any other users.
        let mut all: Vec<u32> = (0..users.len()).filter(passes).collect();
        wanted.sort(&mut all, |one, name| person::value(tenant, *one, name, now));
        let end = (page.start as usize).saturating_add(page.size);
        let rows = all.iter().skip(page.start as usize).take(page.size);
        let next = (end < all.len()).then_some(end as u32);
        (rows.copied().collect::<Vec<_>>(), next)
    } else {
        let mut found = (page.start..users.len()).filter(passes);
        let rows = found.by_ref().take(page.size).collect();
        (rows, found.next())
    };
    let select = page.select.or_else(|| {
        let usual = person::DEFAULT.iter().chain(besides);
        Some(usual.map(|name| (*name).to_owned()).collect())
    });
    let rows: Result<Vec<Value>, Refusal> = chosen
        .into_iter()
        .map(|position| user(tenant, position, select.as_deref(), now))
        .collect();
    let count = counted.then(|| (0..users.len()).filter(passes).count());
    Ok(listing::reply(call, "users", rows?, next, count))
}

fn count(world: &mut World, call: &Call) -> Answer {
    call.require(READ)?;
    let replica = Replica::draw(world, call.caller.tenant);
    let now = world.clock.virtual_now();
    let tenant = &world.tenants[call.caller.tenant];
    number(call, (tenant, now), |user| replica.shows_user(user))
}

/// How many of the users that are `shown` are asked for.
pub(super) fn number(
    call: &Call,
    (tenant, now): (&Tenant, i64),
    shown: impl Fn(&User) -> bool,
) -> Answer {
    if !call.eventual() {
        return Err(Refusal::bad(
            "$count is not currently supported without the header ConsistencyLevel: eventual.",
        ));
    }
    let wanted = Wanted::counting(call, "users")?;
    let counted = tenant.users.positions().filter(|(position, user)| {
        shown(user) && wanted.passes(&|name| person::value(tenant, *position, name, now))
    });
    Ok(Reply::text(200, counted.count().to_string()))
}

/// Somebody has to sign in again everywhere; nobody is signed in here, so that nothing follows.
fn revoke(world: &mut World, call: &Call, id: &str) -> Answer {
    call.require(&["User.RevokeSessions.All", "User.ReadWrite.All"])?;
    let replica = Replica::draw(world, call.caller.tenant);
    there(&world.tenants[call.caller.tenant], id, replica)?;
    let context = call.context("Edm.Boolean");
    let value = json!({ "@odata.context": context, "value": true });
    Ok(Reply::json(200, value))
}

/// The user that this replica knows under an id or a name.
pub(super) fn there<'a>(
    tenant: &'a Tenant,
    id: &str,
    replica: Replica,
) -> Result<(u32, &'a User), Refusal> {
    let position = tenant.users.find(id);
    let found = position.and_then(|at| Some((at, tenant.users.get(at)?)));
    found
        .filter(|(_, user)| user.alive() && replica.knows(user.id, user.created_at))
        .ok_or_else(|| Refusal::not_found(id))
}

fn read(world: &mut World, call: &Call, id: &str) -> Answer {
    call.require(READ)?;
    let replica = Replica::draw(world, call.caller.tenant);
    let now = world.clock.virtual_now();
    let tenant = &world.tenants[call.caller.tenant];
    let position = tenant
        .users
        .find(id)
        .filter(|position| {
            tenant
                .users
                .get(*position)
                .is_some_and(|user| replica.shows_user(user))
        })
        .ok_or_else(|| Refusal::not_found(id))?;
    let mut value = user(tenant, position, listing::select(call).as_deref(), now)?;
    value["@odata.context"] = json!(call.context("users/$entity"));
    Ok(Reply::json(200, value))
}

pub(super) fn delete(world: &mut World, call: &Call, id: &str) -> Answer {
    call.require(WRITE)?;
    let replica = Replica::draw(world, call.caller.tenant);
    let virtual_now = world.clock.virtual_now();
    let tenant = &world.tenants[call.caller.tenant];
    let (position, user) = there(tenant, id, replica)?;
    let user = user.clone();
    let held = &call.caller.directory_roles;
    let mut guards = tenant.guarded_by(position).into_iter();
    if user.is(RESTRICTED) || user.is(UNDELETABLE) || !guards.all(|role| may_delete(held, role)) {
        return Err(Refusal::denied());
    }
    let synced =
        tenant.synced(position, &user, virtual_now) && !tenant.sync.orphans.contains(&position);
    if synced && tenant.sync.resurrects {
        // The next run of the synchronization finds him on the premises.
        let due = virtual_now + 30 * 60_000;
        world.tenants[call.caller.tenant]
            .resurrections
            .push((due, position));
    } else if synced {
        return Err(Refusal::bad(MASTERED));
    }
    let now = world.clock.real();
    world.tenants[call.caller.tenant]
        .users
        .delete(position, now);
    world.record(call.caller.tenant, "userDeleted", user.id, &call.actor());
    Ok(Reply::empty(204))
}

#[cfg(test)]
mod refusals;

#[cfg(test)]
mod tests;
