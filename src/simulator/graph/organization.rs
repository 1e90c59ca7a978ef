//! The organization, and what other tenants may know of it.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::roles::{GLOBAL_ADMINISTRATOR, HYBRID_IDENTITY};
use super::super::scenario::SyncPatch;
use super::super::tenant::Tenant;
use super::super::users::UNDELETABLE;
use super::super::world::World;
use super::{Answer, Call, fields, listing, unknown};

const READ: &[&str] = &[
    "Organization.Read.All",
    "Organization.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

/// What can be written besides the switch of synchronization; it is taken, and nobody here looks at it.
const CHANGEABLE: &[&str] = &[
    "marketingNotificationEmails",
    "privacyProfile",
    "securityComplianceNotificationMails",
    "securityComplianceNotificationPhones",
    "technicalNotificationMails",
];

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let tenant = &world.tenants[call.caller.tenant];
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["organization"]) => {
            call.require(READ)?;
            listing::small(call, "organization", vec![organization(tenant)])
        }
        ("GET", ["organization", id]) => {
            call.require(READ)?;
            if !tenant.id.to_string().eq_ignore_ascii_case(id) {
                return Err(Refusal::not_found(id));
            }
            listing::one(call, "organization", organization(tenant))
        }
        ("PATCH", ["organization", id]) => patch(world, call, id),
        (
            "GET",
            [
                "tenantRelationships",
                "findTenantInformationByTenantId",
                key,
            ],
        ) => information(world, call, key),
        // No tenant here is in an organization of several.
        (
            "DELETE",
            [
                "tenantRelationships",
                "multiTenantOrganization",
                "tenants",
                id,
            ],
        ) => {
            call.require(&["MultiTenantOrganization.ReadWrite.All"])?;
            Err(Refusal::not_found(id))
        }
        _ => Err(unknown(call)),
    }
}

fn organization(tenant: &Tenant) -> Value {
    let domains: Vec<_> = tenant
        .domains
        .iter()
        .map(|one| json!({ "capabilities": "Email, OfficeCommunicationsOnline", "isDefault": one.default, "isInitial": one.initial, "name": one.name, "type": one.sign_in() }))
        .collect();
    json!({
        "id": tenant.id, "deletedDateTime": null, "displayName": tenant.display_name, "tenantType": tenant.kind, "partnerTenantType": tenant.partner_type,
        "createdDateTime": "2021-03-04T10:11:12Z", "countryLetterCode": "NL", "city": "Utrecht", "country": null, "postalCode": null, "state": null, "street": null,
        "preferredLanguage": "nl", "defaultUsageLocation": "NL", "businessPhones": [], "marketingNotificationEmails": [], "technicalNotificationMails": [],
        "securityComplianceNotificationMails": [], "securityComplianceNotificationPhones": [], "mobileDeviceManagementAuthority": "unknown", "privacyProfile": null,
        "onPremisesSyncEnabled": tenant.sync.shown(), "onPremisesLastSyncDateTime": null, "assignedPlans": [], "provisionedPlans": [], "verifiedDomains": domains,
    })
}

/// How synchronization is set up. Only a signed-in person changes it.
pub(super) fn synchronization(world: &World, call: &Call) -> Answer {
    call.require(&[
        "OnPremDirectorySynchronization.Read.All",
        "OnPremDirectorySynchronization.ReadWrite.All",
    ])?;
    if call.method != "GET" {
        return Err(Refusal::denied());
    }
    let tenant = &world.tenants[call.caller.tenant];
    let row = json!({
        "id": tenant.id,
        "configuration": { "accidentalDeletionPrevention": { "synchronizationPreventionType": "enabledForCount", "alertThreshold": 500 } },
        "features": { "passwordSyncEnabled": tenant.sync.on == Some(true), "blockSoftMatchEnabled": false },
    });
    match call.segments.get(2) {
        None => listing::small(call, "directory/onPremisesSynchronization", vec![row]),
        Some(id) if call.segments.len() == 3 && id.eq_ignore_ascii_case(&tenant.id.to_string()) => {
            listing::one(call, "directory/onPremisesSynchronization", row)
        }
        Some(id) => Err(Refusal::not_found(id)),
    }
}

fn patch(world: &mut World, call: &Call, id: &str) -> Answer {
    call.require(&["Organization.ReadWrite.All"])?;
    let now = world.clock.virtual_now();
    let tenant = &mut world.tenants[call.caller.tenant];
    if !tenant.id.to_string().eq_ignore_ascii_case(id) {
        return Err(Refusal::not_found(id));
    }
    for (field, _) in fields(call)? {
        if field != "onPremisesSyncEnabled" && !CHANGEABLE.contains(&field) {
            let text = format!("Property '{field}' is read-only and cannot be set.");
            return Err(Refusal::bad(text));
        }
    }
    let Some(wanted) = call.body.get("onPremisesSyncEnabled") else {
        return Ok(Reply::empty(204));
    };
    let allowed = call
        .caller
        .directory_roles
        .iter()
        .any(|role| matches!(*role, GLOBAL_ADMINISTRATOR | HYBRID_IDENTITY));
    match tenant.sync.patch {
        SyncPatch::Refused => return Err(Refusal::denied()),
        SyncPatch::ReadOnly => {
            return Err(Refusal::bad(
                "Property 'onPremisesSyncEnabled' is read-only and cannot be set.",
            ));
        }
        SyncPatch::Accepted if !allowed => return Err(Refusal::denied()),
        SyncPatch::Accepted => {}
    }
    if wanted != &json!(false) {
        return Err(Refusal::bad(
            if tenant.sync.on == Some(true) && tenant.sync.off_at.is_some() {
                "Directory synchronization cannot be switched on while it is being switched off."
            } else {
                "Directory synchronization is switched on by Microsoft Entra Connect, not here."
            },
        ));
    }
    if tenant.sync.on == Some(true) && tenant.sync.off_at.is_none() {
        tenant.sync.off_at = Some(now + tenant.sync.duration);
        let object = tenant.id;
        world.record(
            call.caller.tenant,
            "syncSwitchOffRequested",
            object,
            &call.actor(),
        );
        world.settle();
    }
    Ok(Reply::empty(204))
}

fn information(world: &World, call: &Call, key: &str) -> Answer {
    call.require(&["CrossTenantInformation.ReadBasic.All"])?;
    let id = key.strip_prefix("tenantId=").unwrap_or(key);
    let found = Uuid::parse_str(id)
        .ok()
        .and_then(|id| world.find(id))
        .map(|index| &world.tenants[index])
        .filter(|tenant| tenant.exists());
    let tenant = found.ok_or_else(|| {
        Refusal::new(
            404,
            "Directory_ObjectNotFound",
            format!("Unable to read the company information from the directory '{id}'."),
        )
    })?;
    let value = json!({
        "@odata.context": call.context("microsoft.graph.tenantInformation"), "tenantId": tenant.id, "federationBrandName": null,
        "displayName": tenant.display_name, "defaultDomainName": tenant.domains.iter().find(|one| one.default).map(|one| one.name.clone()),
    });
    Ok(Reply::json(200, value))
}

/// What a person lifts: restricted units and whatever else makes a user undeletable.
pub(crate) fn lift(tenant: &mut Tenant) -> usize {
    let mut lifted = 0;
    for user in &mut tenant.users.all {
        let barred = UNDELETABLE | super::super::users::RESTRICTED;
        lifted += usize::from(user.flags & barred != 0);
        user.flags &= !barred;
    }
    tenant.unit = None;
    lifted
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    /// `microsoft.graph.organization` of the v1.0 metadata, inherited properties too.
    const PROPERTIES: [&str; 28] = [
        "assignedPlans",
        "businessPhones",
        "city",
        "country",
        "countryLetterCode",
        "createdDateTime",
        "defaultUsageLocation",
        "deletedDateTime",
        "displayName",
        "id",
        "marketingNotificationEmails",
        "mobileDeviceManagementAuthority",
        "onPremisesLastSyncDateTime",
        "onPremisesSyncEnabled",
        "partnerTenantType",
        "postalCode",
        "preferredLanguage",
        "privacyProfile",
        "provisionedPlans",
        "securityComplianceNotificationMails",
        "securityComplianceNotificationPhones",
        "state",
        "street",
        "technicalNotificationMails",
        "tenantType",
        "verifiedDomains",
        "@odata.context",
        "@odata.type",
    ];

    #[test]
    fn the_names_are_graphs_own_and_nothing_else_is_there() {
        let mut world = World::test("tenants: [{users: 2}]");
        let token = testing::token(&mut world, 0, false);
        let reply = testing::get(&mut world, &token, "/v1.0/organization");
        let all = reply.value();
        let rows = all["value"].as_array().unwrap();
        assert_eq!(rows.len(), 1);
        let told = rows[0].as_object().unwrap();
        assert!(told.keys().all(|name| PROPERTIES.contains(&name.as_str())));
        let own = PROPERTIES.iter().filter(|name| !name.starts_with('@'));
        assert!(own.into_iter().all(|name| told.contains_key(*name)));
        let initial = &rows[0]["verifiedDomains"][0];
        assert_eq!(
            (&initial["isInitial"], &initial["type"]),
            (&json!(true), &json!("Managed"))
        );
        let other = "/v1.0/organization/00000000-0000-4000-8000-000000000001";
        assert_eq!(testing::get(&mut world, &token, other).status, 404);
    }

    #[test]
    fn synchronization_is_off_after_its_hours_and_cannot_be_taken_back() {
        let mut world = World::test("tenants: [{users: 9, sync: {enabled: true, hours: 10}}]");
        let token = testing::token(&mut world, 0, false);
        let target = format!("/v1.0/organization/{}", world.tenants[0].id);
        let on = |world: &mut World| {
            testing::get(world, &token, &target).value()["onPremisesSyncEnabled"].clone()
        };
        let set = |world: &mut World, wanted: bool| {
            let body = json!({ "onPremisesSyncEnabled": wanted });
            testing::send(world, &token, "PATCH", &target, &body).status
        };
        assert_eq!((set(&mut world, false), on(&mut world)), (204, json!(true)));
        assert_eq!(set(&mut world, true), 400);
        world.clock.advance(11.0 * 3_600.0);
        assert_eq!(on(&mut world), json!(false));
        for (answer, status) in [("Refused", 403), ("ReadOnly", 400)] {
            let text = format!("tenants: [{{users: 9, sync: {{enabled: true, patch: {answer}}}}}]");
            let mut world = World::test(&text);
            let token = testing::token(&mut world, 0, false);
            let target = format!("/v1.0/organization/{}", world.tenants[0].id);
            let body = json!({ "onPremisesSyncEnabled": false });
            let refused = testing::send(&mut world, &token, "PATCH", &target, &body);
            assert_eq!(refused.status, status, "{answer}");
        }
    }

    #[test]
    fn one_setup_of_synchronization_is_read_and_no_tenant_is_in_an_organization_of_several() {
        let roles =
            "[OnPremDirectorySynchronization.Read.All, MultiTenantOrganization.ReadWrite.All]";
        let mut world = World::test(&format!(
            "tenants: [{{users: 2, closer: {{appRoles: {roles}}}}}]"
        ));
        let token = testing::token(&mut world, 0, false);
        let id = world.tenants[0].id;
        let target = format!("/v1.0/directory/onPremisesSynchronization/{id}");
        let one = testing::get(&mut world, &token, &target);
        assert!(one.value()["features"].is_object());
        let target = format!("/v1.0/tenantRelationships/multiTenantOrganization/tenants/{id}");
        let reply = testing::send(&mut world, &token, "DELETE", &target, &Value::Null);
        assert_eq!(reply.status, 404);
    }
}
