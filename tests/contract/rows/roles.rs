//! Who is administrator, and what roles we hold.

use super::{ADMINISTRATOR, ONE, shorts, told};
use crate::row::{But, Row, Run, row};
use serde_json::{Value, json};
use tenant_closure::closure::access::ends::Credential;
use tenant_closure::closure::observation::{Fact, Observation, Question};
use tenant_closure::microsoft::Service::Graph;

const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";
const OWN: &str = "00000000-0000-0000-0000-000000000099";
const GROUP: &str = "00000000-0000-0000-0000-0000000000cc";
const ASSIGNED: &str = "GET /v1.0/roleManagement/directory/roleAssignments";
const ELIGIBLE: &str = "GET /v1.0/roleManagement/directory/roleEligibilityScheduleInstances";
const SCHEDULED: &str = "GET /v1.0/roleManagement/directory/roleAssignmentScheduleInstances";

fn retained(seen: &Observation) -> Fact<String> {
    told(&seen.retained, |one| match one {
        None => "no such user".to_owned(),
        Some(one) => {
            let mut words = format!("{} {:?}", one.user_principal_name, one.global_administrator);
            for (is, word) in [
                (one.enabled, "enabled"),
                (one.member, "member"),
                (one.synced, "synchronized"),
            ] {
                if is {
                    words = format!("{words}, {word}");
                }
            }
            words
        }
    })
}

fn second_factor(seen: &Observation) -> Fact<String> {
    match &seen.retained {
        Fact::Known(Some(one)) => told(&one.second_factor, |is| {
            let word = if *is { "registered" } else { "none" };
            word.to_owned()
        }),
        other => told(other, |_| "no such user".to_owned()),
    }
}

fn administrators(seen: &Observation) -> Fact<String> {
    told(&seen.users, |one| match &one.global_administrators {
        Fact::Known(ids) => shorts(ids),
        unread => format!("{unread:?}"),
    })
}

fn through_groups(seen: &Observation) -> Fact<String> {
    told(&seen.group_administrators, |ids| shorts(ids))
}

fn own_roles(seen: &Observation) -> Fact<String> {
    told(&seen.identity, |one| {
        format!("{} roles", one.directory_roles.len())
    })
}

fn holders(seen: &Observation) -> Fact<String> {
    told(&seen.role_holders, |ids| shorts(ids))
}

fn ends(seen: &Observation) -> Fact<String> {
    told(&seen.ends, |one| {
        let days = |all: Vec<String>| all.iter().map(|at| at[..10].to_owned()).collect::<Vec<_>>();
        let credential = match &one.credential {
            Credential::Secret(all) => days(all.iter().map(ToString::to_string).collect()),
            other => vec![format!("{other:?}")],
        };
        let roles = one.roles.as_ref().map_or_else(
            || vec!["unknown".to_owned()],
            |all| days(all.values().map(ToString::to_string).collect()),
        );
        format!(
            "secret: {}; roles: {}",
            credential.join(" "),
            roles.join(" ")
        )
    })
}

fn holds(principal: &str, role: &str) -> Value {
    json!({"principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/"})
}

/// A reading that not every tenant allows: who may not read it knows of no end.
fn where_readable(row: Row, makes: &'static str) -> Row {
    [302, 400, 403, 404, 405]
        .into_iter()
        .fold(row, |row, status| row.error(status, Value::Null, makes))
}

pub fn rows() -> Vec<Row> {
    let mut rows = who_stays();
    rows.extend(roles());
    rows.extend(members());
    rows.extend(endings());
    rows
}

const PERMANENT: &str = "closer@contoso.onmicrosoft.com Permanent, enabled, member";

fn who_stays() -> Vec<Row> {
    let empty = json!({"value": []});
    vec![
        row(
            Graph,
            "GET /v1.0/users/{}",
            "GET /v1.0/users/closer@contoso.onmicrosoft.com?$select=id,userPrincipalName,userType,accountEnabled,onPremisesSyncEnabled",
            Run::Ask(Question::Administrators, retained),
        )
        .reply(json!({"id": ADMINISTRATOR, "userPrincipalName": "closer@contoso.onmicrosoft.com", "userType": "Member",
            "accountEnabled": true, "onPremisesSyncEnabled": null}))
        .makes(PERMANENT)
        .given(ELIGIBLE, 200, empty.clone())
        .given(SCHEDULED, 200, empty.clone())
        .without("userType", "closer@contoso.onmicrosoft.com Permanent, enabled")
        .without("accountEnabled", "closer@contoso.onmicrosoft.com Permanent, member")
        .error(404, Value::Null, "no such user"),
        row(
            Graph,
            "GET /v1.0/users/{}/authentication/methods",
            "GET /v1.0/users/closer@contoso.onmicrosoft.com/authentication/methods",
            Run::Ask(Question::Administrators, second_factor),
        )
        .reply(json!({"value": [
            {"@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": "28c10230-6103-485e-b985-444c60001490"},
            {"@odata.type": "#microsoft.graph.fido2AuthenticationMethod", "id": "-2_GRUg2-HYz6_1YG4YRAQ2", "model": "NFC key"}]}))
        .makes("registered")
        .given(ELIGIBLE, 200, empty.clone())
        .given(SCHEDULED, 200, empty)
        .unread("value/id")
        .but(But::Paged),
    ]
}

/// Users who hold it through a group.
fn members() -> Vec<Row> {
    let group = json!({"value": [{"principalId": GROUP, "roleDefinitionId": GLOBAL, "directoryScopeId": "/"}]});
    let empty = json!({"value": []});
    let listed = json!({"value": [
        {"id": ONE, "userType": "Member", "onPremisesSyncEnabled": null},
        {"id": ADMINISTRATOR, "userType": "Member", "onPremisesSyncEnabled": null}]});
    vec![
        row(
            Graph,
            "GET /v1.0/groups/{}/transitiveMembers",
            "GET /v1.0/groups/00000000-0000-0000-0000-0000000000cc/transitiveMembers?$select=id&$top=999",
            Run::Ask(Question::Users, administrators),
        )
        .what("as the users are listed")
        .reply(json!({"value": [{"@odata.type": "#microsoft.graph.user", "id": ONE}, {"@odata.type": "#microsoft.graph.group", "id": GROUP}]}))
        .makes("b")
        .given(ASSIGNED, 200, group)
        .given(ELIGIBLE, 200, empty.clone())
        .given(SCHEDULED, 200, empty)
        .given("GET /v1.0/users", 200, listed)
        .unread("value/@odata.type")
        // An application that holds the role is no group; and who is in a group that may not be read is not nobody.
        .error(404, Value::Null, "")
        .error(403, Value::Null, "Unreadable(Forbidden)")
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/groups/{}/transitiveMembers",
            "GET /v1.0/groups/00000000-0000-0000-0000-0000000000cc/transitiveMembers?$select=id&$top=999",
            Run::Ask(Question::AdministratorGroups, through_groups),
        )
        .what("in every cycle")
        .reply(json!({"value": [
            {"@odata.type": "#microsoft.graph.user", "id": ONE},
            {"@odata.type": "#microsoft.graph.servicePrincipal", "id": OWN},
            {"@odata.type": "#microsoft.graph.group", "id": GROUP}]}))
        .makes("b 99")
        .unread("value/@odata.type")
        .error(404, Value::Null, "")
        .but(But::Paged),
    ]
}

/// Until when what we hold lasts.
fn endings() -> Vec<Row> {
    vec![
        [302, 400, 403, 404, 405].into_iter().fold(
            row(
                Graph,
                "GET /v1.0/applications(appId='{}')",
                "GET /v1.0/applications(appId='00000000-0000-0000-0000-00000000bbbb')?$select=id,passwordCredentials,keyCredentials",
                Run::Ask(Question::Ends, ends),
            )
            .reply(json!({"id": ONE, "passwordCredentials": [{"hint": "a s", "endDateTime": "2027-01-01T00:00:00Z"}], "keyCredentials": []}))
            .given(SCHEDULED, 200, json!({"value": []}))
            .makes("secret: 2027-01-01; roles: ")
            .unread("id")
            .unread("passwordCredentials/hint")
            .without("passwordCredentials/endDateTime", "secret: ; roles: "),
            // It is registered in another tenant, or may not be read.
            |row, status| row.error(status, Value::Null, "secret: ; roles: "),
        ),
        [302, 400, 404, 405].into_iter().fold(
            row(
                Graph,
                SCHEDULED,
                "GET /v1.0/roleManagement/directory/roleAssignmentScheduleInstances?$filter=principalId eq '00000000-0000-0000-0000-000000000099'",
                Run::Ask(Question::Ends, ends),
            )
            .what("until when our own roles last")
            .reply(json!({"value": [
                {"principalId": OWN, "roleDefinitionId": GLOBAL, "directoryScopeId": "/", "endDateTime": "2027-02-03T00:00:00Z"},
                {"principalId": OWN, "roleDefinitionId": "fe930be7-5e62-47db-91af-98c3a49a38b1", "directoryScopeId": "/", "endDateTime": null}]}))
            .makes("secret: 2027-01-01; roles: 2027-02-03")
            .without("value/directoryScopeId", "secret: 2027-01-01; roles: ")
            .without("value/endDateTime", "secret: 2027-01-01; roles: ")
            .but(But::Paged),
            // Not every tenant has a licence for it: then no role has an end.
            |row, status| row.error(status, Value::Null, "secret: 2027-01-01; roles: "),
        )
        .error(403, Value::Null, "secret: 2027-01-01; roles: unknown"),
    ]
}

fn roles() -> Vec<Row> {
    let permanent = PERMANENT;
    let none = "closer@contoso.onmicrosoft.com None, enabled, member";
    let empty = json!({"value": []});
    vec![
        row(
            Graph,
            ASSIGNED,
            "GET /v1.0/roleManagement/directory/roleAssignments?$filter=roleDefinitionId eq '62e90394-69f5-4237-9190-012177145e10'",
            Run::Ask(Question::Administrators, retained),
        )
        .what("holders of Global Administrator")
        .reply(json!({"value": [holds(ADMINISTRATOR, GLOBAL), holds(ONE, GLOBAL)]}))
        .makes(permanent)
        .given(ELIGIBLE, 200, empty.clone())
        .given(SCHEDULED, 200, empty.clone())
        .without("value/directoryScopeId", none)
        .but(But::Paged),
        where_readable(
            row(
                Graph,
                ELIGIBLE,
                "GET /v1.0/roleManagement/directory/roleEligibilityScheduleInstances?$filter=roleDefinitionId eq '62e90394-69f5-4237-9190-012177145e10'",
                Run::Ask(Question::Administrators, retained),
            )
            .reply(json!({"value": [holds(ADMINISTRATOR, GLOBAL), holds(ONE, GLOBAL)]}))
            .makes("closer@contoso.onmicrosoft.com EligibleOnly, enabled, member")
            .given(SCHEDULED, 200, empty.clone())
            .without("value/directoryScopeId", permanent)
            .but(But::Paged),
            permanent,
        ),
        where_readable(
            row(
                Graph,
                SCHEDULED,
                "GET /v1.0/roleManagement/directory/roleAssignmentScheduleInstances?$filter=roleDefinitionId eq '62e90394-69f5-4237-9190-012177145e10'",
                Run::Ask(Question::Administrators, retained),
            )
            .reply(json!({"value": [
                {"principalId": ADMINISTRATOR, "roleDefinitionId": GLOBAL, "directoryScopeId": "/",
                    "assignmentType": "Assigned", "endDateTime": "2027-01-01T00:00:00Z"},
                {"principalId": ONE, "roleDefinitionId": GLOBAL, "directoryScopeId": "/",
                    "assignmentType": "Activated", "endDateTime": null}]}))
            .makes("closer@contoso.onmicrosoft.com Temporary, enabled, member")
            .given(ELIGIBLE, 200, empty)
            .without("value/directoryScopeId", permanent)
            .without("value/endDateTime", permanent)
            .unread("value/assignmentType")
            .but(But::Paged),
            permanent,
        ),
        row(
            Graph,
            ASSIGNED,
            "GET /v1.0/roleManagement/directory/roleAssignments?$filter=principalId eq '00000000-0000-0000-0000-000000000099'",
            Run::Ask(Question::Identity, own_roles),
        )
        .what("our own roles")
        .reply(json!({"value": [holds(OWN, GLOBAL), holds(OWN, "fe930be7-5e62-47db-91af-98c3a49a38b1")]}))
        .makes("2 roles")
        .without("value/directoryScopeId", "1 roles")
        // Those that the token names: none.
        .error(403, Value::Null, "0 roles")
        .but(But::Paged),
        row(
            Graph,
            ASSIGNED,
            "GET /v1.0/roleManagement/directory/roleAssignments?$expand=principal",
            Run::Ask(Question::RoleHolders, holders),
        )
        .what("holders of any role")
        .reply(json!({"value": [
            {"principalId": ONE, "roleDefinitionId": GLOBAL, "directoryScopeId": "/", "principal": {"@odata.type": "#microsoft.graph.user"}},
            {"principalId": ADMINISTRATOR, "roleDefinitionId": GLOBAL, "directoryScopeId": "/", "principal": {"@odata.type": "#microsoft.graph.user"}},
            {"principalId": OWN, "roleDefinitionId": GLOBAL, "directoryScopeId": "/", "principal": {"@odata.type": "#microsoft.graph.servicePrincipal"}}]}))
        .makes("b a1")
        .unread("value/directoryScopeId")
        .unread("value/principal")
        .unread("value/principal/@odata.type")
        .but(But::Paged),
    ]
}
