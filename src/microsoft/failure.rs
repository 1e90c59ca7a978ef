//! What can go wrong with a request, by kind and code. Microsoft's message is never kept: it may name people.

use super::{assertion, proof};
use crate::closure::observation::{Refused, Why};
use serde_json::Value;
use std::time::Duration;

/// The longest pause that a reply can impose, seconds.
const LONGEST_PAUSE: f64 = 900.0;

/// Our word for a token that is for another tenant than its credential names.
pub(super) const OTHER_TENANT: &str = "TenantMismatch";

/// What kind of failure it is: decides whether a repeat can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No answer: connection, timeout, a body without end, or no time left to send.
    Transport,
    /// 429.
    Throttled,
    /// 5xx but 501, 408, 409, 424: a repeat may help.
    Server,
    /// 401 or 403.
    Forbidden,
    /// 404 or 410.
    Absent,
    /// Any other status that is no success: a repeat gives the same.
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
        }
    }

    /// The failure that a status and an error envelope tell of.
    pub(super) fn from_reply(status: u16, body: &[u8], retry_after: Option<Duration>) -> Self {
        let value = serde_json::from_slice(body).unwrap_or(Value::Null);
        Self::from_value(status, &value, retry_after)
    }

    /// Likewise, with the envelope parsed already (an item of a `$batch`).
    pub(super) fn from_value(status: u16, body: &Value, retry_after: Option<Duration>) -> Self {
        let code = error_code(body).unwrap_or_else(|| format!("HTTP{status}"));
        Self {
            retry_after,
            ..Self::of(kind_of(status), status, &code)
        }
    }

    /// True where the same request may succeed later.
    pub fn may_pass(&self) -> bool {
        matches!(self.kind, Kind::Transport | Kind::Throttled | Kind::Server)
    }

    /// The word that an observation keeps.
    pub fn why(&self) -> Why {
        match self.kind {
            Kind::Transport | Kind::Throttled | Kind::Server => Why::Unavailable,
            // With a token that was just got: it is the caller who is not accepted, not the right that is lacking.
            Kind::Forbidden if self.status == 401 => Why::CredentialRefused(Refused::Otherwise),
            Kind::Forbidden => Why::Forbidden,
            Kind::Absent | Kind::Rejected => Why::Unsupported,
            Kind::Malformed => Why::Malformed,
            Kind::Credential => Why::CredentialRefused(refused(&self.code)),
            Kind::TenantGone => Why::CredentialRefused(Refused::TenantUnknown),
        }
    }
}

/// What is the matter with a credential, by the code of the token endpoint or a word of ours.
/// Source: learn.microsoft.com `entra/identity-platform/reference-error-codes`.
fn refused(code: &str) -> Refused {
    match code {
        "AADSTS7000215" => Refused::SecretWrong,
        "AADSTS7000222" => Refused::SecretExpired,
        "AADSTS700016" => Refused::ApplicationUnknown,
        "AADSTS7000112" => Refused::ApplicationDisabled,
        "AADSTS700027" | "AADSTS7000274" => Refused::CertificateUnknown,
        "AADSTS700024" => Refused::AssertionTime,
        "AADSTS70021" | "AADSTS700211" | "AADSTS700212" | "AADSTS700213" => {
            Refused::FederationUnknown
        }
        assertion::UNREADABLE => Refused::CertificateUnreadable,
        assertion::OTHER_KEY => Refused::CertificateOfAnotherKey,
        proof::NO_FEDERATED_TOKEN => Refused::FederatedTokenUnreadable,
        OTHER_TENANT => Refused::OtherTenant,
        _ => Refused::Otherwise,
    }
}

/// The kind that a status belongs to.
pub(super) const fn kind_of(status: u16) -> Kind {
    match status {
        429 => Kind::Throttled,
        501 => Kind::Rejected,
        408 | 409 | 424 | 500.. => Kind::Server,
        401 | 403 => Kind::Forbidden,
        404 | 410 => Kind::Absent,
        200..=299 => Kind::Malformed,
        _ => Kind::Rejected,
    }
}

/// The code of an error envelope: Graph and ARM `{"error":{"code":…}}`; where the outer code is empty, the first
/// inner one; the token endpoint's `{"error":"…"}`; Partner Center's `{"code":…}`.
fn error_code(body: &Value) -> Option<String> {
    let error = body.get("error").unwrap_or(body);
    if let Some(word) = error.as_str() {
        return Some(word.to_owned());
    }
    let mut at = error;
    for _ in 0..8 {
        match at.get("code") {
            Some(Value::String(code)) if !code.trim().is_empty() => return Some(code.clone()),
            Some(Value::Number(code)) => return Some(code.to_string()),
            _ => {}
        }
        at = at.get("innerError").or_else(|| at.get("innererror"))?;
    }
    None
}

/// A code as status and metrics may show it.
fn tidy(code: &str) -> String {
    let kept: String = code
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
        .take(128)
        .collect();
    if kept.is_empty() {
        "Unnamed".to_owned()
    } else {
        kept
    }
}

/// `Retry-After` in seconds, which Microsoft also sends with a fraction (`2.128`): rounded up. `None` where it is
/// missing, no number, or negative. Source: learn.microsoft.com `graph/throttling`.
pub(super) fn retry_after(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    if !seconds.is_finite() || seconds < 0.0 {
        return None;
    }
    Duration::try_from_secs_f64(seconds.ceil().min(LONGEST_PAUSE)).ok()
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
        assert_eq!(retry_after("1e99"), Some(Duration::from_secs(900)));
        for bad in [
            "",
            "soon",
            "-1",
            "NaN",
            "inf",
            "Wed, 21 Oct 2026 07:28:00 GMT",
        ] {
            assert_eq!(retry_after(bad), None, "{bad}");
        }
    }

    #[test]
    fn codes_are_found_in_every_envelope_and_messages_never_kept() {
        let code = |value: Value| Failure::from_value(400, &value, None).code;
        assert_eq!(
            code(json!({"error": {"code": "Request_BadRequest", "message": "anna@contoso.nl"}})),
            "Request_BadRequest"
        );
        assert_eq!(
            code(json!({"error": {"code": "", "innerError": {"code": "Inner"}}})),
            "Inner"
        );
        assert_eq!(code(json!({"error": "invalid_client"})), "invalid_client");
        assert_eq!(code(json!({"code": 3001, "description": "x"})), "3001");
        assert_eq!(code(json!({"error": {"code": "a b<c>"}})), "abc");
        assert_eq!(code(Value::Null), "HTTP400");
        assert_eq!(Failure::from_reply(502, b"<html>", None).code, "HTTP502");
    }

    #[test]
    fn kinds_follow_the_status() {
        assert_eq!(Failure::from_reply(409, b"", None).kind, Kind::Server);
        assert_eq!(Failure::from_reply(429, b"", None).why(), Why::Unavailable);
        assert_eq!(Failure::from_reply(403, b"", None).why(), Why::Forbidden);
        assert_eq!(
            Failure::from_reply(401, b"", None).why(),
            Why::CredentialRefused(Refused::Otherwise)
        );
        assert_eq!(Failure::from_reply(501, b"", None).kind, Kind::Rejected);
        assert!(!Failure::from_reply(400, b"", None).may_pass());
    }
}
