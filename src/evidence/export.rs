//! Export: a journal as JSON lines, exactly as stored.

use serde_json::Value;

/// The objects in the order in which an export holds them: parts of plans by name, then the chain.
pub fn sort(objects: &mut [Value]) {
    objects.sort_by_cached_key(|object| {
        let sequence = object.pointer("/spec/sequence").and_then(Value::as_u64);
        let name = object.pointer("/metadata/name").and_then(Value::as_str);
        (sequence.unwrap_or(0), name.unwrap_or_default().to_owned())
    });
}

/// One object a line.
pub fn lines(objects: &[Value]) -> String {
    let mut text = String::new();
    for object in objects {
        text.push_str(&object.to_string());
        text.push('\n');
    }
    text
}
