//! Pauses of our own making, where a 429 names none, and the wait for whatever is closed.

use std::time::{Duration, Instant};

/// The first one; doubled for each further one, up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(1);

/// The longest.
const LONGEST: Duration = Duration::from_secs(32);

/// The next pause of our own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    /// The pause after a 429: what Microsoft names, else our own, which doubles once a closing. `None`: an answer to what was
    /// in flight when it was `closed` already, which says nothing new.
    pub(super) fn after(&mut self, told: Option<Duration>, closed: bool) -> Option<Duration> {
        match told.filter(|pause| !pause.is_zero()) {
            Some(pause) => Some(pause),
            None if closed => None,
            None => {
                let pause = self.0;
                self.0 = (pause * 2).min(LONGEST);
                Some(pause)
            }
        }
    }

    /// A request succeeded: it begins anew.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }
}

/// Up to a quarter of a second, so that not everybody starts again at once.
pub(super) fn jitter() -> Duration {
    let random = uuid::Uuid::new_v4().into_bytes()[0];
    Duration::from_millis(u64::from(random))
}

/// Waits for a moment that `opens` tells; false where that would not be before `until`.
pub(super) async fn wait(until: Instant, opens: impl Fn(Instant) -> Option<Instant>) -> bool {
    loop {
        match opens(Instant::now()) {
            None => return true,
            Some(then) if then >= until => return false,
            Some(then) => tokio::time::sleep_until(then.into()).await,
        }
    }
}
