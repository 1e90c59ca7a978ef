//! Estimate: the earliest moment at which a planned tenant can be closed, and what dominates it. A lower bound: nobody's
//! hands and no delay of Microsoft's own are in it, only published quotas and known waits.

use crate::closure::memory::LISTINGS_APART;
use crate::closure::observation::Agreement;
use crate::closure::plan::{Ender, PlannedSubscription, Sealed};
use crate::closure::steps::deprovision::{AZURE_DELETE_FROM, DEPROVISION};
use crate::closure::terms::Terms;
use crate::closure::words::{count, len};
use crate::quota;
use jiff::{SignedDuration, Timestamp, Unit};

/// When a tenant can be closed at the earliest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The moment, rounded to the minute.
    pub earliest: Timestamp,
    /// What it depends on most: `WriteQuota`, `NotBefore`, `AzureDelete`, `Deprovisioning` or `SubscriptionTerm`.
    pub dominated_by: &'static str,
    /// One stable sentence.
    pub message: String,
}

/// The estimate of a sealed plan that was made at `made_at` and may not begin before the terms say.
pub fn of_plan(sealed: &Sealed, terms: &Terms, made_at: Timestamp) -> Estimate {
    let head = &sealed.head;
    let writes = sealed.users.len() + head.applications.len();
    let begins = begins(terms, made_at);
    let users_gone = users_gone(writes, begins);
    let policies = policies(head.policies.len());
    let last = head
        .ended_apart()
        .map(|one| (free_at(one, users_gone), one))
        .max_by_key(|(at, _)| *at);
    let (at, dominated_by, mut message) = match last {
        Some((at, one)) if at > users_gone => {
            let (word, why) = wait(one);
            (at, word, format!("{}: {why}", one.called()))
        }
        _ if begins > made_at => (
            users_gone,
            "NotBefore",
            "spec.notBefore, and Microsoft's quota of writes from then on".to_owned(),
        ),
        _ => (
            users_gone,
            "WriteQuota",
            "Microsoft's quota of writes, and two listings that must agree".to_owned(),
        ),
    };
    let unknown = head
        .subscriptions
        .iter()
        .filter(|one| one.agreement == Agreement::Unknown);
    let unknown = len(&unknown.collect::<Vec<_>>());
    if unknown > 0 {
        let told = format!(
            "; how {} bought no program can read: what was bought directly takes 72 hours more once a person deleted it, and \
             what was bought under an agreement runs to the end of its term",
            match unknown {
                1 => "1 subscription was".to_owned(),
                many => format!("{} were", count(many, "subscription")),
            }
        );
        message.push_str(&told);
    }
    if head.sync_enabled {
        message.push_str("; switching directory sync off takes up to 72 hours more");
    }
    let at = at.saturating_add(policies).unwrap_or(at);
    Estimate {
        earliest: at.round(Unit::Minute).unwrap_or(at),
        dominated_by,
        message,
    }
}

/// Subscriptions whose term or renewal lies (or, where no program can read how they were bought or whether they renew, may lie)
/// before the tenant can be closed, sorted by name: with such a one the users would be gone long before the directory, or money
/// would be spent on another term. What the operator would end itself renews all the same while the closure may not begin, and
/// before step 2 unless its renewal is stopped first. `sync`: how long directory sync may take yet to go off; before that no user
/// goes, and no subscription.
pub fn terms_ahead<'a>(
    subscriptions: &'a [PlannedSubscription],
    users: usize,
    terms: &Terms,
    sync: SignedDuration,
    now: Timestamp,
) -> Vec<&'a PlannedSubscription> {
    let begins = begins(terms, now);
    let soonest = users_gone(users, begins);
    let soon = soonest.saturating_add(DEPROVISION).unwrap_or(soonest);
    let latest = soonest.saturating_add(sync).unwrap_or(soonest);
    let earliest = subscriptions.iter().map(|one| free_at(one, latest));
    let earliest = earliest.max().unwrap_or(latest);
    let ahead = |one: &&PlannedSubscription| {
        let Some(end) = one.ends_at else { return false };
        let waits_for_term =
            may_end_with_its_term(one) && !canceled_in_time(one, latest) && end > soon;
        let stopped = if one.stop_renewal { begins } else { latest };
        let in_our_hands = one.ended_by == Ender::Operator && end > stopped;
        let renews_first = one.renews && !in_our_hands && end <= earliest;
        // However soon it is: it may renew then, and run for another term. A date that has passed tells nothing.
        let may_renew = !one.disabled && renewal_untold(one) && end > now;
        waits_for_term || renews_first || may_renew
    };
    let mut found: Vec<&PlannedSubscription> = subscriptions.iter().filter(ahead).collect();
    found.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    found
}

/// Only Graph shows it, which tells when it changes next and not whether it renews then.
pub fn renewal_untold(one: &PlannedSubscription) -> bool {
    match one.agreement {
        Agreement::Unknown => true,
        Agreement::Partner => one.ended_by != Ender::Operator && one.term_ends_at.is_none(),
        _ => false,
    }
}

/// The first moment at which anything may be done.
pub fn begins(terms: &Terms, from: Timestamp) -> Timestamp {
    terms.not_before.map_or(from, |date| date.max(from))
}

fn users_gone(writes: usize, from: Timestamp) -> Timestamp {
    let quota = quota::at_least(u64::try_from(writes).unwrap_or(u64::MAX));
    let takes = SignedDuration::try_from(quota).unwrap_or(SignedDuration::MAX);
    from.saturating_add(takes.saturating_add(LISTINGS_APART))
        .unwrap_or(from)
}

/// What disabling so many Conditional Access policies takes, after the subscriptions. Registrations that personal accounts may
/// use have a slow lane, too: no plan tells which those are, and the bound must hold without.
fn policies(count: usize) -> SignedDuration {
    let seconds = f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / quota::POLICIES_RATE;
    SignedDuration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn free_at(one: &PlannedSubscription, users_gone: Timestamp) -> Timestamp {
    let after = |wait| users_gone.saturating_add(wait).unwrap_or(users_gone);
    match one.agreement {
        // What runs out already may be gone before a person deletes it.
        Agreement::Direct if one.disabled => one.ends_at.map_or(after(DEPROVISION), |end| {
            end.clamp(users_gone, after(DEPROVISION))
        }),
        Agreement::Direct => after(DEPROVISION),
        Agreement::Azure if one.disabled => users_gone,
        Agreement::Azure => after(AZURE_DELETE_FROM),
        // What a user bought by self-service is gone as soon as it is canceled.
        Agreement::Unknown => users_gone,
        _ if canceled_in_time(one, users_gone) => users_gone,
        _ => one.ends_at.map_or(users_gone, |end| end.max(users_gone)),
    }
}

fn wait(one: &PlannedSubscription) -> (&'static str, &'static str) {
    match one.agreement {
        Agreement::Direct => (
            "Deprovisioning",
            "Microsoft deprovisions it 72 hours after a person deleted it",
        ),
        Agreement::Azure => (
            "AzureDelete",
            "the Azure portal offers Delete a quarter of an hour after the cancellation at the earliest",
        ),
        _ => (
            "SubscriptionTerm",
            "Microsoft removes it at the end of its term",
        ),
    }
}

/// What a partner sold and can still be canceled once the users are gone does not run to the end of its term. What was bought
/// under a Customer Agreement does: canceled, it is kept until then.
fn canceled_in_time(one: &PlannedSubscription, users_gone: Timestamp) -> bool {
    let ours = one.agreement == Agreement::Partner && one.ended_by == Ender::Operator;
    ours && one.cancel_until.is_some_and(|until| until > users_gone)
}

/// How something was bought that no account covers, no program can read: it may be one of those that run to the end of their
/// term.
const fn may_end_with_its_term(one: &PlannedSubscription) -> bool {
    matches!(
        one.agreement,
        Agreement::CustomerAgreement
            | Agreement::Partner
            | Agreement::Enterprise
            | Agreement::Unknown
    )
}
