//! A directory whose deletion Azure accepts, and does not carry out.

use super::{decided, reason, verified};
use crate::closure::decision::{Decided, Decision};
use crate::closure::external::Directory;
use crate::closure::fixtures::*;
use crate::closure::intent::Outcome;
use crate::closure::observation::{Fact, Observation, Refused, Why};
use crate::closure::step::Step;
use jiff::SignedDuration;

/// A directory for customers with nothing in the way.
fn external_directory() -> Run {
    verified(World::new(2).with(|w| {
        w.terms.directory_resource = Some("/ciam".into());
        w.external = Ok(external(Directory::ExternalId));
    }))
}

/// Azure accepts what was decided, and the directory is still shown.
fn accept(run: &mut Run, told: &Decided) {
    let Decision::Act(intent) = &told.decision else {
        panic!("{told:?}")
    };
    let shown = Outcome {
        complete: true,
        visible: intent.objects.clone(),
        ..Outcome::default()
    };
    let now = run.world.now;
    run.memory = std::mem::take(&mut run.memory).advance(intent, &shown, now);
}

fn days(run: &mut Run, days: i64) {
    run.world.now += SignedDuration::from_hours(24 * days);
}

#[test]
fn what_is_still_there_a_day_later_is_looked_at_from_inside() {
    let mut run = external_directory();
    let told = decided(&mut run, |_| {});
    accept(&mut run, &told);
    // As long as it is awaited nobody inside is asked.
    let waits = decided(&mut run, |_| {});
    assert_eq!(reason(&waits), "DeletingDirectory");
    assert_eq!(
        waits.standings["DeletionChecksPassed"].reason,
        "NotReadable"
    );
    days(&mut run, 1);
    let again = decided(&mut run, |_| {});
    assert_eq!(reason(&again), "DeleteDirectory");
    assert_ne!(
        again.standings["DeletionChecksPassed"].reason,
        "NotReadable"
    );
    // What keeps it from being deleted is told, and not asked for in vain.
    let left = decided(&mut run, |seen| {
        if let Fact::Known(found) = &mut seen.external {
            found.identity_providers = 1;
        }
    });
    assert_eq!(reason(&left), "RemoveUserFlows");
}

#[test]
fn a_deletion_that_takes_the_way_in_along_is_followed_from_outside() {
    let mut run = external_directory();
    let told = decided(&mut run, |_| {});
    accept(&mut run, &told);
    days(&mut run, 2);
    let refused = |s: &mut Observation| {
        s.organization = Fact::Unreadable(Why::CredentialRefused(Refused::ApplicationUnknown));
    };
    assert_eq!(reason(&decided(&mut run, refused)), "DeleteDirectory");
    // The approval has ended meanwhile: what would be an effect waits for it, and nothing is closed that is there.
    let told = decided(&mut run, |seen| {
        refused(seen);
        let approvals = &mut seen.cluster.approvals;
        approvals.expired = std::mem::take(&mut approvals.approvers);
    });
    assert_eq!(reason(&told), "ApprovalExpired");
    assert_eq!(told.step, Step::DeleteDirectory);
    run.world.gone = true;
    assert_eq!(reason(&decided(&mut run, refused)), "VerifyDirectoryGone");
}

#[test]
fn three_deletions_in_vain_are_for_a_person() {
    let mut run = external_directory();
    for _ in 0..3 {
        let told = decided(&mut run, |_| {});
        assert_eq!(reason(&told), "DeleteDirectory");
        accept(&mut run, &told);
        assert_eq!(reason(&decided(&mut run, |_| {})), "DeletingDirectory");
        days(&mut run, 1);
    }
    for _ in 1..7 {
        let told = decided(&mut run, |_| {});
        assert_eq!(reason(&told), "DirectoryRefused");
        days(&mut run, 1);
    }
    // Once a week it is tried all the same, and what comes of it is told anew.
    let told = decided(&mut run, |_| {});
    assert_eq!(reason(&told), "DeleteDirectory");
    accept(&mut run, &told);
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeletingDirectory");
    days(&mut run, 1);
    assert_eq!(reason(&decided(&mut run, |_| {})), "DirectoryRefused");
    run.world.gone = true;
    assert_eq!(reason(&decided(&mut run, |_| {})), "VerifyDirectoryGone");
}
