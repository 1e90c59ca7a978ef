//! A closure's course as plain lines: one for each change, for pipes and logs.

use crate::api::TenantClosure;
use crate::plugin::look::{Look, Mark};
use crate::plugin::words;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Remembers what was told, so that nothing is told twice.
#[derive(Debug, Default)]
pub struct Lines {
    last: String,
    told: BTreeSet<String>,
}

impl Lines {
    /// The lines for what has changed since the last call; none where nothing has.
    pub fn next(&mut self, closure: &TenantClosure, now: Timestamp, look: Look) -> Vec<String> {
        let mut lines = Vec::new();
        let Some(status) = &closure.status else {
            let waiting = "waiting for the operator's first look".to_owned();
            if self.last != waiting {
                lines.push(format!("{} Pending: {waiting}", clock(now)));
                self.last = waiting;
            }
            return lines;
        };
        let state = format!(
            "{:<16} {:<24} {:<18} {}",
            words::phase(status.phase),
            status.step.as_deref().unwrap_or("-"),
            status.progress.as_deref().unwrap_or("-"),
            words::reason(closure),
        );
        if state != self.last {
            lines.push(format!("{} {state}", clock(now)));
            self.last = state;
        }
        let mut open = BTreeSet::new();
        for hand_off in &status.hand_offs {
            let text = format!(
                "{} {}: {} ({})",
                look.sign(Mark::Person),
                hand_off.key,
                hand_off.what,
                hand_off.link
            );
            open.insert(text);
        }
        for blocker in &status.blockers {
            let text = format!(
                "{} {} {}: {} {}",
                look.sign(Mark::Blocked),
                blocker.check,
                blocker.state,
                blocker.remedy,
                blocker.link
            );
            open.insert(text.trim_end().to_owned());
        }
        for text in &open {
            if !self.told.contains(text) {
                lines.push(format!("{}   {text}", clock(now)));
            }
        }
        self.told = open;
        lines
    }
}

fn clock(now: Timestamp) -> impl std::fmt::Display {
    now.strftime("%H:%M:%S")
}
