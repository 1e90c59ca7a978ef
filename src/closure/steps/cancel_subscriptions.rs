//! Step 2: every active subscription is canceled, with the reason.
//!
//! *Done* when none is active any more. *We* cancel what a billing account covers. *We wait* for terms that Microsoft
//! does not let end early. *A person* cancels what was bought directly or through a partner.

use crate::closure::decide::{Assessment, Decision, HandOff, Waiting};
use crate::closure::guards::read;
use crate::closure::intent::{Action, Intent};
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Agreement, Lifecycle, Observation, Question, Subscription};
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use crate::closure::terms::Terms;

/// Assesses step 2.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory) -> Assessment {
    if memory.directory_gone_at.is_some() {
        return Assessment::open();
    }
    if super::delete_directory::only_outside(seen, memory) {
        return Assessment::open();
    }
    let all = match read(&seen.subscriptions, Question::Subscriptions, memory) {
        Ok(all) => all,
        Err(decision) => return Assessment::open().next(decision),
    };
    let active: Vec<&Subscription> = all
        .iter()
        .filter(|s| s.lifecycle == Lifecycle::Active)
        .collect();
    let total = plan
        .sealed
        .as_ref()
        .map_or(all.len(), |s| s.head.subscriptions.len())
        .max(active.len());
    let open = Assessment::open().progress(total - active.len(), total);
    if active.is_empty() {
        return open.stands(
            "SubscriptionsCanceled",
            Some(true),
            "AllCanceled",
            "No subscription is active",
        );
    }
    if let Some(intent) = active.iter().find_map(|s| ours(s, memory)) {
        return open
            .stands(
                "SubscriptionsCanceled",
                Some(false),
                "Canceling",
                "Subscriptions are being canceled",
            )
            .next(Decision::Act(intent));
    }
    let by_hand: Vec<HandOff> = active
        .iter()
        .filter(|s| hand(s, memory))
        .map(|s| hand_off(s, &plan.terms))
        .collect();
    if !by_hand.is_empty() {
        let message = "A person must cancel what no program can";
        return open
            .stands(
                "SubscriptionsCanceled",
                Some(false),
                "CancelHandOff",
                message,
            )
            .next(Decision::HandOff(by_hand));
    }
    let until = active.iter().filter_map(|s| s.next_change).max();
    let ending = active.iter().all(|s| !s.cancelable);
    let (reason, message) = if ending {
        (
            "WaitingTermEnd",
            "Recurring billing is off; the subscription ends with its term",
        )
    } else {
        ("Canceling", "Microsoft is canceling subscriptions")
    };
    open.stands("SubscriptionsCanceled", Some(false), reason, message)
        .next(Decision::Wait(Waiting {
            reason,
            message: message.into(),
            until,
            look_again: None,
        }))
}

/// The effect that ends this subscription, where a billing account covers it and it was not asked for yet.
fn ours(subscription: &Subscription, memory: &Memory) -> Option<Intent> {
    let resource = subscription.resource.clone()?;
    let asked = memory.subscriptions.contains_key(&subscription.id);
    let action = match (subscription.cancelable, subscription.auto_renew) {
        _ if asked => return None,
        (true, _) => Action::CancelSubscription,
        (false, true) => Action::StopRenewal,
        (false, false) => return None,
    };
    Some(Intent {
        step: Step::CancelSubscriptions,
        action,
        objects: vec![subscription.id],
        resource: Some(resource),
    })
}

/// True where only a person can end it: no account covers it, or Microsoft refused us.
fn hand(subscription: &Subscription, memory: &Memory) -> bool {
    let refused = memory
        .subscriptions
        .get(&subscription.id)
        .is_some_and(|asked| asked.refused.is_some());
    subscription.resource.is_none() || refused
}

fn hand_off(subscription: &Subscription, terms: &Terms) -> HandOff {
    let name = &subscription.name;
    let words = terms.cancellation.as_ref().map_or_else(String::new, |c| {
        let feedback = c.feedback.as_ref().map_or_else(String::new, |f| {
            format!(", feedback: {}", f.trim_end_matches('.'))
        });
        format!(" Reason to choose: {}{feedback}.", c.reason)
    });
    let what = match subscription.agreement {
        Agreement::Partner => {
            format!("Ask the partner who sold {name} to cancel it, or to switch its renewal off.")
        }
        Agreement::Enterprise => format!("Ask your Microsoft account manager to end {name}."),
        Agreement::Azure => format!(
            "Cancel the Azure subscription {name} as its owner: Subscriptions > {name} > Cancel subscription."
        ),
        Agreement::Direct | Agreement::CustomerAgreement => {
            format!(
                "Open Billing > Your products, choose {name} > More actions > Cancel subscription.{words}"
            )
        }
    };
    let link = if subscription.agreement == Agreement::Azure {
        links::azure_subscriptions(terms.cloud)
    } else {
        links::products(terms.cloud)
    };
    HandOff {
        key: "CancelSubscription",
        what,
        link: link.into(),
        noticed: "the subscription's status is read again".into(),
    }
}
