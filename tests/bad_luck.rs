//! Bad luck with Microsoft: what it answers, what it refuses, what it takes its time for. Each row has a tenant and a
//! closure of its own on one real control plane, with one operator and one simulator, and shows what a user is told, that
//! it goes on by itself, and that the journal agrees with what happened.
//!
//! A row waits more than it works, so many of them run at once, whatever the machine: `--test-threads` says otherwise.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

/// The rows of a file, for the list below; one that is not named there is dead code.
macro_rules! rows {
    ($($name:ident),+ $(,)?) => {
        pub(crate) fn rows() -> Vec<libtest_mimic::Trial> {
            vec![$(crate::row(concat!(module_path!(), "::", stringify!($name)), $name)),+]
        }
    };
}
pub(crate) use rows;

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
#[allow(dead_code)] // the demo uses the rest
#[path = "support/person.rs"]
mod person;
#[path = "bad_luck/readers.rs"]
mod readers;
#[path = "bad_luck/refused.rs"]
mod refused;
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

/// For the operator: an answer that never comes is not waited for long, but long enough for a machine that is busy.
const ARGUMENTS: [&str; 4] = ["--effect-seconds", "5", "--request-seconds", "3"];

/// As many as the operator and the simulator serve without haste on two cores.
const AT_ONCE: usize = 16;

/// One row, on a runtime of its own.
fn row<F: Future<Output = ()>>(
    name: &str,
    body: impl FnOnce() -> F + Send + 'static,
) -> libtest_mimic::Trial {
    let name = name.split_once("::").map_or(name, |(_, rest)| rest);
    libtest_mimic::Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(body());
        Ok(())
    })
}

fn main() {
    let mut asked = libtest_mimic::Arguments::from_args();
    asked.test_threads.get_or_insert(AT_ONCE);
    let all = [
        answers::rows(),
        directories::rows(),
        lasting::rows(),
        readers::rows(),
        refused::rows(),
        subscriptions::rows(),
        sync::rows(),
    ];
    libtest_mimic::run(&asked, all.into_iter().flatten().collect()).exit();
}
