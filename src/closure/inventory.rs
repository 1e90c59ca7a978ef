//! Inventory: what was in the tenant before anything was taken from it, line by line. It is the only place where the ids of
//! the journal meet names. The format is described in `docs/inventory.md`.

use crate::closure::id::ObjectId;
use crate::closure::observation::{Agreement, Lifecycle, Subscription, Why};
use crate::closure::retention::Retention;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the format: it changes where a line changes its meaning or loses a field.
pub const VERSION: u32 = 1;

/// What an inventory is made of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Kind {
    /// Products that licenses are of (Graph's `subscribedSkus`).
    License,
    /// Subscriptions, as the plan sees them.
    Subscription,
    /// Domains.
    Domain,
    /// Groups.
    Group,
    /// Application registrations and service principals.
    Application,
    /// Users with their licenses and groups.
    User,
    /// Which user is in which group: told in the lines of the users.
    Membership,
}

impl Kind {
    /// In the order of the lines: the users, who may be many, are asked for once all else could be read.
    pub const LISTED: [Self; 6] = [
        Self::License,
        Self::Subscription,
        Self::Domain,
        Self::Group,
        Self::Application,
        Self::User,
    ];

    /// As a person is told of it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::License => "the licenses",
            Self::Subscription => "the subscriptions",
            Self::Domain => "the domains",
            Self::Group => "the groups",
            Self::Application => "the applications",
            Self::User => "the users",
            Self::Membership => "who is in which group",
        }
    }

    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::License,
        Self::Subscription,
        Self::Domain,
        Self::Group,
        Self::Application,
        Self::User,
        Self::Membership,
    ];

    /// The least application permission of Graph with which it is read.
    pub const fn permission(self) -> &'static str {
        match self {
            Self::License | Self::Subscription => "Organization.Read.All",
            Self::Domain => "Domain.Read.All",
            Self::Group | Self::Membership => "Group.Read.All",
            Self::Application => "Application.Read.All",
            Self::User => "User.Read.All",
        }
    }
}

/// A line of an inventory.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind")]
pub enum Entry {
    /// The first line.
    Inventory(Header),
    /// A product that licenses are of.
    License(License),
    /// A subscription.
    Subscription(Bought),
    /// A domain.
    Domain(Domain),
    /// A group.
    Group(Group),
    /// An application registration or a service principal.
    Application(Application),
    /// A user.
    User(User),
    /// The last line of a kind.
    End(End),
}

/// Which tenant, when, for which closure.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// [`VERSION`].
    pub version: u32,
    /// The tenant.
    #[serde(rename = "tenantID")]
    pub tenant_id: ObjectId,
    /// Its initial domain.
    pub initial_domain: String,
    /// UID of the closure.
    #[serde(rename = "closureUID")]
    pub closure_uid: String,
    /// When reading began.
    pub begun_at: Timestamp,
    /// Until when it is kept.
    #[serde(flatten)]
    pub retention: Retention,
}

/// The last line of a kind: whether all of it stands above.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// The kind.
    pub of: Kind,
    /// Lines of this kind, memberships counted each.
    pub count: u64,
    /// False where some of it, or all, could not be read.
    pub complete: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Word>,
    /// The permission that it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission: Option<&'static str>,
}

/// A product that licenses are of (Graph's `subscribedSku`).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct License {
    /// `skuId`.
    pub id: String,
    /// `skuPartNumber`.
    pub name: String,
    /// Licenses that can be assigned (`prepaidUnits.enabled`).
    pub seats: Option<u64>,
    /// Licenses that are (`consumedUnits`).
    pub assigned: Option<u64>,
}

/// A subscription, from Graph and the billing accounts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bought {
    /// Its id.
    pub id: ObjectId,
    /// Product or name.
    pub name: String,
    /// Seats.
    pub seats: u32,
    /// Where it stands: `Active`, `Expired`, `Disabled`, `LockedOut`.
    pub state: &'static str,
    /// How it was bought.
    pub agreement: Agreement,
    /// The next date that Microsoft announces.
    pub next_change: Option<Timestamp>,
    /// Recurring billing is on.
    pub auto_renew: bool,
}

impl From<&Subscription> for Bought {
    fn from(one: &Subscription) -> Self {
        Self {
            id: one.id,
            name: one.name.clone(),
            seats: one.seats,
            state: match one.lifecycle {
                Lifecycle::Active => "Active",
                Lifecycle::Expired => "Expired",
                Lifecycle::Disabled => "Disabled",
                Lifecycle::LockedOut => "LockedOut",
                Lifecycle::Gone => "Gone",
            },
            agreement: one.agreement,
            next_change: one.next_change,
            auto_renew: one.auto_renew,
        }
    }
}

/// A domain.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Domain {
    /// Its name.
    pub id: String,
    /// `isInitial`.
    pub initial: bool,
    /// `isDefault`.
    pub default: bool,
    /// `isVerified`.
    pub verified: bool,
    /// `authenticationType`: `Managed` or `Federated`.
    pub authentication: Option<String>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Object id.
    pub id: ObjectId,
    /// `displayName`.
    pub name: Option<String>,
    /// `mail`.
    pub mail: Option<String>,
    /// `groupTypes`, for example `Unified` for a Microsoft 365 group.
    pub types: Vec<String>,
    /// `securityEnabled`.
    pub security: Option<bool>,
    /// `visibility`.
    pub visibility: Option<String>,
}

/// An application registration or a service principal.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// Object id.
    pub id: ObjectId,
    /// Application (client) id.
    #[serde(rename = "appID")]
    pub app_id: Option<ObjectId>,
    /// `displayName`.
    pub name: Option<String>,
    /// False for a registration.
    pub service_principal: bool,
    /// Of a service principal: it belongs to Microsoft, or is a managed identity.
    pub built_in: bool,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Object id, as in the journal.
    pub id: ObjectId,
    /// `userPrincipalName`.
    pub user_principal_name: String,
    /// `displayName`.
    pub name: Option<String>,
    /// `mail`.
    pub mail: Option<String>,
    /// `userType`: `Member` or `Guest`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `accountEnabled`.
    pub enabled: Option<bool>,
    /// `onPremisesSyncEnabled`.
    pub synced: bool,
    /// Licenses assigned, by product; by `skuId` where nothing tells the product.
    pub licenses: Vec<String>,
    /// Groups that this user is a direct member of; absent where they could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<InGroup>>,
}

/// A group as the line of a user names it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InGroup {
    /// Object id.
    pub id: ObjectId,
    /// `displayName`; absent where it may not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Where the lines go, one at a time.
pub trait Sink: Send {
    /// Takes a line. `false`: nothing more is wanted, and reading stops.
    fn take(&mut self, entry: Entry) -> super::tenant::Answer<'_, bool>;
}

/// Something that does not stand in an inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// Of this kind something could not be read.
    Unread(Kind, Why),
    /// There are groups whose members Microsoft hides from this identity without a word.
    HiddenMembership,
}

/// Why something does not stand there, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Word {
    /// The identity may not read it.
    Forbidden,
    /// The credential is gone or refused.
    CredentialRefused,
    /// A policy of the tenant asks for a person.
    PolicyAsks,
    /// Something in the directory stands in the way.
    Conflict,
    /// Microsoft gave no usable answer.
    Unavailable,
    /// What was answered is not what Microsoft documents.
    Malformed,
    /// This cloud or tenant lets no program read it.
    Unsupported,
    /// Groups with hidden members, which take a permission of their own.
    Hidden,
}

/// A shortage as the journal keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// Of which kind.
    pub kind: Kind,
    /// Why.
    pub why: Word,
}

impl From<Shortage> for Gap {
    fn from(shortage: Shortage) -> Self {
        match shortage {
            Shortage::HiddenMembership => Self {
                kind: Kind::Membership,
                why: Word::Hidden,
            },
            Shortage::Unread(kind, why) => Self {
                kind,
                why: match why {
                    Why::Forbidden => Word::Forbidden,
                    Why::CredentialRefused(_) => Word::CredentialRefused,
                    Why::PolicyAsks => Word::PolicyAsks,
                    Why::Conflict => Word::Conflict,
                    Why::Unavailable | Why::Paused(_) => Word::Unavailable,
                    Why::Malformed => Word::Malformed,
                    Why::Unsupported => Word::Unsupported,
                },
            },
        }
    }
}

impl Gap {
    /// The permission that would close it, where one would.
    pub const fn permission(self) -> Option<&'static str> {
        match self.why {
            Word::Forbidden => Some(self.kind.permission()),
            Word::Hidden => Some(HIDDEN_MEMBERS),
            Word::CredentialRefused
            | Word::PolicyAsks
            | Word::Conflict
            | Word::Unavailable
            | Word::Malformed
            | Word::Unsupported => None,
        }
    }

    /// In words.
    pub fn words(self) -> String {
        let what = self.kind.words();
        match self.why {
            Word::Forbidden => format!("{what} (not permitted)"),
            Word::CredentialRefused => format!("{what} (the credential was refused)"),
            Word::PolicyAsks => format!("{what} (a policy of the tenant asks for a person)"),
            Word::Conflict => format!("{what} (something in the directory stands in the way)"),
            Word::Unavailable => format!("{what} (no usable answer)"),
            Word::Malformed => format!("{what} (an answer that is not believed)"),
            Word::Unsupported => format!("{what} (not to be read here)"),
            Word::Hidden => format!("{what}, where a group hides its members (not permitted)"),
        }
    }

    /// Asking again may close it.
    pub const fn may_pass(self) -> bool {
        matches!(
            self.why,
            Word::Unavailable | Word::Malformed | Word::CredentialRefused | Word::PolicyAsks
        )
    }
}

/// The permission without which Graph leaves the members of hidden groups out (graph/api/group-list-members).
pub const HIDDEN_MEMBERS: &str = "Member.Read.Hidden";

/// What the operator's configuration wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Wish {
    /// No inventory.
    #[default]
    Off,
    /// One is written where that can be done; where not, the closure goes on, and says so.
    Wanted,
    /// Nothing is taken away before a complete one is written.
    Required,
}

/// An inventory as the journal knows it: numbers and a digest, no name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    /// Name of the object in the store, in the folder of the closure; null where nothing could be written.
    // Everything is written also where it is empty: a merge patch keeps what it does not name.
    #[serde(default)]
    #[schemars(length(max = 128))]
    pub object: Option<String>,
    /// SHA-256 over the object, hexadecimal.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub digest: Option<String>,
    /// Size of the object, in bytes.
    #[serde(default)]
    pub bytes: u64,
    /// How many there are of each kind.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, u64>")]
    pub counts: BTreeMap<Kind, u64>,
    /// What is lacking in it.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub gaps: Vec<Gap>,
}

impl Inventory {
    /// It was written, and nothing is lacking.
    pub const fn complete(&self) -> bool {
        self.object.is_some() && self.gaps.is_empty()
    }
}

/// The newest inventory, and when the journal took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Taken {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub inventory: Inventory,
}
