//! What a partner sold: who of those in the chain of sale can end it, and what to write to him.

use crate::closure::decision::{Dates, HandOff};
use crate::closure::links;
use crate::closure::observation::Subscription;
use crate::closure::plan::Plan;
use crate::closure::steps::subscriptions;
use crate::closure::terms::{BillingKind, Terms};

/// Is it sold by another tenant than any partner whose account the closure names? Then that partner is an indirect reseller,
/// who buys from a distributor: in Partner Center only the distributor can end it.
/// Source: learn.microsoft.com `graph/api/resources/companysubscription` (`ownerTenantId`).
pub fn by_distributor(terms: &Terms, one: &Subscription) -> bool {
    let Some(seller) = one.seller else {
        return false;
    };
    let mut partners = terms
        .billing
        .iter()
        .filter(|account| account.kind == BillingKind::Partner)
        .filter_map(|account| account.tenant_id)
        .peekable();
    partners.peek().is_some() && partners.all(|partner| partner != seller)
}

/// The hand-off of what the partner, or his distributor, must cancel: with the sentence to send.
pub fn cancel(plan: &Plan, some: &[&Subscription], distributor: bool, reason: &str) -> HandOff {
    let (key, whom) = if distributor {
        (
            "CancelByDistributor",
            "Your partner is an indirect reseller: ask him to have his distributor cancel each subscription in Partner Center",
        )
    } else {
        (
            "CancelByPartner",
            "Ask the partner who sold them to cancel each subscription in Partner Center",
        )
    };
    let otherwise = ", or, where their time to cancel is over, switch their renewal off now";
    let letter = subscriptions::letter(plan, some, "cancel these subscriptions", otherwise);
    HandOff {
        key,
        what: format!(
            "{whom}{reason}: {}. Send him this: {letter}",
            subscriptions::names(some)
        ),
        link: links::products(plan.terms.cloud).to_owned(),
        noticed: "The operator reads the subscriptions and goes on by itself".to_owned(),
        dates: Dates::default(),
    }
}

/// The hand-off of what the partner must keep from renewing, where Microsoft refused it to us: with the sentence to send.
pub fn stop_renewal(plan: &Plan, some: &[&Subscription]) -> HandOff {
    let please = "switch auto-renew off for these subscriptions";
    let letter = subscriptions::letter(plan, some, please, "");
    HandOff {
        key: "StopRenewalByPartner",
        what: format!(
            "Ask the partner who sold them to switch auto-renew off in Partner Center, on the page of each subscription: {}. \
             Send him this: {letter}",
            subscriptions::names(some)
        ),
        link: links::products(plan.terms.cloud).to_owned(),
        noticed: "The operator reads whether the subscriptions renew, and goes on by itself"
            .to_owned(),
        dates: Dates::default(),
    }
}
