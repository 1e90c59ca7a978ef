//! What a token says of itself. Its signature is not looked at: it came from the sign-in service itself, by https, and the
//! service that it is shown to checks it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;

/// The claims of a JWT; `None`: it is none, or says something else.
pub(super) fn of<T: DeserializeOwned>(token: &str) -> Option<T> {
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn claims_are_read_with_and_without_padding() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"tid":"x","aud":1}"#);
        for padding in ["", "=", "=="] {
            let token = format!("h.{payload}{padding}.s");
            assert_eq!(of::<Value>(&token), Some(json!({"tid": "x", "aud": 1})));
        }
        for none in ["opaque", "", "a.b", "a.!.c", "h..s"] {
            assert_eq!(of::<Value>(none), None, "{none}");
        }
    }
}
