//! Who is in the recycle bin already when a plan is made: nobody empties it, and it empties itself.

use crate::closure::words::count;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// For so long a deleted user can be restored.
/// Source: learn.microsoft.com `entra/fundamentals/users-restore`.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Users who were deleted before, by whomever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecycleBin {
    /// How many.
    pub users: u32,
    /// When the last of them was deleted; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Timestamp>,
}

impl RecycleBin {
    /// Until when the last of them can be restored, as long as the directory is there.
    pub fn until(self) -> Option<Timestamp> {
        self.newest?.checked_add(KEPT).ok()
    }

    /// In words: how many, and until when the last of them can be restored.
    pub fn words(self) -> String {
        let users = count(self.users, "user");
        self.until().map_or_else(
            || users.clone(),
            |at| format!("{users}, the last until {}", at.strftime("%Y-%m-%d")),
        )
    }
}
