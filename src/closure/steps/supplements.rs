//! Who came after the plan was made: planned on their own, approved on their own, deleted only then. What the plan covers
//! goes on meanwhile.

use crate::closure::decision::{Approval, Blocker, Dates, Decision, Standing};
use crate::closure::id::ObjectId;
use crate::closure::memory::Memory;
use crate::closure::observation::{Observation, Obstacle, Question, Users};
use crate::closure::plan::{Part, Plan, Sealed};
use crate::closure::steps::{administrators, approval, facts, planning};
use crate::closure::supplement::{MOST, Supplement, SupplementHead, SupplementRef};
use crate::closure::words::count;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// The reason while a supplement waits for its approval.
pub const GREW: &str = "PlanGrew";

/// Whoever is in the tenant and in no plan leads to a supplement; a new Global administrator never does. `None`: nobody.
pub fn grown(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
) -> Option<Decision> {
    let users = match listed(sealed, seen) {
        Ok(users) => users,
        Err(decision) => return Some(decision),
    };
    match administrators::among(sealed, users) {
        Ok(false) => {}
        Ok(true) => return Some(administrators::drift().blocks()),
        Err(decision) => return Some(decision),
    }
    let mut strangers = users.ids.iter();
    if !strangers.any(|id| is_new(plan, sealed, *id) && !plan.supplements.awaits(*id)) {
        return None;
    }
    let begun = memory.supplements.iter().filter(|one| one.begun()).count();
    Some(if begun < MOST {
        Decision::MakeSupplement
    } else {
        without_end().blocks()
    })
}

/// Somebody came while the plan is carried out, or changes were missed: then a listing tells who, long before the last one
/// would. Where nobody can say, the last one does; in External ID and B2C directories there is no change tracking
/// (graph/delta-query-overview). A supplement that waits is replaced no more often than the operator looks at what waits,
/// and one that is approved not at all: what adds users without end must not make listings and approvals without end.
///
/// # Errors
/// The decision to ask for it.
pub fn early(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Result<bool, Decision> {
    if plan.terms.directory_resource.is_some() {
        return Ok(false);
    }
    if let Some(read) = facts::unread(seen, &[Question::Newcomers]) {
        return Err(read);
    }
    let Some(newcomers) = seen.newcomers.known() else {
        return Ok(false);
    };
    let pause = SignedDuration::try_from(plan.terms.poll_at_most).unwrap_or(SignedDuration::MAX);
    let stays = |open: &SupplementRef| {
        let young = now.duration_since(open.made_at) < pause;
        young || lacking(plan, seen, open.ordinal, now).is_none()
    };
    if memory.open_supplement().is_some_and(stays) {
        return Ok(false);
    }
    let mut new = newcomers.ids.iter();
    Ok(newcomers.lost || new.any(|id| is_new(plan, sealed, *id) && !plan.supplements.awaits(*id)))
}

/// A complete listing of this cycle.
///
/// # Errors
/// The decision to read it, or to wait where it cannot be complete.
pub fn listed<'a>(sealed: &Sealed, seen: &'a Observation) -> Result<&'a Users, Decision> {
    let users = facts::known(&seen.users, Question::Users)?;
    if users.ids.binary_search(&sealed.head.retained).is_ok() {
        Ok(users)
    } else {
        Err(planning::incomplete())
    }
}

/// Neither planned nor allowed to stay.
fn is_new(plan: &Plan, sealed: &Sealed, id: ObjectId) -> bool {
    let head = &sealed.head;
    id != head.retained && Some(id) != head.spare && !plan.names(id)
}

/// The difference between what was observed and the plan with its supplements; `None` while a fact is missing, or where
/// there is none. It takes up whoever waits in a supplement that has not begun.
pub fn make(plan: &Plan, seen: &Observation, memory: &Memory) -> Option<Supplement> {
    let sealed = plan.sealed.as_ref()?;
    let users = listed(sealed, seen).ok()?;
    let new = users.ids.iter().filter(|id| is_new(plan, sealed, **id));
    let head = SupplementHead {
        supplements: sealed.digest.clone(),
        ordinal: memory.supplements.last().map_or(1, |last| last.ordinal + 1),
        tenant_id: sealed.head.tenant_id,
        user_count: 0,
    };
    let made = Supplement::seal(head, new.copied().collect());
    (!made.users.is_empty()).then_some(made)
}

/// The next users of a supplement that is approved, in its first pass.
pub fn next<'a>(
    plan: &'a Plan,
    seen: &Observation,
    memory: &'a Memory,
    now: Timestamp,
) -> Option<(u32, &'a [ObjectId])> {
    let mut all = unfinished(plan, memory);
    let (known, one) = all.find(|(known, _)| lacking(plan, seen, known.ordinal, now).is_none())?;
    let begin = usize::try_from(known.cursor).unwrap_or(usize::MAX);
    let left = one.users.get(begin..)?;
    Some((known.ordinal, left))
}

/// Before the first effect under a supplement it is looked once more whether a Global administrator is among those who
/// came: his deletion is nothing that an approval of users allows.
///
/// # Errors
/// The decision to read it, or that there is one.
pub fn may_begin(
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
    supplement: Option<u32>,
) -> Result<(), Decision> {
    let open = memory.open_supplement();
    if open.is_none_or(|open| Some(open.ordinal) != supplement) {
        return Ok(());
    }
    let users = listed(sealed, seen)?;
    if administrators::among(sealed, users)? {
        return Err(administrators::drift().blocks());
    }
    Ok(())
}

/// What a supplement that is not approved leads to, once there is nothing else left to do. `None`: none waits, or those
/// whom it names have gone by themselves.
pub fn waiting(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Decision> {
    unfinished(plan, memory).next()?;
    if let Some(decision) = grown(plan, sealed, seen, memory) {
        return Some(decision);
    }
    let there = &seen.users.known()?.ids;
    let still = |id: &ObjectId| there.binary_search(id).is_ok();
    let mut waiting = unfinished(plan, memory).filter(|(_, one)| one.users.iter().any(still));
    waiting.find_map(|(known, _)| {
        let lacking = lacking(plan, seen, known.ordinal, now)?;
        Some(told(known.users, lacking))
    })
}

/// Of these users, those of the first plan or supplement that is approved: an effect names one plan.
///
/// # Errors
/// What the approval leads to that all of them lack.
pub fn of_one_plan(
    plan: &Plan,
    seen: &Observation,
    now: Timestamp,
    users: &[ObjectId],
) -> Result<(Option<u32>, Vec<ObjectId>), Decision> {
    let mut parts: Vec<Part> = users.iter().filter_map(|id| plan.part(*id)).collect();
    parts.sort_unstable_by_key(|part| part.ordinal());
    parts.dedup();
    let mut wanting = None;
    for part in parts {
        let ordinal = part.ordinal();
        match ordinal.and_then(|ordinal| lacking(plan, seen, ordinal, now)) {
            None => {
                let here = users.iter().filter(|id| plan.part(**id) == Some(part));
                return Ok((ordinal, here.copied().collect()));
            }
            Some(decision) => {
                let users = ordinal.and_then(|n| plan.supplements.get(n));
                let users = users.map_or(0, |one| one.head.user_count);
                wanting.get_or_insert(told(users, decision));
            }
        }
    }
    wanting.map_or_else(|| Ok((None, Vec::new())), Err)
}

/// Supplements of which not all users were in a slice, oldest first.
fn unfinished<'a>(
    plan: &'a Plan,
    memory: &'a Memory,
) -> impl Iterator<Item = (&'a SupplementRef, &'a Arc<Supplement>)> {
    let left = memory.supplements.iter().filter(|s| s.cursor < s.users);
    left.filter_map(|known| Some((known, plan.supplements.get(known.ordinal)?)))
}

/// Some whom it names have been in a slice.
fn begun(plan: &Plan, ordinal: u32) -> bool {
    let mut begun = plan.supplements.begun.iter();
    begun.any(|one| one.head.ordinal == ordinal)
}

/// What the lack of an approval leads to; `None`: it is approved, now. A supplement of which no approvals were read is not.
fn lacking(plan: &Plan, seen: &Observation, ordinal: u32, now: Timestamp) -> Option<Decision> {
    match seen.cluster.supplements.get(&ordinal) {
        Some(approvals) => {
            let earlier = seen.cluster.earlier(now);
            approval::assess(approvals, begun(plan, ordinal), earlier).next
        }
        None => Some(Decision::AwaitApproval {
            reason: GREW,
            message: "its approvals were not read".to_owned(),
        }),
    }
}

/// The time of a supplement's approval runs out before all whom it names were in a slice: said a week ahead, as of the plan
/// itself.
pub fn expires_soon(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Standing> {
    let left = memory.verified_at.is_none();
    let mut ordinals = unfinished(plan, memory).filter(|_| left);
    ordinals.find_map(|(known, _)| {
        let approvals = seen.cluster.supplements.get(&known.ordinal)?;
        let mut standings = approval::assess(approvals, known.begun(), now).standings;
        let mut standing = standings.remove("Approved")?;
        if standing.reason != approval::EXPIRES_SOON {
            return None;
        }
        standing.message = format!("Of a supplementary plan: {}", standing.message);
        Some(standing)
    })
}

/// The wait for a person, told with the number that waits. Never as an approval that has only expired: the step stays.
fn told(users: u32, decision: Decision) -> Decision {
    match decision {
        Decision::AwaitApproval { message, .. } => Decision::AwaitApproval {
            reason: GREW,
            message: format!(
                "Not in the approved plan, and deleted only once the supplementary plan is approved: {}; {message}",
                count(users, "user")
            ),
        },
        other => other,
    }
}

/// The condition Approved while a supplement is what is waited for.
pub fn standing(next: Option<&Decision>) -> Option<Standing> {
    match next {
        Some(Decision::AwaitApproval { reason, message }) if *reason == GREW => {
            Some(Standing::no(GREW, message.clone()))
        }
        _ => None,
    }
}

/// How the approval of the supplement that has not begun stands, for the status.
pub fn approval(plan: &Plan, seen: &Observation) -> Option<Approval> {
    let open = plan.supplements.open.as_ref()?;
    let approvals = seen.cluster.supplements.get(&open.head.ordinal);
    approvals.map(approval::counted)
}

/// That a supplement waits, while the plan goes on.
pub fn blocker(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Blocker> {
    let mut all = unfinished(plan, memory);
    let (known, _) = all.find(|(known, _)| lacking(plan, seen, known.ordinal, now).is_some())?;
    Some(Blocker {
        check: "Supplement".to_owned(),
        state: "blocked",
        remedy: format!(
            "Read who came after the plan was made ({}) and approve them, or see that they go: kubectl tenant-closure plan, \
             kubectl tenant-closure approve",
            count(known.users, "user")
        ),
        link: String::new(),
        who: "person",
        dates: Dates::default(),
    })
}

fn without_end() -> Obstacle {
    Obstacle::new(
        "PlanDrift",
        "Again and again users come after the plan was made and approved",
        "Find out what adds them and stop it, then delete these users in the admin center, and the closure goes on",
    )
}
