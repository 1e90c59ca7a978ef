//! The token bucket: pure arithmetic over moments that the caller gives. No clock, no lock.
//!
//! The figures and their source stand in [`crate::quota`].

use crate::quota;
use std::time::{Duration, Instant};

/// How much of the published quota is used.
const SHARE: f64 = 0.98;

/// How long a reply that tells of an overrun slows the refill.
const SLOW_FOR: Duration = Duration::from_secs(10);

/// Tokens that fill up over time. The level goes below zero where tokens are reserved ahead.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    capacity: f64,
    per_second: f64,
    level: f64,
    at: Instant,
    slow: f64,
    slow_until: Instant,
}

impl Bucket {
    /// One application in one tenant: 3,000 writes in 150 s, of which `spent` are used up already.
    pub(super) fn of_tenant(spent: u32, now: Instant) -> Self {
        Self::new(quota::TENANT_BURST, quota::TENANT_RATE, spent, now)
    }

    /// One application over all tenants: 35,000 writes in 300 s.
    pub(super) fn of_application(spent: u32, now: Instant) -> Self {
        Self::new(
            quota::APPLICATION_BURST,
            quota::APPLICATION_RATE,
            spent,
            now,
        )
    }

    /// Resource units of one application in one tenant: 3,500 in 10 s.
    pub(super) fn units_of_tenant(now: Instant) -> Self {
        Self::new(quota::TENANT_UNITS, quota::TENANT_UNITS_RATE, 0, now)
    }

    /// Resource units of one application over all tenants: 150,000 in 20 s.
    pub(super) fn units_of_application(now: Instant) -> Self {
        Self::new(
            quota::APPLICATION_UNITS,
            quota::APPLICATION_UNITS_RATE,
            0,
            now,
        )
    }

    /// Applications that personal accounts may use: 60 changes in 60 s.
    pub(super) fn of_personal_accounts(now: Instant) -> Self {
        Self::new(quota::PERSONAL_BURST, quota::PERSONAL_RATE, 0, now)
    }

    /// Conditional Access: one request a second.
    pub(super) fn of_policies(now: Instant) -> Self {
        Self::new(1.0 / SHARE, quota::POLICIES_RATE, 0, now)
    }

    fn new(capacity: f64, per_second: f64, spent: u32, now: Instant) -> Self {
        let capacity = capacity * SHARE;
        Self {
            capacity,
            per_second: per_second * SHARE,
            level: (capacity - f64::from(spent)).max(0.0),
            at: now,
            slow: 1.0,
            slow_until: now,
        }
    }

    fn rate(&self, now: Instant) -> f64 {
        if now < self.slow_until {
            self.per_second * self.slow
        } else {
            self.per_second
        }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at);
        self.level = (self.level + passed.as_secs_f64() * self.rate(self.at)).min(self.capacity);
        self.at = self.at.max(now);
    }

    /// When `items` tokens will be there, if nobody else takes any.
    pub(super) fn ready_at(&mut self, items: u32, now: Instant) -> Instant {
        self.refill(now);
        let lacking = f64::from(items) - self.level;
        if lacking <= 0.0 {
            return now;
        }
        let wait = lacking / self.rate(now);
        now + Duration::try_from_secs_f64(wait).unwrap_or(Duration::from_secs(3_600))
    }

    /// Takes tokens, ahead of time where they are not there yet.
    pub(super) fn take(&mut self, items: u32, now: Instant) {
        self.refill(now);
        self.level -= f64::from(items);
    }

    /// Puts tokens back that were not used.
    pub(super) fn give_back(&mut self, items: u32, now: Instant) {
        self.refill(now);
        self.level = (self.level + f64::from(items)).min(self.capacity);
    }

    /// Somebody else spent (a rebuild after a start, another user of the same quota).
    pub(super) fn spend(&mut self, items: u32, now: Instant) {
        self.refill(now);
        self.level = (self.level - f64::from(items)).max(self.level.min(0.0));
    }

    /// `x-ms-throttle-limit-percentage`, sent from 0.8 on: tells how much is left, so the level is lowered to that;
    /// from 1.0 on the refill is slower for ten seconds as well. It never raises anything.
    pub(super) fn told_percentage(&mut self, percentage: f64, now: Instant) {
        if !(0.8..=100.0).contains(&percentage) {
            return;
        }
        self.refill(now);
        let left = (1.0 - percentage).max(0.0) * self.capacity;
        self.level = self.level.min(left);
        if percentage > 1.0 {
            self.slow = (1.0 / percentage).max(0.1);
            self.slow_until = now + SLOW_FOR;
        }
    }

    /// A 429 where none was expected: half of what seemed left is not there.
    pub(super) fn told_throttled(&mut self, now: Instant) {
        self.refill(now);
        if self.level > 0.0 {
            self.level /= 2.0;
        }
    }

    /// Tokens that could be taken now.
    pub(super) fn left(&mut self, now: Instant) -> f64 {
        self.refill(now);
        self.level.max(0.0)
    }

    /// True where nothing is spent: such a bucket can be forgotten.
    pub(super) fn is_full(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.level >= self.capacity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_burst_then_the_refill() {
        let start = Instant::now();
        let mut bucket = Bucket::of_tenant(0, start);
        bucket.take(2_940, start);
        assert!(bucket.left(start) < 1.0);
        let ready = bucket.ready_at(20, start);
        let wait = ready.duration_since(start).as_secs_f64();
        assert!((wait - 20.0 / 19.6).abs() < 0.001, "{wait}");
        assert_eq!(bucket.ready_at(20, start + secs(1.03)), start + secs(1.03));
    }

    #[test]
    fn ten_thousand_items_take_at_most_five_percent_longer_than_the_quota() {
        let start = Instant::now();
        let mut now = start;
        let mut bucket = Bucket::of_tenant(0, start);
        for _ in 0..500 {
            now = bucket.ready_at(20, now);
            bucket.take(20, now);
        }
        let bound = (10_000.0 - 3_000.0) / 20.0;
        let ratio = now.duration_since(start).as_secs_f64() / bound;
        assert!((1.0..1.05).contains(&ratio), "{ratio}");
    }

    #[test]
    fn reservations_queue_up() {
        let start = Instant::now();
        let mut bucket = Bucket::of_tenant(3_000, start);
        let first = bucket.ready_at(20, start);
        bucket.take(20, start);
        let second = bucket.ready_at(20, start);
        assert!(second > first + secs(1.0));
        bucket.give_back(20, start);
        assert_eq!(bucket.ready_at(20, start), first);
    }

    #[test]
    fn a_rebuilt_bucket_knows_what_was_spent() {
        let start = Instant::now();
        let mut bucket = Bucket::of_tenant(2_000, start);
        assert!((bucket.left(start) - 940.0).abs() < 0.001);
        assert!(!bucket.is_full(start));
        assert!(bucket.is_full(start + secs(150.0)));
        let mut wide = Bucket::of_application(0, start);
        assert!((wide.left(start) - 34_300.0).abs() < 0.001);
        wide.spend(300, start);
        assert!((wide.left(start) - 34_000.0).abs() < 0.001);
    }

    #[test]
    fn headers_only_lower() {
        let start = Instant::now();
        let mut bucket = Bucket::of_tenant(0, start);
        bucket.told_percentage(0.5, start);
        bucket.told_percentage(f64::NAN, start);
        assert!(bucket.is_full(start));
        bucket.told_percentage(0.9, start);
        assert!((bucket.left(start) - 294.0).abs() < 0.001);
        bucket.told_percentage(0.8, start);
        assert!((bucket.left(start) - 294.0).abs() < 0.001);
        bucket.told_percentage(1.25, start);
        let wait = bucket
            .ready_at(20, start)
            .duration_since(start)
            .as_secs_f64();
        assert!(wait > 1.2, "{wait}");
        bucket.told_throttled(start);
        assert!(bucket.left(start) < 0.001);
    }
}
