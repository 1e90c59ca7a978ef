//! Markdown (`CommonMark` with tables): plain words escaped, everything of others in code spans, where nothing acts.

use super::document::{Block, Document, Inline, page, time};
use std::fmt::Write as _;

/// Prints a document.
pub fn print(document: &Document) -> String {
    let mut text = format!("# {}\n\n", line(&document.title, false));
    let (badge, _) = &document.badge;
    let _ = writeln!(
        text,
        "**{}** {}",
        escaped(badge),
        line(&document.lead, false)
    );
    for section in &document.sections {
        let _ = writeln!(text, "\n## {}", escaped(section.heading));
        for block in &section.blocks {
            self::block(&mut text, block);
        }
    }
    text
}

fn block(text: &mut String, block: &Block) {
    match block {
        Block::Paragraph(inlines) => {
            let _ = writeln!(text, "\n{}", line(inlines, false));
        }
        Block::Facts(facts) => {
            text.push('\n');
            for (name, value) in facts {
                let _ = writeln!(text, "- {}: {}", escaped(name), line(value, false));
            }
        }
        Block::Table { columns, rows } => {
            let names = columns.iter().map(|c| escaped(c.trim_end_matches(" #")));
            let rules = columns
                .iter()
                .map(|c| if c.ends_with('#') { "---:" } else { "---" });
            let _ = writeln!(text, "\n| {} |", names.collect::<Vec<_>>().join(" | "));
            let _ = writeln!(text, "| {} |", rules.collect::<Vec<_>>().join(" | "));
            for row in rows {
                let cells: Vec<String> = row.iter().map(|cell| line(cell, true)).collect();
                let _ = writeln!(text, "| {} |", cells.join(" | "));
            }
        }
        Block::List(items) => {
            text.push('\n');
            for item in items {
                let _ = writeln!(text, "- {}", line(item, false));
            }
        }
        Block::Commands(lines) => {
            let _ = writeln!(text, "\n```console\n{}\n```", lines.join("\n"));
        }
        Block::Picture => {}
    }
}

fn line(inlines: &[Inline], in_table: bool) -> String {
    let mut text = String::new();
    for inline in inlines {
        match inline {
            Inline::Words(words) | Inline::Mark(words, _) => text.push_str(&escaped(words)),
            Inline::Foreign(foreign) if tame(foreign.as_str()) => text.push_str(foreign.as_str()),
            Inline::Foreign(foreign) => text.push_str(&code(foreign.as_str(), in_table)),
            Inline::Code(words) => text.push_str(&code(words, in_table)),
            Inline::Time(at) => text.push_str(&time(*at)),
            Inline::Page(link) => match page(link) {
                Some(address) => {
                    let _ = write!(text, "<{address}>");
                }
                None => text.push_str(&code(link.as_str(), in_table)),
            },
        }
    }
    text
}

/// Every sign that could mean something, with a backslash before it.
fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for c in words.chars() {
        if matches!(
            c,
            '\\' | '`'
                | '*'
                | '_'
                | '{'
                | '}'
                | '['
                | ']'
                | '<'
                | '>'
                | '#'
                | '|'
                | '~'
                | '!'
                | '&'
                | '$'
        ) {
            text.push('\\');
        }
        text.push(if c.is_control() { ' ' } else { c });
    }
    text
}

/// Plain prose, which means nothing else wherever it stands.
fn tame(words: &str) -> bool {
    let prose = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | ',' | ';' | ':' | '(' | ')' | '-')
    };
    words.starts_with(|c: char| c.is_ascii_alphabetic())
        && words.chars().all(prose)
        && !words.contains("www.")
}

/// A code span: its fence is longer than any run of backticks inside, and a table's bar is escaped.
fn code(words: &str, in_table: bool) -> String {
    if words.trim().is_empty() {
        return "-".to_owned();
    }
    let longest = words.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if words.starts_with(['`', ' ']) || words.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    let words = if in_table {
        words.replace('|', "\\|")
    } else {
        words.to_owned()
    };
    let words: String = words
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!("{fence}{space}{words}{space}{fence}")
}
