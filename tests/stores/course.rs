//! A closure whose evidence is kept in a cloud, from a wrong credential to what is left when the names are removed.

use crate::case::{Case, NAME};
use crate::cloud::{BUCKET, Cloud, Environment, PREFIX};
use crate::person::Person;
use crate::reasons::until_told;
use crate::simulator;
use crate::stack::{Options, Stack};
use kube::ResourceExt as _;
use object_store::path::Path as Place;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const USERS: u32 = 90;
/// For how long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(60);

/// What `verify` said of a store.
struct Judged {
    code: Option<i32>,
    said: Value,
    /// What it told besides.
    words: String,
}

/// Of the store alone, with these credentials.
async fn in_store(address: &str, environment: &Environment) -> Judged {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenant-closure"));
    command
        .args(["verify", "--output", "json", address])
        .envs(environment.iter().map(|(key, value)| (key, value)));
    // This thread serves what stands in front of a server.
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    Judged {
        code: output.status.code(),
        said: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        words: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    }
}

fn in_cluster(stack: &Stack) -> Value {
    let admin = stack.cluster.kubeconfig("admin");
    let output = Command::new(env!("CARGO_BIN_EXE_tenant-closure"))
        .args([
            "verify",
            "--output",
            "json",
            "--closure",
            NAME,
            "-n",
            "closures",
            "--kubeconfig",
        ])
        .arg(admin)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The objects of one closure.
struct Kept<'a> {
    cloud: &'a Cloud,
    folder: Place,
}

impl<'a> Kept<'a> {
    async fn new(cloud: &'a Cloud, case: &Case) -> Self {
        let uid = case.closures().get(NAME).await.unwrap().uid().unwrap();
        let folder = Place::from(PREFIX)
            .join(case.portal.tenant.id.as_str())
            .join(uid);
        Self { cloud, folder }
    }

    fn at(&self, name: &str) -> Place {
        name.split('/').fold(self.folder.clone(), Place::join)
    }

    fn record(&self, sequence: u64) -> Place {
        self.at(&format!("records/{sequence:010}.json"))
    }

    /// Parts of plans.
    async fn parts(&self) -> Vec<Place> {
        let plans = self.at("plans");
        let mut all = self.cloud.places().await;
        all.retain(|place| place.prefix_matches(&plans));
        all
    }

    async fn inventories(&self, ends: &str) -> Vec<Place> {
        let mut all = self.cloud.places().await;
        all.retain(|place| {
            let name = place.filename().unwrap_or_default();
            place.prefix_matches(&self.folder)
                && name.starts_with("inventory-")
                && name.ends_with(ends)
        });
        all
    }
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// Somebody who has rights in the store changes a record.
fn edited(record: &[u8]) -> Vec<u8> {
    let mut record = parsed(record);
    record["spec"]["approvals"] = json!(["of-mallory"]);
    record.to_string().into_bytes()
}

async fn effects(case: &Case) -> usize {
    case.portal.effects().await.unwrap().len()
}

/// With a wrong credential nothing is done in the tenant, nothing is in the store, and it is said why.
async fn refused(cloud: &Cloud, case: &Case) {
    case.apply().await.unwrap();
    let refuses = "the store refuses what its environment gives as credentials";
    until_told(case, "EvidenceStored", "EvidenceNotWritten", refuses).await;
    until_told(case, "Ready", "EvidenceNotWritten", refuses).await;
    assert_eq!(effects(case).await, 0);
    assert!(cloud.places().await.is_empty());
    let judged = in_store(&cloud.address, &cloud.refused).await;
    assert_eq!(judged.code, Some(2), "{}", judged.words);
    assert!(judged.words.contains(refuses), "{}", judged.words);
    cloud.must_not_tell("verify with a wrong credential", &judged.words);
}

/// What was changed, exchanged or removed while no operator looked: the next one says so and does nothing. What is gone is
/// written anew, as it was.
async fn compared(stack: &mut Stack, kept: &Kept<'_>, case: &Case) {
    let cloud = kept.cloud;
    let first = kept.record(1);
    let written = cloud.read(&first).await;
    cloud.write(&first, edited(&written)).await;
    stack.operator = stack.another_operator("comparing").unwrap();
    let told = until_told(case, "Ready", "EvidenceDiffers", "0000000001.json").await;
    assert!(told.contains(BUCKET), "{told}");
    let there = parsed(&cloud.read(&first).await);
    assert_ne!(there, parsed(&written), "what differs stays");
    cloud.remove(&first).await;
    until_told(case, "EvidenceStored", "Stored", "").await;
    let there = parsed(&cloud.read(&first).await);
    assert_eq!(there, parsed(&written), "it is written anew, as it was");

    // Each is whole, under the name of the other.
    let part = kept.parts().await.remove(0);
    let of_part = cloud.read(&part).await;
    cloud.write(&first, of_part.clone()).await;
    cloud.write(&part, written).await;
    stack.operator = stack.another_operator("comparing-again").unwrap();
    let name = part.filename().unwrap();
    until_told(case, "Ready", "EvidenceDiffers", name).await;
    cloud.write(&part, of_part).await;
    until_told(case, "Ready", "EvidenceDiffers", "0000000001.json").await;
    cloud.remove(&first).await;
    until_told(case, "EvidenceStored", "Stored", "").await;
    assert_eq!(effects(case).await, 0);
}

/// All of it is there, and it says what the cluster says.
async fn whole(stack: &Stack, kept: &Kept<'_>) -> u64 {
    let cloud = kept.cloud;
    let store = in_store(&cloud.address, &cloud.environment).await;
    assert_eq!(store.code, Some(0), "{}", store.words);
    let cluster = in_cluster(stack);
    for same in ["verdict", "closure", "tenantID", "figures", "head"] {
        assert_eq!(store.said[same], cluster[same], "{same}");
    }
    let report: Value = serde_json::from_slice(&cloud.read(&kept.at("report.json")).await).unwrap();
    assert_eq!(report["result"]["phase"], "Closed", "{report:#}");
    assert_eq!(report["journal"]["verdict"], "whole", "{report:#}");
    for (name, says) in [("report.md", "Closed"), ("report.html", "<!DOCTYPE html>")] {
        let text = String::from_utf8(cloud.read(&kept.at(name)).await).unwrap();
        assert!(text.contains(says), "{name}");
    }
    assert_eq!(kept.inventories(".jsonl").await.len(), 1);
    store.said["head"]["sequence"].as_u64().unwrap()
}

/// What is changed in the store, exchanged or gone is found in it, without the cluster.
async fn tampered(kept: &Kept<'_>, newest: u64) {
    let cloud = kept.cloud;
    let [second, third] = [2, 3].map(|sequence| kept.record(sequence));
    let (of_second, of_third) = (cloud.read(&second).await, cloud.read(&third).await);
    let found = async |what: &str, code: i32, says: &str| {
        let judged = in_store(&cloud.address, &cloud.environment).await;
        assert_eq!(judged.code, Some(code), "{what}: {}", judged.words);
        assert!(
            judged.said["faults"].to_string().contains(says),
            "{what}: {:#}",
            judged.said
        );
    };
    cloud.write(&second, edited(&of_second)).await;
    found("changed", 1, "changed or exchanged").await;
    let [mut two, mut three] = [&of_second, &of_third].map(|bytes| parsed(bytes));
    std::mem::swap(&mut two["status"], &mut three["status"]);
    cloud.write(&second, two.to_string()).await;
    cloud.write(&third, three.to_string()).await;
    found("outcomes exchanged", 1, "0000000003").await;
    cloud.write(&third, of_third).await;
    cloud.remove(&second).await;
    found("missing", 1, "0000000002").await;
    cloud.write(&second, of_second).await;
    let last = kept.record(newest);
    let of_last = cloud.read(&last).await;
    cloud.remove(&last).await;
    found("cut off", 1, "cut off").await;
    cloud.write(&last, of_last).await;
    assert_eq!(
        in_store(&cloud.address, &cloud.environment).await.code,
        Some(0),
        "all of it is back"
    );
}

/// Once their time is over the names are removed; what stays says that they were there.
async fn names_removed(stack: &mut Stack, kept: &Kept<'_>) {
    stack
        .configure(json!({"inventoryRetentionDays": "0"}))
        .await
        .unwrap();
    if let Some(environment) = &kept.cloud.removing {
        stack.environment.clone_from(environment);
    }
    (stack.operator, stack.port) = stack.another_operator_with_port("sweeper").unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !kept.inventories(".jsonl").await.is_empty() {
        if Instant::now() > deadline {
            let log = std::fs::read_to_string(stack.dir.join("sweeper.log")).unwrap();
            let why: Vec<_> = log.lines().filter(|line| line.contains("WARN")).collect();
            panic!("the names are still there: {why:#?}");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let left = kept.inventories(".removed.json").await;
    assert_eq!(left.len(), 1, "{left:?}");
    let stays: Value = serde_json::from_slice(&kept.cloud.read(&left[0]).await).unwrap();
    assert_eq!(stays["kind"], "InventoryRemoved");
    assert_eq!(stays["counts"]["User"], json!(USERS));
}

/// No credential is in what was said anywhere: by the operators, and in the cluster.
async fn nothing_told(cloud: &Cloud, stack: &Stack, case: &Case, logs: &Path) {
    let mut read = 0;
    for entry in std::fs::read_dir(logs).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|end| end == "log" || end == "out")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            cloud.must_not_tell(&path.display().to_string(), &text);
            read += 1;
        }
    }
    assert!(read >= 4, "the logs lie elsewhere");
    let closure = case.closures().get(NAME).await.unwrap();
    cloud.must_not_tell("the closure", &serde_json::to_string(&closure).unwrap());
    let all = [
        "get",
        "events,closurerecords,closureapprovals,configmaps,deployments",
        "-A",
        "-o",
        "json",
    ];
    let (done, text, why) = stack.cluster.kubectl("admin", &all, None).await.unwrap();
    assert!(done, "{why}");
    cloud.must_not_tell("the cluster", &text);
    let page = format!("http://127.0.0.1:{}/metrics", stack.port);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = http.get(page).send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("tenant_closure_evidence_objects_total"),
        "{page}"
    );
    cloud.must_not_tell("the metrics", &page);
    // The report, among all that lies there.
    let places = cloud.places().await;
    assert!(
        places
            .iter()
            .any(|place| place.filename() == Some("report.html"))
    );
    assert!(
        places
            .iter()
            .any(|place| place.as_ref().contains("/approvals/"))
    );
    for place in places {
        let text = cloud.read(&place).await;
        cloud.must_not_tell(place.as_ref(), &String::from_utf8_lossy(&text));
    }
}

/// The whole course.
pub(crate) async fn run(cloud: &mut Cloud) {
    let logs = tempfile::tempdir().unwrap();
    let options = Options {
        simulation: simulator::demo_tenant(USERS, 7),
        slice: Some(20),
        values: vec![
            format!("configuration.evidenceStore={}", cloud.address),
            "configuration.evidenceRequired=true,configuration.inventory=Wanted".to_owned(),
        ],
        // As talkative as anybody would have it to find a fault.
        log: Some("debug"),
        environment: cloud.refused.clone(),
        ..Options::default()
    };
    let mut stack = Stack::start(Some(logs.path()), options).await.unwrap();
    let tenant = stack.simulator.tenant().unwrap().clone();
    let case = stack.case("closures", tenant).await.unwrap();
    refused(cloud, &case).await;

    stack.environment = cloud.environment.clone();
    stack.operator = stack.another_operator("allowed").unwrap();
    until_told(&case, "Approved", "ApprovalsMissing", "").await;
    until_told(&case, "EvidenceStored", "Stored", "").await;
    let kept = Kept::new(cloud, &case).await;
    compared(&mut stack, &kept, &case).await;

    let mut person = Person::new(&case, true, Some(logs.path().join("person.diary")));
    let closed = async {
        until_told(&case, "Closed", "TenantGone", "").await;
        until_told(&case, "EvidenceStored", "Stored", "").await;
    };
    tokio::select! {
        () = closed => {}
        trouble = person.live() => panic!("the persons: {trouble:?}\n{}", stack.log_end("comparing-again.log")),
    }
    let judged = case.portal.get("violations").await.unwrap();
    assert_eq!(judged["count"], 0, "{judged:#}");
    let newest = whole(&stack, &kept).await;
    tampered(&kept, newest).await;
    names_removed(&mut stack, &kept).await;
    nothing_told(cloud, &stack, &case, logs.path()).await;

    // The store is away: it is said, and not with what would open it.
    drop(cloud.server.take());
    let judged = in_store(&cloud.address, &cloud.environment).await;
    assert_eq!(judged.code, Some(2), "{}", judged.words);
    cloud.must_not_tell("verify without a server", &judged.words);
}
