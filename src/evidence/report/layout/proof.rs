//! What can be restored, what is left, and what proves all this.

use super::cells::{Line, at, section, table_or};
use crate::evidence::report::document::{Block, Inline, Section};
use crate::evidence::report::{Foreign, Report};
use crate::evidence::text;

impl Report {
    pub(super) fn restorable(&self) -> Section {
        let rows = self.deadlines.iter().map(|one| {
            vec![
                vec![Inline::words(one.what.clone())],
                at(one.from),
                at(one.until),
                vec![Inline::words(one.means)],
                vec![Inline::words(one.detail.clone())],
                vec![Inline::Page(Foreign::new(one.source))],
            ]
        });
        let columns = vec![
            "What",
            "First of it until",
            "Last of it until",
            "How",
            "Why",
            "Source",
        ];
        section(
            "Until when what can be restored",
            vec![table_or(columns, rows.collect(), "No plan was made.")],
        )
    }

    pub(super) fn left(&self) -> Section {
        let items = self.residue.iter().map(|one| {
            let mut line = vec![Inline::words(one.what.clone())];
            if let Some(named) = &one.named {
                line.extend([
                    Inline::words(" ("),
                    Inline::Foreign(named.clone()),
                    Inline::words(")"),
                ]);
            }
            if !one.detail.is_empty() {
                line.push(Inline::words(format!(": {}", one.detail)));
            }
            if let Some(remedy) = &one.remedy {
                line.extend([Inline::words(": "), Inline::Foreign(remedy.clone())]);
            }
            let before = [": "].into_iter().chain(std::iter::repeat(", "));
            for (object, before) in one.objects.iter().zip(before) {
                line.extend([Inline::words(before), Inline::Code(object.to_string())]);
            }
            line
        });
        let items: Vec<Line> = items.collect();
        let block = if items.is_empty() {
            Block::Paragraph(vec![Inline::words("Nothing is known to be left.")])
        } else {
            Block::List(items)
        };
        section("What is left", vec![block])
    }

    pub(super) fn proof(&self) -> Section {
        let journal = &self.journal;
        let figures = &journal.figures;
        let facts: Vec<(&'static str, Line)> = vec![
            ("Verdict", self.verdict()),
            ("Records", vec![Inline::words(text::records(figures))]),
            ("Objects", vec![Inline::words(text::objects(figures))]),
            (
                "Lies in",
                vec![
                    Inline::words("namespace "),
                    Inline::Code(journal.namespace.clone()),
                ],
            ),
        ];
        let told = |all: &[Foreign]| {
            all.iter()
                .take(20)
                .map(|one| vec![Inline::Foreign(one.clone())])
                .collect::<Vec<_>>()
        };
        let mut blocks = vec![Block::Facts(facts)];
        let wrong: Vec<Line> = told(&journal.faults)
            .into_iter()
            .chain(told(&journal.doubts))
            .collect();
        if !wrong.is_empty() {
            blocks.push(Block::List(wrong));
        }
        blocks.push(Block::Paragraph(vec![Inline::words(
            "Whoever may read the journal can verify it; an export can be verified anywhere, and so can the evidence store that the \
             operator's configuration names (evidenceStore), which outlives the cluster:",
        )]));
        blocks.push(Block::Commands(journal.verify.clone()));
        blocks.push(Block::Paragraph(vec![Inline::words(
            "What this report does not show:",
        )]));
        blocks.push(Block::List(
            self.not_shown
                .iter()
                .map(|text| vec![Inline::words(*text)])
                .collect(),
        ));
        section("Journal, and what it proves", blocks)
    }
}
