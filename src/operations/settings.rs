//! Settings: flags and environment, resolved once.

use crate::operations::evidence::{Export, Verify};
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Closes Microsoft 365 / Entra tenants that `TenantClosure` objects name. It cannot be undone.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the operator.
    Run(Run),
    /// Prints the custom resource definitions.
    Crd {
        /// Only this one: tenantclosures, closureapprovals or closurerecords.
        #[arg(long)]
        name: Option<String>,
    },
    /// Prints the admission policies.
    Policies {
        /// The operator's namespace.
        #[arg(long, default_value = "tenant-closure")]
        namespace: String,
        /// The operator's service account.
        #[arg(long, default_value = "tenant-closure")]
        service_account: String,
    },
    /// Verifies a journal, in the cluster or in an exported file. Exit codes: 0 whole, 1 broken, 2 cannot be judged.
    Verify(Verify),
    /// Writes a journal as JSON lines, exactly as stored.
    Export(Export),
}

/// How the operator runs.
#[derive(Clone, Debug, Args)]
pub struct Run {
    /// The operator's namespace: journal and configuration.
    #[arg(long, env = "POD_NAMESPACE", default_value = "tenant-closure")]
    pub namespace: String,
    /// The service account that it runs as.
    #[arg(long, env = "POD_SERVICE_ACCOUNT", default_value = "tenant-closure")]
    pub service_account: String,
    /// Where /livez, /readyz and /metrics are served.
    #[arg(long, default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,
    /// Seconds after which an effect starts no further request.
    #[arg(long, default_value_t = 20)]
    pub effect_seconds: u64,
    /// Seconds that one request to Microsoft may take.
    #[arg(long, default_value_t = 10)]
    pub request_seconds: u64,
    /// Where the cluster puts the operator's own token for workload identity; it rotates and is read for each request. Files
    /// beside it, with -usgov and -china behind the name, are for tenants of those clouds.
    #[arg(long, env = "AZURE_FEDERATED_TOKEN_FILE")]
    pub federated_token_file: Option<PathBuf>,
    /// DANGER, for trying out only: send every call to a simulator at this loopback address instead of Microsoft.
    #[arg(long, requires = "simulator_ca")]
    pub simulator_address: Option<SocketAddr>,
    /// The simulator's CA certificate (PEM).
    #[arg(long, requires = "simulator_address")]
    pub simulator_ca: Option<PathBuf>,
    /// DANGER, for trying out only: ask a simulator's name server at this loopback address instead of the system's resolver.
    #[arg(long, requires = "simulator_address")]
    pub simulator_dns: Option<SocketAddr>,
    /// DANGER, for trying out only: seconds after which all API servers act by a new admission policy, instead of 60.
    #[arg(long, requires = "simulator_address")]
    pub policies_act_within_seconds: Option<u64>,
    /// Logs as JSON lines.
    #[arg(long, env = "LOG_JSON")]
    pub log_json: bool,
}
