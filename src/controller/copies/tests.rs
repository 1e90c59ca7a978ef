use super::*;
use crate::store::{Address, open};
use std::collections::HashMap;
use std::path::PathBuf;

const UID: &str = "0c0ffee0-0000-4000-8000-000000000001";

/// A journal of three records, the first of which seals a plan.
struct Three(HashMap<String, Value>, Vec<ClosureApproval>);

impl Three {
    fn new() -> Self {
        let mut all = HashMap::new();
        let mut add = |name: &str, spec: Value| {
            let metadata =
                json!({"name": name, "uid": format!("uid of {name}"), "resourceVersion": "7"});
            let status = json!({"outcome": {"at": "2026-01-01T00:00:00Z"}});
            let object = json!({"metadata": metadata, "spec": spec, "status": status});
            all.insert(name.to_owned(), object);
        };
        add("part", json!({"users": ["a"]}));
        add(&journal::name(UID, 1), json!({"chunks": ["part"]}));
        add(
            &journal::name(UID, 2),
            json!({"n": 2, "approvals": ["of-bob", "of-gone"], "attestations": ["of-carol"]}),
        );
        add(&journal::name(UID, 3), json!({"n": 3}));
        let approval = |uid: &str| {
            let spec = json!({"purpose": "Approval", "closureName": "contoso", "closureUID": UID, "tenantID": "t",
                "confirmDomain": "contoso.onmicrosoft.com", "approver": uid, "expiresAt": "2027-01-15T00:00:00Z"});
            let object = json!({"apiVersion": "tenantclosure.dev/v1alpha1", "kind": "ClosureApproval",
                "metadata": {"name": uid, "uid": uid, "resourceVersion": "9"}, "spec": spec});
            serde_json::from_value(object).unwrap()
        };
        let there = ["of-bob", "of-carol", "of-nothing"].map(approval);
        Self(all, there.to_vec())
    }
}

impl Journal for Three {
    async fn object(&self, name: &str) -> Result<Option<Value>, ReconcileError> {
        Ok(self.0.get(name).cloned())
    }

    fn approval(&self, uid: &str) -> Option<&ClosureApproval> {
        let named = |one: &&ClosureApproval| one.metadata.uid.as_deref() == Some(uid);
        self.1.iter().find(named)
    }
}

struct Kept {
    _outer: tempfile::TempDir,
    path: PathBuf,
}

impl Kept {
    fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("evidence");
        std::fs::create_dir(&path).unwrap();
        Self {
            _outer: outer,
            path,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path.join("tenant").join(UID).join(name)
    }

    async fn catch_up(&self, copies: &mut Copies, newest: u64) -> Result<bool, Trouble> {
        let address: Address = self.path.display().to_string().parse().unwrap();
        let store = open(&address).map_err(StoreError::from)?;
        let folder = store.folder("tenant", UID);
        let journal = Three::new();
        copies
            .catch_up(&store, &folder, &journal, UID, newest)
            .await
    }
}

fn read(path: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn records_are_copied_as_they_are_stored_with_the_parts_of_their_plan() {
    let kept = Kept::new();
    let mut copies = Copies::default();
    assert!(kept.catch_up(&mut copies, 2).await.unwrap());
    let journal = Three::new();
    assert_eq!(read(&kept.at("plans/part.json")), journal.0["part"]);
    let second = &journal.0[&journal::name(UID, 2)];
    assert_eq!(read(&kept.at("records/0000000002.json")), *second);
    assert!(!kept.at("records/0000000003.json").exists());
    let head = read(&kept.at("head.json"));
    assert_eq!(head["sequence"], 2);
    assert_eq!(head["hash"], fingerprint(second));
    assert_eq!(
        copies.written, 5,
        "two records, a part, two that they rest on"
    );
}

/// Those that a record names and that are still there: of others nobody asks.
#[tokio::test]
async fn what_a_record_rests_on_is_copied_with_it() {
    let kept = Kept::new();
    let mut copies = Copies::default();
    kept.catch_up(&mut copies, 1).await.unwrap();
    assert!(!kept.at("approvals").exists());
    kept.catch_up(&mut copies, 2).await.unwrap();
    let journal = Three::new();
    for approval in &journal.1[..2] {
        let uid = approval.metadata.uid.as_deref().unwrap();
        let text = std::fs::read_to_string(kept.at(&format!("approvals/{uid}.json")));
        assert_eq!(text.unwrap(), approval.copy_text());
        assert!(copies.has_approval(uid));
    }
    let there = std::fs::read_dir(kept.at("approvals")).unwrap().count();
    assert_eq!((there, copies.has_approval("of-gone")), (2, false));
}

#[tokio::test]
async fn what_is_missing_is_written_after_an_outage_and_by_a_new_process() {
    let kept = Kept::new();
    let mut copies = Copies::default();
    kept.catch_up(&mut copies, 1).await.unwrap();
    let away = kept.path.with_extension("away");
    std::fs::rename(&kept.path, &away).unwrap();
    std::fs::write(&kept.path, "in the way").unwrap();
    let why = kept.catch_up(&mut copies, 3).await.unwrap_err();
    assert!(matches!(why, Trouble::Store(_)), "{why:?}");
    std::fs::remove_file(&kept.path).unwrap();
    std::fs::rename(&away, &kept.path).unwrap();
    assert!(kept.catch_up(&mut copies, 3).await.unwrap());
    assert!(kept.at("records/0000000003.json").exists());

    std::fs::remove_file(kept.at("records/0000000002.json")).unwrap();
    let mut anew = Copies::default();
    assert!(kept.catch_up(&mut anew, 3).await.unwrap());
    assert_eq!(anew.written, 1, "the one that was missing");
}

#[tokio::test]
async fn what_differs_is_told_and_stays() {
    for name in [
        "records/0000000002.json",
        "plans/part.json",
        "approvals/of-bob.json",
    ] {
        let kept = Kept::new();
        kept.catch_up(&mut Copies::default(), 2).await.unwrap();
        let mut edited = read(&kept.at(name));
        edited["spec"] = json!({"edited": true});
        std::fs::write(kept.at(name), edited.to_string()).unwrap();
        let mut copies = Copies::default();
        for _ in 0..2 {
            let why = kept.catch_up(&mut copies, 3).await.unwrap_err();
            let differs = matches!(&why, Trouble::Store(StoreError::Differs(place)) if place.as_ref().ends_with(name));
            assert!(differs, "{why:?}");
        }
        assert_eq!(read(&kept.at(name)), edited);
        let later = kept.at("records/0000000003.json");
        assert!(later.exists(), "what comes after it is written");
        std::fs::remove_file(kept.at(name)).unwrap();
        assert!(kept.catch_up(&mut copies, 3).await.unwrap());
    }
}

#[tokio::test]
async fn notes_of_the_api_server_make_no_difference() {
    let kept = Kept::new();
    kept.catch_up(&mut Copies::default(), 1).await.unwrap();
    let path = kept.at("records/0000000001.json");
    let mut noted = read(&path);
    noted["metadata"]["resourceVersion"] = json!("8");
    std::fs::write(&path, noted.to_string()).unwrap();
    assert!(kept.catch_up(&mut Copies::default(), 1).await.unwrap());
}

#[tokio::test]
async fn a_journal_that_was_rolled_back_is_seen() {
    let kept = Kept::new();
    kept.catch_up(&mut Copies::default(), 3).await.unwrap();
    let why = kept.catch_up(&mut Copies::default(), 2).await.unwrap_err();
    assert!(matches!(why, Trouble::Ahead), "{why:?}");
}
