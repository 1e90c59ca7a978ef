//! The journal against what really happened: they must agree to the last object. Nothing here trusts the operator: the
//! records are read as they are stored, the effects are those that the simulated tenant saw.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use serde_json::Value;
use tenant_closure::api::record::Settled;
use tenant_closure::api::{CLOSURE_UID, ClosureRecord, RecordType};
use tenant_closure::closure::id::ObjectId;
use tenant_closure::closure::intent::Action;
use tenant_closure::controller::journal;

use crate::Result;
use crate::case::{Case, NAME};
use crate::stack::OPERATOR;

/// All that is compared.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// The stored records of one closure, in any order.
    pub(crate) records: Vec<DynamicObject>,
    /// Sequence and hash of the newest record, as the closure's status tells them.
    pub(crate) head: Option<(u64, String)>,
    /// What changed in the tenant, as the simulator tells it.
    pub(crate) effects: Vec<Value>,
    /// The application under which the operator signs in.
    pub(crate) app: String,
    /// Other ids of the same subscription, in both directions.
    pub(crate) aliases: BTreeMap<String, String>,
}

impl Evidence {
    /// What is there now.
    pub(crate) async fn of(case: &Case) -> Result<Self> {
        let closure = case.closures().get(NAME).await?;
        let client = case.cluster.client("admin");
        let resource = ApiResource::erase::<ClosureRecord>(&());
        let records: Api<DynamicObject> = Api::namespaced_with(client, OPERATOR, &resource);
        let ours = format!("{CLOSURE_UID}={}", closure.uid().unwrap_or_default());
        let records = records.list(&ListParams::default().labels(&ours)).await?;
        let journal = closure.status.and_then(|status| status.journal);
        let seen = case.portal.look().await?;
        let mut aliases = BTreeMap::new();
        for one in seen["subscriptions"].as_array().into_iter().flatten() {
            let names = [&one["id"], &one["commerceSubscriptionId"]].map(Value::as_str);
            if let [Some(a), Some(b)] = names {
                aliases.insert(a.to_owned(), b.to_owned());
                aliases.insert(b.to_owned(), a.to_owned());
            }
        }
        Ok(Self {
            records: records.items,
            head: journal.map(|journal| (journal.sequence, journal.head)),
            effects: case.portal.effects().await?,
            app: case.portal.tenant.app_id.clone(),
            aliases,
        })
    }
}

/// What they agree on.
#[derive(Debug, Default)]
pub(crate) struct Agreement {
    /// Records in the journal's sequence.
    pub(crate) records: usize,
    /// Objects seen gone (or changed as intended) and effects, per action.
    pub(crate) sums: BTreeMap<&'static str, (usize, usize)>,
    /// Records that another process than the claimant settled.
    pub(crate) doubted: Vec<Doubted>,
}

/// A record that was once in doubt, and how it was settled.
#[derive(Debug)]
pub(crate) struct Doubted {
    /// The action, or the type of the record.
    pub(crate) what: String,
    pub(crate) objects: usize,
    pub(crate) gone: usize,
}

impl Agreement {
    /// What was seen gone by this action.
    pub(crate) fn gone(&self, action: Action) -> usize {
        self.sums.get(action.name()).map_or(0, |(gone, _)| *gone)
    }

    /// What this action did, as the simulator tells it.
    #[allow(dead_code)] // not every program asks for it
    pub(crate) fn effects(&self, action: Action) -> usize {
        let sum = self.sums.get(action.name());
        sum.map_or(0, |(_, effects)| *effects)
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "journal: {} records", self.records)?;
        for (action, (gone, effects)) in &self.sums {
            writeln!(f, "  {action}: {gone} in the journal, {effects} effects")?;
        }
        let mut ways: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for one in &self.doubted {
            let how = match (one.gone, one.objects) {
                (0, 0) => "read anew",
                (0, _) => "not done",
                (gone, objects) if gone == objects => "done",
                _ => "done in part",
            };
            *ways.entry((one.what.as_str(), how)).or_default() += 1;
        }
        writeln!(f, "once in doubt: {} records", self.doubted.len())?;
        for ((what, how), count) in ways {
            writeln!(f, "  {what}, settled as {how}: {count}")?;
        }
        Ok(())
    }
}

/// One record, with the time in which its effect may have happened.
struct Entry {
    sequence: u64,
    from: Timestamp,
    until: Timestamp,
    /// Absent: it seals a plan.
    action: Option<Action>,
    objects: BTreeSet<String>,
    gone: BTreeSet<String>,
    /// How often the outcome says that objects are gone.
    counted: usize,
}

/// Compares them; what does not agree, in words.
pub(crate) fn agree(evidence: &Evidence) -> std::result::Result<Agreement, Vec<String>> {
    let mut faults = Vec::new();
    let mut agreement = Agreement::default();
    let entries = entries(evidence, &mut agreement, &mut faults);
    agreement.records = entries.len();
    for entry in &entries {
        if entry.counted != entry.gone.len() {
            faults.push(format!(
                "record {} counts {} gone, but its objects without the exceptions are {}",
                entry.sequence,
                entry.counted,
                entry.gone.len()
            ));
        }
    }
    attribute(evidence, &entries, &mut faults);
    sums(evidence, &entries, &mut agreement, &mut faults);
    if faults.is_empty() {
        Ok(agreement)
    } else {
        Err(faults)
    }
}

/// The journal in its order, once its chain was followed.
fn entries(evidence: &Evidence, agreement: &mut Agreement, faults: &mut Vec<String>) -> Vec<Entry> {
    let mut stored: Vec<(String, &DynamicObject, ClosureRecord)> = Vec::new();
    for object in &evidence.records {
        let value = serde_json::to_value(object).unwrap_or_default();
        match serde_json::from_value::<ClosureRecord>(value) {
            Ok(record) if record.spec.kind == RecordType::PlanChunk => {}
            Ok(record) => stored.push((journal::hash(object), object, record)),
            Err(error) => faults.push(format!("{} cannot be read: {error}", object.name_any())),
        }
    }
    stored.sort_by_key(|(_, _, record)| record.spec.sequence);
    let mut entries: Vec<Entry> = Vec::new();
    let mut previous = String::new();
    let mut last_at = Timestamp::MIN;
    for ((hash, object, record), place) in stored.into_iter().zip(1_u64..) {
        let spec = record.spec;
        if spec.sequence != place || object.name_any() != journal::name(&spec.closure_uid, place) {
            faults.push(format!(
                "there is a gap: {} stands in place {place}",
                object.name_any()
            ));
        }
        if spec.previous != previous {
            faults.push(format!(
                "the chain is broken: record {place} does not follow the one before"
            ));
        }
        previous = hash;
        let Some(outcome) = record.status.and_then(|status| status.outcome) else {
            faults.push(format!("record {place} has no outcome"));
            continue;
        };
        if !outcome.seen.complete {
            faults.push(format!("the outcome of record {place} proves nothing"));
        }
        let may_run = Duration::from_secs(u64::from(spec.effect_seconds));
        let created = object
            .creation_timestamp()
            .map_or(Timestamp::UNIX_EPOCH, |t| t.0);
        let action = spec.intent.as_ref().map(|intent| intent.action);
        let writes = action.is_some_and(|action| !action.reads_only());
        let objects = spec.intent.as_ref().filter(|_| writes);
        let objects = objects.map_or(&[][..], |intent| &intent.objects);
        let gone = seen_gone(objects, &outcome);
        if outcome.in_doubt {
            let kind = format!("{:?}", spec.kind);
            agreement.doubted.push(Doubted {
                what: action.map_or(kind, |action| action.name().to_owned()),
                objects: objects.len(),
                gone: gone.len(),
            });
        }
        entries.push(Entry {
            sequence: place,
            // A creation time has no fraction of a second; no record is claimed before the one before it is settled.
            from: created.max(last_at),
            // Another process may settle the record once its time is over: nothing may come after that.
            until: outcome.at.min(created + may_run),
            action,
            objects: objects.iter().map(ToString::to_string).collect(),
            gone,
            counted: if writes {
                outcome.seen.gone as usize
            } else {
                0
            },
        });
        last_at = outcome.at;
    }
    let head = entries.last().map(|last| (last.sequence, previous));
    if evidence.head.is_some() && evidence.head != head {
        faults.push(format!(
            "the status names {:?} as the newest record, but it is {head:?}",
            evidence.head
        ));
    }
    entries
}

/// The objects that an outcome says are gone: all but the exceptions.
fn seen_gone(objects: &[ObjectId], outcome: &Settled) -> BTreeSet<String> {
    let seen = &outcome.seen;
    let refused = seen.refused.iter().flat_map(|refusal| &refusal.objects);
    let exceptions: BTreeSet<&ObjectId> = seen
        .visible
        .iter()
        .chain(&seen.unanswered)
        .chain(refused)
        .collect();
    let gone = objects.iter().filter(|id| !exceptions.contains(id));
    gone.map(ToString::to_string).collect()
}

/// What may have brought an effect about.
fn actions(effect: &Value) -> &'static [Action] {
    match effect["kind"].as_str().unwrap_or_default() {
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
        _ => &[],
    }
}

/// Microsoft takes the request and does it by and by, after the record was settled: sync goes off hours later, a domain that
/// is in use is set free once what uses it was renamed, Azure deletes a directory in an operation of its own.
const BY_AND_BY: [Action; 3] = [
    Action::SwitchSyncOff,
    Action::ForceReleaseDomain,
    Action::DeleteDirectory,
];

impl Evidence {
    /// What the operator did.
    fn ours(&self) -> impl Iterator<Item = &Value> {
        self.effects.iter().filter(|one| one["app"] == self.app)
    }

    fn names(&self, effect: &Value) -> Vec<String> {
        let id = effect["id"].as_str().unwrap_or_default().to_owned();
        let alias = self.aliases.get(&id).cloned();
        std::iter::once(id).chain(alias).collect()
    }
}

/// Each effect of ours belongs to exactly one record: one that named the object before it happened, and saw it after.
fn attribute(evidence: &Evidence, entries: &[Entry], faults: &mut Vec<String>) {
    let mut once = BTreeSet::new();
    for effect in &evidence.effects {
        // What no application did, a person or time did.
        if !effect["app"].is_null() && effect["app"] != evidence.app {
            faults.push(format!("another application of ours did it: {effect}"));
        }
    }
    for effect in evidence.ours() {
        let what = format!("{} of {}", effect["kind"], effect["id"]);
        if !once.insert(what.clone()) {
            faults.push(format!("{what} happened twice"));
        }
        let time = effect["time"].as_str().and_then(|t| t.parse().ok());
        let time: Timestamp = time.unwrap_or(Timestamp::MAX);
        let names = evidence.names(effect);
        let owns = |entry: &&Entry| {
            entry.from <= time
                && time <= entry.until
                && entry
                    .action
                    .is_some_and(|one| actions(effect).contains(&one))
                && names.iter().any(|name| entry.objects.contains(name))
        };
        let owners: Vec<&Entry> = entries.iter().filter(owns).collect();
        let [owner] = owners.as_slice() else {
            let owners: Vec<u64> = owners.iter().map(|entry| entry.sequence).collect();
            faults.push(format!(
                "{what} at {time} belongs to {owners:?}, not to one record"
            ));
            continue;
        };
        let at_once = !owner.action.is_some_and(|one| BY_AND_BY.contains(&one));
        if at_once && !names.iter().any(|name| owner.gone.contains(name)) {
            faults.push(format!(
                "{what} happened under record {}, which did not see it",
                owner.sequence
            ));
        }
    }
}

/// No object is seen gone by two records, and as many are as there are effects.
fn sums(
    evidence: &Evidence,
    entries: &[Entry],
    agreement: &mut Agreement,
    faults: &mut Vec<String>,
) {
    let mut seen = BTreeSet::new();
    for entry in entries {
        let Some(action) = entry.action else {
            continue;
        };
        let sum = agreement.sums.entry(action.name()).or_default();
        sum.0 += entry.counted;
        for id in &entry.gone {
            if !seen.insert((action.name(), id.clone())) {
                faults.push(format!(
                    "record {} sees {id} gone, as one before it did",
                    entry.sequence
                ));
            }
        }
    }
    for effect in evidence.ours() {
        let names = evidence.names(effect);
        let fits = |action: &&Action| {
            names
                .iter()
                .any(|name| seen.contains(&(action.name(), name.clone())))
        };
        let told = |action: &&Action| {
            let mut of = entries.iter().filter(|one| one.action == Some(**action));
            of.any(|one| names.iter().any(|name| one.objects.contains(name)))
        };
        let all = actions(effect);
        let seen = all.iter().find(fits);
        let action = seen.or_else(|| all.iter().find(told)).or(all.first());
        if let Some(action) = action {
            agreement.sums.entry(action.name()).or_default().1 += 1;
        }
    }
    agreement.sums.retain(|_, sum| *sum != (0, 0));
    for (action, (gone, effects)) in &agreement.sums {
        let later = BY_AND_BY.iter().any(|one| one.name() == *action);
        if gone != effects && !(later && gone < effects) {
            faults.push(format!(
                "{action}: the journal counts {gone} objects, {effects} changed"
            ));
        }
    }
}
