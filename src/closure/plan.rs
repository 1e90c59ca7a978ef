//! The plan: explicit ids of everything that would be deleted, canceled or changed, with a digest over all of it.

use crate::closure::acceptance::Acceptance;
use crate::closure::bought::Term;
use crate::closure::id::ObjectId;
use crate::closure::loss::PlannedLoss;
use crate::closure::observation::Agreement;
use crate::closure::supplement::Supplements;
use crate::closure::terms::Terms;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;

/// Ids in one chunk of a stored plan: keeps the stored object under 100 KiB.
pub const CHUNK: usize = 2_000;

/// What is asked and, once a plan was made, whom it concerns.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What the author asked for.
    pub terms: Terms,
    /// The sealed plan; `None` before one was made.
    pub sealed: Option<Arc<Sealed>>,
    /// Who came after it was made.
    pub supplements: Supplements,
}

/// Which plan an object stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// In the plan itself.
    Base,
    /// In the supplement of this ordinal.
    Supplement(u32),
}

impl Part {
    /// The ordinal, of a supplement.
    pub const fn ordinal(self) -> Option<u32> {
        match self {
            Self::Base => None,
            Self::Supplement(ordinal) => Some(ordinal),
        }
    }
}

impl Plan {
    /// Before any plan was made.
    pub const fn unmade(terms: Terms) -> Self {
        Self {
            terms,
            sealed: None,
            supplements: Supplements::NONE,
        }
    }

    /// The part of what may be deleted that this user stands in; who waits for an approval stands in none.
    pub fn part(&self, id: ObjectId) -> Option<Part> {
        if self.sealed.as_ref().is_some_and(|sealed| sealed.names(id)) {
            return Some(Part::Base);
        }
        self.supplements.naming(id).map(Part::Supplement)
    }

    /// Is this user among those who may be deleted?
    pub fn names(&self, id: ObjectId) -> bool {
        self.part(id).is_some()
    }

    /// Is this one of the other Global administrators who may be deleted?
    pub fn names_administrator(&self, id: ObjectId) -> bool {
        let sealed = self.sealed.as_ref();
        sealed.is_some_and(|sealed| {
            let others = &sealed.head.other_global_administrators;
            others.binary_search(&id).is_ok()
        })
    }

    /// The digest of the plan or supplement that covers an effect.
    pub fn digest_of(&self, supplement: Option<u32>) -> Option<&str> {
        match supplement {
            None => self.sealed.as_ref().map(|sealed| sealed.digest.as_str()),
            Some(ordinal) => self.supplements.get(ordinal).map(|one| one.digest.as_str()),
        }
    }

    /// Users of the plan and all its supplements, also of the open one.
    pub fn users(&self) -> u32 {
        let base = self.sealed.as_ref().map_or(0, |sealed| sealed.users.len());
        let all = self
            .supplements
            .all()
            .fold(base, |sum, one| sum.saturating_add(one.users.len()));
        u32::try_from(all).unwrap_or(u32::MAX)
    }
}

/// A sealed plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Sealed {
    /// Everything but the users.
    pub head: PlanHead,
    /// Users to delete, sorted, the other Global administrators last.
    pub users: Vec<ObjectId>,
    /// SHA-256 over head and users, hexadecimal.
    pub digest: String,
}

/// The part of a plan that is small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanHead {
    /// The tenant.
    pub tenant_id: ObjectId,
    /// Its initial domain.
    #[schemars(length(max = 253))]
    pub initial_domain: String,
    /// Who stays: pinned by object id.
    pub retained: ObjectId,
    /// The spare administrator, pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spare: Option<ObjectId>,
    /// Our application.
    pub app_id: ObjectId,
    /// Users to delete: how many.
    pub user_count: u32,
    /// How many of them are guests.
    pub guests: u32,
    /// How many of them are synced.
    pub synced: u32,
    /// Directory sync was on.
    #[serde(default)]
    pub sync_enabled: bool,
    /// Other Global administrators among them; they go last.
    #[schemars(length(max = 400))]
    pub other_global_administrators: Vec<ObjectId>,
    /// Groups and applications that hold the role besides: what is not here is new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 400))]
    pub other_holders: Vec<ObjectId>,
    /// Who may take the role up, and until when it is held, could be read when this was made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub role_schedules: bool,
    /// How many of them hold a directory role: to delete those takes one.
    #[serde(default, skip_serializing_if = "crate::closure::memory::is_zero")]
    pub other_administrators: u32,
    /// Subscriptions to cancel and to delete, and the one that goes with the tenant.
    #[schemars(length(max = 500))]
    pub subscriptions: Vec<PlannedSubscription>,
    /// Security defaults are switched off in step 4.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub security_defaults: bool,
    /// Conditional Access policies that are disabled in step 4.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub policies: Vec<ObjectId>,
    /// Applications and service principals to remove (ours are not among them).
    #[schemars(length(max = 1000))]
    pub applications: Vec<ObjectId>,
    /// Our own registration and service principal, where they could be read: they go last. None is removed that does not
    /// stand here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub own: Vec<ObjectId>,
    /// ARM id of the External ID or B2C directory that is deleted with the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub directory_resource: Option<String>,
    /// How many more there are than one plan holds: a person removes those in step 5.
    #[serde(default, skip_serializing_if = "crate::closure::memory::is_zero")]
    pub applications_beyond: u32,
    /// Domains to release for another tenant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 253)))]
    pub domains: Vec<String>,
    /// Verified domains that its owner brought, in lower case: what is not here is new. Absent where there are more than 900.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 900), inner(length(max = 253)))]
    pub custom_domains: Option<Vec<String>>,
    /// Where there are more: SHA-256 over all of them and of `domains`, sorted, one a line. In plans of earlier versions neither is
    /// there, and nothing is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub custom_domains_digest: Option<String>,
    /// What dies with the tenant besides, by kind, or could not be counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 520))]
    pub losses: Vec<PlannedLoss>,
    /// What its author had accepted by name when it was made. What he accepts later is approved on its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 520))]
    pub accepted: Vec<Acceptance>,
    /// The reason that step 2 gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub reason: Option<String>,
}

/// A subscription in a plan: how it was bought is known before anybody approves.
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own, as its account tells it
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedSubscription {
    /// Its id.
    pub id: ObjectId,
    /// Its product's name. Empty where there is only a name that somebody gave it: that may be a person's, and no record
    /// holds one.
    #[serde(default)]
    #[schemars(length(max = 256))]
    pub name: String,
    /// Seats.
    pub seats: u32,
    /// How it was bought.
    pub agreement: Agreement,
    /// It was expired, disabled or canceled already when the plan was made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Its recurring billing is switched off before any user is touched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stop_renewal: bool,
    /// The end of its term, or the next change that Microsoft announces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// The end of the term at hand, as its account tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_ends_at: Option<Timestamp>,
    /// How long the term after that is if it renews, as its account tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_term: Option<Term>,
    /// Its account let it be canceled within its term when the plan was made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelable: bool,
    /// The last day on which it can be canceled within this term, as its account tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_until: Option<Timestamp>,
    /// It renews by itself then.
    #[serde(default)]
    pub renews: bool,
    /// Who can end it.
    pub ended_by: Ender,
}

impl PlanHead {
    /// The subscriptions that somebody ends, or their term.
    pub fn ended_apart(&self) -> impl Iterator<Item = &PlannedSubscription> {
        let all = self.subscriptions.iter();
        all.filter(|one| one.agreement.ends_apart())
    }

    /// How many those are.
    pub fn to_end(&self) -> u32 {
        u32::try_from(self.ended_apart().count()).unwrap_or(u32::MAX)
    }
}

impl PlannedSubscription {
    /// What it is called where its name may not stand.
    pub fn called(&self) -> String {
        if self.name.is_empty() {
            format!("subscription {}", self.id)
        } else {
            self.name.clone()
        }
    }
}

/// Applications and service principals that one plan holds: their ids stand in one object.
pub const MOST_APPLICATIONS: usize = 1_000;

/// Subscriptions that one plan names, as its schema says. Each Azure one stands among its losses once more, which have room for them
/// and every kind.
pub const MOST_SUBSCRIPTIONS: usize = 500;

/// Who can end a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Ender {
    /// The operator, through a billing account that the closure names.
    Operator,
    /// An administrator of the tenant, by hand.
    Administrator,
    /// The partner who sold it.
    Partner,
    /// The distributor from whom the partner, an indirect reseller, buys it.
    Distributor,
    /// The account manager of the agreement.
    AccountManager,
    /// Nobody: it goes with the tenant.
    Tenant,
}

impl Sealed {
    /// Seals: sorts the users (other Global administrators last) and computes the digest.
    pub fn seal(mut head: PlanHead, mut users: Vec<ObjectId>) -> Self {
        head.other_global_administrators.sort_unstable();
        head.other_holders.sort_unstable();
        head.subscriptions.sort_by_key(|s| s.id);
        head.applications.sort_unstable();
        head.own.sort_unstable();
        head.domains.sort_unstable();
        head.losses.sort_unstable();
        let last = &head.other_global_administrators;
        users.sort_unstable_by_key(|id| (last.binary_search(id).is_ok(), *id));
        let digest = digest(&head, &users);
        Self {
            head,
            users,
            digest,
        }
    }

    /// How many of the users are no Global administrators: they stand first and go first.
    pub fn ordinary(&self) -> usize {
        let last = &self.head.other_global_administrators;
        self.users
            .partition_point(|id| last.binary_search(id).is_err())
    }

    /// Is this user among those to delete? Two binary searches: the other Global administrators stand sorted at the end.
    pub fn names(&self, id: ObjectId) -> bool {
        let (first, last) = self.users.split_at(self.ordinary());
        first.binary_search(&id).is_ok() || last.binary_search(&id).is_ok()
    }

    /// Who may stay: the retained administrator and, through step 4, the spare one; sorted.
    pub fn allowed(&self) -> Vec<ObjectId> {
        let mut ids: Vec<ObjectId> = self
            .head
            .spare
            .into_iter()
            .chain([self.head.retained])
            .collect();
        ids.sort_unstable();
        ids
    }
}

/// SHA-256 over the head's JSON (field order is fixed by its type) and the 16 bytes of each user in the plan's order.
pub fn digest(head: &PlanHead, users: &[ObjectId]) -> String {
    let mut hasher = Sha256::new();
    // A PlanHead holds no map and no float: serializing it cannot fail.
    hasher.update(serde_json::to_vec(head).unwrap_or_default());
    for id in users {
        hasher.update(id.0.as_bytes());
    }
    hex(&hasher.finalize())
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
