use super::{decided, reason, verified};
use crate::closure::decision::{Decided, Decision};
use crate::closure::fixtures::*;
use crate::closure::intent::{Action, Intent, Outcome};
use crate::closure::memory::{Asked, Memory};
use crate::closure::observation::*;
use crate::closure::step::Step;
use crate::closure::steps::checks::{self, State};
use jiff::SignedDuration;

#[test]
fn mfa_after_a_clean_step_one_is_a_verified_nothing() {
    let mut run = verified(World::new(2));
    // Nobody is left whose state would matter: the permission to read it is not needed, nor asked for.
    for mfa in [Fact::NotRead, Fact::Unreadable(Why::Forbidden)] {
        let told = decided(&mut run, |s| s.mfa = mfa.clone());
        assert_eq!(told.step, Step::DeleteDirectory);
        assert_eq!(told.standings["MFADisabled"].reason, "NothingToDo");
    }
}

#[test]
fn mfa_of_the_spare_is_switched_off_and_never_that_of_the_retained() {
    let mut run = verified(World::new(2).with_spare());
    let Decision::Act(intent) = decided(&mut run, |_| {}).decision else {
        panic!()
    };
    assert_eq!(
        (intent.action, intent.objects),
        (Action::DisableMfa, vec![id(SPARE)])
    );
}

#[test]
fn accounts_that_should_not_be_there_are_waited_for_or_drift() {
    let mut run = verified(
        World::new(2).with(|w| w.subscriptions = vec![subscription(1, Agreement::Direct)]),
    );
    let add = |n: u128| {
        move |s: &mut Observation| {
            if let Fact::Known(users) = &mut s.users {
                users.ids.push(id(n));
                users.ids.sort_unstable();
            }
        }
    };
    let told = decided(&mut run, add(0x99));
    assert_eq!(reason(&told), "PlanDrift");
    // What can be undone goes on while a reader lags; the rest waits, but no reader lags for hours.
    let going_on = decided(&mut run, add(0x1_0001));
    assert_eq!(going_on.step, Step::CancelSubscriptions);
    assert_ne!(reason(&going_on), "WaitingReplica");
    run.world.subscriptions.clear();
    let waits = decided(&mut run, add(0x1_0001));
    assert_eq!(
        (reason(&waits), waits.step),
        ("WaitingReplica", Step::DisableMfa)
    );
    run.memory.started.insert(Step::DisableMfa, run.world.now);
    assert_eq!(reason(&decided(&mut run, add(0x1_0001))), "WaitingReplica");
    run.world.now += SignedDuration::from_hours(2);
    assert_eq!(reason(&decided(&mut run, add(0x1_0001))), "PlanDrift");
    assert_eq!(reason(&decided(&mut run, add(0x99))), "PlanDrift");
}

#[test]
fn where_mfa_cannot_be_read_only_a_spare_needs_a_person() {
    let unsupported = |s: &mut Observation| s.mfa = Fact::Unreadable(Why::Unsupported);
    let mut run = verified(World::new(2));
    assert_eq!(decided(&mut run, unsupported).step, Step::DeleteDirectory);
    let mut run = verified(World::new(2).with_spare());
    let told = decided(&mut run, unsupported);
    assert_eq!((reason(&told), told.step), ("DisableMFA", Step::DisableMfa));
    run.world.attestations.insert("MFA".into(), "Passed".into());
    assert_eq!(decided(&mut run, unsupported).step, Step::DeleteDirectory);
}

fn keys(decided: &Decided) -> Vec<&'static str> {
    match &decided.decision {
        Decision::HandOff(list) => list.iter().map(|h| h.key).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_last_hand_off_lists_what_no_program_can_read() {
    let mut run = verified(World::new(2));
    let told = decided(&mut run, |_| {});
    assert_eq!(keys(&told), ["DeleteDirectory", "AttestChecks"]);
    assert_eq!(told.standings["DeletionChecksPassed"].status, None);
    let Decision::HandOff(list) = &told.decision else {
        panic!()
    };
    // Five are of a kind that no program can read; of the other two no account tells.
    let named = ["C5", "C7", "C9", "C10", "C11", "C12", "C15"];
    let text = &list[1].what;
    let all = checks::all(&run.plan, &Observation::default(), &run.memory);
    let ids = all.iter().map(|check| check.row.id);
    let found: Vec<&str> = ids.filter(|id| text.contains(&format!(" {id} "))).collect();
    assert_eq!(found, named, "{text}");
    for check in named {
        run.world.attestations.insert(check.into(), "Passed".into());
    }
    let told = decided(&mut run, |_| {});
    assert_eq!(keys(&told), ["DeleteDirectory"]);
    assert_eq!(told.standings["DeletionChecksPassed"].status, Some(true));
    run.world.attestations.insert("C9".into(), "Failed".into());
    let told = decided(&mut run, |_| {});
    assert_eq!(told.standings["DeletionChecksPassed"].status, Some(false));
    assert_eq!(
        keys(&told)[0],
        "DeleteDirectory",
        "it does not bar the hand-off"
    );
}

#[test]
fn what_was_done_and_is_no_longer_so_bars_the_hand_off() {
    let mut run = verified(World::new(2).with_spare());
    run.until(
        false,
        20,
        |d| matches!(&d.decision, Decision::HandOff(l) if l[0].key == "DeleteDirectory"),
    );
    run.world.subscriptions = vec![subscription(1, Agreement::Direct)];
    let told = decided(&mut run, |_| {});
    assert_eq!(
        (reason(&told), told.step),
        ("PlanDrift", Step::DeleteDirectory)
    );
    // Nobody is told to cancel what nobody approved.
    let Decision::Blocked(obstacles) = told.decision else {
        panic!()
    };
    let remedy = &obstacles[0].remedy;
    assert!(remedy.starts_with("Find out who bought them"), "{remedy}");
}

#[test]
fn the_spare_goes_first_and_only_the_pinned_one() {
    let mut run = verified(World::new(2).with_spare());
    run.world.mfa.clear();
    let Decision::Act(intent) = decided(&mut run, |_| {}).decision else {
        panic!()
    };
    assert_eq!(
        (intent.step, intent.action),
        (Step::DeleteDirectory, Action::DeleteUsers)
    );
    assert_eq!(intent.objects, vec![id(SPARE)]);
    let other = |s: &mut Observation| s.spare = Fact::Known(Some(administrator(0x77, "spare")));
    assert!(matches!(
        decided(&mut run, other).decision,
        Decision::HandOff(_)
    ));
}

#[test]
fn applications_go_where_asked_but_not_ours_nor_what_microsoft_keeps() {
    let mut run = verified(World::new(2).with(|w| {
        w.terms.remove_applications = true;
        w.applications.extend([
            application(1, true, false),
            application(2, true, true),
            application(3, false, false),
        ]);
    }));
    let Decision::Act(intent) = decided(&mut run, |_| {}).decision else {
        panic!()
    };
    assert_eq!(intent.action, Action::RemoveApplications);
    assert_eq!(intent.objects, vec![id(0xD001), id(0xD003)]);
    run.memory.applications_refused = vec![id(0xD001)];
    let Decision::Act(intent) = decided(&mut run, |_| {}).decision else {
        panic!()
    };
    assert_eq!(intent.objects, vec![id(0xD003)]);
    run.memory.applications_refused.push(id(0xD003));
    // Of those that refused, what is a service principal is disabled; no registration is.
    let Decision::Act(intent) = decided(&mut run, |_| {}).decision else {
        panic!()
    };
    assert_eq!(intent.action, Action::DisableApplications);
    assert_eq!(intent.objects, vec![id(0xD001)]);
    run.memory.applications_enabled = vec![id(0xD001)];
    assert_eq!(
        keys(&decided(&mut run, |_| {})),
        ["DeleteDirectory", "AttestChecks", "RemoveApplications"]
    );
}

#[test]
fn our_own_identity_goes_only_when_a_person_says_that_only_ours_is_left() {
    let mut run = verified(World::new(2));
    run.world
        .attestations
        .insert("OnlyOurs".into(), "failed".into());
    assert!(matches!(
        decided(&mut run, |_| {}).decision,
        Decision::HandOff(_)
    ));
    for word in [
        "not yet",
        "2 left",
        "unknown",
        "yes",
        "",
        "no",
        "passed, but for C9",
    ] {
        let attestations = &mut run.world.attestations;
        attestations.insert("OnlyOurs".into(), word.into());
        attestations.insert("C9".into(), word.into());
        let told = decided(&mut run, |_| {});
        let Decision::HandOff(list) = &told.decision else {
            panic!("{word}: {:?}", told.decision)
        };
        let says = "What was attested says neither passed nor failed";
        assert!(list[0].what.contains(says), "{word}: {}", list[0].what);
        assert_eq!(told.standings["DeletionChecksPassed"].status, None);
        let mut blockers = told.blockers.iter();
        let c9 = blockers.find(|one| one.check.starts_with("C9 ")).unwrap();
        assert!(c9.state == "unknown" && c9.remedy.contains(says), "{c9:?}");
    }
    run.world.attestations.remove("C9");
    run.world
        .attestations
        .insert("OnlyOurs".into(), "Passed".into());
    let Decision::Act(intent) = decided(&mut run, |_| {}).decision else {
        panic!()
    };
    assert_eq!(intent.action, Action::RemoveOwnIdentity);
    assert_eq!(
        intent.objects,
        vec![id(OWN_APP), id(OWN_PRINCIPAL)],
        "the registration first"
    );
    run.cycle(false);
    let told = decided(&mut run, |_| {});
    assert_eq!(keys(&told), ["DeleteDirectory"]);
    run.world.gone = true;
    assert_eq!(reason(&decided(&mut run, |_| {})), "VerifyDirectoryGone");
}

#[test]
fn what_was_tried_in_vain_says_nothing_about_what_was_not() {
    let mut run = verified(World::new(2));
    let attestations = &mut run.world.attestations;
    attestations.insert("OnlyOurs".into(), "passed".into());
    let Decision::Act(own) = decided(&mut run, |_| {}).decision else {
        panic!()
    };
    let others = Intent {
        action: Action::RemoveApplications,
        ..own.clone()
    };
    let unanswered = Outcome {
        unanswered: own.objects.clone(),
        ..Outcome::default()
    };
    let in_vain = |run: &mut Run, intent: &Intent| {
        let memory = std::mem::take(&mut run.memory);
        run.memory = memory.advance(intent, &unanswered, run.world.now);
        run.world.now += SignedDuration::from_hours(1);
        run.memory.last_at = Some(run.world.now);
        run.world.now += SignedDuration::from_hours(1);
    };
    for _ in 0..8 {
        in_vain(&mut run, &others);
    }
    for _ in 0..6 {
        let told = decided(&mut run, |_| {});
        assert!(
            matches!(&told.decision, Decision::Act(i) if i.action == Action::RemoveOwnIdentity),
            "{told:?}"
        );
        in_vain(&mut run, &own);
    }
    let own = run.memory.setbacks.get_mut(&Action::RemoveOwnIdentity);
    own.unwrap().at = run.world.now;
    assert_eq!(
        keys(&decided(&mut run, |_| {}))[..2],
        ["RemoveOwnApplication", "DeleteDirectory"]
    );
}

#[test]
fn a_portal_that_refuses_is_a_stall_with_the_residue_and_is_still_watched() {
    let mut run = verified(World::new(2).with(|w| w.applications.push(application(2, true, true))));
    run.world
        .attestations
        .insert("Refused".into(), "passed".into());
    assert_eq!(keys(&decided(&mut run, |_| {}))[0], "DeleteDirectory");
    run.world
        .attestations
        .insert("Refused".into(), "some apps".into());
    let told = decided(&mut run, |_| {});
    assert_eq!(reason(&told), "PortalRefused");
    let ticket = told.ticket.clone().unwrap();
    let Decision::Blocked(list) = told.decision else {
        panic!()
    };
    assert!(
        list[0]
            .message
            .contains("1 application that Microsoft keeps"),
        "{}",
        list[0].message
    );
    // The other road is told with its page, and nobody takes it too early by accident.
    let remedy = &list[0].remedy;
    assert!(
        remedy.contains(crate::closure::links::BILLING_ACCOUNTS),
        "{remedy}"
    );
    let invoices = crate::closure::checks::TABLE
        .iter()
        .find(|row| row.id == "C11");
    let warned = "Do not delete the billing account itself before the backup is made and the domains are released";
    assert!(invoices.unwrap().remedy.contains(warned));
    for says in [
        "Tenant id: 00000000-0000-0000-0000-00000000aaaa",
        "- 1 application, owned by Microsoft's tenant or an Azure resource (00000000-0000-0000-0000-00000000f8cd): 00000000-0000-0000-0000-00000000d002",
        "The application of the program that closes this tenant: still there (00000000-0000-0000-0000-0000000000b1, 00000000-0000-0000-0000-0000000000b2)",
        "Checks that nobody has looked at: C5 LinkedIn account connections; C7 Azure subscriptions; C8 ",
    ] {
        assert!(ticket.contains(says), "{says} is not in {ticket}");
    }
    run.world.gone = true;
    assert_eq!(reason(&decided(&mut run, |_| {})), "VerifyDirectoryGone");
}

#[test]
fn an_external_directory_is_deleted_by_a_call_and_a_refusal_is_told() {
    let mut run =
        verified(World::new(2).with(|w| w.terms.directory_resource = Some("/ciam".into())));
    let Decision::Act(intent) = decided(&mut run, |_| {}).decision else {
        panic!()
    };
    assert_eq!(
        (intent.action, intent.resource.as_deref()),
        (Action::DeleteDirectory, Some("/ciam"))
    );
    let outcome = Outcome {
        complete: true,
        refused: vec![crate::closure::intent::Refusal {
            code: "Conflict".into(),
            status: 409,
            objects: intent.objects.clone(),
        }],
        ..Outcome::default()
    };
    let now = run.world.now;
    run.memory = std::mem::take(&mut run.memory).advance(&intent, &outcome, now);
    assert_eq!(reason(&decided(&mut run, |_| {})), "DirectoryRefused");
    run.memory.directory_delete = Some(Asked {
        at: now,
        refused: None,
        accepted: 0,
    });
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeletingDirectory");
    // Accepted, and yet it does not go: it is asked for once more.
    run.world.now += jiff::SignedDuration::from_hours(24);
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteDirectory");
}

#[test]
fn the_end_is_proven_from_outside() {
    let intent = Intent::on(
        Step::DeleteDirectory,
        Action::VerifyDirectoryGone,
        vec![id(TENANT)],
    );
    let gone = Outcome {
        complete: true,
        gone: 1,
        ..Outcome::default()
    };
    assert!(
        Memory::default()
            .advance(&intent, &gone, start())
            .directory_gone_at
            .is_some()
    );
    let half = Outcome {
        complete: false,
        gone: 1,
        ..Outcome::default()
    };
    assert!(
        Memory::default()
            .advance(&intent, &half, start())
            .directory_gone_at
            .is_none()
    );
}

#[test]
fn every_check_has_a_remedy_and_a_place_in_every_cloud() {
    use crate::closure::terms::Cloud;
    for cloud in Cloud::ALL {
        let mut run = verified(World::new(0));
        run.plan.terms.cloud = cloud;
        run.plan.terms.directory_resource = Some("/ciam".into());
        let seen = super::all_seen(&mut run.world, &run.memory);
        let all = checks::all(&run.plan, &seen, &run.memory);
        let ids: Vec<_> = all.iter().map(|c| c.row.id).collect();
        assert_eq!(
            ids,
            [
                "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10", "C11", "C12", "C13",
                "C14", "C15", "C16", "C17", "C18"
            ]
        );
        for check in all {
            assert!(check.link.starts_with("https://") && !check.row.remedy.is_empty());
        }
    }
    assert_eq!(
        checks::attested(&[("C5".to_owned(), " FAILED ".to_owned())].into(), "C5"),
        Some(State::Failed)
    );
}
