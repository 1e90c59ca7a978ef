//! Before step 1, where it is asked for: recurring billing off for every subscription of which a billing account tells that it
//! renews, so that none renews while the closure waits. It can be switched on again. What was bought directly only a person can
//! switch off. And in step 2, asked for or not: while domains keep the cancellations waiting, which takes days where a person has
//! to release one, nothing that we can stop renews.

use crate::closure::decision::{Assessment, Blocker, Dates, Decision, HandOff, Standing, Waiting};
use crate::closure::intent::{Action, Intent};
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Agreement, Lifecycle, Observation, Question, Subscription};
use crate::closure::plan::{Plan, Sealed};
use crate::closure::schedule;
use crate::closure::step::Step;
use crate::closure::steps::{facts, sold, subscriptions};
use crate::closure::words::{count, len};
use jiff::Timestamp;

/// The key of the hand-off.
pub const KEY: &str = "StopRenewal";

/// What can be done about one subscription that renews.
enum Road {
    /// We switch it off.
    Act,
    /// We asked; it takes a while to show.
    Asked(Timestamp),
    /// Only a person can; with Microsoft's code where we were refused.
    Person(Option<String>),
}

/// What is left to do before the first user may be touched; `None`: nothing.
pub fn assess(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Assessment> {
    if !plan.terms.stop_renewal_first || users_touched(memory) {
        return None;
    }
    let listed = match facts::known(&seen.subscriptions, Question::Subscriptions) {
        Ok(listed) => listed,
        Err(decision) => return Some(Assessment::now_do(decision)),
    };
    let roads: Vec<(&Subscription, Road)> = listed
        .iter()
        // One that came later is nobody's to end: step 2 tells of it.
        .filter(|one| renews(one) && subscriptions::planned(plan, one.id))
        .map(|one| (one, road(stops(sealed, one), one, memory, now)))
        .collect();
    if roads.is_empty() {
        return None;
    }
    let message = format!(
        "Of {} recurring billing is on",
        count(len(&roads), "subscription")
    );
    Some(
        Assessment::now_do(next(plan, memory, &roads, now))
            .standing("RenewalStopped", Standing::no("InProgress", message))
            .blocked_by(blockers(plan, &roads)),
    )
}

/// Step 2 while domains are released: what would renew meanwhile comes first. Whatever a person has to stop is handed over beside
/// the domains that are his as well.
pub fn before_domains(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
    mut domains: Assessment,
) -> Assessment {
    if !plan.sealed.as_ref().is_some_and(|sealed| may_renew(sealed)) {
        return domains;
    }
    if let Some(read) = facts::unread(seen, &[Question::Subscriptions]) {
        return Assessment::now_do(read);
    }
    // What cannot be read bars the cancellations, and no domain.
    let listed = seen.subscriptions.known().map_or(&[][..], Vec::as_slice);
    let roads: Vec<(&Subscription, Road)> = listed
        .iter()
        .filter(|one| stoppable(one) && subscriptions::planned(plan, one.id))
        .map(|one| (one, road(true, one, memory, now)))
        .collect();
    domains.blockers.extend(blockers(plan, &roads));
    match ours(Step::CancelSubscriptions, plan, memory, &roads, now) {
        Some(next) => domains.next = Some(next),
        None => {
            if let Some(Decision::HandOff(list)) = &mut domains.next {
                list.extend(by_persons(plan, &roads));
            }
        }
    }
    domains
}

/// Does the plan name any that a billing account can show to renew?
fn may_renew(sealed: &Sealed) -> bool {
    let mut all = sealed.head.subscriptions.iter();
    all.any(|one| {
        matches!(
            one.agreement,
            Agreement::CustomerAgreement | Agreement::Partner
        )
    })
}

/// Is recurring billing still to be switched off, before anything that a term ahead protects? Were the term to bar that as well,
/// it would renew while the closure waits for its end.
pub fn comes_first(plan: &Plan, seen: &Observation, memory: &Memory) -> bool {
    let planned =
        |one: &Subscription| plan.sealed.is_none() || subscriptions::planned(plan, one.id);
    plan.terms.stop_renewal_first
        && !users_touched(memory)
        && seen
            .subscriptions
            .known()
            .is_some_and(|listed| listed.iter().any(|one| renews(one) && planned(one)))
}

/// The condition once none renews.
pub fn stopped() -> Standing {
    let message = "Recurring billing is off for every subscription of which a billing account tells whether it renews";
    Standing::yes("RenewalOff", message)
}

/// May we switch recurring billing off?
pub fn stoppable(one: &Subscription) -> bool {
    renews(one) && one.resource.is_some()
}

fn renews(one: &Subscription) -> bool {
    let active = one.lifecycle == Lifecycle::Active;
    let tells = matches!(
        one.agreement,
        Agreement::Direct | Agreement::CustomerAgreement | Agreement::Partner
    );
    active && tells && one.auto_renew
}

/// Was anything done in step 1 but recurring billing switched off?
pub fn users_touched(memory: &Memory) -> bool {
    memory.sync_off.is_some() || memory.cursor > 0 || memory.destroying_since.is_some()
}

/// Says the approved plan that we stop it in step 1?
fn stops(sealed: &Sealed, one: &Subscription) -> bool {
    let mut planned = sealed.head.subscriptions.iter();
    planned.any(|known| known.id == one.id && known.stop_renewal)
}

fn road(is_ours: bool, one: &Subscription, memory: &Memory, now: Timestamp) -> Road {
    if !is_ours || one.resource.is_none() {
        return Road::Person(None);
    }
    match subscriptions::asked(&memory.renewals, one.id, now) {
        None if subscriptions::in_vain(&memory.renewals, one.id) => Road::Person(None),
        None => Road::Act,
        Some(asked) => match &asked.refused {
            None => Road::Asked(asked.at),
            Some(code) => Road::Person(Some(code.clone())),
        },
    }
}

/// May we try to stop it now: asked for lately, or in vain time and again, it is not tried?
pub fn is_to_try(plan: &Plan, one: &Subscription, memory: &Memory, now: Timestamp) -> bool {
    stoppable(one)
        && subscriptions::planned(plan, one.id)
        && matches!(road(true, one, memory, now), Road::Act)
}

/// What a program can do comes first; then a person is asked once for everything that is left.
fn next(plan: &Plan, memory: &Memory, roads: &[(&Subscription, Road)], now: Timestamp) -> Decision {
    if let Some(next) = ours(Step::Users, plan, memory, roads, now) {
        return next;
    }
    let hand_offs = by_persons(plan, roads);
    if !hand_offs.is_empty() {
        return Decision::HandOff(hand_offs);
    }
    let message = "Recurring billing is being switched off; Microsoft takes a few minutes to show it, and is asked again after a day";
    let asked = roads.iter().filter_map(|(_, road)| match road {
        Road::Asked(since) => Some(*since),
        _ => None,
    });
    subscriptions::shows(Waiting::new("StoppingRenewal", message), asked, now).into()
}

/// The next that we switch off, or the pause before it.
fn ours(
    step: Step,
    plan: &Plan,
    memory: &Memory,
    roads: &[(&Subscription, Road)],
    now: Timestamp,
) -> Option<Decision> {
    let mut ours = roads.iter().filter(|(_, road)| matches!(road, Road::Act));
    let (one, _) = ours.next()?;
    let pause = schedule::pause_in(step, memory, &plan.terms, now);
    Some(if let Some(rest) = pause.filter(|_| memory.fruitless > 0) {
        let message = "Microsoft did not take the newest change of recurring billing";
        Waiting::new("MicrosoftUnavailable", message)
            .again_in(rest)
            .into()
    } else {
        let intent = Intent::on(step, Action::StopRenewal, vec![one.id]);
        Decision::Act(intent.through(one.resource.clone()))
    })
}

fn by_persons(plan: &Plan, roads: &[(&Subscription, Road)]) -> Vec<HandOff> {
    let by_person = roads
        .iter()
        .filter(|(_, road)| matches!(road, Road::Person(_)))
        .map(|(one, _)| *one);
    let (sold, own): (Vec<&Subscription>, Vec<&Subscription>) =
        by_person.partition(|one| one.agreement == Agreement::Partner);
    let own = (!own.is_empty()).then(|| hand_off(plan, &own));
    let sold = (!sold.is_empty()).then(|| sold::stop_renewal(plan, &sold));
    own.into_iter().chain(sold).collect()
}

fn hand_off(plan: &Plan, some: &[&Subscription]) -> HandOff {
    HandOff {
        key: KEY,
        what: format!(
            "On the products page choose each subscription, then Edit recurring billing, and turn it off: {}",
            subscriptions::names(some)
        ),
        link: links::products(plan.terms.cloud).to_owned(),
        noticed: "The operator reads whether the subscriptions renew, and goes on by itself"
            .to_owned(),
        dates: Dates::default(),
    }
}

fn blockers(plan: &Plan, roads: &[(&Subscription, Road)]) -> Vec<Blocker> {
    let told = roads.iter().map(|(one, road)| {
        let (remedy, who) = match road {
            Road::Act => (
                "The operator switches its recurring billing off".to_owned(),
                "operator",
            ),
            Road::Asked(_) => (
                "Its recurring billing is being switched off".to_owned(),
                "time",
            ),
            Road::Person(None) => ("Turn its recurring billing off".to_owned(), "person"),
            Road::Person(Some(code)) => (
                format!("Microsoft refused it with {code}: turn its recurring billing off by hand"),
                "person",
            ),
        };
        subscriptions::blocker(plan, one, &remedy, who)
    });
    let mut all: Vec<Blocker> = told.collect();
    all.sort_by(|a, b| a.check.cmp(&b.check));
    all
}
