//! What is done about an error: not a column of the table, but what the core decides about such a failure. Written down for
//! readers in `docs/reference/microsoft-errors.md`.

use super::effect::{Verdict, verdict};
use super::errors::{Row, TABLE};
use super::failure::{Failure, Kind};
use super::token_errors::{Follows, TOKEN_TABLE};
use crate::closure::decision::Decision;
use crate::closure::intent::Refusal;
use crate::closure::observation::{Question, Why};
use crate::closure::steps::{facts, refused};
use crate::closure::terms::Cloud;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

/// What is done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It passes: asked again by itself, in this cycle or the next.
    Retry,
    /// Asked again once the pause that Microsoft names is over.
    Wait,
    /// What a request was about is done: there is no such object.
    Gone,
    /// A person does it, or changes what stands in the way; the remedy is told.
    HandOff,
    /// Nothing goes on before a person has given a right or a credential.
    Blocked,
    /// The request itself is wrong for this service: a person does what it was for, and a report is welcome.
    Bug,
}

impl Reaction {
    /// The word in the documentation.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Wait => "wait",
            Self::Gone => "gone",
            Self::HandOff => "hand-off",
            Self::Blocked => "blocked",
            Self::Bug => "bug",
        }
    }

    /// What a decision of the core comes to for those who wait for it.
    pub fn of(decision: &Decision) -> Self {
        match decision {
            Decision::HandOff(_) => Self::HandOff,
            Decision::Blocked(list) if list.iter().all(|one| one.reason == "NotSupported") => {
                Self::Bug
            }
            Decision::Blocked(_) => Self::Blocked,
            Decision::Read(_)
            | Decision::MakePlan { .. }
            | Decision::MakeSupplement
            | Decision::WriteInventory
            | Decision::Planned
            | Decision::AwaitApproval { .. }
            | Decision::Act(_)
            | Decision::Wait(_)
            | Decision::Suspended
            | Decision::Closed => Self::Retry,
        }
    }

    /// What is done where a reading is answered so, and the reason or key that is told.
    pub fn to_reading(failure: &Failure) -> (Self, String) {
        let decided = facts::unreadable(Question::Organization, failure.why());
        let told = told(&decided);
        match failure.kind {
            Kind::Absent => (Self::Gone, format!("nothing there, or {told}")),
            Kind::Throttled => (Self::Wait, told),
            _ => (Self::of(&decided), told),
        }
    }

    /// What is done where the deletion of a user is answered so, and what is told.
    pub fn to_deletion(failure: &Failure) -> (Self, String) {
        match verdict(Err(failure), "DELETE") {
            Verdict::Accepted => (Self::Gone, "looked whether it is so".to_owned()),
            Verdict::Throttled => (Self::Wait, "sent again".to_owned()),
            Verdict::Unanswered => (Self::Retry, "looked at again".to_owned()),
            Verdict::Refused => {
                let refusal = Refusal {
                    code: failure.code.clone(),
                    status: failure.status,
                    objects: Vec::new(),
                };
                let decided = refused::decision(Cloud::Global, &[(&refusal, String::new())]);
                (Self::of(&decided), told(&decided))
            }
        }
    }

    /// What is done where a change of the tenant or of an account is answered so: a person makes it where Microsoft refuses.
    pub fn to_change(failure: &Failure) -> Self {
        match verdict(Err(failure), "PATCH") {
            Verdict::Accepted => Self::Gone,
            Verdict::Throttled => Self::Wait,
            Verdict::Unanswered => Self::Retry,
            Verdict::Refused => Self::HandOff,
        }
    }
}

/// The reason of a condition, or the key of a hand-off.
fn told(decision: &Decision) -> String {
    let word = match decision {
        Decision::Blocked(list) => list.first().map(|obstacle| obstacle.reason),
        Decision::HandOff(list) => list.first().map(|one| one.key),
        Decision::Wait(waiting) => Some(waiting.reason),
        _ => None,
    };
    format!("`{}`", word.unwrap_or_default())
}

/// The failure that a line of the table is about, with one of its codes.
fn example(row: &Row) -> Failure {
    let status = row.status.first().map_or(0, |range| *range.start());
    let code = row.codes.first().or_else(|| row.usual.first());
    Failure::of(row.kind, status, code.copied().unwrap_or("Other"))
}

/// The tables for readers, as Markdown.
pub fn document() -> String {
    let mut text = String::from(
        "# Errors of Microsoft and what follows\n\n\
         Microsoft's code decides, never its message; of several codes in one error the innermost one that is named here. The \
         first line that fits counts. No word of a reply's body but the code is kept. Written by the code, from what it decides \
         about each; `make crds` writes it anew.\n\n\
         - **retry**: asked again by itself, in this cycle or the next. **wait**: likewise, after the pause that Microsoft names. One of more than a \
         minute is told with its date (`Throttled`), and is kept in full: of more than a day, a day.\n\
         - **gone**: there is no such object; what became of it is read all the same.\n\
         - **hand-off**: a person does it or changes what stands in the way; the operator asks again from time to time, and goes \
         on by itself. **blocked**: a person gives a right or a credential.\n\
         - **bug**: the request does not fit this service; a person does what it was for, and a report is welcome.\n\n\
         Beside each stands the reason of the condition, or the key of the hand-off, that tells it. What is refused is told with \
         its code.\n\n\
         One call is different: where Azure answers the deletion of an External ID or B2C directory with 409 and a code of its \
         own, something is left in the directory. That is told with its code (`DirectoryRefused`), and tried again from time to time.\n\n\
         | Status | Codes | When | A reading | The deletion of a user | A change | Source |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in TABLE {
        let range = |range: &RangeInclusive<u16>| match (range.start(), range.end()) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        };
        let status: Vec<String> = row.status.iter().map(range).collect();
        let named = row.codes.iter().chain(row.usual);
        let mut codes: Vec<String> = named.map(|code| format!("`{code}`")).collect();
        if row.codes.is_empty() {
            codes.push("any".to_owned());
        }
        let failure = example(row);
        let (reading, by_reading) = Reaction::to_reading(&failure);
        let (deletion, change) = if row.kind == Kind::Malformed {
            // A bare success is enough of an answer for a change.
            ("done".to_owned(), "done")
        } else {
            let (reaction, by) = Reaction::to_deletion(&failure);
            (
                format!("{}: {by}", reaction.word()),
                Reaction::to_change(&failure).word(),
            )
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {}: {by_reading} | {deletion} | {change} | {} |",
            status.join(", "),
            codes.join(", "),
            row.when,
            reading.word(),
            row.source,
        );
    }
    text.push_str(&sign_in());
    text
}

/// The table of the sign-in service.
fn sign_in() -> String {
    let mut text = String::from(
        "\n## The sign-in service\n\n\
         Without a token nothing is sent, so these are told by the next reading. From entra/identity-platform/reference-error-codes.\n\n\
         | Codes | When | Reaction | What is told |\n| --- | --- | --- | --- |\n",
    );
    for row in TOKEN_TABLE {
        let codes: Vec<String> = row.codes.iter().map(|n| format!("`AADSTS{n}`")).collect();
        let decided = facts::unreadable(Question::Organization, why(row.follows));
        let words = match &decided {
            Decision::Blocked(list) => list
                .first()
                .map(|one| format!("{}. {}", one.message, one.remedy)),
            Decision::HandOff(list) => list.first().map(|one| one.what.clone()),
            Decision::Wait(waiting) => Some(waiting.message.clone()),
            _ => None,
        };
        let _ = writeln!(
            text,
            "| {} | {} | {}: {} | {} |",
            codes.join(", "),
            row.when,
            Reaction::of(&decided).word(),
            told(&decided),
            words.unwrap_or_default(),
        );
    }
    text
}

/// As the client tells it of a reading.
fn why(follows: Follows) -> Why {
    match follows {
        Follows::TenantGone => {
            Why::CredentialRefused(crate::closure::observation::Refused::TenantUnknown)
        }
        Follows::Passes => Why::Unavailable,
        Follows::PolicyAsks => Why::PolicyAsks,
        Follows::Rejected => Why::Unsupported,
        Follows::Refused(refused) => Why::CredentialRefused(refused),
    }
}
