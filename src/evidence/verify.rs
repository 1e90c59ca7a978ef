//! Verify: is this journal what the operator wrote, all of it, and did it stay within what was approved?

use crate::closure::id::ObjectId;
use crate::evidence::anchor::Anchor;
use crate::evidence::entry::{Entry, Found};
use crate::evidence::fault::{Doubt, Fault};
use crate::evidence::figures::Figures;
use crate::evidence::parts::Parts;
use crate::evidence::{chain, kinds, plans, remembered, times};
use std::collections::BTreeSet;

/// What is known from outside the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// UID of the closure; `None`: the one that most records name.
    pub uid: Option<String>,
    /// What other places say of single records.
    pub anchors: Vec<Anchor>,
}

/// The judgment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is wrong, and an anchor vouches for the end.
    Whole,
    /// Something is wrong.
    Broken,
    /// Nothing is seen to be wrong, but not everything can be known.
    Unjudged,
}

impl Verdict {
    /// The exit code of `tenant-closure verify`.
    pub const fn code(self) -> u8 {
        match self {
            Self::Whole => 0,
            Self::Broken => 1,
            Self::Unjudged => 2,
        }
    }

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Broken => "broken",
            Self::Unjudged => "cannot be judged",
        }
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// UID of the closure.
    pub uid: String,
    /// Its namespace and name, as the records say.
    pub closure: Option<(String, String)>,
    /// The tenant, as the first record says.
    pub tenant: Option<ObjectId>,
    /// What is wrong, as found.
    pub faults: Vec<Fault>,
    /// What cannot be known.
    pub doubts: Vec<Doubt>,
    /// What is told and changes nothing in the judgment.
    pub notes: Vec<String>,
    /// Counts.
    pub figures: Figures,
    /// The newest settled record, in the form of an anchor.
    pub head: Option<Anchor>,
    /// The number of a newest record without outcome, where there is one.
    pub in_doubt: Option<u64>,
    /// How many anchors were compared.
    pub anchors: usize,
}

impl Verified {
    /// The judgment. What is wrong outweighs what cannot be known.
    pub const fn verdict(&self) -> Verdict {
        if !self.faults.is_empty() {
            Verdict::Broken
        } else if self.doubts.is_empty() {
            Verdict::Whole
        } else {
            Verdict::Unjudged
        }
    }
}

/// Verifies.
pub fn verify(found: &Found, claims: &Claims) -> Verified {
    let (mut faults, mut doubts) = (Vec::new(), Vec::new());
    doubts.extend(found.unreadable.iter().map(|one| Doubt::Unreadable {
        place: one.place.clone(),
        why: one.why.clone(),
    }));
    let headless = found.head_missing.clone();
    doubts.extend(headless.map(|place| Doubt::NoHead { place }));
    faults.extend(found.misplaced.iter().map(|one| Fault::Misplaced {
        place: one.place.clone(),
        what: one.what.clone(),
        belongs: one.belongs.clone(),
    }));
    // What is there and cannot be read is not missing.
    let there: BTreeSet<&str> = found
        .unreadable
        .iter()
        .filter_map(|one| one.name.as_deref())
        .collect();
    let uid = chain::owner(claims.uid.as_deref(), &found.entries);
    let ours = chain::strangers(&uid, &found.entries, &mut faults);
    let ordered = chain::ordered(&uid, &ours, &there, &mut faults);
    let chunks: Vec<&Entry> = ours.into_iter().filter(|e| e.is_chunk()).collect();
    let mut notes = Vec::new();
    let parts = Parts::sealed(&uid, &chunks, &ordered, &mut faults, &mut notes);
    if ordered.is_empty() {
        doubts.push(Doubt::Empty);
    }
    chain::linked(&ordered, &mut faults);
    kinds::of_one_kind(&ordered, &mut faults);
    times::possible(&ordered, &mut faults);
    remembered::continued(&ordered, &mut faults);
    plans::followed(&ordered, &parts, &there, &mut faults, &mut doubts);
    // What is in doubt is not copied into a store: it was put in, or its outcome was taken away.
    let open = ordered
        .last()
        .filter(|entry| found.is_store && entry.outcome.is_none());
    faults.extend(open.map(|entry| Fault::Strange {
        name: entry.name.clone(),
        what: "it has no outcome, and lies in an evidence store, into which only settled records are written".to_owned(),
    }));
    let anchors = chain::Anchors {
        all: &claims.anchors,
        unreadable: &there,
    };
    anchors.compare(&uid, &ordered, &mut faults, &mut doubts);
    let first = ordered.first();
    let settled = ordered.iter().rev().find(|entry| entry.outcome.is_some());
    let newest = ordered.last();
    Verified {
        closure: first.map(|e| {
            let spec = &e.spec;
            (spec.closure_namespace.clone(), spec.closure_name.clone())
        }),
        tenant: first.map(|e| e.spec.tenant_id),
        figures: Figures::count(&ordered, parts.len()),
        head: settled.map(|entry| Anchor {
            sequence: entry.spec.sequence,
            hash: entry.hash.clone(),
            source: "the journal".to_owned(),
        }),
        in_doubt: newest
            .filter(|entry| entry.outcome.is_none())
            .map(|entry| entry.spec.sequence),
        anchors: claims.anchors.len(),
        uid,
        faults,
        doubts,
        notes,
    }
}
