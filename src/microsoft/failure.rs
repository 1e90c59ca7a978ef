//! What can go wrong with a request, by kind and code. Microsoft's message is never kept: it may name people.

use super::token_errors::{self, Follows};
use super::{assertion, errors, proof};
use crate::closure::observation::{Refused, Why};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// The longest code that is taken for one.
const LONGEST_CODE: usize = 128;

/// The longest pause that a reply can impose, seconds: a day. Microsoft's quotas are counted in minutes, Azure's oldest in
/// hours; what names more is asked again after a day.
const LONGEST_PAUSE: f64 = 86_400.0;

/// A pause longer than this is told with its date; a shorter one is over before the next look.
const WORTH_TELLING: Duration = Duration::from_secs(60);

/// Our word for a token that is for another tenant than its credential names.
pub(super) const OTHER_TENANT: &str = "TenantMismatch";

/// What kind of failure it is: decides whether a repeat can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No answer: connection, timeout, a body without end, or no time left to send.
    Transport,
    /// 429.
    Throttled,
    /// A trouble of Microsoft's own, or a race: a repeat may help.
    Server,
    /// What the request rested on is out of date: a page link, an etag. What was read is read anew, from its beginning.
    Stale,
    /// 401 or 403.
    Forbidden,
    /// A policy of the tenant asks for a person: a claims challenge.
    Challenged,
    /// 404 or 410, said by the service itself: with an error in its form.
    Absent,
    /// Something in the directory stands in the way, which a person must change.
    Conflict,
    /// Any other status that is no success, or nothing that could be sent: a repeat gives the same.
    Rejected,
    /// Success, but not what the documentation says: no JSON, a missing field, a link to a foreign host.
    Malformed,
    /// The token endpoint refused the credential.
    Credential,
    /// The token endpoint does not know the tenant (any more).
    TenantGone,
}

/// A request that did not bring what it was for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} (status {status})")]
pub struct Failure {
    /// What kind.
    pub kind: Kind,
    /// HTTP status; 0 where there was none.
    pub status: u16,
    /// Microsoft's error code, or a word of ours where there is none; at most 128 characters of `[A-Za-z0-9_.-]`.
    pub code: String,
    /// The pause that the reply asks for, rounded up to whole seconds.
    pub retry_after: Option<Duration>,
    /// The `client-request-id` of the request; `None` where none was sent.
    pub request_id: Option<Uuid>,
}

impl Failure {
    /// A failure without a reply.
    pub(super) fn transport(code: &str) -> Self {
        Self::of(Kind::Transport, 0, code)
    }

    /// A success that says nothing usable.
    pub(super) fn malformed(code: &str) -> Self {
        Self::of(Kind::Malformed, 200, code)
    }

    pub(super) fn of(kind: Kind, status: u16, code: &str) -> Self {
        Self {
            kind,
            status,
            code: tidy(code),
            retry_after: None,
            request_id: None,
        }
    }

    /// What cannot be sent as it is: nothing went out, and nothing will.
    pub(super) fn unsendable(code: &str) -> Self {
        Self::of(Kind::Rejected, 0, code)
    }

    /// The failure that a status and an error envelope tell of.
    pub(super) fn from_reply(status: u16, body: &[u8], told: Told) -> Self {
        let value = serde_json::from_slice(body).unwrap_or(Value::Null);
        Self::from_value(status, &value, told)
    }

    /// Likewise, with the envelope parsed already (an item of a `$batch`).
    pub(super) fn from_value(status: u16, body: &Value, told: Told) -> Self {
        let code = if told.challenged {
            errors::CLAIMS.to_owned()
        } else {
            error_code(body).unwrap_or_else(|| format!("HTTP{status}"))
        };
        let kind = match errors::row(status, &code).map_or(Kind::Rejected, |row| row.kind) {
            // A page from somewhere on the way knows nothing of what is in the tenant.
            Kind::Absent if !is_envelope(body) => Kind::Malformed,
            kind => kind,
        };
        Self {
            retry_after: told.retry_after,
            ..Self::of(kind, status, &code)
        }
    }

    /// The caller is accepted, but lacks the right.
    pub(super) fn lacks_right(&self) -> bool {
        self.kind == Kind::Forbidden && self.status != 401
    }

    /// Nothing was sent: the gate is closed for so long, where that is known.
    pub(super) fn gate_closed(pause: Option<Duration>) -> Self {
        Self {
            retry_after: pause,
            ..Self::of(Kind::Throttled, 429, "GateClosed")
        }
    }

    /// True where the same request may succeed later.
    pub fn may_pass(&self) -> bool {
        matches!(self.kind, Kind::Transport | Kind::Throttled | Kind::Server)
    }

    /// The word that an observation keeps.
    pub fn why(&self) -> Why {
        match self.kind {
            Kind::Transport | Kind::Throttled | Kind::Server | Kind::Stale => {
                let until = self.retry_after.and_then(over_at);
                until.map_or(Why::Unavailable, Why::Paused)
            }
            // With a token that was just got: it is the caller who is not accepted, not the right that is lacking.
            Kind::Forbidden if !self.lacks_right() => Why::CredentialRefused(Refused::Otherwise),
            Kind::Forbidden => Why::Forbidden,
            Kind::Challenged => Why::PolicyAsks,
            Kind::Conflict => Why::Conflict,
            Kind::Absent | Kind::Rejected => Why::Unsupported,
            Kind::Malformed => Why::Malformed,
            Kind::Credential => Why::CredentialRefused(refused(&self.code)),
            Kind::TenantGone => Why::CredentialRefused(Refused::TenantUnknown),
        }
    }
}

/// When a pause that begins now is over, in whole minutes and never too early; `None`: it is too short to be told.
pub(super) fn over_at(pause: Duration) -> Option<Timestamp> {
    const MINUTE: i64 = 60;
    if pause <= WORTH_TELLING {
        return None;
    }
    let over = Timestamp::now().checked_add(pause).ok()?;
    let minutes = over.as_second().div_euclid(MINUTE) + 1;
    Timestamp::from_second(minutes * MINUTE).ok()
}

/// What is the matter with a credential, by the code of the token endpoint or a word of ours.
fn refused(code: &str) -> Refused {
    if let Some(Follows::Refused(refused)) = token_errors::of(code) {
        return refused;
    }
    match code {
        assertion::UNREADABLE => Refused::CertificateUnreadable,
        assertion::OTHER_KEY => Refused::CertificateOfAnotherKey,
        proof::NO_FEDERATED_TOKEN => Refused::FederatedTokenUnreadable,
        OTHER_TENANT => Refused::OtherTenant,
        _ => Refused::Otherwise,
    }
}

/// What headers tell of a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// `Retry-After`.
    pub(super) retry_after: Option<Duration>,
    /// A claims challenge came with it.
    pub(super) challenged: bool,
}

/// Does a `WWW-Authenticate` ask for claims that a program cannot bring?
/// Source: learn.microsoft.com `entra/identity-platform/claims-challenge`.
pub(super) fn is_challenge(www_authenticate: &str) -> bool {
    let text = www_authenticate.to_ascii_lowercase();
    let asks = |(at, _): (usize, &str)| {
        let before = text.get(..at).and_then(|before| before.chars().last());
        before.is_none_or(|c| matches!(c, ' ' | ','))
    };
    text.contains(errors::CLAIMS) || text.match_indices("claims=").any(asks)
}

/// The code of an error envelope: Graph and ARM `{"error":{"code":…}}`, the token endpoint's `{"error":"…"}`, Partner
/// Center's `{"code":…}`. Of several the most specific one that the table of errors names, else the outermost.
/// Source: learn.microsoft.com `graph/errors`.
fn error_code(body: &Value) -> Option<String> {
    let error = body.get("error").unwrap_or(body);
    if let Some(word) = error.as_str() {
        return is_code(word).then(|| word.to_owned());
    }
    let mut found = Vec::new();
    let mut at = Some(error);
    for _ in 0..DEEPEST {
        let Some(here) = at else { break };
        found.extend(code_of(here));
        let details = here.get("details").and_then(Value::as_array);
        found.extend(
            details
                .into_iter()
                .flatten()
                .take(DEEPEST)
                .filter_map(code_of),
        );
        at = here.get("innerError").or_else(|| here.get("innererror"));
    }
    let known = found.iter().rposition(|code| errors::is_known(code));
    (!found.is_empty()).then(|| found.swap_remove(known.unwrap_or(0)))
}

/// Has it the form of an error, whatever it says? Sources: graph/errors; partner-center/developer/error-codes.
fn is_envelope(body: &Value) -> bool {
    body.get("error").is_some_and(Value::is_object) || body.get("code").is_some()
}

/// Errors inside each other that are looked into.
const DEEPEST: usize = 8;

fn code_of(error: &Value) -> Option<String> {
    match error.get("code")? {
        Value::String(code) if is_code(code) => Some(code.clone()),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    }
}

/// A sentence, or what may name somebody, is no code.
fn is_code(text: &str) -> bool {
    (1..=LONGEST_CODE).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/'))
}

/// A code as status and metrics may show it.
fn tidy(code: &str) -> String {
    let kept: String = code
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
        .take(LONGEST_CODE)
        .collect();
    if kept.is_empty() {
        "Unnamed".to_owned()
    } else {
        kept
    }
}

/// `Retry-After` in seconds, which Microsoft also sends with a fraction (`2.128`): rounded up; or as a date, which RFC 9110
/// allows a proxy on the way, too. `None` where it is neither, or negative. Source: learn.microsoft.com `graph/throttling`.
pub(super) fn retry_after(text: &str) -> Option<Duration> {
    let text = text.trim();
    let seconds: f64 = match text.parse() {
        Ok(seconds) => seconds,
        Err(_) => seconds_until(text)?,
    };
    if !seconds.is_finite() || seconds < 0.0 {
        return None;
    }
    Duration::try_from_secs_f64(seconds.ceil().min(LONGEST_PAUSE)).ok()
}

/// Seconds until a date by the clock here; one that has passed asks for no pause.
fn seconds_until(date: &str) -> Option<f64> {
    let date = rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(date.duration_since(Timestamp::now()).as_secs_f64().max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn retry_after_is_a_fraction_rounded_up() {
        assert_eq!(retry_after("2.128"), Some(Duration::from_secs(3)));
        assert_eq!(retry_after(" 10 "), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("0"), Some(Duration::ZERO));
        assert_eq!(retry_after("7200"), Some(Duration::from_secs(7_200)));
        let day = Some(Duration::from_secs(86_400));
        assert_eq!((retry_after("86400"), retry_after("1e99")), (day, day));
        for bad in ["", "soon", "-1", "NaN", "inf", "Wed, 21 Oct"] {
            assert_eq!(retry_after(bad), None, "{bad}");
        }
    }

    #[test]
    fn retry_after_may_be_a_date() {
        let passed = retry_after("Wed, 21 Oct 2015 07:28:00 GMT");
        assert_eq!(passed, Some(Duration::ZERO));
        let soon = Timestamp::now() + jiff::SignedDuration::from_secs(90);
        let told = soon.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let pause = retry_after(&told).map_or(0, |pause| pause.as_secs());
        assert!((60..=90).contains(&pause), "{told}: {pause}");
        let far = Some(Duration::from_secs(86_400));
        assert_eq!(retry_after("Mon, 21 Oct 2452 07:28:00 GMT"), far);
    }

    #[test]
    fn a_long_pause_is_told_with_a_date_that_is_never_too_early() {
        let told = |status, pause: u64| {
            let told = Told {
                retry_after: Some(Duration::from_secs(pause)),
                challenged: false,
            };
            Failure::from_reply(status, b"", told).why()
        };
        assert_eq!(told(429, 60), Why::Unavailable);
        for status in [429, 503] {
            let before = Timestamp::now();
            let until = match told(status, 7_200) {
                Why::Paused(until) => until.as_second(),
                _ => 0,
            };
            let late = until - before.as_second();
            assert!((7_200..=7_261).contains(&late), "{status}: {late}");
            assert_eq!(until % 60, 0);
        }
        assert_eq!(told(403, 7_200), Why::Forbidden);
    }

    fn code(value: &Value) -> String {
        Failure::from_value(400, value, Told::default()).code
    }

    #[test]
    fn codes_are_found_in_every_envelope_and_messages_never_kept() {
        for (body, expected) in [
            (
                json!({"error": {"code": "Request_BadRequest", "message": "anna@contoso.nl"}}),
                "Request_BadRequest",
            ),
            (
                json!({"error": {"code": "", "innerError": {"code": "Inner"}}}),
                "Inner",
            ),
            (json!({"error": "invalid_client"}), "invalid_client"),
            (json!({"code": 3001, "description": "x"}), "3001"),
            (json!({"error": {"code": "No user anna"}}), "HTTP400"),
            (json!({"error": {"code": "anna@contoso.nl"}}), "HTTP400"),
            (json!({"error": {"code": "x".repeat(1 << 20)}}), "HTTP400"),
            (json!({"error": "who is anna?"}), "HTTP400"),
            (json!(["error"]), "HTTP400"),
            (Value::Null, "HTTP400"),
        ] {
            assert_eq!(code(&body), expected);
        }
    }

    #[test]
    fn the_innermost_code_that_is_known_says_most() {
        let nested = |outer: &str, middle: &str, inner: &str| {
            let error = json!({"code": outer, "innererror": {"code": middle, "innerError": {"code": inner}}});
            code(&json!({ "error": error }))
        };
        let expired = "Directory_ExpiredPageToken";
        assert_eq!(nested("Request_BadRequest", "x", expired), expired);
        assert_eq!(nested("Request_BadRequest", expired, "x"), expired);
        assert_eq!(nested(expired, "x", "y"), expired);
        assert_eq!(nested("", "x", "y"), "x");
        assert_eq!(nested("TooManyRequests", "429", "z"), "TooManyRequests");
        let detailed = json!({"error": {"code": "Request_BadRequest", "details": [{"code": "x"}, {"code": "ObjectConflict"}]}});
        assert_eq!(code(&detailed), "ObjectConflict");
    }

    #[test]
    fn a_claims_challenge_is_told_from_other_ways_to_ask_for_a_token() {
        for asks in [
            r#"Bearer realm="", authorization_uri="https://login", error="insufficient_claims", claims="eyJ9""#,
            r#"Bearer claims="eyJ9""#,
            r#"bearer realm="x",Claims="eyJ9""#,
        ] {
            assert!(is_challenge(asks), "{asks}");
        }
        for usual in [
            "",
            r#"Bearer realm="", error="invalid_token""#,
            r#"Bearer noclaims="x""#,
        ] {
            assert!(!is_challenge(usual), "{usual}");
        }
    }

    #[test]
    fn kinds_follow_the_table() {
        let failure = |status| Failure::from_reply(status, b"<html>", Told::default());
        assert_eq!(failure(502).code, "HTTP502");
        assert_eq!(failure(409).kind, Kind::Server);
        assert_eq!(failure(429).why(), Why::Unavailable);
        assert_eq!(failure(403).why(), Why::Forbidden);
        let refused = Why::CredentialRefused(Refused::Otherwise);
        assert_eq!(failure(401).why(), refused);
        assert_eq!(failure(501).kind, Kind::Rejected);
        assert_eq!(failure(404).kind, Kind::Malformed);
        assert_eq!(failure(410).why(), Why::Malformed);
        assert_eq!(failure(0).kind, Kind::Rejected);
        assert!(!failure(400).may_pass() && !failure(412).may_pass());
    }
}
