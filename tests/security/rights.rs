//! What the chart grants the operator is what it uses, no more and no less, by the API server's own record.

use crate::course::left;
use crate::stack::rights::{Right, allows, granted, words};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

fn requests() -> impl Iterator<Item = &'static Value> {
    left()
        .audit
        .iter()
        .filter(|entry| !entry["objectRef"].is_null())
}

#[test]
fn whatever_is_granted_is_used() {
    let granted = granted(&left().roles);
    assert!(granted.len() > 20, "{granted:?}");
    let idle: Vec<_> = granted
        .iter()
        .filter(|right| !requests().any(|entry| allows(right, entry)))
        .collect();
    assert!(idle.is_empty(), "granted and never used: {idle:#?}");
}

#[test]
fn whatever_is_used_is_granted() {
    // Beside the chart's, who wrote the other closures granted the Secrets that these name.
    let by_hand = granted(&left().others.roles).into_iter();
    let by_hand = by_hand.filter(|(_, _, resource, ..)| resource == "secrets");
    let granted: BTreeSet<Right> = granted(&left().roles).into_iter().chain(by_hand).collect();
    let mut asked = 0;
    for entry in requests() {
        asked += 1;
        assert_eq!(
            entry["annotations"]["authorization.k8s.io/decision"], "allow",
            "{entry}"
        );
        assert!(
            granted.iter().any(|right| allows(right, entry)),
            "by whose grace? {entry}"
        );
    }
    assert!(asked > 100, "{asked} requests");
}

/// What each resource is for, in the words of the table in the documentation.
const PURPOSES: [(&str, &str); 10] = [
    (
        "tenantclosures",
        "reads what is to be closed, live in each cycle; watches for changes",
    ),
    (
        "tenantclosures/status",
        "writes status, at most once a cycle",
    ),
    (
        "closureapprovals",
        "reads approvals and attestations, live before each effect; watches for changes",
    ),
    (
        "closurerecords",
        "appends to the journal and reads it; nobody is granted update or delete",
    ),
    (
        "closurerecords/status",
        "writes the outcome of a record, once",
    ),
    ("events", "tells of changes of phase"),
    (
        "validatingadmissionpolicies, validatingadmissionpolicybindings",
        "checks that the policies that guard authors, approvers, approvals, revocations, records and status are in force",
    ),
    ("configmaps", "reads the configuration and the kill switch"),
    (
        "leases",
        "takes it before an effect and gives it back, so that one process acts at a time",
    ),
    (
        "secrets",
        "reads the credentials of a closure, by name, where values list them",
    ),
];

/// The table of the documentation.
fn table() -> String {
    let mut text = "# Rights on the API server

What the chart grants the operator. A test carries out a closure and holds this against the API server's own record of
requests: whatever is granted is used, and whatever is used is granted. The same record is looked at after all rows of the
tests of trouble and bad luck together: no request was refused that no row meant to be, and no right was left unused. Every other
test that runs the operator on a real API server ends with such a look, too: what it used was granted, and what was refused was
meant to be. Written by the code; `make rights` writes it anew.

| Where | Group | Resources | Names | Verbs | What for |
| --- | --- | --- | --- | --- | --- |
"
    .to_owned();
    for role in &left().roles {
        let place = match role["metadata"]["namespace"].as_str() {
            None => "cluster",
            Some("tenant-closure") => "the operator's namespace",
            Some(_) => "each listed namespace",
        };
        for rule in role["rules"].as_array().unwrap() {
            let listed = |key: &str| words(&rule[key]).join(", ");
            let resources = listed("resources");
            let purpose = PURPOSES.iter().find(|(name, _)| *name == resources);
            let purpose = match (purpose, resources.as_str()) {
                (Some((_, purpose)), _) => purpose,
                (None, "jobs") => {
                    "reads whether the backup's Job is Complete, by name, where values list it"
                }
                (None, other) => panic!("what is {other} for?"),
            };
            let groups = listed("apiGroups");
            let group = if groups.is_empty() { "core" } else { &groups };
            let names = match (place, listed("resourceNames")) {
                ("each listed namespace", _) => "as listed".to_owned(),
                (_, names) if names.is_empty() => "any".to_owned(),
                (_, names) => names,
            };
            let verbs = listed("verbs");
            writeln!(
                text,
                "| {place} | {group} | {resources} | {names} | {verbs} | {purpose} |"
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn the_documentation_has_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/rights.md");
    let table = table();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == table,
        "docs/reference/rights.md is old; write it anew with: make rights"
    );
}
