//! Directory sync that no program can switch off.

use crate::trial::{Trial, condition};
use serde_json::json;

crate::rows![
    sync_that_is_refused,
    sync_that_is_read_only,
    sync_that_is_refused_at_first
];

/// The hand-off names both roads; users that vanish by themselves count as done.
async fn handed_over(name: &str, patch: &str) {
    let fields = json!({"users": 30, "guestsPercent": 0, "sync": {"enabled": true, "percent": 100, "patch": patch}});
    let trial = Trial::new(name, fields).await;
    let portal = &trial.case.portal;
    trial.apply().await;
    let (status, switch) = trial.handed_over("SwitchSyncOff").await;
    assert_eq!(status.step.as_deref(), Some("1/5 Users"));
    assert_eq!(condition(&status, "Ready").1, "DirectorySyncHandOff");
    let (off, _, message) = condition(&status, "DirectorySyncDisabled");
    assert_eq!(
        (off.as_str(), message.as_str()),
        ("False", "Directory sync is still on")
    );
    assert!(
        switch.what.contains("Update-MgOrganization"),
        "{}",
        switch.what
    );
    let other = status
        .hand_offs
        .iter()
        .find(|one| one.key == "DeleteInActiveDirectory");
    let other = other.expect("the other road");
    assert!(
        other
            .what
            .contains("users that vanish this way count as deleted")
    );
    for road in [&switch, other] {
        assert_eq!(
            road.link,
            "https://learn.microsoft.com/microsoft-365/enterprise/turn-off-directory-synchronization"
        );
        assert!(road.noticed.contains("goes on by itself"));
    }
    assert_eq!(trial.left().await.len(), 29, "nobody goes while sync is on");
    // Somebody takes the second road for some, then switches sync off.
    let left = trial.left().await;
    for id in left.iter().take(9) {
        portal.press("deleteOnPremises", Some(id)).await.unwrap();
    }
    portal.press("switchSyncOff", None).await.unwrap();
    let audit = trial.assert_closes().await;
    assert_eq!(audit.gone, left, "who vanished counts as done");
    let effects = trial.effects().await;
    let ours = effects
        .iter()
        .filter(|one| one["kind"] == "userDeleted" && !one["app"].is_null());
    assert_eq!(ours.count(), 20);
}

async fn sync_that_is_refused() {
    handed_over("sync-refused", "Refused").await;
}

async fn sync_that_is_read_only() {
    handed_over("sync-read-only", "ReadOnly").await;
}

/// A role that acts late: what is refused at first is tried again by itself, though it was handed to a person meanwhile.
async fn sync_that_is_refused_at_first() {
    let fields =
        json!({"users": 30, "guestsPercent": 0, "sync": {"enabled": true, "percent": 100}});
    let trial = Trial::new("sync-late-role", fields).await;
    let portal = &trial.case.portal;
    let switch = json!({"method": "PATCH", "pathContains": "/v1.0/organization/"});
    let refusal = json!({"status": {"code": 403, "body": {"error": {"code": "Authorization_RequestDenied", "message": "No."}}}});
    portal.fault(switch, refusal, Some(2)).await.unwrap();
    trial.apply().await;
    let (status, _) = trial.handed_over("SwitchSyncOff").await;
    assert_eq!(condition(&status, "Ready").1, "DirectorySyncHandOff");
    let waits = |status: &tenant_closure::api::TenantClosureStatus| {
        condition(status, "Reconciling").1 == "WaitingSyncOff"
    };
    trial.until("WaitingSyncOff", waits).await;
    assert_eq!(trial.struck().await, 2, "refused twice, then taken");
    let effects = trial.effects().await;
    let switched = effects
        .iter()
        .filter(|one| one["kind"] == "syncSwitchOffRequested");
    let by: Vec<_> = switched.map(|one| &one["app"]).collect();
    assert_eq!(by, [&json!(portal.tenant.app_id)], "nobody else did it");
    trial.pass(3).await;
    trial.assert_closes().await;
}
