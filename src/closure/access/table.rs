//! The table of access: every permission and role that a closure can need, for which step, when, and why. From it come the
//! check of step 0, the scripts of the kubectl plugin and the table in the documentation.
//!
//! Sources: the permissions of each call on its page of learn.microsoft.com `graph/api`; the role over other administrators
//! `graph/api/resources/users`, who can perform sensitive actions; per-user MFA
//! `graph/api/authentication-update`; canceling Azure subscriptions `cost-management-billing/manage/cancel-azure-subscription`; billing roles
//! `cost-management-billing/manage/understand-mca-roles`.

pub use super::when::When;
use crate::closure::step::Step;
use crate::closure::terms::{BillingKind, Cloud, Terms};

/// What a right is for: a reading application needs those to read, the acting one all that are not covered by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Planning and looking; nothing is changed.
    Read,
    /// Carrying out.
    Act,
}

/// Where a right is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An application permission of Microsoft Graph.
    Permission,
    /// A directory role of the service principal.
    DirectoryRole,
    /// A role on a billing account of a Customer Agreement.
    BillingRole,
    /// A role of Azure RBAC on an Azure subscription.
    SubscriptionRole,
    /// A role of Azure RBAC on the resource that the directory is.
    ResourceRole,
    /// The registration of an application in Partner Center.
    PartnerCenter,
}

impl Kind {
    /// Microsoft Graph tells step 0 whether it is held. Azure tells all of the others but a registration in Partner Center
    /// ([`crate::closure::observation::Observation::rights`]): of that nothing is known before the step itself.
    pub const fn is_told(self) -> bool {
        matches!(self, Self::Permission | Self::DirectoryRole)
    }
}

/// A right of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    /// For which step; reading serves every one, and is told with step 0.
    pub step: Step,
    /// Reading or acting.
    pub purpose: Purpose,
    /// Where it is granted.
    pub kind: Kind,
    /// Its name as Microsoft writes it; a directory role with `the role` before it.
    pub what: &'static str,
    /// When it is needed.
    pub when: When,
    /// Where nothing that it allows can be asked: it is not needed there.
    pub not_in: &'static [Cloud],
    /// False where a person does it otherwise, or accepts what it would have told: to lack it bars nothing.
    pub vital: bool,
    /// What it is needed for.
    pub why: &'static str,
}

impl Right {
    /// The name alone.
    pub fn name(&self) -> &'static str {
        self.what.strip_prefix(ROLE).unwrap_or(self.what)
    }

    /// Whether the spec asks for it in its cloud; `None`: only the tenant can tell.
    pub fn by_spec(&self, terms: &Terms) -> Option<bool> {
        if self.not_in.contains(&terms.cloud) {
            return Some(false);
        }
        self.when.by_spec(terms)
    }
}

const ROLE: &str = "the role ";

/// The role over other administrators.
pub const OVER_ADMINISTRATORS: &str = "the role Privileged Authentication Administrator";

const fn reads(kind: Kind, what: &'static str, when: When, why: &'static str) -> Right {
    Right {
        purpose: Purpose::Read,
        ..acts(Step::Preconditions, kind, what, when, why)
    }
}

/// Counts what dies with the tenant: without it the kind is Unknown and takes an acceptance by name.
const fn counts(what: &'static str, why: &'static str) -> Right {
    Right {
        vital: false,
        ..reads(Kind::Permission, what, When::Always, why)
    }
}

/// Reads a delete-tenant check: without it the check is Unknown, and for a person to look at.
const fn checks(what: &'static str, when: When, why: &'static str) -> Right {
    Right {
        vital: false,
        ..reads(Kind::Permission, what, when, why)
    }
}

/// Reads names for an inventory: to lack it makes that incomplete, which bars the way only where it is required.
const fn inventories(what: &'static str, why: &'static str) -> Right {
    Right {
        vital: false,
        ..reads(Kind::Permission, what, When::Inventory, why)
    }
}

const fn acts(step: Step, kind: Kind, what: &'static str, when: When, why: &'static str) -> Right {
    Right {
        step,
        purpose: Purpose::Act,
        kind,
        what,
        when,
        not_in: &[],
        vital: true,
        why,
    }
}

/// Every right that an application can need, in the order of the steps.
pub const TABLE: [Right; 37] = [
    reads(
        Kind::Permission,
        "Organization.Read.All",
        When::Always,
        "reads the tenant's id and initial domain, directory sync and the subscriptions",
    ),
    reads(
        Kind::Permission,
        "User.Read.All",
        When::Always,
        "lists the users, and reads who stays",
    ),
    reads(
        Kind::Permission,
        "Application.Read.All",
        When::Always,
        "finds its own service principal, and lists the applications",
    ),
    reads(
        Kind::Permission,
        "RoleManagement.Read.Directory",
        When::Always,
        "reads who holds which directory role, itself included, who may take one up, and until when",
    ),
    Right {
        not_in: &[Cloud::China],
        vital: false,
        ..reads(
            Kind::Permission,
            "UserAuthenticationMethod.Read.All",
            When::Always,
            "reads before every effect whether who stays has a second factor; without it he shows it by `keeper prove`",
        )
    },
    Right {
        not_in: &[Cloud::USGov, Cloud::USGovDoD, Cloud::China],
        ..counts(
            "Reports.Read.All",
            "counts mailboxes, OneDrive and SharePoint, with their sizes; without it they are Unknown, and each is accepted by name",
        )
    },
    counts(
        "Group.Read.All",
        "counts the groups, and reads who administers through one; without it they are Unknown, and accepted by name, and a tenant where a group is Global Administrator is not closed",
    ),
    counts(
        "DeviceManagementManagedDevices.Read.All",
        "counts the devices that Intune manages; without it they are Unknown, and accepted by name",
    ),
    counts(
        "DeviceManagementServiceConfig.Read.All",
        "counts the devices registered with Windows Autopilot; without it they are Unknown, and accepted by name",
    ),
    counts(
        "AdministrativeUnit.Read.All",
        "finds users in restricted administrative units before any goes; without it they are told once they are refused",
    ),
    reads(
        Kind::Permission,
        "Domain.Read.All",
        When::ReleaseDomains,
        "reads the domains and what still uses them",
    ),
    reads(
        Kind::Permission,
        "Policy.Read.All",
        When::SecurityDefaults,
        "reads whether security defaults are on",
    ),
    reads(
        Kind::Permission,
        "Policy.Read.All",
        When::ConditionalAccess,
        "reads the Conditional Access policies",
    ),
    Right {
        not_in: &[Cloud::USGov, Cloud::USGovDoD],
        ..checks(
            "IdentityProvider.Read.All",
            When::DirectoryResource,
            "finds identity providers, which keep the directory from being deleted; without it a person looks",
        )
    },
    Right {
        not_in: &[Cloud::USGov, Cloud::USGovDoD, Cloud::China],
        ..checks(
            "EventListener.Read.All",
            When::ExternalIdDirectory,
            "finds user flows, which keep the directory from being deleted; without it a person looks",
        )
    },
    checks(
        "IdentityUserFlow.Read.All",
        When::B2cDirectory,
        "finds user flows, which keep the directory from being deleted; without it a person looks",
    ),
    checks(
        "Policy.Read.All",
        When::B2cDirectory,
        "finds custom policies, which keep the directory from being deleted; without it a person looks",
    ),
    checks(
        "TrustFrameworkKeySet.Read.All",
        When::B2cDirectory,
        "finds policy keys, which keep the directory from being deleted; without it a person looks",
    ),
    inventories(
        "Domain.Read.All",
        "lists the domains for the inventory; without it they do not stand there",
    ),
    inventories(
        "Member.Read.Hidden",
        "names who is in groups that hide their members, for the inventory; without it they do not stand there",
    ),
    reads(
        Kind::BillingRole,
        "Billing account reader",
        When::Account(BillingKind::CustomerAgreement),
        "reads the subscriptions, their terms and the last day to cancel",
    ),
    reads(
        Kind::SubscriptionRole,
        "Reader",
        When::Account(BillingKind::AzureSubscription),
        "reads the state of the Azure subscription, counts its resources, and finds Domain Services",
    ),
    reads(
        Kind::PartnerCenter,
        "an application of the partner's tenant",
        When::Account(BillingKind::Partner),
        "reads what the partner sold",
    ),
    acts(
        Step::Users,
        Kind::Permission,
        "User.ReadWrite.All",
        When::Always,
        "deletes the users",
    ),
    acts(
        Step::Users,
        Kind::DirectoryRole,
        OVER_ADMINISTRATORS,
        When::OtherAdministrators,
        "deletes users who hold a directory role",
    ),
    Right {
        vital: false,
        ..acts(
            Step::Users,
            Kind::Permission,
            "Organization.ReadWrite.All",
            When::Synced,
            "switches directory sync off; without it a person does",
        )
    },
    acts(
        Step::Users,
        Kind::BillingRole,
        "Billing account contributor",
        When::StopRenewal(BillingKind::CustomerAgreement),
        "switches recurring billing off before any user is touched",
    ),
    acts(
        Step::CancelSubscriptions,
        Kind::Permission,
        "Domain.ReadWrite.All",
        When::ReleaseDomains,
        "releases the domains, before any subscription is canceled",
    ),
    acts(
        Step::CancelSubscriptions,
        Kind::BillingRole,
        "Billing account contributor",
        When::Account(BillingKind::CustomerAgreement),
        "cancels the subscriptions, or switches their recurring billing off",
    ),
    acts(
        Step::CancelSubscriptions,
        Kind::SubscriptionRole,
        "Owner",
        When::Account(BillingKind::AzureSubscription),
        "cancels the Azure subscription",
    ),
    acts(
        Step::CancelSubscriptions,
        Kind::PartnerCenter,
        "an application of the partner's tenant",
        When::Account(BillingKind::Partner),
        "ends what the partner sold",
    ),
    acts(
        Step::DisableMfa,
        Kind::Permission,
        "Policy.ReadWrite.AuthenticationMethod",
        When::Spare,
        "reads the spare administrator's per-user MFA and switches it off",
    ),
    acts(
        Step::DisableMfa,
        Kind::Permission,
        "Policy.ReadWrite.SecurityDefaults",
        When::SecurityDefaults,
        "switches security defaults off",
    ),
    acts(
        Step::DisableMfa,
        Kind::Permission,
        "Policy.ReadWrite.ConditionalAccess",
        When::ConditionalAccess,
        "disables the Conditional Access policies that the closure names",
    ),
    acts(
        Step::DeleteDirectory,
        Kind::DirectoryRole,
        OVER_ADMINISTRATORS,
        When::Spare,
        "deletes the spare administrator",
    ),
    acts(
        Step::DeleteDirectory,
        Kind::Permission,
        "Application.ReadWrite.All",
        When::RemoveApplications,
        "removes applications and service principals, and disables those that refuse",
    ),
    acts(
        Step::DeleteDirectory,
        Kind::ResourceRole,
        "Contributor",
        When::DirectoryResource,
        "deletes the External ID or B2C directory",
    ),
];

/// What the retained administrator must hold for a step; he holds it himself, no application is given it.
pub const fn of_the_administrator(step: Step) -> &'static str {
    match step {
        Step::CancelSubscriptions | Step::DeleteSubscriptions => {
            "the role Global Administrator or Billing Administrator"
        }
        _ => "the role Global Administrator",
    }
}

/// Whether a permission to read is part of one to write: `User.Read.All` of `User.ReadWrite.All`.
pub fn covers(wide: &str, narrow: &str) -> bool {
    narrow
        .strip_suffix(".Read.All")
        .is_some_and(|about| wide.strip_suffix(".ReadWrite.All") == Some(about))
        || (wide, narrow) == ("Billing account contributor", "Billing account reader")
        || (wide, narrow) == ("Owner", "Reader")
}

/// Of rights that are needed for sure, those to grant: each name once, and none that another covers.
pub fn least<'a>(rights: &[&'a Right]) -> Vec<&'a Right> {
    let mut least: Vec<&Right> = Vec::new();
    for right in rights {
        let of_kind = |other: &&&Right| other.kind == right.kind;
        let mut others = rights.iter().filter(of_kind);
        let covered = others.any(|other| covers(other.what, right.what));
        let mut granted = least.iter().filter(|other| other.kind == right.kind);
        if !covered && !granted.any(|other| other.what == right.what) {
            least.push(right);
        }
    }
    least
}
