//! What bars the first effect and no plan: told with the plan, and what stops it in the end.

use super::{decided, planned, reason};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::inventory::Wish;
use crate::closure::observation::*;
use crate::closure::terms::{Backup, Mode};
use jiff::SignedDuration;

/// Whoever reads the plan is told before he asks for it to be carried out; the plan is made all the same.
#[test]
fn in_mode_plan_all_that_would_bar_the_first_effect_is_told() {
    let table: Vec<(&str, fn(&mut World))> = vec![
        ("BackupNotAcknowledged", |w| w.terms.backup = None),
        ("RetainedAdminUnproven", |w| {
            w.cluster.configuration.proof_days = Some(14);
        }),
        ("RetainedAdminMfaUnknown", |w| {
            w.retained.second_factor = Fact::Unreadable(Why::Forbidden);
        }),
        ("RetainedAdminRoleUnknown", |w| {
            w.role_schedules = Fact::Unreadable(Why::Forbidden);
        }),
        ("InventoryMissing", |w| {
            w.cluster.configuration.inventory = Wish::Required;
            w.cluster.inventory_store = Err("disk full".into());
        }),
        ("LimitMissing", |w| w.terms.max_users = None),
        ("LimitExceeded", |w| w.terms.max_users = Some(2)),
        ("TooManyBegun", |w| w.cluster.begun_lately = 10),
        ("CancellationReasonMissing", |w| {
            w.terms.cancellation = None;
            w.subscriptions = vec![subscription(1, Agreement::Direct)];
        }),
        ("TermAhead", |w| {
            w.subscriptions = vec![Subscription {
                term_end: Some(start() + SignedDuration::from_hours(24 * 300)),
                next_change: Some(start() + SignedDuration::from_hours(24 * 300)),
                cancelable: false,
                ..subscription(1, Agreement::CustomerAgreement)
            }];
        }),
        ("KillSwitch", |w| w.cluster.configuration.kill_switch = true),
        ("ConfigurationMissing", |w| {
            w.cluster.configuration.present = false;
        }),
    ];
    for (wanted, change) in table {
        let world = World::new(3)
            .with(|w| w.terms.mode = Mode::Plan)
            .with(change);
        let mut run = planned(world);
        let told = run.look().0;
        assert_eq!(told.decision, Decision::Planned, "{wanted}");
        let rows = told.blockers.iter().filter(|one| one.check == wanted);
        let rows: Vec<_> = rows.collect();
        assert_eq!(rows.len(), 1, "{wanted}: {:?}", told.blockers);
        assert_eq!((rows[0].state, rows[0].who), ("failed", "person"));
        // It is what stops it once it is to be carried out.
        run.world.terms.mode = Mode::Execute;
        let stopped = decided(&mut run, |_| {});
        let Decision::Blocked(list) = &stopped.decision else {
            panic!("{wanted}: {:?}", stopped.decision)
        };
        assert!(
            list.iter().any(|one| one.reason == wanted),
            "{wanted}: {list:?}"
        );
    }
    // The Job that vouches for a backup is not looked at in this mode: nothing is told of it.
    let job = Backup::Job {
        name: "backup".into(),
        max_age: SignedDuration::from_hours(24),
    };
    let mut run = planned(World::new(3).with(|w| {
        w.terms.mode = Mode::Plan;
        w.terms.backup = Some(job);
    }));
    assert!(run.look().0.blockers.is_empty());
    run.world.terms.mode = Mode::Execute;
    assert_eq!(reason(&decided(&mut run, |_| {})), "BackupJobMissing");
}

/// Before the first effect as well, whatever the plan was made from; without a licence nobody can activate a role.
#[test]
fn nothing_begins_while_nobody_can_tell_whether_who_stays_holds_the_role_for_good() {
    for why in [Why::Forbidden, Why::Malformed] {
        let untold = World::new(100).with(|w| w.role_schedules = Fact::Unreadable(why));
        let mut run = Run::of(untold.clone());
        let told = run.cycle(false);
        assert_eq!(reason(&told), "RetainedAdminRoleUnknown", "{why:?}");
        assert!(run.world.steps.is_empty());
        // Planned by a reader, it is asked again.
        let mut run = planned(untold.with(|w| w.terms.mode = Mode::Plan));
        run.world.terms.mode = Mode::Execute;
        assert_eq!(reason(&run.cycle(false)), "RetainedAdminRoleUnknown");
        assert!(run.world.steps.is_empty());
        run.world.role_schedules = Fact::Known(());
        assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
    }
    let unlicensed = World::new(100).with(|w| {
        w.role_schedules = Fact::Unreadable(Why::Unsupported);
    });
    assert_eq!(reason(&planned(unlicensed).cycle(false)), "DeleteUsers");
    let mut run = Run::of(World::new(3).with(|w| {
        w.role_schedules = Fact::Unreadable(Why::Forbidden);
    }));
    let Decision::Blocked(list) = run.cycle(false).decision else {
        panic!()
    };
    assert!(
        list[0].remedy.contains("RoleManagement.Read.Directory"),
        "{list:?}"
    );
}
