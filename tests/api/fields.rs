//! Fields whose parts depend on each other: what goes together and what excludes each other.

use super::manifests::closure;
use super::refused;
use super::server::Server;
use serde_json::{Value, json};

/// A field, what cannot be meant there, and words of the answer.
type Spoilt = (&'static str, Value, &'static str);

async fn each_is_refused(space: &str, spoilt: Vec<Spoilt>) {
    let server = Server::ready().await;
    let space = server.namespace(space).await;
    for (field, value, words) in spoilt {
        let mut closure = closure("spoilt");
        closure["spec"][field] = value;
        refused(server.would_create("alice", &space, &closure).await, words);
    }
}

async fn each_is_accepted(space: &str, field: &str, values: Vec<Value>) {
    let server = Server::ready().await;
    let space = server.namespace(space).await;
    for value in values {
        let mut closure = closure("good");
        closure["spec"][field] = value;
        let answer = server.would_create("alice", &space, &closure).await;
        assert_eq!(answer.unwrap()["spec"], closure["spec"]);
    }
}

#[tokio::test]
async fn a_person_or_a_job_vouches_for_the_backup() {
    each_is_accepted(
        "backups",
        "backup",
        vec![
            json!({"acknowledged": true}),
            json!({"acknowledged": false, "reference": "not yet"}),
            json!({"jobName": "nightly", "maxAge": "36h"}),
            json!({"jobName": "nightly", "maxAge": "1h30m0s", "reference": "BKP-2291"}),
        ],
    )
    .await;
    let spoilt: Vec<Spoilt> = vec![
        (
            "backup",
            json!({"reference": "BKP-2291"}),
            "say acknowledged: true, or name in jobName the Job that makes the backup",
        ),
        (
            "backup",
            json!({"acknowledged": true, "jobName": "nightly", "maxAge": "24h"}),
            "either a person vouches for the backup, or a Job does",
        ),
        (
            "backup",
            json!({"jobName": "nightly"}),
            "jobName and maxAge go together",
        ),
        (
            "backup",
            json!({"acknowledged": true, "maxAge": "24h"}),
            "jobName and maxAge go together",
        ),
        (
            "backup",
            json!({"jobName": "nightly", "maxAge": "2 days"}),
            "must be a duration of at least one minute in h, m and s, such as 36h",
        ),
        (
            "backup",
            json!({"jobName": "nightly", "maxAge": "30s"}),
            "must be a duration of at least one minute",
        ),
        (
            "backup",
            json!({"jobName": "nightly", "maxAge": "-24h"}),
            "must be a duration of at least one minute",
        ),
        (
            "backup",
            json!({"jobName": "", "maxAge": "24h"}),
            "at least 1 chars long",
        ),
    ];
    each_is_refused("no-backups", spoilt).await;
}

const PAYER: &str = "7a3b0c1d-2e3f-4a5b-8c6d-7e8f90a1b2c3";

#[tokio::test]
async fn an_account_of_another_tenant_names_it_and_brings_its_credential() {
    let other = json!({"secretName": "payer-closer"});
    let account = |more: Value| {
        let mut account = json!({"kind": "CustomerAgreement"});
        for (key, value) in more.as_object().unwrap() {
            account[key] = value.clone();
        }
        json!({"accounts": [account]})
    };
    let together = "tenantId and credentials go together: the tenant that the account is used from";
    let spoilt: Vec<Spoilt> = vec![
        ("billing", account(json!({"tenantId": PAYER})), together),
        ("billing", account(json!({"credentials": other})), together),
        (
            "billing",
            account(json!({"tenantId": PAYER.to_uppercase(), "credentials": other})),
            "must be a GUID in lower case: the id of the tenant that the account is used from",
        ),
        (
            "billing",
            account(json!({"tenantId": PAYER, "credentials": {}})),
            "name either a Secret in secretName, or an application in workloadIdentity",
        ),
        (
            "billing",
            json!({"accounts": [{"kind": "CustomerAgreement"}, {"kind": "CustomerAgreement"}]}),
            "the same account is listed twice: name each pair of kind and tenantId once",
        ),
        (
            "billing",
            json!({"stopRenewalFirst": true, "accounts": [{"kind": "AzureSubscription"}]}),
            "stopRenewalFirst needs an account of kind CustomerAgreement or Partner",
        ),
        (
            "billing",
            json!({"accounts": [{"kind": "Partner"}]}),
            "an account of kind Partner needs tenantId and credentials: the partner's own tenant",
        ),
        (
            "directory",
            json!({"credentials": other, "resourceTenantId": PAYER}),
            "credentials are for resource, which is missing",
        ),
        (
            "directory",
            json!({"resourceTenantId": PAYER}),
            "resourceTenantId and credentials go together",
        ),
    ];
    each_is_refused("no-accounts", spoilt).await;
    each_is_accepted(
        "accounts",
        "billing",
        vec![
            account(json!({"tenantId": PAYER, "credentials": other})),
            json!({"stopRenewalFirst": true, "accounts": [{"kind": "AzureSubscription"}, {"kind": "CustomerAgreement"}]}),
            json!({"stopRenewalFirst": false, "accounts": []}),
            json!({"stopRenewalFirst": true, "accounts": [{"kind": "Partner", "tenantId": PAYER, "credentials": other}]}),
        ],
    )
    .await;
}

#[tokio::test]
async fn azure_subscriptions_are_accepted_by_id() {
    let azure = |ids: Value| json!([{"kind": "AzureResources", "reference": "CAB-118", "subscriptions": ids}]);
    let shape = "must be ids of Azure subscriptions, GUIDs in lower case";
    let spoilt: Vec<Spoilt> = vec![
        ("accept", azure(json!(["AZURE_PAYG"])), shape),
        ("accept", azure(json!([PAYER, PAYER.to_uppercase()])), shape),
        (
            "accept",
            azure(json!(vec![PAYER; 501])),
            "must have at most 500 items",
        ),
        (
            "accept",
            json!([{"kind": "Groups", "reference": "CAB-118", "subscriptions": []}]),
            "subscriptions go with kind AzureResources",
        ),
    ];
    each_is_refused("no-azure", spoilt).await;
    let good = vec![
        azure(json!([])),
        azure(json!([PAYER])),
        json!([{"kind": "AzureResources", "reference": "CAB-118"}]),
    ];
    each_is_accepted("azure", "accept", good).await;
}

#[tokio::test]
async fn domains_to_release_are_named_once_and_the_initial_one_stays() {
    let release = |names: &[&str]| json!({"release": names});
    let shape = "must be names of domains in lower case, such as contoso.nl";
    let spoilt: Vec<Spoilt> = vec![
        ("domains", json!({}), "release: Required value"),
        ("domains", release(&[]), "should have at least 1 items"),
        ("domains", release(&["Contoso.nl"]), shape),
        ("domains", release(&["contoso"]), shape),
        ("domains", release(&["https://contoso.nl"]), shape),
        ("domains", release(&["contoso.nl", "bücher.example"]), shape),
        (
            "domains",
            release(&["contoso.nl", "contoso.nl"]),
            "a domain is listed twice: name each once",
        ),
        (
            "domains",
            release(&["contoso.nl", "contoso.onmicrosoft.com"]),
            "the initial domain cannot be released, it goes with the tenant",
        ),
        (
            "domains",
            json!({"release": vec!["contoso.nl"; 21]}),
            "must have at most 20 items",
        ),
    ];
    each_is_refused("no-domains", spoilt).await;
    let good = vec![
        release(&["contoso.nl"]),
        release(&[
            "contoso.nl",
            "shop.contoso.nl",
            "xn--bcher-kva.example",
            "contoso.mail.onmicrosoft.com",
        ]),
    ];
    each_is_accepted("domains", "domains", good).await;
}

#[tokio::test]
async fn a_secret_or_workload_identity_is_signed_in_with() {
    let app = "9d4c1e2f-3a4b-4c5d-8e6f-0a1b2c3d4e5f";
    let either = "name either a Secret in secretName, or an application in workloadIdentity";
    let spoilt: Vec<Spoilt> = vec![
        ("credentials", json!({}), either),
        (
            "credentials",
            json!({"secretName": "a", "workloadIdentity": {"clientId": app}}),
            either,
        ),
        (
            "credentials",
            json!({"readerSecretName": "a", "workloadIdentity": {"clientId": app}}),
            "readerSecretName goes with secretName",
        ),
        (
            "credentials",
            json!({"workloadIdentity": {}}),
            "clientId: Required value",
        ),
        (
            "credentials",
            json!({"workloadIdentity": {"clientId": "contoso"}}),
            "must be a GUID: the application (client) id",
        ),
        (
            "credentials",
            json!({"workloadIdentity": {"clientId": app, "readerClientId": "contoso"}}),
            "must be a GUID: the application (client) id",
        ),
    ];
    each_is_refused("no-credentials", spoilt).await;
    let good = vec![
        json!({"workloadIdentity": {"clientId": app}}),
        json!({"workloadIdentity": {"clientId": app, "readerClientId": app}}),
        json!({"secretName": "a", "readerSecretName": "b"}),
    ];
    each_is_accepted("credentials", "credentials", good).await;
}
