//! The delete-tenant checks, as far as a program can tell them: passed, failed, or for a person to say.
//!
//! Custom domains (C16), groups, devices and policies (C17) and soft-deleted objects (C18) are no checks; Domain Services
//! (C12) lives in an Azure subscription and goes with it.

use crate::closure::decision::{Blocker, Standing};
use crate::closure::links;
use crate::closure::observation::{Agreement, Application, Lifecycle, Observation};
use crate::closure::plan::Plan;
use std::collections::BTreeMap;

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Seen, or attested.
    Passed,
    /// Seen, or attested.
    Failed,
    /// Only a person can see it.
    Unknown,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// `C1` to `C15`.
    pub id: &'static str,
    /// Its name in the portal.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
    /// How it is met.
    pub remedy: &'static str,
    /// Where.
    pub link: &'static str,
    /// Who meets it.
    pub who: &'static str,
}

/// The five checks that no program can read.
pub const UNREADABLE: [&str; 5] = ["C5", "C9", "C10", "C11", "C15"];

/// All checks that apply to this tenant, in the portal's order.
pub fn all(plan: &Plan, seen: &Observation) -> Vec<Check> {
    let mut checks = readable(plan, seen);
    checks.extend(by_person(plan));
    if plan.terms.directory_resource.is_some() {
        checks.extend(external(plan));
    }
    for check in &mut checks {
        if let Some(said) = attested(&seen.cluster.attestations, check.id)
            && check.state == State::Unknown
        {
            check.state = said;
        }
    }
    checks.sort_by_key(|check| number(check.id));
    checks
}

/// What a person said about a check.
pub fn attested(attestations: &BTreeMap<String, String>, check: &str) -> Option<State> {
    let word = attestations.get(check)?.trim().to_ascii_lowercase();
    let denies = ["failed", "fail", "no", "false", "open", "blocked"];
    Some(if denies.contains(&word.as_str()) {
        State::Failed
    } else {
        State::Passed
    })
}

/// What the condition says of them. Permission to delete Azure resources (C8) is part of pressing the button.
pub fn standing(checks: &[Check]) -> Standing {
    let of = |state: State| -> Vec<&str> {
        let some = checks.iter().filter(|c| c.state == state && c.id != "C8");
        some.map(|check| check.name).collect()
    };
    let (failed, unknown) = (of(State::Failed), of(State::Unknown));
    if !failed.is_empty() {
        return Standing::no("ChecksFailed", format!("Not met: {}", failed.join(", ")));
    }
    if !unknown.is_empty() {
        let message = format!("For a person to look at: {}", unknown.join(", "));
        return Standing::unknown("NotAttested", message);
    }
    Standing::yes("AllPassed", "All delete-tenant checks are met")
}

/// The checks that failed or are unknown, for the status.
pub fn blockers(checks: &[Check]) -> Vec<Blocker> {
    let open = checks.iter().filter(|check| check.state != State::Passed);
    open.map(|check| Blocker {
        check: format!("{} {}", check.id, check.name),
        state: if check.state == State::Failed {
            "failed"
        } else {
            "unknown"
        },
        remedy: check.remedy.to_owned(),
        link: check.link.to_owned(),
        who: check.who,
    })
    .collect()
}

/// Passed, and all.
pub fn progress(checks: &[Check]) -> (u32, u32) {
    let passed = checks.iter().filter(|check| check.state == State::Passed);
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (number(passed.count()), number(checks.len()))
}

fn number(id: &str) -> u32 {
    id.trim_start_matches('C').parse().unwrap_or(u32::MAX)
}

fn judged(passed: Option<bool>) -> State {
    match passed {
        Some(true) => State::Passed,
        Some(false) => State::Failed,
        None => State::Unknown,
    }
}

fn readable(plan: &Plan, seen: &Observation) -> Vec<Check> {
    let cloud = plan.terms.cloud;
    let by_us = if plan.terms.remove_applications {
        "operator"
    } else {
        "person"
    };
    let applications = |of_kind: fn(&Application) -> bool| {
        let all = seen.applications.known()?;
        Some(!all.iter().any(|one| !one.own && of_kind(one)))
    };
    let subscriptions = |azure: bool| {
        let all = seen.subscriptions.known()?;
        let there = all.iter().filter(|one| one.lifecycle != Lifecycle::Gone);
        Some(
            !there
                .into_iter()
                .any(|one| (one.agreement == Agreement::Azure) == azure),
        )
    };
    let no_spare = seen.spare.known().map(Option::is_none);
    let sync_off = seen.organization.known().map(|found| !found.sync_enabled);
    let principals = applications(|one| one.service_principal && !one.undeletable);
    let registrations = applications(|one| !one.service_principal);
    let products = links::products(cloud);
    let apps = links::applications(cloud);
    [
        (
            "C1",
            "Users",
            no_spare,
            "Delete every user but the retained administrator",
            links::active_users(cloud),
            "operator",
        ),
        (
            "C2",
            "Directory sync",
            sync_off,
            "Switch directory sync off and wait up to 72 hours",
            links::SYNC_OFF,
            "person",
        ),
        (
            "C3",
            "Enterprise applications",
            principals,
            "Delete the enterprise applications that can be deleted; disable the others",
            apps,
            by_us,
        ),
        (
            "C4",
            "App registrations",
            registrations,
            "Delete all app registrations, also under All applications",
            apps,
            by_us,
        ),
        (
            "C6",
            "License-based subscriptions",
            subscriptions(false),
            "Cancel and delete them, then wait up to 72 hours",
            products,
            "person",
        ),
        (
            "C7",
            "Azure subscriptions",
            subscriptions(true),
            "Cancel and delete them, or transfer them to another tenant",
            links::azure(cloud),
            "person",
        ),
    ]
    .into_iter()
    .map(|(id, name, passed, remedy, link, who)| Check {
        id,
        name,
        state: judged(passed),
        remedy,
        link,
        who,
    })
    .collect()
}

fn by_person(plan: &Plan) -> Vec<Check> {
    let tenants = links::tenants(plan.terms.cloud);
    let unknown = |id, name, remedy, link| Check {
        id,
        name,
        state: State::Unknown,
        remedy,
        link,
        who: "person",
    };
    vec![
        unknown(
            "C5",
            "LinkedIn account connections",
            "Under Users, User settings set LinkedIn account connections to No",
            tenants,
        ),
        unknown(
            "C8",
            "Permission to delete Azure resources",
            "Under Properties set Access management for Azure resources to Yes, sign out and in again",
            tenants,
        ),
        unknown(
            "C9",
            "Multifactor authentication providers",
            "Delete every multifactor authentication provider",
            links::MFA_PROVIDERS,
        ),
        unknown(
            "C10",
            "Self-service sign-up products",
            "Under Licenses, Self-service sign-up products delete each of them",
            links::DELETE_TENANT,
        ),
        unknown(
            "C11",
            "Outstanding invoices",
            "Pay every invoice; the last Azure invoice comes up to 72 hours after the cancellation",
            links::BILLS,
        ),
        unknown(
            "C15",
            "Store for Business or Education",
            "Reclaim all seats that are left from the store",
            links::DELETE_TENANT,
        ),
    ]
}

fn external(plan: &Plan) -> Vec<Check> {
    let tenants = links::tenants(plan.terms.cloud);
    [
        (
            "C13",
            "User flows and policies",
            "Delete user flows, identity providers, policy keys and custom policies",
            "person",
        ),
        (
            "C14",
            "Link to the Azure subscription",
            "Is removed together with the directory",
            "operator",
        ),
    ]
    .into_iter()
    .map(|(id, name, remedy, who)| Check {
        id,
        name,
        state: State::Unknown,
        remedy,
        link: tenants,
        who,
    })
    .collect()
}
