//! A domain of the tenant, and what uses it.

use crate::closure::id::ObjectId;

/// A domain of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its name, in lower case.
    pub name: String,
    /// The one that the tenant was made with: it cannot go.
    pub initial: bool,
    /// The one that new names are given in.
    pub default: bool,
    /// What uses it; `None`: was not asked.
    pub references: Option<References>,
}

/// What uses a domain.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct References {
    /// Users: their names or addresses are on it.
    pub users: Vec<ObjectId>,
    /// Groups.
    pub groups: u32,
    /// Applications.
    pub applications: u32,
    /// Anything else.
    pub others: u32,
}
