//! One request and one reply, free of any HTTP library, so that every rule can be tested without a socket.

use std::collections::BTreeMap;

use serde_json::Value;

/// Which of Microsoft's services a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    Login,
    Graph,
    Arm,
    Partner,
    /// The simulator's own contract, which Microsoft does not have.
    Control,
    /// The pages on which a person presses what only a person can.
    Console,
}

/// A request as the services see it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) service: Service,
    /// The cloud of the host name; `None` on the simulator's own address, where every cloud answers.
    pub(crate) cloud: Option<super::hosts::Cloud>,
    /// Scheme, host and prefix that links in replies start with.
    pub(crate) base: String,
    pub(crate) path: String,
    pub(crate) query: Query,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) request_id: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body as JSON; an empty body is `null`, and so is one that is not JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Whether the body can be read: there is none, or it is JSON.
    pub(crate) fn is_readable(&self) -> bool {
        self.body.is_empty() || serde_json::from_slice::<serde::de::IgnoredAny>(&self.body).is_ok()
    }

    /// How the body is encoded, where that is not as it is: none of Microsoft's services here unpacks one.
    pub(crate) fn encoding(&self) -> Option<&str> {
        let told = self.header("content-encoding")?.trim();
        (!told.is_empty() && !told.eq_ignore_ascii_case("identity")).then_some(told)
    }

    pub(crate) fn segments(&self) -> Vec<String> {
        segments(&self.path)
    }
}

/// The query of a URL, in order, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        Self(
            url::form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self(pairs.iter().map(owned).collect())
    }

    /// `OData` options may be written with or without the dollar sign.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let bare = name.trim_start_matches('$');
        self.0
            .iter()
            .find(|(key, _)| key.trim_start_matches('$').eq_ignore_ascii_case(bare))
            .map(|(_, value)| value.as_str())
    }

    /// Whether a text stands in a name or a value.
    pub(crate) fn holds(&self, text: &str) -> bool {
        let mut all = self.0.iter();
        all.any(|(key, value)| key.contains(text) || value.contains(text))
    }

    /// All names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// All values, in order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, value)| value.as_str())
    }

    /// The query again, without one option (with or without the dollar sign): what a link to the next page repeats.
    pub(crate) fn without(&self, name: &str) -> String {
        let bare = name.trim_start_matches('$');
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in &self.0 {
            if !key.trim_start_matches('$').eq_ignore_ascii_case(bare) {
                out.append_pair(key, value);
            }
        }
        out.finish()
    }
}

/// A path in parts; `name(key='x')` and `name('x')` become two parts, as Microsoft treats both forms alike.
pub(crate) fn segments(path: &str) -> Vec<String> {
    let mut out = Vec::new();
    for raw in path.split('/').filter(|part| !part.is_empty()) {
        let part = decode(raw);
        match part.split_once('(') {
            Some((name, rest)) if rest.ends_with(')') => {
                out.push(name.to_owned());
                let inner = rest.trim_end_matches(')').replace('\'', "");
                if !inner.is_empty() {
                    out.push(inner);
                }
            }
            _ => out.push(part),
        }
    }
    out
}

fn decode(part: &str) -> String {
    // A plus sign is itself in a path, unlike in a query.
    let safe = part.replace('+', "%2B");
    url::form_urlencoded::parse(format!("k={}", safe.replace('&', "%26")).as_bytes())
        .next()
        .map_or_else(|| part.to_owned(), |(_, value)| value.into_owned())
}

/// What a reply carries.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Empty,
    Json(Value),
    Text(String, &'static str),
}

/// A reply of a service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: Content,
}

impl Reply {
    pub(crate) fn json(status: u16, value: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content: Content::Json(value),
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content: Content::Empty,
        }
    }

    pub(crate) fn text(status: u16, text: String) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content: Content::Text(text, "text/plain"),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    #[cfg(test)]
    pub(crate) fn value(&self) -> &Value {
        match &self.content {
            Content::Json(value) => value,
            _ => &Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_key_forms_give_the_same_parts() {
        assert_eq!(
            segments("/directoryRoles(roleTemplateId='x')/members"),
            segments("directoryRoles/roleTemplateId=x/members")
        );
        assert_eq!(segments("/users('a%40b')"), ["users", "a@b"]);
        assert_eq!(segments("/users/a+b@c"), ["users", "a+b@c"]);
    }

    #[test]
    fn options_are_found_with_and_without_dollar() {
        let query = Query::parse("%24top=5&select=id,mail");
        assert_eq!(query.get("$top"), Some("5"));
        assert_eq!(query.get("$select"), Some("id,mail"));
        assert_eq!(query.without("$top"), "select=id%2Cmail");
        assert_eq!(query.without("$select"), "%24top=5");
    }
}
