//! The credential: the Secret in Kubernetes, and what Microsoft's token endpoint makes of it.

use crate::simulator::Portal;
use crate::trial::{Blocked, Trial};
use serde_json::{Value, json};
use tenant_closure::closure::report::Phase;

crate::rows![
    missing,
    not_granted,
    lacking_a_key,
    labelled_for_another_tenant,
    a_wrong_secret,
    an_expired_secret,
    a_secret_replaced_midway,
    another_application_midway,
    an_application_of_another_tenant,
    a_token_for_another_tenant
];

const SECRET: &str = "contoso-closer";

fn told(told: &Blocked, message: &str, remedy: &str) {
    assert!(told.message.contains(message), "{}", told.message);
    assert!(told.remedy.contains(remedy), "{}", told.remedy);
}

/// The Secret as it should be, in the namespace of this row.
fn secret(trial: &Trial) -> Value {
    let tenant = &trial.case.portal.tenant;
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": trial.case.namespace, "labels": {"tenantclosure.dev/tenant-id": tenant.id}},
        "stringData": {"clientId": tenant.app_id, "clientSecret": tenant.client_secret},
    })
}

async fn put(trial: &Trial, secret: &Value) {
    let cluster = &trial.case.cluster;
    cluster.apply("admin", &secret.to_string()).await.unwrap();
}

async fn kubectl(trial: &Trial, args: &[&str]) {
    let args = [args, &["-n", &trial.case.namespace]].concat();
    let cluster = &trial.case.cluster;
    let (done, _, why) = cluster.kubectl("admin", &args, None).await.unwrap();
    assert!(done, "{args:?}: {why}");
}

async fn missing() {
    let trial = Trial::new("secret-missing", json!({})).await;
    kubectl(&trial, &["delete", "secret", SECRET]).await;
    trial.apply().await;
    told(
        &trial.blocked("CredentialMissing").await,
        "There is no Secret contoso-closer in namespace secret-missing",
        "Create it with the keys clientId and clientCertificate or clientSecret, and the label tenantclosure.dev/tenant-id",
    );
    trial.assert_untouched().await;
    put(&trial, &secret(&trial)).await;
    trial.phase(Phase::AwaitingApproval).await;
}

/// The remedy is the Role to apply, and it helps.
async fn not_granted() {
    let trial = Trial::new("secret-forbidden", json!({})).await;
    let role = "tenant-closure-credentials";
    kubectl(&trial, &["delete", "rolebinding,role", role]).await;
    trial.apply().await;
    let blocked = trial.blocked("CredentialsForbidden").await;
    told(
        &blocked,
        "The operator may not read the Secret contoso-closer in namespace secret-forbidden",
        "create role tenant-closure-secret-contoso-closer --verb=get --resource=secrets --resource-name=contoso-closer",
    );
    trial.assert_untouched().await;
    trial.do_as_told(&blocked.remedy).await;
    trial.phase(Phase::AwaitingApproval).await;
    // The Role serves that one Secret, and to get it is all that it allows.
    let rights = [
        "auth",
        "can-i",
        "--quiet",
        "-n",
        "secret-forbidden",
        "--as=system:serviceaccount:tenant-closure:tenant-closure",
    ];
    for (verb, what, allowed) in [
        ("get", "secret/contoso-closer", true),
        ("get", "secret/contoso-reader", false),
        ("list", "secrets", false),
        ("update", "secret/contoso-closer", false),
    ] {
        let args = [&rights[..], &[verb, what]].concat();
        let (may, _, _) = trial
            .case
            .cluster
            .kubectl("admin", &args, None)
            .await
            .unwrap();
        assert_eq!(may, allowed, "{verb} {what}");
    }
}

async fn lacking_a_key() {
    let trial = Trial::new("secret-incomplete", json!({})).await;
    let patch = r#"[{"op": "remove", "path": "/data/clientSecret"}]"#;
    kubectl(
        &trial,
        &["patch", "secret", SECRET, "--type=json", "-p", patch],
    )
    .await;
    trial.apply().await;
    told(
        &trial.blocked("CredentialIncomplete").await,
        "The Secret contoso-closer lacks a usable key clientCertificate or clientSecret",
        "Give it the keys clientId (a GUID) and clientCertificate (PEM, with its key) or clientSecret",
    );
    let mut nameless = secret(&trial);
    nameless["stringData"]["clientId"] = json!("the application");
    put(&trial, &nameless).await;
    trial
        .until("told of the other key", |status| {
            let summary = status.summary.as_deref().unwrap_or_default();
            summary.contains("lacks a usable key clientId")
        })
        .await;
    trial.assert_untouched().await;
    put(&trial, &secret(&trial)).await;
    trial.phase(Phase::AwaitingApproval).await;
}

/// A Secret that is not labelled for this tenant is not even read.
async fn labelled_for_another_tenant() {
    let trial = Trial::new("secret-mislabelled", json!({})).await;
    let other = "tenantclosure.dev/tenant-id=5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de";
    kubectl(&trial, &["label", "secret", SECRET, "--overwrite", other]).await;
    trial.apply().await;
    let blocked = trial.blocked("CredentialForAnotherTenant").await;
    let id = &trial.case.portal.tenant.id;
    told(
        &blocked,
        "The Secret contoso-closer does not say that it is for tenant",
        &format!("tenantclosure.dev/tenant-id={id}"),
    );
    trial.assert_untouched().await;
    trial.do_as_told(&blocked.remedy).await;
    trial.phase(Phase::AwaitingApproval).await;
}

async fn a_wrong_secret() {
    let trial = Trial::new("token-wrong-secret", json!({})).await;
    let mut wrong = secret(&trial);
    wrong["stringData"]["clientSecret"] = json!("guessed");
    put(&trial, &wrong).await;
    trial.apply().await;
    told(
        &trial.blocked("CredentialRefused").await,
        "the client secret is not one of the application's",
        "Put a client secret of the application into the Secret",
    );
    trial.assert_untouched().await;
    put(&trial, &secret(&trial)).await;
    trial.phase(Phase::AwaitingApproval).await;
}

async fn an_expired_secret() {
    let trial = Trial::new("token-expired", json!({"closer": {"secretExpired": true}})).await;
    trial.apply().await;
    told(
        &trial.blocked("CredentialRefused").await,
        "the client secret has expired",
        "Make a new client secret",
    );
    trial.assert_untouched().await;
    let portal = &trial.case.portal;
    let press =
        json!({"action": "changeApplication", "id": portal.tenant.app_id, "newSecret": true});
    let made = portal.press_with(&press).await.unwrap();
    let mut renewed = secret(&trial);
    renewed["stringData"]["clientSecret"] = made["clientSecret"].clone();
    put(&trial, &renewed).await;
    trial.phase(Phase::AwaitingApproval).await;
}

/// It expires while users are deleted: nothing is lost, and it goes on with the new one.
async fn a_secret_replaced_midway() {
    let trial = Trial::new("token-replaced", json!({"users": 200})).await;
    trial.apply().await;
    let portal = &trial.case.portal;
    let replace = async {
        trial.until_effects(40).await;
        let press =
            json!({"action": "changeApplication", "id": portal.tenant.app_id, "newSecret": true});
        let made = portal.press_with(&press).await.unwrap();
        let mut renewed = secret(&trial);
        renewed["stringData"]["clientSecret"] = made["clientSecret"].clone();
        put(&trial, &renewed).await;
    };
    trial.with_persons(replace).await;
    trial.assert_closes().await;
}

/// Somebody puts another application of the same tenant in its place while users are deleted.
async fn another_application_midway() {
    let trial = Trial::new("application-swapped", json!({"users": 200})).await;
    trial.apply().await;
    let tenant = &trial.case.portal.tenant;
    let (reader, word) = (&tenant.reader_app_id, &tenant.reader_secret);
    let mut other = secret(&trial);
    other["stringData"] =
        json!({"clientId": reader.as_ref().unwrap(), "clientSecret": word.as_ref().unwrap()});
    let swapped = async {
        trial.until_effects(40).await;
        put(&trial, &other).await;
        trial.blocked("PlanDrift").await
    };
    told(
        &trial.with_persons(swapped).await,
        &format!(
            "and the approved plan names the application {}",
            tenant.app_id
        ),
        "Put the credential of the application that the plan names back",
    );
    trial.assert_stands_still().await;
    put(&trial, &secret(&trial)).await;
    trial.assert_closes().await;
}

/// The application of the credential is not known in the tenant that the closure names.
async fn an_application_of_another_tenant() {
    let trial = Trial::new("token-other-application", json!({})).await;
    let other = Trial::new("token-other-owner", json!({})).await;
    let mut foreign = secret(&trial);
    foreign["stringData"] = json!({"clientId": other.case.portal.tenant.app_id, "clientSecret": other.case.portal.tenant.client_secret});
    put(&trial, &foreign).await;
    trial.apply().await;
    told(
        &trial.blocked("CredentialRefused").await,
        "the tenant does not know the application",
        "Put the credential of an application of this tenant into the Secret",
    );
    trial.assert_untouched().await;
    other.assert_untouched().await;
}

/// The token endpoint hands out a token for another tenant: it is never used.
async fn a_token_for_another_tenant() {
    let trial = Trial::new("token-crossed", json!({})).await;
    let other = Trial::new("token-crossed-other", json!({})).await;
    let body = token(&other.case.portal).await;
    // Whoever comes with that token is struck, and counted.
    let anything = json!({"status": {"code": 500}});
    other
        .case
        .portal
        .fault(json!({}), anything, None)
        .await
        .unwrap();
    let door = json!({"method": "POST", "pathContains": "/oauth2/v2.0/token"});
    let portal = &trial.case.portal;
    portal
        .fault(door, json!({"status": {"code": 200, "body": body}}), None)
        .await
        .unwrap();
    trial.apply().await;
    told(
        &trial.blocked("TenantMismatch").await,
        "The credential belongs to another tenant than spec.tenant.id",
        "Correct the credential",
    );
    trial.assert_untouched().await;
    other.assert_untouched().await;
    assert_eq!(other.case.portal.struck().await.unwrap(), 0, "it was used");
    portal.lift_faults().await.unwrap();
    trial.phase(Phase::AwaitingApproval).await;
}

/// A token of the closing application.
async fn token(portal: &Portal) -> Value {
    let tenant = &portal.tenant;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &tenant.app_id),
        ("client_secret", &tenant.client_secret),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let path = format!("login/{}/oauth2/v2.0/token", tenant.id);
    portal.form(&path, &form).await.unwrap()
}
