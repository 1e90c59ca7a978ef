//! Observe and decide alternate within one cycle: a decision may ask for facts first.

use crate::closure::decide::{Decided, Decision, decide};
use crate::closure::memory::Memory;
use crate::closure::observation::{Observation, Question};
use crate::closure::plan::Plan;
use crate::closure::tenant::{Scope, Tenant};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Asks until something else than a question is decided. Each question is asked once a cycle, so this ends.
pub async fn until_decided(
    tenant: Option<&dyn Tenant>,
    plan: &Plan,
    memory: &Memory,
    seen: &mut Observation,
    now: Timestamp,
) -> Decided {
    let mut asked: BTreeSet<Question> = BTreeSet::new();
    loop {
        let decided = decide(plan, seen, memory, now);
        let (Decision::Read(questions), Some(tenant)) = (&decided.decision, tenant) else {
            return decided;
        };
        let fresh: Vec<Question> = questions
            .iter()
            .copied()
            .filter(|q| asked.insert(*q))
            .collect();
        if fresh.is_empty() {
            return decided;
        }
        tenant.observe(&scope(plan, memory), &fresh, seen).await;
    }
}

/// Administrators are looked up by pinned object id once a plan was made: a rename cannot swap them.
fn scope(plan: &Plan, memory: &Memory) -> Scope {
    let head = plan.sealed.as_ref().map(|s| &s.head);
    Scope {
        retained: head.map_or_else(|| plan.terms.retained.clone(), |h| h.retained.to_string()),
        spare: head.map_or_else(
            || plan.terms.spare.clone(),
            |h| h.spare.map(|id| id.to_string()),
        ),
        refused: memory
            .refused
            .iter()
            .flat_map(|r| r.objects.iter().copied())
            .collect(),
    }
}
