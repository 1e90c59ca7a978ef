use super::*;
use crate::api::ClosureApprovalSpec;
use crate::api::record::ApprovalCopy;
use crate::closure::id::ObjectId;
use crate::evidence::entry::{Place, Unreadable};
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
    compare(&found, Given::in_cluster(approvals), &mut verified);
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
            json!({"/metadata/creationTimestamp": null}),
            "does not say when it was created",
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
            "record {UID}-0000000002 rests on approval of-carol, but the object with this UID {what}: it, or the record, was put in, changed or exchanged"
        );
        assert_eq!(faults, [says], "once, by the first record");
    }
}

/// A record that says what the copies hash to, and rests on an attestation too.
fn with_copies(given: &[ClosureApproval]) -> Found {
    let mut found = journal();
    let copies = given.iter().map(|one| ApprovalCopy {
        uid: one.metadata.uid.clone().unwrap(),
        digest: one.copy_digest(),
    });
    found.entries[1].spec.approval_copies = copies.collect();
    found.entries[1].spec.attestations = vec!["of-dave".to_owned()];
    found
}

fn attestation(change: &Value) -> ClosureApproval {
    let mut one = approval("of-dave", "dave", change);
    one.spec.purpose = Purpose::Attestation;
    one.spec.plan_digest = None;
    one.spec.check = Some("OnlyOurs".into());
    one.spec.result = Some("passed".into());
    one
}

fn compared(found: &Found, given: Given<'_>) -> Verified {
    let mut verified = verify(found, &Claims::default());
    (verified.faults, verified.doubts) = (Vec::new(), Vec::new());
    compare(found, given, &mut verified);
    verified
}

#[test]
fn what_was_changed_since_it_counted_is_told_wherever_it_lies() {
    let none = json!({});
    let given = [
        approval("of-bob", "bob", &none),
        approval("of-carol", "carol", &none),
        attestation(&none),
    ];
    let found = with_copies(&given);
    let whole = compared(&found, Given::in_cluster(&given));
    assert!(
        whole.faults.is_empty() && whole.notes.is_empty(),
        "{whole:?}"
    );
    for (at, change, what) in [
        (0, "/spec/confirmDomain", "hashes to"),
        (1, "/spec/approver", "hashes to"),
        (2, "/spec/closureUID", "is of another closure"),
    ] {
        let mut changed = given.clone();
        let mut object = serde_json::to_value(&changed[at]).unwrap();
        *object.pointer_mut(change).unwrap() = json!("eve");
        changed[at] = serde_json::from_value(object).unwrap();
        let mut beside = found.clone();
        beside.approvals = changed.to_vec();
        for given in [Given::in_cluster(&changed), Given::beside(&beside)] {
            let told = compared(&found, given).faults;
            let uid = changed[at].metadata.uid.as_deref().unwrap();
            assert_eq!(told.len(), 1, "{told:?}");
            let fault = told[0].to_string();
            assert!(fault.contains(uid) && fault.contains(what), "{fault}");
        }
    }
    // An approval is no attestation.
    let mut swapped = given;
    swapped[2] = approval("of-dave", "dave", &none);
    let told = compared(&found, Given::in_cluster(&swapped)).faults;
    assert!(
        told[0].to_string().contains("is no attestation"),
        "{told:?}"
    );
}

/// What a store lacks it should have; what is there and cannot be read is told once.
#[test]
fn what_an_evidence_store_lacks_leaves_a_doubt() {
    let mut found = journal();
    found.approvals = vec![approval("of-bob", "bob", &json!({}))];
    let told = compared(&found, Given::beside(&found));
    assert!(told.doubts.is_empty(), "{told:?}");
    assert!(told.notes[0].contains("do not lie beside them"), "{told:?}");
    found.is_store = true;
    let told = compared(&found, Given::beside(&found));
    let doubt = Doubt::NoCopy {
        name: format!("{UID}-0000000002"),
        approval: "of-carol".to_owned(),
    };
    assert_eq!((told.doubts, told.notes), (vec![doubt], Vec::new()));
    let place = Place {
        source: "of-carol.json".to_owned(),
        line: None,
    };
    found.unreadable.push(Unreadable {
        place,
        name: Some("of-carol".to_owned()),
        why: "it is empty".to_owned(),
    });
    assert!(compared(&found, Given::beside(&found)).doubts.is_empty());
}

/// Signed by bob with ssh-keygen.
#[test]
fn a_signature_is_over_what_the_copy_says_and_its_key_is_told() {
    let text = include_str!("../../../tests/support/signatures/contoso-bob.txt");
    let signature = include_str!("../../../tests/support/signatures/ed25519.sig");
    let mut spec = ClosureApprovalSpec::of_text(text).unwrap();
    spec.signature = Some(signature.to_owned());
    let mut found = journal();
    for entry in &mut found.entries {
        entry.spec.closure_uid.clone_from(&spec.closure_uid);
        entry.spec.tenant_id = ObjectId::parse(&spec.tenant_id).unwrap();
        entry.spec.plan_digest.clone_from(&spec.plan_digest);
        entry.spec.approvals.retain(|uid| uid == "of-bob");
    }
    let mut signed = ClosureApproval::new("bobs", spec);
    signed.metadata.uid = Some("of-bob".to_owned());
    signed.metadata.creation_timestamp = approval("", "", &json!({})).metadata.creation_timestamp;
    let told = compared(&found, Given::in_cluster(std::slice::from_ref(&signed)));
    assert!(told.faults.is_empty(), "{told:?}");
    let key = include_str!("../../../tests/support/signatures/ed25519.pub");
    let key = ssh_key::PublicKey::from_openssh(key).unwrap();
    let print = key.fingerprint(HashAlg::Sha256).to_string();
    assert!(told.notes[0].contains(&print), "{told:?}");

    signed.spec.comment = Some("as never agreed".to_owned());
    let told = compared(&found, Given::in_cluster(&[signed]));
    let fault = told.faults[0].to_string();
    let says = "of-bob, but the object with this UID has a signature over something else than what it says";
    assert!(fault.contains(says), "{fault}");
    assert!(told.notes.is_empty(), "{told:?}");
}

#[test]
fn it_is_told_to_people_and_to_programs() {
    let found = journal();
    let mut verified = verify(&found, &Claims::default());
    let other = approval("of-bob", "eve", &json!({"/spec/planDigest": digest(2)}));
    compare(&found, Given::in_cluster(&[other]), &mut verified);
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
