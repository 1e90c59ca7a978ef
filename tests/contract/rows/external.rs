//! What keeps a tenant from being deleted, besides users, applications and subscriptions.

use super::subscriptions::{AZURE, azure};
use super::{TENANT, told};
use crate::row::{But, Row, Run, row};
use serde_json::{Value, json};
use tenant_closure::closure::observation::{Fact, Observation, Question};
use tenant_closure::microsoft::Service::{Arm, Graph};

/// Everything of a directory for customers, in words.
fn external(seen: &Observation) -> Fact<String> {
    told(&seen.external, |found| {
        format!(
            "{:?}: {} flows, {} providers, {} policies, {} keys",
            found.directory,
            found.user_flows,
            found.identity_providers,
            found.custom_policies,
            found.policy_keys
        )
    })
}

fn domain_services(seen: &Observation) -> Fact<String> {
    told(&seen.domain_services, u32::to_string)
}

fn asks() -> Run {
    Run::Ask(Question::External, external)
}

const KIND: &str = "GET https://graph.microsoft.com/v1.0/organization?$select=tenantType";

fn kind(word: &str) -> Value {
    json!({"value": [{"tenantType": word}]})
}

pub fn rows() -> Vec<Row> {
    let two = json!({"value": [{"id": "one"}, {"id": "two"}]});
    let b2c = |call, request, reply: &Value| {
        row(Graph, call, request, asks())
            .reply(reply.clone())
            .makes("B2c: 2 flows, 2 providers, 2 policies, 2 keys")
            .given(KIND, 200, kind("AAD B2C"))
            .but(But::Paged)
    };
    vec![
        row(Graph, "GET /v1.0/organization", KIND, asks())
            .what("what kind of directory")
            .reply(kind("CIAM"))
            .makes("ExternalId: 2 flows, 2 providers, 0 policies, 0 keys"),
        row(
            Graph,
            "GET /v1.0/identity/identityProviders",
            "GET https://graph.microsoft.com/v1.0/identity/identityProviders",
            asks(),
        )
        .reply(json!({"value": [
            {"@odata.type": "#microsoft.graph.socialIdentityProvider", "id": "Facebook-OAUTH"},
            {"@odata.type": "#microsoft.graph.socialIdentityProvider", "id": "Google-OAUTH"}]}))
        .makes("ExternalId: 2 flows, 2 providers, 0 policies, 0 keys")
        // Without its type it is taken for one that somebody configured.
        .unread("value/@odata.type")
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/identity/authenticationEventsFlows",
            "GET https://graph.microsoft.com/v1.0/identity/authenticationEventsFlows",
            asks(),
        )
        .reply(two.clone())
        .makes("ExternalId: 2 flows, 2 providers, 0 policies, 0 keys")
        .but(But::Paged),
        b2c(
            "GET /beta/identity/b2cUserFlows",
            "GET https://graph.microsoft.com/beta/identity/b2cUserFlows",
            &two,
        ),
        b2c(
            "GET /beta/trustFramework/policies",
            "GET https://graph.microsoft.com/beta/trustFramework/policies",
            &two,
        ),
        b2c(
            "GET /beta/trustFramework/keySets",
            "GET https://graph.microsoft.com/beta/trustFramework/keySets",
            &two,
        ),
        row(
            Arm,
            "GET /subscriptions/{}/providers/Microsoft.AAD/domainServices",
            "GET https://management.azure.com/subscriptions/00000000-0000-0000-0000-0000000000e1/providers/Microsoft.AAD/domainServices?api-version=2022-12-01",
            Run::Ask(Question::DomainServices, domain_services),
        )
        .reply(json!({"value": [
            {"name": "aadds.contoso.com", "properties": {"tenantId": TENANT}},
            {"name": "aadds.contoso.nl", "properties": {"tenantId": TENANT}}]}))
        .makes("2")
        .unread("value/name")
        .unread("value/properties/tenantId")
        .given(
            "GET /subscriptions",
            200,
            json!({"value": [azure(AZURE, "Enabled")]}),
        )
        .but(But::Paged),
    ]
}
