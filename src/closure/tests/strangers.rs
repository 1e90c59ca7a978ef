//! Who should not be there, or not administer.

use super::{planned, reason, verified};
use crate::closure::decision::{Decided, Decision};
use crate::closure::fixtures::*;
use crate::closure::observation::{Agreement, Why};
use crate::closure::step::Step;
use crate::closure::terms::Mode;
use std::collections::BTreeSet;

const NEW: u128 = 0x9_0001;

#[test]
fn a_planned_global_administrator_who_is_restored_is_not_deleted_again() {
    let other = id(0x1_0005);
    let mut run = planned(World::new(10).with(|w| {
        w.administrators.insert(other);
    }));
    for _ in 0..20 {
        if run.world.deleted.contains(&other) {
            break;
        }
        run.cycle(true);
    }
    run.world.users.insert(other);
    let stalled = run.until(true, 60, |d| matches!(d.decision, Decision::Blocked(_)));
    assert_eq!(reason(&stalled), "PlanDrift");
    run.until(true, 20, |d| matches!(d.decision, Decision::Blocked(_)));
    let times = run.world.deleted.iter().filter(|id| **id == other);
    assert_eq!(times.count(), 1, "{:?}", run.world.deleted);
    // A person deletes the account.
    run.world.users.remove(&other);
    run.to_the_end();
}

/// Until the plan has begun and users go.
fn begun(world: World) -> Run {
    let mut run = planned(world);
    while run.world.deleted.is_empty() {
        run.cycle(true);
    }
    run
}

fn drifts(run: &mut Run) {
    let deleted = run.world.deleted.len();
    assert_eq!(reason(&run.cycle(true)), "PlanDrift");
    assert_eq!(run.world.deleted.len(), deleted, "nobody goes meanwhile");
}

#[test]
fn a_planned_user_who_is_made_global_administrator_is_drift() {
    let mut run = begun(World::new(500));
    run.world.administrators.insert(id(0x1_01f3));
    drifts(&mut run);
    run.world.administrators.clear();
    run.to_the_end();
    assert_eq!(run.world.deleted.len(), 500);
}

#[test]
fn a_group_or_application_that_is_made_global_administrator_is_drift() {
    let mut run = begun(World::new(500).with(|w| {
        w.holders.insert(id(0x7_0001));
    }));
    let sealed = run.plan.sealed.clone().unwrap();
    assert_eq!(
        sealed.head.other_holders,
        [id(0x7_0001)],
        "the plan names it"
    );
    run.world.holders.insert(id(0x7_0002));
    drifts(&mut run);
    run.world.holders.remove(&id(0x7_0002));
    run.to_the_end();
}

#[test]
fn another_application_in_the_middle_is_drift() {
    let mut run = begun(World::new(500));
    let planned = run.plan.sealed.as_ref().unwrap().head.app_id;
    run.world.cluster.application = Some(planned);
    run.cycle(true);
    run.world.cluster.application = Some(id(0x7_0005));
    drifts(&mut run);
    // What only reads may be another one.
    run.world.terms.mode = Mode::Plan;
    assert_eq!(run.cycle(true).decision, Decision::Planned);
    run.world.terms.mode = Mode::Execute;
    drifts(&mut run);
    run.world.cluster.application = Some(planned);
    run.to_the_end();
    assert_eq!(run.world.deleted.len(), 500);
}

const GROUP: u128 = 0x7_0001;

#[test]
fn a_planned_user_who_is_added_to_a_group_that_administers_is_drift() {
    let mut run = begun(World::new(500).with(|w| {
        w.holders.insert(id(GROUP));
        w.members = Ok([id(0x1_0005)].into());
    }));
    let sealed = run.plan.sealed.clone().unwrap();
    assert_eq!(
        sealed.head.other_global_administrators,
        [id(0x1_0005)],
        "who was in it is planned as one, and goes last"
    );
    for promoted in [0x1_01f3, 0x7_0009] {
        // A user, and an application.
        run.world.members.as_mut().unwrap().insert(id(promoted));
        run.world
            .users
            .extend((promoted == 0x7_0009).then(|| id(promoted)));
        drifts(&mut run);
        run.world.users.remove(&id(0x7_0009));
        run.world.members.as_mut().unwrap().remove(&id(promoted));
    }
    run.to_the_end();
    assert_eq!(run.world.deleted.last(), Some(&id(0x1_0005)));
}

#[test]
fn whose_members_cannot_be_read_stops_and_is_told() {
    let group = |w: &mut World| {
        w.holders.insert(id(GROUP));
    };
    let told = |blocked: &Decided| {
        let Decision::Blocked(all) = &blocked.decision else {
            panic!("{blocked:?}");
        };
        assert_eq!(all[0].reason, "PermissionDenied");
        assert!(all[0].remedy.contains("Group.Read.All"), "{all:?}");
    };
    let mut run = begun(World::new(500).with(group));
    let deleted = run.world.deleted.len();
    run.world.members = Err(Why::Forbidden);
    told(&run.cycle(true));
    assert_eq!(run.world.deleted.len(), deleted);
    run.world.members = Ok(BTreeSet::new());
    run.to_the_end();
    // Before there is a plan: it could not name them.
    let unplannable = World::new(5)
        .with(group)
        .with(|w| w.members = Err(Why::Forbidden));
    let mut run = Run::of(unplannable);
    told(&run.until(true, 20, |d| matches!(d.decision, Decision::Blocked(_))));
    assert!(run.plan.sealed.is_none());
    // A group that is not there asks for nothing.
    let mut run = Run::of(World::new(5).with(|w| w.members = Err(Why::Forbidden)));
    run.to_the_end();
}

#[test]
fn who_is_added_to_a_group_before_the_plan_has_begun_is_planned_anew() {
    let mut run = planned(World::new(10).with(|w| {
        w.holders.insert(id(GROUP));
    }));
    run.world.members = Ok([id(0x1_0003)].into());
    assert_eq!(reason(&run.look().0), "OtherAdministrators");
    run.to_the_end();
    assert_eq!(run.world.deleted.last(), Some(&id(0x1_0003)));
}

#[test]
fn who_becomes_global_administrator_before_the_plan_has_begun_is_planned_anew() {
    let mut run = planned(World::new(10));
    let before = run.plan.sealed.clone().unwrap();
    run.world.administrators.insert(id(0x1_0003));
    let told = run.look().0;
    assert_eq!(reason(&told), "OtherAdministrators");
    run.to_the_end();
    let sealed = run.plan.sealed.clone().unwrap();
    assert_ne!(sealed.digest, before.digest);
    assert_eq!(
        run.world.deleted.last(),
        Some(&id(0x1_0003)),
        "he goes last"
    );
}

#[test]
fn who_comes_after_all_users_are_gone_is_drift_in_every_step() {
    for late in [
        Step::CancelSubscriptions,
        Step::DeleteSubscriptions,
        Step::DeleteDirectory,
    ] {
        for unsupported in [false, true] {
            let mut run = verified(World::new(3).with(|w| {
                w.subscriptions = vec![subscription(1, Agreement::Direct)];
                w.mfa_unsupported = unsupported;
                w.minds_own = true;
            }));
            run.until(true, 60, |d| d.step == late);
            run.world.users.insert(id(NEW));
            drifts(&mut run);
            run.world.users.remove(&id(NEW));
            run.world.administrators.insert(id(NEW));
            run.world.users.insert(id(NEW));
            drifts(&mut run);
            run.world.administrators.clear();
            run.world.users.remove(&id(NEW));
            run.to_the_end();
            assert_eq!(run.world.deleted.len(), 3);
        }
    }
}
