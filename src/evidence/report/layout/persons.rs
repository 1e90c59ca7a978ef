//! Persons: who approved and attested, and what was handed to them.

use super::cells::{at, maybe, number, section, table_or};
use crate::evidence::report::Report;
use crate::evidence::report::document::{Block, Inline, Section, Tone};

impl Report {
    pub(super) fn persons(&self) -> Section {
        let approvals = self.approvals.iter().map(|one| {
            let (word, tone) = match (one.revoked, one.records) {
                (true, _) => ("revoked", Tone::Bad),
                (false, 0) => ("not used", Tone::Plain),
                (false, _) => ("used", Tone::Good),
            };
            vec![
                vec![Inline::Foreign(one.approver.clone())],
                vec![Inline::Mark(word.to_owned(), tone)],
                number(one.records),
                vec![Inline::Code(one.digest.chars().take(12).collect())],
                at(one.created),
                at(one.expires),
                maybe(one.comment.as_ref()),
            ]
        });
        let columns = vec![
            "Approver",
            "Approval",
            "Records #",
            "Plan",
            "Given",
            "Expires",
            "Comment",
        ];
        let mut blocks = vec![table_or(
            columns,
            approvals.collect(),
            "Nobody has approved.",
        )];
        let attestations = self.attestations.iter().map(|one| {
            let revoked = one
                .revoked
                .then(|| Inline::Mark(" revoked".to_owned(), Tone::Bad));
            vec![
                vec![Inline::Foreign(one.by.clone())],
                [Some(Inline::Foreign(one.check.clone())), revoked]
                    .into_iter()
                    .flatten()
                    .collect(),
                vec![Inline::Foreign(one.result.clone())],
                at(one.at),
            ]
        });
        let columns = vec!["Attested by", "Check", "What was seen", "When"];
        blocks.push(table_or(
            columns,
            attestations.collect(),
            "Nobody has attested anything.",
        ));
        section("Approvals and attestations", blocks)
    }

    pub(super) fn handed_off(&self) -> Section {
        let rows = self.hand_offs.iter().map(|one| {
            vec![
                vec![
                    Inline::words(one.what.clone()),
                    Inline::words(" ("),
                    Inline::Foreign(one.key.clone()),
                    Inline::words(")"),
                ],
                vec![Inline::words(one.who)],
                at(Some(one.since)),
                one.until.map_or_else(
                    || vec![Inline::Mark("open".to_owned(), Tone::Attention)],
                    |until| at(Some(until)),
                ),
                vec![Inline::Page(one.link.clone())],
            ]
        });
        let columns = vec![
            "What a person was asked to do",
            "Who must act",
            "Told",
            "Seen done",
            "Where",
        ];
        let note = "By whom it was done is not seen: the operator sees that it was. Whoever attested is named above.";
        let mut blocks = vec![table_or(
            columns,
            rows.collect(),
            "Nothing was handed to a person.",
        )];
        if !self.hand_offs.is_empty() {
            blocks.push(Block::Paragraph(vec![Inline::words(note)]));
        }
        section("Handed to persons", blocks)
    }
}
