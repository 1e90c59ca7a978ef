//! One HTML page that needs nothing: no script, no network, light and dark.

use super::Report;
use super::document::{Block, Document, Inline, Tone, page, time};
use super::picture;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Nothing may be loaded, nothing may run; the style sheet is in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
const STYLE: &str = include_str!("style.css");

/// Prints a report.
pub fn print(report: &Report) -> String {
    let document = report.document();
    let (badge, tone) = &document.badge;
    let whole = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                link rel="icon" href="data:,";
                title { (title(&document)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (line(&document.title)) }
                    p { span class={"mark " (class(*tone))} { (badge) } " " (line(&document.lead)) }
                }
                main {
                    @for section in &document.sections {
                        section {
                            h2 { (section.heading) }
                            @for block in &section.blocks { (self::block(block, report)) }
                        }
                    }
                }
            }
        }
    };
    whole.into_string()
}

fn title(document: &Document) -> String {
    let words = document.title.iter().map(|inline| match inline {
        Inline::Words(words) | Inline::Code(words) | Inline::Mark(words, _) => words.as_str(),
        Inline::Foreign(foreign) | Inline::Page(foreign) => foreign.as_str(),
        Inline::Time(_) => "",
    });
    words.collect()
}

fn block(block: &Block, report: &Report) -> Markup {
    html! {
        @match block {
            Block::Paragraph(inlines) => p { (line(inlines)) },
            Block::Facts(facts) => dl {
                @for (name, value) in facts { div { dt { (name) } dd { (line(value)) } } }
            },
            Block::Table { columns, rows } => div class="scroll" {
                table {
                    thead { tr { @for column in columns { th scope="col" class=[column.ends_with('#').then_some("number")] { (column.trim_end_matches(" #")) } } } }
                    tbody {
                        @for row in rows {
                            tr { @for (cell, column) in row.iter().zip(columns) {
                                td class=[column.ends_with('#').then_some("number")] { (line(cell)) }
                            } }
                        }
                    }
                }
            },
            Block::List(items) => ul { @for item in items { li { (line(item)) } } },
            Block::Commands(lines) => pre { @for line in lines { (line) "\n" } },
            Block::Picture => (picture::draw(report)),
        }
    }
}

fn line(inlines: &[Inline]) -> Markup {
    html! {
        @for inline in inlines {
            @match inline {
                Inline::Words(words) => (words),
                Inline::Foreign(foreign) => bdi { (foreign.as_str()) },
                Inline::Code(words) => code { (words) },
                Inline::Time(at) => (clock(*at)),
                Inline::Mark(words, tone) => span class={"mark " (class(*tone))} { (words.trim()) },
                Inline::Page(link) => @match page(link) {
                    Some(address) => a href=(address) rel="noreferrer noopener" { (address) },
                    None => bdi { (link.as_str()) },
                },
            }
        }
    }
}

/// Date and time each stay whole where a line breaks.
fn clock(at: Timestamp) -> Markup {
    let text = time(at);
    let (date, time) = text.split_once(' ').unwrap_or((&text, ""));
    html! { time datetime=(at.to_string()) { span { (date) } " " span { (time) } } }
}

const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Plain => "plain",
        Tone::Attention => "attention",
        Tone::Bad => "bad",
    }
}
