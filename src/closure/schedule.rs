//! Schedule: when to look again, from the decision alone.

use crate::closure::decide::Decision;
use crate::closure::memory::Memory;
use crate::closure::terms::Terms;
use std::time::Duration;

/// How long until the next cycle. Zero: at once.
pub fn next(decision: &Decision, _memory: &Memory, terms: &Terms) -> Duration {
    match decision {
        Decision::Act(_) | Decision::MakePlan { .. } => Duration::ZERO,
        // Asked and still not answered: not at once, or an unanswerable question would spin.
        Decision::Read(_) => Duration::from_secs(2).min(terms.poll_at_most),
        Decision::Wait(waiting) => waiting.look_again.unwrap_or(terms.poll_at_most).min(
            terms
                .poll_at_most
                .max(crate::closure::memory::listings_apart()),
        ),
        _ => terms.poll_at_most,
    }
}

/// The wait after `tries` fruitless tries: 1 s, doubled each time, at most 15 minutes.
pub fn back_off(tries: u32) -> Duration {
    Duration::from_secs(
        1u64.checked_shl(tries.saturating_sub(1).min(10))
            .unwrap_or(900)
            .min(900),
    )
}
