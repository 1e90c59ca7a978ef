//! Every error that Microsoft documents or is known to answer, and how it is sorted: one table. What follows from it is
//! decided by the core alone ([`super::reaction`]); `docs/reference/microsoft-errors.md` is written from both.

use super::failure::Kind;
use crate::closure::steps::policy;
use std::ops::RangeInclusive;

/// Microsoft's word for a token that lacks what a policy asks for; also ours where only a `WWW-Authenticate` says so.
pub(super) const CLAIMS: &str = policy::CHALLENGE;

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
        source: "entra/identity-platform/claims-challenge",
    },
    Row {
        status: &[401..=401],
        codes: &[],
        usual: &["InvalidAuthenticationToken"],
        when: "the token has expired or is not accepted; a fresh one is tried once first",
        kind: Kind::Forbidden,
        source: "graph/resolve-auth-errors",
    },
    Row {
        status: &[400..=400, 403..=403],
        codes: &["Directory_QuotaExceeded"],
        usual: &[],
        when: "the directory is full; soft-deleted objects count in part",
        kind: Kind::Conflict,
        source: KNOWN,
    },
    Row {
        status: &[403..=403],
        codes: &["Authorization_RequestDenied", "AuthorizationFailed"],
        usual: &[],
        when: "a permission, directory role or Azure role is missing; a privileged user; a restricted administrative unit",
        kind: Kind::Forbidden,
        source: ARM,
    },
    Row {
        status: &[403..=403],
        codes: &[],
        usual: &[],
        when: "anything else that is forbidden",
        kind: Kind::Forbidden,
        source: ERRORS,
    },
    Row {
        status: &[400..=400],
        codes: &["Directory_ExpiredPageToken", "InvalidPageToken"],
        usual: &[],
        when: "a listing took too long: it begins anew",
        kind: Kind::Stale,
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
        source: KNOWN,
    },
    Row {
        status: &[400..=400],
        codes: &["Request_UnsupportedQuery"],
        usual: &[],
        when: "a query that this cloud or version does not take",
        kind: Kind::Rejected,
        source: "graph/aad-advanced-queries",
    },
    Row {
        status: &[400..=400],
        codes: &["Request_BadRequest"],
        usual: &[],
        when: "an object that does not allow it: synchronized from on-premises, in use, just made; a reading that does not fit",
        kind: Kind::Rejected,
        source: BATCHING,
    },
    Row {
        status: &[404..=404],
        codes: &[],
        usual: &["Request_ResourceNotFound"],
        when: "no such object, or a reader that does not know it yet; without an error in the service's form it is not believed",
        kind: Kind::Absent,
        source: ERRORS,
    },
    Row {
        status: &[405..=405, 501..=501],
        codes: &[],
        usual: &["NotImplemented"],
        when: "a method or property that this cloud or version does not have",
        kind: Kind::Rejected,
        source: ERRORS,
    },
    Row {
        status: &[409..=409],
        codes: &["Directory_ConcurrencyViolation"],
        usual: &[],
        when: "another change to the same object, or to the tenant, is under way",
        kind: Kind::Server,
        source: KNOWN,
    },
    Row {
        status: &[408..=408, 409..=409],
        codes: &[],
        usual: &[],
        when: "a timeout, or a conflict that nothing more is known of",
        kind: Kind::Server,
        source: ERRORS,
    },
    Row {
        status: &[410..=410],
        codes: &["syncStateNotFound", "resyncRequired"],
        usual: &[],
        when: "a delta link has expired: the listing begins anew",
        kind: Kind::Stale,
        source: "graph/delta-query-overview",
    },
    Row {
        status: &[410..=410],
        codes: &[],
        usual: &[],
        when: "the object was there and is not any more",
        kind: Kind::Absent,
        source: ERRORS,
    },
    Row {
        status: &[412..=412],
        codes: &[],
        usual: &[],
        when: "the object changed since it was read: it is read again",
        kind: Kind::Stale,
        source: ERRORS,
    },
    Row {
        status: &[424..=424],
        codes: &[],
        usual: &[],
        when: "an item of a `$batch` whose predecessor failed",
        kind: Kind::Server,
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
        source: ERRORS,
    },
    Row {
        status: &[300..=499],
        codes: &[],
        usual: &[],
        when: "any other refusal, a redirect included: none is followed",
        kind: Kind::Rejected,
        source: ERRORS,
    },
    Row {
        status: &[200..=299],
        codes: &[],
        usual: &[],
        when: "a success that does not say what is documented: an HTML page, a missing field, a link to a foreign host",
        kind: Kind::Malformed,
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
