//! The cycle: read, observe, decide, claim, act, observe again, settle, record, requeue.

use crate::api::TenantClosure;
use crate::closure::decision::Decision;
use crate::closure::evidence::CONDITION;
use crate::closure::observation::{Cluster, Observation};
use crate::closure::schedule;
use crate::controller::context::Context;
use crate::controller::error::ReconcileError;
use crate::controller::judge::Judge;
use crate::controller::read::{self, Read};
use crate::controller::told::Told;
use crate::controller::{
    act, doubt, evidence, inventory, journal, observe, plan_status, plans, reach, record,
    transitions, trouble,
};
use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::core::PartialObjectMeta;
use kube::runtime::controller::Action;
use std::sync::Arc;
use std::time::Duration;

/// One cycle of one closure; what keeps it from its end again and again is told.
///
/// # Errors
/// Only what lies between us and the API server; Microsoft's failures are observations.
pub async fn reconcile(
    key: Arc<PartialObjectMeta<TenantClosure>>,
    ctx: Arc<Context>,
) -> Result<Action, ReconcileError> {
    match Box::pin(once(&key, &ctx)).await {
        Ok(action) => {
            trouble::is_over(&ctx, &key.uid().unwrap_or_default());
            Ok(action)
        }
        Err(error) => trouble::told(&ctx, &key, error).await,
    }
}

async fn once(
    key: &PartialObjectMeta<TenantClosure>,
    ctx: &Context,
) -> Result<Action, ReconcileError> {
    ctx.counters.cycles.add(1);
    let now = Timestamp::now();
    let (namespace, name) = (key.namespace().unwrap_or_default(), key.name_any());
    let Some(read) = read::closure(ctx, &namespace, &name).await? else {
        ctx.forget(&key.uid().unwrap_or_default());
        return Ok(Action::await_change());
    };
    if let Some(rest) = transitions::held_back(ctx, &read, now) {
        return Ok(Action::requeue(rest));
    }
    if read.is_new() {
        record::first(ctx, &read).await?;
        return Ok(Action::requeue(Duration::ZERO));
    }
    let mut told = match Box::pin(cycle(ctx, &read, now)).await {
        Err(ReconcileError::HistoryRollback(why)) => {
            Told::history_rollback(&read, &why, ctx.hints(&read.uid).head)
        }
        other => other?,
    };
    let mut next = schedule::next(&told.decided.decision, &read.terms, now);
    let mut all_is_told = true;
    if let Some(keeping) = ctx.hints(&read.uid).keeping {
        let standing = keeping.evidence.standing();
        told.decided.standings.insert(CONDITION, standing);
        next = keeping.sooner(next);
        all_is_told = keeping.evidence.is_complete();
    }
    record::told(ctx, &read, &told, next).await?;
    transitions::hold_back(ctx, &read, next, now);
    Ok(match told.decided.decision {
        Decision::Closed if all_is_told => Action::await_change(),
        _ => Action::requeue(next),
    })
}

async fn cycle(ctx: &Context, read: &Read, now: Timestamp) -> Result<Told, ReconcileError> {
    if let Some(elsewhere) = read.journal_elsewhere(&ctx.namespace) {
        return Ok(Told::journal_moved(read, elsewhere, &ctx.namespace));
    }
    let head = journal::newest(ctx, &read.closure).await?;
    let memory = journal::memory(head.as_ref());
    let plan = plans::in_force(ctx, read, &memory).await?;
    let kept = evidence::keep(ctx, read, head.as_ref(), &memory).await?;
    let mut seen = Observation {
        cluster: Cluster {
            evidence: kept,
            ..read::cluster(ctx, read, &memory, now).await?
        },
        ..observe::seen_after_the_effect(ctx, &read.uid)
    };
    let tenant = reach::tenant(ctx, read, head.as_ref(), &mut seen).await?;
    let tenant = tenant.as_deref();
    let known = act::Known {
        head: head.as_ref(),
        memory: &memory,
        plan: &plan,
    };
    if let Some(in_doubt) = head.as_ref().filter(|head| head.outcome.is_none()) {
        let credential = seen.cluster.credential;
        return doubt::settle(ctx, in_doubt, known, tenant, credential, now).await;
    }
    let judge = Judge::called(ctx, read, &plan).await?;
    let decided = observe::until_decided(tenant, &plan, &memory, &mut seen, &judge).await;
    if let Some(listed) = seen.subscriptions.known() {
        let names = plan_status::names(listed);
        ctx.hint(&read.uid, |hints| hints.names = names);
    }
    match (&decided.decision, tenant) {
        (Decision::Act(intent), Some(tenant)) => {
            let intent = intent.clone();
            let acting = act::carry_out(ctx, read, known, tenant, intent, &mut seen);
            let done = acting.await?;
            Ok(Told::after(ctx, known, decided, done))
        }
        (Decision::WriteInventory, Some(tenant)) => {
            Box::pin(inventory::write(ctx, read, known, tenant, decided)).await
        }
        (Decision::MakePlan { .. }, _) => {
            Box::pin(plans::make(ctx, read, known, seen, decided)).await
        }
        (Decision::MakeSupplement, _) => {
            Box::pin(plans::supplement(ctx, read, known, &seen, decided)).await
        }
        _ => Ok(Told::decided(known, decided)),
    }
}
