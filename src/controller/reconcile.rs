//! The cycle: read, observe, decide, claim, act, observe again, settle, record, requeue.

use crate::api::TenantClosure;
use crate::closure::decide::{Decided, Decision, Waiting};
use crate::closure::memory::Memory;
use crate::closure::observation::{Observation, Obstacle};
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use crate::closure::steps::preconditions::make_plan;
use crate::closure::tenant::Tenant;
use crate::closure::{report, schedule, steps};
use crate::controller::act::{self, Done};
use crate::controller::context::Context;
use crate::controller::credentials;
use crate::controller::error::ReconcileError;
use crate::controller::journal::{self, Head};
use crate::controller::read::{self, Read};
use crate::controller::{observe, plans, record, spending, transitions};
use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::core::PartialObjectMeta;
use kube::runtime::controller::Action;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One cycle of one closure.
///
/// # Errors
/// Only what lies between us and the API server; Microsoft's failures are observations.
pub async fn reconcile(
    key: Arc<PartialObjectMeta<TenantClosure>>,
    ctx: Arc<Context>,
) -> Result<Action, ReconcileError> {
    ctx.counters.cycles.add(1);
    let now = Timestamp::now();
    let Some(read) =
        read::closure(&ctx, &key.namespace().unwrap_or_default(), &key.name_any()).await?
    else {
        ctx.forget(&key.uid().unwrap_or_default());
        return Ok(Action::await_change());
    };
    if let Some(rest) = transitions::held_back(&ctx, &read, now) {
        return Ok(Action::requeue(rest));
    }
    if read
        .closure
        .status
        .as_ref()
        .is_none_or(|s| s.conditions.is_empty())
    {
        record::write(
            &ctx,
            &read,
            &report::first(),
            None,
            &Memory::default(),
            None,
            None,
        )
        .await?;
        return Ok(Action::requeue(Duration::ZERO));
    }
    let told = match cycle(&ctx, &read, now).await {
        Err(ReconcileError::HistoryRollback(why)) => stalled(&read, "HistoryRollback", &why),
        other => other?,
    };
    let next = schedule::next(&told.decided.decision, &told.memory, &read.terms);
    let report = report::tell_since(&told.plan, &told.memory, &told.decided, reached(&read));
    record::write(
        &ctx,
        &read,
        &report,
        told.head.as_ref(),
        &told.memory,
        told.plan.sealed.as_deref(),
        Some(next),
    )
    .await?;
    transitions::hold_back(&ctx, &read, next, now);
    Ok(match told.decided.decision {
        Decision::Closed => Action::await_change(),
        _ => Action::requeue(next),
    })
}

/// The step that the status tells of: what a person does leaves no record in the journal.
fn reached(read: &Read) -> Step {
    let told = read.closure.status.as_ref().and_then(|s| s.step.as_deref());
    let number = told.and_then(|text| text.split('/').next()?.parse::<usize>().ok());
    number
        .and_then(|n| Step::ORDER.get(n).copied())
        .unwrap_or(Step::Preconditions)
}

/// What a cycle came to.
struct Told {
    plan: Plan,
    memory: Memory,
    head: Option<Head>,
    decided: Decided,
}

async fn cycle(ctx: &Context, read: &Read, now: Timestamp) -> Result<Told, ReconcileError> {
    if let Some(elsewhere) = journal_moved(ctx, read) {
        return Ok(stalled(read, "JournalMoved", &elsewhere));
    }
    let head = journal::newest(ctx, &read.closure).await?;
    let in_doubt = head.as_ref().is_some_and(|h| h.outcome.is_none());
    let memory = head.as_ref().map_or_else(Memory::default, |h| {
        h.memory().unwrap_or_else(|| h.spec.memory.clone())
    });
    let sealed = match &memory.plan {
        Some(wanted) => Some(plans::load(ctx, &read.uid, wanted).await?),
        None => None,
    };
    let plan = plans::with_terms(&read.terms, sealed.as_ref());
    let digest = sealed.as_ref().map(|s| s.digest.as_str());
    let vouched = memory.destroying_since.is_some();
    let mut seen = Observation {
        cluster: read::cluster(ctx, read, digest, vouched, now).await?,
        ..observe::seen_after_the_effect(ctx, &read.uid)
    };
    let tenant = open(ctx, read, head.as_ref(), &mut seen).await?;
    if in_doubt && let Some(head) = head {
        return settle_first(ctx, plan, memory, head, tenant.as_deref(), now).await;
    }
    let decided = observe::until_decided(tenant.as_deref(), &plan, &memory, &mut seen, now).await;
    match (&decided.decision, tenant) {
        (Decision::Act(intent), Some(tenant)) => {
            let approvers = seen.cluster.approvals.approvers.clone();
            let done = act::carry_out(
                ctx,
                read,
                act::Known {
                    head: head.as_ref(),
                    memory: &memory,
                    plan: &plan,
                },
                &*tenant,
                intent.clone(),
                approvers,
            )
            .await?;
            Ok(after(ctx, plan, memory, head, decided, done))
        }
        (Decision::MakePlan { .. }, _) => match make_plan(&plan, &seen) {
            Some(sealed) => {
                let sealed = Arc::new(sealed);
                let head = head.as_ref();
                let head =
                    plans::store(ctx, &read.closure, head, &memory, Arc::clone(&sealed)).await?;
                let memory = head.memory().unwrap_or(memory);
                Ok(Told {
                    plan: Plan {
                        terms: plan.terms,
                        sealed: Some(sealed),
                    },
                    memory,
                    head: Some(head),
                    decided,
                })
            }
            None => Ok(waiting(
                plan,
                memory,
                head,
                "MicrosoftUnavailable",
                "Not everything that a plan needs could be read",
            )),
        },
        _ => Ok(Told {
            plan,
            memory,
            head,
            decided,
        }),
    }
}

/// The way to the tenant; a credential that is in the way becomes part of the observation.
async fn open(
    ctx: &Context,
    read: &Read,
    head: Option<&Head>,
    seen: &mut Observation,
) -> Result<Option<Arc<dyn Tenant>>, ReconcileError> {
    match credentials::read(ctx, &read.closure, &read.terms).await? {
        Ok(keys) => {
            if let Some(tenant) = ctx.hints(&read.uid).tenant {
                return Ok(Some(tenant));
            }
            if let Some(head) = head {
                let writes = spending::recent(ctx, head, Timestamp::now()).await?;
                ctx.tenants.spent(&read.terms, &keys, &writes);
            }
            let tenant = ctx.tenants.tenant(&read.terms, &keys);
            ctx.hint(&read.uid, |h| h.tenant = Some(Arc::clone(&tenant)));
            Ok(Some(tenant))
        }
        Err(obstacle) => {
            // The outside look needs no credential: the tenant that was built with the last one still serves.
            seen.cluster.credential = Err(obstacle);
            Ok(ctx.hints(&read.uid).tenant)
        }
    }
}

async fn settle_first(
    ctx: &Context,
    plan: Plan,
    memory: Memory,
    head: Head,
    tenant: Option<&dyn Tenant>,
    now: Timestamp,
) -> Result<Told, ReconcileError> {
    let may_still_run = Duration::from_secs(u64::from(head.spec.effect_seconds));
    let over = head.created + may_still_run;
    let decided = busy(
        &memory,
        "SettlingRecord",
        "An effect of another life is looked at before anything else",
    );
    if head.spec.holder != ctx.holder && now < over {
        let rest = Duration::try_from(over.duration_since(now)).unwrap_or(Duration::from_secs(1));
        let mut decided = decided;
        if let Decision::Wait(waiting) = &mut decided.decision {
            waiting.look_again = Some(rest);
        }
        return Ok(Told {
            plan,
            memory,
            head: None,
            decided,
        });
    }
    let Some(tenant) = tenant else {
        return Ok(Told {
            plan,
            memory,
            head: None,
            decided,
        });
    };
    let done = act::settle_in_doubt(ctx, &head, &memory, &plan, tenant).await?;
    Ok(after(ctx, plan, memory, None, decided, done))
}

fn after(
    ctx: &Context,
    plan: Plan,
    memory: Memory,
    head: Option<Head>,
    decided: Decided,
    done: Done,
) -> Told {
    match done {
        Done::Settled(settled, seen) => {
            let uid = &settled.spec.closure_uid;
            ctx.hint(uid, |h| h.seen = Some((Instant::now(), Arc::from(seen))));
            let memory = settled.memory().unwrap_or(memory);
            let mut decided = decided;
            if let Decision::Wait(waiting) = &mut decided.decision {
                waiting.look_again = Some(Duration::ZERO);
            }
            Told {
                plan,
                memory,
                head: Some(*settled),
                decided,
            }
        }
        Done::InDoubt => waiting(
            plan,
            memory,
            head,
            "MicrosoftUnavailable",
            "Microsoft gave no answer that counts; the effect is looked at again",
        ),
    }
}

fn busy(memory: &Memory, reason: &'static str, message: &str) -> Decided {
    let look_again = Some(Duration::from_secs(2));
    let waiting = Waiting {
        reason,
        message: message.to_owned(),
        until: None,
        look_again,
    };
    decided(steps::current(memory), Decision::Wait(waiting))
}

fn decided(step: Step, decision: Decision) -> Decided {
    Decided {
        step,
        decision,
        standings: BTreeMap::new(),
        progress: BTreeMap::new(),
        blockers: Vec::new(),
    }
}

fn waiting(
    plan: Plan,
    memory: Memory,
    head: Option<Head>,
    reason: &'static str,
    message: &str,
) -> Told {
    let decided = busy(&memory, reason, message);
    Told {
        plan,
        memory,
        head,
        decided,
    }
}

fn stalled(read: &Read, reason: &'static str, message: &str) -> Told {
    let obstacle = Obstacle {
        reason,
        message: message.to_owned(),
        remedy: "Do not go on with this closure: compare the journal with a copy of it, then delete the closure and create it again".into(),
    };
    let plan = Plan {
        terms: read.terms.clone(),
        sealed: None,
    };
    Told {
        plan,
        memory: Memory::default(),
        head: None,
        decided: decided(Step::Preconditions, Decision::Blocked(vec![obstacle])),
    }
}

fn journal_moved(ctx: &Context, read: &Read) -> Option<String> {
    let pinned = &read.closure.status.as_ref()?.journal.as_ref()?.namespace;
    (*pinned != ctx.namespace).then(|| {
        format!(
            "The journal lies in namespace {pinned}, the operator writes to {}",
            ctx.namespace
        )
    })
}
