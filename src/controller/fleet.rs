//! The fleet: how many closures were begun lately, and how many act at once, over all closures of this operator. Both are
//! counted by the one process that [leads](crate::controller::lead).

use crate::api::{BEGINS, CLOSURE_UID};
use crate::controller::context::Context;
use crate::controller::error::ReconcileError;
use crate::controller::journal;
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt as _;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The window in which begun closures are counted.
const WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Closures but this one that made their first claim within the window. The journal tells, which outlives the closures.
///
/// # Errors
/// Where the API server failed.
pub async fn begun_lately(ctx: &Context, uid: &str, now: Timestamp) -> Result<u32, ReconcileError> {
    let mut begun = Begun::new(uid, now);
    journal::each(ctx, &format!("{BEGINS}=true"), |record| {
        let closure = record.labels().get(CLOSURE_UID);
        let at = record.creation_timestamp().map(|t| t.0);
        begun.note(closure.map_or("", String::as_str), at);
    })
    .await?;
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

/// For how long a place in the line is kept for a closure that does not ask again: longer than it takes to look again.
const PLACE_KEPT: Duration = Duration::from_secs(10);

/// How many closures have an effect under way, and which ones wait for a turn, in the order in which they came: who has just
/// acted and asks again comes after them.
#[derive(Debug, Default)]
pub struct Acting {
    line: Mutex<Line>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Line {
    acting: usize,
    /// UID, and when it asked last.
    waiting: Vec<(String, Instant)>,
}

impl Acting {
    /// A turn for the closure of this UID to act; `None`: as many as may act do, or others came before it.
    pub fn turn(self: &Arc<Self>, uid: &str, at_most: usize, now: Instant) -> Option<Turn> {
        let mut line = self.line();
        line.waiting.retain(|(who, asked)| {
            who == uid || now.saturating_duration_since(*asked) < PLACE_KEPT
        });
        let place = line.waiting.iter().position(|(who, _)| who == uid);
        let before = place.unwrap_or(line.waiting.len());
        if line.acting + before < at_most {
            if let Some(place) = place {
                line.waiting.remove(place);
            }
            line.acting += 1;
            return Some(Turn(Arc::clone(self)));
        }
        match place.and_then(|place| line.waiting.get_mut(place)) {
            Some((_, asked)) => *asked = now,
            None => line.waiting.push((uid.to_owned(), now)),
        }
        None
    }

    /// Likewise; waits for one so long.
    pub async fn turn_within(
        self: &Arc<Self>,
        uid: &str,
        at_most: usize,
        patience: Duration,
    ) -> Option<Turn> {
        let end = Instant::now() + patience;
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            // Heard from here on, so that none is freed unheard between the question and the wait.
            freed.as_mut().enable();
            if let Some(turn) = self.turn(uid, at_most, Instant::now()) {
                return Some(turn);
            }
            tokio::time::timeout_at(end.into(), freed).await.ok()?;
        }
    }

    /// Whether nobody has a turn.
    pub fn is_idle(&self) -> bool {
        self.line().acting == 0
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One closure's turn; over when dropped.
#[derive(Debug)]
pub struct Turn(Arc<Acting>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.line().acting -= 1;
        self.0.freed.notify_waiters();
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
        let now = Instant::now();
        let first = acting.turn("a", 2, now);
        let second = acting.turn("b", 2, now);
        assert!(first.is_some() && second.is_some() && acting.turn("c", 2, now).is_none());
        drop(first);
        assert!(acting.turn("c", 2, now).is_some());
    }

    /// A turn takes three seconds, and its closure asks again at once; who has none looks again after two.
    #[test]
    fn closures_that_always_want_to_act_take_turns() {
        let acting = Arc::new(Acting::default());
        let start = Instant::now();
        let who = ["a", "b", "c", "d", "e"];
        let mut turns: [Option<Turn>; 5] = Default::default();
        let (mut next, mut counts) = ([0_u64; 5], [0_u32; 5]);
        for second in 0..2_000 {
            let due = |n: &usize| next[*n] <= second;
            for n in (0..5).filter(due).collect::<Vec<_>>() {
                turns[n] = None;
                turns[n] = acting.turn(who[n], 2, start + Duration::from_secs(second));
                let acts = turns[n].is_some();
                counts[n] += u32::from(acts);
                next[n] = second + if acts { 3 } else { 2 };
            }
        }
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        assert!(*least > 100 && least * 10 >= most * 8, "{counts:?}");
    }

    #[tokio::test]
    async fn who_waits_hears_when_a_turn_is_over() {
        let acting = Arc::new(Acting::default());
        let turn = acting.turn("a", 1, Instant::now()).unwrap();
        let short = Duration::from_millis(1);
        assert!(acting.turn_within("b", 1, short).await.is_none());
        let waits = acting.turn_within("b", 1, Duration::from_secs(60));
        let ends = async {
            tokio::task::yield_now().await;
            drop(turn);
        };
        let (second, ()) = tokio::join!(waits, ends);
        assert!(second.is_some());
    }

    #[test]
    fn a_place_is_not_kept_for_one_who_has_gone() {
        let acting = Arc::new(Acting::default());
        let now = Instant::now();
        let turn = acting.turn("a", 1, now);
        assert!(acting.turn("gone", 1, now).is_none());
        drop(turn);
        assert!(acting.turn("b", 1, now).is_none(), "the other came first");
        let later = now + PLACE_KEPT;
        assert!(acting.turn("b", 1, later).is_some());
    }
}
