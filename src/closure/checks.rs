//! The delete-tenant checks: one table. The state of each is told from it in step 5, and `docs/reference/checks.md` is
//! written from it.
//!
//! Microsoft's page `entra/identity/users/directory-delete-howto` names most of them, `azure/active-directory-b2c/tutorial-delete-tenant`
//! and `entra/external-id/customers/how-to-delete-external-tenant-portal` those of a directory for customers; the portal shows
//! each with a status and a link. No interface of Microsoft's tells how they stand.

use crate::closure::links;
use crate::closure::terms::Cloud;
use std::fmt::Write as _;

/// Where the state of a check is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The operator reads it: by which calls. What it may not read is for a person to say.
    Read(&'static str),
    /// No program can: a person looks and attests it.
    Person,
    /// Nobody needs to know it before: it is done together with the deletion.
    WithTheDeletion,
    /// Microsoft does not ask for it: it is listed so that nobody looks for it in vain.
    NotAsked,
}

/// Who meets a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The operator.
    Operator,
    /// A person.
    Person,
    /// The operator where `spec.directory.removeApplications` says so, else a person.
    AsRemovalSays,
    /// The operator where `spec.directory.resource` names the directory, else a person.
    AsResourceSays,
}

impl Who {
    /// As the status words it, by what the closure asks for.
    pub const fn word(self, removes_applications: bool, has_resource: bool) -> &'static str {
        let operator = match self {
            Self::Operator => true,
            Self::Person => false,
            Self::AsRemovalSays => removes_applications,
            Self::AsResourceSays => has_resource,
        };
        if operator { "operator" } else { "person" }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Operator => "the operator",
            Self::Person => "a person",
            Self::AsRemovalSays => {
                "the operator with `spec.directory.removeApplications`, else a person"
            }
            Self::AsResourceSays => {
                "the operator with `spec.directory.resource`, else a person with the portal's Delete"
            }
        }
    }
}

/// One check.
#[derive(Debug)]
pub struct Row {
    /// `C1` to `C18`.
    pub id: &'static str,
    /// Its name in the portal.
    pub name: &'static str,
    /// When it passes.
    pub passes: &'static str,
    /// Where its state is known from.
    pub source: Source,
    /// How it is met.
    pub remedy: &'static str,
    /// Where, per cloud.
    pub place: fn(Cloud) -> &'static str,
    /// Who meets it.
    pub who: Who,
}

impl Row {
    /// Whether the condition `DeletionChecksPassed` speaks of it: Microsoft asks for it before Delete can be pressed.
    pub const fn counts(&self) -> bool {
        let is_asked = !matches!(self.source, Source::WithTheDeletion | Source::NotAsked);
        // Of domains Microsoft asks nothing: it is the closure that wants them released.
        is_asked && !matches!(self.id.as_bytes(), b"C16")
    }
}

/// The attestation by which a person lets the operator's own application go.
pub const ONLY_OURS: &str = "OnlyOurs";

/// The table, in the order of the ids.
pub static TABLE: [Row; 18] = [
    Row {
        id: "C1",
        name: "Users",
        passes: "only one Global Administrator is left; guests count",
        source: Source::Read("the listings of step 1, then the spare administrator"),
        remedy: "Delete every user but the retained administrator",
        place: links::active_users,
        who: Who::Operator,
    },
    Row {
        id: "C2",
        name: "Directory sync",
        passes: "`onPremisesSyncEnabled` is not true",
        source: Source::Read("`GET /organization`"),
        remedy: "Switch directory sync off and wait up to 72 hours",
        place: |_| links::SYNC_OFF,
        who: Who::Person,
    },
    Row {
        id: "C3",
        name: "Enterprise applications",
        passes: "none is left but what belongs to Microsoft; what cannot be deleted is disabled",
        source: Source::Read("`GET /servicePrincipals`"),
        remedy: "Delete the enterprise applications that can be deleted; disable the others",
        place: links::applications,
        who: Who::AsRemovalSays,
    },
    Row {
        id: "C4",
        name: "App registrations",
        passes: "none is left; in a directory for customers not even b2c-extensions-app",
        source: Source::Read("`GET /applications`"),
        remedy: "Delete all app registrations, also under All applications",
        place: links::applications,
        who: Who::AsRemovalSays,
    },
    Row {
        id: "C5",
        name: "LinkedIn account connections",
        passes: "the setting is No",
        source: Source::Person,
        remedy: "Under Users, User settings set LinkedIn account connections to No",
        place: |_| links::LINKEDIN,
        who: Who::Person,
    },
    Row {
        id: "C6",
        name: "License-based subscriptions",
        passes: "each is Deprovisioned or gone",
        source: Source::Read("`GET /directory/subscriptions`, billing accounts, Partner Center"),
        remedy: "Cancel and delete them, then wait up to 72 hours",
        place: links::products,
        who: Who::Person,
    },
    Row {
        id: "C7",
        name: "Azure subscriptions",
        passes: "none trusts this tenant, canceled ones included",
        source: Source::Read(
            "`GET /subscriptions` with an account of kind AzureSubscription; without one a person looks",
        ),
        remedy: "Cancel and delete them, or transfer them to another tenant",
        place: links::azure,
        who: Who::Person,
    },
    Row {
        id: "C8",
        name: "Permission to delete Azure resources",
        passes: "whoever presses Delete has elevated the own access",
        source: Source::WithTheDeletion,
        remedy: "Under Properties set Access management for Azure resources to Yes, sign out and in again",
        place: |_| links::ELEVATE_ACCESS,
        who: Who::Person,
    },
    Row {
        id: "C9",
        name: "Multifactor authentication providers",
        passes: "none is linked; per-user MFA is no check",
        source: Source::Person,
        remedy: "Delete every multifactor authentication provider",
        place: |_| links::MFA_PROVIDERS,
        who: Who::Person,
    },
    Row {
        id: "C10",
        name: "Self-service sign-up products",
        passes: "each is Deleted",
        source: Source::Person,
        remedy: "Under Licenses, Self-service sign-up products delete each of them",
        place: |_| links::SELF_SERVICE_PRODUCTS,
        who: Who::Person,
    },
    Row {
        id: "C11",
        name: "Outstanding invoices",
        passes: "nothing is due or overdue",
        source: Source::Person,
        remedy: "Pay every invoice; the last Azure invoice comes up to 72 hours after the cancellation. Do not delete the \
                 billing account itself before the backup is made and the domains are released: the only one of a tenant takes the tenant \
                 along",
        place: |_| links::BILLS,
        who: Who::Person,
    },
    Row {
        id: "C12",
        name: "Microsoft Entra Domain Services",
        passes: "no managed domain is left",
        source: Source::Read(
            "`GET …/providers/Microsoft.AAD/domainServices` of each Azure subscription, with an account of kind AzureSubscription; \
             without one a person looks",
        ),
        remedy: "Delete the managed domain in the Azure portal",
        place: |_| links::DELETE_DOMAIN_SERVICES,
        who: Who::Person,
    },
    Row {
        id: "C13",
        name: "User flows and policies",
        passes: "a directory for customers has no user flow, identity provider, custom policy or policy key",
        source: Source::Read(
            "`GET /identity/…` and, in a B2C directory, `GET /trustFramework/…`; another directory has none",
        ),
        remedy: "Delete user flows, identity providers, custom policies and policy keys",
        place: |_| links::DELETE_B2C,
        who: Who::Person,
    },
    Row {
        id: "C14",
        name: "Link to the Azure subscription",
        passes: "a directory for customers is no Azure resource any more",
        source: Source::WithTheDeletion,
        remedy: "Nothing to do before: it goes with the directory itself, and last",
        place: links::tenants,
        who: Who::AsResourceSays,
    },
    Row {
        id: "C15",
        name: "Store for Business or Education",
        passes: "no seat is left from the retired store",
        source: Source::Person,
        remedy: "Reclaim all seats that are left from the store",
        place: |_| links::DELETE_TENANT,
        who: Who::Person,
    },
    Row {
        id: "C16",
        name: "Custom domains",
        passes: "those in `spec.domains.release` are released; Microsoft asks for none",
        source: Source::Read("`GET /organization`"),
        remedy: "Release the domains that another tenant is to have; the others die with the tenant",
        place: links::domains,
        who: Who::Operator,
    },
    Row {
        id: "C17",
        name: "Groups, devices, contacts, administrative units, policies",
        passes: "always: they go with the tenant",
        source: Source::NotAsked,
        remedy: "Nothing to do; if the portal names them all the same, delete them there",
        place: |_| links::DELETE_TENANT,
        who: Who::Person,
    },
    Row {
        id: "C18",
        name: "Soft-deleted objects",
        passes: "always: they go with the tenant",
        source: Source::NotAsked,
        remedy: "Nothing to do; if Delete is refused although all is green, delete them permanently under Deleted users \
                 and Deleted applications, which for users only a signed-in person can",
        place: |_| links::DELETED_USERS,
        who: Who::Person,
    },
];

/// The table for readers, as Markdown.
pub fn document() -> String {
    let mut text = String::from(
        "# Delete-tenant checks\n\n\
         What Microsoft's portal looks at before it lets a tenant be deleted, and how the operator knows. In step 5 \
         `status.checks` has the state of each (`passed`, `failed`, `unknown`), and `status.blockers` the remedy, the page and who \
         acts for each that has not passed. What is unknown is said by a person: \
         `kubectl tenant-closure attest NAME --check C9 --result passed --confirm DOMAIN`; unsaid it bars nothing, and the deletion \
         itself is the proof. Written by the code; `make crds` writes it anew.\n\n\
         - **a person**: no program can read it. Five are of this kind, and one hand-off lists them (`AttestChecks`).\n\
         - **with the deletion**: part of pressing Delete, or of the call that deletes; nobody attests it.\n\
         - **not asked**: Microsoft does not look at it.\n\n\
         | Check | Name | Passes when | Known from | Who meets it | How | Page |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in &TABLE {
        let source = match row.source {
            Source::Read(calls) => calls,
            Source::Person => "a person",
            Source::WithTheDeletion => "with the deletion",
            Source::NotAsked => "not asked",
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {source} | {} | {} | {} |",
            row.id,
            row.name,
            row.passes,
            row.who.words(),
            row.remedy,
            pages(row.place),
        );
    }
    text
}

/// One page for all clouds, or each with its own.
fn pages(place: fn(Cloud) -> &'static str) -> String {
    let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
    for cloud in Cloud::ALL {
        let (name, page) = (cloud.name(), place(cloud));
        match told.iter_mut().find(|(known, _)| *known == page) {
            Some((_, names)) => names.push(name),
            None => told.push((page, vec![name])),
        }
    }
    if let [(page, _)] = told.as_slice() {
        return format!("<{page}>");
    }
    let each = told
        .iter()
        .map(|(page, names)| format!("{}: <{page}>", names.join(", ")));
    each.collect::<Vec<_>>().join("<br>")
}
