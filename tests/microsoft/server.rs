//! A Microsoft of our own for these tests: TLS under the real names, and an answer for each request from a function.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use tenant_closure::closure::id::ObjectId;
use tenant_closure::closure::tenant::Leash;
use tenant_closure::closure::terms::Cloud;
use tenant_closure::microsoft::{
    Dns, EndpointOverride, Gates, Hosts, Http, Limits, LiveTenant, Proof, Service, Settings,
    find_call,
};

/// The tenant of all tests.
pub const TENANT: ObjectId = ObjectId(uuid::Uuid::from_u128(0xaaaa));
/// The application of all tests.
pub const APP: ObjectId = ObjectId(uuid::Uuid::from_u128(0xbbbb));

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub host: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Value,
    /// The body as it came, where it is no JSON: a form.
    pub text: String,
    /// Its own headers, where it came inside a `$batch`.
    pub inside: Option<HeaderMap>,
}

impl Seen {
    pub fn bearer(&self) -> &str {
        let value = self.headers.get("authorization").map(HeaderValue::to_str);
        value
            .unwrap_or(Ok(""))
            .unwrap()
            .trim_start_matches("Bearer ")
    }

    /// The requests inside a `$batch`, as if each had come by itself.
    pub fn inside(&self) -> Option<Vec<Seen>> {
        let version = self.path.strip_suffix("/$batch")?;
        let items = self.body["requests"].as_array()?.iter();
        let alone = |item: &Value| {
            let url = item["url"].as_str().unwrap();
            let (path, query) = url.split_once('?').unwrap_or((url, ""));
            Seen {
                method: item["method"].as_str().unwrap().to_owned(),
                path: format!("{version}{path}"),
                query: query.to_owned(),
                body: item["body"].clone(),
                inside: Some(headers(&item["headers"])),
                ..self.clone()
            }
        };
        Some(items.map(alone).collect())
    }

    /// Which service it came to.
    pub fn service(&self) -> Service {
        let services = [
            Service::Login,
            Service::Graph,
            Service::Arm,
            Service::Partner,
        ];
        let is_here = |service: &Service| {
            Cloud::ALL
                .iter()
                .any(|cloud| Hosts::of(*cloud).host(*service) == self.host)
        };
        services.into_iter().find(is_here).unwrap()
    }

    /// The list of calls has it, and what is inside; whoever is not on it gets no answer in any of these tests.
    fn must_be_listed(&self) {
        let service = self.service();
        for one in std::iter::once(self.clone()).chain(self.inside().unwrap_or_default()) {
            assert!(
                find_call(service, &one.method, &one.path).is_some(),
                "no such call: {} {}",
                one.method,
                one.path
            );
        }
    }

    /// The requests inside a `$batch` that only reads, as if each had come by itself.
    fn readings(&self) -> Option<Vec<Seen>> {
        let inside = self.inside()?;
        let reads = |one: &Seen| one.method == "GET" || one.path.ends_with("/getByIds");
        inside.iter().all(reads).then_some(inside)
    }

    /// Ids and methods inside a `$batch`.
    pub fn items(&self) -> Vec<(String, String)> {
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let items = self.body["requests"].as_array().unwrap();
        items
            .iter()
            .map(|i| (text(&i["id"]), text(&i["url"])))
            .collect()
    }
}

/// What is answered.
pub enum Told {
    Json(u16, Value),
    With(u16, Vec<(&'static str, String)>, Value),
    Html(u16),
    /// Headers, and a body of any kind.
    Raw(u16, Vec<(&'static str, String)>, Vec<u8>),
    Endless,
    /// The connection breaks.
    Broken,
}

type Script = Box<dyn Fn(&Seen, usize) -> Told + Send + Sync>;

/// The running server.
pub struct Fake {
    seen: Mutex<Vec<Seen>>,
    read: Mutex<Vec<Seen>>,
    script: Script,
    tokens: Mutex<usize>,
}

impl Fake {
    /// Requests so far, tokens aside.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Readings inside `$batch`es so far, as if each had come by itself.
    pub fn read(&self) -> Vec<Seen> {
        self.read.lock().unwrap().clone()
    }

    /// Tokens given so far.
    pub fn tokens(&self) -> usize {
        *self.tokens.lock().unwrap()
    }
}

/// A token for a tenant, told apart by `mark`.
pub fn token(tenant: ObjectId, mark: usize) -> String {
    let claims = json!({"tid": tenant.to_string(), "roles": ["User.ReadWrite.All"], "mark": mark});
    format!("e30.{}.s", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// Starts a server whose script gets each request and how many of the same path came before; tokens are given out by
/// themselves unless the script is asked for them with [`start_raw`].
pub async fn start(
    script: impl Fn(&Seen, usize) -> Told + Send + Sync + 'static,
) -> (Arc<Fake>, LiveTenant) {
    let (fake, settings) = start_raw(script).await;
    (fake, LiveTenant::new(settings))
}

/// Like [`start`], with settings that can still be changed.
pub async fn start_raw(
    script: impl Fn(&Seen, usize) -> Told + Send + Sync + 'static,
) -> (Arc<Fake>, Settings) {
    let fake = Arc::new(Fake {
        seen: Mutex::default(),
        read: Mutex::default(),
        script: Box::new(script),
        tokens: Mutex::default(),
    });
    let theirs = Arc::clone(&fake);
    let (_, settings) = listen(move |seen| answer(&theirs, &seen)).await;
    (fake, settings)
}

/// What answers a request.
type Answer = Arc<dyn Fn(Seen) -> Told + Send + Sync>;

/// Answers every request by the function given; where, and the settings of a tenant that is spoken to there.
pub async fn listen(
    answer: impl Fn(Seen) -> Told + Send + Sync + 'static,
) -> (EndpointOverride, Settings) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let [ca_pem, chain, key] = &*CERTIFICATES;
    let answer: Answer = Arc::new(answer);
    let router = axum::Router::new().fallback(take).with_state(answer);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let config = axum_server::tls_rustls::RustlsConfig::from_pem(
        chain.clone().into_bytes(),
        key.clone().into_bytes(),
    )
    .await
    .unwrap();
    let server = axum_server::from_tcp_rustls(listener, config).unwrap();
    tokio::spawn(server.serve(router.into_make_service()));
    let endpoint = EndpointOverride {
        address,
        ca_pem: ca_pem.clone().into_bytes(),
    };
    let settings = Settings {
        tenant_id: TENANT,
        initial_domain: "contoso.onmicrosoft.com".into(),
        cloud: Cloud::Global,
        app_id: APP,
        proof: Proof::Secret("hunter2".to_owned().into()),
        billing: Vec::new(),
        directory_resource: None,
        directory_credentials: None,
        http: Arc::new(Http::new(Some(&endpoint)).unwrap()),
        gates: Arc::new(Gates::new()),
        // Nobody answers there.
        dns: Arc::new(Dns::at(([127, 0, 0, 1], 9).into())),
        limits: Limits::default(),
    };
    (endpoint, settings)
}

/// The same settings once more, without billing accounts.
pub fn same(settings: &Settings) -> Settings {
    Settings {
        tenant_id: settings.tenant_id,
        initial_domain: settings.initial_domain.clone(),
        cloud: settings.cloud,
        app_id: settings.app_id,
        proof: settings.proof.clone(),
        billing: Vec::new(),
        directory_resource: None,
        directory_credentials: None,
        http: Arc::clone(&settings.http),
        gates: Arc::clone(&settings.gates),
        dns: Arc::clone(&settings.dns),
        limits: settings.limits,
    }
}

/// The authority, the server's chain and its key, PEM: made once, as each test has a server of its own.
static CERTIFICATES: LazyLock<[String; 3]> = LazyLock::new(|| {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = Hosts::all().map(str::to_owned).collect();
    let leaf = CertificateParams::new(names).unwrap();
    let chain = leaf.signed_by(&key, &issuer).unwrap().pem();
    [ca_pem, chain, key.serialize_pem()]
});

async fn take(State(answer): State<Answer>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let json = serde_json::from_slice::<Value>(&bytes);
    let seen = Seen {
        method: parts.method.to_string(),
        host: parts.headers["host"].to_str().unwrap().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        text: match json {
            Ok(_) => String::new(),
            Err(_) => String::from_utf8(bytes.to_vec()).unwrap(),
        },
        body: json.unwrap_or(Value::Null),
        inside: None,
    };
    seen.must_be_listed();
    respond(answer(seen))
}

fn answer(fake: &Fake, seen: &Seen) -> Told {
    let before = {
        let mut all = fake.seen.lock().unwrap();
        let before = all.iter().filter(|other| other.path == seen.path).count();
        let is_token = seen.path.ends_with("/oauth2/v2.0/token");
        if !is_token {
            all.push(seen.clone());
        }
        before
    };
    if seen.path == format!("/{TENANT}/oauth2/v2.0/token") {
        let given = {
            let mut tokens = fake.tokens.lock().unwrap();
            *tokens += 1;
            *tokens
        };
        return match (fake.script)(seen, given - 1) {
            Told::Json(0, _) => Told::Json(
                200,
                json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token(TENANT, given)}),
            ),
            told => told,
        };
    }
    match seen.readings() {
        Some(readings) => unpacked(fake, &readings),
        None => (fake.script)(seen, before),
    }
}

/// The headers of a request inside a `$batch`.
fn headers(told: &Value) -> HeaderMap {
    let all = told.as_object().into_iter().flatten();
    let one = |(name, value): (&String, &Value)| {
        let name: HeaderName = name.parse().unwrap();
        (name, value.as_str().unwrap().parse().unwrap())
    };
    all.map(one).collect()
}

/// Asks the script for each reading inside a `$batch`. What is no JSON, or a refused token, is so for all of it.
fn unpacked(fake: &Fake, readings: &[Seen]) -> Told {
    let mut responses = Vec::new();
    for (place, reading) in readings.iter().enumerate() {
        let before = {
            let mut read = fake.read.lock().unwrap();
            let before = read.iter().filter(|r| r.path == reading.path).count();
            read.push(reading.clone());
            before
        };
        match (fake.script)(reading, before) {
            Told::Json(401, body) => return Told::Json(401, body),
            Told::Json(status, body) => {
                responses.push(json!({"id": place.to_string(), "status": status, "body": body}));
            }
            Told::With(status, headers, body) => {
                let headers: serde_json::Map<_, _> = headers
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), json!(value)))
                    .collect();
                responses.push(json!({"id": place.to_string(), "status": status, "headers": headers, "body": body}));
            }
            whole => return whole,
        }
    }
    Told::Json(200, json!({ "responses": responses }))
}

/// The script's word for "as usual" at the token endpoint, and for "no such thing" anywhere else.
pub fn usual(seen: &Seen) -> Told {
    if seen.path.ends_with("/token") {
        Told::Json(0, Value::Null)
    } else {
        Told::Json(404, json!({"error": {"code": "Request_ResourceNotFound"}}))
    }
}

fn respond(told: Told) -> Response<Body> {
    let (status, headers, body) = match told {
        Told::Json(status, value) => (status, vec![], Body::from(value.to_string())),
        Told::With(status, headers, value) => (status, headers, Body::from(value.to_string())),
        Told::Html(status) => (
            status,
            vec![],
            Body::from("<html><body>Sorry</body></html>"),
        ),
        Told::Raw(status, headers, body) => (status, headers, Body::from(body)),
        Told::Endless => {
            let chunk = Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 64 * 1024]));
            let stream = futures::stream::repeat_with(move || {
                chunk
                    .as_ref()
                    .map(Bytes::clone)
                    .map_err(|_| std::io::Error::other("never"))
            });
            (200, vec![], Body::from_stream(stream))
        }
        Told::Broken => {
            let nothing = [Err::<Bytes, _>(std::io::Error::other("broken"))];
            let stream = futures::stream::iter(nothing);
            (200, vec![], Body::from_stream(stream))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = axum::http::StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        let name = HeaderName::from_static(name);
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// Answers all items of a `$batch` with one status.
pub fn each(seen: &Seen, status: u16) -> Value {
    let responses: Vec<Value> = seen
        .items()
        .iter()
        .map(|(id, _)| json!({"id": id, "status": status}))
        .collect();
    json!({ "responses": responses })
}

/// A leash that can be let go.
pub struct Held(pub AtomicBool);

impl Held {
    pub fn new() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl Leash for Held {
    fn holds(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
