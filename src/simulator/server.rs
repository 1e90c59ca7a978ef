//! HTTP around the world: finds the service by the host name, applies scripted faults, adds the headers that every reply carries.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use futures::StreamExt as _;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue};

use super::breakpoints::{Stop, Then, When};
use super::connections::Connections;
use super::errors::Refusal;
use super::exchange::{Content, Query, Reply, Request, Service};
use super::faults::{self, Deed};
use super::hosts::{self, Cloud};
use super::judge::credentials;
use super::world::World;

/// The largest body that is read.
const LARGEST: usize = 32 * 1024 * 1024;

/// What all requests share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) connections: Connections,
}

impl Shared {
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        work(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) async fn handle(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: http::Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return finish(&Reply::text(413, "The body is too large.".to_owned()), &[]);
    };
    let Some(request) = read(&shared, &parts, &body) else {
        return finish(
            &Reply::text(
                404,
                "No service answers under this host and path.".to_owned(),
            ),
            &[],
        );
    };
    let ids = ids(&request);
    if matches!(request.service, Service::Control | Service::Console) {
        let reply = shared.with(|world| world.serve(&request));
        return finish(&reply, &ids);
    }
    if let Some(encoding) = request.encoding() {
        // Clients that pack what they send (Go's SDK does) send it again as it is, and only after this status.
        let text = format!("The content encoding '{encoding}' is not supported.");
        let refusal = Refusal::new(415, "UnsupportedMediaType", text);
        let id = &request.request_id;
        let now = shared.with(|world| world.clock.real());
        let told = request.header("client-request-id").unwrap_or(id);
        let reply = refusal.graph(id, told, now);
        return finish(&reply, &ids);
    }
    shared.with(|world| credentials::consider(world, &request));
    let stop = shared.with(|world| world.breakpoints.meet(&request, world.clock.real()));
    let mut stay = stop.map(|stop| Stay(&shared, stop));
    if let Some(stay) = stay.take_if(|stay| stay.1.when == When::Before)
        && stay.verdict().await == Then::Drop
    {
        shared.connections.cut(peer);
        return finish(&Reply::empty(500), &ids);
    }
    let response = answer(&shared, peer, &request, &ids).await;
    if let Some(stay) = stay
        && stay.verdict().await == Then::Drop
    {
        shared.connections.cut(peer);
    }
    response
}

/// A request at a breakpoint. Where its client goes away, this is dropped with the request.
struct Stay<'a>(&'a Shared, Stop);

impl Stay<'_> {
    async fn verdict(mut self) -> Then {
        let id = self.1.id;
        self.0.with(|world| world.breakpoints.held(id));
        // A breakpoint that was taken away holds nobody.
        (&mut self.1.verdict).await.unwrap_or(Then::Go)
    }
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        self.0.with(|world| world.breakpoints.abandoned(self.1.id));
    }
}

/// The answer of a service, bent by the fault that strikes it.
async fn answer(
    shared: &Shared,
    peer: SocketAddr,
    request: &Request,
    ids: &[(&'static str, String)],
) -> Response {
    let (deed, latency) = shared.with(|world| {
        let deed = world.faults.request(&world.tenants, request);
        (deed, latency(world, request))
    });
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(u64::from(latency))).await;
    }
    let serve = || shared.with(|world| world.serve(request));
    let html = || Reply {
        status: 200,
        headers: Vec::new(),
        content: Content::Text(
            "<!DOCTYPE html><html><body>Our services aren't available right now</body></html>"
                .to_owned(),
            "text/html",
        ),
    };
    let reply = match deed {
        None => serve(),
        Some(Deed::Status {
            code,
            headers,
            body,
            apply,
        }) => {
            if apply {
                serve();
            }
            faults::scripted(code, &headers, body)
        }
        Some(Deed::DropBefore) => {
            shared.connections.cut(peer);
            Reply::empty(500)
        }
        Some(Deed::DropAfter) => {
            serve();
            shared.connections.cut(peer);
            Reply::empty(500)
        }
        Some(Deed::Delay(milliseconds)) => {
            let (shared, request) = (shared.clone(), request.clone());
            let late = tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                shared.with(|world| world.serve(&request))
            });
            late.await.unwrap_or_else(|_| Reply::empty(500))
        }
        Some(Deed::Stale(milliseconds)) => {
            shared.with(|world| world.serve_stale(request, milliseconds))
        }
        Some(Deed::Html) => html(),
        Some(Deed::Endless) => return endless(),
        Some(Deed::Truncate) => return truncated(&serve()),
        Some(deed) => faults::bend(&deed, serve()),
    };
    finish(&reply, ids)
}

/// How many milliseconds the answer takes: as the tenant says that is asked about, or the scenario.
pub(super) fn latency(world: &World, request: &Request) -> u32 {
    let tenant = faults::tenant_of(&world.tenants, request);
    let index = tenant.and_then(|id| world.find(id));
    let behaviour = index.map_or(&world.behaviour, |index| world.behaviour_of(index));
    behaviour.latency_ms
}

/// What each service names a request by in its answers, to the caller's wish where it takes one.
fn ids(request: &Request) -> Vec<(&'static str, String)> {
    let own = || request.request_id.clone();
    let or_own = |name: &str| request.header(name).map_or_else(own, str::to_owned);
    match request.service {
        Service::Graph | Service::Control | Service::Console => vec![
            ("request-id", own()),
            ("client-request-id", or_own("client-request-id")),
        ],
        Service::Arm => vec![
            ("x-ms-request-id", own()),
            (
                "x-ms-correlation-request-id",
                or_own("x-ms-correlation-request-id"),
            ),
        ],
        Service::Partner => vec![
            ("MS-RequestId", or_own("ms-requestid")),
            ("MS-CorrelationId", or_own("ms-correlationid")),
        ],
        Service::Login => vec![("x-ms-request-id", own())],
    }
}

/// The pages alone, over plain HTTP: for a browser on this machine, which need not trust our authority then.
pub(crate) async fn pages(State(shared): State<Shared>, request: http::Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let refused = |status, text: &str| finish(&Reply::text(status, text.to_owned()), &[]);
    let host = parts
        .headers
        .get(HOST)
        .and_then(|value| value.to_str().ok());
    if !host.is_some_and(is_loopback) {
        // A name that somebody made to point here: another site would press the buttons.
        return refused(
            403,
            "The pages answer under localhost and loopback addresses.",
        );
    }
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return refused(413, "The body is too large.");
    };
    let place = (
        Service::Console,
        None,
        String::new(),
        parts.uri.path().to_owned(),
    );
    let request = build(&shared, &parts, &body, place);
    let reply = shared.with(|world| world.serve(&request));
    finish(&reply, &ids(&request))
}

/// Whether a `Host` header names this machine itself.
fn is_loopback(host: &str) -> bool {
    let url = url::Url::parse(&format!("http://{host}/"));
    match url.as_ref().ok().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The request as the services see it; `None` where no service is meant.
fn read(shared: &Shared, parts: &http::request::Parts, body: &Bytes) -> Option<Request> {
    let host = parts
        .headers
        .get(HOST)
        .and_then(|value| value.to_str().ok())
        .or_else(|| parts.uri.host())
        .unwrap_or_default()
        .to_owned();
    let place = place(&host, parts.uri.path())?;
    Some(build(shared, parts, body, place))
}

/// Service, cloud, base of links, and the path without prefix.
type Place = (Service, Option<Cloud>, String, String);

fn build(shared: &Shared, parts: &http::request::Parts, body: &Bytes, place: Place) -> Request {
    let (service, cloud, base, path) = place;
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                value.to_str().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let request_id = shared.with(|world| world.random.uuid()).to_string();
    Request {
        method: parts.method.as_str().to_owned(),
        service,
        cloud,
        base,
        path,
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        headers,
        body: body.to_vec(),
        request_id,
    }
}

fn place(host: &str, path: &str) -> Option<Place> {
    if path.starts_with("/_sim/") {
        return Some((
            Service::Control,
            None,
            format!("https://{host}"),
            path.to_owned(),
        ));
    }
    if let Some((service, clouds)) = hosts::lookup(host) {
        return Some((
            service,
            clouds.first().copied(),
            format!("https://{host}"),
            path.to_owned(),
        ));
    }
    if path == "/" || path == "/style.css" || path.starts_with("/tenants/") {
        return Some((
            Service::Console,
            None,
            format!("https://{host}"),
            path.to_owned(),
        ));
    }
    if signs_in(path) {
        return Some((
            Service::Login,
            None,
            format!("https://{host}"),
            path.to_owned(),
        ));
    }
    let (prefix, rest) = path.trim_start_matches('/').split_once('/')?;
    let service = match prefix {
        "graph" => Service::Graph,
        "login" => Service::Login,
        "arm" => Service::Arm,
        "partner" => Service::Partner,
        _ => return None,
    };
    Some((
        service,
        None,
        format!("https://{host}/{prefix}"),
        format!("/{rest}"),
    ))
}

/// A path of the sign-in service without our prefix: Microsoft's libraries for .NET and Go keep only the first part of an authority's
/// path, and take it for the tenant.
fn signs_in(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let (Some(tenant), Some(next)) = (parts.next(), parts.next()) else {
        return false;
    };
    let known = uuid::Uuid::parse_str(tenant).is_ok()
        || tenant.contains('.')
        || ["common", "organizations", "consumers"].contains(&tenant);
    known && ["oauth2", "v2.0", "discovery", "userrealm"].contains(&next)
}

fn finish(reply: &Reply, ids: &[(&'static str, String)]) -> Response {
    let (kind, body) = match &reply.content {
        Content::Empty => (None, Body::empty()),
        Content::Json(value) => (
            Some("application/json; odata.metadata=minimal; charset=utf-8"),
            Body::from(value.to_string()),
        ),
        Content::Text(text, kind) => (Some(*kind), Body::from(text.clone())),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(kind) = kind {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    let own = ids.iter().map(|(name, value)| (*name, value.as_str()));
    let given = reply
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in given.chain(own) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    response
}

/// A body that never ends; it pauses so that a patient client is not flooded.
fn endless() -> Response {
    let stream =
        futures::stream::repeat(Bytes::from_static(&[b' '; 4096])).then(|bytes| async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok::<_, std::io::Error>(bytes)
        });
    let mut response = Response::new(Body::from_stream(stream));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The first half of an answer.
fn truncated(reply: &Reply) -> Response {
    let mut text = match &reply.content {
        Content::Json(value) => value.to_string(),
        Content::Text(text, _) => text.clone(),
        Content::Empty => String::new(),
    };
    let half = (0..=text.len() / 2)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    text.truncate(half);
    let mut response = Response::new(Body::from(text));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;
