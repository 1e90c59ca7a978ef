//! The report of a real closure: what it says, and that no person is named in it but those who approved.

use crate::closed::left;
use serde_json::Value;

fn report() -> Value {
    serde_json::from_str(&left().reports[0]).unwrap()
}

#[test]
fn each_word_of_the_procedure_has_its_result() {
    let report = report();
    let promises = report["promises"].as_array().unwrap();
    let told: Vec<(&str, &str)> = promises
        .iter()
        .map(|one| {
            (
                one["word"].as_str().unwrap(),
                one["certainty"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("subscriptions", "Seen"),
        ("licenses", "Stated"),
        ("payment methods", "Stated"),
        ("users", "Seen"),
        ("user data", "Stated"),
    ];
    assert_eq!(told, expected, "{promises:#?}");
}

#[test]
fn steps_approvals_and_hand_offs_are_told_with_their_times() {
    let report = report();
    assert_eq!(report["result"]["phase"], "Closed");
    assert_eq!(
        (&report["journal"]["verdict"], &report["journal"]["head"]),
        (&"whole".into(), &left().head.as_str().into())
    );
    let steps = report["steps"].as_array().unwrap();
    let results: Vec<&str> = steps
        .iter()
        .map(|step| step["result"].as_str().unwrap())
        .collect();
    assert_eq!(
        results,
        [
            "Done",
            "Done",
            "Done",
            "DoneByOthers",
            "Done",
            "DoneByOthers"
        ],
        "{steps:#?}"
    );
    let at = |step: &Value, key: &str| -> jiff::Timestamp {
        step[key].as_str().unwrap().parse().unwrap()
    };
    let mut before = jiff::Timestamp::MIN;
    for step in steps {
        let (from, to) = (at(step, "startedAt"), at(step, "endedAt"));
        assert!(from <= to && before <= to, "{step:#}");
        before = to;
    }
    // And who came later, in a supplement.
    let users = report["plan"]["users"].as_u64().unwrap() + 1;
    assert_eq!(steps[1]["objects"].as_u64().unwrap(), users);
    assert!(steps[1]["detail"].as_str().unwrap().starts_with(&format!(
        "directory sync switched off; {users} users deleted; two"
    )));
    let approvals = report["approvals"].as_array().unwrap();
    assert_eq!(approvals.len(), 2);
    assert!(approvals.iter().all(|one| one["approver"] == "bob"));
    let digests = [&approvals[0]["digest"], &approvals[1]["digest"]];
    let supplement = &report["plan"]["supplements"][0];
    assert_eq!(digests, [&report["plan"]["digest"], &supplement["digest"]]);
    let figures = &report["journal"]["figures"];
    let deeds = figures["effects"].as_u64().unwrap() + figures["verifications"].as_u64().unwrap();
    let named = approvals.iter().map(|one| one["records"].as_u64().unwrap());
    assert_eq!(named.sum::<u64>(), deeds);
    assert_eq!(figures["unapprovedEffects"], 0);
    assert_eq!(report["attestations"].as_array().unwrap().len(), 6);
    let keys: Vec<&str> = report["handOffs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| h["key"].as_str().unwrap())
        .collect();
    for key in [
        "CancelSubscription",
        "DeleteSubscription",
        "DeleteDirectory",
    ] {
        assert!(keys.contains(&key), "{keys:?}");
    }
    for hand_off in report["handOffs"].as_array().unwrap() {
        let key = hand_off["key"].as_str().unwrap();
        assert_ne!(hand_off["who"], "a person", "who must act for {key}?");
        assert!(
            hand_off["since"].as_str() <= hand_off["until"].as_str(),
            "{hand_off:#}"
        );
    }
    assert_eq!(report["closure"]["author"], "alice");
    // She changed its mode herself: nobody else did.
    let changed = report["closure"]["changedBy"].as_array();
    assert!(changed.unwrap().is_empty(), "{changed:?}");
}

#[test]
fn what_died_with_the_tenant_is_told_with_sizes_and_dates_of_the_data() {
    let report = report();
    let losses = report["plan"]["losses"].as_array().unwrap();
    let of = |kind: &str| losses.iter().find(|one| one["kind"] == kind).unwrap();
    assert_eq!(of("Mailboxes")["bytes"], 2_831_155_200_000_u64);
    assert_eq!(of("AzureResources")["count"], 34);
    let [_, markdown, html] = &left().reports;
    let azure = of("AzureResources")["subscription"].as_str().unwrap();
    for words in [
        "912 mailboxes (2.5 TiB)",
        "34 resources in the Azure subscription ",
        azure,
    ] {
        assert!(markdown.contains(words) && html.contains(words), "{words}");
    }
    let deadlines = report["deadlines"].as_array().unwrap();
    let sites = deadlines.iter().find(|one| {
        let what = one["what"].as_str().unwrap();
        what.starts_with("61 SharePoint sites")
    });
    let sites = sites.unwrap();
    assert!(
        sites["from"].is_null() && sites["noMoreAfter"] == 3,
        "{sites:#}"
    );
    let gone = report["result"]["goneAt"].as_str().unwrap();
    let gone: jiff::Timestamp = gone.parse().unwrap();
    for one in deadlines {
        if let Some(until) = one["until"].as_str() {
            let until: jiff::Timestamp = until.parse().unwrap();
            assert!(until <= gone, "{one:#}");
        }
    }
}

#[test]
fn markdown_and_html_say_the_same() {
    let [_, markdown, html] = &left().reports;
    println!("{markdown}");
    assert!(
        markdown.starts_with(
            "# Closure report: contoso.onmicrosoft.com\n\n**Closed** The tenant is closed\n"
        ),
        "{markdown}"
    );
    for words in [
        &left().head,
        "two complete listings agreed",
        "tenant-closure verify --closure contoso -n closures",
        "SPE_E5",
    ] {
        assert!(markdown.contains(words) && html.contains(words), "{words}");
    }
}

#[test]
fn nobody_is_named_but_who_approved() {
    for report in &left().reports {
        let text = report.to_lowercase();
        for user in &left().users {
            for key in ["displayName", "userPrincipalName", "mail"] {
                let name = user[key].as_str().unwrap_or_default().to_lowercase();
                assert!(name.len() < 5 || !text.contains(&name), "{name}");
            }
        }
    }
}
