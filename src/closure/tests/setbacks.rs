//! What Microsoft refused or left without an answer: a person is asked, and it is tried again by itself.

use super::{decided, reason, verified};
use crate::closure::decision::{Decided, Decision};
use crate::closure::fixtures::*;
use crate::closure::intent::{Action, Intent, Outcome};
use crate::closure::memory::Memory;
use crate::closure::observation::{Fact, Observation, Refused, Why};
use crate::closure::step::Step;
use jiff::SignedDuration;

fn keys(decided: &Decided) -> Vec<&'static str> {
    match &decided.decision {
        Decision::HandOff(list) => list.iter().map(|one| one.key).collect(),
        _ => Vec::new(),
    }
}

/// Effects of this kind, so far.
fn tries(run: &Run, action: Action) -> usize {
    let acts = run.told.iter();
    acts.filter(|told| matches!(&told.decision, Decision::Act(i) if i.action == action))
        .count()
}

/// Only a spare administrator's MFA is left to do.
fn with_mfa() -> Run {
    let mut run = verified(World::new(2).with_spare());
    run.told.clear();
    run
}

/// Three applications to remove, and nothing before them.
fn with_applications(stubborn: &[u128]) -> Run {
    let mut run = verified(World::new(2).with(|w| {
        w.terms.remove_applications = true;
        w.applications
            .extend([1, 2, 3].map(|n| application(n, true, false)));
        w.stubborn = stubborn.iter().map(|n| id(0xD000 + n)).collect();
    }));
    run.told.clear();
    run
}

fn cycles_for(run: &mut Run, days: i64) {
    let end = run.world.now + SignedDuration::from_hours(24 * days);
    while run.world.now < end {
        run.cycle(false);
    }
}

#[test]
fn an_outage_in_step_4_is_told_and_survived() {
    let mut run = with_mfa();
    run.world.lost = 8;
    let told = run.until(false, 60, |d| matches!(d.decision, Decision::HandOff(_)));
    assert_eq!(
        (told.step, keys(&told)),
        (Step::DisableMfa, vec!["DisableMFA"])
    );
    assert_eq!(tries(&run, Action::DisableMfa), 6);
    // Nobody does anything: it goes on by itself once Microsoft answers.
    run.until(false, 60, |d| d.step > Step::DisableMfa);
    assert_eq!(tries(&run, Action::DisableMfa), 9);
    assert!(run.world.mfa.is_empty());
    assert!(run.memory.setbacks.is_empty() && run.memory.in_vain.is_empty());
}

#[test]
fn what_is_refused_asks_a_person_early_and_is_tried_more_and_more_rarely() {
    let mut run = verified(World::new(2).with(|w| {
        w.terms.security_defaults_off = true;
        w.policies_refused = true;
        let permissions = ["Policy.Read.All", "Policy.ReadWrite.SecurityDefaults"];
        let permissions = permissions.map(str::to_owned);
        w.identity.permissions.extend(permissions);
    }));
    // What got no answer does not use up what a person is asked after.
    run.world.lost = 2;
    run.told.clear();
    let action = Action::DisableSecurityDefaults;
    run.until(false, 60, |d| keys(d) == ["DisableSecurityDefaults"]);
    assert_eq!(tries(&run, action), 5);
    cycles_for(&mut run, 30);
    let tried = tries(&run, action);
    assert!((30..50).contains(&tried), "{tried}");
    // A role came late: nobody has to tell the operator.
    run.world.policies_refused = false;
    cycles_for(&mut run, 2);
    assert!(!run.world.security_defaults);
}

#[test]
fn an_outage_leaves_no_application_to_a_person() {
    let mut run = with_applications(&[]);
    run.world.lost = 7;
    let told = run.until(false, 60, |d| matches!(d.decision, Decision::HandOff(_)));
    assert!(keys(&told).contains(&"RemoveApplications"), "{told:?}");
    assert_eq!(tries(&run, Action::RemoveApplications), 6);
    run.until(false, 60, |d| {
        matches!(d.decision, Decision::HandOff(_)) && !keys(d).contains(&"RemoveApplications")
    });
    assert!(run.world.applications.iter().all(|one| one.own));
}

#[test]
fn what_was_denied_goes_once_it_may() {
    let mut run = with_applications(&[1, 2]);
    run.world.terms.slice = 1;
    run.until(false, 60, |d| matches!(d.decision, Decision::HandOff(_)));
    assert!(
        run.world
            .applications
            .iter()
            .all(|one| one.own || one.disabled)
    );
    cycles_for(&mut run, 30);
    let tried = tries(&run, Action::RemoveApplications);
    assert!((30..60).contains(&tried), "{tried}");
    let denied = run.memory.applications_denied.clone().unwrap();
    assert_eq!(denied.objects.len(), 2, "{denied:?}");
    // Each has his turn.
    let slices: Vec<_> = run
        .told
        .iter()
        .rev()
        .filter_map(|told| match &told.decision {
            Decision::Act(i) if i.action == Action::RemoveApplications => Some(i.objects.clone()),
            _ => None,
        })
        .take(2)
        .collect();
    assert_ne!(slices[0], slices[1]);
    // Once one may go, the others follow at once.
    run.world.stubborn.clear();
    run.told.clear();
    let removes = |d: &Decided| matches!(&d.decision, Decision::Act(i) if i.action == Action::RemoveApplications);
    run.until(false, 400, removes);
    let first = run.world.now;
    run.until(false, 400, removes);
    assert!(run.world.now.duration_since(first) < SignedDuration::from_mins(1));
    assert!(run.world.applications.iter().all(|one| one.own));
    assert_eq!(run.memory.applications_denied, None);
    assert!(run.memory.applications_refused.is_empty());
}

/// A refusal that is no lack of a right is final, and so is remembered.
#[test]
fn what_is_wrong_with_the_application_itself_is_asked_once() {
    let about = |ids: [u128; 2]| {
        let ids = ids.map(|n| id(0xD000 + n)).to_vec();
        Intent::on(Step::DeleteDirectory, Action::RemoveApplications, ids)
    };
    let intent = about([1, 2]);
    let mut outcome = Outcome {
        complete: true,
        refused: vec![
            refusal("Request_BadRequest", 400, &[id(0xD001)]),
            refusal("Authorization_RequestDenied", 403, &[id(0xD002)]),
        ],
        ..Outcome::default()
    };
    let memory = Memory::default().advance(&intent, &outcome, start());
    assert_eq!(memory.applications_refused, [id(0xD001), id(0xD002)]);
    let denied = memory.applications_denied.clone().unwrap();
    assert_eq!((denied.objects, denied.in_vain), (vec![id(0xD002)], 1));
    // Tried again, another thing is wrong with it.
    outcome.refused = vec![refusal("Request_BadRequest", 400, &[id(0xD002)])];
    let about = Intent {
        objects: vec![id(0xD002)],
        ..intent
    };
    let after = memory.clone().advance(&about, &outcome, start());
    assert_eq!(after.applications_denied, None);
    assert_eq!(after.applications_refused, [id(0xD001), id(0xD002)]);
    // No answer is none: it stays denied.
    let unanswered = Outcome {
        unanswered: vec![id(0xD002)],
        ..Outcome::default()
    };
    let after = memory.advance(&about, &unanswered, start());
    let denied = after.applications_denied.unwrap();
    assert_eq!((denied.objects, denied.in_vain), (vec![id(0xD002)], 2));
}

#[test]
fn a_permission_that_was_taken_away_is_asked_for_and_no_application_is_handed_over() {
    let mut run = with_applications(&[]);
    let permission = "Application.ReadWrite.All";
    run.world.identity.permissions.remove(permission);
    for _ in 0..3 {
        let told = run.cycle(false);
        assert_eq!(reason(&told), "RolesMissing", "{told:?}");
        let Decision::Blocked(list) = &told.decision else {
            panic!("{told:?}")
        };
        let says = "step 5 DeleteDirectory: the identity lacks Application.ReadWrite.All";
        assert_eq!(list[0].message, says);
    }
    run.world.identity.permissions.insert(permission.into());
    assert_eq!(reason(&run.cycle(false)), "RemoveApplications");
    // Nothing is left to remove: it bars the end of nobody.
    run.world.identity.permissions.remove(permission);
    let told = run.cycle(false);
    assert_eq!(keys(&told)[0], "DeleteDirectory", "{told:?}");
}

#[test]
fn our_own_is_tried_again_and_a_person_can_always_remove_it() {
    let attested = || {
        let mut run = verified(World::new(2));
        let attestations = &mut run.world.attestations;
        attestations.insert("OnlyOurs".into(), "passed".into());
        run.told.clear();
        run
    };
    // Refused once, a person is asked; and it goes by itself once it may.
    let mut run = attested();
    run.world.own_refused = true;
    run.until(false, 5, |d| keys(d).contains(&"RemoveOwnApplication"));
    assert_eq!(tries(&run, Action::RemoveOwnIdentity), 1);
    run.world.own_refused = false;
    cycles_for(&mut run, 1);
    assert_eq!(tries(&run, Action::RemoveOwnIdentity), 2);
    assert!(run.memory.own_identity_removed);
    // Without an answer time and again a person is asked, too. He removes it, which is noticed from outside.
    let mut run = attested();
    run.world.lost = 6;
    run.until(false, 60, |d| keys(d).contains(&"RemoveOwnApplication"));
    let locked_out = |s: &mut Observation| {
        s.organization = Fact::Unreadable(Why::CredentialRefused(Refused::ApplicationUnknown));
    };
    assert_eq!(keys(&decided(&mut run, locked_out)), ["DeleteDirectory"]);
    run.world.hands("RemoveOwnApplication");
    run.world.gone = true;
    let end = run.until(false, 20, |d| d.decision == Decision::Closed);
    assert_eq!(end.decision, Decision::Closed);
}
