//! What the controller counts; shown by `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The number now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// All counts of a process.
#[derive(Debug, Default)]
pub struct Counters {
    /// Cycles run.
    pub cycles: Count,
    /// Cycles that ended in an error.
    pub failed_cycles: Count,
    /// Effects claimed.
    pub effects: Count,
    /// Objects seen gone or changed after an effect.
    pub objects: Count,
    /// HTTP requests to Microsoft by effects and their settling.
    pub requests: Count,
    /// Items answered 429.
    pub throttled: Count,
    /// Records created.
    pub records: Count,
    /// Status patches written.
    pub status_patches: Count,
    /// Objects written to the evidence store.
    pub evidence_objects: Count,
    /// Times that evidence could not be written, or something else was there.
    pub evidence_failures: Count,
    /// Records that were found in doubt and settled.
    pub settled_in_doubt: Count,
}
