//! Step 3: every disabled or expired subscription deleted, by a person or by time.

use crate::closure::decision::{Assessment, Blocker, Dates, Decision, HandOff, Standing, Waiting};
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Agreement, Lifecycle, Observation, Question, Subscription};
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use crate::closure::steps::deprovision::{self, Announced};
use crate::closure::steps::{facts, losses, subscriptions};
use crate::closure::words::count;
use jiff::Timestamp;

/// How one subscription goes away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Road {
    /// A person deletes it on the products page.
    Products,
    /// A person deletes it in the Azure portal.
    Azure,
    /// Locked: Microsoft's support must look at it.
    Support,
    /// It vanishes by itself.
    Time,
    /// It came after the plan was approved: nobody is asked to delete it.
    Unplanned,
}

/// Microsoft shows no state between the press and the end (learn.microsoft.com `graph/api/resources/companysubscription`,
/// `entra/identity/users/directory-delete-howto`): who pressed before the operator looked must not wonder.
const PRESSED: &str = ". Where Delete was pressed already, nothing more has to be done: the subscription goes 72 hours after that by \
                       itself, and Microsoft shows it as disabled until then";

/// Where step 3 stands.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Assessment {
    if super::past(Step::DeleteSubscriptions, memory) {
        return Assessment::done().standing("SubscriptionsDeleted", deleted(plan));
    }
    let listed = match facts::known(&seen.subscriptions, Question::Subscriptions) {
        Ok(listed) => listed,
        Err(decision) => return Assessment::now_do(decision),
    };
    let (done, all) = subscriptions::progress(plan, listed, |l| l == Lifecycle::Gone);
    let left: Vec<(&Subscription, Road)> = subscriptions::ended_apart(listed)
        .filter(|one| one.lifecycle != Lifecycle::Gone)
        .map(|one| (one, road(plan, one, &seen.cluster.announced, now)))
        .collect();
    if left.is_empty() {
        return Assessment::done()
            .standing("SubscriptionsDeleted", deleted(plan))
            .progress(done, all);
    }
    let message = format!("{} left to delete", count(all - done, "subscription"));
    let standing = Standing::no("InProgress", message);
    // Canceled, an Azure subscription can still be reactivated: taken back by its author, nobody is asked to delete it.
    let lost = losses::azure_not_accepted(&plan.terms, listed);
    if let Some(obstacle) = losses::obstacle(&lost) {
        return Assessment::now_do(obstacle.blocks())
            .standing("SubscriptionsDeleted", standing)
            .progress(done, all)
            .blocked_by(losses::blockers(&plan.terms, &lost));
    }
    Assessment::now_do(next(plan, memory, &left))
        .standing("SubscriptionsDeleted", standing)
        .progress(done, all)
        .blocked_by(blockers(plan, memory, &left))
}

/// The condition once none is left.
pub fn deleted(plan: &Plan) -> Standing {
    if subscriptions::planned_none(plan) {
        Standing::yes("NothingToDo", subscriptions::NONE)
    } else {
        Standing::yes("AllGone", "No subscription is listed any more")
    }
}

fn road(plan: &Plan, one: &Subscription, announced: &Announced, now: Timestamp) -> Road {
    match by_agreement(one, announced, now) {
        Road::Time => Road::Time,
        _ if !subscriptions::approved(plan, one) => Road::Unplanned,
        road => road,
    }
}

fn by_agreement(one: &Subscription, announced: &Announced, now: Timestamp) -> Road {
    match (one.lifecycle, one.agreement) {
        (Lifecycle::LockedOut, _) => Road::Support,
        // Pressed: there is nothing left to ask for.
        (_, Agreement::Direct | Agreement::Unknown)
            if deprovision::pressed(announced, one, now) =>
        {
            Road::Time
        }
        (_, Agreement::Direct | Agreement::Unknown) => Road::Products,
        (_, Agreement::Azure) => Road::Azure,
        (
            _,
            Agreement::CustomerAgreement
            | Agreement::Partner
            | Agreement::Enterprise
            | Agreement::WithTenant,
        ) => Road::Time,
    }
}

fn next(plan: &Plan, memory: &Memory, left: &[(&Subscription, Road)]) -> Decision {
    let hand_offs = hand_offs(plan, memory, left);
    if !hand_offs.is_empty() {
        return Decision::HandOff(hand_offs);
    }
    let unplanned = left.iter().filter(|(_, road)| *road == Road::Unplanned);
    if let Some(drift) = subscriptions::drift(unplanned.map(|(one, _)| *one)) {
        return drift.blocks();
    }
    let waiting: Vec<&Subscription> = left.iter().map(|(one, _)| *one).collect();
    let message = format!(
        "Microsoft removes these by itself: {}",
        subscriptions::names(&waiting)
    );
    Waiting::new("WaitingDeprovision", message)
        .until(subscriptions::next_change(&waiting))
        .into()
}

fn hand_offs(plan: &Plan, memory: &Memory, left: &[(&Subscription, Road)]) -> Vec<HandOff> {
    let cloud = plan.terms.cloud;
    let noticed = "The operator reads the subscriptions and goes on by itself";
    let groups = [
        (
            "DeleteSubscription",
            Road::Products,
            format!(
                "On the products page choose each disabled or expired subscription, then under Subscriptions and payment \
                 settings Delete subscription, again Delete subscription, and Yes; where that is refused or not offered, ask \
                 support to delete it ({})",
                links::support(cloud)
            ),
            links::products(cloud),
        ),
        (
            "DeleteAzureSubscription",
            Road::Azure,
            "In the Azure portal, as the owner, choose each canceled subscription, then Delete; the button appears a quarter \
             of an hour to seven days after the cancellation"
                .to_owned(),
            links::azure(cloud),
        ),
        (
            "ContactSupport",
            Road::Support,
            "These subscriptions are locked by Microsoft: ask support to delete them".to_owned(),
            links::support(cloud),
        ),
    ];
    groups
        .into_iter()
        .filter_map(|(key, wanted, what, link)| {
            let some: Vec<&Subscription> = left
                .iter()
                .filter(|(_, road)| *road == wanted)
                .map(|(one, _)| *one)
                .collect();
            let after = match wanted {
                Road::Products => format!("{}{PRESSED}", apart(&some)),
                _ => String::new(),
            };
            (!some.is_empty()).then(|| HandOff {
                key,
                what: format!("{what}: {}{after}", subscriptions::names(&some)),
                link: link.to_owned(),
                noticed: noticed.to_owned(),
                dates: of_all(memory, &some),
            })
        })
        .collect()
}

/// What is to be known of some of those on the products page: whose term is over already, and what a Customer Agreement, which no
/// program can read, lets nobody delete (learn.microsoft.com `microsoft-365/commerce/close-your-account`).
fn apart(some: &[&Subscription]) -> String {
    let of = |is: fn(&Subscription) -> bool| -> Vec<&Subscription> {
        some.iter().copied().filter(|one| is(one)).collect()
    };
    let (expired, untold) = (of(expired), of(may_be_agreed));
    let mut words = String::new();
    if !expired.is_empty() {
        let names = subscriptions::names(&expired);
        words = format!(
            ". The term of {names} is over: where Delete is not offered yet, it is once Microsoft has disabled it by itself"
        );
    }
    if !untold.is_empty() {
        let names = subscriptions::names(&untold);
        words = format!(
            "{words}. How {names} was bought no program can read: under a Customer Agreement it cannot be deleted, \
             and goes by itself at the end of its term"
        );
    }
    words
}

fn expired(one: &Subscription) -> bool {
    one.lifecycle == Lifecycle::Expired
}

fn may_be_agreed(one: &Subscription) -> bool {
    one.lifecycle == Lifecycle::Disabled && one.agreement == Agreement::Unknown
}

/// From when on the portal offers to delete these: the first of them, and by then all of them; and when the last of those has gone
/// that may go by themselves.
fn of_all(memory: &Memory, some: &[&Subscription]) -> Dates {
    let each = some.iter().map(|one| dates(memory, one));
    let dates: Vec<Dates> = each.collect();
    Dates {
        possible_from: dates.iter().filter_map(|one| one.possible_from).min(),
        possible_by: dates.iter().filter_map(|one| one.possible_by).max(),
        ends_at: dates.iter().filter_map(|one| one.ends_at).max(),
    }
}

fn dates(memory: &Memory, one: &Subscription) -> Dates {
    if one.agreement == Agreement::Azure {
        return deprovision::azure(memory.subscriptions.get(&one.id));
    }
    Dates {
        possible_from: None,
        possible_by: one.next_change.filter(|_| expired(one)),
        ends_at: one.next_change.filter(|_| may_be_agreed(one)),
    }
}

fn blockers(plan: &Plan, memory: &Memory, left: &[(&Subscription, Road)]) -> Vec<Blocker> {
    let told = left.iter().map(|(one, road)| {
        let (remedy, who, dates) = match road {
            Road::Products | Road::Azure => ("Delete it", "person", dates(memory, one)),
            Road::Support => ("Ask support to delete it", "support", Dates::default()),
            Road::Time => ("Vanishes by itself", "time", Dates::ending(one.next_change)),
            Road::Unplanned => (subscriptions::DECIDE, "person", Dates::default()),
        };
        Blocker {
            dates,
            ..subscriptions::blocker(plan, one, remedy, who)
        }
    });
    let mut all: Vec<Blocker> = told.collect();
    all.sort_by(|a, b| a.check.cmp(&b.check));
    all
}
