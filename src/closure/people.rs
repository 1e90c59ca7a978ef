//! Users as they are seen: all of them, or who came lately.

use crate::closure::id::ObjectId;
use crate::closure::observation::Fact;

/// A complete listing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Users {
    /// All ids, sorted.
    pub ids: Vec<ObjectId>,
    /// How many are guests.
    pub guests: u32,
    /// How many are synced.
    pub synced: u32,
    /// Who of them holds Global Administrator or may take it up, and what else does as a member of a group; sorted. In a fact
    /// of its own: to read who is in a group takes a permission of its own.
    pub global_administrators: Fact<Vec<ObjectId>>,
}

/// Who came since the tracking of changes began.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Newcomers {
    /// Made or restored since then, and not seen to go; sorted.
    pub ids: Vec<ObjectId>,
    /// Changes were missed: only a listing tells.
    pub lost: bool,
}
