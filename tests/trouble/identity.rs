//! Without a secret: a certificate, and the operator's own identity in the cluster.

use crate::federation::{PEM, SUBJECT, token, trusted};
use crate::stack::{FEDERATED_TOKEN, OPERATOR};
use crate::trial::Trial;
use serde_json::json;
use tenant_closure::closure::report::Phase;

crate::rows![
    a_certificate_instead_of_a_secret,
    the_operators_own_identity_where_its_configuration_binds_it
];

const OTHER: &str = include_str!("../support/other-certificate.pem");

async fn put_certificate(trial: &Trial, pem: &str) {
    let tenant = &trial.case.portal.tenant;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "stringData": {"clientId": tenant.app_id, "clientCertificate": pem},
        "metadata": {"name": "contoso-closer", "namespace": trial.case.namespace,
            "labels": {"tenantclosure.dev/tenant-id": tenant.id}},
    });
    let cluster = &trial.case.cluster;
    let gone = [
        "delete",
        "secret",
        "contoso-closer",
        "-n",
        &trial.case.namespace,
    ];
    let (done, _, why) = cluster.kubectl("admin", &gone, None).await.unwrap();
    assert!(done, "{why}");
    cluster.apply("admin", &secret.to_string()).await.unwrap();
}

async fn a_certificate_instead_of_a_secret() {
    let tenant = json!({"closer": {"certificates": [PEM], "clientSecret": "unused"}});
    let trial = Trial::new("certificate", tenant).await;
    let key = OTHER.find("-----BEGIN PRIVATE KEY").unwrap();
    let certificate = PEM.find("-----BEGIN PRIVATE KEY").unwrap();
    put_certificate(&trial, &PEM[..certificate]).await;
    trial.apply().await;
    let told = trial.blocked("CredentialRefused").await;
    assert!(
        told.message.starts_with(
            "Nothing can be proven with the credential: no certificate with an RSA key"
        ),
        "{}",
        told.message
    );

    let swapped = format!("{}{}", &PEM[..certificate], &OTHER[key..]);
    for (pem, says, remedy) in [
        (
            swapped.as_str(),
            "the private key is none of the certificate's",
            "together with its own private key",
        ),
        (
            OTHER,
            "the certificate is not one of the application's, or has expired",
            "Add the certificate to the application",
        ),
    ] {
        put_certificate(&trial, pem).await;
        let told = trial.blocked_with("CredentialRefused", says).await;
        assert!(told.remedy.contains(remedy), "{}", told.remedy);
    }
    trial.assert_untouched().await;
    put_certificate(&trial, PEM).await;
    trial.assert_closes().await;
}

async fn the_operators_own_identity_where_its_configuration_binds_it() {
    let namespace = "workload-identity";
    let tenant = json!({"closer": {"federatedCredentials": [trusted()]}});
    let mut trial = Trial::new(namespace, tenant).await;
    let file = trial.folder().join(FEDERATED_TOKEN);
    let (id, app) = {
        let tenant = &trial.case.portal.tenant;
        (tenant.id.clone(), tenant.app_id.clone())
    };
    trial.spec()["credentials"] = json!({"workloadIdentity": {"clientId": app}});
    trial.apply().await;

    let told = trial.blocked("WorkloadIdentityNotBound").await;
    let says = format!("does not bind tenant {id} to namespace {namespace}");
    assert!(told.message.contains(&says), "{}", told.message);
    assert!(
        told.remedy.contains("workloadIdentityTenants"),
        "{}",
        told.remedy
    );
    let bound =
        json!({"data": {"workloadIdentityTenants": format!("{namespace}: {id}")}}).to_string();
    let args = [
        "patch",
        "configmap",
        "tenant-closure",
        "-n",
        OPERATOR,
        "--type=merge",
        "-p",
        &bound,
    ];
    let (done, _, why) = trial
        .case
        .cluster
        .kubectl("admin", &args, None)
        .await
        .unwrap();
    assert!(done, "{why}");

    let told = trial.blocked("CredentialRefused").await;
    let says = "Nothing can be proven with the credential: the operator finds no token of its own in the cluster";
    assert!(told.message.starts_with(says), "{}", told.message);
    assert!(
        told.remedy.contains("workloadIdentity.enabled=true"),
        "{}",
        told.remedy
    );

    std::fs::write(&file, token("system:serviceaccount:default:default")).unwrap();
    let says = "the application trusts no token of this cluster's service account";
    let told = trial.blocked_with("CredentialRefused", says).await;
    assert!(
        told.remedy
            .contains("Add a federated credential to the application"),
        "{}",
        told.remedy
    );
    trial.assert_untouched().await;

    // The file is read for each token: what rotates is seen at once.
    std::fs::write(&file, token(SUBJECT)).unwrap();
    trial.phase(Phase::AwaitingApproval).await;
    trial.assert_closes().await;
}
