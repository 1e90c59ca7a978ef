//! How the users of a run went, against what the published quota allows: what `/_sim/stats` tells and the last line says.

use std::fmt;

use serde_json::{Value, json};

use super::clock::precise;

/// The figures of user deletions. A `$batch` is one request; its items are counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Tenants in which an application deleted users.
    pub tenants: usize,
    /// Users whom applications deleted.
    pub deleted: u64,
    /// Who is still to be deleted: everyone but the retained and the spare administrator.
    pub left: u64,
    /// Milliseconds since 1970 of the first deletion and the last.
    pub(crate) moments: Option<(i64, i64)>,
    /// Seconds that so many deletions take at least in one tenant; the largest, of several.
    pub bound: f64,
    /// Requests that were served from the first deletion to the last.
    pub requests_meanwhile: u64,
    /// Requests in all.
    pub requests: u64,
    /// Items of batches in all.
    pub items: u64,
    /// Requests that were answered 429.
    pub throttled_requests: u64,
    /// Items that were answered 429.
    pub throttled_items: u64,
}

impl Figures {
    /// Seconds from the first deletion to the last.
    pub fn seconds(&self) -> f64 {
        self.moments
            .map_or(0.0, |(first, last)| (last - first) as f64 / 1000.0)
    }

    /// The time that the deletions took, as a ratio of the bound; `None`: they fit into what may be written at once.
    pub fn ratio(&self) -> Option<f64> {
        (self.bound > 0.0).then(|| self.seconds() / self.bound)
    }

    /// Requests per user from the first deletion to the last; `None`: nobody was deleted.
    pub fn requests_per_user(&self) -> Option<f64> {
        (self.deleted > 0).then(|| self.requests_meanwhile as f64 / self.deleted as f64)
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "requests": self.requests,
            "items": self.items,
            "throttledItems": self.throttled_items,
            "throttledRequests": self.throttled_requests,
            "throttledItemsPercent": percent(self.throttled_items, self.items),
            "throttledRequestsPercent": percent(self.throttled_requests, self.requests),
            "userDeletes": self.deleted,
            "usersToDelete": self.left,
            "firstUserDelete": self.moments.map(|(first, _)| precise(first)),
            "lastUserDelete": self.moments.map(|(_, last)| precise(last)),
            "deleteSeconds": self.seconds(),
            "boundSeconds": self.bound,
            "ratio": self.ratio(),
            "requestsPerUser": self.requests_per_user(),
            "requestsPerUserInAll": (self.deleted > 0).then(|| self.requests as f64 / self.deleted as f64),
        })
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.deleted == 0 {
            write!(out, "No application deleted a user")?;
        } else {
            let (deleted, left) = (self.deleted, self.left);
            write!(out, "{deleted} users deleted, {left} left to delete, ")?;
            write!(out, "in {:.1} s", self.seconds())?;
            match (self.tenants, self.ratio()) {
                (1, Some(ratio)) => write!(
                    out,
                    ", {ratio:.3} of the {:.1} s that the quota takes at least",
                    self.bound
                )?,
                (1, None) => write!(out, ", all within what the quota allows at once")?,
                (tenants, _) => write!(out, " over {tenants} tenants")?,
            }
        }
        write!(
            out,
            "; 429s: {:.2} % of {} items, {:.2} % of {} requests",
            percent(self.throttled_items, self.items),
            self.items,
            percent(self.throttled_requests, self.requests),
            self.requests
        )?;
        match self.requests_per_user() {
            Some(each) => write!(out, "; {each:.3} requests per user meanwhile."),
            None => write!(out, "."),
        }
    }
}

/// So many of all, in percent; of none, 0.
fn percent(some: u64, all: u64) -> f64 {
    if all == 0 {
        0.0
    } else {
        some as f64 * 100.0 / all as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_tells_the_ratio_and_the_share_of_refusals() {
        let figures = Figures {
            tenants: 1,
            deleted: 10_000,
            left: 2,
            moments: Some((1_000, 360_800)),
            bound: 350.0,
            requests_meanwhile: 510,
            requests: 640,
            items: 10_100,
            throttled_requests: 16,
            throttled_items: 101,
        };
        let told = "10000 users deleted, 2 left to delete, in 359.8 s, 1.028 of the 350.0 s that the quota takes at \
                    least; 429s: 1.00 % of 10100 items, 2.50 % of 640 requests; 0.051 requests per user meanwhile.";
        assert_eq!(figures.to_string(), told);
        let json = figures.json();
        assert_eq!(json["throttledItemsPercent"], 1.0);
        assert_eq!(json["deleteSeconds"], 359.8);
        let few = Figures {
            bound: 0.0,
            ..figures
        };
        let told = few.to_string();
        assert!(
            told.contains("within what the quota allows at once"),
            "{told}"
        );
        assert_eq!(few.json()["ratio"], Value::Null);
    }

    #[test]
    fn nothing_asked_is_no_share_of_anything() {
        let told = "No application deleted a user; 429s: 0.00 % of 0 items, 0.00 % of 0 requests.";
        assert_eq!(Figures::default().to_string(), told);
    }
}
