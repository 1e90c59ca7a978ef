//! A closure that uses up what may be written at once keeps to Microsoft's quota: hardly anything is refused, and nobody is lost.
//!
//! What it takes as a ratio of the quota's bound is measured by `make bench`: no test fails on a time.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, missing_docs)] // tests say what failed by panicking

#[allow(dead_code)] // other test binaries use the rest
#[path = "support/case.rs"]
mod case;
#[allow(dead_code)] // others use the rest
#[path = "support/children.rs"]
mod children;
#[allow(dead_code, unreachable_pub)] // other test binaries use the rest
#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/pace.rs"]
mod pace;
#[allow(dead_code)] // other test binaries use the rest
#[path = "support/person.rs"]
mod person;
#[allow(dead_code)] // other test binaries use the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // other test binaries use the rest
#[path = "support/stack.rs"]
mod stack;

use cluster::Result;
use stack::Audit;

/// A third more than may be written at once.
const USERS: u32 = 4_000;

#[tokio::test(flavor = "current_thread")]
async fn hardly_anything_is_refused_and_nobody_is_lost() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let figures = pace::closes(USERS, Audit::Requests).await.unwrap();
    let of = |key: &str| figures[key].as_f64().unwrap();
    assert_eq!(figures["usersToDelete"], 0, "{figures}");
    assert!(of("userDeletes") > f64::from(USERS) - 10.0, "{figures}");
    assert!(of("boundSeconds") > 45.0, "the quota counts: {figures}");
    for share in ["throttledItemsPercent", "throttledRequestsPercent"] {
        assert!(of(share) <= 1.0, "{share}: {figures}");
    }
    // 1/20 for the batches; what is read meanwhile weighs the less the more users there are.
    assert!(of("requestsPerUser") <= 0.08, "{figures}");
}
