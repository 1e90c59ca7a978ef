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
