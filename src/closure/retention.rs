//! Retention: until when the names in an inventory are kept. What its first line promises holds in every cluster that finds it:
//! the one that wrote it may be gone.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A closure that wrote nothing for so long, counted from when it could have ended at the earliest, is taken for given up. The
/// terms that subscriptions are waited for are in that date; what is left to persons takes them less than a year.
pub const GIVEN_UP: SignedDuration = SignedDuration::from_hours(365 * 24);

/// What the first line of an inventory says of its retention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Days after the end of the closure, as the operator was configured when it was written; absent: nothing was said.
    #[serde(
        rename = "retentionDays",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub days: Option<u32>,
    /// The closure could not end before, as it was estimated then.
    #[serde(
        rename = "endsNotBefore",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub ends_not_before: Option<Timestamp>,
}

/// What is known of the end of a closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It ended then: closed, or its last record if it was deleted.
    At(Timestamp),
    /// Nobody says that it has ended; it was last active then.
    Open(Timestamp),
}

/// An inventory, and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lying {
    /// Days of the retention, as this operator is configured.
    pub days: u32,
    /// What its first line says.
    pub promised: Retention,
    /// The end of its closure.
    pub end: End,
    /// This cluster has, or had, the closure.
    pub known: bool,
}

impl Lying {
    /// Days that it is kept after the end: the longer of what is configured and what was promised. `None`: that is nobody's
    /// business here, as the closure is another cluster's and the first line promises nothing.
    pub fn days(&self) -> Option<u32> {
        match self.promised.days {
            Some(promised) => Some(self.days.max(promised)),
            None => self.known.then_some(self.days),
        }
    }

    /// From when on it may be removed; `None`: never.
    pub fn until(&self) -> Option<Timestamp> {
        let days = SignedDuration::from_hours(24 * i64::from(self.days()?));
        let over = match self.end {
            End::At(at) => at,
            End::Open(active) => {
                let since = self
                    .promised
                    .ends_not_before
                    .map_or(active, |at| at.max(active));
                since.checked_add(GIVEN_UP).ok()?
            }
        };
        over.checked_add(days).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * n)
    }

    fn until(days: u32, promised: Option<u32>, end: End, known: bool) -> Option<Timestamp> {
        let promised = Retention {
            days: promised,
            ends_not_before: Some(day(50)),
        };
        let lying = Lying {
            days,
            promised,
            end,
            known,
        };
        lying.until()
    }

    #[test]
    fn it_is_never_removed_before_the_first_line_says() {
        let end = End::At(day(100));
        for known in [true, false] {
            assert_eq!(until(0, Some(90), end, known), Some(day(190)));
            assert_eq!(until(120, Some(90), end, known), Some(day(220)));
            assert_eq!(until(0, Some(0), end, known), Some(day(100)));
        }
        assert_eq!(until(7, None, end, true), Some(day(107)));
        assert_eq!(until(7, None, end, false), None, "another cluster's");
        assert_eq!(until(u32::MAX, None, end, true), None, "never");
    }

    #[test]
    fn a_closure_that_neither_ends_nor_is_deleted_is_given_up_after_a_year() {
        for known in [true, false] {
            // From the later of its last record and the day on which it could have ended.
            let promised = until(0, Some(10), End::Open(day(20)), known);
            assert_eq!(promised, Some(day(50 + 365 + 10)));
            let promised = until(0, Some(10), End::Open(day(70)), known);
            assert_eq!(promised, Some(day(70 + 365 + 10)));
        }
        assert_eq!(until(3, None, End::Open(day(70)), true), Some(day(438)));
        assert_eq!(until(3, None, End::Open(day(70)), false), None);
    }

    #[test]
    fn the_first_line_is_read_as_it_was_written() {
        let retention = Retention {
            days: Some(90),
            ends_not_before: Some(day(2)),
        };
        let text = serde_json::to_string(&retention).unwrap_or_default();
        assert_eq!(
            text,
            r#"{"retentionDays":90,"endsNotBefore":"1970-01-03T00:00:00Z"}"#
        );
        assert_eq!(serde_json::from_str(&text).ok(), Some(retention));
        let older = serde_json::from_str(r#"{"kind":"Inventory","version":1}"#).ok();
        assert_eq!(older, Some(Retention::default()));
    }
}
