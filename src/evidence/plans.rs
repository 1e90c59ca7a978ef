//! Plans and deeds: each sealed plan is what was sealed, and nothing outside the plan in force was touched.

use crate::api::RecordType;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent, Outcome};
use crate::closure::plan::{PlanHead, digest};
use crate::closure::step::Step;
use crate::closure::supplement;
use crate::evidence::approved;
use crate::evidence::entry::Entry;
use crate::evidence::fault::{Doubt, Fault};
use crate::evidence::parts::Parts;
use std::collections::BTreeSet;

/// Of objects outside the plan so many are named in one record.
const MOST_NAMED: usize = 5;

/// What may be acted under.
#[derive(Default)]
struct Sealed<'a> {
    /// The plan in force.
    plan: Option<InForce<'a>>,
    /// Its supplements; only the newest may not have begun.
    supplements: Vec<Supplement<'a>>,
    /// Persons approved what was done before.
    approved: bool,
    /// Something was done under the plan: the operator makes no other one.
    begun: Option<&'a str>,
    /// How many approvals an effect asked for last, and which.
    asked: Option<(u32, &'a str)>,
}

/// A supplement of the plan in force.
struct Supplement<'a> {
    digest: &'a str,
    ordinal: u32,
    /// Sorted; `None` where parts are missing, which is told once.
    users: Option<Vec<ObjectId>>,
    /// Something was done under it: it is no longer replaced.
    begun: bool,
}

/// A plan in force.
struct InForce<'a> {
    digest: &'a str,
    head: &'a PlanHead,
    /// Sorted; `None` where parts are missing, which is told once.
    users: Option<Vec<ObjectId>>,
}

/// Walks the chain with the plan that is in force at each record.
pub(super) fn followed(
    chain: &[&Entry],
    chunks: &Parts<'_>,
    unreadable: &BTreeSet<&str>,
    faults: &mut Vec<Fault>,
    doubts: &mut Vec<Doubt>,
) {
    let mut so_far = Sealed::default();
    for entry in chain {
        if entry.spec.kind == RecordType::Effect {
            asked(entry, &mut so_far, doubts);
        }
        match (entry.spec.kind, &entry.spec.intent) {
            (RecordType::Plan, _) if entry.spec.supplement.is_some() => {
                supplemented(entry, chunks, unreadable, &mut so_far, faults);
            }
            (RecordType::Plan, _) => {
                if let Some(begun) = so_far.begun {
                    faults.push(Fault::Strange {
                        name: entry.name.clone(),
                        what: format!("it seals another plan, and the one before had begun with record {begun}"),
                    });
                }
                if let Some(plan) = sealed(entry, chunks, unreadable, faults) {
                    so_far.plan = Some(plan);
                    so_far.supplements.clear();
                    so_far.asked = None;
                }
            }
            (_, Some(intent)) if intent.supplement.is_some() => {
                later(entry, intent, &mut so_far, faults);
                if let Some(outcome) = &entry.outcome {
                    fits(entry, intent, &outcome.seen, faults);
                }
            }
            // Nothing in the tenant was changed: what it names is not in the cluster.
            (RecordType::Inventory, None) if entry.spec.inventory.is_some() => {}
            (_, Some(intent)) => {
                so_far.approved |= !entry.spec.approvals.is_empty();
                deed(entry, intent, so_far.plan.as_ref(), faults);
                if let Some(outcome) = &entry.outcome {
                    fits(entry, intent, &outcome.seen, faults);
                }
            }
            (_, None) => faults.push(Fault::Strange {
                name: entry.name.clone(),
                what: "it intends nothing and seals nothing".to_owned(),
            }),
        }
    }
}

/// What is asked for one plan does not fall by itself: its owner can lower it in the operator's configuration.
fn asked<'a>(entry: &'a Entry, so_far: &mut Sealed<'a>, doubts: &mut Vec<Doubt>) {
    let required = entry.spec.approvals_required;
    if let Some((before, name)) = so_far.asked.filter(|(before, _)| required < *before) {
        doubts.push(Doubt::FewerAsked {
            name: entry.name.clone(),
            required,
            earlier: name.to_owned(),
            before,
        });
    }
    so_far.asked = Some((required, &entry.name));
    let intent = entry.spec.intent.as_ref();
    let deed = intent.is_some_and(|intent| intent.step > Step::Preconditions);
    so_far.begun = so_far.begun.or_else(|| deed.then_some(entry.name.as_str()));
}

/// The plan that a record seals, if its parts are what was sealed.
fn sealed<'a>(
    entry: &'a Entry,
    chunks: &Parts<'a>,
    unreadable: &BTreeSet<&str>,
    faults: &mut Vec<Fault>,
) -> Option<InForce<'a>> {
    let name = || entry.name.clone();
    let (Some(head), Some(sealed)) = (&entry.spec.plan, &entry.spec.plan_digest) else {
        faults.push(Fault::Strange {
            name: name(),
            what: "its type is Plan, and it seals none".to_owned(),
        });
        return None;
    };
    let Some(parts) = parts(entry, chunks, unreadable, faults) else {
        return Some(InForce {
            digest: sealed,
            head,
            users: None,
        });
    };
    let users = users(&parts);
    let first = parts.first().and_then(|part| part.spec.plan.as_ref());
    let found = digest(first.unwrap_or(head), &users);
    if changed(entry, &parts, sealed, found, faults) {
        // Told.
    } else if first != Some(head) {
        faults.push(Fault::PlanHeadDiffers { name: name() });
    }
    if head.tenant_id != entry.spec.tenant_id {
        faults.push(Fault::OtherTenant {
            name: name(),
            theirs: head.tenant_id,
            ours: entry.spec.tenant_id,
        });
    }
    let mut users = users;
    users.sort_unstable();
    Some(InForce {
        digest: sealed,
        head,
        users: Some(users),
    })
}

/// The parts of what a record seals; `None` where one is missing, which is told.
fn parts<'a>(
    entry: &Entry,
    chunks: &Parts<'a>,
    unreadable: &BTreeSet<&str>,
    faults: &mut Vec<Fault>,
) -> Option<Vec<&'a Entry>> {
    let names = &entry.spec.chunks;
    chunks.compare(entry, faults);
    let there = names.iter().map(|chunk| chunks.get(chunk));
    let all: Option<Vec<&Entry>> = there.collect();
    if all.is_none() {
        let missing = names
            .iter()
            .filter(|chunk| chunks.get(chunk).is_none() && !unreadable.contains(chunk.as_str()));
        faults.extend(missing.map(|chunk| Fault::ChunkMissing {
            name: entry.name.clone(),
            chunk: chunk.clone(),
        }));
    }
    all
}

/// Users in the order in which they were hashed.
fn users(parts: &[&Entry]) -> Vec<ObjectId> {
    let users = parts.iter().flat_map(|part| part.spec.users.iter());
    users.copied().collect()
}

/// The parts are not what was sealed: told.
fn changed(
    entry: &Entry,
    parts: &[&Entry],
    sealed: &String,
    found: String,
    faults: &mut Vec<Fault>,
) -> bool {
    let mut named = parts.iter().map(|part| part.spec.plan_digest.as_ref());
    let changed = found != *sealed || named.any(|digest| digest != Some(sealed));
    if changed {
        faults.push(Fault::PlanChanged {
            name: entry.name.clone(),
            sealed: sealed.clone(),
            found,
            chunks: entry.spec.chunks.join(", "),
        });
    }
    changed
}

/// A supplement supplements the plan in force, and takes the place of one that has not begun.
fn supplemented<'a>(
    entry: &'a Entry,
    chunks: &Parts<'a>,
    unreadable: &BTreeSet<&str>,
    so_far: &mut Sealed<'a>,
    faults: &mut Vec<Fault>,
) {
    let (Some(head), Some(sealed)) = (&entry.spec.supplement, &entry.spec.plan_digest) else {
        return;
    };
    let strange = |what: String| Fault::Strange {
        name: entry.name.clone(),
        what,
    };
    let in_force = so_far.plan.as_ref().map_or("none", |plan| plan.digest);
    if head.supplements != in_force {
        faults.push(Fault::OtherPlan {
            name: entry.name.clone(),
            named: head.supplements.clone(),
            in_force: in_force.to_owned(),
        });
        return;
    }
    if head.tenant_id != entry.spec.tenant_id {
        faults.push(Fault::OtherTenant {
            name: entry.name.clone(),
            theirs: head.tenant_id,
            ours: entry.spec.tenant_id,
        });
    }
    let before = so_far.supplements.last().map_or(0, |last| last.ordinal);
    if head.ordinal <= before {
        let what = format!(
            "supplement {} comes after supplement {before}",
            head.ordinal
        );
        faults.push(strange(what));
    }
    let users = parts(entry, chunks, unreadable, faults).map(|parts| {
        let users = users(&parts);
        let first = parts.first().and_then(|part| part.spec.supplement.as_ref());
        let found = supplement::digest(first.unwrap_or(head), &users);
        if !changed(entry, &parts, sealed, found, faults) && first != Some(head) {
            let name = entry.name.clone();
            faults.push(Fault::PlanHeadDiffers { name });
        }
        let mut users = users;
        users.sort_unstable();
        users
    });
    so_far.supplements.retain(|one| one.begun);
    so_far.supplements.push(Supplement {
        digest: sealed,
        ordinal: head.ordinal,
        users,
        begun: false,
    });
}

/// What is done under a supplement: users of it are deleted, once persons approved it.
fn later(entry: &Entry, intent: &Intent, so_far: &mut Sealed<'_>, faults: &mut Vec<Fault>) {
    of_its_kind(entry, intent.action, faults);
    let name = || entry.name.clone();
    let named = entry.spec.plan_digest.as_deref().unwrap_or("none");
    let approved = so_far.approved;
    let newest = so_far.supplements.last().map(|one| one.digest);
    let known = so_far
        .supplements
        .iter_mut()
        .find(|one| one.digest == named && Some(one.ordinal) == intent.supplement);
    let (Some(plan), Some(known)) = (&so_far.plan, known) else {
        let in_force = so_far.plan.as_ref().map_or("none", |plan| plan.digest);
        faults.push(Fault::OtherPlan {
            name: name(),
            named: named.to_owned(),
            in_force: newest.unwrap_or(in_force).to_owned(),
        });
        return;
    };
    known.begun = true;
    if approved && entry.spec.approvals.is_empty() {
        faults.push(Fault::UnapprovedSupplement {
            name: name(),
            plan: named.to_owned(),
        });
    } else {
        approved::enough(entry, named, faults);
    }
    if intent.objects.contains(&plan.head.retained) {
        faults.push(Fault::Retained {
            name: name(),
            action: intent.action.name(),
            object: plan.head.retained,
        });
    }
    let covered = |id: &ObjectId| {
        let users = known.users.as_ref();
        intent.action == Action::DeleteUsers
            && intent.step == Step::Users
            && users.is_none_or(|users| users.binary_search(id).is_ok())
    };
    let outside = intent.objects.iter().filter(|id| !covered(id));
    faults.extend(outside.take(MOST_NAMED).map(|object| Fault::Unplanned {
        name: name(),
        action: intent.action.name(),
        object: *object,
        plan: named.to_owned(),
    }));
}

/// Effects and readings are told apart by the type of the record too.
fn of_its_kind(entry: &Entry, action: Action, faults: &mut Vec<Fault>) {
    if action.reads_only() != (entry.spec.kind == RecordType::Verification) {
        faults.push(Fault::Strange {
            name: entry.name.clone(),
            what: format!(
                "its type is {:?}, what it does is {}",
                entry.spec.kind,
                action.name()
            ),
        });
    }
}

/// What an intent names must stand in the plan.
fn deed(entry: &Entry, intent: &Intent, plan: Option<&InForce<'_>>, faults: &mut Vec<Fault>) {
    let action = intent.action;
    of_its_kind(entry, action, faults);
    if action.reads_only() && entry.spec.plan_digest.is_none() {
        return;
    }
    let in_force = plan.map_or("none", |plan| plan.digest);
    let named = entry.spec.plan_digest.as_deref().unwrap_or("none");
    let Some(plan) = plan.filter(|plan| plan.digest == named) else {
        faults.push(Fault::OtherPlan {
            name: entry.name.clone(),
            named: named.to_owned(),
            in_force: in_force.to_owned(),
        });
        return;
    };
    if !action.reads_only() {
        approved::enough(entry, plan.digest, faults);
        approved::accepted(entry, intent, plan.head, plan.digest, faults);
    }
    if action == Action::DeleteDirectory && intent.resource != plan.head.directory_resource {
        let told = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".to_owned());
        faults.push(Fault::OtherDirectory {
            name: entry.name.clone(),
            through: told(&intent.resource),
            planned: told(&plan.head.directory_resource),
        });
    }
    let retained = plan.head.retained;
    if !action.reads_only() && intent.objects.contains(&retained) {
        faults.push(Fault::Retained {
            name: entry.name.clone(),
            action: action.name(),
            object: retained,
        });
    }
    let outside = intent
        .objects
        .iter()
        .filter(|id| !planned(plan, intent, **id))
        .take(MOST_NAMED);
    faults.extend(outside.map(|object| Fault::Unplanned {
        name: entry.name.clone(),
        action: action.name(),
        object: *object,
        plan: plan.digest.to_owned(),
    }));
}

fn planned(plan: &InForce<'_>, intent: &Intent, id: ObjectId) -> bool {
    let head = plan.head;
    match intent.action {
        Action::DeleteUsers if intent.step == Step::Users => {
            let users = plan.users.as_ref();
            users.is_none_or(|users| users.binary_search(&id).is_ok())
        }
        Action::DeleteUsers | Action::DisableMfa => head.spare == Some(id),
        Action::DisableSecurityDefaults => head.security_defaults && head.tenant_id == id,
        Action::DisablePolicies => head.policies.contains(&id),
        Action::CancelSubscription | Action::StopRenewal => {
            head.subscriptions.iter().any(|one| one.id == id)
        }
        Action::MakeDomainDefault => ObjectId::of_domain(&head.initial_domain) == id,
        Action::ReleaseDomain | Action::ForceReleaseDomain => {
            let mut named = head.domains.iter();
            named.any(|name| ObjectId::of_domain(name) == id)
        }
        Action::RemoveApplications | Action::DisableApplications => head.applications.contains(&id),
        Action::SwitchSyncOff | Action::DeleteDirectory => head.tenant_id == id,
        Action::RemoveOwnIdentity => head.own.contains(&id),
        Action::VerifyUsers | Action::VerifyDirectoryGone => true,
    }
}

/// An outcome speaks of what was intended, and of no object twice.
fn fits(entry: &Entry, intent: &Intent, seen: &Outcome, faults: &mut Vec<Fault>) {
    if intent.action.reads_only() {
        return;
    }
    let told = || {
        let refused = seen.refused.iter().flat_map(|r| &r.objects);
        seen.visible.iter().chain(&seen.unanswered).chain(refused)
    };
    let strange = |what: String| Fault::StrangeOutcome {
        name: entry.name.clone(),
        what,
    };
    let intended: BTreeSet<&ObjectId> = intent.objects.iter().collect();
    if let Some(other) = told().find(|id| !intended.contains(id)) {
        faults.push(strange(format!(
            "it tells of object {other}, which was not intended"
        )));
    }
    let sum = told().count() + seen.gone as usize;
    if sum > intent.objects.len() {
        faults.push(strange(format!(
            "it tells of {sum} objects, {} were intended",
            intent.objects.len()
        )));
    }
}
