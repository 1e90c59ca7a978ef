//! Copies of a journal in the evidence store: what is missing is written, what is there is compared, in order.

use crate::api::{ClosureApproval, hash};
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

    /// An approval or attestation of the closure by its UID, as far as it is still there.
    fn approval(&self, uid: &str) -> Option<&ClosureApproval>;
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
    /// Approvals and attestations that are there, by UID.
    approvals: BTreeSet<String>,
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

    /// True where its copy is there.
    pub fn has_approval(&self, uid: &str) -> bool {
        self.approvals.contains(uid)
    }

    /// The copy of an approval or attestation, unless it is there.
    ///
    /// # Errors
    /// `Differs` where another one is, or where the store failed.
    pub async fn put_approval(
        &mut self,
        store: &Store,
        folder: &Folder,
        approval: &ClosureApproval,
    ) -> Result<(), StoreError> {
        let uid = approval.metadata.uid.clone().unwrap_or_default();
        let text = approval.copy_text();
        let same = |found: &[u8]| found == text.as_bytes();
        let (place, bytes) = (folder.approval(&uid), text.clone().into_bytes());
        let put = store.put_once(&place, bytes, same).await?;
        self.written += u64::from(put == Put::Written);
        self.approvals.insert(uid);
        Ok(())
    }

    /// A record, after the parts of the plan that it seals and what it rests on: where it is, they are.
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
        for uid in rests_on(&record) {
            let Some(approval) = journal.approval(uid).filter(|_| !self.has_approval(uid)) else {
                continue;
            };
            match self.put_approval(store, folder, approval).await {
                Err(StoreError::Differs(place)) => {
                    differs.get_or_insert(place);
                }
                put => put?,
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

/// UIDs of the approvals and attestations that a record names, as it is stored
/// ([`ClosureRecordSpec::rests_on`](crate::api::ClosureRecordSpec::rests_on)).
fn rests_on(record: &Value) -> impl Iterator<Item = &str> {
    let named = [
        "/spec/approvals",
        "/spec/later/approvals",
        "/spec/attestations",
    ];
    let named = named
        .into_iter()
        .filter_map(|at| record.pointer(at)?.as_array());
    named.flatten().filter_map(Value::as_str)
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
mod tests;
