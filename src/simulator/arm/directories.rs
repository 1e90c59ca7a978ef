//! The ARM resources that External ID and B2C directories are; their deletion deletes the tenant.

use serde_json::{Value, json};

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::judge::Act;
use super::super::tenant::Resource;
use super::super::world::World;
use super::{Ask, address, begin, forbidden};

/// Asks what the caller may do.
const PERMISSIONS: &str = "/providers/Microsoft.Authorization/permissions";

pub(super) fn route(world: &mut World, ask: &Ask<'_>) -> Result<Reply, Refusal> {
    let path = ask.request.path.trim_end_matches('/');
    let asked = path.len().checked_sub(PERMISSIONS.len());
    let asked = asked.and_then(|at| path.split_at_checked(at));
    let (path, permissions) = match asked {
        Some((of, tail)) if tail.eq_ignore_ascii_case(PERMISSIONS) => (of, true),
        _ => (path, false),
    };
    let found = world.tenants.iter().position(|tenant| {
        tenant
            .resource
            .as_ref()
            .is_some_and(|resource| resource.id.eq_ignore_ascii_case(path))
    });
    let owner = |resource: &Resource| {
        resource.owner == world.tenants[ask.caller.tenant].id && ask.caller.azure_owner
    };
    let place = found.and_then(|index| {
        world.tenants[index]
            .resource
            .as_ref()
            .map(|resource| (index, owner(resource)))
    });
    let gone = || {
        Refusal::new(
            404,
            "ResourceNotFound",
            format!("The Resource '{path}' was not found."),
        )
    };
    match (ask.request.method.as_str(), place) {
        (_, Some((_, false))) => Err(forbidden(
            ask,
            "Microsoft.AzureActiveDirectory/ciamDirectories/read",
        )),
        ("GET", Some((index, true))) if permissions && world.tenants[index].exists() => {
            Ok(super::permissions(ask))
        }
        ("GET", Some((index, true))) if world.tenants[index].exists() => {
            Ok(Reply::json(200, show(world, index).ok_or_else(gone)?))
        }
        ("DELETE", Some((index, true))) => delete(world, ask, index),
        // Gone already, or never there: a repeated delete is content with that.
        ("DELETE", None) => Ok(Reply::empty(204)),
        _ => Err(gone()),
    }
}

fn show(world: &World, index: usize) -> Option<Value> {
    let tenant = &world.tenants[index];
    let resource = tenant.resource.as_ref()?;
    Some(json!({
        "id": resource.id, "name": resource.name, "type": format!("Microsoft.AzureActiveDirectory/{}", resource.collection), "location": "Europe",
        "sku": { "name": "Base", "tier": "A0" },
        "properties": { "tenantId": tenant.id, "domainName": tenant.initial_domain, "provisioningState": if tenant.deleting.is_some() { "Deleting" } else { "Succeeded" },
            "billingConfig": { "billingType": "MAU", "effectiveStartDateUtc": "2023-05-06T07:08:09Z" } },
    }))
}

fn delete(world: &mut World, ask: &Ask<'_>, index: usize) -> Result<Reply, Refusal> {
    if !world.tenants[index].exists() {
        return Ok(Reply::empty(204));
    }
    world.judged(index, &Act::DeleteDirectory, &ask.actor());
    if ask.caller.azure_reads_alone {
        return Err(forbidden(
            ask,
            "Microsoft.AzureActiveDirectory/ciamDirectories/delete",
        ));
    }
    let now = world.clock.virtual_now();
    let hours = world.behaviour_of(index).tenant_deletion_hours;
    let tenant = &mut world.tenants[index];
    let (users, applications) = (
        tenant.users.alive().saturating_sub(1),
        tenant
            .applications
            .iter()
            .filter(|one| {
                one.deleted_at == 0
                    && !tenant
                        .clients
                        .iter()
                        .any(|client| client.app_id == one.app_id)
            })
            .count(),
    );
    let external = tenant.external_left();
    if users > 0 || applications > 0 || external > 0 {
        let text = format!(
            "The directory still has resources: {users} users, {applications} applications, {external} user flows and policies."
        );
        return Err(Refusal::new(409, "DirectoryNotEmpty", text));
    }
    if tenant.deleting.is_none() {
        tenant.deleting = Some(now + (hours * super::super::subscription::HOUR) as i64);
        let id = tenant.id;
        world.record(index, "tenantDeletionRequested", id, &ask.actor());
    }
    let operation = begin(world, ask, Some(index));
    let subscription = ask.request.segments().get(1).cloned().unwrap_or_default();
    let path = format!(
        "/subscriptions/{subscription}/providers/Microsoft.AzureActiveDirectory/operationStatuses/{operation}"
    );
    let poll = address(ask, &path);
    Ok(Reply::empty(202)
        .with("Azure-AsyncOperation", &poll)
        .with("Location", &poll)
        .with("Retry-After", 1))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn an_external_directory_is_deleted_by_its_owner() {
        let payer = "11111111-2222-4333-8444-555555555555";
        let mut world = World::test(&format!(
            "tenants: [{{id: {payer}, users: 3}}, {{users: 2, tenantType: CIAM, directoryResource: {{ownerTenantId: {payer}}}}}]"
        ));
        let token = testing::token_for(
            &mut world,
            0,
            false,
            "https://management.azure.com/.default",
        );
        let stranger = testing::token_for(
            &mut world,
            1,
            false,
            "https://management.azure.com/.default",
        );
        let target = format!(
            "{}?api-version=2023-05-17-preview",
            world.tenants[1].resource.as_ref().unwrap().id
        );
        assert_eq!(
            testing::arm(&mut world, &stranger, "DELETE", &target, &Value::Null).status,
            403
        );
        assert_eq!(
            testing::arm(&mut world, &token, "DELETE", &target, &Value::Null).status,
            409
        );
        world.tenants[1].users.delete(1, 1);
        let open = testing::arm(&mut world, &token, "DELETE", &target, &Value::Null);
        assert!(
            open.status == 409
                && open.value()["error"]["message"]
                    .as_str()
                    .unwrap()
                    .contains("1 applications")
        );
        let mut registered = world.tenants[1].applications.iter_mut();
        let built_in = registered.find(|one| one.name.starts_with("b2c-extensions-app"));
        built_in.unwrap().deleted_at = 1;
        let reply = testing::arm(&mut world, &token, "DELETE", &target, &Value::Null);
        assert_eq!(reply.status, 202);
        let poll = reply
            .headers
            .iter()
            .find(|(name, _)| name == "Azure-AsyncOperation")
            .unwrap()
            .1
            .trim_start_matches("https://graph.microsoft.com")
            .to_owned();
        assert_eq!(
            testing::arm(&mut world, &token, "GET", &poll, &Value::Null).value()["status"],
            "InProgress"
        );
        world.clock.pass(2000);
        assert_eq!(
            testing::arm(&mut world, &token, "GET", &poll, &Value::Null).value()["status"],
            "Succeeded"
        );
        assert_eq!(
            testing::arm(&mut world, &token, "DELETE", &target, &Value::Null).status,
            204
        );
        assert_eq!(
            testing::arm(&mut world, &token, "GET", &target, &Value::Null).status,
            404
        );
    }
}
