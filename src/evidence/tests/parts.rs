//! Parts of plans: whatever is done to one, or put in beside them, is found; what a killed operator leaves is told.

use super::{UID, chain, found, id, journal, link, object, sealed};
use crate::evidence::{Claims, Verified, text, verify};
use serde_json::{Value, json};

fn judged(all: &[Value]) -> Verified {
    let claims = Claims {
        uid: Some(UID.into()),
        anchors: Vec::new(),
    };
    verify(&found(all), &claims)
}

/// What is told of a journal in which nothing but this was changed.
fn told(change: impl FnOnce(&mut Vec<Value>)) -> Vec<String> {
    let mut all = journal();
    change(&mut all);
    let verified = judged(&all);
    verified.faults.iter().map(ToString::to_string).collect()
}

fn part_name(digest: &str, number: usize) -> String {
    format!("{UID}-plan-{}-{number:04}", &digest[..16])
}

/// A part of a plan that no record seals, as a process leaves one that is ended before it seals the plan.
fn left_behind() -> Value {
    let digest = "5a".repeat(32);
    let spec = json!({"type": "PlanChunk", "sequence": 0, "planDigest": digest, "users": [id(99)], "plan": sealed().head});
    object(&part_name(&digest, 0), &spec, None)
}

#[test]
fn any_edited_field_of_a_part_is_found() {
    assert_eq!(told(|_| {}), Vec::<String>::new());
    for (pointer, value) in [
        ("/metadata/uid", json!("another")),
        ("/spec/holder", json!("mallory")),
        ("/spec/effectSeconds", json!(3600)),
        ("/spec/closureName", json!("fabrikam")),
        ("/spec/closureNamespace", json!("elsewhere")),
        ("/spec/previous", json!("f".repeat(64))),
        (
            "/spec/memory",
            json!({"verifiedAt": "2026-10-02T09:16:00Z"}),
        ),
        ("/spec/users/0", json!(id(99))),
        ("/spec/plan/guests", json!(7)),
        ("/spec/plan/aFieldThatNobodyKnows", json!(7)),
    ] {
        let all = told(|all| {
            let (parent, field) = pointer.rsplit_once('/').unwrap();
            let parent = all[0].pointer_mut(parent).unwrap();
            match field.parse::<usize>() {
                Ok(at) => parent[at] = value,
                Err(_) => parent[field] = value,
            }
        });
        let name = part_name(&sealed().digest, 0);
        let says = format!("record {UID}-0000000001 seals had a part {name} that hashed to ");
        assert!(
            all.iter().any(|one| one.contains(&says)),
            "{pointer}: {all:?}"
        );
    }
    let settled = told(|all| all[1]["status"] = all[2]["status"].clone());
    assert!(
        settled.iter().any(|one| one.contains("hashed to")),
        "{settled:?}"
    );
    let later = told(|all| all[1]["metadata"]["creationTimestamp"] = json!("2026-10-02T09:20:00Z"));
    assert!(later[0].contains("after its outcome"), "{later:?}");
}

/// Earlier versions sealed the digest alone.
#[test]
fn without_its_hash_a_part_is_held_against_what_the_operator_writes() {
    let of_before = |change: &dyn Fn(&mut Vec<Value>)| {
        told(|all| {
            all[2]["spec"]
                .as_object_mut()
                .unwrap()
                .remove("chunkHashes");
            change(all);
            link(all);
        })
    };
    assert_eq!(of_before(&|_| {}), Vec::<String>::new());
    for (field, value, says) in [
        (
            "closureName",
            json!("fabrikam"),
            "it is of closure closures/fabrikam",
        ),
        ("sequence", json!(7), "(sequence)"),
        ("previous", json!("f".repeat(64)), "(previous)"),
        ("memory", json!({"cursor": 5}), "(memory)"),
        ("approvals", json!(["of-bob"]), "(approvals)"),
        (
            "plan",
            json!(sealed().head),
            "the first part of a plan has its head",
        ),
        ("users", json!([id(99)]), "seals has digest"),
    ] {
        let all = of_before(&|all| all[1]["spec"][field] = value.clone());
        assert!(all.iter().any(|one| one.contains(says)), "{field}: {all:?}");
    }
}

#[test]
fn a_seal_names_as_many_hashes_as_parts() {
    let all = told(|all| {
        all[2]["spec"]["chunkHashes"].as_array_mut().unwrap().pop();
        link(all);
    });
    assert!(
        all[0].contains("it names 2 parts and what 1 of them hash to"),
        "{all:?}"
    );
}

/// Before the genuine one, or after it: what a reader of the file sees first is not what counts.
#[test]
fn a_part_that_is_put_in_is_found() {
    for at in [0, 1, 6] {
        let all = told(|all| {
            let mut copy = all[0].clone();
            copy["spec"]["users"][0] = json!(id(99));
            all.insert(at, copy);
        });
        let says = format!(
            "part {} of a plan is there twice",
            part_name(&sealed().digest, 0)
        );
        assert!(all[0].starts_with(&says), "{all:?}");
    }
    // Under a name of its own: of the plan that was sealed, of none, of no plan.
    let digest = sealed().digest;
    for (name, says) in [
        (part_name(&digest, 2), "seals that plan without it"),
        (
            format!("{UID}-plan-first"),
            "its name is that of no part of plan",
        ),
        (
            part_name(&"0".repeat(64), 1),
            "its name is that of no part of plan",
        ),
        (
            part_name(&digest, 0).replace(UID, "0e1e"),
            "its name is that of no part of plan",
        ),
    ] {
        let all = told(|all| {
            let mut copy = all[1].clone();
            copy["metadata"]["name"] = json!(name);
            all.push(copy);
        });
        assert!(all.iter().any(|one| one.contains(says)), "{name}: {all:?}");
    }
}

#[test]
fn a_part_that_no_record_seals_is_told_and_never_believed() {
    let mut all = journal();
    all.insert(0, left_behind());
    let verified = judged(&all);
    assert_eq!(verified.faults, []);
    let name = left_behind()["metadata"]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(verified.notes.len(), 1);
    assert!(verified.notes[0].contains(&name), "{:?}", verified.notes);
    assert_eq!(verified.figures.chunks, 2, "it is none of a plan's");
    assert!(text::plain(&verified).contains("nobody approved what they name"));
    // Whom it names nobody may touch because of it.
    all[4]["spec"]["intent"]["objects"][0] = json!(id(99));
    chain(&mut all);
    let told = judged(&all).faults;
    assert!(told[0].to_string().contains("does not name"), "{told:?}");
    // What none can have left is a fault.
    let mut odd = journal();
    odd.push(left_behind());
    odd[6]["spec"]["memory"] = json!({"cursor": 5});
    let told = judged(&odd).faults;
    assert!(told[0].to_string().contains("(memory)"), "{told:?}");
}
