//! Names that others wrote never act: not in a log line, on a page, in a condition or as a path.

use crate::course::left;
use serde_json::Value;

/// Marks that turn the direction of what follows.
const DIRECTIONS: [char; 12] = [
    '\u{200e}', '\u{200f}', '\u{061c}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];
/// The longest name that anybody wants to read.
pub(crate) const LONGEST: usize = 8 * 1024;

pub(crate) fn unprintable(text: &str) -> Option<char> {
    text.chars()
        .find(|c| (c.is_control() && *c != '\n' && *c != '\t') || DIRECTIONS.contains(c))
}

fn texts<'a>(path: &str, value: &'a Value, found: &mut Vec<(String, &'a str)>) {
    match value {
        Value::String(text) => found.push((path.to_owned(), text)),
        Value::Array(items) => items
            .iter()
            .for_each(|one| texts(&format!("{path}[]"), one, found)),
        Value::Object(map) => map
            .iter()
            .for_each(|(key, one)| texts(&format!("{path}.{key}"), one, found)),
        _ => {}
    }
}

#[test]
fn each_line_of_the_log_is_the_operators_own() {
    for line in left().log.lines() {
        let said: Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("no line: {line:?}"));
        let time = said["timestamp"].as_str().unwrap_or_default();
        assert!(
            time.parse::<jiff::Timestamp>().is_ok() && said["level"].is_string(),
            "no line of its own: {line:?}"
        );
        assert!(line.len() < LONGEST, "{} bytes", line.len());
        assert_harmless("the log", &said);
    }
}

/// Every text in it is printable, and no longer than anybody wants to read.
pub(crate) fn assert_harmless(what: &str, value: &Value) {
    let mut found = Vec::new();
    texts(what, value, &mut found);
    for (path, text) in found {
        assert_eq!(unprintable(text), None, "{path}: {text:?}");
        assert!(text.len() < LONGEST, "{path}: {} bytes", text.len());
    }
}

#[test]
fn status_journal_and_events_hold_printable_text_of_bounded_length() {
    let mut seen = 0;
    for (kind, object) in &left().objects {
        let mut found = Vec::new();
        texts(kind, object, &mut found);
        for (path, text) in found {
            // What alice wrote is hers: the API server keeps it as it came.
            if path.contains("last-applied-configuration") {
                continue;
            }
            assert_eq!(unprintable(text), None, "{path}: {text:?}");
            assert!(text.len() < LONGEST, "{path}: {} bytes", text.len());
            seen += usize::from(text.contains("alert"));
        }
        if kind == "tenantclosures" {
            let size = object["status"].to_string().len();
            assert!(size < 32 * 1024, "the status has {size} bytes");
        }
    }
    assert!(seen > 0, "no nasty name has come so far: nothing was tried");
}

#[test]
fn pages_print_no_mark_that_moves_the_cursor_or_turns_the_text() {
    for (name, page) in &left().pages {
        assert_eq!(unprintable(page), None, "{name}: {page}");
    }
}

#[test]
fn no_name_becomes_an_element_of_the_report() {
    let html: Vec<_> = left()
        .pages
        .iter()
        .filter(|(name, _)| name.ends_with("html"))
        .collect();
    assert!(!html.is_empty());
    for (name, page) in html {
        for element in ["<script", "<img", "javascript:alert(1)\""] {
            assert!(!page.contains(element), "{name} has {element}");
        }
    }
}
