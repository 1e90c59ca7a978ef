//! The journal of a closure against what really happened in its tenant, also where readers lag, answers are lost, and
//! persons do a part of the work: then it need not count each object in the record that changed it (where it must, see
//! `agreement.rs`), but nothing is done that was not claimed, and nothing is said to be gone that is not.

use crate::case::Case;
use crate::stack::OPERATOR;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tenant_closure::api::{ClosureRecord, RecordType};
use tenant_closure::closure::intent::{Action, Outcome};
use tenant_closure::controller::journal;

/// What a journal says, once it is known to be whole.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    /// How many records there are, plan chunks not counted.
    pub(crate) records: usize,
    /// How many of them another process settled than the one that claimed them.
    pub(crate) doubted: usize,
    /// Users that a record saw gone.
    pub(crate) gone: BTreeSet<String>,
    /// Users that a record saw accepted and still shown.
    pub(crate) visible: BTreeSet<String>,
    /// Users that a record saw without an answer.
    pub(crate) unanswered: BTreeSet<String>,
    /// Codes of refusals.
    pub(crate) refusals: BTreeSet<String>,
    /// What was seen of each slice of users, in order.
    pub(crate) slices: Vec<Outcome>,
    /// What was claimed, by action, in order.
    pub(crate) claimed: Vec<(Action, BTreeSet<String>)>,
}

impl Audit {
    /// Objects that were claimed for one of these actions.
    pub(crate) fn objects(&self, actions: &[Action]) -> BTreeSet<String> {
        let some = self.claimed.iter().filter(|(did, _)| actions.contains(did));
        some.flat_map(|(_, objects)| objects.iter().cloned())
            .collect()
    }
}

/// Reads the journal of this closure and holds it against the simulator's effects: no gap, right hashes, every record
/// settled; whatever was done in the tenant was claimed first, and whatever is said to be gone is gone.
pub(crate) async fn agrees(case: &Case) -> Audit {
    let audit = read(case).await;
    let effects = case.portal.effects().await.unwrap();
    // What no application did, a person or time did.
    let (others, own): (Vec<&Value>, Vec<&Value>) =
        effects.iter().partition(|one| one["app"].is_null());
    let ids = |some: &[&Value], kind: &str| -> Vec<String> {
        let some = some.iter().filter(|one| one["kind"] == kind);
        some.map(|one| one["id"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let names = billing_names(case).await;
    // A registration takes its service principal with it.
    let with_its_application = |one: &Value| {
        let same = |other: &&&Value| {
            other["kind"] == "applicationDeleted" && other["requestId"] == one["requestId"]
        };
        one["kind"] == "servicePrincipalDeleted" && own.iter().any(|other| same(&other))
    };
    for one in &own {
        if with_its_application(one) {
            continue;
        }
        let actions: &[Action] = match one["kind"].as_str().unwrap_or_default() {
            "userDeleted" => &[Action::DeleteUsers],
            "syncSwitchOffRequested" => &[Action::SwitchSyncOff],
            "subscriptionCanceled" => &[Action::CancelSubscription],
            "renewalOff" => &[Action::StopRenewal],
            "domainMadeDefault" => &[Action::MakeDomainDefault],
            "domainDeleted" => &[Action::ReleaseDomain, Action::ForceReleaseDomain],
            "mfaDisabled" => &[Action::DisableMfa],
            "securityDefaultsChanged" => &[Action::DisableSecurityDefaults],
            "policyChanged" => &[Action::DisablePolicies],
            "applicationDeleted" | "servicePrincipalDeleted" => {
                &[Action::RemoveApplications, Action::RemoveOwnIdentity]
            }
            "servicePrincipalDisabled" => &[Action::DisableApplications],
            "tenantDeletionRequested" => &[Action::DeleteDirectory],
            other => panic!("the operator did {other}: {one}"),
        };
        let id = one["id"].as_str().unwrap_or_default();
        let claimed = audit.objects(actions);
        let known =
            claimed.contains(id) || names.get(id).is_some_and(|name| claimed.contains(name));
        assert!(known, "done, but never claimed: {one}");
    }
    let deleted = ids(&own, "userDeleted");
    let once: BTreeSet<String> = deleted.iter().cloned().collect();
    assert_eq!(once.len(), deleted.len(), "a user was deleted twice");
    let by_others: BTreeSet<String> = ids(&others, "userDeleted").into_iter().collect();
    for id in &audit.gone {
        let gone = once.contains(id) || by_others.contains(id);
        assert!(gone, "said to be gone, and is not: {id}");
    }
    for id in &once {
        let told = [&audit.gone, &audit.visible, &audit.unanswered];
        assert!(told.iter().any(|set| set.contains(id)), "no word of {id}");
    }
    audit
}

/// Every closure that the tenant has had wrote a chain of its own; all of them tell what was done in it.
async fn read(case: &Case) -> Audit {
    let client = case.cluster.client("admin");
    let resource = ApiResource::erase::<ClosureRecord>(&());
    let stored: Api<DynamicObject> = Api::namespaced_with(client, OPERATOR, &resource);
    let mut chains: BTreeMap<String, Vec<(String, ClosureRecord)>> = BTreeMap::new();
    for object in stored.list(&ListParams::default()).await.unwrap() {
        let record = serde_json::to_value(&object).unwrap();
        let record: ClosureRecord = serde_json::from_value(record).unwrap();
        let spec = &record.spec;
        if spec.kind != RecordType::PlanChunk && spec.tenant_id.to_string() == case.portal.tenant.id
        {
            let chain = chains.entry(spec.closure_uid.clone()).or_default();
            chain.push((journal::hash(&object), record));
        }
    }
    let mut audit = Audit::default();
    for mut chain in chains.into_values() {
        chain.sort_by_key(|(_, record)| record.spec.sequence);
        check(&mut audit, &chain);
    }
    audit
}

fn check(audit: &mut Audit, chain: &[(String, ClosureRecord)]) {
    let mut before = "";
    for ((hash, record), place) in chain.iter().zip(1..) {
        assert_eq!(record.spec.sequence, place);
        assert_eq!(record.spec.previous, before, "record {place}");
        before = hash;
        let outcome = record.status.as_ref().and_then(|s| s.outcome.as_ref());
        let outcome = outcome.unwrap_or_else(|| panic!("record {place} is in doubt"));
        audit.records += 1;
        audit.doubted += usize::from(outcome.in_doubt);
        if let Some(intent) = &record.spec.intent {
            let objects = intent.objects.iter().map(ToString::to_string).collect();
            if intent.action == Action::DeleteUsers {
                sort(audit, &objects, &outcome.seen);
                audit.slices.push(outcome.seen.clone());
            }
            audit.claimed.push((intent.action, objects));
        }
    }
}

/// Sorts the users of one record by what it says of them; it counts the gone and names the others.
fn sort(audit: &mut Audit, objects: &BTreeSet<String>, seen: &Outcome) {
    let refused = seen.refused.iter().flat_map(|refusal| &refusal.objects);
    let refused: BTreeSet<String> = refused.map(ToString::to_string).collect();
    let visible: BTreeSet<String> = seen.visible.iter().map(ToString::to_string).collect();
    let unanswered: BTreeSet<String> = seen.unanswered.iter().map(ToString::to_string).collect();
    let gone = objects.iter().filter(|id| {
        let named = [&refused, &visible, &unanswered];
        !named.iter().any(|set| set.contains(*id))
    });
    let gone: BTreeSet<String> = gone.cloned().collect();
    assert_eq!(gone.len(), seen.gone as usize, "{seen:?}");
    audit.gone.extend(gone);
    audit.visible.extend(visible);
    audit.unanswered.extend(unanswered);
    let codes = seen.refused.iter().map(|refusal| refusal.code.clone());
    audit.refusals.extend(codes);
}

/// A subscription has two ids: under the one it is listed, under the other it is billed.
async fn billing_names(case: &Case) -> BTreeMap<String, String> {
    let seen = case.portal.look().await.unwrap();
    let all = seen["subscriptions"].as_array().into_iter().flatten();
    all.filter_map(|one| {
        let id = one["id"].as_str()?.to_owned();
        let name = one["commerceSubscriptionId"].as_str()?.to_owned();
        Some((id, name))
    })
    .collect()
}
