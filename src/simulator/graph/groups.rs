//! Groups and who is in them: worked out from the scenario's number, the same whenever they are asked for, until they are deleted.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::clock::stamp;
use super::super::directory::Binned;
use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::random::mix;
use super::super::replicas::Replica;
use super::super::tenant::Tenant;
use super::super::world::World;
use super::{Answer, Call, listing, roles, units, unknown, users};

/// Whoever holds one of these sees what a group is.
pub(super) const READ: &[&str] = &[
    "Group.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

pub(super) const WRITE: &[&str] = &["Group.ReadWrite.All", "Directory.ReadWrite.All"];
/// A group that holds a directory role is changed by who may give such roles.
const ROLES: &[&str] = &["RoleManagement.ReadWrite.Directory"];

const TEAMS: &[&str] = &[
    "Sales",
    "Finance",
    "Board",
    "Works council",
    "Service desk",
    "Zürich \"Süd\"",
    "Projects",
];

/// `/groups` and `/users/{id}/memberOf`.
pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["groups", key] if call.method == "DELETE" => delete(world, call, key),
        _ if call.method != "GET" => Err(unknown(call)),
        ["groups"] | ["groups", "$count"] => {
            call.require(READ)?;
            let tenant = &world.tenants[call.caller.tenant];
            let all = numbers(tenant).map(|n| group(tenant, n)).collect();
            if parts.len() == 1 {
                listing::small(call, "groups", all)
            } else {
                listing::count(call, "groups", all)
            }
        }
        ["groups", key] => {
            call.require(READ)?;
            let tenant = &world.tenants[call.caller.tenant];
            let n = number(tenant, key).ok_or_else(|| Refusal::not_found(key))?;
            listing::one(call, "groups", group(tenant, n))
        }
        ["groups", id, "members" | "transitiveMembers"] => members(world, call, id),
        ["users", id, "memberOf"] => of_user(world, call, id, false),
        ["users", id, "memberOf", "microsoft.graph.group"] => {
            if !(call.eventual() && call.query.get("$count") == Some("true")) {
                let text = "To ask for one type of object needs $count=true and the header ConsistencyLevel: eventual.";
                return Err(Refusal::new(400, "Request_UnsupportedQuery", text));
            }
            of_user(world, call, id, true)
        }
        _ => Err(unknown(call)),
    }
}

/// The groups that are there, by number.
pub(super) fn numbers(tenant: &Tenant) -> impl Iterator<Item = u32> {
    (0..tenant.losses.groups).filter(|n| !tenant.directory.groups.contains_key(n))
}

/// The number of a group that is there.
pub(super) fn number(tenant: &Tenant, key: &str) -> Option<u32> {
    numbers(tenant).find(|n| id(tenant, *n).to_string().eq_ignore_ascii_case(key))
}

/// Whether members of the first group hold a directory role by it.
pub(super) fn holds_role(tenant: &Tenant, n: u32) -> bool {
    n == 0 && !tenant.group_administrators.is_empty()
}

/// A deleted group can be restored for thirty days, whatever its kind.
fn delete(world: &mut World, call: &Call, key: &str) -> Answer {
    call.require(WRITE)?;
    let binned = Binned::new(world.clock.real(), world.clock.virtual_now());
    let index = call.caller.tenant;
    let tenant = &mut world.tenants[index];
    let n = number(tenant, key).ok_or_else(|| Refusal::not_found(key))?;
    if holds_role(tenant, n) {
        call.require(ROLES)?;
    }
    let id = id(tenant, n);
    tenant.directory.groups.insert(n, binned);
    world.record(index, "groupDeleted", id, &call.actor());
    Ok(Reply::empty(204))
}

/// What a user is directly a member of: groups, and without a cast directory roles and administrative units too.
fn of_user(world: &mut World, call: &Call, id: &str, cast: bool) -> Answer {
    call.require(&[users::READ, READ].concat())?;
    let replica = Replica::draw(world, call.caller.tenant);
    let tenant = &world.tenants[call.caller.tenant];
    let position = tenant.users.find(id).filter(|position| {
        let user = tenant.users.get(*position);
        user.is_some_and(|user| replica.shows_user(user))
    });
    let position = position.ok_or_else(|| Refusal::not_found(id))?;
    let sees_hidden = call.require(&["Member.Read.Hidden"]).is_ok();
    let shown = memberships(tenant, position).into_iter();
    let shown = shown.filter(|n| sees_hidden || !hides(tenant, *n));
    let groups = shown.map(|n| group(tenant, n));
    if cast {
        let rows = groups.map(|row| limited(call, READ, row));
        return listing::small(call, "groups", rows.collect());
    }
    let typed = |kind: &str, may: &[&str], row: Value| {
        let mut row = limited(call, may, row);
        row["@odata.type"] = json!(format!("#microsoft.graph.{kind}"));
        row
    };
    let mut rows: Vec<Value> = groups.map(|row| typed("group", READ, row)).collect();
    let held = roles::held_by(tenant, position);
    rows.extend(held.map(|row| typed("directoryRole", roles::READ, row)));
    let within = units::around(tenant, position);
    rows.extend(within.map(|row| typed("administrativeUnit", units::READ, row)));
    listing::small(call, "directoryObjects", rows)
}

/// Whoever may not read such an object is told its id alone; everything else is null.
fn limited(call: &Call, may: &[&str], mut row: Value) -> Value {
    if call.require(may).is_err()
        && let Some(fields) = row.as_object_mut()
    {
        let hidden = fields.iter_mut().filter(|(name, _)| *name != "id");
        hidden.for_each(|(_, value)| *value = Value::Null);
    }
    row
}

/// The last of them hide their members.
fn hides(tenant: &Tenant, n: u32) -> bool {
    n >= tenant
        .losses
        .groups
        .saturating_sub(tenant.losses.hidden_groups)
}

/// Up to four groups, by number and in order.
pub(crate) fn memberships(tenant: &Tenant, position: u32) -> Vec<u32> {
    let all = u64::from(tenant.losses.groups);
    let dice = mix(tenant.id.as_u64_pair().0 ^ u64::from(position));
    let mut drawn: Vec<u32> = (0..dice % 5)
        .filter_map(|turn| mix(dice ^ turn).checked_rem(all))
        .filter_map(|n| u32::try_from(n).ok())
        .collect();
    if !tenant.group_administrators.is_empty() {
        drawn.retain(|n| *n != 0);
        if tenant.group_administrators.contains(&position) {
            drawn.push(0);
        }
    }
    drawn.retain(|n| !tenant.directory.groups.contains_key(n));
    drawn.sort_unstable();
    drawn.dedup();
    drawn
}

/// A group's object id, by number.
pub(super) fn id(tenant: &Tenant, n: u32) -> Uuid {
    Uuid::new_v5(&tenant.id, format!("group{n}").as_bytes())
}

/// Who is in a group; its members are users only.
fn members(world: &mut World, call: &Call, key: &str) -> Answer {
    call.require(READ)?;
    let replica = Replica::draw(world, call.caller.tenant);
    let tenant = &world.tenants[call.caller.tenant];
    let number = number(tenant, key).ok_or_else(|| Refusal::not_found(key))?;
    let users = (0..).zip(&tenant.users.all);
    let rows = users.filter(|(position, user)| {
        memberships(tenant, *position).contains(&number) && replica.shows_user(user)
    });
    let rows =
        rows.map(|(_, user)| json!({ "@odata.type": "#microsoft.graph.user", "id": user.id }));
    listing::small(call, "directoryObjects", rows.collect())
}

pub(crate) fn group(tenant: &Tenant, n: u32) -> Value {
    let id = id(tenant, n);
    let unified = n.is_multiple_of(2);
    let name = format!("{} {n}", TEAMS[n as usize % TEAMS.len()]);
    let deleted = tenant.directory.groups.get(&n);
    json!({
        "id": id, "displayName": name, "description": null, "deletedDateTime": deleted.map(|one| stamp(one.at)),
        "mail": unified.then(|| format!("group{n}@{}", tenant.initial_domain)),
        "mailEnabled": unified, "mailNickname": format!("group{n}"), "securityEnabled": !unified,
        "groupTypes": if unified { json!(["Unified"]) } else { json!([]) },
        "isAssignableToRole": holds_role(tenant, n).then_some(true),
        "visibility": if hides(tenant, n) { json!("HiddenMembership") } else if unified { json!("Private") } else { Value::Null },
        "createdDateTime": "2024-02-01T08:00:00Z",
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    const TENANT: &str =
        "tenants: [{users: 60, losses: {groups: 9, hiddenGroups: 2}, closer: {appRoles: [ROLES]}}]";

    fn told(roles: &str) -> (Vec<Value>, Vec<Value>) {
        let mut world = World::test(&TENANT.replace("ROLES", roles));
        let token = testing::token(&mut world, 0, false);
        let groups = testing::get(&mut world, &token, "/v1.0/groups");
        let groups = groups.value()["value"].as_array().cloned();
        let mut of_users = Vec::new();
        for position in 0..60 {
            let id = world.tenants[0].user_id(position).unwrap();
            let target = format!("/v1.0/users/{id}/memberOf");
            let reply = testing::get(&mut world, &token, &target);
            let mut all = reply.value()["value"].as_array().unwrap().clone();
            all.retain(|one| one["@odata.type"] == "#microsoft.graph.group");
            for one in &mut all {
                one.as_object_mut().unwrap().remove("@odata.type");
            }
            of_users.extend(all);
        }
        (groups.unwrap_or_default(), of_users)
    }

    #[test]
    fn who_is_in_which_group_is_seen_as_far_as_the_rights_go() {
        let (groups, all) = told("User.Read.All, Group.Read.All, Member.Read.Hidden");
        assert_eq!(groups.len(), 9);
        assert!(all.len() > 60 && all.iter().all(|group| groups.contains(group)));
        let hidden = |group: &&Value| group["visibility"] == "HiddenMembership";
        assert!(all.iter().any(|group| hidden(&group)));

        let (_, seen) = told("User.Read.All, Group.Read.All");
        let open: Vec<_> = all.iter().filter(|group| !hidden(group)).cloned().collect();
        assert_eq!(seen, open);

        let (groups, limited) = told("User.Read.All");
        assert!(groups.is_empty());
        assert_eq!(limited.len(), open.len());
        assert!(limited.iter().all(|group| group["displayName"].is_null()));
        assert!(limited.iter().all(|group| group["id"].is_string()));
    }

    #[test]
    fn roles_and_units_stand_beside_the_groups_and_a_cast_is_an_advanced_query() {
        let mut world = World::test(
            "tenants: [{users: 9, losses: {groups: 4}, restrictedUsers: 2, closer: {appRoles: [User.Read.All, Group.Read.All, RoleManagement.Read.Directory]}}]",
        );
        let token = testing::token(&mut world, 0, false);
        let mut kinds = std::collections::BTreeSet::new();
        for position in 0..9 {
            let id = world.tenants[0].user_id(position).unwrap();
            let target = format!("/v1.0/users/{id}/memberOf");
            let reply = testing::get(&mut world, &token, &target);
            for one in reply.value()["value"].as_array().unwrap() {
                let kind = one["@odata.type"].as_str().unwrap().to_owned();
                // Nobody gave it the right to read units.
                assert_eq!(
                    one["displayName"].is_null(),
                    kind.ends_with("Unit"),
                    "{one}"
                );
                kinds.insert(kind);
            }
            let cast = format!("{target}/microsoft.graph.group");
            let reply = testing::get(&mut world, &token, &cast);
            assert_eq!(reply.status, 400);
            assert_eq!(reply.value()["error"]["code"], "Request_UnsupportedQuery");
        }
        let wanted = ["administrativeUnit", "directoryRole", "group"];
        let wanted = wanted.map(|kind| format!("#microsoft.graph.{kind}"));
        assert!(kinds.into_iter().eq(wanted));
    }

    #[test]
    fn a_deleted_group_is_nobodys_and_one_with_a_role_stays() {
        let scenario = "tenants: [{users: 60, groupAdministrators: 1, losses: {groups: 3}, closer: {appRoles: [ROLES]}}]";
        let mut world = World::test(&scenario.replace(
            "ROLES",
            "Group.ReadWrite.All, User.Read.All, Directory.Read.All",
        ));
        let token = testing::token(&mut world, 0, false);
        let ids = [0, 1].map(|n| id(&world.tenants[0], n));
        let target = |id: Uuid| format!("/v1.0/groups/{id}");
        let delete = |world: &mut World, token: &str, id: Uuid| {
            testing::send(world, token, "DELETE", &target(id), &Value::Null).status
        };
        assert_eq!(delete(&mut world, &token, ids[0]), 403, "it holds a role");
        let reader = testing::token(&mut world, 0, true);
        assert_eq!(delete(&mut world, &reader, ids[1]), 403);
        let object = format!("/v1.0/directoryObjects/{}", ids[1]);
        let told = testing::get(&mut world, &token, &object);
        assert_eq!(told.value()["@odata.type"], "#microsoft.graph.group");
        assert_eq!(delete(&mut world, &token, ids[1]), 204);
        for target in [target(ids[1]), object] {
            assert_eq!(testing::get(&mut world, &token, &target).status, 404);
        }
        let counted = testing::get(&mut world, &token, "/v1.0/groups/$count");
        let text = super::super::super::exchange::Content::Text("2".to_owned(), "text/plain");
        assert_eq!(counted.content, text);
        for position in 0..60 {
            assert!(!memberships(&world.tenants[0], position).contains(&1));
        }
    }
}
