//! The gates: one for each application in each tenant, shared by everything in this process that goes there, and one for
//! each application over all tenants. They feed on what every reply tells ([`Heard`]). Nothing is lost at a gate: who is not
//! let through keeps what he has.

use super::backoff::{Backoff, jitter, wait};
use super::clouds::Service;
use super::heard::Heard;
use super::pacing::Bucket;
use super::pauses::{SideGate, SlowLane};
use crate::closure::id::ObjectId;
use crate::quota;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How much of an application's quota over all tenants may be booked ahead: much less than an effect may last.
const AHEAD: Duration = Duration::from_secs(5);

/// All gates of this process.
#[derive(Debug, Default)]
pub struct Gates {
    inner: Mutex<Registry>,
}

#[derive(Debug, Default)]
struct Registry {
    tenants: HashMap<(ObjectId, ObjectId), Arc<Gate>>,
    applications: HashMap<ObjectId, Arc<Mutex<Shared>>>,
    /// Of each application over all tenants: the lane of what personal accounts may use.
    personal: HashMap<ObjectId, Arc<SlowLane>>,
    /// Azure Resource Manager and Partner Center: by service, tenant and application.
    sides: HashMap<(Service, ObjectId, ObjectId), Arc<SideGate>>,
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
    /// Resource units that could be spent at once.
    pub units_left: f64,
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
        let known = state.writes.left(now);
        let surplus = (known - replayed.left(now)).max(0.0);
        // At most a bucket's capacity: no precision is lost.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let surplus = surplus as u32;
        state.writes.spend(surplus, now);
        lock(&gate.application).writes.spend(surplus, now);
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
            .or_insert_with(|| Arc::new(Mutex::new(Shared::new(now))));
        let shared = Arc::clone(shared);
        registry
            .personal
            .retain(|_, lane| Arc::strong_count(lane) > 1 || !lane.is_idle(now));
        let personal = registry
            .personal
            .entry(application)
            .or_insert_with(|| Arc::new(SlowLane::of_personal_accounts(now)));
        let gate = Arc::new(Gate {
            personal: Arc::clone(personal),
            policies: SlowLane::of_policies(now),
            tenant,
            state: Mutex::new(State::new(now)),
            application: shared,
        });
        registry
            .tenants
            .insert((tenant, application), Arc::clone(&gate));
        gate
    }

    /// The gate of one application in one tenant towards Azure Resource Manager or Partner Center.
    pub(super) fn side(
        &self,
        service: Service,
        tenant: ObjectId,
        application: ObjectId,
    ) -> Arc<SideGate> {
        let now = Instant::now();
        let mut registry = lock(&self.inner);
        registry
            .sides
            .retain(|_, gate| Arc::strong_count(gate) > 1 || !gate.is_idle(now));
        let key = (service, tenant, application);
        Arc::clone(registry.sides.entry(key).or_default())
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
    /// The lane of applications that personal accounts may use.
    pub(super) personal: Arc<SlowLane>,
    /// The lane of Conditional Access.
    pub(super) policies: SlowLane,
    tenant: ObjectId,
    state: Mutex<State>,
    application: Arc<Mutex<Shared>>,
}

/// What an application may do over all tenants.
#[derive(Debug)]
struct Shared {
    writes: Bucket,
    units: Bucket,
    closed: Closed,
    /// What is booked ahead, by tenant: when it may be sent, and how many writes it is.
    ahead: HashMap<ObjectId, VecDeque<(Instant, u32)>>,
}

impl Shared {
    fn new(now: Instant) -> Self {
        Self {
            writes: Bucket::of_application(0, now),
            units: Bucket::units_of_application(now),
            closed: Closed::default(),
            ahead: HashMap::new(),
        }
    }

    /// Where a tenant has as much booked ahead as its even share allows: when that is less. All together book no more than
    /// [`AHEAD`], so that who comes later finds a place in the queue before its time is over.
    fn is_full_for(&mut self, tenant: ObjectId, items: u32, now: Instant) -> Option<Instant> {
        self.ahead.retain(|_, booked| {
            booked.retain(|(ready, _)| *ready > now);
            !booked.is_empty()
        });
        let booked = self.ahead.get(&tenant)?;
        let own: u32 = booked.iter().map(|(_, items)| items).sum();
        // As many as there are closures: no precision is lost.
        #[allow(clippy::cast_precision_loss)]
        let share = quota::APPLICATION_RATE * AHEAD.as_secs_f64() / self.ahead.len() as f64;
        let full = f64::from(own + items) > share;
        booked.front().map(|(ready, _)| *ready).filter(|_| full)
    }
}

/// Until when an answer closes what.
#[derive(Clone, Copy, Debug, Default)]
struct Closed {
    writes: Option<Instant>,
    reads: Option<Instant>,
}

impl Closed {
    fn until(&self, lane: Lane, now: Instant) -> Option<Instant> {
        let until = match lane {
            Lane::Read => self.reads,
            Lane::Write => self.writes,
        };
        until.filter(|&until| until > now)
    }

    fn close(&mut self, lane: Lane, until: Instant) {
        self.writes = self.writes.max(Some(until));
        if lane == Lane::Read {
            self.reads = self.reads.max(Some(until));
        }
    }
}

#[derive(Debug)]
struct State {
    writes: Bucket,
    units: Bucket,
    closed: Closed,
    backoff: Backoff,
}

impl State {
    fn new(now: Instant) -> Self {
        Self {
            writes: Bucket::of_tenant(0, now),
            units: Bucket::units_of_tenant(now),
            closed: Closed::default(),
            backoff: Backoff::default(),
        }
    }

    /// Closes for everybody, and says until when; `None`: the answer says nothing new.
    fn close(
        &mut self,
        lane: Lane,
        pause: Option<Duration>,
        jitter: Duration,
        now: Instant,
    ) -> Option<Instant> {
        let again = self.closed.until(lane, now).is_some();
        let pause = self.backoff.after(pause, again)?;
        if !again && lane == Lane::Write {
            self.writes.told_throttled(now);
        }
        let until = now + pause + jitter;
        self.closed.close(lane, until);
        Some(until)
    }

    fn is_idle(&mut self, now: Instant) -> bool {
        let full = self.writes.is_full(now) && self.units.is_full(now);
        full && self.closed.until(Lane::Write, now).is_none()
    }
}

/// A place in the queue for writes.
#[derive(Clone, Copy, Debug)]
enum Booked {
    /// From then on they may be sent.
    Ready(Instant),
    /// The share is booked: there is more of it then.
    AskAgain(Instant),
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
            lock(&self.gate.state).writes.give_back(self.items, now);
            lock(&self.gate.application)
                .writes
                .give_back(self.items, now);
        }
    }
}

impl Gate {
    /// Waits until `items` writes may be sent; `None` where that would not be before `until`.
    pub(super) async fn reserve(&self, items: u32, until: Instant) -> Option<Reservation<'_>> {
        let ready = loop {
            match self.book(items, until, Instant::now())? {
                Booked::Ready(then) => break then,
                Booked::AskAgain(then) => tokio::time::sleep_until(then.into()).await,
            }
        };
        let reservation = Reservation { gate: self, items };
        tokio::time::sleep_until(ready.into()).await;
        self.opened(Lane::Write, until).await.then_some(reservation)
    }

    /// Takes a place in the queue; `None`: there is none before `until`.
    fn book(&self, items: u32, until: Instant, now: Instant) -> Option<Booked> {
        let mut state = lock(&self.state);
        let mut application = lock(&self.application);
        if let Some(then) = application.is_full_for(self.tenant, items, now) {
            return (then <= until).then_some(Booked::AskAgain(then));
        }
        let shared = application.writes.ready_at(items, now);
        let ready = state.writes.ready_at(items, now).max(shared);
        if ready > until {
            return None;
        }
        state.writes.take(items, now);
        application.writes.take(items, now);
        if shared > now {
            let booked = application.ahead.entry(self.tenant).or_default();
            booked.push_back((shared, items));
        }
        Some(Booked::Ready(ready))
    }

    /// Waits until a lane is open, and for reading until there are resource units; false where that would not be before
    /// `until`.
    pub(super) async fn opened(&self, lane: Lane, until: Instant) -> bool {
        wait(until, |now| self.opens(lane, now)).await
    }

    /// When a lane opens; `None`: it is open.
    fn opens(&self, lane: Lane, now: Instant) -> Option<Instant> {
        let mut state = lock(&self.state);
        let mut application = lock(&self.application);
        let closed = state.closed.until(lane, now);
        let closed = closed.max(application.closed.until(lane, now));
        let units = (lane == Lane::Read).then(|| {
            let own = state.units.ready_at(1, now);
            own.max(application.units.ready_at(1, now))
        });
        closed.max(units.filter(|then| *then > now))
    }

    /// For how long a 429 keeps a lane closed; `None`: none does.
    pub(super) fn closed_for(&self, lane: Lane) -> Option<Duration> {
        let now = Instant::now();
        let own = lock(&self.state).closed.until(lane, now);
        let until = own.max(lock(&self.application).closed.until(lane, now));
        until.map(|until| until.saturating_duration_since(now))
    }

    /// A 429 was answered: closes for everybody in this tenant and, where its scope is the whole application, in all.
    pub(super) fn close(&self, lane: Lane, pause: Option<Duration>, heard: Heard) {
        let now = Instant::now();
        let until = lock(&self.state).close(lane, pause, jitter(), now);
        if let (Some(until), true) = (until, heard.whole_application) {
            lock(&self.application).closed.close(lane, until);
        }
    }

    /// Too busy for a write: none is sent in this pause. The quota is as it was.
    pub(super) fn rest(&self, pause: Duration) {
        let until = Instant::now() + pause + jitter();
        lock(&self.state).closed.close(Lane::Write, until);
    }

    /// A write succeeded: the own back-off begins anew.
    pub(super) fn succeeded(&self) {
        lock(&self.state).backoff.succeeded();
    }

    /// What a reply tells: its units are spent, and the quota that its percentage is about is lower than it seemed.
    pub(super) fn heard(&self, lane: Lane, heard: Heard) {
        self.hear(lane, heard, Instant::now());
    }

    fn hear(&self, lane: Lane, heard: Heard, now: Instant) {
        let mut state = lock(&self.state);
        let mut application = lock(&self.application);
        state.units.take(heard.units, now);
        application.units.take(heard.units, now);
        let Some(percentage) = heard.percentage else {
            return;
        };
        let bucket = match (lane, heard.whole_application) {
            (Lane::Write, false) => &mut state.writes,
            (Lane::Read, false) => &mut state.units,
            (Lane::Write, true) => &mut application.writes,
            (Lane::Read, true) => &mut application.units,
        };
        bucket.told_percentage(percentage, now);
    }

    fn snapshot(&self, tenant: ObjectId, application: ObjectId, now: Instant) -> GateState {
        let mut state = lock(&self.state);
        GateState {
            tenant,
            application,
            tokens_left: state.writes.left(now),
            units_left: state.units.left(now),
            closed_for: state
                .closed
                .until(Lane::Write, now)
                .map(|until| until.saturating_duration_since(now)),
        }
    }
}

/// A lock that a panic elsewhere does not poison for us: the state behind it is plain numbers.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests;
