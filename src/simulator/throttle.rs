//! The write quota of one app in one tenant, in real time.

use super::exchange::Reply;
use super::world::World;

/// Writes that may come at once.
pub(crate) const CAPACITY: f64 = 3000.0;
/// Writes that come back each second.
pub(crate) const REFILL: f64 = 20.0;

#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    level: f64,
    at: i64,
}

impl Bucket {
    fn new(now: i64) -> Self {
        Self {
            level: CAPACITY,
            at: now,
        }
    }

    /// Takes one write; the part that is used, or the seconds to wait.
    fn take(&mut self, now: i64) -> Result<f64, f64> {
        let elapsed = (now - self.at).max(0) as f64 / 1000.0;
        self.level = (self.level + elapsed * REFILL).min(CAPACITY);
        self.at = self.at.max(now);
        if self.level < 1.0 {
            return Err((1.0 - self.level) / REFILL);
        }
        self.level -= 1.0;
        Ok(1.0 - self.level / CAPACITY)
    }
}

/// Charges one write: the part of the quota that is used, or a refusal.
pub(crate) fn charge(
    world: &mut World,
    app: &str,
    tenant: &str,
    error: impl Fn(u16, &str, &str) -> Reply,
) -> Result<f64, Reply> {
    let now = world.clock.real();
    let bucket = world
        .buckets
        .entry((app.to_owned(), tenant.to_owned()))
        .or_insert_with(|| Bucket::new(now));
    bucket.take(now).map_err(|wait| {
        world.throttled += 1;
        let jitter = world.random.below(1500) as f64 / 1000.0;
        error(429, "TooManyRequests", "Too many requests.")
            .with("Retry-After", format!("{:.3}", wait + 0.5 + jitter))
            .with("x-ms-throttle-limit-percentage", "1.2")
            .with(
                "x-ms-throttle-scope",
                format!("Tenant_Application/Write/{app}/{tenant}"),
            )
            .with("x-ms-throttle-information", "WriteLimitExceeded")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_is_three_thousand_and_then_twenty_a_second() {
        let mut bucket = Bucket::new(0);
        assert_eq!((0..4000).filter(|_| bucket.take(0).is_ok()).count(), 3000);
        assert_eq!((0..100).filter(|_| bucket.take(1000).is_ok()).count(), 20);
        assert!(bucket.take(1000).is_err_and(|wait| wait <= 0.05));
    }
}
