//! Step 0: the backup is vouched for, the roles are held, a plan is made and approved.
//!
//! *Done* when every gate is open and enough persons approved the plan in force. *We* only read, and write the plan.
//! *We wait* for `notBefore` and the grace period. *A person* acknowledges the backup, grants roles and approves.

use crate::closure::decide::{Assessment, Decision, Waiting};
use crate::closure::guards::{blocked, read};
use crate::closure::id::ObjectId;
use crate::closure::memory::Memory;
use crate::closure::observation::{
    Agreement, Identity, Lifecycle, Observation, Obstacle, Question, Subscription, Users,
};
use crate::closure::plan::{Plan, PlanHead, PlannedSubscription, Sealed};
use crate::closure::step::Step;
use crate::closure::terms::{Mode, Terms};
use jiff::{SignedDuration, Timestamp};

/// A plan that nobody began within this time is made again.
const FRESH: SignedDuration = SignedDuration::from_hours(24);
/// Global Administrator (role template, the same in every tenant).
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
/// Privileged Authentication Administrator.
const PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: &str = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13";

/// Assesses step 0.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Assessment {
    let open = Assessment::open();
    if begun(memory) {
        return met(open, plan, seen, memory, now);
    }
    let gates = obstacles(plan, seen, memory);
    match gates {
        Err(decision) => open.next(decision),
        Ok(obstacles) if !obstacles.is_empty() => {
            let message = obstacles
                .iter()
                .map(|o| o.message.as_str())
                .collect::<Vec<_>>()
                .join("; ");
            open.stands(
                "PreconditionsMet",
                Some(false),
                obstacles[0].reason,
                message,
            )
            .next(Decision::Blocked(obstacles))
        }
        Ok(_) => planned(open, plan, seen, memory, now),
    }
}

fn begun(memory: &Memory) -> bool {
    !memory.started.is_empty()
}

fn planned(
    open: Assessment,
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Assessment {
    let stale = memory
        .plan
        .as_ref()
        .is_none_or(|p| now.duration_since(p.made_at) > FRESH);
    if plan.sealed.is_none() || stale {
        let reason = if plan.sealed.is_none() {
            "FirstPlan"
        } else {
            "PlanStale"
        };
        return open.next(plan_needs(seen, memory).unwrap_or(Decision::MakePlan { reason }));
    }
    met(open, plan, seen, memory, now)
}

/// Gates are open: what is left are time and approvals. They are asked for in every cycle, also midway.
fn met(
    open: Assessment,
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Assessment {
    let terms = &plan.terms;
    if memory.directory_gone_at.is_some() {
        return open;
    }
    let reference = terms.backup.as_ref().map_or("", |b| b.reference.as_str());
    let open = open.progress(4, 4).stands(
        "PreconditionsMet",
        Some(true),
        "AllMet",
        format!("Backup {reference} acknowledged; roles held"),
    );
    if terms.mode == Mode::Plan {
        return open
            .stands(
                "Approved",
                None,
                "NotAskedFor",
                "Mode Plan changes nothing and needs no approval",
            )
            .next(Decision::Planned);
    }
    if let Some(start) = terms.not_before.filter(|start| now < *start) {
        let message = "spec.notBefore lies ahead".to_owned();
        let left = std::time::Duration::try_from(start.duration_since(now)).ok();
        return open.next(Decision::Wait(Waiting {
            reason: "NotBefore",
            message,
            until: Some(start),
            look_again: left,
        }));
    }
    approved(open, seen, memory, now)
}

fn approved(open: Assessment, seen: &Observation, memory: &Memory, now: Timestamp) -> Assessment {
    let approvals = &seen.cluster.approvals;
    if approvals.required == 0 {
        return open.stands(
            "Approved",
            Some(true),
            "NotRequired",
            "The configuration lets this closure run without approval",
        );
    }
    if approvals.policy_missing {
        let remedy = "Install the policies that `tenant-closure policies` prints (the chart does), then approve again";
        let message =
            "The admission policies that make an approval worth something are missing or altered";
        return open
            .stands("Approved", Some(false), "AdmissionPolicyMissing", message)
            .next(blocked("AdmissionPolicyMissing", message, remedy));
    }
    let have = u32::try_from(approvals.approvers.len()).unwrap_or(u32::MAX);
    if have < approvals.required {
        let mut message = format!(
            "{have} of {} approvals for the plan in force",
            approvals.required
        );
        if !approvals.rejected.is_empty() {
            message = format!("{message}; not counted: {}", approvals.rejected.join(", "));
        }
        let reason = if memory.strangers > 0 || begun(memory) {
            "PlanGrew"
        } else {
            "ApprovalsMissing"
        };
        return open
            .stands("Approved", Some(false), reason, message.clone())
            .next(Decision::AwaitApproval { reason, message });
    }
    let open = open.stands(
        "Approved",
        Some(true),
        "QuorumReached",
        format!("{have} of {} approvals", approvals.required),
    );
    match approvals.effective_at.filter(|at| now < *at) {
        Some(at) => {
            let look_again = std::time::Duration::try_from(at.duration_since(now)).ok();
            let message = "The grace period after the last approval runs".to_owned();
            open.next(Decision::Wait(Waiting {
                reason: "GracePeriod",
                message,
                until: Some(at),
                look_again,
            }))
        }
        None => open,
    }
}

/// What a plan must know first; `None`: everything is there.
fn plan_needs(seen: &Observation, memory: &Memory) -> Option<Decision> {
    let first_error = |decision: Result<(), Decision>| decision.err();
    let mut missing = Vec::new();
    let facts = [
        first_error(read(&seen.users, Question::Users, memory).map(drop)),
        first_error(read(&seen.subscriptions, Question::Subscriptions, memory).map(drop)),
        first_error(read(&seen.applications, Question::Applications, memory).map(drop)),
        first_error(read(&seen.identity, Question::Identity, memory).map(drop)),
    ];
    for decision in facts.into_iter().flatten() {
        match decision {
            Decision::Read(questions) => missing.extend(questions),
            other => return Some(other),
        }
    }
    (!missing.is_empty()).then_some(Decision::Read(missing))
}

fn obstacles(plan: &Plan, seen: &Observation, memory: &Memory) -> Result<Vec<Obstacle>, Decision> {
    let terms = &plan.terms;
    let identity = read(&seen.identity, Question::Identity, memory)?;
    let users = known_users(plan, seen, memory)?;
    let subscriptions = match &plan.sealed {
        Some(_) => None,
        None => Some(read(&seen.subscriptions, Question::Subscriptions, memory)?),
    };
    if terms.mode == Mode::Plan {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    backup(terms, &mut found);
    limits(terms, users.0, &mut found);
    if let Some(subscriptions) = subscriptions {
        losses(terms, subscriptions, &mut found);
    }
    roles(terms, identity, users.1, &mut found);
    if terms.spare.is_some() && plan.sealed.is_none() && matches!(seen.spare.known(), Some(None)) {
        found.push(obstacle(
            "SpareAdminMissing",
            "The spare administrator is not in the tenant",
            "Correct spec.retain.spareAdministrator or leave it out",
        ));
    }
    Ok(found)
}

/// Users to delete, and whether other Global administrators are among them.
fn known_users(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
) -> Result<(usize, bool), Decision> {
    if let Some(sealed) = &plan.sealed {
        return Ok((
            sealed.users.len(),
            !sealed.head.other_global_administrators.is_empty(),
        ));
    }
    let users = read(&seen.users, Question::Users, memory)?;
    let stay = usize::from(plan.terms.spare.is_some()) + 1;
    Ok((
        users.ids.len().saturating_sub(stay),
        users.global_administrators.len() > stay,
    ))
}

fn obstacle(
    reason: &'static str,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> Obstacle {
    Obstacle {
        reason,
        message: message.into(),
        remedy: remedy.into(),
    }
}

fn backup(terms: &Terms, found: &mut Vec<Obstacle>) {
    match &terms.backup {
        None => found.push(obstacle(
            "BackupNotAcknowledged",
            "Nobody has vouched for a backup",
            "Back up what must be kept, then set spec.backup.acknowledged: true with a reference",
        )),
        Some(backup) => {
            if let Err(why) = &backup.complete {
                found.push(obstacle(
                    "BackupIncomplete",
                    why.clone(),
                    "Let the backup Job complete",
                ));
            }
        }
    }
}

fn limits(terms: &Terms, users: usize, found: &mut Vec<Obstacle>) {
    match terms.max_users {
        None => found.push(obstacle(
            "LimitMissing",
            "spec.limits.maxUsers is absent",
            "Set it to the number of users that you expect to be deleted",
        )),
        Some(most) if users > most as usize => found.push(obstacle(
            "LimitExceeded",
            "The tenant has more users than spec.limits.maxUsers",
            "Make sure that this is the right tenant, then raise spec.limits.maxUsers",
        )),
        Some(_) => {}
    }
}

fn losses(terms: &Terms, subscriptions: &[Subscription], found: &mut Vec<Obstacle>) {
    let active = |azure: bool| {
        subscriptions
            .iter()
            .any(|s| s.lifecycle == Lifecycle::Active && (s.agreement == Agreement::Azure) == azure)
    };
    if active(false) && terms.cancellation.is_none() {
        found.push(obstacle(
            "CancellationReasonMissing",
            "There are active subscriptions, and spec.cancellation has no reason",
            "Delete this closure and create it with spec.cancellation.reason",
        ));
    }
    if active(true) && !terms.accepted.iter().any(|kind| kind == "AzureResources") {
        found.push(obstacle(
            "LossNotAccepted",
            "There are active Azure subscriptions: what runs in them dies with the tenant",
            "Add {kind: AzureResources, reference: …} to spec.accept once that is decided",
        ));
    }
}

/// Per step: what our identity must hold. Told here, not in step 5.
fn roles(
    terms: &Terms,
    identity: &Identity,
    other_administrators: bool,
    found: &mut Vec<Obstacle>,
) {
    let mut lacking: Vec<String> = Vec::new();
    let mut need = |step: Step, permission: &str| {
        if !identity.permissions.contains(permission) {
            lacking.push(format!(
                "step {} {} needs {permission}",
                step.number(),
                step.name()
            ));
        }
    };
    need(Step::Users, "User.ReadWrite.All");
    if terms.spare.is_some() {
        need(Step::DisableMfa, "Policy.ReadWrite.AuthenticationMethod");
    }
    if terms.remove_applications {
        need(Step::DeleteDirectory, "Application.ReadWrite.All");
    }
    let holds =
        |role: &str| ObjectId::parse(role).is_some_and(|id| identity.directory_roles.contains(&id));
    if (other_administrators || terms.spare.is_some())
        && !holds(GLOBAL_ADMINISTRATOR)
        && !holds(PRIVILEGED_AUTHENTICATION_ADMINISTRATOR)
    {
        lacking.push(format!("step {} {} needs the role Privileged Authentication Administrator for other administrators", Step::Users.number(), Step::Users.name()));
    }
    if !lacking.is_empty() {
        found.push(obstacle(
            "RolesMissing",
            format!("Our application lacks: {}", lacking.join("; ")),
            "Grant them with admin consent; they are looked at again",
        ));
    }
}

/// Makes the plan from what was observed; `None` where something it needs is not known.
pub fn make_plan(plan: &Plan, seen: &Observation) -> Option<Sealed> {
    let organization = seen.organization.known()?;
    let retained = seen.retained.known()?.as_ref()?.id;
    let spare = seen.spare.known()?.as_ref().map(|a| a.id);
    let identity = seen.identity.known()?;
    let users = seen.users.known()?;
    let stays = |id: &ObjectId| *id == retained || Some(*id) == spare;
    let ids: Vec<ObjectId> = users.ids.iter().copied().filter(|id| !stays(id)).collect();
    let head = PlanHead {
        tenant_id: organization.id,
        initial_domain: organization.initial_domain.clone(),
        retained,
        spare,
        app_id: identity.app_id,
        user_count: u32::try_from(ids.len()).unwrap_or(u32::MAX),
        guests: users.guests,
        synced: users.synced,
        other_global_administrators: other_administrators(users, stays),
        subscriptions: seen
            .subscriptions
            .known()?
            .iter()
            .filter(|s| s.lifecycle != Lifecycle::Gone)
            .map(planned_subscription)
            .collect(),
        applications: if plan.terms.remove_applications {
            seen.applications
                .known()?
                .iter()
                .filter(|a| !a.own && !a.undeletable)
                .map(|a| a.id)
                .take(1000)
                .collect()
        } else {
            Vec::new()
        },
        reason: plan.terms.cancellation.as_ref().map(|c| c.reason.clone()),
    };
    Some(Sealed::seal(head, ids))
}

fn other_administrators(users: &Users, stays: impl Fn(&ObjectId) -> bool) -> Vec<ObjectId> {
    users
        .global_administrators
        .iter()
        .copied()
        .filter(|id| !stays(id))
        .take(400)
        .collect()
}

fn planned_subscription(subscription: &Subscription) -> PlannedSubscription {
    PlannedSubscription {
        id: subscription.id,
        name: subscription.name.chars().take(256).collect(),
        seats: subscription.seats,
        agreement: subscription.agreement,
    }
}
