//! Object ids: what Microsoft names its objects by, 16 bytes each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of a directory object or a subscription. Users are never named otherwise: names change and are personal.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ObjectId(pub Uuid);

impl ObjectId {
    /// Reads the usual form with dashes, in any case. `None` where the text is no GUID.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }

    /// The id under which a domain stands in intents and outcomes: domains have names and no ids, so it is made of the
    /// name in lower case (UUID version 5 in the DNS namespace).
    pub fn of_domain(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        Self(Uuid::new_v5(&Uuid::NAMESPACE_DNS, name.as_bytes()))
    }
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}
