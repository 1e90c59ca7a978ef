//! What was seen. Each fact is Known or Unknown; Unknown never counts as none.

use crate::closure::access::ends::Ends;
use crate::closure::access::table::Kind;
pub use crate::closure::bought::{Agreement, Lifecycle, Subscription};
use crate::closure::clock::Skew;
pub use crate::closure::domain::{Domain, References};
use crate::closure::evidence::Evidence;
use crate::closure::external::External;
use crate::closure::id::ObjectId;
use crate::closure::inventory::Wish;
use crate::closure::loss::Loss;
use crate::closure::mail::MailDomain;
pub use crate::closure::people::{Newcomers, Users};
pub use crate::closure::question::Question;
use crate::closure::recycle_bin::RecycleBin;
use crate::closure::special::Special;
use crate::closure::steps::deprovision::Announced;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A fact, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Fact<T> {
    /// Seen in this cycle.
    Known(T),
    /// Not asked in this cycle.
    #[default]
    NotRead,
    /// Asked, and no answer that counts: a stable word for why.
    Unreadable(Why),
}

/// Why a question got no answer that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The identity may not read it (401/403).
    Forbidden,
    /// The credential is gone or refused.
    CredentialRefused(Refused),
    /// A policy of the tenant asks for what only a person can bring.
    PolicyAsks,
    /// Something in the directory stands in the way, which a person must change.
    Conflict,
    /// Microsoft throttled or failed; later may be better.
    Unavailable,
    /// Likewise, and Microsoft asks not to come again before this moment: a long pause.
    Paused(Timestamp),
    /// The answer was not what the documentation says.
    Malformed,
    /// This cloud or this tenant has no such thing to ask.
    Unsupported,
}

/// What is the matter with a credential that is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The secret is none of the application's.
    SecretWrong,
    /// The secret has expired.
    SecretExpired,
    /// The certificate, or its key, cannot be read.
    CertificateUnreadable,
    /// The key is none of the certificate's.
    CertificateOfAnotherKey,
    /// The certificate is none of the application's, or has expired.
    CertificateUnknown,
    /// What was signed is too old or too young: a clock is wrong.
    AssertionTime,
    /// There is no federated token where the operator looks for one.
    FederatedTokenUnreadable,
    /// The application trusts no federated token with this issuer, subject and audience.
    FederationUnknown,
    /// The tenant does not know the application.
    ApplicationUnknown,
    /// The application is disabled in the tenant.
    ApplicationDisabled,
    /// The sign-in service knows no such tenant (any more).
    TenantUnknown,
    /// What it gives is for another tenant.
    OtherTenant,
    /// Nobody has consented to what the application asks for.
    NotConsented,
    /// It is the credential of an account of another directory: a guest, a personal account.
    ForeignAccount,
    /// A sign-in that was kept, on which it rests, has ended.
    SignInEnded,
    /// Anything else.
    Otherwise,
}

impl<T> Fact<T> {
    /// The value, where known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::NotRead | Self::Unreadable(_) => None,
        }
    }
}

/// Everything that was seen in one cycle.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Observation {
    /// What the tenant says of itself.
    pub organization: Fact<Organization>,
    /// Who we are there.
    pub identity: Fact<Identity>,
    /// The retained administrator; `Known(None)`: no such user.
    pub retained: Fact<Option<Administrator>>,
    /// The spare administrator, likewise; `Known(None)` too where none was asked for.
    pub spare: Fact<Option<Administrator>>,
    /// Who holds Global Administrator in the whole tenant, now or when he takes it up, sorted: users, groups and applications.
    pub global_administrators: Fact<Vec<ObjectId>>,
    /// Whether that tells who may take it up, and until when it is held; `Unsupported`: there is no such thing here, or no licence.
    pub role_schedules: Fact<()>,
    /// Users and applications that hold it as members of the groups that the plan names, sorted.
    pub group_administrators: Fact<Vec<ObjectId>>,
    /// Users who hold any directory role, and groups whose members do, sorted: to delete them takes a role.
    pub role_holders: Fact<Vec<ObjectId>>,
    /// Until when what we sign in with, and our roles, last.
    pub ends: Fact<Ends>,
    /// Whether the roles are held that Azure tells of beforehand; a kind that nobody tells of is not there.
    pub rights: Fact<BTreeMap<Kind, bool>>,
    /// Ids of all users now in the tenant, sorted.
    pub users: Fact<Users>,
    /// Who came meanwhile, planned or not. Only a complete listing says who is there: this one says when to make it.
    pub newcomers: Fact<Newcomers>,
    /// All subscriptions.
    pub subscriptions: Fact<Vec<Subscription>>,
    /// Accounts still there with their per-user MFA.
    pub mfa: Fact<Vec<MfaState>>,
    /// Security defaults are on.
    pub security_defaults: Fact<bool>,
    /// Every Conditional Access policy, and whether it is in force; one that only reports is.
    pub policies: Fact<BTreeMap<ObjectId, bool>>,
    /// Who is in the recycle bin already; nothing waits for it.
    pub recycle_bin: Fact<RecycleBin>,
    /// Applications and service principals.
    pub applications: Fact<Vec<Application>>,
    /// All domains.
    pub domains: Fact<Vec<Domain>>,
    /// What dies with the tenant, each kind once; a kind that cannot be counted says why.
    pub losses: Fact<Vec<Loss>>,
    /// What DNS says of each verified custom domain; one that cannot be read says so.
    pub mail: Fact<Vec<MailDomain>>,
    /// Restricted management administrative units: their users cannot be deleted.
    pub restricted_units: Fact<Vec<RestrictedUnit>>,
    /// What only a directory for customers (External ID or B2C) has.
    pub external: Fact<External>,
    /// Managed domains of Microsoft Entra Domain Services in the Azure subscriptions that an account shows; without such an
    /// account nobody may look.
    pub domain_services: Fact<u32>,
    /// The look from outside.
    pub directory: Fact<Existence>,
    /// Of [`crate::closure::memory::Memory::refused`], who is still there.
    pub still_there: Fact<Vec<ObjectId>>,
    /// What Kubernetes says: read live by the controller before deciding.
    pub cluster: Cluster,
}

/// The Kubernetes side of an observation.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Approvals for the plan at hand.
    pub approvals: Approvals,
    /// Approvals for each of its supplements, by ordinal; what is not here is not approved.
    pub supplements: BTreeMap<u32, Approvals>,
    /// Approvals of what was accepted after the plan was made; `None`: nothing was, or they were not read.
    pub later: Option<Approvals>,
    /// Other closures, not closed, that name the same tenant (namespace/name).
    pub rivals: Vec<String>,
    /// Attestations that count: check id (`C5`, `OnlyOurs`, `Refused`) → result word.
    pub attestations: BTreeMap<String, String>,
    /// Users who signed in with MFA, as far as an attestation of the check `RetainedAdministrator` counts, and when last.
    pub proofs: BTreeMap<ObjectId, Timestamp>,
    /// UIDs of those attestations without which an effect may not begin: for its record, and nothing is decided by them.
    pub attested_by: Vec<String>,
    /// The API server's clock and the operator's own are too far apart.
    pub skew: Option<Skew>,
    /// By how much the API server's clock is behind the operator's own, at least; zero where it is not.
    pub behind: SignedDuration,
    /// The operator's configuration.
    pub configuration: Configuration,
    /// Other closures whose first effect was within the last 30 days, whatever became of them.
    pub begun_lately: u32,
    /// The credential, as far as Kubernetes can tell; `Err`: reason, message, remedy.
    pub credential: Result<(), Obstacle>,
    /// The application that the credential is of; `None`: no credential was read.
    pub application: Option<ObjectId>,
    /// The Job that vouches for the backup, where one is named; `Ok(None)`: there is no such Job. `Err`: it may not be read.
    pub backup_job: Result<Option<BackupJob>, Obstacle>,
    /// The copies in the evidence store; `None`: no store is wanted.
    pub evidence: Option<Evidence>,
    /// Whether there is a store for an inventory; `Err`: why not.
    pub inventory_store: Result<(), String>,
    /// What the status remembers of the dates of disabled subscriptions. A status that was lost leaves the question to a
    /// person open for longer, no more.
    pub announced: Announced,
}

impl Cluster {
    /// What must not begin before a date does not begin before either clock has come to it: the earlier of both, where the
    /// operator's own says `now`.
    pub fn earlier(&self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.behind).unwrap_or(now)
    }
}

/// How the Job that vouches for the backup stands, by its conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupJob {
    /// Neither Complete nor Failed.
    Unfinished,
    /// Failed.
    Failed,
    /// Complete since then (`status.completionTime`).
    Complete(Timestamp),
}

/// Something in the way, in words that stay the same from cycle to cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// `CamelCase` reason.
    pub reason: &'static str,
    /// What is the matter.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// Approvals found for the current plan digest.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Approvals {
    /// Persons needed (the larger of the spec's, the configured minimum, and two where a service account wrote the closure).
    pub required: u32,
    /// Distinct persons whose approval counts now, sorted.
    pub approvers: Vec<String>,
    /// UIDs of their `ClosureApproval`s, one of each person, in the same order: what the journal names them by.
    pub uids: Vec<String>,
    /// The grace period after the last needed approval ends then.
    pub effective_at: Option<Timestamp>,
    /// When they will no longer suffice, if nobody approves the same plan again.
    pub valid_until: Option<Timestamp>,
    /// Persons whose approval of this plan counts no more because its time is over, and for no other reason; sorted.
    pub expired: Vec<String>,
    /// Why approvals that exist do not count; sorted, stable.
    pub rejected: Vec<String>,
    /// The admission policies are missing or altered.
    pub policy_missing: bool,
}

impl Approvals {
    /// The UIDs that a record names: twelve, and no more approvals are ever needed.
    pub fn named(&self) -> Vec<String> {
        self.uids.iter().take(12).cloned().collect()
    }
}

/// The operator's own configuration, which authors of closures cannot touch.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Configuration {
    /// False where it is absent or unreadable: no effect starts.
    pub present: bool,
    /// Which key of it cannot be read, and why, as one label.
    pub fault: Option<String>,
    /// The kill switch is on.
    pub kill_switch: bool,
    /// Tenants that may be closed; empty: all but the protected.
    pub allowed: BTreeSet<ObjectId>,
    /// Tenants that can never be closed.
    pub protected: BTreeSet<ObjectId>,
    /// Closures that may be begun within 30 days.
    pub begun_at_most: u32,
    /// Whether an inventory is to be written before anything is taken away.
    pub inventory: Wish,
    /// Days within which the retained administrator must have signed in before the first deletion; `None`: the configuration says
    /// that it is not asked.
    pub proof_days: Option<u32>,
}

/// What the tenant says of itself (Graph `organization`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Tenant id.
    pub id: ObjectId,
    /// The verified domain with `isInitial`.
    pub initial_domain: String,
    /// Verified domains with managed sign-in (`type` is `Managed`), in lower case: who is on another one depends on an
    /// identity provider outside the tenant.
    pub managed_domains: BTreeSet<String>,
    /// Verified domains that are neither the initial one nor under one of Microsoft's, in lower case.
    pub custom_domains: BTreeSet<String>,
    /// `onPremisesSyncEnabled == true`.
    pub sync_enabled: bool,
    /// `partnerTenantType` is set: a partner's own tenant is never closed.
    pub partner: bool,
}

/// Our own application in the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Application (client) id.
    pub app_id: ObjectId,
    /// Object id of its service principal.
    pub service_principal: ObjectId,
    /// Application permissions in the token's `roles`.
    pub permissions: BTreeSet<String>,
    /// Template ids of directory roles assigned to the service principal.
    pub directory_roles: BTreeSet<ObjectId>,
}

/// How someone holds the Global Administrator role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// Assigned directly and for good, at tenant scope.
    Permanent,
    /// Assigned directly, but only until a date.
    Temporary,
    /// Only eligible: it must be activated first.
    EligibleOnly,
    /// Not at all, but Billing Administrator is held.
    BillingOnly,
    /// Neither.
    None,
}

/// An administrator who stays.
#[derive(Clone, Debug, PartialEq)]
pub struct Administrator {
    /// Object id: what the plan pins.
    pub id: ObjectId,
    /// User principal name as it is now.
    pub user_principal_name: String,
    /// `accountEnabled`.
    pub enabled: bool,
    /// `userType == Member` (not a guest).
    pub member: bool,
    /// Synced from on-premises.
    pub synced: bool,
    /// Global Administrator, and how.
    pub global_administrator: Holding,
    /// A second factor is registered for the account. In a fact of its own: to read it takes a permission of its own, and
    /// not every cloud tells.
    pub second_factor: Fact<bool>,
}

/// Per-user MFA of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MfaState {
    /// The account.
    pub id: ObjectId,
    /// `perUserMfaState` is `enabled` or `enforced`.
    pub enabled: bool,
}

/// An application registration or a service principal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own, as Graph tells it
pub struct Application {
    /// Object id.
    pub id: ObjectId,
    /// True for a service principal (enterprise application), false for a registration.
    pub service_principal: bool,
    /// Belongs to Microsoft, or is a managed identity: cannot be deleted by us.
    pub undeletable: bool,
    /// The tenant that owns it (`appOwnerOrganizationId`); `None`: a registration, or not told.
    pub owner: Option<ObjectId>,
    /// A service principal that is disabled (`accountEnabled` is false): no token is issued for it.
    pub disabled: bool,
    /// It goes with something else, and not by being deleted.
    pub special: Option<Special>,
    /// It is our own.
    pub own: bool,
}

/// An administrative unit with restricted management.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestrictedUnit {
    /// `displayName`: others gave it.
    pub name: String,
    /// The users in it.
    pub users: Vec<ObjectId>,
}

/// What the look from outside says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existence {
    /// At least one reader still finds it.
    Present,
    /// Readers of three kinds say it is gone, while the same host answers for another tenant.
    Gone,
}

impl Default for Cluster {
    /// Nothing approved and no configuration: no effect starts.
    fn default() -> Self {
        Self {
            approvals: Approvals::default(),
            supplements: BTreeMap::new(),
            later: None,
            rivals: Vec::new(),
            attestations: BTreeMap::new(),
            proofs: BTreeMap::new(),
            attested_by: Vec::new(),
            skew: None,
            behind: SignedDuration::ZERO,
            configuration: Configuration::default(),
            begun_lately: 0,
            credential: Ok(()),
            application: None,
            backup_job: Ok(None),
            evidence: None,
            inventory_store: Ok(()),
            announced: Announced::new(),
        }
    }
}
