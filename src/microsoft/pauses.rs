//! Pauses beside Graph's own gate: what Azure Resource Manager and Partner Center ask for, and lanes of Graph that are
//! slower than the rest. Kept for one application in one tenant, shared by everything in this process that goes there.
//!
//! Sources: learn.microsoft.com `azure/azure-resource-manager/management/request-limits-and-throttling`;
//! `partner-center/developer/api-throttling-guidance`; `graph/throttling-limits`.

use super::backoff::{Backoff, jitter, wait};
use super::gates::{Lane, lock};
use super::pacing::Bucket;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// With so few requests left, as Azure tells them, the next one waits: others of the tenant use the same quota.
const FEW: u32 = 5;

/// In this time Azure gives back 25 readings, or 10 changes: more than a closure asks for at once.
const REST: Duration = Duration::from_secs(1);

/// What Azure tells of the requests that are left; the least counts.
const REMAINING: [&str; 6] = [
    "x-ms-ratelimit-remaining-subscription-reads",
    "x-ms-ratelimit-remaining-subscription-writes",
    "x-ms-ratelimit-remaining-subscription-deletes",
    "x-ms-ratelimit-remaining-tenant-reads",
    "x-ms-ratelimit-remaining-tenant-writes",
    "x-ms-ratelimit-remaining-tenant-deletes",
];

/// Requests left, out of headers by their names in lower case.
pub(super) fn remaining<T: AsRef<str>>(header: impl Fn(&'static str) -> Option<T>) -> Option<u32> {
    let told = REMAINING.into_iter().filter_map(header);
    told.filter_map(|text| text.as_ref().trim().parse().ok())
        .min()
}

/// The pause that a change brought which a service was too busy for (503, 504), where it names one. No quota is used up: no back-off
/// of our own begins, and nothing is counted as throttled. A reading waits by itself.
/// Source: learn.microsoft.com `graph/errors`, `azure/architecture/best-practices/retry-service-specific`.
pub(super) fn too_busy(lane: Lane, status: u16, retry_after: Option<Duration>) -> Option<Duration> {
    let busy = lane == Lane::Write && matches!(status, 503 | 504);
    retry_after.filter(|pause| busy && !pause.is_zero())
}

/// Until when nothing is sent.
#[derive(Debug, Default)]
struct Pause {
    until: Option<Instant>,
    backoff: Backoff,
}

impl Pause {
    fn opens(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }

    fn lengthen(&mut self, until: Instant) {
        self.until = self.until.max(Some(until));
    }

    /// A 429.
    fn throttled(&mut self, told: Option<Duration>, jitter: Duration, now: Instant) {
        let closed = self.opens(now).is_some();
        if let Some(pause) = self.backoff.after(told, closed) {
            self.lengthen(now + pause + jitter);
        }
    }
}

/// The gate of Azure Resource Manager, or of Partner Center. Each counts readings and changes by themselves, so a 429
/// closes its own side alone.
#[derive(Debug, Default)]
pub(super) struct SideGate {
    sides: Mutex<[Pause; 2]>,
}

const fn side(lane: Lane) -> usize {
    match lane {
        Lane::Read => 0,
        Lane::Write => 1,
    }
}

impl SideGate {
    /// Waits until a lane is open; false where that would not be before `until`.
    pub(super) async fn opened(&self, lane: Lane, until: Instant) -> bool {
        wait(until, |now| {
            let sides = lock(&self.sides);
            sides.get(side(lane)).and_then(|pause| pause.opens(now))
        })
        .await
    }

    /// For how long a lane stays closed; `None`: it is open.
    pub(super) fn closed_for(&self, lane: Lane) -> Option<Duration> {
        let now = Instant::now();
        let sides = lock(&self.sides);
        let until = sides.get(side(lane)).and_then(|pause| pause.opens(now))?;
        Some(until - now)
    }

    /// What a reply tells: a 429, or a service that is too busy, with the pause that it asks for, and how many requests are left.
    pub(super) fn heard(
        &self,
        lane: Lane,
        status: u16,
        retry_after: Option<Duration>,
        remaining: Option<u32>,
    ) {
        self.hear(lane, status, retry_after, remaining, Instant::now());
    }

    fn hear(
        &self,
        lane: Lane,
        status: u16,
        retry_after: Option<Duration>,
        remaining: Option<u32>,
        now: Instant,
    ) {
        let mut sides = lock(&self.sides);
        let Some(pause) = sides.get_mut(side(lane)) else {
            return;
        };
        if status == 429 {
            pause.throttled(retry_after, jitter(), now);
            return;
        }
        if let Some(rest) = too_busy(lane, status, retry_after) {
            pause.lengthen(now + rest + jitter());
        }
        if status < 500 {
            pause.backoff.succeeded();
        }
        if remaining.is_some_and(|left| left <= FEW) {
            pause.lengthen(now + REST);
        }
    }

    /// True where both sides are open: such a gate can be forgotten.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        lock(&self.sides)
            .iter()
            .all(|pause| pause.opens(now).is_none())
    }
}

/// A lane of Graph with few requests in a time and a pause of its own: what is throttled in it holds nothing else up.
#[derive(Debug)]
pub(super) struct SlowLane {
    state: Mutex<(Bucket, Pause)>,
}

impl SlowLane {
    /// Applications that personal accounts may use: 60 changes a minute.
    pub(super) fn of_personal_accounts(now: Instant) -> Self {
        Self::new(Bucket::of_personal_accounts(now))
    }

    /// Conditional Access: one request a second, readings too; its refusals name no pause.
    pub(super) fn of_policies(now: Instant) -> Self {
        Self::new(Bucket::of_policies(now))
    }

    fn new(bucket: Bucket) -> Self {
        Self {
            state: Mutex::new((bucket, Pause::default())),
        }
    }

    /// Waits until so many may be sent; false where that would not be before `until`. They count as sent then.
    pub(super) async fn turn(&self, items: u32, until: Instant) -> bool {
        wait(until, |now| self.opens(items, now)).await
    }

    /// When so many may be sent; `None`: now, and they count as sent.
    fn opens(&self, items: u32, now: Instant) -> Option<Instant> {
        let mut state = lock(&self.state);
        let (bucket, pause) = &mut *state;
        let ready = bucket.ready_at(items, now);
        let then = pause.opens(now).max((ready > now).then_some(ready));
        if then.is_none() {
            bucket.take(items, now);
        }
        then
    }

    /// For how long an answer keeps it closed; `None`: none does.
    pub(super) fn closed_for(&self) -> Option<Duration> {
        let now = Instant::now();
        let until = lock(&self.state).1.opens(now)?;
        Some(until - now)
    }

    /// A 429 was answered in this lane, or the service is too busy and names a pause.
    pub(super) fn close(&self, pause: Option<Duration>) {
        self.close_at(pause, Instant::now());
    }

    fn close_at(&self, pause: Option<Duration>, now: Instant) {
        lock(&self.state).1.throttled(pause, jitter(), now);
    }

    /// A request succeeded: the own back-off begins anew.
    pub(super) fn succeeded(&self) {
        lock(&self.state).1.backoff.succeeded();
    }

    /// True where nothing is spent and nothing is closed: such a lane can be forgotten.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        let mut state = lock(&self.state);
        state.0.is_full(now) && state.1.opens(now).is_none()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn closed_for(gate: &SideGate, lane: Lane, now: Instant) -> Option<Duration> {
        let until = lock(&gate.sides)[side(lane)].opens(now)?;
        Some(until - now)
    }

    #[test]
    fn a_429_closes_its_own_side_for_as_long_as_it_says() {
        let gate = SideGate::default();
        let now = Instant::now();
        gate.hear(Lane::Write, 429, Some(secs(17)), None, now);
        let closed = closed_for(&gate, Lane::Write, now).unwrap();
        assert!((secs(17)..secs(18)).contains(&closed), "{closed:?}");
        assert_eq!(closed_for(&gate, Lane::Read, now), None);
        assert!(!gate.is_idle(now) && gate.is_idle(now + secs(18)));
        // A shorter one after it shortens nothing.
        gate.hear(Lane::Write, 429, Some(secs(1)), None, now);
        assert!(closed_for(&gate, Lane::Write, now).unwrap() >= secs(17));
    }

    #[test]
    fn without_a_pause_the_own_back_off_doubles_and_begins_anew() {
        let gate = SideGate::default();
        let mut now = Instant::now();
        for seconds in [1, 2, 4, 8, 16, 32, 32] {
            gate.hear(Lane::Read, 429, None, None, now);
            // In flight meanwhile: nothing new.
            gate.hear(Lane::Read, 429, None, None, now);
            let closed = closed_for(&gate, Lane::Read, now).unwrap();
            assert!(
                (secs(seconds)..secs(seconds + 1)).contains(&closed),
                "{closed:?}"
            );
            now += closed;
        }
        gate.hear(Lane::Read, 200, None, None, now);
        gate.hear(Lane::Read, 429, None, None, now);
        assert!(closed_for(&gate, Lane::Read, now).unwrap() < secs(2));
    }

    #[test]
    fn a_service_that_is_too_busy_closes_its_side_and_ends_no_back_off() {
        let gate = SideGate::default();
        let now = Instant::now();
        gate.hear(Lane::Write, 429, None, None, now);
        let later = now + secs(2);
        for (status, pause) in [(503, None), (500, Some(secs(9))), (504, Some(secs(0)))] {
            gate.hear(Lane::Write, status, pause, None, later);
            assert_eq!(closed_for(&gate, Lane::Write, later), None, "{status}");
        }
        for status in [503, 504] {
            let gate = SideGate::default();
            gate.hear(Lane::Write, status, Some(secs(9)), None, later);
            let closed = closed_for(&gate, Lane::Write, later).unwrap();
            assert!((secs(9)..secs(10)).contains(&closed), "{closed:?}");
            assert_eq!(closed_for(&gate, Lane::Read, later), None);
            gate.hear(Lane::Read, status, Some(secs(9)), None, later);
            assert_eq!(
                closed_for(&gate, Lane::Read, later),
                None,
                "it waits by itself"
            );
        }
        // The back-off goes on where it was: the second pause of its own.
        gate.hear(Lane::Write, 429, None, None, later);
        let closed = closed_for(&gate, Lane::Write, later).unwrap();
        assert!((secs(2)..secs(3)).contains(&closed), "{closed:?}");
    }

    #[test]
    fn few_requests_left_are_a_rest() {
        let gate = SideGate::default();
        let now = Instant::now();
        gate.hear(Lane::Read, 200, None, Some(FEW + 1), now);
        assert_eq!(closed_for(&gate, Lane::Read, now), None);
        gate.hear(Lane::Read, 200, None, Some(FEW), now);
        assert_eq!(closed_for(&gate, Lane::Read, now), Some(REST));
        assert_eq!(closed_for(&gate, Lane::Write, now), None);
    }

    #[test]
    fn the_least_that_is_left_counts() {
        let told = |headers: &'static [(&'static str, &'static str)]| {
            remaining(|name| headers.iter().find(|one| one.0 == name).map(|one| one.1))
        };
        assert_eq!(told(&[]), None);
        assert_eq!(
            told(&[
                ("x-ms-ratelimit-remaining-subscription-reads", " 199 "),
                ("x-ms-ratelimit-remaining-tenant-reads", "7"),
            ]),
            Some(7)
        );
        assert_eq!(
            told(&[("x-ms-ratelimit-remaining-tenant-writes", "many")]),
            None
        );
    }

    #[tokio::test]
    async fn a_closed_side_is_waited_for_or_not() {
        let gate = SideGate::default();
        gate.heard(Lane::Write, 429, Some(secs(600)), None);
        let soon = Instant::now() + secs(2);
        assert!(!gate.opened(Lane::Write, soon).await);
        assert!(gate.opened(Lane::Read, soon).await);
    }

    #[test]
    fn policies_have_one_request_a_second_and_a_pause_of_their_own() {
        let now = Instant::now();
        let lane = SlowLane::of_policies(now);
        assert_eq!(lane.opens(1, now), None);
        let next = lane.opens(1, now).unwrap();
        let wait = next - now;
        assert!(
            (Duration::from_millis(900)..Duration::from_millis(1_100)).contains(&wait),
            "{wait:?}"
        );
        let next = next + Duration::from_millis(1); // floating point
        assert_eq!(lane.opens(1, next), None);
        let later = next + secs(10);
        for _ in 0..3 {
            lane.close_at(None, later);
        }
        // Once a closing: what was in flight says nothing new.
        let wait = lane.opens(1, later).unwrap() - later;
        assert!((secs(1)..secs(2)).contains(&wait), "{wait:?}");
        assert_eq!(lane.opens(1, later + wait), None);
    }

    #[test]
    fn sixty_at_once_then_one_a_second() {
        let now = Instant::now();
        let lane = SlowLane::of_personal_accounts(now);
        assert_eq!(lane.opens(58, now), None);
        let wait = lane.opens(5, now).unwrap() - now;
        assert!((secs(2)..secs(5)).contains(&wait), "{wait:?}");
        assert_eq!(lane.opens(1, now + secs(1)), None);
        let later = now + secs(1);
        lane.close_at(Some(secs(60)), later);
        assert!(lane.opens(1, later + secs(30)).is_some());
        assert!(!lane.is_idle(later));
        lane.succeeded();
        assert!(
            lane.opens(1, later + secs(30)).is_some(),
            "Microsoft's pause stands"
        );
    }

    /// What opens in time is waited for, and nothing else.
    #[tokio::test]
    async fn a_turn_is_waited_for_or_not() {
        let lane = SlowLane::of_policies(Instant::now());
        assert!(lane.turn(1, Instant::now() + secs(60)).await);
        let begun = Instant::now();
        assert!(lane.turn(1, Instant::now() + secs(60)).await);
        assert!(begun.elapsed() >= Duration::from_millis(500));
        lane.close(Some(secs(600)));
        let begun = Instant::now();
        assert!(!lane.turn(1, Instant::now() + secs(60)).await);
        assert!(begun.elapsed() < secs(60), "it was not waited for");
    }
}
