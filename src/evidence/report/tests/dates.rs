//! Until when what can be restored, as a report tells it.

use super::{id, record, report};
use crate::evidence::report::Certainty::{self, Seen, Stated};
use crate::evidence::report::{Deadline, Report};
use serde_json::json;

#[test]
fn dates_are_those_of_the_data_and_end_with_the_directory() {
    let dates = |report: &Report| -> Vec<(String, Option<String>, Option<String>)> {
        let day = |at: Option<jiff::Timestamp>| at.map(|at| at.strftime("%Y-%m-%d").to_string());
        let one = |d: &Deadline| (d.what.clone(), day(d.from), day(d.until));
        report.deadlines.iter().map(one).collect()
    };
    let open = report("x", "AwaitingHandOff", &[]);
    let some = |text: &str| Some(text.to_owned());
    let one = |what: &str, from: &str, until: &str| (what.to_owned(), some(from), some(until));
    let never = |what: &str| (what.to_owned(), None, None);
    assert_eq!(
        dates(&open),
        [
            one("2 users deleted in step 1", "2026-11-01", "2026-11-01"),
            one("3 mailboxes (2.0 KiB)", "2026-11-01", "2026-11-01"),
            one(
                "2 OneDrive accounts (size unknown)",
                "2026-11-01",
                "2027-02-02"
            ),
            never("an unknown number of SharePoint sites (1 bytes)"),
            one(
                "data of 1 subscription under an agreement",
                "2026-12-31",
                "2027-03-31"
            ),
            never("groups, devices and everything else that the directory alone holds"),
            (
                "12 users in the recycle bin already".to_owned(),
                None,
                some("2026-10-20")
            ),
        ]
    );
    let ends: Vec<u8> = open.deadlines.iter().map(|d| d.no_more_after).collect();
    assert_eq!(ends, [5, 5, 3, 3, 5, 5, 5]);
    for deadline in &open.deadlines {
        assert!(!deadline.means.is_empty() && deadline.source.starts_with("https://learn"));
    }
    let at_once = &open.deadlines[3].detail;
    assert!(
        at_once.starts_with("irreversible in step 3") && at_once.contains("bought directly"),
        "{at_once}"
    );
    let gone = json!({"type": "Verification", "sequence": 4, "memory": {"totals": {}},
                      "intent": {"step": "DeleteDirectory", "action": "VerifyDirectoryGone", "objects": [id(0xAAAA)]}});
    let gone = record(
        "u-0000000004",
        &gone,
        "2026-10-05T09:40:00Z",
        &json!({"gone": 1, "complete": true}),
    );
    let closed = report("x", "Closed", &[gone]);
    assert_eq!(
        closed.result.gone_at,
        Some("2026-10-05T09:40:00Z".parse().unwrap())
    );
    let shorter = dates(&closed);
    for row in [0, 1, 2, 4] {
        let ended = (&some("2026-10-05"), &some("2026-10-05"));
        assert_eq!((&shorter[row].1, &shorter[row].2), ended, "{row}");
    }
    assert_eq!(shorter[6].2, some("2026-10-05"));
    assert!(shorter[7].0.starts_with("the directory"));
    // Who was deleted is looked for where the admin centers keep him.
    for row in [0, 1, 6] {
        let means = closed.deadlines[row].means;
        assert!(means.contains("recycle bin"), "{means}");
    }
    let (licenses, data) = (&closed.promises[1].detail, &closed.promises[4].detail);
    assert!(licenses.starts_with("10 seats in the plan; "), "{licenses}");
    assert!(
        data.starts_with("3 mailboxes (2.0 KiB), 2 OneDrive accounts (size unknown), "),
        "{data}"
    );
    assert_eq!(closed.residue.len(), 1);
    let certain: Vec<Certainty> = closed.promises.iter().map(|p| p.certainty).collect();
    assert_eq!(
        certain,
        [Stated, Stated, Stated, Seen, Stated],
        "what nobody saw is stated, not seen"
    );
}
