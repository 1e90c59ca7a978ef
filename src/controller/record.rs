//! Record: the single writer of a closure's status, at most one patch a cycle.

use crate::api::status::{
    AnnouncedStatus, ApprovalStatus, BlockerStatus, CheckStatus, HandOffStatus, JournalStatus,
    PastHandOffStatus, StepStatus, TenantClosureStatus,
};
use crate::api::{REQUESTED_AT, TenantClosure, conditions};
use crate::closure::conditions::halted;
use crate::closure::decision::Approval;
use crate::closure::memory::Memory;
use crate::closure::observation::Obstacle;
use crate::closure::plan::Plan;
use crate::closure::report::{self, Phase, Report};
use crate::closure::step::Step;
use crate::controller::access_status;
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use crate::controller::events;
use crate::controller::journal::Head;
use crate::controller::plan_status::{self, whole_second};
use crate::controller::read::Read;
use crate::controller::told::Told;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;
use std::time::{Duration, Instant};

/// Progress alone is written no more often than this.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// Writes the very first status: everything Unknown, before Microsoft is asked anything.
///
/// # Errors
/// `LostRace` where somebody else wrote the object since it was read.
pub async fn first(ctx: &Context, read: &Read) -> Result<(), ReconcileError> {
    let nothing = Memory::default();
    write(
        ctx,
        read,
        &report::first(&read.terms),
        None,
        &nothing,
        None,
        None,
    )
    .await
}

/// Writes what a cycle came to where it says something new; the next attempt is in `next`.
///
/// # Errors
/// `LostRace` where somebody else wrote the object since it was read.
pub async fn told(
    ctx: &Context,
    read: &Read,
    told: &Told,
    next: Duration,
) -> Result<(), ReconcileError> {
    let report = report::tell_since(&told.plan, &told.memory, &told.decided, read.reached());
    let head = told.head.as_ref();
    write(
        ctx,
        read,
        &report,
        head,
        &told.memory,
        Some(&told.plan),
        Some(next),
    )
    .await
}

/// Writes that the operator cannot go on for a trouble between it and the API server: all else stays as it was told last.
///
/// # Errors
/// Where the API server failed.
pub async fn trouble(
    ctx: &Context,
    closure: &TenantClosure,
    obstacle: &Obstacle,
    rest: Duration,
) -> Result<(), ReconcileError> {
    let old = closure.status.clone().unwrap_or_default();
    let now = Timestamp::now();
    let generation = closure.metadata.generation.unwrap_or_default();
    let mut new = troubled(&old, obstacle, generation, now);
    if words(&old) == words(&new) && old.summary == new.summary {
        return Ok(());
    }
    new.next_attempt_at = Timestamp::from_second((now + rest).as_second()).ok();
    patch(ctx, closure, &old, &new).await?;
    let summary = new.summary.unwrap_or_default();
    let event = events::warning(obstacle.reason, &summary, "Reconcile");
    events::publish(ctx, closure, event).await;
    Ok(())
}

/// The status with this in the way.
fn troubled(
    old: &TenantClosureStatus,
    obstacle: &Obstacle,
    generation: i64,
    now: Timestamp,
) -> TenantClosureStatus {
    let standings = halted(obstacle);
    let mut conditions = conditions::merge(&old.conditions, &standings, generation, now);
    let told = |one: &&Condition| !conditions.iter().any(|new| new.type_ == one.type_);
    let others: Vec<Condition> = old.conditions.iter().filter(told).cloned().collect();
    let summary = conditions.first().map(|ready| ready.message.clone());
    conditions.extend(others);
    TenantClosureStatus {
        observed_generation: Some(generation),
        phase: Some(Phase::Stalled),
        summary,
        blockers: vec![blocker(&report::row(obstacle))],
        conditions,
        ..old.clone()
    }
}

/// Writes what is new in the status of this very version of the closure.
async fn patch(
    ctx: &Context,
    closure: &TenantClosure,
    old: &TenantClosureStatus,
    new: &TenantClosureStatus,
) -> Result<(), ReconcileError> {
    let patch = json!({
        "metadata": { "resourceVersion": closure.resource_version() },
        "status": nulled(old, new),
    });
    let namespace = closure.namespace().unwrap_or_default();
    let api: Api<TenantClosure> = Api::namespaced(ctx.client.clone(), &namespace);
    let (name, params) = (closure.name_any(), PatchParams::default());
    bounded(api.patch_status(&name, &params, &Patch::Merge(&patch))).await?;
    ctx.counters.status_patches.add(1);
    Ok(())
}

async fn write(
    ctx: &Context,
    read: &Read,
    report: &Report,
    head: Option<&Head>,
    memory: &Memory,
    in_force: Option<&Plan>,
    next: Option<Duration>,
) -> Result<(), ReconcileError> {
    let old = read.closure.status.clone().unwrap_or_default();
    let now = Timestamp::now();
    let mut new = status(ctx, read, report, head, memory, in_force, now);
    if report.fruitless && stands(&old, &new) {
        new.phase = old.phase;
        new.summary.clone_from(&old.summary);
        new.blockers.clone_from(&old.blockers);
        new.conditions.clone_from(&old.conditions);
        new.hand_offs.clone_from(&old.hand_offs);
        new.past_hand_offs.clone_from(&old.past_hand_offs);
    }
    let transition = words(&old) != words(&new);
    let due = ctx
        .hints(&read.uid)
        .patched
        .is_none_or(|at| at.elapsed() >= PROGRESS_EVERY);
    // The head in the status is what shows that a tail was cut: it does not lag through a rest.
    let rests = next.is_none_or(|rest| rest >= PROGRESS_EVERY) && new.journal != old.journal;
    new.next_attempt_at.clone_from(&old.next_attempt_at);
    if !transition && !rests && (!due || new == old) {
        return Ok(());
    }
    new.next_attempt_at = next
        .filter(|d| !d.is_zero())
        .and_then(|d| Timestamp::from_second((now + d).as_second()).ok());
    match patch(ctx, &read.closure, &old, &new).await {
        Err(ReconcileError::Api(kube::Error::Api(status)))
            if status.is_conflict() || status.is_not_found() =>
        {
            return Err(ReconcileError::LostRace);
        }
        written => written?,
    }
    ctx.hint(&read.uid, |h| h.patched = Some(Instant::now()));
    if old.phase != new.phase || old.step != new.step {
        events::announce(ctx, &read.closure, report).await;
    }
    for warning in events::expiry(&old, &new)
        .into_iter()
        .chain(events::late(&old, &new))
    {
        events::publish(ctx, &read.closure, warning).await;
    }
    Ok(())
}

/// It was stalled, or handed over, by what was tried again just now: a try in vain is no news, and no reason to say that
/// it runs.
fn stands(old: &TenantClosureStatus, new: &TenantClosureStatus) -> bool {
    let again = |word: &str| report::TRIED_AGAIN.contains(&word);
    let in_vain = match old.phase {
        Some(Phase::Stalled) => old.holds("Stalled").is_some_and(|one| again(&one.reason)),
        Some(Phase::AwaitingHandOff) => old.hand_offs.iter().any(|one| again(&one.key)),
        _ => false,
    };
    in_vain && old.step == new.step && old.observed_generation == new.observed_generation
}

/// What makes a transition: everything but progress, journal, times of steps and the next attempt.
fn words(status: &TenantClosureStatus) -> TenantClosureStatus {
    let mut words = status.clone();
    words.progress = None;
    words.summary = None;
    words.journal = None;
    words.next_attempt_at = None;
    words.steps.clear();
    for condition in &mut words.conditions {
        condition.message.clear();
    }
    words
}

/// A merge patch only removes what it names: fields that went are named with null.
fn nulled(old: &TenantClosureStatus, new: &TenantClosureStatus) -> serde_json::Value {
    let mut patch = serde_json::to_value(new).unwrap_or_default();
    if let (Ok(serde_json::Value::Object(old)), Some(new)) =
        (serde_json::to_value(old), patch.as_object_mut())
    {
        for key in old.keys() {
            new.entry(key.clone()).or_insert(serde_json::Value::Null);
        }
    }
    patch
}

fn status(
    ctx: &Context,
    read: &Read,
    report: &Report,
    head: Option<&Head>,
    memory: &Memory,
    in_force: Option<&Plan>,
    now: Timestamp,
) -> TenantClosureStatus {
    let old = read.closure.status.clone().unwrap_or_default();
    let since = |key: &str| {
        old.hand_offs
            .iter()
            .find(|h| h.key == key)
            .map_or_else(|| whole_second(now), |h| h.since)
    };
    TenantClosureStatus {
        observed_generation: Some(read.generation),
        phase: Some(report.phase),
        step: Some(format!("{}/5 {}", report.step.number(), report.step.name())),
        progress: Some(report.progress.clone()),
        summary: Some(report.summary.clone()),
        plan: in_force
            .and_then(|known| {
                plan_status::plan(read, memory, known, report, &ctx.hints(&read.uid).names)
            })
            .or_else(|| old.plan.clone()),
        inventory: memory.inventory.clone().or_else(|| old.inventory.clone()),
        approval: report
            .approval
            .map(approval)
            .or_else(|| old.approval.clone()),
        estimate: plan_status::estimate(memory, in_force).or_else(|| old.estimate.clone()),
        steps: Step::ORDER
            .into_iter()
            .map(|step| step_status(step, report, memory, &old))
            .collect(),
        access_warnings: access_status::warnings(report, &old),
        blockers: report.blockers.iter().take(40).map(blocker).collect(),
        checks: checks(report, &old),
        support_ticket: report.ticket.clone(),
        hand_offs: report
            .hand_offs
            .iter()
            .take(40)
            .map(|h| HandOffStatus {
                key: h.key.to_owned(),
                what: h.what.clone(),
                link: h.link.clone(),
                noticed: h.noticed.clone(),
                since: since(h.key),
                dates: h.dates,
            })
            .collect(),
        past_hand_offs: past(&old, report, whole_second(now)),
        announced_changes: announced(report, &old),
        waiting_until: report.waiting_until.map(whole_second),
        next_attempt_at: None,
        inputs: Some(read.inputs.clone()),
        last_handled_reconcile_at: read
            .closure
            .annotations()
            .get(REQUESTED_AT)
            .map(|v| v.chars().take(64).collect()),
        journal: head
            .map(|h| JournalStatus {
                namespace: ctx.namespace.clone(),
                sequence: h.sequence,
                head: h.hash.clone(),
            })
            .or_else(|| old.journal.clone()),
        conditions: conditions::merge(&old.conditions, &report.conditions, read.generation, now),
    }
}

/// What was told of the checks stays while nobody can look.
fn checks(report: &Report, old: &TenantClosureStatus) -> Vec<CheckStatus> {
    if report.checks.is_empty() && report.step == Step::DeleteDirectory {
        return old.checks.clone();
    }
    report.checks.iter().map(CheckStatus::from).collect()
}

/// What is remembered of Microsoft's dates stays while nobody looks.
fn announced(report: &Report, old: &TenantClosureStatus) -> Vec<AnnouncedStatus> {
    let Some(announced) = &report.announced else {
        return old.announced_changes.clone();
    };
    let all = announced.iter().take(40);
    all.map(|(subscription, at)| AnnouncedStatus {
        subscription: *subscription,
        at: *at,
    })
    .collect()
}

/// Hand-offs that were open and no longer are, one of a kind: from its first begin to its last end.
fn past(old: &TenantClosureStatus, report: &Report, now: Timestamp) -> Vec<PastHandOffStatus> {
    let mut past = old.past_hand_offs.clone();
    let open = |key: &str| report.hand_offs.iter().any(|h| h.key == key);
    for over in old.hand_offs.iter().filter(|h| !open(&h.key)) {
        if let Some(known) = past.iter_mut().find(|p| p.key == over.key) {
            known.until = now;
        } else if past.len() < 40 {
            past.push(PastHandOffStatus {
                key: over.key.clone(),
                link: over.link.clone(),
                since: over.since,
                until: now,
            });
        }
    }
    past
}

fn step_status(
    step: Step,
    report: &Report,
    memory: &Memory,
    old: &TenantClosureStatus,
) -> StepStatus {
    let (done, total) = report.steps.get(&step).copied().unwrap_or_default();
    StepStatus {
        name: step.name().to_owned(),
        done,
        total,
        started_at: memory.started.get(&step).copied(),
        totals: memory.totals.get(&step).cloned(),
        access: access_status::of_step(step, report, old),
    }
}

fn approval(approval: Approval) -> ApprovalStatus {
    ApprovalStatus {
        required: approval.required,
        given: approval.given,
        valid_until: approval.valid_until.map(whole_second),
    }
}

fn blocker(blocker: &crate::closure::decision::Blocker) -> BlockerStatus {
    BlockerStatus {
        check: blocker.check.clone(),
        state: blocker.state.to_owned(),
        remedy: blocker.remedy.clone(),
        link: blocker.link.clone(),
        who: blocker.who.to_owned(),
        dates: blocker.dates,
    }
}
