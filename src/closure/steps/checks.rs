//! The checks of Microsoft's delete-tenant page, as far as they can be read: passed, failed or unknown.

use crate::closure::decide::Blocker;
use crate::closure::links;
use crate::closure::observation::{Lifecycle, Observation};
use crate::closure::plan::Plan;

/// Checks that no program can read; a person settles each by an attestation.
const UNREADABLE: [(&str, &str, &str); 5] = [
    (
        "C5",
        "C5 LinkedIn account connections",
        "Entra admin center > Users > User settings: LinkedIn account connections = No",
    ),
    (
        "C9",
        "C9 Multifactor authentication providers",
        "Entra admin center > Multifactor authentication > Providers: delete each",
    ),
    (
        "C10",
        "C10 Self-service sign-up products",
        "Entra admin center > Licenses > Self-service sign-up products: delete each",
    ),
    (
        "C11",
        "C11 Outstanding invoices",
        "Admin center > Billing > Bills and payments: pay what is open",
    ),
    (
        "C15",
        "C15 Store for Business or Education",
        "Remove what is left of it, where the page still lists it",
    ),
];

/// Every check that has not passed.
pub fn open(plan: &Plan, seen: &Observation) -> Vec<Blocker> {
    let cloud = plan.terms.cloud;
    let mut found = Vec::new();
    let mut add = |check: &str, state: &'static str, remedy: &str, who: &'static str| {
        found.push(Blocker {
            check: check.into(),
            state,
            remedy: remedy.into(),
            link: links::delete_checks(cloud).into(),
            who,
        });
    };
    if let Some(organization) = seen.organization.known()
        && organization.sync_enabled
    {
        add(
            "C2 Directory sync",
            "failed",
            "Switch directory sync off and wait up to 72 h",
            "person",
        );
    }
    if let Some(applications) = seen.applications.known() {
        let registrations = applications
            .iter()
            .filter(|a| !a.service_principal && !a.own && !a.undeletable)
            .count();
        let principals = applications
            .iter()
            .filter(|a| a.service_principal && !a.own && !a.undeletable)
            .count();
        if principals > 0 {
            add(
                "C3 Enterprise applications",
                "failed",
                "Delete them in the Entra admin center, or set spec.directory.removeApplications",
                "person",
            );
        }
        if registrations > 0 {
            add(
                "C4 App registrations",
                "failed",
                "Delete them in the Entra admin center, or set spec.directory.removeApplications",
                "person",
            );
        }
    }
    if let Some(subscriptions) = seen.subscriptions.known()
        && subscriptions.iter().any(|s| s.lifecycle != Lifecycle::Gone)
    {
        add(
            "C6 Subscriptions",
            "failed",
            "Wait until every subscription is deprovisioned",
            "time",
        );
    }
    for (id, name, remedy) in UNREADABLE {
        if !seen.cluster.attestations.contains_key(id) {
            add(name, "unknown", remedy, "person");
        }
    }
    found
}
