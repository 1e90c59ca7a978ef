//! Supplements: deletions count that a supplement names which was approved and sealed before, and no others.

use super::{UID, chain, effect, found, id, journal, object, sealed};
use crate::closure::supplement::{Supplement, SupplementHead};
use crate::evidence::{Claims, verify};
use serde_json::{Value, json};

fn supplement(ordinal: u32, users: &[u128]) -> Supplement {
    let head = SupplementHead {
        supplements: sealed().digest,
        ordinal,
        tenant_id: id(0xAAAA),
        user_count: 0,
    };
    Supplement::seal(head, users.iter().copied().map(id).collect())
}

/// The part and the record that seal it.
fn seals(sequence: u64, it: &Supplement) -> [Value; 2] {
    let name = format!("{UID}-plan-{}-0000", &it.digest[..16]);
    let part = json!({"type": "PlanChunk", "sequence": 0, "planDigest": it.digest, "users": it.users, "supplement": it.head});
    let seal = json!({"type": "Plan", "sequence": sequence, "planDigest": it.digest, "supplement": it.head, "chunks": [name]});
    let done = json!({"gone": 0, "complete": true});
    [
        object(&name, &part, None),
        object(&format!("{UID}-{sequence:010}"), &seal, Some(done)),
    ]
}

fn deletes(sequence: u64, it: &Supplement, users: &[u128]) -> Value {
    let users: Vec<_> = users.iter().copied().map(id).collect();
    let mut deed = effect(sequence, "Users", "DeleteUsers", &users);
    deed["spec"]["planDigest"] = json!(it.digest);
    deed["spec"]["intent"]["supplement"] = json!(it.head.ordinal);
    deed
}

/// What is told of a closure to which two users came later, after a change.
fn told(change: impl FnOnce(&mut Vec<Value>)) -> Vec<String> {
    let it = supplement(1, &[21, 22]);
    let mut all = journal();
    all.pop();
    all.extend(seals(4, &it));
    all.push(deletes(5, &it, &[21, 22]));
    change(&mut all);
    chain(&mut all);
    let claims = Claims {
        uid: Some(UID.into()),
        anchors: Vec::new(),
    };
    let verified = verify(&found(&all), &claims);
    verified.faults.iter().map(ToString::to_string).collect()
}

fn first(change: impl FnOnce(&mut Vec<Value>)) -> String {
    let mut all = told(change);
    assert!(!all.is_empty(), "nothing was found");
    all.remove(0)
}

#[test]
fn deletions_of_an_approved_supplement_count() {
    assert_eq!(told(|_| {}), Vec::<String>::new());
    // The plan stays in force beside it.
    let more = told(|all| {
        all.push(effect(
            6,
            "CancelSubscriptions",
            "CancelSubscription",
            &[id(0x51)],
        ));
    });
    assert_eq!(more, Vec::<String>::new());
}

#[test]
fn whoever_stands_in_neither_is_found() {
    let outside = first(|all| all[7]["spec"]["intent"]["objects"][0] = json!(id(99)));
    assert!(
        outside.contains(&id(99).to_string()) && outside.contains("does not name"),
        "{outside}"
    );
    // Under the plan's digest, the plan's users count; the supplement's do not.
    let lent = first(|all| {
        all[7]["spec"]["planDigest"] = json!(sealed().digest);
        all[7]["spec"]["intent"]
            .as_object_mut()
            .unwrap()
            .remove("supplement");
    });
    assert!(lent.contains("does not name"), "{lent}");
    let stays = first(|all| all[7]["spec"]["intent"]["objects"][0] = json!(id(0xA1)));
    assert!(stays.contains("the retained administrator"), "{stays}");
    // A supplement is for deleting users, and for nothing else.
    for (step, action) in [
        ("CancelSubscriptions", "CancelSubscription"),
        ("DeleteDirectory", "DeleteUsers"),
    ] {
        let other = first(|all| {
            all[7]["spec"]["intent"]["action"] = json!(action);
            all[7]["spec"]["intent"]["step"] = json!(step);
        });
        assert!(other.contains("does not name"), "{other}");
    }
}

#[test]
fn a_supplement_that_nobody_approved_is_found() {
    let unapproved = first(|all| all[7]["spec"]["approvals"] = json!([]));
    assert!(
        unapproved.contains("which nobody had approved"),
        "{unapproved}"
    );
    let one_of_two = first(|all| all[7]["spec"]["approvalsRequired"] = json!(2));
    assert!(one_of_two.contains("with 1 of 2 approvals"), "{one_of_two}");
    // Where nobody is asked for the plan itself, nobody is missing.
    let unasked = told(|all| {
        for record in all {
            record["spec"]["approvals"] = json!([]);
            record["spec"]["approvalsRequired"] = json!(0);
        }
    });
    assert_eq!(unasked, Vec::<String>::new());
}

#[test]
fn a_supplement_counts_only_after_it_was_sealed_and_until_it_is_replaced() {
    let too_early = first(|all| {
        all.truncate(5);
        let it = supplement(1, &[21, 22]);
        all.push(deletes(4, &it, &[21]));
        all.extend(seals(5, &it));
    });
    assert!(too_early.contains("acts under plan"), "{too_early}");
    let replaced = first(|all| {
        let deed = all.pop().unwrap();
        all.extend(seals(5, &supplement(2, &[21, 22, 23])));
        all.push(deed);
        all[9]["metadata"]["name"] = json!(format!("{UID}-0000000006"));
        all[9]["spec"]["sequence"] = json!(6);
    });
    assert!(replaced.contains("acts under plan"), "{replaced}");
    let other_place = first(|all| all[7]["spec"]["intent"]["supplement"] = json!(2));
    assert!(other_place.contains("acts under plan"), "{other_place}");
    let backwards = first(|all| all.extend(seals(6, &supplement(1, &[31]))));
    assert!(
        backwards.contains("comes after supplement 1"),
        "{backwards}"
    );
}

#[test]
fn a_supplement_is_what_was_sealed() {
    let changed = first(|all| all[5]["spec"]["users"][0] = json!(id(99)));
    assert!(changed.contains("seals has digest"), "{changed}");
    let missing = first(|all| drop(all.remove(5)));
    assert!(missing.contains("lacks its part"), "{missing}");
    let head = first(|all| all[6]["spec"]["supplement"]["userCount"] = json!(1));
    assert!(head.contains("first part names"), "{head}");
    let of_another = first(|all| {
        for at in [5, 6] {
            all[at]["spec"]["supplement"]["supplements"] = json!("f".repeat(64));
        }
    });
    assert!(of_another.contains("fff"), "{of_another}");
}
