//! Step 5: the delete-tenant checks, then the directory itself: by a call where there is one, else by a person.

use crate::closure::checks::ONLY_OURS;
use crate::closure::decision::{Assessment, Decision, Standing, Waiting};
use crate::closure::guards;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent};
use crate::closure::links;
use crate::closure::memory::{Asked, Memory};
use crate::closure::observation::{
    Application, Existence, Fact, Lifecycle, Observation, Obstacle, Question,
};
use crate::closure::plan::{Plan, Sealed};
use crate::closure::schedule;
use crate::closure::setback::{self, Turn};
use crate::closure::special;
use crate::closure::step::Step;
use crate::closure::steps::checks::{self, Check, State};
use crate::closure::steps::{approval, end_game, facts, policy, refused, roles, subscriptions};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Applications in one effect.
const SLICE: usize = 100;
/// A deletion that was accepted, and after which the tenant is still there so much later, is asked for again.
const ASK_AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// So often in a row it is accepted in vain before a person is told.
const IN_VAIN: u32 = 3;
/// From then on it is asked for only so long after the time before: what was in the way may be gone by itself.
const SELDOM: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Where step 5 stands.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Assessment {
    if memory.directory_gone_at.is_some() {
        return proven(plan);
    }
    if guards::departed(seen, memory, now) {
        let checks = checks::all(plan, seen, memory);
        let next = from_outside(plan, seen, memory, now);
        let standing = Standing::unknown(
            "NotReadable",
            "Nothing inside the tenant can be read any more",
        );
        let ticket = end_game::ticket(&next, plan, seen, memory, &checks);
        return ending(Assessment::now_do(next), standing)
            .with_checks(checks::standings(&checks))
            .with_ticket(ticket);
    }
    let Some(sealed) = &plan.sealed else {
        return Assessment::now_do(Decision::MakePlan {
            reason: "FirstPlan",
        });
    };
    if let Err(decision) = look(seen) {
        return Assessment::now_do(decision);
    }
    let checks = checks::all(plan, seen, memory);
    let (done, all) = checks::progress(&checks);
    let next = next(plan, sealed, seen, memory, &checks, now);
    let ticket = end_game::ticket(&next, plan, seen, memory, &checks);
    let mut blockers = checks::blockers(&checks);
    blockers.extend(special::blockers(seen));
    ending(Assessment::now_do(next), checks::standing(&checks))
        .progress(done, all)
        .blocked_by(blockers)
        .with_checks(checks::standings(&checks))
        .with_ticket(ticket)
}

/// The end: the directory itself is the proof that every check was met.
pub fn proven(plan: &Plan) -> Assessment {
    let gone = "Outside readers of three kinds agree that the tenant is gone";
    Assessment::done()
        .standing(
            "DeletionChecksPassed",
            Standing::yes("ProvenByDeletion", gone),
        )
        .standing("DirectoryDeleted", Standing::yes("TenantGone", gone))
        .standing(
            "Closed",
            Standing::yes("TenantGone", "The tenant is closed"),
        )
        .with_checks(checks::standings(&checks::proven(plan)))
}

fn ending(assessment: Assessment, checks: Standing) -> Assessment {
    let message = "The directory is still there";
    assessment
        .standing("DeletionChecksPassed", checks)
        .standing("DirectoryDeleted", Standing::no("InProgress", message))
}

/// Applications and what follows them are only for the checks: where they cannot be read the checks say so.
fn look(seen: &Observation) -> Result<(), Decision> {
    let asked = [
        Question::Subscriptions,
        Question::Applications,
        Question::External,
        Question::DomainServices,
        Question::Directory,
    ];
    if let Some(read) = facts::unread(seen, &asked) {
        return Err(read);
    }
    facts::known(&seen.spare, Question::Administrators)?;
    facts::known(&seen.subscriptions, Question::Subscriptions)?;
    Ok(())
}

fn next(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
    checks: &[Check],
    now: Timestamp,
) -> Decision {
    if seen.directory == Fact::Known(Existence::Gone) {
        return guards::prove_gone(&plan.terms, memory, now);
    }
    if let Some(decision) = spare(plan, sealed, seen, memory, now) {
        return decision;
    }
    if let Some(obstacle) = bought_since(sealed, seen).or_else(|| barred(checks)) {
        return obstacle.blocks();
    }
    if let Some(decision) = applications(plan, sealed, seen, memory, now) {
        return decision;
    }
    let only_ours = checks::attested(&seen.cluster.attestations, ONLY_OURS);
    let only_ours = only_ours == Some(State::Passed);
    if only_ours && let Some(decision) = own(plan, sealed, seen, memory, now) {
        return decision;
    }
    if plan.terms.directory_resource.is_some() && !only_ours {
        // Azure refuses as long as there is any of it.
        return match end_game::flows_left(seen, checks) {
            Some(hand_off) => Decision::HandOff(vec![hand_off]),
            None => by_call(plan, memory, now),
        };
    }
    end_game::by_person(plan, seen, memory, checks, only_ours)
}

/// The spare administrator goes first, and only the one whom the plan pins.
fn spare(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Decision> {
    let pinned = sealed.head.spare.filter(|id| *id != sealed.head.retained)?;
    let found = seen.spare.known()?.as_ref()?;
    if found.id != pinned {
        return None;
    }
    let refusal = memory.refused.iter().find(|r| r.objects.contains(&pinned));
    let pause = if refusal.is_some() {
        plan.terms.poll_at_most
    } else {
        Duration::ZERO
    };
    if let (Some(refusal), Some(_)) = (refusal, schedule::rest(memory, pause, now)) {
        let message = format!(
            "The spare administrator could not be deleted: {}",
            refusal.code
        );
        return Some(refused::decision(plan.terms.cloud, &[(refusal, message)]));
    }
    let intent = Intent::on(Step::DeleteDirectory, Action::DeleteUsers, vec![pinned]);
    Some(paced(plan, memory, intent, now))
}

/// Our own application; `None`: a person is asked to remove it.
fn own(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Decision> {
    let intent = end_game::remove_own(sealed, seen);
    if intent.objects.is_empty() {
        // The plan that was approved does not name it.
        return None;
    }
    let turn = setback::turn(&intent, 1, memory, &plan.terms, now);
    taken(turn, intent)
}

/// Acts, or waits where the newest effects of this step moved nothing.
fn paced(plan: &Plan, memory: &Memory, intent: Intent, now: Timestamp) -> Decision {
    match schedule::pause_in(Step::DeleteDirectory, memory, &plan.terms, now) {
        Some(rest) => not_shown_yet(rest),
        None => Decision::Act(intent),
    }
}

/// Likewise; `None`: it is a person's turn.
fn taken(turn: Turn, intent: Intent) -> Option<Decision> {
    match turn {
        Turn::Ours => Some(Decision::Act(intent)),
        Turn::After(rest) => Some(not_shown_yet(rest)),
        Turn::Persons => None,
    }
}

fn not_shown_yet(rest: Duration) -> Decision {
    Waiting::new("WaitingReplica", "The newest change does not show yet")
        .again_in(rest)
        .into()
}

/// Subscriptions that came after the plan was made: nobody approved that they end.
fn bought_since(sealed: &Sealed, seen: &Observation) -> Option<Obstacle> {
    let planned = |id| sealed.head.subscriptions.iter().any(|one| one.id == id);
    let all = subscriptions::ended_apart(seen.subscriptions.known()?);
    subscriptions::drift(all.filter(|one| one.lifecycle != Lifecycle::Gone && !planned(one.id)))
}

/// Only what keeps a person from pressing Delete, and was seen to be done before, bars the hand-off.
fn barred(checks: &[Check]) -> Option<Obstacle> {
    let bar = ["C2", "C6", "C7"];
    let failed: Vec<&Check> = checks
        .iter()
        .filter(|check| check.state == State::Failed && bar.contains(&check.row.id))
        .collect();
    let first = failed.first()?;
    let names: Vec<&str> = failed.iter().map(|check| check.row.name).collect();
    let message = format!("What was done before is no longer so: {}", names.join(", "));
    Some(Obstacle::new("PlanDrift", message, first.row.remedy))
}

/// Those that the plan names, where it is asked for; `None`: none is ours to remove now.
fn applications(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Decision> {
    if !plan.terms.remove_applications {
        return None;
    }
    let there = seen.applications.known()?;
    let planned = |one: &&Application| {
        !one.own && !one.undeletable && sealed.head.applications.contains(&one.id)
    };
    let refused = |one: &&Application| memory.applications_refused.contains(&one.id);
    let first = |wanted: &dyn Fn(&&Application) -> bool| {
        let some = there.iter().filter(planned).filter(wanted);
        let mut objects: Vec<ObjectId> = some.map(|one| one.id).collect();
        objects.sort_unstable();
        objects.truncate(plan.terms.slice.clamp(1, SLICE));
        objects
    };
    let act = |action, objects: Vec<ObjectId>| {
        let intent = Intent::on(Step::DeleteDirectory, action, objects);
        let turn = setback::turn(&intent, u32::MAX, memory, &plan.terms, now);
        taken(turn, intent)
    };
    let open = first(&|one| !refused(one));
    // What cannot be deleted is disabled, as Microsoft's procedure says; that comes when all others are gone.
    let to_disable = first(&|one| refused(one) && is_to_disable(one, memory));
    let denied = first(&|one| setback::is_denied(memory, one.id));
    if open.is_empty() && to_disable.is_empty() && denied.is_empty() {
        return None;
    }
    if let Err(decision) = may_remove(plan, seen) {
        return Some(decision);
    }
    if !open.is_empty() {
        return act(Action::RemoveApplications, open);
    }
    if !to_disable.is_empty()
        && let Some(decision) = act(Action::DisableApplications, to_disable)
    {
        return Some(decision);
    }
    // Who was denied the longest ago comes first, so each has his turn.
    let mut again = setback::denied_and_due(memory, &plan.terms, now);
    again.retain(|id| there.iter().any(|one| one.id == *id && planned(&one)));
    again.truncate(plan.terms.slice.clamp(1, SLICE));
    (!again.is_empty()).then(|| {
        let step = Step::DeleteDirectory;
        Decision::Act(Intent::on(step, Action::RemoveApplications, again))
    })
}

/// The permission can be taken away in the months before: without it each application would refuse, and a person would be asked
/// for what one grant mends.
fn may_remove(plan: &Plan, seen: &Observation) -> Result<(), Decision> {
    facts::known(&seen.identity, Question::Identity)?;
    match roles::permissions_missing(plan, seen, Step::DeleteDirectory) {
        Some(obstacle) => Err(obstacle.blocks()),
        None => Ok(()),
    }
}

/// Nobody has disabled it yet, and it has not refused that. Source: learn.microsoft.com
/// `entra/identity/users/directory-delete-howto`, "enterprise apps that you can't delete".
fn is_to_disable(one: &Application, memory: &Memory) -> bool {
    let mut tried = memory
        .applications_disabled
        .iter()
        .chain(&memory.applications_enabled);
    one.service_principal && !one.disabled && !tried.any(|id| *id == one.id)
}

/// Azure accepted the deletion, and has had less time for it than it may take.
pub fn is_awaited(asked: &Asked, now: Timestamp) -> bool {
    now.duration_since(asked.at) < ASK_AGAIN
}

/// Azure accepts the deletion time and again, and nothing comes of it.
fn in_vain(plan: &Plan, asked: &Asked, now: Timestamp) -> Option<Obstacle> {
    let is_vain = asked.refused.is_none() && asked.accepted >= IN_VAIN;
    (is_vain && now.duration_since(asked.at) < SELDOM).then(|| {
        let message = format!(
            "Azure accepted to delete the directory {IN_VAIN} times or more, and it is still there"
        );
        let remedy = format!(
            "Read in the activity log of the resource in the Azure portal why the deletion failed, and remove what it names; Azure is \
             asked again after seven days. Or delete the tenant by hand ({}), which is noticed from outside",
            links::tenants(plan.terms.cloud)
        );
        Obstacle::new("DirectoryRefused", message, remedy)
    })
}

/// An External ID or B2C directory: one call, the last.
fn by_call(plan: &Plan, memory: &Memory, now: Timestamp) -> Decision {
    let asked = memory.directory_delete.as_ref();
    if let Some(vain) = asked.and_then(|asked| in_vain(plan, asked, now)) {
        return vain.blocks();
    }
    if let Some(code) = asked.and_then(|asked| asked.refused.as_ref())
        && schedule::told(memory, &plan.terms, now)
    {
        let message = format!("Azure refused to delete the directory: {code}");
        if policy::asks(code) {
            return Decision::HandOff(vec![policy::lift(&message)]);
        }
        let remedy = format!(
            "Delete what is left in the tenant (users, applications, user flows, identity providers) and grant the \
             application the right to delete the resource; it is tried again by itself. Or delete the tenant by hand ({}), \
             which is noticed from outside",
            links::tenants(plan.terms.cloud)
        );
        return Obstacle::new("DirectoryRefused", message, remedy).blocks();
    }
    let step = Step::DeleteDirectory;
    let intent = Intent::on(step, Action::DeleteDirectory, vec![plan.terms.tenant_id]);
    let intent = intent.through(plan.terms.directory_resource.clone());
    paced(plan, memory, intent, now)
}

/// Nobody inside can be asked any more: only the outside look tells.
fn from_outside(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Decision {
    match facts::known(&seen.directory, Question::Directory) {
        Err(decision) => return decision,
        Ok(Existence::Gone) => return guards::prove_gone(&plan.terms, memory, now),
        Ok(Existence::Present) => {}
    }
    let deleting = memory.directory_delete.as_ref();
    let deleting = deleting.filter(|asked| asked.refused.is_none());
    if deleting.is_some_and(|asked| is_awaited(asked, now)) {
        let message = "Azure accepted the deletion of the directory; it takes a while";
        return Waiting::new("DeletingDirectory", message).into();
    }
    // What a person is to do is withdrawn like an effect: in mode Plan, and where the approval is.
    let Some(approved) = approval::outside(plan, seen, now) else {
        return Decision::Planned;
    };
    if let Some(unapproved) = approved.next
        && !approval::only_expired(&unapproved, memory)
    {
        return unapproved;
    }
    if plan.terms.directory_resource.is_some() && plan.sealed.is_some() {
        return by_call(plan, memory, now);
    }
    if checks::portal_refuses(&seen.cluster.attestations) {
        return end_game::portal_refused(seen, memory, &[]).blocks();
    }
    Decision::HandOff(vec![end_game::press_delete(plan)])
}
