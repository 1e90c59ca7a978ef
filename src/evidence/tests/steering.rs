//! What steers the operator or dates an approval, and no link of the chain holds.

use super::{UID, found, journal, link};
use crate::evidence::{Claims, verify};
use serde_json::{Value, json};

/// What is told of a journal after a change by somebody who writes the links anew, and nothing else.
fn told(change: impl FnOnce(&mut Vec<Value>)) -> Vec<String> {
    let mut all = journal();
    change(&mut all);
    link(&mut all);
    let verified = verify(&found(&all), &Claims::default());
    verified.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_record_that_is_dated_back_or_forward_is_found() {
    assert_eq!(told(|_| {}), Vec::<String>::new());
    let dated = |at: &str| {
        // The record of the first effect: created 09:16:07, settled 09:16:27, the plan before it 09:15:27.
        told(|all| all[3]["metadata"]["creationTimestamp"] = json!(at))
    };
    assert_eq!(dated("2026-10-02T09:16:09Z"), Vec::<String>::new());
    for (at, says) in [
        ("2026-10-02T09:14:40Z", "before the outcome"),
        ("2026-10-02T09:17:30Z", "after its outcome"),
    ] {
        let found = dated(at);
        assert_eq!(found.len(), 1, "{found:?}");
        let name = format!("record {UID}-0000000002 was created {at}, ");
        assert!(
            found[0].starts_with(&name) && found[0].contains(says),
            "{found:?}"
        );
    }
    let undated = told(|all| {
        let metadata = all[3]["metadata"].as_object_mut().unwrap();
        metadata.remove("creationTimestamp");
    });
    assert!(undated[0].contains("does not say when"), "{undated:?}");
}

/// A plan is as old as the record that seals it: what comes after it knows.
#[test]
fn a_plan_made_at_another_time_is_found() {
    let found = told(|all| all[2]["metadata"]["creationTimestamp"] = json!("2026-10-02T09:15:08Z"));
    let says = format!("record {UID}-0000000002 says that before it something else was known");
    assert!(
        found[0].contains(&says) && found[0].contains("(plan)"),
        "{found:?}"
    );
}

#[test]
fn a_memory_that_the_record_before_did_not_leave_is_found() {
    for (field, value) in [
        ("verifiedAt", json!("2026-10-02T09:17:00Z")),
        ("cursor", json!(6)),
        (
            "started",
            json!({"DeleteDirectory": "2026-10-02T09:17:00Z"}),
        ),
        ("plan", Value::Null),
    ] {
        // The newest record is appended with it; no later one is there to disagree.
        let found = told(|all| all[5]["spec"]["memory"][field] = value);
        assert_eq!(found.len(), 1, "{found:?}");
        let says = format!("than what record 3 left ({field})");
        assert!(
            found[0].starts_with(&format!("record {UID}-0000000004")) && found[0].contains(&says),
            "{found:?}"
        );
    }
    let first = told(|all| all[2]["spec"]["memory"]["cursor"] = json!(5));
    assert!(
        first[0].contains("than what record 0 left (cursor)"),
        "{first:?}"
    );
    // Whoever takes an outcome away, or a record, is told of that.
    let hole = told(|all| drop(all.remove(4)));
    assert!(
        hole.iter()
            .all(|one| !one.contains("something else was known")),
        "{hole:?}"
    );
}
