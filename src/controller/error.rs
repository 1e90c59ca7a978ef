//! Errors of a cycle. What Microsoft says is never one: that is an observation or an outcome.

use std::time::Duration;

/// What can go wrong between us and the API server.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The API server refused or did not answer.
    #[error("talk to the API server: {0}")]
    Api(#[from] kube::Error),
    /// The API server did not answer in time.
    #[error("talk to the API server: no answer in time")]
    Timeout,
    /// A stored object does not have the shape it was written with.
    #[error("read a stored object: {0}")]
    Malformed(String),
    /// The journal has a hole, or its head is behind what was promised.
    #[error("the journal was rolled back: {0}")]
    HistoryRollback(String),
    /// Somebody else wrote the record or the status first.
    #[error("another writer was first")]
    LostRace,
}

impl ReconcileError {
    /// A word for metrics and logs; the set is closed.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Api(_) => "api",
            Self::Timeout => "timeout",
            Self::Malformed(_) => "malformed",
            Self::HistoryRollback(_) => "history_rollback",
            Self::LostRace => "lost_race",
        }
    }

    /// How long until the next try.
    pub const fn retry_in(&self) -> Duration {
        match self {
            Self::LostRace => Duration::from_millis(200),
            Self::Api(_) | Self::Timeout => Duration::from_secs(2),
            Self::Malformed(_) | Self::HistoryRollback(_) => Duration::from_secs(60),
        }
    }
}

/// Ends a call that takes longer than ten seconds.
///
/// # Errors
/// [`ReconcileError::Timeout`], or the call's own error.
pub async fn bounded<T>(
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, ReconcileError> {
    match tokio::time::timeout(Duration::from_secs(10), call).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(ReconcileError::Timeout),
    }
}
