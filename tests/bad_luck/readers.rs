//! Readers that lag behind, and quotas that are counted in windows.

use crate::trial::{Trial, condition};
use serde_json::json;

crate::rows![
    readers_that_lag,
    the_deleted_are_shown_again,
    quotas_in_windows,
];

/// Some readers show the deleted for a while, a few for very long: nobody is lost, nobody goes twice.
async fn readers_that_lag() {
    let lag = json!({"replicas": 3, "replicaLagMs": 2000, "longLagPermille": 60});
    let trial = Trial::new(
        "lagging",
        json!({"tenantType": "CIAM", "users": 60, "behaviour": lag}),
    )
    .await;
    trial.apply().await;
    let audit = trial.assert_closes().await;
    assert!(!audit.visible.is_empty(), "no reader lagged");
}

/// Two listings agreed that all are gone; then a reader shows them again, in the listing of step 4.
async fn the_deleted_are_shown_again() {
    let trial = Trial::new("shown-again", json!({"tenantType": "CIAM", "users": 30})).await;
    let portal = &trial.case.portal;
    trial.apply().await;
    let verified = trial.until("verified once", |status| {
        condition(status, "Ready").1 == "VerifyingUsers"
            && condition(status, "UsersDeleted").2 == "29 of 29 users deleted, none failed"
    });
    trial.with_persons(verified).await;
    // The listing that was to confirm it contradicts: it counts from anew.
    let listing = json!({"method": "GET", "pathEnds": "/v1.0/users"});
    portal
        .fault(listing.clone(), json!({"stale": 600_000}), Some(1))
        .await
        .unwrap();
    trial.until_struck(1).await;
    let status = trial.until("the second listing", |status| {
        condition(status, "UsersDeleted").0 == "True"
    });
    // From now on step 4 sees them again.
    let status = status.await;
    assert_eq!(condition(&status, "UsersDeleted").1, "VerifiedTwice");
    trial.assert_closes().await;
}

/// More than one window allows: the rest waits for the next one, as Microsoft says.
async fn quotas_in_windows() {
    let windows = json!({"fixedWindow": true, "quotaWindow": 0.1});
    let trial = Trial::new(
        "windows",
        json!({"tenantType": "CIAM", "users": 361, "behaviour": windows}),
    )
    .await;
    trial.apply().await;
    trial.assert_closes().await;
    let stats = trial.case.portal.get("stats").await.unwrap();
    assert!(stats["throttledItems"].as_u64() > Some(0), "{stats}");
    assert_eq!(stats["userDeletes"], 360);
}
