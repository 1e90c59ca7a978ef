//! Spending: what the journal says of the last writes, so that a new process does not begin with a full bucket.

use crate::controller::context::Context;
use crate::controller::error::ReconcileError;
use crate::controller::journal::{self, Head};
use jiff::Timestamp;
use std::time::Duration;

/// The window of Graph's write quota for one application in one tenant (graph/throttling-limits): older writes are refilled.
const WINDOW: Duration = Duration::from_secs(150);

/// Most records that are looked back at: slices of 20 and more fit the window's 3,000 writes.
const MOST: usize = 150;

/// When the record's effect was over at the latest.
fn over(head: &Head) -> Timestamp {
    let settled = head.outcome.as_ref().map(|outcome| outcome.at);
    settled.unwrap_or_else(|| head.created + Duration::from_secs(head.spec.effect_seconds.into()))
}

/// The writes that the journal tells of within the window: how long ago, how many objects, oldest first.
///
/// # Errors
/// Where the API server failed.
pub async fn recent(
    ctx: &Context,
    newest: &Head,
    now: Timestamp,
) -> Result<Vec<(Duration, u32)>, ReconcileError> {
    let mut writes = Vec::new();
    let mut record = Some(newest.clone());
    while let Some(head) = record.take() {
        let age = Duration::try_from(now.duration_since(over(&head).min(now))).unwrap_or_default();
        if age > WINDOW || writes.len() >= MOST {
            break;
        }
        if let Some(intent) = head.spec.intent.filter(|i| i.action.spends_writes()) {
            let objects = u32::try_from(intent.objects.len()).unwrap_or(u32::MAX);
            writes.push((age, objects));
        }
        if let Some(before) = head.sequence.checked_sub(1).filter(|n| *n > 0) {
            record = journal::get(ctx, &head.spec.closure_uid, before).await?;
        }
    }
    writes.reverse();
    Ok(writes)
}
