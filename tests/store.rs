//! The evidence store of a real closure: everything is in it before anything goes on where that is required, it catches up
//! after an outage, what was changed in it is seen, and it is judged without the cluster.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[path = "store/approvals.rs"]
mod approvals;
#[path = "support/case.rs"]
mod case;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/children.rs"]
mod children;
#[allow(dead_code, unreachable_pub)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;
#[allow(dead_code)] // each test binary uses its part
#[path = "support/held.rs"]
mod held;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/person.rs"]
mod person;
#[path = "support/reasons.rs"]
mod reasons;
#[path = "store/rollback.rs"]
mod rollback;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;

use case::{Case, NAME};
use cluster::Result;
use kube::ResourceExt as _;
use person::Person;
use reasons::until_told;
use serde_json::{Value, json};
use stack::{Options, Stack};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Users of the tenant; there is a middle in which things happen.
const USERS: u32 = 300;
/// For how long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(120);

/// A stack whose evidence goes into a folder, and a closure on it that is not applied yet.
struct Place {
    stack: Stack,
    case: Case,
    store: PathBuf,
    diary: PathBuf,
    _folder: tempfile::TempDir,
}

impl Place {
    async fn new(required: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("evidence");
        std::fs::create_dir(&store).unwrap();
        let options = Options {
            simulation: simulator::demo_tenant(USERS, 7),
            slice: Some(20),
            values: vec![
                format!("configuration.evidenceStore={}", store.display()),
                format!("configuration.evidenceRequired={required}"),
            ],
            ..Options::default()
        };
        let stack = Stack::start(Some(folder.path()), options).await.unwrap();
        let tenant = stack.simulator.tenant().unwrap().clone();
        let case = stack.case("closures", tenant).await.unwrap();
        Self {
            stack,
            case,
            store,
            diary: folder.path().join("person.log"),
            _folder: folder,
        }
    }

    /// The store's folder of this closure.
    async fn kept(&self) -> PathBuf {
        let closure = self.case.closures().get(NAME).await.unwrap();
        let tenant = &self.case.portal.tenant.id;
        self.store.join(tenant).join(closure.uid().unwrap())
    }

    /// Puts a file where the folder is; tests may run as root, whom no permission stops.
    fn break_it(&self) {
        std::fs::rename(&self.store, self.store.with_extension("away")).unwrap();
        std::fs::write(&self.store, "in the way").unwrap();
    }

    fn mend_it(&self) {
        std::fs::remove_file(&self.store).unwrap();
        std::fs::rename(self.store.with_extension("away"), &self.store).unwrap();
    }

    async fn effects(&self) -> usize {
        let effects = self.case.portal.get("effects").await.unwrap();
        effects.as_array().unwrap().len()
    }

    async fn until_effects(&self, more_than: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.effects().await <= more_than {
            assert!(
                Instant::now() < deadline,
                "no more than {more_than} effects"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Runs the course while the persons live.
    async fn with_persons(&self, course: impl Future<Output = ()>) {
        let mut person = Person::new(&self.case, true, Some(self.diary.clone()));
        tokio::select! {
            () = course => {}
            trouble = person.live() => panic!("the persons: {trouble:?}\n{}", self.stack.log_end("operator.log")),
        }
    }

    /// It is closed, and all of it is in the store.
    async fn until_closed(&self) {
        until_told(&self.case, "Closed", "TenantGone", "").await;
        until_told(&self.case, "EvidenceStored", "Stored", "").await;
    }

    /// What verification says of the cluster's journal.
    fn in_cluster(&self) -> (Option<i32>, Value) {
        let admin = self.stack.cluster.kubeconfig("admin");
        let place = ["--closure", NAME, "-n", "closures", "--kubeconfig"];
        judged(&[&place[..], &[admin.to_str().unwrap()]].concat())
    }

    /// What it says of the store alone.
    fn in_store(&self) -> (Option<i32>, Value) {
        judged(&[self.store.to_str().unwrap()])
    }

    /// The same, by somebody who has kept the head elsewhere.
    fn in_store_with(&self, head: &str) -> (Option<i32>, Value) {
        judged(&[self.store.to_str().unwrap(), "--head", head])
    }
}

fn judged(arguments: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenant-closure"));
    let output = command
        .args(["verify", "--output", "json"])
        .args(arguments)
        .output()
        .unwrap();
    let said = serde_json::from_slice(&output.stdout);
    let said = said.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), said)
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn edited(path: &Path) {
    let mut record = read(path);
    record["spec"]["approvals"] = json!(["of-mallory"]);
    std::fs::write(path, record.to_string()).unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn where_it_is_required_nothing_goes_on_before_everything_is_in_the_store() {
    let mut place = Place::new(true).await;
    place.case.apply().await.unwrap();
    until_told(&place.case, "EvidenceStored", "Stored", "").await;
    until_told(&place.case, "Approved", "ApprovalsMissing", "").await;

    // Somebody changes the copy of the plan's record; the next process compares.
    let first = place.kept().await.join("records/0000000001.json");
    let written = read(&first);
    edited(&first);
    place.stack.operator = place.stack.another_operator("second").unwrap();
    let told = until_told(&place.case, "Ready", "EvidenceDiffers", "").await;
    assert!(told.contains("0000000001.json"), "{told}");
    std::fs::remove_file(&first).unwrap();
    until_told(&place.case, "EvidenceStored", "Stored", "").await;
    assert_eq!(read(&first), written, "it is written anew, as it was");
    assert_eq!(place.effects().await, 0);

    place
        .with_persons(async {
            place.until_effects(40).await;
            place.break_it();
            let told = until_told(&place.case, "Ready", "EvidenceNotWritten", "").await;
            assert!(told.contains("is no folder"), "{told}");
            let seen = place.effects().await;
            assert!(seen < USERS as usize, "it broke too late to show anything");
            tokio::time::sleep(Duration::from_secs(3)).await; // more cycles
            assert_eq!(place.effects().await, seen, "it went on");
            place.mend_it();
            place.until_closed().await;
        })
        .await;

    let judged = place.case.portal.get("violations").await.unwrap();
    assert_eq!(judged["count"], 0, "{judged:#}");
    let (in_cluster, in_store) = (place.in_cluster(), place.in_store());
    assert_eq!(in_store.0, Some(0), "{:#}", in_store.1);
    for same in ["verdict", "closure", "tenantID", "figures", "head"] {
        assert_eq!(in_store.1[same], in_cluster.1[same], "{same}");
    }

    // The report at the end stands beside it.
    let kept = place.kept().await;
    let report = read(&kept.join("report.json"));
    assert_eq!(report["result"]["phase"], "Closed", "{report:#}");
    assert_eq!(report["journal"]["verdict"], "whole", "{report:#}");
    for (name, says) in [("report.md", "Closed"), ("report.html", "<!DOCTYPE html>")] {
        let text = std::fs::read_to_string(kept.join(name)).unwrap();
        assert!(text.contains(says), "{name}");
    }

    // What was changed in it, or cut from it, is found.
    let second = kept.join("records/0000000002.json");
    let before = std::fs::read(&second).unwrap();
    edited(&second);
    assert_eq!(place.in_store().0, Some(1));
    std::fs::write(&second, "{\"half a rec").unwrap();
    let (code, said) = place.in_store();
    assert_eq!(code, Some(2), "{said:#}");
    std::fs::write(&second, before).unwrap();
    let newest = in_store.1["head"]["sequence"].as_u64().unwrap();
    std::fs::remove_file(kept.join(format!("records/{newest:010}.json"))).unwrap();
    let (code, said) = place.in_store();
    assert_eq!(code, Some(1));
    assert!(
        said["faults"][0].as_str().unwrap().contains("cut off"),
        "{said:#}"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn where_it_is_not_required_the_work_goes_on_and_the_store_catches_up() {
    let place = Place::new(false).await;
    place.case.apply().await.unwrap();
    place
        .with_persons(async {
            place.until_effects(40).await;
            place.break_it();
            let told = until_told(&place.case, "EvidenceStored", "EvidenceNotWritten", "").await;
            assert!(told.contains("the work goes on"), "{told}");
            until_told(&place.case, "Closed", "TenantGone", "").await;
            until_told(&place.case, "EvidenceStored", "EvidenceNotWritten", "").await;
            place.mend_it();
            place.until_closed().await;
        })
        .await;
    let (in_cluster, in_store) = (place.in_cluster(), place.in_store());
    assert_eq!(
        (in_cluster.0, in_store.0),
        (Some(0), Some(0)),
        "{:#}",
        in_store.1
    );
    assert_eq!(in_store.1["head"], in_cluster.1["head"]);

    let page = format!("http://127.0.0.1:{}/metrics", place.stack.port);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = http.get(page).send().await.unwrap().text().await.unwrap();
    let value = |name: &str| -> f64 {
        let line = page.lines().find(|line| line.starts_with(name)).unwrap();
        line.split(' ').nth(1).unwrap().parse().unwrap()
    };
    assert!(value("tenant_closure_evidence_failures_total ") >= 1.0);
    let records = in_store.1["head"]["sequence"].as_f64().unwrap();
    assert!(value("tenant_closure_evidence_objects_total ") > records);
}
