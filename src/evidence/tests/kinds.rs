//! Records that say more than their type allows, and numbers that no journal comes to.

use super::{effect, forged, found, id, journal};
use crate::evidence::{Claims, verify};
use serde_json::json;

/// An effect under the type of a plan would be looked at as a plan alone.
#[test]
fn a_record_says_nothing_that_its_type_does_not() {
    let stranger = json!({"step": "Users", "action": "DeleteUsers", "objects": [id(99)]});
    let seal = forged(|all| all[2]["spec"]["intent"] = stranger.clone());
    assert!(seal.iter().any(|one| one.contains("(intent)")), "{seal:?}");
    let hidden = forged(|all| {
        all[5]["spec"]["type"] = json!("Inventory");
        all[5]["spec"]["intent"] = stranger.clone();
    });
    assert!(
        hidden.iter().any(|one| one.contains("(intent)")),
        "{hidden:?}"
    );
    let users = forged(|all| all[3]["spec"]["users"] = json!([id(99)]));
    assert!(users.iter().any(|one| one.contains("(users)")), "{users:?}");
    let lent = forged(|all| all[3]["spec"]["plan"] = all[2]["spec"]["plan"].clone());
    assert!(lent.iter().any(|one| one.contains("(plan)")), "{lent:?}");
}

#[test]
fn a_number_beyond_all_is_a_hole_and_no_end_of_the_program() {
    let mut all = journal();
    all.push(effect(u64::MAX, "Users", "DeleteUsers", &[id(1)]));
    all.push(effect(u64::MAX - 1, "Users", "DeleteUsers", &[id(1)]));
    let told = verify(&found(&all), &Claims::default()).faults;
    let missing = told
        .iter()
        .filter(|one| one.to_string().contains("is missing"));
    assert_eq!(missing.count(), 20, "{told:?}");
}

/// The operator writes only what is settled into a store.
#[test]
fn a_record_without_an_outcome_is_no_part_of_a_store() {
    let mut all = journal();
    all[5].as_object_mut().unwrap().remove("status");
    let mut found = found(&all);
    assert!(verify(&found, &Claims::default()).faults.is_empty());
    found.is_store = true;
    let told = verify(&found, &Claims::default()).faults;
    assert!(
        told[0].to_string().contains("only settled records"),
        "{told:?}"
    );
}
