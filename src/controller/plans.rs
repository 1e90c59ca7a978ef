//! Plans in the journal: chunks named by their content, sealed by one record.

use crate::api::{ClosureRecordSpec, RecordType, TenantClosure};
use crate::closure::decision::Decided;
use crate::closure::id::ObjectId;
use crate::closure::loss::{self, LossCount};
use crate::closure::memory::{Memory, PlanRef};
use crate::closure::observation::Observation;
use crate::closure::plan::{CHUNK, Plan, PlanHead, Sealed, digest};
use crate::closure::recycle_bin::RecycleBin;
use crate::closure::steps::preconditions::make_plan;
use crate::closure::steps::supplements;
use crate::closure::supplement::{self, Supplement, SupplementHead, SupplementRef, Supplements};
use crate::controller::act::Known;
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use crate::controller::journal::{self, Chunks, Covered, Draft, Head};
use crate::controller::read::Read;
use crate::controller::told::Told;
use kube::ResourceExt as _;
use kube::core::DynamicObject;
use serde::Deserialize as _;
use serde_json::Value;
use std::sync::Arc;

fn chunk_name(uid: &str, digest: &str, index: usize) -> String {
    format!("{uid}-plan-{}-{index:04}", &digest[..16.min(digest.len())])
}

/// What is sealed.
struct Parts<'a> {
    /// A plan's head, or a supplement's.
    plan: Option<&'a PlanHead>,
    supplement: Option<&'a SupplementHead>,
    users: &'a [ObjectId],
    digest: &'a str,
    losses: Vec<LossCount>,
    recycle_bin: Option<RecycleBin>,
}

/// Stores a plan or a supplement: chunks first, then the record that seals them.
///
/// # Errors
/// As the journal's.
async fn store(
    ctx: &Context,
    closure: &TenantClosure,
    head: Option<&Head>,
    memory: &Memory,
    parts: Parts<'_>,
) -> Result<Head, ReconcileError> {
    let uid = closure.uid().unwrap_or_default();
    let pieces: Vec<&[_]> = if parts.users.is_empty() {
        vec![&[]]
    } else {
        parts.users.chunks(CHUNK).collect()
    };
    let mut chunks = Chunks::default();
    for (index, users) in pieces.into_iter().enumerate() {
        let name = chunk_name(&uid, parts.digest, index);
        let first = index == 0;
        let draft = Draft {
            kind: RecordType::PlanChunk,
            memory: Memory::default(),
            intent: None,
            plan: parts.plan.filter(|_| first).cloned(),
            supplement: parts.supplement.filter(|_| first).cloned(),
            chunks: Chunks::default(),
            plan_digest: Some(parts.digest.to_owned()),
            inventory: None,
            losses: Vec::new(),
            covered: Covered::default(),
            recycle_bin: None,
        };
        let mut spec = draft.spec(ctx, closure, 0, String::new());
        spec.users = users.to_vec();
        let stored = chunk(ctx, &name, &uid, spec).await?;
        chunks.hashes.push(journal::hash(&stored));
        chunks.names.push(name);
    }
    let draft = Draft {
        kind: RecordType::Plan,
        memory: memory.clone(),
        intent: None,
        plan: parts.plan.cloned(),
        supplement: parts.supplement.cloned(),
        chunks,
        plan_digest: Some(parts.digest.to_owned()),
        losses: parts.losses,
        recycle_bin: parts.recycle_bin,
        inventory: None,
        covered: Covered::default(),
    };
    journal::seal(ctx, closure, head, draft).await
}

/// A chunk as it is stored: made now, or by a process that was ended before it could seal the plan. The digest is part of its name,
/// so one that is there is the same.
///
/// # Errors
/// `HistoryRollback` where it is not.
async fn chunk(
    ctx: &Context,
    name: &str,
    uid: &str,
    spec: ClosureRecordSpec,
) -> Result<DynamicObject, ReconcileError> {
    if let Some(created) = journal::create(ctx, name, uid, spec.clone()).await? {
        return Ok(created);
    }
    let there = journal::object(ctx, name).await?.ok_or_else(missing)?;
    let found = there.data.get("spec").unwrap_or(&Value::Null);
    let found = ClosureRecordSpec::deserialize(found)
        .map_err(|why| ReconcileError::Malformed(why.to_string()))?;
    if same(&found, spec) {
        Ok(there)
    } else {
        Err(altered())
    }
}

/// What is there is what we would write; another process wrote it.
fn same(found: &ClosureRecordSpec, ours: ClosureRecordSpec) -> bool {
    let theirs = ClosureRecordSpec {
        holder: found.holder.clone(),
        effect_seconds: found.effect_seconds,
        ..ours
    };
    *found == theirs
}

/// The users in the chunks of a plan or supplement, and the first chunk.
///
/// # Errors
/// `HistoryRollback` where a chunk is missing.
async fn chunks(
    ctx: &Context,
    uid: &str,
    digest: &str,
    number: u32,
    users: u32,
) -> Result<(ClosureRecordSpec, Vec<ObjectId>), ReconcileError> {
    let mut first = None;
    let mut all = Vec::with_capacity(users as usize);
    for index in 0..number as usize {
        let name = chunk_name(uid, digest, index);
        let chunk = bounded(ctx.records().get_opt(&name)).await?;
        let chunk = chunk.ok_or_else(missing)?;
        all.extend_from_slice(&chunk.spec.users);
        if index == 0 {
            first = Some(chunk.spec);
        }
    }
    let first = first.ok_or_else(headless)?;
    Ok((first, all))
}

fn missing() -> ReconcileError {
    ReconcileError::HistoryRollback("a part of the plan is missing".into())
}

fn headless() -> ReconcileError {
    ReconcileError::HistoryRollback("the plan has no head".into())
}

fn altered() -> ReconcileError {
    ReconcileError::HistoryRollback("the plan does not match its digest".into())
}

/// Loads the plan in force and checks its digest.
///
/// # Errors
/// `HistoryRollback` where a chunk is missing or the digest does not match.
async fn load(ctx: &Context, uid: &str, wanted: &PlanRef) -> Result<Arc<Sealed>, ReconcileError> {
    if let Some(known) = ctx.hints(uid).plan.filter(|p| p.digest == wanted.digest) {
        return Ok(known);
    }
    let (first, users) = chunks(ctx, uid, &wanted.digest, wanted.chunks, wanted.users).await?;
    let head = first.plan.ok_or_else(headless)?;
    if digest(&head, &users) != wanted.digest {
        return Err(altered());
    }
    let sealed = Arc::new(Sealed {
        head,
        users,
        digest: wanted.digest.clone(),
    });
    ctx.hint(uid, |h| h.plan = Some(Arc::clone(&sealed)));
    Ok(sealed)
}

/// Loads the supplements of the plan in force, those known already from memory.
///
/// # Errors
/// `HistoryRollback` where a chunk is missing or a digest does not match.
async fn load_supplements(
    ctx: &Context,
    uid: &str,
    memory: &Memory,
) -> Result<Supplements, ReconcileError> {
    let mut loaded = Supplements::NONE;
    if memory.supplements.is_empty() {
        return Ok(loaded);
    }
    let known = ctx.hints(uid).supplements;
    for wanted in &memory.supplements {
        let found = known.all().find(|one| one.digest == wanted.digest);
        let one = match found {
            Some(one) => Arc::clone(one),
            None => Arc::new(load_supplement(ctx, uid, wanted).await?),
        };
        if wanted.begun() {
            loaded.begun.push(one);
        } else {
            loaded.open = Some(one);
        }
    }
    ctx.hint(uid, |h| h.supplements = loaded.clone());
    Ok(loaded)
}

async fn load_supplement(
    ctx: &Context,
    uid: &str,
    wanted: &SupplementRef,
) -> Result<Supplement, ReconcileError> {
    let (first, users) = chunks(ctx, uid, &wanted.digest, wanted.chunks, wanted.users).await?;
    let head = first.supplement.ok_or_else(headless)?;
    if supplement::digest(&head, &users) != wanted.digest || head.ordinal != wanted.ordinal {
        return Err(altered());
    }
    Ok(Supplement {
        head,
        users,
        digest: wanted.digest.clone(),
    })
}

/// The plan in force as the pure core wants it.
///
/// # Errors
/// As [`load`].
pub async fn in_force(ctx: &Context, read: &Read, memory: &Memory) -> Result<Plan, ReconcileError> {
    let sealed = match &memory.plan {
        Some(wanted) => Some(load(ctx, &read.uid, wanted).await?),
        None => None,
    };
    Ok(Plan {
        terms: read.terms.clone(),
        sealed,
        supplements: load_supplements(ctx, &read.uid, memory).await?,
    })
}

/// Makes a plan from what was observed and seals it in the journal.
///
/// # Errors
/// As [`store`].
pub async fn make(
    ctx: &Context,
    read: &Read,
    known: Known<'_>,
    mut seen: Observation,
    decided: Decided,
) -> Result<Told, ReconcileError> {
    let Some(sealed) = make_plan(known.plan, &mut seen) else {
        return Ok(unread(known));
    };
    let sealed = Arc::new(sealed);
    let parts = Parts {
        plan: Some(&sealed.head),
        supplement: None,
        users: &sealed.users,
        digest: &sealed.digest,
        losses: loss::counts(&seen),
        recycle_bin: seen.recycle_bin.known().copied(),
    };
    let head = Box::pin(store(ctx, &read.closure, known.head, known.memory, parts)).await?;
    ctx.hint(&read.uid, |h| h.plan = Some(Arc::clone(&sealed)));
    Ok(Told {
        plan: Plan {
            sealed: Some(sealed),
            ..Plan::unmade(read.terms.clone())
        },
        memory: journal::memory(Some(&head)),
        head: Some(head),
        decided,
    })
}

/// Makes a supplement of who came after the plan was made, and seals it in the journal.
///
/// # Errors
/// As [`store`].
pub async fn supplement(
    ctx: &Context,
    read: &Read,
    known: Known<'_>,
    seen: &Observation,
    decided: Decided,
) -> Result<Told, ReconcileError> {
    let Some(made) = supplements::make(known.plan, seen, known.memory) else {
        return Ok(unread(known));
    };
    let parts = Parts {
        plan: None,
        supplement: Some(&made.head),
        users: &made.users,
        digest: &made.digest,
        losses: Vec::new(),
        recycle_bin: None,
    };
    let head = Box::pin(store(ctx, &read.closure, known.head, known.memory, parts)).await?;
    let mut plan = known.plan.clone();
    plan.supplements.open = Some(Arc::new(made));
    ctx.hint(&read.uid, |h| h.supplements = plan.supplements.clone());
    Ok(Told {
        plan,
        memory: journal::memory(Some(&head)),
        head: Some(head),
        decided,
    })
}

fn unread(known: Known<'_>) -> Told {
    let reason = "MicrosoftUnavailable";
    let message = "Not everything that a plan needs could be read";
    Told::waiting(known, reason, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_part_that_is_there_already_is_the_same_whoever_wrote_it() {
        let id = "00000000-0000-0000-0000-00000000aaaa";
        let part = |field: &str, value: Value| -> ClosureRecordSpec {
            let mut spec = json!({
                "type": "PlanChunk", "sequence": 0, "closureUID": "u", "closureNamespace": "n", "closureName": "c",
                "tenantID": id, "planDigest": "d", "users": [id], "holder": "one", "memory": {},
            });
            spec[field] = value;
            serde_json::from_value(spec).unwrap()
        };
        let ours = part("holder", json!("two"));
        assert!(same(&part("holder", json!("one")), ours.clone()));
        for (field, value) in [
            ("users", json!([])),
            ("planDigest", json!("e")),
            ("closureName", json!("other")),
            ("memory", json!({"cursor": 5})),
        ] {
            assert!(!same(&part(field, value), ours.clone()), "{field}");
        }
    }
}
