//! The command line.

use crate::plugin::Trouble;
use clap::{Args, Parser, Subcommand, ValueEnum};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Closes Microsoft 365 / Entra tenants: what a closure does, and what it waits for.
///
/// Exit codes: 0 done, 1 stalled (report: the journal is broken; access check: something is missing), 2 awaiting approval, 3 timeout, 4 wrong call, 5 the cluster refused.
#[derive(Debug, Parser)]
#[command(
    name = "kubectl tenant-closure",
    bin_name = "kubectl tenant-closure",
    version
)]
pub struct Arguments {
    /// Which cluster and namespace.
    #[command(flatten)]
    pub place: Where,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Which cluster and namespace.
#[derive(Debug, Args)]
pub struct Where {
    /// Namespace of the closure. Default: the kubeconfig's.
    #[arg(short, long, global = true)]
    pub namespace: Option<String>,
    /// Context of the kubeconfig.
    #[arg(long, global = true)]
    pub context: Option<String>,
    /// Path of the kubeconfig. Default: `KUBECONFIG`, then `~/.kube/config`.
    #[arg(long, global = true)]
    pub kubeconfig: Option<PathBuf>,
}

impl Where {
    /// A client for the cluster, and the namespace.
    ///
    /// # Errors
    /// Where no way to a cluster could be made out.
    pub async fn client(&self) -> Result<(kube::Client, String), Trouble> {
        let no_way = |e: &dyn std::error::Error| Trouble::Kubeconfig(e.to_string());
        let options = KubeConfigOptions {
            context: self.context.clone(),
            ..KubeConfigOptions::default()
        };
        let config = match &self.kubeconfig {
            Some(path) => {
                let read = Kubeconfig::read_from(path).map_err(|e| no_way(&e))?;
                Config::from_custom_kubeconfig(read, &options)
                    .await
                    .map_err(|e| no_way(&e))?
            }
            None if self.context.is_some() => Config::from_kubeconfig(&options)
                .await
                .map_err(|e| no_way(&e))?,
            None => Config::infer().await.map_err(|e| no_way(&e))?,
        };
        let namespace = self
            .namespace
            .clone()
            .unwrap_or_else(|| config.default_namespace.clone());
        Ok((kube::Client::try_from(config)?, namespace))
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows where a closure stands: steps, progress, hand-offs, blockers.
    Status(Status),
    /// Shows what would be done: what goes, what stays, what comes back until when, what is left to persons.
    Plan(Named),
    /// Approves the plan that you have read. Somebody else must have created the closure.
    Approve(Approve),
    /// Says what no program can read: a check that you have settled in the portal.
    Attest(Attest),
    /// Makes the object of a text that `approve --text` or `attest --text` has printed and its signature, for Git. No
    /// cluster is asked.
    Manifest(Manifest),
    /// Of the retained administrator, who stays.
    #[command(subcommand)]
    Keeper(Keeper),
    /// Tells what was done and what proves it: for the file, for the auditor.
    Report(Report),
    /// What the closure's applications may do: the commands that grant it, and what is held.
    Access(Access),
    /// Pauses a closure: at most the call in flight finishes.
    Suspend(Named),
    /// Lets a paused closure go on.
    Resume(Named),
}

/// A closure by name.
#[derive(Debug, Args)]
pub struct Named {
    /// Name of the closure.
    pub name: String,
}

/// `access`.
#[derive(Debug, Args)]
pub struct Access {
    /// Grant or look.
    #[command(subcommand)]
    pub what: AccessCommand,
}

/// Grant or look.
#[derive(Debug, Subcommand)]
pub enum AccessCommand {
    /// Prints a PowerShell script that grants exactly what the closure's steps need, or takes it away again. It is run by an
    /// administrator; nothing is changed by printing it.
    Script(AccessScript),
    /// Shows per step what is held and what is missing, as step 0 saw it. Exit code 1: something is missing.
    Check(Named),
}

/// `access script`.
#[derive(Debug, Args)]
pub struct AccessScript {
    /// Name of the closure.
    pub name: String,
    /// What the script is for.
    #[arg(long = "for", value_enum)]
    pub purpose: AccessFor,
    /// Where the applications are registered.
    #[arg(long, value_enum, default_value_t = AppKind::Own)]
    pub app: AppKind,
    /// Application (client) id of a multi-tenant application, where the Secret is not there yet.
    #[arg(long, value_name = "GUID")]
    pub client_id: Option<String>,
    /// Where the consent page leads back to: one of the redirect URIs of a multi-tenant application's registration.
    #[arg(long, value_name = "URL")]
    pub redirect_uri: Option<String>,
    /// The operator's namespace: its service account is trusted where the closure names a workload identity.
    #[arg(long, value_name = "NAMESPACE", default_value = crate::evidence::cluster::NAMESPACE)]
    pub operator_namespace: String,
    /// The operator's service account.
    #[arg(long, value_name = "NAME", default_value = "tenant-closure")]
    pub operator_service_account: String,
}

/// Where an application is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AppKind {
    /// In the tenant that it acts in: each tenant has its own.
    Own,
    /// In another tenant, once for many: in the tenant that it acts in it has a service principal alone.
    MultiTenant,
}

/// What a script is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AccessFor {
    /// Reading: mode Plan.
    Plan,
    /// Carrying out: mode Execute. To be granted once the plan has been read, before the mode is changed.
    Execute,
    /// Taking all of it away again.
    Cleanup,
}

/// `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// Name of the closure.
    pub name: String,
    /// Stay until it is closed (or planned, in mode Plan): redrawn in place on a terminal, a line per change elsewhere.
    #[arg(short, long)]
    pub watch: bool,
    /// Longest time to watch, in seconds. Default: no end.
    #[arg(long, requires = "watch", value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// How to print.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
    /// Only ASCII characters.
    #[arg(long)]
    pub ascii: bool,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// The object as JSON.
    Json,
    /// The object as YAML.
    Yaml,
}

/// `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Name of the closure.
    pub name: String,
    /// How to print. The HTML page stands alone: nothing is loaded from anywhere.
    #[arg(short, long, value_enum, default_value_t = ReportFormat::Markdown)]
    pub output: ReportFormat,
    /// Namespace of the journal, where the closure's status does not say it yet: the operator's.
    #[arg(long, value_name = "NAMESPACE", default_value = crate::evidence::cluster::NAMESPACE)]
    pub journal_namespace: String,
}

/// How to print a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For programs.
    Json,
    /// For people and tickets.
    #[value(alias = "md")]
    Markdown,
    /// For people: one page, with a picture of progress over time.
    Html,
}

/// `approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// Name of the closure.
    pub name: String,
    /// Digest of the plan that you have read; its first 6 digits are enough.
    #[arg(long, value_name = "DIGEST")]
    pub plan: String,
    /// The tenant's initial domain, typed by you.
    #[arg(long, value_name = "DOMAIN")]
    pub confirm: String,
    /// For how many days it counts; the same plan can be approved again before they are over.
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=90))]
    pub days: u32,
    /// Free text, for example a change number.
    #[arg(long)]
    pub comment: Option<String>,
    /// Where it is not created but signed.
    #[command(flatten)]
    pub signing: Signing,
}

/// Where the one who approves or attests cannot write to the cluster.
#[derive(Debug, Args)]
pub struct Signing {
    /// Create nothing, and print the text to be signed: ssh-keygen -Y sign -n tenantclosure.dev.
    #[arg(long)]
    pub text: bool,
    /// Who signs, by the name that the operator's configuration gives the key (approvalKeys). Default: as whom the API
    /// server knows you.
    #[arg(long, value_name = "NAME", requires = "text")]
    pub approver: Option<String>,
    /// UID of the closure, where the cluster cannot be read. Of `approve`, --plan is the whole digest then.
    #[arg(long, value_name = "UID", requires_all = ["approver", "tenant"])]
    pub uid: Option<String>,
    /// Id of the tenant, likewise.
    #[arg(long, value_name = "GUID", requires_all = ["approver", "uid"])]
    pub tenant: Option<String>,
}

/// `manifest`.
#[derive(Debug, Args)]
pub struct Manifest {
    /// The text; its signature is read from the file beside it that ssh-keygen has written, FILE.sig.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `attest`.
#[derive(Debug, Args)]
pub struct Attest {
    /// Name of the closure.
    pub name: String,
    /// The check, for example C9.
    #[arg(long)]
    pub check: String,
    /// What you have seen: passed, or failed.
    #[arg(long, value_name = "RESULT", value_parser = ["passed", "failed"])]
    pub result: String,
    /// The tenant's initial domain, typed by you.
    #[arg(long, value_name = "DOMAIN")]
    pub confirm: String,
    /// Where it is not created but signed.
    #[command(flatten)]
    pub signing: Signing,
}

/// `keeper`.
#[derive(Debug, Subcommand)]
pub enum Keeper {
    /// Shows a code with which the retained administrator signs in, and writes down who did and that it was with
    /// multifactor authentication. No token is stored or printed.
    Prove(Prove),
}

/// `keeper prove`.
#[derive(Debug, Args)]
pub struct Prove {
    /// Name of the closure.
    pub name: String,
    /// Application (client) id of an application of this tenant that allows public client flows.
    #[arg(long, value_name = "GUID")]
    pub client_id: String,
    /// The tenant's initial domain, typed by you.
    #[arg(long, value_name = "DOMAIN")]
    pub confirm: String,
    /// DANGER, for trying out only: ask a simulator at this loopback address instead of Microsoft.
    #[arg(long, hide = true, requires = "simulator_ca")]
    pub simulator_address: Option<SocketAddr>,
    /// The simulator's CA certificate (PEM).
    #[arg(long, hide = true, requires = "simulator_address")]
    pub simulator_ca: Option<PathBuf>,
}
