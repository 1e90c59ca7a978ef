//! Authors: who created a closure is stamped, and the stamp stays.

use super::cluster::Cluster;
use super::manifests::{approval, closure, forged};
use super::server::{OPERATOR_USER, Server};
use super::{in_time, refused};
use serde_json::{Value, json};
use tenant_closure::api::REQUESTED_BY;

fn author(closure: &Value) -> Option<&str> {
    closure["metadata"]["annotations"][REQUESTED_BY].as_str()
}

#[tokio::test]
async fn the_creator_is_stamped_whatever_the_manifest_says() {
    let server = Server::ready().await;
    let space = server.namespace("stamped").await;
    let own = server
        .create("alice", &space, &closure("own"))
        .await
        .unwrap();
    assert_eq!(author(&own), Some("alice"));
    let borrowed = server
        .create("alice", &space, &forged("borrowed", "bob"))
        .await;
    assert_eq!(author(&borrowed.unwrap()), Some("alice"));
    let applied = server
        .apply("bob", "flux", &space, &forged("applied", "alice"))
        .await;
    assert_eq!(author(&applied.unwrap()), Some("bob"));
}

#[tokio::test]
async fn the_stamp_stays_whoever_writes() {
    let server = Server::ready().await;
    let space = server.namespace("stays").await;
    let stored = server
        .create("alice", &space, &closure("contoso"))
        .await
        .unwrap();

    // A plain PUT that does not know the annotation.
    let mut bare = stored.clone();
    bare["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("annotations");
    bare["spec"]["suspend"] = json!(true);
    let replaced = server.replace("bob", &bare, false).await.unwrap();
    assert_eq!(
        (author(&replaced), &replaced["spec"]["suspend"]),
        (Some("alice"), &json!(true))
    );

    for value in [json!("bob"), json!(""), Value::Null] {
        let patch = json!({"metadata": {"annotations": {REQUESTED_BY: value}}});
        let patched = server.change("bob", &replaced, patch).await.unwrap();
        assert_eq!(author(&patched), Some("alice"));
    }
    let patched = server
        .change("bob", &replaced, json!({"metadata": {"annotations": null}}))
        .await;
    assert_eq!(author(&patched.unwrap()), Some("alice"));

    // GitOps tools own what they apply, and drop what they no longer apply.
    let applied = server
        .apply("bob", "flux", &space, &closure("contoso"))
        .await
        .unwrap();
    assert_eq!(author(&applied), Some("alice"));
    let applied = server
        .apply("bob", "flux", &space, &forged("contoso", "bob"))
        .await
        .unwrap();
    assert_eq!(author(&applied), Some("alice"));
    let applied = server
        .apply("bob", "flux", &space, &closure("contoso"))
        .await
        .unwrap();
    assert_eq!(author(&applied), Some("alice"));

    let patch = json!({"metadata": {"annotations": {REQUESTED_BY: "bob"}}, "status": {
        "phase": "Planning", "steps": [], "blockers": [], "handOffs": [], "conditions": [],
    }});
    let patched = server
        .change_status(OPERATOR_USER, &applied, patch)
        .await
        .unwrap();
    assert_eq!(
        (author(&patched), &patched["status"]["phase"]),
        (Some("alice"), &json!("Planning"))
    );
}

/// The guard alone is what holds; the stamp is a convenience.
#[tokio::test]
async fn without_the_stamp_the_guard_still_holds() {
    let cluster = Cluster::start().await.unwrap();
    let server = Server(&cluster);
    server.install_without_the_stamp().await;
    let space = server.namespace("guarded").await;
    let must_name = "must name the user who creates the closure; leave it out and it is stamped";
    let bare = closure("bare");
    in_time(async || server.would_create("alice", &space, &bare).await.is_err()).await;

    refused(server.create("alice", &space, &bare).await, must_name);
    refused(
        server
            .create("alice", &space, &forged("borrowed", "bob"))
            .await,
        must_name,
    );
    let stored = server
        .create("alice", &space, &forged("own", "alice"))
        .await
        .unwrap();
    for value in [json!("bob"), json!(""), Value::Null] {
        let patch = json!({"metadata": {"annotations": {REQUESTED_BY: value}}});
        refused(
            server.change("bob", &stored, patch).await,
            "cannot be changed or dropped",
        );
    }
    server
        .change("bob", &stored, json!({"spec": {"suspend": true}}))
        .await
        .unwrap();

    // A closure that nobody vouches for, because it was made without the guard: nobody can approve it.
    let binding = "validatingadmissionpolicybinding/tenantclosure-author-guard";
    server.kubectl(&["delete", binding], None).await;
    in_time(async || server.create("alice", &space, &bare).await.is_ok()).await;
    let remedy = "nobody knows who created this closure, it is older than the admission policies; delete it (nothing is lost)";
    let it = approval("it", "bare", "bob");
    in_time(async || {
        let answer = server.would_create("bob", &space, &it).await;
        answer.is_err_and(|why| why.contains(remedy))
    })
    .await;
}
