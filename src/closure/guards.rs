//! Guards: refusals that hold before any step, in order.

use crate::closure::decide::Decision;
use crate::closure::memory::Memory;
use crate::closure::observation::Observation;
use crate::closure::plan::Plan;
use jiff::Timestamp;

/// The first refusal, if any.
pub fn refuse(
    _plan: &Plan,
    _seen: &Observation,
    _memory: &Memory,
    _now: Timestamp,
) -> Option<Decision> {
    None
}
