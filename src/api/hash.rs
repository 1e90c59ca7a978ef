//! What a record hashes to: the link from each record of the journal to the one before.

use crate::closure::plan::hex;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// SHA-256, hexadecimal, over name, uid, spec and status of a record as stored, in canonical JSON (RFC 8785).
pub fn record(name: &str, uid: Option<&str>, spec: &Value, status: &Value) -> String {
    // The keys stand in their canonical order.
    let mut text = String::from("{\"name\":");
    scalar(&name.into(), &mut text);
    text.push_str(",\"spec\":");
    canonical(spec, &mut text);
    text.push_str(",\"status\":");
    canonical(status, &mut text);
    text.push_str(",\"uid\":");
    scalar(&uid.map_or(Value::Null, Value::from), &mut text);
    text.push('}');
    of_text(&text)
}

/// SHA-256 of a text, hexadecimal.
pub fn of_text(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Canonical JSON (RFC 8785): the same text, whoever writes it.
pub fn text(value: &Value) -> String {
    let mut text = String::new();
    canonical(value, &mut text);
    text
}

/// RFC 8785 for what records and approvals hold: no floats, and keys in ASCII, where byte order is UTF-16 order.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut members: Vec<(&String, &Value)> = map.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (i, (key, member)) in members.into_iter().enumerate() {
                out.push_str(if i == 0 { "" } else { "," });
                scalar(&key.as_str().into(), out);
                out.push(':');
                canonical(member, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { "," });
                canonical(item, out);
            }
            out.push(']');
        }
        other => scalar(other, out),
    }
}

fn scalar(value: &Value, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_in_which_members_were_read_does_not_matter() {
        let one: Value =
            serde_json::from_str(r#"{"b":[1,{"z":null,"a":"\u0007\n\""}],"a":true}"#).unwrap();
        let other: Value = serde_json::from_str(
            "{\"a\": true, \"b\": [1, {\"a\": \"\\u0007\\n\\u0022\", \"z\": null}]}",
        )
        .unwrap();
        let mut text = String::new();
        canonical(&one, &mut text);
        assert_eq!(text, r#"{"a":true,"b":[1,{"a":"\u0007\n\"","z":null}]}"#);
        let hash = record("u-0000000001", Some("x"), &one, &Value::Null);
        assert_eq!(
            hash,
            record("u-0000000001", Some("x"), &other, &Value::Null)
        );
        assert_eq!(hash.len(), 64);
    }

    #[test]
    fn it_is_what_anybody_computes() {
        // printf '{"name":"a","spec":{"k":1},"status":null,"uid":"b"}' | sha256sum
        let hash = record("a", Some("b"), &json!({"k": 1}), &Value::Null);
        assert_eq!(
            hash,
            "281954d35b1ec84da928ce815c08303eaf9e5bb0990b1465fa330d0160ac351f"
        );
    }

    #[test]
    fn each_part_counts() {
        let (spec, status) = (json!({"a": 1}), json!({"b": 2}));
        let hash = record("n", Some("u"), &spec, &status);
        for other in [
            record("m", Some("u"), &spec, &status),
            record("n", None, &spec, &status),
            record("n", Some("u"), &status, &status),
            record("n", Some("u"), &spec, &spec),
        ] {
            assert_ne!(hash, other);
        }
    }
}
