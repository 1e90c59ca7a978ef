//! What step 0 asks of the author before anything is changed.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use std::time::Duration;
use tenant_closure::closure::report::Phase;

crate::rows![
    mode_plan_writes_nothing,
    from_plan_to_execute,
    more_users_than_allowed,
    no_number_of_users_allowed,
    no_backup_acknowledged,
    no_reason_for_canceling,
    no_reason_is_needed_where_nothing_is_active
];

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

/// What a reader has planned is carried out by another application: the plan that is approved names that one.
async fn from_plan_to_execute() {
    let tenant = json!({"applications": 2, "firstPartyServicePrincipals": 3});
    let mut trial = Trial::new("plan-then-execute", tenant).await;
    trial.spec()["mode"] = json!("Plan");
    trial.apply().await;
    let read = trial.phase(Phase::Planned).await.plan.unwrap();
    trial.assert_untouched().await;
    trial.change(json!({"mode": "Execute"})).await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    let plan = status.plan.unwrap();
    assert_ne!(plan.digest, read.digest, "the plan names the reader");
    trial.assert_closes().await;
}

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

async fn no_number_of_users_allowed() {
    let mut trial = Trial::new("no-limit", json!({})).await;
    trial.spec()["limits"] = Value::Null;
    trial.apply().await;
    let told = trial.blocked("LimitMissing").await;
    assert!(told.remedy.contains("Set spec.limits.maxUsers"));
    trial.assert_untouched().await;
}

async fn no_backup_acknowledged() {
    let mut trial = Trial::new("no-backup", json!({})).await;
    trial.spec()["backup"] = Value::Null;
    trial.apply().await;
    let told = trial.blocked("BackupNotAcknowledged").await;
    let says = "Nobody acknowledged a backup of the data to keep";
    assert!(told.message.starts_with(says), "{}", told.message);
    assert!(told.remedy.contains("acknowledge it in spec.backup"));
    trial.assert_untouched().await;
    let backup = json!({"backup": {"acknowledged": true, "reference": "BKP-2291"}});
    trial.change(backup).await;
    trial.phase(Phase::AwaitingApproval).await;
    trial.assert_untouched().await;
}

async fn no_reason_for_canceling() {
    let subscriptions = json!([{"kind": "Direct", "sku": "SPE_E5"}]);
    let mut trial = Trial::new("no-reason", json!({"subscriptions": subscriptions})).await;
    trial.spec()["cancellation"] = Value::Null;
    trial.apply().await;
    let told = trial.blocked("CancellationReasonMissing").await;
    let says = "There are active subscriptions, and no reason for canceling them was given";
    assert!(told.message.starts_with(says), "{}", told.message);
    assert!(told.remedy.contains("spec.cancellation.reason"));
    trial.assert_untouched().await;
}

/// Nothing is active, so nobody is asked for a reason.
async fn no_reason_is_needed_where_nothing_is_active() {
    let subscriptions = json!([{"kind": "Direct", "sku": "SPE_E5", "status": "Suspended"}]);
    let mut trial = Trial::new("no-reason-needed", json!({"subscriptions": subscriptions})).await;
    trial.spec()["cancellation"] = Value::Null;
    trial.apply().await;
    trial.phase(Phase::AwaitingApproval).await;
    trial.assert_untouched().await;
}
