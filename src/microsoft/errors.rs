//! Every error that Microsoft documents or is known to answer, and what follows from it: one table. The client sorts what
//! it is answered by it, and `docs/reference/microsoft-errors.md` is written from it.

use super::effect::{Verdict, verdict};
use super::failure::{Failure, Kind};
use crate::closure::decision::Decision;
use crate::closure::observation::Question;
use crate::closure::steps::facts;
use reqwest::Method;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

/// Microsoft's word for a token that lacks what a policy asks for; also ours where only a `WWW-Authenticate` says so.
pub(super) const CLAIMS: &str = "insufficient_claims";

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
    /// The request itself is wrong for this service: not repeated, and a report is welcome.
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
}

/// One line of the table.
#[derive(Debug)]
pub struct Row {
    /// HTTP statuses.
    pub status: &'static [RangeInclusive<u16>],
    /// Microsoft's codes; empty: whatever the code is, if no line before names it.
    pub codes: &'static [&'static str],
    /// Codes that are usual here, but do not decide.
    pub usual: &'static [&'static str],
    /// When it is answered.
    pub when: &'static str,
    /// How the client sorts it.
    pub kind: Kind,
    /// What is done about it.
    pub reaction: Reaction,
    /// A page of learn.microsoft.com, or what else it is known from.
    pub source: &'static str,
}

const ERRORS: &str = "graph/errors";
const BATCHING: &str = "graph/json-batching";
const THROTTLING: &str = "graph/throttling";
const ARM: &str = "azure/role-based-access-control/troubleshooting";
const KNOWN: &str = "public code of Microsoft's SDKs";

/// The table; the first line that fits counts.
pub static TABLE: &[Row] = &[
    Row {
        status: &[401..=401, 403..=403],
        codes: &[CLAIMS],
        usual: &[],
        when: "a claims challenge: Conditional Access or a protected action asks for a person",
        kind: Kind::Challenged,
        reaction: Reaction::HandOff,
        source: "entra/identity-platform/claims-challenge",
    },
    Row {
        status: &[401..=401],
        codes: &[],
        usual: &["InvalidAuthenticationToken"],
        when: "the token has expired or is not accepted; a fresh one is tried once first",
        kind: Kind::Forbidden,
        reaction: Reaction::Blocked,
        source: "graph/resolve-auth-errors",
    },
    Row {
        status: &[400..=400, 403..=403],
        codes: &["Directory_QuotaExceeded"],
        usual: &[],
        when: "the directory is full; soft-deleted objects count in part",
        kind: Kind::Conflict,
        reaction: Reaction::HandOff,
        source: KNOWN,
    },
    Row {
        status: &[403..=403],
        codes: &["Authorization_RequestDenied", "AuthorizationFailed"],
        usual: &[],
        when: "a permission, directory role or Azure role is missing; a privileged user; a restricted administrative unit",
        kind: Kind::Forbidden,
        reaction: Reaction::Blocked,
        source: ARM,
    },
    Row {
        status: &[403..=403],
        codes: &[],
        usual: &[],
        when: "anything else that is forbidden",
        kind: Kind::Forbidden,
        reaction: Reaction::Blocked,
        source: ERRORS,
    },
    Row {
        status: &[400..=400],
        codes: &["Directory_ExpiredPageToken", "InvalidPageToken"],
        usual: &[],
        when: "a listing took too long: it begins anew",
        kind: Kind::Stale,
        reaction: Reaction::Retry,
        source: KNOWN,
    },
    Row {
        status: &[400..=400, 409..=409],
        codes: &[
            "Request_MultipleObjectsWithSameKeyValue",
            "ObjectConflict",
            "nameAlreadyExists",
        ],
        usual: &[],
        when: "another object holds the same name or address",
        kind: Kind::Conflict,
        reaction: Reaction::HandOff,
        source: KNOWN,
    },
    Row {
        status: &[400..=400],
        codes: &["Request_UnsupportedQuery"],
        usual: &[],
        when: "a query that this cloud or version does not take",
        kind: Kind::Rejected,
        reaction: Reaction::Bug,
        source: "graph/aad-advanced-queries",
    },
    Row {
        status: &[400..=400],
        codes: &["Request_BadRequest"],
        usual: &[],
        when: "the object does not allow it: synchronized from on-premises, in use, just made",
        kind: Kind::Rejected,
        reaction: Reaction::HandOff,
        source: BATCHING,
    },
    Row {
        status: &[404..=404],
        codes: &[],
        usual: &["Request_ResourceNotFound"],
        when: "no such object, or a reader that does not know it yet; without an error in the service's form it is not believed",
        kind: Kind::Absent,
        reaction: Reaction::Gone,
        source: ERRORS,
    },
    Row {
        status: &[405..=405, 501..=501],
        codes: &[],
        usual: &["NotImplemented"],
        when: "a method or property that this cloud or version does not have",
        kind: Kind::Rejected,
        reaction: Reaction::Bug,
        source: ERRORS,
    },
    Row {
        status: &[409..=409],
        codes: &["Directory_ConcurrencyViolation"],
        usual: &[],
        when: "another change to the same object, or to the tenant, is under way",
        kind: Kind::Server,
        reaction: Reaction::Retry,
        source: KNOWN,
    },
    Row {
        status: &[408..=408, 409..=409],
        codes: &[],
        usual: &[],
        when: "a timeout, or a conflict that nothing more is known of",
        kind: Kind::Server,
        reaction: Reaction::Retry,
        source: ERRORS,
    },
    Row {
        status: &[410..=410],
        codes: &["syncStateNotFound", "resyncRequired"],
        usual: &[],
        when: "a delta link has expired: the listing begins anew",
        kind: Kind::Stale,
        reaction: Reaction::Retry,
        source: "graph/delta-query-overview",
    },
    Row {
        status: &[410..=410],
        codes: &[],
        usual: &[],
        when: "the object was there and is not any more",
        kind: Kind::Absent,
        reaction: Reaction::Gone,
        source: ERRORS,
    },
    Row {
        status: &[412..=412],
        codes: &[],
        usual: &[],
        when: "the object changed since it was read: it is read again",
        kind: Kind::Stale,
        reaction: Reaction::Retry,
        source: ERRORS,
    },
    Row {
        status: &[424..=424],
        codes: &[],
        usual: &[],
        when: "an item of a `$batch` whose predecessor failed",
        kind: Kind::Server,
        reaction: Reaction::Retry,
        source: BATCHING,
    },
    Row {
        status: &[429..=429],
        codes: &[],
        usual: &[
            "TooManyRequests",
            "Request_ThrottledTemporarily",
            "Request_ThrottledPermanently",
        ],
        when: "a quota is used up",
        kind: Kind::Throttled,
        reaction: Reaction::Wait,
        source: THROTTLING,
    },
    Row {
        status: &[500..=599],
        codes: &[],
        usual: &[
            "Service_InternalServerError",
            "generalException",
            "serviceNotAvailable",
            "UnknownError",
        ],
        when: "a trouble of Microsoft's own; no storage or bandwidth left",
        kind: Kind::Server,
        reaction: Reaction::Retry,
        source: ERRORS,
    },
    Row {
        status: &[300..=499],
        codes: &[],
        usual: &[],
        when: "any other refusal, a redirect included: none is followed",
        kind: Kind::Rejected,
        reaction: Reaction::Bug,
        source: ERRORS,
    },
    Row {
        status: &[200..=299],
        codes: &[],
        usual: &[],
        when: "a success that does not say what is documented: an HTML page, a missing field, a link to a foreign host",
        kind: Kind::Malformed,
        reaction: Reaction::Retry,
        source: ERRORS,
    },
];

/// The line that fits a status and a code; `None` for what is no status of a reply.
pub(super) fn row(status: u16, code: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| {
        row.status.iter().any(|range| range.contains(&status))
            && (row.codes.is_empty() || row.codes.contains(&code))
    })
}

/// True for a code that the table names: of several in one error, such a one says most.
pub(super) fn is_known(code: &str) -> bool {
    TABLE
        .iter()
        .any(|row| row.codes.contains(&code) || row.usual.contains(&code))
}

/// The table for readers, as Markdown.
pub fn document() -> String {
    let mut text = String::from(
        "# Errors of Microsoft and what follows\n\n\
         Microsoft's code decides, never its message; of several codes in one error the innermost one that is named here. The \
         first line that fits counts. No word of a reply's body but the code is kept. Written by the code; `make crds` writes it \
         anew.\n\n\
         - **retry**: asked again by itself, in this cycle or the next. **wait**: likewise, after the pause that Microsoft names.\n\
         - **gone**: there is no such object; what became of it is read all the same.\n\
         - **hand-off**: a person does it or changes what stands in the way. **blocked**: a person gives a right or a credential.\n\
         - **bug**: the request does not fit this service; it is not repeated.\n\n\
         One call is different: where Azure answers the deletion of an External ID or B2C directory with 409 and a code of its \
         own, something is left in the directory. That is told with its code (`DirectoryRefused`), and tried again from time to time.\n\n\
         | Status | Codes | When | Reaction | A reading then | An object to delete | One to change | Source |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
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
        let first = row.status.first().map_or(0, |range| *range.start());
        let failure = Failure::of(row.kind, first, "");
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            status.join(", "),
            codes.join(", "),
            row.when,
            row.reaction.word(),
            reading(&failure),
            object(&failure, &Method::DELETE),
            object(&failure, &Method::PATCH),
            row.source,
        );
    }
    text
}

/// The reason that a condition shows where a reading is answered so.
fn reading(failure: &Failure) -> String {
    if failure.kind == Kind::Absent {
        return "nothing there, or `NotSupported`".to_owned();
    }
    let reason = match facts::unreadable(Question::Organization, failure.why()) {
        Decision::Blocked(obstacles) => obstacles.first().map(|obstacle| obstacle.reason),
        Decision::Wait(waiting) => Some(waiting.reason),
        _ => None,
    };
    format!("`{}`", reason.unwrap_or_default())
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "done",
        Verdict::Refused => "refused, told with its code",
        Verdict::Throttled => "sent again",
        Verdict::Unanswered => "unanswered, looked at again",
    }
}

fn object(failure: &Failure, method: &Method) -> &'static str {
    if failure.kind == Kind::Malformed {
        // A bare success is enough of an answer for a change.
        return word(Verdict::Accepted);
    }
    word(verdict(Err(failure), method.as_str()))
}
