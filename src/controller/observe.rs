//! Observe and decide alternate within one cycle: a decision may ask for facts first.

use crate::closure::decide::decide;
use crate::closure::decision::{Decided, Decision};
use crate::closure::memory::Memory;
use crate::closure::observation::{Fact, Observation, Question, Refused, Why};
use crate::closure::pause;
use crate::closure::plan::Plan;
use crate::closure::tenant::{Scope, Tenant};
use crate::controller::context::Context;
use crate::controller::judge::Judge;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Asks until something else than a question is decided. Each question is asked once a cycle, so this ends. An answer can
/// take minutes: what counts is judged anew before each decision.
pub async fn until_decided(
    tenant: Option<&dyn Tenant>,
    plan: &Plan,
    memory: &Memory,
    seen: &mut Observation,
    judge: &Judge<'_>,
) -> Decided {
    let mut asked: BTreeSet<Question> = BTreeSet::new();
    loop {
        let now = judge.now(&mut seen.cluster);
        let decided = decide(plan, seen, memory, now);
        let Decision::Read(questions) = &decided.decision else {
            return heeded(tenant, decided);
        };
        let fresh: Vec<Question> = questions
            .iter()
            .copied()
            .filter(|q| asked.insert(*q))
            .collect();
        if fresh.is_empty() {
            return decided;
        }
        match tenant {
            Some(tenant) => tenant.observe(&scope(plan, memory), &fresh, seen).await,
            None => fresh
                .iter()
                .for_each(|question| unreadable(seen, *question)),
        }
    }
}

/// What Microsoft wants to hear nothing of for a while is not begun.
fn heeded(tenant: Option<&dyn Tenant>, mut decided: Decided) -> Decided {
    if let (Decision::Act(intent), Some(tenant)) = (&decided.decision, tenant) {
        let until = tenant.paused(intent);
        pause::heeded(&mut decided, until);
    }
    decided
}

/// For how long what was seen after an effect serves the cycle that follows it at once.
const FRESH: Duration = Duration::from_secs(5);

/// Who came meanwhile is asked no more often than this: one request, whatever the size of the tenant.
const NEWCOMERS: Duration = Duration::from_secs(60);

/// What the guards ask, as it was seen after the newest effect; good for one cycle that follows at once.
pub fn seen_after_the_effect(ctx: &Context, uid: &str) -> Observation {
    let mut seen = None;
    ctx.hint(uid, |hints| seen = hints.seen.take());
    match seen {
        Some((at, seen)) if at.elapsed() < FRESH => only_known(Arc::unwrap_or_clone(seen)),
        _ => Observation::default(),
    }
}

/// What got no answer then is asked now.
fn only_known(seen: Observation) -> Observation {
    Observation {
        organization: known_or_unread(seen.organization),
        identity: known_or_unread(seen.identity),
        retained: known_or_unread(seen.retained),
        spare: known_or_unread(seen.spare),
        global_administrators: known_or_unread(seen.global_administrators),
        role_schedules: known_or_unread(seen.role_schedules),
        group_administrators: known_or_unread(seen.group_administrators),
        ..Observation::default()
    }
}

fn known_or_unread<T>(fact: Fact<T>) -> Fact<T> {
    match fact {
        Fact::Unreadable(_) => Fact::NotRead,
        other => other,
    }
}

/// Without a credential nobody can be asked: what is in the way then comes to the front.
fn unreadable(seen: &mut Observation, question: Question) {
    let why = Why::CredentialRefused(Refused::Otherwise);
    match question {
        Question::Organization => seen.organization = Fact::Unreadable(why),
        Question::Identity => seen.identity = Fact::Unreadable(why),
        Question::Administrators => {
            seen.retained = Fact::Unreadable(why);
            seen.spare = Fact::Unreadable(why);
            seen.global_administrators = Fact::Unreadable(why);
            seen.role_schedules = Fact::Unreadable(why);
        }
        Question::AdministratorGroups => seen.group_administrators = Fact::Unreadable(why),
        Question::RoleHolders => seen.role_holders = Fact::Unreadable(why),
        Question::Ends => seen.ends = Fact::Unreadable(why),
        Question::Rights => seen.rights = Fact::Unreadable(why),
        Question::Users => seen.users = Fact::Unreadable(why),
        Question::Newcomers => seen.newcomers = Fact::Unreadable(why),
        Question::Subscriptions => seen.subscriptions = Fact::Unreadable(why),
        Question::Mfa => seen.mfa = Fact::Unreadable(why),
        Question::SecurityDefaults => seen.security_defaults = Fact::Unreadable(why),
        Question::ConditionalAccess => seen.policies = Fact::Unreadable(why),
        Question::RecycleBin => seen.recycle_bin = Fact::Unreadable(why),
        Question::Applications => seen.applications = Fact::Unreadable(why),
        Question::Domains => seen.domains = Fact::Unreadable(why),
        Question::Losses => seen.losses = Fact::Unreadable(why),
        Question::Mail => seen.mail = Fact::Unreadable(why),
        Question::RestrictedUnits => seen.restricted_units = Fact::Unreadable(why),
        Question::External => seen.external = Fact::Unreadable(why),
        Question::DomainServices => seen.domain_services = Fact::Unreadable(why),
        Question::Directory => seen.directory = Fact::Unreadable(why),
        Question::Refused => seen.still_there = Fact::Unreadable(why),
    }
}

/// Administrators are looked up by pinned object id once a plan was made: a rename cannot swap them.
pub fn scope(plan: &Plan, memory: &Memory) -> Scope {
    let head = plan.sealed.as_ref().map(|s| &s.head);
    Scope {
        retained: head.map_or_else(|| plan.terms.retained.clone(), |h| h.retained.to_string()),
        spare: head.map_or_else(
            || plan.terms.spare.clone(),
            |h| h.spare.map(|id| id.to_string()),
        ),
        groups: head.map_or_else(Vec::new, |head| head.other_holders.clone()),
        // What uses a domain is asked only once no user is on it any more: a large tenant has a page for each hundred.
        domains: match (head, memory.verified_at) {
            (Some(head), Some(_)) => head.domains.clone(),
            _ => Vec::new(),
        },
        newcomers_every: plan.terms.poll_at_most.min(NEWCOMERS),
        refused: memory
            .refused
            .iter()
            .flat_map(|r| r.objects.iter().copied())
            .collect(),
    }
}
