//! The plan in the status: what it names, who came later, and how long it takes at least.

use crate::api::status::{
    AcceptanceStatus, BoughtStatus, EstimateStatus, LossStatus, PlanStatus, SupplementStatus,
};
use crate::closure::acceptance;
use crate::closure::decision::Approval;
use crate::closure::estimate;
use crate::closure::id::ObjectId;
use crate::closure::label::label;
use crate::closure::loss::LossCount;
use crate::closure::memory::Memory;
use crate::closure::observation::Subscription;
use crate::closure::plan::{Plan, PlanHead, PlannedSubscription};
use crate::closure::recycle_bin::RecycleBin;
use crate::closure::report::Report;
use crate::closure::steps::losses;
use crate::closure::words::clip;
use crate::controller::read::Read;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The plan in force and the supplement that waits; `None` where it is not the one that the journal knows.
pub(super) fn plan(
    read: &Read,
    memory: &Memory,
    known: &Plan,
    report: &Report,
    names: &BTreeMap<ObjectId, String>,
) -> Option<PlanStatus> {
    let made = memory.plan.as_ref()?;
    let sealed = known.sealed.as_ref();
    let head = sealed
        .filter(|s| s.digest == made.digest)
        .map(|s| &s.head)?;
    let begun = memory.supplements.iter().filter(|one| one.begun());
    Some(PlanStatus {
        digest: made.digest.clone(),
        made_at: whole_second(made.made_at),
        users: made.users,
        supplemented: begun.fold(0, |sum: u32, one| sum.saturating_add(one.users)),
        supplement: supplement(memory, known, report.supplement),
        acceptance: accepted_later(read, known, report.acceptance),
        subscriptions: head.to_end(),
        bought: head
            .subscriptions
            .iter()
            .take(BOUGHT)
            .map(|one| bought(one, &called(read, one, names)))
            .collect(),
        applications: u32::try_from(head.applications.len()).unwrap_or(u32::MAX),
        own: u32::try_from(head.own.len()).unwrap_or(u32::MAX),
        applications_beyond: head.applications_beyond,
        policies: head.policies.clone(),
        domains: u32::try_from(head.domains.len()).unwrap_or(u32::MAX),
        custom_domains: custom_domains(head),
        losses: made.losses.iter().map(|one| loss(read, one)).collect(),
        recycle_bin: made.recycle_bin.map(RecycleBin::words),
    })
}

fn custom_domains(head: &PlanHead) -> Vec<String> {
    let all = head.custom_domains.iter().flatten();
    let told = all.take(CUSTOM_DOMAINS);
    told.map(|name| clip(&label(name), LONGEST_NAME)).collect()
}

/// What was accepted later; nothing where no approval is asked for at all.
fn accepted_later(
    read: &Read,
    known: &Plan,
    approval: Option<Approval>,
) -> Option<AcceptanceStatus> {
    let approval = approval?;
    let plan = Plan {
        terms: read.terms.clone(),
        ..known.clone()
    };
    let later = acceptance::later(&plan);
    Some(AcceptanceStatus {
        digest: acceptance::digest_of_later(&plan)?,
        count: u32::try_from(later.len()).unwrap_or(u32::MAX),
        first: later.into_iter().take(30).collect(),
        required: approval.required,
        given: approval.given,
        valid_until: approval.valid_until.map(whole_second),
    })
}

/// Kubernetes' times have no fractions.
pub(super) fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// The supplement that waits; once step 1 is proven, those whom it named have gone by themselves.
fn supplement(
    memory: &Memory,
    known: &Plan,
    approval: Option<Approval>,
) -> Option<SupplementStatus> {
    let open = memory.open_supplement()?;
    let named = known.supplements.get(open.ordinal)?;
    if memory.verified_at.is_some() {
        return None;
    }
    let (required, given) = approval.map_or((1, 0), |a| (a.required, a.given));
    let valid_until = approval.and_then(|a| a.valid_until).map(whole_second);
    Some(SupplementStatus {
        digest: open.digest.clone(),
        made_at: whole_second(open.made_at),
        users: open.users,
        first: named.users.iter().take(20).copied().collect(),
        required,
        given,
        valid_until,
    })
}

fn loss(read: &Read, one: &LossCount) -> LossStatus {
    LossStatus {
        counted: *one,
        accepted: losses::accepted(&read.terms, one.kind, one.subscription),
    }
}

/// So many subscriptions stand in the status.
const BOUGHT: usize = 20;
/// Custom domains that the status names.
const CUSTOM_DOMAINS: usize = 20;
/// Characters of a domain's name.
const LONGEST_NAME: usize = 253;

/// What those that were listed are called.
pub(super) fn names(listed: &[Subscription]) -> BTreeMap<ObjectId, String> {
    let names = listed.iter().map(|one| (one.id, clip(&one.name, 128)));
    names.collect()
}

/// Its product's name; else the name that it was last seen with, by this process or by the one that wrote the status.
fn called(read: &Read, one: &PlannedSubscription, names: &BTreeMap<ObjectId, String>) -> String {
    if !one.name.is_empty() {
        return one.name.clone();
    }
    if let Some(name) = names.get(&one.id) {
        return name.clone();
    }
    let status = read.closure.status.as_ref();
    let told = status.and_then(|status| status.plan.as_ref());
    let mut told = told.into_iter().flat_map(|plan| &plan.bought);
    let same = told.find(|told| told.id == Some(one.id));
    same.map_or_else(|| one.called(), |told| told.name.clone())
}

fn bought(one: &PlannedSubscription, name: &str) -> BoughtStatus {
    BoughtStatus {
        id: Some(one.id),
        name: clip(name, 128),
        seats: one.seats,
        agreement: one.agreement,
        ended_by: one.ended_by,
        term_ends_at: one.term_ends_at,
        renews: one.renews,
        renews_at: one.term_ends_at.filter(|_| one.renews),
        next_term: one.next_term.clone().filter(|_| one.renews),
        changes_at: one.ends_at.filter(|_| one.term_ends_at.is_none()),
        cancelable: one.cancelable,
        cancel_until: one.cancel_until,
    }
}

/// When the tenant can be closed at the earliest.
pub(super) fn estimate(memory: &Memory, in_force: Option<&Plan>) -> Option<EstimateStatus> {
    let made = memory.plan.as_ref()?;
    let plan = in_force?;
    let sealed = plan.sealed.as_deref().filter(|s| s.digest == made.digest)?;
    let estimate = estimate::of_plan(sealed, &plan.terms, made.made_at);
    Some(EstimateStatus {
        earliest: estimate.earliest,
        dominated_by: estimate.dominated_by.to_owned(),
        message: estimate.message,
    })
}
