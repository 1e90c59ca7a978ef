//! Directory roles and their assignments.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::clock::stamp;
use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::roles::{ROLES, find, known};
use super::super::tenant::Tenant;
use super::super::world::World;
use super::listing::{self, equality};
use super::{Answer, Call, groups, person, unknown};

pub(super) const READ: &[&str] = &[
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

pub(super) fn route(world: &World, call: &Call) -> Answer {
    let tenant = &world.tenants[call.caller.tenant];
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
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
            let (field, value) = filter(call)?;
            let rows = assignments(tenant)
                .into_iter()
                .filter(|(principal, role)| matches(&field, &value, *principal, *role));
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
            let (field, value) = filter(call)?;
            let rows = tenant.eligible.iter().filter_map(|(id, position)| {
                let principal = tenant.user_id(*position)?;
                let mut row = assignment(tenant, principal, 1);
                row["id"] = json!(id);
                row["memberType"] = json!("Direct");
                matches(&field, &value, principal, 1).then_some(row)
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
            let (field, value) = filter(call)?;
            let rows = assignments(tenant)
                .into_iter()
                .filter(|(principal, role)| matches(&field, &value, *principal, *role))
                .map(|(principal, role)| {
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
    if !tenant.group_administrators.is_empty() {
        out.push((groups::id(tenant, 0), 1));
    }
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

fn filter(call: &Call) -> Result<(String, String), Refusal> {
    let text = call.query.get("$filter").unwrap_or_default();
    // A second clause narrows what is asked for; the scope is always the tenant here.
    let first = text.split(" and ").next().unwrap_or_default();
    match equality(first) {
        None if text.is_empty() => Ok((String::new(), String::new())),
        Some(pair) if matches!(pair.0.as_str(), "principalId" | "roleDefinitionId") => Ok(pair),
        _ => Err(Refusal::new(
            400,
            "Request_UnsupportedQuery",
            "The filter is not supported.",
        )),
    }
}

fn matches(field: &str, value: &str, principal: Uuid, role: u8) -> bool {
    match field {
        "principalId" => principal.to_string().eq_ignore_ascii_case(value),
        "roleDefinitionId" => known(role).template.eq_ignore_ascii_case(value),
        _ => true,
    }
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
}
