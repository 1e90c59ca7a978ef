//! Schedule: when to look again, from the decision alone.

use crate::closure::decide::Decision;
use crate::closure::memory::Memory;
use crate::closure::terms::Terms;
use std::time::Duration;

/// How long until the next cycle. Zero: at once.
pub fn next(decision: &Decision, _memory: &Memory, terms: &Terms) -> Duration {
    match decision {
        Decision::Act(_) | Decision::MakePlan { .. } | Decision::Read(_) => Duration::ZERO,
        Decision::Wait(waiting) => waiting
            .look_again
            .map_or(terms.poll_at_most, |d| d.min(terms.poll_at_most)),
        _ => terms.poll_at_most,
    }
}
