//! Applications that are left: more than a plan holds, and those that go with a setting.

use super::{decided, planned, reason, verified};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::observation::Application;
use crate::closure::plan::Sealed;
use crate::closure::residue;
use crate::closure::special::Special;
use crate::closure::step::Step;

#[test]
fn more_applications_than_a_plan_holds_are_counted_and_handed_to_a_person() {
    let many = |n: u128| {
        World::new(2).with(|w| {
            w.terms.remove_applications = true;
            w.applications
                .extend((0..n).map(|n| application(n, true, false)));
        })
    };
    let run = planned(many(1_000));
    let head = &run.plan.sealed.as_ref().unwrap().head;
    assert_eq!(
        (head.applications.len(), head.applications_beyond),
        (1_000, 0)
    );
    let text = serde_json::to_string(head).unwrap();
    assert!(
        !text.contains("applicationsBeyond"),
        "the digests of small plans stay"
    );
    let mut run = verified(many(1_003));
    let head = run.plan.sealed.as_ref().unwrap().head.clone();
    assert_eq!(
        (head.applications.len(), head.applications_beyond),
        (1_000, 3)
    );
    let without = crate::closure::plan::PlanHead {
        applications_beyond: 0,
        ..head
    };
    let users = run.plan.sealed.as_ref().unwrap().users.clone();
    let digest = run.plan.sealed.as_ref().unwrap().digest.clone();
    assert_ne!(
        Sealed::seal(without, users).digest,
        digest,
        "it is approved with the rest"
    );
    run.until(false, 200, |d| matches!(d.decision, Decision::HandOff(_)));
    let told = decided(&mut run, |_| {});
    let Decision::HandOff(list) = &told.decision else {
        panic!("{told:?}")
    };
    let row = list
        .iter()
        .find(|one| one.key == "RemoveApplications")
        .unwrap();
    let says = "but this operator's own: 3 applications. When the plan was made there were 3 more than one plan holds";
    assert!(row.what.ends_with(says), "{}", row.what);
}

#[test]
fn those_that_go_with_a_setting_say_what_to_do() {
    let special = |n: u128, special: Special| Application {
        special: Some(special),
        ..application(n, true, true)
    };
    let mut run = verified(World::new(0).with(|w| {
        w.applications.push(special(1, Special::LinkedIn));
        w.applications.push(special(2, Special::AzureDevOps));
        w.applications.push(special(3, Special::DirectorySync));
        w.applications
            .extend((10..30).map(|n| application(n, true, true)));
    }));
    let told = decided(&mut run, |_| {});
    assert_eq!(
        (told.step, reason(&told)),
        (Step::DeleteDirectory, "DeleteDirectory")
    );
    for (check, remedy, link) in [
        (
            "Application LinkedIn account connections",
            "set LinkedIn account connections to No",
            "linkedin-integration",
        ),
        (
            "Application Azure DevOps",
            "disconnect it",
            "disconnect-organization",
        ),
        (
            "Application Microsoft Entra Connect",
            "Once directory sync is off",
            "turn-off-directory-synchronization",
        ),
    ] {
        let row = told.blockers.iter().find(|one| one.check == check).unwrap();
        assert!(
            row.remedy.contains(remedy) && row.link.contains(link),
            "{row:?}"
        );
        assert_eq!((row.state, row.who), ("unknown", "person"));
    }
    // What is rare comes first, each by itself, and the ticket tells the remedy.
    let left = residue::of(&run.world.applications);
    let kinds: Vec<Option<Special>> = left.iter().map(|one| one.special).collect();
    let wanted = [
        Some(Special::LinkedIn),
        Some(Special::AzureDevOps),
        Some(Special::DirectorySync),
        None,
    ];
    assert_eq!(kinds, wanted);
    assert_eq!(left[3].count, 20);
    let ticket = residue::ticket(&run.plan, &run.memory, &left, &[], &[]);
    assert!(
        ticket.contains("(Azure DevOps). If an Azure DevOps organization is connected"),
        "{ticket}"
    );
}
