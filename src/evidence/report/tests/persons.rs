//! What was handed to persons.

use super::super::{html, markdown};
use super::report;
use serde_json::Value;

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
