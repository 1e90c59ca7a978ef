//! A reverse proxy between the operator and the API server. It knows the requests that write, and holds the one that is
//! waited for: before the server sees it, or after the server has answered. Everything else streams through. It can lie about the
//! server's clock.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::serve::ListenerExt as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::cluster::Result;
use crate::points::{Kind, Record, Request, Side};

/// What an object of ours can be at most.
const LARGEST: usize = 16 * 1024 * 1024;

/// A request that writes, as it came by.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) request: Request,
    pub(crate) at: Timestamp,
    /// It was sent on: the server may have seen it.
    pub(crate) forwarded: bool,
}

/// A request that is held. Dropped: it is not sent on, or its answer is not.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) request: Request,
    /// Its place among those seen.
    pub(crate) place: usize,
    release: oneshot::Sender<()>,
}

impl Held {
    /// Lets it go on.
    pub(crate) fn go(self) {
        // Nobody waits for it where the operator has gone.
        let _ = self.release.send(());
    }
}

#[derive(Debug)]
struct Armed {
    point: Request,
    side: Side,
    reached: oneshot::Sender<Held>,
}

#[derive(Debug, Default)]
struct Book {
    seen: Vec<Seen>,
    counts: HashMap<(Kind, String), usize>,
    /// What each record is about.
    records: HashMap<String, String>,
    /// What another run did; it tells whether a point was passed.
    record: Option<Record>,
    armed: Option<Armed>,
}

struct Inner {
    upstream: reqwest::Client,
    url: String,
    book: Mutex<Book>,
    /// Seconds by which the server's clock seems to be ahead of what it is.
    ahead: AtomicI64,
}

impl Inner {
    fn book<T>(&self, work: impl FnOnce(&mut Book) -> T) -> T {
        work(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The running proxy; it ends when this is dropped.
pub(crate) struct Proxy {
    /// Where the operator finds it.
    pub(crate) url: String,
    inner: Arc<Inner>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Starts it in front of the API server at `url`, which shows a certificate of the authority in `ca`.
    pub(crate) async fn start(url: &str, ca: &Path) -> Result<Self> {
        let authority = reqwest::Certificate::from_pem(&std::fs::read(ca)?)?;
        let upstream = reqwest::Client::builder()
            .tls_certs_only([authority])
            .no_proxy()
            .build()?;
        let inner = Arc::new(Inner {
            upstream,
            url: url.to_owned(),
            book: Mutex::default(),
            ahead: AtomicI64::default(),
        });
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let own = format!("http://{}", listener.local_addr()?);
        // An answer leaves in parts, and each would wait for the acknowledgment of the one before.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let router = axum::Router::new()
            .fallback(handle)
            .with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            url: own,
            inner,
            task,
        })
    }

    /// From now on each answer says that it is so many seconds later than it is.
    pub(crate) fn set_clock(&self, ahead: i64) {
        self.inner.ahead.store(ahead, Ordering::SeqCst);
    }

    /// All requests that write, in their order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.inner.book(|book| book.seen.clone())
    }

    /// How many outcomes came by.
    pub(crate) fn outcomes(&self) -> usize {
        self.inner.book(|book| {
            let outcomes = book.seen.iter().filter(|s| s.request.kind == Kind::Outcome);
            outcomes.count()
        })
    }

    /// From now on the run is compared with this one.
    pub(crate) fn compare(&self, record: Record) {
        self.inner.book(|book| book.record = Some(record));
    }

    /// Holds the next request that reaches `point`, on this side of it; told once it is held.
    pub(crate) fn arm(&self, point: &Request, side: Side) -> oneshot::Receiver<Held> {
        let (reached, told) = oneshot::channel();
        let armed = Armed {
            point: point.clone(),
            side,
            reached,
        };
        self.inner.book(|book| book.armed = Some(armed));
        told
    }
}

impl Book {
    /// Writes a request down; its place, and what waits for it.
    fn note(
        &mut self,
        method: &Method,
        path: &str,
        body: &Bytes,
    ) -> Option<(usize, Option<Armed>)> {
        let (kind, what) = self.classify(method, path, body)?;
        let count = self.counts.entry((kind, what.clone())).or_default();
        *count += 1;
        let request = Request {
            kind,
            what,
            number: *count,
            within: 0,
        };
        let place = self.seen.len();
        let seen: Vec<Request> = self.seen.iter().map(|one| one.request.clone()).collect();
        let nothing = Record(Vec::new());
        let record = self.record.as_ref().unwrap_or(&nothing);
        let due = |armed: &mut Armed| record.reaches(&seen, &request, &armed.point);
        let armed = self.armed.take_if(due);
        self.seen.push(Seen {
            request,
            at: Timestamp::now(),
            forwarded: false,
        });
        Some((place, armed))
    }

    fn classify(&mut self, method: &Method, path: &str, body: &Bytes) -> Option<(Kind, String)> {
        let rest = path.strip_prefix("/apis/tenantclosure.dev/v1alpha1/namespaces/")?;
        let parts: Vec<&str> = rest.split('/').collect();
        let body = || serde_json::from_slice::<Value>(body).unwrap_or_default();
        match (method.as_str(), parts.as_slice()) {
            ("POST", [_, "closurerecords"]) => {
                let record = body();
                let what = about(&record["spec"]);
                let name = record["metadata"]["name"].as_str().unwrap_or_default();
                self.records.insert(name.to_owned(), what.clone());
                Some((Kind::Claim, what))
            }
            ("PATCH", [_, "closurerecords", name, "status"]) => {
                Some((Kind::Outcome, self.records.get(*name)?.clone()))
            }
            ("PATCH", [_, "tenantclosures", _, "status"]) => {
                let told = body();
                let step = told["status"]["step"].as_str().unwrap_or_default();
                let name = step.split(' ').next_back().unwrap_or_default();
                Some((Kind::Patch, name.to_owned()))
            }
            _ => None,
        }
    }
}

/// Step and action of a record, or its type.
fn about(spec: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match spec.get("intent") {
        Some(intent) => format!("{}/{}", text(&intent["step"]), text(&intent["action"])),
        None => format!("Preconditions/{}", text(&spec["type"])),
    }
}

async fn handle(State(proxy): State<Arc<Inner>>, request: http::Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let noted = proxy.book(|book| book.note(&parts.method, parts.uri.path(), &body));
    let (place, mut armed) = match noted {
        Some((place, armed)) => (Some(place), armed),
        None => (None, None),
    };
    if let Some(before) = armed.take_if(|armed| armed.side == Side::Before)
        && !held(&proxy, place, before).await
    {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    if let Some(place) = place {
        proxy.book(|book| book.seen[place].forwarded = true);
    }
    let target = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    let sent = proxy
        .upstream
        .request(parts.method.clone(), format!("{}{target}", proxy.url))
        .headers(end_to_end(parts.headers))
        .body(body)
        .send()
        .await;
    let answer = match sent {
        Ok(answer) => http::Response::<reqwest::Body>::from(answer),
        Err(error) => return (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    };
    let (mut parts, body) = answer.into_parts();
    parts.headers = end_to_end(parts.headers);
    let ahead = proxy.ahead.load(Ordering::SeqCst);
    if ahead != 0 {
        let there = Timestamp::now() + SignedDuration::from_secs(ahead);
        let date = there.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::try_from(date) {
            parts.headers.insert(header::DATE, date);
        }
    }
    let Some(after) = armed else {
        return Response::from_parts(parts, Body::new(body));
    };
    // The whole answer is here before it is held: the server has nothing more to do.
    let Ok(body) = to_bytes(Body::new(body), LARGEST).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    if held(&proxy, place, after).await {
        Response::from_parts(parts, Body::from(body))
    } else {
        StatusCode::BAD_GATEWAY.into_response()
    }
}

/// Holds a request until it may go on; false where it may not.
async fn held(proxy: &Inner, place: Option<usize>, armed: Armed) -> bool {
    let Some(place) = place else { return true };
    let request = proxy.book(|book| book.seen[place].request.clone());
    let (release, released) = oneshot::channel();
    let held = Held {
        request,
        place,
        release,
    };
    // Nobody waits for it any more: it goes on.
    armed.reached.send(held).is_err() || released.await.is_ok()
}

/// The headers but for those that concern one connection alone; lengths are written anew.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in [
        header::HOST,
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::CONTENT_LENGTH,
    ] {
        headers.remove(name);
    }
    headers
}
