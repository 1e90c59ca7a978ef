//! Journals and anchors as they are given to be read.

use super::{UID, journal};
use crate::evidence::entry::Found;
use crate::evidence::{Anchor, Claims, Fault, verify};
use serde_json::{Value, json};

#[test]
fn lines_are_told_by_their_number() {
    let mut text: Vec<String> = journal().iter().map(Value::to_string).collect();
    text[4] = "{\"half\":".into();
    let mut found = Found::default();
    found.add_text("journal.jsonl", &text.join("\n"));
    let verified = verify(&found, &Claims::default());
    assert!(
        verified.doubts[0]
            .to_string()
            .starts_with("journal.jsonl, line 5 cannot be judged: it is no JSON")
    );
    let missing = Fault::Missing {
        name: format!("{UID}-0000000003"),
    };
    assert_eq!(verified.faults, [missing]);
}

#[test]
fn a_list_of_kubectl_is_read_too() {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": journal()});
    let mut found = Found::default();
    found.add_text("list.json", &format!("{list:#}"));
    assert_eq!(verify(&found, &Claims::default()).faults, []);
    assert_eq!(found.entries.len(), 6);
    let mut other = Found::default();
    other.add_text(
        "pod.json",
        "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"x\"}}",
    );
    assert_eq!(other.unreadable[0].why, "a Pod is no ClosureRecord");
}

#[test]
fn anchors_are_read_as_they_are_written() {
    let hash = "ab".repeat(32);
    let anchor: Anchor = format!("12:{hash}").parse().unwrap();
    assert_eq!(
        (anchor.sequence, anchor.to_string()),
        (12, format!("12:{hash}"))
    );
    for wrong in [
        "",
        "12",
        "12:abc",
        ":abc",
        "0:abc",
        &format!("x:{hash}"),
        &format!("12:{}", "xy".repeat(32)),
    ] {
        assert!(wrong.parse::<Anchor>().is_err(), "{wrong}");
    }
}
