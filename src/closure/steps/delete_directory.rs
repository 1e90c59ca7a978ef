//! Step 5: the delete-tenant checks pass, then the directory is deleted.
//!
//! *Done* when readers of three kinds say from outside that it is gone. *We* delete the spare administrator and, where
//! asked, applications; an External ID or B2C directory is deleted by ARM. *We wait* for the outside look to agree. *A
//! person* settles what no program can read, and presses Delete.

use crate::closure::decide::{Assessment, Decision, HandOff, Waiting};
use crate::closure::guards::{blocked, read};
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent};
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Existence, Observation, Question};
use crate::closure::plan::{Plan, Sealed};
use crate::closure::step::Step;
use crate::closure::steps::checks;

/// Applications in one effect: each is one request with an answer of its own.
const APPLICATIONS_AT_ONCE: usize = 20;

/// True once our identity may be gone and only the outside look can say how things stand.
pub fn only_outside(seen: &Observation, memory: &Memory) -> bool {
    let late = memory.own_identity_removed
        || memory.directory_delete.is_some()
        || memory.started.contains_key(&Step::DeleteDirectory);
    late && (memory.own_identity_removed
        || seen.cluster.credential.is_err()
        || seen.organization.known().is_none()
        || seen.directory.known() == Some(&Existence::Gone))
}

/// Assesses step 5.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory) -> Assessment {
    if memory.directory_gone_at.is_some() {
        return Assessment::open()
            .progress(1, 1)
            .stands(
                "DeletionChecksPassed",
                Some(true),
                "ProvenByDeletion",
                "The tenant is gone, so every check had passed",
            )
            .stands(
                "DirectoryDeleted",
                Some(true),
                "TenantGone",
                "Readers of three kinds say from outside that the tenant is gone",
            )
            .stands("Closed", Some(true), "TenantGone", "The tenant is closed");
    }
    let open = Assessment::open().progress(0, 1);
    match seen.directory.known() {
        Some(Existence::Gone) => return gone(open),
        Some(Existence::Present) => {}
        None if memory.started.contains_key(&Step::DeleteDirectory)
            || memory.own_identity_removed =>
        {
            return match read(&seen.directory, Question::Directory, memory) {
                Ok(_) => open,
                Err(decision) => open.next(decision),
            };
        }
        None => {}
    }
    let Some(sealed) = &plan.sealed else {
        return open.next(Decision::Read(vec![Question::Users]));
    };
    if let Some(next) = clear_away(plan, sealed, seen, memory) {
        return open
            .stands(
                "DirectoryDeleted",
                Some(false),
                "ClearingAway",
                "What bars the deletion is removed",
            )
            .next(next);
    }
    end(open, plan, seen, memory)
}

fn gone(open: Assessment) -> Assessment {
    let intent = Intent {
        step: Step::DeleteDirectory,
        action: Action::VerifyDirectoryGone,
        objects: Vec::new(),
        resource: None,
    };
    open.stands(
        "DirectoryDeleted",
        Some(false),
        "Verifying",
        "The tenant no longer answers; this is being proven",
    )
    .next(Decision::Act(intent))
}

fn act(action: Action, objects: Vec<ObjectId>) -> Decision {
    Decision::Act(Intent {
        step: Step::DeleteDirectory,
        action,
        objects,
        resource: None,
    })
}

/// The spare administrator first, then applications; `None`: nothing is left that we can clear away.
fn clear_away(
    plan: &Plan,
    sealed: &Sealed,
    seen: &Observation,
    memory: &Memory,
) -> Option<Decision> {
    if memory.own_identity_removed {
        return None;
    }
    if let Some(spare) = sealed.head.spare {
        let refused = memory.refused.iter().any(|r| r.objects.contains(&spare));
        match read(&seen.spare, Question::Administrators, memory) {
            Err(decision) => return Some(decision),
            Ok(Some(_)) if refused => {
                return Some(blocked(
                    "SpareAdminRefused",
                    "The spare administrator cannot be deleted by us",
                    "Delete him in the Entra admin center",
                ));
            }
            Ok(Some(_)) => return Some(act(Action::DeleteUsers, vec![spare])),
            Ok(None) => {}
        }
    }
    let applications = match read(&seen.applications, Question::Applications, memory) {
        Ok(applications) => applications,
        Err(decision) => return Some(decision),
    };
    if !plan.terms.remove_applications {
        return None;
    }
    let planned = |id: &ObjectId| sealed.head.applications.contains(id);
    let refused = |id: &ObjectId| memory.applications_refused.contains(id);
    let next: Vec<ObjectId> = applications
        .iter()
        .filter(|a| !a.own && !a.undeletable && planned(&a.id) && !refused(&a.id))
        .map(|a| a.id)
        .take(APPLICATIONS_AT_ONCE)
        .collect();
    (!next.is_empty()).then(|| act(Action::RemoveApplications, next))
}

fn end(open: Assessment, plan: &Plan, seen: &Observation, memory: &Memory) -> Assessment {
    let blockers = checks::open(plan, seen);
    let failed = blockers.iter().filter(|b| b.state == "failed").count();
    let unknown = blockers.len() - failed;
    let (status, reason, message) = match (failed, unknown) {
        (0, 0) => (
            Some(true),
            "AllPassed",
            "Every check that can be read has passed, and a person settled the others",
        ),
        (0, _) => (
            None,
            "AwaitingAttestation",
            "Every check that can be read has passed; the others only a person can see",
        ),
        _ => (
            Some(false),
            "ChecksFailed",
            "Checks of the delete-tenant page fail",
        ),
    };
    let mut open = open.stands("DeletionChecksPassed", status, reason, message);
    open.blockers = blockers;
    if let Some(resource) = &plan.terms.directory_resource {
        return by_arm(open, resource, memory);
    }
    let attested = &seen.cluster.attestations;
    if attested.contains_key("Refused") {
        let message = "The portal refused to delete the tenant although every check passed";
        let remedy = "Open a support case with the residue that the blockers list; revoke the attestation Refused once support has answered";
        return open
            .stands("DirectoryDeleted", Some(false), "PortalRefused", message)
            .next(blocked("PortalRefused", message, remedy));
    }
    if attested.contains_key("OnlyOurs") && !memory.own_identity_removed {
        let own: Vec<ObjectId> = seen
            .applications
            .known()
            .into_iter()
            .flatten()
            .filter(|a| a.own)
            .map(|a| a.id)
            .collect();
        let message = "Our own application is removed: the last call that we can make";
        return open
            .stands(
                "DirectoryDeleted",
                Some(false),
                "RemovingOwnIdentity",
                message,
            )
            .next(act(Action::RemoveOwnIdentity, own));
    }
    let message = "A person must press Delete; Microsoft offers no call for it";
    match read(&seen.directory, Question::Directory, memory) {
        Err(decision @ Decision::Read(_)) => open.next(decision),
        Err(_) | Ok(_) => open
            .stands("DirectoryDeleted", Some(false), "DirectoryHandOff", message)
            .next(Decision::HandOff(vec![press(plan, memory)])),
    }
}

fn by_arm(open: Assessment, resource: &str, memory: &Memory) -> Assessment {
    match &memory.directory_delete {
        None => {
            let resource = Some(resource.to_owned());
            let intent = Intent {
                step: Step::DeleteDirectory,
                action: Action::DeleteDirectory,
                objects: Vec::new(),
                resource,
            };
            open.stands(
                "DirectoryDeleted",
                Some(false),
                "DeletingDirectory",
                "The directory is deleted through ARM",
            )
            .next(Decision::Act(intent))
        }
        Some(asked) if asked.refused.is_some() => {
            let message = "ARM refuses to delete the directory";
            let remedy = "Remove what the blockers list and give our application the Owner role on the resource group; then ask for a new cycle";
            open.stands("DirectoryDeleted", Some(false), "DeleteRefused", message)
                .next(blocked("DeleteRefused", message, remedy))
        }
        Some(_) => {
            let message = "Microsoft is deleting the directory";
            open.stands("DirectoryDeleted", Some(false), "WaitingDeletion", message)
                .next(Decision::Wait(Waiting {
                    reason: "WaitingDeletion",
                    message: message.into(),
                    until: None,
                    look_again: None,
                }))
        }
    }
}

fn press(plan: &Plan, memory: &Memory) -> HandOff {
    let own = if memory.own_identity_removed {
        ""
    } else {
        " If only our own application is listed as open, attest OnlyOurs and it removes itself."
    };
    HandOff {
        key: "DeleteDirectory",
        what: format!(
            "Sign in as {} and open Manage tenants > the tenant > Delete. Settle what the page lists (the blockers say how), then press Delete. It cannot \
             be undone.{own}",
            plan.terms.retained
        ),
        link: links::delete_tenant(plan.terms.cloud).into(),
        noticed: "the tenant is looked at from outside until it no longer answers".into(),
    }
}
