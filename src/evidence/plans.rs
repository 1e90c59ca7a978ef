//! Plans and deeds: each sealed plan is what was sealed, and nothing outside the plan in force was touched.

use crate::api::RecordType;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent, Outcome};
use crate::closure::plan::{PlanHead, digest};
use crate::closure::step::Step;
use crate::evidence::entry::Entry;
use crate::evidence::fault::Fault;
use std::collections::{BTreeMap, BTreeSet};

/// Of objects outside the plan so many are named in one record.
const MOST_NAMED: usize = 5;

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
    chunks: &[&Entry],
    unreadable: &BTreeSet<&str>,
    faults: &mut Vec<Fault>,
) {
    let chunks: BTreeMap<&str, &Entry> = chunks.iter().map(|c| (c.name.as_str(), *c)).collect();
    let mut in_force: Option<InForce<'_>> = None;
    for entry in chain {
        match (entry.spec.kind, &entry.spec.intent) {
            (RecordType::Plan, _) => {
                in_force = sealed(entry, &chunks, unreadable, faults).or(in_force);
            }
            // Nothing in the tenant was changed: what it names is not in the cluster.
            (RecordType::Inventory, None) if entry.spec.inventory.is_some() => {}
            (_, Some(intent)) => {
                deed(entry, intent, in_force.as_ref(), faults);
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

/// The plan that a record seals, if its parts are what was sealed.
fn sealed<'a>(
    entry: &'a Entry,
    chunks: &BTreeMap<&str, &'a Entry>,
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
    let parts: Vec<Option<&&Entry>> = entry
        .spec
        .chunks
        .iter()
        .map(|chunk| chunks.get(chunk.as_str()))
        .collect();
    if parts.iter().any(Option::is_none) {
        let missing = entry.spec.chunks.iter().zip(&parts);
        let missing = missing
            .filter(|(chunk, part)| part.is_none() && !unreadable.contains(chunk.as_str()))
            .map(|(chunk, _)| chunk.clone());
        faults.extend(missing.map(|chunk| Fault::ChunkMissing {
            name: name(),
            chunk,
        }));
        return Some(InForce {
            digest: sealed,
            head,
            users: None,
        });
    }
    let parts: Vec<&Entry> = parts.into_iter().flatten().copied().collect();
    let users: Vec<ObjectId> = parts
        .iter()
        .flat_map(|c| c.spec.users.iter().copied())
        .collect();
    let first = parts.first().and_then(|part| part.spec.plan.as_ref());
    let found = digest(first.unwrap_or(head), &users);
    if found != *sealed
        || parts
            .iter()
            .any(|p| p.spec.plan_digest.as_ref() != Some(sealed))
    {
        faults.push(Fault::PlanChanged {
            name: name(),
            sealed: sealed.clone(),
            found,
            chunks: entry.spec.chunks.join(", "),
        });
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

/// What an intent names must stand in the plan.
fn deed(entry: &Entry, intent: &Intent, plan: Option<&InForce<'_>>, faults: &mut Vec<Fault>) {
    let action = intent.action;
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
        Action::CancelSubscription | Action::StopRenewal => {
            head.subscriptions.iter().any(|one| one.id == id)
        }
        Action::MakeDomainDefault => ObjectId::of_domain(&head.initial_domain) == id,
        Action::ReleaseDomain | Action::ForceReleaseDomain => {
            let mut named = head.domains.iter();
            named.any(|name| ObjectId::of_domain(name) == id)
        }
        Action::RemoveApplications => head.applications.contains(&id),
        Action::SwitchSyncOff | Action::DeleteDirectory => head.tenant_id == id,
        // The plan names our application by its client id; the objects behind it are ours alone.
        Action::RemoveOwnIdentity | Action::VerifyUsers | Action::VerifyDirectoryGone => true,
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
