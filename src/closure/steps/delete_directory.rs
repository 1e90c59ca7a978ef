//! Step 5: the delete-tenant checks, then the directory itself: by a call where there is one, else by a person.

use crate::closure::decision::{Assessment, Decision, HandOff, Standing, Waiting};
use crate::closure::guards;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent};
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Application, Existence, Fact, Observation, Obstacle, Question};
use crate::closure::plan::{Plan, Sealed};
use crate::closure::schedule;
use crate::closure::step::Step;
use crate::closure::steps::checks::{self, Check, State};
use crate::closure::steps::{approval, facts, refused};
use crate::closure::terms::Mode;
use crate::closure::words::count;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Applications in one effect.
const SLICE: usize = 100;
/// A deletion that was accepted, and after which the tenant is still there so much later, is asked for again.
const ASK_AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// Refusals in a row after which a person is asked to remove our own application.
const TRIES: u32 = 3;

/// Where step 5 stands.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Assessment {
    if memory.directory_gone_at.is_some() {
        return proven();
    }
    if guards::departed(memory) {
        let next = from_outside(plan, seen, memory, now);
        let standing = Standing::unknown(
            "NotReadable",
            "Nothing inside the tenant can be read any more",
        );
        return ending(Assessment::now_do(next), standing);
    }
    let Some(sealed) = &plan.sealed else {
        return Assessment::now_do(Decision::MakePlan {
            reason: "FirstPlan",
        });
    };
    if let Err(decision) = look(seen) {
        return Assessment::now_do(decision);
    }
    let checks = checks::all(plan, seen);
    let (done, all) = checks::progress(&checks);
    let next = next(plan, sealed, seen, memory, &checks, now);
    ending(Assessment::now_do(next), checks::standing(&checks))
        .progress(done, all)
        .blocked_by(checks::blockers(&checks))
}

/// The end: the directory itself is the proof that every check was met.
pub fn proven() -> Assessment {
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
}

fn ending(assessment: Assessment, checks: Standing) -> Assessment {
    let message = "The directory is still there";
    assessment
        .standing("DeletionChecksPassed", checks)
        .standing("DirectoryDeleted", Standing::no("InProgress", message))
}

/// Applications are only for the checks: where they cannot be read the checks say so.
fn look(seen: &Observation) -> Result<(), Decision> {
    let asked = [
        Question::Subscriptions,
        Question::Applications,
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
    if let Some(obstacle) = barred(checks) {
        return obstacle.blocks();
    }
    if let Some(decision) = applications(plan, sealed, seen, memory, now) {
        return decision;
    }
    let only_ours = checks::attested(&seen.cluster.attestations, "OnlyOurs");
    if only_ours == Some(State::Passed) {
        return own_identity(plan, seen, memory, now);
    }
    if plan.terms.directory_resource.is_some() {
        return by_call(plan, memory, now);
    }
    by_person(plan, seen, checks)
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
        return Some(Obstacle::new("UsersRefused", message, refused::remedy(refusal)).blocks());
    }
    let intent = Intent::on(Step::DeleteDirectory, Action::DeleteUsers, vec![pinned]);
    Some(paced(plan, memory, intent, now))
}

/// Acts, or waits where the newest effects of this step moved nothing.
fn paced(plan: &Plan, memory: &Memory, intent: Intent, now: Timestamp) -> Decision {
    match schedule::pause_in(Step::DeleteDirectory, memory, &plan.terms, now) {
        Some(rest) => Waiting::new("WaitingReplica", "The newest change does not show yet")
            .again_in(rest)
            .into(),
        None => Decision::Act(intent),
    }
}

/// Only what keeps a person from pressing Delete, and was seen to be done before, bars the hand-off.
fn barred(checks: &[Check]) -> Option<Obstacle> {
    let bar = ["C2", "C6", "C7"];
    let failed: Vec<&Check> = checks
        .iter()
        .filter(|check| check.state == State::Failed && bar.contains(&check.id))
        .collect();
    let first = failed.first()?;
    let names: Vec<&str> = failed.iter().map(|check| check.name).collect();
    let message = format!("What was done before is no longer so: {}", names.join(", "));
    Some(Obstacle::new("PlanDrift", message, first.remedy))
}

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
    let ours_to_remove = |one: &&Application| {
        !one.own
            && !one.undeletable
            && sealed.head.applications.contains(&one.id)
            && !memory.applications_refused.contains(&one.id)
    };
    let mut objects: Vec<ObjectId> = there
        .iter()
        .filter(ours_to_remove)
        .map(|one| one.id)
        .collect();
    objects.sort_unstable();
    objects.truncate(plan.terms.slice.clamp(1, SLICE));
    if objects.is_empty() || stuck(memory) {
        return None;
    }
    let intent = Intent::on(Step::DeleteDirectory, Action::RemoveApplications, objects);
    Some(paced(plan, memory, intent, now))
}

/// Effects of this step keep failing without a word of refusal: a person goes on.
fn stuck(memory: &Memory) -> bool {
    memory.started.contains_key(&Step::DeleteDirectory) && memory.fruitless >= TRIES * 2
}

/// Our registration first, then our service principal: nothing can be asked from inside after that.
fn own_identity(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Decision {
    let all = seen.applications.known().map_or(&[][..], Vec::as_slice);
    let mut own: Vec<&Application> = all.iter().filter(|one| one.own).collect();
    own.sort_by_key(|one| (one.service_principal, one.id));
    let refused = memory.started.contains_key(&Step::DeleteDirectory) && memory.fruitless >= TRIES;
    if own.is_empty() || refused {
        let mut hand_offs = vec![HandOff {
            key: "RemoveOwnApplication",
            what: "Delete this operator's own app registration and enterprise application: it could not do so itself"
                .to_owned(),
            link: links::applications(plan.terms.cloud).to_owned(),
            noticed: "The operator keeps looking from outside and closes by itself".to_owned(),
        }];
        hand_offs.push(press_delete(plan));
        return Decision::HandOff(hand_offs);
    }
    let ids = own.into_iter().map(|one| one.id).collect();
    let intent = Intent::on(Step::DeleteDirectory, Action::RemoveOwnIdentity, ids);
    paced(plan, memory, intent, now)
}

/// An External ID or B2C directory: one call, the last.
fn by_call(plan: &Plan, memory: &Memory, now: Timestamp) -> Decision {
    let asked = memory.directory_delete.as_ref();
    if let Some(code) = asked.and_then(|asked| asked.refused.as_ref())
        && schedule::rest(memory, plan.terms.poll_at_most, now).is_some()
    {
        let message = format!("Azure refused to delete the directory: {code}");
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

fn by_person(plan: &Plan, seen: &Observation, checks: &[Check]) -> Decision {
    if checks::attested(&seen.cluster.attestations, "Refused").is_some() {
        return portal_refused(seen, checks).blocks();
    }
    let mut hand_offs = vec![press_delete(plan)];
    let open: Vec<&Check> = checks
        .iter()
        .filter(|c| c.state != State::Passed && checks::UNREADABLE.contains(&c.id))
        .collect();
    if !open.is_empty() {
        let words: Vec<String> = open
            .iter()
            .map(|check| format!("{} {}: {}", check.id, check.name, check.remedy))
            .collect();
        hand_offs.push(HandOff {
            key: "AttestChecks",
            what: format!(
                "No program can read these checks; look at each and attest it. {}",
                words.join(". ")
            ),
            link: links::DELETE_TENANT.to_owned(),
            noticed: "An attestation for each check; without one the deletion itself is the proof"
                .to_owned(),
        });
    }
    let apps = checks
        .iter()
        .find(|c| c.state == State::Failed && ["C3", "C4"].contains(&c.id));
    if let Some(check) = apps {
        hand_offs.push(HandOff {
            key: "RemoveApplications",
            what: "Delete the app registrations and enterprise applications that are left, but this operator's own".to_owned(),
            link: check.link.to_owned(),
            noticed: "The operator reads the applications and goes on by itself".to_owned(),
        });
    }
    Decision::HandOff(hand_offs)
}

fn press_delete(plan: &Plan) -> HandOff {
    let (who, domain) = (&plan.terms.retained, &plan.terms.initial_domain);
    HandOff {
        key: "DeleteDirectory",
        what: format!(
            "Sign in as {who}, open Manage tenants, select {domain} and choose Delete; meet what the checks still ask for, \
             then press Delete. There is no undo, and the name cannot be expected back. If only this operator's own \
             application stands in the way, attest OnlyOurs; if all is green and Delete is refused, attest Refused"
        ),
        link: links::tenants(plan.terms.cloud).to_owned(),
        noticed:
            "The operator looks at the tenant from outside and closes by itself once it is gone"
                .to_owned(),
    }
}

fn portal_refused(seen: &Observation, checks: &[Check]) -> Obstacle {
    let left = |of: fn(&&Application) -> bool| {
        let all = seen.applications.known().map_or(&[][..], Vec::as_slice);
        u32::try_from(all.iter().filter(of).count()).unwrap_or(u32::MAX)
    };
    let stuck = left(|one| one.undeletable);
    let others = left(|one| !one.undeletable && !one.own);
    let open = checks.iter().filter(|check| check.state != State::Passed);
    let names: Vec<&str> = open.map(|check| check.name).collect();
    let message = format!(
        "The portal refuses to delete the tenant. Residue: {} that Microsoft keeps, {} that could be deleted; \
         checks not known to be met: {}",
        count(stuck, "application"),
        count(others, "application"),
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    );
    let remedy = "Open a support case with this text; revoke the attestation when the portal can be tried again";
    Obstacle::new("PortalRefused", message, remedy)
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
    if deleting.is_some_and(|asked| now.duration_since(asked.at) < ASK_AGAIN) {
        let message = "Azure accepted the deletion of the directory; it takes a while";
        return Waiting::new("DeletingDirectory", message).into();
    }
    let may_act = plan.terms.mode == Mode::Execute && plan.sealed.is_some();
    if may_act && plan.terms.directory_resource.is_some() {
        let unapproved = approval::assess(&seen.cluster.approvals, now).next;
        return unapproved.unwrap_or_else(|| by_call(plan, memory, now));
    }
    if checks::attested(&seen.cluster.attestations, "Refused").is_some() {
        return portal_refused(seen, &[]).blocks();
    }
    Decision::HandOff(vec![press_delete(plan)])
}
