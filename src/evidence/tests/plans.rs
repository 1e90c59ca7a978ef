//! Plans are sealed once they are approved, and what is asked for one does not fall unseen.

use super::{UID, chain, forged, found, journal};
use crate::evidence::{Claims, Doubt, verify};
use serde_json::{Value, json};

#[test]
fn a_plan_that_is_sealed_again_after_something_was_done_is_found() {
    let seal_again = |all: &mut Vec<Value>, sequence: u64, at: usize| {
        let mut again = all[2].clone();
        let name = format!("{UID}-{sequence:010}");
        again["metadata"] = json!({"name": name, "uid": format!("of {name}"), "creationTimestamp": "2026-10-02T09:14:07Z"});
        again["spec"]["sequence"] = json!(sequence);
        all.insert(at, again);
    };
    let after = forged(|all| seal_again(all, 5, 6));
    assert_eq!(after.len(), 1, "{after:?}");
    let says = "it seals another plan, and the one before had begun with record 0e1f-0000000002";
    assert!(after[0].contains(says), "{after:?}");
    // Before anything was done a plan is made anew as often as it takes.
    let before = forged(|all| {
        for (index, sequence) in [(3, 3), (4, 4), (5, 5)] {
            let name = format!("{UID}-{sequence:010}");
            all[index]["metadata"]["name"] = json!(name);
            all[index]["metadata"]["uid"] = json!(format!("of {name}"));
            all[index]["spec"]["sequence"] = json!(sequence);
        }
        seal_again(all, 2, 3);
    });
    assert!(before.is_empty(), "{before:?}");
}

#[test]
fn fewer_approvals_than_the_same_plan_took_before_are_asked_about() {
    let doubts = |numbers: [u32; 3]| {
        let mut all = journal();
        for (effect, required) in all[3..].iter_mut().zip(numbers) {
            effect["spec"]["approvalsRequired"] = json!(required);
            effect["spec"]["approvals"] = json!(["of-bob", "of-carol"]);
        }
        chain(&mut all);
        let verified = verify(&found(&all), &Claims::default());
        assert!(verified.faults.is_empty(), "{:?}", verified.faults);
        let fewer = verified.doubts.into_iter();
        let fewer = fewer.filter(|one| matches!(one, Doubt::FewerAsked { .. }));
        fewer.map(|one| one.to_string()).collect::<Vec<_>>()
    };
    assert!(doubts([1, 1, 2]).is_empty());
    let told = doubts([2, 2, 1]);
    assert_eq!(told.len(), 1);
    let says = "record 0e1f-0000000004 asks for 1 approvals, record 0e1f-0000000003 of the same plan asked for 2";
    assert!(told[0].contains(says), "{told:?}");
}
