//! When a right is needed: what the closure asks for, or what the tenant has.

use crate::closure::terms::{BillingKind, Terms};

/// When a right is needed at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// In every closure.
    Always,
    /// The tenant has other administrators to delete.
    OtherAdministrators,
    /// The directory is synchronized.
    Synced,
    /// `spec.retain.spareAdministrator` is there.
    Spare,
    /// `spec.mfa.disableSecurityDefaults` is true.
    SecurityDefaults,
    /// `spec.mfa.disableConditionalAccessPolicies` names policies.
    ConditionalAccess,
    /// `spec.directory.removeApplications` is true.
    RemoveApplications,
    /// `spec.domains.release` names domains.
    ReleaseDomains,
    /// `spec.directory.resource` is there.
    DirectoryResource,
    /// It is an External ID directory.
    ExternalIdDirectory,
    /// It is a B2C directory.
    B2cDirectory,
    /// The operator's configuration has an inventory written.
    Inventory,
    /// `spec.billing.accounts` has an account of this kind.
    Account(BillingKind),
    /// `spec.billing.stopRenewalFirst` is true, with an account of this kind.
    StopRenewal(BillingKind),
}

impl When {
    /// Whether the spec asks for it; `None`: only the tenant can tell.
    pub fn by_spec(self, terms: &Terms) -> Option<bool> {
        let is_a = |kind: &str| {
            let resource = terms.directory_resource.as_deref().unwrap_or_default();
            resource.to_ascii_lowercase().contains(kind)
        };
        let has = |kind| terms.billing.iter().any(|account| account.kind == kind);
        Some(match self {
            Self::Always => true,
            Self::OtherAdministrators | Self::Synced | Self::Inventory => return None,
            Self::Spare => terms.spare.is_some(),
            Self::SecurityDefaults => terms.security_defaults_off,
            Self::ConditionalAccess => !terms.policies_off.is_empty(),
            Self::RemoveApplications => terms.remove_applications,
            Self::ReleaseDomains => !terms.release_domains.is_empty(),
            Self::DirectoryResource => terms.directory_resource.is_some(),
            Self::ExternalIdDirectory => is_a("/ciamdirectories/"),
            Self::B2cDirectory => is_a("/b2cdirectories/"),
            Self::Account(kind) => has(kind),
            Self::StopRenewal(kind) => terms.stop_renewal_first && has(kind),
        })
    }

    /// As it is told to a person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::OtherAdministrators => "other administrators are to be deleted",
            Self::Synced => "the directory is synchronized",
            Self::Spare => "a spare administrator is kept",
            Self::SecurityDefaults => "`mfa.disableSecurityDefaults`",
            Self::ConditionalAccess => "`mfa.disableConditionalAccessPolicies`",
            Self::RemoveApplications => "`directory.removeApplications`",
            Self::ReleaseDomains => "`domains.release`",
            Self::DirectoryResource => "`directory.resource`",
            Self::ExternalIdDirectory => "`directory.resource` is an External ID directory",
            Self::B2cDirectory => "`directory.resource` is a B2C directory",
            Self::Inventory => "the operator's configuration has an `inventory` written",
            Self::Account(BillingKind::CustomerAgreement) => "an account `CustomerAgreement`",
            Self::Account(BillingKind::Partner) => "an account `Partner`",
            Self::Account(BillingKind::AzureSubscription) => "an account `AzureSubscription`",
            Self::StopRenewal(_) => "`billing.stopRenewalFirst`",
        }
    }
}
