//! The steps of Microsoft's procedure "Close your account", in its order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A step. Its order is data ([`Step::ORDER`]); no step goes back.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Step {
    /// Backup acknowledged, roles held, plan made and approved.
    Preconditions,
    /// Directory sync off, then every user but the retained administrator(s) deleted.
    Users,
    /// Every active subscription canceled.
    CancelSubscriptions,
    /// Every disabled subscription deleted.
    DeleteSubscriptions,
    /// Per-user MFA off for every account but the retained administrator.
    #[serde(rename = "DisableMFA")]
    DisableMfa,
    /// The delete-tenant checks, then the directory itself.
    DeleteDirectory,
}

impl Step {
    /// All steps, first to last.
    pub const ORDER: [Self; 6] = [
        Self::Preconditions,
        Self::Users,
        Self::CancelSubscriptions,
        Self::DeleteSubscriptions,
        Self::DisableMfa,
        Self::DeleteDirectory,
    ];

    /// The number the procedure gives it: 0 to 5.
    pub const fn number(self) -> u8 {
        match self {
            Self::Preconditions => 0,
            Self::Users => 1,
            Self::CancelSubscriptions => 2,
            Self::DeleteSubscriptions => 3,
            Self::DisableMfa => 4,
            Self::DeleteDirectory => 5,
        }
    }

    /// The word used in status, metrics and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Preconditions => "Preconditions",
            Self::Users => "Users",
            Self::CancelSubscriptions => "CancelSubscriptions",
            Self::DeleteSubscriptions => "DeleteSubscriptions",
            Self::DisableMfa => "DisableMFA",
            Self::DeleteDirectory => "DeleteDirectory",
        }
    }

    /// The conditions that this step turns True, in the order in which it does.
    pub const fn conditions(self) -> &'static [&'static str] {
        match self {
            Self::Preconditions => &["PreconditionsMet", "Approved"],
            Self::Users => &["RenewalStopped", "DirectorySyncDisabled", "UsersDeleted"],
            Self::CancelSubscriptions => &["DomainsReleased", "SubscriptionsCanceled"],
            Self::DeleteSubscriptions => &["SubscriptionsDeleted"],
            Self::DisableMfa => &["MFADisabled"],
            Self::DeleteDirectory => &["DeletionChecksPassed", "DirectoryDeleted", "Closed"],
        }
    }
}
