//! Approved: each effect names as many approvals as it needed, and what it rests on was accepted.

use crate::closure::acceptance;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent};
use crate::closure::loss::LossKind;
use crate::closure::observation::Agreement;
use crate::closure::plan::PlanHead;
use crate::evidence::entry::Entry;
use crate::evidence::fault::Fault;
use std::collections::BTreeSet;

/// What takes something away names as many approvals as were needed; one that is named twice is one.
pub(super) fn enough(entry: &Entry, plan: &str, faults: &mut Vec<Fault>) {
    let given = entry.spec.approvals.iter().collect::<BTreeSet<_>>().len();
    let required = entry.spec.approvals_required;
    if given < required as usize {
        faults.push(Fault::Unapproved {
            name: entry.name.clone(),
            plan: plan.to_owned(),
            given,
            required,
        });
    }
}

/// What was accepted later was approved on its own; an Azure subscription is canceled only where it was accepted by its id,
/// with the plan or later.
pub(super) fn accepted(
    entry: &Entry,
    intent: &Intent,
    head: &PlanHead,
    digest: &str,
    faults: &mut Vec<Fault>,
) {
    let later = entry.spec.later.as_ref();
    if let Some(later) = later {
        let given = later.approvals.iter().collect::<BTreeSet<_>>().len();
        if given < entry.spec.approvals_required as usize {
            faults.push(Fault::Unapproved {
                name: entry.name.clone(),
                plan: acceptance::digest(digest, &later.accepted),
                given,
                required: entry.spec.approvals_required,
            });
        }
    }
    if intent.action != Action::CancelSubscription {
        return;
    }
    let azure = |id: &&ObjectId| {
        let mut all = head.subscriptions.iter();
        all.any(|one| one.id == **id && one.agreement == Agreement::Azure)
    };
    let named = |id: ObjectId| {
        let later = later.iter().flat_map(|later| &later.accepted);
        let mut all = head.accepted.iter().chain(later);
        all.any(|one| one.subscription == Some(id) && one.kind == LossKind::AzureResources.name())
    };
    let canceled = intent.objects.iter().filter(azure);
    faults.extend(
        canceled
            .filter(|id| !named(**id))
            .map(|id| Fault::NotAccepted {
                name: entry.name.clone(),
                object: *id,
            }),
    );
}
