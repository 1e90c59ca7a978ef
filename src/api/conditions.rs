//! Conditions: a report's standings merged into what is stored, keeping transition times.

use crate::closure::decision::Standing;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// The longest message that a condition holds, in characters.
const LONGEST: usize = 1024;

/// Merges: a transition time changes only with the status.
pub fn merge(
    old: &[Condition],
    standings: &[(&'static str, Standing)],
    generation: i64,
    now: Timestamp,
) -> Vec<Condition> {
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    standings
        .iter()
        .map(|(name, standing)| {
            let status = match standing.status {
                Some(true) => "True",
                Some(false) => "False",
                None => "Unknown",
            };
            let since = old
                .iter()
                .find(|c| c.type_ == *name && c.status == status)
                .map_or_else(|| Time(now), |c| c.last_transition_time.clone());
            Condition {
                type_: (*name).to_owned(),
                status: status.to_owned(),
                reason: standing.reason.to_owned(),
                message: standing.message.chars().take(LONGEST).collect(),
                last_transition_time: since,
                observed_generation: Some(generation),
            }
        })
        .collect()
}
