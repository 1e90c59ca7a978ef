//! What steps 2 and 3 share: all subscriptions that the plan or a listing names, and words about them.

use crate::closure::decision::{Blocker, Dates, Waiting};
use crate::closure::id::ObjectId;
use crate::closure::links;
use crate::closure::memory::Asked;
use crate::closure::observation::{Agreement, Lifecycle, Obstacle, Subscription};
use crate::closure::plan::Plan;
use crate::closure::words::thousands;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Is it in the approved plan? What is not is never ended by us.
pub fn planned(plan: &Plan, id: ObjectId) -> bool {
    plan.sealed.as_ref().is_some_and(|sealed| {
        let mut all = sealed.head.subscriptions.iter();
        all.any(|one| one.id == id)
    })
}

/// What steps 2 and 3 say where there is nothing to do for them.
pub const NONE: &str = "The tenant has no subscription that is to be ended";

/// What is to be ended: all of it but what goes with the tenant.
pub fn ended_apart(listed: &[Subscription]) -> impl Iterator<Item = &Subscription> {
    listed.iter().filter(|one| one.agreement.ends_apart())
}

/// May a person be asked to end it? One in the plan was approved of, and an Azure subscription is accepted by its id, with the
/// plan or later and approved as such: one that is not bars the step.
pub fn approved(plan: &Plan, one: &Subscription) -> bool {
    one.agreement == Agreement::Azure || planned(plan, one.id)
}

/// What a person decides about one that came later.
pub const DECIDE: &str =
    "Is not in the approved plan: find out who bought it, and decide what becomes of it";

/// Nobody approved that these end: neither does the operator end them, nor is anybody asked to. `None`: there is none.
pub fn drift<'a>(some: impl Iterator<Item = &'a Subscription>) -> Option<Obstacle> {
    let some: Vec<&Subscription> = some.collect();
    if some.is_empty() {
        return None;
    }
    let message = format!(
        "Subscriptions that the approved plan does not name: {}",
        names(&some)
    );
    Some(Obstacle::new(
        "PlanDrift",
        message,
        "Find out who bought them, and for what. Where they are to go with the tenant, delete this closure (nothing is lost) \
         and create it again: its plan names them, and is approved anew. Whoever may decide that can also cancel and delete \
         them himself, or move them to another tenant; the closure then goes on by itself",
    ))
}

/// What was asked of a subscription and shows no effect for so long is asked for again.
const ASK_AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// What was asked for is looked at again this soon: it takes up to ten minutes to show.
pub const SOON: Duration = Duration::from_secs(10);
/// As long as this; then as seldom as anything else that takes days.
const SOON_FOR: SignedDuration = SignedDuration::from_mins(15);
/// What was accepted so often, and shows no effect each time, a person does.
const ACCEPTED_AT_MOST: u32 = 3;

/// What was asked of this one, unless it is time to ask again.
pub fn asked(of: &BTreeMap<ObjectId, Asked>, id: ObjectId, now: Timestamp) -> Option<&Asked> {
    of.get(&id)
        .filter(|asked| now.duration_since(asked.at) < ASK_AGAIN)
}

/// It is time to ask again: was it accepted time and again, with no effect for so long each time?
pub fn in_vain(of: &BTreeMap<ObjectId, Asked>, id: ObjectId) -> bool {
    let known = of.get(&id);
    known.is_some_and(|asked| asked.accepted >= ACCEPTED_AT_MOST)
}

/// Waiting until what was asked for at these moments shows, or until the first of them is asked for again.
pub fn shows(waiting: Waiting, asked: impl Iterator<Item = Timestamp>, now: Timestamp) -> Waiting {
    let asked: Vec<Timestamp> = asked.collect();
    let again = asked
        .iter()
        .min()
        .and_then(|at| at.saturating_add(ASK_AGAIN).ok());
    let lately = asked.iter().any(|at| now.duration_since(*at) < SOON_FOR);
    let waiting = waiting.until(again);
    if lately {
        waiting.again_in(SOON)
    } else {
        waiting
    }
}

/// How many are known, of the plan or of the listing, and how many of those the test says are done. One that is no
/// longer listed is gone, which is done in every sense.
pub fn progress(
    plan: &Plan,
    listed: &[Subscription],
    done: impl Fn(Lifecycle) -> bool,
) -> (u32, u32) {
    let sealed = plan.sealed.as_ref();
    let planned = sealed.iter().flat_map(|sealed| sealed.head.ended_apart());
    let ids: BTreeSet<ObjectId> = planned
        .map(|one| one.id)
        .chain(ended_apart(listed).map(|one| one.id))
        .collect();
    let open = ended_apart(listed)
        .filter(|one| !done(one.lifecycle))
        .count();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (number(ids.len().saturating_sub(open)), number(ids.len()))
}

/// Names told before the rest is only counted.
const SHOWN: usize = 10;
/// Names with ids in a letter: as many as a hand-off has room for.
const WRITTEN: usize = 20;

/// `Business Premium ×950, Visio ×5`: by name, so the words stay the same in whatever order they were listed.
pub fn names(some: &[&Subscription]) -> String {
    list(some.iter().map(|one| name(one)).collect(), SHOWN)
}

/// The same with the id of each, by which whoever sold it finds it.
fn identified(some: &[&Subscription]) -> String {
    let each = some.iter().map(|one| format!("{} ({})", name(one), one.id));
    list(each.collect(), WRITTEN)
}

fn name(one: &Subscription) -> String {
    match one.agreement {
        Agreement::Azure => one.name.clone(),
        _ => format!("{} ×{}", one.name, thousands(one.seats)),
    }
}

fn list(mut words: Vec<String>, shown: usize) -> String {
    words.sort_unstable();
    let more = words.len().saturating_sub(shown);
    words.truncate(shown);
    let text = words.join(", ");
    if more > 0 {
        format!("{text} and {more} more")
    } else {
        text
    }
}

/// What to send: what is asked for of which subscriptions, each by name and id.
pub fn letter(plan: &Plan, some: &[&Subscription], please: &str, otherwise: &str) -> String {
    format!(
        "\"Please {please} of {}{otherwise}: {}\"",
        plan.terms.initial_domain,
        identified(some)
    )
}

/// What to tell of those of which nobody but the products page knows how they were bought: what it offers for each.
/// Source: learn.microsoft.com `microsoft-365/commerce/subscriptions/manage-self-service-purchases-admins` and
/// `…/manage-self-service-signup-subscriptions`.
pub fn roads(plan: &Plan, some: &[&Subscription]) -> String {
    format!(
        "No program can read how they were bought, the page shows it. By self-service (filter Self-service): Take control \
         of this subscription, then Cancel subscription. Signed up for (filter Free): Delete subscription. Under a Customer \
         Agreement Cancel is offered for seven days after a term began; after that edit recurring billing, turn it off, and \
         it ends with its term. Under a volume licence neither is offered: send your Microsoft account manager this: {}",
        sentence(plan, some)
    )
}

/// What to write to the account manager, or to the partner of the agreement.
pub fn sentence(plan: &Plan, some: &[&Subscription]) -> String {
    let otherwise = ", or, where the agreement binds us until its anniversary, do not renew them";
    letter(plan, some, "end these subscriptions", otherwise)
}

/// One blocker per subscription that stands in the way.
pub fn blocker(plan: &Plan, one: &Subscription, remedy: &str, who: &'static str) -> Blocker {
    let cloud = plan.terms.cloud;
    let link = match one.agreement {
        Agreement::Azure => links::azure(cloud),
        _ => links::products(cloud),
    };
    Blocker {
        check: format!("Subscription {}", one.name),
        state: "failed",
        remedy: remedy.to_owned(),
        link: link.to_owned(),
        who,
        dates: Dates::default(),
    }
}

/// The first date that Microsoft announces for any of them.
pub fn next_change(some: &[&Subscription]) -> Option<jiff::Timestamp> {
    some.iter().filter_map(|one| one.next_change).min()
}

/// True where the plan names no subscription that is to be ended.
pub fn planned_none(plan: &Plan) -> bool {
    let sealed = plan.sealed.as_ref();
    sealed.is_none_or(|sealed| sealed.head.to_end() == 0)
}
