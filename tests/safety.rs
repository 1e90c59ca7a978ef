//! The safety table names tests: each is there.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)] // tests say what failed by panicking

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `path::name` in backticks.
fn named(line: &str) -> Vec<(&str, &str)> {
    let spans = line.split('`').skip(1).step_by(2);
    spans.filter_map(|span| span.split_once(".rs::")).collect()
}

/// Whether a file has a test of this name: a function under the attribute, or one that its list of rows names.
fn has(text: &str, name: &str) -> bool {
    let function = format!("fn {name}(");
    let listed = text
        .split_once("rows![")
        .and_then(|(_, rest)| rest.split_once(']'));
    let mut listed = listed.into_iter().flat_map(|(rows, _)| rows.split(','));
    let row = listed.any(|one| one.trim() == name);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.windows(2).any(|pair| {
        let attribute = pair[0].starts_with("#[") && pair[0].contains("test");
        pair[1].contains(&function) && (attribute || row)
    })
}

#[test]
fn each_feature_names_tests_that_are_there() {
    let text = fs::read_to_string(root().join("docs/safety.md")).unwrap();
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| {
            line.starts_with("| ") && !line.starts_with("| ---") && !line.starts_with("| Feature")
        })
        .collect();
    assert!(rows.len() > 30, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let tests = named(row);
        if tests.is_empty() {
            wrong.push(format!("no test: {row}"));
        }
        for (path, name) in tests {
            match fs::read_to_string(root().join(format!("{path}.rs"))) {
                Ok(code) if has(&code, name) => {}
                Ok(_) => wrong.push(format!("{path}.rs has no test {name}")),
                Err(why) => wrong.push(format!("{path}.rs: {why}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Features that were promised: each has a row, in these words.
const PROMISED: [&str; 39] = [
    "Tenant id and initial domain are compared",
    "Tenants can be protected",
    "Mode Plan is the default",
    "Whoever comes later is never deleted",
    "A new or restored Global administrator",
    "A changed initial domain",
    "accepted by name",
    "Azure subscriptions are canceled only if listed by id",
    "What its author accepts after the approval",
    "What is irreversible",
    "Only another person, with the right to it, approves",
    "The author's stamp can be neither changed nor dropped",
    "Policies that are missing, weakened, narrowed",
    "is seen before the effect",
    "The end of an approval is said a week ahead",
    "At most the call in flight finishes",
    "Slices that fail twice",
    "The retained administrator is fit",
    "Tampering is found",
    "No record names a person",
    "A plan for 200,000 users",
    "no older than `maxAge`",
    "An approval can only be revoked",
    "An approval of another closure (UID), tenant, domain or plan, one that has expired",
    "Who approves twice is one person",
    "Where a service account, or another machine",
    "Suspend, legal hold and deletion",
    "the date in `notBefore`",
    "within the grace period",
    "Kill switch",
    "closures begun within 30 days",
    "No more closures act at once",
    "before he has signed in with MFA",
    "What an effect rests on (approvals",
    "Where an inventory is required",
    "What opens an evidence store",
    "five words of Microsoft's procedure",
    "asks the network for nothing",
    "Secrets are read by name",
];

#[test]
fn each_feature_that_was_promised_has_a_row() {
    let text = fs::read_to_string(root().join("docs/safety.md")).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
    let told = |words: &str| {
        let first = |row: &&str| row.split('|').nth(1).is_some_and(|one| one.contains(words));
        rows.iter().any(first)
    };
    let missing: Vec<&str> = PROMISED.into_iter().filter(|words| !told(words)).collect();
    assert!(missing.is_empty(), "no row: {missing:?}");
}

/// Every test of the binary that tampers stands in the table.
#[test]
fn no_way_to_tamper_is_left_out() {
    let table = fs::read_to_string(root().join("docs/safety.md")).unwrap();
    let code = fs::read_to_string(root().join("tests/evidence/tampering.rs")).unwrap();
    let found: BTreeSet<&str> = code
        .lines()
        .filter_map(|line| line.strip_prefix("fn finds_")?.split_once('('))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(found.len(), 9, "{found:?}");
    for name in found {
        assert!(
            table.contains(&format!("tampering.rs::finds_{name}`")),
            "{name}"
        );
    }
}

#[test]
fn the_reader_of_tests_can_fail() {
    let row = "| x | `tests/a.rs::one`, `tests/a.rs::two` |";
    assert_eq!(named(row), [("tests/a", "one"), ("tests/a", "two")]);
    let code = "#[test]\nfn one() {}\nfn two() {}\n";
    assert!(has(code, "one") && !has(code, "two") && !has(code, "three"));
    let code = "crate::rows![one, two];\n\nasync fn two() {}\nasync fn three() {}\n";
    assert!(!has(code, "one") && has(code, "two") && !has(code, "three"));
}
