//! Intent and outcome: what the next effect will be, and what was seen after it. Both go into the journal.

use crate::closure::id::ObjectId;
use crate::closure::observation::Why;
use crate::closure::residue::Residue;
use crate::closure::step::Step;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kinds of effect (and of recorded reading).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Action {
    /// `PATCH /organization/{id}` with `onPremisesSyncEnabled: false`.
    SwitchSyncOff,
    /// `DELETE /users/{id}` for each object.
    DeleteUsers,
    /// No effect: a complete listing of users, compared with the plan and recorded.
    VerifyUsers,
    /// Ends a subscription through the account that covers it.
    CancelSubscription,
    /// Recurring billing off, where a cancellation is no longer allowed.
    StopRenewal,
    /// `PATCH /domains/{initial}` with `isDefault: true`.
    MakeDomainDefault,
    /// `DELETE /domains/{name}`.
    ReleaseDomain,
    /// `POST /domains/{name}/forceDelete`: groups and applications that use it are renamed, no account is disabled.
    ForceReleaseDomain,
    /// `PATCH …/authentication/requirements` with `perUserMfaState: disabled` for each object.
    #[serde(rename = "DisableMFA")]
    DisableMfa,
    /// `PATCH …/identitySecurityDefaultsEnforcementPolicy` with `isEnabled: false`; its object is the tenant.
    DisableSecurityDefaults,
    /// `PATCH …/conditionalAccess/policies/{id}` with `state: disabled` for each object, one a second.
    DisablePolicies,
    /// `DELETE` of applications and service principals.
    RemoveApplications,
    /// `PATCH /servicePrincipals/{id}` with `accountEnabled: false` for each object: planned ones whose deletion was refused.
    DisableApplications,
    /// `DELETE` of our own registration and service principal: the last call that we can make.
    RemoveOwnIdentity,
    /// ARM `DELETE` of an External ID or B2C directory.
    DeleteDirectory,
    /// No effect: outside reads of three kinds, at different times, recorded.
    VerifyDirectoryGone,
}

impl Action {
    /// True where nothing in the tenant changes.
    pub const fn reads_only(self) -> bool {
        matches!(self, Self::VerifyUsers | Self::VerifyDirectoryGone)
    }

    /// True where what it takes away does not come back by asking for it.
    pub const fn destroys(self) -> bool {
        match self {
            Self::DeleteUsers
            | Self::CancelSubscription
            | Self::ReleaseDomain
            | Self::ForceReleaseDomain
            | Self::RemoveApplications
            | Self::RemoveOwnIdentity
            | Self::DeleteDirectory => true,
            Self::SwitchSyncOff
            | Self::VerifyUsers
            | Self::StopRenewal
            | Self::MakeDomainDefault
            | Self::DisableMfa
            | Self::DisableSecurityDefaults
            | Self::DisablePolicies
            | Self::DisableApplications
            | Self::VerifyDirectoryGone => false,
        }
    }

    /// True where each object costs one write of Graph's quota for this tenant.
    pub const fn spends_writes(self) -> bool {
        matches!(
            self,
            Self::SwitchSyncOff
                | Self::DeleteUsers
                | Self::DisableMfa
                | Self::DisableSecurityDefaults
                | Self::DisablePolicies
                | Self::RemoveApplications
                | Self::DisableApplications
                | Self::RemoveOwnIdentity
        )
    }

    /// The word used in status, metrics and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SwitchSyncOff => "SwitchSyncOff",
            Self::DeleteUsers => "DeleteUsers",
            Self::VerifyUsers => "VerifyUsers",
            Self::CancelSubscription => "CancelSubscription",
            Self::StopRenewal => "StopRenewal",
            Self::MakeDomainDefault => "MakeDomainDefault",
            Self::ReleaseDomain => "ReleaseDomain",
            Self::ForceReleaseDomain => "ForceReleaseDomain",
            Self::DisableMfa => "DisableMFA",
            Self::DisableSecurityDefaults => "DisableSecurityDefaults",
            Self::DisablePolicies => "DisablePolicies",
            Self::RemoveApplications => "RemoveApplications",
            Self::DisableApplications => "DisableApplications",
            Self::RemoveOwnIdentity => "RemoveOwnIdentity",
            Self::DeleteDirectory => "DeleteDirectory",
            Self::VerifyDirectoryGone => "VerifyDirectoryGone",
        }
    }
}

/// One bounded effect: exact ids, never a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// The step it belongs to.
    pub step: Step,
    /// What is done.
    pub action: Action,
    /// To which objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 400))]
    pub objects: Vec<ObjectId>,
    /// The supplement that names the objects; absent: the plan itself does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplement: Option<u32>,
    /// ARM id, where the effect goes through ARM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub resource: Option<String>,
    /// The domain, where the effect is on one; its object is made of this name ([`ObjectId::of_domain`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub domain: Option<String>,
    /// Applications that stay behind where our own goes: nobody can look afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub residue: Vec<Residue>,
}

/// Objects that were refused with one error code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// Microsoft's error code (never its message).
    #[schemars(length(max = 128))]
    pub code: String,
    /// HTTP status.
    pub status: u16,
    /// Who.
    #[schemars(length(max = 400))]
    pub objects: Vec<ObjectId>,
}

/// What was seen after an effect: counts, and the exceptions by id.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Objects seen gone (or, where the effect is no delete, seen changed as intended).
    pub gone: u32,
    /// Accepted, but a reader still shows them: a replica lags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 400))]
    pub visible: Vec<ObjectId>,
    /// Refused, by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub refused: Vec<Refusal>,
    /// No answer, and still there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 400))]
    pub unanswered: Vec<ObjectId>,
    /// Of a listing: planned users still shown (at most one slice of them).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 400))]
    pub remaining: Vec<ObjectId>,
    /// Of a listing: how many planned users are still shown in all.
    #[serde(default)]
    pub remaining_count: u32,
    /// Of a listing: users who are neither planned nor allowed to stay.
    #[serde(default)]
    pub strangers: u32,
    /// Of a listing: users of the supplement that has not begun.
    #[serde(default, skip_serializing_if = "crate::closure::memory::is_zero")]
    pub awaiting: u32,
    /// False where the settling read itself got no complete answer: nothing is proven by this outcome.
    pub complete: bool,
    /// Why it is not complete; not stored, as only what is complete is.
    #[serde(skip)]
    pub unread: Option<Why>,
    /// HTTP requests spent; a `$batch` is one.
    #[serde(default)]
    pub requests: u32,
    /// Items answered 429.
    #[serde(default)]
    pub throttled: u32,
    /// How many requests the effect sent with a `client-request-id` that follows from the record's `effectId`: UUID version 5
    /// of the number, from 0. Those that settled it, and requests for a token, have ids of their own. Absent where another
    /// process settled it: then nobody counted.
    #[serde(default, skip_serializing_if = "crate::closure::memory::is_zero")]
    pub numbered: u32,
    /// `client-request-id` of the first requests that brought a refusal or no answer: what Microsoft's support asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    pub request_ids: Vec<uuid::Uuid>,
}

impl Outcome {
    /// Most request ids in one outcome.
    pub const MOST_REQUEST_IDS: usize = 5;

    /// Microsoft took something of it: it is gone, or was accepted and does not show yet.
    pub fn moved(&self) -> bool {
        self.gone > 0 || !self.visible.is_empty()
    }
}
