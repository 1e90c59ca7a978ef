//! The document: a report laid out once, for every way of printing it.

use super::Foreign;
use jiff::Timestamp;

/// A whole document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is about.
    pub title: Vec<Inline>,
    /// The result in a word, and how it is to be looked at.
    pub badge: (String, Tone),
    /// One sentence below it.
    pub lead: Vec<Inline>,
    /// Its sections.
    pub sections: Vec<Section>,
}

/// How something is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Under way, or not known.
    Plain,
    /// Needs somebody.
    Attention,
    /// Wrong.
    Bad,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub heading: &'static str,
    /// What is in it.
    pub blocks: Vec<Block>,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// Names and values.
    Facts(Vec<(&'static str, Vec<Inline>)>),
    /// A table. Columns whose heading ends with `#` hold numbers; the sign is not shown.
    Table {
        /// Headings.
        columns: Vec<&'static str>,
        /// Rows.
        rows: Vec<Vec<Vec<Inline>>>,
    },
    /// A list.
    List(Vec<Vec<Inline>>),
    /// Lines to be typed.
    Commands(Vec<String>),
    /// The picture of progress over time, where there is a way to draw.
    Picture,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Our own words.
    Words(String),
    /// Words of others.
    Foreign(Foreign),
    /// An id, a hash, a name of an object.
    Code(String),
    /// A time.
    Time(Timestamp),
    /// A page of ours or Microsoft's; whatever is no `https` page is shown as words.
    Page(Foreign),
    /// A word with a tone.
    Mark(String, Tone),
}

impl Inline {
    /// Our own words.
    pub fn words(text: impl Into<String>) -> Self {
        Self::Words(text.into())
    }
}

/// A time in UTC, to the second.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The address, where it is one of a page.
pub fn page(link: &Foreign) -> Option<&str> {
    let harmless = |c: char| {
        c.is_ascii_graphic()
            && !matches!(
                c,
                '"' | '\'' | '<' | '>' | '\\' | '`' | '|' | '(' | ')' | '[' | ']'
            )
    };
    Some(link.as_str()).filter(|text| text.starts_with("https://") && text.chars().all(harmless))
}
