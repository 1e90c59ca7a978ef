//! A name as an API server makes one of an identity provider's: it approves like any other.

use crate::approvals::give_role;
use crate::case::NAME;
use crate::cluster::ERIN;
use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tenant_closure::closure::report::Phase;

crate::rows![a_person_whose_name_is_an_address_with_a_prefix];

/// For how long the policies may take to hear of a new closure.
const PATIENCE: Duration = Duration::from_secs(120);

/// She approves by the plugin, as who the API server says that she is; bob is the second. Her name stands in her approval and
/// on what people read, and in no record.
async fn a_person_whose_name_is_an_address_with_a_prefix() {
    let mut trial = Trial::new("oidc-approver", json!({"users": 30})).await;
    trial.spec()["approval"] = json!({"required": 2});
    let (namespace, cluster) = (trial.case.namespace.clone(), trial.case.cluster.clone());
    give_role(&trial, "another-approver", "closure-approver", ERIN).await;
    trial.apply().await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    let digest = status.plan.unwrap().digest;
    let domain = trial.case.portal.tenant.initial_domain.clone();
    let words = [
        "approve",
        NAME,
        "--plan",
        &digest[..12],
        "--confirm",
        &domain,
    ];
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut plugin = tokio::process::Command::new(env!("CARGO_BIN_EXE_kubectl-tenant_closure"));
        plugin.args(["--namespace", &namespace]).args(words);
        let said = plugin.env("KUBECONFIG", cluster.kubeconfig(ERIN)).output();
        let said = said.await.unwrap();
        if said.status.success() {
            let told = String::from_utf8_lossy(&said.stdout).into_owned();
            assert!(told.contains(ERIN), "{told}");
            break;
        }
        let why = String::from_utf8_lossy(&said.stderr);
        assert!(Instant::now() < deadline, "{why}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    trial
        .until("one of two approvals", |status| {
            condition(status, "Ready").2.contains("1 of 2 approvals")
        })
        .await;
    trial.assert_untouched().await;
    trial.assert_closes().await;

    let listed = async |what: &str, namespace: &str| -> Vec<Value> {
        let args = ["get", what, "-n", namespace, "-o", "json"];
        let (done, out, why) = cluster.kubectl("admin", &args, None).await.unwrap();
        assert!(done, "{why}");
        let list: Value = serde_json::from_str(&out).unwrap();
        list["items"].as_array().unwrap().clone()
    };
    let approvals = listed("closureapprovals", &namespace).await;
    let mut hers = approvals
        .iter()
        .filter(|one| one["spec"]["approver"] == ERIN);
    let uid = &hers.next().unwrap()["metadata"]["uid"];
    let records = listed("closurerecords", crate::stack::OPERATOR).await;
    let ours = |record: &&Value| record["spec"]["closureNamespace"] == json!(namespace);
    let records: Vec<&Value> = records.iter().filter(ours).collect();
    let resting = |record: &&&Value| {
        let named = record["spec"]["approvals"].as_array();
        named.is_some_and(|uids| uids.contains(uid) && uids.len() == 2)
    };
    assert!(records.iter().filter(resting).count() > 1, "{records:#?}");
    for record in records {
        assert!(!record.to_string().contains("erin"), "{record:#}");
    }
}
