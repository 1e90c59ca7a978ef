//! The parts of a tenant in the scenario file.

mod domains;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use domains::{DnsAnswers, DomainDns, DomainReferences};

/// Directory synchronization.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Sync {
    /// On at the start.
    pub enabled: bool,
    /// How many of a hundred members come from the on-premises directory.
    pub percent: u32,
    /// What a program that switches it off is told.
    pub patch: SyncPatch,
    /// What deleting a synchronized user in the cloud comes to.
    pub deletion: SyncedDeletion,
    /// Virtual hours until it is off.
    pub hours: f64,
    /// Virtual hours from then until the last user has been converted.
    pub conversion_hours: f64,
    /// Once it is off, the organization shows `null`, as some tenants do; else `false`.
    pub null_when_off: bool,
    /// So many synchronized users are orphaned: the directory on the premises no longer has them, and they can be deleted in the
    /// cloud while synchronization is on.
    pub orphans: u32,
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            enabled: false,
            percent: 60,
            patch: SyncPatch::Accepted,
            deletion: SyncedDeletion::Refused,
            hours: 72.0,
            conversion_hours: 0.0,
            null_when_off: false,
            orphans: 0,
        }
    }
}

/// What Microsoft does when a synchronized user is deleted in the cloud; its pages do not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SyncedDeletion {
    /// 400 `Request_BadRequest`.
    Refused,
    /// 204, and the next synchronization (30 virtual minutes later) brings him back.
    Undone,
}

/// What Microsoft answers to a program that switches synchronization off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SyncPatch {
    /// 204.
    Accepted,
    /// 403 `Authorization_RequestDenied`.
    Refused,
    /// 400 `Request_BadRequest`, as in 2023.
    ReadOnly,
}

/// The administrator who stays.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RetainedAdministrator {
    /// The part before the at sign.
    pub name: String,
    /// The domain; absent: the initial one.
    pub domain: Option<String>,
    /// A guest.
    pub guest: bool,
    /// Signs in no more.
    pub disabled: bool,
    /// Comes from the on-premises directory.
    pub synced: bool,
    /// Holds the role of Global administrator, directly and permanently.
    pub global_administrator: bool,
    /// Per-user MFA: `disabled`, `enabled` or `enforced`.
    pub mfa: String,
    /// Has registered the Authenticator app.
    pub authenticator: bool,
}

impl Default for RetainedAdministrator {
    fn default() -> Self {
        Self {
            name: "closer".to_owned(),
            domain: None,
            guest: false,
            disabled: false,
            synced: false,
            global_administrator: true,
            mfa: "enforced".to_owned(),
            authenticator: true,
        }
    }
}

/// The second administrator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SpareAdministrator {
    /// The part before the at sign.
    pub name: String,
    /// Per-user MFA: `disabled`, `enabled` or `enforced`.
    pub mfa: String,
}

impl Default for SpareAdministrator {
    fn default() -> Self {
        Self {
            name: "spare".to_owned(),
            mfa: "enforced".to_owned(),
        }
    }
}

/// Who sells a subscription, and so who can cancel it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubscriptionKind {
    /// Bought directly under the old agreement: only a person cancels and deletes it.
    #[default]
    Direct,
    /// Under a Microsoft Customer Agreement: ARM Billing.
    CustomerAgreement,
    /// An Azure subscription: ARM cancels, a person deletes.
    Azure,
    /// Sold by a partner: Partner Center.
    Partner,
    /// Bought by one of the users for himself: an administrator takes control of it and cancels it, which deletes it at once.
    /// Graph shows it like one that was bought directly; no billing account of the organization does.
    SelfService,
    /// Under an enterprise agreement: the account manager ends it. ARM Billing only shows it.
    Enterprise,
    /// Microsoft Entra ID Free, which Microsoft adds to every tenant: an account under a Customer Agreement shows it, nobody can change,
    /// cancel or delete it, and it goes with the tenant.
    EntraIdFree,
}

/// One subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Subscription {
    /// Its id; absent: drawn from the seed.
    pub id: Option<Uuid>,
    /// Who sells it.
    pub kind: SubscriptionKind,
    /// The product, such as `SPE_E5`.
    pub sku: String,
    /// Licences.
    pub seats: u32,
    /// The status at the start in Graph's words: `Enabled`, `Warning`, `Suspended`, `LockedOut` or `Deleted`.
    pub status: String,
    /// Virtual days from the start to the end of the term.
    pub term_end_days: f64,
    /// Length of a term in virtual days, for renewals.
    pub term_days: f64,
    /// Whether it renews by itself.
    pub auto_renew: bool,
    /// Whether it can be canceled within the term.
    pub cancellable: bool,
    /// Virtual days, from the start and from each renewal, within which it can be canceled; absent: the whole term.
    pub cancellable_days: Option<f64>,
    /// Sold by a partner before the new commerce: it is suspended whenever he likes, and never deleted by him.
    pub legacy_offer: bool,
    /// Whether it can be deleted once canceled; if not, a person sends it to support (press `supportDeletes`).
    pub deletable: bool,
    /// A trial.
    pub trial: bool,
    /// Virtual days after the end of the term within which it can still be renewed (Graph's `Warning`).
    pub grace_days: f64,
    /// Virtual days for which it is kept disabled, once canceled or once those are over, before it goes by itself.
    pub disabled_days: f64,
    /// Virtual hours from deletion to deprovisioning.
    pub deprovision_hours: f64,
    /// Virtual hours from the cancellation until a person is offered Delete; absent: a quarter of an hour for an Azure subscription
    /// (72 hours for its trial), and at once for the others.
    pub delete_after_hours: Option<f64>,
    /// The tenant of the partner who sells it; absent: drawn from the seed.
    pub partner_tenant_id: Option<Uuid>,
    /// ARM answers 409 while an operation on it runs; at the start for so many virtual hours.
    pub locked_hours: f64,
    /// Resources in it, of an Azure subscription.
    pub resources: u32,
}

impl Default for Subscription {
    fn default() -> Self {
        Self {
            id: None,
            kind: SubscriptionKind::Direct,
            sku: "SPE_E5".to_owned(),
            seats: 25,
            status: "Enabled".to_owned(),
            term_end_days: 30.0,
            term_days: 365.0,
            auto_renew: true,
            cancellable: true,
            cancellable_days: None,
            legacy_offer: false,
            deletable: true,
            trial: false,
            grace_days: 30.0,
            disabled_days: 90.0,
            deprovision_hours: 72.0,
            delete_after_hours: None,
            partner_tenant_id: None,
            locked_hours: 0.0,
            resources: 0,
        }
    }
}

/// The billing account that ARM shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BillingAccount {
    /// Its name; absent: drawn from the seed.
    pub name: Option<String>,
    /// The agreement in ARM's words, for this account alone; absent: an account for each agreement under which something was
    /// bought.
    pub agreement_type: Option<String>,
    /// The tenant that pays, another tenant of this scenario; absent: the tenant itself.
    pub owner_tenant_id: Option<Uuid>,
}

/// An app registration that signs in. What is absent is as usual for the closer or the reader.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ApplicationRegistration {
    /// What it is called.
    pub display_name: Option<String>,
    /// The client id; absent: drawn from the seed.
    pub client_id: Option<Uuid>,
    /// The secret; absent: drawn from the seed.
    pub client_secret: Option<String>,
    /// The secret has expired.
    pub secret_expired: bool,
    /// When secret and certificates end; absent: in 2099. A secret that has ended is refused.
    pub credentials_end_at: Option<jiff::Timestamp>,
    /// When the directory roles end; absent: never.
    pub directory_roles_end_at: Option<jiff::Timestamp>,
    /// It is registered in another tenant: here it has a service principal alone.
    pub registered_elsewhere: bool,
    /// Graph permissions with consent; absent: all that a closure (or only reading) needs.
    pub app_roles: Option<Vec<String>>,
    /// Directory roles of the service principal, by name or template id.
    pub directory_roles: Option<Vec<String>>,
    /// Has Owner on the Azure subscriptions and the directory resource; absent: true.
    pub azure_owner: Option<bool>,
    /// Its roles in Azure only read; absent: those of the reader do.
    pub azure_reads_alone: Option<bool>,
    /// Has a role on the billing account; absent: true.
    pub billing_role: Option<bool>,
    /// Its role on the billing account only reads; absent: that of the reader does.
    pub billing_reads_alone: Option<bool>,
    /// Is registered in Partner Center; absent: true.
    pub partner_center: Option<bool>,
    /// Certificates of the application, PEM each: what their keys sign is accepted instead of the secret.
    pub certificates: Vec<String>,
    /// Tokens of others that the application trusts.
    pub federated_credentials: Vec<FederatedCredential>,
    /// Refuses every sign-in with this code after `AADSTS`, such as 53003, 50076 or 65001.
    pub refusal: Option<u32>,
}

/// Whose tokens an application trusts, as in `POST /applications/{id}/federatedIdentityCredentials`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FederatedCredential {
    /// The issuer of the token.
    pub issuer: String,
    /// Its subject, such as `system:serviceaccount:tenant-closure:tenant-closure`.
    pub subject: String,
    /// Its audience; absent: `api://AzureADTokenExchange`.
    #[serde(default = "exchange")]
    pub audience: String,
    /// The issuer's keys, as its `jwks_uri` shows them (`kubectl get --raw /openid/v1/jwks`). Only RSA keys count, as for
    /// Microsoft.
    pub jwks: Jwks,
}

fn exchange() -> String {
    "api://AzureADTokenExchange".to_owned()
}

/// A set of keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// One key. Other fields than these are left aside.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Jwk {
    /// `RSA`, or another type, which does not count.
    pub kty: String,
    /// Its name.
    pub kid: Option<String>,
    /// The modulus, base64url.
    pub n: String,
    /// The exponent, base64url.
    pub e: String,
}

/// Graph permissions of a client that may do everything that a program can do in a closure.
pub(crate) const CLOSER_APP_ROLES: &[&str] = &[
    "Organization.ReadWrite.All",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
    "Application.ReadWrite.All",
    "Domain.ReadWrite.All",
    "RoleManagement.Read.Directory",
    "UserAuthenticationMethod.Read.All",
    "Policy.ReadWrite.AuthenticationMethod",
    "CrossTenantInformation.ReadBasic.All",
    "Group.Read.All",
    "Reports.Read.All",
    "DeviceManagementManagedDevices.Read.All",
    "DeviceManagementServiceConfig.Read.All",
    "IdentityProvider.Read.All",
    "EventListener.Read.All",
    "IdentityUserFlow.Read.All",
    "Policy.Read.All",
    "TrustFrameworkKeySet.Read.All",
];

/// Directory roles of such a client.
pub(crate) const CLOSER_DIRECTORY_ROLES: &[&str] = &[
    "Privileged Authentication Administrator",
    "Hybrid Identity Administrator",
];

/// Graph permissions of a client that only reads.
pub(crate) const READER_APP_ROLES: &[&str] = &[
    "Organization.Read.All",
    "User.Read.All",
    "Directory.Read.All",
    "Application.Read.All",
    "Domain.Read.All",
    "RoleManagement.Read.Directory",
    "UserAuthenticationMethod.Read.All",
    "Policy.Read.All",
    "CrossTenantInformation.ReadBasic.All",
    "Group.Read.All",
    "Reports.Read.All",
    "DeviceManagementManagedDevices.Read.All",
    "DeviceManagementServiceConfig.Read.All",
    "IdentityProvider.Read.All",
    "EventListener.Read.All",
    "IdentityUserFlow.Read.All",
    "TrustFrameworkKeySet.Read.All",
];

/// What dies with a tenant.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Losses {
    /// Groups; each user is in up to four of them.
    pub groups: u32,
    /// Of these groups the last so many hide their members (`HiddenMembership`).
    pub hidden_groups: u32,
    /// Devices that Intune manages.
    pub intune_devices: u32,
    /// Devices registered with Windows Autopilot.
    pub autopilot_devices: u32,
    /// Mailboxes.
    pub mailboxes: u32,
    /// What is in them, in bytes.
    pub mailbox_bytes: u64,
    /// `OneDrive` accounts.
    pub one_drive_accounts: u32,
    /// What is in them, in bytes.
    pub one_drive_bytes: u64,
    /// `SharePoint` sites.
    pub share_point_sites: u32,
    /// What is in them, in bytes.
    pub share_point_bytes: u64,
    /// Enterprise applications that sign in by SAML: the first so many.
    pub saml_applications: u32,
}

/// What only a directory for customers (External ID or B2C) has, and what keeps it from being deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct External {
    /// User flows.
    pub user_flows: u32,
    /// Identity providers that somebody configured, besides those that are built in.
    pub identity_providers: u32,
    /// Custom policies (B2C).
    pub custom_policies: u32,
    /// Policy keys (B2C).
    pub policy_keys: u32,
}

/// The ARM resource that an External ID or B2C directory is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DirectoryResource {
    /// The Azure subscription; absent: drawn from the seed.
    pub subscription_id: Option<Uuid>,
    /// The resource group; absent: `closing`.
    pub resource_group: Option<String>,
    /// The tenant whose clients may delete it, another one of this scenario; absent: the tenant itself.
    pub owner_tenant_id: Option<Uuid>,
}
