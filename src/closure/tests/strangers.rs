//! Who should not be there, or not administer.

use super::{planned, reason, verified};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::observation::Agreement;
use crate::closure::step::Step;

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
