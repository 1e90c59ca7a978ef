//! Keys of the operator's configuration are looked at before each effect: one that is removed stops what it approved.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[path = "support/case.rs"]
mod case;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/children.rs"]
mod children;
#[allow(dead_code, unreachable_pub)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/reasons.rs"]
mod reasons;
#[allow(dead_code)] // others use the rest
#[path = "support/signer.rs"]
mod signer;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;

use case::Case;
use cluster::Result;
use reasons::until_told;
use serde_json::{Value, json};
use signer::Signer;
use stack::{Options, Stack};
use std::time::{Duration, Instant};
use tenant_closure::api::ClosureApprovalSpec;

/// For how long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(90);

async fn effects(case: &Case) -> usize {
    case.portal.effects().await.unwrap().len()
}

async fn until_more_effects(case: &Case, than: usize) -> usize {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = effects(case).await;
        if seen > than {
            return seen;
        }
        assert!(Instant::now() < deadline, "no more than {seen} effects");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Bob's approval of the plan at hand, signed.
async fn signed(case: &Case, signer: &Signer) -> Value {
    let mut approval = case.approval("bobs", "bob").await.unwrap();
    let spec = serde_json::from_value::<ClosureApprovalSpec>(approval["spec"].clone());
    let text = spec.unwrap().text().unwrap();
    approval["spec"]["signature"] = json!(signer.sign("bob", "tenantclosure.dev", &text));
    approval
}

#[tokio::test(flavor = "current_thread")]
async fn a_key_that_is_removed_stops_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let signer = Signer::new();
    let keys = signer.approval_keys();
    let options = Options {
        slice: Some(20),
        quiet: true,
        values: vec![format!("configuration.approvalKeys={keys}")],
        ..Options::default()
    };
    let stack = Stack::start(Some(folder.path()), options).await.unwrap();
    let tenant =
        json!({"users": 900, "displayName": "Signed", "initialDomain": "signed.onmicrosoft.com"});
    let tenant = stack.simulator.add(&tenant).await.unwrap();
    let case = stack.case("closures", tenant).await.unwrap();
    let set = async |keys: &str| {
        let data = json!({"approvalKeys": keys});
        stack.configure(data).await.unwrap();
    };
    case.apply().await.unwrap();
    let none = "0 of 1 approvals for this plan";
    until_told(&case, "Approved", "ApprovalsMissing", none).await;
    let approval = signed(&case, &signer).await;
    case.until_applied("bob", &approval).await.unwrap();
    until_told(&case, "Approved", "QuorumReached", "1 of 1").await;
    until_more_effects(&case, 40).await;

    set("").await;
    let nobodys = "one is signed by somebody who has no key in the operator's configuration";
    until_told(&case, "Approved", "ApprovalsMissing", nobodys).await;
    let stopped = effects(&case).await;
    assert!(stopped < 800, "it came too late to show anything");
    tokio::time::sleep(Duration::from_secs(3)).await; // more cycles
    assert_eq!(effects(&case).await, stopped, "went on without the key");

    // A line that the operator does not understand is no reason to go on with the others.
    set(&format!(
        "{keys}carol,dave {}",
        keys.lines().next().unwrap()
    ))
    .await;
    until_told(&case, "Ready", "ConfigurationMissing", "approvalKeys").await;
    assert_eq!(effects(&case).await, stopped);

    set(&keys).await;
    until_told(&case, "Approved", "QuorumReached", "1 of 1").await;
    until_more_effects(&case, stopped).await;
    let judged = case.portal.get("violations").await.unwrap();
    assert_eq!(judged["count"], 0, "{judged:#}");
}
