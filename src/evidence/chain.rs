//! The chain: names, order, hashes, outcomes, anchors.

use crate::closure::id::ObjectId;
use crate::evidence::anchor::Anchor;
use crate::evidence::entry::Entry;
use crate::evidence::fault::{Doubt, Fault};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Holes are told one by one up to here; a journal that lacks more is told by its first.
const MOST_HOLES: usize = 20;

/// The name of a record in the chain.
pub(super) fn name(uid: &str, sequence: u64) -> String {
    format!("{uid}-{sequence:010}")
}

/// Whose journal this is: as told, else the closure that most records name.
pub(super) fn owner(told: Option<&str>, entries: &[Entry]) -> String {
    if let Some(uid) = told {
        return uid.to_owned();
    }
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in entries {
        *count.entry(&entry.spec.closure_uid).or_default() += 1;
    }
    let most = count.into_iter().max_by_key(|(_, n)| *n);
    most.map_or_else(String::new, |(uid, _)| uid.to_owned())
}

/// Sets aside what belongs to other closures or tenants.
pub(super) fn strangers<'a>(
    uid: &str,
    entries: &'a [Entry],
    faults: &mut Vec<Fault>,
) -> Vec<&'a Entry> {
    let (ours, theirs): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().partition(|e| e.spec.closure_uid == uid);
    faults.extend(theirs.into_iter().map(|entry| Fault::OtherClosure {
        name: entry.name.clone(),
        theirs: entry.spec.closure_uid.clone(),
        ours: uid.to_owned(),
    }));
    let first = ours.iter().min_by_key(|e| (e.is_chunk(), e.spec.sequence));
    let tenant: Option<ObjectId> = first.map(|e| e.spec.tenant_id);
    let other = ours.iter().filter(|e| Some(e.spec.tenant_id) != tenant);
    faults.extend(other.filter_map(|entry| {
        Some(Fault::OtherTenant {
            name: entry.name.clone(),
            theirs: entry.spec.tenant_id,
            ours: tenant?,
        })
    }));
    ours
}

/// The records in the order of their numbers, one for each; names, lines, doubles and holes are looked at.
pub(super) fn ordered<'a>(
    uid: &str,
    ours: &[&'a Entry],
    unreadable: &BTreeSet<&str>,
    faults: &mut Vec<Fault>,
) -> Vec<&'a Entry> {
    let mut newest_before: HashMap<&str, u64> = HashMap::new();
    let mut chain: BTreeMap<u64, &Entry> = BTreeMap::new();
    for entry in ours.iter().copied().filter(|e| !e.is_chunk()) {
        let sequence = entry.spec.sequence;
        let expected = name(uid, sequence);
        if entry.name != expected {
            faults.push(Fault::Misnamed {
                name: entry.name.clone(),
                sequence,
                expected,
            });
        }
        if entry.place.line.is_some() {
            let before = newest_before.entry(&entry.place.source).or_default();
            if sequence < *before {
                faults.push(Fault::OutOfOrder {
                    place: entry.place.clone(),
                    name: entry.name.clone(),
                    after: *before,
                });
            }
            *before = sequence.max(*before);
        }
        if let Some(first) = chain.get(&sequence) {
            faults.push(Fault::Twice {
                sequence,
                first: first.place.clone(),
                second: entry.place.clone(),
            });
        } else {
            chain.insert(sequence, entry);
        }
    }
    let mut holes = 0;
    let mut wanted = 1;
    for sequence in chain.keys().copied() {
        while wanted < sequence && holes < MOST_HOLES {
            let name = name(uid, wanted);
            if !unreadable.contains(name.as_str()) {
                faults.push(Fault::Missing { name });
                holes += 1;
            }
            wanted += 1;
        }
        wanted = sequence.saturating_add(1);
    }
    chain.into_values().collect()
}

/// Each record names the hash of the one before; only the newest may lack its outcome.
pub(super) fn linked(chain: &[&Entry], faults: &mut Vec<Fault>) {
    let mut before: Option<&Entry> = None;
    for entry in chain {
        let follows = before.filter(|before| entry.follows(before));
        let (number, found) = match follows {
            Some(b) => (b.spec.sequence, b.hash.as_str()),
            None if entry.spec.sequence <= 1 => (0, ""),
            // The hole was told; what came before cannot be compared.
            None => {
                before = Some(entry);
                continue;
            }
        };
        if entry.spec.previous != found {
            faults.push(Fault::NotChained {
                name: entry.name.clone(),
                before: number,
                named: or_none(&entry.spec.previous),
                found: or_none(found),
            });
        }
        before = Some(entry);
    }
    if let Some((newest, older)) = chain.split_last() {
        let open = older.iter().filter(|entry| entry.outcome.is_none());
        faults.extend(open.map(|entry| Fault::Unsettled {
            name: entry.name.clone(),
            newest: newest.spec.sequence,
        }));
    }
}

fn or_none(hash: &str) -> String {
    if hash.is_empty() { "nothing" } else { hash }.to_owned()
}

/// What places outside the journal say of it.
pub(super) struct Anchors<'a> {
    pub(super) all: &'a [Anchor],
    /// Names of records that are there but cannot be read.
    pub(super) unreadable: &'a BTreeSet<&'a str>,
}

impl Anchors<'_> {
    pub(super) fn compare(
        &self,
        uid: &str,
        chain: &[&Entry],
        faults: &mut Vec<Fault>,
        doubts: &mut Vec<Doubt>,
    ) {
        let newest = chain.last().map_or(0, |entry| entry.spec.sequence);
        for anchor in self.all {
            faults.extend(self.fault(anchor, uid, chain, newest));
        }
        let settled = chain.iter().rev().find(|entry| entry.outcome.is_some());
        let settled = settled.map_or(0, |entry| entry.spec.sequence);
        match self.all.iter().map(|anchor| anchor.sequence).max() {
            None => doubts.push(Doubt::NoAnchor),
            Some(anchored) if anchored < settled => doubts.push(Doubt::NewerThanAnchors {
                anchored,
                newest: settled,
            }),
            Some(_) => {}
        }
    }

    fn fault(&self, anchor: &Anchor, uid: &str, chain: &[&Entry], newest: u64) -> Option<Fault> {
        let place = chain.binary_search_by_key(&anchor.sequence, |e| e.spec.sequence);
        if let Some(entry) = place.ok().and_then(|at| chain.get(at)) {
            return (entry.hash != anchor.hash).then(|| Fault::OtherHead {
                name: entry.name.clone(),
                found: entry.hash.clone(),
                anchored: anchor.hash.clone(),
                who: anchor.source.clone(),
            });
        }
        // A hole before the newest record is told already.
        let name = name(uid, anchor.sequence);
        let cut = anchor.sequence > newest && !self.unreadable.contains(name.as_str());
        cut.then(|| Fault::TailCut {
            newest,
            anchored: anchor.sequence,
            who: anchor.source.clone(),
        })
    }
}
