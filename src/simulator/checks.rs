//! The delete-tenant checks, as the portal would show them. Microsoft has no interface for them: this table is the simulator's own.

use serde::Serialize;

use super::scenario::SubscriptionKind;
use super::tenant::Tenant;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Check {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) status: &'static str,
    pub(crate) required_action: &'static str,
    pub(crate) link: &'static str,
}

const HOWTO: &str = "https://learn.microsoft.com/entra/identity/users/directory-delete-howto";
const UNREADABLE: &[(&str, &str, &str)] = &[
    (
        "C5",
        "LinkedIn account connections",
        "Set LinkedIn account connections to No",
    ),
    (
        "C8",
        "Permission for Azure resources",
        "Get permission to delete Azure resources",
    ),
    (
        "C9",
        "Multifactor authentication providers",
        "Delete all multifactor authentication providers",
    ),
    (
        "C10",
        "Self-service sign-up products",
        "Delete all self-service sign-up products",
    ),
    ("C11", "Outstanding invoices", "Pay all invoices"),
    ("C15", "Store leftovers", "Remove all seats"),
];

/// Whether only a person can read a check.
pub(crate) fn is_unreadable(id: &str) -> bool {
    UNREADABLE.iter().any(|(known, _, _)| *known == id)
}

/// The checks that only a person can read, by id.
pub(crate) fn unreadable() -> Vec<&'static str> {
    UNREADABLE.iter().map(|(id, _, _)| *id).collect()
}

/// All rows, in the order of their ids.
pub(crate) fn all(tenant: &Tenant) -> Vec<Check> {
    let left = |azure: bool| {
        tenant
            .subscriptions
            .iter()
            .filter(|one| (one.kind == SubscriptionKind::Azure) == azure)
            .filter(|one| !one.gone() && !one.with_tenant())
            .count()
    };
    let only_retained = tenant.users.alive() == 1
        && tenant
            .users
            .get(tenant.retained)
            .is_some_and(super::users::User::alive);
    let mut rows = vec![
        row(
            "C1",
            "Users",
            only_retained,
            "Delete all users but one Global Administrator",
        ),
        row(
            "C2",
            "Directory synchronization",
            tenant.sync.on != Some(true),
            "Turn off directory synchronization",
        ),
        row(
            "C3",
            "Enterprise applications",
            tenant.principals_left() == 0,
            "Delete all enterprise applications",
        ),
        row(
            "C4",
            "App registrations",
            tenant.applications_left() == 0,
            "Delete all app registrations",
        ),
        row(
            "C6",
            "License-based subscriptions",
            left(false) == 0,
            "Cancel and delete all subscriptions",
        ),
        row(
            "C7",
            "Azure subscriptions",
            left(true) == 0,
            "Cancel and delete all Azure subscriptions",
        ),
    ];
    rows.push(row(
        "C12",
        "Microsoft Entra Domain Services",
        tenant.domain_services_left() == 0,
        "Delete the managed domain",
    ));
    if tenant.resource.is_some() {
        rows.push(row(
            "C13",
            "User flows and policies",
            tenant.external_left() == 0,
            "Delete all user flows, identity providers, custom policies and policy keys",
        ));
    }
    for (id, name, action) in UNREADABLE {
        // Absent from the scenario: the portal does not show it, or shows it green.
        let settled = tenant.unreadable.get(*id).copied().unwrap_or(true);
        let mut one = row(id, name, settled, action);
        if !settled {
            one.status = "unknown";
        }
        rows.push(one);
    }
    rows.sort_by_key(|one| one.id[1..].parse::<u32>().unwrap_or(0));
    rows
}

fn row(id: &str, name: &'static str, passed: bool, required_action: &'static str) -> Check {
    Check {
        id: id.to_owned(),
        name,
        status: if passed { "passed" } else { "failed" },
        required_action,
        link: HOWTO,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{populate, scenario};
    use super::*;

    #[test]
    fn every_check_follows_what_is_left() {
        let plan = scenario::Scenario::parse("tenants: [{users: 2, subscriptions: [{kind: Direct}, {kind: Azure}], sync: {enabled: true}, unreadableChecks: {C9: failed}}]").unwrap();
        let mut tenant = populate::tenant(&plan.tenants[0], 1, 0);
        let open = |tenant: &Tenant| {
            all(tenant)
                .into_iter()
                .filter(|one| one.status != "passed")
                .map(|one| one.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(open(&tenant), ["C1", "C2", "C3", "C4", "C6", "C7", "C9"]);
        for position in 0..2 {
            if position != tenant.retained {
                tenant.users.delete(position, 1);
            }
        }
        tenant.sync.on = Some(false);
        tenant
            .applications
            .iter_mut()
            .for_each(|one| one.deleted_at = 1);
        tenant
            .principals
            .iter_mut()
            .for_each(|one| one.deleted_at = 1);
        tenant
            .subscriptions
            .iter_mut()
            .for_each(|one| one.stage = super::super::subscription::Stage::Deleted);
        tenant.unreadable.insert("C9".to_owned(), true);
        assert!(open(&tenant).is_empty());
    }
}
