//! Step 3: every disabled subscription is deleted.
//!
//! *Done* when none is left. *We* do nothing: Microsoft offers no call. *We wait* for subscriptions that end by
//! themselves. *A person* deletes what was bought directly, and asks support about what cannot be deleted.

use crate::closure::decide::{Assessment, Decision, HandOff, Waiting};
use crate::closure::guards::read;
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Agreement, Lifecycle, Observation, Question, Subscription};
use crate::closure::plan::Plan;
use crate::closure::terms::Cloud;

/// Assesses step 3.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory) -> Assessment {
    if memory.directory_gone_at.is_some() || super::delete_directory::only_outside(seen, memory) {
        return Assessment::open();
    }
    let all = match read(&seen.subscriptions, Question::Subscriptions, memory) {
        Ok(all) => all,
        Err(decision) => return Assessment::open().next(decision),
    };
    let left: Vec<&Subscription> = all
        .iter()
        .filter(|s| s.lifecycle != Lifecycle::Gone)
        .collect();
    let total = plan
        .sealed
        .as_ref()
        .map_or(left.len(), |s| s.head.subscriptions.len())
        .max(left.len());
    let open = Assessment::open().progress(total - left.len(), total);
    if left.is_empty() {
        return open.stands(
            "SubscriptionsDeleted",
            Some(true),
            "AllDeleted",
            "No subscription is left",
        );
    }
    let by_hand: Vec<HandOff> = left
        .iter()
        .filter_map(|s| hand_off(s, plan.terms.cloud))
        .collect();
    if !by_hand.is_empty() {
        let message = "A person must delete what no program can";
        return open
            .stands(
                "SubscriptionsDeleted",
                Some(false),
                "DeleteHandOff",
                message,
            )
            .next(Decision::HandOff(by_hand));
    }
    let until = left.iter().filter_map(|s| s.next_change).max();
    let message = "Microsoft removes the canceled subscriptions at the end of their term";
    open.stands(
        "SubscriptionsDeleted",
        Some(false),
        "WaitingDeprovision",
        message,
    )
    .next(Decision::Wait(Waiting {
        reason: "WaitingDeprovision",
        message: message.into(),
        until,
        look_again: None,
    }))
}

fn hand_off(subscription: &Subscription, cloud: Cloud) -> Option<HandOff> {
    let name = &subscription.name;
    let (key, what, link) = match (subscription.lifecycle, subscription.agreement) {
        (Lifecycle::LockedOut, _) => (
            "AskSupport",
            format!("Ask Microsoft's support to delete {name}: it is locked."),
            links::support(cloud),
        ),
        (_, Agreement::Direct) => (
            "DeleteSubscription",
            format!(
                "Open Billing > Your products, choose {name} > Delete subscription, and confirm. If that is refused, ask support."
            ),
            links::products(cloud),
        ),
        (_, Agreement::Azure) => (
            "DeleteAzureSubscription",
            format!(
                "Open the Azure subscription {name} > Delete, once Microsoft offers it (15 minutes to 7 days after the cancellation)."
            ),
            links::azure_subscriptions(cloud),
        ),
        (_, Agreement::CustomerAgreement | Agreement::Partner | Agreement::Enterprise) => {
            return None;
        }
    };
    Some(HandOff {
        key,
        what,
        link: link.into(),
        noticed: "the list of subscriptions is read again".into(),
    })
}
