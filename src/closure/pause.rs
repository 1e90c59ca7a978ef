//! Long pauses: Microsoft names a moment before which it wants to hear nothing more. Its word is final, so nothing is asked
//! again before it, however often else is looked; the date is told.
//!
//! Source: learn.microsoft.com `graph/throttling`, "best practices to handle throttling".

use crate::closure::decision::{Decided, Decision, Waiting};
use jiff::Timestamp;
use std::time::Duration;

/// The reason under which such a wait is told.
pub const REASON: &str = "Throttled";

/// A wait for the end of a pause that Microsoft asks for, whatever was to be done.
pub fn waiting(what: &str, until: Timestamp) -> Waiting {
    let message = format!("Microsoft asks for a pause: {what} before {until}");
    Waiting::new(REASON, message).until(Some(until))
}

/// How long such a wait lasts from now on; `None`: it is no such wait.
pub fn rest(waiting: &Waiting, now: Timestamp) -> Option<Duration> {
    let until = waiting.until.filter(|_| waiting.reason == REASON)?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// An effect for which Microsoft's pause lasts until then is not begun.
pub fn heeded(decided: &mut Decided, until: Option<Timestamp>) {
    if let (Decision::Act(_), Some(until)) = (&decided.decision, until) {
        decided.decision = waiting("nothing more is changed", until).into();
    }
}
