//! Foreign text: what people or Microsoft wrote. Whatever it holds, it is shown and does nothing.

use crate::closure::label::unseen;
use serde::Serialize;
use std::fmt;
use std::fmt::Write as _;

/// The longest that is shown, in characters.
const LONGEST: usize = 400;

/// Text of others in one harmless line: what cannot be seen is written out, addresses of persons are masked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Foreign(String);

impl Foreign {
    /// Takes a text over. User names and addresses in it (`who@where`) are masked.
    pub fn new(text: &str) -> Self {
        Self::visible(&masked(text))
    }

    /// Takes over who approved, attested or wrote the closure: that is what the report is to say.
    pub fn account(name: &str) -> Self {
        Self::visible(name)
    }

    /// The line.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Writes out line breaks, control characters, and marks that change what is seen (direction, width zero).
    fn visible(text: &str) -> Self {
        let mut line = String::with_capacity(text.len());
        for (count, c) in text.chars().enumerate() {
            if count >= LONGEST {
                line.push('…');
                break;
            }
            match c {
                '\n' => line.push_str("\\n"),
                '\r' => line.push_str("\\r"),
                '\t' => line.push_str("\\t"),
                '\\' => line.push_str("\\\\"),
                c if c.is_control() || unseen(c) => {
                    // Writing to a String cannot fail.
                    let _ = write!(line, "\\u{{{:x}}}", u32::from(c));
                }
                c => line.push(c),
            }
        }
        Self(line)
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Each word around an `@` becomes `…@…`: records and reports name persons by object id alone.
fn masked(text: &str) -> String {
    if !text.contains('@') {
        return text.to_owned();
    }
    let ends =
        |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '<' | '>' | '"' | '\'');
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(ends) {
        let end = word.chars().next_back().filter(|c| ends(*c));
        let bare = end.map_or(word, |c| &word[..word.len() - c.len_utf8()]);
        // Microsoft.Graph's parameters (`@{…}`) name nobody.
        let address = bare.contains('@') && !bare.contains("@{");
        out.push_str(if address { "…@…" } else { bare });
        out.extend(end);
    }
    out
}
