//! What is known of what goes, where an inventory is wanted.

use super::Lines;
use crate::api::status::TenantClosureStatus;
use crate::closure::steps::inventory;
use crate::plugin::words;

/// What is written down of what goes, where an inventory is wanted.
pub(super) fn tell(status: &TenantClosureStatus, lines: &mut Lines) {
    let Some(told) = status.inventory.as_ref().map(inventory::told) else {
        return;
    };
    lines.title("What is known of what goes");
    for line in words::wrap(&told) {
        lines.below(&line);
    }
}
