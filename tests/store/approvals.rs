//! The approvals that a closure rests on are in the store before its first effect, and outlive those in the cluster.

use super::{NAME, Place, judged, read, until_told};
use crate::person::Person;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bob approves the plan at hand; the UID of his approval.
async fn approved(place: &Place) -> String {
    let case = &place.case;
    let closure = case.closures().get(NAME).await.unwrap();
    let digest = closure.status.as_ref().unwrap().plan.as_ref().unwrap();
    let digest = digest.digest.clone();
    let person = Person::new(case, true, None);
    person.brief_judge(&closure, &digest).await.unwrap();
    let approval = case.approval("bobs", "bob").await.unwrap();
    case.until_applied("bob", &approval).await.unwrap();
    let get = ["get", "closureapproval", "bobs", "-n", "closures", "-o"];
    let get = [&get[..], &["jsonpath={.metadata.uid}"]].concat();
    let (done, uid, why) = case.cluster.kubectl("admin", &get, None).await.unwrap();
    assert!(done, "{why}");
    uid
}

/// What verification says of the store once its copy was replaced by this.
fn with(place: &Place, copy: &Path, text: &str) -> (Option<i32>, Value) {
    let before = std::fs::read(copy).unwrap();
    std::fs::write(copy, text).unwrap();
    let judged = place.in_store();
    std::fs::write(copy, before).unwrap();
    judged
}

/// One trouble is told, and it names these.
fn tells(said: &Value, kind: &str, words: &[&str]) {
    let told = said[kind].as_array().unwrap();
    assert_eq!(told.len(), 1, "{said:#}");
    for word in words {
        assert!(told[0].as_str().unwrap().contains(word), "{word}: {told:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_was_approved_is_proven_by_the_store_alone() {
    let place = Place::new(true).await;
    place.case.apply().await.unwrap();
    until_told(&place.case, "Approved", "ApprovalsMissing", "").await;
    place
        .stack
        .configure(json!({"killSwitch": "true"}))
        .await
        .unwrap();
    until_told(&place.case, "Ready", "KillSwitch", "").await;
    let uid = approved(&place).await;

    // Somebody was there first: nothing begins, and what he put there stays until a person takes it away.
    let copy: PathBuf = place.kept().await.join(format!("approvals/{uid}.json"));
    std::fs::create_dir(copy.parent().unwrap()).unwrap();
    std::fs::write(&copy, "{}").unwrap();
    place
        .stack
        .configure(json!({"killSwitch": "false"}))
        .await
        .unwrap();
    let told = until_told(&place.case, "Ready", "EvidenceDiffers", &uid).await;
    assert!(told.contains("approvals/"), "{told}");
    until_told(&place.case, "EvidenceStored", "EvidenceDiffers", &uid).await;
    tokio::time::sleep(Duration::from_secs(3)).await; // more cycles
    assert_eq!(place.effects().await, 0, "it began");
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "{}");
    std::fs::remove_file(&copy).unwrap();
    place
        .with_persons(async {
            place.until_effects(0).await;
            assert!(copy.exists(), "it is there before the first effect");
            place.until_closed().await;
        })
        .await;

    let stored = std::fs::read_to_string(&copy).unwrap();
    assert_eq!(read(&copy)["spec"]["approver"], "bob");
    // What the person who attested that only ours is left said is there too.
    let copies = std::fs::read_dir(copy.parent().unwrap()).unwrap();
    let copies: Vec<Value> = copies.map(|one| read(&one.unwrap().path())).collect();
    let attested = copies
        .iter()
        .filter(|one| one["spec"]["purpose"] == "Attestation");
    let checks: Vec<&str> = attested
        .map(|one| one["spec"]["check"].as_str().unwrap())
        .collect();
    assert!(checks.contains(&"OnlyOurs"), "{checks:?}");

    // The cluster is tidied up: there it is told, and the store says what it said.
    let delete = ["delete", "closureapprovals", "--all", "-n", "closures"];
    let deleted = place.case.cluster.kubectl("admin", &delete, None).await;
    assert!(deleted.unwrap().0);
    let (code, said) = place.in_cluster();
    assert_eq!(code, Some(0), "{said:#}");
    assert!(said["notes"].to_string().contains(&uid), "{said:#}");
    let (code, said) = place.in_store();
    assert_eq!((code, &said["notes"]), (Some(0), &json!([])), "{said:#}");

    // Whatever is changed in the copy, it is said in which.
    for (from, to, what) in [
        ("\"bob\"", "\"eve\"", "hashes to"),
        (
            "\"planDigest\":\"",
            "\"planDigest\":\"0",
            "is of another plan",
        ),
        (
            "\"closureUID\":\"",
            "\"closureUID\":\"0",
            "is of another closure",
        ),
        (
            "\"expiresAt\":\"2",
            "\"expiresAt\":\"1",
            "had ended before the record",
        ),
        ("\"Approval\"", "\"Attestation\"", "is no approval"),
    ] {
        let changed = stored.replacen(from, to, 1);
        assert_ne!(changed, stored, "{from}");
        let (code, said) = with(&place, &copy, &changed);
        assert_eq!(code, Some(1), "{what}: {said:#}");
        tells(&said, "faults", &[&uid, what]);
    }
    let (code, said) = with(&place, &copy, "{\"half a");
    assert_eq!(code, Some(2), "{said:#}");
    tells(&said, "doubts", &[&uid, "cannot be judged"]);
    std::fs::remove_file(&copy).unwrap();
    let (code, said) = place.in_store();
    assert_eq!(code, Some(2), "{said:#}");
    tells(&said, "doubts", &[&uid, "no copy is here"]);
    std::fs::write(&copy, &stored).unwrap();
    without_its_head(&place, &uid).await;
}

/// Whoever may remove things in the store removes what says how it ends: a head that was kept elsewhere does not make up for it.
async fn without_its_head(place: &Place, approval: &str) {
    let kept = place.kept().await;
    let head = kept.join("head.json");
    let before = std::fs::read(&head).unwrap();
    let known = read(&head);
    let known = format!("{}:{}", known["sequence"], known["hash"].as_str().unwrap());
    let (code, said) = place.in_store_with(&known);
    assert_eq!((code, &said["doubts"]), (Some(0), &json!([])), "{said:#}");
    for other in [&b"{\"half"[..], b"{}", b""] {
        std::fs::write(&head, other).unwrap();
        let (code, said) = place.in_store_with(&known);
        assert_eq!(code, Some(2), "{said:#}");
        tells(
            &said,
            "doubts",
            &["head.json", "is not there, or cannot be read"],
        );
    }
    std::fs::remove_file(&head).unwrap();
    let (code, said) = place.in_store_with(&known);
    assert_eq!(code, Some(2), "{said:#}");
    tells(&said, "doubts", &[head.to_str().unwrap()]);
    // The copies of what was approved go with it.
    let (copies, away) = (kept.join("approvals"), place.store.with_extension("away"));
    std::fs::rename(&copies, &away).unwrap();
    for from in [&place.store, &kept] {
        let (code, said) = judged(&[from.to_str().unwrap(), "--head", &known]);
        assert_eq!(code, Some(2), "{said:#}");
        let doubts = said["doubts"].as_array().unwrap();
        let told = |words: [&str; 2]| {
            let mut all = doubts.iter().map(|one| one.as_str().unwrap());
            all.any(|one| words.iter().all(|word| one.contains(word)))
        };
        assert!(told([head.to_str().unwrap(), "is not there"]), "{doubts:?}");
        assert!(told([approval, "no copy is here"]), "{doubts:?}");
    }
    std::fs::rename(&away, &copies).unwrap();
    std::fs::write(&head, before).unwrap();
    assert_eq!(place.in_store_with(&known).0, Some(0));
}
