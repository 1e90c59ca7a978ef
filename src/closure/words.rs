//! Words: small makers of values that are told, so that the steps read like sentences.

use crate::closure::decision::{
    Assessment, Blocker, CheckStanding, Decision, HandOff, Standing, Waiting,
};
use crate::closure::intent::{Action, Intent};
use crate::closure::observation::Obstacle;
use crate::closure::residue::Residue;
use crate::closure::step::Step;
use std::collections::BTreeMap;
use std::time::Duration;

impl Standing {
    /// True, with its reason.
    pub fn yes(reason: &'static str, message: impl Into<String>) -> Self {
        Self::of(Some(true), reason, message)
    }

    /// False, with its reason.
    pub fn no(reason: &'static str, message: impl Into<String>) -> Self {
        Self::of(Some(false), reason, message)
    }

    /// Unknown, with its reason.
    pub fn unknown(reason: &'static str, message: impl Into<String>) -> Self {
        Self::of(None, reason, message)
    }

    fn of(status: Option<bool>, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            reason,
            message: message.into(),
        }
    }
}

impl Obstacle {
    /// What is the matter, and what to do about it.
    pub fn new(
        reason: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            reason,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// Blocked by this alone.
    #[must_use]
    pub fn blocks(self) -> Decision {
        Decision::Blocked(vec![self])
    }
}

impl Waiting {
    /// A wait without a date, looked at again after the configured longest time.
    pub fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            until: None,
            look_again: None,
        }
    }

    /// Looks again sooner.
    #[must_use]
    pub fn again_in(mut self, rest: Duration) -> Self {
        self.look_again = Some(rest);
        self
    }

    /// Expected to end then.
    #[must_use]
    pub fn until(mut self, date: Option<jiff::Timestamp>) -> Self {
        self.until = date;
        self
    }
}

impl From<Waiting> for Decision {
    fn from(waiting: Waiting) -> Self {
        Self::Wait(waiting)
    }
}

impl Intent {
    /// An effect on exactly these objects.
    pub const fn on(
        step: Step,
        action: Action,
        objects: Vec<crate::closure::id::ObjectId>,
    ) -> Self {
        Self {
            step,
            action,
            objects,
            supplement: None,
            resource: None,
            domain: None,
            residue: Vec::new(),
        }
    }

    /// An effect on exactly this domain.
    pub fn on_domain(step: Step, action: Action, name: &str) -> Self {
        Self {
            domain: Some(name.to_owned()),
            ..Self::on(
                step,
                action,
                vec![crate::closure::id::ObjectId::of_domain(name)],
            )
        }
    }

    /// With what stays behind.
    #[must_use]
    pub fn leaving(mut self, residue: Vec<Residue>) -> Self {
        self.residue = residue;
        self
    }

    /// Through this ARM id.
    #[must_use]
    pub fn through(mut self, resource: Option<String>) -> Self {
        self.resource = resource;
        self
    }
}

impl Assessment {
    /// Not done: this is next.
    pub fn now_do(decision: impl Into<Decision>) -> Self {
        Self {
            next: Some(decision.into()),
            ..Self::done()
        }
    }

    /// Done.
    pub const fn done() -> Self {
        Self {
            next: None,
            standings: BTreeMap::new(),
            progress: (0, 0),
            blockers: Vec::new(),
            checks: Vec::new(),
            ticket: None,
        }
    }

    /// With a condition.
    #[must_use]
    pub fn standing(mut self, condition: &'static str, standing: Standing) -> Self {
        self.standings.insert(condition, standing);
        self
    }

    /// With this much done of so many.
    #[must_use]
    pub const fn progress(mut self, done: u32, all: u32) -> Self {
        self.progress = (done, all);
        self
    }

    /// With these blockers.
    #[must_use]
    pub fn blocked_by(mut self, blockers: Vec<Blocker>) -> Self {
        self.blockers = blockers;
        self
    }

    /// With the text for Microsoft's support.
    #[must_use]
    pub fn with_ticket(mut self, ticket: Option<String>) -> Self {
        self.ticket = ticket;
        self
    }

    /// With every delete-tenant check.
    #[must_use]
    pub fn with_checks(mut self, checks: Vec<CheckStanding>) -> Self {
        self.checks = checks;
        self
    }
}

impl From<Vec<HandOff>> for Decision {
    fn from(hand_offs: Vec<HandOff>) -> Self {
        Self::HandOff(hand_offs)
    }
}

/// `1,234`.
pub fn thousands(number: impl Into<u64>) -> String {
    let number: u64 = number.into();
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `512 bytes`, `1.2 TiB`: in the largest binary unit of which there is one, rounded down to a tenth.
pub fn bytes_in_words(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut told = format!("{bytes} bytes");
    let mut size: u64 = 1;
    for unit in units {
        size = size.saturating_mul(1024);
        if bytes < size {
            break;
        }
        let tenth = u128::from(bytes % size) * 10 / u128::from(size);
        told = format!("{}.{tenth} {unit}", bytes / size);
    }
    told
}

/// `1 user`, `2 users`.
pub fn count(number: u32, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{} {one}s", thousands(number))
    }
}

/// A length as the number type of reports.
pub fn len<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

/// At most so many characters: stored objects have bounds.
pub fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_largest_unit() {
        for (bytes, told) in [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_024, "1.0 KiB"),
            (1_535, "1.4 KiB"),
            (1_048_575, "1023.9 KiB"),
            (5_159_432_679_270, "4.6 TiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(bytes_in_words(bytes), told);
        }
    }
}
