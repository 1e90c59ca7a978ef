//! Users that Microsoft refuses to delete: who is still there, why, and what to do.

use crate::closure::decision::{Blocker, Dates, Decision, HandOff, Waiting};
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent, Refusal};
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Fact, Observation, Obstacle, Question};
use crate::closure::plan::Plan;
use crate::closure::schedule;
use crate::closure::step::Step;
use crate::closure::steps::{facts, policy, supplements, users};
use crate::closure::terms::Cloud;
use crate::closure::words::count;
use jiff::Timestamp;

/// The hand-off where a person deletes them himself, or changes what keeps them.
pub const BY_HAND: &str = "DeleteUsersByHand";

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
        // Somebody else deleted them. A listing that lags behind costs a record each time that it is read.
        let pause = schedule::back_off(memory.dirty, plan.terms.poll_at_most);
        if let Some(rest) = schedule::rest(memory, pause, now) {
            let message =
                "Users that were deleted by hand are still listed; readers catch up by themselves";
            return Waiting::new("WaitingReplica", message)
                .again_in(rest)
                .into();
        }
        return Decision::Act(Intent::on(Step::Users, Action::VerifyUsers, Vec::new()));
    }
    // Every try costs a record: the pause starts at half a minute.
    let pause = schedule::back_off(memory.fruitless.saturating_add(5), plan.terms.poll_at_most);
    if schedule::rest(memory, pause, now).is_some() {
        return told(plan.terms.cloud, memory, &left);
    }
    match supplements::of_one_plan(plan, seen, now, &left) {
        Ok((supplement, objects)) => users::slice(plan, supplement, &objects),
        Err(unapproved) => unapproved,
    }
}

fn told(cloud: Cloud, memory: &Memory, left: &[ObjectId]) -> Decision {
    let here = memory.refused.iter().filter_map(|refusal| {
        let here = refusal.objects.iter().filter(|id| left.contains(id));
        let here = u32::try_from(here.count()).unwrap_or(u32::MAX);
        (here > 0).then(|| {
            let message = format!(
                "{} could not be deleted: {}",
                count(here, "user"),
                named_code(refusal)
            );
            (refusal, message)
        })
    });
    decision(cloud, &here.collect::<Vec<_>>())
}

/// What follows from refusals, each with what it is told with. Where a right would help, or nobody knows what would, that
/// comes first; else everything is in a person's hands.
pub fn decision(cloud: Cloud, refusals: &[(&Refusal, String)]) -> Decision {
    let by_person =
        |refusal: &Refusal| matches!(help(refusal), Help::Lift | Help::Clear | Help::ByHand);
    if refusals.iter().all(|(refusal, _)| by_person(refusal)) {
        let mut rows: Vec<HandOff> = Vec::new();
        for (refusal, message) in refusals {
            let one = hand_off(cloud, refusal, message);
            match rows.iter_mut().find(|known| known.key == one.key) {
                Some(known) => known.what = format!("{message}. {}", known.what),
                None => rows.push(one),
            }
        }
        return Decision::HandOff(rows);
    }
    let mut obstacles: Vec<Obstacle> = refusals
        .iter()
        .map(|(refusal, message)| {
            let reason = match help(refusal) {
                Help::Unknown => "NotSupported",
                _ => "UsersRefused",
            };
            Obstacle::new(reason, message.clone(), remedy(refusal))
        })
        .collect();
    obstacles.sort_by_key(|one| one.reason != "UsersRefused");
    Decision::Blocked(obstacles)
}

fn hand_off(cloud: Cloud, refusal: &Refusal, message: &str) -> HandOff {
    match help(refusal) {
        Help::Lift => policy::lift(message),
        Help::Clear => policy::clear(message),
        Help::Right | Help::ByHand | Help::Unknown => HandOff {
            key: BY_HAND,
            what: format!("{message}. {}", remedy(refusal)),
            link: links::active_users(cloud).to_owned(),
            noticed: "The operator looks whether they are still there, tries again from time to time, and goes on by itself"
                .to_owned(),
            dates: Dates::default(),
        },
    }
}

fn named_code(refusal: &Refusal) -> String {
    format!("{} (HTTP {})", refusal.code, refusal.status)
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
        dates: Dates::default(),
    };
    told.into_iter().map(blocker).collect()
}

/// Who helps where Microsoft refuses an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Help {
    /// Who grants a right.
    Right,
    /// Who lifts a policy.
    Lift,
    /// Who removes what stands in the way.
    Clear,
    /// Who does it himself, or changes the object.
    ByHand,
    /// Nobody knows: the request does not fit this service.
    Unknown,
}

fn help(refusal: &Refusal) -> Help {
    match (refusal.status, refusal.code.as_str()) {
        (_, code) if policy::asks(code) => Help::Lift,
        (_, code) if policy::in_the_way(code) => Help::Clear,
        (403, _) | (_, "Authorization_RequestDenied") => Help::Right,
        (400, "Request_BadRequest") => Help::ByHand,
        _ => Help::Unknown,
    }
}

/// What a person does about a refusal.
pub fn remedy(refusal: &Refusal) -> &'static str {
    match help(refusal) {
        Help::Lift => {
            "A Conditional Access policy or a protected action asks for a person: exclude the application's service principal \
             from it, or delete them by hand in the admin center"
        }
        Help::Clear => {
            "Something else in the directory stands in the way: look at it in the admin center and remove it, or delete them \
             by hand there"
        }
        Help::Right => {
            "If they hold administrator roles, or are members or owners of a group to which roles can be assigned, take that \
             away or grant the application's service principal the role Privileged Authentication Administrator; if they are in a restricted management administrative unit, remove \
             them from it or delete the unit and wait half an hour. What was granted a moment ago may take effect minutes later: \
             they are tried again by itself"
        }
        Help::ByHand => {
            "If they are synced from on-premises, switch directory sync off or delete them in Active Directory; \
             otherwise delete them by hand in the admin center"
        }
        Help::Unknown => {
            "Delete them by hand in the admin center, or ask Microsoft support with the error code"
        }
    }
}

/// Whole slices got no answer for long: who looks is told, though nothing else is done than before.
pub fn no_answer() -> Decision {
    let message = "Whole groups of users got no answer that counts, again and again, and none of them was seen to be deleted";
    let remedy = "Look at Microsoft's service health, and at what lies between the operator and Microsoft (proxy, firewall, its network \
                  policy); they are tried again by itself";
    Obstacle::new("FailureFuse", message, remedy).blocks()
}

/// Whole slices were refused: going on would only repeat that.
pub fn fuse(cloud: Cloud, memory: &Memory) -> Decision {
    let worst = memory
        .refused
        .iter()
        .max_by_key(|refusal| refusal.objects.len());
    let message = |code: &str| format!("Whole groups of users were refused, lately with {code}");
    let Some(refusal) = worst else {
        return Obstacle::new("FailureFuse", message("no code"), "").blocks();
    };
    let message = message(&refusal.code);
    match decision(cloud, &[(refusal, message.clone())]) {
        Decision::Blocked(_) => Obstacle::new("FailureFuse", message, remedy(refusal)).blocks(),
        handed_over => handed_over,
    }
}
