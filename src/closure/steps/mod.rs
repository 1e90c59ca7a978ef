//! One file a step; each answers whether it is done and, if not, what is next.

pub mod acceptance;
pub mod administrators;
pub mod afterwards;
pub mod approval;
pub mod backup;
pub mod cancel_subscriptions;
pub mod checks;
pub mod credential;
pub mod delete_directory;
pub mod delete_subscriptions;
pub mod deprovision;
pub mod disable_mfa;
pub mod domains;
pub mod end_game;
pub mod facts;
pub mod inventory;
pub mod keeper;
pub mod losses;
pub mod mail;
pub mod planning;
pub mod policy;
pub mod preconditions;
pub mod refused;
pub mod release_domains;
pub mod renewal;
pub mod roles;
pub mod sold;
pub mod subscriptions;
pub mod supplements;
pub mod term_ahead;
pub mod units;
pub mod users;

use crate::closure::decision::Assessment;
use crate::closure::memory::Memory;
use crate::closure::observation::Observation;
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use jiff::Timestamp;

/// The step in which the newest intent was, as far as the journal tells; step 0 before any.
pub fn current(memory: &Memory) -> Step {
    let newest = memory.started.keys().next_back();
    let newest = newest.copied().unwrap_or(Step::Preconditions);
    if memory.verified_at.is_some() {
        // Step 1 is proven: what follows may be in a person's hands, which leaves no record.
        newest.max(Step::CancelSubscriptions)
    } else {
        newest
    }
}

/// True once a later step has begun: what was seen done then is not gone back to.
pub fn past(step: Step, memory: &Memory) -> bool {
    memory.started.keys().any(|begun| *begun > step)
}

/// Asks one step.
pub fn assess(
    step: Step,
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Assessment {
    match step {
        Step::Preconditions => preconditions::assess(plan, seen, memory, now),
        Step::Users => users::assess(plan, seen, memory, now),
        Step::CancelSubscriptions => {
            if let Some(domains) = release_domains::assess(plan, seen, memory, now) {
                renewal::before_domains(plan, seen, memory, now, domains)
            } else {
                let assessment = cancel_subscriptions::assess(plan, seen, memory, now);
                release_domains::told_in(plan, assessment)
            }
        }
        Step::DeleteSubscriptions => delete_subscriptions::assess(plan, seen, memory, now),
        Step::DisableMfa => disable_mfa::assess(plan, seen, memory, now),
        Step::DeleteDirectory => delete_directory::assess(plan, seen, memory, now),
    }
}
