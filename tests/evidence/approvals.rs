//! The approvals that the journal names: in the cluster, after somebody has tidied up, and in an export.

use crate::closed::{left, verify};
use serde_json::{Value, json};

#[test]
fn one_that_is_gone_is_told_and_another_of_its_name_is_none_of_them() {
    let (code, before) = &left().in_cluster;
    assert_eq!(*code, Some(0), "{before}");
    assert!(!before.contains("  note"), "{before}");
    let (code, told) = &left().tidied;
    assert_eq!(*code, Some(0), "{told}");
    let uids = &left().deleted;
    assert!(!uids.is_empty());
    let gone = told
        .lines()
        .find(|line| line.contains("not there any more"));
    let gone = gone.unwrap_or_else(|| panic!("{told}"));
    for uid in uids {
        assert!(gone.contains(uid), "{uid}: {gone}");
    }
    assert!(
        told.contains("approvals of this closure that no record rests on: 1;"),
        "{told}"
    );
}

/// What `verify` says of the export once the first of bob's approvals was changed; its UID.
fn of_export(
    name: &str,
    change: impl FnOnce(&mut Vec<Value>, usize),
) -> (String, Option<i32>, String) {
    let left = left();
    let mut approvals = left.approvals.clone();
    let first = approvals
        .iter()
        .position(|one| one["spec"]["purpose"] == "Approval");
    let first = first.unwrap();
    let uid = approvals[first]["metadata"]["uid"]
        .as_str()
        .unwrap()
        .to_owned();
    change(&mut approvals, first);
    let all = [&approvals[..], &left.journal].concat();
    let (code, said) = verify(&left.file(name, &all), &left.head);
    (uid, code, said)
}

type Change = fn(&mut Value);

#[test]
fn an_export_holds_them_and_says_which_was_changed() {
    assert!(left().deleted.iter().all(|uid| {
        let mut all = left().approvals.iter();
        all.any(|one| one["metadata"]["uid"] == **uid)
    }));
    let changes: [(&str, Change, &str); 3] = [
        (
            "eve.jsonl",
            |one| one["spec"]["approver"] = json!("eve"),
            "hashes to",
        ),
        (
            "plan.jsonl",
            |one| one["spec"]["planDigest"] = json!("0".repeat(64)),
            "is of another plan",
        ),
        (
            "signed.jsonl",
            |one| one["spec"]["signature"] = json!("by bob"),
            "has a signature that is not as ssh-keygen -Y sign writes it",
        ),
    ];
    for (name, change, what) in changes {
        let (uid, code, said) = of_export(name, |all, first| change(&mut all[first]));
        assert_eq!(code, Some(1), "{said}");
        let fault = said.lines().find(|line| line.contains("fault")).unwrap();
        assert!(fault.contains(&uid) && fault.contains(what), "{said}");
    }
    let (uid, code, said) = of_export("without.jsonl", |all, first| {
        all.remove(first);
    });
    assert_eq!(code, Some(0), "{said}");
    let note = said.lines().find(|line| line.contains("do not lie beside"));
    assert!(note.is_some_and(|note| note.contains(&uid)), "{said}");
}
