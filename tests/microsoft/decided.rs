//! What the core decides after an effect that was answered so: the client's own attempt, the core's own rules, a tenant that
//! is a value.

use tenant_closure::closure::tenant::Attempt;
use tenant_closure::closure::{
    acceptance, access, decide, decision, external, id, intent, inventory, loss, mail, memory,
    observation, plan, recycle_bin, schedule, step, steps, supplement, terms,
};
use tenant_closure::microsoft::Reaction;

#[path = "../../src/closure/fixtures.rs"]
mod fixtures;

use decision::Decision;
use fixtures::{Run, TENANT, World};
use id::ObjectId;
use intent::{Action, Intent, Outcome, Refusal};
use step::Step;

/// Cycles after which the core must have come to something.
const CYCLES: u32 = 12;

/// A closure whose plan is made and approved.
fn planned(world: World) -> Run {
    let mut run = Run::of(world);
    run.until(false, 10, |decided| {
        matches!(decided.decision, Decision::MakePlan { .. })
    });
    run
}

/// What an attempt at one object brought, said of another one.
fn outcome(attempt: &Attempt, of: ObjectId) -> Outcome {
    let refused = attempt.refused.iter().map(|refusal| Refusal {
        objects: vec![of],
        ..refusal.clone()
    });
    let refused: Vec<Refusal> = refused.collect();
    let accepted = !attempt.accepted.is_empty();
    Outcome {
        complete: true,
        gone: u32::from(accepted),
        unanswered: if accepted || !refused.is_empty() {
            Vec::new()
        } else {
            vec![of]
        },
        refused,
        ..Outcome::default()
    }
}

/// What is done about a user whose deletion was answered so.
pub fn after_deletion(attempt: &Attempt) -> Reaction {
    let mut run = planned(World::new(1));
    let user = fixtures::id(0x1_0001);
    assert!(run.world.users.contains(&user));
    let intent = Intent::on(Step::Users, Action::DeleteUsers, vec![user]);
    let outcome = outcome(attempt, user);
    if outcome.gone > 0 {
        run.world.users.remove(&user);
    }
    run.memory = std::mem::take(&mut run.memory).advance(&intent, &outcome, run.world.now);
    for _ in 0..CYCLES {
        if run.memory.verified_at.is_some() {
            assert_eq!(outcome.gone, 1, "nobody deleted him");
            return Reaction::Gone;
        }
        let (decided, _) = run.look();
        match &decided.decision {
            Decision::Act(next) if next.action == Action::DeleteUsers => break,
            Decision::Act(_) => {}
            // What is left between two listings.
            Decision::Wait(waiting) if waiting.reason == "VerifyingUsers" => {}
            decision => return waited(attempt, Reaction::of(decision)),
        }
        run.cycle(false);
    }
    waited(attempt, Reaction::Retry)
}

/// What is done about directory sync where the request to switch it off was answered so.
pub fn after_change(attempt: &Attempt) -> Reaction {
    let mut run = planned(World::new(1).with(|world| world.sync = true));
    let tenant = fixtures::id(TENANT);
    let intent = Intent::on(Step::Users, Action::SwitchSyncOff, vec![tenant]);
    let outcome = outcome(attempt, tenant);
    run.memory = std::mem::take(&mut run.memory).advance(&intent, &outcome, run.world.now);
    let (decided, _) = run.look();
    waited(attempt, Reaction::of(&decided.decision))
}

/// The core knows no pause of Microsoft's: the client has obeyed it.
fn waited(attempt: &Attempt, reaction: Reaction) -> Reaction {
    if attempt.throttled > 0 && reaction == Reaction::Retry {
        Reaction::Wait
    } else {
        reaction
    }
}
