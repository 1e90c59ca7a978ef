//! Planning: what was observed → the explicit ids that a person approves.

use crate::closure::acceptance;
use crate::closure::decision::{Decision, Waiting};
use crate::closure::id::ObjectId;
use crate::closure::loss;
use crate::closure::observation::{
    Agreement, Fact, Lifecycle, Observation, Obstacle, Question, Subscription, Why,
};
use crate::closure::plan::{
    Ender, MOST_APPLICATIONS, MOST_SUBSCRIPTIONS, Plan, PlanHead, PlannedSubscription, Sealed,
};
use crate::closure::schedule::AFTER_FAILURE;
use crate::closure::steps::administrators::MOST;
use crate::closure::steps::{domains, facts, losses, renewal, sold};
use crate::closure::terms::{Mode, Terms};
use crate::closure::words::{clip, count};
use std::collections::BTreeSet;

/// Everything of a plan but the users and their number; `None` while a fact is missing.
pub fn begin_head(plan: &Plan, seen: &Observation) -> Option<PlanHead> {
    let terms = &plan.terms;
    let organization = seen.organization.known()?;
    let users = seen.users.known()?;
    let retained = seen.retained.known()?.as_ref()?.id;
    let spare = seen.spare.known()?.as_ref().map(|found| found.id);
    let spare = spare.filter(|_| terms.spare.is_some());
    let stays = |id: &ObjectId| *id == retained || Some(*id) == spare;
    let there = |id: &&ObjectId| users.ids.binary_search(id).is_ok();
    let administrators = users.global_administrators.known()?;
    let holders = seen.global_administrators.known()?.iter();
    // Applications in a group that administers do so too.
    let besides: BTreeSet<ObjectId> = holders
        .chain(administrators)
        .filter(|id| !stays(id) && !there(id))
        .copied()
        .collect();
    let others = administrators.iter().filter(|id| !stays(id) && there(id));
    let holders = seen.role_holders.known()?.iter();
    let holders = holders.filter(|id| !stays(id) && there(id));
    let (applications, applications_beyond) = applications(terms, seen)?;
    let released = released(terms, seen)?;
    let (custom_domains, custom_domains_digest) = domains::of_plan(organization, &released);
    Some(PlanHead {
        tenant_id: organization.id,
        initial_domain: organization.initial_domain.to_ascii_lowercase(),
        retained,
        spare,
        app_id: seen.identity.known()?.app_id,
        user_count: 0,
        guests: users.guests,
        synced: users.synced,
        sync_enabled: organization.sync_enabled,
        other_global_administrators: others.copied().take(MOST).collect(),
        other_holders: besides.into_iter().take(MOST).collect(),
        role_schedules: seen.role_schedules.known().is_some(),
        other_administrators: u32::try_from(holders.count()).unwrap_or(u32::MAX),
        subscriptions: subscriptions(terms, seen)?,
        security_defaults: terms.security_defaults_off,
        policies: terms.policies_off.clone(),
        applications,
        applications_beyond,
        own: own(seen),
        directory_resource: terms.directory_resource.clone(),
        domains: released,
        custom_domains,
        custom_domains_digest,
        losses: loss::planned(&loss::all(seen)?),
        accepted: acceptance::of(terms),
        reason: terms.cancellation.as_ref().map(|c| c.reason.clone()),
    })
}

/// Seals a plan from what was observed; `None` while a fact is missing or the listing cannot be complete. The ids of the
/// listing become the plan's: a large tenant's stand in memory once.
pub fn make_plan(plan: &Plan, seen: &mut Observation) -> Option<Sealed> {
    let mut head = begin_head(plan, seen)?;
    let Fact::Known(listed) = &mut seen.users else {
        return None;
    };
    if !listed.ids.contains(&head.retained) {
        return None;
    }
    let mut users = std::mem::take(&mut listed.ids);
    users.retain(|id| *id != head.retained && Some(*id) != head.spare);
    users.sort_unstable();
    users.dedup();
    head.other_global_administrators
        .retain(|id| users.binary_search(id).is_ok());
    head.user_count = u32::try_from(users.len()).unwrap_or(u32::MAX);
    Some(Sealed::seal(head, users))
}

fn subscriptions(terms: &Terms, seen: &Observation) -> Option<Vec<PlannedSubscription>> {
    let there = seen.subscriptions.known()?.iter();
    let there = there.filter(|one| one.lifecycle != Lifecycle::Gone);
    Some(there.map(|one| planned_subscription(terms, one)).collect())
}

/// More than a plan names: said before users are listed, and again once Azure's were counted, of which there may be some that no
/// listing shows. None is left out of a plan: it would be nobody's to end.
pub fn too_many_subscriptions(seen: &Observation) -> Option<Obstacle> {
    let listed = seen.subscriptions.known()?.iter();
    let listed = listed.filter(|one| one.lifecycle != Lifecycle::Gone);
    let listed: Vec<ObjectId> = listed.map(|one| one.id).collect();
    let known: BTreeSet<ObjectId> = listed.iter().copied().collect();
    let counted = seen.losses.known().map_or(&[][..], Vec::as_slice);
    let counted = counted.iter().filter_map(|loss| loss.subscription);
    let besides: BTreeSet<ObjectId> = counted.filter(|id| !known.contains(id)).collect();
    let all = listed.len().saturating_add(besides.len());
    (all > MOST_SUBSCRIPTIONS).then(|| {
        let all = count(u32::try_from(all).unwrap_or(u32::MAX), "subscription");
        let message = format!("The tenant has {all}, and a plan names {MOST_SUBSCRIPTIONS}");
        Obstacle::new(
            "TooManySubscriptions",
            message,
            "Cancel those that nobody needs and delete them, in the Microsoft 365 admin center or the Azure portal, until no more \
             than that are left: it is noticed by itself",
        )
    })
}

/// A subscription as the plan names it.
pub fn planned_subscription(terms: &Terms, one: &Subscription) -> PlannedSubscription {
    let ended_by = match one.agreement {
        Agreement::CustomerAgreement | Agreement::Azure | Agreement::Partner
            if one.resource.is_some() =>
        {
            Ender::Operator
        }
        Agreement::Partner if sold::by_distributor(terms, one) => Ender::Distributor,
        Agreement::Partner => Ender::Partner,
        Agreement::Enterprise => Ender::AccountManager,
        Agreement::WithTenant => Ender::Tenant,
        _ => Ender::Administrator,
    };
    PlannedSubscription {
        id: one.id,
        name: if one.product {
            clip(&one.name, 256)
        } else {
            String::new()
        },
        seats: one.seats,
        agreement: one.agreement,
        disabled: one.lifecycle != Lifecycle::Active,
        stop_renewal: terms.stop_renewal_first && renewal::stoppable(one),
        ends_at: one.next_change,
        term_ends_at: one.term_end,
        next_term: one.next_term.clone(),
        cancelable: one.cancelable,
        cancel_until: one.cancel_until.filter(|_| one.cancelable),
        renews: one.auto_renew,
        ended_by,
    }
}

/// Planned only where the author asked for it. More than the plan can hold are left to a person, and counted.
fn applications(terms: &Terms, seen: &Observation) -> Option<(Vec<ObjectId>, u32)> {
    if !terms.remove_applications {
        return Some((Vec::new(), 0));
    }
    let all = seen.applications.known()?.iter();
    let ours_to_remove = all.filter(|one| !one.own && !one.undeletable);
    let mut ids: Vec<ObjectId> = ours_to_remove.map(|one| one.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let beyond = ids.len().saturating_sub(MOST_APPLICATIONS);
    ids.truncate(MOST_APPLICATIONS);
    Some((ids, u32::try_from(beyond).unwrap_or(u32::MAX)))
}

/// Our own: what is registered elsewhere has only a service principal here, and where nobody may list them none is known.
fn own(seen: &Observation) -> Vec<ObjectId> {
    let all = seen.applications.known().map_or(&[][..], Vec::as_slice);
    let own = all.iter().filter(|one| one.own).map(|one| one.id);
    own.take(20).collect()
}

/// Those that the author named and that are there; the initial one stays.
fn released(terms: &Terms, seen: &Observation) -> Option<Vec<String>> {
    if terms.release_domains.is_empty() {
        return Some(Vec::new());
    }
    let there = seen.domains.known()?.iter().filter(|one| !one.initial);
    let named = there.filter(|one| terms.release_domains.contains(&one.name));
    Some(named.map(|one| one.name.clone()).collect())
}

/// Asks for what a plan needs, then says that one can be made.
pub fn ask_then_plan(plan: &Plan, seen: &Observation, reason: &'static str) -> Decision {
    read_all(plan, seen)
        .err()
        .unwrap_or(Decision::MakePlan { reason })
}

/// Everything a plan needs was read, and the listing of users can be complete.
pub fn read_all(plan: &Plan, seen: &Observation) -> Result<(), Decision> {
    let mut questions = vec![
        Question::Organization,
        Question::Administrators,
        Question::Identity,
        Question::RoleHolders,
        Question::Users,
        Question::Subscriptions,
        Question::Losses,
        // Told with the plan; where nobody can read it, nothing waits.
        Question::RecycleBin,
        Question::Applications,
    ];
    if plan.terms.mode == Mode::Execute && plan.terms.directory_resource.is_none() {
        // Before the listing: who comes after it has been told then. Where nobody can say, nothing waits for it.
        questions.insert(0, Question::Newcomers);
    }
    if !plan.terms.release_domains.is_empty() {
        questions.push(Question::Domains);
    }
    if let Some(read) = facts::unread(seen, &questions) {
        return Err(read);
    }
    if !plan.terms.release_domains.is_empty() {
        facts::known(&seen.domains, Question::Domains)?;
    }
    facts::known(&seen.identity, Question::Identity)?;
    facts::known(&seen.spare, Question::Administrators)?;
    facts::known(&seen.role_holders, Question::RoleHolders)?;
    facts::known(&seen.subscriptions, Question::Subscriptions)?;
    losses::counted(&plan.terms, seen)?;
    match &seen.applications {
        // A person removes what may not be listed.
        Fact::Unreadable(Why::Forbidden | Why::Unsupported) if !plan.terms.remove_applications => {}
        applications => drop(facts::known(applications, Question::Applications)?),
    }
    let users = facts::known(&seen.users, Question::Users)?;
    facts::known(&users.global_administrators, Question::AdministratorGroups)?;
    let retained = match &seen.retained {
        Fact::Known(Some(found)) => Some(found.id),
        _ => None,
    };
    if retained.is_some_and(|id| users.ids.contains(&id)) {
        return Ok(());
    }
    Err(incomplete())
}

/// A listing that lacks the one who stays is not believed.
pub fn incomplete() -> Decision {
    Waiting::new(
        "ListingIncomplete",
        "The listing of users lacks the retained administrator, so it cannot be complete",
    )
    .again_in(AFTER_FAILURE)
    .into()
}
