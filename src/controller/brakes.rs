//! Brakes: what was seen on the watches, asked before each request of an effect. Suspend, revoke, delete and the kill
//! switch let at most the call in flight finish.

use crate::closure::request_ids::RequestIds;
use crate::closure::tenant::Leash;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use uuid::Uuid;

/// What the watches have shown.
#[derive(Debug, Default)]
pub struct Brakes {
    closures: Mutex<HashMap<String, Option<i64>>>,
    approvals: Mutex<HashMap<String, u64>>,
    /// Counts what concerns every closure.
    for_all: AtomicU64,
    stopping: AtomicBool,
}

impl Brakes {
    /// A closure was seen with this generation; `None`: deleted.
    pub fn closure(&self, uid: &str, generation: Option<i64>) {
        self.closures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(uid.to_owned(), generation);
    }

    /// An approval in this namespace changed or went. One that is new takes nothing away.
    pub fn approval(&self, namespace: &str) {
        let mut all = self.approvals();
        *all.entry(namespace.to_owned()).or_default() += 1;
    }

    fn approvals(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.approvals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How many changes there were in this namespace.
    fn approvals_in(&self, namespace: &str) -> u64 {
        self.approvals().get(namespace).copied().unwrap_or_default()
    }

    /// The configuration changed or went.
    pub fn configuration(&self) {
        self.for_all.fetch_add(1, Ordering::SeqCst);
    }

    /// A watch broke or begins anew: what happened meanwhile nobody has seen.
    pub fn lost_sight(&self) {
        self.for_all.fetch_add(1, Ordering::SeqCst);
    }

    /// The process is asked to stop.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// True once the process was asked to stop.
    pub fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// A leash for one effect. Take it *before* the last live read, so that a change in between is noticed.
    pub fn leash(self: &Arc<Self>, namespace: &str, uid: &str, generation: i64) -> Hold {
        Hold {
            brakes: Arc::clone(self),
            namespace: namespace.to_owned(),
            uid: uid.to_owned(),
            generation,
            approvals: self.approvals_in(namespace),
            for_all: self.for_all.load(Ordering::SeqCst),
            until: None,
            until_time: None,
            ids: None,
        }
    }
}

/// A leash that is let go as soon as anything of what it was taken for changes, or its time is over.
#[derive(Debug)]
pub struct Hold {
    brakes: Arc<Brakes>,
    namespace: String,
    uid: String,
    generation: i64,
    approvals: u64,
    for_all: u64,
    until: Option<Instant>,
    until_time: Option<Timestamp>,
    ids: Option<RequestIds>,
}

impl Hold {
    /// Its requests carry ids that follow from this one.
    #[must_use]
    pub fn numbered(self, effect: Option<Uuid>) -> Self {
        Self {
            ids: effect.map(RequestIds::of),
            ..self
        }
    }

    /// How many requests were given such an id.
    pub fn told(&self) -> u32 {
        self.ids.as_ref().map_or(0, RequestIds::told)
    }

    /// Lets go at this time of the clock at the latest: the other one does not count while the machine is suspended.
    #[must_use]
    pub fn until_time(self, time: Timestamp) -> Self {
        Self {
            until_time: Some(time),
            ..self
        }
    }

    /// Lets go at this moment at the latest.
    #[must_use]
    pub fn until(self, moment: Instant) -> Self {
        Self {
            until: Some(moment),
            ..self
        }
    }
}

impl Leash for Hold {
    fn holds(&self) -> bool {
        let in_time = self.until.is_none_or(|until| Instant::now() < until)
            && self.until_time.is_none_or(|until| Timestamp::now() < until);
        let unchanged = match self
            .brakes
            .closures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&self.uid)
        {
            None => true,
            Some(Some(generation)) => *generation <= self.generation,
            Some(None) => false,
        };
        in_time
            && unchanged
            && !self.brakes.stopping()
            && self.brakes.approvals_in(&self.namespace) == self.approvals
            && self.brakes.for_all.load(Ordering::SeqCst) == self.for_all
    }

    fn next_request_id(&self) -> Option<Uuid> {
        self.ids.as_ref().map(RequestIds::next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_any_kind_lets_go() {
        let changes: [fn(&Brakes); 6] = [
            |b| b.closure("u", Some(2)),
            |b| b.closure("u", None),
            |b| b.approval("n"),
            Brakes::configuration,
            Brakes::lost_sight,
            Brakes::stop,
        ];
        for change in changes {
            let brakes = Arc::new(Brakes::default());
            let leash = brakes.leash("n", "u", 1);
            assert!(leash.holds());
            change(&brakes);
            assert!(!leash.holds());
        }
    }

    #[test]
    fn it_lets_go_when_its_time_is_over() {
        let brakes = Arc::new(Brakes::default());
        let hour = std::time::Duration::from_secs(3600);
        assert!(
            brakes
                .leash("n", "u", 1)
                .until(Instant::now() + hour)
                .holds()
        );
        assert!(!brakes.leash("n", "u", 1).until(Instant::now()).holds());
        // Suspended meanwhile: the clock that does not count has an hour left.
        let leash = || brakes.leash("n", "u", 1).until(Instant::now() + hour);
        assert!(leash().until_time(Timestamp::now() + hour).holds());
        assert!(!leash().until_time(Timestamp::now()).holds());
    }

    #[test]
    fn another_closure_does_not_matter() {
        let brakes = Arc::new(Brakes::default());
        let leash = brakes.leash("n", "u", 1);
        brakes.closure("other", None);
        brakes.approval("elsewhere");
        assert!(leash.holds());
    }
}
