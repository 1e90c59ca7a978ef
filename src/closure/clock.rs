//! Two clocks: the API server's, by which records are dated and approvals end, and the operator's own.

use crate::closure::observation::Obstacle;
use jiff::{SignedDuration, Timestamp};

/// So far apart two clocks may be: a record in doubt is settled by the time at which its effect must be over. Within that, what
/// ends (an approval) ends by the later of both, and what begins (after the grace period, or the date in `spec.notBefore`) begins
/// by the earlier.
pub const APART: SignedDuration = SignedDuration::from_secs(30);

/// Two clocks that are further apart than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    /// What the API server said.
    pub there: Timestamp,
    /// What the operator's own clock said.
    pub here: Timestamp,
}

/// By how much the clock there is behind at least: it tells whole seconds.
pub fn behind(sent: Timestamp, there: Timestamp) -> SignedDuration {
    sent.duration_since(there) - SignedDuration::from_secs(1)
}

/// Whether they are. The API server said `there`, in whole seconds, at some moment between the request and its answer: only
/// what cannot be explained by the time that these took is a skew.
pub fn skew(sent: Timestamp, there: Timestamp, received: Timestamp) -> Option<Skew> {
    let behind = behind(sent, there) > APART;
    let ahead = there.duration_since(received) > APART;
    match (behind, ahead) {
        (true, _) => Some(Skew { there, here: sent }),
        (_, true) => Some(Skew {
            there,
            here: received,
        }),
        (false, false) => None,
    }
}

/// What it leads to.
pub fn obstacle(skew: Skew) -> Obstacle {
    let Skew { there, here } = skew;
    let [here, there] = [here, there].map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let message = format!(
        "The operator's clock and the API server's are more than {} seconds apart: {here} here, {there} there",
        APART.as_secs()
    );
    let remedy = "Set the clocks of the operator's node and of the control plane by the same source (NTP); the closure goes on by itself";
    Obstacle::new("ClockSkew", message, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_way_there_and_back_cannot_explain_is_a_skew() {
        let at = |second: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second);
        for (sent, there, received, apart) in [
            (1_000, 1_000, 1_000, false),
            (1_000, 969, 1_000, false),
            (1_000, 968, 1_000, true),
            (1_000, 1_030, 1_000, false),
            (1_000, 1_031, 1_000, true),
            // The process stood still for an hour between the two.
            (1_000, 1_000, 4_600, false),
            (1_000, 4_600, 4_600, false),
        ] {
            let found = skew(at(sent), at(there), at(received));
            assert_eq!(found.is_some(), apart, "{sent} {there} {received}");
        }
    }

    #[test]
    fn both_times_are_told() {
        let at = |second: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second);
        let told = obstacle(Skew {
            there: at(60),
            here: at(0),
        });
        let says = "1970-01-01T00:00:00Z here, 1970-01-01T00:01:00Z there";
        assert!(told.message.contains(says), "{}", told.message);
    }
}
