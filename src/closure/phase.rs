//! The phase word, and the names of all conditions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The phase word of a closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Phase {
    /// A plan is being made.
    Planning,
    /// Planned, and nothing more was asked for.
    Planned,
    /// Persons must approve.
    AwaitingApproval,
    /// Effects are under way.
    Running,
    /// A rule of Microsoft's takes its time.
    Waiting,
    /// A person must do something that no program can.
    AwaitingHandOff,
    /// Paused by its author.
    Suspended,
    /// Blocked: a person must change something.
    Stalled,
    /// The tenant is gone.
    Closed,
}

/// All condition types, in the order in which they are shown; some only where they are asked for ([`crate::closure::conditions::shown`]).
pub const CONDITIONS: [&str; 15] = [
    "Ready",
    "Reconciling",
    "Stalled",
    "PreconditionsMet",
    "Approved",
    "RenewalStopped",
    "DirectorySyncDisabled",
    "UsersDeleted",
    "DomainsReleased",
    "SubscriptionsCanceled",
    "SubscriptionsDeleted",
    "MFADisabled",
    "DeletionChecksPassed",
    "DirectoryDeleted",
    "Closed",
];
