//! Users as they are seen: all of them, or who came lately.

use crate::closure::id::ObjectId;

/// A complete listing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Users {
    /// All ids, sorted.
    pub ids: Vec<ObjectId>,
    /// How many are guests.
    pub guests: u32,
    /// How many are synced.
    pub synced: u32,
    /// Who of them holds Global Administrator or may take it up, sorted.
    pub global_administrators: Vec<ObjectId>,
}

/// Who came since the tracking of changes began.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Newcomers {
    /// Made or restored since then, and not seen to go; sorted.
    pub ids: Vec<ObjectId>,
    /// Changes were missed: only a listing tells.
    pub lost: bool,
}
