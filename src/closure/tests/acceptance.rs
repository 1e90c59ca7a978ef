//! What its author accepts counts as far as a plan can name it, and once persons approved it.

use super::losses::{approvals, azure_id, blocked, losing, stands};
use super::*;
use crate::closure::acceptance::{self, within};
use crate::closure::fixtures::{accepted, id, subscription};
use crate::closure::id::ObjectId;
use crate::closure::loss::{Loss, LossKind};
use crate::closure::observation::{Agreement, Approvals, Lifecycle};
use crate::closure::plan::digest;
use crate::closure::steps::losses;
use crate::closure::terms::Accepted;
use jiff::SignedDuration;
use std::sync::Arc;

/// What its author lists, as far as a plan can name it.
fn listing(run: &mut Run, ids: impl Iterator<Item = ObjectId>) {
    let listed = vec![Accepted {
        subscriptions: ids.collect(),
        ..accepted("AzureResources")
    }];
    let terms = &mut run.world.terms;
    (terms.accepted, terms.accepted_beyond) = within(listed);
}

/// Its author fills the list with ids that no tenant has: one more would be in no plan, so it is not accepted, begun or not.
#[test]
fn what_a_plan_cannot_name_is_accepted_nowhere() {
    let fillers = || (1..=520).map(id);
    let azure = [azure_id(1)];
    let mut run = verified(losing(&[]));
    listing(&mut run, fillers().take(519));
    let known = run.plan.sealed.as_mut().map(Arc::make_mut).unwrap();
    known.head.accepted = acceptance::of(&run.world.terms);
    known.digest = digest(&known.head, &known.users);
    run.memory
        .plan
        .as_mut()
        .unwrap()
        .digest
        .clone_from(&known.digest);
    run.world.subscriptions = vec![subscription(1, Agreement::Azure)];
    assert_eq!(blocked(&run.look().0).0, "LossNotAccepted");
    for fill in [519, 520] {
        listing(&mut run, fillers().take(fill).chain(azure));
        let (reason, message, remedy) = blocked(&run.cycle(true));
        assert_eq!(reason, "TooMuchAccepted");
        assert!(message.contains("names 520 kinds and Azure"), "{message}");
        assert!(remedy.starts_with("Take out of spec.accept"), "{remedy}");
        // Nothing is canceled, and nobody is asked to do it.
        assert!(!losses::accepted(
            &run.world.terms,
            LossKind::AzureResources,
            Some(azure[0])
        ));
        run.world.terms.accepted_beyond = 0;
        assert_eq!(blocked(&run.cycle(true)).0, "LossNotAccepted");
        assert_eq!(run.world.subscriptions[0].lifecycle, Lifecycle::Active);
    }
    // In the place of a filler it takes an approval of its own, as anything that is accepted later.
    listing(&mut run, fillers().take(518).chain(azure));
    run.world.cluster.later = Some(approvals(false));
    let Decision::AwaitApproval { reason, .. } = run.look().0.decision else {
        panic!()
    };
    assert_eq!(reason, "AcceptanceGrew");
}

#[test]
fn that_more_is_listed_than_a_plan_names_is_told_in_mode_plan_too() {
    let mut run = Run::of(losing(&[]).with(|world| world.terms.mode = Mode::Plan));
    listing(&mut run, (1..=523).map(id));
    let decided = stands(&mut run);
    assert_eq!(decided.decision, Decision::Planned);
    assert_eq!(decided.blockers[0].check, "TooMuchAccepted");
    run.world.terms.mode = Mode::Execute;
    let (reason, message, _) = blocked(&stands(&mut run));
    assert_eq!(reason, "TooMuchAccepted");
    assert!(message.contains("it has 4 more"), "{message}");
    listing(&mut run, (1..=519).map(id));
    assert!(matches!(stands(&mut run).decision, Decision::Act(_)));
}

/// A closure in the middle, whose author accepts an Azure subscription that came: to cancel it is handed to a person once that is
/// approved.
fn accepted_later() -> Run {
    let mut run = verified(losing(&[]));
    run.world.subscriptions = vec![subscription(1, Agreement::Azure)];
    listing(&mut run, [azure_id(1)].into_iter());
    run
}

fn reason(run: &mut Run) -> &'static str {
    match run.look().0.decision {
        Decision::AwaitApproval { reason, .. } => reason,
        Decision::Wait(waiting) => waiting.reason,
        Decision::HandOff(_) => "HandOff",
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_end_of_its_approval_is_said_a_week_ahead() {
    let mut run = accepted_later();
    for (days, reason) in [(8, "QuorumReached"), (6, "ApprovalExpiresSoon")] {
        let until = run.world.now + SignedDuration::from_hours(24 * days);
        run.world.cluster.later = Some(Approvals {
            valid_until: Some(until),
            ..approvals(true)
        });
        let (told, _) = run.look();
        assert!(matches!(told.decision, Decision::HandOff(_)), "{told:?}");
        let standing = &told.standings["Approved"];
        assert_eq!((standing.status, standing.reason), (Some(true), reason));
        let words = "Of what was accepted after the plan: 1 of 1";
        assert_eq!(standing.message.starts_with(words), days < 7);
        assert_eq!(told.acceptance.unwrap().valid_until, Some(until));
    }
    // Taken out again, its end is nobody's matter.
    run.world.terms.accepted.clear();
    assert_eq!(run.look().0.standings["Approved"].reason, "QuorumReached");
}

#[test]
fn of_what_a_record_rests_on_a_renewed_approval_counts_at_once() {
    let grace = |run: &mut Run| {
        run.world.cluster.later = Some(Approvals {
            effective_at: Some(run.world.now + SignedDuration::from_hours(1)),
            ..approvals(true)
        });
    };
    let mut run = accepted_later();
    grace(&mut run);
    assert_eq!(reason(&mut run), "GracePeriod");
    run.world.now += SignedDuration::from_hours(2);
    assert_eq!(reason(&mut run), "HandOff");
    // Approved anew before anything rested on it: what nobody has used can be taken back.
    grace(&mut run);
    assert_eq!(reason(&mut run), "GracePeriod");
    run.world.now += SignedDuration::from_hours(2);
    let (_, seen) = run.look();
    let later = acceptance::approved(&run.plan, &seen, &run.memory, run.world.now);
    run.memory = std::mem::take(&mut run.memory).under(later.as_ref());
    run.world.cluster.later = Some(Approvals {
        expired: vec!["alice@example.com".into()],
        ..approvals(false)
    });
    assert_eq!(reason(&mut run), "AcceptanceGrew");
    grace(&mut run);
    assert_eq!(reason(&mut run), "HandOff");
    // One more is another, with a grace period of its own; and so is another plan.
    listing(&mut run, [azure_id(1), azure_id(2)].into_iter());
    assert_eq!(reason(&mut run), "GracePeriod");
    let plan = run.memory.plan.clone().unwrap();
    assert!(
        run.memory
            .clone()
            .with_plan(plan, run.world.now)
            .accepted_later
            .is_none()
    );
}

/// As the journal remembers it: from the record of an effect that names it.
#[test]
fn an_effect_that_is_carried_out_meanwhile_rests_on_it() {
    let mut run = planned(losing(&[]).with(|world| world.sync = true));
    run.cycle(false);
    run.world.losses = vec![Loss::counted(LossKind::Groups, Ok(7))];
    run.world.terms.accepted.push(accepted("Groups"));
    run.world.cluster.later = Some(approvals(true));
    assert!(run.memory.accepted_later.is_none());
    run.until(false, 1_000, |d| matches!(d.decision, Decision::Act(_)));
    let named = acceptance::digest_of_later(&run.plan);
    assert!(named.is_some() && run.memory.accepted_later == named);
}
