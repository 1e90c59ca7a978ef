//! Directory roles and their assignments.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::clock::stamp;
use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::grants::Grant;
use super::super::roles::{ROLES, find, known};
use super::super::tenant::Tenant;
use super::super::users::User;
use super::super::world::World;
use super::{Answer, Call, groups, listing, person, unknown};

pub(super) const READ: &[&str] = &[
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

const WRITE: &[&str] = &["RoleManagement.ReadWrite.Directory"];

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    if call.method == "POST" && parts == ["roleManagement", "directory", "roleAssignments"] {
        return assign(world, call);
    }
    let tenant = &world.tenants[call.caller.tenant];
    if call.method != "GET" {
        return Err(Refusal::denied());
    }
    call.require(READ)?;
    match parts.as_slice() {
        ["directoryRoles"] => {
            let held = assignments(tenant);
            let rows = (1..ROLES.len())
                .filter_map(|code| u8::try_from(code).ok())
                .filter(|code| held.iter().any(|(_, role)| role == code));
            listing::small(
                call,
                "directoryRoles",
                rows.map(|code| role(tenant, code)).collect(),
            )
        }
        ["directoryRoles", key] => {
            let code = code_of(tenant, key).ok_or_else(|| Refusal::not_found(key))?;
            Ok(Reply::json(200, role(tenant, code)))
        }
        ["directoryRoles", key, "members"] => {
            let code = code_of(tenant, key).ok_or_else(|| Refusal::not_found(key))?;
            let now = world.clock.virtual_now();
            let rows = assignments(tenant)
                .into_iter()
                .filter(|(_, role)| *role == code)
                .map(|(principal, _)| member(tenant, principal, now));
            listing::small(call, "directoryObjects", rows.collect())
        }
        ["roleManagement", "directory", "roleAssignments"] => {
            let rows = assignments(tenant).into_iter();
            listing::small(
                call,
                "roleManagement/directory/roleAssignments",
                rows.map(|(principal, role)| assignment(tenant, principal, role))
                    .collect(),
            )
        }
        [
            "roleManagement",
            "directory",
            "roleEligibilityScheduleInstances" | "roleEligibilitySchedules",
        ] => {
            let rows = tenant.eligible.iter().filter_map(|(id, position)| {
                let principal = tenant.user_id(*position)?;
                let mut row = assignment(tenant, principal, 1);
                row["id"] = json!(id);
                row["memberType"] = json!("Direct");
                Some(row)
            });
            listing::small(
                call,
                "roleManagement/directory/roleEligibilityScheduleInstances",
                rows.collect(),
            )
        }
        [
            "roleManagement",
            "directory",
            "roleAssignmentScheduleInstances",
        ] => {
            let rows = assignments(tenant).into_iter().map(|(principal, role)| {
                let mut row = assignment(tenant, principal, role);
                row["assignmentType"] = json!("Assigned");
                row["memberType"] = json!("Direct");
                row["startDateTime"] = Value::Null;
                row["endDateTime"] = end(tenant, principal);
                row
            });
            listing::small(
                call,
                "roleManagement/directory/roleAssignmentScheduleInstances",
                rows.collect(),
            )
        }
        ["roleManagement", "directory", "roleDefinitions", id] => {
            let one = find(id).map(known).ok_or_else(|| Refusal::not_found(id))?;
            Ok(Reply::json(
                200,
                json!({ "id": one.template, "templateId": one.template, "displayName": one.name, "isBuiltIn": true, "isEnabled": true }),
            ))
        }
        _ => Err(unknown(call)),
    }
}

/// When an assignment ends.
fn end(tenant: &Tenant, principal: Uuid) -> Value {
    let position = tenant.users.position(principal);
    let ends = position.is_some_and(|position| tenant.temporary.contains(&position));
    if ends {
        return json!("2099-12-31T00:00:00Z");
    }
    let mut clients = tenant.clients.iter();
    let ours = |app| {
        tenant
            .principal_of(app)
            .is_some_and(|one| one.id == principal)
    };
    let client = clients.find(|one| ours(one.app_id));
    client.and_then(|one| one.roles_end_at).map(stamp).into()
}

/// Who holds what: users that are there, and service principals.
fn assignments(tenant: &Tenant) -> Vec<(Uuid, u8)> {
    let mut out: Vec<_> = tenant
        .users
        .all
        .iter()
        .filter(|user| user.alive() && user.role != 0)
        .map(|user| (user.id, user.role))
        .collect();
    if groups::holds_role(tenant, 0) && !tenant.directory.groups.contains_key(&0) {
        out.push((groups::id(tenant, 0), 1));
    }
    let besides = tenant.directory.assignments.iter().copied();
    out.extend(besides.filter(|(principal, _)| is_there(tenant, *principal)));
    for client in &tenant.clients {
        if let Some(principal) = tenant
            .principal_of(client.app_id)
            .filter(|principal| principal.deleted_at == 0)
        {
            out.extend(
                client
                    .directory_roles
                    .iter()
                    .map(|role| (principal.id, *role)),
            );
        }
    }
    out
}

fn is_there(tenant: &Tenant, principal: Uuid) -> bool {
    let user = tenant.users.position(principal);
    let user = user.and_then(|position| tenant.users.get(position));
    let mut all = tenant.principals.iter();
    user.is_some_and(User::alive) || all.any(|one| one.id == principal && one.deleted_at == 0)
}

/// Gives somebody a directory role for the whole tenant:
/// <https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignments>.
fn assign(world: &mut World, call: &Call) -> Answer {
    call.require(WRITE)?;
    let index = call.caller.tenant;
    let due = world.clock.real() + i64::from(world.behaviour_of(index).late_grants_ms);
    let text = |field: &str| call.body[field].as_str().unwrap_or_default();
    let role = find(text("roleDefinitionId"))
        .ok_or_else(|| Refusal::bad("The role definition does not exist."))?;
    if text("directoryScopeId") != "/" {
        return Err(Refusal::bad(
            "Only the scope of the whole tenant, '/', is known here.",
        ));
    }
    let principal = Uuid::parse_str(text("principalId")).unwrap_or_default();
    let tenant = &mut world.tenants[index];
    if !is_there(tenant, principal) {
        return Err(Refusal::not_found(text("principalId")));
    }
    if assignments(tenant).contains(&(principal, role)) {
        return Err(Refusal::bad(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        ));
    }
    let app = tenant.principals.iter().find(|one| one.id == principal);
    let app = app.map(|one| one.app_id);
    let client = tenant
        .clients
        .iter_mut()
        .find(|one| Some(one.app_id) == app);
    let position = tenant.users.position(principal);
    let user = position.and_then(|at| tenant.users.get_mut(at));
    if let Some(client) = client {
        client.grant(Grant::DirectoryRole(role), due);
    } else if let Some(user) = user.filter(|user| user.role == 0 || known(role).privileged) {
        // The one that decides who may delete him is kept with the user.
        let before = std::mem::replace(&mut user.role, role);
        if before != 0 {
            tenant.directory.assignments.push((principal, before));
        }
    } else {
        tenant.directory.assignments.push((principal, role));
    }
    let mut row = assignment(tenant, principal, role);
    row["@odata.context"] = json!(call.context("roleManagement/directory/roleAssignments/$entity"));
    world.record(index, "roleAssigned", principal, &call.actor());
    Ok(Reply::json(201, row))
}

fn code_of(tenant: &Tenant, key: &str) -> Option<u8> {
    match key.strip_prefix("roleTemplateId=") {
        Some(template) => find(template),
        None => (1..ROLES.len())
            .filter_map(|code| u8::try_from(code).ok())
            .find(|code| object_id(tenant, *code).to_string() == key),
    }
}

/// A role's object id differs from tenant to tenant.
fn object_id(tenant: &Tenant, code: u8) -> Uuid {
    Uuid::new_v5(&tenant.id, known(code).template.as_bytes())
}

/// The role that a user holds himself.
pub(super) fn held_by(tenant: &Tenant, position: u32) -> Option<Value> {
    let user = tenant.users.get(position)?;
    (user.role != 0).then(|| role(tenant, user.role))
}

fn role(tenant: &Tenant, code: u8) -> Value {
    let one = known(code);
    json!({ "id": object_id(tenant, code), "deletedDateTime": null, "description": one.name, "displayName": one.name, "roleTemplateId": one.template })
}

fn assignment(tenant: &Tenant, principal: Uuid, role: u8) -> Value {
    let template = known(role).template;
    let id = Uuid::new_v5(&principal, template.as_bytes());
    let kind = if tenant.users.position(principal).is_some() {
        "user"
    } else if principal == groups::id(tenant, 0) {
        "group"
    } else {
        "servicePrincipal"
    };
    json!({
        "id": id, "principalId": principal, "roleDefinitionId": template, "directoryScopeId": "/", "appScopeId": null, "condition": null,
        "principalOrganizationId": tenant.id, "principal": { "@odata.type": format!("#microsoft.graph.{kind}"), "id": principal },
    })
}

fn member(tenant: &Tenant, principal: Uuid, now: i64) -> Value {
    match tenant.users.position(principal) {
        Some(position) => {
            let mut row = person::user(tenant, position, None, now).unwrap_or_default();
            row["@odata.type"] = json!("#microsoft.graph.user");
            row
        }
        None => json!({ "@odata.type": "#microsoft.graph.servicePrincipal", "id": principal }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn roles_of_people_and_of_clients() {
        let mut world = World::test(
            "tenants: [{users: 20, spareAdministrator: {}, eligibleGlobalAdministrators: [spare@contoso.onmicrosoft.com]}]",
        );
        let token = testing::token(&mut world, 0, true);
        let global = "62e90394-69f5-4237-9190-012177145e10";
        let count = |reply: &Reply| reply.value()["value"].as_array().unwrap().len();
        for target in [
            format!("/v1.0/directoryRoles(roleTemplateId='{global}')/members"),
            format!("/v1.0/directoryRoles/roleTemplateId={global}/members"),
            format!(
                "/v1.0/roleManagement/directory/roleAssignments?$filter=roleDefinitionId+eq+'{global}'"
            ),
        ] {
            assert_eq!(
                count(&testing::get(&mut world, &token, &target)),
                2,
                "{target}"
            );
        }
        let closer = world.tenants[0]
            .principal_of(world.tenants[0].clients[0].app_id)
            .unwrap()
            .id;
        let target = format!(
            "/v1.0/roleManagement/directory/roleAssignments?$filter=principalId+eq+'{closer}'"
        );
        assert_eq!(count(&testing::get(&mut world, &token, &target)), 2);
        assert_eq!(
            count(&testing::get(
                &mut world,
                &token,
                "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances"
            )),
            1
        );
    }

    #[test]
    fn a_role_is_given_by_who_may_give_it() {
        let roles = "[RoleManagement.ReadWrite.Directory, User.ReadWrite.All]";
        let mut world = World::test(&format!(
            "tenants: [{{users: 9, globalAdministrators: 1, closer: {{appRoles: {roles}, directoryRoles: []}}}}]"
        ));
        let token = testing::token(&mut world, 0, false);
        let target = "/v1.0/roleManagement/directory/roleAssignments";
        let own = world.tenants[0].clients[0].app_id;
        let own = world.tenants[0].principal_of(own).unwrap().id;
        let body = |principal: Uuid, role: &str| json!({ "@odata.type": "#microsoft.graph.unifiedRoleAssignment", "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/" });
        let post = |world: &mut World, token: &str, body: &Value| {
            testing::send(world, token, "POST", target, body).status
        };
        let authentication = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13";
        let administrator = world.tenants[0]
            .users
            .positions()
            .find(|(position, user)| user.role == 1 && *position != world.tenants[0].retained);
        let administrator = format!("/v1.0/users/{}", administrator.unwrap().1.id);
        let delete = |world: &mut World| {
            testing::send(world, &token, "DELETE", &administrator, &Value::Null).status
        };
        assert_eq!(delete(&mut world), 403);
        let reader = testing::token(&mut world, 0, true);
        assert_eq!(post(&mut world, &reader, &body(own, authentication)), 403);
        assert_eq!(post(&mut world, &token, &body(own, "nothing")), 400);
        assert_eq!(
            post(&mut world, &token, &body(Uuid::nil(), authentication)),
            404
        );
        assert_eq!(post(&mut world, &token, &body(own, authentication)), 201);
        assert_eq!(
            post(&mut world, &token, &body(own, authentication)),
            400,
            "twice"
        );
        assert_eq!(delete(&mut world), 204);
        let user = world.tenants[0]
            .users
            .positions()
            .find(|(_, user)| user.role == 0 && user.alive());
        let user = user.unwrap().1.id;
        let role = "fe930be7-5e62-47db-91af-98c3a49a38b1";
        assert_eq!(post(&mut world, &token, &body(user, role)), 201);
        let listed = testing::get(
            &mut world,
            &token,
            &format!("{target}?$filter=principalId eq '{user}' and directoryScopeId eq '/'"),
        );
        assert_eq!(listed.value()["value"][0]["roleDefinitionId"], role);
        assert_eq!(listed.value()["value"].as_array().unwrap().len(), 1);
    }
}
