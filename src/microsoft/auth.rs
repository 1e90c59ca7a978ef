//! Tokens by client credentials, kept until shortly before they end.
//!
//! Source: learn.microsoft.com `entra/identity-platform/v2-oauth2-client-creds-grant-flow`.

use super::claims;
use super::clouds::{Hosts, Service};
use super::failure::{Failure, Kind, OTHER_TENANT};
use super::kept::{Kept, Wanted};
use super::proof::Proof;
use super::request::{Body, Call, Http};
use super::token_errors::{self, Follows};
use super::wiped;
use crate::closure::id::ObjectId;
use crate::closure::steps::policy;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Who we are towards one tenant.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The tenant that the token must be for.
    pub tenant_id: ObjectId,
    /// Application (client) id.
    pub app_id: ObjectId,
    /// What it proves itself with.
    pub proof: Proof,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no token: {code}")]
pub struct TokenError {
    /// `AADSTS…`, or a word of ours: [`OTHER_TENANT`], `TokenUnreadable`, `Timeout`, or why there is no proof to send.
    pub code: String,
    /// What follows from it.
    pub kind: TokenErrorKind,
    /// The pause that the reply asks for.
    pub retry_after: Option<Duration>,
}

/// What follows from a missing token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenErrorKind {
    /// The credential is refused: a person has to act.
    Refused,
    /// A policy of the tenant asks for a person.
    PolicyAsks,
    /// What is asked for does not exist here: a repeat gives the same.
    Rejected,
    /// The tenant is not known to the login service (any more).
    TenantGone,
    /// No answer that counts: later may be better.
    Unavailable,
    /// A success that is none of the token endpoint's.
    Malformed,
}

/// How long a refusal is remembered, so that one look at the tenant asks only once.
const REFUSAL_HELD: Duration = Duration::from_secs(3);

/// How long a client is left alone that asks in a circle (AADSTS50196), where the reply does not say.
/// Source: learn.microsoft.com `entra/identity-platform/reference-breaking-changes`, "request looping".
const LOOP_HELD: Duration = Duration::from_secs(60);

/// How long an endpoint that gives no answer is left alone where the token at hand still counts.
const RENEWED_AGAIN_IN: Duration = Duration::from_secs(30);

/// What a token of an application says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Claims {
    /// The tenant it is for.
    pub(super) tid: String,
    /// Application permissions.
    pub(super) roles: BTreeSet<String>,
    /// Template ids of directory roles, where told.
    pub(super) wids: BTreeSet<String>,
}

/// A token with what it says.
#[derive(Debug)]
pub(super) struct Token {
    /// The bearer value.
    pub(super) value: SecretString,
    /// Its claims.
    pub(super) claims: Claims,
    pub(super) asked_at: Instant,
    /// A fifth before its end, at most five minutes.
    pub(super) renew_at: Instant,
    pub(super) ends_at: Instant,
}

impl TokenError {
    /// No answer that counts: it says nothing about the credential, nor about a token that was given before.
    pub(super) const fn says_nothing(&self) -> bool {
        matches!(
            self.kind,
            TokenErrorKind::Unavailable | TokenErrorKind::Malformed
        )
    }

    /// For how long the endpoint is not asked again; `None`: whoever needs a token may ask at once.
    fn held(&self) -> Option<Duration> {
        match self.kind {
            TokenErrorKind::Unavailable | TokenErrorKind::Malformed => {
                let loops = (self.code == "AADSTS50196").then_some(LOOP_HELD);
                self.retry_after.or(loops)
            }
            TokenErrorKind::Refused
            | TokenErrorKind::PolicyAsks
            | TokenErrorKind::Rejected
            | TokenErrorKind::TenantGone => Some(REFUSAL_HELD),
        }
    }
}

/// The tokens of one credential, one for each service; asked for one at a time.
#[derive(Debug)]
pub(super) struct Tokens {
    hosts: &'static Hosts,
    credentials: Credentials,
    kept: tokio::sync::Mutex<BTreeMap<Service, Kept>>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: u64,
}

#[derive(Deserialize)]
struct Denied {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_codes: Vec<u64>,
}

impl Tokens {
    pub(super) fn new(hosts: &'static Hosts, credentials: Credentials) -> Self {
        Self {
            hosts,
            credentials,
            kept: tokio::sync::Mutex::default(),
        }
    }

    /// The application (client) id.
    pub(super) const fn app_id(&self) -> ObjectId {
        self.credentials.app_id
    }

    /// What it proves itself with.
    pub(super) const fn proof(&self) -> &Proof {
        &self.credentials.proof
    }

    /// A token for a service. `stale` is one that was just answered 401: it is not given again.
    pub(super) async fn token(
        &self,
        http: &Http,
        service: Service,
        stale: Option<&Arc<Token>>,
        timeout: Duration,
    ) -> Result<Arc<Token>, TokenError> {
        let wanted = stale.map_or(Wanted::Any, Wanted::NotThis);
        self.wanted(http, service, wanted, timeout).await
    }

    /// A token that is at most [`super::kept::YOUNG`] old: its claims tell what the application may do now.
    pub(super) async fn young_token(
        &self,
        http: &Http,
        service: Service,
        timeout: Duration,
    ) -> Result<Arc<Token>, TokenError> {
        self.wanted(http, service, Wanted::Young, timeout).await
    }

    async fn wanted(
        &self,
        http: &Http,
        service: Service,
        wanted: Wanted<'_>,
        timeout: Duration,
    ) -> Result<Arc<Token>, TokenError> {
        let mut all = self.kept.lock().await;
        let kept = all.entry(service).or_default();
        if let Wanted::NotThis(stale) = wanted {
            kept.token.take_if(|token| Arc::ptr_eq(token, stale));
        }
        if let Some(served) = kept.serves(wanted, Instant::now()) {
            return served;
        }
        let error = match self.ask(http, service, timeout).await {
            Ok(token) => {
                let token = kept.token.insert(token);
                kept.held = None;
                return Ok(Arc::clone(token));
            }
            Err(error) => error,
        };
        let now = Instant::now();
        if !error.says_nothing() {
            kept.token = None;
        }
        let counts = kept.counting(now).is_some();
        let held = error.held().or(counts.then_some(RENEWED_AGAIN_IN));
        kept.held = held.map(|held| (error.clone(), now + held));
        kept.instead_of(error, wanted, now)
    }

    /// True where one of the tokens still counts, or they are being asked for.
    pub(super) fn is_alive(&self) -> bool {
        let now = Instant::now();
        self.kept.try_lock().map_or(true, |kept| {
            kept.values().any(|one| {
                one.counting(now).is_some()
                    || one.held.as_ref().is_some_and(|(_, until)| *until > now)
            })
        })
    }

    /// Asks the token endpoint now, whatever is kept. `POST /{tenant}/oauth2/v2.0/token`.
    pub(super) async fn ask(
        &self,
        http: &Http,
        service: Service,
        timeout: Duration,
    ) -> Result<Arc<Token>, TokenError> {
        let tenant = self.credentials.tenant_id;
        let url = self
            .hosts
            .root(Service::Login)
            .and_then(|root| root.join(&format!("{tenant}/oauth2/v2.0/token")).ok())
            .ok_or_else(|| token_error("NoHost", TokenErrorKind::Unavailable))?;
        let client = self.credentials.app_id.to_string();
        let proof = &self.credentials.proof;
        let fields = proof.fields(&client, url.as_str()).await;
        let fields = fields.map_err(|why| token_error(why, TokenErrorKind::Refused))?;
        let form = form(&client, &self.hosts.scope(service), &fields);
        let call = Call::new(Method::POST, url, Body::Form(form));
        http.counters().token();
        let asked_at = Instant::now();
        let reply = http
            .send(&call, None, timeout)
            .await
            .map_err(|failure| token_error(&failure.code, TokenErrorKind::Unavailable))?;
        if !reply.is_success() {
            return Err(TokenError {
                retry_after: reply.retry_after(),
                ..denied(reply.status, &reply.body)
            });
        }
        let granted: Granted = serde_json::from_slice(&reply.body)
            .map_err(|_| token_error("UnexpectedBody", TokenErrorKind::Malformed))?;
        let claims: Claims = claims::of(granted.access_token.expose_secret())
            .ok_or_else(|| token_error("TokenUnreadable", TokenErrorKind::Refused))?;
        if ObjectId::parse(&claims.tid) != Some(tenant) {
            return Err(token_error(OTHER_TENANT, TokenErrorKind::Refused));
        }
        // A fifth before its end, at most five minutes, a token is renewed.
        let life = granted.expires_in.min(86_400);
        let ahead = (life / 5).min(300);
        Ok(Arc::new(Token {
            value: granted.access_token,
            claims,
            asked_at,
            renew_at: asked_at + Duration::from_secs(life - ahead),
            ends_at: asked_at + Duration::from_secs(life),
        }))
    }
}

fn form(client: &str, scope: &str, proof: &[(&'static str, SecretString)]) -> SecretString {
    let mut fields = vec![
        ("grant_type", "client_credentials"),
        ("client_id", client),
        ("scope", scope),
    ];
    fields.extend(
        proof
            .iter()
            .map(|(key, value)| (*key, value.expose_secret())),
    );
    wiped::form(&fields)
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let (kind, status) = match error.kind {
            TokenErrorKind::Refused => (Kind::Credential, 401),
            TokenErrorKind::PolicyAsks => (Kind::Challenged, 401),
            TokenErrorKind::Rejected => (Kind::Rejected, 400),
            TokenErrorKind::TenantGone => (Kind::TenantGone, 400),
            TokenErrorKind::Unavailable => (Kind::Transport, 0),
            TokenErrorKind::Malformed => (Kind::Malformed, 200),
        };
        Self {
            retry_after: error.retry_after,
            ..Self::of(kind, status, &error.code)
        }
    }
}

fn token_error(code: &str, kind: TokenErrorKind) -> TokenError {
    TokenError {
        code: code.to_owned(),
        kind,
        retry_after: None,
    }
}

/// What an error of the token endpoint means. What is no error of its own (a proxy's page) counts as unavailable.
pub(super) fn denied(status: u16, body: &[u8]) -> TokenError {
    let told: Option<Denied> = serde_json::from_slice(body).ok();
    let number = told
        .as_ref()
        .and_then(|denied| denied.error_codes.first().copied());
    let kind = match (number.and_then(token_errors::follows), &told) {
        (Some(Follows::TenantGone), _) => TokenErrorKind::TenantGone,
        (Some(Follows::Passes), _) => TokenErrorKind::Unavailable,
        _ if status == 429 || status >= 500 => TokenErrorKind::Unavailable,
        (Some(Follows::PolicyAsks), _) => TokenErrorKind::PolicyAsks,
        (Some(Follows::Rejected), _) => TokenErrorKind::Rejected,
        (None, Some(denied)) if number.is_none() && denied.error == "invalid_tenant" => {
            TokenErrorKind::TenantGone
        }
        (None, Some(denied)) if policy::asks(&denied.error) => TokenErrorKind::PolicyAsks,
        (_, Some(denied)) if !denied.error.is_empty() => TokenErrorKind::Refused,
        _ => TokenErrorKind::Unavailable,
    };
    let known = number.filter(|_| {
        // Of a policy with a number of its own, the word says more.
        kind != TokenErrorKind::PolicyAsks || number.and_then(token_errors::follows).is_some()
    });
    let code = match (known, told) {
        (Some(number), _) => format!("AADSTS{number}"),
        (None, Some(denied)) if !denied.error.is_empty() => {
            Failure::of(Kind::Rejected, status, &denied.error).code
        }
        _ => format!("HTTP{status}"),
    };
    token_error(&code, kind)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    fn kind(status: u16, body: &str) -> (String, TokenErrorKind) {
        let error = denied(status, body.as_bytes());
        (error.code, error.kind)
    }

    #[test]
    fn errors_of_the_token_endpoint() {
        use TokenErrorKind::{PolicyAsks, Refused, Rejected, TenantGone, Unavailable};
        let gone = r#"{"error":"invalid_tenant","error_codes":[90002]}"#;
        assert_eq!(kind(400, gone), ("AADSTS90002".into(), TenantGone));
        let secret =
            r#"{"error":"invalid_client","error_description":"who","error_codes":[7000215]}"#;
        assert_eq!(kind(401, secret), ("AADSTS7000215".into(), Refused));
        assert_eq!(
            kind(400, r#"{"error":"invalid_client"}"#),
            ("invalid_client".into(), Refused)
        );
        assert_eq!(kind(503, "<html>"), ("HTTP503".into(), Unavailable));
        assert_eq!(kind(403, "<html>"), ("HTTP403".into(), Unavailable));
        let loops = r#"{"error":"invalid_grant","error_codes":[50196]}"#;
        assert_eq!(kind(400, loops), ("AADSTS50196".into(), Unavailable));
        assert_eq!(denied(400, loops.as_bytes()).held(), Some(LOOP_HELD));
        assert_eq!(denied(503, b"<html>").held(), None);
        let policy = r#"{"error":"invalid_grant","error_codes":[53003]}"#;
        assert_eq!(kind(400, policy), ("AADSTS53003".into(), PolicyAsks));
        let unnamed = r#"{"error":"interaction_required"}"#;
        assert_eq!(kind(400, unnamed).1, PolicyAsks);
        let unknown = r#"{"error":"interaction_required","error_codes":[99]}"#;
        assert_eq!(
            kind(400, unknown),
            ("interaction_required".into(), PolicyAsks)
        );
        let scope = r#"{"error":"invalid_scope","error_codes":[70011]}"#;
        assert_eq!(kind(400, scope).1, Rejected);
    }

    #[test]
    fn no_secret_and_no_token_is_ever_printed() {
        let credentials = Credentials {
            tenant_id: ObjectId(uuid::Uuid::nil()),
            app_id: ObjectId(uuid::Uuid::nil()),
            proof: Proof::Secret("hunter2".into()),
        };
        let token = Arc::new(Token {
            value: "hunter2".into(),
            claims: Claims::default(),
            asked_at: Instant::now(),
            renew_at: Instant::now(),
            ends_at: Instant::now(),
        });
        let tokens = Tokens {
            hosts: Hosts::of(crate::closure::terms::Cloud::Global),
            kept: tokio::sync::Mutex::new(BTreeMap::from([(
                Service::Graph,
                Kept {
                    token: Some(Arc::clone(&token)),
                    held: None,
                },
            )])),
            credentials: credentials.clone(),
        };
        for printed in [
            format!("{credentials:?}"),
            format!("{token:?}"),
            format!("{tokens:?}"),
            format!(
                "{:?}",
                form("client", "scope", &[("secret", "hunter2".into())])
            ),
        ] {
            assert!(!printed.contains("hunter2"), "{printed}");
        }
    }

    #[test]
    fn what_the_token_endpoint_sends_is_read_as_a_secret() {
        let granted: Granted =
            serde_json::from_str(r#"{"access_token":"hunter2","expires_in":9}"#).unwrap();
        assert_eq!(granted.access_token.expose_secret(), "hunter2");
        assert!(!format!("{:?}", granted.access_token).contains("hunter2"));
    }
}
