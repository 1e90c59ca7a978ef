//! Residue: applications that nobody could remove, and the text for Microsoft's support where the portal refuses.

use crate::closure::decision::CheckStanding;
use crate::closure::id::ObjectId;
use crate::closure::memory::Memory;
use crate::closure::observation::Application;
use crate::closure::plan::Plan;
use crate::closure::special::Special;
use crate::closure::terms::Cloud;
use crate::closure::words::{clip, count, thousands};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use uuid::Uuid;

/// Owners that are told.
pub const OWNERS: usize = 10;
/// Ids that are told of each owner's applications.
pub const OBJECTS: usize = 10;
/// Request ids, and error codes, that are kept for support.
pub const KEPT: usize = 10;
/// Characters of a ticket at most.
pub const TICKET: usize = 8_192;

/// Applications that are left, of one owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Residue {
    /// The tenant that owns them (`appOwnerOrganizationId`); absent: not told, or registered here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<ObjectId>,
    /// They belong to Microsoft, or are managed identities: nobody deletes them.
    pub kept: bool,
    /// They go with a setting: a person does what is told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special: Option<Special>,
    /// How many.
    pub count: u32,
    /// How many of them are disabled: they refused to be deleted, or somebody did it before.
    #[serde(default, skip_serializing_if = "crate::closure::memory::is_zero")]
    pub disabled: u32,
    /// The first of them by id.
    #[schemars(length(max = 10))]
    pub objects: Vec<ObjectId>,
}

/// What support asks for, as far as the journal knows it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ForSupport {
    /// `client-request-id` of calls of step 5 that were refused: the newest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub request_ids: Vec<Uuid>,
    /// Microsoft's error codes on them, with the HTTP status.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), inner(length(max = 140)))]
    pub codes: Vec<String>,
    /// What was left when our own application was to go: afterwards nobody can look.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub residue: Vec<Residue>,
}

impl ForSupport {
    /// True where there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what a refusal brought; the oldest goes first.
    pub fn refused(&mut self, request_ids: &[Uuid], codes: impl Iterator<Item = String>) {
        for id in request_ids {
            if !self.request_ids.contains(id) {
                self.request_ids.push(*id);
            }
        }
        for code in codes {
            if !self.codes.contains(&code) {
                self.codes.push(code);
            }
        }
        let ids = self.request_ids.len().saturating_sub(KEPT);
        self.request_ids.drain(..ids);
        let codes = self.codes.len().saturating_sub(KEPT);
        self.codes.drain(..codes);
    }
}

/// Kept by Microsoft or not, the owner, and what goes with a setting.
type Kind = (bool, Option<ObjectId>, Option<Special>);

/// What is left besides our own, by owner: first what could be deleted, then the owners of few, for they are what is rare.
pub fn of(applications: &[Application]) -> Vec<Residue> {
    let mut by_owner: BTreeMap<Kind, (Vec<ObjectId>, u32)> = BTreeMap::new();
    for one in applications.iter().filter(|one| !one.own) {
        let kind = (one.undeletable, one.owner, one.special);
        let (ids, disabled) = by_owner.entry(kind).or_default();
        ids.push(one.id);
        *disabled = disabled.saturating_add(u32::from(one.disabled));
    }
    let mut all: Vec<Residue> = by_owner
        .into_iter()
        .map(|((kept, owner, special), (mut ids, disabled))| {
            ids.sort_unstable();
            let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            ids.truncate(OBJECTS);
            Residue {
                owner,
                kept,
                special,
                count,
                disabled,
                objects: ids,
            }
        })
        .collect();
    all.sort_by_key(|one| (one.kept, one.special.is_none(), one.count, one.owner));
    all.truncate(OWNERS);
    all
}

/// The ticket: what a support case needs to say, ready to be sent. The same as long as the facts are.
pub fn ticket(
    plan: &Plan,
    memory: &Memory,
    residue: &[Residue],
    ours: &[ObjectId],
    checks: &[CheckStanding],
) -> String {
    let terms = &plan.terms;
    let cloud = match terms.cloud {
        Cloud::Global => "Global",
        Cloud::USGov => "US Government L4",
        Cloud::USGovDoD => "US Government L5 (DoD)",
        Cloud::China => "China, operated by 21Vianet",
    };
    let (domain, tenant) = (&terms.initial_domain, terms.tenant_id);
    let mut text = format!(
        "The tenant {domain} cannot be deleted\n\n\
         Tenant id: {tenant}\n\
         Initial domain: {domain}\n\
         Cloud: {cloud}\n\
         Global Administrator who pressed Delete under Manage tenants: {}\n\n\
         All users but this one are deleted and all subscriptions have ended, as \
         https://learn.microsoft.com/entra/identity/users/directory-delete-howto asks for; the portal still refuses.\n",
        terms.retained
    );
    let with = |state: &str| {
        let some = checks.iter().filter(|check| check.state == state);
        let names: Vec<&str> = some.map(|check| check.check.as_str()).collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join("; ")
        }
    };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\nChecks that fail: {}\nChecks that nobody has looked at: {}\n",
        with("failed"),
        with("unknown")
    );
    text.push_str("\nApplications that are left:\n");
    for one in residue {
        text.push_str(&line(one));
    }
    if residue.is_empty() {
        text.push_str("- none besides those of the program that closes this tenant\n");
    }
    let ours = if ours.is_empty() {
        "removed".to_owned()
    } else {
        format!("still there ({})", ids(ours))
    };
    let _ = writeln!(
        text,
        "\nThe application of the program that closes this tenant: {ours}"
    );
    let known = &memory.for_support;
    let requests: Vec<String> = known.request_ids.iter().map(Uuid::to_string).collect();
    let or_none = |list: &[String]| {
        if list.is_empty() {
            "none".to_owned()
        } else {
            list.join(", ")
        }
    };
    let _ = write!(
        text,
        "Errors of Microsoft Graph when they were deleted: {}\n\
         client-request-id of refused requests: {}\n\n\
         Please remove what keeps the tenant from being deleted, or delete the tenant.\n",
        or_none(&known.codes),
        or_none(&requests)
    );
    clip(&text, TICKET)
}

fn line(one: &Residue) -> String {
    let owner = match (one.owner, one.kept) {
        (Some(owner), true) => {
            format!("owned by Microsoft's tenant or an Azure resource ({owner})")
        }
        (Some(owner), false) => format!("owned by tenant {owner}"),
        (None, true) => "managed identities, owner not told".to_owned(),
        (None, false) => "owner not told".to_owned(),
    };
    let more = one.count as usize - one.objects.len();
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    let what = one.special.map_or_else(String::new, |special| {
        format!(
            " ({}). {}: {}",
            special.words(),
            special.remedy(),
            special.link()
        )
    });
    let count = count(one.count, "application");
    let disabled = match one.disabled {
        0 => String::new(),
        some => format!(" ({} disabled)", thousands(some)),
    };
    format!(
        "- {count}{disabled}, {owner}: {}{more}{what}\n",
        ids(&one.objects)
    )
}

fn ids(all: &[ObjectId]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join(", ")
}
