//! Microsoft Graph: one file for each thing that is read or changed there.

pub(super) mod administrators;
pub(super) mod applications;
pub(super) mod delta;
pub(super) mod domains;
pub(super) mod ends;
pub(super) mod external;
pub(super) mod groups;
pub(super) mod identity;
pub(super) mod inventory;
pub(super) mod losses;
pub(super) mod methods;
pub(super) mod mfa;
pub(super) mod objects;
pub(super) mod organization;
pub(super) mod policies;
pub(super) mod recycle_bin;
pub(super) mod roles;
pub(super) mod subscriptions;
pub(super) mod units;
pub(super) mod users;

/// The stable version of Graph.
pub(super) const STABLE: &str = "v1.0";

/// The beta version: only where the stable one has no such thing.
pub(super) const BETA: &str = "beta";

/// The largest page that Graph gives.
pub(super) const PAGE: &str = "999";
