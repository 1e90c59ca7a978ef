//! Waits until a condition of a closure has a reason.

use crate::case::{Case, NAME};
use std::time::{Duration, Instant};

/// For how long a reason may take to come about.
const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until this condition has this reason and says this; its message.
pub(crate) async fn until_told(case: &Case, condition: &str, reason: &str, says: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = case.closures().get(NAME).await.unwrap().status;
        let conditions = status.unwrap_or_default().conditions;
        let found = conditions.into_iter().find(|c| c.type_ == condition);
        match found {
            Some(one) if one.reason == reason && one.message.contains(says) => return one.message,
            other => assert!(
                Instant::now() < deadline,
                "not {reason} ({says}) but {other:?}"
            ),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
