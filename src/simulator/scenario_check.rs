//! Whether what a scenario says can be played. Its syntax is refused where it is read; here it is the values: a role that nobody
//! knows, say, would later look like a refusal of Microsoft's.

use std::collections::HashSet;

use super::checks;
use super::populate::initial_domain;
use super::roles;
use super::scenario::{ApplicationRegistration, Behaviour, Scenario, Subscription, Tenant as Plan};
use super::users::MFA_STATES;

/// What is wrong, and where.
type Checked = Result<(), String>;

/// Of one kind of object a tenant has so many at most.
const MOST: u32 = 1_000_000;
/// Days of a duration at most: a million years. Where a day takes a second, what is to last for eleven real months is eighty thousand
/// years long.
const DAYS: f64 = 365_250_000.0;
const TENANT_TYPES: &[&str] = &["AAD", "CIAM", "AAD B2C"];
const STATUSES: &[&str] = &["Enabled", "Warning", "Suspended", "LockedOut", "Deleted"];

/// A whole scenario.
pub(super) fn all(scenario: &Scenario) -> Checked {
    behaviour(&scenario.behaviour)?;
    let mut seen = HashSet::new();
    for (index, plan) in scenario.tenants.iter().enumerate() {
        let place = |wrong: String| format!("tenants[{index}]: {wrong}");
        tenant(plan).map_err(place)?;
        let mut names = vec![initial_domain(plan, index)];
        names.extend(plan.domains.iter().cloned());
        names.extend(plan.id.map(|id| id.to_string()));
        for name in names {
            if !seen.insert(name.to_ascii_lowercase()) {
                return Err(place(format!(
                    "'{name}' is the id or a domain of a tenant already: each has its own"
                )));
            }
        }
    }
    Ok(())
}

/// One tenant.
pub(super) fn tenant(plan: &Plan) -> Checked {
    one_of("tenantType", &plan.tenant_type, TENANT_TYPES)?;
    domains(plan)?;
    numbers(plan)?;
    for (name, hours) in [
        ("sync.hours", plan.sync.hours),
        ("sync.conversionHours", plan.sync.conversion_hours),
    ] {
        within(name, hours / 24.0, 0.0, DAYS)?;
    }
    one_of("mfa", &plan.retained_administrator.mfa, &MFA_STATES)?;
    if let Some(spare) = &plan.spare_administrator {
        one_of("mfa", &spare.mfa, &MFA_STATES)?;
    }
    for (check, state) in &plan.unreadable_checks {
        one_of("unreadableChecks", check, &checks::unreadable())?;
        one_of(check, state, &["failed", "passed"])?;
    }
    plan.subscriptions.iter().try_for_each(subscription)?;
    registration("closer", &plan.closer)?;
    registration("reader", &plan.reader)?;
    let same = plan.closer.client_id.is_some() && plan.closer.client_id == plan.reader.client_id;
    if same {
        return Err("closer and reader have the same clientId: give each its own".to_owned());
    }
    plan.behaviour.as_ref().map_or(Ok(()), behaviour)
}

fn domains(plan: &Plan) -> Checked {
    // Without one of its own it has a name of ours.
    let initial = plan.initial_domain.iter();
    let own: Vec<&String> = initial.chain(&plan.domains).collect();
    if let Some(wrong) = own.iter().find(|name| !is_domain(name)) {
        return Err(format!(
            "'{wrong}' is not a domain: write it like contoso.onmicrosoft.com"
        ));
    }
    let federated = plan.federated_domains.iter();
    let used = plan.domain_references.iter().map(|one| &one.domain);
    let answered = plan.dns.iter().map(|one| &one.domain);
    let mut told = federated.chain(used).chain(answered);
    let known = |name: &String| {
        let unnamed = plan.initial_domain.is_none() && name.ends_with(".onmicrosoft.com");
        unnamed || own.iter().any(|one| one.eq_ignore_ascii_case(name))
    };
    told.find(|name| !known(name)).map_or(Ok(()), |wrong| {
        Err(format!(
            "'{wrong}' is not a domain of the tenant: list it under `domains`"
        ))
    })
}

/// Labels of letters, digits and hyphens, two at least.
fn is_domain(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .chars()
                .all(|one| one.is_ascii_alphanumeric() || one == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(label)
}

fn numbers(plan: &Plan) -> Checked {
    let percents = [
        ("guestsPercent", plan.guests_percent),
        ("disabledPercent", plan.disabled_percent),
        ("sync.percent", plan.sync.percent),
    ];
    let used = plan.domain_references.iter();
    let used = used.map(|one| ("usersPercent", one.users_percent));
    for (name, percent) in percents.into_iter().chain(used) {
        at_most(name, percent, 100)?;
    }
    for (name, number) in [
        ("users", plan.users),
        ("applications", plan.applications),
        (
            "personalAccountApplications",
            plan.personal_account_applications,
        ),
        ("servicePrincipals", plan.service_principals),
        (
            "firstPartyServicePrincipals",
            plan.first_party_service_principals,
        ),
        (
            "corporateServicePrincipals",
            plan.corporate_service_principals,
        ),
        ("managedIdentities", plan.managed_identities),
        ("hiddenServicePrincipals", plan.hidden_service_principals),
        (
            "undeletableServicePrincipals",
            plan.undeletable_service_principals,
        ),
        (
            "conditionalAccessPolicies",
            plan.conditional_access_policies,
        ),
        ("losses.groups", plan.losses.groups),
        ("losses.intuneDevices", plan.losses.intune_devices),
        ("losses.autopilotDevices", plan.losses.autopilot_devices),
    ] {
        at_most(name, number, MOST)?;
    }
    Ok(())
}

fn subscription(one: &Subscription) -> Checked {
    one_of("status", &one.status, STATUSES)?;
    within("termEndDays", one.term_end_days, -DAYS, DAYS)?;
    for (name, days) in [
        ("termDays", one.term_days),
        ("cancellableDays", one.cancellable_days.unwrap_or_default()),
        ("graceDays", one.grace_days),
        ("disabledDays", one.disabled_days),
        ("deprovisionHours", one.deprovision_hours / 24.0),
        (
            "deleteAfterHours",
            one.delete_after_hours.unwrap_or_default() / 24.0,
        ),
        ("lockedHours", one.locked_hours / 24.0),
    ] {
        within(name, days, 0.0, DAYS)?;
    }
    Ok(())
}

fn registration(who: &str, one: &ApplicationRegistration) -> Checked {
    let mut held = one.directory_roles.iter().flatten();
    if let Some(wrong) = held.find(|name| roles::find(name).is_none()) {
        let known: Vec<&str> = roles::ROLES.iter().skip(1).map(|role| role.name).collect();
        return Err(format!(
            "{who}.directoryRoles: there is no role '{wrong}'; there are {}",
            known.join(", ")
        ));
    }
    let shaped = |name: &str| {
        let word = |word: &str| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|one| one.is_ascii_alphanumeric() || one == '-')
        };
        name.contains('.') && name.split('.').all(word)
    };
    let mut granted = one.app_roles.iter().flatten();
    granted.find(|name| !shaped(name)).map_or(Ok(()), |wrong| {
        Err(format!(
            "{who}.appRoles: '{wrong}' is not a permission: write it like User.Read.All"
        ))
    })
}

fn behaviour(told: &Behaviour) -> Checked {
    let place = |wrong: String| format!("behaviour.{wrong}");
    for (name, number) in [
        ("conflictPermille", told.conflict_permille),
        ("missingPermille", told.missing_permille),
        ("longLagPermille", told.long_lag_permille),
    ] {
        at_most(name, number, 1000).map_err(place)?;
    }
    if told.replicas == 0 {
        return Err(place("replicas: 1 at least".to_owned()));
    }
    for (name, status, known) in [
        (
            "cancellationRefusal",
            told.cancellation_refusal,
            [400, 403, 409],
        ),
        (
            "firstPartyRefusal",
            told.first_party_refusal,
            [400, 403, 404],
        ),
    ] {
        if !known.contains(&status) {
            return Err(place(format!("{name}: {status} is none of {known:?}")));
        }
    }
    if ![90_002, 5_000_224].contains(&told.gone_tenant_code) {
        let code = told.gone_tenant_code;
        return Err(place(format!(
            "goneTenantCode: {code} is neither 90002 nor 5000224"
        )));
    }
    within("quotaWindow", told.quota_window, f64::MIN_POSITIVE, 100.0).map_err(place)?;
    for (name, hours) in [
        ("graphLagHours", told.graph_lag_hours),
        ("armLagHours", told.arm_lag_hours),
        ("adminLagHours", told.admin_lag_hours),
        ("partnerLagHours", told.partner_lag_hours),
        ("tenantDeletionHours", told.tenant_deletion_hours),
    ] {
        within(name, hours / 24.0, 0.0, DAYS).map_err(place)?;
    }
    Ok(())
}

fn one_of(name: &str, told: &str, known: &[&str]) -> Checked {
    if known.contains(&told) {
        return Ok(());
    }
    Err(format!("{name}: '{told}' is none of {}", known.join(", ")))
}

fn at_most(name: &str, told: u32, most: u32) -> Checked {
    if told <= most {
        return Ok(());
    }
    Err(format!("{name}: {told} is more than {most}"))
}

/// Where it is a duration, in days, of a million years at most.
fn within(name: &str, told: f64, least: f64, most: f64) -> Checked {
    if (least..=most).contains(&told) {
        return Ok(());
    }
    Err(format!("{name}: not within what can be played"))
}

#[cfg(test)]
mod tests {
    use super::super::scenario::Scenario;

    #[test]
    fn what_cannot_be_played_is_refused_with_its_name() {
        let id = "11111111-1111-4111-8111-111111111111";
        let twice = format!("tenants: [{{id: {id}}}, {{id: {id}}}]");
        let clients =
            format!("tenants: [{{closer: {{clientId: {id}}}, reader: {{clientId: {id}}}}}]");
        for (text, told) in [
            (twice.as_str(), id),
            (
                "tenants: [{initialDomain: x.example}, {initialDomain: X.example}]",
                "X.example",
            ),
            (
                "tenants: [{}, {domains: [contoso.onmicrosoft.com]}]",
                "contoso.onmicrosoft.com",
            ),
            (
                "tenants: [{closer: {directoryRoles: [Nope]}}]",
                "there are Global Administrator",
            ),
            ("tenants: [{reader: {appRoles: [Foo]}}]", "reader.appRoles"),
            ("tenants: [{tenantType: FOO}]", "AAD B2C"),
            ("tenants: [{initialDomain: a b}]", "'a b'"),
            ("tenants: [{domains: [bad domain.nl]}]", "bad domain.nl"),
            ("tenants: [{guestsPercent: 200}]", "guestsPercent"),
            ("tenants: [{users: 1000001}]", "users"),
            ("tenants: [{unreadableChecks: {C4: failed}}]", "C5, C8, C9"),
            (
                "tenants: [{unreadableChecks: {C5: nope}}]",
                "failed, passed",
            ),
            ("tenants: [{retainedAdministrator: {mfa: on}}]", "enforced"),
            ("tenants: [{dns: [{domain: other.nl}]}]", "other.nl"),
            ("tenants: [{federatedDomains: [other.nl]}]", "other.nl"),
            (clients.as_str(), "clientId"),
            ("tenants: [{subscriptions: [{status: Gone}]}]", "LockedOut"),
            ("tenants: [{subscriptions: [{graceDays: -1}]}]", "graceDays"),
            (
                "tenants: [{subscriptions: [{termEndDays: 1e300}]}]",
                "termEndDays",
            ),
            (
                "tenants: [{behaviour: {goneTenantCode: 1}}]",
                "goneTenantCode",
            ),
            (
                "behaviour: {cancellationRefusal: 200}",
                "cancellationRefusal",
            ),
            ("behaviour: {firstPartyRefusal: 999}", "firstPartyRefusal"),
            ("behaviour: {conflictPermille: 2000}", "conflictPermille"),
            ("behaviour: {quotaWindow: 0}", "quotaWindow"),
            ("behaviour: {replicas: 0}", "replicas"),
        ] {
            let wrong = Scenario::parse(text).unwrap_err();
            assert!(wrong.contains(told), "{text}: {wrong}");
        }
        let good = "tenants: [{initialDomain: x.example, domains: [y.example], dns: [{domain: Y.example}], federatedDomains: [x.example], \
            closer: {directoryRoles: [user administrator, 88d8e3e3-8f55-4a1e-953a-9b9898b8876b], appRoles: [Policy.ReadWrite.ConditionalAccess]}, \
            unreadableChecks: {C9: failed}, subscriptions: [{status: Warning, termEndDays: -3}]}, {}]";
        Scenario::parse(good).unwrap();
    }
}
