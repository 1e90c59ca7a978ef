//! Whole runs: every kind of tenant ends closed, in order, and only what the plan names is touched.

use crate::closure::decision::{Decided, Decision};
use crate::closure::fixtures::*;
use crate::closure::id::ObjectId;
use crate::closure::observation::{Agreement, Question};
use crate::closure::report;
use crate::closure::step::Step;
use jiff::SignedDuration;
use std::collections::BTreeSet;

/// Runs to the end and checks what must hold of every run.
fn closes(world: World) -> Run {
    let users = world.users.len();
    let mut run = Run::of(world);
    run.to_the_end();
    let steps = &run.world.steps;
    assert!(steps.is_sorted(), "steps go forward only: {steps:?}");
    let told: Vec<Step> = run.told.iter().map(|d| d.step).collect();
    assert!(told.is_sorted(), "what is told goes forward only: {told:?}");
    let once: BTreeSet<ObjectId> = run.world.deleted.iter().copied().collect();
    assert_eq!(
        once.len(),
        run.world.deleted.len(),
        "nobody is deleted twice"
    );
    assert_eq!(once.len(), users, "everybody planned is deleted");
    let last = report::tell(&run.plan, &run.memory, run.told.last().unwrap());
    for (name, standing) in &last.conditions {
        let wanted = !matches!(*name, "Reconciling" | "Stalled");
        assert_eq!(standing.status, Some(wanted), "{name}: {standing:?}");
    }
    run
}

fn all_kinds() -> World {
    World::new(120).with_spare().with(|w| {
        w.sync = true;
        w.lag = SignedDuration::from_secs(12);
        w.terms.remove_applications = true;
        w.applications
            .extend((0..5).map(|n| application(n, n % 2 == 0, n == 4)));
        w.administrators.insert(id(0x1_0005));
        w.subscriptions = vec![
            subscription(1, Agreement::Direct),
            subscription(2, Agreement::CustomerAgreement),
            subscription(3, Agreement::Azure),
            subscription(4, Agreement::Partner),
        ];
        w.subscriptions[3].agreement = Agreement::Direct;
        w.subscriptions[1].cancelable = false;
        w.minds_own = true;
    })
}

#[test]
fn an_empty_tenant_closes() {
    let run = closes(World::new(0));
    assert!(run.cycles < 40, "{}", run.cycles);
}

#[test]
fn a_thousand_users_close_and_are_not_listed_while_they_go() {
    let run = closes(World::new(1_000));
    // For the plan, and each time that one looks once they are gone.
    let asked = run.world.questions[&Question::Users];
    let after = run.told.iter().filter(|told| told.step > Step::Users);
    assert!(
        asked <= 1 + u32::try_from(after.count()).unwrap(),
        "{asked}"
    );
}

#[test]
fn everything_at_once_closes() {
    let run = closes(all_kinds());
    assert!(run.world.mfa.is_empty());
    assert!(run.memory.own_identity_removed);
    // Another Global administrator goes last.
    let sealed = run.plan.sealed.as_ref().unwrap();
    assert_eq!(sealed.users.last(), Some(&id(0x1_0005)));
}

#[test]
fn lost_answers_are_repeated() {
    closes(World::new(300).with(|w| w.lost = 4));
}

#[test]
fn lagging_readers_are_waited_for() {
    let run = closes(World::new(300).with(|w| w.lag = SignedDuration::from_secs(300)));
    assert!(run.cycles < 60, "{}", run.cycles);
}

#[test]
fn sync_that_we_cannot_switch_off_is_handed_over() {
    let run = closes(World::new(10).with(|w| {
        w.sync = true;
        w.sync_refused = true;
    }));
    let handed = |d: &&crate::closure::decision::Decided| matches!(&d.decision, Decision::HandOff(list) if list.len() == 2 && list[0].key == "SwitchSyncOff");
    assert!(run.told.iter().any(|d| handed(&d)));
}

#[test]
fn an_external_directory_closes_by_a_call() {
    let run = closes(World::new(20).with(|w| {
        w.terms.directory_resource = Some("/subscriptions/x/ciamDirectories/contoso".into());
    }));
    let handed = run
        .told
        .iter()
        .any(|d| matches!(d.decision, Decision::HandOff(_)));
    assert!(!handed, "no person is needed");
}

#[test]
fn refused_users_stall_step_one_until_a_person_acts() {
    let mut run = Run::of(World::new(120).with(|w| {
        w.protected = BTreeSet::from([id(0x1_0003), id(0x1_0077)]);
    }));
    let stalled = run.until(true, 100, |d| matches!(d.decision, Decision::Blocked(_)));
    let Decision::Blocked(obstacles) = &stalled.decision else {
        panic!("{stalled:?}")
    };
    assert_eq!(stalled.step, Step::Users);
    assert_eq!(obstacles[0].reason, "UsersRefused");
    assert!(
        obstacles[0]
            .message
            .starts_with("2 users could not be deleted: Authorization_RequestDenied (HTTP 403)")
    );
    assert_eq!(run.world.deleted.len(), 118, "the others went");
    run.world.protected.clear();
    run.to_the_end();
    assert_eq!(run.world.deleted.len(), 120);
}

#[test]
fn refused_users_that_a_person_deletes_are_noticed() {
    let mut run = Run::of(World::new(10).with(|w| {
        w.protected.insert(id(0x1_0003));
    }));
    run.until(true, 100, |d| matches!(d.decision, Decision::Blocked(_)));
    run.world.users.remove(&id(0x1_0003));
    run.to_the_end();
}

/// Each listing is a record: a reader that lags behind for minutes is not asked again and again.
#[test]
fn a_listing_that_lags_behind_a_person_is_read_less_and_less_often() {
    let mut run = Run::of(World::new(10).with(|w| {
        w.protected.insert(id(0x1_0003));
    }));
    run.until(true, 100, |d| matches!(d.decision, Decision::Blocked(_)));
    run.world.users.remove(&id(0x1_0003));
    let lags = run.world.now + SignedDuration::from_mins(10);
    run.world.shown_until.insert(id(0x1_0003), lags);
    run.world.looked_up_at_once = true;
    let before = run.world.steps.len();
    run.until(true, 100, |d| d.step > Step::Users);
    let records = run.world.steps.len() - before;
    assert!(records <= 14, "{records} records");
}

#[test]
fn whole_slices_refused_blow_the_fuse() {
    let mut run = Run::of(World::new(500).with(|w| w.protected.clone_from(&w.users)));
    let stalled = run.until(true, 20, |d| matches!(d.decision, Decision::Blocked(_)));
    assert!(
        matches!(&stalled.decision, Decision::Blocked(list) if list[0].reason == "FailureFuse")
    );
    assert_eq!(run.memory.cursor, 100, "two slices, then it stops");
    run.world.protected.clear();
    run.to_the_end();
}

/// Whole slices that get no answer: waited out until the pause has grown to its longest, then told, and tried again all the same.
#[test]
fn whole_slices_without_an_answer_blow_the_fuse_once_the_pause_is_at_its_longest() {
    let mut run = Run::of(World::new(2_000).with(|w| w.lost = 30));
    let begun = run.world.now;
    let stalled = run.until(true, 200, |d| matches!(d.decision, Decision::Blocked(_)));
    let waits = |d: &&Decided| matches!(&d.decision, Decision::Wait(w) if w.reason == "MicrosoftUnavailable");
    let waited = run.told.iter().filter(waits).count();
    let Decision::Blocked(list) = &stalled.decision else {
        panic!()
    };
    assert_eq!(list[0].reason, "FailureFuse");
    assert!(list[0].message.contains("got no answer"), "{list:?}");
    assert!(list[0].remedy.contains("service health"), "{list:?}");
    // 1, 2, 4 … 512 s and 15 minutes were waited for, and one more slice got no answer.
    assert_eq!(run.memory.fruitless, 12);
    assert!(waited >= 11, "{waited}");
    assert!(run.world.now.duration_since(begun) >= SignedDuration::from_secs(1_023 + 900));
    run.world.lost = 0;
    run.to_the_end();
}

/// Also where nobody is left but those whose deletion got no answer.
#[test]
fn those_who_are_taken_up_again_without_an_answer_blow_it_too() {
    let mut run = Run::of(World::new(3).with(|w| w.lost = 30));
    let stalled = run.until(true, 300, |d| matches!(d.decision, Decision::Blocked(_)));
    let Decision::Blocked(list) = &stalled.decision else {
        panic!()
    };
    assert_eq!(list[0].reason, "FailureFuse");
    run.world.lost = 0;
    run.to_the_end();
}

#[test]
fn mode_plan_never_acts() {
    let mut run = Run::of(all_kinds().with(|w| w.terms.mode = super::Mode::Plan));
    run.until(true, 5, |d| d.decision == Decision::Planned);
    for _ in 0..200 {
        let decided = run.cycle(true);
        assert!(matches!(
            decided.decision,
            Decision::Planned
                | Decision::MakePlan {
                    reason: "PlanStale"
                }
        ));
    }
    assert!(run.world.steps.is_empty());
}

#[test]
fn suspend_and_hold_stop_at_any_point_and_let_go() {
    for stop_after in 1..40 {
        let mut run = Run::of(all_kinds());
        for _ in 0..stop_after {
            run.cycle(true);
        }
        let acts = run.world.steps.len();
        run.world.terms.suspend = true;
        assert_eq!(run.cycle(true).decision, Decision::Suspended);
        run.world.terms.suspend = false;
        run.world.terms.hold = Some("case 7".into());
        assert!(matches!(run.cycle(true).decision, Decision::Blocked(_)));
        assert_eq!(run.world.steps.len(), acts);
        run.world.terms.hold = None;
        run.to_the_end();
    }
}

#[test]
fn a_credential_lost_after_the_hand_off_is_told_from_a_tenant_that_is_gone() {
    let mut run = Run::of(World::new(5));
    run.until(
        false,
        60,
        |d| matches!(&d.decision, Decision::HandOff(l) if l[0].key == "DeleteDirectory"),
    );
    run.world.credential_lost = true;
    let stalled = run.cycle(false);
    assert!(
        matches!(&stalled.decision, Decision::Blocked(list) if list[0].reason == "CredentialRefused")
    );
    run.world.gone = true;
    run.to_the_end();
}

#[test]
fn a_direct_tenant_is_read_sparingly_in_step_three() {
    let mut run =
        Run::of(World::new(5).with(|w| w.subscriptions = vec![subscription(1, Agreement::Direct)]));
    run.until(false, 60, |d| d.step == Step::CancelSubscriptions);
    run.world.hands("CancelSubscription");
    run.world.questions.clear();
    assert_eq!(run.cycle(false).step, Step::DeleteSubscriptions);
    let asked: Vec<Question> = run.world.questions.keys().copied().collect();
    assert_eq!(
        asked,
        [
            Question::Organization,
            Question::Administrators,
            Question::AdministratorGroups,
            Question::Users,
            Question::Subscriptions
        ]
    );
}

#[test]
fn once_closed_nothing_is_read() {
    let mut run = closes(World::new(3));
    run.world.questions.clear();
    run.world.terms.suspend = true;
    assert_eq!(run.cycle(true).decision, Decision::Closed);
    assert!(run.world.questions.is_empty());
}
