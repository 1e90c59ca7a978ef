//! What changes while the last listing before the first effect is under way.

use crate::case::Case;
use crate::held::Held;
use crate::reasons::until_told;
use crate::{BINDING, approval, approval_until, assert_untouched, patch, until_admitted, waiting};
use jiff::{SignedDuration, Timestamp};
use kube::Api;
use kube::api::ListParams;
use serde_json::json;
use std::time::Duration;
use tenant_closure::api::{ClosureRecord, RecordType};

/// What is lost is counted for the plan, and once more when it is approved.
const LAST_COUNT: &str = "/reports/getMailboxUsageStorage";

/// What the journal says was tried.
async fn effects_in_the_journal(case: &Case) -> Vec<ClosureRecord> {
    let records: Api<ClosureRecord> =
        Api::namespaced(case.cluster.client("admin"), "tenant-closure");
    let all = records.list(&ListParams::default()).await.unwrap();
    let effects = all.items.into_iter();
    effects
        .filter(|one| one.spec.kind == RecordType::Effect)
        .collect()
}

#[tokio::test(flavor = "current_thread")]
async fn an_approval_that_ends_during_the_last_listing_lets_nothing_begin() {
    let folder = tempfile::tempdir().unwrap();
    let (_stack, case) = waiting(folder.path()).await;
    let held = Held::at(&case.portal, LAST_COUNT).await;
    // A request may take ten seconds; a slow machine needs more than one try until it is under way in time.
    for tried in 1.. {
        let until = Timestamp::now() + SignedDuration::from_secs(7);
        let until = Timestamp::from_second(until.as_second()).unwrap();
        let short = approval_until(&case, &format!("short-{tried}"), "bob", until).await;
        until_admitted(&case, "bob", &short, true).await;
        while Timestamp::now() <= until && !held.reached().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if held.reached().await {
            while Timestamp::now() <= until {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            break;
        }
        assert!(tried < 10, "nothing is counted");
    }
    held.go().await;
    let says = "approve the same plan again";
    until_told(&case, "Approved", "ApprovalExpired", says).await;
    assert_untouched(&case).await;
    assert!(effects_in_the_journal(&case).await.is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn a_policy_that_only_watches_since_the_last_listing_lets_nothing_begin() {
    let folder = tempfile::tempdir().unwrap();
    let (_stack, case) = waiting(folder.path()).await;
    let held = Held::at(&case.portal, LAST_COUNT).await;
    let good = approval(&case, "bobs", "bob").await;
    until_admitted(&case, "bob", &good, true).await;
    held.until_reached().await;
    let audit = json!({"spec": {"validationActions": ["Audit"]}});
    patch(&case, BINDING, audit).await;
    held.go().await;
    let missing = "missing or altered";
    until_told(&case, "Approved", "AdmissionPolicyMissing", missing).await;
    assert_untouched(&case).await;
    // It was claimed, and settled as not done: the policies are read after the claim as well.
    let effects = effects_in_the_journal(&case).await;
    let [claimed] = effects.as_slice() else {
        panic!("one claim: {effects:#?}");
    };
    let outcome = claimed.status.as_ref().unwrap().outcome.as_ref().unwrap();
    assert_eq!(outcome.seen.gone, 0);
}
