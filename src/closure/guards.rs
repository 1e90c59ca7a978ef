//! Guards: refusals that hold before any step, in order. The first one found is the cycle's decision.

use crate::closure::decide::{Decision, Waiting};
use crate::closure::memory::Memory;
use crate::closure::observation::{
    Administrator, Fact, Holding, Observation, Obstacle, Organization, Question, Why,
};
use crate::closure::plan::Plan;
use crate::closure::schedule;
use crate::closure::terms::Mode;
use jiff::Timestamp;

/// The first refusal, if any.
pub fn refuse(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    _now: Timestamp,
) -> Option<Decision> {
    if memory.directory_gone_at.is_some() {
        return None;
    }
    brakes(plan, seen)
        .or_else(|| credential(seen, memory))
        .or_else(|| identity(plan, seen, memory))
        .or_else(|| retained(plan, seen, memory))
}

/// An obstacle as a decision.
pub fn blocked(
    reason: &'static str,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> Decision {
    Decision::Blocked(vec![Obstacle {
        reason,
        message: message.into(),
        remedy: remedy.into(),
    }])
}

fn brakes(plan: &Plan, seen: &Observation) -> Option<Decision> {
    let terms = &plan.terms;
    let configuration = &seen.cluster.configuration;
    let execute = terms.mode == Mode::Execute;
    if terms.suspend {
        Some(Decision::Suspended)
    } else if let Some(reason) = &terms.hold {
        Some(blocked(
            "LegalHold",
            format!("A hold is set: {reason}"),
            "Remove spec.hold once the hold is lifted",
        ))
    } else if configuration.protected.contains(&terms.tenant_id) {
        Some(blocked(
            "TenantProtected",
            "The operator's configuration protects this tenant",
            "Nothing: a protected tenant is never closed",
        ))
    } else if !configuration.allowed.is_empty() && !configuration.allowed.contains(&terms.tenant_id)
    {
        Some(blocked(
            "TenantNotAllowed",
            "The operator's configuration does not list this tenant",
            "Ask the operator's owner to add it to allowedTenants",
        ))
    } else if execute && !configuration.present {
        Some(blocked(
            "ConfigurationMissing",
            "The operator's configuration is absent or unreadable",
            "Restore the ConfigMap tenant-closure in the operator's namespace",
        ))
    } else if execute && configuration.kill_switch {
        Some(blocked(
            "KillSwitch",
            "The operator's kill switch is on",
            "Ask the operator's owner; killSwitch in its configuration",
        ))
    } else if !seen.cluster.rivals.is_empty() {
        let others = seen.cluster.rivals.join(", ");
        Some(blocked(
            "TenantNamedTwice",
            format!("Other closures name the same tenant: {others}"),
            "Delete all but one; nothing is lost",
        ))
    } else {
        None
    }
}

/// True once a person was asked to press Delete (or an ARM delete was sent): from then on a lost credential is no surprise.
fn at_the_end(memory: &Memory) -> bool {
    memory.own_identity_removed || memory.directory_delete.is_some()
}

fn credential(seen: &Observation, memory: &Memory) -> Option<Decision> {
    let refused_outside = matches!(
        seen.organization,
        Fact::Unreadable(Why::CredentialRefused | Why::Forbidden)
    );
    let lost = seen.cluster.credential.is_err() || refused_outside;
    if lost
        && (at_the_end(memory)
            || memory
                .started
                .contains_key(&crate::closure::step::Step::DeleteDirectory))
    {
        return outside_only(seen);
    }
    match &seen.cluster.credential {
        Err(obstacle) => Some(Decision::Blocked(vec![obstacle.clone()])),
        Ok(()) => None,
    }
}

/// With no credential left only the outside look can say something.
fn outside_only(seen: &Observation) -> Option<Decision> {
    match seen.directory {
        Fact::NotRead => Some(Decision::Read(vec![Question::Directory])),
        Fact::Known(_) => None,
        Fact::Unreadable(_) => Some(unavailable(&Memory::default())),
    }
}

fn identity(plan: &Plan, seen: &Observation, memory: &Memory) -> Option<Decision> {
    if seen.directory.known().is_some() && at_the_end(memory) {
        return None;
    }
    let organization = match read(&seen.organization, Question::Organization, memory) {
        Ok(organization) => organization,
        Err(_) if seen.directory.known().is_some() => return None,
        Err(decision) => return Some(decision),
    };
    mismatch(plan, organization)
}

fn mismatch(plan: &Plan, organization: &Organization) -> Option<Decision> {
    let terms = &plan.terms;
    let same = organization.id == terms.tenant_id
        && organization
            .initial_domain
            .eq_ignore_ascii_case(&terms.initial_domain);
    if !same {
        return Some(blocked(
            "TenantMismatch",
            "The tenant that answers has another id or another initial domain than the closure names",
            "Compare spec.tenant with the Entra admin center's overview; delete this closure and create the right one",
        ));
    }
    organization.partner.then(|| {
        blocked(
            "PartnerTenant",
            "The tenant is a partner's own tenant; its customers depend on it",
            "End the partnership with Microsoft first",
        )
    })
}

fn retained(plan: &Plan, seen: &Observation, memory: &Memory) -> Option<Decision> {
    if seen.directory.known().is_some() && seen.retained.known().is_none() {
        return None;
    }
    let found = match read(&seen.retained, Question::Administrators, memory) {
        Ok(found) => found.as_ref(),
        Err(decision) => return Some(decision),
    };
    let remedy = "Make spec.retain.globalAdministrator an enabled cloud-only member on the initial domain with a permanent Global Administrator assignment";
    let Some(admin) = found else {
        return Some(blocked(
            "RetainedAdminMissing",
            "The retained administrator is not in the tenant",
            remedy,
        ));
    };
    let (reason, message) = unfit(plan, admin)?;
    Some(blocked(reason, message, remedy))
}

fn unfit(plan: &Plan, admin: &Administrator) -> Option<(&'static str, &'static str)> {
    let domain = admin
        .user_principal_name
        .rsplit('@')
        .next()
        .unwrap_or_default();
    let pinned = plan
        .sealed
        .as_ref()
        .is_none_or(|s| s.head.retained == admin.id);
    if !pinned {
        Some((
            "RetainedAdminReplaced",
            "The retained administrator is not the one that the plan pinned",
        ))
    } else if !admin
        .user_principal_name
        .eq_ignore_ascii_case(&plan.terms.retained)
    {
        Some((
            "RetainedAdminRenamed",
            "The retained administrator has another user principal name than the closure says",
        ))
    } else if !admin.enabled {
        Some((
            "RetainedAdminDisabled",
            "The retained administrator's account is disabled",
        ))
    } else if !admin.member {
        Some((
            "RetainedAdminGuest",
            "The retained administrator is a guest; only a home account can delete the tenant",
        ))
    } else if admin.synced {
        Some((
            "RetainedAdminSynced",
            "The retained administrator is synced from on-premises",
        ))
    } else if !domain.eq_ignore_ascii_case(&plan.terms.initial_domain) {
        Some((
            "RetainedAdminNotOnInitialDomain",
            "The retained administrator does not sign in on the initial domain",
        ))
    } else {
        match admin.global_administrator {
            Holding::Permanent => None,
            Holding::EligibleOnly => Some((
                "RetainedAdminEligibleOnly",
                "The retained administrator is only eligible for Global Administrator, not permanently assigned",
            )),
            Holding::None => Some((
                "RetainedAdminNotGlobalAdministrator",
                "The retained administrator is no Global Administrator",
            )),
        }
    }
}

/// A fact, or the decision that its absence means.
///
/// # Errors
/// The decision: read it, wait for it, or blocked.
pub fn read<'a, T>(
    fact: &'a Fact<T>,
    question: Question,
    memory: &Memory,
) -> Result<&'a T, Decision> {
    match fact {
        Fact::Known(value) => Ok(value),
        Fact::NotRead => Err(Decision::Read(vec![question])),
        Fact::Unreadable(Why::Forbidden) => Err(blocked(
            "PermissionDenied",
            format!("Our application may not read {question:?}"),
            "Grant the application the permissions that docs/access.md lists, with admin consent",
        )),
        Fact::Unreadable(Why::CredentialRefused) => Err(blocked(
            "CredentialRefused",
            "Microsoft's sign-in refuses the credential, or its token is for another tenant",
            "Check clientId and clientSecret in the Secret: right tenant, not expired",
        )),
        Fact::Unreadable(Why::Unsupported) => Err(blocked(
            "NotSupported",
            format!("This cloud or tenant cannot answer {question:?}"),
            "Close this tenant by hand from here on; the report lists what is left",
        )),
        Fact::Unreadable(Why::Unavailable | Why::Malformed) => Err(unavailable(memory)),
    }
}

/// Microsoft does not answer as it should: wait, longer each time nothing moved.
pub fn unavailable(memory: &Memory) -> Decision {
    Decision::Wait(Waiting {
        reason: "MicrosoftUnavailable",
        message: "Microsoft does not give an answer that counts; asking again".into(),
        until: None,
        look_again: Some(schedule::back_off(memory.fruitless.saturating_add(1))),
    })
}
