//! What Microsoft was asked for and does in its own time, as the journal knows it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A request that takes effect later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// When.
    pub at: Timestamp,
    /// Microsoft's error code where it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub refused: Option<String>,
    /// How often in a row Microsoft accepted it, this time included.
    #[serde(default, skip_serializing_if = "crate::closure::memory::is_zero")]
    pub accepted: u32,
}

impl Asked {
    /// After it was asked for once more, accepted or refused.
    pub(crate) fn again(before: Option<&Self>, once_more: Self) -> Self {
        let before = before.map_or(0, |asked| asked.accepted);
        Self {
            accepted: match once_more.refused {
                Some(_) => 0,
                None => before.saturating_add(1),
            },
            ..once_more
        }
    }
}
