//! What dies with the tenant is accepted by name, or nothing begins.

use super::*;
use crate::closure::fixtures::{accepted, cluster, subscription};
use crate::closure::id::ObjectId;
use crate::closure::intent::Action;
use crate::closure::loss::{Loss, LossKind};
use crate::closure::observation::{Agreement, Approvals, Lifecycle, Question, Why};
use crate::closure::step::Step;
use crate::closure::terms::Accepted;

/// Of what was accepted later: bob's, or nobody's.
pub(super) fn approvals(given: bool) -> Approvals {
    let mut approvals = cluster().approvals;
    if !given {
        (approvals.approvers, approvals.uids) = (Vec::new(), Vec::new());
    }
    approvals
}

/// A tenant with these losses.
pub(super) fn losing(losses: &[(LossKind, Result<u64, Why>)]) -> World {
    World::new(3).with(|world| {
        world.terms.accepted.clear();
        for loss in &mut world.losses {
            let found = losses.iter().find(|(kind, _)| *kind == loss.kind);
            loss.count = found.map_or(Ok(0), |(_, count)| *count);
        }
    })
}

pub(super) fn stands(run: &mut Run) -> Decided {
    run.until(false, 3, |d| {
        !matches!(d.decision, Decision::MakePlan { .. })
    })
}

pub(super) fn blocked(decided: &Decided) -> (&'static str, String, String) {
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
            run.world.terms.accepted.push(accepted(kind.name()));
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
fn a_size_without_a_number_counts_and_an_unknown_one_is_never_none() {
    for (bytes, blocks) in [
        (Ok(0), false),
        (Ok(1), true),
        (Err(Why::Forbidden), true),
        (Err(Why::Unsupported), true),
    ] {
        let world = losing(&[]).with(|world| {
            for loss in world.losses.iter_mut().filter(|l| l.kind.has_size()) {
                loss.bytes = Some(bytes);
            }
        });
        let mut run = Run::of(world);
        let decided = stands(&mut run);
        let told = &run.memory.plan.as_ref().unwrap().losses;
        assert_eq!(told.len(), if blocks { 3 } else { 0 });
        assert!(told.iter().all(|one| one.bytes == bytes.ok()));
        assert_eq!(
            matches!(decided.decision, Decision::Blocked(_)),
            blocks,
            "{bytes:?}"
        );
    }
    let mut run = Run::of(losing(&[]).with(|world| {
        world.losses[0].bytes = Some(Err(Why::Unavailable));
    }));
    assert!(matches!(run.cycle(false).decision, Decision::Wait(_)));
}

const AZURE: [u128; 2] = [1, 2];

pub(super) fn azure_id(n: u128) -> ObjectId {
    subscription(n, Agreement::Azure).id
}

/// A tenant with two Azure subscriptions, of which nobody accepted any; the first one's resources were counted.
fn with_azure() -> World {
    losing(&[]).with(|world| {
        world.subscriptions = AZURE.map(|n| subscription(n, Agreement::Azure)).to_vec();
        world.losses.push(Loss::in_azure(azure_id(1), Ok(14)));
    })
}

fn accepting(ids: &[u128]) -> Vec<Accepted> {
    vec![Accepted {
        subscriptions: ids.iter().map(|n| azure_id(*n)).collect(),
        ..accepted("AzureResources")
    }]
}

#[test]
fn an_azure_subscription_is_accepted_by_its_id_or_nothing_begins() {
    for (ids, open) in [
        (None, vec![1, 2]),
        (Some(&[][..]), vec![1, 2]),
        (Some(&[1][..]), vec![2]),
        (Some(&[3][..]), vec![1, 2]),
    ] {
        let mut run = Run::of(with_azure());
        run.world.terms.accepted = ids.map(accepting).unwrap_or_default();
        let decided = stands(&mut run);
        let (reason, message, remedy) = blocked(&decided);
        assert_eq!(reason, "LossNotAccepted");
        assert!(message.contains("resources in Azure subscriptions"));
        assert!(
            remedy.contains("the ids of the Azure subscriptions, as status.blockers names them")
        );
        let checks: Vec<&str> = decided.blockers.iter().map(|b| b.check.as_str()).collect();
        let wanted: Vec<String> = open
            .iter()
            .map(|n| format!("Loss AzureResources {}", azure_id(*n)))
            .collect();
        assert_eq!(checks, wanted);
        for (row, n) in decided.blockers.iter().zip(&open) {
            let line = format!("subscriptions: [{}]}}", azure_id(*n));
            assert!(row.remedy.ends_with(&line), "{}", row.remedy);
            assert_eq!(row.state == "unknown", *n == 2, "nobody counted the second");
            assert!(!format!("{message}{remedy}").contains(&azure_id(*n).to_string()));
        }
        let counts: Vec<_> = run.memory.plan.as_ref().unwrap().losses.clone();
        let counts: Vec<_> = counts.iter().map(|c| (c.subscription, c.count)).collect();
        assert_eq!(
            counts,
            [(Some(azure_id(1)), Some(14)), (Some(azure_id(2)), None)]
        );
        assert!(run.world.steps.is_empty());
        run.world.terms.accepted = accepting(&AZURE);
        assert!(matches!(stands(&mut run).decision, Decision::Act(_)));
    }
}

#[test]
fn an_empty_azure_subscription_is_accepted_by_its_id_too() {
    let mut run = Run::of(with_azure().with(|world| {
        world.losses = AZURE.map(|n| Loss::in_azure(azure_id(n), Ok(0))).to_vec();
    }));
    assert_eq!(blocked(&stands(&mut run)).0, "LossNotAccepted");
}

#[test]
fn what_is_taken_out_of_the_list_is_neither_canceled_nor_handed_over() {
    let mut run = verified(with_azure().with(|w| w.terms.accepted = accepting(&AZURE)));
    run.world.terms.accepted = accepting(&[2]);
    let decided = run.cycle(true);
    assert_eq!(blocked(&decided).0, "LossNotAccepted");
    assert_eq!(decided.step, Step::CancelSubscriptions);
    assert_eq!(decided.blockers.len(), 1);
    let active =
        |one: &crate::closure::observation::Subscription| one.lifecycle == Lifecycle::Active;
    assert!(run.world.subscriptions.iter().all(active));
    // Listed again, both are canceled.
    run.world.terms.accepted = accepting(&AZURE);
    for _ in 0..2 {
        assert!(matches!(run.cycle(false).decision, Decision::Act(_)));
    }
    assert!(!run.world.subscriptions.iter().any(active));
    // Canceled, it can be reactivated: nobody is asked to delete what was taken out meanwhile.
    run.world.terms.accepted = accepting(&[1]);
    let decided = run.cycle(true);
    assert_eq!(blocked(&decided).0, "LossNotAccepted");
    assert_eq!(decided.step, Step::DeleteSubscriptions);
    assert_eq!(run.world.subscriptions.len(), 2);
    run.world.terms.accepted = accepting(&AZURE);
    assert_eq!(run.to_the_end().decision, Decision::Closed);
}

/// What is in Azure is told beside what goes on: the others would renew while somebody decides about it.
#[test]
fn one_that_is_not_accepted_bars_no_other_subscription() {
    let mut run = verified(losing(&[]).with(|w| {
        w.subscriptions = vec![
            subscription(1, Agreement::CustomerAgreement),
            subscription(2, Agreement::Direct),
        ];
        w.subscriptions[0].cancelable = false;
    }));
    run.world
        .subscriptions
        .push(subscription(9, Agreement::Azure));
    let told = run.cycle(false);
    let Decision::Act(intent) = &told.decision else {
        panic!("{told:?}")
    };
    assert_eq!(
        (intent.action, intent.objects.as_slice()),
        (Action::StopRenewal, &[azure_id(1)][..])
    );
    let told = run.cycle(false);
    let Decision::HandOff(list) = &told.decision else {
        panic!("{told:?}")
    };
    assert_eq!(list.len(), 1, "nobody is asked to end what is in Azure");
    assert!(list[0].what.ends_with("SKU_2 ×10"), "{}", list[0].what);
    let row = format!("Loss AzureResources {}", azure_id(9));
    assert!(told.blockers.iter().any(|one| one.check == row));
    assert!(told.blockers.iter().all(|one| !one.check.contains("SKU_9")));
    // Nothing else is to be done: that a term runs on does not hide it.
    run.world.subscriptions[1].lifecycle = Lifecycle::Disabled;
    assert_eq!(blocked(&run.cycle(false)).0, "LossNotAccepted");
    assert_eq!(run.world.subscriptions[2].lifecycle, Lifecycle::Active);
}

#[test]
fn one_that_comes_later_is_handed_over_only_once_it_is_accepted() {
    let mut run = verified(losing(&[]));
    run.world.subscriptions = vec![subscription(1, Agreement::Azure)];
    assert_eq!(blocked(&run.cycle(true)).0, "LossNotAccepted");
    run.world.terms.accepted = accepting(&[1]);
    run.world.cluster.later = Some(approvals(true));
    assert!(matches!(run.cycle(false).decision, Decision::HandOff(_)));
}

#[test]
fn a_service_that_is_down_is_waited_for_unless_its_kind_is_accepted() {
    let mut run = Run::of(losing(&[(LossKind::Groups, Err(Why::Unavailable))]));
    let Decision::Wait(waiting) = run.cycle(false).decision else {
        panic!()
    };
    assert_eq!(waiting.reason, "MicrosoftUnavailable");
    assert!(run.memory.plan.is_none());
    run.world.terms.accepted.push(accepted("Groups"));
    assert!(matches!(stands(&mut run).decision, Decision::Act(_)));
}

#[test]
fn a_kind_that_comes_after_the_plan_blocks_before_the_first_effect() {
    let mut run = planned(losing(&[]));
    run.world.losses = vec![Loss::counted(LossKind::IntuneDevices, Ok(7))];
    let (reason, message, _) = blocked(&run.cycle(false));
    assert_eq!(reason, "LossNotAccepted");
    assert!(message.ends_with("devices managed by Intune"), "{message}");
    assert!(run.world.steps.is_empty());
    run.world.terms.accepted.push(accepted("IntuneDevices"));
    assert!(matches!(stands(&mut run).decision, Decision::Act(_)));
}

#[test]
fn they_are_counted_while_sync_is_switched_off_and_not_once_a_user_went() {
    let mut run = planned(losing(&[]).with(|world| world.sync = true));
    let Decision::Act(intent) = run.cycle(false).decision else {
        panic!()
    };
    assert_eq!(intent.action, Action::SwitchSyncOff);
    run.world.losses = vec![Loss::counted(LossKind::Groups, Ok(7))];
    assert_eq!(blocked(&run.cycle(false)).0, "LossNotAccepted");
    run.world.terms.accepted.push(accepted("Groups"));
    run.world.cluster.later = Some(approvals(true));
    let begins = |d: &Decided| matches!(&d.decision, Decision::Act(i) if i.action.destroys());
    run.until(false, 1_000, begins);
    assert!(run.memory.destroying_since.is_some());
    run.world.losses = vec![Loss::counted(LossKind::IntuneDevices, Ok(7))];
    let asked = run.world.questions[&Question::Losses];
    assert!(!matches!(run.cycle(false).decision, Decision::Blocked(_)));
    assert_eq!(run.world.questions[&Question::Losses], asked);
}

#[test]
fn what_is_accepted_after_the_plan_was_made_is_in_a_new_plan() {
    let mut run = planned(losing(&[]));
    let digest = |run: &Run| run.plan.sealed.as_ref().unwrap().digest.clone();
    let approved = digest(&run);
    run.world.terms.accepted.push(accepted("Groups"));
    let more = Decision::MakePlan {
        reason: "MoreAccepted",
    };
    assert_eq!(run.cycle(false).decision, more);
    assert_ne!(digest(&run), approved, "its approvals are none of this one");
    // Taken out and put back it is what was approved.
    let again = run.world.terms.accepted.clone();
    run.world.terms.accepted.clear();
    assert!(matches!(run.look().0.decision, Decision::Act(_)));
    run.world.terms.accepted = again;
    assert!(matches!(run.look().0.decision, Decision::Act(_)));
}

#[test]
fn what_is_accepted_after_the_plan_has_begun_takes_an_approval_of_its_own() {
    let mut run = planned(losing(&[]).with(|world| world.sync = true));
    run.cycle(false);
    run.world.losses = vec![Loss::counted(LossKind::Groups, Ok(7))];
    run.world.terms.accepted.push(accepted("Groups"));
    for later in [None, Some(approvals(false))] {
        run.world.cluster.later = later;
        let (told, _) = run.look();
        let Decision::AwaitApproval { reason, message } = &told.decision else {
            panic!("{told:?}")
        };
        assert_eq!(*reason, "AcceptanceGrew");
        assert!(message.contains("as well: Groups; "), "{message}");
        assert_eq!(told.standings["Approved"].reason, "AcceptanceGrew");
    }
    // Another kind stays what nobody accepted.
    run.world
        .losses
        .push(Loss::counted(LossKind::IntuneDevices, Ok(7)));
    assert_eq!(blocked(&run.look().0).0, "LossNotAccepted");
    run.world.losses.pop();
    run.world.cluster.later = Some(approvals(true));
    assert!(matches!(run.look().0.decision, Decision::Wait(_)));
    // Revoked, it counts no more; the plan itself is not touched by that.
    run.world.cluster.later = Some(approvals(false));
    assert!(matches!(
        run.look().0.decision,
        Decision::AwaitApproval { .. }
    ));
    run.world.losses.clear();
    assert!(matches!(run.look().0.decision, Decision::Wait(_)));
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
