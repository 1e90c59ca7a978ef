//! Supplementary plans: who came after the plan was made, planned and approved on their own. The plan that was approved
//! stays what it is, and stays in force.

use crate::closure::id::ObjectId;
use crate::closure::plan::hex;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// So many supplements are kept of one plan: what keeps adding users must be stopped, not followed.
pub const MOST: usize = 50;

/// A sealed supplement: the difference, and nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct Supplement {
    /// Everything but the users.
    pub head: SupplementHead,
    /// Users to delete, sorted; a Global administrator is never among them.
    pub users: Vec<ObjectId>,
    /// SHA-256 over head and users, hexadecimal: what an approval of it names.
    pub digest: String,
}

/// The part of a supplement that is small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SupplementHead {
    /// Digest of the plan that it supplements.
    #[schemars(length(max = 64))]
    pub supplements: String,
    /// Its place among the supplements of that plan, from 1; one that replaces another has a higher one.
    pub ordinal: u32,
    /// The tenant.
    pub tenant_id: ObjectId,
    /// Users to delete: how many.
    pub user_count: u32,
}

/// The supplements of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Supplements {
    /// Those that have begun, oldest first: each was approved.
    pub begun: Vec<Arc<Supplement>>,
    /// The one that has not begun: it waits for its approval, or for its turn.
    pub open: Option<Arc<Supplement>>,
}

impl Supplements {
    /// Of a plan to which nothing was added.
    pub const NONE: Self = Self {
        begun: Vec::new(),
        open: None,
    };

    /// All of them, the open one last.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Supplement>> {
        self.begun.iter().chain(&self.open)
    }

    /// The one of this ordinal.
    pub fn get(&self, ordinal: u32) -> Option<&Arc<Supplement>> {
        self.all().find(|one| one.head.ordinal == ordinal)
    }

    /// The ordinal of the one that has begun and names this user.
    pub fn naming(&self, id: ObjectId) -> Option<u32> {
        let found = self.begun.iter().find(|one| one.names(id));
        found.map(|one| one.head.ordinal)
    }

    /// Does this user stand in the one that has not begun?
    pub fn awaits(&self, id: ObjectId) -> bool {
        self.open.as_ref().is_some_and(|open| open.names(id))
    }
}

/// A supplement in memory: which it is, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SupplementRef {
    /// SHA-256 over it, hexadecimal.
    #[schemars(length(max = 64))]
    pub digest: String,
    /// Its place.
    pub ordinal: u32,
    /// How many chunks hold it.
    pub chunks: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// How many users it names.
    pub users: u32,
    /// How many of them, in its order, have been in a slice. None: it has not begun, and a newer difference replaces it.
    #[serde(default, skip_serializing_if = "crate::closure::memory::is_zero")]
    pub cursor: u32,
}

impl SupplementRef {
    /// True once an effect was carried out under it: then it was approved, and it stays.
    pub const fn begun(&self) -> bool {
        self.cursor > 0
    }
}

impl Supplement {
    /// Seals: sorts the users and computes the digest.
    pub fn seal(mut head: SupplementHead, mut users: Vec<ObjectId>) -> Self {
        users.sort_unstable();
        users.dedup();
        head.user_count = u32::try_from(users.len()).unwrap_or(u32::MAX);
        let digest = digest(&head, &users);
        Self {
            head,
            users,
            digest,
        }
    }

    /// Is this user among those to delete?
    pub fn names(&self, id: ObjectId) -> bool {
        self.users.binary_search(&id).is_ok()
    }
}

/// SHA-256 over the head's JSON (field order is fixed by its type) and the 16 bytes of each user in order. No plan has the
/// digest of a supplement: their heads begin with other fields.
pub fn digest(head: &SupplementHead, users: &[ObjectId]) -> String {
    let mut hasher = Sha256::new();
    // It holds no map and no float: serializing it cannot fail.
    hasher.update(serde_json::to_vec(head).unwrap_or_default());
    for id in users {
        hasher.update(id.0.as_bytes());
    }
    hex(&hasher.finalize())
}
