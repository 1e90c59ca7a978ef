//! What a person does to stop the work.

use crate::case::NAME;
use crate::trial::Trial;
use kube::api::DeleteParams;
use serde_json::json;
use std::time::Duration;
use tenant_closure::closure::report::Phase;

/// Longer than a slice takes, and than the operator waits at most before it looks again.
const A_WHILE: Duration = Duration::from_secs(3);

#[tokio::test]
async fn suspended_in_the_middle() {
    let trial = Trial::new("suspended", json!({"users": 300})).await;
    trial.apply().await;
    trial
        .with_persons(async {
            trial.until_effects(40).await;
            trial.change(json!({"suspend": true})).await;
            trial.phase(Phase::Suspended).await;
            let seen = trial.effects().await.len();
            tokio::time::sleep(A_WHILE).await;
            assert_eq!(
                trial.effects().await.len(),
                seen,
                "went on though suspended"
            );
            trial.change(json!({"suspend": false})).await;
            trial.until_effects(seen).await;
        })
        .await;
    trial.assert_closes().await;
}

#[tokio::test]
async fn deleted_in_the_middle() {
    let trial = Trial::new("deleted", json!({"users": 300})).await;
    trial.apply().await;
    trial.with_persons(trial.until_effects(40)).await;
    let closures = trial.case.closures();
    closures
        .delete(NAME, &DeleteParams::default())
        .await
        .unwrap();
    assert!(closures.get_opt(NAME).await.unwrap().is_none());
    let seen = trial.effects().await.len();
    tokio::time::sleep(A_WHILE).await;
    let settled = trial.effects().await.len();
    assert!(
        settled <= seen + 20,
        "more than the effect in flight: {seen}, {settled}"
    );
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(
        trial.effects().await.len(),
        settled,
        "went on though deleted"
    );
    assert!(settled < 300);
    trial.assert_no_rule_broken().await;
}
