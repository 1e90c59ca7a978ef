//! Whole closures on a real control plane, against the simulated tenant: what the journal says and what happened agree.
#![cfg(feature = "operator")]
#![allow(clippy::manual_assert)] // a message that is computed
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

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

use std::collections::BTreeSet;
use std::future::Future;
use std::process::Command;
use std::time::{Duration, Instant};

use case::{Case, NAME};
use cluster::Result;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use person::Person;
use serde_json::{Value, json};
use stack::{OPERATOR, Options, Stack};
use tenant_closure::api::{ClosureRecord, RecordType, TenantClosure, TenantClosureStatus};
use tenant_closure::closure::intent::Action;
use tenant_closure::closure::report::Phase;
use tenant_closure::controller::journal;

/// A stack in a folder of its own.
struct Trial {
    case: Case,
    stack: Stack,
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
        };
        let stack = Stack::start(Some(folder.path()), options).await.unwrap();
        let tenant = stack.simulator.tenant().unwrap().clone();
        let case = stack.case("closures", tenant).await.unwrap();
        Self {
            case,
            stack,
            folder,
        }
    }

    fn closures(&self) -> Api<TenantClosure> {
        self.case.closures()
    }

    async fn status(&self) -> TenantClosureStatus {
        let closure = self.closures().get(NAME).await.unwrap();
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

    async fn effects(&self) -> Vec<Value> {
        self.case.portal.effects().await.unwrap()
    }

    async fn assert_no_rule_broken(&self) {
        let judged = self.case.portal.get("violations").await.unwrap();
        assert_eq!(judged["count"], 0, "{judged:#}");
    }

    /// The journal has no gap, its hashes are right, and it counts what the simulator saw. How many of its records
    /// were settled by another process than the one that claimed them.
    async fn assert_journal_agrees(&self) -> usize {
        let client = self.stack.cluster.client("admin");
        let resource = ApiResource::erase::<ClosureRecord>(&());
        let stored: Api<DynamicObject> = Api::namespaced_with(client, OPERATOR, &resource);
        let mut records: Vec<(String, ClosureRecord)> = Vec::new();
        for object in stored.list(&ListParams::default()).await.unwrap() {
            let hash = journal::hash(&object);
            let record: ClosureRecord =
                serde_json::from_value(serde_json::to_value(&object).unwrap()).unwrap();
            if record.spec.kind != RecordType::PlanChunk {
                records.push((hash, record));
            }
        }
        records.sort_by_key(|(_, record)| record.spec.sequence);
        let (mut before, mut gone, mut doubted) = (String::new(), 0, 0);
        for ((hash, record), place) in records.iter().zip(1..) {
            assert_eq!(record.spec.sequence, place);
            assert_eq!(record.spec.previous, before, "record {place}");
            before.clone_from(hash);
            let outcome = record.status.as_ref().and_then(|s| s.outcome.as_ref());
            let outcome = outcome.unwrap_or_else(|| panic!("record {place} is in doubt"));
            doubted += usize::from(outcome.in_doubt);
            let action = record.spec.intent.as_ref().map(|intent| intent.action);
            if action == Some(Action::DeleteUsers) {
                gone += u64::from(outcome.seen.gone);
            }
        }
        let ours = json!(self.case.portal.tenant.app_id);
        let effects = self.effects().await;
        let deleted: Vec<&Value> = effects
            .iter()
            .filter(|one| one["kind"] == "userDeleted" && one["app"] == ours)
            .map(|one| &one["id"])
            .collect();
        let once: BTreeSet<&str> = deleted.iter().filter_map(|id| id.as_str()).collect();
        assert_eq!(once.len(), deleted.len(), "an object was deleted twice");
        assert_eq!(gone, deleted.len() as u64, "journal and simulator disagree");
        println!(
            "{} records, {doubted} of them once in doubt, {gone} users deleted",
            records.len()
        );
        doubted
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
    assert_eq!(trial.assert_journal_agrees().await, 0);
}

/// As many as keep the test under a minute and a half.
const KILLS: u32 = 11;

/// Kills the operator whenever the simulator has answered so many requests more; how often it did.
async fn kill_again_and_again(trial: &Trial) -> Result<u32> {
    let (mut chance, mut kills, mut killed_at) = (0x5eed_u64, 0_u32, 0);
    let mut running: Option<children::Program> = None;
    let mut next = 5;
    loop {
        let stats = trial.case.portal.get("stats").await?;
        let requests = stats["requests"].as_u64().ok_or("no count of requests")?;
        if requests >= next {
            let id = running
                .as_ref()
                .map_or(trial.stack.operator.id(), children::Program::id);
            Command::new("kill")
                .args(["-9", &id.to_string()])
                .status()?;
            kills += 1;
            println!(
                "kill {kills} after {requests} requests, {} users",
                stats["userDeletes"]
            );
            drop(running.take()); // waits for its end
            running = Some(trial.stack.another_operator(&format!("operator-{kills}"))?);
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            killed_at = requests;
            // In turns soon and late, so that every step is hit.
            next = killed_at + if kills % 2 == 0 { 14 } else { 2 } + (chance >> 33) % 12;
        }
        if trial.status().await.phase == Some(Phase::Closed) {
            println!(
                "closed {} requests after the last kill",
                requests - killed_at
            );
            return Ok(kills);
        }
        if kills >= KILLS {
            next = u64::MAX;
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn sigkill_anywhere_loses_nothing() {
    let started = Instant::now();
    let quick = ["--effect-seconds", "2", "--request-seconds", "2"];
    let trial = Trial::start(400, Some(50), &quick).await;
    trial.case.apply().await.unwrap();
    let work = tokio::time::timeout(Duration::from_secs(150), kill_again_and_again(&trial));
    let kills = trial.with_persons(work).await;
    let kills = kills.unwrap_or_else(|_| panic!("not closed: {:?}", trial.folder.path()));
    println!("took {:.0?}", started.elapsed());
    assert!(kills.unwrap() >= 8);
    trial.assert_no_rule_broken().await;
    // Some kills fell between a claim and its outcome.
    assert!(trial.assert_journal_agrees().await > 0);
}
