//! Domains: what uses them, which is the default, and how they are set free.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::judge::{Act, domain_id};
use super::super::tenant::{Domain, Tenant};
use super::super::users::{DISABLED, User};
use super::super::world::World;
use super::{Answer, Call, fields, listing, unknown};

const READ: &[&str] = &[
    "Domain.Read.All",
    "Domain.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const WRITE: &[&str] = &["Domain.ReadWrite.All"];

/// What can be written to a domain.
const CHANGEABLE: &[&str] = &[
    "isDefault",
    "passwordNotificationWindowInDays",
    "passwordValidityPeriodInDays",
    "supportedServices",
];

/// As many objects as `forceDelete` renames at most.
const MOST_RENAMED: usize = 1_000;

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().skip(1).map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", rest) => {
            call.require(READ)?;
            let tenant = &world.tenants[call.caller.tenant];
            match rest {
                [] => {
                    let rows = tenant.domains.iter().map(show).collect();
                    listing::small(call, "domains", rows)
                }
                [name] => {
                    let one = find(tenant, name)?;
                    listing::one(call, "domains", show(&tenant.domains[one]))
                }
                [name, "domainNameReferences"] => {
                    let one = find(tenant, name)?;
                    let rows = references(tenant, &tenant.domains[one]);
                    listing::small(call, "directoryObjects", rows)
                }
                _ => Err(unknown(call)),
            }
        }
        ("PATCH", [name]) => make_default(world, call, name),
        ("DELETE", [name]) => remove(world, call, name, false),
        ("POST", [name, "forceDelete"]) => remove(world, call, name, true),
        _ => Err(unknown(call)),
    }
}

/// What a write to a domain would do, for the judge.
pub(super) fn act(tenant: &Tenant, method: &str, name: &str, rest: &[&str]) -> Act {
    match (method, rest) {
        ("PATCH", []) => Act::MakeDefault(name.to_ascii_lowercase()),
        ("DELETE", []) => Act::ReleaseDomain(name.to_ascii_lowercase(), Vec::new()),
        ("POST", ["forceDelete"]) => {
            let renamed = find(tenant, name).map(|at| users(tenant, &tenant.domains[at]));
            Act::ReleaseDomain(name.to_ascii_lowercase(), renamed.unwrap_or_default())
        }
        _ => Act::Write(format!("{method} /domains/{name}/{}", rest.join("/"))),
    }
}

fn find(tenant: &Tenant, name: &str) -> Result<usize, Refusal> {
    let mut all = tenant.domains.iter();
    all.position(|one| one.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| Refusal::not_found(name))
}

fn show(one: &Domain) -> Value {
    json!({
        "id": one.name, "authenticationType": one.sign_in(), "isAdminManaged": true, "isDefault": one.default, "isInitial": one.initial, "isRoot": true, "isVerified": true,
        "availabilityStatus": null, "supportedServices": ["Email", "OfficeCommunicationsOnline"],
        "state": one.gone_at.map(|_| json!({ "status": "InProgress", "operation": "ForceDelete", "lastActionDateTime": null })),
    })
}

/// Users who are there and have a name or an address on the domain, by position.
fn users(tenant: &Tenant, one: &Domain) -> Vec<u32> {
    let on = |position: u32| {
        let share = u64::from(position) % 100 < u64::from(one.users_percent)
            && position != tenant.retained
            && Some(position) != tenant.spare;
        let name = tenant.users.principal_name(position);
        share
            || name
                .rsplit('@')
                .next()
                .is_some_and(|domain| domain.eq_ignore_ascii_case(&one.name))
    };
    tenant
        .users
        .positions()
        .filter(|(position, user)| User::alive(user) && on(*position))
        .map(|(position, _)| position)
        .collect()
}

fn references(tenant: &Tenant, one: &Domain) -> Vec<Value> {
    let object = |kind: &str, id: Uuid| json!({ "@odata.type": format!("#microsoft.graph.{kind}"), "id": id });
    let named = |kind: &str, count: u32| -> Vec<Value> {
        (0..count)
            .map(|n| object(kind, domain_id(&format!("{kind}{n}.{}", one.name))))
            .collect()
    };
    let people = users(tenant, one).into_iter();
    let mut rows: Vec<Value> = people
        .filter_map(|position| tenant.user_id(position))
        .map(|id| object("user", id))
        .collect();
    rows.extend(named("group", one.groups));
    rows.extend(named("application", one.applications));
    rows
}

fn make_default(world: &mut World, call: &Call, name: &str) -> Answer {
    call.require(WRITE)?;
    let tenant = &mut world.tenants[call.caller.tenant];
    let at = find(tenant, name)?;
    for (field, _) in fields(call)? {
        if !CHANGEABLE.contains(&field) {
            let text = format!("Property '{field}' is read-only and cannot be set.");
            return Err(Refusal::bad(text));
        }
    }
    if call.body.get("isDefault") == Some(&json!(true)) && !tenant.domains[at].default {
        for (place, one) in tenant.domains.iter_mut().enumerate() {
            one.default = place == at;
        }
        world.record(
            call.caller.tenant,
            "domainMadeDefault",
            domain_id(name),
            &call.actor(),
        );
    }
    Ok(Reply::empty(204))
}

fn remove(world: &mut World, call: &Call, name: &str, force: bool) -> Answer {
    call.require(WRITE)?;
    let done = world.clock.real() + i64::from(world.behaviour_of(call.caller.tenant).operation_ms);
    let tenant = &mut world.tenants[call.caller.tenant];
    let at = find(tenant, name)?;
    let one = &tenant.domains[at];
    if one.initial || one.default {
        return Err(Refusal::bad(
            "The initial and the default domain cannot be deleted.",
        ));
    }
    let below = format!(".{}", one.name.to_ascii_lowercase());
    if tenant
        .domains
        .iter()
        .any(|other| other.name.to_ascii_lowercase().ends_with(&below))
    {
        return Err(Refusal::bad(
            "The domain has domains below it: delete those first.",
        ));
    }
    let used = references(tenant, one).len();
    if force {
        if used > MOST_RENAMED {
            return Err(Refusal::bad("More than 1000 objects refer to the domain."));
        }
        if one.multi_tenant_application {
            return Err(Refusal::bad(
                "An application for several tenants refers to the domain.",
            ));
        }
        if one.gone_at.is_none() {
            let disables = call.body["disableUserAccounts"] == true;
            rename(tenant, at, disables, world.clock.real());
            tenant.domains[at].gone_at = Some(done);
            world.record(
                call.caller.tenant,
                "domainDeleted",
                domain_id(name),
                &call.actor(),
            );
        }
        return Ok(Reply::empty(204));
    }
    if used > 0 || one.multi_tenant_application {
        return Err(Refusal::bad(format!(
            "The domain cannot be deleted: {used} objects refer to it."
        )));
    }
    tenant.domains.remove(at);
    world.record(
        call.caller.tenant,
        "domainDeleted",
        domain_id(name),
        &call.actor(),
    );
    Ok(Reply::empty(204))
}

/// Everything on the domain moves to the initial one, and its users are disabled where that was asked for
/// (<https://learn.microsoft.com/graph/api/domain-forcedelete>).
fn rename(tenant: &mut Tenant, at: usize, disables: bool, now: i64) {
    for position in users(tenant, &tenant.domains[at]) {
        let name = tenant.users.principal_name(position);
        if let Some((local, domain)) = name.rsplit_once('@')
            && domain.eq_ignore_ascii_case(&tenant.domains[at].name)
        {
            let renamed = format!("{local}@{}", tenant.initial_domain);
            tenant.users.name(position, renamed);
        }
        if let Some(user) = tenant.users.get_mut(position).filter(|_| disables) {
            user.flags |= DISABLED;
        }
        tenant.users.touched(position, now);
    }
    let one = &mut tenant.domains[at];
    (one.users_percent, one.groups, one.applications) = (0, 0, 0);
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    const SCENARIO: &str = "tenants: [{users: 10, domains: [contoso.nl, shop.contoso.nl, contoso.de], domainReferences: [
        {domain: contoso.nl, usersPercent: 5, groups: 2, applications: 1}, {domain: contoso.de, multiTenantApplication: true}]}]";

    fn names(world: &mut World, token: &str) -> Vec<String> {
        let found = testing::get(world, token, "/v1.0/domains");
        let all = found.value()["value"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        all.iter()
            .map(|one| one["id"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn a_domain_goes_once_nothing_uses_it() {
        let mut world = World::test(SCENARIO);
        let token = testing::token(&mut world, 0, false);
        let initial = format!("/v1.0/domains/{}", world.tenants[0].initial_domain);
        assert_eq!(names(&mut world, &token).len(), 4);
        let force = "/v1.0/domains/contoso.nl/forceDelete";
        for (method, path, status, why) in [
            ("DELETE", "/v1.0/domains/contoso.nl", 400, "the default one"),
            ("PATCH", &initial, 204, "another is the default"),
            ("DELETE", &initial, 400, "the initial one"),
            ("DELETE", "/v1.0/domains/contoso.nl", 400, "one below it"),
            ("DELETE", "/v1.0/domains/shop.contoso.nl", 204, "unused"),
            ("DELETE", "/v1.0/domains/contoso.nl", 400, "used"),
            ("POST", force, 204, "renames what uses it"),
        ] {
            let body = json!({ "isDefault": true });
            let reply = testing::send(&mut world, &token, method, path, &body);
            assert_eq!(reply.status, status, "{why}");
        }
        assert_eq!(names(&mut world, &token).len(), 3, "it takes a while");
        world.clock.pass(1_100);
        let left = names(&mut world, &token);
        assert_eq!(left, [&world.tenants[0].initial_domain, "contoso.de"]);
        let force = "/v1.0/domains/contoso.de/forceDelete";
        let reply = testing::send(&mut world, &token, "POST", force, &json!({}));
        assert_eq!(reply.status, 400, "an application for several tenants");
        let reader = testing::token(&mut world, 0, true);
        let path = "/v1.0/domains/contoso.de";
        let reply = testing::send(&mut world, &reader, "DELETE", path, &Value::Null);
        assert_eq!(reply.status, 403);
    }

    #[test]
    fn a_forced_deletion_renames_who_is_on_the_domain_and_may_disable_him() {
        for disables in [true, false] {
            let mut world = World::test(
                "tenants: [{users: 40, disabledPercent: 0, domains: [contoso.nl, contoso.de], domainReferences: [{domain: contoso.de, usersPercent: 10, groups: 1}]}]",
            );
            let token = testing::token(&mut world, 0, false);
            let tenant = &mut world.tenants[0];
            let other = (0..40).find(|one| *one != tenant.retained).unwrap();
            tenant.users.name(other, "someone@contoso.de".to_owned());
            let on = users(tenant, &tenant.domains[2]);
            assert!(on.contains(&other) && on.len() > 1, "{on:?}");
            let path = "/v1.0/domains/contoso.de/forceDelete";
            let body = json!({ "disableUserAccounts": disables });
            let reply = testing::send(&mut world, &token, "POST", path, &body);
            assert_eq!(reply.status, 204);
            let tenant = &world.tenants[0];
            let name = format!("someone@{}", tenant.initial_domain);
            assert_eq!(tenant.users.principal_name(other), name);
            let disabled = tenant.users.positions();
            let disabled = disabled.filter(|(_, user)| user.is(DISABLED));
            let disabled: Vec<u32> = disabled.map(|(position, _)| position).collect();
            assert_eq!(disabled, if disables { on } else { Vec::new() });
            assert!(references(tenant, &tenant.domains[2]).is_empty());
        }
    }

    #[test]
    fn what_uses_a_domain_is_told_by_kind() {
        let mut world = World::test(SCENARIO);
        let token = testing::token(&mut world, 0, false);
        let path = "/v1.0/domains/contoso.nl/domainNameReferences";
        let mut told = || {
            let used = testing::get(&mut world, &token, path);
            let rows = used.value()["value"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let of = |kind: &str| {
                rows.iter()
                    .filter(|row| row["@odata.type"] == format!("#microsoft.graph.{kind}"))
                    .count()
            };
            let counts = (of("user"), of("group"), of("application"));
            for position in 0..10 {
                world.tenants[0].users.delete(position, 1);
            }
            counts
        };
        let (users, groups, applications) = told();
        assert!((4..=5).contains(&users), "{users}");
        assert_eq!((groups, applications), (2, 1));
        assert_eq!(told(), (0, 2, 1), "deleted users use nothing");
    }
}
