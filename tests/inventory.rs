//! The inventory of a tenant, on a real API server: required and impossible, nothing is deleted; wanted, it is there before
//! the first user goes, with all that is in the tenant and no name anywhere else; once its time is over, the names go.
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
#[allow(dead_code)] // the demo uses the rest
#[path = "support/person.rs"]
mod person;
#[path = "support/reasons.rs"]
mod reasons;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;

use case::{Case, NAME};
use cluster::Result;
use kube::Api;
use kube::api::ListParams;
use person::Person;
use reasons::until_told;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stack::{Options, Stack};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tenant_closure::api::{CLOSURE_UID, ClosureRecord, RecordType};
use tenant_closure::closure::inventory::Inventory;
use tenant_closure::closure::plan::hex;
use tenant_closure::closure::report::Phase;

/// Where the operator lives.
const OPERATOR: &str = "tenant-closure";
/// For how long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(240);
const USERS: usize = 130;

/// The records of the chain, in order.
async fn records(stack: &Stack, uid: &str) -> Vec<ClosureRecord> {
    let all: Api<ClosureRecord> = Api::namespaced(stack.cluster.client("admin"), OPERATOR);
    let of = ListParams::default().labels(&format!("{CLOSURE_UID}={uid}"));
    let mut chain = all.list(&of).await.unwrap().items;
    chain.retain(|record| record.spec.kind != RecordType::PlanChunk);
    chain.sort_by_key(|record| record.spec.sequence);
    chain
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn inventories(folder: &Path) -> Vec<PathBuf> {
    let mut all = files(folder);
    all.retain(|path| {
        name(path).starts_with("inventory-") && path.extension().is_some_and(|end| end == "jsonl")
    });
    all
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of_kind<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}

/// What Graph tells any program: every page of it.
async fn graph(case: &Case, path: &str) -> Vec<Value> {
    let tenant = &case.portal.tenant;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &tenant.app_id),
        ("client_secret", &tenant.client_secret),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let sign_in = format!("login/{}/oauth2/v2.0/token", tenant.id);
    let token = case.portal.form(&sign_in, &form).await.unwrap();
    let token = token["access_token"].as_str().unwrap();
    let place = format!("graph/v1.0/{path}");
    let nothing = Value::Null;
    let asked = case.portal.with_token(token, "GET", &place, &nothing);
    let (status, body) = asked.await.unwrap();
    assert_eq!(status, 200, "{body}");
    assert!(body["@odata.nextLink"].is_null(), "more than one page");
    body["value"].as_array().unwrap().clone()
}

fn ids(values: &[Value]) -> BTreeSet<String> {
    let text = |value: &Value| value["id"].as_str().unwrap().to_owned();
    values.iter().map(text).collect()
}

/// What there is in the tenant, as Graph tells it.
struct There {
    users: BTreeMap<String, Value>,
    groups: Vec<Value>,
    others: [(&'static str, BTreeSet<String>); 3],
}

async fn there(case: &Case) -> There {
    let select =
        "users?$top=999&$select=id,userPrincipalName,displayName,accountEnabled,assignedLicenses";
    let users = graph(case, select).await.into_iter();
    let text = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let mut applications = ids(&graph(case, "applications?$top=999").await);
    applications.extend(ids(&graph(case, "servicePrincipals?$top=999").await));
    let subscriptions = graph(case, "directory/subscriptions").await;
    let commerce = subscriptions.iter().map(|one| {
        let id = one["commerceSubscriptionId"].as_str().unwrap();
        id.to_owned()
    });
    There {
        users: users.map(|user| (text(&user), user)).collect(),
        groups: graph(case, "groups?$top=999").await,
        others: [
            ("Domain", ids(&graph(case, "domains").await)),
            ("Application", applications),
            ("Subscription", commerce.collect()),
        ],
    }
}

/// Every user, group, domain, application and subscription stands there once, and nothing else.
fn assert_whole(lines: &[Value], there: &There) {
    let told = of_kind(lines, "User");
    assert_eq!(told.len(), there.users.len());
    for user in told {
        let known = &there.users[user["id"].as_str().unwrap()];
        assert_eq!(user["userPrincipalName"], known["userPrincipalName"]);
        assert_eq!(user["name"], known["displayName"]);
        assert_eq!(user["enabled"], known["accountEnabled"]);
        let has_any = !known["assignedLicenses"].as_array().unwrap().is_empty();
        let licenses = if has_any {
            json!(["SPE_E5"])
        } else {
            json!([])
        };
        assert_eq!(user["licenses"], licenses);
    }
    let named = |group: &Value, key: &str| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&group["id"]), text(&group[key]))
    };
    let groups: BTreeSet<_> = there
        .groups
        .iter()
        .map(|g| named(g, "displayName"))
        .collect();
    let told = of_kind(lines, "Group");
    let told: BTreeSet<_> = told.into_iter().map(|g| named(g, "name")).collect();
    assert_eq!(told, groups);
    let memberships = of_kind(lines, "User").into_iter();
    let memberships = memberships.flat_map(|user| user["groups"].as_array().unwrap());
    let memberships: Vec<_> = memberships.map(|g| named(g, "name")).collect();
    assert!(
        memberships.len() > USERS / 2,
        "hardly anybody is in a group"
    );
    assert!(memberships.iter().all(|group| groups.contains(group)));
    for (kind, expected) in &there.others {
        let told: Vec<Value> = of_kind(lines, kind).into_iter().cloned().collect();
        assert_eq!(&ids(&told), expected, "{kind}");
        assert_eq!(told.len(), expected.len(), "{kind}");
    }
    assert_eq!(of_kind(lines, "License").len(), 1);
}

/// The record that names the inventory, before the first effect that takes something away.
fn sealed(chain: &[ClosureRecord]) -> (usize, Inventory) {
    let place = chain
        .iter()
        .position(|r| r.spec.kind == RecordType::Inventory);
    let place = place.expect("no record of an inventory");
    let destroys = |record: &ClosureRecord| {
        let intent = record.spec.intent.as_ref();
        intent.is_some_and(|intent| intent.action.destroys())
    };
    assert!(!chain[..place].iter().any(destroys), "too late");
    assert!(
        chain[place..].iter().any(destroys),
        "nothing was deleted after it"
    );
    (place, chain[place].spec.inventory.clone().unwrap())
}

async fn untouched(case: &Case) {
    let effects = case.portal.effects().await.unwrap();
    assert!(effects.is_empty(), "{effects:?}");
}

/// Last written so many days ago.
fn dated(path: &Path, days: u64) {
    let then = std::time::SystemTime::now() - Duration::from_secs(days * 24 * 3600);
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(then).unwrap();
}

/// Inventories of closures that this cluster does not know, as another left them: those that stay, and those whose time is over.
fn of_a_lost_cluster(store: &Path, closed_here: &str) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let day = |ago: i64| jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * ago);
    let nobodys = "00000000-0000-4000-8000-00000000000";
    // Tenant, days of retention in the first line, for how many days nothing was written, the end that a report tells of.
    let lie = |number: u32, tenant: &str, promised: Option<u32>, idle: u64, closed: Option<i64>| {
        let folder = store.join(tenant).join(format!("lost-{number}"));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("inventory-20240101T000000Z-00000000.jsonl");
        let mut first = json!({"kind": "Inventory", "version": 1, "endsNotBefore": day(900)});
        if let Some(days) = promised {
            first["retentionDays"] = json!(days);
        }
        let user = json!({"kind": "User", "userPrincipalName": "eva@lost.example"});
        std::fs::write(&path, format!("{first}\n{user}\n")).unwrap();
        dated(&path, idle);
        let head = folder.join("head.json");
        std::fs::write(&head, "{}").unwrap();
        dated(&head, idle);
        if let Some(ago) = closed {
            let report = folder.join("report.json");
            let result = json!({"phase": "Closed", "goneAt": day(ago)});
            std::fs::write(&report, json!({"result": result}).to_string()).unwrap();
            dated(&report, idle);
        }
        path
    };
    let tenant = |number: u32| format!("{nobodys}{number}");
    let mut stay = vec![
        lie(1, &tenant(1), Some(90), 60, Some(60)),
        // Nothing was promised: its cluster may still have it.
        lie(2, &tenant(2), None, 900, Some(900)),
        // Somebody runs it, or did not long ago.
        lie(3, &tenant(3), Some(0), 300, None),
        lie(4, &tenant(4), Some(90), 400, None),
        // Of the tenant that was closed here a moment ago.
        lie(5, closed_here, Some(1), 60, None),
    ];
    let go = vec![
        lie(6, &tenant(6), Some(30), 60, Some(60)),
        lie(7, &tenant(7), Some(30), 400, None),
        lie(8, closed_here, Some(0), 60, None),
    ];
    stay.sort();
    (stay, go)
}

#[allow(clippy::too_many_lines)] // one life of one inventory
#[tokio::test(flavor = "current_thread")]
async fn an_inventory_is_required_taken_kept_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("evidence");
    let options = Options {
        slice: Some(50),
        ..Options::default()
    };
    let stack = Stack::start(Some(folder.path()), options).await.unwrap();
    let tenant = json!({"users": USERS, "initialDomain": "known.onmicrosoft.com", "displayName": "Known",
        "domains": ["known.example"], "losses": {"groups": 9, "hiddenGroups": 2}, "servicePrincipals": 2,
        "subscriptions": [{"kind": "Direct", "sku": "SPE_E5", "seats": 100}]});
    let tenant = stack.simulator.add(&tenant).await.unwrap();
    let case = stack.case("known", tenant).await.unwrap();
    let there = there(&case).await;

    // Required, and there is nowhere to write it: said before anybody approves.
    stack
        .configure(json!({"inventory": "Required"}))
        .await
        .unwrap();
    case.apply().await.unwrap();
    until_told(&case, "Ready", "InventoryMissing", "names no store").await;
    stack
        .configure(json!({"evidenceStore": store.to_string_lossy()}))
        .await
        .unwrap();
    until_told(&case, "Ready", "InventoryMissing", "is no folder").await;
    untouched(&case).await;

    // There is, but two groups hide their members from this application.
    std::fs::create_dir(&store).unwrap();
    stack
        .configure(json!({"pollAtMost": "900ms"}))
        .await
        .unwrap();
    let mut person = Person::new(&case, true, Some(folder.path().join("person.log")));
    let refused = async {
        let told = until_told(
            &case,
            "Ready",
            "InventoryIncomplete",
            "who is in which group",
        )
        .await;
        assert!(told.contains("Member.Read.Hidden"), "{told}");
        untouched(&case).await;
        assert_eq!(
            inventories(&store),
            Vec::<PathBuf>::new(),
            "names lie about"
        );
        // Only wanted, it is taken as it is.
        stack
            .configure(json!({"inventory": "Wanted", "inventoryRetentionDays": "0"}))
            .await
            .unwrap();
        stack.until(&case, Phase::Closed).await.unwrap()
    };
    let status = tokio::select! {
        status = refused => status,
        trouble = person.live() => panic!("the persons: {trouble:?}"),
    };

    let closure = case.closures().get(NAME).await.unwrap();
    let uid = closure.metadata.uid.unwrap();
    let found = inventories(&store);
    assert_eq!(found.len(), 1, "{found:?}");
    let lines = lines(&found[0]);
    assert_whole(&lines, &there);
    let ends = of_kind(&lines, "End");
    let lacking: Vec<_> = ends.iter().filter(|end| end["complete"] == false).collect();
    assert_eq!(ends.len(), 7);
    assert_eq!(lacking.len(), 1);
    assert_eq!(lacking[0]["of"], "Membership");
    assert_eq!(lacking[0]["permission"], "Member.Read.Hidden");

    // Its first line says until when it is kept, wherever it is found.
    assert_eq!(lines[0]["retentionDays"], 0, "{}", lines[0]);
    let estimated = status.estimate.as_ref().unwrap().earliest;
    assert_eq!(lines[0]["endsNotBefore"], json!(estimated));

    // The journal names it by its hash, before the first deletion, and holds none of its names.
    let chain = records(&stack, &uid).await;
    let (_, named) = sealed(&chain);
    let bytes = std::fs::read(&found[0]).unwrap();
    assert_eq!(named.object, Some(name(&found[0])));
    assert_eq!(named.bytes, bytes.len() as u64);
    let digest = hex(&Sha256::digest(&bytes));
    assert_eq!(named.digest, Some(digest.clone()));
    assert_eq!(status.inventory.unwrap().inventory, named);
    let journal = serde_json::to_string(&chain).unwrap();
    for user in there.users.values() {
        for key in ["userPrincipalName", "displayName"] {
            assert!(!journal.contains(user[key].as_str().unwrap()), "{user}");
        }
    }
    // It was ended before the simulator saw the first user go.
    let first = case.portal.effects().await.unwrap();
    let first = first
        .iter()
        .find(|one| one["kind"] == "userDeleted")
        .unwrap();
    let gone: jiff::Timestamp = first["time"].as_str().unwrap().parse().unwrap();
    let written = std::fs::metadata(&found[0]).unwrap().modified().unwrap();
    let written = jiff::Timestamp::try_from(written).unwrap();
    assert!(written <= gone, "written {written}, the first went {gone}");

    // Its time is over: the names go, what proves that they were there stays. What an operator that was killed had begun, two
    // days ago, goes too, and what is due of a cluster that is lost.
    let begun = found[0].with_file_name("inventory-begun.jsonl#1");
    std::fs::write(&begun, "{}").unwrap();
    dated(&begun, 2);
    let (stay, go) = of_a_lost_cluster(&store, &case.portal.tenant.id);
    let another = stack.another_operator("sweeper").unwrap();
    let deadline = Instant::now() + PATIENCE;
    let due = |path: &&PathBuf| go.contains(path) || **path == found[0];
    while begun.exists() || inventories(&store).iter().any(|path| due(&path)) {
        let left = inventories(&store);
        assert!(
            Instant::now() < deadline,
            "the names are still there: {left:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // A sweep that was not at its end by now would remove one of these too.
    let log = stack.dir.join("sweeper.log");
    let swept = || std::fs::read_to_string(&log).unwrap().contains("removed=");
    while !swept() {
        assert!(
            Instant::now() < deadline,
            "{}",
            stack.log_end("sweeper.log")
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(inventories(&store), stay);
    drop(another);
    let mut left = files(found[0].parent().unwrap());
    left.retain(|path| name(path).starts_with("inventory-"));
    assert_eq!(left.len(), 1, "{left:?}");
    let stays: Value = serde_json::from_slice(&std::fs::read(&left[0]).unwrap()).unwrap();
    assert_eq!(stays["kind"], "InventoryRemoved");
    assert_eq!(stays["digest"], json!(digest));
    assert_eq!(stays["counts"]["User"], json!(USERS));
    let text = stays.to_string();
    for user in there.users.values() {
        assert!(!text.contains(user["userPrincipalName"].as_str().unwrap()));
    }
}
