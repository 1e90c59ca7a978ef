//! Pauses of hours that Microsoft asks for: kept in full and told with their date, in whatever is done.

use crate::answers::{batches, readings};
use crate::trial::{Trial, condition};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

crate::rows![a_pause_of_hours_is_kept_and_told];

/// Longer than any pause of the operator's own, seconds.
const PAUSE: i64 = 5 * 3_600;

/// The first of these requests is answered 429 with the pause; each later one only counts.
async fn puts_off(trial: &Trial, matching: Value) {
    let pause = json!({"status": {"code": 429, "headers": {"Retry-After": PAUSE.to_string()}}});
    let portal = &trial.case.portal;
    portal
        .fault(matching.clone(), pause, Some(1))
        .await
        .unwrap();
    portal
        .fault(matching, json!({"delay": 0}), None)
        .await
        .unwrap();
}

/// The newest record that the status knows.
fn sequence(status: &TenantClosureStatus) -> Option<u64> {
    status.journal.as_ref().map(|journal| journal.sequence)
}

/// Told as a wait with Microsoft's date, in the message too.
fn told(status: &TenantClosureStatus) {
    let (_, reason, message) = condition(status, "Reconciling");
    assert_eq!(reason, "Throttled");
    let until = status.waiting_until.unwrap();
    let late = until.as_second() - Timestamp::now().as_second();
    assert!((PAUSE - 120..=PAUSE + 61).contains(&late), "{late}");
    assert!(message.ends_with(&format!("before {until}")), "{message}");
    let next = status.next_attempt_at.unwrap();
    let apart = until.as_second() - next.as_second();
    // It counts from when the status was written, which is later on a busy machine.
    assert!((-30..=2).contains(&apart), "looked again {apart} s earlier");
}

/// Before anything was approved it is a reading that is put off, in the middle of the users a deletion. Whatever wakes the
/// operator meanwhile, it sends nothing of the kind, and begins no record for it.
async fn a_pause_of_hours_is_kept_and_told() {
    for (name, matching) in [
        ("long-pause-read", readings()),
        ("long-pause-write", batches()),
    ] {
        let trial = Trial::new(name, json!({"tenantType": "CIAM", "users": 60})).await;
        puts_off(&trial, matching).await;
        trial.apply().await;
        let waits = |status: &TenantClosureStatus| {
            let throttled = condition(status, "Reconciling").1 == "Throttled";
            status.phase == Some(Phase::Waiting) && throttled
        };
        let status = trial.with_approver(trial.until("Throttled", waits)).await;
        told(&status);
        let before = (trial.struck().await, sequence(&status));
        assert_eq!(before.0, 1, "{name}");
        // The spec is changed: it is decided at once, and decided the same.
        trial.change(json!({"limits": {"maxUsers": 2_001}})).await;
        told(&trial.until("Throttled again", waits).await);
        tokio::time::sleep(Duration::from_secs(3)).await;
        let status = trial.until("Throttled still", waits).await;
        assert_eq!((trial.struck().await, sequence(&status)), before, "{name}");
        assert_eq!(trial.left().await.len(), 59, "{name}");
        trial.assert_no_rule_broken().await;
    }
}
