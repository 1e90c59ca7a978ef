//! Act: claim, carry out one bounded effect, look again, settle.

use crate::api::RecordType;
use crate::api::record::{ApprovalCopy, Settled};
use crate::closure::acceptance;
use crate::closure::decision::Decision;
use crate::closure::intent::{Intent, Outcome};
use crate::closure::memory::Memory;
use crate::closure::observation::{Observation, Why};
use crate::closure::plan::Plan;
use crate::closure::steps::preconditions;
use crate::closure::tenant::{Attempt, Leash, LookBack, Tenant};
use crate::controller::context::Context;
use crate::controller::error::ReconcileError;
use crate::controller::journal::{self, Covered, Draft, Head};
use crate::controller::read::Read;
use crate::controller::{evidence, fleet, judge, lead, observe};
use jiff::Timestamp;
use kube::ResourceExt as _;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How a claimed intent ended.
#[derive(Debug)]
pub enum Done {
    /// Settled: the journal's new head, and what the guards ask as it was seen after the effect.
    Settled(Box<Head>, Box<Observation>),
    /// Nothing was claimed: as many closures as may act at once do.
    NotNow,
    /// Nothing was claimed: what it rests on must be in the evidence store first.
    Held(Decision),
    /// Nothing was claimed: another process of the operator acts.
    Elsewhere,
    /// The settling read got no complete answer: the record stays in doubt and is settled in a later cycle.
    InDoubt(Doubt),
}

/// A record that stays in doubt.
#[derive(Debug)]
pub struct Doubt {
    /// What it is about.
    pub intent: Intent,
    /// When it was claimed.
    pub claimed: Timestamp,
    /// Why nothing could be read.
    pub why: Option<Why>,
}

/// What is known before an effect.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The journal's head.
    pub head: Option<&'a Head>,
    /// What the journal says.
    pub memory: &'a Memory,
    /// The plan.
    pub plan: &'a Plan,
}

/// For how long a cycle waits for its turn before it tells so.
const FOR_A_TURN: Duration = Duration::from_secs(2);

/// Carries one intent out.
///
/// # Errors
/// Where the claim was lost or the API server failed; then nothing was sent, or the record stays in doubt.
pub async fn carry_out(
    ctx: &Context,
    read: &Read,
    known: Known<'_>,
    tenant: &dyn Tenant,
    intent: Intent,
    seen: &mut Observation,
) -> Result<Done, ReconcileError> {
    let at_most = read.configured.acting_at_most;
    let covered = covered(read, known.plan, seen, &intent);
    if !intent.action.reads_only()
        && let Some(held) = evidence::approvals(ctx, read, &covered.copies).await
    {
        return Ok(Done::Held(held));
    }
    let turn = ctx.acting.turn_within(&read.uid, at_most, FOR_A_TURN);
    let Some(turn) = turn.await else {
        return Ok(Done::NotNow);
    };
    let done = Box::pin(in_turn(ctx, read, known, tenant, covered, intent, seen)).await;
    drop(turn);
    lead::rest(ctx).await;
    done
}

async fn in_turn(
    ctx: &Context,
    read: &Read,
    known: Known<'_>,
    tenant: &dyn Tenant,
    covered: Covered,
    intent: Intent,
    seen: &mut Observation,
) -> Result<Done, ReconcileError> {
    let Known { head, memory, plan } = known;
    // Counted from before the claim: another process may settle the record once this time is over, however long
    // this one has stood still meanwhile. The Lease outlasts it.
    let begun = Instant::now();
    let begun_at = Timestamp::now();
    if !lead::take(ctx).await? {
        return Ok(Done::Elsewhere);
    }
    let namespace = read.closure.namespace().unwrap_or_default();
    let leash = ctx.brakes.leash(&namespace, &read.uid, read.generation);
    let draft = Draft {
        inventory: None,
        losses: Vec::new(),
        recycle_bin: None,
        kind: if intent.action.reads_only() {
            RecordType::Verification
        } else {
            RecordType::Effect
        },
        memory: memory.clone(),
        intent: Some(intent.clone()),
        plan: None,
        supplement: None,
        plan_digest: plan.digest_of(intent.supplement).map(str::to_owned),
        covered,
    };
    let claimed = if preconditions::begun(memory) {
        journal::claim(ctx, &read.closure, head, draft).await?
    } else {
        Box::pin(begin(ctx, read, head, draft)).await?
    };
    ctx.clock.heard(begun_at, claimed.created, Timestamp::now());
    ctx.counters.effects.add(1);
    let ends = begun + ctx.limits.start;
    let until = judge::still(ctx, read, known, seen, &intent, ends).await?;
    // The other clock goes on while the machine is suspended.
    let by = begun_at + ctx.limits.start;
    let leash = until.map(|until| {
        let leash = leash.until(until).until_time(by);
        leash.numbered(claimed.spec.effect_id)
    });
    let (attempt, sent) = match leash.filter(Leash::holds) {
        Some(leash) => {
            let over = ends + ctx.limits.request;
            let effect = tokio::time::timeout_at(over.into(), tenant.perform(&intent, &leash));
            (effect.await.ok(), leash.told())
        }
        None => (Some(Attempt::default()), 0),
    };
    let attempt = attempt.as_ref();
    look_again(ctx, &claimed, &intent, attempt, known, tenant, Some(sent)).await
}

/// The approvals of what covers the effect: of the plan, or of the supplement that names its objects. By UID: names of
/// persons stand in the approvals themselves.
fn covered(read: &Read, plan: &Plan, seen: &Observation, intent: &Intent) -> Covered {
    let cluster = &seen.cluster;
    let approvals = match intent.supplement {
        None => Some(&cluster.approvals),
        Some(ordinal) => cluster.supplements.get(&ordinal),
    };
    let mut covered = approvals.map_or_else(Covered::default, |approvals| Covered {
        later: acceptance::approved(plan, seen, Timestamp::now()),
        approvals: approvals.named(),
        required: approvals.required,
        ..Covered::default()
    });
    // What only reads rests on nothing that anybody said.
    if !intent.action.reads_only() {
        covered.attestations.clone_from(&cluster.attested_by);
    }
    let later = covered.later.iter().flat_map(|later| &later.approvals);
    let named = covered.approvals.iter().chain(later);
    let named: BTreeSet<&String> = named.chain(&covered.attestations).collect();
    let copy = |uid: &String| {
        let digest = read.approval(uid)?.copy_digest();
        let uid = uid.clone();
        Some(ApprovalCopy { uid, digest })
    };
    covered.copies = named.into_iter().filter_map(copy).collect();
    covered
}

/// Makes a closure's first claim, one closure after the other: no two slip through the limit together, as one process leads.
async fn begin(
    ctx: &Context,
    read: &Read,
    head: Option<&Head>,
    draft: Draft,
) -> Result<Head, ReconcileError> {
    let _alone = ctx.beginning.lock().await;
    let begun = fleet::begun_lately(ctx, &read.uid, Timestamp::now()).await?;
    if begun >= read.configured.guards.begun_at_most || !lead::holds(ctx).await {
        // The next cycle says so; or another process may have counted meanwhile.
        return Err(ReconcileError::LostRace);
    }
    journal::claim(ctx, &read.closure, head, draft).await
}

/// Settles a record that another life left behind, by reading alone.
///
/// # Errors
/// Where the API server failed.
pub async fn settle_in_doubt(
    ctx: &Context,
    head: &Head,
    known: Known<'_>,
    tenant: &dyn Tenant,
) -> Result<Done, ReconcileError> {
    ctx.counters.settled_in_doubt.add(1);
    if let Some(intent) = &head.spec.intent {
        return look_again(ctx, head, intent, None, known, tenant, None).await;
    }
    let seen = Outcome {
        complete: true,
        ..Outcome::default()
    };
    settle(ctx, head, true, seen, Observation::default()).await
}

/// Without an attempt (of another life, or one that took too long) reading alone decides. `sent` requests were numbered;
/// `None`: another life sent them.
async fn look_again(
    ctx: &Context,
    claimed: &Head,
    intent: &Intent,
    attempt: Option<&Attempt>,
    known: Known<'_>,
    tenant: &dyn Tenant,
    sent: Option<u32>,
) -> Result<Done, ReconcileError> {
    let scope = observe::scope(known.plan, known.memory);
    let about = LookBack {
        intent,
        attempt,
        plan: known.plan.sealed.as_deref(),
        supplements: &known.plan.supplements,
        scope: &scope,
    };
    let mut after = Observation::default();
    let mut seen = tenant.settle(about, &mut after).await;
    seen.numbered = sent.unwrap_or_default();
    if !seen.complete {
        return Ok(Done::InDoubt(Doubt {
            intent: intent.clone(),
            claimed: claimed.created,
            why: seen.unread,
        }));
    }
    ctx.counters.objects.add(u64::from(seen.gone));
    ctx.counters.requests.add(u64::from(seen.requests));
    ctx.counters.throttled.add(u64::from(seen.throttled));
    settle(ctx, claimed, sent.is_none(), seen, after).await
}

async fn settle(
    ctx: &Context,
    claimed: &Head,
    in_doubt: bool,
    seen: Outcome,
    after: Observation,
) -> Result<Done, ReconcileError> {
    let settled = Settled {
        at: ctx.clock.reliable(Timestamp::now()),
        in_doubt,
        seen,
    };
    let head = journal::settle(ctx, claimed, settled).await?;
    Ok(Done::Settled(Box::new(head), Box::new(after)))
}
