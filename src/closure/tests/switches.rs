//! What step 4 switches off besides per-user MFA: only what the plan names, and only once users and subscriptions are gone.

use super::{decided, planned, reason, verified};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::intent::Action;
use crate::closure::observation::*;
use crate::closure::step::Step;

/// A tenant with three policies, one of them not in force, and a closure that names two.
fn world() -> World {
    World::new(3).with(|w| {
        w.policies = [(id(0xE1), true), (id(0xE2), true), (id(0xE3), false)].into();
        w.terms.security_defaults_off = true;
        w.terms.policies_off = vec![id(0xE1), id(0xE3)];
        let permissions = [
            "Policy.Read.All",
            "Policy.ReadWrite.SecurityDefaults",
            "Policy.ReadWrite.ConditionalAccess",
        ];
        let permissions = permissions.map(str::to_owned);
        w.identity.permissions.extend(permissions);
    })
}

#[test]
fn what_the_plan_names_is_switched_off_in_step_4_and_nothing_else() {
    let mut run = planned(world());
    let head = run.plan.sealed.as_ref().unwrap().head.clone();
    assert!(head.security_defaults);
    assert_eq!(head.policies, [id(0xE1), id(0xE3)]);
    run.to_the_end();
    assert!(!run.world.security_defaults);
    let wanted = [(id(0xE1), false), (id(0xE2), true), (id(0xE3), false)];
    assert_eq!(run.world.policies, wanted.into());
    let acts: Vec<_> = run
        .told
        .iter()
        .filter_map(|told| match &told.decision {
            Decision::Act(intent) if intent.step == Step::DisableMfa => {
                Some((intent.action, intent.objects.clone()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        acts,
        [
            (Action::DisableSecurityDefaults, vec![id(TENANT)]),
            (Action::DisablePolicies, vec![id(0xE1)]),
        ]
    );
}

#[test]
fn nothing_is_read_or_touched_that_was_not_asked_for() {
    let mut run = planned(World::new(3).with(|w| {
        w.policies = [(id(0xE1), true)].into();
    }));
    let digest = run.plan.sealed.as_ref().unwrap().digest.clone();
    run.to_the_end();
    assert!(run.world.security_defaults && run.world.policies[&id(0xE1)]);
    let asked = &run.world.questions;
    assert!(!asked.contains_key(&Question::SecurityDefaults));
    assert!(!asked.contains_key(&Question::ConditionalAccess));
    // What is switched off is in the digest that is approved.
    let other = planned(world().with(|w| w.terms.policies_off.clear()));
    assert_ne!(other.plan.sealed.as_ref().unwrap().digest, digest);
    let another = planned(world());
    let sealed = another.plan.sealed.as_ref().unwrap();
    assert_ne!(sealed.digest, other.plan.sealed.as_ref().unwrap().digest);
}

#[test]
fn a_policy_that_is_not_there_blocks_before_anything() {
    let mut run = Run::of(world().with(|w| {
        w.policies.remove(&id(0xE3));
    }));
    let told = run.until(false, 10, |d| {
        !matches!(d.decision, Decision::MakePlan { .. })
    });
    assert_eq!(reason(&told), "PolicyUnknown");
}

#[test]
fn what_is_refused_is_handed_over_and_noticed() {
    let mut run = verified(world().with(|w| w.policies_refused = true));
    let told = run.until(false, 40, |d| matches!(d.decision, Decision::HandOff(_)));
    assert_eq!(
        (told.step, reason(&told)),
        (Step::DisableMfa, "DisableSecurityDefaults")
    );
    assert_eq!(told.progress[&Step::DisableMfa], (0, 3));
    run.world.security_defaults = false;
    // What was refused for the one says nothing about the others: they are tried before anybody is asked.
    let told = run.until(
        false,
        40,
        |d| matches!(&d.decision, Decision::Act(i) if i.step == Step::DisableMfa),
    );
    assert!(
        matches!(&told.decision, Decision::Act(i) if i.action == Action::DisablePolicies),
        "{told:?}"
    );
    let told = run.until(false, 40, |d| matches!(d.decision, Decision::HandOff(_)));
    assert_eq!(reason(&told), "DisablePolicies");
    let Decision::HandOff(list) = &told.decision else {
        panic!("{told:?}")
    };
    assert!(list[0].what.contains(&id(0xE1).to_string()));
    assert!(!list[0].what.contains(&id(0xE2).to_string()));
    run.world.policies.insert(id(0xE1), false);
    run.to_the_end();
    assert!(run.world.policies[&id(0xE2)]);
}

#[test]
fn what_cannot_be_read_is_not_off() {
    let mut run = verified(world());
    run.world.security_defaults = false;
    run.world.policies.insert(id(0xE1), false);
    for why in [Why::Forbidden, Why::Unavailable, Why::Malformed] {
        let told = decided(&mut run, |seen| seen.policies = Fact::Unreadable(why));
        assert_eq!(told.step, Step::DisableMfa, "{told:?}");
        let told = decided(&mut run, |seen| {
            seen.security_defaults = Fact::Unreadable(why)
        });
        assert_eq!(told.step, Step::DisableMfa, "{told:?}");
    }
    let told = decided(&mut run, |_| {});
    assert_eq!(told.step, Step::DeleteDirectory);
}
