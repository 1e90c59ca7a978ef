//! A report of a closure that is made here, with texts that try to break out of it.

mod dates;
mod persons;

use super::StepResult::{Done, NotBegun, UnderWay};
use super::document::page;
use super::{Certainty, Foreign, Report, Sources, StepResult, html, markdown};
use crate::api::{ClosureApproval, TenantClosure};
use crate::closure::id::ObjectId;
use crate::evidence::entry::{Found, Place};
use crate::evidence::{Claims, verify};
use serde_json::{Value, json};

/// What people and Microsoft could write.
const NASTY: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"quoted\" and 'quoted' and `ticked` ``twice``",
    "first\nsecond\r\n# third\n\n<b>",
    "../../etc/passwd",
    "abc\u{202e}fdp.exe\u{2066}\u{200b}",
    "a | b | c || d",
    "[click](https://evil.example) ![x](https://evil.example/x.png) <https://evil.example>",
    "&lt;img src=x onerror=alert(1)&gt; <img src=https://evil.example/x onerror=alert(1)>",
    "\u{1b}[31mred\u{7}\u{0}",
];

fn id(n: u128) -> ObjectId {
    ObjectId(uuid::Uuid::from_u128(n))
}

fn record(name: &str, spec: &Value, at: &str, seen: &Value) -> Value {
    let mut object = json!({
        "kind": "ClosureRecord", "metadata": {"name": name, "uid": name, "creationTimestamp": at},
        "spec": {"closureUID": "u", "closureNamespace": "closures", "closureName": "contoso", "tenantID": id(0xAAAA),
                 "holder": "one", "previous": "", "memory": {}, "planDigest": "9f2c61aa77ab"},
        "status": {"outcome": {"at": at, "seen": seen}},
    });
    for (key, value) in spec.as_object().unwrap() {
        object["spec"][key] = value.clone();
    }
    object
}

fn closure(nasty: &str, phase: &str) -> TenantClosure {
    let condition = |type_: &str, reason: &str| json!({"type": type_, "status": "True", "reason": reason, "message": nasty, "lastTransitionTime": "2026-10-02T10:00:00Z"});
    serde_json::from_value(json!({
        "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "TenantClosure",
        "metadata": {"name": "contoso", "namespace": "closures", "uid": "u", "creationTimestamp": "2026-10-02T09:00:00Z",
                     "annotations": {"tenantclosure.dev/requested-by": format!("alice {nasty}"),
                                     "tenantclosure.dev/changed-by": format!("alice {nasty}\nmallory {nasty}")}},
        "spec": {
            "tenant": {"id": id(0xAAAA), "initialDomain": "contoso.onmicrosoft.com"},
            "credentials": {"secretName": "contoso-closer"},
            "retain": {"globalAdministrator": "closer@contoso.onmicrosoft.com"}, "mode": "Execute",
            "backup": {"acknowledged": true, "reference": nasty}, "accept": [{"kind": "AzureResources", "reference": nasty, "subscriptions": [id(0x53)]}],
            "cancellation": {"reason": nasty},
        },
        "status": {
            "phase": phase, "step": "3/5 DeleteSubscriptions",
            "summary": format!("A person is needed: Sign in as closer@contoso.onmicrosoft.com, {nasty}"),
            "journal": {"namespace": "tenant-closure", "sequence": 3, "head": "00"},
            "handOffs": [{"key": "DeleteSubscription", "what": nasty, "link": "https://go.microsoft.com/fwlink/p/?linkid=842054",
                          "noticed": nasty, "since": "2026-10-02T10:00:10Z"},
                         {"key": nasty.chars().take(60).collect::<String>(), "what": nasty, "link": format!("javascript:alert(1)//{nasty}"),
                          "noticed": nasty, "since": "2026-10-02T10:00:11Z"}],
            "pastHandOffs": [{"key": "CancelSubscription", "link": "https://go.microsoft.com/fwlink/p/?linkid=842054",
                              "since": "2026-10-02T09:40:00Z", "until": "2026-10-02T10:00:00Z"}],
            "blockers": [{"check": nasty, "state": "failed", "remedy": nasty, "who": "person"}],
            "checks": [{"check": "C9 Multifactor authentication providers", "state": "unknown", "who": "person"},
                       {"check": nasty, "state": "failed", "who": nasty}],
            "supportTicket": format!("The tenant cannot be deleted\n{}", nasty.replace(['\n', '\r'], " ")),
            "conditions": [condition("PreconditionsMet", "AllMet"), condition("Approved", "Begun"),
                           condition("DirectorySyncDisabled", "NeverEnabled"), condition("UsersDeleted", "VerifiedTwice"),
                           condition("SubscriptionsCanceled", "AllCanceled")],
        },
    }))
    .unwrap()
}

fn approvals(nasty: &str) -> Vec<ClosureApproval> {
    let spec = json!({"closureName": "contoso", "closureUID": "u", "tenantID": id(0xAAAA), "confirmDomain": "contoso.onmicrosoft.com",
                      "approver": format!("bob@example.com {nasty}"), "expiresAt": "2026-10-09T09:00:00Z"});
    let object = |more: Value| {
        let mut spec = spec.clone();
        spec.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(json!({
            "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "ClosureApproval",
            "metadata": {"name": "x", "uid": "of-bob", "creationTimestamp": "2026-10-02T09:10:00Z"}, "spec": spec,
        }))
        .unwrap()
    };
    vec![
        object(json!({"purpose": "Approval", "planDigest": "9f2c61aa77ab", "comment": nasty})),
        object(json!({"purpose": "Attestation", "check": "C11", "result": nasty})),
    ]
}

fn journal(nasty: &str, end: &[Value]) -> Found {
    let plan = json!({
        "tenantId": id(0xAAAA), "initialDomain": "contoso.onmicrosoft.com", "retained": id(0xA1), "appId": id(0xB1),
        "securityDefaults": true, "policies": [id(0xC1), id(0xC2)], "userCount": 3, "guests": 1, "synced": 0, "otherGlobalAdministrators": [], "applications": [],
        "subscriptions": [{"id": id(0x51), "name": nasty, "seats": 5, "agreement": "Direct", "endedBy": "Administrator"},
                          {"id": id(0x52), "name": "POWER_BI", "seats": 5, "agreement": "CustomerAgreement", "endedBy": "Operator"}],
    });
    let whole = json!({"gone": 0, "complete": true});
    let delete = json!({"type": "Effect", "sequence": 2, "approvals": ["of-bob", "of-carol"],
                        "intent": {"step": "Users", "action": "DeleteUsers", "objects": [id(1), id(2), id(3)]}});
    let refusal = json!([{"code": nasty.chars().take(100).collect::<String>(), "status": 403, "objects": [id(3)]}]);
    let cancel = json!({"type": "Effect", "sequence": 3, "approvals": ["of-bob"], "memory": {"refused": refusal},
                        "intent": {"step": "CancelSubscriptions", "action": "CancelSubscription", "objects": [id(0x52)]}});
    let refused = json!({"gone": 2, "complete": true, "refused": refusal});
    let mut all = vec![
        record(
            "u-0000000001",
            &json!({"type": "Plan", "sequence": 1, "plan": plan, "recycleBin": {"users": 12, "newest": "2026-09-20T08:00:00Z"}, "losses": [
                {"kind": "Mailboxes", "count": 3, "bytes": 2048}, {"kind": "OneDrive", "count": 2}, {"kind": "SharePoint", "bytes": 1}]}),
            "2026-10-02T09:05:00Z",
            &whole,
        ),
        record("u-0000000002", &delete, "2026-10-02T09:20:00Z", &refused),
        record(
            "u-0000000003",
            &cancel,
            "2026-10-02T09:40:00Z",
            &json!({"gone": 1, "complete": true}),
        ),
    ];
    all.extend_from_slice(end);
    let mut found = Found::default();
    for object in &all {
        let place = Place {
            source: "here".into(),
            line: None,
        };
        found.add(object, place);
    }
    assert!(found.unreadable.is_empty(), "{:?}", found.unreadable);
    found
}

fn report(nasty: &str, phase: &str, end: &[Value]) -> Report {
    let found = journal(nasty, end);
    let claims = Claims {
        uid: Some("u".into()),
        ..Claims::default()
    };
    Report::compose(&Sources {
        closure: &closure(nasty, phase),
        approvals: &approvals(nasty),
        namespace: "tenant-closure",
        found: &found,
        verified: &verify(&found, &claims),
        now: "2026-10-02T11:00:00Z".parse().unwrap(),
        version: "0.0.0",
    })
}

#[test]
fn it_tells_what_is_known_and_that_the_rest_is_not() {
    let report = report("x", "AwaitingHandOff", &[]);
    let promised: Vec<(&str, Certainty, &str)> = report
        .promises
        .iter()
        .map(|p| (p.word, p.certainty, p.result.as_str()))
        .collect();
    assert_eq!(
        promised,
        [
            ("subscriptions", Certainty::Open, "canceled"),
            ("licenses", Certainty::Open, "not ended yet"),
            ("payment methods", Certainty::Unknown, "unknown"),
            ("users", Certainty::Seen, "deleted but for who finishes"),
            ("user data", Certainty::Open, "not deleted yet"),
        ]
    );
    let steps: Vec<StepResult> = report.steps.iter().map(|step| step.result).collect();
    assert_eq!(steps, [Done, Done, Done, UnderWay, NotBegun, NotBegun]);
    assert_eq!((report.steps[1].objects, report.steps[1].refused), (2, 1));
    assert_eq!(
        report.steps[1].started_at,
        Some("2026-10-02T09:20:00Z".parse().unwrap())
    );
    assert_eq!(
        report.steps[2].detail,
        "1 subscription canceled by the operator; 1 subscription ended by a person, by the partner or by the term"
    );
    // Carol's approval is gone, the records still name it.
    let approvals: Vec<(&str, u64, bool)> = report
        .approvals
        .iter()
        .map(|a| (a.approver.as_str(), a.records, a.created.is_some()))
        .collect();
    assert_eq!(
        approvals,
        [
            ("bob@example.com x", 2, true),
            ("an approval that is gone (UID of-carol)", 1, false)
        ]
    );
    assert_eq!(report.hand_offs.len(), 3);
    assert_eq!(
        report.hand_offs[0].until,
        Some("2026-10-02T10:00:00Z".parse().unwrap())
    );
    let retained = &report.residue[0];
    assert_eq!(
        (retained.what.as_str(), &retained.objects),
        ("the retained administrator", &vec![id(0xA1)])
    );
    let refused = &report.residue[1];
    assert_eq!(
        (
            refused.what.as_str(),
            refused.named.as_ref().map(Foreign::as_str)
        ),
        ("1 user of the plan, refused by Microsoft", Some("x"))
    );
}

#[test]
fn nothing_that_others_wrote_acts_in_html() {
    for nasty in NASTY {
        let page = html::print(&report(nasty, "AwaitingHandOff", &[]));
        for wrong in [
            "<script",
            "<img",
            "<b>",
            "onerror=alert(1)>",
            "href=\"javascript",
            "evil.example\"",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{1b}",
            "\u{0}",
        ] {
            assert!(!page.contains(wrong), "{wrong:?} of {nasty:?}");
        }
        assert!(
            !page.contains("src=") || !page.contains("<iframe"),
            "{nasty:?}"
        );
        assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
        assert_eq!(
            page.matches("href=\"https://go.microsoft.com").count(),
            2,
            "ours are pages still"
        );
    }
    let page = html::print(&report(NASTY[0], "AwaitingHandOff", &[]));
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
        "it is shown as it was written"
    );
    let page = html::print(&report(NASTY[4], "AwaitingHandOff", &[]));
    assert!(
        page.contains("abc\\u{202e}fdp.exe\\u{2066}\\u{200b}"),
        "what cannot be seen is written out"
    );
}

/// As a page shows it that renders GitHub's Markdown and lets every tag through.
fn rendered(text: &str) -> String {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.render.r#unsafe = true;
    comrak::markdown_to_html(text, &options)
}

#[test]
fn nothing_that_others_wrote_acts_in_markdown() {
    let shape = |page: &str| {
        let tags = [
            "<h1", "<h2", "<h3", "<a ", "<img", "<table", "<tr", "<td", "<li", "<pre", "<strong",
            "<em", "<del", "<script", "<b>",
        ];
        tags.map(|tag| (tag, page.matches(tag).count()))
    };
    let harmless = rendered(&markdown::print(
        &report("x", "AwaitingHandOff", &[]).document(),
    ));
    assert!(harmless.matches("<table").count() > 6, "{harmless}");
    for nasty in NASTY {
        let text = markdown::print(&report(nasty, "AwaitingHandOff", &[]).document());
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()) && !text.contains('\u{202e}'),
            "{nasty:?}"
        );
        let page = rendered(&text);
        assert_eq!(shape(&page), shape(&harmless), "{nasty:?}\n{text}");
        for wrong in ["href=\"https://evil", "href=\"javascript", "href=\"../"] {
            assert!(!page.contains(wrong), "{wrong} of {nasty:?} in {page}");
        }
    }
    let page = rendered(&markdown::print(
        &report(NASTY[5], "AwaitingHandOff", &[]).document(),
    ));
    assert!(page.contains("<code>a | b | c || d</code>"), "{page}");
}

#[test]
fn the_checks_and_the_ticket_are_in_it() {
    let text = markdown::print(&report("x", "Stalled", &[]).document());
    for says in [
        "## What the portal checks",
        "| C9 Multifactor authentication providers | unknown | person |",
        "For Microsoft's support:",
        "- The tenant cannot be deleted",
    ] {
        assert!(text.contains(says), "{says} is not in\n{text}");
    }
}

#[test]
fn what_step_4_switches_off_is_told_by_id() {
    let text = markdown::print(&report("x", "Closed", &[]).document());
    let ids = [0xC1, 0xC2].map(|n| id(n).to_string()).join(", ");
    for says in ["security defaults", &ids, "Switched off in step 4"] {
        assert!(text.contains(says), "{says} is not in\n{text}");
    }
    let value = serde_json::to_value(report("x", "Closed", &[])).unwrap();
    assert_eq!(value["plan"]["policies"], json!([id(0xC1), id(0xC2)]));
    assert_eq!(value["plan"]["securityDefaults"], true);
}

#[test]
fn json_is_read_back_as_it_was_meant() {
    for nasty in NASTY {
        let report = report(nasty, "AwaitingHandOff", &[]);
        let text = serde_json::to_string_pretty(&report).unwrap();
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["format"], "tenantclosure.dev/report/v1");
        assert_eq!(value["closure"]["cancellation"], json!(Foreign::new(nasty)));
        assert!(!text.contains('\u{202e}'));
    }
}

#[test]
fn persons_are_named_by_object_id_but_for_who_approved() {
    let report = report(
        "mail jan.de.vries@contoso.com, (eva@contoso.com)",
        "AwaitingHandOff",
        &[],
    );
    let mut value = serde_json::to_value(&report).unwrap();
    assert_eq!(value["closure"]["backup"], "acknowledged: mail …@…, (…@…)");
    assert_eq!(
        value["result"]["summary"]
            .as_str()
            .unwrap()
            .split(", ")
            .next(),
        Some("A person is needed: Sign in as …@…")
    );
    for account in [
        "/closure/author",
        "/closure/changedBy",
        "/approvals",
        "/attestations",
    ] {
        *value.pointer_mut(account).unwrap() = Value::Null;
    }
    let rest = value.to_string();
    assert!(
        !rest.contains("vries") && !rest.contains("eva@") && !rest.contains("closer@"),
        "{rest}"
    );
}

#[test]
fn foreign_text_is_one_visible_line() {
    assert_eq!(Foreign::new("a\\b\nc\u{85}").as_str(), "a\\\\b\\nc\\u{85}");
    assert_eq!(
        Foreign::new(&"ä".repeat(1000)).as_str().chars().count(),
        401
    );
    assert_eq!(
        Foreign::new("Update-MgOrganization -BodyParameter @{onPremisesSyncEnabled=$false}")
            .as_str(),
        "Update-MgOrganization -BodyParameter @{onPremisesSyncEnabled=$false}"
    );
    for link in [
        "http://x.example",
        "https://x.example/\"onclick",
        "https://x.example/a b",
        "HTTPS://x",
        "javascript:alert(1)",
    ] {
        assert_eq!(page(&Foreign::new(link)), None, "{link}");
    }
}

#[test]
fn the_page_loads_nothing_and_knows_two_schemes() {
    let page = html::print(&report("x", "Closed", &[]));
    for wrong in [
        "<script",
        " src=",
        "@import",
        "url(",
        "<iframe",
        "<object",
        "<embed",
        "<form",
        "http-equiv=\"refresh",
    ] {
        assert!(!page.contains(wrong), "{wrong}");
    }
    // A link that loads is a `link` element; there is one, and it holds nothing.
    assert_eq!(page.matches("<link").count(), 1);
    assert!(
        page.contains("<link rel=\"icon\" href=\"data:,\">")
            && page.contains("prefers-color-scheme: dark")
            && page.contains("<svg")
    );
}
