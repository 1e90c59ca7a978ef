//! The approvals that the journal names, in the cluster, after somebody has tidied up.

use crate::closed::left;

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
