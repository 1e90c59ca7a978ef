//! One file a step; each answers whether it is done and, if not, what is next.

pub mod cancel_subscriptions;
pub mod checks;
pub mod delete_directory;
pub mod delete_subscriptions;
pub mod disable_mfa;
pub mod preconditions;
pub mod users;

use crate::closure::decide::{Assessment, Decision, Standing};
use crate::closure::memory::Memory;
use crate::closure::observation::Observation;
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The step in which the newest intent was; step 0 before any.
pub fn current(memory: &Memory) -> Step {
    memory
        .started
        .keys()
        .next_back()
        .copied()
        .unwrap_or(Step::Preconditions)
}

/// Asks one step.
pub fn assess(
    step: Step,
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Assessment {
    match step {
        Step::Preconditions => preconditions::assess(plan, seen, memory, now),
        Step::Users => users::assess(plan, seen, memory, now),
        Step::CancelSubscriptions => cancel_subscriptions::assess(plan, seen, memory),
        Step::DeleteSubscriptions => delete_subscriptions::assess(plan, seen, memory),
        Step::DisableMfa => disable_mfa::assess(plan, seen, memory),
        Step::DeleteDirectory => delete_directory::assess(plan, seen, memory),
    }
}

impl Assessment {
    /// Nothing said yet.
    pub const fn open() -> Self {
        Self {
            next: None,
            standings: BTreeMap::new(),
            progress: (0, 0),
            blockers: Vec::new(),
        }
    }

    /// With what is next.
    #[must_use]
    pub fn next(mut self, decision: Decision) -> Self {
        self.next = Some(decision);
        self
    }

    /// With how a condition stands.
    #[must_use]
    pub fn stands(
        mut self,
        condition: &'static str,
        status: Option<bool>,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        self.standings.insert(
            condition,
            Standing {
                status,
                reason,
                message: message.into(),
            },
        );
        self
    }

    /// With progress.
    #[must_use]
    pub fn progress(mut self, done: usize, total: usize) -> Self {
        self.progress = (
            u32::try_from(done).unwrap_or(u32::MAX),
            u32::try_from(total).unwrap_or(u32::MAX),
        );
        self
    }
}
