//! Losses: what dies with the tenant though Microsoft's procedure does not mention it, counted by kind.

use crate::closure::links;
use crate::closure::observation::{Fact, Why};
use crate::closure::terms::Cloud;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of loss, by the name under which it is accepted in `spec.accept`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum LossKind {
    /// Mailboxes (report `getMailboxUsageMailboxCounts`).
    Mailboxes,
    /// `OneDrive` accounts (report `getOneDriveUsageAccountCounts`).
    OneDrive,
    /// `SharePoint` sites (report `getSharePointSiteUsageSiteCounts`).
    SharePoint,
    /// Devices that Intune manages.
    IntuneDevices,
    /// Devices registered with Windows Autopilot: until they are taken out they join no other tenant.
    AutopilotDevices,
    /// Applications that others sign in to (multi-tenant or personal accounts), or that use SAML.
    Applications,
    /// Groups, those of Microsoft 365 and Teams among them.
    Groups,
    /// Custom domains: another tenant can use them only once they are free.
    CustomDomains,
}

impl LossKind {
    /// All, as they are told.
    pub const ALL: [Self; 8] = [
        Self::Mailboxes,
        Self::OneDrive,
        Self::SharePoint,
        Self::IntuneDevices,
        Self::AutopilotDevices,
        Self::Applications,
        Self::Groups,
        Self::CustomDomains,
    ];

    /// Its name in `spec.accept`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mailboxes => "Mailboxes",
            Self::OneDrive => "OneDrive",
            Self::SharePoint => "SharePoint",
            Self::IntuneDevices => "IntuneDevices",
            Self::AutopilotDevices => "AutopilotDevices",
            Self::Applications => "Applications",
            Self::Groups => "Groups",
            Self::CustomDomains => "CustomDomains",
        }
    }

    /// What is lost, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Mailboxes => "mailboxes",
            Self::OneDrive => "OneDrive accounts",
            Self::SharePoint => "SharePoint sites",
            Self::IntuneDevices => "devices managed by Intune",
            Self::AutopilotDevices => "devices registered with Windows Autopilot",
            Self::Applications => "applications with SAML or users of other organizations",
            Self::Groups => "groups",
            Self::CustomDomains => "custom domains",
        }
    }

    /// The permission of Microsoft Graph that counts them.
    pub const fn permission(self) -> &'static str {
        match self {
            Self::Mailboxes | Self::OneDrive | Self::SharePoint => "Reports.Read.All",
            Self::IntuneDevices => "DeviceManagementManagedDevices.Read.All",
            Self::AutopilotDevices => "DeviceManagementServiceConfig.Read.All",
            Self::Applications => "Application.Read.All",
            Self::Groups => "Group.Read.All",
            Self::CustomDomains => "Organization.Read.All",
        }
    }

    /// The page on which a person sees what no program could count.
    pub const fn link(self, cloud: Cloud) -> &'static str {
        match self {
            Self::Mailboxes | Self::OneDrive | Self::SharePoint => links::usage_reports(cloud),
            Self::IntuneDevices | Self::AutopilotDevices => links::devices(cloud),
            Self::Applications => links::applications(cloud),
            Self::Groups => links::groups(cloud),
            Self::CustomDomains => links::domains(cloud),
        }
    }
}

/// One kind as it was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The kind.
    pub kind: LossKind,
    /// How many; `Err` where nobody can tell, which never counts as none.
    pub count: Result<u64, Why>,
}

impl Loss {
    /// There is something to lose, or nobody can tell.
    const fn is_some(&self) -> bool {
        !matches!(self.count, Ok(0))
    }
}

/// What a plan tells of one kind. The digest is over these: kinds, not numbers, which change every day.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct PlannedLoss {
    /// The kind.
    pub kind: LossKind,
    /// False where it could not be counted.
    pub counted: bool,
}

/// How many of a kind there were when the plan was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LossCount {
    /// The kind.
    pub kind: LossKind,
    /// How many; absent: it could not be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// What the plan names: kinds of which there is something, or that nobody can count; sorted.
pub fn planned(losses: &[Loss]) -> Vec<PlannedLoss> {
    let there = losses.iter().filter(|loss| loss.is_some());
    let mut planned: Vec<PlannedLoss> = there
        .map(|loss| PlannedLoss {
            kind: loss.kind,
            counted: loss.count.is_ok(),
        })
        .collect();
    planned.sort_unstable();
    planned.dedup();
    planned
}

/// The numbers that go with them.
pub fn counts(losses: &Fact<Vec<Loss>>) -> Vec<LossCount> {
    let all = losses.known().map_or(&[][..], Vec::as_slice);
    let there = all.iter().filter(|loss| loss.is_some());
    there
        .map(|loss| LossCount {
            kind: loss.kind,
            count: loss.count.ok(),
        })
        .collect()
}
