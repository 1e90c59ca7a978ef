use super::{decided, reason, verified};
use crate::closure::decision::{Dates, Decided, Decision};
use crate::closure::fixtures::*;
use crate::closure::observation::*;
use crate::closure::steps::deprovision::{self, Announced};
use jiff::SignedDuration;

fn one(agreement: Agreement, change: fn(&mut Subscription)) -> Run {
    verified(World::new(1).with(|w| {
        let mut it = subscription(1, agreement);
        change(&mut it);
        w.subscriptions = vec![it];
    }))
}

/// What the status remembers of the dates, as the controller keeps it.
fn looked(run: &mut Run, announced: &mut Announced) -> Decided {
    let before = announced.clone();
    let told = decided(run, |seen| seen.cluster.announced = before);
    *announced = told.announced.clone().unwrap();
    told
}

#[test]
fn once_a_person_has_pressed_delete_the_date_is_waited_for() {
    for agreement in [Agreement::Direct, Agreement::Unknown] {
        let mut run = one(agreement, |_| {});
        let canceled = run.world.now;
        run.world.subscriptions[0].lifecycle = Lifecycle::Disabled;
        run.world.subscriptions[0].next_change =
            Some(canceled + SignedDuration::from_hours(90 * 24));
        let mut known = Announced::new();
        assert_eq!(reason(&looked(&mut run, &mut known)), "DeleteSubscription");
        assert_eq!(reason(&looked(&mut run, &mut known)), "DeleteSubscription");
        // Pressed: Microsoft announces a date 72 hours from then.
        run.world.now += SignedDuration::from_hours(5);
        let goes = run.world.now + deprovision::DEPROVISION;
        run.world.subscriptions[0].next_change = Some(goes);
        for _ in 0..2 {
            run.world.now += SignedDuration::from_hours(1);
            let told = looked(&mut run, &mut known);
            let Decision::Wait(waiting) = &told.decision else {
                panic!("{told:?}")
            };
            assert_eq!(
                (waiting.reason, waiting.until),
                ("WaitingDeprovision", Some(goes))
            );
            assert_eq!(
                (told.blockers[0].who, told.blockers[0].dates.ends_at),
                ("time", Some(goes))
            );
        }
        // A date that passed and changed nothing: a person looks at it.
        run.world.now = goes + SignedDuration::from_hours(25);
        assert_eq!(reason(&looked(&mut run, &mut known)), "DeleteSubscription");
        // Gone, nothing is remembered of it.
        run.world.subscriptions[0].lifecycle = Lifecycle::Gone;
        looked(&mut run, &mut known);
        assert!(known.is_empty());
    }
}

#[test]
fn who_pressed_before_the_operator_looked_is_told_that_nothing_is_left_to_do() {
    let mut run = one(Agreement::Direct, |one| {
        one.lifecycle = Lifecycle::Disabled;
    });
    // The first date that is seen is the one of the press already: no other to hold it against.
    let goes = run.world.now + deprovision::DEPROVISION;
    run.world.subscriptions[0].next_change = Some(goes);
    let told = looked(&mut run, &mut Announced::new());
    let Decision::HandOff(list) = &told.decision else {
        panic!("{told:?}")
    };
    let says = "SKU_1 ×10. Where Delete was pressed already, nothing more has to be done: the subscription goes 72 hours after that";
    assert!(list[0].what.contains(says), "{}", list[0].what);
    run.world.subscriptions[0].lifecycle = Lifecycle::Gone;
    let told = looked(&mut run, &mut Announced::new());
    assert_ne!(reason(&told), "DeleteSubscription", "it goes on by itself");
}

#[test]
fn a_date_that_only_looks_like_it_is_no_press() {
    let day = SignedDuration::from_hours(24);
    let table = [
        ("never seen before", None, day),
        ("the same", Some(day), day),
        ("later: canceled once more", Some(day), day * 2),
        ("earlier, and still far away", Some(day * 90), day * 30),
    ];
    for (what, before, then) in table {
        let mut run = one(Agreement::Direct, |_| {});
        let now = run.world.now;
        run.world.subscriptions[0].lifecycle = Lifecycle::Disabled;
        run.world.subscriptions[0].next_change = Some(now + then);
        let id = run.world.subscriptions[0].id;
        let mut known: Announced = before.into_iter().map(|at| (id, now + at)).collect();
        assert_eq!(
            reason(&looked(&mut run, &mut known)),
            "DeleteSubscription",
            "{what}"
        );
    }
}

#[test]
fn what_is_left_to_press_is_asked_for_and_what_was_pressed_has_its_date() {
    let mut run = verified(World::new(1).with(|w| {
        w.subscriptions = vec![
            subscription(1, Agreement::Direct),
            subscription(2, Agreement::Direct),
        ];
        let far = w.now + SignedDuration::from_hours(24 * 30);
        for one in &mut w.subscriptions {
            one.lifecycle = Lifecycle::Disabled;
            one.next_change = Some(far);
        }
    }));
    let mut known = Announced::new();
    looked(&mut run, &mut known);
    let goes = run.world.now + deprovision::DEPROVISION;
    run.world.subscriptions[0].next_change = Some(goes);
    let told = looked(&mut run, &mut known);
    let Decision::HandOff(list) = &told.decision else {
        panic!("{told:?}")
    };
    assert!(
        list[0].what.contains("SKU_2") && !list[0].what.contains("SKU_1"),
        "{list:?}"
    );
    let dated: Vec<_> = told.blockers.iter().map(|one| one.dates.ends_at).collect();
    assert_eq!(dated, [Some(goes), None]);
}

#[test]
fn azure_tells_from_when_on_it_can_be_deleted() {
    let mut run = one(Agreement::Azure, |_| {});
    run.cycle(false);
    let canceled = run.memory.subscriptions[&run.world.subscriptions[0].id].at;
    run.world.subscriptions[0].lifecycle = Lifecycle::Disabled;
    let told = decided(&mut run, |_| {});
    let Decision::HandOff(list) = &told.decision else {
        panic!("{told:?}")
    };
    let wanted = Dates {
        possible_from: Some(canceled + SignedDuration::from_mins(15)),
        possible_by: Some(canceled + SignedDuration::from_hours(7 * 24)),
        ends_at: None,
    };
    assert_eq!((list[0].dates, told.blockers[0].dates), (wanted, wanted));
    // Canceled by a person: nobody wrote down when.
    run.memory.subscriptions.clear();
    let told = decided(&mut run, |_| {});
    assert_eq!(told.blockers[0].dates, Dates::default());
}
