//! The lines of an inventory on their way to the store: hashed and counted, at most a part of the object in memory.

use crate::closure::inventory::{Entry, Kind, Sink};
use crate::closure::plan::hex;
use crate::closure::tenant::{Answer, Leash};
use crate::store::Store;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;

/// What is held before it is sent: the smallest part that every cloud takes.
const PART: usize = 5 << 20;

/// Why no object came of it.
#[derive(Debug)]
pub(super) enum Stopped {
    /// What it was begun for has changed, or the process is to stop.
    LetGo,
    /// The store did not take it.
    Lost(String),
}

/// An object that was written.
#[derive(Debug)]
pub(super) struct Written {
    /// SHA-256, hexadecimal.
    pub(super) digest: String,
    /// Its size.
    pub(super) bytes: u64,
    /// How many of each kind.
    pub(super) counts: BTreeMap<Kind, u64>,
}

/// An object that is being written.
pub(super) struct Lines {
    writer: BufWriter,
    leash: Box<dyn Leash>,
    hash: Sha256,
    bytes: u64,
    counts: BTreeMap<Kind, u64>,
    stopped: Option<Stopped>,
}

impl Lines {
    /// Nothing is sent yet. Once the leash is let go nothing more is read or written.
    pub(super) fn new(store: &Store, place: Path, leash: impl Leash + 'static) -> Self {
        Self {
            writer: BufWriter::with_capacity(Arc::clone(&store.objects), place, PART)
                .with_max_concurrency(1),
            leash: Box::new(leash),
            hash: Sha256::new(),
            bytes: 0,
            counts: Kind::ALL.into_iter().map(|kind| (kind, 0)).collect(),
            stopped: None,
        }
    }

    /// Writes a line; `false`: no more is wanted.
    pub(super) async fn write(&mut self, entry: &Entry) -> bool {
        if self.stopped.is_some() {
            return false;
        }
        if !self.leash.holds() {
            self.stopped = Some(Stopped::LetGo);
            return false;
        }
        self.count(entry);
        let mut line = match serde_json::to_vec(entry) {
            Ok(line) => line,
            Err(why) => return self.lost(&why),
        };
        line.push(b'\n');
        self.hash.update(&line);
        self.bytes = self.bytes.saturating_add(line.len() as u64);
        match self.writer.put(line.into()).await {
            Ok(()) => true,
            Err(why) => self.lost(&why),
        }
    }

    fn lost(&mut self, why: &dyn std::fmt::Display) -> bool {
        self.stopped = Some(Stopped::Lost(why.to_string()));
        false
    }

    fn count(&mut self, entry: &Entry) {
        let (kind, memberships) = match entry {
            Entry::Inventory(_) | Entry::End(_) => return,
            Entry::License(_) => (Kind::License, 0),
            Entry::Subscription(_) => (Kind::Subscription, 0),
            Entry::Domain(_) => (Kind::Domain, 0),
            Entry::Group(_) => (Kind::Group, 0),
            Entry::Application(_) => (Kind::Application, 0),
            Entry::User(user) => (Kind::User, user.groups.as_ref().map_or(0, Vec::len)),
        };
        *self.counts.entry(kind).or_default() += 1;
        if kind == Kind::User {
            *self.counts.entry(Kind::Membership).or_default() += memberships as u64;
        }
    }

    /// How many there are of a kind so far.
    pub(super) fn counted(&self, kind: Kind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    /// Nothing more is taken.
    pub(super) const fn ended(&self) -> bool {
        self.stopped.is_some()
    }

    /// Ends the object; `None`: it was not to be kept. Only now does it show in the store.
    pub(super) async fn finish(mut self, keep: bool) -> Result<Option<Written>, Stopped> {
        if let Some(stopped) = self.stopped.take() {
            self.take_back().await;
            return Err(stopped);
        }
        if !keep {
            self.take_back().await;
            return Ok(None);
        }
        let shown = self.writer.shutdown().await;
        shown.map_err(|why| Stopped::Lost(why.to_string()))?;
        Ok(Some(Written {
            digest: hex(&self.hash.finalize()),
            bytes: self.bytes,
            counts: self.counts,
        }))
    }

    /// What was sent already shows nowhere; a store that cannot be told so cleans up by rules of its own.
    async fn take_back(&mut self) {
        if let Err(why) = self.writer.abort().await {
            tracing::debug!(%why, "an inventory that was broken off was not taken back");
        }
    }
}

impl Sink for Lines {
    fn take(&mut self, entry: Entry) -> Answer<'_, bool> {
        Box::pin(async move { self.write(&entry).await })
    }
}
