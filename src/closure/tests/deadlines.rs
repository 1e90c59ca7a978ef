use super::{decided, planned, verified};
use crate::closure::deadline::{self, deadline};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::observation::*;
use crate::closure::report;
use crate::closure::step::Step;
use jiff::SignedDuration;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A run in the middle of its users.
fn begun(world: World) -> Run {
    let mut run = planned(world);
    run.cycle(true);
    assert!(run.memory.started.contains_key(&Step::Users));
    run
}

#[test]
fn a_step_that_takes_too_long_is_told_and_goes_on() {
    let mut run = begun(World::new(120));
    let until = deadline(&run.plan, &run.memory, Step::Users).unwrap();
    assert!(until.duration_since(run.memory.started[&Step::Users]) >= HOUR * 24);
    run.world.now = until;
    assert_eq!(decided(&mut run, |_| {}).overdue, None);
    run.world.now = until + HOUR;
    let told = decided(&mut run, |_| {});
    let late = told.overdue.unwrap();
    assert_eq!((late.step, late.since), (Step::Users, until));
    assert!(matches!(told.decision, Decision::Act(_)), "{told:?}");
    let report = report::tell(&run.plan, &run.memory, &told);
    let of = |name: &str| {
        report
            .conditions
            .iter()
            .find(|(n, _)| *n == name)
            .unwrap()
            .1
            .clone()
    };
    let standing = of("Reconciling");
    assert_eq!(
        (standing.status, standing.reason),
        (Some(true), deadline::REASON)
    );
    let date = until.strftime("%Y-%m-%dT%H:%MZ").to_string();
    assert!(
        standing
            .message
            .starts_with(&format!("Step 1 Users is overdue since {date}: look at ")),
        "{}",
        standing.message
    );
    assert_ne!(of("Ready").reason, deadline::REASON);
    assert_eq!(of("Stalled").status, Some(false));
    // Done all the same.
    run.to_the_end();
}

#[test]
fn the_configuration_says_how_much_is_to_spare() {
    let mut run = begun(World::new(120));
    run.cycle(true);
    let mut of = |step: Step, hours: i64| {
        run.plan.terms.overdue_after = HOUR * i32::try_from(hours).unwrap();
        deadline(&run.plan, &run.memory, step).unwrap()
    };
    let [none, two] = [0, 2].map(|hours| of(Step::Users, hours));
    assert_eq!(two.duration_since(none), HOUR * 2);
    // Where persons have something to do: after the users, in step 2.
    let [none, two] = [0, 2].map(|hours| of(Step::CancelSubscriptions, hours));
    assert_eq!(two.duration_since(none), HOUR * 14);
}

#[test]
fn it_is_never_earlier_than_what_microsoft_publishes() {
    let day = HOUR * 24;
    let without = begun(World::new(3));
    let with = begun(World::new(3).with(|w| w.sync = true));
    let of = |run: &Run| {
        deadline(&run.plan, &run.memory, Step::Users).unwrap() - run.memory.started[&Step::Users]
    };
    assert!(
        of(&with).total(jiff::Unit::Hour).unwrap()
            >= of(&without).total(jiff::Unit::Hour).unwrap() + 72.0
    );
    // A term that ends in a year is no delay.
    let mut run = verified(World::new(1).with(|w| {
        let mut far = subscription(1, Agreement::CustomerAgreement);
        far.next_change = Some(w.now + day * 365);
        far.cancelable = false;
        far.auto_renew = false;
        w.subscriptions = vec![far];
        w.terms.accepted.push(accepted("TermAhead"));
    }));
    let end = run.world.subscriptions[0].next_change.unwrap();
    for step in [Step::CancelSubscriptions, Step::DeleteSubscriptions] {
        let until = deadline(&run.plan, &run.memory, step).unwrap();
        assert!(until > end, "{step:?}");
    }
    run.world.now = end - day;
    assert_eq!(decided(&mut run, |_| {}).overdue, None);
}

#[test]
fn what_has_not_begun_has_none() {
    let run = planned(World::new(3));
    for step in Step::ORDER {
        assert_eq!(deadline(&run.plan, &run.memory, step), None);
    }
}

/// Recurring billing is switched off first, and then the closure may wait for months until a term is over.
#[test]
fn step_1_is_not_late_because_renewals_were_stopped_long_before() {
    let mut run = planned(World::new(120).with(|w| {
        w.terms.stop_renewal_first = true;
        w.terms.accepted.push(accepted("TermAhead"));
        w.subscriptions = vec![subscription(1, Agreement::CustomerAgreement)];
    }));
    run.cycle(false);
    assert_eq!(run.memory.renewals.len(), 1);
    assert!(run.memory.started.contains_key(&Step::Users));
    assert_eq!(deadline(&run.plan, &run.memory, Step::Users), None);
    run.world.now += HOUR * 24 * 200;
    assert_eq!(decided(&mut run, |_| {}).overdue, None);
    let begun = run.world.now;
    run.cycle(false);
    assert!(!run.world.deleted.is_empty());
    let until = deadline(&run.plan, &run.memory, Step::Users).unwrap();
    assert!(until >= begun + HOUR * 24, "{until}");
    // It is told all the same once its time is over.
    run.world.now = until + HOUR;
    assert!(decided(&mut run, |_| {}).overdue.is_some());
}
