//! What was handed to persons.

use super::super::{Report, Sources, html, markdown};
use super::{approvals, closure, id, journal, record, report};
use crate::closure::acceptance::{self, Acceptance};
use crate::evidence::{Claims, verify};
use serde_json::{Value, json};

/// Whoever wrote something that counts in the closure, in each way of printing; its creator once.
#[test]
fn who_changed_the_closure_is_told_beside_its_creator() {
    let report = report("x", "AwaitingHandOff", &[]);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["closure"]["author"], "alice x");
    assert_eq!(json["closure"]["changedBy"], json!(["mallory x"]));
    let markdown = markdown::print(&report.document());
    assert!(markdown.contains("mallory x"), "{markdown}");
    assert!(html::print(&report).contains("mallory x"));
    for (list, told) in [
        ("alice x", json!([])),
        ("alice x\nbob\ncarol", json!(["bob", "carol"])),
        ("alice xy\nbob", json!(["alice xy", "bob"])),
        ("", json!([])),
    ] {
        let mut closure = closure("x", "Closed");
        let annotations = closure.metadata.annotations.as_mut().unwrap();
        annotations.insert(crate::api::CHANGED_BY.to_owned(), list.to_owned());
        let report = serde_json::to_value(of(&closure, &approvals("x"), &[])).unwrap();
        assert_eq!(report["closure"]["changedBy"], told, "{list:?}");
    }
}

/// The report of a closure with these approvals, and these records at the end.
fn of(
    closure: &crate::api::TenantClosure,
    approvals: &[crate::api::ClosureApproval],
    end: &[Value],
) -> Report {
    let found = journal("x", end);
    Report::compose(&Sources {
        closure,
        approvals,
        namespace: "tenant-closure",
        found: &found,
        verified: &verify(&found, &Claims::default()),
        now: "2026-10-02T11:00:00Z".parse().unwrap(),
        version: "0.0.0",
    })
}

/// What was accepted after the plan was made was approved under a digest of its own: whose approval that was is told, and that
/// it was used; of one that is gone, and of an attestation that is, its UID.
#[test]
fn an_approval_of_what_was_accepted_later_is_used_and_told_when_it_is_gone() {
    let accepted = Acceptance {
        subscription: None,
        kind: "Groups".to_owned(),
    };
    let digest = acceptance::digest("9f2c61aa77ab", std::slice::from_ref(&accepted));
    let later = json!({"accepted": [accepted], "approvals": ["of-bob", "of-dave"]});
    // It is so under a supplement too: what was accepted goes with the plan.
    let acts = |sequence: u64, plan: &str| {
        record(
            &format!("u-{sequence:010}"),
            &json!({"type": "Effect", "sequence": sequence, "planDigest": plan, "later": later, "attestations": ["of-erin"],
                    "intent": {"step": "DeleteDirectory", "action": "RemoveApplications", "objects": [id(9)]}}),
            "2026-10-02T10:30:00Z",
            &json!({"gone": 1, "complete": true}),
        )
    };
    let end = [acts(4, "9f2c61aa77ab"), acts(5, "supplement")];
    let report = of(&closure("x", "AwaitingHandOff"), &approvals("x"), &end);
    let told: Vec<(&str, &str, u64)> = report
        .approvals
        .iter()
        .map(|one| (one.approver.as_str(), one.digest.as_str(), one.records))
        .collect();
    let gone = |uid: &str| format!("an approval that is gone (UID {uid})");
    let (carols, daves, bobs) = (gone("of-carol"), gone("of-dave"), gone("of-bob"));
    for one in [
        ("bob@example.com x", "9f2c61aa77ab", 2),
        (carols.as_str(), "9f2c61aa77ab", 1),
        (daves.as_str(), digest.as_str(), 2),
        // Bob's approval that is there is of the plan: one of this digest is not among them.
        (bobs.as_str(), digest.as_str(), 2),
    ] {
        assert!(told.contains(&one), "{one:?} is not in {told:?}");
    }
    assert_eq!(told.len(), 4, "{told:?}");
    let attested: Vec<&str> = report
        .attestations
        .iter()
        .map(|one| one.by.as_str())
        .collect();
    assert_eq!(attested[1..], ["an attestation that is gone (UID of-erin)"]);

    let mut all = approvals("x");
    let mut dave = all[0].clone();
    dave.metadata.uid = Some("of-dave".to_owned());
    dave.spec.approver = "dave".to_owned();
    dave.spec.plan_digest = Some(digest);
    all.push(dave);
    let report = of(&closure("x", "AwaitingHandOff"), &all, &end);
    let dave = report.approvals.iter().find(|one| one.uid == "of-dave");
    let dave = dave.map(|one| (one.approver.as_str(), one.records));
    assert_eq!(dave, Some(("dave", 2)));
}

/// In each way of printing: who must act, since when he was told, and when it was seen that it was done.
#[test]
fn a_hand_off_says_who_must_act_and_when_it_was_told_and_done() {
    let report = report("x", "AwaitingHandOff", &[]);
    let json = serde_json::to_value(&report).unwrap();
    let who: Vec<&Value> = (0..3).map(|n| &json["handOffs"][n]["who"]).collect();
    assert_eq!(
        who,
        [
            "retained administrator",
            "retained administrator",
            "a person"
        ]
    );
    let markdown = markdown::print(&report.document());
    let lines: Vec<&str> = markdown.lines().collect();
    let heads = "| What a person was asked to do | Who must act | Told | Seen done | Where |";
    let at = lines.iter().position(|line| *line == heads);
    let rows = &lines[at.unwrap_or_else(|| panic!("{markdown}")) + 2..];
    for (row, words) in rows.iter().zip([
        [
            "CancelSubscription",
            "2026-10-02 09:40:00 UTC",
            "2026-10-02 10:00:00 UTC",
        ],
        ["DeleteSubscription", "2026-10-02 10:00:10 UTC", "open"],
    ]) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert!(cells[1].contains(words[0]), "{row}");
        assert_eq!(cells[2], "retained administrator", "{row}");
        assert!(
            cells[3].contains(words[1]) && cells[4].contains(words[2]),
            "{row}"
        );
    }
    let page = html::print(&report);
    for words in [
        "<th scope=\"col\">Who must act</th>",
        "<td>retained administrator</td>",
    ] {
        assert!(page.contains(words), "no {words}: {page}");
    }
}
