//! The secret of each application, its key, the operator's own token and the tokens that they buy are seen where they belong
//! and nowhere else.

use crate::course::left;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// What would give a secret away, and which: itself, each line of a key, and as the API server and JSON would show it.
fn canaries() -> &'static BTreeMap<String, String> {
    static ALL: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    ALL.get_or_init(|| {
        let federated = (
            "the operator's token".to_owned(),
            left().others.federated.clone(),
        );
        let mut all = BTreeMap::new();
        for (place, value) in left().secrets.iter().chain([&federated]) {
            all.insert(STANDARD.encode(value), place.clone());
            // The certificate itself is no secret, and the last line of its key may be short.
            let key = value.split("PRIVATE KEY-----").nth(1).unwrap_or(value);
            let lines = key.trim().lines().filter(|line| line.len() > 20);
            all.extend(lines.map(|line| (line.to_owned(), place.clone())));
        }
        all
    })
}

fn assert_silent(what: &str, text: &str) {
    for (canary, place) in canaries() {
        assert!(!text.contains(canary), "{what} tells {place}");
    }
    // The headers of every token and of every assertion: {"typ":"JWT" and {"alg":
    for token in ["eyJ0eXAiOiJKV1Qi", "eyJhbGciOi", "Bearer ey"] {
        assert!(!text.contains(token), "{what} tells a token");
    }
}

/// The search below is for something.
#[test]
fn each_kind_of_secret_has_a_canary() {
    let known: BTreeSet<&str> = canaries().values().map(String::as_str).collect();
    let expected = [
        "closures/contoso-closer/clientSecret",
        "closures/contoso-reader/clientSecret",
        "four-tenants/contoso-closer/clientCertificate",
        "four-tenants/contoso-closer/clientSecret",
        "four-tenants/payer-closer/clientSecret",
        "four-tenants/partner-closer/clientSecret",
        "four-tenants/azure-closer/clientSecret",
        "the operator's token",
    ];
    for place in expected {
        assert!(known.contains(place), "{place} is not among {known:?}");
    }
    let lines = canaries()
        .values()
        .filter(|place| place.ends_with("clientCertificate"));
    assert!(lines.count() > 20, "a key has many lines");
    assert!(
        canaries().keys().all(|canary| canary.len() > 20),
        "too short to be told from chance"
    );
}

/// `keeper prove` shows the code that a person types; the one that buys his token, and the token, it keeps to itself.
#[test]
fn a_sign_in_tells_neither_the_device_code_nor_the_token() {
    let told = &left().others.proof;
    assert!(told.contains("signed in with multifactor"), "{told}");
    assert_silent("keeper prove", told);
    let hexadecimal = |c: char| c.is_ascii_hexdigit();
    let longest = told.split(|c| !hexadecimal(c)).map(str::len).max();
    assert!(longest < Some(32), "a device code has 32 digits: {told}");
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
    for told in left().others.violations.iter().chain([&left().violations]) {
        assert_eq!(told["count"], 0, "{told:#}");
    }
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
