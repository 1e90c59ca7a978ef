//! Microsoft's published write quota of Graph and the time that it takes at least: one arithmetic for the estimate, the
//! pacing and the simulator's ratio.
//!
//! Source: learn.microsoft.com `graph/throttling-limits`, identity and access: 3,000 writes in 150 s for one application in
//! one tenant; 35,000 in 300 s for one application over all tenants; 3,500 resource units in 10 s and more in larger tenants;
//! 150,000 in 20 s over all. A bucket that refills evenly is assumed.

use std::time::Duration;

/// Writes that one application may make at once in one tenant.
pub const TENANT_BURST: f64 = 3_000.0;
/// Writes a second, after that.
pub const TENANT_RATE: f64 = 20.0;
/// Writes that one application may make at once over all tenants.
pub const APPLICATION_BURST: f64 = 35_000.0;
/// Writes a second, after that.
pub const APPLICATION_RATE: f64 = APPLICATION_BURST / 300.0;

/// Resource units that one application may spend at once in one tenant: of the smallest tenants, as nobody tells the size.
pub const TENANT_UNITS: f64 = 3_500.0;
/// Units a second, after that.
pub const TENANT_UNITS_RATE: f64 = TENANT_UNITS / 10.0;
/// Units that one application may spend at once over all tenants.
pub const APPLICATION_UNITS: f64 = 150_000.0;
/// Units a second, after that.
pub const APPLICATION_UNITS_RATE: f64 = APPLICATION_UNITS / 20.0;

/// Changes of applications that personal accounts may use, at once; the same page, application writes.
pub const PERSONAL_BURST: f64 = 60.0;
/// Changes a second, after that.
pub const PERSONAL_RATE: f64 = PERSONAL_BURST / 60.0;

/// Requests about Conditional Access in one tenant, readings too: one a second, and a refusal that names no pause (an earlier
/// version of the same page).
pub const POLICIES_RATE: f64 = 1.0;

/// Seconds that so many writes in one tenant take at least. `share` scales the quota: 1 is Microsoft's.
// Beyond 2^53 writes the figure is not exact.
#[allow(clippy::cast_precision_loss)]
pub fn seconds_at_least(writes: u64, share: f64) -> f64 {
    ((writes as f64 - TENANT_BURST * share) / (TENANT_RATE * share)).max(0.0)
}

/// The time that so many writes in one tenant take at least.
pub fn at_least(writes: u64) -> Duration {
    Duration::try_from_secs_f64(seconds_at_least(writes, 1.0)).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_the_rest_takes_its_time() {
        assert_eq!(at_least(3_000), Duration::ZERO);
        assert_eq!(at_least(10_000), Duration::from_secs(350));
        assert_eq!(at_least(100_000), Duration::from_secs(4_850));
    }
}
