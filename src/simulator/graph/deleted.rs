//! The recycle bin: users, applications, service principals, groups and administrative units, for thirty virtual days. A reader that
//! lags finds users, applications and service principals there as late as it misses them where they were.

mod restore;

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::replicas::Replica;
use super::super::tenant::Tenant;
use super::super::users::{PURGED, SYNCED, User};
use super::super::world::World;
use super::{Answer, Call, applications, groups, listing, person, units, unknown, users};

/// An object in the bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    User(u32),
    /// By its place in the tenant's list.
    Application(usize),
    Principal(usize),
    Group(u32),
    Unit,
}

impl Found {
    fn by_id(tenant: &Tenant, key: &str) -> Result<Self, Refusal> {
        let none = || Refusal::not_found(key);
        let id = Uuid::parse_str(key).map_err(|_| none())?;
        let user = tenant.users.position(id);
        let user = user.filter(|at| tenant.users.get(*at).is_some_and(binned));
        let mut applications = tenant.applications.iter();
        let mut principals = tenant.principals.iter();
        let mut groups = deleted_groups(tenant);
        let unit = tenant.directory.unit.filter(|(unit, _)| *unit == id);
        user.map(Self::User)
            .or_else(|| {
                let found = applications.position(|one| one.deleted_at != 0 && one.id == id);
                found.map(Self::Application)
            })
            .or_else(|| {
                let found = principals.position(|one| one.deleted_at != 0 && one.id == id);
                found.map(Self::Principal)
            })
            .or_else(|| {
                groups
                    .find(|n| groups::id(tenant, *n) == id)
                    .map(Self::Group)
            })
            .or_else(|| unit.map(|_| Self::Unit))
            .ok_or_else(none)
    }

    /// The set that its type has, and what Graph calls the type.
    const fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::User(_) => ("users", "user"),
            Self::Application(_) => ("applications", "application"),
            Self::Principal(_) => ("servicePrincipals", "servicePrincipal"),
            Self::Group(_) => ("groups", "group"),
            Self::Unit => ("directory/administrativeUnits", "administrativeUnit"),
        }
    }

    /// Who may read it.
    const fn readers(self) -> &'static [&'static str] {
        match self {
            Self::User(_) => users::READ,
            Self::Application(_) | Self::Principal(_) => applications::READ,
            Self::Group(_) => groups::READ,
            Self::Unit => units::READ,
        }
    }

    fn row(self, tenant: &Tenant, now: i64) -> Result<Value, Refusal> {
        Ok(match self {
            Self::User(position) => {
                let shown = person::DEFAULT.iter().chain(&["deletedDateTime"]);
                let shown: Vec<String> = shown.map(|name| (*name).to_owned()).collect();
                person::user(tenant, position, Some(&shown), now)?
            }
            Self::Application(at) => applications::application(&tenant.applications[at]),
            Self::Principal(at) => applications::principal(&tenant.principals[at]),
            Self::Group(n) => groups::group(tenant, n),
            Self::Unit => {
                let unit = tenant.directory.unit;
                unit.map(|(id, binned)| units::row(id, Some(binned)))
                    .unwrap_or_default()
            }
        })
    }
}

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    // A cast may leave out the first part of its name.
    let short: Vec<&str> = parts
        .iter()
        .skip(2)
        .map(|part| part.strip_prefix("microsoft.").unwrap_or(part))
        .collect();
    match (call.method.as_str(), short.as_slice()) {
        ("GET", []) => Err(Refusal::bad(
            "Resource not found for the segment 'deletedItems': a cast to a type is required.",
        )),
        ("GET", [cast]) if cast.starts_with("graph.") => list(world, call, cast, false),
        ("GET", [cast, "$count"]) if cast.starts_with("graph.") => list(world, call, cast, true),
        ("GET", [id]) => read(world, call, id, None),
        ("GET", [id, cast]) => read(world, call, id, cast.strip_prefix("graph.")),
        ("POST", [id, "restore"]) => restore::restore(world, call, id),
        ("DELETE", [id]) => purge(world, call, id),
        _ => Err(unknown(call)),
    }
}

/// Deleted, and not yet for good.
fn binned(user: &User) -> bool {
    !user.alive() && !user.is(PURGED)
}

fn deleted_groups(tenant: &Tenant) -> impl Iterator<Item = u32> {
    let all = tenant.directory.groups.iter();
    all.filter(|(_, one)| !one.purged).map(|(n, _)| *n)
}

/// A page of the objects of one type, or how many there are.
fn list(world: &mut World, call: &Call, cast: &str, count: bool) -> Answer {
    let replica = Replica::draw(world, call.caller.tenant);
    let now = world.clock.virtual_now();
    let tenant = &world.tenants[call.caller.tenant];
    let applications = tenant.applications.iter();
    let principals = tenant.principals.iter();
    let found: Vec<Found> = match cast {
        "graph.user" => {
            call.require(users::READ)?;
            let known = |user: &User| binned(user) && !replica.shows_user(user);
            return if count {
                users::number(call, (tenant, now), known)
            } else {
                users::page(call, (tenant, now), &["deletedDateTime"], known)
            };
        }
        "graph.application" => {
            let all = (0..).map(Found::Application).zip(applications);
            all.filter(|(_, one)| replica.has_lost(one.id, one.deleted_at))
                .map(|(found, _)| found)
                .collect()
        }
        "graph.servicePrincipal" => {
            let all = (0..).map(Found::Principal).zip(principals);
            all.filter(|(_, one)| replica.has_lost(one.id, one.deleted_at))
                .map(|(found, _)| found)
                .collect()
        }
        "graph.group" => deleted_groups(tenant).map(Found::Group).collect(),
        "graph.administrativeUnit" => {
            let unit = tenant.directory.unit;
            unit.map(|_| Found::Unit).into_iter().collect()
        }
        _ => return Err(unknown(call)),
    };
    let (set, readers) = match cast {
        "graph.application" => (Found::Application(0).kind().0, applications::READ),
        "graph.servicePrincipal" => (Found::Principal(0).kind().0, applications::READ),
        "graph.group" => (Found::Group(0).kind().0, groups::READ),
        _ => (Found::Unit.kind().0, units::READ),
    };
    call.require(readers)?;
    let rows: Result<Vec<Value>, Refusal> =
        found.into_iter().map(|one| one.row(tenant, now)).collect();
    if count {
        return listing::count(call, set, rows?);
    }
    listing::small(call, set, rows?)
}

fn read(world: &mut World, call: &Call, key: &str, cast: Option<&str>) -> Answer {
    let replica = Replica::draw(world, call.caller.tenant);
    let tenant = &world.tenants[call.caller.tenant];
    let found = match Found::by_id(tenant, key) {
        Ok(found) => found,
        Err(none) => {
            // Who may read nothing of all that does not learn what is there.
            let readers = [users::READ, applications::READ, groups::READ, units::READ];
            call.require(&readers.concat())?;
            return Err(none);
        }
    };
    call.require(found.readers())?;
    let (set, kind) = found.kind();
    // As long as a replica still shows it where it was, it is not in the bin.
    let lost = match found {
        Found::User(at) => tenant
            .users
            .get(at)
            .is_some_and(|user| !replica.shows_user(user)),
        Found::Application(at) => {
            let one = &tenant.applications[at];
            replica.has_lost(one.id, one.deleted_at)
        }
        Found::Principal(at) => {
            let one = &tenant.principals[at];
            replica.has_lost(one.id, one.deleted_at)
        }
        Found::Group(_) | Found::Unit => true,
    };
    if !lost || cast.is_some_and(|cast| cast != kind) {
        return Err(Refusal::not_found(key));
    }
    let row = found.row(tenant, world.clock.virtual_now())?;
    let mut reply = listing::one(call, set, row)?;
    if let super::super::exchange::Content::Json(row) = &mut reply.content {
        row["@odata.type"] = json!(format!("#microsoft.graph.{kind}"));
    }
    Ok(reply)
}

/// Hard-delete protection lasts so long, in milliseconds of virtual time.
const PROTECTED: i64 = 7 * 24 * 3_600_000;

/// Whether an object was deleted too lately to be deleted for good.
fn protected(world: &World, call: &Call, found: Found) -> bool {
    let tenant = &world.tenants[call.caller.tenant];
    let now = world.clock.virtual_now();
    let of = |id: Uuid| {
        let mut bin = tenant.bin.iter().rev();
        bin.find(|(one, _)| *one == id).map(|(_, since)| *since)
    };
    let since = match found {
        Found::User(at) => {
            let synced = tenant.users.get(at).is_some_and(|user| user.is(SYNCED));
            tenant.users.binned_since(at).filter(|_| !synced)
        }
        Found::Application(at) => of(tenant.applications[at].id),
        Found::Principal(at) => of(tenant.principals[at].id),
        Found::Group(n) => tenant.directory.groups.get(&n).map(|one| one.since),
        Found::Unit => None,
    };
    tenant.hard_delete_protection && since.is_some_and(|since| now - since < PROTECTED)
}

/// Users and groups are deleted for good by a signed-in person only; applications by a program too; administrative units by nobody.
fn purge(world: &mut World, call: &Call, key: &str) -> Answer {
    let index = call.caller.tenant;
    let tenant = &world.tenants[index];
    let found = Found::by_id(tenant, key)?;
    let delegated = call.caller.person.is_some();
    match found {
        Found::User(_) | Found::Group(_) if !delegated => return Err(Refusal::denied()),
        Found::User(_) => call.require(users::WRITE)?,
        Found::Group(_) => call.require(groups::WRITE)?,
        Found::Application(at) => {
            applications::may_change(tenant, call, tenant.applications[at].id)?;
        }
        Found::Principal(at) => applications::may_change(tenant, call, tenant.principals[at].id)?,
        Found::Unit => {
            return Err(Refusal::bad(
                "An administrative unit cannot be deleted permanently: it goes after thirty days.",
            ));
        }
    }
    if protected(world, call, found) {
        return Err(Refusal::bad(
            "The object is protected from permanent deletion for seven days after it was deleted.",
        ));
    }
    let now = world.clock.real();
    let tenant = &mut world.tenants[index];
    match found {
        Found::User(at) => {
            tenant.users.purge(at, now);
        }
        Found::Application(at) => {
            tenant.applications.remove(at);
        }
        Found::Principal(at) => {
            tenant.principals.remove(at);
        }
        Found::Group(n) => {
            if let Some(one) = tenant.directory.groups.get_mut(&n) {
                one.purged = true;
            }
        }
        Found::Unit => {}
    }
    let id = Uuid::parse_str(key).unwrap_or_default();
    world.record(index, "objectPurged", id, &call.actor());
    Ok(Reply::empty(204))
}

#[cfg(test)]
mod tests;
