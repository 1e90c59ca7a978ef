//! Service principals that go with something else, and not by being deleted: what a person does about each.

use crate::closure::decision::{Blocker, Dates};
use crate::closure::id::ObjectId;
use crate::closure::links;
use crate::closure::observation::Observation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Such a service principal. Known by its application id where that is the same in every tenant, else by its name.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Special {
    /// `LinkedIn` account connections (check C5).
    LinkedIn,
    /// Azure DevOps: an organization may be connected to the directory.
    AzureDevOps,
    /// Microsoft Entra Connect, which synchronizes from Active Directory.
    DirectorySync,
    /// Managed identities, each of which belongs to an Azure resource.
    ManagedIdentity,
}

/// Azure DevOps in every tenant.
/// Source: learn.microsoft.com `azure/devops/integrate/get-started/authentication/service-principal-managed-identity`.
const AZURE_DEV_OPS: ObjectId = ObjectId(uuid::uuid!("499b84ac-1321-427f-aa17-267ca6975798"));

/// Microsoft Entra AD Synchronization Service in every tenant. Source: the cmdlet `Set-EntraDirSyncEnabled`.
const DIRECTORY_SYNC: ObjectId = ObjectId(uuid::uuid!("6bf85cfa-ac8a-4be5-b5de-425a0d0dc016"));

impl Special {
    /// Which of them an application is, by its application id and its name.
    pub fn of(app_id: Option<ObjectId>, name: &str) -> Option<Self> {
        match app_id {
            Some(AZURE_DEV_OPS) => Some(Self::AzureDevOps),
            Some(DIRECTORY_SYNC) => Some(Self::DirectorySync),
            // `O365 LinkedIn Connection`, or `Connector`.
            _ => name
                .to_ascii_lowercase()
                .contains("linkedin connect")
                .then_some(Self::LinkedIn),
        }
    }

    /// What it is, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::LinkedIn => "LinkedIn account connections",
            Self::AzureDevOps => "Azure DevOps",
            Self::DirectorySync => "Microsoft Entra Connect",
            Self::ManagedIdentity => "managed identities of Azure resources",
        }
    }

    /// What a person does.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::LinkedIn => {
                "Under Users, User settings set LinkedIn account connections to No: its service principal goes with the setting"
            }
            Self::AzureDevOps => {
                "If an Azure DevOps organization is connected to this directory, disconnect it (Organization settings, Microsoft \
                 Entra, Disconnect directory) or delete the organization: its application cannot be removed before"
            }
            Self::DirectorySync => {
                "Once directory sync is off, delete it among the enterprise applications; it comes back where sync is switched on again"
            }
            Self::ManagedIdentity => {
                "Each goes with its Azure resource: delete the resource, or its subscription. Where the portal still names one among the \
                 enterprise applications, set Enabled for users to sign-in to No"
            }
        }
    }

    /// Where.
    pub const fn link(self) -> &'static str {
        match self {
            Self::LinkedIn => links::LINKEDIN,
            Self::AzureDevOps => links::DISCONNECT_DEVOPS,
            Self::DirectorySync => links::SYNC_OFF,
            Self::ManagedIdentity => links::APPLICATIONS_THAT_STAY,
        }
    }
}

/// Those that are there, for the status: nobody can tell whether they keep the portal from deleting the tenant.
pub fn blockers(seen: &Observation) -> Vec<Blocker> {
    let all = seen.applications.known().map_or(&[][..], Vec::as_slice);
    let there: BTreeSet<Special> = all.iter().filter_map(|one| one.special).collect();
    let row = |one: Special| Blocker {
        check: format!("Application {}", one.words()),
        state: "unknown",
        remedy: one.remedy().to_owned(),
        link: one.link().to_owned(),
        who: "person",
        dates: Dates::default(),
    };
    there.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_known_by_its_id_or_its_name() {
        let other = ObjectId(uuid::Uuid::from_u128(7));
        for (app_id, name, special) in [
            (Some(AZURE_DEV_OPS), "Anything", Some(Special::AzureDevOps)),
            (Some(DIRECTORY_SYNC), "", Some(Special::DirectorySync)),
            (
                Some(other),
                "O365 LinkedIn Connection",
                Some(Special::LinkedIn),
            ),
            (None, "o365 linkedin connector", Some(Special::LinkedIn)),
            (Some(other), "LinkedIn", None),
            (None, "", None),
        ] {
            assert_eq!(Special::of(app_id, name), special, "{name}");
        }
    }
}
