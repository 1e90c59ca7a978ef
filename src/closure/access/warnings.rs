//! Warnings: what the identity holds beyond what its closure needs, and what of it ends before the closure can. Nothing
//! waits for them.
//!
//! Sources: what each permission opens `graph/permissions-reference`; roles that Microsoft calls privileged
//! `entra/identity/role-based-access-control/privileged-roles-permissions`.

use super::ends::Ends;
use super::table::{Kind, Purpose, Right};
use crate::closure::estimate;
use crate::closure::id::ObjectId;
use crate::closure::memory::Memory;
use crate::closure::observation::{Identity, Observation};
use crate::closure::plan::Plan;
use crate::closure::steps::roles::{self, PRIVILEGED_AUTHENTICATION_ADMINISTRATOR};
use crate::closure::terms::Mode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is the matter.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Finding {
    /// Held, needed by no step, and whoever has it can give himself anything or become anybody.
    Dangerous,
    /// Needed, and it ends before the closure can.
    EndsBeforeEstimate,
    /// Needed, and nobody tells when it ends.
    EndUnknown,
    /// Held, and needed by no step.
    MoreThanNeeded,
}

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What is the matter.
    pub finding: Finding,
    /// With what: a permission, a directory role, what it signs in with.
    pub what: String,
    /// When it ends.
    pub until: Option<Timestamp>,
}

/// As many are told; of more, how many.
pub const TOLD: usize = 20;

/// Permissions with which an application can give itself or others any right, or sign in as somebody else.
const DANGEROUS: [&str; 19] = [
    "AppRoleAssignment.ReadWrite.All",
    "Application.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.ReadWrite.All",
    "Domain.ReadWrite.All",
    "EntitlementManagement.ReadWrite.All",
    "Organization.ReadWrite.All",
    "Policy.ReadWrite.AuthenticationMethod",
    "Policy.ReadWrite.ConditionalAccess",
    "Policy.ReadWrite.PermissionGrant",
    "Policy.ReadWrite.SecurityDefaults",
    "PrivilegedAccess.ReadWrite.AzureAD",
    "PrivilegedAccess.ReadWrite.AzureADGroup",
    "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
    "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleManagement.ReadWrite.Directory",
    "UserAuthenticationMethod.ReadWrite.All",
];

/// Switches directory sync off where Microsoft asks for a role besides the permission
/// (learn.microsoft.com `entra/identity/hybrid/connect/turn-off-directory-synchronization`).
const HYBRID_IDENTITY_ADMINISTRATOR: &str = "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2";

/// Template ids and names of roles that an application is often given, and whether they are dangerous.
const ROLES: [(&str, &str, bool); 14] = [
    (
        "62e90394-69f5-4237-9190-012177145e10",
        "Global Administrator",
        true,
    ),
    (
        "e8611ab8-c189-46e8-94e1-60213ab1f814",
        "Privileged Role Administrator",
        true,
    ),
    (
        "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
        "Privileged Authentication Administrator",
        true,
    ),
    (
        "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
        "Application Administrator",
        true,
    ),
    (
        "158c047a-c907-4556-b7ef-446551a6b5f7",
        "Cloud Application Administrator",
        true,
    ),
    (
        "8329153b-31d0-4727-b945-745eb3bc5f31",
        "Domain Name Administrator",
        true,
    ),
    (
        HYBRID_IDENTITY_ADMINISTRATOR,
        "Hybrid Identity Administrator",
        true,
    ),
    (
        "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",
        "Conditional Access Administrator",
        true,
    ),
    (
        "c4e39bd9-1100-46d3-8c65-fb160da0071f",
        "Authentication Administrator",
        true,
    ),
    (
        "fe930be7-5e62-47db-91af-98c3a49a38b1",
        "User Administrator",
        false,
    ),
    (
        "b0f54661-2d74-4c50-afa3-1ec803f12efe",
        "Billing Administrator",
        false,
    ),
    (
        "fdd7a751-b60b-444a-984c-02652fe8fa1c",
        "Groups Administrator",
        false,
    ),
    (
        "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
        "Global Reader",
        false,
    ),
    (
        "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
        "Directory Readers",
        false,
    ),
];

/// The warnings of step 0, the worst first; `None`: nobody looked, or nothing can be told of the one that acts.
pub fn told(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Vec<Warning>> {
    if !roles::looks(plan, seen, memory) {
        return None;
    }
    let found = seen.identity.known()?;
    // What is needed may depend on who else holds a role.
    seen.role_holders.known()?;
    let mut all = more_than_needed(plan, seen, found);
    if let Some(ends) = seen.ends.known().filter(|_| acts(plan)) {
        all.extend(end(plan, seen, memory, found, ends, now));
    }
    all.sort_by(|a, b| (a.finding, &a.what).cmp(&(b.finding, &b.what)));
    Some(all)
}

/// Who only reads in mode Plan is not who acts later.
const fn acts(plan: &Plan) -> bool {
    matches!(plan.terms.mode, Mode::Execute) || !plan.terms.reader_of_its_own
}

fn needed<'a>(plan: &'a Plan, seen: &'a Observation) -> impl Iterator<Item = &'static Right> + 'a {
    let acts = acts(plan);
    let all = roles::needed(plan, seen).filter(|right| right.kind.is_told());
    all.filter(move |right| acts || right.purpose == Purpose::Read)
}

fn more_than_needed(plan: &Plan, seen: &Observation, found: &Identity) -> Vec<Warning> {
    let needs =
        |kind, what: &str| needed(plan, seen).any(|one| one.kind == kind && one.what == what);
    let synced = seen.organization.known().is_some_and(|o| o.sync_enabled);
    let over = needed(plan, seen).any(|one| one.kind == Kind::DirectoryRole);
    let permissions = found.permissions.iter();
    let mut all: Vec<Warning> = permissions
        .filter(|name| !needs(Kind::Permission, name))
        .map(|name| warning(DANGEROUS.contains(&name.as_str()), name.clone()))
        .collect();
    for role in &found.directory_roles {
        let template = role.to_string();
        let serves = (*role == PRIVILEGED_AUTHENTICATION_ADMINISTRATOR && over)
            || (template == HYBRID_IDENTITY_ADMINISTRATOR && synced && acts(plan));
        if !serves {
            all.push(warning(
                known(&template).is_some_and(|(_, dangerous)| dangerous),
                named(*role),
            ));
        }
    }
    all
}

const fn warning(dangerous: bool, what: String) -> Warning {
    let finding = if dangerous {
        Finding::Dangerous
    } else {
        Finding::MoreThanNeeded
    };
    Warning {
        finding,
        what,
        until: None,
    }
}

fn known(template: &str) -> Option<(&'static str, bool)> {
    let found = ROLES.iter().find(|(id, ..)| *id == template);
    found.map(|(_, name, dangerous)| (*name, *dangerous))
}

fn named(role: ObjectId) -> String {
    let template = role.to_string();
    match known(&template) {
        Some((name, _)) => format!("the role {name}"),
        None => format!("the role with the id {template}"),
    }
}

/// What is needed and ends before the plan in force can be carried out.
fn end(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    found: &Identity,
    ends: &Ends,
    now: Timestamp,
) -> Vec<Warning> {
    let (Some(sealed), Some(made)) = (&plan.sealed, &memory.plan) else {
        return Vec::new();
    };
    let earliest = estimate::of_plan(sealed, &plan.terms, made.made_at).earliest;
    let before = |what: String, end: Option<Timestamp>| match end {
        Some(at) if at >= earliest => None,
        Some(at) => Some(Warning {
            finding: Finding::EndsBeforeEstimate,
            what,
            until: Some(at),
        }),
        None => Some(Warning {
            finding: Finding::EndUnknown,
            what,
            until: None,
        }),
    };
    let credential = ends.credential.words();
    let mut all: Vec<Warning> = credential
        .and_then(|words| before(words.to_owned(), ends.credential.ends(now)))
        .into_iter()
        .collect();
    if !needed(plan, seen).any(|one| one.kind == Kind::DirectoryRole) {
        return all;
    }
    for role in &found.directory_roles {
        if !roles::OVER_ADMINISTRATORS.contains(role) {
            continue;
        }
        match &ends.roles {
            None => all.extend(before(named(*role), None)),
            Some(known) => {
                let until = known.get(role).copied();
                all.extend(until.and_then(|at| before(named(*role), Some(at))));
            }
        }
    }
    all
}

/// In a few words, for the message of step 0; `None`: there is nothing to tell.
pub fn words(all: &[Warning]) -> Option<String> {
    let listed = |words: &str, findings: &[Finding]| {
        let of: Vec<&Warning> = all
            .iter()
            .filter(|one| findings.contains(&one.finding))
            .collect();
        let shown: Vec<&str> = of.iter().take(3).map(|one| one.what.as_str()).collect();
        let more = match of.len().saturating_sub(shown.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!of.is_empty()).then(|| format!("{words}: {}{more}", shown.join(", ")))
    };
    let told = [
        listed("ends before the estimate", &[Finding::EndsBeforeEstimate]),
        listed(
            "more than needed",
            &[Finding::Dangerous, Finding::MoreThanNeeded],
        ),
    ];
    let told: Vec<String> = told.into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::access::table::TABLE;

    #[test]
    fn what_the_table_lets_an_application_change_is_dangerous_where_no_step_needs_it() {
        let acts = TABLE.iter().filter(|right| right.purpose == Purpose::Act);
        for right in acts.filter(|right| right.kind == Kind::Permission) {
            let mild = right.what == "User.ReadWrite.All";
            assert_eq!(DANGEROUS.contains(&right.what), !mild, "{}", right.what);
        }
        assert!(DANGEROUS.is_sorted());
    }
}
