//! How tenants are reached: Microsoft's hosts, or for trying out a simulator on loopback.

use crate::closure::id::ObjectId;
use crate::closure::tenant::Tenant;
use crate::closure::terms::{Cloud, Terms};
use crate::controller::context::{EffectLimits, TenantFactory};
use crate::controller::credentials::{Credential, Held, Keys};
use crate::microsoft::{
    Billing, Counts, Credentials, Dns, EndpointOverride, GateState, Gates, Http, Limits,
    LiveTenant, Proof, Settings,
};
use crate::operations::federated;
use crate::operations::settings::Run;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The way to Microsoft: one connection pool and one set of gates for all tenants.
pub struct Microsoft {
    http: Arc<Http>,
    gates: Arc<Gates>,
    dns: Arc<Dns>,
    limits: Limits,
    federated_token: Option<PathBuf>,
}

impl Microsoft {
    /// What was sent since the process began.
    pub fn counts(&self) -> Counts {
        self.http.counters().counts()
    }

    /// The gates as they are now.
    pub fn gates(&self) -> Vec<GateState> {
        self.gates.states()
    }

    /// A credential that is for the tenant that its block names; every token is compared with it.
    fn of_another(
        &self,
        tenant: Option<ObjectId>,
        key: Option<&Credential>,
        cloud: Cloud,
    ) -> Option<Credentials> {
        let (tenant_id, key) = (tenant?, key?);
        Some(Credentials {
            tenant_id,
            app_id: key.client_id,
            proof: self.proof(key, cloud),
        })
    }

    fn proof(&self, key: &Credential, cloud: Cloud) -> Proof {
        match &key.proof {
            Held::Secret(secret) => Proof::Secret(secret.clone()),
            Held::Certificate(pem) => Proof::Certificate(pem.clone()),
            Held::Workload => {
                let named = self.federated_token.as_deref();
                let file = named.map(|named| federated::file(named, cloud));
                Proof::FederatedToken(file.unwrap_or_default())
            }
        }
    }
}

fn on_loopback(flag: &str, address: SocketAddr) -> Result<(), String> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    Err(format!(
        "{flag} {address} is not on loopback; no real tenant is spoken to that way"
    ))
}

/// The way to tenants, for these settings.
///
/// # Errors
/// Where the simulator's CA cannot be read, or its address is not on loopback.
pub fn microsoft(settings: &Run, limits: EffectLimits) -> Result<Arc<Microsoft>, String> {
    let endpoint = match (settings.simulator_address, &settings.simulator_ca) {
        (Some(address), Some(path)) => {
            let ca_pem = std::fs::read(path)
                .map_err(|e| format!("read the simulator's CA {}: {e}", path.display()))?;
            on_loopback("--simulator-address", address)?;
            tracing::warn!(%address, "SIMULATOR: every call goes to this address, none to Microsoft");
            Some(EndpointOverride { address, ca_pem })
        }
        _ => None,
    };
    let dns = match settings.simulator_dns {
        Some(address) => {
            on_loopback("--simulator-dns", address)?;
            tracing::warn!(%address, "SIMULATOR: every question to DNS goes to this address");
            Dns::at(address)
        }
        None => Dns::system(),
    };
    let http = Http::new(endpoint.as_ref()).map_err(|e| format!("make an HTTP client: {e}"))?;
    Ok(Arc::new(Microsoft {
        http: Arc::new(http),
        gates: Arc::new(Gates::new()),
        dns: Arc::new(dns),
        limits: Limits {
            effect: limits.start,
            request: limits.request,
            ..Limits::default()
        },
        federated_token: settings.federated_token_file.clone(),
    }))
}

impl TenantFactory for Microsoft {
    fn spent(&self, terms: &Terms, keys: &Keys, writes: &[(Duration, u32)]) {
        self.gates
            .spent(terms.tenant_id, keys.own.client_id, writes);
    }

    fn tenant(&self, terms: &Terms, keys: &Keys) -> Arc<dyn Tenant> {
        let accounts = terms.billing.iter().zip(&keys.billing);
        Arc::new(LiveTenant::new(Settings {
            tenant_id: terms.tenant_id,
            initial_domain: terms.initial_domain.clone(),
            cloud: terms.cloud,
            app_id: keys.own.client_id,
            proof: self.proof(&keys.own, terms.cloud),
            billing: accounts
                .map(|(account, key)| Billing {
                    kind: account.kind,
                    credentials: self.of_another(account.tenant_id, key.as_ref(), terms.cloud),
                })
                .collect(),
            directory_resource: terms.directory_resource.clone(),
            directory_credentials: self.of_another(
                terms.directory_resource_tenant,
                keys.directory.as_ref(),
                terms.cloud,
            ),
            http: Arc::clone(&self.http),
            gates: Arc::clone(&self.gates),
            dns: Arc::clone(&self.dns),
            limits: self.limits,
        }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)] // a test may fail loudly
mod tests {
    use super::*;
    use crate::operations::settings::{Cli, Command};
    use clap::Parser as _;

    #[test]
    fn a_tenant_is_signed_in_to_with_the_token_for_its_cloud() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let named = folder.path().join("token");
        let china = folder.path().join("token-china");
        std::fs::write(&china, "for China").unwrap();
        let flag = format!("--federated-token-file={}", named.display());
        let Command::Run(run) = Cli::parse_from(["tenant-closure", "run", &flag]).command else {
            panic!()
        };
        let limits = EffectLimits {
            start: Duration::from_secs(20),
            request: Duration::from_secs(10),
        };
        let microsoft = microsoft(&run, limits).unwrap();
        let key = Credential {
            client_id: ObjectId(uuid::Uuid::from_u128(1)),
            proof: Held::Workload,
            known_as: "workload".into(),
        };
        for (cloud, file) in [(Cloud::Global, &named), (Cloud::China, &china)] {
            let Proof::FederatedToken(own) = microsoft.proof(&key, cloud) else {
                panic!()
            };
            let another = microsoft.of_another(Some(key.client_id), Some(&key), cloud);
            let Proof::FederatedToken(another) = another.unwrap().proof else {
                panic!()
            };
            assert_eq!([&own, &another], [file, file], "{cloud:?}");
        }
    }
}
