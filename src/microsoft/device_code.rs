//! A person signs in on any device with a code that is shown here: who it was, and whether with MFA, is all that is kept.
//!
//! Source: learn.microsoft.com `entra/identity-platform/v2-oauth2-device-code` (RFC 8628), and for the claims
//! `entra/identity-platform/access-token-claims-reference`.

use super::claims;
use super::clouds::{Hosts, Service};
use super::failure::Failure;
use super::request::{Body, Call, Http, Reply};
use super::wiped;
use crate::closure::id::ObjectId;
use crate::closure::terms::Cloud;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::time::Duration;

/// The longest time for one request.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Between two questions at least, whatever the reply says.
const PAUSE_AT_LEAST: Duration = Duration::from_secs(1);
/// Between two questions at most, however often the line broke.
const PAUSE_AT_MOST: Duration = Duration::from_secs(60);
/// What RFC 8628 adds to the pause on `slow_down`.
const SLOWER: Duration = Duration::from_secs(5);
/// A code lives 15 minutes; one that claims to live longer is not waited for longer.
const LIFE_AT_MOST: Duration = Duration::from_secs(15 * 60);
/// The grant of RFC 8628.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Where a person is to sign in, and to what.
#[derive(Clone, Copy, Debug)]
pub struct DeviceSignIn<'a> {
    /// The connections.
    pub http: &'a Http,
    /// The cloud, which fixes the host.
    pub cloud: Cloud,
    /// The tenant; a sign-in to another one does not count.
    pub tenant: ObjectId,
    /// Application (client) id of an application of this tenant that allows public client flows.
    pub application: ObjectId,
}

/// What the person types, and where.
pub struct DeviceCode {
    /// The code.
    pub user_code: String,
    /// The page to open; the service's words, to be shown and never opened from here.
    pub verification_uri: String,
    secret: SecretString,
    pause: Duration,
    life: Duration,
}

/// Neither code is printed: with the one somebody signs in, with the other his token is fetched.
impl fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("DeviceCode");
        told.field("verification_uri", &self.verification_uri)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Issued {
    user_code: String,
    verification_uri: String,
    device_code: SecretString,
    #[serde(default)]
    interval: u64,
    expires_in: u64,
}

/// Who signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Object id of the user.
    pub user: ObjectId,
    /// The claim `amr` holds `mfa`.
    pub mfa: bool,
}

/// Why nobody is known to have signed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The person pressed Cancel.
    #[error("the sign-in was declined")]
    Declined,
    /// The code's time is over.
    #[error("nobody signed in within the time of the code; run it again")]
    Expired,
    /// What came is for another tenant, for an application, or does not say who it is.
    #[error("the sign-in does not say that it is one of a user of this tenant")]
    NotOurs,
    /// The service refused, with this code.
    #[error(
        "the sign-in service refuses: {0}; the application must be registered in this tenant and allow public client flows"
    )]
    Refused(String),
    /// No answer that counts.
    #[error("the sign-in service cannot be asked: {0}")]
    Unavailable(String),
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
}

#[derive(Deserialize)]
struct Denied {
    error: String,
    #[serde(default)]
    error_codes: Vec<u64>,
}

/// What a token says of the person.
#[derive(Deserialize)]
struct Claims {
    tid: ObjectId,
    oid: ObjectId,
    #[serde(default)]
    idtyp: Option<String>,
    #[serde(default)]
    amr: Vec<String>,
}

impl DeviceSignIn<'_> {
    /// Asks for a code. `POST /{tenant}/oauth2/v2.0/devicecode`.
    ///
    /// # Errors
    /// Where the service refuses or cannot be asked.
    pub async fn begin(&self) -> Result<DeviceCode, SignInError> {
        let scope = format!(
            "https://{}/User.Read",
            Hosts::of(self.cloud).host(Service::Graph)
        );
        let fields = [("scope", scope.as_str())];
        let reply = self.post("devicecode", &fields).await?;
        let issued: Issued = read(&reply).map_err(|denied| refused(&reply, denied))?;
        Ok(DeviceCode {
            user_code: issued.user_code,
            verification_uri: issued.verification_uri,
            secret: issued.device_code,
            pause: Duration::from_secs(issued.interval.min(60)).max(PAUSE_AT_LEAST),
            life: Duration::from_secs(issued.expires_in).min(LIFE_AT_MOST),
        })
    }

    /// Waits until the person has signed in, at most for the code's own time. `POST /{tenant}/oauth2/v2.0/token`.
    ///
    /// # Errors
    /// Where he did not, or it does not count.
    pub async fn finish(&self, code: &DeviceCode) -> Result<SignedIn, SignInError> {
        tokio::time::timeout(code.life, self.poll(code))
            .await
            .unwrap_or(Err(SignInError::Expired))
    }

    async fn poll(&self, code: &DeviceCode) -> Result<SignedIn, SignInError> {
        let (mut pause, mut asked) = (code.pause, Duration::ZERO);
        loop {
            tokio::time::sleep(pause.max(asked)).await;
            asked = Duration::ZERO;
            let fields = [
                ("grant_type", GRANT),
                ("device_code", code.secret.expose_secret()),
            ];
            let reply = match self.post("token", &fields).await {
                // A passing trouble of the line; the code's own time bounds it. RFC 8628, 3.5: then ask less often.
                Err(SignInError::Unavailable(_)) => {
                    pause = (pause * 2).min(PAUSE_AT_MOST);
                    continue;
                }
                other => other?,
            };
            let denied = match read::<Granted>(&reply) {
                Ok(granted) => return who(granted.access_token.expose_secret(), self.tenant),
                Err(denied) => denied,
            };
            match denied.as_ref().map(|denied| denied.error.as_str()) {
                Some("authorization_pending") => {}
                Some("slow_down") => pause += SLOWER,
                Some("authorization_declined" | "access_denied") => {
                    return Err(SignInError::Declined);
                }
                Some("expired_token") => return Err(SignInError::Expired),
                _ if passes(&reply) => asked = reply.retry_after().unwrap_or_default(),
                _ => return Err(refused(&reply, denied)),
            }
        }
    }

    async fn post(&self, page: &str, fields: &[(&str, &str)]) -> Result<Reply, SignInError> {
        let root = Hosts::of(self.cloud).root(Service::Login);
        let path = format!("{}/oauth2/v2.0/{page}", self.tenant);
        let url = root.and_then(|root| root.join(&path).ok());
        let url = url.ok_or_else(|| SignInError::Unavailable("NoHost".to_owned()))?;
        let application = self.application.to_string();
        let fields = [&[("client_id", application.as_str())], fields].concat();
        let call = Call::new(Method::POST, url, Body::Form(wiped::form(&fields)));
        let unavailable = |failure: Failure| SignInError::Unavailable(failure.code);
        let sent = self.http.send(&call, None, TIMEOUT).await;
        sent.map_err(unavailable)
    }
}

fn who(token: &str, tenant: ObjectId) -> Result<SignedIn, SignInError> {
    let claims: Claims = claims::of(token).ok_or(SignInError::NotOurs)?;
    let person = claims.idtyp.is_none_or(|kind| kind == "user");
    if claims.tid != tenant || !person {
        return Err(SignInError::NotOurs);
    }
    Ok(SignedIn {
        user: claims.oid,
        mfa: claims.amr.iter().any(|method| method == "mfa"),
    })
}

/// A success as `T`; else what was denied, where that is told.
fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T, Option<Denied>> {
    if reply.is_success() {
        serde_json::from_slice(&reply.body).map_err(|_| None)
    } else {
        Err(serde_json::from_slice(&reply.body).ok())
    }
}

/// Throttled, or a trouble of the service's own.
fn passes(reply: &Reply) -> bool {
    reply.status == 429 || reply.status >= 500
}

fn refused(reply: &Reply, denied: Option<Denied>) -> SignInError {
    match denied.filter(|_| !passes(reply)) {
        Some(denied) => SignInError::Refused(denied.error_codes.first().map_or_else(
            || Failure::of(super::Kind::Rejected, reply.status, &denied.error).code,
            |code| format!("AADSTS{code}"),
        )),
        None => SignInError::Unavailable(format!("HTTP{}", reply.status)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    const TENANT: &str = "6f2f4a3e-1b2c-4d5e-8f90-a1b2c3d4e5f6";
    const USER: &str = "0d5c9e1b-52a7-4c1e-8a3f-9b7d61c2e4f0";

    fn read_of(claims: &Value) -> Result<SignedIn, SignInError> {
        let token = format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims.to_string()));
        who(&token, ObjectId::parse(TENANT).unwrap())
    }

    #[test]
    fn mfa_is_what_the_token_says_and_nothing_else() {
        for (amr, mfa) in [
            (json!(["pwd", "mfa"]), true),
            (json!(["pwd"]), false),
            (json!([]), false),
        ] {
            let seen = read_of(&json!({"tid": TENANT, "oid": USER, "amr": amr})).unwrap();
            assert_eq!((seen.user, seen.mfa), (ObjectId::parse(USER).unwrap(), mfa));
        }
        assert!(!read_of(&json!({"tid": TENANT, "oid": USER})).unwrap().mfa);
    }

    #[test]
    fn no_code_is_printed() {
        let code = DeviceCode {
            user_code: "HUNTER2".to_owned(),
            verification_uri: "https://microsoft.com/devicelogin".to_owned(),
            secret: "hunter2".into(),
            pause: Duration::ZERO,
            life: Duration::ZERO,
        };
        let printed = format!("{code:?}").to_lowercase();
        assert!(printed.contains("devicelogin"), "{printed}");
        assert!(!printed.contains("hunter2"), "{printed}");
    }

    #[test]
    fn who_is_no_user_of_this_tenant_does_not_count() {
        for claims in [
            json!({"tid": USER, "oid": USER, "amr": ["mfa"]}),
            json!({"tid": TENANT, "oid": USER, "amr": ["mfa"], "idtyp": "app"}),
            json!({"tid": TENANT, "amr": ["mfa"]}),
            json!({"tid": TENANT, "oid": USER, "amr": "mfa"}),
        ] {
            assert_eq!(read_of(&claims), Err(SignInError::NotOurs), "{claims}");
        }
        let tenant = ObjectId::parse(TENANT).unwrap();
        assert_eq!(who("opaque", tenant), Err(SignInError::NotOurs));
    }
}
