//! The contract with Microsoft, spoken over real TLS to a small server that misbehaves as Microsoft's services can.
#![cfg(feature = "operator")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

#[path = "microsoft/accounts.rs"]
mod accounts;
#[path = "microsoft/batches.rs"]
mod batches;
#[path = "microsoft/clouds.rs"]
mod clouds;
#[path = "microsoft/decided.rs"]
mod decided;
#[path = "microsoft/domains.rs"]
mod domains;
#[path = "microsoft/ending.rs"]
mod ending;
#[path = "microsoft/failures.rs"]
mod failures;
#[path = "microsoft/inventory.rs"]
mod inventory;
#[path = "microsoft/lanes.rs"]
mod lanes;
#[path = "microsoft/losses.rs"]
mod losses;
#[path = "microsoft/mail.rs"]
mod mail;
#[path = "microsoft/partner.rs"]
mod partner;
#[path = "microsoft/reading.rs"]
mod reading;
#[path = "microsoft/requests.rs"]
mod requests;
#[allow(dead_code)] // the contract uses the rest
#[path = "microsoft/server.rs"]
mod server;
#[path = "microsoft/units.rs"]
mod units;

use serde_json::{Value, json};
use server::{Fake, Held, Seen, TENANT, Told, each, same, start, start_raw, token, usual};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tenant_closure::closure::id::ObjectId;
use tenant_closure::closure::intent::{Action, Intent, Outcome};
use tenant_closure::closure::observation::{
    Agreement, Existence, Fact, Holding, Lifecycle, Newcomers, Observation, Question, Refused, Why,
};
use tenant_closure::closure::plan::Sealed;
use tenant_closure::closure::step::Step;
use tenant_closure::closure::supplement::Supplements;
use tenant_closure::closure::tenant::{Attempt, LookBack, Scope, Tenant};
use tenant_closure::closure::terms::BillingKind;
use tenant_closure::microsoft::{Billing, LiveTenant};

const GRAPH: &str = "graph.microsoft.com";

fn id(n: usize) -> ObjectId {
    ObjectId(uuid::Uuid::from_u128(n as u128))
}

fn ids(range: std::ops::Range<usize>) -> Vec<ObjectId> {
    range.map(id).collect()
}

fn intent(action: Action, objects: Vec<ObjectId>) -> Intent {
    Intent {
        step: Step::Users,
        action,
        objects,
        supplement: None,
        resource: None,
        domain: None,
        residue: Vec::new(),
    }
}

fn scope() -> Scope {
    Scope {
        retained: "closer@contoso.onmicrosoft.com".into(),
        ..Scope::default()
    }
}

async fn ask(tenant: &LiveTenant, question: Question) -> Observation {
    let mut seen = Observation::default();
    tenant.observe(&scope(), &[question], &mut seen).await;
    seen
}

fn organization() -> Value {
    json!({"value": [{"id": TENANT, "onPremisesSyncEnabled": true, "partnerTenantType": null,
        "verifiedDomains": [{"name": "contoso.nl", "isInitial": false},
            {"name": "contoso.onmicrosoft.com", "isInitial": true}]}]})
}

async fn delete(tenant: &LiveTenant, count: usize) -> Attempt {
    let intent = intent(Action::DeleteUsers, ids(0..count));
    tenant.perform(&intent, &Held::new()).await
}

async fn settle(tenant: &LiveTenant, intent: &Intent, attempt: Option<&Attempt>) -> Outcome {
    look_back(tenant, intent, attempt, None).await
}

async fn look_back(
    tenant: &LiveTenant,
    intent: &Intent,
    attempt: Option<&Attempt>,
    plan: Option<&Sealed>,
) -> Outcome {
    let about = LookBack {
        intent,
        attempt,
        plan,
        supplements: &Supplements::NONE,
        scope: &scope(),
    };
    tenant.settle(about, &mut Observation::default()).await
}

/// A plan for these users, with this one to stay.
fn plan(users: Vec<ObjectId>, retained: ObjectId) -> Sealed {
    let head = json!({"tenantId": TENANT, "initialDomain": "contoso.onmicrosoft.com", "retained": retained, "appId": id(0),
        "userCount": users.len(), "guests": 0, "synced": 0, "otherGlobalAdministrators": [], "subscriptions": [], "applications": []});
    Sealed::seal(serde_json::from_value(head).unwrap(), users)
}

/// `(ids asked to be deleted, how often)`.
fn deletes(fake: &Fake) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for seen in fake.seen().iter().filter(|s| s.path == "/v1.0/$batch") {
        for (_, url) in seen.items() {
            *counts.entry(url).or_default() += 1;
        }
    }
    counts.into_iter().collect()
}
