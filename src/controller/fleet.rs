//! The fleet: how many closures were begun lately, and how many act at once, over all closures of this operator.

use crate::api::{BEGINS, CLOSURE_UID};
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt as _;
use kube::api::ListParams;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The window in which begun closures are counted.
const WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Closures but this one whose first effect was claimed within the window. The journal tells, which outlives the closures.
///
/// # Errors
/// Where the API server failed.
pub async fn begun_lately(ctx: &Context, uid: &str, now: Timestamp) -> Result<u32, ReconcileError> {
    let mut params = ListParams::default()
        .labels(&format!("{BEGINS}=true"))
        .limit(500);
    let mut begun = BTreeSet::new();
    loop {
        let page = bounded(ctx.records().list_metadata(&params)).await?;
        for record in &page.items {
            let closure = record
                .labels()
                .get(CLOSURE_UID)
                .cloned()
                .unwrap_or_default();
            let at = record.creation_timestamp().map_or(now, |t| t.0);
            if closure != uid && now.duration_since(at) < WINDOW {
                begun.insert(closure);
            }
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    Ok(u32::try_from(begun.len()).unwrap_or(u32::MAX))
}

/// How many closures have an effect under way.
#[derive(Debug, Default)]
pub struct Acting(AtomicUsize);

impl Acting {
    /// A turn to act; `None`: as many as may act do.
    pub fn turn(self: &Arc<Self>, at_most: usize) -> Option<Turn> {
        let more = |now: usize| (now < at_most).then_some(now + 1);
        let entered = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        entered.is_ok().then(|| Turn(Arc::clone(self)))
    }
}

/// One closure's turn; over when dropped.
#[derive(Debug)]
pub struct Turn(Arc<Acting>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_turns_than_allowed() {
        let acting = Arc::new(Acting::default());
        let first = acting.turn(2);
        let second = acting.turn(2);
        assert!(first.is_some() && second.is_some() && acting.turn(2).is_none());
        drop(first);
        assert!(acting.turn(2).is_some());
    }
}
