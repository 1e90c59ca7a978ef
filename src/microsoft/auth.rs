//! Tokens by client credentials, kept until shortly before they end.
//!
//! Source: learn.microsoft.com `entra/identity-platform/v2-oauth2-client-creds-grant-flow`.

use super::claims;
use super::clouds::{Hosts, Service};
use super::failure::{Failure, Kind, OTHER_TENANT};
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

/// The longest pause that the token endpoint is believed.
const HELD_AT_MOST: Duration = Duration::from_secs(900);

/// How old a token may be whose claims are believed: somebody may just have granted a permission.
const YOUNG: Duration = Duration::from_secs(15);

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
    asked_at: Instant,
    renew_at: Instant,
}

impl TokenError {
    /// For how long the endpoint is not asked again; `None`: whoever needs a token may ask at once.
    fn held(&self) -> Option<Duration> {
        match self.kind {
            TokenErrorKind::Unavailable | TokenErrorKind::Malformed => {
                let loops = (self.code == "AADSTS50196").then_some(LOOP_HELD);
                let held = self.retry_after.or(loops)?;
                Some(held.min(HELD_AT_MOST))
            }
            TokenErrorKind::Refused
            | TokenErrorKind::PolicyAsks
            | TokenErrorKind::Rejected
            | TokenErrorKind::TenantGone => Some(REFUSAL_HELD),
        }
    }
}

#[derive(Debug)]
enum Kept {
    Token(Arc<Token>),
    Refusal(TokenError, Instant),
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
        let mut kept = self.kept.lock().await;
        let now = Instant::now();
        match kept.get(&service) {
            Some(Kept::Token(token))
                if token.renew_at > now && !stale.is_some_and(|old| Arc::ptr_eq(old, token)) =>
            {
                return Ok(Arc::clone(token));
            }
            Some(Kept::Refusal(error, until)) if *until > now => return Err(error.clone()),
            _ => {}
        }
        let result = self.ask(http, service, timeout).await;
        match &result {
            Ok(token) => {
                kept.insert(service, Kept::Token(Arc::clone(token)));
            }
            Err(error) => match error.held() {
                None => {
                    kept.remove(&service);
                }
                Some(held) => {
                    let refusal = Kept::Refusal(error.clone(), Instant::now() + held);
                    kept.insert(service, refusal);
                }
            },
        }
        result
    }

    /// A token that is at most [`YOUNG`] old: its claims tell what the application may do now.
    pub(super) async fn young_token(
        &self,
        http: &Http,
        service: Service,
        timeout: Duration,
    ) -> Result<Arc<Token>, TokenError> {
        let token = self.token(http, service, None, timeout).await?;
        if token.asked_at.elapsed() <= YOUNG {
            return Ok(token);
        }
        self.token(http, service, Some(&token), timeout).await
    }

    /// True where one of the tokens still counts, or they are being asked for.
    pub(super) fn is_alive(&self) -> bool {
        let now = Instant::now();
        self.kept.try_lock().map_or(true, |kept| {
            kept.values().any(|one| match one {
                Kept::Token(token) => token.renew_at > now,
                Kept::Refusal(_, until) => *until > now,
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
            asked_at: Instant::now(),
            renew_at: Instant::now() + Duration::from_secs(life - ahead),
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
        });
        let tokens = Tokens {
            hosts: Hosts::of(crate::closure::terms::Cloud::Global),
            kept: tokio::sync::Mutex::new(BTreeMap::from([(
                Service::Graph,
                Kept::Token(Arc::clone(&token)),
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
