//! What a real API server accepts and refuses, and in which words: the schema, its rules and the admission policies.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[path = "api/approvals.rs"]
mod approvals;
#[path = "api/authors.rs"]
mod authors;
#[path = "api/closures.rs"]
mod closures;
#[allow(dead_code)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;
#[path = "api/fields.rs"]
mod fields;
#[path = "api/manifests.rs"]
mod manifests;
#[path = "api/records.rs"]
mod records;
#[path = "api/server.rs"]
mod server;
#[path = "api/writers.rs"]
mod writers;

use std::time::{Duration, Instant};

/// Waits until it is so: a policy acts, and sees what it is about, a moment after that was written.
async fn in_time(mut it_is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !it_is_so().await {
        assert!(Instant::now() < deadline, "it did not come about");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The answer is a refusal in these words.
#[track_caller]
fn refused(answer: server::Answer, words: &str) {
    match answer {
        Err(why) => assert!(why.contains(words), "refused without {words:?}: {why}"),
        Ok(object) => panic!("accepted, where {words:?} was due: {object:#}"),
    }
}
