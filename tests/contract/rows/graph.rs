//! What Graph is asked: the tenant, its users, its applications, its domains.

use super::{ADMINISTRATOR, ONE, TENANT, TWO, id, short, shorts, told};
use crate::row::{But, Row, Run, row};
use crate::stage::intent;
use serde_json::json;
use tenant_closure::closure::intent::{Action, Intent};
use tenant_closure::closure::observation::{Domain, Fact, Observation, Question};
use tenant_closure::closure::step::Step;
use tenant_closure::microsoft::Service::Graph;

fn organization(seen: &Observation) -> Fact<String> {
    told(&seen.organization, |one| {
        let sync = if one.sync_enabled {
            "synchronized"
        } else {
            "not synchronized"
        };
        let partner = if one.partner { ", a partner" } else { "" };
        let managed: Vec<&str> = one.managed_domains.iter().map(String::as_str).collect();
        format!(
            "{} {}, {sync}{partner}, managed: {}",
            short(&one.id),
            one.initial_domain,
            managed.join(" ")
        )
    })
}

fn principal(seen: &Observation) -> Fact<String> {
    told(&seen.identity, |one| short(&one.service_principal))
}

fn users(seen: &Observation) -> Fact<String> {
    told(&seen.users, |users| {
        format!(
            "{}; {} guests, {} synchronized",
            shorts(&users.ids),
            users.guests,
            users.synced
        )
    })
}

fn newcomers(seen: &Observation) -> Fact<String> {
    told(&seen.newcomers, |found| {
        let lost = if found.lost {
            ", some may be missed"
        } else {
            ""
        };
        format!("{}{lost}", shorts(&found.ids))
    })
}

fn mfa(seen: &Observation) -> Fact<String> {
    told(&seen.mfa, |states| {
        let word = |on| if on { "on" } else { "off" };
        let states = states
            .iter()
            .map(|state| format!("{} {}", short(&state.id), word(state.enabled)));
        states.collect::<Vec<_>>().join(", ")
    })
}

fn applications(seen: &Observation) -> Fact<String> {
    told(&seen.applications, |all| {
        let one = |one: &tenant_closure::closure::observation::Application| {
            let kind = if one.service_principal {
                "principal"
            } else {
                "registration"
            };
            let own = if one.own { " own" } else { "" };
            let built_in = if one.undeletable { " built in" } else { "" };
            let disabled = if one.disabled { " disabled" } else { "" };
            let owner = one
                .owner
                .as_ref()
                .map_or_else(String::new, |id| format!(" of {}", short(id)));
            format!("{} {kind}{own}{built_in}{disabled}{owner}", short(&one.id))
        };
        all.iter().map(one).collect::<Vec<_>>().join(", ")
    })
}

fn domain(one: &Domain) -> String {
    let mut words = one.name.clone();
    for (is, word) in [(one.initial, " initial"), (one.default, " default")] {
        if is {
            words.push_str(word);
        }
    }
    if let Some(used) = &one.references {
        let (users, groups, applications, others) = (
            shorts(&used.users),
            used.groups,
            used.applications,
            used.others,
        );
        words = format!(
            "{words} used by {users}, {groups} groups, {applications} applications, {others} others"
        );
    }
    words
}

fn domains(seen: &Observation) -> Fact<String> {
    told(&seen.domains, |all| {
        all.iter().map(domain).collect::<Vec<_>>().join("; ")
    })
}

fn restricted(seen: &Observation) -> Fact<String> {
    told(&seen.restricted_units, |units| {
        let units = units
            .iter()
            .map(|unit| format!("{}: {}", unit.name, shorts(&unit.users)));
        let units: Vec<String> = units.collect();
        if units.is_empty() {
            "none".to_owned()
        } else {
            units.join("; ")
        }
    })
}

/// An intent on the domain to be released.
pub fn on_domain(action: Action) -> Intent {
    Intent::on_domain(Step::CancelSubscriptions, action, "contoso.nl")
}

pub fn rows() -> Vec<Row> {
    let mut rows = tenant();
    rows.extend(people());
    rows.extend(applications_there());
    rows.extend(units());
    rows.extend(domains_there());
    rows
}

fn tenant() -> Vec<Row> {
    vec![
        row(
            Graph,
            "GET /v1.0/organization",
            "GET /v1.0/organization?$select=id,verifiedDomains,onPremisesSyncEnabled,partnerTenantType",
            Run::Ask(Question::Organization, organization),
        )
        .reply(json!({"value": [{"id": TENANT, "onPremisesSyncEnabled": true, "partnerTenantType": null, "verifiedDomains": [
            {"name": "contoso.onmicrosoft.com", "isInitial": true, "type": "Managed"},
            {"name": "Contoso.NL", "isInitial": false, "type": "Managed"},
            {"name": "contoso.de", "isInitial": false, "type": "Federated"}]}]}))
        .makes("aaaa contoso.onmicrosoft.com, synchronized, managed: contoso.nl contoso.onmicrosoft.com")
        .without("value/verifiedDomains/type", "aaaa contoso.onmicrosoft.com, synchronized, managed: contoso.nl"),
        row(
            Graph,
            "GET /v1.0/servicePrincipals(appId='{}')",
            "GET /v1.0/servicePrincipals(appId='00000000-0000-0000-0000-00000000bbbb')?$select=id,appId",
            Run::Ask(Question::Identity, principal),
        )
        .reply(json!({"id": "00000000-0000-0000-0000-000000000099", "appId": "00000000-0000-0000-0000-00000000bbbb"}))
        .makes("99")
        .unread("appId"),
        row(
            Graph,
            "POST /v1.0/$batch",
            "POST https://graph.microsoft.com/v1.0/$batch\n\n\
             {\"requests\": [\
             {\"id\": \"0\", \"method\": \"GET\", \"url\": \"/organization?%24select=id%2CverifiedDomains%2ConPremisesSyncEnabled%2CpartnerTenantType\"}]}",
            Run::Ask(Question::Organization, organization),
        )
        .what("readings")
        .makes("aaaa contoso.onmicrosoft.com, synchronized, managed: contoso.nl contoso.onmicrosoft.com")
        .unread("responses/headers")
        .but(But::Whole),
        row(
            Graph,
            "POST /beta/$batch",
            "POST https://graph.microsoft.com/beta/$batch\n\n\
             {\"requests\": [\
             {\"id\": \"0\", \"method\": \"GET\", \"url\": \"/users/00000000-0000-0000-0000-00000000000b/authentication/requirements\"},\
             {\"id\": \"1\", \"method\": \"GET\", \"url\": \"/users/00000000-0000-0000-0000-0000000000a1/authentication/requirements\"}]}",
            Run::Ask(Question::Mfa, mfa),
        )
        .what("readings")
        .makes("b on, a1 off")
        .unread("responses/headers")
        .but(But::Whole),
    ]
}

fn people() -> Vec<Row> {
    vec![
        row(
            Graph,
            "GET /v1.0/users/delta",
            "GET https://graph.microsoft.com/v1.0/users/delta?$select=id&$deltatoken=latest",
            Run::Ask(Question::Newcomers, newcomers),
        )
        .reply(json!({"value": [{"id": ONE}, {"id": TWO}],
            "@odata.deltaLink": "https://graph.microsoft.com/v1.0/users/delta?$select=id&$deltatoken=later"}))
        .makes("b c")
        .without("@odata.deltaLink", "b c")
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/users",
            "GET https://graph.microsoft.com/v1.0/users?$select=id,userType,onPremisesSyncEnabled&$top=999",
            Run::Ask(Question::Users, users),
        )
        .what("for the plan")
        .reply(json!({"value": [
            {"id": ONE, "userType": "Guest", "onPremisesSyncEnabled": true},
            {"id": ADMINISTRATOR, "userType": "Member", "onPremisesSyncEnabled": null}]}))
        .makes("b a1; 1 guests, 1 synchronized")
        .without("value/userType", "b a1; 0 guests, 1 synchronized")
        .without("value/onPremisesSyncEnabled", "b a1; 1 guests, 0 synchronized")
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/users",
            "GET https://graph.microsoft.com/v1.0/users?$select=id&$top=999",
            Run::LookBack(intent(Action::VerifyUsers, id(0))),
        )
        .what("to verify who is left")
        .reply(json!({"value": [{"id": ONE}, {"id": ADMINISTRATOR}]}))
        .makes("remaining")
        .but(But::Paged),
        row(
            Graph,
            "POST /v1.0/directoryObjects/getByIds",
            "POST /v1.0/directoryObjects/getByIds?$select=id\ncontent-type: application/json\n\n\
             {\"ids\": [\"00000000-0000-0000-0000-00000000000b\"], \"types\": [\"user\"]}",
            Run::LookBack(intent(Action::DeleteUsers, id(0xb))),
        )
        .what("users")
        .reply(json!({"value": [{"@odata.type": "#microsoft.graph.user", "id": ONE}]}))
        .makes("unanswered")
        .unread("value/@odata.type")
        .error(403, json!({}), "unanswered"),
        row(
            Graph,
            "GET /beta/users/{}/authentication/requirements",
            "GET /beta/users/00000000-0000-0000-0000-00000000000b/authentication/requirements",
            Run::Ask(Question::Mfa, mfa),
        )
        .reply(json!({"perUserMfaState": "enforced"}))
        .makes("b on, a1 off")
        .given(
            "GET /beta/users/00000000-0000-0000-0000-0000000000a1/authentication/requirements",
            200,
            json!({"perUserMfaState": "disabled"}),
        )
        .error(404, json!({}), "a1 off"),
        row(
            Graph,
            "GET /beta/users/{}/authentication/requirements",
            "GET /beta/users/00000000-0000-0000-0000-0000000000a1/authentication/requirements",
            Run::Ask(Question::Mfa, mfa),
        )
        .what("switched off")
        .reply(json!({"perUserMfaState": "disabled"}))
        .makes("b on, a1 off")
        .error(404, json!({}), "b on"),
    ]
}

fn applications_there() -> Vec<Row> {
    vec![
        row(
            Graph,
            "GET /v1.0/applications",
            "GET https://graph.microsoft.com/v1.0/applications?$select=id,appId&$top=999",
            Run::Ask(Question::Applications, applications),
        )
        .reply(json!({"value": [{"id": TWO, "appId": "00000000-0000-0000-0000-00000000bbbb"}, {"id": ONE, "appId": TENANT}]}))
        .makes("c registration own, b registration, c1 principal built in disabled of f8cdef31-a31e-4b4a-93e4-5f571e91255a, c2 principal own of aaaa")
        .without("value/appId", "c registration, b registration, c1 principal built in disabled of f8cdef31-a31e-4b4a-93e4-5f571e91255a, c2 principal own of aaaa")
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/servicePrincipals",
            "GET https://graph.microsoft.com/v1.0/servicePrincipals?$select=id,appId,displayName,servicePrincipalType,appOwnerOrganizationId,accountEnabled&$top=999",
            Run::Ask(Question::Applications, applications),
        )
        .reply(json!({"value": [
            {"id": "00000000-0000-0000-0000-0000000000c1", "appId": TENANT, "servicePrincipalType": "Application",
                "appOwnerOrganizationId": "F8CDEF31-a31e-4b4a-93e4-5f571e91255a", "accountEnabled": false},
            {"id": "00000000-0000-0000-0000-0000000000c2", "appId": "00000000-0000-0000-0000-00000000bbbb",
                "servicePrincipalType": "Application", "appOwnerOrganizationId": TENANT, "accountEnabled": true}]}))
        .makes("c registration own, b registration, c1 principal built in disabled of f8cdef31-a31e-4b4a-93e4-5f571e91255a, c2 principal own of aaaa")
        .unread("value/appId")
        .unread("value/servicePrincipalType")
        .without("value/appOwnerOrganizationId", "c registration own, b registration, c1 principal disabled, c2 principal own of aaaa")
        .without("value/accountEnabled", "c registration own, b registration, c1 principal built in of f8cdef31-a31e-4b4a-93e4-5f571e91255a, c2 principal own of aaaa")
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/directory/deletedItems/microsoft.graph.user",
            "GET https://graph.microsoft.com/v1.0/directory/deletedItems/microsoft.graph.user?$select=id,deletedDateTime&$top=999",
            Run::Ask(Question::RecycleBin, |seen| told(&seen.recycle_bin, |bin| format!("{} until {:?}", bin.users, bin.until()))),
        )
        .reply(json!({"value": [{"deletedDateTime": "2026-10-02T09:00:00Z"}, {"deletedDateTime": "2026-09-30T09:00:00Z"}]}))
        .makes("2 until Some(2026-11-01T09:00:00Z)")
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/policies/identitySecurityDefaultsEnforcementPolicy",
            "GET https://graph.microsoft.com/v1.0/policies/identitySecurityDefaultsEnforcementPolicy",
            Run::Ask(Question::SecurityDefaults, |seen| told(&seen.security_defaults, |on| format!("on: {on}"))),
        )
        .reply(json!({"isEnabled": true}))
        .makes("on: true"),
        row(
            Graph,
            "GET /v1.0/identity/conditionalAccess/policies",
            "GET https://graph.microsoft.com/v1.0/identity/conditionalAccess/policies?$select=id,state&$top=999",
            Run::Ask(Question::ConditionalAccess, policies),
        )
        .reply(json!({"value": [{"id": ONE, "state": "enabled"}, {"id": TWO, "state": "disabled"}]}))
        .makes("b true, c false")
        .but(But::Paged),
        row(
            Graph,
            "POST /v1.0/directoryObjects/getByIds",
            "POST /v1.0/directoryObjects/getByIds?$select=id,signInAudience\ncontent-type: application/json\n\n\
             {\"ids\": [\"00000000-0000-0000-0000-00000000000b\"], \"types\": [\"application\", \"servicePrincipal\"]}",
            Run::LookBack(intent(Action::RemoveApplications, id(0xb))),
        )
        .what("applications")
        .reply(json!({"value": [{"@odata.type": "#microsoft.graph.application", "id": ONE}]}))
        .makes("unanswered")
        .error(403, json!({}), "unanswered"),
        row(
            Graph,
            "POST /v1.0/directoryObjects/getByIds",
            "POST /v1.0/directoryObjects/getByIds?$select=id,accountEnabled\ncontent-type: application/json\n\n\
             {\"ids\": [\"00000000-0000-0000-0000-00000000000b\"], \"types\": [\"servicePrincipal\"]}",
            Run::LookBack(intent(Action::DisableApplications, id(0xb))),
        )
        .what("disabled applications")
        .reply(json!({"value": [{"@odata.type": "#microsoft.graph.servicePrincipal", "id": ONE, "accountEnabled": true}]}))
        .makes("unanswered")
        .unread("value/accountEnabled")
        .unread("value/@odata.type")
        .error(403, json!({}), "unanswered"),
    ]
}

fn policies(seen: &Observation) -> Fact<String> {
    told(&seen.policies, |all| {
        let each = all
            .iter()
            .map(|(id, on)| format!("{:x} {on}", id.0.as_u128()));
        each.collect::<Vec<_>>().join(", ")
    })
}

fn units() -> Vec<Row> {
    let unit = |id: &str, name: &str, restricted: bool| json!({"id": id, "displayName": name, "isMemberManagementRestricted": restricted});
    vec![
        row(
            Graph,
            "GET /v1.0/directory/administrativeUnits",
            "GET https://graph.microsoft.com/v1.0/directory/administrativeUnits?$select=id,displayName,isMemberManagementRestricted",
            Run::Ask(Question::RestrictedUnits, restricted),
        )
        .reply(json!({"value": [unit(ONE, "Board", true), unit(TWO, "Sales", false)]}))
        .makes("Board: b")
        .without("value/displayName", ": b")
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/directory/administrativeUnits/{}/members",
            "GET https://graph.microsoft.com/v1.0/directory/administrativeUnits/00000000-0000-0000-0000-00000000000b/members?$select=id&$top=999",
            Run::Ask(Question::RestrictedUnits, restricted),
        )
        .reply(json!({"value": [
            {"id": ONE, "@odata.type": "#microsoft.graph.user"},
            {"id": TWO, "@odata.type": "#microsoft.graph.group"}]}))
        .makes("Board: b")
        .unread("value/@odata.type")
        // It went meanwhile.
        .error(404, json!({}), "none")
        .but(But::Paged),
    ]
}

fn domains_there() -> Vec<Row> {
    vec![
        row(
            Graph,
            "GET /v1.0/domains",
            "GET https://graph.microsoft.com/v1.0/domains",
            Run::Ask(Question::Domains, domains),
        )
        .reply(json!({"value": [
            {"id": "Contoso.NL", "isInitial": false, "isDefault": true},
            {"id": "contoso.onmicrosoft.com", "isInitial": true, "isDefault": false}]}))
        .makes("contoso.nl default used by b, 1 groups, 2 applications, 1 others; contoso.onmicrosoft.com initial")
        .unread("value/isInitial")
        .without(
            "value/isDefault",
            "contoso.nl used by b, 1 groups, 2 applications, 1 others; contoso.onmicrosoft.com initial",
        )
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/domains/{}/domainNameReferences",
            "GET https://graph.microsoft.com/v1.0/domains/contoso.nl/domainNameReferences",
            Run::Ask(Question::Domains, domains),
        )
        .reply(json!({"value": [
            {"@odata.type": "#microsoft.graph.user", "id": ONE},
            {"@odata.type": "#microsoft.graph.group", "id": TWO},
            {"@odata.type": "#microsoft.graph.application", "id": TWO},
            {"@odata.type": "#microsoft.graph.servicePrincipal", "id": TWO},
            {"@odata.type": "#microsoft.graph.orgContact", "id": TWO}]}))
        .makes("contoso.nl default used by b, 1 groups, 2 applications, 1 others; contoso.onmicrosoft.com initial")
        .without(
            "value/@odata.type",
            "contoso.nl default used by , 1 groups, 2 applications, 2 others; contoso.onmicrosoft.com initial",
        )
        .error(404, json!({}), "contoso.onmicrosoft.com initial")
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/domains/{}",
            "GET https://graph.microsoft.com/v1.0/domains/contoso.nl",
            Run::LookBack(on_domain(Action::ReleaseDomain)),
        )
        .what("is it still there")
        .reply(json!({"id": "contoso.nl", "isInitial": false, "isDefault": false}))
        .makes("unanswered")
        .unread("isInitial")
        .unread("isDefault")
        .error(404, json!({}), "done"),
        row(
            Graph,
            "GET /v1.0/domains/{}",
            "GET https://graph.microsoft.com/v1.0/domains/contoso.onmicrosoft.com",
            Run::LookBack(Intent::on_domain(
                Step::CancelSubscriptions,
                Action::MakeDomainDefault,
                "contoso.onmicrosoft.com",
            )),
        )
        .what("is it the default")
        .reply(json!({"id": "contoso.onmicrosoft.com", "isInitial": true, "isDefault": true}))
        .makes("done")
        .unread("isInitial")
        .without("isDefault", "unanswered")
        .error(404, json!({}), "unanswered"),
    ]
}
