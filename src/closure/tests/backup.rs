use super::{decided, planned, reason};
use crate::closure::decision::{Decided, Decision};
use crate::closure::fixtures::*;
use crate::closure::observation::{BackupJob, Obstacle};
use crate::closure::step::Step;
use crate::closure::steps::users::SYNC_OFF_TAKES;
use crate::closure::terms::{Backup, Mode};
use jiff::SignedDuration;

/// A world whose backup a Job vouches for, which completed so long before the start.
fn by_job(completed_before: SignedDuration) -> World {
    World::new(300).with(|w| {
        w.terms.backup = Some(Backup::Job {
            name: "nightly".into(),
            max_age: SignedDuration::from_hours(48),
        });
        w.cluster.backup_job = Ok(Some(BackupJob::Complete(start() - completed_before)));
    })
}

fn told(decided: &Decided) -> (&'static str, &str, &str) {
    let Decision::Blocked(list) = &decided.decision else {
        panic!("not blocked: {decided:?}")
    };
    (list[0].reason, &list[0].message, &list[0].remedy)
}

#[test]
fn a_job_must_be_there_complete_and_fresh() {
    let hours = SignedDuration::from_hours;
    let cases = [
        (
            Ok(None),
            "BackupJobMissing",
            "There is no Job nightly in the namespace of the closure",
            "Create the Job that makes the backup",
        ),
        (
            Ok(Some(BackupJob::Unfinished)),
            "BackupJobNotComplete",
            "The backup Job nightly is not Complete",
            "it is looked at again by itself",
        ),
        (
            Ok(Some(BackupJob::Failed)),
            "BackupJobNotComplete",
            "The backup Job nightly has failed",
            "run a new Job and name it in spec.backup.jobName",
        ),
        (
            Ok(Some(BackupJob::Complete(start() + hours(1)))),
            "BackupJobNotComplete",
            "The backup Job nightly says that it completed in the future",
            "Set the clocks of the cluster right",
        ),
        (
            Ok(Some(BackupJob::Complete(start() - hours(49)))),
            "BackupTooOld",
            "The backup Job nightly completed longer ago than spec.backup.maxAge allows",
            "Run a new Job and name it in spec.backup.jobName",
        ),
        (
            Err(Obstacle::new(
                "BackupJobForbidden",
                "May not read it",
                "Grant it",
            )),
            "BackupJobForbidden",
            "May not read it",
            "Grant it",
        ),
    ];
    for (job, reason, message, remedy) in cases {
        let mut run = Run::of(by_job(hours(1)).with(|w| w.cluster.backup_job = job));
        let decided = run.cycle(false);
        let found = told(&decided);
        assert_eq!((found.0, found.1), (reason, message));
        assert!(found.2.contains(remedy), "{}", found.2);
        assert_eq!(decided.standings["PreconditionsMet"].status, Some(false));
        assert!(run.world.steps.is_empty());
    }
}

#[test]
fn a_fresh_job_lets_the_closure_begin_and_is_named() {
    let mut run = planned(by_job(SignedDuration::from_hours(47)));
    let decided = run.cycle(false);
    assert_eq!(reason(&decided), "DeleteUsers");
    let met = &decided.standings["PreconditionsMet"].message;
    let says = "Backup Job nightly was Complete; within limits; roles held";
    assert!(met.starts_with(says), "{met}");
}

#[test]
fn after_the_first_loss_the_job_is_not_looked_at_again() {
    let mut run = planned(by_job(SignedDuration::from_hours(47)));
    run.cycle(false);
    run.world.now += SignedDuration::from_hours(24);
    run.world.cluster.backup_job = Ok(None);
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
}

#[test]
fn a_backup_that_grew_old_while_sync_was_switched_off_blocks_before_the_first_user() {
    let mut run = planned(by_job(SignedDuration::from_hours(1)).with(|w| w.sync = true));
    assert_eq!(reason(&run.cycle(false)), "SwitchSyncOff");
    assert_eq!(reason(&decided(&mut run, |_| {})), "WaitingSyncOff");
    run.world.now += SYNC_OFF_TAKES;
    let old = decided(&mut run, |_| {});
    assert_eq!((told(&old).0, old.step), ("BackupTooOld", Step::Users));
    let fresh = run.world.now - SignedDuration::from_hours(1);
    run.world.cluster.backup_job = Ok(Some(BackupJob::Complete(fresh)));
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
}

#[test]
fn a_plan_needs_no_backup() {
    let world = by_job(SignedDuration::from_hours(1)).with(|w| {
        w.terms.mode = Mode::Plan;
        w.cluster.backup_job = Ok(None);
    });
    let mut run = Run::of(world);
    run.until(false, 5, |d| d.decision == Decision::Planned);
}
