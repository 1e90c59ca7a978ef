//! Whole closures on a real control plane, against the simulated tenant: what the journal says and what happened agree.
#![cfg(feature = "operator")]
#![allow(clippy::manual_assert)] // a message that is computed
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[path = "support/agreement.rs"]
mod agreement;
#[path = "support/case.rs"]
mod case;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/children.rs"]
mod children;
#[allow(dead_code, unreachable_pub)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/person.rs"]
mod person;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;

use std::future::Future;
use std::time::{Duration, Instant};

use agreement::{Evidence, agree};
use case::{Case, NAME};
use cluster::Result;
use person::Person;
use serde_json::json;
use stack::{Options, Stack};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::intent::Action;
use tenant_closure::closure::report::Phase;

/// A stack in a folder of its own.
struct Trial {
    case: Case,
    /// It runs for as long as it is held.
    _stack: Stack,
    folder: tempfile::TempDir,
}

impl Trial {
    /// Programs end with the thread that starts them: each test runs on its own thread alone.
    async fn start(users: u32, slice: Option<u32>, arguments: &[&'static str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            simulation: simulator::demo_tenant(users, 7),
            slice,
            arguments: arguments.to_vec(),
            quiet: false,
            ..Options::default()
        };
        let stack = Stack::start(Some(folder.path()), options).await.unwrap();
        let tenant = stack.simulator.tenant().unwrap().clone();
        let case = stack.case("closures", tenant).await.unwrap();
        Self {
            case,
            _stack: stack,
            folder,
        }
    }

    async fn status(&self) -> TenantClosureStatus {
        let closure = self.case.closures().get(NAME).await.unwrap();
        closure.status.unwrap_or_default()
    }

    /// Does `work` while the persons do theirs.
    async fn with_persons<T>(&self, work: impl Future<Output = T>) -> T {
        let diary = self.folder.path().join("person.log");
        let mut person = Person::new(&self.case, true, Some(diary));
        tokio::select! {
            done = work => done,
            trouble = person.live() => panic!("the persons: {trouble:?}"),
        }
    }

    async fn until_phase(&self, phase: Phase, patience: Duration) -> TenantClosureStatus {
        let deadline = Instant::now() + patience;
        loop {
            let status = self.status().await;
            if status.phase == Some(phase) {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "not {phase:?} within {patience:?} but {:?}: {:?}\n{}{}",
                status.phase,
                status.summary,
                children::log_end(&self.folder.path().join("operator.log")),
                children::log_end(&self.folder.path().join("person.log")),
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn assert_no_rule_broken(&self) {
        let judged = self.case.portal.get("violations").await.unwrap();
        assert_eq!(judged["count"], 0, "{judged:#}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn closes_a_tenant_and_journal_and_simulator_agree() {
    let trial = Trial::start(120, None, &[]).await;
    trial.case.apply().await.unwrap();
    trial
        .with_persons(trial.until_phase(Phase::Closed, Duration::from_secs(120)))
        .await;
    let seen = trial.case.portal.look().await.unwrap();
    assert_eq!(
        (&seen["deleted"], &seen["usersLeft"]),
        (&json!(true), &json!(1))
    );
    println!("{}", trial.case.portal.get("stats").await.unwrap());
    trial.assert_no_rule_broken().await;
    let evidence = Evidence::of(&trial.case).await.unwrap();
    let agreement = agree(&evidence).unwrap_or_else(|faults| panic!("{faults:#?}"));
    print!("{agreement}");
    assert_eq!(agreement.gone(Action::DeleteUsers), 119);
    assert!(agreement.doubted.is_empty());
}
