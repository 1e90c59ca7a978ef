//! What can be asked of a tenant.

/// What can be asked. A step that lacks a fact answers with the questions to ask first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// Tenant id, initial domain, directory sync.
    Organization,
    /// Our own application: permissions and roles.
    Identity,
    /// The retained and the spare administrator.
    Administrators,
    /// Who is in the groups that hold Global Administrator, as the plan names them
    /// ([`crate::closure::observation::Observation::group_administrators`]).
    AdministratorGroups,
    /// Who holds a directory role ([`crate::closure::observation::Observation::role_holders`]).
    RoleHolders,
    /// Until when what we sign in with, and our roles, last ([`crate::closure::observation::Observation::ends`]).
    Ends,
    /// What we may do in Azure ([`crate::closure::observation::Observation::rights`]).
    Rights,
    /// A complete listing of all users (ids), for planning.
    Users,
    /// Who came since it was first asked, without a listing ([`crate::closure::observation::Observation::newcomers`]).
    Newcomers,
    /// Subscriptions as Graph and the billing accounts see them.
    Subscriptions,
    /// Per-user MFA of the accounts that are still there.
    Mfa,
    /// Whether security defaults are on ([`crate::closure::observation::Observation::security_defaults`]).
    SecurityDefaults,
    /// Conditional Access policies ([`crate::closure::observation::Observation::policies`]).
    ConditionalAccess,
    /// Who is in the recycle bin already ([`crate::closure::observation::Observation::recycle_bin`]).
    RecycleBin,
    /// Applications and service principals.
    Applications,
    /// The tenant's domains and, once all users are gone, what still uses those that are to be released.
    Domains,
    /// What dies with the tenant and is not among the rest ([`crate::closure::observation::Observation::losses`]).
    Losses,
    /// What DNS says of the verified custom domains ([`crate::closure::observation::Observation::mail`]).
    Mail,
    /// Restricted management administrative units with their users.
    RestrictedUnits,
    /// What only a directory for customers has ([`crate::closure::observation::Observation::external`]).
    External,
    /// Managed domains of Microsoft Entra Domain Services ([`crate::closure::observation::Observation::domain_services`]).
    DomainServices,
    /// Is the directory still there, seen from outside.
    Directory,
    /// Which of the users that were refused earlier are still there ([`crate::closure::observation::Observation::still_there`]).
    Refused,
}
