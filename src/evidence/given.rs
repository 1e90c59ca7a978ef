//! Given: the approvals that the journal names, held against the `ClosureApproval`s that are there.
//!
//! A record names approvals by UID. An object with another UID, whatever its name, is none of them; one that is gone can be
//! told and no more: whoever may delete approvals may do so once they served.

use crate::api::{ClosureApproval, Purpose, RecordType};
use crate::closure::acceptance;
use crate::evidence::entry::{Entry, Found};
use crate::evidence::fault::Fault;
use crate::evidence::verify::Verified;
use std::collections::{BTreeMap, BTreeSet};

/// Compares: what cannot be is a fault, what is only not there any more is told.
pub fn compare(found: &Found, approvals: &[ClosureApproval], verified: &mut Verified) {
    let ours = found
        .entries
        .iter()
        .filter(|entry| entry.spec.closure_uid == verified.uid && !entry.is_chunk());
    let mut entries: Vec<&Entry> = ours.collect();
    entries.sort_by_key(|entry| entry.spec.sequence);
    let there: BTreeMap<&str, &ClosureApproval> = approvals
        .iter()
        .filter_map(|one| Some((one.metadata.uid.as_deref()?, one)))
        .collect();
    let sealed = sealed(&entries);
    let (mut gone, mut named) = (BTreeSet::new(), BTreeSet::new());
    // Each approval once, by the first record that rests on it; the later ones say the same.
    let mut told = BTreeSet::new();
    for entry in entries {
        let mut persons = BTreeSet::new();
        for (uid, digests) in rests_on(entry, &sealed) {
            named.insert(uid);
            let Some(approval) = there.get(uid) else {
                gone.insert(uid);
                continue;
            };
            let twice = !persons.insert((digests.clone(), approval.spec.approver.as_str()));
            let what = if twice {
                Some("is of a person whose other approval it counts too".to_owned())
            } else {
                unfit(approval, entry, &digests)
            };
            if let Some(what) = what
                && told.insert((uid, what.clone()))
            {
                verified.faults.push(Fault::OtherApproval {
                    name: entry.name.clone(),
                    approval: uid.to_owned(),
                    what,
                });
            }
        }
    }
    let unnamed = approvals.iter().filter(|one| {
        let spec = &one.spec;
        let uid = one.metadata.uid.as_deref().unwrap_or_default();
        spec.purpose == Purpose::Approval
            && spec.closure_uid == verified.uid
            && !named.contains(uid)
    });
    let unnamed = unnamed.count();
    if !gone.is_empty() {
        let uids: Vec<&str> = gone.into_iter().collect();
        verified.notes.push(format!(
            "of the approvals that records name these are not there any more, so who gave them is not seen here: {}",
            uids.join(", ")
        ));
    }
    if unnamed > 0 {
        verified.notes.push(format!(
            "approvals of this closure that no record rests on: {unnamed}; whatever their names, nothing was done because of them"
        ));
    }
}

/// Digests of plans and supplements that were sealed.
fn sealed<'a>(entries: &[&'a Entry]) -> BTreeSet<&'a str> {
    let plans = entries
        .iter()
        .filter(|entry| entry.spec.kind == RecordType::Plan);
    plans
        .filter_map(|entry| entry.spec.plan_digest.as_deref())
        .collect()
}

/// The approvals that a record rests on, each with the digests that it may be of.
fn rests_on<'a>(
    entry: &'a Entry,
    sealed: &BTreeSet<&str>,
) -> impl Iterator<Item = (&'a str, BTreeSet<String>)> {
    let plan: BTreeSet<String> = entry.spec.plan_digest.iter().cloned().collect();
    let of_plan = entry.spec.approvals.iter();
    let of_plan = of_plan.map(move |uid| (uid.as_str(), plan.clone()));
    let later = entry.spec.later.iter().flat_map(|later| {
        let of = |plan: &&str| acceptance::digest(plan, &later.accepted);
        let digests: BTreeSet<String> = sealed.iter().map(of).collect();
        let all = later.approvals.iter();
        all.map(move |uid| (uid.as_str(), digests.clone()))
    });
    // Without a borrow of the digests that were sealed.
    let later: Vec<_> = later.collect();
    of_plan.chain(later)
}

/// Why the operator cannot have counted this object for that record.
fn unfit(approval: &ClosureApproval, entry: &Entry, digests: &BTreeSet<String>) -> Option<String> {
    let spec = &approval.spec;
    let created = approval.metadata.creation_timestamp.as_ref().map(|at| at.0);
    let other = |what: &str| Some(format!("is {what}"));
    if spec.purpose != Purpose::Approval {
        return other("no approval");
    }
    if spec.closure_uid != entry.spec.closure_uid {
        return other("of another closure");
    }
    if !spec
        .tenant_id
        .eq_ignore_ascii_case(&entry.spec.tenant_id.to_string())
    {
        return other("of another tenant");
    }
    if !spec
        .plan_digest
        .as_ref()
        .is_some_and(|digest| digests.contains(digest))
    {
        return other("of another plan");
    }
    let claimed = entry.created?;
    if created.is_some_and(|at| at > claimed) {
        return other("younger than the record");
    }
    if spec.expires_at < claimed {
        return Some("had ended before the record".to_owned());
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use crate::evidence::entry::Place;
    use crate::evidence::{Claims, Verdict, text, verify};
    use serde_json::{Value, json};

    const UID: &str = "0e1f";
    const TENANT: &str = "00000000-0000-0000-0000-00000000aaaa";

    fn digest(n: u8) -> String {
        format!("{n:064x}")
    }

    /// A plan, and two effects that rest on the approvals of bob and carol.
    fn journal() -> Found {
        let mut found = Found::default();
        let record = |sequence: u64, kind: &str, approvals: &[&str]| {
            json!({
                "kind": "ClosureRecord",
                "metadata": {"name": format!("{UID}-{sequence:010}"), "uid": format!("r{sequence}"), "creationTimestamp": "2026-10-02T09:14:07Z"},
                "spec": {"type": kind, "sequence": sequence, "closureUID": UID, "closureNamespace": "closures", "closureName": "contoso",
                    "tenantID": TENANT, "holder": "one", "effectSeconds": 31, "previous": "", "memory": {}, "planDigest": digest(1),
                    "approvals": approvals, "approvalsRequired": approvals.len()},
            })
        };
        let both = ["of-bob", "of-carol"];
        for object in [
            record(1, "Plan", &[]),
            record(2, "Effect", &both),
            record(3, "Effect", &both),
        ] {
            let place = Place {
                source: "here".to_owned(),
                line: None,
            };
            found.add(&object, place);
        }
        found
    }

    fn approval(uid: &str, approver: &str, change: &Value) -> ClosureApproval {
        let mut object = json!({
            "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "ClosureApproval",
            "metadata": {"name": approver, "uid": uid, "creationTimestamp": "2026-10-02T09:00:00Z"},
            "spec": {"purpose": "Approval", "closureName": "contoso", "closureUID": UID, "tenantID": TENANT, "planDigest": digest(1),
                "confirmDomain": "contoso.onmicrosoft.com", "approver": approver, "expiresAt": "2026-11-01T00:00:00Z"},
        });
        for (pointer, value) in change.as_object().unwrap() {
            *object.pointer_mut(pointer).unwrap() = value.clone();
        }
        serde_json::from_value(object).unwrap()
    }

    /// What is found beyond what the journal itself shows.
    fn told(approvals: &[ClosureApproval]) -> (Vec<String>, Vec<String>) {
        let found = journal();
        let mut verified = verify(&found, &Claims::default());
        let before = verified.faults.len();
        compare(&found, approvals, &mut verified);
        let faults = verified.faults[before..].iter().map(ToString::to_string);
        (faults.collect(), verified.notes)
    }

    #[test]
    fn what_is_there_as_it_was_given_is_nothing_to_tell() {
        let both = [
            approval("of-bob", "bob", &json!({})),
            approval("of-carol", "carol", &json!({})),
        ];
        assert_eq!(told(&both), (Vec::new(), Vec::new()));
    }

    /// Whoever tidies up takes nothing away from the journal: it is told, and is no fault.
    #[test]
    fn what_is_gone_is_told_and_no_fault() {
        let (faults, notes) = told(&[approval("of-bob", "bob", &json!({}))]);
        assert_eq!((faults, notes.len()), (Vec::new(), 1));
        assert!(notes[0].ends_with("not seen here: of-carol"), "{notes:?}");
    }

    /// Carol's was deleted, and somebody put another in its place: it is none that anything rests on.
    #[test]
    fn one_of_the_same_name_and_another_uid_is_none_of_them() {
        let pretender = approval("another", "carol", &json!({}));
        let (faults, notes) = told(&[approval("of-bob", "bob", &json!({})), pretender]);
        assert!(faults.is_empty(), "{faults:?}");
        assert!(notes[0].ends_with("of-carol"), "{notes:?}");
        assert!(notes[1].contains("no record rests on: 1"), "{notes:?}");
    }

    #[test]
    fn one_that_cannot_have_been_counted_is_a_fault() {
        for (change, what) in [
            (json!({"/spec/planDigest": digest(2)}), "is of another plan"),
            (
                json!({"/spec/closureUID": "other"}),
                "is of another closure",
            ),
            (
                json!({"/spec/tenantID": "00000000-0000-0000-0000-00000000bbbb"}),
                "is of another tenant",
            ),
            (json!({"/spec/purpose": "Attestation"}), "is no approval"),
            (
                json!({"/metadata/creationTimestamp": "2026-10-02T09:14:08Z"}),
                "is younger than the record",
            ),
            (
                json!({"/spec/expiresAt": "2026-10-02T09:00:00Z"}),
                "had ended before the record",
            ),
            (
                json!({"/spec/approver": "bob"}),
                "is of a person whose other approval it counts too",
            ),
        ] {
            let both = [
                approval("of-bob", "bob", &json!({})),
                approval("of-carol", "carol", &change),
            ];
            let (faults, _) = told(&both);
            let says = format!(
                "record {UID}-0000000002 rests on approval of-carol, but the object with this UID {what}: it, or the record, was put in or exchanged"
            );
            assert_eq!(faults, [says], "once, by the first record");
        }
    }

    #[test]
    fn it_is_told_to_people_and_to_programs() {
        let found = journal();
        let mut verified = verify(&found, &Claims::default());
        compare(
            &found,
            &[approval(
                "of-bob",
                "eve",
                &json!({"/spec/planDigest": digest(2)}),
            )],
            &mut verified,
        );
        assert_eq!(verified.verdict(), Verdict::Broken);
        let plain = text::plain(&verified);
        assert!(plain.contains("rests on approval of-bob"), "{plain}");
        assert!(plain.contains("  note       of the approvals"), "{plain}");
        let json = text::json(&verified);
        assert!(
            json["notes"][0].as_str().unwrap().ends_with("of-carol"),
            "{json}"
        );
    }
}
