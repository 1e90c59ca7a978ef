//! Copies of a journal in the evidence store: what is missing is written, what is there is compared, in order.

use crate::api::hash;
use crate::controller::error::ReconcileError;
use crate::controller::journal;
use crate::store::{Folder, Put, Store, StoreError};
use object_store::path::Path;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// What `format` says of a head of this shape.
const FORMAT: &str = "tenantclosure.dev/head/v1";
/// One cycle copies for so long; the next goes on.
const A_CYCLE: Duration = Duration::from_secs(10);
/// After so long all that is there is compared anew.
const COMPARED_AGAIN: Duration = Duration::from_secs(6 * 3600);

/// Where the records come from.
pub trait Journal: Sync {
    /// An object of the journal as it is stored; `None`: there is none of this name.
    fn object(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<Value>, ReconcileError>> + Send;
}

/// Why copying stopped.
#[derive(Debug)]
pub enum Trouble {
    /// The API server failed, or the journal has a hole.
    Journal(ReconcileError),
    /// The store failed.
    Store(StoreError),
    /// The store knows more than the journal does.
    Ahead,
}

impl From<ReconcileError> for Trouble {
    fn from(why: ReconcileError) -> Self {
        Self::Journal(why)
    }
}

impl From<StoreError> for Trouble {
    fn from(why: StoreError) -> Self {
        Self::Store(why)
    }
}

/// What is known of the copies of one journal. Losing it loses nothing: all is compared anew then.
#[derive(Clone, Debug, Default)]
pub struct Copies {
    /// The records up to here were copied.
    through: u64,
    /// What the last of them hashes to.
    hash: String,
    /// Of these something else is there: they are looked at again each time.
    differing: BTreeSet<u64>,
    /// The head that was written.
    head: u64,
    /// Up to here there may be copies already.
    look_first: u64,
    /// When comparing began.
    since: Option<Instant>,
    /// Objects written in all.
    pub written: u64,
}

impl Copies {
    /// Goes on until the newest settled record is there, or for a while. True: everything is there.
    ///
    /// # Errors
    /// Where journal or store failed, or something else is there; what was done stays done.
    pub async fn catch_up(
        &mut self,
        store: &Store,
        folder: &Folder,
        journal: &impl Journal,
        uid: &str,
        newest: u64,
    ) -> Result<bool, Trouble> {
        let begun = Instant::now();
        if self
            .since
            .is_none_or(|since| since.elapsed() > COMPARED_AGAIN)
        {
            let known = known_head(store, folder).await?;
            if known > newest {
                return Err(Trouble::Ahead);
            }
            *self = Self {
                look_first: newest,
                since: Some(begun),
                written: self.written,
                ..Self::default()
            };
        }
        let mut differs = None;
        for sequence in self.differing.clone() {
            let copied = self.copy(store, folder, journal, uid, sequence).await?;
            if copied.differs.is_none() {
                self.differing.remove(&sequence);
            }
            differs = differs.or(copied.differs);
        }
        while self.through < newest {
            if begun.elapsed() > A_CYCLE {
                return Ok(false);
            }
            let sequence = self.through + 1;
            let copied = self.copy(store, folder, journal, uid, sequence).await?;
            if copied.differs.is_some() {
                self.differing.insert(sequence);
            }
            differs = differs.or(copied.differs);
            self.hash = copied.hash;
            self.through = sequence;
        }
        if self.head != newest {
            let head = json!({
                "format": FORMAT,
                "closureUID": uid,
                "sequence": newest,
                "hash": self.hash,
            });
            store.replace(&folder.named(HEAD), line(&head)).await?;
            self.head = newest;
        }
        // What comes after it is written all the same.
        differs.map_or(Ok(true), |place| Err(StoreError::Differs(place).into()))
    }

    /// A record, after the parts of the plan that it seals: where it is, they are.
    async fn copy(
        &mut self,
        store: &Store,
        folder: &Folder,
        journal: &impl Journal,
        uid: &str,
        sequence: u64,
    ) -> Result<Copied, Trouble> {
        let look_first = sequence <= self.look_first;
        let record = object(journal, &journal::name(uid, sequence)).await?;
        let mut differs = None;
        let chunks = record.pointer("/spec/chunks").and_then(Value::as_array);
        for name in chunks.into_iter().flatten().filter_map(Value::as_str) {
            let part = object(journal, name).await?;
            let place = folder.plan(name);
            if !self.put(store, &place, &part, look_first).await? {
                differs.get_or_insert(place);
            }
        }
        let place = folder.record(sequence);
        if !self.put(store, &place, &record, look_first).await? {
            differs.get_or_insert(place);
        }
        Ok(Copied {
            hash: fingerprint(&record),
            differs,
        })
    }

    /// False where something else is there.
    async fn put(
        &mut self,
        store: &Store,
        place: &Path,
        object: &Value,
        look_first: bool,
    ) -> Result<bool, Trouble> {
        let wanted = fingerprint(object);
        // What else the API server notes of an object (managed fields, versions) is not under the hash.
        let same = |found: &[u8]| {
            let found = serde_json::from_slice(found);
            found.is_ok_and(|found| fingerprint(&found) == wanted)
        };
        if look_first && let Some(found) = store.read(place).await? {
            return Ok(same(&found));
        }
        match store.put_once(place, line(object), same).await {
            Ok(put) => {
                self.written += u64::from(put == Put::Written);
                Ok(true)
            }
            Err(StoreError::Differs(_)) => Ok(false),
            Err(why) => Err(why.into()),
        }
    }
}

/// A record that was copied.
struct Copied {
    hash: String,
    /// The first of its objects that is there with another content.
    differs: Option<Path>,
}

/// The file that names the newest record.
const HEAD: &str = "head.json";

async fn object(journal: &impl Journal, name: &str) -> Result<Value, Trouble> {
    let found = journal.object(name).await?;
    found.ok_or_else(|| {
        let why = "a record, or a part of a plan, is missing";
        ReconcileError::HistoryRollback(why.into()).into()
    })
}

/// The newest record that the store knows of; 0: none.
async fn known_head(store: &Store, folder: &Folder) -> Result<u64, StoreError> {
    let found = store.read(&folder.named(HEAD)).await?;
    let head = found.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    Ok(head
        .and_then(|head| head["sequence"].as_u64())
        .unwrap_or_default())
}

/// What an object hashes to, as the next record of the chain names it.
fn fingerprint(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let part = |key: &str| object.get(key).unwrap_or(&Value::Null);
    hash::record(
        text("/metadata/name").unwrap_or_default(),
        text("/metadata/uid"),
        part("spec"),
        part("status"),
    )
}

fn line(object: &Value) -> Vec<u8> {
    format!("{object}\n").into_bytes()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use crate::store::{Address, open};
    use std::collections::HashMap;
    use std::path::PathBuf;

    const UID: &str = "0c0ffee0-0000-4000-8000-000000000001";

    /// A journal of three records, the first of which seals a plan.
    struct Three(HashMap<String, Value>);

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
            add(&journal::name(UID, 2), json!({"n": 2}));
            add(&journal::name(UID, 3), json!({"n": 3}));
            Self(all)
        }
    }

    impl Journal for Three {
        async fn object(&self, name: &str) -> Result<Option<Value>, ReconcileError> {
            Ok(self.0.get(name).cloned())
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
        assert_eq!(copies.written, 3);
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
        for name in ["records/0000000002.json", "plans/part.json"] {
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
}
