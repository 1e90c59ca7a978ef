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
    /// What was asked for of late, by priority, and when that was counted.
    asked: [f64; PRIORITIES],
    asked_at: i64,
}

/// How many priorities there are.
const PRIORITIES: usize = 3;

/// What was asked for, or refused, counts half as much after so many milliseconds.
const HALVED_AFTER_MS: f64 = 1000.0;

/// How much it counts now.
fn left_of_one(then: i64, now: i64) -> f64 {
    0.5_f64.powf((now - then).max(0) as f64 / HALVED_AFTER_MS)
}

/// `x-ms-throttle-priority`: who is refused first where the quota is short.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Priority {
    Low,
    #[default]
    Normal,
    High,
}

impl Priority {
    /// By the header; what is unknown, or absent, is normal.
    pub(crate) fn of(header: Option<&str>) -> Self {
        match header.map(str::to_ascii_lowercase).as_deref() {
            Some("low") => Self::Low,
            Some("high") => Self::High,
            _ => Self::Normal,
        }
    }
}

impl Bucket {
    fn new(capacity: f64, window_seconds: f64, now: i64, fixed: bool) -> Self {
        Self {
            capacity,
            window_ms: window_seconds * 1000.0,
            left: capacity,
            at: now,
            fixed,
            asked: [0.0; PRIORITIES],
            asked_at: now,
        }
    }

    /// What is kept for those who go before: as much as they asked for in the last second or so, served or not. Where nobody
    /// else asks, nobody is held back, and the whole quota is as large as ever.
    fn kept_from(&mut self, priority: Priority, price: f64, now: i64) -> f64 {
        let left = left_of_one(self.asked_at, now);
        self.asked_at = now;
        for asked in &mut self.asked {
            *asked *= left;
        }
        self.asked[priority as usize] += price;
        let before = self.asked.iter().skip(priority as usize + 1);
        before.sum::<f64>().min(self.capacity / 2.0)
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

    /// Seconds that so many writes of one application in one tenant need at least, as its quota is counted: refilled, with as much
    /// of a burst as a shorter window leaves; or in fixed windows, the last of which need not end.
    pub(crate) fn bound(&self, writes: u64, windows: Windows) -> f64 {
        let burst = quota::TENANT_BURST * self.scale * windows.share;
        let rate = quota::TENANT_RATE * self.scale;
        if windows.fixed {
            let more = (writes as f64 / burst.floor().max(1.0)).ceil() - 1.0;
            return (more * burst / rate).max(0.0);
        }
        ((writes as f64 - burst) / rate).max(0.0)
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
        (app, tenant): (Uuid, Uuid),
        people: usize,
        (cost, priority): (Cost, Priority),
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
            let price = f64::from(*price);
            let kept = bucket.kept_from(priority, price, now);
            if bucket.left < price + kept {
                // A whole batch's worth, so that who waits exactly so long is served more than one item.
                let wait = bucket.wait((20.0 + kept).min(bucket.capacity), now);
                let (share, at) = self.refused.get(&app).copied().unwrap_or((0.0, now));
                let share = (share * left_of_one(at, now) + 0.02).min(0.8);
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
mod tests;
