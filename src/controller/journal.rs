//! The journal: find its head, claim the next place in it, settle an outcome once. Records are chained by hash.

use crate::api::record::{ApprovalCopy, Settled};
use crate::api::{
    BEGINS, CLOSURE_UID, ClosureRecord, ClosureRecordSpec, ClosureRecordStatus, RecordType,
    TENANT_ID, TenantClosure, hash,
};
use crate::closure::intent::Outcome;
use crate::closure::memory::Memory;
use crate::closure::request_ids;
use crate::closure::steps::preconditions;
use crate::controller::chain::{self, rolled_back};
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use jiff::Timestamp;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::core::{DynamicObject, PartialObjectMeta};
use kube::discovery::ApiResource;
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

/// The newest record, as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Its place.
    pub sequence: u64,
    /// SHA-256 over its stored content.
    pub hash: String,
    /// Its version.
    pub version: String,
    /// When the API server created it.
    pub created: Timestamp,
    /// What was intended.
    pub spec: ClosureRecordSpec,
    /// What was seen; `None`: in doubt.
    pub outcome: Option<Settled>,
}

impl Head {
    /// What is known once this record is settled; `None` while it is in doubt.
    pub fn memory(&self) -> Option<Memory> {
        let settled = self.outcome.as_ref()?;
        Some(self.spec.memory_after(self.created, settled))
    }
}

/// What the journal knows: with the newest record where that is settled, before it where it is in doubt.
pub fn memory(newest: Option<&Head>) -> Memory {
    newest.map_or_else(Memory::default, |head| {
        head.memory().unwrap_or_else(|| head.spec.memory.clone())
    })
}

/// The name of a record: the name is the claim.
pub fn name(uid: &str, sequence: u64) -> String {
    format!("{uid}-{sequence:010}")
}

/// Finds the newest record. Without a hint one metadata-only list says how far the journal goes. What this process, or the
/// status, knows of the journal must still be there as it was: an etcd that was restored is told by nothing else.
///
/// # Errors
/// `HistoryRollback` where there is a hole, the head lies behind the hint, a record is another than it was, or does not continue
/// the one before it.
pub async fn newest(
    ctx: &Context,
    closure: &TenantClosure,
) -> Result<Option<Head>, ReconcileError> {
    let uid = closure.uid().unwrap_or_default();
    let told = closure.status.as_ref().and_then(|s| s.journal.as_ref());
    let told = told.map(|told| (told.sequence, told.head.as_str()));
    let remembered = ctx.hints(&uid).head;
    let remembered = remembered.as_ref().map(|head| (head.sequence, head));
    let start = match remembered.map(|(at, _)| at).max(told.map(|(at, _)| at)) {
        Some(sequence) => sequence,
        None => listed(ctx, &uid).await?,
    };
    let mut head = if start > 0 {
        let found = get(ctx, &uid, start).await?;
        Some(found.ok_or_else(|| rolled_back("its head is gone"))?)
    } else {
        None
    };
    if let Some(head) = &head {
        // A record that was in doubt gets an outcome, and then another hash.
        let settled = remembered.filter(|(_, known)| known.outcome.is_some());
        let settled = settled.map(|(at, known)| (at, known.hash.as_str()));
        let known = [told, settled].into_iter().flatten();
        let mut here = known.filter(|(at, _)| *at == start);
        if here.any(|(_, hash)| hash != head.hash) {
            return Err(rolled_back("its head is another record than it was"));
        }
        if remembered.is_none() {
            // This process has not looked at it before.
            let before = match start {
                1 => None,
                _ => get(ctx, &uid, start - 1).await?,
            };
            chain::continues(before.as_ref(), head)?;
        }
    }
    for sequence in start + 1..start + 100_000 {
        let Some(next) = get(ctx, &uid, sequence).await? else {
            break;
        };
        chain::continues(head.as_ref(), &next)?;
        head = Some(next);
    }
    ctx.hint(&uid, |h| h.head.clone_from(&head));
    Ok(head)
}

/// Metadata of the records that a label selects, page by page.
///
/// # Errors
/// Where the API server failed.
pub async fn each(
    ctx: &Context,
    label: &str,
    mut found: impl FnMut(&PartialObjectMeta<ClosureRecord>),
) -> Result<(), ReconcileError> {
    let mut params = ListParams::default().labels(label).limit(500);
    loop {
        let page = bounded(ctx.records().list_metadata(&params)).await?;
        page.items.iter().for_each(&mut found);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(()),
        }
    }
}

async fn listed(ctx: &Context, uid: &str) -> Result<u64, ReconcileError> {
    let (mut count, mut last) = (0u64, 0u64);
    each(ctx, &format!("{CLOSURE_UID}={uid}"), |item| {
        let tail = item
            .name_any()
            .strip_prefix(&format!("{uid}-"))
            .map(str::to_owned);
        if let Some(sequence) = tail
            .filter(|t| t.len() == 10)
            .and_then(|t| t.parse::<u64>().ok())
        {
            count += 1;
            last = last.max(sequence);
        }
    })
    .await?;
    if count == last {
        Ok(last)
    } else {
        Err(rolled_back("a record is missing"))
    }
}

fn raw(ctx: &Context) -> Api<DynamicObject> {
    Api::namespaced_with(
        ctx.client.clone(),
        &ctx.namespace,
        &ApiResource::erase::<ClosureRecord>(&()),
    )
}

/// One record; `None`: there is none in this place.
///
/// # Errors
/// Where the API server failed.
pub async fn get(ctx: &Context, uid: &str, sequence: u64) -> Result<Option<Head>, ReconcileError> {
    let found = object(ctx, &name(uid, sequence)).await?;
    found.as_ref().map(read).transpose()
}

/// An object of the journal as it is stored; `None`: there is none of this name.
///
/// # Errors
/// Where the API server failed.
pub async fn object(ctx: &Context, name: &str) -> Result<Option<DynamicObject>, ReconcileError> {
    bounded(raw(ctx).get_opt(name)).await
}

/// Claims the next place: creates the record. Whoever gets `AlreadyExists` does nothing and observes again.
///
/// # Errors
/// `LostRace` where another writer took the place.
pub async fn claim(
    ctx: &Context,
    closure: &TenantClosure,
    head: Option<&Head>,
    draft: Draft,
) -> Result<Head, ReconcileError> {
    let uid = closure.uid().unwrap_or_default();
    let sequence = head.map_or(0, |h| h.sequence) + 1;
    let spec = draft.spec(
        ctx,
        closure,
        sequence,
        head.map_or_else(String::new, |h| h.hash.clone()),
    );
    let created = create(ctx, &name(&uid, sequence), &uid, spec)
        .await?
        .ok_or(ReconcileError::LostRace)?;
    let claimed = read(&created)?;
    ctx.hint(&uid, |h| h.head = Some(claimed.clone()));
    Ok(claimed)
}

/// Creates an object of the journal; `None` where the name is taken.
///
/// # Errors
/// Where the API server refused or failed.
pub async fn create(
    ctx: &Context,
    name: &str,
    uid: &str,
    spec: ClosureRecordSpec,
) -> Result<Option<DynamicObject>, ReconcileError> {
    // A reading begins the closure too: where there is nobody to delete it is the first that is claimed.
    let begins = spec.intent.is_some() && !preconditions::begun(&spec.memory);
    let mut record = ClosureRecord::new(name, spec);
    let tenant = record.spec.tenant_id.to_string();
    let labels = record.labels_mut();
    labels.insert(CLOSURE_UID.into(), uid.to_owned());
    labels.insert(TENANT_ID.into(), tenant);
    if begins {
        labels.insert(BEGINS.into(), "true".into());
    }
    let value =
        serde_json::to_value(&record).map_err(|e| ReconcileError::Malformed(e.to_string()))?;
    let object: DynamicObject =
        serde_json::from_value(value).map_err(|e| ReconcileError::Malformed(e.to_string()))?;
    match bounded(raw(ctx).create(&PostParams::default(), &object)).await {
        Ok(created) => {
            ctx.counters.records.add(1);
            Ok(Some(created))
        }
        Err(ReconcileError::Api(kube::Error::Api(status))) if status.is_already_exists() => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Claims a record and settles it at once: for what is there already, and needs no effect.
///
/// # Errors
/// As [`claim`] and [`settle`].
pub async fn seal(
    ctx: &Context,
    closure: &TenantClosure,
    head: Option<&Head>,
    draft: Draft,
) -> Result<Head, ReconcileError> {
    let claimed = claim(ctx, closure, head, draft).await?;
    let settled = Settled {
        at: ctx.clock.reliable(Timestamp::now()),
        in_doubt: false,
        seen: Outcome {
            complete: true,
            ..Outcome::default()
        },
    };
    settle(ctx, &claimed, settled).await
}

/// Writes the outcome, once.
///
/// # Errors
/// `LostRace` where another process settled the record first.
pub async fn settle(
    ctx: &Context,
    claimed: &Head,
    settled: Settled,
) -> Result<Head, ReconcileError> {
    let uid = &claimed.spec.closure_uid;
    let status = ClosureRecordStatus {
        outcome: Some(settled),
    };
    let patch = json!({ "metadata": { "resourceVersion": claimed.version }, "status": status });
    let name = name(uid, claimed.sequence);
    let written =
        bounded(raw(ctx).patch_status(&name, &PatchParams::default(), &Patch::Merge(&patch))).await;
    let head = match written {
        Ok(object) => read(&object)?,
        Err(error) => return Err(unsettled(ctx, claimed, error).await),
    };
    tracing::info!(closure = %head.spec.closure_name, sequence = head.sequence, head = %head.hash, "settled a record");
    ctx.hint(uid, |h| h.head = Some(head.clone()));
    Ok(head)
}

/// Why an outcome could not be written: another process was first, and its outcome is there to be read. A policy or a schema
/// that refuses it is no race: whoever took it for one would try without end, and nobody would hear of it.
async fn unsettled(ctx: &Context, claimed: &Head, error: ReconcileError) -> ReconcileError {
    let uid = &claimed.spec.closure_uid;
    let refused = match &error {
        ReconcileError::Api(kube::Error::Api(status)) => {
            status.is_conflict() || status.is_invalid()
        }
        _ => false,
    };
    if !refused {
        return error;
    }
    ctx.hint(uid, |h| h.head = None);
    match get(ctx, uid, claimed.sequence).await {
        Ok(Some(found)) if found.outcome.is_some() || found.version != claimed.version => {
            ReconcileError::LostRace
        }
        Ok(_) => error,
        Err(unread) => unread,
    }
}

fn read(object: &DynamicObject) -> Result<Head, ReconcileError> {
    let part = |key: &str| object.data.get(key).cloned().unwrap_or(Value::Null);
    let spec: ClosureRecordSpec = serde_json::from_value(part("spec"))
        .map_err(|e| ReconcileError::Malformed(e.to_string()))?;
    let status: Option<ClosureRecordStatus> = serde_json::from_value(part("status"))
        .map_err(|e| ReconcileError::Malformed(e.to_string()))?;
    let created = object
        .creation_timestamp()
        .map(|t| t.0)
        .ok_or_else(|| ReconcileError::Malformed("no creation time".into()))?;
    Ok(Head {
        sequence: spec.sequence,
        hash: hash(object),
        version: object.resource_version().unwrap_or_default(),
        created,
        outcome: status.and_then(|s| s.outcome),
        spec,
    })
}

/// What a record hashes to, as stored.
pub fn hash(object: &DynamicObject) -> String {
    let part = |key: &str| object.data.get(key).unwrap_or(&Value::Null);
    hash::record(
        &object.name_any(),
        object.metadata.uid.as_deref(),
        part("spec"),
        part("status"),
    )
}

/// What a claim says; the rest of the record follows from the closure and the head.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Kind.
    pub kind: RecordType,
    /// What the journal knows up to here.
    pub memory: Memory,
    /// The effect, if it is one.
    pub intent: Option<crate::closure::intent::Intent>,
    /// The plan's head, if it seals one, or is the first chunk of one.
    pub plan: Option<crate::closure::plan::PlanHead>,
    /// A supplement's head, likewise.
    pub supplement: Option<crate::closure::supplement::SupplementHead>,
    /// The chunks of what it seals.
    pub chunks: Chunks,
    /// The inventory, if it tells of one.
    pub inventory: Option<crate::closure::inventory::Inventory>,
    /// How much of each kind of loss there was, if it seals a plan.
    pub losses: Vec<crate::closure::loss::LossCount>,
    /// Who was in the recycle bin when a plan was made.
    pub recycle_bin: Option<crate::closure::recycle_bin::RecycleBin>,
    /// Digest of the plan in force (or sealed by this record).
    pub plan_digest: Option<String>,
    /// What covers it.
    pub covered: Covered,
}

/// The chunks of a plan, or of a supplement, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunks {
    /// Their names.
    pub names: Vec<String>,
    /// What each hashes to, as stored.
    pub hashes: Vec<String>,
}

/// The approvals that cover an effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    /// UIDs, one of each person.
    pub approvals: Vec<String>,
    /// Persons needed.
    pub required: u32,
    /// What was accepted later, where that is approved.
    pub later: Option<crate::closure::acceptance::Later>,
    /// UIDs of the attestations without which it may not begin.
    pub attestations: Vec<String>,
    /// What the copies of all these hash to.
    pub copies: Vec<ApprovalCopy>,
}

impl Draft {
    /// The record's spec.
    pub fn spec(
        self,
        ctx: &Context,
        closure: &TenantClosure,
        sequence: u64,
        previous: String,
    ) -> ClosureRecordSpec {
        let tenant = crate::closure::id::ObjectId::parse(&closure.spec.tenant.id);
        // What only reads takes effect at no time: whoever finds it in doubt need not wait.
        let writes = self
            .intent
            .as_ref()
            .is_some_and(|intent| !intent.action.reads_only());
        let may_run = if writes {
            ctx.limits.start + ctx.limits.request
        } else {
            std::time::Duration::ZERO
        };
        ClosureRecordSpec {
            kind: self.kind,
            closure_uid: closure.uid().unwrap_or_default(),
            closure_namespace: closure.namespace().unwrap_or_default(),
            closure_name: closure.name_any(),
            tenant_id: tenant.unwrap_or(crate::closure::id::ObjectId(uuid::Uuid::nil())),
            sequence,
            previous,
            plan_digest: self.plan_digest,
            effect_id: writes.then(|| {
                request_ids::effect_id(&name(&closure.uid().unwrap_or_default(), sequence))
            }),
            intent: self.intent,
            holder: ctx.holder.clone(),
            effect_seconds: u32::try_from(may_run.as_secs() + 1).unwrap_or(u32::MAX),
            plan: self.plan,
            supplement: self.supplement,
            losses: self.losses,
            recycle_bin: self.recycle_bin,
            inventory: self.inventory,
            chunks: self.chunks.names,
            chunk_hashes: self.chunks.hashes,
            users: Vec::new(),
            approvals: self.covered.approvals,
            attestations: self.covered.attestations,
            approval_copies: self.covered.copies,
            approvals_required: self.covered.required,
            later: self.covered.later,
            memory: self.memory,
        }
    }
}
