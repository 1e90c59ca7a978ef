//! Users that a program changes: <https://learn.microsoft.com/graph/api/user-update>.

use serde_json::{Value, json};

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::replicas::Replica;
use super::super::roles::may_delete;
use super::super::users::{DISABLED, GUEST, RESTRICTED};
use super::super::world::World;
use super::{Answer, Call, creation, fields, properties, users};

const WRITE: &[&str] = &["User.ReadWrite.All", "Directory.ReadWrite.All"];

/// What nobody writes.
const READ_ONLY: &[&str] = &[
    "assignedLicenses",
    "assignedPlans",
    "authorizationInfo",
    "createdDateTime",
    "creationType",
    "deletedDateTime",
    "externalUserStateChangeDateTime",
    "id",
    "isManagementRestricted",
    "lastPasswordChangeDateTime",
    "legalAgeGroupClassification",
    "licenseAssignmentStates",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesLastSyncDateTime",
    "onPremisesProvisioningErrors",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "onPremisesUserPrincipalName",
    "provisionedPlans",
    "proxyAddresses",
    "securityIdentifier",
    "serviceProvisioningErrors",
    "signInActivity",
    "signInSessionsValidFromDateTime",
];

/// What only somebody may write who may delete the user too: "sensitive actions" of
/// <https://learn.microsoft.com/graph/api/resources/users>.
const SENSITIVE: &[&str] = &[
    "accountEnabled",
    "businessPhones",
    "mobilePhone",
    "onPremisesImmutableId",
    "otherMails",
    "passwordProfile",
    "userPrincipalName",
];

/// What stays in the cloud for users who come from the premises.
const OF_THE_CLOUD: &[&str] = &["usageLocation"];

pub(super) fn user(world: &mut World, call: &Call, key: &str) -> Answer {
    call.require(WRITE)?;
    let replica = Replica::draw(world, call.caller.tenant);
    let (now, virtual_now) = (world.clock.real(), world.clock.virtual_now());
    let index = call.caller.tenant;
    let tenant = &world.tenants[index];
    let (position, user) = users::there(tenant, key, replica)?;
    let changes = changes(call)?;
    let touches = |names: &[&str]| changes.iter().any(|(name, _)| names.contains(name));
    let sensitive = touches(SENSITIVE);
    if user.is(RESTRICTED) || (sensitive && !may_delete(&call.caller.directory_roles, user.role)) {
        return Err(Refusal::denied());
    }
    let elsewhere = changes.iter().any(|(name, _)| !OF_THE_CLOUD.contains(name));
    if elsewhere && tenant.synced(position, user, virtual_now) {
        return Err(Refusal::bad(users::MASTERED));
    }
    let name = changes
        .iter()
        .find(|(name, _)| *name == "userPrincipalName");
    if let Some(name) = name.and_then(|(_, value)| value.as_str()) {
        creation::verified(tenant, name)?;
        if tenant.users.taken(name, Some(position)) {
            return Err(Refusal::bad(
                "Another object with the same value for property userPrincipalName already exists.",
            ));
        }
    }
    let id = user.id;
    let tenant = &mut world.tenants[index];
    for (name, value) in changes {
        let text = || value.as_str().unwrap_or_default().to_owned();
        let mut flag = |flag: u8, on: bool| {
            if let Some(user) = tenant.users.get_mut(position) {
                user.flags = if on {
                    user.flags | flag
                } else {
                    user.flags & !flag
                };
            }
        };
        match name {
            "accountEnabled" => flag(DISABLED, *value == json!(false)),
            "userType" => flag(GUEST, *value == json!("Guest")),
            "userPrincipalName" => tenant.users.name(position, text()),
            "displayName" => tenant.users.call(position, text()),
            // Nobody reads it again.
            "passwordProfile" => {}
            name => {
                let written = tenant.directory.written.entry(id).or_default();
                written.insert(name.to_owned(), value.clone());
            }
        }
    }
    tenant.users.touched(position, now);
    world.record(index, "userChanged", id, &call.actor());
    Ok(Reply::empty(204))
}

/// What is to be changed, by the names as Graph writes them; all of it can be, or nothing is.
fn changes(call: &Call) -> Result<Vec<(&'static str, &Value)>, Refusal> {
    let each = fields(call)?.into_iter().map(|(told, value)| {
        let name = properties::canonical("users", told);
        let name = name.ok_or_else(|| properties::missing("users", told))?;
        if READ_ONLY.contains(&name) {
            return Err(Refusal::bad(format!(
                "Property '{name}' is read-only and cannot be set."
            )));
        }
        let fits = match name {
            "accountEnabled" => value.is_boolean(),
            "displayName" | "userPrincipalName" | "mailNickname" => {
                value.as_str().is_some_and(|text| !text.is_empty())
            }
            "userType" => *value == json!("Guest") || *value == json!("Member"),
            _ => true,
        };
        if fits {
            Ok((name, value))
        } else {
            let text = format!("Invalid value specified for property '{name}' of resource 'User'.");
            Err(Refusal::bad(text))
        }
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    fn patch(world: &mut World, token: &str, position: u32, body: &Value) -> (u16, String) {
        let id = world.tenants[0].user_id(position).unwrap();
        let reply = testing::send(world, token, "PATCH", &format!("/v1.0/users/{id}"), body);
        let told = reply.value()["error"]["message"].as_str();
        (reply.status, told.unwrap_or_default().to_owned())
    }

    #[test]
    fn what_was_written_is_read() {
        let mut world = World::test("tenants: [{users: 9, guestsPercent: 0, disabledPercent: 0}]");
        let token = testing::token(&mut world, 0, false);
        let body = json!({ "@odata.type": "#microsoft.graph.user", "City": "Utrecht", "accountEnabled": false, "displayName": "Anna",
            "userPrincipalName": "anna@contoso.onmicrosoft.com", "employeeId": "7" });
        assert_eq!(patch(&mut world, &token, 2, &body).0, 204);
        let target = "/v1.0/users/anna@contoso.onmicrosoft.com?$select=city,accountEnabled,displayName,employeeId,mailNickname";
        let read = testing::get(&mut world, &token, target);
        for (name, value) in [
            ("city", json!("Utrecht")),
            ("accountEnabled", json!(false)),
            ("displayName", json!("Anna")),
            ("employeeId", json!("7")),
            ("mailNickname", json!("anna")),
        ] {
            assert_eq!(read.value()[name], value, "{name}");
        }
        let kinds: Vec<_> = world.effects.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, ["userChanged"]);
        // Nobody else can have the name.
        let twin = json!({ "userPrincipalName": "anna@contoso.onmicrosoft.com" });
        assert_eq!(patch(&mut world, &token, 3, &twin).0, 400);
    }

    #[test]
    fn what_cannot_be_written_is_refused_and_nothing_of_it_done() {
        let mut world =
            World::test("tenants: [{users: 9, privilegedAdmins: 1, closer: {directoryRoles: []}}]");
        let token = testing::token(&mut world, 0, false);
        for body in [
            json!({ "city": "Utrecht", "signInActivity": null }),
            json!({ "city": "Utrecht", "nope": 1 }),
            json!({ "accountEnabled": "no" }),
            json!({ "userPrincipalName": "anna@fabrikam.example" }),
            json!({}),
            Value::Null,
        ] {
            assert_eq!(patch(&mut world, &token, 2, &body).0, 400, "{body}");
        }
        let administrator = world.tenants[0]
            .users
            .positions()
            .find(|(_, user)| user.role > 1);
        let administrator = administrator.unwrap().0;
        assert_eq!(
            patch(&mut world, &token, administrator, &json!({ "city": "x" })).0,
            204
        );
        assert_eq!(
            patch(
                &mut world,
                &token,
                administrator,
                &json!({ "accountEnabled": false })
            )
            .0,
            403
        );
        let reader = testing::token(&mut world, 0, true);
        assert_eq!(
            patch(&mut world, &reader, 2, &json!({ "city": "x" })).0,
            403
        );
        assert_eq!(world.effects.len(), 1);
    }

    #[test]
    fn users_from_the_premises_are_changed_there() {
        let mut world = World::test(
            "tenants: [{users: 50, guestsPercent: 0, sync: {enabled: true, percent: 100}}]",
        );
        let token = testing::token(&mut world, 0, false);
        let (status, told) = patch(&mut world, &token, 0, &json!({ "city": "Utrecht" }));
        assert_eq!((status, told.as_str()), (400, users::MASTERED));
        assert_eq!(
            patch(&mut world, &token, 0, &json!({ "usageLocation": "NL" })).0,
            204
        );
    }
}
