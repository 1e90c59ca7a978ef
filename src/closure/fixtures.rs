//! Test fixtures: a tenant that is a value, and persons who act in it. Imports are relative, so that the property tests
//! can include this file too.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]
#![allow(clippy::struct_excessive_bools, clippy::wrong_self_convention)] // a world is a list of switches

use super::acceptance;
use super::access::ends::{Credential, Ends};
use super::access::table::Kind;
use super::decide::decide;
use super::decision::{Decided, Decision};
use super::external::{Directory, External};
use super::id::ObjectId;
use super::intent::{Action, Intent, Outcome, Refusal};
use super::inventory::Inventory;
use super::loss::{self, Loss, LossKind};
use super::mail::MailDomain;
use super::memory::{Memory, PlanRef};
use super::observation::*;
use super::plan::{Plan, Sealed};
use super::recycle_bin::RecycleBin;
use super::schedule;
use super::step::Step;
use super::steps::preconditions::make_plan;
use super::steps::supplements;
use super::supplement::{Supplement, SupplementRef, Supplements};
use super::terms::{Accepted, Backup, Cancellation, Cloud, Mode, Terms};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[path = "fixtures/effects.rs"]
mod effects;
#[path = "fixtures/run.rs"]
mod run;
#[path = "fixtures/world.rs"]
mod world;

pub use run::Run;
pub use world::World;

pub const TENANT: u128 = 0xAAAA;
pub const RETAINED: u128 = 0xA1;
pub const SPARE: u128 = 0xA2;
pub const OWN_APP: u128 = 0xB1;
pub const OWN_PRINCIPAL: u128 = 0xB2;
pub const DOMAIN: &str = "contoso.onmicrosoft.com";

pub fn id(n: u128) -> ObjectId {
    ObjectId(uuid::Uuid::from_u128(n))
}

pub fn start() -> Timestamp {
    "2026-10-02T09:00:00Z".parse().unwrap()
}

pub fn terms() -> Terms {
    Terms {
        tenant_id: id(TENANT),
        initial_domain: DOMAIN.into(),
        cloud: Cloud::Global,
        retained: format!("closer@{DOMAIN}"),
        spare: None,
        mode: Mode::Execute,
        reader_of_its_own: false,
        suspend: false,
        hold: None,
        not_before: None,
        backup: Some(Backup::Acknowledged {
            reference: "BKP-2291".into(),
        }),
        accepted: vec![Accepted {
            kind: "AzureResources".into(),
            subscriptions: (0..16).map(|n| id(0x5000 + n)).collect(),
        }],
        accepted_beyond: 0,
        cancellation: Some(Cancellation {
            reason: "Other".into(),
            feedback: Some("Company merged".into()),
        }),
        billing: Vec::new(),
        stop_renewal_first: false,
        release_domains: Vec::new(),
        security_defaults_off: false,
        policies_off: Vec::new(),
        remove_applications: false,
        directory_resource: None,
        directory_resource_tenant: None,
        approvals_required: 1,
        max_users: Some(5_000),
        slice: 50,
        poll_at_most: Duration::from_secs(900),
        overdue_after: SignedDuration::from_hours(24),
    }
}

pub fn administrator(n: u128, name: &str) -> Administrator {
    Administrator {
        id: id(n),
        user_principal_name: format!("{name}@{DOMAIN}"),
        enabled: true,
        member: true,
        synced: false,
        global_administrator: Holding::Permanent,
        second_factor: Fact::Known(true),
    }
}

pub fn subscription(n: u128, agreement: Agreement) -> Subscription {
    Subscription {
        id: id(0x5000 + n),
        name: format!("SKU_{n}"),
        product: agreement != Agreement::Azure,
        seats: 10,
        lifecycle: Lifecycle::Active,
        agreement,
        next_change: None,
        term_end: None,
        next_term: None,
        resource: matches!(agreement, Agreement::CustomerAgreement | Agreement::Azure)
            .then(|| format!("/subscriptions/{n}")),
        cancelable: true,
        cancel_until: None,
        seller: None,
        auto_renew: true,
    }
}

/// There is none of this kind.
pub const fn no_loss(kind: LossKind) -> Loss {
    Loss::counted(kind, Ok(0))
}

/// An acceptance of this kind as a whole.
pub fn accepted(kind: &str) -> Accepted {
    Accepted {
        kind: kind.into(),
        subscriptions: Vec::new(),
    }
}

pub fn application(n: u128, service_principal: bool, undeletable: bool) -> Application {
    Application {
        id: id(0xD000 + n),
        service_principal,
        undeletable,
        owner: undeletable.then(|| id(0xF8CD)),
        disabled: false,
        special: None,
        own: false,
    }
}

/// An inventory in which nothing is lacking.
pub fn whole_inventory() -> Inventory {
    Inventory {
        object: Some("inventory-1.jsonl".into()),
        digest: Some("ab".repeat(32)),
        bytes: 1_000,
        counts: BTreeMap::new(),
        gaps: Vec::new(),
    }
}

pub fn cluster() -> Cluster {
    Cluster {
        approvals: Approvals {
            required: 1,
            approvers: vec!["alice@example.com".into()],
            uids: vec!["of-alice".into()],
            effective_at: None,
            valid_until: None,
            expired: Vec::new(),
            rejected: Vec::new(),
            policy_missing: false,
        },
        begun_lately: 0,
        configuration: Configuration {
            begun_at_most: 10,
            present: true,
            ..Configuration::default()
        },
        ..Cluster::default()
    }
}

pub fn identity() -> Identity {
    let all = [
        "User.ReadWrite.All",
        "Organization.ReadWrite.All",
        "Policy.ReadWrite.AuthenticationMethod",
        "Application.ReadWrite.All",
        "Domain.ReadWrite.All",
    ];
    Identity {
        app_id: id(0xB0),
        service_principal: id(OWN_PRINCIPAL),
        permissions: all.into_iter().map(String::from).collect(),
        directory_roles: BTreeSet::from([
            super::steps::roles::PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
        ]),
    }
}

/// A directory of this kind, with nothing that only one for customers has.
pub const fn external(directory: Directory) -> External {
    External {
        directory,
        user_flows: 0,
        identity_providers: 0,
        custom_policies: 0,
        policy_keys: 0,
    }
}

/// The initial domain, or another that is not the default and that nothing uses.
pub fn domain(name: &str) -> Domain {
    Domain {
        name: name.into(),
        initial: name == DOMAIN,
        default: name == DOMAIN,
        references: Some(References::default()),
    }
}

fn own(n: u128, service_principal: bool) -> Application {
    Application {
        id: id(n),
        service_principal,
        undeletable: false,
        owner: None,
        disabled: false,
        special: None,
        own: true,
    }
}

pub fn refusal(code: &str, status: u16, objects: &[ObjectId]) -> Refusal {
    Refusal {
        code: code.into(),
        status,
        objects: objects.to_vec(),
    }
}
