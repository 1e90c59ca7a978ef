//! Step 1: directory sync off, then every user but the one who finishes (and the spare one) deleted.

use crate::closure::decision::{Assessment, Blocker, Dates, Decision, HandOff, Standing, Waiting};
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent};
use crate::closure::links;
use crate::closure::memory::{Asked, LISTINGS_APART, Memory};
use crate::closure::observation::{Observation, Obstacle, Question};
use crate::closure::plan::{Plan, Sealed};
use crate::closure::schedule;
use crate::closure::step::Step;
use crate::closure::steps::{
    administrators, facts, planning, refused, renewal, roles, supplements,
};
use crate::closure::terms::Terms;
use crate::closure::words::{count, len, thousands};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Switching directory sync off takes at most this long
/// (learn.microsoft.com `microsoft-365/enterprise/turn-off-directory-synchronization`).
pub const SYNC_OFF_TAKES: SignedDuration = SignedDuration::from_hours(72);
/// The hand-off that asks for the accounts to be deleted where they are synced from.
pub const IN_ACTIVE_DIRECTORY: &str = "DeleteInActiveDirectory";
/// Slices in a row that moved nothing before the fuse blows.
const FUSE: u32 = 2;
/// Listings in a row that still show accepted users before they are deleted once more.
const PATIENCE: u32 = 5;
/// Listings in a row that still show accepted users before a person is told: they were deleted three times by then.
const TOLD: u32 = 3 * PATIENCE;

/// Where step 1 stands.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Assessment {
    let Some(sealed) = &plan.sealed else {
        return Assessment::now_do(planning::ask_then_plan(plan, seen, "FirstPlan"));
    };
    let (done, all) = progress(plan, memory);
    if memory.verified_at.is_some() {
        return with_renewal(plan, Assessment::done())
            .standing("DirectorySyncDisabled", sync_is_off(memory))
            .standing("UsersDeleted", verified(memory))
            .progress(all, all);
    }
    if super::past(Step::Users, memory) {
        return Assessment::now_do(never_back().blocks());
    }
    let renewing = renewal::assess(plan, sealed, seen, memory, now);
    let mut blockers = in_the_way(plan, seen, memory);
    blockers.extend(supplements::blocker(plan, seen, memory, now));
    let assessment = match renewing {
        Some(mut renewing) => {
            blockers.append(&mut renewing.blockers);
            renewing
        }
        None => with_renewal(plan, now_users(plan, sealed, seen, memory, now)),
    };
    let grown = supplements::standing(assessment.next.as_ref());
    let assessment = match grown {
        Some(standing) => assessment.standing("Approved", standing),
        None => assessment,
    };
    assessment
        .standing("UsersDeleted", deleting(plan, memory))
        .progress(done, all)
        .blocked_by(blockers)
}

/// Directory sync, then the users themselves.
fn now_users(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Assessment {
    sync(plan, seen, memory, now).unwrap_or_else(|| {
        let next = delete(plan, sealed, seen, memory, now);
        Assessment::now_do(next).standing("DirectorySyncDisabled", sync_is_off(memory))
    })
}

fn with_renewal(plan: &Plan, assessment: Assessment) -> Assessment {
    if plan.terms.stop_renewal_first {
        assessment.standing("RenewalStopped", renewal::stopped())
    } else {
        assessment
    }
}

/// Who is in the way, by object id.
fn in_the_way(plan: &Plan, seen: &Observation, memory: &Memory) -> Vec<Blocker> {
    let mut blockers = refused::blockers(plan, seen, memory);
    if memory.dirty >= TOLD {
        let listed = memory.again.iter();
        let listed = listed.filter(|id| !refused::contains(memory, **id));
        let words = "Is still listed: delete by hand, or ask Microsoft support";
        let told = listed.map(|id| (*id, words.to_owned())).collect();
        blockers.extend(refused::named(plan, told));
    }
    blockers
}

/// A later step began, so two listings must have agreed; a journal that knows of none was altered.
fn never_back() -> Obstacle {
    Obstacle::new(
        "HistoryRollback",
        "A later step has begun, but the journal lacks the proof that all users are gone",
        "Do not go on with this closure: compare the journal with a copy of it, then delete the closure and create it again",
    )
}

/// The condition once two listings agreed.
pub fn verified(memory: &Memory) -> Standing {
    let planned = memory.plan.as_ref().map_or(0, |plan| plan.users);
    let begun = memory.supplements.iter().filter(|one| one.begun());
    let planned = begun.fold(planned, |sum, one| sum.saturating_add(one.users));
    let message = format!(
        "{} of the plan gone; two complete listings show only who may stay",
        count(planned, "user")
    );
    Standing::yes("VerifiedTwice", message)
}

/// The condition once directory sync is off.
pub fn sync_is_off(memory: &Memory) -> Standing {
    if memory.sync_off.is_some() {
        Standing::yes("SwitchedOff", "Directory sync was switched off")
    } else {
        Standing::yes("NeverEnabled", "Directory sync was already off")
    }
}

/// Users of the plan and its supplements that are done, and all of them.
pub fn progress(plan: &Plan, memory: &Memory) -> (u32, u32) {
    let all = plan.users();
    let open = refused::known(memory).saturating_add(memory.unanswered);
    let open = open.max(len(&memory.again));
    (memory.passed().min(all).saturating_sub(open), all)
}

fn deleting(plan: &Plan, memory: &Memory) -> Standing {
    let (done, all) = progress(plan, memory);
    let (done, all) = (thousands(done), count(all, "user"));
    let message = match refused::known(memory) {
        0 => format!("{done} of {all} deleted, none failed"),
        n => format!("{done} of {all} deleted, {} refused", thousands(n)),
    };
    Standing::no("InProgress", message)
}

/// Sync must be off before the first user goes: what is deleted while it runs comes back.
fn sync(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Option<Assessment> {
    match facts::known(&seen.organization, Question::Organization) {
        Err(undecided) => return Some(Assessment::now_do(undecided)),
        Ok(organization) if !organization.sync_enabled => return None,
        Ok(_) => {}
    }
    let switch = || {
        let pause = schedule::pause_in(Step::Users, memory, &plan.terms, now);
        pause.map_or_else(
            || {
                let tenant = vec![plan.terms.tenant_id];
                Decision::Act(Intent::on(Step::Users, Action::SwitchSyncOff, tenant))
            },
            |rest| unanswered("Switching directory sync off got no answer", rest),
        )
    };
    let next = match &memory.sync_off {
        None => match may_switch(seen) {
            Ok(true) => switch(),
            Ok(false) => Decision::HandOff(sync_roads()),
            Err(undecided) => undecided,
        },
        Some(asked) if asked.refused.is_some() => {
            if now < tried_again_at(plan, memory, asked) {
                Decision::HandOff(sync_roads())
            } else {
                switch()
            }
        }
        Some(asked) => match asked.at.checked_add(SYNC_OFF_TAKES) {
            Ok(end) if now < end => waiting_sync(end),
            _ => switch(),
        },
    };
    let message = "Directory sync is still on";
    Some(
        Assessment::now_do(next)
            .standing("DirectorySyncDisabled", Standing::no("InProgress", message)),
    )
}

/// When a switch that was refused is tried again: a role that was given a moment ago may act only minutes later, and one may be
/// given in place of what the hand-off asks for. After as long again as it has been tried for, so a week of refusals is
/// ten tries, not a thousand.
fn tried_again_at(plan: &Plan, memory: &Memory, asked: &Asked) -> Timestamp {
    let begun = memory.started.get(&Step::Users).copied();
    let tried_for = asked.at.duration_since(begun.unwrap_or(asked.at));
    let longest = SignedDuration::try_from(plan.terms.poll_at_most).unwrap_or(SignedDuration::MAX);
    asked
        .at
        .saturating_add(tried_for.max(longest))
        .unwrap_or(Timestamp::MAX)
}

/// Without the permission nothing is tried: a person switches it off.
fn may_switch(seen: &Observation) -> Result<bool, Decision> {
    let identity = facts::known(&seen.identity, Question::Identity)?;
    Ok(identity.permissions.contains("Organization.ReadWrite.All"))
}

fn waiting_sync(end: Timestamp) -> Decision {
    Waiting::new(
        "WaitingSyncOff",
        "Directory sync is being switched off; Microsoft takes up to 72 hours, which cannot be shortened or canceled",
    )
    .until(Some(end))
    .into()
}

fn sync_roads() -> Vec<HandOff> {
    let noticed = "The operator reads whether directory sync is on, and goes on by itself";
    let what = "Switch directory sync off as a Hybrid Identity Administrator, in the admin center or with Microsoft Graph PowerShell: \
                Update-MgOrganization -OrganizationId (Get-MgOrganization).Id -BodyParameter @{onPremisesSyncEnabled=$false}";
    let or = "Or delete the accounts in Active Directory, let the sync run, then switch it off: \
              users that vanish this way count as deleted";
    [("SwitchSyncOff", what), (IN_ACTIVE_DIRECTORY, or)]
        .into_iter()
        .map(|(key, what)| HandOff {
            key,
            what: what.to_owned(),
            link: links::SYNC_OFF.to_owned(),
            noticed: noticed.to_owned(),
            dates: Dates::default(),
        })
        .collect()
}

fn delete(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Decision {
    if let Err(decision) = may_delete(plan, seen) {
        return decision;
    }
    let early = match supplements::early(plan, sealed, seen, memory, now) {
        Ok(early) => early,
        Err(read) => return read,
    };
    if (early || memory.strangers > 0)
        && let Some(decision) = supplements::grown(plan, sealed, seen, memory)
    {
        return decision;
    }
    if let Some((supplement, left)) = untouched(plan, sealed, seen, memory, now) {
        if supplement.is_some()
            && let Err(decision) = supplements::may_begin(sealed, seen, memory, supplement)
        {
            return decision;
        }
        return first_pass(plan, supplement, left, memory, now);
    }
    if !memory.again.is_empty() {
        return take_up(plan, seen, memory, now);
    }
    // Whose deletion got no answer is known by a listing alone: it comes before anything waits for a person.
    let settled = memory.unanswered == 0;
    let waiting = settled.then(|| supplements::waiting(plan, sealed, seen, memory, now));
    waiting.flatten().unwrap_or_else(|| list(plan, memory, now))
}

/// The next users who were in no slice yet, all of the plan or all of one supplement. The other Global administrators go
/// in slices of their own, after everybody else who is approved: until then they could help.
fn untouched<'a>(
    plan: &'a Plan,
    sealed: &'a Sealed,
    seen: &Observation,
    memory: &'a Memory,
    now: Timestamp,
) -> Option<(Option<u32>, &'a [ObjectId])> {
    let begin = usize::try_from(memory.cursor).unwrap_or(usize::MAX);
    let of_plan = |from: usize, to: usize| {
        let left = sealed.users.get(from..to);
        left.filter(|left| !left.is_empty())
            .map(|left| (None, left))
    };
    of_plan(begin, sealed.ordinary())
        .or_else(|| {
            let (supplement, left) = supplements::next(plan, seen, memory, now)?;
            Some((Some(supplement), left))
        })
        .or_else(|| of_plan(begin, sealed.users.len()))
}

/// The permissions can be taken away in the middle: without them every request would be refused.
fn may_delete(plan: &Plan, seen: &Observation) -> Result<(), Decision> {
    if let Some(read) = facts::unread(seen, &[Question::Identity]) {
        return Err(read);
    }
    facts::known(&seen.identity, Question::Identity)?;
    let mut needs = roles::table(plan, seen);
    needs.retain(|need| need.step == Step::Users);
    match roles::missing(&needs) {
        Some(obstacle) => Err(obstacle.blocks()),
        None => Ok(()),
    }
}

fn first_pass(
    plan: &Plan,
    supplement: Option<u32>,
    left: &[ObjectId],
    memory: &Memory,
    now: Timestamp,
) -> Decision {
    let terms = &plan.terms;
    let refused = memory.fruitless >= FUSE && !memory.refused.is_empty();
    if refused || silent(memory, terms) {
        if schedule::told(memory, terms, now) {
            return if refused {
                refused::fuse(terms.cloud, memory)
            } else {
                refused::no_answer()
            };
        }
    } else if let Some(rest) = pause(memory.fruitless, memory, plan, now) {
        return unanswered("Microsoft did not take the newest deletions", rest);
    }
    slice(plan, supplement, left)
}

/// Whole slices got no answer until the pause between them had grown to its longest, and went on getting none.
fn silent(memory: &Memory, terms: &Terms) -> bool {
    let before = schedule::back_off(memory.fruitless.saturating_sub(1), terms.poll_at_most);
    memory.fruitless >= FUSE && before >= terms.poll_at_most
}

/// What is left of the pause after so many tries.
fn pause(times: u32, memory: &Memory, plan: &Plan, now: Timestamp) -> Option<Duration> {
    let pause = schedule::back_off(times, plan.terms.poll_at_most);
    schedule::rest(memory, pause, now)
}

/// A slice of these users, who stand in the plan or in one supplement.
pub fn slice(plan: &Plan, supplement: Option<u32>, ids: &[ObjectId]) -> Decision {
    let size = plan.terms.slice.clamp(1, 400).min(ids.len());
    let objects = ids.iter().take(size).copied().collect();
    Decision::Act(Intent {
        supplement,
        ..Intent::on(Step::Users, Action::DeleteUsers, objects)
    })
}

fn unanswered(message: &str, rest: Duration) -> Decision {
    Waiting::new("MicrosoftUnavailable", message)
        .again_in(rest)
        .into()
}

/// A complete listing, recorded; two clean ones far enough apart are the proof.
fn list(plan: &Plan, memory: &Memory, now: Timestamp) -> Decision {
    let between = memory.clean_since.map_or(Duration::ZERO, |first| {
        let left = LISTINGS_APART.saturating_sub(now.duration_since(first));
        Duration::try_from(left).unwrap_or(Duration::ZERO)
    });
    // Who was new in the newest listing and is not seen now: readers do not agree, which takes them a while.
    let unsettled = memory.strangers > 0 || memory.awaiting > 0;
    let times = if unsettled { memory.dirty } else { 0 };
    let times = memory.inconclusive.max(times);
    let rest = pause(times, memory, plan, now).unwrap_or_default();
    let rest = rest.max(between);
    if rest.is_zero() {
        return Decision::Act(Intent::on(Step::Users, Action::VerifyUsers, Vec::new()));
    }
    Waiting::new(
        "VerifyingUsers",
        "All planned users were deleted; a second listing must agree with the first",
    )
    // A little more than what is left, so that one look suffices.
    .again_in(rest + Duration::from_millis(100))
    .into()
}

/// A listing still showed planned users: lost answers are repeated, replicas waited for, refusals told.
fn take_up(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Decision {
    let open: Vec<ObjectId> = memory
        .again
        .iter()
        .filter(|id| plan.names(**id) && !refused::contains(memory, **id))
        .copied()
        .collect();
    let told = schedule::told(memory, &plan.terms, now);
    if memory.unanswered > 0 && silent(memory, &plan.terms) && told {
        return refused::no_answer();
    }
    let (supplement, open) = match supplements::of_one_plan(plan, seen, now, &open) {
        Ok(of_one_plan) => of_one_plan,
        Err(unapproved) => return unapproved,
    };
    if open.is_empty() || refused::full(memory) {
        return refused::assess(plan, seen, memory, now);
    }
    // Readers that lag have caught up by then: somebody has restored him.
    let restored = memory.unanswered == 0
        && memory.dirty >= PATIENCE
        && open.iter().any(|id| plan.names_administrator(*id));
    let repeat = !restored && (memory.unanswered > 0 || memory.dirty.is_multiple_of(PATIENCE));
    let times = if memory.unanswered > 0 {
        memory.fruitless
    } else {
        memory.dirty
    };
    match pause(times, memory, plan, now) {
        Some(rest) if memory.unanswered > 0 => {
            unanswered("Microsoft did not take the newest deletions", rest)
        }
        Some(_) if restored => administrators::restored().blocks(),
        Some(_) if memory.dirty >= TOLD => still_listed(open.len()).blocks(),
        Some(rest) => Waiting::new(
            "WaitingReplica",
            "Some deleted users are still listed; readers catch up by themselves",
        )
        .again_in(rest)
        .into(),
        None if repeat => slice(plan, supplement, &open),
        None => Decision::Act(Intent::on(Step::Users, Action::VerifyUsers, Vec::new())),
    }
}

/// Deleted several times, each time accepted, and there all the same: no reader lags for so long.
fn still_listed(users: usize) -> Obstacle {
    let users = u32::try_from(users).unwrap_or(u32::MAX);
    Obstacle::new(
        "UsersStillListed",
        format!(
            "Still listed although Microsoft took the deletion several times: {}",
            count(users, "user")
        ),
        "Look for them in the admin center: delete by hand who is there, and ask Microsoft support about who is not; \
         they are looked for again by itself",
    )
}
