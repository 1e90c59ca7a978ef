//! Times: when the API server created a record is in its metadata, under no hash; when it was settled is. Each holds the other.

use crate::api::record::Settled;
use crate::closure::clock::APART;
use crate::evidence::entry::Entry;
use crate::evidence::fault::Fault;
use jiff::{SignedDuration, Timestamp};

/// So far the API server's clock and the operator's can be apart without its being noticed: what is allowed, what a request of
/// ten seconds hides, and the part of a second that the API server leaves out.
const TOGETHER: SignedDuration = SignedDuration::from_secs(APART.as_secs() + 11);

/// Looks at each record of the chain: created after the one before was settled, and before it was settled itself.
pub(super) fn possible(chain: &[&Entry], faults: &mut Vec<Fault>) {
    let mut before: Option<&Entry> = None;
    for entry in chain {
        let follows = before.filter(|one| entry.follows(one));
        let earliest = follows.and_then(|one| one.outcome.as_ref());
        let latest = entry.outcome.as_ref();
        let what = why_not(
            entry.created,
            earliest.map(|one| one.at),
            latest.map(|one| one.at),
        );
        faults.extend(what.map(|what| Fault::OtherTime {
            name: entry.name.clone(),
            what,
        }));
        before = Some(entry);
    }
}

/// A part of a plan is there before the record that seals it is settled; so says what is wrong.
pub(super) fn before(created: Option<Timestamp>, sealed: Option<&Settled>) -> Option<String> {
    why_not(created, None, sealed.map(|one| one.at))
}

fn why_not(
    created: Option<Timestamp>,
    earliest: Option<Timestamp>,
    latest: Option<Timestamp>,
) -> Option<String> {
    let Some(created) = created else {
        return Some("does not say when it was created".to_owned());
    };
    let late = latest.filter(|at| created.duration_since(*at) > TOGETHER);
    if let Some(at) = late {
        return Some(format!("was created {created}, after its outcome of {at}"));
    }
    let early = earliest.filter(|at| at.duration_since(created) > TOGETHER);
    early.map(|at| {
        format!("was created {created}, before the outcome of {at} of the record before it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_created_between_two_outcomes() {
        let at = |second: i64| Some(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second));
        for (created, earliest, latest, fits) in [
            (at(100), at(90), at(110), true),
            (at(100), None, None, true),
            (at(100), at(141), None, true),
            (at(100), at(142), None, false),
            (at(100), None, at(59), true),
            (at(100), None, at(58), false),
            (None, None, None, false),
        ] {
            let told = why_not(created, earliest, latest);
            assert_eq!(told.is_none(), fits, "{created:?} {earliest:?} {latest:?}");
        }
    }
}
