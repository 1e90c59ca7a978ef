//! Users that Microsoft refuses to delete: who is still there, why, and what to do.

use crate::closure::decision::{Blocker, Decision};
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent, Refusal};
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Fact, Observation, Obstacle, Question};
use crate::closure::plan::Plan;
use crate::closure::schedule;
use crate::closure::step::Step;
use crate::closure::steps::{facts, supplements, users};
use crate::closure::words::count;
use jiff::Timestamp;

/// Users told by id in the status; the journal's newest record knows them all.
const SHOWN: usize = 20;

/// How many refused users are known.
pub fn known(memory: &Memory) -> u32 {
    let lists = memory.refused.iter().map(|refusal| refusal.objects.len());
    u32::try_from(lists.sum::<usize>()).unwrap_or(u32::MAX)
}

/// Was this one refused?
pub fn contains(memory: &Memory, id: ObjectId) -> bool {
    memory
        .refused
        .iter()
        .any(|refusal| refusal.objects.contains(&id))
}

/// No more ids fit: some that were refused may not be known as such.
pub fn full(memory: &Memory) -> bool {
    known(memory) >= 400
}

/// Only refused users are left: told, and tried again after a while.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Decision {
    if let Some(read) = facts::unread(seen, &[Question::Refused]) {
        return read;
    }
    let still = match facts::known(&seen.still_there, Question::Refused) {
        Ok(still) => still,
        Err(decision) => return decision,
    };
    let left: Vec<ObjectId> = still
        .iter()
        .filter(|id| plan.names(**id) && contains(memory, **id))
        .copied()
        .collect();
    if left.is_empty() {
        return Decision::Act(Intent::on(Step::Users, Action::VerifyUsers, Vec::new()));
    }
    // Every try costs a record: the pause starts at half a minute.
    let pause = schedule::back_off(memory.fruitless.saturating_add(5), plan.terms.poll_at_most);
    if schedule::rest(memory, pause, now).is_some() {
        return told(memory, &left);
    }
    match supplements::of_one_plan(plan, seen, now, &left) {
        Ok((supplement, objects)) => users::slice(plan, supplement, &objects),
        Err(unapproved) => unapproved,
    }
}

fn told(memory: &Memory, left: &[ObjectId]) -> Decision {
    let obstacles = memory.refused.iter().filter_map(|refusal| {
        let here = refusal
            .objects
            .iter()
            .filter(|id| left.contains(id))
            .count();
        let here = u32::try_from(here).unwrap_or(u32::MAX);
        (here > 0).then(|| obstacle(refusal, here))
    });
    Decision::Blocked(obstacles.collect())
}

/// Who was refused, by object id, with Microsoft's code and the remedy.
pub fn blockers(plan: &Plan, seen: &Observation, memory: &Memory) -> Vec<Blocker> {
    let there = |id: &&ObjectId| match &seen.still_there {
        Fact::Known(still) => still.contains(id),
        Fact::NotRead | Fact::Unreadable(_) => true,
    };
    let mut all = Vec::new();
    for refusal in &memory.refused {
        let (code, status) = (&refusal.code, refusal.status);
        let words = format!("{code} (HTTP {status}). {}", remedy(refusal));
        let here = refusal.objects.iter().filter(there);
        all.extend(here.map(|id| (*id, words.clone())));
    }
    named(plan, all)
}

/// Users with what is to be done about each: some by name, the others counted.
pub fn named(plan: &Plan, mut users: Vec<(ObjectId, String)>) -> Vec<Blocker> {
    users.sort_unstable();
    let more = u32::try_from(users.len().saturating_sub(SHOWN)).unwrap_or(u32::MAX);
    let mut told: Vec<(String, String)> = users
        .into_iter()
        .take(SHOWN)
        .map(|(id, words)| (format!("User {id}"), words))
        .collect();
    if more > 0 {
        let words = "The newest records of the journal name them";
        told.push((format!("{} more", count(more, "user")), words.to_owned()));
    }
    let blocker = |(check, remedy)| Blocker {
        check,
        state: "failed",
        remedy,
        link: links::active_users(plan.terms.cloud).to_owned(),
        who: "person",
    };
    told.into_iter().map(blocker).collect()
}

fn obstacle(refusal: &Refusal, here: u32) -> Obstacle {
    let message = format!(
        "{} could not be deleted: {} (HTTP {})",
        count(here, "user"),
        refusal.code,
        refusal.status
    );
    Obstacle::new("UsersRefused", message, remedy(refusal))
}

/// What a person does about a refusal.
pub fn remedy(refusal: &Refusal) -> &'static str {
    match (refusal.status, refusal.code.as_str()) {
        (_, "insufficient_claims") => {
            "A Conditional Access policy or a protected action asks for a person: exclude the application's service principal \
             from it, or delete them by hand in the admin center"
        }
        (
            _,
            "Request_MultipleObjectsWithSameKeyValue"
            | "ObjectConflict"
            | "nameAlreadyExists"
            | "Directory_QuotaExceeded",
        ) => {
            "Something else in the directory stands in the way: look at it in the admin center and remove it, or delete them \
             by hand there"
        }
        (403, _) | (_, "Authorization_RequestDenied") => {
            "If they hold administrator roles, take the roles away or grant the application's service principal the role \
             Privileged Authentication Administrator; if they are in a restricted management administrative unit, remove \
             them from it or delete the unit and wait half an hour"
        }
        (400, _) => {
            "If they are synced from on-premises, switch directory sync off or delete them in Active Directory; \
             otherwise delete them by hand in the admin center"
        }
        (409 | 412, _) => {
            "Another change to the same users is under way; it is tried again by itself"
        }
        _ => {
            "Delete them by hand in the admin center, or ask Microsoft support with the error code"
        }
    }
}

/// Whole slices were refused: going on would only repeat that.
pub fn fuse(memory: &Memory) -> Obstacle {
    let worst = memory
        .refused
        .iter()
        .max_by_key(|refusal| refusal.objects.len());
    let (code, remedy) = worst.map_or(("no code", ""), |refusal| {
        (refusal.code.as_str(), remedy(refusal))
    });
    let message = format!("Whole groups of users were refused, lately with {code}");
    Obstacle::new("FailureFuse", message, remedy)
}
