//! The journal: who writes it, and that what is written stays.

use super::manifests::{outcome, record};
use super::refused;
use super::server::{OPERATOR_USER, ROBOT, Server};
use serde_json::{Value, json};

const ONLY_THE_OPERATOR: &str = "only the operator writes the journal";

#[tokio::test]
async fn only_the_operator_writes_it() {
    let server = Server::ready().await;
    let space = server.namespace("journal").await;
    for user in ["admin", "carol"] {
        refused(
            server.create(user, &space, &record("it")).await,
            ONLY_THE_OPERATOR,
        );
    }
    for user in ["alice", ROBOT] {
        let answer = server.create(user, &space, &record("it")).await;
        refused(answer, "cannot create resource \"closurerecords\"");
    }
    let stored = server
        .create(OPERATOR_USER, &space, &record("it"))
        .await
        .unwrap();
    for user in ["admin", "carol"] {
        refused(
            server.change_status(user, &stored, outcome(1)).await,
            ONLY_THE_OPERATOR,
        );
        let labels = json!({"metadata": {"labels": {"tenantclosure.dev/closure-uid": "another"}}});
        refused(
            server.change(user, &stored, labels).await,
            ONLY_THE_OPERATOR,
        );
    }
    server
        .change_status(OPERATOR_USER, &stored, outcome(1))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_it_says_stays() {
    let server = Server::ready().await;
    let space = server.namespace("stays-said").await;
    let stored = server
        .create(OPERATOR_USER, &space, &record("it"))
        .await
        .unwrap();
    let changes = [
        json!({"sequence": 2}),
        json!({"holder": "another"}),
        json!({"intent": null}),
        json!({"intent": {"objects": []}}),
        json!({"previous": "ab"}),
        // The schema knows nothing of what is inside.
        json!({"memory": {"cursor": 8}}),
        json!({"memory": {"started": {"Users": "2026-11-24T08:00:00Z"}}}),
        json!({"memory": {"cursor": null}}),
    ];
    for change in changes {
        let answer = server
            .change(OPERATOR_USER, &stored, json!({"spec": change}))
            .await;
        refused(
            answer,
            "a record cannot be changed; what comes later is a record of its own",
        );
    }
}

#[tokio::test]
async fn an_outcome_is_written_once_and_stays() {
    let server = Server::ready().await;
    let space = server.namespace("outcomes").await;
    let stored = server
        .create(OPERATOR_USER, &space, &record("it"))
        .await
        .unwrap();
    let settled = server
        .change_status(OPERATOR_USER, &stored, outcome(400))
        .await
        .unwrap();
    assert_eq!(settled["status"]["outcome"]["seen"]["gone"], 400);
    // The same again changes nothing.
    server
        .change_status(OPERATOR_USER, &stored, outcome(400))
        .await
        .unwrap();

    let once = "the outcome of a record is written once and stays; what is seen later is a record of its own";
    let patches = [
        outcome(399),
        json!({"status": {"outcome": {"inDoubt": true}}}),
        json!({"status": {"outcome": {"seen": {"refused": [{"status": 403, "code": "Denied", "objects": []}]}}}}),
        json!({"status": {"outcome": null}}),
        json!({"status": {}, "metadata": {"annotations": {}}}),
        json!({"status": null}),
    ];
    for patch in patches {
        let harmless = patch["status"] == json!({});
        let answer = server.change_status(OPERATOR_USER, &settled, patch).await;
        if harmless {
            assert_eq!(answer.unwrap()["status"], settled["status"]);
        } else {
            refused(answer, once);
        }
    }
    for status in [Value::Null, json!({})] {
        let mut wiped = settled.clone();
        wiped["status"] = status;
        refused(server.replace(OPERATOR_USER, &wiped, true).await, once);
    }
    let mut without = settled.clone();
    without.as_object_mut().unwrap().remove("status");
    refused(server.replace(OPERATOR_USER, &without, true).await, once);
}
