//! A tenant that is not real, behind a real HTTPS server.
//!
//! It speaks Microsoft's paths, JSON, errors, quotas and lags, and judges each request by the rules of the procedure. It imports nothing of the
//! operator, so that what it says does not depend on what the operator believes. What only a person can do in Microsoft's portals is pressed under
//! `/_sim`, a contract of its own.
//!
//! Virtual are only Microsoft's long durations; dates in replies are the real moments at which they will come true.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sizes and durations of a simulation stay far below the limits"
)]
#![allow(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "a scenario is a list of switches, and names are Microsoft's"
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "tests fail by panicking"
    )
)]

mod aadsts;
mod arm;
mod assertion;
mod breakpoints;
mod certificate;
mod checks;
mod clock;
pub mod command;
mod connections;
mod console;
mod control;
mod device_code;
mod directory;
mod dns;
mod errors;
mod exchange;
mod faults;
mod figures;
mod grants;
mod graph;
mod hosts;
mod judge;
mod login;
mod operations;
mod partner;
mod populate;
mod preset;
mod random;
mod replicas;
mod roles;
pub mod scenario;
mod scenario_check;
mod scenario_parts;
mod server;
mod stats;
mod subscription;
#[cfg(test)]
mod switches;
mod tenant;
#[cfg(test)]
mod testing;
mod throttle;
mod token;
mod users;
mod world;
mod writes;

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

pub use figures::Figures;
pub use scenario::Scenario;

/// What a simulation starts from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where its name server answers, over UDP and TCP; port 0 takes a free one.
    pub dns: SocketAddr,
    /// The tenants and the behaviour of the services.
    pub scenario: Scenario,
    /// Where the pages answer over plain HTTP too, for a person's browser; a loopback address alone. `None`: only over HTTPS.
    pub console: Option<SocketAddr>,
    /// Decides every draw; a tenant with a seed of its own keeps that.
    pub seed: u64,
    /// Virtual seconds per real second.
    pub speed: f64,
    /// Quotas are Microsoft's times this; 1 is as published.
    pub quota_scale: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            dns: SocketAddr::from(([127, 0, 0, 1], 0)),
            scenario: Scenario::default(),
            console: None,
            seed: 1,
            speed: 86_400.0,
            quota_scale: 1.0,
        }
    }
}

/// What can go wrong at the start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The pages would be open to others.
    #[error("the pages speak plain HTTP, so they answer on a loopback address alone, not on {0}")]
    Open(SocketAddr),
    /// No certificate could be made.
    #[error("cannot make the certificates: {0}")]
    Certificate(Box<dyn std::error::Error + Send + Sync>),
}

/// A simulation that runs; it ends when this is dropped.
#[derive(Debug)]
pub struct Running {
    /// Where it answers.
    pub address: SocketAddr,
    /// Where its name server answers for the custom domains.
    pub dns: SocketAddr,
    /// The authority that clients must trust.
    pub ca_pem: String,
    /// The tenants, with what a client needs to sign in.
    pub tenants: Vec<TenantInfo>,
    /// Where each service answers on the simulator's own address.
    pub urls: Urls,
    handle: axum_server::Handle<SocketAddr>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
    pages: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
    names: tokio::task::JoinHandle<()>,
    shared: server::Shared,
}

/// What a client needs to know of a tenant.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantInfo {
    /// The tenant id.
    pub id: Uuid,
    /// The initial domain.
    pub initial_domain: String,
    /// The cloud.
    pub cloud: scenario::Cloud,
    /// Users at the start.
    pub users: usize,
    /// Client id of the closer.
    pub app_id: Uuid,
    /// Secret of the closer.
    pub client_secret: String,
    /// Client id of the reader.
    pub reader_app_id: Uuid,
    /// Secret of the reader.
    pub reader_secret: String,
    /// User principal name of the retained administrator.
    pub retained_administrator: String,
    /// Object id of the retained administrator.
    pub retained_administrator_id: Option<Uuid>,
    /// User principal name of the spare administrator.
    pub spare_administrator: Option<String>,
    /// Object id of the spare administrator.
    pub spare_administrator_id: Option<Uuid>,
    /// The ARM id of an External ID or B2C directory.
    pub directory_resource: Option<String>,
    /// The name of the billing account.
    pub billing_account: String,
}

/// Where each service answers on the simulator's own address.
#[derive(Clone, Debug, Serialize)]
pub struct Urls {
    /// Microsoft Graph.
    pub graph: String,
    /// The sign-in service.
    pub login: String,
    /// Azure Resource Manager.
    pub arm: String,
    /// Partner Center.
    pub partner: String,
    /// The simulator's own contract.
    pub sim: String,
    /// The pages on which a person presses what only a person can.
    pub console: String,
}

impl Running {
    /// Waits until the server ends by itself, which it does only on an error.
    pub async fn wait(&mut self) -> std::io::Result<()> {
        (&mut self.task)
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }

    /// How the users of all its tenants have gone so far.
    pub fn figures(&self) -> Figures {
        self.shared.with(|world| world.figures(None))
    }

    /// Ends the server, letting requests in flight finish for up to a second.
    pub fn stop(&self) {
        self.handle.graceful_shutdown(Some(Duration::from_secs(1)));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.shutdown();
        self.task.abort();
        self.names.abort();
        if let Some(pages) = &self.pages {
            pages.abort();
        }
    }
}

/// Starts a simulation within the current tokio runtime.
pub fn start(settings: &Settings) -> Result<Running, StartError> {
    let refused = |error| StartError::Listen(settings.listen, error);
    let (listener, address) = listen(settings.listen)?;
    let identity = certificate::make(address.ip()).map_err(StartError::Certificate)?;
    let world = world::World::new(
        &settings.scenario,
        settings.seed,
        clock::Clock::new(settings.speed),
        settings.quota_scale,
    );
    let tenants = world.tenants.iter().map(info).collect();
    let connections = connections::Connections::default();
    let shared = server::Shared {
        world: Arc::new(Mutex::new(world)),
        connections: connections.clone(),
    };
    let refused_names = |error| StartError::Listen(settings.dns, error);
    let (dns, names) = dns::start(settings.dns, shared.clone()).map_err(refused_names)?;
    let (pages, console) = pages(settings, &shared, address)?;
    let service = axum::Router::new()
        .fallback(server::handle)
        .with_state(shared.clone())
        .into_make_service_with_connect_info::<SocketAddr>();
    let config = axum_server::tls_rustls::RustlsConfig::from_config(identity.config);
    let acceptor = axum_server::tls_rustls::RustlsAcceptor::new(config).acceptor(connections);
    let handle = axum_server::Handle::new();
    let server = axum_server::from_tcp(listener)
        .map_err(refused)?
        .acceptor(acceptor)
        .handle(handle.clone())
        .http1_only();
    let task = tokio::spawn(async move { server.serve(service).await });
    let at = |part: &str| format!("https://{address}/{part}");
    let urls = Urls {
        graph: at("graph"),
        login: at("login"),
        arm: at("arm"),
        partner: at("partner"),
        sim: at("_sim"),
        console,
    };
    Ok(Running {
        address,
        dns,
        ca_pem: identity.ca_pem,
        tenants,
        urls,
        handle,
        task,
        pages,
        names,
        shared,
    })
}

fn listen(wanted: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |error| StartError::Listen(wanted, error);
    let listener = TcpListener::bind(wanted).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

type Pages = Option<tokio::task::JoinHandle<std::io::Result<()>>>;

/// The pages over plain HTTP, where they are wanted, and the address of the pages.
fn pages(
    settings: &Settings,
    shared: &server::Shared,
    address: SocketAddr,
) -> Result<(Pages, String), StartError> {
    let Some(wanted) = settings.console else {
        return Ok((None, format!("https://{address}/")));
    };
    if !wanted.ip().is_loopback() {
        return Err(StartError::Open(wanted));
    }
    let refused = |error| StartError::Listen(wanted, error);
    let (listener, address) = listen(wanted)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(refused)?;
    let router = axum::Router::new()
        .fallback(server::pages)
        .with_state(shared.clone());
    let task = tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((Some(task), format!("http://{address}/")))
}

fn info(tenant: &tenant::Tenant) -> TenantInfo {
    let client = |reader: bool| {
        tenant
            .clients
            .iter()
            .find(|client| client.reader == reader)
            .map(|client| (client.app_id, client.secret.clone()))
            .unwrap_or_default()
    };
    let (app_id, client_secret) = client(false);
    let (reader_app_id, reader_secret) = client(true);
    TenantInfo {
        id: tenant.id,
        initial_domain: tenant.initial_domain.clone(),
        cloud: tenant.cloud,
        users: tenant.users.alive(),
        app_id,
        client_secret,
        reader_app_id,
        reader_secret,
        retained_administrator: tenant.users.principal_name(tenant.retained),
        retained_administrator_id: tenant.user_id(tenant.retained),
        spare_administrator: tenant
            .spare
            .map(|position| tenant.users.principal_name(position)),
        spare_administrator_id: tenant.spare.and_then(|position| tenant.user_id(position)),
        directory_resource: tenant.resource.as_ref().map(|resource| resource.id.clone()),
        billing_account: tenant.billing_account.clone(),
    }
}
