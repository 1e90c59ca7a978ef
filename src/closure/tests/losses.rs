//! What dies with the tenant is accepted by name, or nothing begins.

use super::*;
use crate::closure::loss::{Loss, LossKind};
use crate::closure::observation::Why;

/// A tenant with these losses.
fn losing(losses: &[(LossKind, Result<u64, Why>)]) -> World {
    World::new(3).with(|world| {
        for loss in &mut world.losses {
            let found = losses.iter().find(|(kind, _)| *kind == loss.kind);
            loss.count = found.map_or(Ok(0), |(_, count)| *count);
        }
    })
}

fn stands(run: &mut Run) -> Decided {
    run.until(false, 3, |d| {
        !matches!(d.decision, Decision::MakePlan { .. })
    })
}

fn blocked(decided: &Decided) -> (&'static str, String, String) {
    let Decision::Blocked(list) = &decided.decision else {
        panic!("not blocked: {decided:?}")
    };
    (
        list[0].reason,
        list[0].message.clone(),
        list[0].remedy.clone(),
    )
}

#[test]
fn each_kind_that_is_there_or_unknown_takes_an_acceptance_by_name() {
    for kind in LossKind::ALL {
        for count in [
            Ok(1),
            Err(Why::Forbidden),
            Err(Why::Unsupported),
            Err(Why::Malformed),
        ] {
            let mut run = Run::of(losing(&[(kind, count)]));
            let decided = stands(&mut run);
            let (reason, message, remedy) = blocked(&decided);
            assert_eq!(reason, "LossNotAccepted");
            assert!(message.contains(kind.words()), "{message}");
            assert_eq!(message.contains("could not be counted"), count.is_err());
            assert_eq!(remedy.contains(kind.permission()), count.is_err());
            let line = format!("{{kind: {}, reference: CAB-118}}", kind.name());
            assert!(remedy.contains(&line), "{remedy}");
            let row = &decided.blockers[0];
            assert_eq!(row.check, format!("Loss {}", kind.name()));
            assert_eq!(row.state == "unknown", count.is_err());
            assert_eq!(row.link, kind.link(run.world.terms.cloud));
            assert_eq!(run.memory.plan.as_ref().unwrap().losses.len(), 1);
            assert_eq!(
                run.memory.plan.as_ref().unwrap().losses[0].count,
                count.ok()
            );
            run.world.terms.accepted.push(kind.name().into());
            assert!(matches!(stands(&mut run).decision, Decision::Act(_)));
        }
    }
}

#[test]
fn what_there_is_none_of_is_not_asked_for() {
    let mut run = Run::of(losing(&[]));
    assert!(matches!(stands(&mut run).decision, Decision::Act(_)));
    assert!(run.memory.plan.unwrap().losses.is_empty());
}

#[test]
fn a_service_that_is_down_is_waited_for_unless_its_kind_is_accepted() {
    let mut run = Run::of(losing(&[(LossKind::Groups, Err(Why::Unavailable))]));
    let Decision::Wait(waiting) = run.cycle(false).decision else {
        panic!()
    };
    assert_eq!(waiting.reason, "MicrosoftUnavailable");
    assert!(run.memory.plan.is_none());
    run.world.terms.accepted.push("Groups".into());
    assert!(matches!(stands(&mut run).decision, Decision::Act(_)));
}

#[test]
fn a_kind_that_comes_after_the_plan_blocks_before_the_first_effect() {
    let mut run = planned(losing(&[]));
    run.world.losses = vec![Loss {
        kind: LossKind::IntuneDevices,
        count: Ok(7),
    }];
    let (reason, message, _) = blocked(&run.cycle(false));
    assert_eq!(reason, "LossNotAccepted");
    assert!(message.ends_with("devices managed by Intune"), "{message}");
    assert!(run.world.steps.is_empty());
    run.world.terms.accepted.push("IntuneDevices".into());
    assert!(matches!(run.cycle(false).decision, Decision::Act(_)));
}

#[test]
fn mode_plan_tells_them_and_blocks_nothing() {
    let mut run = Run::of(
        losing(&[(LossKind::Mailboxes, Ok(900))]).with(|world| world.terms.mode = Mode::Plan),
    );
    let decided = stands(&mut run);
    assert_eq!(decided.decision, Decision::Planned);
    assert_eq!(decided.blockers[0].check, "Loss Mailboxes");
}

#[test]
fn the_digest_holds_the_kinds_and_not_their_numbers() {
    let digest = |count| {
        let run = planned(losing(&[(LossKind::Groups, count)]));
        run.memory.plan.unwrap().digest
    };
    assert_eq!(digest(Ok(1)), digest(Ok(2)));
    assert_ne!(digest(Ok(1)), digest(Ok(0)));
    assert_ne!(digest(Ok(1)), digest(Err(Why::Forbidden)));
}
