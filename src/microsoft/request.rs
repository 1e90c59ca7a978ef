//! The one function that sends an HTTP request: https to a compiled-in host, no redirects, bounded in time and size.

use super::calls;
use super::clouds::{Hosts, Service, compiled_in, service_of};
use super::counters::Counters;
use super::failure::{Failure, Told, is_challenge, retry_after};
use super::token_cache::TokenCache;
use super::trace;
use super::wiped;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

/// The largest body that is read, bytes.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// Sends every host name of the compiled-in list to one address, with one more certificate authority that is believed
/// instead of the usual ones: for the simulator. Names, paths and every check stay as they are. Which addresses may be
/// given is for the caller to check.
#[derive(Clone, Debug)]
pub struct EndpointOverride {
    /// Where connections go.
    pub address: SocketAddr,
    /// The only certificate authority believed, PEM.
    pub ca_pem: Vec<u8>,
}

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No certificate in the PEM text.
    #[error("the CA file holds no certificate")]
    NoCertificate,
    /// TLS could not be set up, or a certificate could not be read.
    #[error("HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// A pool of connections to Microsoft, and the tokens got so far: shared by all tenants of this process.
#[derive(Debug)]
pub struct Http {
    client: reqwest::Client,
    counters: Arc<Counters>,
    /// Tokens, shared like the connections.
    pub(super) tokens: TokenCache,
}

/// What is sent in a request's body.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// Nothing.
    None,
    /// JSON, written already.
    Json(Vec<u8>),
    /// A form with a secret in it: not printable.
    Form(SecretString),
}

/// One request, without its token.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// GET, POST, PATCH or DELETE.
    pub(super) method: Method,
    /// Absolute, on a compiled-in host.
    pub(super) url: Url,
    /// The body.
    pub(super) body: Body,
    /// Send `ConsistencyLevel: eventual` (Graph's advanced queries).
    pub(super) eventual: bool,
}

impl Call {
    /// A GET.
    pub(super) fn get(url: Url) -> Self {
        Self::new(Method::GET, url, Body::None)
    }

    /// A DELETE.
    pub(super) fn delete(url: Url) -> Self {
        Self::new(Method::DELETE, url, Body::None)
    }

    /// A POST with JSON.
    pub(super) fn post(url: Url, body: &serde_json::Value) -> Self {
        Self::new(Method::POST, url, Body::Json(body.to_string().into_bytes()))
    }

    /// A PATCH with JSON.
    pub(super) fn patch(url: Url, body: &serde_json::Value) -> Self {
        Self::new(
            Method::PATCH,
            url,
            Body::Json(body.to_string().into_bytes()),
        )
    }

    pub(super) fn new(method: Method, url: Url, body: Body) -> Self {
        Self {
            method,
            url,
            body,
            eventual: false,
        }
    }
}

/// A reply with any status, read to its end.
pub(super) struct Reply {
    /// The `client-request-id` that it was asked with.
    pub(super) id: Uuid,
    /// HTTP status.
    pub(super) status: u16,
    /// Headers.
    pub(super) headers: HeaderMap,
    /// The body, at most 8 MiB. It may hold a token: it is overwritten when it is dropped.
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Neither the body nor a header is printed.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Reply");
        told.field("id", &self.id).field("status", &self.status);
        told.field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Reply {
    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The pause that it asks for.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after").and_then(retry_after)
    }

    /// True for 2xx.
    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The reply itself where it is a success, else what it tells of.
    pub(super) fn success(self) -> Result<Self, Failure> {
        match self.failure() {
            Some(failure) => Err(failure),
            None => Ok(self),
        }
    }

    /// What it tells of; `None` for a success.
    pub(super) fn failure(&self) -> Option<Failure> {
        (!self.is_success()).then(|| Failure {
            request_id: Some(self.id),
            ..Failure::from_reply(self.status, &self.body, self.told())
        })
    }

    fn told(&self) -> Told {
        Told {
            retry_after: self.retry_after(),
            challenged: self.header("www-authenticate").is_some_and(is_challenge),
        }
    }

    /// The body of a success, read as `T`. What is no such JSON (an HTML page, say) is `Malformed`.
    pub(super) fn json<T: DeserializeOwned>(self) -> Result<T, Failure> {
        let reply = self.success()?;
        serde_json::from_slice(&reply.body).map_err(|_| Failure::malformed("UnexpectedBody"))
    }
}

impl Http {
    /// A client for the real hosts, or with all of them sent to one address. Needs the process-wide rustls provider.
    pub fn new(endpoint: Option<&EndpointOverride>) -> Result<Self, HttpError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tenant-closure/", env!("CARGO_PKG_VERSION")))
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(Duration::from_secs(5))
            .pool_max_idle_per_host(8)
            .pool_idle_timeout(Duration::from_secs(30));
        if let Some(endpoint) = endpoint {
            let roots = reqwest::Certificate::from_pem_bundle(&endpoint.ca_pem)?;
            if roots.is_empty() {
                return Err(HttpError::NoCertificate);
            }
            builder = builder.no_proxy().tls_certs_only(roots);
            for host in Hosts::all() {
                builder = builder.resolve(host, endpoint.address);
            }
        }
        Ok(Self {
            client: builder.build()?,
            counters: Arc::default(),
            tokens: TokenCache::default(),
        })
    }

    /// What was spent so far, for metrics.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Sends one request and reads the whole reply, within `timeout` from now on. Any status is a reply; what brings
    /// none is [`super::Kind::Transport`]: a timeout, a broken connection, a body of more than 8 MiB.
    pub(super) async fn send(
        &self,
        call: &Call,
        bearer: Option<&SecretString>,
        timeout: Duration,
    ) -> Result<Reply, Failure> {
        self.send_as(Uuid::new_v4(), call, bearer, timeout).await
    }

    /// Likewise, with this `client-request-id`, which no other request has.
    pub(super) async fn send_as(
        &self,
        id: Uuid,
        call: &Call,
        bearer: Option<&SecretString>,
        timeout: Duration,
    ) -> Result<Reply, Failure> {
        if !compiled_in(&call.url) {
            return Err(Failure::malformed("ForeignHost"));
        }
        if !listed(call) {
            return Err(Failure::unsendable("UnlistedCall"));
        }
        self.counters.request();
        let begun = Instant::now();
        let answer = tokio::time::timeout(timeout, self.exchange(call, id, bearer)).await;
        let result = answer.unwrap_or_else(|_| Err(Failure::transport("Timeout")));
        trace::call(call, id, &result, begun.elapsed());
        result.map_err(|failure| {
            self.counters.failed();
            Failure {
                request_id: Some(id),
                ..failure
            }
        })
    }

    async fn exchange(
        &self,
        call: &Call,
        id: Uuid,
        bearer: Option<&SecretString>,
    ) -> Result<Reply, Failure> {
        let mut request = self
            .client
            .request(call.method.clone(), call.url.clone())
            .header(ACCEPT, "application/json")
            .header("client-request-id", id.to_string())
            .header("x-ms-throttle-priority", "low");
        if service_of(&call.url) == Some(Service::Partner) {
            // Its own two names: with a new id, a repeated request is not taken for the one before.
            request = request
                .header("MS-RequestId", id.to_string())
                .header("MS-CorrelationId", id.to_string());
        }
        if let Some(token) = bearer {
            request = request.header(AUTHORIZATION, authorization(token)?);
        }
        if call.eventual {
            request = request.header("ConsistencyLevel", "eventual");
        }
        request = match &call.body {
            Body::None => request,
            Body::Json(bytes) => request
                .header(CONTENT_TYPE, "application/json")
                .body(bytes.clone()),
            Body::Form(form) => request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(wiped::sent(form)),
        };
        let mut response = request.send().await.map_err(|error| word_for(&error))?;
        let told = response.content_length().unwrap_or_default();
        let size = usize::try_from(told).map_or(0, |size| size.min(LARGEST_BODY));
        let mut body = Zeroizing::new(Vec::with_capacity(size));
        while let Some(chunk) = response.chunk().await.map_err(|error| word_for(&error))? {
            if body.len() + chunk.len() > LARGEST_BODY {
                return Err(Failure::transport("BodyTooLarge"));
            }
            wiped::append(&mut body, &chunk);
        }
        Ok(Reply {
            id,
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }
}

/// The header that shows a token. It is marked: HTTP/2 keeps it out of its tables, and nobody prints it.
fn authorization(token: &SecretString) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_maybe_shared(wiped::bearer(token))
        .map_err(|_| Failure::malformed("TokenUnreadable"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What writes must be on the list of calls. A reading may follow a link that Microsoft gave.
fn listed(call: &Call) -> bool {
    let method = call.method.as_str();
    method == "GET"
        || service_of(&call.url)
            .is_some_and(|service| calls::find(service, method, call.url.path()).is_some())
}

/// A stable word for a failed exchange; the library's own text may hold a URL.
fn word_for(error: &reqwest::Error) -> Failure {
    Failure::transport(if error.is_timeout() {
        "Timeout"
    } else if error.is_connect() {
        "Unreachable"
    } else {
        "BrokenConnection"
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    /// The page of a reply, a form and the header of a token: none of them tells what is in it.
    #[test]
    fn nothing_on_the_wire_is_printed() {
        let mut headers = HeaderMap::new();
        headers.insert("set-cookie", HeaderValue::from_static("hunter2"));
        let reply = Reply {
            id: Uuid::nil(),
            status: 200,
            headers,
            body: Zeroizing::new(br#"{"access_token":"hunter2"}"#.to_vec()),
        };
        let url = Url::parse("https://login.microsoftonline.com/").unwrap();
        let call = Call::new(Method::POST, url, Body::Form("secret=hunter2".into()));
        let bearer = authorization(&"hunter2".into()).unwrap();
        assert_eq!(bearer, "Bearer hunter2");
        for printed in [
            format!("{reply:?}"),
            format!("{call:?}"),
            format!("{bearer:?}"),
            format!("{:?}", authorization(&"hunter2\n".into())),
        ] {
            assert!(!printed.contains("hunter2"), "{printed}");
        }
    }
}
