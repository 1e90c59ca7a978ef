//! Is the directory gone, seen from outside: three kinds of reading at different moments, and a control.
//!
//! A directory counts as gone only if the discovery document, the token endpoint and the realm lookup all say so, at
//! least a second apart, while the same host still finds another tenant. One reader that finds it is enough for present.

use super::auth::{Credentials, TokenErrorKind, Tokens};
use super::clouds::Service;
use super::failure::{Failure, Kind};
use super::request::{Call, Reply};
use super::settings::Settings;
use super::wire::{Line, Wire};
use crate::closure::id::ObjectId;
use crate::closure::observation::Existence;
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// The time between two readings.
const APART: Duration = Duration::from_millis(1_100);

/// What one reading says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Present,
    Gone,
}

/// The look from outside at one tenant.
#[derive(Debug)]
pub(super) struct Outside {
    tenant: ObjectId,
    domain: String,
    control: ObjectId,
    tokens: Tokens,
}

impl Outside {
    pub(super) fn new(settings: &Settings, wire: &Wire) -> Self {
        let credentials = Credentials {
            tenant_id: settings.tenant_id,
            app_id: settings.app_id,
            proof: settings.proof.clone(),
        };
        Self {
            tenant: settings.tenant_id,
            domain: settings.initial_domain.clone(),
            control: wire.hosts.control(),
            tokens: Tokens::new(wire.hosts, credentials),
        }
    }

    /// Looks; an error where a reader gave no answer that counts.
    pub(super) async fn look(&self, line: &Line<'_>) -> Result<Existence, Failure> {
        let tenant = self.tenant.to_string();
        if self.discovery(line, &tenant).await? == Look::Present {
            return Ok(Existence::Present);
        }
        tokio::time::sleep(APART).await;
        if self.token_endpoint(line).await? == Look::Present {
            return Ok(Existence::Present);
        }
        tokio::time::sleep(APART).await;
        if self.realm(line).await? == Look::Present {
            return Ok(Existence::Present);
        }
        let control = self.control.to_string();
        match self.discovery(line, &control).await? {
            Look::Present => Ok(Existence::Gone),
            Look::Gone => Err(Failure::transport("ControlNotFound")),
        }
    }

    /// `GET {login}/{tenant or domain}/v2.0/.well-known/openid-configuration`: 200 while it is there, then 400 `invalid_tenant`.
    async fn discovery(&self, line: &Line<'_>, name: &str) -> Result<Look, Failure> {
        let path = [name, "v2.0", ".well-known", "openid-configuration"];
        let reply = self
            .fetch(line, line.url(Service::Login, &path, &[])?)
            .await?;
        if reply.is_success() {
            let document: Value = reply.json()?;
            return match document["issuer"].as_str() {
                Some(_) => Ok(Look::Present),
                None => Err(Failure::malformed("UnexpectedBody")),
            };
        }
        match super::auth::denied(reply.status, &reply.body).kind {
            TokenErrorKind::TenantGone => Ok(Look::Gone),
            _ => Err(unclear(&reply)),
        }
    }

    /// `POST {login}/{tenant}/oauth2/v2.0/token`: any answer but "no such tenant" means that it is there.
    async fn token_endpoint(&self, line: &Line<'_>) -> Result<Look, Failure> {
        line.count();
        let limit = line.wire.limits.request;
        let asked = self
            .tokens
            .ask(&line.wire.http, Service::Graph, limit)
            .await;
        match asked {
            Ok(_) => Ok(Look::Present),
            Err(error) => match error.kind {
                TokenErrorKind::TenantGone => Ok(Look::Gone),
                TokenErrorKind::Refused | TokenErrorKind::PolicyAsks | TokenErrorKind::Rejected => {
                    Ok(Look::Present)
                }
                TokenErrorKind::Unavailable | TokenErrorKind::Malformed => Err(error.into()),
            },
        }
    }

    /// Is our own credential refused when a token is asked for anew?
    pub(super) async fn refused(&self, line: &Line<'_>) -> bool {
        line.count();
        let limit = line.wire.limits.request;
        let asked = self
            .tokens
            .ask(&line.wire.http, Service::Graph, limit)
            .await;
        asked.is_err_and(|error| {
            matches!(
                error.kind,
                TokenErrorKind::Refused | TokenErrorKind::TenantGone
            )
        })
    }

    /// `GET {login}/common/userrealm/{anybody}@{initial domain}`, as Microsoft's own libraries ask it: `account_type` is
    /// `Unknown` for a domain of no tenant. Where there is no such endpoint, the discovery document by domain name.
    async fn realm(&self, line: &Line<'_>) -> Result<Look, Failure> {
        if self.domain.is_empty() {
            return Err(Failure::malformed("NoDomain"));
        }
        let anybody = format!("nobody@{}", self.domain);
        let path = ["common", "userrealm", &anybody];
        let url = line.url(Service::Login, &path, &[("api-version", "1.0")])?;
        let reply = self.fetch(line, url).await?;
        let told: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        let kind = told["account_type"].as_str().map(str::to_ascii_lowercase);
        match kind.as_deref() {
            Some("unknown") if reply.is_success() => Ok(Look::Gone),
            Some(_) if reply.is_success() => Ok(Look::Present),
            _ if matches!(reply.status, 400..=428) => self.discovery(line, &self.domain).await,
            _ => Err(unclear(&reply)),
        }
    }

    async fn fetch(&self, line: &Line<'_>, url: Url) -> Result<Reply, Failure> {
        line.count();
        let wire = line.wire;
        let call = Call::get(url);
        wire.http.send(&call, None, wire.limits.request).await
    }
}

/// What is neither "here" nor "gone".
fn unclear(reply: &Reply) -> Failure {
    let malformed = || Failure::malformed("UnexpectedBody");
    let mut failure = reply.failure().unwrap_or_else(malformed);
    if !matches!(failure.kind, Kind::Server | Kind::Throttled) {
        failure.kind = Kind::Malformed;
    }
    failure
}
