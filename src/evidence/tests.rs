//! What verification finds, on a journal that is made here; `tests/evidence.rs` does the same with a real one.

mod kinds;
mod parts;
mod plans;
mod reading;
mod steering;
mod supplements;

use super::entry::{Entry, Found, Place};
use super::{Anchor, Claims, Doubt, Verdict, Verified, text, verify};
use crate::api::hash;
use crate::closure::id::ObjectId;
use crate::closure::memory::Memory;
use crate::closure::plan::{PlanHead, Sealed};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const UID: &str = "0e1f";

fn id(n: u128) -> ObjectId {
    ObjectId(uuid::Uuid::from_u128(n))
}

fn sealed() -> Sealed {
    let head: PlanHead = serde_json::from_value(json!({
        "tenantId": id(0xAAAA), "initialDomain": "contoso.onmicrosoft.com", "retained": id(0xA1),
        "spare": id(0xA2), "appId": id(0xB1), "userCount": 5, "guests": 0, "synced": 0,
        "otherGlobalAdministrators": [], "applications": [id(0xC1)], "own": [id(0xD1), id(0xD2)], "directoryResource": "/ciam",
        "subscriptions": [{"id": id(0x51), "name": "SPE_E5", "seats": 5, "agreement": "CustomerAgreement", "endedBy": "Operator"},
                          {"id": id(0x53), "seats": 0, "agreement": "Azure", "endedBy": "Operator"},
                          {"id": id(0x54), "seats": 0, "agreement": "Azure", "endedBy": "Operator"}],
        "accepted": [{"kind": "AzureResources"}, {"kind": "AzureResources", "subscription": id(0x54)}],
    }))
    .unwrap();
    Sealed::seal(head, (1..=5).map(id).collect())
}

fn object(name: &str, spec: &Value, outcome: Option<Value>) -> Value {
    let mut object = json!({
        "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "ClosureRecord",
        "metadata": {"name": name, "uid": format!("of {name}"), "creationTimestamp": "2026-10-02T09:14:07Z"},
        "spec": {"closureUID": UID, "closureNamespace": "closures", "closureName": "contoso", "tenantID": id(0xAAAA),
                 "holder": "one", "effectSeconds": 31, "previous": "", "memory": {}},
    });
    for (key, value) in spec.as_object().unwrap() {
        object["spec"][key] = value.clone();
    }
    if let Some(seen) = outcome {
        object["status"] =
            json!({"outcome": {"at": "2026-10-02T09:16:00Z", "inDoubt": false, "seen": seen}});
    }
    object
}

fn effect(sequence: u64, step: &str, action: &str, objects: &[ObjectId]) -> Value {
    let spec = json!({
        "type": "Effect", "sequence": sequence, "planDigest": sealed().digest, "approvals": ["of-bob"], "approvalsRequired": 1,
        "intent": {"step": step, "action": action, "objects": objects},
    });
    let seen = json!({"gone": objects.len(), "complete": true});
    object(&format!("{UID}-{sequence:010}"), &spec, Some(seen))
}

/// Two parts of a plan, the record that seals them, three effects.
fn journal() -> Vec<Value> {
    let sealed = sealed();
    let names: Vec<String> = (0..2)
        .map(|i| format!("{UID}-plan-{}-{i:04}", &sealed.digest[..16]))
        .collect();
    let chunk = |i: usize, users: &[ObjectId]| {
        let mut spec = json!({"type": "PlanChunk", "sequence": 0, "planDigest": sealed.digest, "users": users});
        if i == 0 {
            spec["plan"] = json!(sealed.head);
        }
        object(&names[i], &spec, None)
    };
    let seal = json!({"type": "Plan", "sequence": 1, "planDigest": sealed.digest, "plan": sealed.head, "chunks": names});
    let mut all = vec![
        chunk(0, &sealed.users[..3]),
        chunk(1, &sealed.users[3..]),
        object(
            &format!("{UID}-0000000001"),
            &seal,
            Some(json!({"gone": 0, "complete": true})),
        ),
        effect(2, "Users", "DeleteUsers", &sealed.users[..3]),
        effect(3, "Users", "DeleteUsers", &sealed.users[3..]),
        effect(4, "CancelSubscriptions", "CancelSubscription", &[id(0x51)]),
    ];
    chain(&mut all);
    all
}

fn hash_of(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    hash::record(
        text("/metadata/name").unwrap(),
        text("/metadata/uid"),
        &object["spec"],
        &object["status"],
    )
}

/// Writes every time, memory, hash and link anew, as somebody would who forges a journal as a whole.
fn chain(all: &mut [Value]) {
    hash_parts(all);
    let mut created: Timestamp = "2026-10-02T09:14:07Z".parse().unwrap();
    let mut known = Memory::default();
    for object in all.iter_mut().filter(|o| o["spec"]["type"] != "PlanChunk") {
        created += SignedDuration::from_mins(1);
        object["metadata"]["creationTimestamp"] = json!(created);
        if object.get("status").is_some() {
            object["status"]["outcome"]["at"] = json!(created + SignedDuration::from_secs(20));
        }
        object["spec"]["memory"] = json!(known);
        let place = Place {
            source: "here".into(),
            line: None,
        };
        if let Ok(entry) = Entry::read(object, place)
            && let Some(outcome) = &entry.outcome
        {
            known = entry.spec.memory_after(created, outcome);
        }
    }
    link(all);
}

/// Writes anew what the parts of plans hash to, where they are there.
fn hash_parts(all: &mut [Value]) {
    let hash = |all: &[Value], name: &Value| {
        let part = all.iter().find(|one| one["metadata"]["name"] == *name);
        part.map(hash_of)
    };
    for at in 0..all.len() {
        let names = all[at]["spec"]["chunks"].as_array().cloned();
        let hashes: Option<Vec<String>> = names
            .unwrap_or_default()
            .iter()
            .map(|name| hash(all, name))
            .collect();
        if let Some(hashes) = hashes.filter(|hashes| !hashes.is_empty()) {
            all[at]["spec"]["chunkHashes"] = json!(hashes);
        }
    }
}

/// Writes every link anew.
fn link(all: &mut [Value]) {
    let mut before = String::new();
    for object in all.iter_mut().filter(|o| o["spec"]["type"] != "PlanChunk") {
        object["spec"]["previous"] = json!(before);
        before = hash_of(object);
    }
}

fn found(all: &[Value]) -> Found {
    let mut found = Found::default();
    for object in all {
        let place = Place {
            source: "here".into(),
            line: None,
        };
        found.add(object, place);
    }
    found
}

fn judged(all: &[Value]) -> Verified {
    let anchor = Anchor {
        sequence: 4,
        hash: hash_of(journal().last().unwrap()),
        source: "the log".into(),
    };
    let claims = Claims {
        uid: Some(UID.into()),
        anchors: vec![anchor],
    };
    verify(&found(all), &claims)
}

/// What is told of a journal whose links were written anew after a change, without an anchor.
fn forged(change: impl FnOnce(&mut Vec<Value>)) -> Vec<String> {
    let mut all = journal();
    change(&mut all);
    chain(&mut all);
    let verified = verify(&found(&all), &Claims::default());
    verified.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn an_untouched_journal_is_whole() {
    let verified = judged(&journal());
    assert_eq!(verified.verdict(), Verdict::Whole, "{verified:?}");
    let told = text::plain(&verified);
    let tenant = id(0xAAAA);
    assert!(
        told.starts_with(&format!(
            "whole: journal of closure closures/contoso (UID 0e1f), tenant {tenant}\n"
        )),
        "{told}"
    );
    assert!(
        told.contains("4: 1 plan, 3 effects, 0 verifications; beside them 2 parts of plans"),
        "{told}"
    );
    assert!(told.contains("6 named by effects, 6 seen gone"), "{told}");
    assert!(told.contains("1: of-bob"), "{told}");
    let json = text::json(&verified);
    assert_eq!(
        (&json["verdict"], &json["head"]["sequence"]),
        (&json!("Whole"), &json!(4))
    );
}

#[test]
fn without_an_anchor_the_end_cannot_be_judged() {
    let verified = verify(&found(&journal()), &Claims::default());
    assert_eq!(verified.verdict(), Verdict::Unjudged);
    assert_eq!(verified.doubts, [Doubt::NoAnchor]);
    let mut longer = journal();
    longer.push(effect(5, "CancelSubscriptions", "StopRenewal", &[id(0x51)]));
    chain(&mut longer);
    let verified = judged(&longer);
    let newer = Doubt::NewerThanAnchors {
        anchored: 4,
        newest: 5,
    };
    assert_eq!(verified.doubts, [newer]);
    let nothing = verify(&Found::default(), &Claims::default());
    assert_eq!(nothing.verdict(), Verdict::Unjudged);
}

#[test]
fn only_the_newest_may_lack_its_outcome() {
    let mut all = journal();
    all.push(effect(5, "CancelSubscriptions", "StopRenewal", &[id(0x51)]));
    all[6].as_object_mut().unwrap().remove("status");
    chain(&mut all);
    let verified = judged(&all);
    assert_eq!(
        (verified.verdict(), verified.in_doubt),
        (Verdict::Whole, Some(5))
    );
    assert!(text::plain(&verified).contains("record 5 has no outcome yet"));
    let told = forged(|all| drop(all[4].as_object_mut().unwrap().remove("status")));
    assert!(
        told[0].contains("record 0e1f-0000000003 has no outcome, though record 4 is newer"),
        "{told:?}"
    );
}

#[test]
fn nothing_outside_the_plan_may_be_touched() {
    let stranger = id(99);
    let told = forged(|all| all[3]["spec"]["intent"]["objects"][0] = json!(stranger));
    assert!(
        told[0].contains(&format!(
            "record 0e1f-0000000002 (DeleteUsers) names object {stranger}"
        )),
        "{told:?}"
    );
    // The spare administrator is no user of step 1, a user no subscription.
    for (action, object) in [
        ("DeleteUsers", id(0xA2)),
        ("CancelSubscription", id(1)),
        ("RemoveApplications", id(1)),
        ("SwitchSyncOff", id(1)),
        ("DisableMFA", id(1)),
        ("RemoveOwnIdentity", id(0xC1)),
    ] {
        let told = forged(|all| {
            all[5]["spec"]["intent"] =
                json!({"step": "Users", "action": action, "objects": [object]});
        });
        assert!(
            told[0].contains(action) && told[0].contains("does not name"),
            "{told:?}"
        );
    }
    let told = forged(|all| all[3]["spec"]["intent"]["objects"] = json!([id(0xA1)]));
    assert!(
        told.iter()
            .any(|t| t.contains("names the retained administrator")),
        "{told:?}"
    );
    let told = forged(|all| all[3]["spec"]["planDigest"] = json!("f".repeat(64)));
    assert!(told[0].contains("acts under plan fff"), "{told:?}");
}

#[test]
fn our_own_application_and_the_directory_are_those_that_the_plan_names() {
    let last = |intent: &Value| {
        forged(|all| {
            all[5]["spec"]["intent"] = intent.clone();
            all[5]["status"]["outcome"]["seen"]["gone"] = json!(1);
        })
    };
    let own = json!({"step": "DeleteDirectory", "action": "RemoveOwnIdentity", "objects": [id(0xD1), id(0xD2)]});
    assert_eq!(last(&own), Vec::<String>::new());
    let mut directory = json!({"step": "DeleteDirectory", "action": "DeleteDirectory", "objects": [id(0xAAAA)], "resource": "/ciam"});
    assert_eq!(last(&directory), Vec::<String>::new());
    for (other, says) in [
        (json!("/b2c"), "through /b2c, the plan in force names /ciam"),
        (Value::Null, "through none"),
    ] {
        directory["resource"] = other;
        let told = last(&directory);
        assert!(told[0].contains(says), "{told:?}");
    }
    // Both stand in the digest.
    for (field, other) in [
        ("own", json!([id(0xD1)])),
        ("directoryResource", json!("/b2c")),
    ] {
        let told = forged(|all| {
            for at in [0, 2] {
                all[at]["spec"]["plan"][field] = other.clone();
            }
        });
        assert!(told[0].contains("seals has digest"), "{told:?}");
    }
}

#[test]
fn an_azure_subscription_is_canceled_only_where_it_was_accepted_by_its_id() {
    let canceled = |id_of: u128, later: Value| {
        forged(|all| {
            all[5]["spec"]["intent"]["objects"] = json!([id(id_of)]);
            all[5]["spec"]["later"] = later;
        })
    };
    assert_eq!(canceled(0x54, Value::Null), Vec::<String>::new());
    let told = canceled(0x53, Value::Null);
    assert!(
        told[0].contains("which was not accepted by its id"),
        "{told:?}"
    );
    // Accepted later, and approved as such.
    let accepted = json!([{"kind": "AzureResources", "subscription": id(0x53)}]);
    let approved = json!({"accepted": accepted, "approvals": ["of-carol"]});
    assert_eq!(canceled(0x53, approved), Vec::<String>::new());
    let told = canceled(0x53, json!({"accepted": accepted}));
    assert!(told[0].ends_with("with 0 of 1 approvals"), "{told:?}");
}

#[test]
fn an_effect_names_as_many_approvals_as_were_needed() {
    for (approvals, required, given) in [
        (json!([]), 1, 0),
        (json!(["a"]), 2, 1),
        (json!(["a", "a"]), 2, 1),
    ] {
        let told = forged(|all| {
            all[4]["spec"]["approvals"] = approvals.clone();
            all[4]["spec"]["approvalsRequired"] = json!(required);
        });
        let says = format!("with {given} of {required} approvals");
        assert!(
            told[0].contains("0e1f-0000000003 acts under plan") && told[0].ends_with(&says),
            "{told:?}"
        );
    }
    let two = forged(|all| {
        all[4]["spec"]["approvals"] = json!(["a", "b"]);
        all[4]["spec"]["approvalsRequired"] = json!(2);
    });
    assert_eq!(two, Vec::<String>::new());
    // Where the configuration asks for none, that is told and is no fault.
    let mut all = journal();
    for record in &mut all[3..] {
        record["spec"]["approvals"] = json!([]);
        record["spec"]["approvalsRequired"] = json!(0);
    }
    chain(&mut all);
    let verified = verify(&found(&all), &Claims::default());
    assert!(
        verified.faults.is_empty()
            && text::plain(&verified).contains("none; 3 effects for which none was asked")
    );
}

#[test]
fn a_plan_is_what_was_sealed() {
    let told = forged(|all| all[1]["spec"]["users"][0] = json!(id(99)));
    assert!(
        told[0].contains("record 0e1f-0000000001 seals has digest") && told[0].contains("-0001"),
        "{told:?}"
    );
    let told = forged(|all| drop(all.remove(1)));
    assert!(
        told[0].contains("lacks its part") && told[0].contains("-0001"),
        "{told:?}"
    );
    assert_eq!(
        told.len(),
        1,
        "what a plan without all its parts names is not guessed at: {told:?}"
    );
    let told = forged(|all| all[2]["spec"]["plan"]["applications"] = json!([]));
    assert!(
        told[0].contains("whose first part names another tenant"),
        "{told:?}"
    );
}

#[test]
fn an_outcome_tells_of_what_was_intended() {
    let told = forged(|all| all[3]["status"]["outcome"]["seen"]["unanswered"] = json!([id(99)]));
    assert!(told[0].contains("was not intended"), "{told:?}");
    let told = forged(|all| all[3]["status"]["outcome"]["seen"]["gone"] = json!(4));
    assert!(
        told[0].contains("it tells of 4 objects, 3 were intended"),
        "{told:?}"
    );
    let told = forged(|all| all[3]["spec"]["type"] = json!("Verification"));
    assert!(
        told[0].contains("its type is Verification, what it does is DeleteUsers"),
        "{told:?}"
    );
}

#[test]
fn what_this_version_does_not_know_is_not_called_broken() {
    let mut all = journal();
    all[5]["spec"]["intent"]["action"] = json!("DoSomethingNew");
    chain(&mut all);
    let mut claims = Claims::default();
    claims.anchors.push(Anchor {
        sequence: 4,
        hash: hash_of(&all[5]),
        source: "the log".into(),
    });
    let verified = verify(&found(&all), &claims);
    assert_eq!(verified.faults, []);
    assert_eq!(verified.verdict(), Verdict::Unjudged);
    assert!(
        verified.doubts[0]
            .to_string()
            .contains("not one that this version knows"),
        "{:?}",
        verified.doubts
    );
}
