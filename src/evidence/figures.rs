//! Figures: what a journal amounts to.

use crate::api::RecordType;
use crate::closure::id::ObjectId;
use crate::evidence::entry::Entry;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;

/// Counts over a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Records in the chain.
    pub records: u64,
    /// Of these, effects in the tenant.
    pub effects: u64,
    /// Of these, readings that prove something.
    pub verifications: u64,
    /// Of these, sealed plans.
    pub plans: u64,
    /// Parts of these plans; they are not in the chain, what they hash to is.
    pub chunks: u64,
    /// Distinct objects that effects named.
    pub objects: u64,
    /// Objects that were seen gone, or changed as intended, after an effect.
    pub gone: u64,
    /// Records that another process settled than the one that claimed them.
    pub settled_in_doubt: u64,
    /// Effects whose record names no approval: where none was asked for.
    pub unapproved_effects: u64,
    /// UIDs of the approvals that the records name.
    pub approvals: BTreeSet<String>,
    /// When the first record was created.
    pub first: Option<Timestamp>,
    /// When the newest settled one was settled.
    pub last: Option<Timestamp>,
}

impl Figures {
    /// Counts the records of the chain, in order, and the parts of plans.
    pub fn count(chain: &[&Entry], chunks: usize) -> Self {
        let mut figures = Self {
            records: chain.len() as u64,
            chunks: chunks as u64,
            first: chain.first().and_then(|entry| entry.created),
            ..Self::default()
        };
        let mut objects: BTreeSet<ObjectId> = BTreeSet::new();
        for entry in chain {
            match entry.spec.kind {
                RecordType::Effect => figures.effects += 1,
                RecordType::Verification => figures.verifications += 1,
                RecordType::Plan => figures.plans += 1,
                RecordType::Inventory | RecordType::PlanChunk => {}
            }
            let effect = entry.spec.kind == RecordType::Effect;
            if let Some(intent) = entry.spec.intent.as_ref().filter(|_| effect) {
                objects.extend(&intent.objects);
                figures
                    .approvals
                    .extend(entry.spec.approvals.iter().cloned());
                figures.unapproved_effects += u64::from(entry.spec.approvals.is_empty());
            }
            if let Some(outcome) = &entry.outcome {
                figures.settled_in_doubt += u64::from(outcome.in_doubt);
                figures.last = figures.last.max(Some(outcome.at));
                if effect {
                    figures.gone += u64::from(outcome.seen.gone);
                }
            }
        }
        figures.objects = objects.len() as u64;
        figures
    }
}
