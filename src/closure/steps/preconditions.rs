//! Step 0: backup, limits, losses and roles; then the plan and its approval.

use crate::closure::acceptance;
use crate::closure::access::warnings;
use crate::closure::decision::{Assessment, Blocker, Decision, Standing, Waiting};
use crate::closure::guards;
use crate::closure::loss::PlannedLoss;
use crate::closure::memory::Memory;
use crate::closure::observation::{
    Agreement, Fact, Lifecycle, Observation, Obstacle, Question, Why,
};
use crate::closure::plan::Plan;
use crate::closure::report;
use crate::closure::step::Step;
pub use crate::closure::steps::planning::{begin_head, make_plan};
use crate::closure::steps::{
    administrators, approval, backup, disable_mfa, domains, facts, inventory, keeper, losses, mail,
    planning, release_domains, roles, subscriptions, term_ahead, units,
};
use crate::closure::terms::{BillingAccount, BillingKind, Mode, Terms};
use crate::closure::words::{count, len, thousands};
use jiff::{SignedDuration, Timestamp};

/// A plan that was not begun within this time, and is not approved, is made again.
pub const PLAN_KEEPS: SignedDuration = SignedDuration::from_hours(24);

/// True once an effect (or a recorded reading) of a later step was claimed.
pub fn begun(memory: &Memory) -> bool {
    memory
        .started
        .keys()
        .any(|step| *step > Step::Preconditions)
}

/// Where step 0 stands.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Assessment {
    let checked = if begun(memory) {
        term_ahead::look(plan, seen, memory).map(|()| Vec::new())
    } else {
        look(plan, seen)
    };
    let mut lacks = match checked {
        Ok(lacks) => lacks,
        Err(decision) => return Assessment::now_do(decision),
    };
    lacks.extend(approval::unapprovable(plan, &seen.cluster.approvals));
    lacks.extend(ahead(plan, seen, memory, now));
    let obstacles = obstacles(plan, seen, memory, now);
    if let Some(first) = obstacles.first() {
        let standing = Standing::no(first.reason, first.message.clone());
        return Assessment::now_do(Decision::Blocked(obstacles))
            .standing("PreconditionsMet", standing)
            .progress(0, 4)
            .blocked_by(lacks);
    }
    let assessment = plan_and_approval(plan, seen, memory, now);
    if let Some(Decision::MakePlan { .. } | Decision::Read(_)) = &assessment.next {
        return assessment
            .standing("PreconditionsMet", all_met(plan, seen, memory, now))
            .progress(4, 4)
            .blocked_by(lacks);
    }
    let lost = match &assessment.next {
        // What comes now is too late to be asked about, or is looked at where it is ended.
        _ if memory.destroying_since.is_some() => Vec::new(),
        Some(_) => planned_losses(plan),
        // Approved, and nothing was taken away yet: directory sync alone takes 72 hours to go off.
        None => match losses::again(&plan.terms, seen) {
            Ok(lost) => lost,
            Err(decision) => return Assessment::now_do(decision).blocked_by(lacks),
        },
    };
    let arrivals = match mail::arrivals(plan, seen, memory) {
        Ok(arrivals) => arrivals,
        Err(decision) => return Assessment::now_do(decision).blocked_by(lacks),
    };
    let restriction = match units::restriction(plan, seen, memory) {
        Ok(restriction) => restriction,
        Err(decision) => return Assessment::now_do(decision).blocked_by(lacks),
    };
    let mut rows = lacks;
    rows.extend(losses::blockers(&plan.terms, &lost));
    rows.extend(mail::blockers(&plan.terms, &arrivals));
    rows.extend(units::blockers(&restriction));
    let obstacles: Vec<Obstacle> = losses::obstacle(&lost)
        .into_iter()
        .chain(mail::obstacle(&arrivals))
        .chain(units::obstacle(&restriction))
        .collect();
    if plan.terms.mode == Mode::Execute
        && let Some(first) = obstacles.first()
    {
        let standing = Standing::no(first.reason, first.message.clone());
        return Assessment::now_do(Decision::Blocked(obstacles))
            .standing("PreconditionsMet", standing)
            .progress(3, 4)
            .blocked_by(rows);
    }
    assessment
        .standing("PreconditionsMet", all_met(plan, seen, memory, now))
        .progress(4, 4)
        .blocked_by(rows)
}

/// The kinds of loss that the plan names and nobody accepted.
fn planned_losses(plan: &Plan) -> Vec<PlannedLoss> {
    let sealed = plan.sealed.as_ref();
    sealed.map_or_else(Vec::new, |sealed| {
        losses::not_accepted(&plan.terms, &sealed.head.losses)
    })
}

/// Reads who we are and what is subscribed to; roles that lack bar the way only where something is to be changed.
fn look(plan: &Plan, seen: &Observation) -> Result<Vec<Blocker>, Decision> {
    let mut asked = vec![
        Question::Identity,
        Question::RoleHolders,
        Question::Subscriptions,
    ];
    if in_azure(&plan.terms) {
        asked.push(Question::Rights);
    }
    let releases = !plan.terms.release_domains.is_empty();
    if releases {
        asked.push(Question::Domains);
    }
    let policies = !plan.terms.policies_off.is_empty();
    if policies {
        asked.push(Question::ConditionalAccess);
    }
    if plan.terms.security_defaults_off {
        asked.push(Question::SecurityDefaults);
    }
    if let Some(read) = facts::unread(seen, &asked) {
        return Err(read);
    }
    facts::known(&seen.identity, Question::Identity)?;
    facts::known(&seen.role_holders, Question::RoleHolders)?;
    facts::known(&seen.subscriptions, Question::Subscriptions)?;
    facts::known(&seen.spare, Question::Administrators)?;
    // Where Azure tells nothing of roles, they are not told; a credential that it refuses is.
    if let Fact::Unreadable(why @ Why::CredentialRefused(_)) = seen.rights {
        return Err(facts::unreadable(Question::Rights, why));
    }
    if releases {
        facts::known(&seen.domains, Question::Domains)?;
    }
    if policies {
        facts::known(&seen.policies, Question::ConditionalAccess)?;
    }
    if plan.terms.security_defaults_off {
        facts::known(&seen.security_defaults, Question::SecurityDefaults)?;
    }
    Ok(roles::blockers(plan, &roles::table(plan, seen)))
}

/// Something is to be ended that Azure tells of beforehand whether we may.
fn in_azure(terms: &Terms) -> bool {
    let azure = |account: &BillingAccount| account.kind != BillingKind::Partner;
    terms.directory_resource.is_some() || terms.billing.iter().any(azure)
}

/// Everything that a person must change before the first effect; what can change later is looked at in every cycle.
fn obstacles(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Vec<Obstacle> {
    let terms = &plan.terms;
    let mut found: Vec<Obstacle> = Vec::new();
    if !begun(memory) {
        found.extend(spare_unfit(terms, seen));
        found.extend(release_domains::unfit(terms, seen));
        found.extend(disable_mfa::unknown_policies(terms, seen));
        let sealed = plan.sealed.as_ref();
        found.extend(sealed.and_then(|sealed| administrators::too_many(sealed, seen)));
    }
    if plan_wanted(plan, seen, memory, now).is_some() {
        found.extend(planning::too_many_subscriptions(seen));
    }
    if terms.mode == Mode::Execute {
        found.extend(of_effects(plan, seen, memory, now));
        let roles = || roles::missing(&roles::table(plan, seen));
        found.extend((!begun(memory)).then(roles).flatten());
    }
    found
}

/// What bars an effect, and no plan. What lacks of roles has rows of its own.
fn of_effects(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Vec<Obstacle> {
    let terms = &plan.terms;
    let mut found: Vec<Obstacle> = Vec::new();
    found.extend(backup::lacking(terms, seen, memory, now));
    found.extend(administrators::untold(seen, memory));
    found.extend(keeper::unproven(terms, seen, memory, now));
    found.extend(inventory::unwritable(seen, memory));
    found.extend(losses::too_many_accepted(terms));
    if memory.verified_at.is_none() {
        found.extend(limit(plan, seen));
    }
    if !begun(memory) {
        found.extend(too_many_begun(seen));
        found.extend(reason_for_canceling(terms, seen));
    }
    found.extend(term_ahead::obstacle(plan, seen, memory, now));
    found
}

/// All that would bar an effect and bars nothing yet, in rows. In mode Plan that is everything: whoever reads a plan is told before
/// he asks for it to be carried out, and the plan is made all the same. In mode Execute it is a term that lies ahead while recurring
/// billing is still to be switched off: whoever approves is told that the users will wait for it.
fn ahead(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Vec<Blocker> {
    let mut found = Vec::new();
    if plan.terms.mode == Mode::Plan {
        found.extend(guards::of_effects(seen));
        found.extend(of_effects(plan, seen, memory, now));
        found.extend(keeper::untold_factor(&plan.terms, seen, now));
    }
    found.extend(term_ahead::later(plan, seen, memory, now));
    let row = |obstacle: &Obstacle| Blocker {
        state: "failed",
        ..report::row(obstacle)
    };
    found.iter().map(row).collect()
}

/// A fleet is closed slowly: a mistake in a hundred manifests is found out after the first few.
fn too_many_begun(seen: &Observation) -> Option<Obstacle> {
    let most = seen.cluster.configuration.begun_at_most;
    (seen.cluster.begun_lately >= most).then(|| {
        let message = format!(
            "The operator's configuration lets {} begin within 30 days, and so many have begun",
            count(most, "closure")
        );
        let remedy = "Wait until the first of them began 30 days ago; the owner of the operator's configuration can raise maxClosuresPer30Days";
        Obstacle::new("TooManyBegun", message, remedy)
    })
}

fn spare_unfit(terms: &Terms, seen: &Observation) -> Option<Obstacle> {
    let name = terms.spare.as_ref()?;
    let retained = seen.retained.known().and_then(Option::as_ref);
    match seen.spare.known()? {
        None => Some(Obstacle::new(
            "SpareAdminMissing",
            format!("The tenant has no such user as the spare administrator {name}"),
            "Create the account, or make the closure without a spare administrator",
        )),
        Some(found) => retained.filter(|r| r.id == found.id).map(|_| {
            Obstacle::new(
                "SpareAdminIsRetained",
                "The spare administrator and the retained one are the same account",
                "Name another account, or make the closure without a spare administrator",
            )
        }),
    }
}

fn limit(plan: &Plan, seen: &Observation) -> Option<Obstacle> {
    let Some(most) = plan.terms.max_users else {
        return Some(Obstacle::new(
            "LimitMissing",
            "spec.limits.maxUsers is absent, so no number of users may be deleted",
            "Set spec.limits.maxUsers to the number of users you expect, or a little more",
        ));
    };
    let users = match (&plan.sealed, seen.users.known()) {
        // With its supplements. What step 1 changed is no measure: it counts renewals, too, and twice who is deleted once more.
        (Some(_), _) => plan.users(),
        (None, Some(users)) => len(&users.ids).saturating_sub(1),
        (None, None) => 0,
    };
    (users > most).then(|| {
        let message = format!(
            "{} would be deleted, but spec.limits.maxUsers allows {}",
            count(users, "user"),
            thousands(most)
        );
        let remedy = "Check that this is the tenant you mean, then raise spec.limits.maxUsers";
        Obstacle::new("LimitExceeded", message, remedy)
    })
}

fn reason_for_canceling(terms: &Terms, seen: &Observation) -> Option<Obstacle> {
    let all = seen.subscriptions.known().map_or(&[][..], Vec::as_slice);
    let mut active = subscriptions::ended_apart(all)
        .filter(|one| one.lifecycle == Lifecycle::Active && one.agreement != Agreement::Azure);
    (terms.cancellation.is_none() && active.next().is_some()).then(|| {
        Obstacle::new(
            "CancellationReasonMissing",
            "There are active subscriptions, and no reason for canceling them was given",
            "Set spec.cancellation.reason to one of the reasons that the admin center lists",
        )
    })
}

fn all_met(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Standing {
    let terms = &plan.terms;
    let message = match &terms.backup {
        Some(backup) if terms.mode == Mode::Execute => {
            format!("{}; within limits; roles held", backup::words(backup))
        }
        _ => "The tenant is the named one, and the retained administrator can finish".to_owned(),
    };
    let warned = warnings::told(plan, seen, memory, now);
    let message = match warned.as_deref().and_then(warnings::words) {
        Some(words) => format!("{message}; {words}"),
        None => message,
    };
    Standing::yes("AllMet", message)
}

fn plan_and_approval(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Assessment {
    if let Some(reason) = plan_wanted(plan, seen, memory, now) {
        return Assessment::now_do(planning::ask_then_plan(plan, seen, reason));
    }
    if plan.terms.mode == Mode::Plan {
        return Assessment::now_do(Decision::Planned);
    }
    let earlier = seen.cluster.earlier(now);
    if let Some(date) = plan.terms.not_before.filter(|date| *date > earlier) {
        let message = "Nothing is changed in the tenant before the date in spec.notBefore";
        return Assessment::now_do(Waiting::new("NotBefore", message).until(Some(date)));
    }
    approval::assess(&seen.cluster.approvals, begun(memory), earlier)
}

/// Why a plan is to be made now.
fn plan_wanted(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<&'static str> {
    let Some(sealed) = &plan.sealed else {
        return Some("FirstPlan");
    };
    if begun(memory) {
        return None;
    }
    // The plan leaves its own application to the end: what a reader planned would leave the wrong one.
    let acting = seen.identity.known();
    if acting.is_some_and(|found| found.app_id != sealed.head.app_id) {
        return Some("OtherApplication");
    }
    if administrators::room(sealed, seen) && administrators::unexpected(sealed, seen) == Ok(true) {
        return Some("OtherAdministrators");
    }
    if domains::drift(sealed, seen).is_some() {
        return Some("OtherDomains");
    }
    // Approved would be what nobody was shown as accepted.
    if !acceptance::later(plan).is_empty() {
        return Some("MoreAccepted");
    }
    // Persons have approved these very ids and time alone is waited for: made anew, it would be another plan by a user more
    // or less, and nothing would ever begin. Whoever has come since gets a supplement.
    if approval::suffices(&seen.cluster.approvals) {
        return None;
    }
    let made_at = memory.plan.as_ref()?.made_at;
    (now.duration_since(made_at) > PLAN_KEEPS).then_some("PlanStale")
}
