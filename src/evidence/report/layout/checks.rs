//! The delete-tenant checks, and the text for support where the portal refuses.

use super::cells::{Line, section, table};
use crate::evidence::report::Report;
use crate::evidence::report::document::{Block, Inline, Section};

impl Report {
    /// `None` before step 5 has looked at them.
    pub(super) fn checked(&self) -> Option<Section> {
        let rows: Vec<Vec<Line>> = self
            .checks
            .iter()
            .map(|one| {
                let cells = [&one.check, &one.state, &one.who];
                cells
                    .map(|cell| vec![Inline::Foreign(cell.clone())])
                    .to_vec()
            })
            .collect();
        if rows.is_empty() {
            return None;
        }
        let mut blocks = vec![table(vec!["Check", "State", "Met by"], rows)];
        if !self.support_ticket.is_empty() {
            blocks.push(Block::Paragraph(vec![Inline::words(
                "The portal refuses to delete the tenant. For Microsoft's support:",
            )]));
            let lines = self.support_ticket.iter();
            let lines = lines.map(|line| vec![Inline::Foreign(line.clone())]);
            blocks.push(Block::List(lines.collect()));
        }
        Some(section("What the portal checks", blocks))
    }
}
