//! The gates: one for each application in each tenant, shared by everything in this process that writes there, and one
//! for each application over all tenants. Nothing is lost at a gate: who is not let through keeps what he has.

use super::pacing::Bucket;
use crate::closure::id::ObjectId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The first pause after a 429 that names none; doubled for each further one, up to [`LONGEST_BACKOFF`].
const FIRST_BACKOFF: Duration = Duration::from_secs(1);

/// The longest pause of our own making.
const LONGEST_BACKOFF: Duration = Duration::from_secs(32);

/// All gates of this process.
#[derive(Debug, Default)]
pub struct Gates {
    inner: Mutex<Registry>,
}

#[derive(Debug, Default)]
struct Registry {
    tenants: HashMap<(ObjectId, ObjectId), Arc<Gate>>,
    applications: HashMap<ObjectId, Arc<Mutex<Bucket>>>,
}

/// A gate at one moment, for metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateState {
    /// The tenant.
    pub tenant: ObjectId,
    /// The application (client) id.
    pub application: ObjectId,
    /// Writes that could be sent at once.
    pub tokens_left: f64,
    /// For how long the gate stays closed for writes; `None`: it is open.
    pub closed_for: Option<Duration>,
}

impl Gates {
    /// No gates yet: each begins with a full bucket unless [`Self::spent`] says otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells of writes that an earlier process made: how long ago and how many, oldest first. A gate that already knows
    /// more than that is left alone.
    pub fn spent(&self, tenant: ObjectId, application: ObjectId, writes: &[(Duration, u32)]) {
        let gate = self.gate(tenant, application);
        let now = Instant::now();
        let at = |age: Duration| now.checked_sub(age).unwrap_or(now);
        let begin = writes.first().map_or(now, |(age, _)| at(*age));
        let mut replayed = Bucket::of_tenant(0, begin);
        for (age, items) in writes {
            replayed.spend(*items, at(*age));
        }
        let mut state = lock(&gate.state);
        let known = state.bucket.left(now);
        let surplus = (known - replayed.left(now)).max(0.0);
        // At most a bucket's capacity: no precision is lost.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let surplus = surplus as u32;
        state.bucket.spend(surplus, now);
        lock(&gate.application).spend(surplus, now);
    }

    /// Every gate that something is known of.
    pub fn states(&self) -> Vec<GateState> {
        let now = Instant::now();
        let registry = lock(&self.inner);
        registry
            .tenants
            .iter()
            .map(|(&(tenant, application), gate)| gate.snapshot(tenant, application, now))
            .collect()
    }

    /// The gate of one application in one tenant, made where there is none. Full ones that nobody holds are dropped.
    pub(super) fn gate(&self, tenant: ObjectId, application: ObjectId) -> Arc<Gate> {
        let now = Instant::now();
        let mut registry = lock(&self.inner);
        if let Some(gate) = registry.tenants.get(&(tenant, application)) {
            return Arc::clone(gate);
        }
        registry
            .tenants
            .retain(|_, gate| Arc::strong_count(gate) > 1 || !lock(&gate.state).is_idle(now));
        let shared = registry
            .applications
            .entry(application)
            .or_insert_with(|| Arc::new(Mutex::new(Bucket::of_application(0, now))));
        let gate = Arc::new(Gate {
            state: Mutex::new(State::new(now)),
            application: Arc::clone(shared),
        });
        registry
            .tenants
            .insert((tenant, application), Arc::clone(&gate));
        gate
    }
}

/// Which side of a gate: a 429 on a read closes both, on a write only the writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// GET, and the POSTs that only read.
    Read,
    /// Anything that is charged as a write.
    Write,
}

/// The gate of one application in one tenant.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    application: Arc<Mutex<Bucket>>,
}

#[derive(Debug)]
struct State {
    bucket: Bucket,
    writes_closed: Option<Instant>,
    reads_closed: Option<Instant>,
    backoff: Duration,
}

impl State {
    fn new(now: Instant) -> Self {
        Self {
            bucket: Bucket::of_tenant(0, now),
            writes_closed: None,
            reads_closed: None,
            backoff: FIRST_BACKOFF,
        }
    }

    fn closed(&self, lane: Lane, now: Instant) -> Option<Instant> {
        let until = match lane {
            Lane::Read => self.reads_closed,
            Lane::Write => self.writes_closed,
        };
        until.filter(|&until| until > now)
    }

    /// Closes for everybody. Without a pause from Microsoft our own one counts, and doubles once a closing.
    fn close(&mut self, lane: Lane, pause: Option<Duration>, jitter: Duration, now: Instant) {
        let again = self.closed(lane, now).is_some();
        let pause = match pause.filter(|pause| !pause.is_zero()) {
            Some(pause) => pause,
            // An answer to what was in flight when the gate was closed: it says nothing new.
            None if again => return,
            None => {
                let pause = self.backoff;
                self.backoff = (self.backoff * 2).min(LONGEST_BACKOFF);
                pause
            }
        };
        if !again && lane == Lane::Write {
            self.bucket.told_throttled(now);
        }
        let until = Some(now + pause + jitter);
        self.writes_closed = self.writes_closed.max(until);
        if lane == Lane::Read {
            self.reads_closed = self.reads_closed.max(until);
        }
    }

    fn is_idle(&mut self, now: Instant) -> bool {
        self.bucket.is_full(now) && self.closed(Lane::Write, now).is_none()
    }
}

/// Tokens taken and not yet spent; they go back when this is dropped unspent.
pub(super) struct Reservation<'a> {
    gate: &'a Gate,
    items: u32,
}

impl Reservation<'_> {
    /// The request goes out: the tokens are gone.
    pub(super) fn spend(mut self) {
        self.items = 0;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if self.items > 0 {
            let now = Instant::now();
            lock(&self.gate.state).bucket.give_back(self.items, now);
            lock(&self.gate.application).give_back(self.items, now);
        }
    }
}

impl Gate {
    /// Waits until `items` writes may be sent; `None` where that would not be before `until`.
    pub(super) async fn reserve(&self, items: u32, until: Instant) -> Option<Reservation<'_>> {
        let ready = self.book(items, until)?;
        let reservation = Reservation { gate: self, items };
        tokio::time::sleep_until(ready.into()).await;
        self.opened(Lane::Write, until).await.then_some(reservation)
    }

    fn book(&self, items: u32, until: Instant) -> Option<Instant> {
        let now = Instant::now();
        let mut state = lock(&self.state);
        let mut application = lock(&self.application);
        let ready = state
            .bucket
            .ready_at(items, now)
            .max(application.ready_at(items, now));
        if ready > until {
            return None;
        }
        state.bucket.take(items, now);
        application.take(items, now);
        Some(ready)
    }

    /// Waits until a lane is open; false where that would not be before `until`.
    pub(super) async fn opened(&self, lane: Lane, until: Instant) -> bool {
        loop {
            let closed = lock(&self.state).closed(lane, Instant::now());
            match closed {
                None => return true,
                Some(then) if then >= until => return false,
                Some(then) => tokio::time::sleep_until(then.into()).await,
            }
        }
    }

    /// A 429 was answered: closes for everybody.
    pub(super) fn close(&self, lane: Lane, pause: Option<Duration>) {
        lock(&self.state).close(lane, pause, jitter(), Instant::now());
    }

    /// A write succeeded: the own back-off begins anew.
    pub(super) fn succeeded(&self) {
        lock(&self.state).backoff = FIRST_BACKOFF;
    }

    /// The header `x-ms-throttle-limit-percentage` of a write.
    pub(super) fn told_percentage(&self, percentage: f64) {
        lock(&self.state)
            .bucket
            .told_percentage(percentage, Instant::now());
    }

    fn snapshot(&self, tenant: ObjectId, application: ObjectId, now: Instant) -> GateState {
        let mut state = lock(&self.state);
        GateState {
            tenant,
            application,
            tokens_left: state.bucket.left(now),
            closed_for: state
                .closed(Lane::Write, now)
                .map(|until| until.saturating_duration_since(now)),
        }
    }
}

/// A lock that a panic elsewhere does not poison for us: the state behind it is plain numbers.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Up to a quarter of a second, so that not everybody starts again at once.
fn jitter() -> Duration {
    let random = uuid::Uuid::new_v4().into_bytes()[0];
    Duration::from_millis(u64::from(random))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    fn id(n: u128) -> ObjectId {
        ObjectId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn closed_until_the_pause_is_over_for_writes_only() {
        let now = Instant::now();
        let mut state = State::new(now);
        state.close(
            Lane::Write,
            Some(Duration::from_secs(3)),
            Duration::ZERO,
            now,
        );
        let later = now + Duration::from_secs(2);
        assert!(state.closed(Lane::Write, later).is_some());
        assert!(state.closed(Lane::Read, later).is_none());
        assert!(
            state
                .closed(Lane::Write, now + Duration::from_secs(3))
                .is_none()
        );
        state.close(
            Lane::Read,
            Some(Duration::from_secs(9)),
            Duration::ZERO,
            now,
        );
        assert!(state.closed(Lane::Read, later).is_some());
        assert!(
            state
                .closed(Lane::Write, now + Duration::from_secs(8))
                .is_some()
        );
    }

    #[test]
    fn without_a_pause_the_own_back_off_doubles_once_a_closing() {
        let mut now = Instant::now();
        let mut state = State::new(now);
        for seconds in [1, 2, 4, 8, 16, 32, 32] {
            state.close(Lane::Write, None, Duration::ZERO, now);
            let until = state.closed(Lane::Write, now).unwrap();
            assert_eq!(until - now, Duration::from_secs(seconds));
            now = until;
        }
    }

    #[test]
    fn what_was_in_flight_does_not_lengthen_the_own_back_off() {
        let now = Instant::now();
        let mut state = State::new(now);
        for _ in 0..4 {
            state.close(Lane::Write, Some(Duration::ZERO), Duration::ZERO, now);
        }
        let until = state.closed(Lane::Write, now).unwrap();
        assert_eq!(until - now, FIRST_BACKOFF);
    }

    #[tokio::test]
    async fn an_unspent_reservation_goes_back() {
        let gates = Gates::new();
        let gate = gates.gate(id(1), id(2));
        let until = Instant::now() + Duration::from_secs(1);
        let before = gates.states()[0].tokens_left;
        drop(gate.reserve(20, until).await.unwrap());
        assert!((gates.states()[0].tokens_left - before).abs() < 0.5);
        gate.reserve(20, until).await.unwrap().spend();
        assert!(gates.states()[0].tokens_left < before - 19.0);
        gate.close(Lane::Write, Some(Duration::from_secs(60)));
        assert!(gate.reserve(20, until).await.is_none());
        assert!(gates.states()[0].closed_for.is_some());
    }

    #[tokio::test]
    async fn what_an_earlier_life_spent_counts() {
        let gates = Gates::new();
        gates.spent(id(1), id(2), &[(Duration::ZERO, 3_000)]);
        let gate = gates.gate(id(1), id(2));
        let soon = Instant::now() + Duration::from_millis(200);
        assert!(gate.reserve(20, soon).await.is_none());
        // Told twice (two closures of one process, say), it counts once.
        gates.spent(id(1), id(2), &[(Duration::ZERO, 3_000)]);
        let later = Instant::now() + Duration::from_secs(2);
        assert!(gate.book(20, later).is_some());
    }

    #[tokio::test]
    async fn what_is_long_ago_is_refilled() {
        let gates = Gates::new();
        gates.spent(id(1), id(2), &[(Duration::from_secs(100), 2_940)]);
        let left = gates.states()[0].tokens_left;
        assert!((left - 1_960.0).abs() < 25.0, "{left}");
    }

    #[test]
    fn full_gates_that_nobody_holds_are_forgotten() {
        let gates = Gates::new();
        for n in 0..100 {
            drop(gates.gate(id(n), id(7)));
        }
        assert_eq!(gates.states().len(), 1);
    }
}
