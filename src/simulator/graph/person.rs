//! A user as Graph shows one, with the properties that were asked for.

use serde_json::{Value, json};

use super::super::errors::Refusal;
use super::super::tenant::Tenant;
use super::super::users::{DISABLED, GUEST, LICENSED, MFA_STATES, RESTRICTED, SYNCED};

const DEFAULT: &[&str] = &[
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
    "mySite",
    "pastProjects",
    "responsibilities",
    "schools",
    "skills",
];

/// One property; `None` where a user has no such property.
fn property(tenant: &Tenant, position: u32, name: &str, now: i64) -> Option<Value> {
    let user = tenant.users.get(position)?;
    let (first, last) = tenant.users.given_and_surname(position);
    let synced = tenant.synced(position, user, now);
    let ever = user.is(SYNCED);
    Some(match name {
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
        "assignedLicenses" => match tenant.subscriptions.first() {
            Some(one) if user.is(LICENSED) => json!([{ "disabledPlans": [], "skuId": one.sku_id }]),
            _ => json!([]),
        },
        "isManagementRestricted" => {
            if user.is(RESTRICTED) {
                json!(true)
            } else {
                Value::Null
            }
        }
        "isResourceAccount" | "jobTitle" | "mobilePhone" | "officeLocation"
        | "preferredLanguage" | "usageLocation" | "department" => Value::Null,
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
        "businessPhones" | "proxyAddresses" | "otherMails" | "identities" => json!([]),
        "perUserMfaState" if per_user_mfa(tenant) => {
            json!(MFA_STATES[usize::from(user.mfa).min(2)])
        }
        _ => return None,
    })
}

/// Whether a user has the property on the stable version: programs use it there, and no schema has it.
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
        if ELSEWHERE.contains(&name) {
            return Err(Refusal::new(
                501,
                "NotImplemented",
                format!("The property '{name}' is not supported here."),
            ));
        }
        let value = property(tenant, position, name, now).ok_or_else(|| {
            Refusal::bad(format!(
                "Could not find a property named '{name}' on type 'microsoft.graph.user'."
            ))
        })?;
        out.insert(name.to_owned(), value);
        Ok(())
    };
    match select {
        Some(names) => names.iter().try_for_each(|name| put(name))?,
        None => DEFAULT.iter().try_for_each(|name| put(name))?,
    }
    Ok(Value::Object(out))
}
