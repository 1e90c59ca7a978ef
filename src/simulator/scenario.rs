//! The scenario file: which tenants there are, and how Microsoft's services behave. Every field has a default.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use super::hosts::Cloud;
use super::preset;
use super::scenario_check;
pub use super::scenario_parts::{
    ApplicationRegistration, BillingAccount, DirectoryResource, DnsAnswers, DomainDns,
    DomainReferences, External, FederatedCredential, Jwk, Jwks, Losses, RetainedAdministrator,
    SpareAdministrator, Subscription, SubscriptionKind, Sync, SyncPatch, SyncedDeletion,
};

/// A whole scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scenario {
    /// The tenants; at least one.
    pub tenants: Vec<Tenant>,
    /// How the services behave, for all tenants.
    #[serde(deserialize_with = "preset::behaviour")]
    pub behaviour: Behaviour,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            tenants: vec![Tenant::default()],
            behaviour: Behaviour::default(),
        }
    }
}

impl Scenario {
    /// Reads YAML or JSON (which is YAML too), and refuses what cannot be played.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scenario: Self = serde_saphyr::from_str(text)
            .map_err(|error| format!("the scenario cannot be read: {error}"))?;
        if scenario.tenants.is_empty() {
            return Err(
                "the scenario names no tenant: list at least one under `tenants`".to_owned(),
            );
        }
        scenario_check::all(&scenario).map_err(|wrong| format!("the scenario: {wrong}"))?;
        Ok(scenario)
    }
}

/// One tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Tenant {
    /// The tenant id; absent: drawn from the seed.
    pub id: Option<Uuid>,
    /// The initial domain; absent: `contoso.onmicrosoft.com`, with a number from the second tenant on.
    pub initial_domain: Option<String>,
    /// What the organization calls itself.
    pub display_name: String,
    /// The cloud that the tenant lives in.
    pub cloud: Cloud,
    /// `AAD`, `CIAM` (External ID) or `AAD B2C`.
    pub tenant_type: String,
    /// Set for a partner's own tenant, `null` otherwise.
    pub partner_tenant_type: Option<String>,
    /// The seed of this tenant; absent: that of the run.
    pub seed: Option<u64>,
    /// All users, administrators and guests included.
    pub users: u32,
    /// Display names given to users in turn; empty: made up.
    pub display_names: Vec<String>,
    /// How many of a hundred users are guests.
    pub guests_percent: u32,
    /// How many of a hundred users are disabled.
    pub disabled_percent: u32,
    /// Users besides the retained and the spare one who are Global administrators.
    pub global_administrators: u32,
    /// Users in other privileged roles: only a privileged caller may delete them.
    pub privileged_admins: u32,
    /// Users in a low-privileged role.
    pub low_privileged_admins: u32,
    /// Users in a restricted management administrative unit: 403 until a person removes it (press `liftRestrictions`).
    pub restricted_users: u32,
    /// Users whose deletion is always refused with 403 until a person acts (press `liftRestrictions` or `deleteUser`).
    pub undeletable_users: u32,
    /// Directory synchronization.
    pub sync: Sync,
    /// The one who stays.
    pub retained_administrator: RetainedAdministrator,
    /// A second administrator, kept through step 4.
    pub spare_administrator: Option<SpareAdministrator>,
    /// Users besides the spare administrator whose per-user MFA is enforced.
    pub mfa_users: u32,
    /// What was bought.
    pub subscriptions: Vec<Subscription>,
    /// The billing account of Customer Agreement and partner subscriptions.
    pub billing_account: BillingAccount,
    /// Application registrations besides those of the two clients.
    pub applications: u32,
    /// Registrations that personal accounts may use too: deleting them has a slow quota.
    pub personal_account_applications: u32,
    /// Enterprise applications without a registration here.
    pub service_principals: u32,
    /// Microsoft's own service principals: they refuse deletion.
    pub first_party_service_principals: u32,
    /// Service principals of Microsoft's own corporate tenant: they refuse deletion as well.
    pub corporate_service_principals: u32,
    /// Managed identities: they refuse deletion, go with the last Azure subscription, and are out of the way once disabled.
    pub managed_identities: u32,
    /// The service principal of the `LinkedIn` connection: it refuses deletion until the setting (C5) is No, and goes with it.
    pub linked_in_connection: bool,
    /// An Azure DevOps organization is connected: its service principal refuses deletion and stands in the way until somebody
    /// disconnects the organization (press `disconnectAzureDevOps`), and goes with that.
    pub azure_dev_ops: bool,
    /// Enterprise applications of another company that the portal does not show: they refuse deletion, and though every
    /// check has passed the tenant cannot be deleted until support has removed them (press `supportRemovesApplications`).
    pub hidden_service_principals: u32,
    /// Enterprise applications of another company that refuse to be deleted, whoever asks: once disabled they no longer stand in
    /// the way.
    pub undeletable_service_principals: u32,
    /// Deleted applications cannot be deleted permanently within seven days.
    pub hard_delete_protection: bool,
    /// What only a directory for customers has.
    pub external: External,
    /// Managed domains of Microsoft Entra Domain Services, in the first Azure subscription; they go with it.
    pub domain_services: u32,
    /// Custom domains, verified; the first is the default one.
    pub domains: Vec<String>,
    /// Of all domains, the initial one among them, those with federated sign-in.
    pub federated_domains: Vec<String>,
    /// What uses those domains, besides users whose names are on them.
    pub domain_references: Vec<DomainReferences>,
    /// What DNS says of them; one that is not here has no records.
    pub dns: Vec<DomainDns>,
    /// What dies with the tenant though the procedure does not mention it.
    pub losses: Losses,
    /// Security defaults are on at the start.
    pub security_defaults: bool,
    /// Conditional Access policies, enabled.
    pub conditional_access_policies: u32,
    /// The client that closes.
    pub closer: ApplicationRegistration,
    /// The client that only reads.
    pub reader: ApplicationRegistration,
    /// Application ids with which a person signs in by device code (public client flows).
    pub public_clients: Vec<Uuid>,
    /// Checks that no program can read, with what the portal would say at the start: `failed` or `passed`. Of some that are
    /// named the others are `passed`.
    pub unreadable_checks: BTreeMap<String, String>,
    /// The ARM resource of an External ID or B2C directory.
    pub directory_resource: Option<DirectoryResource>,
    /// Role assignments that are eligible, not active: user principal names in the role of Global administrator.
    pub eligible_global_administrators: Vec<String>,
    /// How many of the users are Global administrator as members of a group (the first of `losses.groups`).
    pub group_administrators: u32,
    /// Role assignments that end at a date: user principal names of those who hold their role so.
    pub temporary_administrators: Vec<String>,
    /// How the services behave towards this tenant; absent: as towards all.
    #[serde(deserialize_with = "preset::own")]
    pub behaviour: Option<Behaviour>,
}

impl Default for Tenant {
    fn default() -> Self {
        let failed = |check: &str| (check.to_owned(), "failed".to_owned());
        Self {
            id: None,
            initial_domain: None,
            display_name: "Contoso".to_owned(),
            cloud: Cloud::Global,
            tenant_type: "AAD".to_owned(),
            partner_tenant_type: None,
            seed: None,
            users: 100,
            display_names: Vec::new(),
            guests_percent: 5,
            disabled_percent: 3,
            global_administrators: 0,
            privileged_admins: 0,
            low_privileged_admins: 0,
            restricted_users: 0,
            undeletable_users: 0,
            sync: Sync::default(),
            retained_administrator: RetainedAdministrator::default(),
            spare_administrator: None,
            mfa_users: 0,
            subscriptions: Vec::new(),
            billing_account: BillingAccount::default(),
            applications: 0,
            personal_account_applications: 0,
            service_principals: 0,
            first_party_service_principals: 0,
            corporate_service_principals: 0,
            managed_identities: 0,
            linked_in_connection: false,
            azure_dev_ops: false,
            hidden_service_principals: 0,
            undeletable_service_principals: 0,
            hard_delete_protection: false,
            external: External::default(),
            domain_services: 0,
            domains: Vec::new(),
            federated_domains: Vec::new(),
            domain_references: Vec::new(),
            dns: Vec::new(),
            losses: Losses::default(),
            security_defaults: false,
            conditional_access_policies: 0,
            closer: ApplicationRegistration::default(),
            reader: ApplicationRegistration::default(),
            public_clients: Vec::new(),
            unreadable_checks: ["C5", "C9", "C10", "C11", "C15"].map(failed).into(),
            directory_resource: None,
            eligible_global_administrators: Vec::new(),
            group_administrators: 0,
            temporary_administrators: Vec::new(),
            behaviour: None,
        }
    }
}

/// How the services behave. All durations here are real time. In a scenario `Microsoft` is what Microsoft's pages and those who use
/// its services tell of them, and an object with `preset: Microsoft` that, but for the fields that it names.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Behaviour {
    /// Reads come from so many replicas, one drawn for each read.
    pub replicas: u32,
    /// A deleted object is shown by a replica for up to so many milliseconds.
    pub replica_lag_ms: u32,
    /// Of a thousand deleted objects, so many are shown ten times as long.
    pub long_lag_permille: u32,
    /// What was just created (or restored) is unknown to a replica for up to so many milliseconds: not listed, and 404 for who
    /// reads, changes or deletes it.
    pub creation_lag_ms: u32,
    /// What an application was just granted (press `changeApplication`) takes effect after so many milliseconds: a directory
    /// role is listed at once and allows nothing before; a permission, a role in Azure or on a billing account is not told
    /// before either. The press `grantsTakeEffect` ends it.
    pub late_grants_ms: u32,
    /// Whether a 429 tells when to try again.
    pub retry_after: bool,
    /// Quotas as fixed windows instead of refilled buckets.
    pub fixed_window: bool,
    /// Quotas count over so much of Microsoft's time, and allow so much less in it: the rate stays, the burst shrinks.
    pub quota_window: f64,
    /// Every answer takes so many milliseconds.
    pub latency_ms: u32,
    /// Whether a deleted subscription stays in the list with the status `Deleted` (true) or disappears.
    pub keep_deleted_subscriptions: bool,
    /// What ARM answers when it is too late to cancel: 400, 403 or 409.
    pub cancellation_refusal: u16,
    /// The code after `AADSTS` for a tenant that is gone: 90002 or 5000224.
    pub gone_tenant_code: u32,
    /// Of a thousand Graph writes, so many are answered 409 `Directory_ConcurrencyViolation`.
    pub conflict_permille: u32,
    /// A write to an object that another write changed less than so many milliseconds before is answered 409, as if they ran
    /// beside each other.
    pub parallel_write_ms: u32,
    /// Whether an item of a `$batch` without a body leaves out `body` (true) or says `null`: Microsoft does both.
    pub batch_omits_body: bool,
    /// Whether Conditional Access policies and what is in the recycle bin are changed after another sign-in alone
    /// (protected actions): 403 with a claims challenge, which no program can meet.
    pub protected_actions: bool,
    /// Whether the beta version has per-user MFA; where Microsoft's pages leave it open (US Government, China) it may not.
    pub per_user_mfa: bool,
    /// Whether users on the stable version have `perUserMfaState` too, when they are asked for it.
    pub per_user_mfa_on_v1: bool,
    /// Whether `getByIds` insists on Directory.Read.All, as its page says; else a right to read users is enough.
    pub strict_get_by_ids: bool,
    /// Of a thousand reads of one user, so many are answered 404 by a replica that has not heard of him.
    pub missing_permille: u32,
    /// Virtual hours that Graph's view of subscriptions is behind.
    pub graph_lag_hours: f64,
    /// Virtual hours that ARM's view is behind.
    pub arm_lag_hours: f64,
    /// Virtual hours that the admin center's page of subscriptions is behind.
    pub admin_lag_hours: f64,
    /// Virtual hours that Partner Center's view is behind.
    pub partner_lag_hours: f64,
    /// What Microsoft answers when one of its own service principals is deleted: 403, 400 or 404.
    pub first_party_refusal: u16,
    /// A long-running operation ends after so many milliseconds.
    pub operation_ms: u32,
    /// Virtual hours of an External ID or B2C tenant's deletion.
    pub tenant_deletion_hours: f64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            replicas: 3,
            replica_lag_ms: 0,
            long_lag_permille: 0,
            creation_lag_ms: 0,
            late_grants_ms: 0,
            retry_after: true,
            fixed_window: false,
            quota_window: 1.0,
            latency_ms: 0,
            keep_deleted_subscriptions: true,
            cancellation_refusal: 400,
            gone_tenant_code: 90_002,
            conflict_permille: 0,
            parallel_write_ms: 0,
            batch_omits_body: false,
            protected_actions: false,
            per_user_mfa: true,
            per_user_mfa_on_v1: false,
            strict_get_by_ids: false,
            missing_permille: 0,
            graph_lag_hours: 0.0,
            arm_lag_hours: 0.0,
            admin_lag_hours: 0.0,
            partner_lag_hours: 0.0,
            first_party_refusal: 403,
            operation_ms: 1000,
            tenant_deletion_hours: 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_fields_have_defaults_and_unknown_ones_are_refused() {
        let scenario =
            Scenario::parse("tenants:\n- users: 7\n  subscriptions:\n  - kind: Direct\n").unwrap();
        assert_eq!(scenario.tenants[0].users, 7);
        assert_eq!(scenario.tenants[0].subscriptions[0].seats, 25);
        assert!(Scenario::parse("tenants:\n- usrs: 7\n").is_err());
        assert!(Scenario::parse("tenants: []\n").is_err());
        assert!(Scenario::parse(r#"{"tenants":[{"cloud":"China"}]}"#).is_ok());
    }

    #[test]
    fn the_shipped_example_reads() {
        let scenario = Scenario::parse(include_str!("../../examples/demo-tenant.yaml")).unwrap();
        assert_eq!(scenario.tenants[0].users, 1000);
    }
}
