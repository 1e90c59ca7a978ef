//! Google Cloud Storage, as fake-gcs-server speaks it. Two things it does not do are done by a gate in front of it, so that
//! what the operator sends is judged all the same:
//!
//! - it asks nobody for a credential: the gate verifies the token that a service account signs for itself
//!   (<https://google.aip.dev/auth/4111>), and answers 401 to anything else;
//! - it takes no PUT of the XML API (<https://cloud.google.com/storage/docs/xml-api/put-object-upload>): the gate hands one on
//!   as an upload of the JSON API, with its precondition.

use crate::children::Program;
use crate::cloud::{BUCKET, Cloud, PREFIX, Site, obtained};
use crate::cluster::ports;
use crate::{course, writers};
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use object_store::gcp::GoogleCloudStorageBuilder;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

const ACCOUNT: &str = "evidence@tests.iam.gserviceaccount.com";

/// What stands in front of the server.
struct Gate {
    /// The server behind it.
    server: String,
    /// Whose tokens are good, DER.
    public: Vec<u8>,
    http: reqwest::Client,
}

impl Gate {
    fn knows(&self, headers: &HeaderMap) -> Option<()> {
        let bearer = headers
            .get("authorization")?
            .to_str()
            .ok()?
            .strip_prefix("Bearer ")?;
        let (signed, signature) = bearer.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public);
        key.verify(signed.as_bytes(), &signature).ok()?;
        let claims = URL_SAFE_NO_PAD.decode(signed.split('.').nth(1)?).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        let now = jiff::Timestamp::now().as_second();
        (claims["iss"] == ACCOUNT && claims["exp"].as_i64()? > now).then_some(())
    }

    /// The same request to the server behind.
    fn onward(&self, method: &Method, place: &str, headers: &HeaderMap) -> reqwest::RequestBuilder {
        let asked = self
            .http
            .request(method.clone(), format!("{}{place}", self.server));
        let bucket = place
            .trim_start_matches('/')
            .split(['/', '?'])
            .next()
            .unwrap_or_default();
        let object = place.split('?').next().unwrap_or_default();
        let object = object
            .trim_start_matches('/')
            .strip_prefix(bucket)
            .unwrap_or_default();
        let object = object.trim_start_matches('/');
        if *method != Method::PUT {
            // The server tells the XML API by its host.
            return asked.header("host", "storage.googleapis.com");
        }
        let name = percent_encoding::percent_decode_str(object).decode_utf8_lossy();
        let asked = self
            .http
            .post(format!("{}/upload/storage/v1/b/{bucket}/o", self.server));
        let asked = asked.query(&[("uploadType", "media"), ("name", &name)]);
        match headers.get("x-goog-if-generation-match") {
            Some(generation) => asked.query(&[("ifGenerationMatch", generation.to_str().unwrap())]),
            None => asked,
        }
    }
}

async fn pass(State(gate): State<Arc<Gate>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let told = |status: StatusCode, body: Body| {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response
    };
    if gate.knows(&parts.headers).is_none() {
        let why = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>AuthenticationRequired</Code><Message>Authentication required.</Message></Error>";
        return told(StatusCode::UNAUTHORIZED, why.into());
    }
    let put = parts.method == Method::PUT;
    let place = parts.uri.path_and_query().unwrap().as_str();
    let body = to_bytes(body, 16 << 20).await.unwrap();
    let asked = gate.onward(&parts.method, place, &parts.headers);
    let answer = asked.body(body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let bytes = answer.bytes().await.unwrap();
    if put && status.is_success() {
        let made: Value = serde_json::from_slice(&bytes).unwrap();
        let mut response = told(status, Body::empty());
        for (name, field) in [("etag", "etag"), ("x-goog-generation", "generation")] {
            let value = made[field].as_str().unwrap().parse().unwrap();
            response.headers_mut().insert(name, value);
        }
        return response;
    }
    let mut response = told(status, Body::from(bytes));
    for (name, value) in &headers {
        if name != "transfer-encoding" && name != "connection" && name != "content-length" {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// A key of a service account: the file that Google gives out, and its public half, DER.
fn service_account(folder: &Path, name: &str) -> (String, Vec<u8>) {
    let path = folder.join(format!("{name}.pem"));
    let mut command = Command::new("ssh-keygen");
    command
        .args([
            "-q", "-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", "", "-f",
        ])
        .arg(&path);
    assert!(command.status().unwrap().success());
    let mut command = Command::new("ssh-keygen");
    let public = command
        .args(["-e", "-m", "PEM", "-f"])
        .arg(&path)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let public = String::from_utf8(public.stdout).unwrap();
    let der: String = public
        .lines()
        .filter(|line| !line.starts_with("---"))
        .collect();
    let file = folder.join(format!("{name}.json"));
    let pem = std::fs::read_to_string(&path).unwrap();
    let key = json!({"type": "service_account", "client_email": ACCOUNT, "private_key_id": name, "private_key": pem});
    std::fs::write(&file, key.to_string()).unwrap();
    (file.display().to_string(), STANDARD.decode(der).unwrap())
}

/// The site is the gate's.
async fn start() -> (Site, Program, Cloud) {
    let site = Site::new();
    let folder = site.folder.path();
    let (key, public) = service_account(folder, "given");
    let (wrong, _) = service_account(folder, "wrong");
    let port = ports::free().unwrap();
    let server = format!("http://127.0.0.1:{port}");
    let mut command = Command::new(obtained("gcs"));
    command.args([
        "-scheme",
        "http",
        "-host",
        "127.0.0.1",
        "-port",
        &port.to_string(),
        "-backend",
        "memory",
    ]);
    let program = site.start(&mut command, &server).await;
    let http = site.http();
    let made = http
        .post(format!("{server}/storage/v1/b"))
        .json(&json!({"name": BUCKET}))
        .send()
        .await
        .unwrap();
    assert!(made.status().is_success(), "{}", made.text().await.unwrap());

    let gate = Arc::new(Gate {
        server,
        public,
        http,
    });
    let router = axum::Router::new().fallback(pass).with_state(gate);
    let listener = TcpListener::bind(("127.0.0.1", site.port)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let tls = axum_server::tls_rustls::RustlsConfig::from_pem_file(
        &site.certificates.chain,
        &site.certificates.key,
    )
    .await
    .unwrap();
    let serving = axum_server::from_tcp_rustls(listener, tls).unwrap();
    tokio::spawn(serving.serve(router.into_make_service()));

    let url = site.url();
    let of = |file: &str| {
        site.environment(&[("GOOGLE_SERVICE_ACCOUNT", file), ("GOOGLE_BASE_URL", &url)])
    };
    let hand = GoogleCloudStorageBuilder::new()
        .with_client_options(site.options())
        .with_service_account_path(&key)
        .with_base_url(&url)
        .with_bucket_name(BUCKET)
        .build()
        .unwrap();
    // The middle of each key: a line of it.
    let line = |file: &str| {
        let file: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        file["private_key"]
            .as_str()
            .unwrap()
            .lines()
            .nth(5)
            .unwrap()
            .to_owned()
    };
    let cloud = Cloud {
        address: format!("gs://{BUCKET}/{PREFIX}"),
        environment: of(&key),
        removing: None,
        refused: of(&wrong),
        // What every token of such an account begins with.
        secrets: vec![line(&key), line(&wrong), "Bearer ey".to_owned()],
        hand: Arc::new(hand),
        server: None,
    };
    (site, program, cloud)
}

#[tokio::test(flavor = "current_thread")]
async fn a_closure_is_kept_in_gcs() {
    let (_site, server, mut cloud) = start().await;
    cloud.server = Some(server);
    course::run(&mut cloud).await;
}

#[tokio::test(flavor = "current_thread")]
async fn of_two_writers_one_writes_in_gcs() {
    let (_site, _server, cloud) = start().await;
    writers::race(&cloud).await;
}
