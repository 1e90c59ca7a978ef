//! Step 2: every active subscription canceled, through whoever can do it.

use crate::closure::decision::{Assessment, Blocker, Dates, Decision, HandOff, Standing, Waiting};
use crate::closure::intent::{Action, Intent};
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{
    Agreement, Lifecycle, Observation, Obstacle, Question, Subscription,
};
use crate::closure::plan::Plan;
use crate::closure::schedule;
use crate::closure::step::Step;
use crate::closure::steps::{facts, losses, renewal, sold, subscriptions};
use crate::closure::words::count;
use jiff::Timestamp;

/// What can be done about one active subscription.
enum Road {
    /// We end it.
    Act(Action),
    /// We asked, then; it takes a while.
    Canceling(Timestamp),
    /// Recurring billing is off; the term ends by itself.
    TermEnd,
    /// Only a person can; with Microsoft's code where ours was refused.
    Person(Option<String>),
    /// Only a person can: Microsoft accepted ours time and again, and did nothing.
    InVain,
    /// It came after the plan was approved: nobody is asked to cancel it.
    Unplanned,
}

impl Road {
    const fn by_person(&self) -> bool {
        matches!(self, Self::Person(_) | Self::InVain)
    }
}

/// Where step 2 stands.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Assessment {
    if super::past(Step::CancelSubscriptions, memory) {
        return Assessment::done().standing("SubscriptionsCanceled", canceled(plan));
    }
    let listed = match facts::known(&seen.subscriptions, Question::Subscriptions) {
        Ok(listed) => listed,
        Err(decision) => return Assessment::now_do(decision),
    };
    let (done, all) = subscriptions::progress(plan, listed, |l| l != Lifecycle::Active);
    let active: Vec<&Subscription> = subscriptions::ended_apart(listed)
        .filter(|one| one.lifecycle == Lifecycle::Active)
        .collect();
    if active.is_empty() {
        return Assessment::done()
            .standing("SubscriptionsCanceled", canceled(plan))
            .progress(done, all);
    }
    let message = format!("{} still active", count(all - done, "subscription"));
    let standing = Standing::no("InProgress", message);
    let lost = losses::azure_not_accepted(&plan.terms, listed);
    // While one of Azure is not accepted by its id, none of them is ended, and nobody is asked to end one.
    let is_barred = |one: &Subscription| !lost.is_empty() && one.agreement == Agreement::Azure;
    let roads: Vec<(&Subscription, Road)> = active
        .iter()
        .filter(|one| !is_barred(one))
        .map(|one| (*one, road(plan, one, memory, now)))
        .collect();
    let mut told = losses::blockers(&plan.terms, &lost);
    told.extend(blockers(plan, &roads));
    Assessment::now_do(next(plan, memory, &roads, losses::obstacle(&lost), now))
        .standing("SubscriptionsCanceled", standing)
        .progress(done, all)
        .blocked_by(told)
}

/// The condition once none is active.
pub fn canceled(plan: &Plan) -> Standing {
    if subscriptions::planned_none(plan) {
        Standing::yes("NothingToDo", subscriptions::NONE)
    } else {
        Standing::yes("AllCanceled", "No subscription is active")
    }
}

fn road(plan: &Plan, one: &Subscription, memory: &Memory, now: Timestamp) -> Road {
    let automatic = matches!(
        one.agreement,
        Agreement::CustomerAgreement | Agreement::Azure | Agreement::Partner
    );
    if !subscriptions::approved(plan, one) {
        return Road::Unplanned;
    }
    if !automatic || one.resource.is_none() || !subscriptions::planned(plan, one.id) {
        return Road::Person(None);
    }
    let (action, of) = if one.cancelable || one.agreement == Agreement::Azure {
        (Action::CancelSubscription, &memory.subscriptions)
    } else if one.auto_renew {
        (Action::StopRenewal, &memory.renewals)
    } else {
        return Road::TermEnd;
    };
    let asked = |of| subscriptions::asked(of, one.id, now);
    // What cannot be canceled is being canceled, or its time for that is over.
    let accepted = || asked(&memory.subscriptions).filter(|asked| asked.refused.is_none());
    let road = match asked(of).or_else(accepted) {
        None if subscriptions::in_vain(of, one.id) => Road::InVain,
        None => Road::Act(action),
        Some(asked) => match &asked.refused {
            None => Road::Canceling(asked.at),
            Some(code) => Road::Person(Some(code.clone())),
        },
    };
    if road.by_person() && renewal::is_to_try(plan, one, memory, now) {
        // A person may be slow: until he has canceled it, it is not to renew.
        return Road::Act(Action::StopRenewal);
    }
    road
}

/// What a program can do comes first; then a person is asked once for everything that is left. What nobody accepted bars only
/// itself, and is told once that is done.
fn next(
    plan: &Plan,
    memory: &Memory,
    roads: &[(&Subscription, Road)],
    not_accepted: Option<Obstacle>,
    now: Timestamp,
) -> Decision {
    if let Some((one, action)) = roads.iter().find_map(|(one, road)| match road {
        Road::Act(action) => Some((one, *action)),
        _ => None,
    }) {
        let step = Step::CancelSubscriptions;
        if let Some(rest) =
            schedule::pause_in(step, memory, &plan.terms, now).filter(|_| memory.fruitless > 0)
        {
            let message = "Microsoft did not take the newest cancellation";
            return Waiting::new("MicrosoftUnavailable", message)
                .again_in(rest)
                .into();
        }
        let intent = Intent::on(step, action, vec![one.id]);
        return Decision::Act(intent.through(one.resource.clone()));
    }
    let hand_offs = hand_offs(plan, roads);
    if !hand_offs.is_empty() {
        return Decision::HandOff(hand_offs);
    }
    if let Some(obstacle) = not_accepted {
        return obstacle.blocks();
    }
    let unplanned = roads
        .iter()
        .filter(|(_, road)| matches!(road, Road::Unplanned));
    if let Some(drift) = subscriptions::drift(unplanned.map(|(one, _)| *one)) {
        return drift.blocks();
    }
    let canceling = roads.iter().filter_map(|(_, road)| match road {
        Road::Canceling(since) => Some(*since),
        _ => None,
    });
    let mut canceling = canceling.peekable();
    if canceling.peek().is_some() {
        let message = "Subscriptions are being canceled; Microsoft takes a few minutes to show it, and is asked again after a day";
        let waiting = Waiting::new("Canceling", message);
        return subscriptions::shows(waiting, canceling, now).into();
    }
    let waiting: Vec<&Subscription> = roads.iter().map(|(one, _)| *one).collect();
    let message = format!(
        "Recurring billing is off; Microsoft ends these at the end of their term: {}",
        subscriptions::names(&waiting)
    );
    Waiting::new("WaitingTermEnd", message)
        .until(subscriptions::next_change(&waiting))
        .into()
}

fn hand_offs(plan: &Plan, roads: &[(&Subscription, Road)]) -> Vec<HandOff> {
    let by_person = |agreement: fn(Agreement) -> bool| -> Vec<&Subscription> {
        let mine = roads.iter().filter(|(_, road)| road.by_person());
        mine.map(|(one, _)| *one)
            .filter(|one| agreement(one.agreement))
            .collect()
    };
    let cloud = plan.terms.cloud;
    let noticed = "The operator reads the subscriptions and goes on by itself";
    let unknown = by_person(|a| a == Agreement::Unknown);
    let roads = match unknown.as_slice() {
        [] => String::new(),
        some => format!(
            ". Of {}: {}",
            subscriptions::names(some),
            subscriptions::roads(plan, some)
        ),
    };
    let under_agreement = by_person(|a| a == Agreement::Enterprise);
    let letter = format!(
        ". Send him this: {}",
        subscriptions::sentence(plan, &under_agreement)
    );
    let groups = [
        (
            "CancelSubscription",
            by_person(|a| {
                matches!(
                    a,
                    Agreement::Direct | Agreement::CustomerAgreement | Agreement::Unknown
                )
            }),
            "On the products page choose each subscription, then More actions, then Cancel subscription",
            links::products(cloud),
            roads,
        ),
        (
            "CancelByAccountManager",
            under_agreement,
            "Ask your Microsoft account manager, or the licensing partner of the enrollment, to end each subscription \
             under the agreement",
            links::support(cloud),
            letter,
        ),
        (
            "CancelAzureSubscription",
            by_person(|a| a == Agreement::Azure),
            "In the Azure portal, as the owner, choose each subscription, then Cancel subscription",
            links::azure(cloud),
            String::new(),
        ),
    ];
    let (far, near): (Vec<&Subscription>, _) = by_person(|a| a == Agreement::Partner)
        .into_iter()
        .partition(|one| sold::by_distributor(&plan.terms, one));
    let sold = [(near, false), (far, true)]
        .into_iter()
        .filter(|(some, _)| !some.is_empty())
        .map(|(some, distributor)| sold::cancel(plan, &some, distributor, &reason(plan)));
    groups
        .into_iter()
        .filter(|(_, some, ..)| !some.is_empty())
        .map(|(key, some, what, link, more)| HandOff {
            key,
            what: format!(
                "{what}{}: {}{more}",
                reason(plan),
                subscriptions::names(&some)
            ),
            link: link.to_owned(),
            noticed: noticed.to_owned(),
            dates: Dates::default(),
        })
        .chain(sold)
        .collect()
}

/// The reason and feedback to enter, as the author wrote them.
fn reason(plan: &Plan) -> String {
    match &plan.terms.cancellation {
        None => String::new(),
        Some(given) => match &given.feedback {
            None => format!(" (reason: {})", given.reason),
            Some(feedback) => format!(" (reason: {}; feedback: {feedback})", given.reason),
        },
    }
}

fn blockers(plan: &Plan, roads: &[(&Subscription, Road)]) -> Vec<Blocker> {
    let told = roads.iter().map(|(one, road)| match road {
        Road::Act(Action::StopRenewal) => {
            let remedy = "The operator switches its recurring billing off";
            subscriptions::blocker(plan, one, remedy, "operator")
        }
        Road::Act(_) => {
            subscriptions::blocker(plan, one, "Is canceled by the operator", "operator")
        }
        Road::Canceling(_) => subscriptions::blocker(plan, one, "Is being canceled", "time"),
        Road::TermEnd => Blocker {
            dates: Dates::ending(one.next_change),
            ..subscriptions::blocker(plan, one, "Ends with its term", "time")
        },
        Road::Person(None) if one.agreement == Agreement::Partner => {
            if sold::by_distributor(&plan.terms, one) {
                let remedy = "The distributor cancels it for the partner";
                subscriptions::blocker(plan, one, remedy, "distributor")
            } else {
                subscriptions::blocker(plan, one, "The partner cancels it", "partner")
            }
        }
        Road::Person(None) if one.agreement == Agreement::Enterprise => {
            let remedy = "The account manager ends it under the agreement";
            subscriptions::blocker(plan, one, remedy, "account manager")
        }
        Road::Person(None) if one.agreement == Agreement::Unknown => {
            let remedy = "See on the page how it was bought, and cancel it";
            subscriptions::blocker(plan, one, remedy, "person")
        }
        Road::Person(None) => subscriptions::blocker(plan, one, "Cancel it", "person"),
        Road::Unplanned => subscriptions::blocker(plan, one, subscriptions::DECIDE, "person"),
        Road::InVain => {
            let remedy =
                "Microsoft accepted our cancellation several times and did not carry it out: cancel it by hand";
            subscriptions::blocker(plan, one, remedy, "person")
        }
        Road::Person(Some(code)) => {
            let remedy =
                format!("Microsoft refused our cancellation with {code}: cancel it by hand");
            subscriptions::blocker(plan, one, &remedy, "person")
        }
    });
    let mut all: Vec<Blocker> = told.collect();
    all.sort_by(|a, b| a.check.cmp(&b.check));
    all
}
