//! Schedule: when to look again, from the decision alone.

use crate::closure::decision::Decision;
use crate::closure::memory::Memory;
use crate::closure::pause;
use crate::closure::step::Step;
use crate::closure::terms::Terms;
use jiff::Timestamp;
use std::time::Duration;

/// After Microsoft failed to answer: long enough to be polite, short enough to be noticed.
pub const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// The pause between two listings of users, with a little to spare.
const BETWEEN_LISTINGS: Duration = Duration::from_secs(16);

/// For how long at least something that is tried again is told.
const TOLD_AT_LEAST: Duration = Duration::from_secs(3);

/// How long until the next cycle. Zero: at once.
pub fn next(decision: &Decision, terms: &Terms, now: Timestamp) -> Duration {
    match decision {
        Decision::Act(_)
        | Decision::MakePlan { .. }
        | Decision::MakeSupplement
        | Decision::WriteInventory => Duration::ZERO,
        Decision::Wait(waiting) => {
            if let Some(rest) = pause::rest(waiting, now) {
                // Here Microsoft's date is believed: nothing is sent before it.
                return rest;
            }
            let longest = match waiting.reason {
                // Between two listings nothing can be seen sooner.
                "VerifyingUsers" => terms.poll_at_most.max(BETWEEN_LISTINGS),
                _ => terms.poll_at_most,
            };
            let pause = waiting.look_again;
            pause.map_or(terms.poll_at_most, |pause| pause.min(longest))
        }
        // A question that is left over could not be asked: asking at once again would not help.
        Decision::Read(_) => AFTER_FAILURE.min(terms.poll_at_most),
        Decision::Planned
        | Decision::AwaitApproval { .. }
        | Decision::HandOff(_)
        | Decision::Blocked(_)
        | Decision::Suspended
        | Decision::Closed => terms.poll_at_most,
    }
}

/// 0, 1 s, 2 s, 4 s … never more than `longest`.
pub fn back_off(times: u32, longest: Duration) -> Duration {
    match times {
        0 => Duration::ZERO,
        n => Duration::from_secs(1u64 << (n - 1).min(20)).min(longest),
    }
}

/// What is left of `pause` since the newest record was settled; `None`: it is over.
pub fn rest(memory: &Memory, pause: Duration, now: Timestamp) -> Option<Duration> {
    rest_since(memory.last_at?, pause, now)
}

/// What is left of `pause` since then; `None`: it is over.
pub fn rest_since(since: Timestamp, pause: Duration, now: Timestamp) -> Option<Duration> {
    // A clock that went wrong for a while may have dated the record hours ahead: nothing waits until then.
    let since = now.duration_since(since).unsigned_abs();
    pause.checked_sub(since).filter(|rest| !rest.is_zero())
}

/// Whether what went wrong last is still told before it is tried again: for the longest pause between two looks, but long enough
/// for a slow cycle to tell it at all.
pub fn told(memory: &Memory, terms: &Terms, now: Timestamp) -> bool {
    rest(memory, terms.poll_at_most.max(TOLD_AT_LEAST), now).is_some()
}

/// What is left of the back-off after effects of this step that moved nothing.
pub fn pause_in(step: Step, memory: &Memory, terms: &Terms, now: Timestamp) -> Option<Duration> {
    let times = if memory.started.contains_key(&step) {
        memory.fruitless.max(memory.lagging)
    } else {
        0
    };
    rest(memory, back_off(times, terms.poll_at_most), now)
}
