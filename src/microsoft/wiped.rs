//! Copies of secrets that we make: each has its size from the beginning, so that none is left behind by growing, and is
//! overwritten when it is dropped. What TLS, the HTTP library and the allocator of others copy is theirs.

use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// A form with a secret in it.
pub(super) fn form(fields: &[(&str, &str)]) -> SecretString {
    // Escaped, a byte is three at most.
    let size = |text: &str| 3 * text.len() + 1;
    let most = fields.iter().map(|(key, value)| size(key) + size(value));
    let mut text = Zeroizing::new(String::with_capacity(most.sum()));
    let mut form = url::form_urlencoded::Serializer::new(&mut *text);
    form.extend_pairs(fields);
    form.finish();
    SecretString::from(text.as_str())
}

/// These parts in a row.
pub(super) fn joined(parts: &[&str]) -> Zeroizing<String> {
    let size = parts.iter().map(|part| part.len()).sum();
    let mut text = Zeroizing::new(String::with_capacity(size));
    for part in parts {
        text.push_str(part);
    }
    text
}

/// What is given away to be sent, and overwritten once it was.
pub(super) fn sent(text: &SecretString) -> Bytes {
    Bytes::from_owner(joined(&[text.expose_secret()]))
}

/// The value of a header that shows this token.
pub(super) fn bearer(token: &SecretString) -> Bytes {
    Bytes::from_owner(joined(&["Bearer ", token.expose_secret()]))
}

/// Adds to a reply that may hold a token. Where it must move, the old place is overwritten.
pub(super) fn append(body: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    let size = body.len() + chunk.len();
    if size > body.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(size.max(2 * body.capacity())));
        larger.extend_from_slice(body);
        *body = larger;
    }
    body.extend_from_slice(chunk);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_escaped_and_is_not_printed() {
        let form = form(&[("grant_type", "x"), ("client_secret", "hunter2 ä&=~")]);
        assert_eq!(
            form.expose_secret(),
            "grant_type=x&client_secret=hunter2+%C3%A4%26%3D%7E"
        );
        assert!(!format!("{form:?}").contains("hunter2"));
    }

    #[test]
    fn a_reply_grows_without_losing_a_byte() {
        let mut body = Zeroizing::new(Vec::new());
        for chunk in [&b"ab"[..], b"", b"c", &[b'd'; 100]] {
            append(&mut body, chunk);
        }
        assert_eq!(body.len(), 103);
        assert!(body.starts_with(b"abcd"));
    }

    #[test]
    fn what_is_sent_is_what_was_given() {
        let secret = SecretString::from("hunter2");
        assert_eq!(sent(&secret), "hunter2");
        assert_eq!(bearer(&secret), "Bearer hunter2");
    }
}
