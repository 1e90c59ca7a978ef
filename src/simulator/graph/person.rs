//! A user as Graph shows one, with the properties that were asked for.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::tenant::Tenant;
use super::super::users::{DISABLED, GUEST, LICENSED, MFA_STATES, RESTRICTED, SYNCED, User};
use super::properties;

pub(super) const DEFAULT: &[&str] = &[
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];
/// Properties of Graph's user that live in another service.
const ELSEWHERE: &[&str] = &[
    "aboutMe",
    "birthday",
    "hireDate",
    "interests",
    "mailboxSettings",
    "mySite",
    "pastProjects",
    "preferredName",
    "responsibilities",
    "schools",
    "skills",
];

/// One property by its name in any case; null where a user has none of that name.
pub(super) fn value(tenant: &Tenant, position: u32, name: &str, now: i64) -> Value {
    let known = properties::canonical("users", name);
    known.map_or(Value::Null, |name| property(tenant, position, name, now))
}

/// The products that somebody has a license of.
pub(super) fn products(tenant: &Tenant, user: &User) -> Vec<Uuid> {
    if let Some(changed) = tenant.directory.licenses.get(&user.id) {
        return changed.clone();
    }
    let bought = tenant.subscriptions.first().filter(|_| user.is(LICENSED));
    bought.map(|one| one.sku_id).into_iter().collect()
}

/// One property by its name as Graph writes it.
fn property(tenant: &Tenant, position: u32, name: &str, now: i64) -> Value {
    let Some(user) = tenant.users.get(position) else {
        return Value::Null;
    };
    let written = tenant.directory.written.get(&user.id);
    if let Some(value) = written.and_then(|all| all.get(name)) {
        return value.clone();
    }
    let (first, last) = tenant.users.given_and_surname(position);
    let synced = tenant.synced(position, user, now);
    let ever = user.is(SYNCED);
    match name {
        "id" => json!(user.id),
        "userPrincipalName" | "mail" => json!(tenant.users.principal_name(position)),
        "displayName" => json!(tenant.users.display_name(position)),
        "givenName" => json!(first),
        "surname" => json!(last),
        "userType" => json!(if user.is(GUEST) { "Guest" } else { "Member" }),
        "accountEnabled" => json!(!user.is(DISABLED)),
        "onPremisesSyncEnabled" => {
            if synced {
                json!(true)
            } else if ever {
                json!(false)
            } else {
                Value::Null
            }
        }
        "onPremisesImmutableId" => {
            if ever {
                json!(format!("{:024x}==", user.id.as_u128() >> 32))
            } else {
                Value::Null
            }
        }
        "mailNickname" => {
            let name = tenant.users.principal_name(position);
            json!(name.split('@').next().unwrap_or_default())
        }
        "assignedLicenses" => {
            let held = products(tenant, user).into_iter();
            held.map(|sku| json!({ "disabledPlans": [], "skuId": sku }))
                .collect()
        }
        "isManagementRestricted" => {
            if user.is(RESTRICTED) {
                json!(true)
            } else {
                Value::Null
            }
        }
        "creationType" => {
            if user.is(GUEST) {
                json!("Invitation")
            } else {
                Value::Null
            }
        }
        "externalUserState" => {
            if user.is(GUEST) {
                json!("Accepted")
            } else {
                Value::Null
            }
        }
        "deletedDateTime" => {
            if user.alive() {
                Value::Null
            } else {
                json!(super::super::clock::stamp(user.deleted_at))
            }
        }
        "createdDateTime" => json!("2024-01-15T09:30:00Z"),
        PER_USER_MFA => json!(MFA_STATES[usize::from(user.mfa).min(2)]),
        _ => properties::empty(name),
    }
}

const PER_USER_MFA: &str = "perUserMfaState";

/// Whether a user has that property on the stable version: programs use it there, and no schema has it.
fn per_user_mfa(tenant: &Tenant) -> bool {
    let behaviour = tenant.behaviour.as_ref();
    behaviour.is_some_and(|all| all.per_user_mfa && all.per_user_mfa_on_v1)
}

/// A user with the properties asked for.
pub(super) fn user(
    tenant: &Tenant,
    position: u32,
    select: Option<&[String]>,
    now: i64,
) -> Result<Value, Refusal> {
    let mut out = serde_json::Map::new();
    let mut put = |name: &str| {
        if ELSEWHERE
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
        {
            return Err(Refusal::new(
                501,
                "NotImplemented",
                format!("The property '{name}' is not supported here."),
            ));
        }
        let more = PER_USER_MFA.eq_ignore_ascii_case(name) && per_user_mfa(tenant);
        let known = properties::canonical("users", name).or(more.then_some(PER_USER_MFA));
        let known = known.ok_or_else(|| properties::missing("users", name))?;
        out.insert(known.to_owned(), property(tenant, position, known, now));
        Ok(())
    };
    match select {
        Some(names) => names.iter().try_for_each(|name| put(name))?,
        None => DEFAULT.iter().try_for_each(|name| put(name))?,
    }
    Ok(Value::Object(out))
}
