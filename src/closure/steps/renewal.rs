//! Before step 1, where it is asked for: recurring billing off for every subscription of which a billing account tells that it
//! renews, so that none renews while the closure waits. It can be switched on again. What was bought directly only a person can
//! switch off.

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
        .map(|one| (one, road(sealed, one, memory, now)))
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

fn users_touched(memory: &Memory) -> bool {
    memory.sync_off.is_some() || memory.cursor > 0 || memory.destroying_since.is_some()
}

fn road(sealed: &Sealed, one: &Subscription, memory: &Memory, now: Timestamp) -> Road {
    let mut planned = sealed.head.subscriptions.iter();
    let planned = planned.any(|known| known.id == one.id && known.stop_renewal);
    if !planned || one.resource.is_none() {
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

/// What a program can do comes first; then a person is asked once for everything that is left.
fn next(plan: &Plan, memory: &Memory, roads: &[(&Subscription, Road)], now: Timestamp) -> Decision {
    let mut ours = roads.iter().filter(|(_, road)| matches!(road, Road::Act));
    if let Some((one, _)) = ours.next() {
        let pause = schedule::pause_in(Step::Users, memory, &plan.terms, now);
        if let Some(rest) = pause.filter(|_| memory.fruitless > 0) {
            let message = "Microsoft did not take the newest change of recurring billing";
            return Waiting::new("MicrosoftUnavailable", message)
                .again_in(rest)
                .into();
        }
        let intent = Intent::on(Step::Users, Action::StopRenewal, vec![one.id]);
        return Decision::Act(intent.through(one.resource.clone()));
    }
    let by_person: Vec<&Subscription> = roads
        .iter()
        .filter(|(_, road)| matches!(road, Road::Person(_)))
        .map(|(one, _)| *one)
        .collect();
    if !by_person.is_empty() {
        let (sold, own): (Vec<&Subscription>, Vec<&Subscription>) = by_person
            .into_iter()
            .partition(|one| one.agreement == Agreement::Partner);
        let own = (!own.is_empty()).then(|| hand_off(plan, &own));
        let sold = (!sold.is_empty()).then(|| sold::stop_renewal(plan, &sold));
        return Decision::HandOff(own.into_iter().chain(sold).collect());
    }
    let message = "Recurring billing is being switched off; Microsoft takes a few minutes to show it, and is asked again after a day";
    let asked = roads.iter().filter_map(|(_, road)| match road {
        Road::Asked(since) => Some(*since),
        _ => None,
    });
    subscriptions::shows(Waiting::new("StoppingRenewal", message), asked, now).into()
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
