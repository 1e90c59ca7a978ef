//! The control plane that the other tests stand on is a real one.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[allow(dead_code)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;

use cluster::Cluster;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ListParams, PostParams};

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
