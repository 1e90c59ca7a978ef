//! HTTPS with a certificate authority of its own.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use futures::stream;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::exchange::{Content, NAMES, Query, Reply, Request, Service};
use super::faults::{Fault, FaultKind};
use super::world::World;
use super::{Settings, arm, clock, control, graph, login, scenario};

type Shared = Arc<Mutex<World>>;

/// A simulator that serves until this value is dropped.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The certificate to trust.
    pub ca_pem: String,
    /// The tenants, and how to sign in to each.
    pub tenants: serde_json::Value,
    handle: Handle<SocketAddr>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

/// Starts a simulator in this process.
pub async fn start(settings: Settings) -> Result<Running, String> {
    let world = World::new(
        &scenario::parse(&settings.scenario)?,
        settings.seed,
        settings.users,
        settings.speed,
    );
    let tenants = world.card();
    let (config, ca_pem) =
        certificates().map_err(|error| format!("no certificate could be made: {error}"))?;
    let listener = std::net::TcpListener::bind(&settings.listen)
        .map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    listener
        .set_nonblocking(true)
        .map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let router: Router = Router::new()
        .fallback(serve)
        .with_state(Arc::new(Mutex::new(world)));
    let handle = Handle::new();
    let server = axum_server::from_tcp_rustls(listener, config)
        .map_err(|error| error.to_string())?
        .handle(handle.clone());
    tokio::spawn(server.serve(router.into_make_service()));
    handle.listening().await;
    Ok(Running {
        address,
        ca_pem,
        tenants,
        handle,
    })
}

fn certificates() -> Result<(RustlsConfig, String), Box<dyn std::error::Error>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
        .distinguished_name
        .push(DnType::CommonName, "Tenant simulator");
    let key = KeyPair::generate()?;
    let authority = params.self_signed(&key)?;
    let issuer = Issuer::new(params, key);
    let mut leaf = CertificateParams::new(
        NAMES
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>(),
    )?;
    leaf.distinguished_name
        .push(DnType::CommonName, "login.microsoftonline.com");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let leaf_key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&leaf_key, &issuer)?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()?
    .with_no_client_auth()
    .with_single_cert(vec![certificate.der().clone()], private)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((RustlsConfig::from_config(Arc::new(config)), authority.pem()))
}

/// A connection that breaks before any byte of a reply.
fn broken() -> axum::response::Response {
    let lost =
        stream::once(async { Err::<Vec<u8>, _>(io::Error::from(io::ErrorKind::ConnectionReset)) });
    axum::response::Response::new(Body::from_stream(lost))
}

async fn serve(
    State(shared): State<Shared>,
    incoming: axum::extract::Request,
) -> axum::response::Response {
    let (head, body) = incoming.into_parts();
    let Ok(body) = axum::body::to_bytes(body, 16 << 20).await else {
        return broken();
    };
    let headers: BTreeMap<String, String> = head
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let host = head
        .uri
        .host()
        .map(str::to_owned)
        .or_else(|| headers.get("host").cloned())
        .unwrap_or_default();
    let name = host.split(':').next().unwrap_or_default().to_owned();
    let request = Request {
        method: head.method.as_str().to_owned(),
        service: Service::of(&name),
        host: name,
        path: head.uri.path().to_owned(),
        query: Query::parse(head.uri.query().unwrap_or_default()),
        headers,
        body: body.to_vec(),
    };
    let own = request.path.starts_with("/_sim/");
    let fault = if own {
        None
    } else {
        control::fault(
            &mut shared.lock().unwrap_or_else(PoisonError::into_inner),
            &request,
        )
    };
    match fault.as_ref().map(|fault| fault.kind) {
        Some(FaultKind::DropBefore) => return broken(),
        Some(FaultKind::Endless) => {
            let chunk = || async { Ok::<_, io::Error>((vec![b' '; 65536], ())) };
            return axum::response::Response::new(Body::from_stream(stream::try_unfold(
                (),
                move |()| async move { chunk().await.map(Some) },
            )));
        }
        Some(FaultKind::DelayMs) => {
            tokio::time::sleep(Duration::from_millis(
                fault.as_ref().map_or(0, |fault| fault.delay_ms),
            ))
            .await;
        }
        _ => {}
    }
    let reply = {
        let mut world = shared.lock().unwrap_or_else(PoisonError::into_inner);
        dispatch(&mut world, &request, fault.as_ref())
    };
    if fault
        .as_ref()
        .is_some_and(|fault| fault.kind == FaultKind::DropAfter)
    {
        return broken();
    }
    respond(&request, reply)
}

fn dispatch(world: &mut World, request: &Request, fault: Option<&Fault>) -> Reply {
    world.tick();
    if request.path.starts_with("/_sim/") {
        return control::handle(world, request);
    }
    if request.path == "/healthz" {
        return Reply::text(200, "ok".to_owned());
    }
    world.requests += 1;
    if let Some(fault) =
        fault.filter(|fault| matches!(fault.kind, FaultKind::Status | FaultKind::Html))
    {
        return fault.reply();
    }
    let omit = fault.is_some_and(|fault| fault.kind == FaultKind::OmitBatchItems);
    match request.service {
        Service::Login => login::handle(world, request),
        Service::Graph => graph::handle(world, request, omit),
        Service::Arm => arm::handle(world, request),
        Service::Unknown => Reply::text(404, "no service has this host name".to_owned()),
    }
}

fn respond(request: &Request, reply: Reply) -> axum::response::Response {
    let id = uuid::Uuid::new_v4().to_string();
    let now = jiff::Timestamp::now().as_millisecond();
    let date = jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&jiff::Timestamp::from_millisecond(now).unwrap_or_default());
    let mut builder = axum::http::Response::builder()
        .status(reply.status)
        .header("request-id", &id)
        .header(
            "client-request-id",
            request.header("client-request-id").unwrap_or(&id),
        )
        .header("date", date.unwrap_or_else(|_| clock::stamp(now)));
    for (name, value) in &reply.headers {
        builder = builder.header(name, value);
    }
    let built = match reply.content {
        Content::Empty => builder.body(Body::empty()),
        Content::Json(value) => builder
            .header("content-type", "application/json;charset=utf-8")
            .body(Body::from(value.to_string())),
        Content::Text(text, kind) => builder.header("content-type", kind).body(Body::from(text)),
    };
    built.unwrap_or_else(|_| broken())
}
