//! The control plane that the other tests stand on is a real one.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[allow(dead_code)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;

use std::time::Duration;

use cluster::{Audit, Cluster, Options};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, DeleteParams, ListParams, PostParams};

#[tokio::test]
async fn it_is_the_version_meant_and_it_knows_who_asks() {
    let cluster = Cluster::shared().await.unwrap();
    let admin = cluster.client("admin");
    assert_eq!(
        admin.apiserver_version().await.unwrap().git_version,
        "v1.37.2"
    );

    let namespace: Namespace =
        serde_json::from_value(serde_json::json!({"metadata": {"name": "made"}})).unwrap();
    Api::all(admin)
        .create(&PostParams::default(), &namespace)
        .await
        .unwrap();

    let alice = Api::<Namespace>::all(cluster.client("alice"));
    match alice.list(&ListParams::default()).await {
        Err(kube::Error::Api(status)) => assert_eq!(status.code, 403, "{status:?}"),
        other => panic!("alice was not refused: {other:?}"),
    }
    let (ok, _, stderr) = cluster
        .kubectl("bob", &["get", "namespaces"], None)
        .await
        .unwrap();
    assert!(!ok && stderr.contains("\"bob\" cannot list"), "{stderr}");
}

#[tokio::test]
async fn it_gives_tokens_to_service_accounts_and_vanishes_when_dropped() {
    let began = std::time::Instant::now();
    let cluster = Cluster::start().await.unwrap();
    println!("ready in {:?}", began.elapsed());

    let account =
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot, namespace: default}}";
    let said = cluster.apply("admin", account).await.unwrap();
    assert!(said.contains("serviceaccount/robot created"), "{said}");
    let kubeconfig = cluster
        .service_account_kubeconfig("default", "robot")
        .await
        .unwrap();
    assert!(kubeconfig.exists());
    let (ok, who, stderr) = cluster
        .kubectl("default.robot", &["auth", "whoami"], None)
        .await
        .unwrap();
    assert!(
        ok && who.contains("system:serviceaccount:default:robot"),
        "{who}{stderr}"
    );

    let (ok, kinds, stderr) = cluster
        .kubectl(
            "admin",
            &["api-resources", "--api-group=admissionregistration.k8s.io"],
            None,
        )
        .await
        .unwrap();
    let served =
        |line: &str| line.starts_with("mutatingadmissionpolicies ") && line.contains("k8s.io/v1 ");
    assert!(ok && kinds.lines().any(served), "{kinds}{stderr}");

    let dir = cluster.dir().to_owned();
    let address = cluster.url().trim_start_matches("https://").to_owned();
    drop(cluster);
    assert!(!dir.exists(), "{} is still there", dir.display());
    assert!(
        std::net::TcpStream::connect(address).is_err(),
        "the API server still listens"
    );
}

#[tokio::test]
async fn policies_of_both_kinds_act() {
    let cluster = Cluster::shared().await.unwrap();
    let namespace =
        "{apiVersion: v1, kind: Namespace, metadata: {name: guarded, labels: {guarded: 'yes'}}}";
    cluster.apply("admin", namespace).await.unwrap();
    cluster.apply("admin", POLICIES).await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client("admin"), "guarded");
    let map = |name: &str, key: &str| -> ConfigMap {
        serde_json::from_value(serde_json::json!({"metadata": {"name": name}, "data": {key: ""}}))
            .unwrap()
    };

    // They act about a second after their creation, each in its own time.
    let mut refusal = None;
    let mut stamped = false;
    for turn in 0..50 {
        if refusal.is_none() {
            let wrong = map(&format!("wrong-{turn}"), "password");
            let tried = maps.create(&PostParams::default(), &wrong).await;
            refusal = tried.err().map(|error| error.to_string());
        }
        let made = maps
            .create(&PostParams::default(), &map("right", "key"))
            .await
            .unwrap();
        let notes = made.metadata.annotations.unwrap_or_default();
        stamped = notes.get("example.test/author").map(String::as_str) == Some("admin");
        if refusal.is_some() && stamped {
            break;
        }
        maps.delete("right", &DeleteParams::default())
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let refusal = refusal.expect("the validating policy does not act");
    assert!(
        refusal.contains("put the password into a Secret"),
        "{refusal}"
    );
    assert!(stamped, "the mutating policy does not act");
}

#[tokio::test]
async fn it_can_keep_an_audit_log() {
    let cluster = Cluster::start_with(&Options {
        audit: Some(Audit::default()),
    })
    .await
    .unwrap();
    let log = std::fs::read_to_string(cluster.audit_log()).unwrap();
    let asked = |line: &str| line.contains("/api/v1/namespaces/default");
    assert!(log.lines().any(asked), "{log}");
}

const POLICIES: &str = r#"
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: { name: stamp-author }
spec:
  matchConstraints: { resourceRules: [{ apiGroups: [""], apiVersions: [v1], resources: [configmaps], operations: [CREATE] }] }
  reinvocationPolicy: IfNeeded
  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: 'Object{metadata: Object.metadata{annotations: {"example.test/author": request.userInfo.username}}}'
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: { name: stamp-author }
spec: { policyName: stamp-author, matchResources: { namespaceSelector: { matchLabels: { guarded: "yes" } } } }
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: no-passwords }
spec:
  matchConstraints: { resourceRules: [{ apiGroups: [""], apiVersions: [v1], resources: [configmaps], operations: [CREATE] }] }
  validations: [{ expression: "!('password' in object.data)", message: put the password into a Secret }]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: no-passwords }
spec: { policyName: no-passwords, validationActions: [Deny], matchResources: { namespaceSelector: { matchLabels: { guarded: "yes" } } } }
"#;
