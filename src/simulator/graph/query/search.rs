//! `$search` of directory objects: <https://learn.microsoft.com/graph/search-query-parameter>.

use super::super::super::errors::Refusal;
use super::filter::Properties;

/// Found by the beginning of any of their words; all others by their own beginning.
const TOKENIZED: &[&str] = &["displayName", "description"];
const WHOLE: &[&str] = &[
    "givenName",
    "mail",
    "mailNickname",
    "surname",
    "userPrincipalName",
    "appId",
];

/// Clauses: one of these lists, and of it all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search(Vec<Vec<(String, String)>>);

impl Search {
    /// `"displayName:anna" OR "mail:anna"`
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let wrong = || {
            Refusal::bad(format!(
                "Syntax error in the search '{text}': each clause is \"property:words\" in double quotes, joined by AND or OR."
            ))
        };
        let mut either = vec![Vec::new()];
        let mut left = text.trim();
        loop {
            let (clause, rest) = left
                .strip_prefix('"')
                .and_then(|rest| rest.split_once('"'))
                .ok_or_else(wrong)?;
            let (name, value) = clause.split_once(':').ok_or_else(wrong)?;
            let mut known = TOKENIZED.iter().chain(WHOLE);
            let name = known.find(|one| one.eq_ignore_ascii_case(name.trim()));
            let name = name.ok_or_else(|| {
                super::unsupported(format!(
                    "'{clause}' asks for a property that is not searched."
                ))
            })?;
            if let Some(all) = either.last_mut() {
                all.push(((*name).to_owned(), value.trim().to_lowercase()));
            }
            left = rest.trim_start();
            if left.is_empty() {
                return Ok(Self(either));
            } else if let Some(rest) = left.strip_prefix("AND") {
                left = rest.trim_start();
            } else if let Some(rest) = left.strip_prefix("OR") {
                left = rest.trim_start();
                either.push(Vec::new());
            } else {
                return Err(wrong());
            }
        }
    }

    pub(super) fn finds(&self, of: Properties<'_>) -> bool {
        let found = |(name, wanted): &(String, String)| {
            let value = of(name);
            let text = value.as_str().unwrap_or_default().to_lowercase();
            if !TOKENIZED.contains(&name.as_str()) {
                return text.starts_with(wanted);
            }
            let mut asked = words(wanted);
            asked.all(|asked| words(&text).any(|word| word.starts_with(asked)))
        };
        self.0.iter().any(|all| all.iter().all(found))
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|one: char| !one.is_alphanumeric());
    parts.filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn words_are_found_by_their_beginning() {
        let of = |name: &str| match name {
            "displayName" => json!("Anna de Vries"),
            "mail" => json!("a.vries@contoso.nl"),
            _ => Value::Null,
        };
        for (text, wanted) in [
            (r#""displayName:vri""#, true),
            (r#""displayName:ries""#, false),
            (r#""displayName:vries anna""#, true),
            (r#""mail:vries""#, false),
            (r#""mail:vries" OR "DisplayName:ann""#, true),
            (r#""mail:vries" AND "displayName:ann""#, false),
        ] {
            assert_eq!(Search::parse(text).unwrap().finds(&of), wanted, "{text}");
        }
        for text in [
            "displayName:x",
            r#""x""#,
            r#""city:x""#,
            r#""mail:x" "mail:y""#,
            "",
        ] {
            assert_eq!(Search::parse(text).unwrap_err().status, 400, "{text}");
        }
    }
}
