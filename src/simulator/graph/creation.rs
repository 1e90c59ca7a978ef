//! Users, applications and service principals that a program creates. A replica may know nothing of them for a while.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::tenant::{Application, Principal, Tenant};
use super::super::users::DISABLED;
use super::super::world::World;
use super::{Answer, Call, applications, person, users};

/// A user, as `POST /users` asks for one: <https://learn.microsoft.com/graph/api/user-post-users>.
pub(super) fn user(world: &mut World, call: &Call) -> Answer {
    call.require(users::WRITE)?;
    let name = required(call, "userPrincipalName")?;
    let display = required(call, "displayName")?;
    required(call, "mailNickname")?;
    let enabled = call.body["accountEnabled"].as_bool();
    let enabled = enabled.ok_or_else(|| missing("accountEnabled"))?;
    if !call.body["passwordProfile"]["password"].is_string() {
        return Err(missing("passwordProfile"));
    }
    let (now, virtual_now) = (world.clock.real(), world.clock.virtual_now());
    let index = call.caller.tenant;
    let tenant = &mut world.tenants[index];
    verified(tenant, &name)?;
    if tenant.users.taken(&name, None) {
        return Err(Refusal::bad(
            "Another object with the same value for property userPrincipalName already exists.",
        ));
    }
    let flags = if enabled { 0 } else { DISABLED };
    let (id, position) = tenant.users.come(flags, 0, now);
    tenant.users.name(position, name);
    tenant.users.call(position, display);
    // Nobody makes up a name for him.
    let written = tenant.directory.written.entry(id).or_default();
    for name in ["givenName", "surname"] {
        written.insert(name.to_owned(), call.body[name].clone());
    }
    let row = person::user(tenant, position, None, virtual_now)?;
    world.record(index, "userCreated", id, &call.actor());
    Ok(created(call, "users", row))
}

/// A registration: <https://learn.microsoft.com/graph/api/application-post-applications>.
pub(super) fn application(world: &mut World, call: &Call) -> Answer {
    call.require(applications::OWNED)?;
    let name = required(call, "displayName")?;
    let audience = call.body["signInAudience"].as_str().unwrap_or_default();
    let personal = applications::is_personal(audience);
    if personal && let Err(late) = applications::lane(world, call) {
        return Ok(late);
    }
    let one = Application {
        id: Uuid::new_v4(),
        app_id: Uuid::new_v4(),
        name,
        personal,
        created_at: world.clock.real(),
        deleted_at: 0,
    };
    let (id, row) = (one.id, applications::application(&one));
    let index = call.caller.tenant;
    let tenant = &mut world.tenants[index];
    tenant.applications.push(one);
    tenant.directory.owners.insert(id, call.caller.app_id);
    world.record(index, "applicationCreated", id, &call.actor());
    Ok(created(call, "applications", row))
}

/// The service principal of a registration here, or of one elsewhere:
/// <https://learn.microsoft.com/graph/api/serviceprincipal-post-serviceprincipals>.
pub(super) fn principal(world: &mut World, call: &Call) -> Answer {
    call.require(applications::OWNED)?;
    let told = required(call, "appId")?;
    let app_id = Uuid::parse_str(&told)
        .map_err(|_| Refusal::bad("Invalid value specified for property 'appId'."))?;
    let index = call.caller.tenant;
    let tenant = &mut world.tenants[index];
    let mut all = tenant.principals.iter();
    if all.any(|one| one.app_id == app_id && one.deleted_at == 0) {
        return Err(Refusal::new(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            "The service principal cannot be created, updated, or restored because the service principal name is already in use.",
        ));
    }
    let mut own = tenant.applications.iter();
    let everything = call.require(applications::WRITE).is_ok();
    let own = own.find(|one| one.app_id == app_id && one.deleted_at == 0);
    let mine = own.is_some_and(|one| tenant.directory.owns(call.caller.app_id, one.id));
    if !everything && !mine {
        return Err(Refusal::denied());
    }
    let one = Principal {
        id: Uuid::new_v4(),
        app_id,
        name: own.map_or_else(|| told.clone(), |one| one.name.clone()),
        // Nobody here knows whose it is.
        owner: own.map_or_else(Uuid::new_v4, |_| tenant.id),
        managed_identity: false,
        saml: false,
        linked_in: false,
        hidden: false,
        undeletable: false,
        enabled: call.body["accountEnabled"] != false,
        created_at: world.clock.real(),
        deleted_at: 0,
    };
    let (id, row) = (one.id, applications::principal(&one));
    tenant.principals.push(one);
    tenant.directory.owners.insert(id, call.caller.app_id);
    world.record(index, "servicePrincipalCreated", id, &call.actor());
    Ok(created(call, "servicePrincipals", row))
}

fn created(call: &Call, set: &str, mut row: Value) -> Reply {
    row["@odata.context"] = json!(call.context(&format!("{set}/$entity")));
    let link = format!("{}/{set}/{}", call.base, row["id"].as_str().unwrap_or(""));
    Reply::json(201, row).with("Location", link)
}

fn required(call: &Call, field: &str) -> Result<String, Refusal> {
    let text = call.body[field].as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| missing(field))
}

fn missing(field: &str) -> Refusal {
    Refusal::bad(format!(
        "A value is required for property '{field}' of the resource."
    ))
}

/// A name is on one of the tenant's domains.
pub(super) fn verified(tenant: &Tenant, name: &str) -> Result<(), Refusal> {
    let domain = name.rsplit_once('@').map_or("", |(_, domain)| domain);
    let mut all = tenant.domains.iter();
    if all.any(|one| one.name.eq_ignore_ascii_case(domain)) {
        return Ok(());
    }
    Err(Refusal::bad(
        "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    const LAGS: &str = "{tenants: [{users: 5}], behaviour: {creationLagMs: 60000}}";

    fn anna() -> Value {
        json!({ "accountEnabled": true, "displayName": "Anna", "mailNickname": "anna", "userPrincipalName": "anna@contoso.onmicrosoft.com",
            "passwordProfile": { "password": "not a real one" } })
    }

    /// Creates one, and says what follows: how often each answer comes at once, and whether it is there in the end.
    fn follows(collection: &str, body: &Value) {
        let mut world = World::test(LAGS);
        let token = testing::token(&mut world, 0, false);
        let target = format!("/v1.0/{collection}");
        let reply = testing::send(&mut world, &token, "POST", &target, body);
        assert_eq!(reply.status, 201, "{reply:?}");
        let id = reply.value()["id"].as_str().unwrap().to_owned();
        let one = format!("{target}/{id}");
        let reads = |world: &mut World| {
            let statuses = (0..40).map(|_| testing::get(world, &token, &one).status);
            statuses.collect::<std::collections::BTreeSet<_>>()
        };
        let listed = |world: &mut World| {
            let reply = testing::get(world, &token, &format!("{target}?$top=999"));
            let rows = reply.value()["value"].as_array().unwrap().clone();
            rows.iter().any(|row| row["id"] == id.as_str())
        };
        assert_eq!(reads(&mut world), [404].into(), "nobody knows it yet");
        assert!(!listed(&mut world));
        assert_eq!(
            testing::send(&mut world, &token, "DELETE", &one, &Value::Null).status,
            404
        );
        // Some replicas know it before others.
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..60 {
            world.clock.pass(1000);
            let now = reads(&mut world);
            if now.len() == 2 {
                let ids = json!({ "ids": [id] });
                let by_ids = "/v1.0/directoryObjects/getByIds";
                for _ in 0..40 {
                    let reply = testing::send(&mut world, &token, "POST", by_ids, &ids);
                    seen.insert(reply.value()["value"].as_array().unwrap().len());
                }
            }
        }
        assert_eq!(seen, [0, 1].into());
        assert_eq!(reads(&mut world), [200].into(), "everybody knows it");
        assert!(listed(&mut world));
        assert_eq!(
            testing::send(&mut world, &token, "DELETE", &one, &Value::Null).status,
            204
        );
        assert_eq!(reads(&mut world), [404].into());
    }

    #[test]
    fn what_was_created_is_known_everywhere_after_a_while() {
        follows("users", &anna());
        follows("applications", &json!({ "displayName": "New" }));
        let app = Uuid::from_u128(7);
        follows("servicePrincipals", &json!({ "appId": app }));
    }

    #[test]
    fn what_is_asked_for_is_what_there_is() {
        let mut world = World::test("tenants: [{users: 5}]");
        let token = testing::token(&mut world, 0, false);
        let post = |world: &mut World, set: &str, body: &Value| {
            testing::send(world, &token, "POST", &format!("/v1.0/{set}"), body)
        };
        let made = post(&mut world, "users", &anna());
        assert_eq!(made.value()["displayName"], "Anna");
        assert_eq!(made.value()["surname"], Value::Null, "nobody made one up");
        let name = "/v1.0/users/anna@contoso.onmicrosoft.com";
        let read = testing::get(&mut world, &token, name);
        assert_eq!(read.value()["id"], made.value()["id"]);
        assert_eq!(post(&mut world, "users", &anna()).status, 400, "a twin");
        for field in [
            "userPrincipalName",
            "displayName",
            "mailNickname",
            "accountEnabled",
            "passwordProfile",
        ] {
            let mut body = anna();
            body["userPrincipalName"] = json!("other@contoso.onmicrosoft.com");
            body[field] = Value::Null;
            assert_eq!(post(&mut world, "users", &body).status, 400, "{field}");
        }
        let mut elsewhere = anna();
        elsewhere["userPrincipalName"] = json!("anna@fabrikam.example");
        assert_eq!(post(&mut world, "users", &elsewhere).status, 400);

        let own = post(&mut world, "applications", &json!({ "displayName": "New" }));
        let body = json!({ "appId": own.value()["appId"] });
        let principal = post(&mut world, "servicePrincipals", &body);
        assert_eq!(principal.value()["displayName"], "New");
        let tenant = world.tenants[0].id.to_string();
        assert_eq!(principal.value()["appOwnerOrganizationId"], tenant.as_str());
        assert_eq!(post(&mut world, "servicePrincipals", &body).status, 409);
        assert_eq!(post(&mut world, "applications", &json!({})).status, 400);
        let kinds: Vec<_> = world.effects.iter().map(|one| one.kind).collect();
        assert_eq!(
            kinds,
            [
                "userCreated",
                "applicationCreated",
                "servicePrincipalCreated"
            ]
        );
        let reader = testing::token(&mut world, 0, true);
        let refused = testing::send(&mut world, &reader, "POST", "/v1.0/users", &anna());
        assert_eq!(refused.status, 403);
    }
}
