//! What a person does to stop the work.

use crate::case::NAME;
use crate::trial::{Trial, condition};
use kube::api::DeleteParams;
use serde_json::{Value, json};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

crate::rows![
    suspended_in_the_middle,
    suspended_in_a_long_wait,
    held_in_the_middle,
    held_in_a_long_wait,
    not_before_a_date,
    deleted_in_the_middle
];

/// Synchronization takes so long to end that there is a long wait, here some 30 s.
fn long_wait() -> Value {
    json!({"sync": {"enabled": true, "hours": 720}})
}

async fn suspended_in_the_middle() {
    let trial = Trial::new("suspended", json!({"users": 200})).await;
    trial.apply().await;
    let suspended = async {
        trial.until_effects(40).await;
        trial.change(json!({"suspend": true})).await;
        trial.phase(Phase::Suspended).await
    };
    let status = trial.with_persons(suspended).await;
    let says = "Suspended by its author; nothing is changed";
    for name in ["Ready", "Reconciling"] {
        let told = condition(&status, name);
        assert_eq!(
            told,
            ("False".into(), "Suspended".into(), says.into()),
            "{name}"
        );
    }
    assert_eq!(condition(&status, "Stalled").0, "False");
    trial.assert_stands_still().await;
    trial.change(json!({"suspend": false})).await;
    trial.assert_closes().await;
}

async fn suspended_in_a_long_wait() {
    let trial = Trial::new("suspended-waiting", long_wait()).await;
    trial.apply().await;
    trial.with_persons(trial.phase(Phase::Waiting)).await;
    trial.change(json!({"suspend": true})).await;
    let status = trial.phase(Phase::Suspended).await;
    assert_eq!(status.step.as_deref(), Some("1/5 Users"));
    trial.assert_stands_still().await;
    trial.change(json!({"suspend": false})).await;
    let status = trial.phase(Phase::Waiting).await;
    assert_eq!(condition(&status, "Reconciling").0, "True");
    trial.assert_closes().await;
}

async fn held_in_the_middle() {
    let trial = Trial::new("held", json!({"users": 200})).await;
    trial.apply().await;
    let held = async {
        trial.until_effects(40).await;
        trial.change(json!({"hold": "litigation 4711"})).await;
        trial.blocked("LegalHold").await
    };
    let told = trial.with_persons(held).await;
    let says = "A legal hold forbids every change: litigation 4711";
    assert!(told.message.starts_with(says), "{}", told.message);
    assert!(
        told.remedy
            .contains("Remove spec.hold when the hold has been lifted")
    );
    trial.assert_stands_still().await;
    trial.change(json!({"hold": null})).await;
    trial.assert_closes().await;
}

async fn held_in_a_long_wait() {
    let trial = Trial::new("held-waiting", long_wait()).await;
    trial.apply().await;
    trial.with_persons(trial.phase(Phase::Waiting)).await;
    trial.change(json!({"hold": "litigation 4711"})).await;
    trial.blocked("LegalHold").await;
    trial.assert_stands_still().await;
    trial.change(json!({"hold": null})).await;
    trial.assert_closes().await;
}

/// The date moves into the future while users are deleted: nothing goes before it.
async fn not_before_a_date() {
    let date = |hours: i64| {
        let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
        json!({"notBefore": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()})
    };
    let waits = |status: &TenantClosureStatus| {
        status.phase == Some(Phase::Waiting) && condition(status, "Ready").1 == "NotBefore"
    };
    let mut trial = Trial::new("not-before", json!({"users": 200})).await;
    trial.spec()["notBefore"] = date(48)["notBefore"].clone();
    trial.apply().await;
    let status = trial.until("the date is waited for", waits).await;
    let until = status.waiting_until.expect("a date");
    let hours = until.duration_since(jiff::Timestamp::now()).as_hours();
    assert!((47..=48).contains(&hours), "{until}");
    trial.assert_untouched().await;
    trial.change(date(-1)).await;
    let waiting = async {
        trial.until_effects(40).await;
        trial.change(date(48)).await;
        trial.until("the date is waited for again", waits).await
    };
    trial.with_persons(waiting).await;
    trial.assert_stands_still().await;
    trial.change(json!({"notBefore": null})).await;
    trial.assert_closes().await;
}

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
    trial.assert_comes_to_rest().await;
    let settled = trial.effects().await.len();
    assert!(
        settled <= seen + 20,
        "more than the effect in flight: {seen}, {settled}"
    );
    trial.assert_no_rule_broken().await;
}
