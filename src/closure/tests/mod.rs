//! Table tests of the core, one file a subject, and whole runs against a tenant that is a value.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]
#![allow(clippy::type_complexity, clippy::semicolon_if_nothing_returned)] // tables read better so

mod acceptance;
mod access;
mod ahead;
mod approval;
mod backup;
mod deadlines;
mod deleting;
mod deprovision;
mod directory;
mod disabling;
mod domains;
mod end_game;
mod estimates;
mod evidence;
mod guards;
mod inventory;
mod lifecycles;
mod losses;
mod mail;
mod pauses;
mod policy;
mod preconditions;
mod renewal;
mod reports;
mod residue;
mod runs;
mod setbacks;
mod strangers;
mod subscriptions;
mod supplements;
mod switches;
mod units;
mod users;

use crate::closure::decide::decide;
use crate::closure::decision::{Decided, Decision};
use crate::closure::fixtures::{Run, World};
use crate::closure::memory::Memory;
use crate::closure::observation::{Observation, Question};
use crate::closure::terms::Mode;

/// A run whose plan is made and whose first effect is next.
fn planned(world: World) -> Run {
    let mut run = Run::of(world);
    run.until(false, 10, |d| {
        matches!(d.decision, Decision::MakePlan { .. })
    });
    run
}

/// A run in which all users are verified gone.
fn verified(world: World) -> Run {
    let mut run = Run::of(world);
    for _ in 0..200 {
        if run.memory.verified_at.is_some() {
            return run;
        }
        run.cycle(true);
    }
    panic!("users are not gone: {:?}", run.told.last());
}

/// Everything that can be read, read.
fn all_seen(world: &mut World, memory: &Memory) -> Observation {
    let mut seen = world.base();
    for question in [
        Question::Organization,
        Question::Identity,
        Question::Administrators,
        Question::AdministratorGroups,
        Question::RoleHolders,
        Question::Ends,
        Question::Rights,
        Question::Users,
        Question::Newcomers,
        Question::Subscriptions,
        Question::Mfa,
        Question::RecycleBin,
        Question::SecurityDefaults,
        Question::ConditionalAccess,
        Question::Applications,
        Question::Domains,
        Question::Losses,
        Question::Mail,
        Question::RestrictedUnits,
        Question::External,
        Question::DomainServices,
        Question::Directory,
        Question::Refused,
    ] {
        world.answer(question, memory, &mut seen);
    }
    seen
}

/// Decides on everything that can be read, after a change of what is seen.
fn decided(run: &mut Run, change: impl FnOnce(&mut Observation)) -> Decided {
    run.plan.terms = run.world.terms.clone();
    let mut seen = all_seen(&mut run.world, &run.memory);
    change(&mut seen);
    decide(&run.plan, &seen, &run.memory, run.world.now)
}

/// The reason that a decision gives.
fn reason(decided: &Decided) -> &'static str {
    match &decided.decision {
        Decision::Blocked(list) => {
            for obstacle in list {
                assert!(!obstacle.message.is_empty() && !obstacle.remedy.is_empty());
            }
            list[0].reason
        }
        Decision::Wait(waiting) => waiting.reason,
        Decision::HandOff(list) => list[0].key,
        Decision::AwaitApproval { reason, .. } | Decision::MakePlan { reason } => reason,
        Decision::MakeSupplement => "MakeSupplement",
        Decision::Act(intent) => intent.action.name(),
        Decision::Read(_) => "Read",
        Decision::WriteInventory => "WriteInventory",
        Decision::Planned => "Planned",
        Decision::Suspended => "Suspended",
        Decision::Closed => "Closed",
    }
}
