//! Losses: what dies with the tenant though Microsoft's procedure does not mention it, counted by kind.

use crate::closure::id::ObjectId;
use crate::closure::links;
use crate::closure::observation::{Agreement, Lifecycle, Observation, Subscription, Why};
use crate::closure::terms::Cloud;
use crate::closure::words::{bytes_in_words, thousands};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of loss, by the name under which it is accepted in `spec.accept`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum LossKind {
    /// Mailboxes (reports `getMailboxUsageMailboxCounts` and `getMailboxUsageStorage`).
    Mailboxes,
    /// `OneDrive` accounts (reports `getOneDriveUsageAccountCounts` and `getOneDriveUsageStorage`).
    OneDrive,
    /// `SharePoint` sites (reports `getSharePointSiteUsageSiteCounts` and `getSharePointSiteUsageStorage`).
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
    /// Resources in Azure subscriptions, of each subscription: it is canceled only if it is accepted by its id.
    AzureResources,
}

impl LossKind {
    /// All, as they are told.
    pub const ALL: [Self; 9] = [
        Self::Mailboxes,
        Self::OneDrive,
        Self::SharePoint,
        Self::IntuneDevices,
        Self::AutopilotDevices,
        Self::Applications,
        Self::Groups,
        Self::CustomDomains,
        Self::AzureResources,
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
            Self::AzureResources => "AzureResources",
        }
    }

    /// Usage reports tell how much data there is of it.
    pub const fn has_size(self) -> bool {
        matches!(self, Self::Mailboxes | Self::OneDrive | Self::SharePoint)
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
            Self::AzureResources => "resources in Azure subscriptions",
        }
    }

    /// What counts them: a permission of Microsoft Graph, or a role.
    pub const fn permission(self) -> &'static str {
        match self {
            Self::Mailboxes | Self::OneDrive | Self::SharePoint => "Reports.Read.All",
            Self::IntuneDevices => "DeviceManagementManagedDevices.Read.All",
            Self::AutopilotDevices => "DeviceManagementServiceConfig.Read.All",
            Self::Applications => "Application.Read.All",
            Self::Groups => "Group.Read.All",
            Self::CustomDomains => "Organization.Read.All",
            Self::AzureResources => {
                "an account AzureSubscription with the role Reader on each Azure subscription (without one it is shown none)"
            }
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
            Self::AzureResources => links::azure(cloud),
        }
    }
}

/// What was counted of one kind, or of one Azure subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The kind.
    pub kind: LossKind,
    /// The Azure subscription that it is in; `None` for every other kind, and for Azure subscriptions that nobody can list.
    pub subscription: Option<ObjectId>,
    /// How many; `Err` where nobody can tell, which never counts as none.
    pub count: Result<u64, Why>,
    /// How much data, in bytes; `None`: this kind has no size.
    pub bytes: Option<Result<u64, Why>>,
}

impl Loss {
    /// Of a kind that has no size, or of which none is known.
    pub const fn counted(kind: LossKind, count: Result<u64, Why>) -> Self {
        Self {
            kind,
            subscription: None,
            count,
            bytes: None,
        }
    }

    /// What an Azure subscription holds.
    pub const fn in_azure(subscription: ObjectId, count: Result<u64, Why>) -> Self {
        Self {
            subscription: Some(subscription),
            ..Self::counted(LossKind::AzureResources, count)
        }
    }

    /// There is something to lose, or nobody can tell. An Azure subscription is a loss of its own, empty or not.
    const fn is_some(&self) -> bool {
        let none = matches!((self.count, self.bytes), (Ok(0), None | Some(Ok(0))));
        self.subscription.is_some() || !none
    }

    /// Why the number, or the size, is unknown only for now; `None`: it is known, or stays unknown.
    pub fn unknown_for_now(&self) -> Option<Why> {
        let unknown = [self.count.err(), self.bytes.and_then(Result::err)];
        let passes = |why: &Why| matches!(why, Why::Unavailable | Why::Paused(_));
        unknown.into_iter().flatten().find(passes)
    }
}

/// What a plan tells of one kind, or of one Azure subscription. The digest is over these and not over numbers, which
/// change every day.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct PlannedLoss {
    /// The kind.
    pub kind: LossKind,
    /// The Azure subscription that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<ObjectId>,
    /// False where it could not be counted.
    pub counted: bool,
}

/// How many of a kind, or in an Azure subscription, there were when the plan was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LossCount {
    /// The kind.
    pub kind: LossKind,
    /// The Azure subscription that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<ObjectId>,
    /// How many; absent: it could not be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// How much data, in bytes. Absent for mailboxes, `OneDrive` and `SharePoint`: unknown. The other kinds have no size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// Of so many kinds and Azure subscriptions the numbers ride in the journal's memory and stand in status, the kinds first;
/// the plan's own record has all.
pub const SHOWN: usize = 30;

/// All that was counted, and each Azure subscription that is still there, counted or not; `None` where that is not known.
pub fn all(seen: &Observation) -> Option<Vec<Loss>> {
    let (losses, subscriptions) = (seen.losses.known()?, seen.subscriptions.known()?);
    Some(with_azure(losses, subscriptions))
}

/// Likewise, from what is known: a subscription that no count is told of is one that nobody can count.
pub fn with_azure(losses: &[Loss], subscriptions: &[Subscription]) -> Vec<Loss> {
    let mut all = losses.to_vec();
    let azure = subscriptions
        .iter()
        .filter(|one| one.agreement == Agreement::Azure && one.lifecycle != Lifecycle::Gone);
    for one in azure {
        if !all.iter().any(|loss| loss.subscription == Some(one.id)) {
            all.push(Loss::in_azure(one.id, Err(Why::Unsupported)));
        }
    }
    all
}

/// What the plan names: kinds of which there is something, or that nobody can count, and Azure subscriptions; sorted.
pub fn planned(losses: &[Loss]) -> Vec<PlannedLoss> {
    let there = losses.iter().filter(|loss| loss.is_some());
    let mut planned: Vec<PlannedLoss> = there
        .map(|loss| PlannedLoss {
            kind: loss.kind,
            subscription: loss.subscription,
            counted: loss.count.is_ok(),
        })
        .collect();
    planned.sort_unstable();
    planned.dedup();
    planned
}

/// The numbers that go with them.
pub fn counts(seen: &Observation) -> Vec<LossCount> {
    let all = all(seen).unwrap_or_default();
    let there = all.iter().filter(|loss| loss.is_some());
    there
        .map(|loss| LossCount {
            kind: loss.kind,
            subscription: loss.subscription,
            count: loss.count.ok(),
            bytes: loss.bytes.and_then(Result::ok),
        })
        .collect()
}

impl LossCount {
    /// `912 mailboxes (1.2 TiB)`, `an unknown number of groups`; of Azure without the subscription's id.
    pub fn words(&self) -> String {
        let number = self
            .count
            .map_or_else(|| "an unknown number of".to_owned(), thousands);
        let what = match self.subscription {
            Some(_) => "resources in the Azure subscription",
            None => self.kind.words(),
        };
        format!("{number} {what}{}", self.size())
    }

    /// ` (1.2 TiB)`; empty for a kind that has no size.
    pub fn size(&self) -> String {
        match self.bytes {
            Some(bytes) => format!(" ({})", bytes_in_words(bytes)),
            None if self.kind.has_size() => " (size unknown)".to_owned(),
            None => String::new(),
        }
    }
}
