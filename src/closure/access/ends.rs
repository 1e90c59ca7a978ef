//! Ends: until when what the identity signs in with, and the roles that it holds, last.

use crate::closure::id::ObjectId;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Until when they last, as the tenant tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// What it signs in with.
    pub credential: Credential,
    /// Directory roles of the service principal that end, by template id; `None`: that may not be read.
    pub roles: Option<BTreeMap<ObjectId, Timestamp>>,
}

/// What it signs in with, and the ends of those registered that can be the one in use; none: nobody tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Federation with the cluster: it has no end.
    Federated,
    /// A client secret.
    Secret(Vec<Timestamp>),
    /// A certificate.
    Certificate(Vec<Timestamp>),
}

impl Credential {
    /// As it is told; `None`: it has no end.
    pub const fn words(&self) -> Option<&'static str> {
        match self {
            Self::Federated => None,
            Self::Secret(_) => Some("the client secret"),
            Self::Certificate(_) => Some("the certificate"),
        }
    }

    /// When it ends at the earliest. What has ended by `now` is not the one in use: with that one nothing was read.
    pub fn ends(&self, now: Timestamp) -> Option<Timestamp> {
        let (Self::Secret(all) | Self::Certificate(all)) = self else {
            return None;
        };
        all.iter().copied().filter(|end| *end > now).min()
    }
}
