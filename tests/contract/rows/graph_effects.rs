//! What Graph is told to change.

use super::graph::on_domain;
use super::{ONE, TENANT, THREE, TWO, id};
use crate::row::{But, Row, Run, row};
use crate::stage::intent;
use serde_json::{Value, json};
use tenant_closure::closure::intent::{Action, Intent};
use tenant_closure::closure::step::Step;
use tenant_closure::microsoft::Service::Graph;

const SHOWN: &str = "POST /v1.0/directoryObjects/getByIds";

fn perform(action: Action, object: u128) -> Run {
    Run::Perform(intent(action, id(object)))
}

/// Objects of a type that are still shown.
fn shown(kind: &str) -> Value {
    let one = |id: &str| json!({"@odata.type": format!("#microsoft.graph.{kind}"), "id": id});
    json!({"value": [one(ONE), one(TWO), one(THREE)]})
}

/// Service principals that are shown.
fn enabled(enabled: bool) -> Value {
    let one = |id: &str| json!({"@odata.type": "#microsoft.graph.servicePrincipal", "id": id, "accountEnabled": enabled});
    json!({"value": [one(ONE), one(TWO), one(THREE)]})
}

fn none() -> (u16, Value) {
    (200, json!({"value": []}))
}

fn absent() -> (u16, Value) {
    (404, json!({"error": {"code": "Request_ResourceNotFound"}}))
}

pub fn rows() -> Vec<Row> {
    let mut rows = swept();
    rows.extend(batches());
    rows.extend(single());
    rows.extend(domains());
    rows
}

/// One item of a `$batch` for each object.
fn swept() -> Vec<Row> {
    vec![
        row(
            Graph,
            "DELETE /v1.0/users/{}",
            "DELETE /v1.0/users/00000000-0000-0000-0000-00000000000b",
            perform(Action::DeleteUsers, 0xb),
        )
        .answered(204)
        .makes("accepted; done")
        .settled(SHOWN, shown("user"), none())
        .but(But::Swept),
        row(
            Graph,
            "DELETE /v1.0/applications/{}",
            "DELETE /v1.0/applications/00000000-0000-0000-0000-00000000000b",
            perform(Action::RemoveApplications, 0xb),
        )
        .answered(204)
        .makes("accepted; done")
        .settled(SHOWN, shown("application"), none())
        .but(But::Swept),
        row(
            Graph,
            "DELETE /v1.0/servicePrincipals/{}",
            "DELETE /v1.0/servicePrincipals/00000000-0000-0000-0000-00000000000b",
            perform(Action::RemoveApplications, 0xb),
        )
        .answered(204)
        .makes("accepted; done")
        .settled(SHOWN, shown("servicePrincipal"), none())
        .but(But::Swept),
        row(
            Graph,
            "PATCH /v1.0/servicePrincipals/{}",
            "PATCH /v1.0/servicePrincipals/00000000-0000-0000-0000-00000000000b\ncontent-type: application/json\n\n\
             {\"accountEnabled\": false}",
            perform(Action::DisableApplications, 0xb),
        )
        .answered(204)
        .makes("accepted; done")
        .settled(SHOWN, enabled(true), (200, enabled(false)))
        .but(But::Swept),
        row(
            Graph,
            "PATCH /beta/users/{}/authentication/requirements",
            "PATCH /beta/users/00000000-0000-0000-0000-00000000000b/authentication/requirements\ncontent-type: application/json\n\n\
             {\"perUserMfaState\": \"disabled\"}",
            perform(Action::DisableMfa, 0xb),
        )
        .answered(204)
        .makes("accepted; done")
        .settled(
            "GET /beta/users/{}/authentication/requirements",
            json!({"perUserMfaState": "enabled"}),
            (200, json!({"perUserMfaState": "disabled"})),
        )
        .but(But::Swept),
    ]
}

fn batches() -> Vec<Row> {
    vec![
        row(
            Graph,
            "POST /v1.0/$batch",
            "POST https://graph.microsoft.com/v1.0/$batch\n\n\
             {\"requests\": [{\"id\": \"0\", \"method\": \"DELETE\", \"url\": \"/users/00000000-0000-0000-0000-00000000000b\"}]}",
            perform(Action::DeleteUsers, 0xb),
        )
        .what("effects")
        .makes("accepted; done")
        .settled(SHOWN, shown("user"), none())
        .but(But::Whole),
        row(
            Graph,
            "POST /beta/$batch",
            "POST https://graph.microsoft.com/beta/$batch\n\n\
             {\"requests\": [{\"id\": \"0\", \"method\": \"PATCH\",\
             \"url\": \"/users/00000000-0000-0000-0000-00000000000b/authentication/requirements\",\
             \"headers\": {\"Content-Type\": \"application/json\"}, \"body\": {\"perUserMfaState\": \"disabled\"}}]}",
            perform(Action::DisableMfa, 0xb),
        )
        .what("effects")
        .makes("accepted; done")
        .settled(
            "GET /beta/users/{}/authentication/requirements",
            json!({"perUserMfaState": "enabled"}),
            (200, json!({"perUserMfaState": "disabled"})),
        )
        .but(But::Whole),
    ]
}

fn single() -> Vec<Row> {
    let organization = |on: bool| {
        json!({"value": [{"id": TENANT, "onPremisesSyncEnabled": on, "partnerTenantType": null,
            "verifiedDomains": [{"name": "contoso.onmicrosoft.com", "isInitial": true, "type": "Managed"}]}]})
    };
    vec![
        row(
            Graph,
            "PATCH /v1.0/organization/{}",
            "PATCH https://graph.microsoft.com/v1.0/organization/00000000-0000-0000-0000-00000000aaaa\n\n\
             {\"onPremisesSyncEnabled\": false}",
            Run::Perform(Intent {
                objects: Vec::new(),
                ..intent(Action::SwitchSyncOff, id(0))
            }),
        )
        .answered(204)
        .makes("accepted; done")
        .settled("GET /v1.0/organization", organization(true), (200, organization(false))),
        row(
            Graph,
            "PATCH /v1.0/policies/identitySecurityDefaultsEnforcementPolicy",
            "PATCH https://graph.microsoft.com/v1.0/policies/identitySecurityDefaultsEnforcementPolicy\n\n\
             {\"isEnabled\": false}",
            perform(Action::DisableSecurityDefaults, 0xaaaa),
        )
        .answered(204)
        .makes("accepted; done")
        .settled(
            "GET /v1.0/policies/identitySecurityDefaultsEnforcementPolicy",
            json!({"isEnabled": true}),
            (200, json!({"isEnabled": false})),
        ),
        row(
            Graph,
            "PATCH /v1.0/identity/conditionalAccess/policies/{}",
            "PATCH https://graph.microsoft.com/v1.0/identity/conditionalAccess/policies/00000000-0000-0000-0000-00000000000b\n\n\
             {\"state\": \"disabled\"}",
            perform(Action::DisablePolicies, 0xb),
        )
        .answered(204)
        .makes("accepted; done")
        .settled(
            "GET /v1.0/identity/conditionalAccess/policies",
            json!({"value": [{"id": ONE, "state": "enabled"}]}),
            (200, json!({"value": [{"id": ONE, "state": "disabled"}]})),
        ),
        row(
            Graph,
            "DELETE /v1.0/applications/{}",
            "DELETE https://graph.microsoft.com/v1.0/applications/00000000-0000-0000-0000-00000000000b",
            perform(Action::RemoveOwnIdentity, 0xb),
        )
        .what("our own")
        .answered(204)
        .makes("accepted; done")
        .settled(SHOWN, shown("application"), none()),
        row(
            Graph,
            "DELETE /v1.0/servicePrincipals/{}",
            "DELETE https://graph.microsoft.com/v1.0/servicePrincipals/00000000-0000-0000-0000-00000000000b",
            perform(Action::RemoveOwnIdentity, 0xb),
        )
        .what("our own")
        .answered(204)
        .makes("accepted; done")
        .settled(SHOWN, shown("servicePrincipal"), none()),
    ]
}

fn domains() -> Vec<Row> {
    let domain =
        |name: &str, default: bool| json!({"id": name, "isInitial": false, "isDefault": default});
    let initial = "contoso.onmicrosoft.com";
    vec![
        row(
            Graph,
            "PATCH /v1.0/domains/{}",
            "PATCH https://graph.microsoft.com/v1.0/domains/contoso.onmicrosoft.com\n\n{\"isDefault\": true}",
            Run::Perform(Intent::on_domain(Step::CancelSubscriptions, Action::MakeDomainDefault, initial)),
        )
        .answered(204)
        .makes("accepted; done")
        .settled("GET /v1.0/domains/{}", domain(initial, false), (200, domain(initial, true))),
        row(
            Graph,
            "DELETE /v1.0/domains/{}",
            "DELETE https://graph.microsoft.com/v1.0/domains/contoso.nl",
            Run::Perform(on_domain(Action::ReleaseDomain)),
        )
        .answered(204)
        .makes("accepted; done")
        .settled("GET /v1.0/domains/{}", domain("contoso.nl", false), absent()),
        row(
            Graph,
            "POST /v1.0/domains/{}/forceDelete",
            "POST https://graph.microsoft.com/v1.0/domains/contoso.nl/forceDelete\n\n{\"disableUserAccounts\": false}",
            Run::Perform(on_domain(Action::ForceReleaseDomain)),
        )
        .answered(200)
        .makes("accepted; done")
        .settled("GET /v1.0/domains/{}", domain("contoso.nl", false), absent()),
    ]
}
