//! Read: everything that Kubernetes knows of a closure, live. The cache only says that something happened.

use crate::api::terms::resolve;
use crate::api::{ClosureApproval, REQUESTED_AT, TenantClosure};
use crate::closure::memory::Memory;
use crate::closure::observation::{BackupJob, Cluster, Obstacle};
use crate::closure::step::Step;
use crate::closure::steps::deprovision::Announced;
use crate::closure::steps::preconditions;
use crate::closure::terms::{Backup, Mode, Terms};
use crate::controller::configuration::{self, Configured};
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use crate::controller::{approvals, backup, fleet, inventory};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use sha2::{Digest as _, Sha256};

/// What was read.
#[derive(Clone, Debug)]
pub struct Read {
    /// The closure.
    pub closure: TenantClosure,
    /// Its UID.
    pub uid: String,
    /// Its generation.
    pub generation: i64,
    /// What it asks for.
    pub terms: Terms,
    /// The operator's configuration.
    pub configured: Configured,
    /// Approvals and attestations that name it.
    pub approvals: Vec<ClosureApproval>,
    /// One hash over all that may wake a closure early: approvals, configuration, annotation.
    pub inputs: String,
}

impl Read {
    /// Its namespace and name.
    pub fn name(&self) -> (String, String) {
        let namespace = self.closure.namespace().unwrap_or_default();
        (namespace, self.closure.name_any())
    }

    /// An approval or attestation by its UID.
    pub fn approval(&self, uid: &str) -> Option<&ClosureApproval> {
        let mut all = self.approvals.iter();
        all.find(|one| one.metadata.uid.as_deref() == Some(uid))
    }

    /// True where nothing was changed in between that a decision could rest on.
    pub fn is_same_as(&self, before: &Self) -> bool {
        self.uid == before.uid
            && self.generation == before.generation
            && self.inputs == before.inputs
    }

    /// No status was ever written.
    pub fn is_new(&self) -> bool {
        let status = self.closure.status.as_ref();
        status.is_none_or(|s| s.conditions.is_empty())
    }

    /// The step that the status tells of: what a person does leaves no record in the journal.
    pub fn reached(&self) -> Step {
        let told = self.closure.status.as_ref().and_then(|s| s.step.as_deref());
        let number = told.and_then(|text| text.split('/').next()?.parse::<usize>().ok());
        number
            .and_then(|n| Step::ORDER.get(n).copied())
            .unwrap_or(Step::Preconditions)
    }

    /// The namespace that the status pins the journal to, where it is not this one.
    pub fn journal_elsewhere(&self, namespace: &str) -> Option<&str> {
        let journal = self.closure.status.as_ref()?.journal.as_ref()?;
        Some(journal.namespace.as_str()).filter(|pinned| *pinned != namespace)
    }
}

/// Reads the closure; `None`: it is gone or going, and nothing more is done for it.
///
/// # Errors
/// Where the API server failed.
pub async fn closure(
    ctx: &Context,
    namespace: &str,
    name: &str,
) -> Result<Option<Read>, ReconcileError> {
    let api: Api<TenantClosure> = Api::namespaced(ctx.client.clone(), namespace);
    let Some(closure) = bounded(api.get_opt(name)).await? else {
        return Ok(None);
    };
    if closure.metadata.deletion_timestamp.is_some() {
        return Ok(None);
    }
    let maps: Api<ConfigMap> = Api::namespaced(ctx.client.clone(), &ctx.namespace);
    let map = match bounded(maps.get_opt(configuration::NAME)).await {
        Ok(map) => map,
        Err(ReconcileError::Api(kube::Error::Api(status))) if status.code == 403 => None,
        Err(error) => return Err(error),
    };
    let configured = configuration::resolve(map.as_ref());
    let approvals = approvals::list(ctx, &closure).await?;
    let terms = resolve(&closure.spec, &configured.defaults)
        .ok_or_else(|| ReconcileError::Malformed("spec.tenant.id is no GUID".into()))?;
    Ok(Some(Read {
        uid: closure.uid().unwrap_or_default(),
        generation: closure.metadata.generation.unwrap_or_default(),
        inputs: inputs(&closure, &configured, &approvals),
        terms,
        configured,
        approvals,
        closure,
    }))
}

fn inputs(
    closure: &TenantClosure,
    configured: &Configured,
    approvals: &[ClosureApproval],
) -> String {
    let mut lines: Vec<String> = approvals
        .iter()
        .map(|a| {
            format!(
                "{}/{}",
                a.uid().unwrap_or_default(),
                a.metadata.generation.unwrap_or_default()
            )
        })
        .collect();
    lines.sort_unstable();
    lines.push(configured.version.clone());
    lines.push(
        closure
            .annotations()
            .get(REQUESTED_AT)
            .cloned()
            .unwrap_or_default(),
    );
    lines.push(closure.metadata.generation.unwrap_or_default().to_string());
    crate::closure::plan::hex(&Sha256::digest(lines.join("\n").as_bytes()))
}

/// The Kubernetes side of the observation, but for what a [`Judge`](crate::controller::judge::Judge) tells. Once something
/// was destroyed, the Job that vouches for the backup is no longer asked for.
///
/// # Errors
/// Where the API server failed.
pub async fn cluster(
    ctx: &Context,
    read: &Read,
    memory: &Memory,
    now: Timestamp,
) -> Result<Cluster, ReconcileError> {
    let vouched = memory.destroying_since.is_some();
    Ok(Cluster {
        rivals: rivals(ctx, read).await?,
        skew: ctx.clock.skew(),
        configuration: read.configured.guards.clone(),
        begun_lately: if preconditions::begun(memory) {
            0
        } else {
            fleet::begun_lately(ctx, &read.uid, now).await?
        },
        announced: announced(read),
        backup_job: backup_job(ctx, read, vouched).await?,
        inventory_store: if vouched {
            Ok(())
        } else {
            inventory::store_found(ctx, &read.configured)
        },
        ..Cluster::default()
    })
}

fn announced(read: &Read) -> Announced {
    let status = read.closure.status.iter();
    let all = status.flat_map(|s| &s.announced_changes);
    all.map(|one| (one.subscription, one.at)).collect()
}

/// Nobody is asked where nothing is to be changed: in mode Plan no right to read the Job is needed.
async fn backup_job(
    ctx: &Context,
    read: &Read,
    vouched: bool,
) -> Result<Result<Option<BackupJob>, Obstacle>, ReconcileError> {
    match &read.terms.backup {
        Some(Backup::Job { name, .. }) if read.terms.mode == Mode::Execute && !vouched => {
            let namespace = read.closure.namespace().unwrap_or_default();
            backup::read(ctx, &namespace, name).await
        }
        _ => Ok(Ok(None)),
    }
}

/// Other closures of the same tenant that are not closed, read live.
///
/// # Errors
/// Where the API server failed.
pub async fn rivals(ctx: &Context, read: &Read) -> Result<Vec<String>, ReconcileError> {
    let api: Api<TenantClosure> = Api::all(ctx.client.clone());
    let params =
        ListParams::default().fields(&format!("spec.tenant.id={}", read.closure.spec.tenant.id));
    let named = bounded(api.list(&params)).await?;
    let mut others: Vec<String> = named
        .items
        .iter()
        .filter(|c| c.uid().unwrap_or_default() != read.uid)
        .filter(|c| {
            c.status.as_ref().and_then(|s| s.phase) != Some(crate::closure::report::Phase::Closed)
        })
        .map(|c| format!("{}/{}", c.namespace().unwrap_or_default(), c.name_any()))
        .collect();
    others.sort_unstable();
    Ok(others)
}
