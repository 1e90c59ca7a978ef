//! Quoting: what a closure says stays what it is in a script, text; nothing of it is run.

use crate::closure::label::{label, unseen};
use crate::plugin::Trouble;

/// The marks that PowerShell takes for a single quote; within single quotes each is written twice.
const QUOTES: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];

/// A PowerShell literal: within single quotes nothing is expanded.
pub(super) fn literal(field: &str, text: &str) -> Result<String, Trouble> {
    if text.chars().any(|c| c.is_control() || unseen(c)) {
        return Err(refused(field, text));
    }
    let mut quoted = String::from("'");
    for c in text.chars() {
        if QUOTES.contains(&c) {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted.push('\'');
    Ok(quoted)
}

/// A comment of one line.
pub(super) fn comment(text: &str) -> String {
    let mut lines = Vec::new();
    for line in crate::plugin::words::wrap(text) {
        lines.push(format!("# {}\n", label(&line)));
    }
    lines.concat()
}

/// A name that goes to `kubectl`, or is part of another: on some systems another shell stands between, so it is a plain word or
/// none, and stands in single quotes as it is.
pub(super) fn word<'a>(field: &str, text: &'a str) -> Result<&'a str, Trouble> {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let plain = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(inner);
    if plain {
        Ok(text)
    } else {
        Err(refused(field, text))
    }
}

/// The id of a resource, which goes to `az`; likewise.
pub(super) fn resource<'a>(field: &str, text: &'a str) -> Result<&'a str, Trouble> {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '/' | '(' | ')');
    if text.starts_with('/') && text.chars().all(inner) {
        Ok(text)
    } else {
        Err(refused(field, text))
    }
}

fn refused(field: &str, text: &str) -> Trouble {
    Trouble::Usage(format!(
        "{field} is {}, which is no name that Microsoft or Kubernetes gives: no script is printed; create the closure anew with the right one",
        label(text)
    ))
}
