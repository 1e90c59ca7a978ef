//! A term or a renewal that lies ahead of the closing: no mailbox is deleted eleven months before the tenant can close, unless
//! that was accepted by name.

use crate::closure::decision::Decision;
use crate::closure::estimate;
use crate::closure::memory::Memory;
use crate::closure::observation::{
    Agreement, Lifecycle, Observation, Obstacle, Question, Subscription,
};
use crate::closure::plan::{Ender, Plan, PlannedSubscription};
use crate::closure::steps::users::SYNC_OFF_TAKES;
use crate::closure::steps::{facts, planning, renewal};
use crate::closure::terms::Mode;
use crate::closure::words::clip;
use jiff::{SignedDuration, Timestamp};

/// The reason, and the kind under which it is accepted in `spec.accept`.
pub const TERM_AHEAD: &str = "TermAhead";

/// Reads what was bought, in every cycle until the first effect that takes something away for good: recurring billing and
/// directory sync, which takes days to go off, come before that, and both can be switched on again.
///
/// # Errors
/// The decision to read it, or what its absence leads to.
pub fn look(plan: &Plan, seen: &Observation, memory: &Memory) -> Result<(), Decision> {
    if plan.terms.mode == Mode::Execute && guards(plan, memory) {
        facts::known(&seen.subscriptions, Question::Subscriptions)?;
    }
    Ok(())
}

/// There are users to keep from it, and nobody accepted it.
fn guards(plan: &Plan, memory: &Memory) -> bool {
    memory.destroying_since.is_none()
        && memory.verified_at.is_none()
        && !plan.terms.accepts(TERM_AHEAD)
}

/// What bars the next effect, all of it in one obstacle.
pub fn obstacle(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Obstacle> {
    let first = renewal::comes_first(plan, seen, memory);
    told(plan, seen, memory, now, |one| {
        !first || renews_untouched(plan, one, now)
    })
}

/// What bars no more than the users: recurring billing is to be switched off before, and is, or what lies ahead would renew while
/// the closure waits for its end.
pub fn later(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Option<Obstacle> {
    if !renewal::comes_first(plan, seen, memory) {
        return None;
    }
    told(plan, seen, memory, now, |one| {
        !renews_untouched(plan, one, now)
    })
}

/// It renews before anything may be done in the tenant.
fn renews_untouched(plan: &Plan, one: &PlannedSubscription, now: Timestamp) -> bool {
    let begins = estimate::begins(&plan.terms, now);
    one.renews && one.ends_at.is_some_and(|end| end <= begins)
}

fn told(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
    which: impl Fn(&PlannedSubscription) -> bool,
) -> Option<Obstacle> {
    if !guards(plan, memory) {
        return None;
    }
    let there = seen.subscriptions.known()?.iter();
    // What is told now may have the name that somebody gave it: this is no record.
    let planned: Vec<PlannedSubscription> = there
        .filter(|one| runs_on(one))
        .map(|one| PlannedSubscription {
            name: clip(&one.name, 256),
            ..planning::planned_subscription(&plan.terms, one)
        })
        .collect();
    let users = plan.sealed.as_ref().map_or(0, |sealed| sealed.users.len());
    let sync = sync_takes(seen, memory, now);
    let mut ahead = estimate::terms_ahead(&planned, users, &plan.terms, sync, now);
    ahead.retain(|one| which(one));
    let named: Vec<String> = ahead.iter().map(|one| words(one)).collect();
    (!named.is_empty()).then(|| {
        let message = format!(
            "The tenant cannot close before these terms are over, long after its users are gone: {}",
            named.join(", ")
        );
        Obstacle::new(TERM_AHEAD, message, remedy(plan, &ahead, now))
    })
}

/// What is disabled or expired already is deleted by hand or runs out, where it was not bought under an agreement.
fn runs_on(one: &Subscription) -> bool {
    match one.agreement {
        Agreement::WithTenant => false,
        Agreement::Unknown => one.lifecycle == Lifecycle::Active,
        _ => one.lifecycle != Lifecycle::Gone,
    }
}

/// How long directory sync may take yet to go off; no user is deleted before.
fn sync_takes(seen: &Observation, memory: &Memory, now: Timestamp) -> SignedDuration {
    let organization = seen.organization.known();
    if organization.is_some_and(|found| !found.sync_enabled) {
        return SignedDuration::ZERO;
    }
    let asked = memory.sync_off.as_ref();
    let asked = asked.filter(|asked| asked.refused.is_none());
    let passed = asked.map_or(SignedDuration::ZERO, |asked| now.duration_since(asked.at));
    SYNC_OFF_TAKES
        .saturating_sub(passed)
        .max(SignedDuration::ZERO)
}

fn words(one: &PlannedSubscription) -> String {
    let ends = one
        .ends_at
        .map_or_else(String::new, |at| at.strftime("%Y-%m-%d").to_string());
    if one.agreement == Agreement::Unknown {
        return format!(
            "{} ends or renews on {ends}, if it runs to the end of its term: no program can read how it was bought",
            one.name
        );
    }
    match (&one.next_term, one.renews) {
        (Some(term), true) => {
            format!("{} renews on {ends} for another {}", one.name, term.words())
        }
        (None, true) => format!("{} renews or ends on {ends}", one.name),
        (_, false) if estimate::renewal_untold(one) => {
            format!(
                "{} ends or renews on {ends}: the partner alone sees which",
                one.name
            )
        }
        (_, false) => format!("{} ends on {ends}", one.name),
    }
}

fn remedy(plan: &Plan, ahead: &[&PlannedSubscription], now: Timestamp) -> String {
    let mut first: Vec<&str> = Vec::new();
    if ahead.iter().any(|one| one.agreement == Agreement::Unknown) {
        first.push(
            "Look on the products page how they were bought (what was bought directly, or by self-service, a person can delete at \
             once) or name the billing account in spec.billing.accounts; switch recurring billing off",
        );
    }
    if ahead
        .iter()
        .any(|one| one.agreement == Agreement::Partner && estimate::renewal_untold(one))
    {
        first.push(
            "Have the partner switch auto-renew off, or name his account in spec.billing.accounts",
        );
    }
    // The operator would stop it in step 2, which is too late.
    let ours = |one: &&&PlannedSubscription| {
        one.renews && one.ended_by == Ender::Operator && !one.stop_renewal
    };
    if ahead.iter().any(|one| ours(&one)) {
        first.push(
            "Switch recurring billing off by hand, or create the closure with spec.billing.stopRenewalFirst, which does so before \
             anything else",
        );
    }
    if ahead
        .iter()
        .any(|one| one.stop_renewal && renews_untouched(plan, one, now))
    {
        first.push(
            "Switch recurring billing off by hand: before spec.notBefore the operator may not",
        );
    }
    first.push(if first.is_empty() {
        "Wait"
    } else {
        "Then wait"
    });
    format!(
        "{} with spec.notBefore, or accept it by name: add kind TermAhead with a reference to spec.accept",
        first.join(". ")
    )
}
