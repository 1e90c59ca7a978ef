//! Bad luck with Microsoft: what it answers, what it refuses, what it takes its time for. Each row has a tenant and a
//! closure of its own on one real control plane, with one operator and one simulator, and shows what a user is told, that
//! it goes on by itself, and that the journal agrees with what happened.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[path = "support/afterwards.rs"]
mod afterwards;
#[path = "bad_luck/answers.rs"]
mod answers;
#[path = "support/audit.rs"]
mod audit;
#[path = "support/case.rs"]
mod case;
#[allow(dead_code)] // the closing tests use the rest
#[path = "support/children.rs"]
mod children;
#[allow(dead_code, unreachable_pub)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;
#[path = "bad_luck/directories.rs"]
mod directories;
#[path = "bad_luck/lasting.rs"]
mod lasting;
#[path = "bad_luck/pauses.rs"]
mod pauses;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/person.rs"]
mod person;
#[path = "bad_luck/policies.rs"]
mod policies;
#[path = "bad_luck/readers.rs"]
mod readers;
#[path = "bad_luck/refused.rs"]
mod refused;
#[path = "support/rows.rs"]
mod rows;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;
#[path = "bad_luck/subscriptions.rs"]
mod subscriptions;
#[path = "bad_luck/sync.rs"]
mod sync;
#[allow(dead_code)] // the other rows use the rest
#[path = "trouble/trial.rs"]
mod trial;

use cluster::Result;
pub(crate) use rows::rows;

/// For the operator: an answer that never comes is not waited for long, but long enough for a machine that is busy.
const ARGUMENTS: [&str; 4] = ["--effect-seconds", "5", "--request-seconds", "3"];

/// For the chart: nothing but what it says itself.
const fn values() -> Vec<String> {
    Vec::new()
}

fn main() {
    let rows = [
        answers::rows(),
        directories::rows(),
        lasting::rows(),
        pauses::rows(),
        policies::rows(),
        readers::rows(),
        refused::rows(),
        subscriptions::rows(),
        sync::rows(),
    ];
    rows::run(rows, trial::all_together)
}
