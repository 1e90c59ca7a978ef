//! Waking: an early wake-up is held back unless something new was said.

use crate::controller::context::Context;
use crate::controller::read::Read;
use jiff::Timestamp;
use std::time::Duration;

/// How long this wake-up is to be held back; `None`: decide now.
pub fn held_back(ctx: &Context, read: &Read, now: Timestamp) -> Option<Duration> {
    let status = read.closure.status.as_ref()?;
    let (until, inputs) = match ctx.hints(&read.uid).hold_back {
        Some(hint) => hint,
        None => (status.next_attempt_at?, status.inputs.clone()?),
    };
    let said_nothing_new =
        inputs == read.inputs && status.observed_generation == Some(read.generation);
    let rest = Duration::try_from(until.duration_since(now)).ok()?;
    (said_nothing_new && !rest.is_zero()).then_some(rest)
}

/// Holds wake-ups back until the next attempt.
pub fn hold_back(ctx: &Context, read: &Read, next: Duration, now: Timestamp) {
    let hold = (!next.is_zero()).then(|| (now + next, read.inputs.clone()));
    ctx.hint(&read.uid, |h| h.hold_back = hold);
}
