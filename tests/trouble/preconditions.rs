//! What step 0 asks of the author before anything is changed.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use std::time::Duration;
use tenant_closure::closure::report::Phase;

#[tokio::test]
async fn mode_plan_writes_nothing() {
    let mut trial = Trial::new("mode-plan", json!({"sync": {"enabled": true}})).await;
    let told = json!({"tenant": trial.case.portal.tenant.id, "mode": "Plan"});
    trial.case.portal.post("judge", &told).await.unwrap();
    trial.spec()["mode"] = json!("Plan");
    trial.apply().await;
    let status = trial.phase(Phase::Planned).await;
    assert_eq!(condition(&status, "Ready").0, "True");
    assert_eq!(status.plan.unwrap().users, 11);
    tokio::time::sleep(Duration::from_secs(2)).await; // more cycles
    trial.assert_untouched().await;
}

#[tokio::test]
async fn more_users_than_allowed() {
    let mut trial = Trial::new("too-many-users", json!({})).await;
    trial.spec()["limits"]["maxUsers"] = json!(5);
    trial.apply().await;
    let told = trial.blocked("LimitExceeded").await;
    assert!(
        told.message
            .starts_with("11 users would be deleted, but spec.limits.maxUsers allows 5.")
    );
    assert!(told.remedy.contains("raise spec.limits.maxUsers"));
    trial.assert_untouched().await;
    trial.change(json!({"limits": {"maxUsers": 11}})).await;
    trial.phase(Phase::AwaitingApproval).await;
    trial.assert_untouched().await;
}

#[tokio::test]
async fn no_number_of_users_allowed() {
    let mut trial = Trial::new("no-limit", json!({})).await;
    trial.spec()["limits"] = Value::Null;
    trial.apply().await;
    let told = trial.blocked("LimitMissing").await;
    assert!(told.remedy.contains("Set spec.limits.maxUsers"));
    trial.assert_untouched().await;
}
