//! The comparison must be able to fail: journals and effects that were tampered with are found out.

use std::collections::BTreeMap;

use kube::api::DynamicObject;
use serde_json::{Value, json};
use tenant_closure::controller::journal;

use crate::agreement::{Evidence, agree};

/// A change of what is compared, and words of the complaint that it must bring.
type Forgery = (&'static str, fn(&mut Evidence), &'static str);

/// The places in [`Evidence::records`] of the journal's records, in their order.
fn places(evidence: &Evidence) -> Vec<usize> {
    let sequence = |place: &usize| evidence.records[*place].data["spec"]["sequence"].as_u64();
    let mut places: Vec<usize> = (0..evidence.records.len())
        .filter(|place| sequence(place) > Some(0))
        .collect();
    places.sort_by_key(sequence);
    places
}

/// The first record that deleted users.
fn deletion(evidence: &mut Evidence) -> &mut Value {
    let deletes = |record: &&mut DynamicObject| {
        let intent = &record.data["spec"]["intent"];
        intent["action"] == "DeleteUsers" && record.data["status"]["outcome"]["seen"]["gone"] != 0
    };
    let found = evidence.records.iter_mut().find(deletes);
    &mut found.expect("users were deleted").data
}

/// The first effect on a user.
fn effect(evidence: &Evidence) -> usize {
    let deleted = |one: &Value| one["kind"] == "userDeleted" && one["app"] == evidence.app;
    evidence
        .effects
        .iter()
        .position(deleted)
        .expect("one was deleted")
}

/// Hashes anew, as one would who can write records: what is left is what the journal says.
fn chain(evidence: &mut Evidence) {
    let mut previous = String::new();
    let mut sequence = 0;
    for place in places(evidence) {
        let record = &mut evidence.records[place];
        record.data["spec"]["previous"] = json!(previous);
        previous = journal::hash(record);
        sequence = record.data["spec"]["sequence"].as_u64().unwrap_or_default();
    }
    evidence.head = Some((sequence, previous));
}

fn count_more(evidence: &mut Evidence) {
    let gone = &mut deletion(evidence)["status"]["outcome"]["seen"]["gone"];
    *gone = json!(gone.as_u64().unwrap_or_default() + 1);
}

fn count_more_and_chain(evidence: &mut Evidence) {
    count_more(evidence);
    chain(evidence);
}

/// One object less is claimed, and one less counted: the journal fits in itself.
fn leave_one_out(evidence: &mut Evidence) {
    let record = deletion(evidence);
    let gone = record["status"]["outcome"]["seen"]["gone"]
        .as_u64()
        .unwrap_or_default();
    record["status"]["outcome"]["seen"]["gone"] = json!(gone - 1);
    let objects = record["spec"]["intent"]["objects"]
        .as_array_mut()
        .expect("it names objects");
    objects.remove(0);
    chain(evidence);
}

fn call_it_not_done(evidence: &mut Evidence) {
    let record = deletion(evidence);
    let objects = record["spec"]["intent"]["objects"].clone();
    record["status"]["outcome"]["seen"]["gone"] = json!(0);
    record["status"]["outcome"]["seen"]["unanswered"] = objects;
    chain(evidence);
}

fn lose_the_middle(evidence: &mut Evidence) {
    let places = places(evidence);
    evidence.records.remove(places[places.len() / 2]);
}

fn lose_the_end(evidence: &mut Evidence) {
    let places = places(evidence);
    evidence.records.remove(places[places.len() - 1]);
}

fn lose_an_outcome(evidence: &mut Evidence) {
    let data = deletion(evidence);
    data["status"] = Value::Null;
    chain(evidence);
}

fn swap(evidence: &mut Evidence) {
    let places = places(evidence);
    for (place, sequence) in [(places[1], 3), (places[2], 2)] {
        evidence.records[place].data["spec"]["sequence"] = json!(sequence);
    }
}

fn happen_before_the_claim(evidence: &mut Evidence) {
    let place = effect(evidence);
    evidence.effects[place]["time"] = json!("2020-01-01T00:00:00Z");
}

fn happen_too_late(evidence: &mut Evidence) {
    let record = deletion(evidence);
    record["spec"]["effectSeconds"] = json!(0);
    chain(evidence);
}

fn happen_twice(evidence: &mut Evidence) {
    let again = evidence.effects[effect(evidence)].clone();
    evidence.effects.push(again);
}

fn happen_not_at_all(evidence: &mut Evidence) {
    evidence.effects.remove(effect(evidence));
}

fn happen_without_a_claim(evidence: &mut Evidence) {
    let mut other = evidence.effects[effect(evidence)].clone();
    other["id"] = json!("00000000-0000-4000-8000-0000000000ff");
    evidence.effects.push(other);
}

const FORGERIES: [Forgery; 13] = [
    ("a count is edited", count_more, "the chain is broken"),
    (
        "a count is edited and hashed anew",
        count_more_and_chain,
        "without the exceptions",
    ),
    (
        "a deleted object is left out",
        leave_one_out,
        "belongs to []",
    ),
    (
        "a deletion is called not done",
        call_it_not_done,
        "which did not see it",
    ),
    (
        "a record in the middle is lost",
        lose_the_middle,
        "there is a gap",
    ),
    (
        "the newest record is lost",
        lose_the_end,
        "the status names",
    ),
    ("an outcome is lost", lose_an_outcome, "has no outcome"),
    ("two records change places", swap, "there is a gap"),
    (
        "an effect comes before its claim",
        happen_before_the_claim,
        "belongs to []",
    ),
    (
        "an effect comes after the record's time",
        happen_too_late,
        "belongs to []",
    ),
    ("an effect comes twice", happen_twice, "happened twice"),
    (
        "nothing happened to what is counted",
        happen_not_at_all,
        "the journal counts",
    ),
    (
        "an effect has no claim",
        happen_without_a_claim,
        "belongs to []",
    ),
];

/// Tampers in every way that is known here, and sees that each is found out, for the right reason; how many.
pub(crate) fn each_is_found_out(evidence: &Evidence) -> usize {
    agree(evidence).expect("untouched they agree");
    for (name, forge, words) in FORGERIES {
        let mut forged = evidence.clone();
        forge(&mut forged);
        let faults = agree(&forged).expect_err(name);
        let told = faults.iter().any(|fault| fault.contains(words));
        assert!(told, "{name}: nobody says {words:?}: {faults:#?}");
    }
    FORGERIES.len()
}

fn id(number: u32) -> Value {
    json!(format!("00000000-0000-4000-8000-{number:012}"))
}

/// A record that is claimed `sequence` seconds after the start and settled half a second later.
fn record(sequence: u64, intent: &Value, seen: &Value) -> DynamicObject {
    let name = journal::name("u", sequence);
    let spec = json!({
        "type": "Effect", "closureUID": "u", "closureNamespace": "closures", "closureName": "contoso", "tenantID": id(1),
        "sequence": sequence, "intent": intent, "effectSeconds": 5,
    });
    let outcome =
        json!({ "at": format!("2026-01-01T00:00:0{sequence}.5Z"), "inDoubt": false, "seen": seen });
    serde_json::from_value(json!({
        "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "ClosureRecord",
        "metadata": { "name": name, "uid": name, "creationTimestamp": format!("2026-01-01T00:00:0{sequence}Z") },
        "spec": spec, "status": { "outcome": outcome },
    }))
    .unwrap()
}

#[test]
fn a_wrong_journal_is_found_out() {
    let intent = |action: &str, objects: &[u32]| {
        let objects: Vec<Value> = objects.iter().copied().map(id).collect();
        json!({ "step": "Users", "action": action, "objects": objects })
    };
    let seen = |gone: u32, unanswered: &[u32]| {
        let unanswered: Vec<Value> = unanswered.iter().copied().map(id).collect();
        json!({ "gone": gone, "complete": true, "unanswered": unanswered })
    };
    let effect = |kind: &str, object: u32, second: u32| json!({ "kind": kind, "id": id(object), "app": "ours", "time": format!("2026-01-01T00:00:0{second}.25Z") });
    let mut evidence = Evidence {
        records: vec![
            record(1, &intent("SwitchSyncOff", &[1]), &seen(0, &[1])),
            record(2, &intent("DeleteUsers", &[2, 3, 4]), &seen(2, &[4])),
            record(3, &intent("DeleteUsers", &[4]), &seen(1, &[])),
            record(4, &intent("CancelSubscription", &[5]), &seen(1, &[])),
        ],
        head: None,
        effects: vec![
            effect("syncSwitchOffRequested", 1, 1),
            effect("userDeleted", 2, 2),
            effect("userDeleted", 3, 2),
            effect("userDeleted", 4, 3),
            // It has two ids, and the journal knows the other one.
            effect("subscriptionCanceled", 6, 4),
            json!({ "kind": "subscriptionGone", "id": id(6), "app": null, "time": "2026-01-01T00:00:09Z" }),
        ],
        app: "ours".to_owned(),
        aliases: BTreeMap::from([(6, 5), (5, 6)].map(|(a, b)| (text(a), text(b)))),
    };
    chain(&mut evidence);
    assert_eq!(each_is_found_out(&evidence), FORGERIES.len());
}

fn text(number: u32) -> String {
    id(number).as_str().unwrap_or_default().to_owned()
}
