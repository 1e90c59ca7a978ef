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
    let mut begun = Begun::new(uid, now);
    loop {
        let page = bounded(ctx.records().list_metadata(&params)).await?;
        for record in &page.items {
            let closure = record.labels().get(CLOSURE_UID);
            let at = record.creation_timestamp().map(|t| t.0);
            begun.note(closure.map_or("", String::as_str), at);
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    Ok(begun.count())
}

/// The closures but one that began within the window; each counts once.
struct Begun<'a> {
    but: &'a str,
    now: Timestamp,
    closures: BTreeSet<String>,
}

impl<'a> Begun<'a> {
    fn new(but: &'a str, now: Timestamp) -> Self {
        let closures = BTreeSet::new();
        Self { but, now, closures }
    }

    /// A record with which this closure began; of one without a time nobody knows, so it counts.
    fn note(&mut self, closure: &str, at: Option<Timestamp>) {
        let lately = at.is_none_or(|at| self.now.duration_since(at) < WINDOW);
        if lately && closure != self.but {
            self.closures.insert(closure.to_owned());
        }
    }

    fn count(&self) -> u32 {
        u32::try_from(self.closures.len()).unwrap_or(u32::MAX)
    }
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
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    #[test]
    fn closures_begun_are_counted_over_thirty_days_that_roll() {
        let begun_at: Timestamp = "2026-10-02T09:00:00Z".parse().unwrap();
        let after = |hours: i64| begun_at + SignedDuration::from_hours(hours);
        for (hours, count) in [(0, 1), (30 * 24 - 1, 1), (30 * 24, 0), (31 * 24, 0)] {
            let mut begun = Begun::new("own", after(hours));
            for closure in ["other", "other", "own"] {
                begun.note(closure, Some(begun_at));
            }
            assert_eq!(begun.count(), count, "{hours}");
        }
        let mut begun = Begun::new("own", after(90 * 24));
        begun.note("untimed", None);
        for day in 0..40 {
            begun.note(&format!("c{day}"), Some(after(24 * (90 - day) - 1)));
        }
        assert_eq!(
            begun.count(),
            31,
            "30 of the days, and the one without a time"
        );
    }

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
