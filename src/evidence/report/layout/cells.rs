//! Sections, tables and what stands in their cells.

use crate::closure::words::thousands;
use crate::evidence::report::Foreign;
use crate::evidence::report::document::{Block, Inline, Section};
use jiff::Timestamp;

/// What stands in one place.
pub(super) type Line = Vec<Inline>;

pub(super) const fn section(heading: &'static str, blocks: Vec<Block>) -> Section {
    Section { heading, blocks }
}

pub(super) const fn table(columns: Vec<&'static str>, rows: Vec<Vec<Line>>) -> Block {
    Block::Table { columns, rows }
}

pub(super) fn table_or(columns: Vec<&'static str>, rows: Vec<Vec<Line>>, otherwise: &str) -> Block {
    if rows.is_empty() {
        Block::Paragraph(vec![Inline::words(otherwise)])
    } else {
        table(columns, rows)
    }
}

pub(super) fn number(n: u64) -> Line {
    vec![Inline::words(thousands(
        u32::try_from(n).unwrap_or(u32::MAX),
    ))]
}

pub(super) fn at(time: Option<Timestamp>) -> Line {
    vec![time.map_or_else(|| Inline::words("-"), Inline::Time)]
}

pub(super) fn maybe(text: Option<&Foreign>) -> Line {
    vec![text.map_or_else(|| Inline::words("-"), |text| Inline::Foreign(text.clone()))]
}

/// The parts that are there, set apart by commas.
pub(super) fn joined(parts: &[Option<Line>]) -> Line {
    let mut line = Vec::new();
    for part in parts.iter().flatten() {
        if !line.is_empty() {
            line.push(Inline::words(", "));
        }
        line.extend(part.iter().cloned());
    }
    if line.is_empty() {
        line.push(Inline::words("-"));
    }
    line
}
