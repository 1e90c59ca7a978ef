//! The secret of each application and the tokens that it buys are seen where they belong and nowhere else.

use crate::course::left;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What would give a secret away: itself, and as the API server and JSON would show it.
fn canaries() -> Vec<String> {
    let secrets = &left().secrets;
    assert_eq!(secrets.len(), 2, "both applications have one");
    assert!(
        secrets.iter().all(|secret| secret.len() > 20),
        "too short to be told from chance"
    );
    let encoded = secrets.iter().map(|secret| STANDARD.encode(secret));
    secrets.iter().cloned().chain(encoded).collect()
}

fn assert_silent(what: &str, text: &str) {
    for canary in canaries() {
        assert!(!text.contains(&canary), "{what} tells a secret");
    }
    // The header of every token of the simulator's, as of Microsoft's: {"typ":"JWT"
    assert!(!text.contains("eyJ0eXAiOiJKV1Qi"), "{what} tells a token");
    assert!(!text.contains("Bearer ey"), "{what} tells a token");
}

#[test]
fn no_secret_is_logged_even_at_debug() {
    let log = &left().log;
    assert!(log.contains("DEBUG"), "it does not log at debug");
    assert_silent("the log", log);
}

#[test]
fn no_secret_is_in_status_journal_approval_event_or_configuration() {
    let objects = &left().objects;
    for kind in [
        "tenantclosures",
        "closureapprovals",
        "closurerecords",
        "events.events.k8s.io",
    ] {
        assert!(objects.iter().any(|(one, _)| one == kind), "no {kind}");
    }
    for (kind, object) in objects {
        assert_silent(kind, &object.to_string());
    }
}

#[test]
fn no_secret_is_on_a_page_in_a_report_or_in_metrics() {
    assert!(left().metrics.contains("status_patches"));
    assert_silent("metrics", &left().metrics);
    for (name, page) in &left().pages {
        assert!(!page.is_empty(), "{name} is empty");
        assert_silent(name, page);
    }
}

#[test]
fn no_secret_is_sent_to_the_api_server() {
    let with_body: Vec<_> = left()
        .audit
        .iter()
        .filter(|entry| !entry["requestObject"].is_null())
        .collect();
    assert!(with_body.len() > 20, "{} bodies", with_body.len());
    for entry in with_body {
        let what = entry["requestURI"].as_str().unwrap();
        assert_silent(what, &entry.to_string());
    }
}

/// The simulator accuses a secret anywhere but at its token endpoint, and a token at another service than its own.
#[test]
fn no_secret_or_token_goes_to_a_service_that_it_is_not_for() {
    assert_eq!(left().violations["count"], 0, "{:#}", left().violations);
}

#[test]
fn secrets_are_read_by_name_and_never_listed_or_watched() {
    let reads: Vec<_> = left()
        .audit
        .iter()
        .filter(|entry| entry["objectRef"]["resource"] == "secrets")
        .collect();
    assert!(!reads.is_empty());
    for entry in reads {
        assert_eq!(entry["verb"], "get", "{entry}");
        assert!(entry["objectRef"]["name"].is_string(), "{entry}");
    }
}
