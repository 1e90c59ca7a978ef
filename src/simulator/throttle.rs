//! Graph's quotas: writes per application and tenant, per tenant and per application, and resource units per application and tenant.

use std::collections::HashMap;

use uuid::Uuid;

use super::scenario::Behaviour;
use crate::quota;

/// A quota that refills continuously, or at the start of each window.
#[derive(Debug, Clone)]
struct Bucket {
    capacity: f64,
    window_ms: f64,
    left: f64,
    at: i64,
    fixed: bool,
}

impl Bucket {
    fn new(capacity: f64, window_seconds: f64, now: i64, fixed: bool) -> Self {
        Self {
            capacity,
            window_ms: window_seconds * 1000.0,
            left: capacity,
            at: now,
            fixed,
        }
    }

    fn refill(&mut self, now: i64) {
        let passed = (now - self.at).max(0) as f64;
        if self.fixed {
            if passed >= self.window_ms {
                self.left = self.capacity;
                self.at += ((passed / self.window_ms).floor() * self.window_ms) as i64;
            }
        } else {
            self.left = (self.left + passed * self.capacity / self.window_ms).min(self.capacity);
            self.at = now;
        }
    }

    /// Seconds until `cost` can be paid.
    fn wait(&self, cost: f64, now: i64) -> f64 {
        if self.fixed {
            return (self.at as f64 + self.window_ms - now as f64).max(0.0) / 1000.0;
        }
        (cost - self.left).max(0.0) * self.window_ms / self.capacity / 1000.0
    }

    fn used(&self) -> f64 {
        1.0 - self.left / self.capacity
    }
}

/// What a request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) units: u32,
    pub(crate) writes: u32,
}

/// The answer of the quotas.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// Served; the fraction used, where it is told (above 0.8).
    Served(Option<f64>),
    Throttled(Throttled),
}

/// What a 429 tells.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Throttled {
    pub(crate) retry_after: f64,
    pub(crate) percentage: f64,
    pub(crate) scope: String,
    pub(crate) information: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Writes(Uuid, Uuid),
    TenantWrites(Uuid),
    AppWrites(Uuid),
    Units(Uuid, Uuid),
    /// One application in all tenants.
    AppUnits(Uuid),
    /// Applications that personal accounts may use.
    Personal(Uuid),
    /// The slow lane of Conditional Access in a tenant.
    Lane(Uuid),
    /// Azure Resource Manager: reads, writes or deletes of one application in one tenant.
    Arm(Uuid, Uuid, &'static str),
}

/// How a tenant's quotas are counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    fixed: bool,
    /// Of the published length, and of what is allowed in it.
    share: f64,
}

impl From<&Behaviour> for Windows {
    fn from(behaviour: &Behaviour) -> Self {
        let share = behaviour.quota_window;
        Self {
            fixed: behaviour.fixed_window,
            share: if share > 0.0 { share } else { 1.0 },
        }
    }
}

/// All quotas.
#[derive(Debug)]
pub(crate) struct Throttle {
    scale: f64,
    buckets: HashMap<Key, Bucket>,
    /// Served and refused writes of late, for the percentage above 1.
    refused: HashMap<Uuid, (f64, i64)>,
}

impl Throttle {
    pub(crate) fn new(scale: f64) -> Self {
        Self {
            scale: if scale > 0.0 { scale } else { 1.0 },
            buckets: HashMap::new(),
            refused: HashMap::new(),
        }
    }

    /// Seconds that so many writes of one application in one tenant need at least.
    pub(crate) fn bound(&self, writes: u64) -> f64 {
        quota::seconds_at_least(writes, self.scale)
    }

    /// Takes one from a bucket of another service, where no scenario scales the quota: what is left, or the seconds until there is one.
    pub(crate) fn take(
        &mut self,
        key: Key,
        capacity: f64,
        seconds: f64,
        now: i64,
    ) -> Result<u32, f64> {
        let bucket = self.buckets.entry(key);
        let bucket = bucket.or_insert_with(|| Bucket::new(capacity, seconds, now, false));
        bucket.refill(now);
        if bucket.left < 1.0 {
            return Err(bucket.wait(1.0, now));
        }
        bucket.left -= 1.0;
        Ok(bucket.left as u32)
    }

    /// Charges one request or one item of a batch. A refused one costs nothing. `people` is the size of the tenant.
    pub(crate) fn charge(
        &mut self,
        app: Uuid,
        tenant: Uuid,
        people: usize,
        cost: Cost,
        windows: Windows,
        now: i64,
    ) -> Verdict {
        let units = match people {
            0..50 => 3500.0,
            50..=500 => 5000.0,
            _ => 8000.0,
        };
        let mut quotas = vec![
            (Key::Units(app, tenant), units, 10.0, cost.units),
            (Key::AppUnits(app), 150_000.0, 20.0, cost.units),
        ];
        if cost.writes > 0 {
            quotas.push((Key::Writes(app, tenant), 3000.0, 150.0, cost.writes));
            quotas.push((Key::TenantWrites(tenant), 18_000.0, 300.0, cost.writes));
            quotas.push((Key::AppWrites(app), 35_000.0, 300.0, cost.writes));
        }
        let scale = self.scale * windows.share;
        let mut used = 0.0_f64;
        for (key, capacity, window, price) in &quotas {
            let bucket = self.buckets.entry(*key).or_insert_with(|| {
                Bucket::new(capacity * scale, window * windows.share, now, windows.fixed)
            });
            bucket.refill(now);
            if bucket.left < f64::from(*price) {
                // A whole batch's worth, so that who waits exactly so long is served more than one item.
                let wait = bucket.wait(20.0_f64.min(bucket.capacity), now);
                let (share, at) = self.refused.get(&app).copied().unwrap_or((0.0, now));
                let share = (share * 0.5_f64.powf((now - at) as f64 / 1000.0) + 0.02).min(0.8);
                self.refused.insert(app, (share, now));
                return Verdict::Throttled(Throttled {
                    retry_after: wait.max(0.05),
                    percentage: 1.0 + share,
                    scope: scope(*key, cost, app, tenant),
                    information: if matches!(key, Key::Units(..) | Key::AppUnits(_)) {
                        "ResourceUnitLimitExceeded"
                    } else {
                        "WriteLimitExceeded"
                    },
                });
            }
            used = used.max(bucket.used());
        }
        for (key, _, _, price) in &quotas {
            if let Some(bucket) = self.buckets.get_mut(key) {
                bucket.left -= f64::from(*price);
            }
        }
        Verdict::Served((used > 0.8).then_some(used))
    }
}

fn scope(key: Key, cost: Cost, app: Uuid, tenant: Uuid) -> String {
    let what = if cost.writes > 0 { "Write" } else { "Read" };
    match key {
        Key::Writes(..) => format!("Tenant_Application/Write/{app}/{tenant}"),
        Key::TenantWrites(_) => format!("Tenant/Write/{app}/{tenant}"),
        Key::AppWrites(_) => format!("Application/Write/{app}/{tenant}"),
        Key::AppUnits(_) => format!("Application/{what}/{app}/{tenant}"),
        Key::Units(..) | Key::Lane(_) | Key::Personal(_) | Key::Arm(..) => {
            format!("Tenant_Application/{what}/{app}/{tenant}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: Uuid = Uuid::from_u128(1);
    const TENANT: Uuid = Uuid::from_u128(2);
    const WRITE: Cost = Cost {
        units: 1,
        writes: 1,
    };

    const REFILLED: Windows = Windows {
        fixed: false,
        share: 1.0,
    };
    const FIXED: Windows = Windows {
        fixed: true,
        share: 1.0,
    };

    fn served(throttle: &mut Throttle, tries: u32, now: i64) -> u32 {
        served_in(throttle, REFILLED, tries, now)
    }

    fn served_in(throttle: &mut Throttle, windows: Windows, tries: u32, now: i64) -> u32 {
        (0..tries)
            .filter(|_| {
                matches!(
                    throttle.charge(APP, TENANT, 1000, WRITE, windows, now),
                    Verdict::Served(_)
                )
            })
            .count() as u32
    }

    #[test]
    fn three_thousand_writes_then_twenty_a_second() {
        let mut throttle = Throttle::new(1.0);
        assert_eq!(served(&mut throttle, 4000, 0), 3000);
        assert_eq!(served(&mut throttle, 4000, 1000), 20);
        assert_eq!(served(&mut throttle, 4000, 151_000), 3000);
        assert!((throttle.bound(10_000) - 350.0).abs() < 1e-9);
    }

    #[test]
    fn a_fixed_window_gives_all_at_once() {
        let mut throttle = Throttle::new(1.0);
        let mut served = |tries, now| served_in(&mut throttle, FIXED, tries, now);
        assert_eq!(served(4000, 0), 3000);
        assert_eq!(served(10, 149_999), 0);
        assert_eq!(served(4000, 150_000), 3000);
    }

    #[test]
    fn a_shorter_window_keeps_the_rate() {
        let short = |fixed| Windows { fixed, share: 0.1 };
        let mut throttle = Throttle::new(1.0);
        assert_eq!(served_in(&mut throttle, short(false), 4000, 0), 300);
        assert_eq!(served_in(&mut throttle, short(false), 4000, 1000), 20);
        let mut throttle = Throttle::new(1.0);
        assert_eq!(served_in(&mut throttle, short(true), 4000, 0), 300);
        assert_eq!(served_in(&mut throttle, short(true), 4000, 14_999), 0);
        assert_eq!(served_in(&mut throttle, short(true), 4000, 15_000), 300);
    }

    #[test]
    fn a_refusal_tells_when_and_why_and_reading_goes_on() {
        let mut throttle = Throttle::new(0.01);
        served(&mut throttle, 30, 0);
        let Verdict::Throttled(told) = throttle.charge(APP, TENANT, 1000, WRITE, REFILLED, 0)
        else {
            panic!("served")
        };
        assert!(told.retry_after > 50.0 && told.percentage > 1.0);
        assert_eq!(told.information, "WriteLimitExceeded");
        assert_eq!(
            told.scope,
            format!("Tenant_Application/Write/{APP}/{TENANT}")
        );
        assert!(matches!(
            throttle.charge(
                APP,
                TENANT,
                1000,
                Cost {
                    units: 1,
                    writes: 0
                },
                REFILLED,
                0
            ),
            Verdict::Served(_)
        ));
    }

    #[test]
    fn the_share_that_was_used_is_told_above_four_fifths() {
        let mut throttle = Throttle::new(1.0);
        served(&mut throttle, 2000, 0);
        assert_eq!(
            throttle.charge(APP, TENANT, 1000, WRITE, REFILLED, 0),
            Verdict::Served(None)
        );
        served(&mut throttle, 900, 0);
        assert!(
            matches!(throttle.charge(APP, TENANT, 1000, WRITE, REFILLED, 0), Verdict::Served(Some(share)) if share > 0.8)
        );
    }
}
