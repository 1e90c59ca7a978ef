//! The terms: what the author of a closure asked for, resolved and checked once. Absent always means the safest thing.

use crate::closure::id::ObjectId;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which of Microsoft's clouds the tenant lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Cloud {
    /// The worldwide cloud (with GCC).
    #[default]
    Global,
    /// US Government L4 (GCC High).
    USGov,
    /// US Government L5 (`DoD`).
    #[serde(rename = "USGovDoD")]
    USGovDoD,
    /// China, operated by 21Vianet.
    China,
}

impl Cloud {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Global, Self::USGov, Self::USGovDoD, Self::China];

    /// Its name in a resource.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "Global",
            Self::USGov => "USGov",
            Self::USGovDoD => "USGovDoD",
            Self::China => "China",
        }
    }

    /// The audience that the federated credential of an application takes, and the cluster's token is made for.
    /// Source: learn.microsoft.com `graph/api/resources/federatedidentitycredential`.
    pub const fn federated_audience(self) -> &'static str {
        match self {
            Self::Global => "api://AzureADTokenExchange",
            Self::USGov | Self::USGovDoD => "api://AzureADTokenExchangeUSGov",
            Self::China => "api://AzureADTokenExchangeChina",
        }
    }
}

/// Whether anything may be changed in the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Mode {
    /// Reads only: a plan is written, nothing in the tenant is changed.
    #[default]
    Plan,
    /// Carries the approved plan out.
    Execute,
}

/// What was asked for.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the spec"
)]
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// The tenant's id; must match what the tenant says of itself.
    pub tenant_id: ObjectId,
    /// The tenant's initial domain; must match what the tenant says of itself.
    pub initial_domain: String,
    /// The cloud.
    pub cloud: Cloud,
    /// User principal name of the Global administrator who stays and finishes.
    pub retained: String,
    /// User principal name of a second administrator, kept through step 4 and deleted first in step 5.
    pub spare: Option<String>,
    /// Plan or Execute.
    pub mode: Mode,
    /// In mode Plan another application reads than the one that acts in mode Execute.
    pub reader_of_its_own: bool,
    /// The author asked for a pause.
    pub suspend: bool,
    /// A legal hold with its reason.
    pub hold: Option<String>,
    /// Nothing is changed in the tenant before this time.
    pub not_before: Option<Timestamp>,
    /// Who vouches for the backup; `None` blocks.
    pub backup: Option<Backup>,
    /// Losses accepted by name, as many as a plan can name ([`crate::closure::acceptance::within`]).
    pub accepted: Vec<Accepted>,
    /// How many its author named beyond that: nobody accepts those.
    pub accepted_beyond: u32,
    /// Reason and feedback for canceling subscriptions.
    pub cancellation: Option<Cancellation>,
    /// Accounts through which subscriptions can be seen and ended.
    pub billing: Vec<BillingAccount>,
    /// Recurring billing is switched off before any user is touched.
    pub stop_renewal_first: bool,
    /// Domains to release for another tenant, in lower case.
    pub release_domains: Vec<String>,
    /// Security defaults are switched off in step 4.
    pub security_defaults_off: bool,
    /// Conditional Access policies that are disabled in step 4, sorted.
    pub policies_off: Vec<ObjectId>,
    /// Remove applications and service principals where Microsoft allows it.
    pub remove_applications: bool,
    /// ARM id of an External ID or B2C directory; such a tenant can be deleted by a call.
    pub directory_resource: Option<String>,
    /// The tenant of the Azure subscription that this resource lies in, where it has a credential of its own.
    pub directory_resource_tenant: Option<ObjectId>,
    /// Persons who must approve.
    pub approvals_required: u32,
    /// Most users that this closure may delete; `None` in Execute blocks.
    pub max_users: Option<u32>,
    /// Most objects in one effect.
    pub slice: usize,
    /// Longest time between two looks at something that is waited for.
    pub poll_at_most: Duration,
    /// Time to spare before a step is told as overdue; where a person has something to do, seven times as long.
    pub overdue_after: SignedDuration,
}

/// A loss accepted by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The kind.
    pub kind: String,
    /// The Azure subscriptions that may be canceled, of the kind `AzureResources`.
    pub subscriptions: Vec<ObjectId>,
}

impl Terms {
    /// Its author accepted this kind.
    pub fn accepts(&self, kind: &str) -> bool {
        self.accepted.iter().any(|one| one.kind == kind)
    }
}

/// Who vouches for the backup of what must be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backup {
    /// The author does.
    Acknowledged {
        /// Where it is to be found, for example a ticket; may be empty.
        reference: String,
    },
    /// A Kubernetes Job in the closure's namespace, which must be Complete.
    Job {
        /// Its name.
        name: String,
        /// It must have completed no longer ago than this.
        max_age: SignedDuration,
    },
}

/// Step 2's reason and feedback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cancellation {
    /// The reason as the admin center's list words it.
    pub reason: String,
    /// Optional free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
}

/// An account through which subscriptions can be seen and ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillingAccount {
    /// Its kind.
    pub kind: BillingKind,
    /// The tenant that its own credential is for; `None`: it is used with the closure's credential.
    pub tenant_id: Option<ObjectId>,
}

/// A kind of billing account through which subscriptions can be ended by a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BillingKind {
    /// A Microsoft Customer Agreement account: ARM Billing.
    CustomerAgreement,
    /// A partner's account: Partner Center.
    Partner,
    /// Azure subscriptions, canceled by their owner through ARM.
    AzureSubscription,
}
