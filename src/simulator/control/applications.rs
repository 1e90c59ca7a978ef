//! What a person presses on registrations and enterprise applications.

use serde_json::Value;
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::judge::Actor;
use super::super::tenant::Principal;
use super::super::world::World;
use super::Answer;
use super::press::{conflict, done};

/// A registration, with its service principal, or a service principal alone.
pub(super) fn delete(world: &mut World, index: usize, body: &Value, person: &Actor) -> Answer {
    let now = world.clock.real();
    let wanted = body["id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
    let tenant = &mut world.tenants[index];
    let mut gone = Vec::new();
    // The service principal of a registration goes with it.
    let mut followers: Vec<Uuid> = wanted.into_iter().collect();
    for one in tenant
        .applications
        .iter_mut()
        .filter(|one| one.deleted_at == 0 && (Some(one.id) == wanted || Some(one.app_id) == wanted))
    {
        one.deleted_at = now;
        followers.push(one.app_id);
        gone.push(("applicationDeleted", one.id));
    }
    let mut microsoft = false;
    for one in tenant.principals.iter_mut().filter(|one| {
        one.deleted_at == 0 && (Some(one.id) == wanted || followers.contains(&one.app_id))
    }) {
        if one.first_party() || one.hidden || one.undeletable {
            microsoft = true;
            continue;
        }
        one.deleted_at = now;
        gone.push(("servicePrincipalDeleted", one.id));
    }
    if microsoft && gone.is_empty() {
        return Err(conflict("it refuses to be deleted"));
    }
    if gone.is_empty() {
        return Err(Refusal::new(
            404,
            "notFound",
            "`id` names no application of this tenant.",
        ));
    }
    for (kind, id) in gone {
        world.record(index, kind, id, person);
    }
    done(world, index)
}

/// `Enabled for users to sign-in` set to No, which is what is left for one that nobody can delete.
pub(super) fn disable(world: &mut World, index: usize, body: &Value, person: &Actor) -> Answer {
    let wanted = body["id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
    let mut all = world.tenants[index].principals.iter_mut();
    let found = all.find(|one| Some(one.id) == wanted && one.deleted_at == 0 && !one.hidden);
    let found = found.ok_or_else(|| {
        let text = "`id` names no enterprise application that the portal shows.";
        Refusal::new(404, "notFound", text)
    })?;
    if found.enabled {
        found.enabled = false;
        let id = found.id;
        world.record(index, "servicePrincipalDisabled", id, person);
    }
    done(world, index)
}

/// In the settings of its organization: the application goes with the connection.
pub(super) fn disconnect_dev_ops(world: &mut World, index: usize, person: &Actor) -> Answer {
    remove(world, index, person, Principal::is_azure_dev_ops);
    done(world, index)
}

/// Microsoft's support removes what nobody else can.
pub(super) fn support_removes(world: &mut World, index: usize, person: &Actor) -> Answer {
    remove(world, index, person, |one| one.hidden);
    done(world, index)
}

fn remove(world: &mut World, index: usize, person: &Actor, which: fn(&Principal) -> bool) {
    let now = world.clock.real();
    let all = world.tenants[index].principals.iter_mut();
    let there = all.filter(|one| one.deleted_at == 0 && which(one));
    let gone: Vec<Uuid> = there
        .map(|one| {
            one.deleted_at = now;
            one.id
        })
        .collect();
    for id in gone {
        world.record(index, "servicePrincipalDeleted", id, person);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::testing;
    use super::*;

    #[test]
    fn what_cannot_be_deleted_is_disabled_or_goes_with_its_connection() {
        let mut world = World::test(
            "tenants: [{users: 1, azureDevOps: true, managedIdentities: 1, undeletableServicePrincipals: 1, hiddenServicePrincipals: 1}]",
        );
        let path = format!("/_sim/tenants/{}/press", world.tenants[0].id);
        let press = |world: &mut World, action: &str, id: Uuid| {
            let body = json!({ "action": action, "id": id });
            testing::control(world, "POST", &path, &body).status
        };
        let of = |world: &World, which: fn(&Principal) -> bool| {
            let mut all = world.tenants[0].principals.iter();
            all.find(|one| which(one)).unwrap().id
        };
        let clients = world.tenants[0].clients.iter();
        for app in clients.map(|one| one.app_id).collect::<Vec<_>>() {
            assert_eq!(press(&mut world, "deleteApplication", app), 200);
        }
        assert_eq!(world.tenants[0].principals_left(), 3);
        let hidden = of(&world, |one| one.hidden);
        assert_eq!(press(&mut world, "disableApplication", hidden), 404);
        for (which, left) in [
            ((|one| one.managed_identity) as fn(&Principal) -> bool, 2),
            (|one| one.undeletable, 1),
        ] {
            let id = of(&world, which);
            assert_eq!(press(&mut world, "disableApplication", id), 200);
            assert_eq!(world.tenants[0].principals_left(), left);
        }
        // Disabled it is in the way as before.
        let dev_ops = of(&world, Principal::is_azure_dev_ops);
        assert_eq!(press(&mut world, "deleteApplication", dev_ops), 409);
        assert_eq!(press(&mut world, "disableApplication", dev_ops), 200);
        assert_eq!(world.tenants[0].principals_left(), 1);
        assert_eq!(press(&mut world, "disconnectAzureDevOps", dev_ops), 200);
        assert_eq!(world.tenants[0].principals_left(), 0);
        assert!(world.tenants[0].hidden_left());
    }
}
