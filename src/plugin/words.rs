//! Words for what a status holds.

use crate::api::TenantClosure;
use crate::closure::decision::Dates;
use crate::closure::report::Phase;
use crate::closure::step::Step;
use crate::plugin::Ended;
use jiff::{SignedDuration, Timestamp};

/// The phase as the status words it; before the first status it is `Pending`.
pub(crate) const fn phase(phase: Option<Phase>) -> &'static str {
    match phase {
        None => "Pending",
        Some(Phase::Planning) => "Planning",
        Some(Phase::Planned) => "Planned",
        Some(Phase::AwaitingApproval) => "AwaitingApproval",
        Some(Phase::Running) => "Running",
        Some(Phase::Waiting) => "Waiting",
        Some(Phase::AwaitingHandOff) => "AwaitingHandOff",
        Some(Phase::Suspended) => "Suspended",
        Some(Phase::Stalled) => "Stalled",
        Some(Phase::Closed) => "Closed",
    }
}

/// What a step is called in front of people.
pub(crate) const fn step(step: Step) -> &'static str {
    match step {
        Step::Preconditions => "Preconditions",
        Step::Users => "Users",
        Step::CancelSubscriptions => "Cancel subscriptions",
        Step::DeleteSubscriptions => "Delete subscriptions",
        Step::DisableMfa => "Disable MFA",
        Step::DeleteDirectory => "Delete directory",
    }
}

/// What a phase means for the exit code.
pub(crate) fn ended(closure: &TenantClosure) -> Ended {
    match closure.status.as_ref().and_then(|s| s.phase) {
        Some(Phase::Stalled) => Ended::Stalled,
        Some(Phase::AwaitingApproval) => Ended::AwaitingApproval,
        _ => Ended::Done,
    }
}

/// Whether nothing more will happen by itself.
pub(crate) fn over(closure: &TenantClosure) -> bool {
    let phase = closure.status.as_ref().and_then(|s| s.phase);
    matches!(phase, Some(Phase::Closed | Phase::Planned)) && current(closure)
}

/// Whether the status speaks of the spec as it is.
pub(crate) fn current(closure: &TenantClosure) -> bool {
    closure
        .status
        .as_ref()
        .is_some_and(|s| s.observed_generation >= closure.metadata.generation)
}

/// The reason of the condition Ready, or a dash.
pub(crate) fn reason(closure: &TenantClosure) -> &str {
    let ready = closure.status.as_ref().and_then(|s| s.condition("Ready"));
    ready.map_or("-", |c| c.reason.as_str())
}

/// A duration in its two largest units.
pub(crate) fn span(duration: SignedDuration) -> String {
    let s = duration.as_secs().max(0);
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m{}s", s / 60, s % 60),
        3600..86_400 => format!("{}h{}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d{}h", s / 86_400, s % 86_400 / 3600),
    }
}

/// A moment, to the minute.
pub(crate) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}

/// From when on something is possible, or until when it is waited for; empty where Microsoft tells no date.
pub(crate) fn dates(dates: &Dates) -> String {
    let told = [
        ("not before", dates.possible_from),
        ("offered at the latest", dates.possible_by),
        ("by itself", dates.ends_at),
    ];
    let told = told
        .into_iter()
        .filter_map(|(word, at)| at.map(|at| format!("{word} {}", minute(at))));
    told.collect::<Vec<_>>().join(", ")
}

/// A count with its thousands set apart.
pub(crate) fn count(n: u32) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Text broken into lines of about 72 characters; a word is never broken.
pub(crate) fn wrap(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let full = lines
            .last()
            .is_some_and(|l| !l.is_empty() && l.chars().count() + 1 + word.chars().count() > 72);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
