//! What is in the tenant with its names, for an inventory.

use super::{ONE, TENANT, TWO, short};
use crate::row::{But, Row, Run, row};
use serde_json::json;
use tenant_closure::closure::inventory::{Entry, Kind};
use tenant_closure::microsoft::Service::Graph;

/// Every line in words, as far as the tests of these rows look at it.
fn words(lines: &[Entry]) -> String {
    let lines: Vec<String> = lines.iter().map(line).collect();
    lines.join("; ")
}

fn line(entry: &Entry) -> String {
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    match entry {
        Entry::License(one) => format!(
            "{} {} {:?} of {:?}",
            one.id, one.name, one.assigned, one.seats
        ),
        Entry::Domain(one) => format!(
            "{}{}{}{} {}",
            one.id,
            if one.initial { " initial" } else { "" },
            if one.default { " default" } else { "" },
            if one.verified { " verified" } else { "" },
            or(&one.authentication),
        ),
        Entry::Group(one) => format!(
            "{} {} {} {:?} {:?} {}",
            short(&one.id),
            or(&one.name),
            or(&one.mail),
            one.types,
            one.security,
            or(&one.visibility),
        ),
        Entry::Application(one) => format!(
            "{} {} {}{}{}",
            short(&one.id),
            or(&one.name),
            if one.service_principal {
                "principal"
            } else {
                "registration"
            },
            if one.built_in { " built in" } else { "" },
            one.app_id
                .as_ref()
                .map_or_else(String::new, |id| format!(" {}", short(id))),
        ),
        Entry::User(one) => format!(
            "{} {} {} {} {} {:?}{} {:?}",
            short(&one.id),
            one.user_principal_name,
            or(&one.name),
            or(&one.mail),
            or(&one.kind),
            one.enabled,
            if one.synced { " synced" } else { "" },
            one.licenses,
        ),
        Entry::Subscription(_) | Entry::Inventory(_) | Entry::End(_) => format!("{entry:?}"),
    }
}

/// Who is in which group.
fn memberships(lines: &[Entry]) -> String {
    let users = lines.iter().filter_map(|entry| match entry {
        Entry::User(user) => Some(user),
        _ => None,
    });
    let told = users.map(|user| {
        let groups = user.groups.as_ref().map(|groups| {
            let groups = groups.iter().map(|one| {
                let name = one.name.clone().unwrap_or_else(|| "-".to_owned());
                format!("{} {name}", short(&one.id))
            });
            groups.collect::<Vec<_>>().join(", ")
        });
        format!(
            "{} in {}",
            short(&user.id),
            groups.unwrap_or_else(|| "?".to_owned())
        )
    });
    told.collect::<Vec<_>>().join("; ")
}

const SELECT_GROUPS: &str = "GET https://graph.microsoft.com/v1.0/groups?$select=id,displayName,mail,groupTypes,securityEnabled,visibility&$top=999";
const SELECT_USERS: &str = "GET https://graph.microsoft.com/v1.0/users?$select=id,userPrincipalName,displayName,mail,userType,accountEnabled,onPremisesSyncEnabled,assignedLicenses&$top=999";

pub fn rows() -> Vec<Row> {
    let mut rows = short_ones();
    rows.extend(applications());
    rows.extend(users());
    rows
}

fn short_ones() -> Vec<Row> {
    vec![
        row(
            Graph,
            "GET /v1.0/subscribedSkus",
            "GET https://graph.microsoft.com/v1.0/subscribedSkus",
            Run::List(Kind::License, words),
        )
        .reply(json!({"value": [
            {"skuId": "06ebc4ee-1bb5-47dd-8120-11324bc54e06", "skuPartNumber": "SPE_E5",
                "consumedUnits": 14, "prepaidUnits": {"enabled": 25}},
            {"skuId": "b05e124f-c7cc-45a0-a6aa-8cf78c946968", "skuPartNumber": "EMSPREMIUM"}]}))
        .makes("06ebc4ee-1bb5-47dd-8120-11324bc54e06 SPE_E5 Some(14) of Some(25); b05e124f-c7cc-45a0-a6aa-8cf78c946968 EMSPREMIUM None of None")
        .without("value/consumedUnits", "06ebc4ee-1bb5-47dd-8120-11324bc54e06 SPE_E5 None of Some(25); b05e124f-c7cc-45a0-a6aa-8cf78c946968 EMSPREMIUM None of None")
        .without("value/prepaidUnits", "06ebc4ee-1bb5-47dd-8120-11324bc54e06 SPE_E5 Some(14) of None; b05e124f-c7cc-45a0-a6aa-8cf78c946968 EMSPREMIUM None of None")
        .without("value/prepaidUnits/enabled", "06ebc4ee-1bb5-47dd-8120-11324bc54e06 SPE_E5 Some(14) of None; b05e124f-c7cc-45a0-a6aa-8cf78c946968 EMSPREMIUM None of None")
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/domains",
            "GET https://graph.microsoft.com/v1.0/domains",
            Run::List(Kind::Domain, words),
        )
        .what("for an inventory")
        .reply(json!({"value": [
            {"id": "contoso.nl", "isInitial": false, "isDefault": true, "isVerified": true, "authenticationType": "Federated"},
            {"id": "contoso.onmicrosoft.com", "isInitial": true, "isDefault": false, "isVerified": true}]}))
        .makes("contoso.nl default verified Federated; contoso.onmicrosoft.com initial verified -")
        .without("value/authenticationType", "contoso.nl default verified -; contoso.onmicrosoft.com initial verified -")
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/groups",
            SELECT_GROUPS,
            Run::List(Kind::Group, words),
        )
        .what("for an inventory")
        .reply(json!({"value": [
            {"id": ONE, "displayName": "Sales", "mail": "sales@contoso.nl", "groupTypes": ["Unified"],
                "securityEnabled": false, "visibility": "HiddenMembership"},
            {"id": TWO, "displayName": "Board", "mail": null, "groupTypes": [], "securityEnabled": true, "visibility": null}]}))
        .makes("b Sales sales@contoso.nl [\"Unified\"] Some(false) HiddenMembership; c Board - [] Some(true) -; hides members")
        .without("value/displayName", "b - sales@contoso.nl [\"Unified\"] Some(false) HiddenMembership; c Board - [] Some(true) -; hides members")
        .without("value/mail", "b Sales - [\"Unified\"] Some(false) HiddenMembership; c Board - [] Some(true) -; hides members")
        .without("value/groupTypes", "b Sales sales@contoso.nl [] Some(false) HiddenMembership; c Board - [] Some(true) -; hides members")
        .without("value/securityEnabled", "b Sales sales@contoso.nl [\"Unified\"] None HiddenMembership; c Board - [] Some(true) -; hides members")
        .without("value/visibility", "b Sales sales@contoso.nl [\"Unified\"] Some(false) -; c Board - [] Some(true) -")
        .but(But::Paged),
    ]
}

fn applications() -> Vec<Row> {
    let principals = json!({"value": []});
    vec![
        row(
            Graph,
            "GET /v1.0/applications",
            "GET https://graph.microsoft.com/v1.0/applications?$select=id,appId,displayName&$top=999",
            Run::List(Kind::Application, words),
        )
        .what("for an inventory")
        .reply(json!({"value": [
            {"id": ONE, "appId": TENANT, "displayName": "Payroll"},
            {"id": TWO, "appId": TENANT, "displayName": "Closer"}]}))
        .makes("b Payroll registration aaaa; c Closer registration aaaa")
        .without("value/appId", "b Payroll registration; c Closer registration aaaa")
        .without("value/displayName", "b - registration aaaa; c Closer registration aaaa")
        .given(
            "GET https://graph.microsoft.com/v1.0/servicePrincipals?$select=id,appId,displayName,servicePrincipalType,appOwnerOrganizationId&$top=999",
            200,
            principals,
        )
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/servicePrincipals",
            "GET https://graph.microsoft.com/v1.0/servicePrincipals?$select=id,appId,displayName,servicePrincipalType,appOwnerOrganizationId&$top=999",
            Run::List(Kind::Application, words),
        )
        .what("for an inventory")
        .reply(json!({"value": [
            {"id": ONE, "appId": TENANT, "displayName": "Office 365 Exchange Online", "servicePrincipalType": "Application",
                "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a"},
            {"id": TWO, "appId": TENANT, "displayName": "Payroll", "servicePrincipalType": "Application", "appOwnerOrganizationId": TENANT}]}))
        .makes("b Office 365 Exchange Online principal built in aaaa; c Payroll principal aaaa")
        .without("value/appId", "b Office 365 Exchange Online principal built in; c Payroll principal aaaa")
        .without("value/displayName", "b - principal built in aaaa; c Payroll principal aaaa")
        .unread("value/servicePrincipalType")
        .without("value/appOwnerOrganizationId", "b Office 365 Exchange Online principal aaaa; c Payroll principal aaaa")
        .given(
            "GET https://graph.microsoft.com/v1.0/applications?$select=id,appId,displayName&$top=999",
            200,
            json!({"value": []}),
        )
        .but(But::Paged),
    ]
}

/// What the second of them is in words.
const BO: &str =
    "; b bo_fabrikam.example#EXT#@contoso.onmicrosoft.com - - Guest Some(false) [\"0000\"]";

fn users() -> Vec<Row> {
    let anna = |id: &str, more: serde_json::Value| {
        let mut user = json!({"id": id, "userPrincipalName": "anna@contoso.nl", "displayName": "Anna Bakker",
            "mail": "anna.bakker@contoso.nl", "userType": "Member", "accountEnabled": true, "onPremisesSyncEnabled": true,
            "assignedLicenses": [{"skuId": "06EBC4EE-1bb5-47dd-8120-11324bc54e06", "disabledPlans": []}]});
        for (name, value) in more.as_object().unwrap() {
            user[name] = value.clone();
        }
        user
    };
    let strange = json!({"userPrincipalName": "bo_fabrikam.example#EXT#@contoso.onmicrosoft.com", "displayName": null, "mail": null,
        "userType": "Guest", "accountEnabled": false, "onPremisesSyncEnabled": null,
        "assignedLicenses": [{"skuId": "0000"}]});
    let line = |anna: &str| -> &'static str { format!("{anna}{BO}").leak() };
    vec![
        row(
            Graph,
            "GET /v1.0/users",
            SELECT_USERS,
            Run::List(Kind::User, words),
        )
        .what("for an inventory")
        .reply(json!({"value": [anna(ONE, json!({})), anna(ONE, strange)]}))
        .makes(line("b anna@contoso.nl Anna Bakker anna.bakker@contoso.nl Member Some(true) synced [\"SPE_E5\"]"))
        .without("value/displayName", line("b anna@contoso.nl - anna.bakker@contoso.nl Member Some(true) synced [\"SPE_E5\"]"))
        .without("value/mail", line("b anna@contoso.nl Anna Bakker - Member Some(true) synced [\"SPE_E5\"]"))
        .without("value/userType", line("b anna@contoso.nl Anna Bakker anna.bakker@contoso.nl - Some(true) synced [\"SPE_E5\"]"))
        .without("value/accountEnabled", line("b anna@contoso.nl Anna Bakker anna.bakker@contoso.nl Member None synced [\"SPE_E5\"]"))
        .without("value/onPremisesSyncEnabled", line("b anna@contoso.nl Anna Bakker anna.bakker@contoso.nl Member Some(true) [\"SPE_E5\"]"))
        .unread("value/assignedLicenses/disabledPlans")
        .given("GET /v1.0/users/{}/memberOf", 200, json!({"value": []}))
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/users/{}/memberOf",
            "GET /v1.0/users/00000000-0000-0000-0000-00000000000b/memberOf?$select=id,displayName&$top=999",
            Run::List(Kind::Membership, memberships),
        )
        .reply(json!({"value": [
            {"@odata.type": "#microsoft.graph.group", "id": ONE, "displayName": "Sales"},
            {"@odata.type": "#microsoft.graph.group", "id": TWO, "displayName": "Board"},
            {"@odata.type": "#microsoft.graph.directoryRole", "id": TENANT, "displayName": "Global Administrator"},
            {"@odata.type": "#microsoft.graph.administrativeUnit", "id": TENANT, "displayName": null}]}))
        .makes("b in b Sales, c Board")
        // A name that may not be read is null.
        .without("value/displayName", "Forbidden")
        .given(SELECT_USERS, 200, json!({"value": [anna(ONE, json!({}))]}))
        .but(But::Paged),
    ]
}
