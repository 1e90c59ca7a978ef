//! Guards: refusals that hold before any step, in order.

use crate::closure::clock;
use crate::closure::decision::Decision;
use crate::closure::evidence::Evidence;
use crate::closure::intent::{Action, Intent};
use crate::closure::label::label;
use crate::closure::memory::Memory;
use crate::closure::observation::{
    Administrator, Existence, Fact, Holding, Observation, Obstacle, Question, Why,
};
use crate::closure::plan::Plan;
use crate::closure::schedule;
use crate::closure::step::Step;
use crate::closure::steps::{
    administrators, afterwards, credential, delete_directory, domains, facts, keeper, preconditions,
};
use crate::closure::terms::{Mode, Terms};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The first refusal, if any.
pub fn refuse(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Decision> {
    brakes(&plan.terms, seen)
        .or_else(|| tenant_off_limits(&plan.terms, seen))
        .or_else(|| evidence(&plan.terms, seen))
        .or_else(|| rivals_and_credential(&plan.terms, seen, memory, now))
        .or_else(|| {
            if departed(seen, memory, now) {
                // Nobody inside the tenant can be asked any more.
                return None;
            }
            plan_is_the_one(plan, memory)
                .or_else(|| application_is_the_one(plan, seen, memory))
                .or_else(|| inside(plan, seen, memory, now))
        })
}

/// True once we can no longer look from inside: our identity is gone, or the directory is being deleted.
pub fn departed(seen: &Observation, memory: &Memory, now: Timestamp) -> bool {
    memory.own_identity_removed || deleting(seen, memory, now) || let_go(seen, memory)
}

/// Azure accepted the deletion of the directory, and has its time for it; or it took our way in along. Azure says nowhere that
/// it came to nothing later: a directory that can still be read after that time is looked at as before.
fn deleting(seen: &Observation, memory: &Memory, now: Timestamp) -> bool {
    let asked = memory.directory_delete.as_ref();
    asked
        .filter(|asked| asked.refused.is_none())
        .is_some_and(|asked| delete_directory::is_awaited(asked, now) || locked_out(seen))
}

fn locked_out(seen: &Observation) -> bool {
    matches!(
        seen.organization,
        Fact::Unreadable(Why::CredentialRefused(_))
    )
}

/// Our own application refused to go, or nobody answered, and it was handed to a person, who has removed it since: the way in is
/// lost as was meant.
fn let_go(seen: &Observation, memory: &Memory) -> bool {
    let asked = memory.own_identity.as_ref();
    let refused = asked.is_some_and(|asked| asked.refused.is_some());
    let tried = memory.tried_in_vain(Action::RemoveOwnIdentity) > 0;
    (refused || tried) && locked_out(seen)
}

/// Suspend, legal hold, and the switches of the operator's own configuration.
fn brakes(terms: &Terms, seen: &Observation) -> Option<Decision> {
    if terms.suspend {
        return Some(Decision::Suspended);
    }
    if let Some(why) = &terms.hold {
        let message = format!("A legal hold forbids every change: {why}");
        let remedy = "Remove spec.hold when the hold has been lifted";
        return Some(Obstacle::new("LegalHold", message, remedy).blocks());
    }
    if terms.mode == Mode::Plan {
        return None;
    }
    switched_off(seen).map(Obstacle::blocks)
}

/// The clocks, and the switches of the operator's own configuration.
fn switched_off(seen: &Observation) -> Option<Obstacle> {
    if let Some(skew) = seen.cluster.skew {
        return Some(clock::obstacle(skew));
    }
    let configuration = &seen.cluster.configuration;
    if !configuration.present {
        return Some(unconfigured(configuration.fault.as_deref()));
    }
    configuration.kill_switch.then(|| {
        Obstacle::new(
            "KillSwitch",
            "The operator's kill switch is on",
            "Turn the kill switch off in the operator's configuration",
        )
    })
}

/// What these guards hold against an effect and not against a plan, which is told with the plan.
pub fn of_effects(seen: &Observation) -> Vec<Obstacle> {
    let kept = seen.cluster.evidence.as_ref();
    let evidence = match kept.and_then(Evidence::refusal) {
        Some(Decision::Blocked(list)) => list,
        _ => Vec::new(),
    };
    switched_off(seen).into_iter().chain(evidence).collect()
}

fn unconfigured(fault: Option<&str>) -> Obstacle {
    let (message, remedy) = match fault {
        Some(fault) => (
            format!("The operator's configuration cannot be read, so no effect may start: {fault}"),
            "Correct this key of the operator's ConfigMap in its own namespace, or take it out",
        ),
        None => (
            "The operator's configuration is absent, so no effect may start".to_owned(),
            "Restore the operator's ConfigMap in its own namespace",
        ),
    };
    Obstacle::new("ConfigurationMissing", message, remedy)
}

fn tenant_off_limits(terms: &Terms, seen: &Observation) -> Option<Decision> {
    let configuration = &seen.cluster.configuration;
    if configuration.protected.contains(&terms.tenant_id) {
        let remedy = "Check that spec.tenant.id names the tenant you mean; the operator's configuration protects this one";
        let message = "The operator's configuration protects this tenant";
        return Some(Obstacle::new("TenantProtected", message, remedy).blocks());
    }
    let allowed = &configuration.allowed;
    (!allowed.is_empty() && !allowed.contains(&terms.tenant_id)).then(|| {
        Obstacle::new(
            "TenantNotAllowed",
            "The operator's configuration does not allow this tenant",
            "Add the tenant to the allowed ones in the operator's configuration",
        )
        .blocks()
    })
}

/// What is planned needs no evidence: nothing is changed.
fn evidence(terms: &Terms, seen: &Observation) -> Option<Decision> {
    let kept = seen.cluster.evidence.as_ref()?;
    (terms.mode == Mode::Execute)
        .then(|| kept.refusal())
        .flatten()
}

fn rivals_and_credential(
    terms: &Terms,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Decision> {
    if let Err(obstacle) = &seen.cluster.credential
        && !departed(seen, memory, now)
    {
        let blocked = obstacle.clone().blocks();
        return Some(or_gone(terms, seen, memory, now, blocked));
    }
    (!seen.cluster.rivals.is_empty()).then(|| {
        let others = seen.cluster.rivals.join(", ");
        Obstacle::new(
            "TenantNamedTwice",
            format!("Other closures name the same tenant: {others}"),
            "Keep one closure of this tenant and delete the others",
        )
        .blocks()
    })
}

/// Losing the way in is what a deleted tenant looks like: once all users are verified gone, the outside is asked too.
fn or_gone(
    terms: &Terms,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
    otherwise: Decision,
) -> Decision {
    if memory.verified_at.is_none() {
        return otherwise;
    }
    match &seen.directory {
        Fact::NotRead => Decision::Read(vec![Question::Directory]),
        Fact::Known(Existence::Gone) => prove_gone(terms, memory, now),
        Fact::Known(Existence::Present) | Fact::Unreadable(_) => otherwise,
    }
}

/// Records the outside look; paced where an earlier one proved nothing.
pub fn prove_gone(terms: &Terms, memory: &Memory, now: Timestamp) -> Decision {
    let pause = schedule::back_off(memory.inconclusive, terms.poll_at_most);
    match schedule::rest(memory, pause, now) {
        Some(rest) => crate::closure::decision::Waiting::new(
            "VerifyingDirectoryGone",
            "The tenant looks gone from outside; readers of other kinds must agree",
        )
        .again_in(rest)
        .into(),
        None => Decision::Act(Intent::on(
            Step::DeleteDirectory,
            Action::VerifyDirectoryGone,
            vec![terms.tenant_id],
        )),
    }
}

/// The plan that was loaded must be the one that the journal knows.
fn plan_is_the_one(plan: &Plan, memory: &Memory) -> Option<Decision> {
    let wanted = memory.plan.as_ref()?;
    let sealed = plan.sealed.as_ref();
    let same = sealed.is_some_and(|sealed| sealed.digest == wanted.digest)
        && memory.supplements.iter().all(|wanted| {
            let found = plan.supplements.get(wanted.ordinal);
            found.is_some_and(|found| found.digest == wanted.digest)
        });
    (!same).then(|| {
        Obstacle::new(
            "PlanLost",
            "The plan in force cannot be read back as it was sealed",
            "Restore the plan's records, or delete the closure and create it again",
        )
        .blocks()
    })
}

/// Approved was what this application does, and it is the one that stays till the end: another one in the same Secret is none
/// that anybody approved. Before anything has begun the plan is made anew ([`preconditions`]).
fn application_is_the_one(plan: &Plan, seen: &Observation, memory: &Memory) -> Option<Decision> {
    let planned = plan.sealed.as_ref()?.head.app_id;
    let acting = seen.cluster.application?;
    // In mode Plan it is the reader's, and nothing is carried out.
    let matters = plan.terms.mode == Mode::Execute && preconditions::begun(memory);
    (matters && acting != planned).then(|| {
        let message = format!(
            "The credential is of the application {acting}, and the approved plan names the application {planned}"
        );
        let remedy = "Put the credential of the application that the plan names back; to go on with the other one, delete the closure and create it again: its plan is approved anew";
        Obstacle::new("PlanDrift", message, remedy).blocks()
    })
}

fn inside(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Option<Decision> {
    let mut asked = vec![
        Question::Organization,
        Question::Administrators,
        Question::AdministratorGroups,
    ];
    if !preconditions::begun(memory) {
        // Whatever is in the way, the table of roles is told with it.
        asked.extend([Question::Identity, Question::RoleHolders, Question::Ends]);
    }
    let refusal = facts::unread(seen, &asked).or_else(|| {
        tenant_itself(plan, seen)
            .and_then(|()| retained(plan, seen))
            .and_then(|found| keeper::second_factor(found, plan, seen, memory, now))
            .err()
            .or_else(|| people(plan, seen, memory, now))
    })?;
    let denied = |one: &Obstacle| one.reason == "PermissionDenied";
    if matches!(&refusal, Decision::Blocked(all) if all.iter().any(denied))
        && let Some(read) = facts::unread(seen, &[Question::Identity])
    {
        // It is told by a young token, and what was granted meanwhile is seen with that alone.
        return Some(read);
    }
    let lost = matches!(seen.organization, Fact::Unreadable(_))
        || matches!(seen.retained, Fact::Unreadable(_));
    Some(if lost {
        or_gone(&plan.terms, seen, memory, now, refusal)
    } else {
        refusal
    })
}

/// Once there is a plan, who administers must be readable; once it is carried out: who is there, and who administers, that it
/// does not expect.
fn people(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Option<Decision> {
    let sealed = plan.sealed.as_ref()?;
    let unplanned = match administrators::unexpected(sealed, seen) {
        Ok(unplanned) => unplanned,
        Err(decision) => return Some(decision),
    };
    if !preconditions::begun(memory) {
        return None;
    }
    if let Err(decision) = administrators::told(seen, memory) {
        return Some(decision);
    }
    if unplanned {
        return Some(administrators::drift().blocks());
    }
    if let Some(obstacle) = domains::drift(sealed, seen) {
        return Some(obstacle.blocks());
    }
    afterwards::refuse(plan, sealed, seen, memory, now)
}

fn tenant_itself(plan: &Plan, seen: &Observation) -> Result<(), Decision> {
    let terms = &plan.terms;
    let found = facts::known(&seen.organization, Question::Organization)?;
    if found.id != terms.tenant_id {
        return Err(credential::other_tenant());
    }
    if !found
        .initial_domain
        .eq_ignore_ascii_case(&terms.initial_domain)
    {
        let message = format!(
            "The tenant's initial domain is {}, not {}",
            label(&found.initial_domain),
            terms.initial_domain
        );
        if plan.sealed.is_some() {
            let remedy = "Find out who changed it: the approved plan names another; set it back, and the closure goes on";
            return Err(Obstacle::new("PlanDrift", message, remedy).blocks());
        }
        let remedy =
            "Check that this is the tenant you mean, then create the closure with its domain";
        return Err(Obstacle::new("TenantMismatch", message, remedy).blocks());
    }
    if found.partner {
        let message = "This is a Microsoft partner's own tenant";
        let remedy =
            "End the partner relationships first; a partner's tenant is never closed by a program";
        return Err(Obstacle::new("PartnerTenant", message, remedy).blocks());
    }
    Ok(())
}

fn retained<'a>(plan: &Plan, seen: &'a Observation) -> Result<&'a Administrator, Decision> {
    let terms = &plan.terms;
    let who = &terms.retained;
    let found = facts::known(&seen.retained, Question::Administrators)?;
    let pinned = plan.sealed.as_ref().map(|sealed| sealed.head.retained);
    let found = found
        .as_ref()
        .filter(|found| pinned.is_none_or(|id| id == found.id));
    let Some(found) = found else {
        let message = format!("The tenant has no such user as the retained administrator {who}");
        let remedy =
            "Restore the account, or delete the closure and create it with another administrator";
        return Err(Obstacle::new("RetainedAdminMissing", message, remedy).blocks());
    };
    let managed = &facts::known(&seen.organization, Question::Organization)?.managed_domains;
    match unfit(found, terms, managed) {
        Some((reason, message, remedy)) => {
            let message = format!("The retained administrator {who} {message}");
            Err(Obstacle::new(reason, message, remedy).blocks())
        }
        None => Ok(found),
    }
}

/// Why this account cannot be the one that stays and finishes.
fn unfit(
    found: &Administrator,
    terms: &Terms,
    managed: &BTreeSet<String>,
) -> Option<(&'static str, &'static str, &'static str)> {
    let domain = found.user_principal_name.rsplit_once('@');
    let initial = domain.is_some_and(|(_, d)| d.eq_ignore_ascii_case(&terms.initial_domain));
    let federated = domain.is_none_or(|(_, d)| !managed.contains(&d.to_ascii_lowercase()));
    let renamed = !found
        .user_principal_name
        .eq_ignore_ascii_case(&terms.retained);
    let reasons = [
        (
            !found.enabled,
            "RetainedAdminDisabled",
            "is disabled",
            "Enable the account",
        ),
        (
            !found.member,
            "RetainedAdminGuest",
            "is a guest",
            "Use a member account of this tenant: a guest cannot delete it",
        ),
        (
            found.synced,
            "RetainedAdminSynced",
            "is synced from on-premises",
            "Use a cloud-only account: it must survive the end of directory sync",
        ),
        (
            renamed,
            "RetainedAdminRenamed",
            "now has another name",
            "Give the account its name back: the plan and its approval name it",
        ),
        (
            federated,
            "RetainedAdminFederated",
            "is on a domain without managed sign-in",
            "Use an account on the tenant's initial onmicrosoft domain, with managed sign-in: a federated one needs a service outside the tenant to the end",
        ),
        (
            !initial,
            "RetainedAdminNotOnInitialDomain",
            "is not on the initial domain",
            "Use an account on the tenant's initial onmicrosoft domain",
        ),
        (
            found.global_administrator == Holding::Temporary,
            "RetainedAdminTemporary",
            "is Global Administrator only until a date",
            "Assign the role permanently: it must last longer than the tenant does",
        ),
        (
            found.global_administrator == Holding::EligibleOnly,
            "RetainedAdminEligibleOnly",
            "is only eligible for Global Administrator",
            "Assign the role directly and permanently: nobody else is left to activate it",
        ),
        (
            found.global_administrator == Holding::BillingOnly,
            "RetainedAdminNotGlobalAdministrator",
            "is only a Billing Administrator, which serves steps 2 and 3, not 1, 4 and 5",
            "Assign the Global Administrator role to the account, directly and permanently",
        ),
        (
            found.global_administrator == Holding::None,
            "RetainedAdminNotGlobalAdministrator",
            "is not a Global Administrator",
            "Assign the Global Administrator role to the account, directly and permanently",
        ),
    ];
    reasons
        .into_iter()
        .find(|(holds, ..)| *holds)
        .map(|(_, reason, message, remedy)| (reason, message, remedy))
}
