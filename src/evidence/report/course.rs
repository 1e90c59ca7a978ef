//! The course: the chain read from its first record to its newest, and what is known after it.

use super::Point;
use crate::api::RecordType;
use crate::closure::acceptance;
use crate::closure::intent::{Action, Intent};
use crate::closure::memory::Memory;
use crate::closure::plan::PlanHead;
use crate::closure::step::Step;
use crate::closure::supplement::SupplementHead;
use crate::evidence::entry::Entry;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A journal, in order.
pub(super) struct Course<'a> {
    pub(super) chain: Vec<&'a Entry>,
    pub(super) memory: Memory,
}

impl<'a> Course<'a> {
    pub(super) fn read(uid: &str, entries: &'a [Entry]) -> Self {
        let mut chain: Vec<&Entry> = entries
            .iter()
            .filter(|e| e.spec.closure_uid == uid && !e.is_chunk())
            .collect();
        chain.sort_by_key(|entry| entry.spec.sequence);
        let settled = chain
            .iter()
            .rev()
            .find_map(|entry| Some((entry, entry.outcome.as_ref()?)));
        let memory = settled.map_or_else(Memory::default, |(entry, outcome)| {
            let created = entry.created.unwrap_or(outcome.at);
            entry.spec.memory_after(created, outcome)
        });
        Self { chain, memory }
    }

    /// Settled records with an intent: what was intended, what was seen, when.
    pub(super) fn deeds(&self) -> impl Iterator<Item = Deed<'a>> {
        self.chain.iter().filter_map(|entry| {
            let outcome = entry.outcome.as_ref()?;
            Some(Deed {
                entry,
                intent: entry.spec.intent.as_ref()?,
                gone: u64::from(outcome.seen.gone),
                at: outcome.at,
            })
        })
    }

    /// Effects of a kind that were seen to move something.
    pub(super) fn moved(&self, action: Action) -> impl Iterator<Item = Deed<'a>> {
        self.deeds()
            .filter(move |d| d.intent.action == action && d.gone > 0)
    }

    /// Objects that effects of a kind were seen to take away or change.
    pub(super) fn gone(&self, action: Action) -> u64 {
        self.moved(action).map(|deed| deed.gone).sum()
    }

    /// Records of a step.
    pub(super) fn of(&self, step: Step) -> impl Iterator<Item = &'a Entry> {
        let of = move |entry: &&Entry| entry.spec.intent.as_ref().is_some_and(|i| i.step == step);
        self.chain.iter().copied().filter(of)
    }

    /// The newest plan and the record that seals it.
    pub(super) fn plan(&self) -> Option<(&'a Entry, &'a PlanHead)> {
        self.sealing().last()
    }

    /// All records that seal plans.
    pub(super) fn sealing(&self) -> impl Iterator<Item = (&'a Entry, &'a PlanHead)> {
        let plans = self
            .chain
            .iter()
            .filter(|e| e.spec.kind == RecordType::Plan);
        plans.filter_map(|entry| Some((*entry, entry.spec.plan.as_ref()?)))
    }

    /// UID and digest of each approval that a record rests on, once for each record: of its plan or supplement, and of what
    /// was accepted after the plan of the time was made.
    pub(super) fn approvals(&self) -> Vec<(String, String)> {
        let mut plan = "";
        let mut all = Vec::new();
        for entry in &self.chain {
            let spec = &entry.spec;
            let digest = spec.plan_digest.as_deref().unwrap_or_default();
            if spec.kind == RecordType::Plan && spec.plan.is_some() {
                plan = digest;
            }
            let mut add = |uids: &[String], digest: &str| {
                all.extend(uids.iter().map(|uid| (uid.clone(), digest.to_owned())));
            };
            add(&spec.approvals, digest);
            if let Some(later) = &spec.later {
                add(&later.approvals, &acceptance::digest(plan, &later.accepted));
            }
        }
        all
    }

    /// Supplements of the newest plan under which something was done, each with the record that seals it, and the users of it
    /// that are seen gone.
    pub(super) fn supplements(&self) -> impl Iterator<Item = (&'a Entry, &'a SupplementHead, u64)> {
        let of_plan = self
            .plan()
            .and_then(|(entry, _)| entry.spec.plan_digest.as_deref());
        let heads = self.chain.iter().filter_map(move |entry| {
            let head = entry.spec.supplement.as_ref()?;
            (Some(head.supplements.as_str()) == of_plan).then_some((*entry, head))
        });
        heads.filter_map(|(entry, head)| {
            let under = |deed: &&Entry| {
                let intent = deed.spec.intent.as_ref();
                intent.is_some_and(|intent| intent.supplement == Some(head.ordinal))
                    && deed.spec.plan_digest == entry.spec.plan_digest
            };
            let mut deeds = self.chain.iter().copied().filter(under).peekable();
            deeds.peek()?;
            let gone = deeds.filter_map(|deed| deed.outcome.as_ref());
            let gone = gone.map(|outcome| u64::from(outcome.seen.gone)).sum();
            Some((entry, head, gone))
        })
    }

    /// One point for each settled record.
    pub(super) fn points(&self) -> Vec<Point> {
        let mut total: BTreeMap<u8, u64> = BTreeMap::new();
        let settled = self
            .chain
            .iter()
            .filter_map(|e| Some((e, e.outcome.as_ref()?)));
        settled
            .map(|(entry, outcome)| {
                let intent = entry.spec.intent.as_ref();
                let effect = entry.spec.kind == RecordType::Effect;
                let gone = if effect {
                    u64::from(outcome.seen.gone)
                } else {
                    0
                };
                if let Some(intent) = intent {
                    *total.entry(intent.step.number()).or_default() += gone;
                }
                Point {
                    sequence: entry.spec.sequence,
                    at: outcome.at,
                    step: intent.map(|intent| intent.step.number()),
                    action: intent.map_or("SealPlan", |intent| intent.action.name()),
                    gone,
                    total: total.clone(),
                }
            })
            .collect()
    }
}

/// A settled record with an intent.
pub(super) struct Deed<'a> {
    pub(super) entry: &'a Entry,
    pub(super) intent: &'a Intent,
    pub(super) gone: u64,
    pub(super) at: Timestamp,
}
