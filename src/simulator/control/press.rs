//! What a person presses in the admin centers.

use serde_json::{Value, json};

use super::super::checks;
use super::super::device_code;
use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::graph;
use super::super::judge::{Actor, domain_id};
use super::super::scenario::{DomainDns, External};
use super::super::tenant::Tenant;
use super::super::world::World;
use super::bought::{
    account_manager_ends, cancel, delete_subscription, partner_cancels, stop_renewal,
    support_deletes,
};
use super::{Answer, accounts, applications, newcomers};

/// All actions, for who names another.
pub(crate) const ACTIONS: &str = "cancelSubscription, stopRenewal, changeDns, releaseDomain, partnerCancels, accountManagerEnds, deleteSubscription, deleteAzureSubscription, supportDeletes, switchSyncOff, settleCheck, createUser, restoreUser, deleteUser, deleteOnPremises, disableMfa, disablePolicy, deleteApplication, disableApplication, disconnectAzureDevOps, supportRemovesApplications, deleteUserFlows, deleteDomainServices, changeUser, changeApplication, grantsTakeEffect, signIn, liftRestrictions, deleteTenant";

/// Does what one press of a button does; the reply is the tenant afterwards.
pub(crate) fn press(world: &mut World, index: usize, body: &Value, request_id: &str) -> Answer {
    let person = Actor {
        app: None,
        reader: false,
        request_id: request_id.to_owned(),
    };
    if !world.tenants[index].exists() {
        return Err(conflict("the tenant is gone"));
    }
    match body["action"].as_str().unwrap_or_default() {
        "cancelSubscription" => cancel(world, index, body, &person),
        "stopRenewal" => stop_renewal(world, index, body, &person),
        "changeDns" => change_dns(&mut world.tenants[index], body),
        "releaseDomain" => release_domain(world, index, body, &person),
        "deleteSubscription" | "deleteAzureSubscription" => {
            delete_subscription(world, index, body, &person)
        }
        "supportDeletes" => support_deletes(world, index, body, &person),
        "partnerCancels" => partner_cancels(world, index, body, &person),
        "accountManagerEnds" => account_manager_ends(world, index, body, &person),
        "deleteUserFlows" => {
            world.tenants[index].external = External::default();
            done(world, index)
        }
        "deleteDomainServices" => {
            world.tenants[index].domain_services = 0;
            done(world, index)
        }
        "supportRemovesApplications" => applications::support_removes(world, index, &person),
        "disableApplication" => applications::disable(world, index, body, &person),
        "disconnectAzureDevOps" => applications::disconnect_dev_ops(world, index, &person),
        "disablePolicy" => {
            graph::disable_policy(
                world,
                index,
                body["id"].as_str().unwrap_or_default(),
                &person,
            )?;
            done(world, index)
        }
        "disableMfa" => disable_mfa(world, index, body, &person),
        "switchSyncOff" => sync_off(world, index, &person),
        "settleCheck" => settle(world, index, body),
        "createUser" => newcomers::create(world, index, body, &person),
        "restoreUser" => newcomers::restore(world, index, body, &person),
        "deleteUser" => delete_user(world, index, body, false, &person),
        "deleteOnPremises" => delete_user(world, index, body, true, &person),
        "deleteApplication" => applications::delete(world, index, body, &person),
        "changeUser" => {
            let (now, changed) = (world.clock.real(), user(world, index, body)?);
            let reply = accounts::change_user(&mut world.tenants[index], body)?;
            world.tenants[index].users.touched(changed, now);
            Ok(reply)
        }
        "changeApplication" => accounts::change_application(world, index, body),
        "grantsTakeEffect" => {
            world.tenants[index].settle_grants(None);
            done(world, index)
        }
        "signIn" => {
            let tenant = world.tenants[index].id;
            device_code::press(world, tenant, body)
        }
        "liftRestrictions" => {
            let lifted = graph::lift(&mut world.tenants[index]);
            Ok(Reply::json(200, json!({ "lifted": lifted })))
        }
        "deleteTenant" => delete_tenant(world, index, &person),
        other => Err(Refusal::new(
            400,
            "badRequest",
            format!("There is no action '{other}'; there are {ACTIONS}."),
        )),
    }
}

pub(super) fn conflict(text: impl Into<String>) -> Refusal {
    Refusal::new(409, "refused", text)
}

#[allow(clippy::unnecessary_wraps, reason = "every press ends with it")]
pub(super) fn done(world: &mut World, index: usize) -> Answer {
    world.settle();
    Ok(Reply::json(200, super::summary(world, index)))
}

fn disable_mfa(world: &mut World, index: usize, body: &Value, person: &Actor) -> Answer {
    let position = user(world, index, body)?;
    if position == world.tenants[index].retained {
        return Err(conflict(
            "the administrator who is signed in would lock himself out",
        ));
    }
    let changed = world.tenants[index]
        .users
        .get_mut(position)
        .filter(|user| user.mfa != 0)
        .map(|user| {
            user.mfa = 0;
            user.id
        });
    if let Some(id) = changed {
        world.record(index, "mfaDisabled", id, person);
    }
    done(world, index)
}

/// Whoever keeps the domain's zone sets its records to `dns`, as in a scenario; absent: it has none any more.
fn change_dns(tenant: &mut Tenant, body: &Value) -> Answer {
    let name = body["id"].as_str().unwrap_or_default();
    let told = match &body["dns"] {
        Value::Null => DomainDns::default(),
        told => serde_json::from_value(told.clone())
            .map_err(|error| Refusal::new(400, "badRequest", error.to_string()))?,
    };
    let domain = custom_domain(tenant, name)?;
    let one = &mut tenant.domains[domain];
    one.dns = DomainDns {
        domain: one.name.clone(),
        ..told
    };
    Ok(Reply::json(200, json!(one.dns)))
}

fn custom_domain(tenant: &Tenant, name: &str) -> Result<usize, Refusal> {
    let mut all = tenant.domains.iter();
    all.position(|one| one.name.eq_ignore_ascii_case(name) && !one.initial)
        .ok_or_else(|| {
            Refusal::new(
                404,
                "notFound",
                "`id` names no custom domain of this tenant.",
            )
        })
}

/// In the admin center a person removes what uses the domain, then the domain.
fn release_domain(world: &mut World, index: usize, body: &Value, person: &Actor) -> Answer {
    let name = body["id"].as_str().unwrap_or_default();
    let tenant = &mut world.tenants[index];
    let at = custom_domain(tenant, name)?;
    let removed = tenant.domains.remove(at);
    if removed.default
        && let Some(initial) = tenant.domains.iter_mut().find(|one| one.initial)
    {
        initial.default = true;
    }
    world.record(index, "domainDeleted", domain_id(name), person);
    done(world, index)
}

fn sync_off(world: &mut World, index: usize, person: &Actor) -> Answer {
    let now = world.clock.virtual_now();
    let tenant = &mut world.tenants[index];
    if tenant.sync.on == Some(true) && tenant.sync.off_at.is_none() {
        tenant.sync.off_at = Some(now + tenant.sync.duration);
        let id = tenant.id;
        world.record(index, "syncSwitchOffRequested", id, person);
    }
    done(world, index)
}

fn settle(world: &mut World, index: usize, body: &Value) -> Answer {
    let check = body["check"]
        .as_str()
        .or_else(|| body["id"].as_str())
        .unwrap_or_default();
    let all = &mut world.tenants[index].unreadable;
    if check == "all" {
        for settled in all.values_mut() {
            *settled = true;
        }
    } else if checks::is_unreadable(check) {
        // A check that the portal did not show open is settled all the same.
        all.insert(check.to_owned(), true);
    } else {
        let found = all.get_mut(check).ok_or_else(|| {
            Refusal::new(
                404,
                "notFound",
                "`check` names no check that a person settles here.",
            )
        })?;
        *found = true;
    }
    if world.tenants[index].unreadable.get("C5") == Some(&true) {
        // Its service principal goes with the setting.
        let now = world.clock.real();
        for one in &mut world.tenants[index].principals {
            if one.linked_in && one.deleted_at == 0 {
                one.deleted_at = now;
            }
        }
    }
    done(world, index)
}

fn user(world: &World, index: usize, body: &Value) -> Result<u32, Refusal> {
    let id = body["id"].as_str().unwrap_or_default();
    world.tenants[index]
        .users
        .find(id)
        .ok_or_else(|| Refusal::new(404, "notFound", "`id` names no user of this tenant."))
}

/// In the cloud, or on the premises, from where synchronization carries it over.
fn delete_user(
    world: &mut World,
    index: usize,
    body: &Value,
    on_premises: bool,
    person: &Actor,
) -> Answer {
    let position = user(world, index, body)?;
    let (now, virtual_now) = (world.clock.real(), world.clock.virtual_now());
    let tenant = &mut world.tenants[index];
    if position == tenant.retained {
        return Err(conflict(
            "the administrator who is signed in cannot delete himself",
        ));
    }
    let synced = tenant
        .users
        .get(position)
        .is_some_and(|one| tenant.synced(position, one, virtual_now))
        && !tenant.sync.orphans.contains(&position);
    match (synced, on_premises) {
        (true, false) => {
            return Err(conflict(
                "this user comes from the directory on the premises: switch synchronization off first",
            ));
        }
        (false, true) => {
            return Err(conflict(
                "this user does not come from the directory on the premises",
            ));
        }
        _ => {}
    }
    let id = tenant.user_id(position).unwrap_or_default();
    if tenant.users.delete(position, now) {
        world.record(index, "userDeleted", id, person);
    }
    done(world, index)
}

fn delete_tenant(world: &mut World, index: usize, person: &Actor) -> Answer {
    let failed: Vec<_> = checks::all(&world.tenants[index])
        .into_iter()
        .filter(|one| one.status != "passed")
        .collect();
    if !failed.is_empty() {
        return Ok(Reply::json(
            409,
            json!({ "error": "refused", "message": "Not every check has passed.", "checks": failed }),
        ));
    }
    if world.tenants[index].hidden_left() {
        return Err(conflict(
            "Unable to delete the tenant: some enterprise applications cannot be deleted in the portal. Contact support.",
        ));
    }
    let now = world.clock.real();
    let tenant = &mut world.tenants[index];
    tenant.deleted_at = Some(now);
    let id = tenant.id;
    world.record(index, "tenantDeleted", id, person);
    done(world, index)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn a_synced_user_goes_where_it_comes_from() {
        let mut world = World::test(
            "tenants: [{users: 4, guestsPercent: 0, sync: {enabled: true, percent: 100}}]",
        );
        let path = format!("/_sim/tenants/{}/press", world.tenants[0].id);
        let id = world.tenants[0].user_id(0).unwrap();
        let mut press = |action: &str| {
            let body = json!({ "action": action, "id": id });
            testing::control(&mut world, "POST", &path, &body).status
        };
        assert_eq!((press("deleteUser"), press("deleteOnPremises")), (409, 200));
        assert_eq!(world.tenants[0].users.alive(), 3);
    }

    #[test]
    fn the_tenant_goes_only_when_every_check_has_passed() {
        let mut world = World::test("tenants: [{users: 2, subscriptions: [{}]}]");
        let path = format!("/_sim/tenants/{}/press", world.tenants[0].id);
        let press = |world: &mut World, body: Value| testing::control(world, "POST", &path, &body);
        let refused = press(&mut world, json!({ "action": "deleteTenant" }));
        assert_eq!(
            (refused.status, refused.value()["checks"][0]["id"].as_str()),
            (409, Some("C1"))
        );
        let subscription = world.tenants[0].subscriptions[0].id;
        assert_eq!(
            press(
                &mut world,
                json!({ "action": "deleteSubscription", "id": subscription })
            )
            .status,
            409
        );
        assert_eq!(
            press(
                &mut world,
                json!({ "action": "cancelSubscription", "id": subscription, "reason": "Other" })
            )
            .status,
            200
        );
        assert_eq!(
            press(
                &mut world,
                json!({ "action": "deleteSubscription", "id": subscription })
            )
            .status,
            200
        );
        world.clock.advance(73.0 * 3600.0);
        let retained = world.tenants[0].retained;
        let [admin, other] =
            [retained, 1 - retained].map(|position| world.tenants[0].user_id(position).unwrap());
        assert_eq!(
            press(&mut world, json!({ "action": "deleteUser", "id": admin })).status,
            409
        );
        assert_eq!(
            press(&mut world, json!({ "action": "deleteUser", "id": other })).status,
            200
        );
        for app in world.tenants[0]
            .clients
            .iter()
            .map(|client| client.app_id)
            .collect::<Vec<_>>()
        {
            assert_eq!(
                press(
                    &mut world,
                    json!({ "action": "deleteApplication", "id": app })
                )
                .status,
                200
            );
        }
        assert_eq!(
            press(
                &mut world,
                json!({ "action": "settleCheck", "check": "all" })
            )
            .status,
            200
        );
        assert_eq!(
            press(&mut world, json!({ "action": "deleteTenant" })).status,
            200
        );
        assert_eq!(
            press(&mut world, json!({ "action": "deleteTenant" })).status,
            409
        );
        assert!(world.judge.violations.is_empty());
    }
}
