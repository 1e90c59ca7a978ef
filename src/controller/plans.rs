//! Plans in the journal: chunks named by their content, sealed by one record.

use crate::api::record::Settled;
use crate::api::{RecordType, TenantClosure};
use crate::closure::decision::Decided;
use crate::closure::intent::Outcome;
use crate::closure::loss::{self, LossCount};
use crate::closure::memory::{Memory, PlanRef};
use crate::closure::observation::Observation;
use crate::closure::plan::{CHUNK, Plan, Sealed, digest};
use crate::closure::steps::preconditions::make_plan;
use crate::controller::act::Known;
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use crate::controller::journal::{self, Draft, Head};
use crate::controller::read::Read;
use crate::controller::told::Told;
use jiff::Timestamp;
use kube::ResourceExt as _;
use std::sync::Arc;

fn chunk_name(uid: &str, digest: &str, index: usize) -> String {
    format!("{uid}-plan-{}-{index:04}", &digest[..16.min(digest.len())])
}

/// Stores a plan: chunks first, then the record that seals them.
///
/// # Errors
/// As the journal's.
async fn store(
    ctx: &Context,
    closure: &TenantClosure,
    head: Option<&Head>,
    memory: &Memory,
    sealed: Arc<Sealed>,
    losses: Vec<LossCount>,
) -> Result<Head, ReconcileError> {
    let uid = closure.uid().unwrap_or_default();
    let pieces: Vec<&[_]> = if sealed.users.is_empty() {
        vec![&[]]
    } else {
        sealed.users.chunks(CHUNK).collect()
    };
    let mut names = Vec::with_capacity(pieces.len());
    for (index, users) in pieces.into_iter().enumerate() {
        let name = chunk_name(&uid, &sealed.digest, index);
        let draft = Draft {
            kind: RecordType::PlanChunk,
            memory: Memory::default(),
            intent: None,
            plan: (index == 0).then(|| (sealed.head.clone(), Vec::new())),
            plan_digest: Some(sealed.digest.clone()),
            inventory: None,
            losses: Vec::new(),
            approvers: Vec::new(),
        };
        let mut spec = draft.spec(ctx, closure, 0, String::new());
        spec.users = users.to_vec();
        // A name that is taken holds the same content: it is part of the name.
        journal::create(ctx, &name, &uid, spec).await?;
        names.push(name);
    }
    let draft = Draft {
        kind: RecordType::Plan,
        memory: memory.clone(),
        intent: None,
        plan: Some((sealed.head.clone(), names)),
        plan_digest: Some(sealed.digest.clone()),
        inventory: None,
        losses,
        approvers: Vec::new(),
    };
    let claimed = journal::claim(ctx, closure, head, draft).await?;
    let seen = Outcome {
        complete: true,
        ..Outcome::default()
    };
    let settled = journal::settle(
        ctx,
        &claimed,
        Settled {
            at: Timestamp::now(),
            in_doubt: false,
            seen,
        },
    )
    .await?;
    ctx.hint(&uid, |h| h.plan = Some(sealed));
    Ok(settled)
}

/// Loads the plan in force and checks its digest.
///
/// # Errors
/// `HistoryRollback` where a chunk is missing or the digest does not match.
async fn load(ctx: &Context, uid: &str, wanted: &PlanRef) -> Result<Arc<Sealed>, ReconcileError> {
    if let Some(known) = ctx.hints(uid).plan.filter(|p| p.digest == wanted.digest) {
        return Ok(known);
    }
    let mut head = None;
    let mut users = Vec::with_capacity(wanted.users as usize);
    for index in 0..wanted.chunks as usize {
        let name = chunk_name(uid, &wanted.digest, index);
        let chunk = bounded(ctx.records().get_opt(&name)).await?;
        let chunk = chunk.ok_or_else(|| {
            ReconcileError::HistoryRollback("a part of the plan is missing".into())
        })?;
        users.extend_from_slice(&chunk.spec.users);
        if index == 0 {
            head = chunk.spec.plan;
        }
    }
    let head =
        head.ok_or_else(|| ReconcileError::HistoryRollback("the plan has no head".into()))?;
    if digest(&head, &users) != wanted.digest {
        return Err(ReconcileError::HistoryRollback(
            "the plan does not match its digest".into(),
        ));
    }
    let sealed = Arc::new(Sealed {
        head,
        users,
        digest: wanted.digest.clone(),
    });
    ctx.hint(uid, |h| h.plan = Some(Arc::clone(&sealed)));
    Ok(sealed)
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
    seen: &Observation,
    decided: Decided,
) -> Result<Told, ReconcileError> {
    let Some(sealed) = make_plan(known.plan, seen) else {
        let reason = "MicrosoftUnavailable";
        let message = "Not everything that a plan needs could be read";
        return Ok(Told::waiting(known, reason, message));
    };
    let sealed = Arc::new(sealed);
    let head = store(
        ctx,
        &read.closure,
        known.head,
        known.memory,
        Arc::clone(&sealed),
        loss::counts(seen),
    )
    .await?;
    Ok(Told {
        plan: Plan {
            terms: read.terms.clone(),
            sealed: Some(sealed),
        },
        memory: journal::memory(Some(&head)),
        head: Some(head),
        decided,
    })
}
