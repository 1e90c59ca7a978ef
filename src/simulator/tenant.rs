//! The state of one tenant.

mod time;

use std::collections::BTreeMap;

use uuid::Uuid;

use super::directory::Directory;
use super::grants::Grant;
use super::hosts::Cloud;
use super::populate::AZURE_DEV_OPS;
use super::roles;
use super::scenario::{
    Behaviour, DomainDns, External, FederatedCredential, Losses, SubscriptionKind, SyncPatch,
};
use super::subscription::Subscription;
use super::users::{SYNCED, User, Users};

pub(crate) use time::Change;

/// Agreements of billing accounts, in ARM's words.
pub(crate) const CUSTOMER: &str = "MicrosoftCustomerAgreement";
pub(crate) const ENTERPRISE: &str = "EnterpriseAgreement";
pub(crate) const ONLINE_SERVICES: &str = "MicrosoftOnlineServicesProgram";

/// A simulated tenant.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: Uuid,
    pub(crate) cloud: Cloud,
    pub(crate) initial_domain: String,
    pub(crate) display_name: String,
    pub(crate) kind: String,
    pub(crate) partner_type: Option<String>,
    pub(crate) users: Users,
    pub(crate) retained: u32,
    pub(crate) spare: Option<u32>,
    pub(crate) sync: SyncState,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) billing_account: String,
    /// Under which agreements it buys, in ARM's words: each has an account of its own, the first is `billing_account`.
    pub(crate) agreements: Vec<String>,
    pub(crate) payer: Uuid,
    pub(crate) applications: Vec<Application>,
    pub(crate) principals: Vec<Principal>,
    pub(crate) domains: Vec<Domain>,
    /// What dies with the tenant.
    pub(crate) losses: Losses,
    pub(crate) security_defaults: bool,
    /// Conditional Access.
    pub(crate) policies: Vec<Policy>,
    pub(crate) clients: Vec<Client>,
    /// Applications with public client flows.
    pub(crate) public_clients: Vec<Uuid>,
    /// Checks that no program can read: whether each is settled.
    pub(crate) unreadable: BTreeMap<String, bool>,
    pub(crate) resource: Option<Resource>,
    /// What only a directory for customers has.
    pub(crate) external: External,
    /// Managed domains of Microsoft Entra Domain Services.
    pub(crate) domain_services: u32,
    /// Applications and service principals in the recycle bin, and since when (virtual).
    pub(crate) bin: Vec<(Uuid, i64)>,
    /// Deleted applications stay in the recycle bin for seven days at least.
    pub(crate) hard_delete_protection: bool,
    pub(crate) eligible: Vec<(Uuid, u32)>,
    /// Members of the first group, which holds Global administrator then.
    pub(crate) group_administrators: Vec<u32>,
    /// Users whose role ends at a date.
    pub(crate) temporary: Vec<u32>,
    /// How the services behave here; `None`: as everywhere.
    pub(crate) behaviour: Option<Behaviour>,
    /// The administrative unit of the restricted users.
    pub(crate) unit: Option<Uuid>,
    /// Who was let out of it, and when the protection ends (virtual).
    pub(crate) released: Vec<(i64, u32)>,
    /// Who was deleted while synchronized, and when the next run brings him back (virtual).
    pub(crate) resurrections: Vec<(i64, u32)>,
    /// What programs have changed in it.
    pub(crate) directory: Directory,
    /// Virtual moment of a deletion that runs.
    pub(crate) deleting: Option<i64>,
    /// Real moment of the deletion.
    pub(crate) deleted_at: Option<i64>,
}

/// Directory synchronization.
#[derive(Debug)]
pub(crate) struct SyncState {
    /// `None`: never was on.
    pub(crate) on: Option<bool>,
    /// Virtual moment at which a switch-off that runs is done; kept afterwards.
    pub(crate) off_at: Option<i64>,
    pub(crate) patch: SyncPatch,
    pub(crate) duration: i64,
    /// A synchronized user can be deleted in the cloud, and comes back.
    pub(crate) resurrects: bool,
    pub(crate) conversion: i64,
    /// Once it is off, the organization says `null`, as if it had never been on.
    pub(crate) null_when_off: bool,
    /// Users, by position, whom the directory on the premises no longer has.
    pub(crate) orphans: Vec<u32>,
}

impl SyncState {
    /// What the organization says of it.
    pub(crate) fn shown(&self) -> Option<bool> {
        self.on.filter(|on| *on || !self.null_when_off)
    }
}

/// An application registration.
#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) id: Uuid,
    pub(crate) app_id: Uuid,
    pub(crate) name: String,
    /// Open to personal accounts: such applications have a quota of their own.
    pub(crate) personal: bool,
    /// Real milliseconds; 0: there from the start.
    pub(crate) created_at: i64,
    pub(crate) deleted_at: i64,
}

/// A service principal.
#[derive(Debug)]
pub(crate) struct Principal {
    pub(crate) id: Uuid,
    pub(crate) app_id: Uuid,
    pub(crate) name: String,
    pub(crate) owner: Uuid,
    pub(crate) managed_identity: bool,
    /// Signs in by SAML.
    pub(crate) saml: bool,
    /// The `LinkedIn` connection: it goes with the setting, and not by being deleted.
    pub(crate) linked_in: bool,
    /// The portal does not show it, nobody but support can delete it, and the tenant cannot be deleted while it is there.
    pub(crate) hidden: bool,
    /// Nobody can delete it; disabled, it is no longer in the way.
    pub(crate) undeletable: bool,
    pub(crate) enabled: bool,
    /// Real milliseconds; 0: there from the start.
    pub(crate) created_at: i64,
    pub(crate) deleted_at: i64,
}

impl Principal {
    pub(crate) fn first_party(&self) -> bool {
        Cloud::owned_by_microsoft(self.owner)
    }

    /// Goes when the organization of Azure DevOps is disconnected, and not by being deleted.
    pub(crate) fn is_azure_dev_ops(&self) -> bool {
        self.app_id == AZURE_DEV_OPS
    }

    /// Refuses to be deleted, whoever asks.
    pub(crate) fn stays(&self) -> bool {
        self.first_party() || self.managed_identity || self.hidden || self.undeletable
    }

    /// Stands in the way of the portal's check of enterprise applications.
    pub(crate) fn blocks(&self) -> bool {
        let connected = self.linked_in || self.is_azure_dev_ops();
        let counts = connected || !(self.first_party() || self.hidden);
        let settled = !self.enabled && (self.managed_identity || self.undeletable);
        self.deleted_at == 0 && counts && !settled
    }
}

/// A Conditional Access policy.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) state: &'static str,
}

/// A verified domain.
#[derive(Debug)]
pub(crate) struct Domain {
    pub(crate) name: String,
    pub(crate) initial: bool,
    pub(crate) default: bool,
    /// Whoever is on it signs in with another identity provider.
    pub(crate) federated: bool,
    /// Of a hundred users, so many have an address on it.
    pub(crate) users_percent: u32,
    pub(crate) groups: u32,
    pub(crate) applications: u32,
    pub(crate) multi_tenant_application: bool,
    /// What DNS says of it.
    pub(crate) dns: DomainDns,
    /// Real moment at which a deletion that runs is done.
    pub(crate) gone_at: Option<i64>,
}

impl Domain {
    /// As Microsoft calls the way of signing in.
    pub(crate) const fn sign_in(&self) -> &'static str {
        if self.federated {
            "Federated"
        } else {
            "Managed"
        }
    }
}

/// An app registration that signs in.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) app_id: Uuid,
    pub(crate) secret: String,
    pub(crate) secret_expired: bool,
    /// When secret and certificates end (real).
    pub(crate) ends_at: i64,
    /// When the directory roles end (real).
    pub(crate) roles_end_at: Option<i64>,
    pub(crate) app_roles: Vec<String>,
    /// Those that were given, whether they have taken effect or not.
    pub(crate) directory_roles: Vec<u8>,
    /// What was granted and has not taken effect yet, and when it does (real).
    pub(crate) late: Vec<(i64, Grant)>,
    pub(crate) reader: bool,
    pub(crate) azure_owner: bool,
    pub(crate) azure_reads_alone: bool,
    pub(crate) billing_role: bool,
    pub(crate) billing_reads_alone: bool,
    pub(crate) partner_center: bool,
    /// PEM each.
    pub(crate) certificates: Vec<String>,
    pub(crate) federated: Vec<FederatedCredential>,
    /// The sign-in is refused with this code.
    pub(crate) refusal: Option<u32>,
}

/// The ARM resource of an External ID or B2C directory.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) collection: &'static str,
    pub(crate) owner: Uuid,
}

impl Tenant {
    pub(crate) fn exists(&self) -> bool {
        self.deleted_at.is_none()
    }

    /// Whether a user still counts as coming from the on-premises directory; users are converted one by one after the switch-off.
    pub(crate) fn synced(&self, position: u32, user: &User, now: i64) -> bool {
        if !user.is(SYNCED) {
            return false;
        }
        match (self.sync.on, self.sync.off_at) {
            (Some(true), _) => true,
            (_, Some(off)) => {
                off + self.sync.conversion * i64::from(position + 1)
                    / i64::from(self.users.len().max(1))
                    > now
            }
            _ => false,
        }
    }

    pub(crate) fn client(&self, app_id: Uuid) -> Option<&Client> {
        self.clients.iter().find(|client| client.app_id == app_id)
    }

    /// The service principal of an application, a deleted one where there is no other.
    pub(crate) fn principal_of(&self, app_id: Uuid) -> Option<&Principal> {
        let mine = self.principals.iter().filter(|one| one.app_id == app_id);
        mine.min_by_key(|one| one.deleted_at != 0)
    }

    /// The roles that who deletes a user must be a match for: his own, and that of the group with a role that he is in, which counts
    /// as his ([delete a user](https://learn.microsoft.com/graph/api/user-delete), who can perform sensitive actions).
    pub(crate) fn guarded_by(&self, position: u32) -> [u8; 2] {
        let own = self.users.get(position).map_or(0, |user| user.role);
        if self.group_administrators.contains(&position) {
            [own, roles::GLOBAL_ADMINISTRATOR]
        } else {
            [own, 0]
        }
    }

    pub(crate) fn user_id(&self, position: u32) -> Option<Uuid> {
        self.users.get(position).map(|user| user.id)
    }

    /// Users besides the retained and the spare administrator.
    pub(crate) fn users_to_go(&self) -> usize {
        let there = |position: u32| usize::from(self.users.get(position).is_some_and(User::alive));
        self.users.alive() - there(self.retained) - self.spare.map_or(0, there)
    }

    pub(crate) fn subscriptions_left(&self) -> usize {
        self.subscriptions
            .iter()
            .filter(|subscription| !subscription.gone() && !subscription.with_tenant())
            .count()
    }

    /// Whether an Azure subscription is left, with what lies in it.
    pub(super) fn azure_left(&self) -> bool {
        let mut all = self.subscriptions.iter();
        all.any(|one| one.kind == SubscriptionKind::Azure && !one.gone())
    }

    /// Managed domains that are left: they lie in an Azure subscription, and go with the last.
    pub(crate) fn domain_services_left(&self) -> u32 {
        if self.azure_left() {
            self.domain_services
        } else {
            0
        }
    }

    /// What only a directory for customers has, and is not deleted yet.
    pub(crate) fn external_left(&self) -> u32 {
        let External {
            user_flows,
            identity_providers,
            custom_policies,
            policy_keys,
        } = self.external;
        user_flows + identity_providers + custom_policies + policy_keys
    }

    /// The portal refuses to delete the tenant though it shows nothing that is in the way.
    pub(crate) fn hidden_left(&self) -> bool {
        let mut all = self.principals.iter();
        all.any(|one| one.hidden && one.deleted_at == 0)
    }

    pub(crate) fn applications_left(&self) -> usize {
        self.applications
            .iter()
            .filter(|application| application.deleted_at == 0)
            .count()
    }

    pub(crate) fn principals_left(&self) -> usize {
        self.principals
            .iter()
            .filter(|principal| principal.blocks())
            .count()
    }
}
