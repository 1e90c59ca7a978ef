//! What is over already, and what ends with something else.

use super::subscriptions::{asked, one};
use super::{decided, verified};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::observation::*;
use crate::closure::step::Step;
use jiff::SignedDuration;

/// Its term is over: nothing is left to cancel, no reason is asked for, and the hand-off has the date on which Microsoft disables it.
#[test]
fn an_expired_one_is_deleted_where_that_is_offered() {
    let disabled_at = start() + SignedDuration::from_hours(24 * 20);
    let mut run = verified(World::new(1).with(|w| {
        w.terms.cancellation = None;
        let mut it = subscription(1, Agreement::Unknown);
        it.lifecycle = Lifecycle::Expired;
        it.next_change = Some(disabled_at);
        it.auto_renew = false;
        w.subscriptions = vec![it, subscription(2, Agreement::Direct)];
        w.subscriptions[1].lifecycle = Lifecycle::Disabled;
    }));
    let told = &asked(&mut run)[0];
    assert!(
        told.what
            .contains(". The term of SKU_1 ×10 is over: where Delete is not offered yet"),
        "{}",
        told.what
    );
    assert_eq!(
        (told.dates.possible_by, told.dates.ends_at),
        (Some(disabled_at), None)
    );
    let blockers = decided(&mut run, |_| {}).blockers;
    assert_eq!(blockers[0].dates.possible_by, Some(disabled_at));
    assert_eq!(blockers[1].dates.possible_by, None);
}

/// Whether Delete is offered at all depends on how it was bought, which no program can read.
#[test]
fn what_was_bought_under_an_agreement_goes_at_the_end_of_its_term() {
    let ends = start() + SignedDuration::from_hours(24 * 200);
    let mut run = one(Agreement::Unknown, |_| {});
    run.world.subscriptions[0].lifecycle = Lifecycle::Disabled;
    run.world.subscriptions[0].next_change = Some(ends);
    let told = &asked(&mut run)[0];
    let says = ". How SKU_1 ×10 was bought no program can read: under a Customer Agreement it cannot be deleted, and goes by itself at \
                the end of its term";
    assert!(told.what.contains(says), "{}", told.what);
    assert!(told.what.chars().count() < 2_048);
    assert_eq!(told.dates.ends_at, Some(ends));
    assert_eq!(
        decided(&mut run, |_| {}).blockers[0].dates.ends_at,
        Some(ends)
    );
    // An account tells of this one: it can be deleted.
    run.world.subscriptions[0].agreement = Agreement::Direct;
    let told = &asked(&mut run)[0];
    assert!(!told.what.contains("Customer Agreement"), "{}", told.what);
    assert_eq!(told.dates.ends_at, None);
}

/// Microsoft Entra ID Free: told in the plan as what it is, and in nobody's way.
#[test]
fn what_goes_with_the_tenant_is_neither_ended_nor_asked_for() {
    use crate::closure::plan::Ender;
    let free = || {
        let mut it = subscription(7, Agreement::WithTenant);
        it.next_change = Some(start() + SignedDuration::from_hours(24 * 300));
        it
    };
    let mut run = Run::of(World::new(20).with(|w| {
        w.terms.cancellation = None;
        w.terms.stop_renewal_first = true;
        w.subscriptions = vec![free()];
    }));
    run.to_the_end();
    let head = &run.plan.sealed.as_ref().unwrap().head;
    let planned: Vec<_> = head
        .subscriptions
        .iter()
        .map(|one| (one.agreement, one.ended_by))
        .collect();
    assert_eq!(planned, [(Agreement::WithTenant, Ender::Tenant)]);
    assert_eq!(head.to_end(), 0);
    assert_eq!(run.world.subscriptions, [free()], "it is there to the end");
    let last = run.told.last().unwrap();
    assert_eq!(last.decision, Decision::Closed);
    for told in &run.told {
        let names = |words: &str| words.contains("SKU_7");
        assert!(
            !told.blockers.iter().any(|one| names(&one.check)),
            "{told:?}"
        );
    }
    // It came after the plan was made: that is no drift.
    let mut run = verified(World::new(1));
    run.world.subscriptions = vec![free()];
    let told = decided(&mut run, |_| {});
    assert!(told.step > Step::DeleteSubscriptions, "{told:?}");
    assert_eq!(told.standings["SubscriptionsDeleted"].reason, "NothingToDo");
}
