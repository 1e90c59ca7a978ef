//! A journal that is not what it was (an etcd that was restored, records that somebody took away): nothing more is done for
//! the closure, whoever notices it.

use super::{NAME, USERS, until_told};
use crate::case::Case;
use crate::held::Held;
use crate::person::Person;
use crate::simulator;
use crate::stack::{Options, Stack};
use kube::api::{Api, ListParams};
use kube::{Resource as _, ResourceExt as _};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tenant_closure::api::{CLOSURE_UID, ClosureRecord};

/// For how long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(120);
const JOURNAL: &str = "tenant-closure";

/// A closure that was stopped in the middle of its users.
struct Stopped {
    case: Case,
    uid: String,
    effects: usize,
}

impl Stopped {
    /// In a namespace of this name, with a tenant of its own.
    async fn midway(stack: &Stack, name: &str) -> Self {
        let tenant = json!({"users": USERS, "initialDomain": format!("{name}.onmicrosoft.com"), "displayName": name});
        let tenant = stack.simulator.add(&tenant).await.unwrap();
        let case = stack.case(name, tenant).await.unwrap();
        case.apply().await.unwrap();
        let mut stopped = Self {
            uid: case.closures().get(NAME).await.unwrap().uid().unwrap(),
            case,
            effects: 0,
        };
        let case = &stopped.case;
        // In the middle of its fourth batch.
        let held = Held::at_deletions(&case.portal, 4).await;
        let diary = stack.dir.join(format!("{name}-persons.log"));
        let mut person = Person::new(case, false, Some(diary));
        tokio::select! {
            () = held.until_reached() => {}
            trouble = person.live() => panic!("the persons: {trouble:?}"),
        }
        stopped.spec(&json!({"suspend": true})).await;
        held.go().await;
        until_told(case, "Ready", "Suspended", "").await;
        let effects = case.portal.effects().await.unwrap().len();
        let midway = 40..USERS as usize;
        assert!(midway.contains(&effects), "{name}: {effects}");
        drop(person);
        stopped.effects = effects;
        stopped
    }

    async fn kubectl(&self, args: &[&str]) {
        let run = self.case.cluster.kubectl("admin", args, None).await;
        let (done, _, why) = run.unwrap();
        assert!(done, "{args:?}: {why}");
    }

    async fn patch(&self, more: &[&str], patch: &Value) {
        let text = patch.to_string();
        let args = ["patch", "tenantclosure", NAME, "-n", &self.case.namespace];
        let args = [&args[..], &["--type=merge", "-p", &text], more].concat();
        self.kubectl(&args).await;
    }

    async fn spec(&self, spec: &Value) {
        self.patch(&[], &json!({ "spec": spec })).await;
    }

    async fn status(&self, journal: &Value) {
        let patch = json!({"status": {"journal": journal}});
        self.patch(&["--subresource=status"], &patch).await;
    }

    async fn records(&self) -> Vec<ClosureRecord> {
        let api: Api<ClosureRecord> = Api::namespaced(self.case.cluster.client("admin"), JOURNAL);
        let ours = ListParams::default().labels(&format!("{CLOSURE_UID}={}", self.uid));
        let mut all = api.list(&ours).await.unwrap().items;
        all.sort_by_key(|one| one.spec.sequence);
        all
    }

    async fn delete(&self, record: &ClosureRecord) {
        let name = record.meta().name.as_deref().unwrap();
        self.kubectl(&["delete", "closurerecord", name, "-n", JOURNAL])
            .await;
    }

    /// It is resumed, and the condition says why nothing goes on.
    async fn stalls(&self, reason: &str, says: &str) {
        self.spec(&json!({"suspend": false})).await;
        until_told(&self.case, "Stalled", reason, says).await;
        tokio::time::sleep(Duration::from_secs(2)).await; // more cycles
        until_told(&self.case, "Stalled", reason, says).await;
        let effects = self.case.portal.effects().await.unwrap().len();
        assert_eq!(effects, self.effects, "{}: it went on", self.case.namespace);
    }
}

async fn stack(folder: &Path) -> Stack {
    let store = folder.join("evidence");
    std::fs::create_dir(&store).unwrap();
    let options = Options {
        simulation: simulator::demo_tenant(1, 7),
        slice: Some(20),
        quiet: true,
        // Whether the store is required makes no difference.
        values: vec![format!("configuration.evidenceStore={}", store.display())],
        ..Options::default()
    };
    Stack::start(Some(folder), options).await.unwrap()
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_goes_on_where_the_journal_is_not_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut stack = stack(folder.path()).await;
    let stopped = async |name: &str| Stopped::midway(&stack, name).await;
    let under_way = stopped("under-way").await;
    let hole = stopped("hole").await;
    let head = stopped("head").await;
    let part = stopped("part").await;
    let other = stopped("other").await;
    let moved = stopped("moved").await;
    let restored = stopped("restored").await;
    let noticed = stopped("noticed").await;

    let chained = |all: &[ClosureRecord]| -> Vec<ClosureRecord> {
        let all = all.iter().filter(|one| one.spec.sequence > 0);
        all.cloned().collect()
    };
    // Under the operator that wrote it: a record goes.
    let records = under_way.records().await;
    under_way.delete(records.last().unwrap()).await;
    under_way
        .stalls("HistoryRollback", "its head is gone")
        .await;

    // Journal and status go back together: the operator that wrote them knows, and leaves it to the next one in the status.
    let records = chained(&noticed.records().await);
    let last = records.last().unwrap();
    noticed.delete(last).await;
    let before = last.spec.sequence - 1;
    let told = json!({"sequence": before, "head": last.spec.previous});
    noticed.status(&told).await;
    noticed.stalls("HistoryRollback", "its head is gone").await;
    let told = async || {
        let closure = noticed.case.closures().get(NAME).await.unwrap();
        closure.status.unwrap().journal.unwrap().sequence
    };
    let deadline = Instant::now() + PATIENCE;
    while told().await != last.spec.sequence {
        assert!(Instant::now() < deadline, "the next one will not know");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    // While no operator runs.
    let pid = stack.operator.id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-9", &pid])
        .status();
    assert!(killed.unwrap().success());
    while stack.operator.ended().is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let records = chained(&hole.records().await);
    hole.delete(&records[1]).await;
    hole.status(&Value::Null).await;
    let records = chained(&head.records().await);
    head.delete(records.last().unwrap()).await;
    let records = part.records().await;
    part.delete(records.iter().find(|one| one.spec.sequence == 0).unwrap())
        .await;
    other
        .status(&json!({"head": "0123456789abcdef".repeat(4)}))
        .await;
    moved.status(&json!({"namespace": "elsewhere"})).await;
    // As an etcd is restored: journal and status go back together, and only the store knows.
    let records = chained(&restored.records().await);
    let [.., before, last] = records.as_slice() else {
        panic!("{records:?}");
    };
    let told = json!({"sequence": before.spec.sequence, "head": last.spec.previous});
    restored.delete(last).await;
    restored.status(&told).await;

    stack.operator = stack.another_operator("second").unwrap();
    let rollback = "HistoryRollback";
    under_way.stalls(rollback, "its head is gone").await;
    hole.stalls(rollback, "a record is missing").await;
    head.stalls(rollback, "its head is gone").await;
    part.stalls(rollback, "a part of the plan is missing").await;
    let another = "its head is another record than it was";
    other.stalls(rollback, another).await;
    moved.stalls("JournalMoved", "namespace elsewhere").await;
    let ahead = "the evidence store has a newer record than the journal, which was rolled back";
    restored.stalls(rollback, ahead).await;
    until_told(&restored.case, "EvidenceStored", "EvidenceDiffers", ahead).await;
    noticed.stalls(rollback, "its head is gone").await;
}
