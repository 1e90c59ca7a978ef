//! Parts of plans: they stand beside the chain, and hang on the record that seals them. Each is there once, as the operator writes
//! one, and is the one that was sealed; what no record seals is told and never believed.

use crate::api::{ClosureRecordSpec, RecordType};
use crate::closure::memory::Memory;
use crate::evidence::entry::Entry;
use crate::evidence::fault::Fault;
use crate::evidence::times;
use std::collections::btree_map::Entry as Place;
use std::collections::{BTreeMap, BTreeSet};

/// Of parts that no record seals so many are named.
const MOST_NAMED: usize = 5;
/// So much of a plan's digest stands in the names of its parts.
const IN_NAMES: usize = 16;

/// The parts that records of the chain seal, by name.
pub(super) struct Parts<'a>(BTreeMap<&'a str, &'a Entry>);

impl<'a> Parts<'a> {
    /// Looks at each part, and leaves out those that no record seals.
    pub(super) fn sealed(
        uid: &str,
        found: &[&'a Entry],
        chain: &[&'a Entry],
        faults: &mut Vec<Fault>,
        notes: &mut Vec<String>,
    ) -> Self {
        let mut parts = BTreeMap::new();
        for part in found.iter().copied() {
            match parts.entry(part.name.as_str()) {
                Place::Vacant(place) => drop(place.insert(part)),
                Place::Occupied(first) => faults.push(Fault::PartTwice {
                    name: part.name.clone(),
                    first: first.get().place.clone(),
                    second: part.place.clone(),
                }),
            }
            let what = unlike(uid, part, chain.first().copied());
            faults.extend(what.map(|what| strange(part, what)));
        }
        let seals = chain.iter().filter(|e| e.spec.kind == RecordType::Plan);
        let seals: Vec<&Entry> = seals.copied().collect();
        let named = seals.iter().flat_map(|seal| &seal.spec.chunks);
        let named: BTreeSet<&str> = named.map(String::as_str).collect();
        let mut left = Vec::new();
        parts.retain(|name, part| {
            if named.contains(name) {
                return true;
            }
            let mut seals = seals.iter();
            match seals.find(|seal| seal.spec.plan_digest == part.spec.plan_digest) {
                Some(seal) => faults.push(strange(
                    part,
                    format!("record {} seals that plan without it", seal.name),
                )),
                None => left.push(*name),
            }
            false
        });
        notes.extend(unsealed(&left));
        Self(parts)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// A part by its name.
    pub(super) fn get(&self, name: &str) -> Option<&'a Entry> {
        self.0.get(name).copied()
    }

    /// Holds the parts that a record seals against what they hashed to when it sealed them.
    pub(super) fn compare(&self, seal: &Entry, faults: &mut Vec<Fault>) {
        let (names, hashes) = (&seal.spec.chunks, &seal.spec.chunk_hashes);
        if !hashes.is_empty() && hashes.len() != names.len() {
            faults.push(Fault::Strange {
                name: seal.name.clone(),
                what: format!(
                    "it names {} parts and what {} of them hash to",
                    names.len(),
                    hashes.len()
                ),
            });
        }
        for (name, hash) in names.iter().zip(hashes) {
            let changed = self.get(name).filter(|part| part.hash != *hash);
            faults.extend(changed.map(|part| Fault::PartChanged {
                name: seal.name.clone(),
                part: name.clone(),
                sealed: hash.clone(),
                found: part.hash.clone(),
            }));
        }
        for part in names.iter().filter_map(|name| self.get(name)) {
            let what = times::before(part.created, seal.outcome.as_ref());
            faults.extend(what.map(|what| Fault::OtherTime {
                name: part.name.clone(),
                what,
            }));
        }
    }
}

fn strange(part: &Entry, what: String) -> Fault {
    Fault::StrangePart {
        name: part.name.clone(),
        what,
    }
}

/// What an operator leaves that is ended while it writes a plan, and what anybody can put in who wants a plan to be seen that
/// never was.
fn unsealed(left: &[&str]) -> Option<String> {
    let (shown, rest) = left.split_at(left.len().min(MOST_NAMED));
    let more = if rest.is_empty() {
        String::new()
    } else {
        format!(" and {} more", rest.len())
    };
    (!left.is_empty()).then(|| {
        format!(
            "parts of plans that no record seals, as an operator leaves them that is ended while it writes a plan: {}{more}; \
             nobody approved what they name, and nothing was done because of them",
            shown.join(", ")
        )
    })
}

/// In what a part is other than the operator writes one, whatever its plan is.
fn unlike(uid: &str, part: &Entry, first: Option<&Entry>) -> Option<String> {
    let spec = &part.spec;
    let digest = spec.plan_digest.as_deref().unwrap_or_default();
    let start = digest.get(..IN_NAMES).unwrap_or(digest);
    let number = part
        .name
        .strip_prefix(&format!("{uid}-plan-{start}-"))
        .filter(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()));
    let Some(number) = number else {
        return Some(format!(
            "its name is that of no part of plan {digest}, of which it says to be one"
        ));
    };
    let heads = usize::from(spec.plan.is_some()) + usize::from(spec.supplement.is_some());
    if heads != usize::from(number == "0000") {
        return Some("the first part of a plan has its head, and no other one".to_owned());
    }
    let closure = |spec: &ClosureRecordSpec| {
        let (namespace, name) = (&spec.closure_namespace, &spec.closure_name);
        format!("{namespace}/{name}")
    };
    if let Some(other) = first.filter(|first| closure(&first.spec) != closure(spec)) {
        return Some(format!(
            "it is of closure {}, and the first record of {}",
            closure(spec),
            closure(&other.spec)
        ));
    }
    let said = said(part);
    (!said.is_empty()).then(|| {
        format!(
            "it says something ({}) of which a part says nothing",
            said.join(", ")
        )
    })
}

/// What it says that only records of the chain say.
fn said(part: &Entry) -> Vec<&'static str> {
    let spec = &part.spec;
    let all = [
        ("sequence", spec.sequence != 0),
        ("previous", !spec.previous.is_empty()),
        ("intent", spec.intent.is_some()),
        ("effectId", spec.effect_id.is_some()),
        ("losses", !spec.losses.is_empty()),
        ("recycleBin", spec.recycle_bin.is_some()),
        ("chunks", !spec.chunks.is_empty()),
        ("chunkHashes", !spec.chunk_hashes.is_empty()),
        ("inventory", spec.inventory.is_some()),
        ("approvals", spec.rests_on().next().is_some()),
        ("approvalCopies", !spec.approval_copies.is_empty()),
        ("approvalsRequired", spec.approvals_required != 0),
        ("later", spec.later.is_some()),
        ("memory", spec.memory != Memory::default()),
        ("status", part.outcome.is_some()),
    ];
    let said = all.into_iter().filter(|(_, says)| *says);
    said.map(|(field, _)| field).collect()
}
