//! Microsoft Graph: all that only reads.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::exchange::Reply;
use super::graph::{Call, denied, error, may, not_found};
use super::scenario::{GLOBAL_ADMINISTRATOR, Kind};
use super::world::{MICROSOFT, Object, Tenant, User, World};

const DIRECTORY: &[&str] = &["Directory.Read.All", "Directory.ReadWrite.All"];

// A table of routes reads best in one piece.
#[allow(clippy::too_many_lines)]
pub(crate) fn handle(world: &World, call: &Call, parts: &[&str]) -> Reply {
    let Some(tenant) = world.tenants.get(call.caller.tenant) else {
        return not_found("tenant");
    };
    if !allowed(call, parts) {
        return denied();
    }
    match parts {
        ["organization"] => list(call, vec![organization(tenant)]),
        ["organization", id] if id.eq_ignore_ascii_case(&tenant.id) => {
            Reply::json(200, select(call, organization(tenant)))
        }
        ["users"] => users(tenant, call),
        ["users", "$count"] => match call.request.header("consistencylevel") {
            Some(level) if level.eq_ignore_ascii_case("eventual") => {
                Reply::text(200, tenant.live.to_string())
            }
            _ => error(
                400,
                "Request_BadRequest",
                "$count is not currently supported.",
            ),
        },
        ["users", key, "authentication", "requirements"] if call.beta => match user_of(tenant, key)
        {
            Some(user) => Reply::json(200, json!({ "perUserMfaState": user.mfa })),
            None => not_found(key),
        },
        ["users", key] => user_of(tenant, key).map_or_else(
            || not_found(key),
            |user| Reply::json(200, select(call, shape_user(tenant, user))),
        ),
        ["applications"] => list(call, tenant.applications.iter().map(application).collect()),
        ["applications", key] => object(call, &tenant.applications, key, application),
        ["servicePrincipals"] => list(call, tenant.principals.iter().map(principal).collect()),
        ["servicePrincipals", key] => object(call, &tenant.principals, key, principal),
        ["directory", "subscriptions"] => list(call, subscriptions(world, tenant)),
        ["directory", "onPremisesSynchronization"] => list(
            call,
            vec![json!({ "id": tenant.id, "configuration": {}, "features": {} })],
        ),
        ["roleManagement", "directory", "roleAssignments"] => assignments(tenant, call),
        [
            "roleManagement",
            "directory",
            "roleEligibilityScheduleInstances" | "roleAssignmentScheduleInstances",
        ]
        | ["subscribedSkus" | "groups"]
        | ["directory", "deletedItems", ..] => list(call, Vec::new()),
        ["directoryRoles"] => list(
            call,
            vec![
                json!({ "id": tenant.id, "displayName": "Global Administrator", "roleTemplateId": GLOBAL_ADMINISTRATOR }),
            ],
        ),
        ["directoryRoles", key, "members"] => {
            let role = key.trim_start_matches("roleTemplateId=");
            let people = tenant
                .users
                .iter()
                .filter(|user| !user.deleted && user.administrator && role == GLOBAL_ADMINISTRATOR);
            let mut members: Vec<Value> = people
                .map(|user| typed(shape_user(tenant, user), "user"))
                .collect();
            if tenant.directory_roles.iter().any(|held| held == role) {
                members.extend(
                    tenant
                        .principals
                        .iter()
                        .filter(|found| found.id == tenant.principal)
                        .map(|found| typed(principal(found), "servicePrincipal")),
                );
            }
            list(call, members)
        }
        ["domains"] => list(
            call,
            vec![
                json!({ "id": tenant.domain, "isDefault": true, "isInitial": true, "isVerified": true, "authenticationType": "Managed" }),
            ],
        ),
        [
            "tenantRelationships",
            "findTenantInformationByTenantId",
            key,
        ] => {
            let wanted = key.trim_start_matches("tenantId=");
            match world
                .tenants
                .iter()
                .find(|found| !found.deleted && found.id.eq_ignore_ascii_case(wanted))
            {
                Some(found) => Reply::json(
                    200,
                    json!({ "tenantId": found.id, "displayName": found.name, "defaultDomainName": found.domain, "federationBrandName": null }),
                ),
                None => not_found(wanted),
            }
        }
        ["organization", id] => not_found(id),
        _ => error(
            400,
            "BadRequest",
            &format!("Resource not found for the segment '{}'.", parts.join("/")),
        ),
    }
}

fn allowed(call: &Call, parts: &[&str]) -> bool {
    let more: &[&str] = match parts.first().copied().unwrap_or_default() {
        "organization" => &["Organization.Read.All", "Organization.ReadWrite.All"],
        "users" if parts.get(2) == Some(&"authentication") => {
            return may(
                call.caller,
                &["Policy.ReadWrite.AuthenticationMethod", "Policy.Read.All"],
            );
        }
        "users" => &["User.Read.All", "User.ReadWrite.All"],
        "applications" | "servicePrincipals" => {
            &["Application.Read.All", "Application.ReadWrite.All"]
        }
        "roleManagement" | "directoryRoles" => &[
            "RoleManagement.Read.Directory",
            "RoleManagement.ReadWrite.Directory",
            "RoleManagement.Read.All",
        ],
        "tenantRelationships" => {
            return may(call.caller, &["CrossTenantInformation.ReadBasic.All"]);
        }
        "directory" => &[
            "Organization.Read.All",
            "Organization.ReadWrite.All",
            "OnPremDirectorySynchronization.Read.All",
        ],
        _ => &[
            "Organization.Read.All",
            "Organization.ReadWrite.All",
            "Domain.Read.All",
            "Domain.ReadWrite.All",
        ],
    };
    may(call.caller, DIRECTORY) || may(call.caller, more)
}

pub(crate) fn by_ids(world: &World, call: &Call) -> Reply {
    let Some(tenant) = world.tenants.get(call.caller.tenant) else {
        return not_found("tenant");
    };
    let body = call.request.json();
    let Some(ids) = body["ids"].as_array() else {
        return error(400, "Request_BadRequest", "The property 'ids' is required.");
    };
    if ids.len() > 1000 {
        return error(400, "Request_BadRequest", "Too many ids.");
    }
    let found = ids.iter().filter_map(Value::as_str).filter_map(|id| {
        let user = || {
            tenant
                .users
                .get(tenant.user(id)?)
                .map(|user| typed(shape_user(tenant, user), "user"))
        };
        let other = || {
            tenant
                .principals
                .iter()
                .find(|found| found.id == id)
                .map(|found| typed(principal(found), "servicePrincipal"))
        };
        let app = || {
            tenant
                .applications
                .iter()
                .find(|found| found.id == id)
                .map(|found| typed(application(found), "application"))
        };
        user().or_else(other).or_else(app)
    });
    list(call, found.collect())
}

fn user_of<'a>(tenant: &'a Tenant, key: &str) -> Option<&'a User> {
    tenant.users.get(tenant.user(key)?)
}

fn typed(mut value: Value, kind: &str) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.insert(
            "@odata.type".to_owned(),
            Value::String(format!("#microsoft.graph.{kind}")),
        );
    }
    value
}

fn version(call: &Call) -> &'static str {
    if call.beta { "beta" } else { "v1.0" }
}

fn list(call: &Call, rows: Vec<Value>) -> Reply {
    let rows: Vec<Value> = rows.into_iter().map(|row| select(call, row)).collect();
    Reply::json(
        200,
        json!({ "@odata.context": format!("https://{}/{}/$metadata", call.request.host, version(call)), "value": rows }),
    )
}

fn select(call: &Call, row: Value) -> Value {
    let (Some(wanted), Value::Object(fields)) = (call.request.query.get("$select"), &row) else {
        return row;
    };
    let wanted: Vec<&str> = wanted.split(',').map(str::trim).collect();
    Value::Object(
        fields
            .iter()
            .filter(|(name, _)| name.starts_with('@') || wanted.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

fn organization(tenant: &Tenant) -> Value {
    json!({
        "id": tenant.id, "displayName": tenant.name, "tenantType": tenant.kind, "onPremisesSyncEnabled": tenant.sync, "partnerTenantType": null,
        "deletedDateTime": null, "countryLetterCode": "DE", "createdDateTime": "2020-02-03T10:00:00Z", "assignedPlans": [], "provisionedPlans": [],
        "verifiedDomains": [{ "capabilities": "Email, OfficeCommunicationsOnline", "isDefault": true, "isInitial": true, "name": tenant.domain, "type": "Managed" }],
    })
}

fn shape_user(tenant: &Tenant, user: &User) -> Value {
    json!({
        "id": user.id, "userPrincipalName": user.upn, "displayName": user.upn.split('@').next(), "userType": if user.guest { "Guest" } else { "Member" },
        "accountEnabled": true, "onPremisesSyncEnabled": if user.synced && tenant.sync == Some(true) { Some(true) } else { None }, "mail": null,
        "assignedLicenses": [], "createdDateTime": "2020-02-03T10:00:00Z", "deletedDateTime": null,
    })
}

fn application(found: &Object) -> Value {
    json!({ "id": found.id, "appId": found.app_id, "displayName": found.name, "signInAudience": "AzureADMyOrg", "createdDateTime": "2020-02-03T10:00:00Z" })
}

fn principal(found: &Object) -> Value {
    json!({
        "id": found.id, "appId": found.app_id, "displayName": found.name, "servicePrincipalType": "Application",
        "appOwnerOrganizationId": found.owner, "accountEnabled": found.enabled, "tags": if found.owner == MICROSOFT { vec![] } else { vec!["WindowsAzureActiveDirectoryIntegratedApp"] },
    })
}

fn object(call: &Call, all: &[Object], key: &str, shape: fn(&Object) -> Value) -> Reply {
    let by_app = key.strip_prefix("appId=");
    let found = all.iter().find(|found| {
        by_app.map_or(found.id == key, |app| {
            found.app_id.eq_ignore_ascii_case(app)
        })
    });
    found.map_or_else(
        || not_found(key),
        |found| Reply::json(200, select(call, shape(found))),
    )
}

fn subscriptions(world: &World, tenant: &Tenant) -> Vec<Value> {
    let known = tenant
        .subscriptions
        .iter()
        .filter(|found| found.kind != Kind::Azure && !found.gone());
    known
        .map(|found| {
            json!({
                "id": found.graph_id, "commerceSubscriptionId": found.id, "skuPartNumber": found.sku, "skuId": found.graph_id, "totalLicenses": found.seats,
                "status": found.state, "nextLifecycleDateTime": world.clock.date(found.gone_at.unwrap_or(found.term_end)), "isTrial": false,
                "ownerId": null, "ownerTenantId": null, "ownerType": null, "createdDateTime": "2020-02-03T10:00:00Z", "serviceStatus": [],
            })
        })
        .collect()
}

/// The value of `field eq 'value'`.
fn equals<'a>(filter: &'a str, field: &str) -> Option<&'a str> {
    let rest = filter
        .trim()
        .strip_prefix(field)?
        .trim_start()
        .strip_prefix("eq")?;
    Some(rest.trim().trim_matches('\''))
}

fn assignments(tenant: &Tenant, call: &Call) -> Reply {
    let people = tenant
        .users
        .iter()
        .filter(|user| user.administrator && !user.deleted)
        .map(|user| (GLOBAL_ADMINISTRATOR, user.id.as_str()));
    let own = tenant
        .directory_roles
        .iter()
        .map(|role| (role.as_str(), tenant.principal.as_str()));
    let filter = call.request.query.get("$filter").unwrap_or_default();
    let (role, holder) = (
        equals(filter, "roleDefinitionId"),
        equals(filter, "principalId"),
    );
    if !filter.is_empty() && role.is_none() && holder.is_none() {
        return error(
            400,
            "Request_UnsupportedQuery",
            "Unsupported or invalid query filter clause.",
        );
    }
    let kept = people.chain(own).filter(|(known, id)| {
        role.is_none_or(|wanted| wanted == *known) && holder.is_none_or(|wanted| wanted == *id)
    });
    let rows = kept.map(|(known, id)| {
        let kind = if id == tenant.principal { "servicePrincipal" } else { "user" };
        json!({
            "id": format!("{known}-{id}"), "roleDefinitionId": known, "principalId": id, "directoryScopeId": "/", "appScopeId": null,
            "principal": { "@odata.type": format!("#microsoft.graph.{kind}"), "id": id },
        })
    });
    list(call, rows.collect())
}

fn users(tenant: &Tenant, call: &Call) -> Reply {
    let query = &call.request.query;
    if let Some(filter) = query.get("$filter") {
        let Some(name) = equals(filter, "userPrincipalName") else {
            return error(
                400,
                "Request_UnsupportedQuery",
                "Unsupported or invalid query filter clause.",
            );
        };
        return list(
            call,
            user_of(tenant, &name.replace("''", "'"))
                .map(|user| shape_user(tenant, user))
                .into_iter()
                .collect(),
        );
    }
    let top = query
        .get("$top")
        .map_or(Some(100), |text| text.parse::<usize>().ok());
    let Some(top @ 1..=999) = top else {
        return error(
            400,
            "Request_BadRequest",
            "Invalid page size specified. Must be between 1 and 999 inclusive.",
        );
    };
    let start = match query.get("$skiptoken") {
        None => 0,
        Some(text) => match place(text) {
            Some(start) => start,
            None => {
                return error(
                    400,
                    "Directory_ExpiredPageToken",
                    "The specified page token value has expired and can no longer be included in your request.",
                );
            }
        },
    };
    let mut rows = tenant
        .users
        .iter()
        .enumerate()
        .skip(start)
        .filter(|(_, user)| !user.deleted);
    let page: Vec<Value> = rows
        .by_ref()
        .take(top)
        .map(|(_, user)| select(call, shape_user(tenant, user)))
        .collect();
    let mut body = json!({ "@odata.context": format!("https://{}/{}/$metadata#users", call.request.host, version(call)), "value": page });
    if let (Some((next, _)), Some(fields)) = (rows.next(), body.as_object_mut()) {
        let token = URL_SAFE_NO_PAD.encode(format!("RFNwdAIAAQ:{next}"));
        let rest = query.without("$skiptoken");
        let glue = if rest.is_empty() { "" } else { "&" };
        let link = format!(
            "https://{}/{}/users?{rest}{glue}$skiptoken={token}",
            call.request.host,
            version(call)
        );
        fields.insert("@odata.nextLink".to_owned(), Value::String(link));
    }
    Reply::json(200, body)
}

fn place(token: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix("RFNwdAIAAQ:")?.parse().ok()
}
