//! The layout: which section says what, in which order. The result comes first, what is not shown last.

mod cells;
mod checks;
mod persons;
mod proof;
mod steps;

use super::Certainty;
use super::Report;
use super::document::{Block, Document, Inline, Section, Tone};
use crate::closure::inventory::Taken;
use crate::closure::steps::inventory::told;
use cells::{Line, joined, section, table};

/// What the store holds, and the hash by which it is known again.
fn inventory(taken: &Taken) -> Line {
    let mut line = vec![Inline::words(told(taken))];
    if let Some(digest) = &taken.inventory.digest {
        line.extend([Inline::words(", SHA-256 "), Inline::Code(digest.clone())]);
    }
    line
}

impl Report {
    /// Lays the report out.
    pub fn document(&self) -> Document {
        let mut sections = vec![self.summary(), self.promised(), self.progress()];
        sections.extend(self.planned());
        sections.extend([self.persons(), self.handed_off()]);
        sections.extend(self.checked());
        sections.extend([self.restorable(), self.left(), self.proof()]);
        Document {
            title: vec![
                Inline::words("Closure report: "),
                Inline::Foreign(self.tenant.initial_domain.clone()),
            ],
            badge: (self.result.phase.clone(), self.tone()),
            lead: vec![Inline::Foreign(self.result.summary.clone())],
            sections,
        }
    }

    fn tone(&self) -> Tone {
        match self.result.phase.as_str() {
            _ if self.journal.verdict == "broken" => Tone::Bad,
            "Closed" => Tone::Good,
            "Stalled" => Tone::Bad,
            "AwaitingApproval" | "AwaitingHandOff" => Tone::Attention,
            _ => Tone::Plain,
        }
    }

    fn summary(&self) -> Section {
        let closure = &self.closure;
        let mut facts: Vec<(&'static str, Line)> = vec![
            (
                "Tenant",
                vec![
                    Inline::Code(self.tenant.id.clone()),
                    Inline::words(format!(" in cloud {}", self.tenant.cloud)),
                ],
            ),
            (
                "Closure",
                vec![
                    Inline::Code(format!("{}/{}", closure.namespace, closure.name)),
                    Inline::words(", UID "),
                    Inline::Code(closure.uid.clone()),
                ],
            ),
            (
                "Created",
                joined(&[
                    closure.created.map(|at| vec![Inline::Time(at)]),
                    closure
                        .author
                        .clone()
                        .map(|author| vec![Inline::words("by "), Inline::Foreign(author)]),
                ]),
            ),
            ("Mode", vec![Inline::words(closure.mode.clone())]),
        ];
        if !closure.changed_by.is_empty() {
            let names = closure.changed_by.iter();
            let names: Vec<_> = names
                .map(|name| Some(vec![Inline::Foreign(name.clone())]))
                .collect();
            facts.push(("Changed by", joined(&names)));
        }
        if let Some(at) = self.result.gone_at {
            facts.push(("Seen gone", vec![Inline::Time(at)]));
        }
        if let Some(backup) = &closure.backup {
            facts.push(("Backup", vec![Inline::Foreign(backup.clone())]));
        }
        for (kind, reference) in &closure.accepted {
            let line = vec![
                Inline::Foreign(kind.clone()),
                Inline::words(": "),
                Inline::Foreign(reference.clone()),
            ];
            facts.push(("Loss accepted", line));
        }
        if let Some(reason) = &closure.cancellation {
            facts.push(("Reason given", vec![Inline::Foreign(reason.clone())]));
        }
        if let Some(taken) = &self.inventory {
            facts.push(("Inventory", inventory(taken)));
        }
        facts.push(("Journal", self.verdict()));
        facts.push((
            "Report made",
            vec![
                Inline::Time(self.made_at),
                Inline::words(format!(" by {}", self.made_by)),
            ],
        ));
        let mut blocks = vec![Block::Facts(facts)];
        if self.journal.verdict == "broken" {
            let warning = "The journal is not what was written, so nothing below is proven; the faults are told at the end.";
            let mark = Inline::Mark("broken".to_owned(), Tone::Bad);
            blocks.insert(
                0,
                Block::Paragraph(vec![mark, Inline::words(format!(" {warning}"))]),
            );
        }
        section("Summary", blocks)
    }

    pub(super) fn verdict(&self) -> Line {
        let tone = match self.journal.verdict {
            "whole" => Tone::Good,
            "broken" => Tone::Bad,
            _ => Tone::Attention,
        };
        let mut line = vec![Inline::Mark(self.journal.verdict.to_owned(), tone)];
        if let Some(head) = &self.journal.head {
            line.extend([Inline::words(", head "), Inline::Code(head.clone())]);
        }
        line
    }

    fn promised(&self) -> Section {
        let rows = self.promises.iter().map(|promise| {
            let (word, tone) = match promise.certainty {
                Certainty::Seen => ("seen", Tone::Good),
                Certainty::Stated => ("stated by Microsoft", Tone::Plain),
                Certainty::Open => ("open", Tone::Attention),
                Certainty::Unknown => ("unknown", Tone::Attention),
            };
            vec![
                vec![Inline::words(promise.word)],
                vec![Inline::words(promise.result.clone())],
                vec![Inline::Mark(word.to_owned(), tone)],
                vec![Inline::words(promise.detail.clone())],
            ]
        });
        let columns = vec!["What goes with an account", "Result", "How sure", "Because"];
        section(
            "The five words of Microsoft's procedure",
            vec![table(columns, rows.collect())],
        )
    }
}
