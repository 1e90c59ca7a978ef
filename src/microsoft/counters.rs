//! What was spent, for the metrics: shared by every tenant that speaks through one [`super::Http`].

use std::sync::atomic::{AtomicU64, Ordering};

/// Running totals since the process began.
#[derive(Debug, Default)]
pub struct Counters {
    requests: AtomicU64,
    throttled: AtomicU64,
    failed: AtomicU64,
    tokens: AtomicU64,
}

/// The totals at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    /// HTTP requests sent, tokens included; a `$batch` is one.
    pub requests: u64,
    /// Items (of a `$batch`) and single requests answered 429.
    pub throttled: u64,
    /// Requests that got no answer at all: timeout, connection, a body without end.
    pub failed: u64,
    /// Requests to the token endpoint.
    pub tokens: u64,
}

impl Counters {
    /// The totals now.
    pub fn counts(&self) -> Counts {
        Counts {
            requests: self.requests.load(Ordering::Relaxed),
            throttled: self.throttled.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            tokens: self.tokens.load(Ordering::Relaxed),
        }
    }

    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn throttled(&self, items: u32) {
        self.throttled.fetch_add(items.into(), Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn token(&self) {
        self.tokens.fetch_add(1, Ordering::Relaxed);
    }
}
