//! Until when data can be brought back, and how: of the data, not only of the object that holds it. The plan tells it
//! before anybody approves, the report with dates.

use crate::closure::links;
use crate::closure::loss::LossKind;
use crate::closure::step::Step;

/// A kind of data, by what it goes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// Users with their properties and memberships.
    Users,
    /// What is in mailboxes.
    Mailboxes,
    /// What is in `OneDrive`.
    OneDrive,
    /// What is in `SharePoint`, with the files of Teams.
    SharePoint,
    /// What else belongs to subscriptions under an agreement.
    UnderAgreement,
    /// What is in Azure subscriptions.
    AzureResources,
    /// Applications and service principals that are removed.
    Applications,
    /// Domains that are released.
    Domains,
    /// Groups, device registrations and everything else that only the directory holds.
    Rest,
}

/// What the time is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Its user is deleted, in step 1.
    UserDeleted,
    /// Its subscription is canceled, in step 2.
    Canceled,
    /// It is removed, in step 5.
    Removed,
}

/// How its subscriptions were bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Bought {
    /// Some directly from Microsoft.
    pub directly: bool,
    /// Some under a Customer Agreement, from a partner or under an enterprise agreement.
    pub under_agreement: bool,
}

/// How one kind of data can be brought back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restore {
    /// From when on, and for how many days the first and the last of it are kept; `None`: it cannot be restored once it goes.
    pub kept: Option<(After, [u16; 2])>,
    /// By what means; where it cannot be restored, what is left to do before.
    pub means: &'static str,
    /// After this step no more, whatever the days say.
    pub ends_with: Step,
    /// What of that step ends it.
    pub because: &'static str,
    /// Microsoft's page.
    pub source: &'static str,
}

/// A deleted user, his mailbox and his assignments are kept for 30 days: `graph/api/user-delete`.
const USERS: &str = "https://learn.microsoft.com/graph/api/user-delete";
/// A mailbox comes back with its user within 30 days, and with a license:
/// `exchange/recipients-in-exchange-online/delete-or-restore-mailboxes`.
const MAILBOXES: &str = "https://learn.microsoft.com/exchange/recipients-in-exchange-online/delete-or-restore-mailboxes";
/// The `OneDrive` of a deleted user is kept for 30 days, or longer where the tenant says so (up to 3650), then for 93 in the
/// recycle bin: `sharepoint/retention-and-deletion`.
const ONE_DRIVE: &str = "https://learn.microsoft.com/sharepoint/retention-and-deletion";
/// Data may be deleted 90 days after the cancellation, and is 180 days after it; to delete a subscription that was bought
/// directly removes the content of `SharePoint` and `OneDrive` at once:
/// `microsoft-365/commerce/subscriptions/what-if-my-subscription-expires`.
const SUBSCRIPTIONS: &str = "https://learn.microsoft.com/microsoft-365/commerce/subscriptions/what-if-my-subscription-expires";
/// Kept for 30 to 90 days after the cancellation: `cost-management-billing/manage/cancel-azure-subscription`.
const AZURE: &str =
    "https://learn.microsoft.com/azure/cost-management-billing/manage/cancel-azure-subscription";
/// Deleted applications are kept for 30 days: `graph/api/directory-deleteditems-restore`.
const DELETED_ITEMS: &str = "https://learn.microsoft.com/graph/api/directory-deleteditems-restore";
/// A removed domain can be added again, to any tenant: `microsoft-365/admin/get-help-with-domains/remove-a-domain`.
const DOMAINS: &str =
    "https://learn.microsoft.com/microsoft-365/admin/get-help-with-domains/remove-a-domain";

/// Microsoft documents no way to restore a deleted directory.
const DIRECTORY: &str = "the directory is deleted";
const DELETED_DIRECTLY: &str =
    "deleting a subscription that was bought directly removes the content at once";

impl Data {
    /// All, in the order in which they go.
    pub const ALL: [Self; 9] = [
        Self::Users,
        Self::Mailboxes,
        Self::OneDrive,
        Self::SharePoint,
        Self::UnderAgreement,
        Self::AzureResources,
        Self::Applications,
        Self::Domains,
        Self::Rest,
    ];

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Mailboxes => "mailboxes",
            Self::OneDrive => "OneDrive content",
            Self::SharePoint => "SharePoint content",
            Self::UnderAgreement => "other subscription data",
            Self::AzureResources => "Azure resources",
            Self::Applications => "applications",
            Self::Domains => "released domains",
            Self::Rest => "groups, devices, the rest",
        }
    }

    /// The kind of loss under which it is counted, where it is.
    pub const fn kind(self) -> Option<LossKind> {
        match self {
            Self::Mailboxes => Some(LossKind::Mailboxes),
            Self::OneDrive => Some(LossKind::OneDrive),
            Self::SharePoint => Some(LossKind::SharePoint),
            Self::AzureResources => Some(LossKind::AzureResources),
            _ => None,
        }
    }

    /// Until when and how it can be brought back, by how the subscriptions were bought. Where some were bought directly,
    /// the content counts as theirs: nobody can tell to which subscription it belongs.
    pub const fn restore(self, bought: Bought) -> Restore {
        let with_the_directory = Restore {
            kept: None,
            means: "save what is needed before step 5",
            ends_with: Step::DeleteDirectory,
            because: DIRECTORY,
            source: links::DELETE_TENANT,
        };
        match self {
            Self::Users => Restore {
                kept: Some((After::UserDeleted, [30, 30])),
                means: "restore the user from the recycle bin: Deleted users in the Entra or Microsoft 365 admin center",
                source: USERS,
                ..with_the_directory
            },
            Self::Mailboxes => Restore {
                kept: Some((After::UserDeleted, [30, 30])),
                means: "restore the user from the recycle bin, with a license for Exchange: steps 2 and 3 take those away, and it takes a new one then",
                source: MAILBOXES,
                ..with_the_directory
            },
            Self::OneDrive => one_drive(bought, with_the_directory),
            Self::SharePoint => share_point(bought, with_the_directory),
            Self::UnderAgreement => Restore {
                kept: Some((After::Canceled, [90, 180])),
                means: "an administrator reads it, or buys the subscription again",
                source: SUBSCRIPTIONS,
                ..with_the_directory
            },
            Self::AzureResources => Restore {
                kept: Some((After::Canceled, [30, 90])),
                means: "reactivate the subscription in the Azure portal, or through support",
                ends_with: Step::DeleteSubscriptions,
                because: "a person deletes the canceled Azure subscription",
                source: AZURE,
            },
            Self::Applications => Restore {
                kept: Some((After::Removed, [30, 30])),
                means: "restore the application from the recycle bin: App registrations, Deleted applications",
                source: DELETED_ITEMS,
                ..with_the_directory
            },
            Self::Domains => Restore {
                means: "add the domain again, to any tenant, and verify it: a release is not undone",
                ends_with: Step::CancelSubscriptions,
                because: "the domain is released, before any subscription is canceled",
                source: DOMAINS,
                ..with_the_directory
            },
            Self::Rest => with_the_directory,
        }
    }
}

const fn one_drive(bought: Bought, usual: Restore) -> Restore {
    let kept = Restore {
        kept: Some((After::UserDeleted, [30, 30 + 93])),
        means: "restore the user within 30 days, or until the tenant's own OneDrive setting says; then for 93 days Restore-SPODeletedSite",
        source: ONE_DRIVE,
        ..usual
    };
    if bought.directly {
        return Restore {
            ends_with: Step::DeleteSubscriptions,
            because: DELETED_DIRECTLY,
            source: SUBSCRIPTIONS,
            ..kept
        };
    }
    kept
}

const fn share_point(bought: Bought, usual: Restore) -> Restore {
    if bought.directly {
        return Restore {
            means: "save what is needed before step 3",
            ends_with: Step::DeleteSubscriptions,
            because: DELETED_DIRECTLY,
            source: SUBSCRIPTIONS,
            ..usual
        };
    }
    if bought.under_agreement {
        return Restore {
            kept: Some((After::Canceled, [90, 180])),
            means: "an administrator reads it, or buys the subscription again",
            source: SUBSCRIPTIONS,
            ..usual
        };
    }
    usual
}

impl After {
    /// What happens then.
    const fn words(self) -> &'static str {
        match self {
            Self::UserDeleted => "its user is deleted in step 1",
            Self::Canceled => "its subscription is canceled in step 2",
            Self::Removed => "it is removed in step 5",
        }
    }
}

impl Restore {
    /// It cannot be restored once it goes.
    pub const fn is_final(&self) -> bool {
        self.kept.is_none()
    }

    /// For how long and after which step no more, in words; nothing of dates.
    pub fn time(&self) -> String {
        let (number, because) = (self.ends_with.number(), self.because);
        let Some((after, [first, last])) = self.kept else {
            return format!("irreversible in step {number}: {because}");
        };
        let days = if first == last {
            format!("{first} days")
        } else {
            format!("{first} to {last} days")
        };
        let after = after.words();
        format!("for {days} after {after}; no more once in step {number} {because}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_of_what_was_bought_directly_is_gone_at_once() {
        for directly in [false, true] {
            for under_agreement in [false, true] {
                let bought = Bought {
                    directly,
                    under_agreement,
                };
                let sites = Data::SharePoint.restore(bought);
                assert_eq!(sites.is_final(), directly || !under_agreement);
                let drives = Data::OneDrive.restore(bought);
                for one in [sites, drives] {
                    let end = if directly { 3 } else { 5 };
                    assert_eq!(one.ends_with.number(), end, "{bought:?}");
                }
            }
        }
    }

    #[test]
    fn each_has_its_page_and_its_words() {
        for data in Data::ALL {
            let one = data.restore(Bought::default());
            assert!(one.source.starts_with("https://learn.microsoft.com/"));
            assert!(!one.means.is_empty());
            let told = one.time();
            assert_eq!(told.contains("irreversible"), one.is_final(), "{data:?}");
            assert_eq!(told.contains(" days after "), !one.is_final(), "{data:?}");
            assert!(told.contains(one.because), "{told}");
        }
    }
}
