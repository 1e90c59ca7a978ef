//! Service principals that refuse to be deleted: disabled in their stead.

use super::{all_seen, verified};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::intent::{Action, Intent, Outcome, Refusal};
use crate::closure::memory::Memory;
use crate::closure::plan::Sealed;
use crate::closure::residue;
use crate::closure::step::Step;
use crate::closure::steps::checks::{self, State};

/// Only what the plan names and Microsoft refused to delete, once, when nothing is left to delete; the check passes with it.
#[test]
fn what_refuses_to_be_deleted_is_disabled_and_told() {
    let mut run = verified(World::new(2).with(|w| {
        w.terms.remove_applications = true;
        w.applications.extend([
            application(1, true, false),
            application(2, true, true),
            application(3, true, false),
            application(4, true, false),
        ]);
        w.stubborn = [id(0xD001), id(0xD002), id(0xD004)].into();
    }));
    let sealed = run.plan.sealed.as_ref().unwrap();
    let mut head = sealed.head.clone();
    head.applications.retain(|one| *one != id(0xD004));
    let other = Sealed {
        head,
        ..(**sealed).clone()
    };
    run.plan.sealed = Some(other.into());
    let effects = |run: &Run| {
        let acts = run.told.iter().filter_map(|told| match &told.decision {
            Decision::Act(intent) => Some((intent.action, intent.objects.clone())),
            _ => None,
        });
        acts.skip_while(|(action, _)| *action != Action::RemoveApplications)
            .collect::<Vec<_>>()
    };
    run.until(false, 20, |d| matches!(d.decision, Decision::HandOff(_)));
    assert_eq!(
        effects(&run),
        [
            (Action::RemoveApplications, vec![id(0xD001), id(0xD003)]),
            (Action::DisableApplications, vec![id(0xD001)]),
        ],
    );
    assert_eq!(run.memory.applications_disabled, [id(0xD001)]);
    assert!(run.memory.applications_enabled.is_empty());
    let state = |run: &mut Run| {
        let seen = all_seen(&mut run.world, &run.memory);
        checks::all(&run.plan, &seen, &run.memory)[2].state
    };
    assert_eq!(
        state(&mut run),
        State::Failed,
        "the one that nobody planned"
    );
    let all = residue::of(&run.world.applications);
    assert_eq!(
        all.iter()
            .map(|one| (one.count, one.disabled))
            .collect::<Vec<_>>(),
        [(2, 1), (1, 0)]
    );
    run.world.applications.retain(|one| one.id != id(0xD004));
    assert_eq!(state(&mut run), State::Passed);
    // What is merely disabled could be deleted.
    run.memory.applications_refused.clear();
    assert_eq!(state(&mut run), State::Failed);
}

/// No answer is asked again; a refusal is final.
#[test]
fn disabling_is_remembered_as_it_was_seen() {
    let about = Intent::on(
        Step::DeleteDirectory,
        Action::DisableApplications,
        (1..=4).map(|n| id(0xD000 + n)).collect(),
    );
    let outcome = Outcome {
        gone: 1,
        complete: true,
        visible: vec![id(0xD002)],
        unanswered: vec![id(0xD003)],
        refused: vec![Refusal {
            code: "Request_BadRequest".into(),
            status: 400,
            objects: vec![id(0xD004)],
        }],
        ..Outcome::default()
    };
    let memory = Memory::default().advance(&about, &outcome, World::new(1).now);
    assert_eq!(memory.applications_disabled, [id(0xD001)]);
    assert_eq!(memory.applications_enabled, [id(0xD004)]);
}
