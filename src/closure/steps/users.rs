//! Step 1: directory sync off, then every user but those who stay is deleted.
//!
//! *Done* when two complete listings at least 15 s apart show only who may stay. *We* switch sync off and delete the
//! planned users in slices. *We wait* for Microsoft to switch sync off, and for replicas. *A person* switches sync off
//! where we may not, and deals with users who refuse to go.

use crate::closure::decide::{Assessment, Decision, HandOff, Waiting};
use crate::closure::guards::{blocked, read};
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent, Refusal};
use crate::closure::links;
use crate::closure::memory::{LISTINGS_APART, Memory, listings_apart};
use crate::closure::observation::{Observation, Obstacle, Question};
use crate::closure::plan::{Plan, Sealed};
use crate::closure::schedule::back_off;
use crate::closure::step::Step;
use jiff::{SignedDuration, Timestamp};

/// Microsoft takes up to this long to switch sync off (Set-EntraDirSyncEnabled).
const SYNC_OFF_TAKES: SignedDuration = SignedDuration::from_hours(72);

/// Assesses step 1.
pub fn assess(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Assessment {
    let Some(sealed) = &plan.sealed else {
        return Assessment::open().next(Decision::Read(vec![Question::Users]));
    };
    let total = sealed.users.len();
    if memory.verified_at.is_some() {
        return Assessment::open()
            .progress(total, total)
            .stands(
                "DirectorySyncDisabled",
                Some(true),
                "Disabled",
                "Directory sync is off",
            )
            .stands(
                "UsersDeleted",
                Some(true),
                "Verified",
                "Two complete listings show only who may stay",
            );
    }
    let done = (memory.cursor as usize)
        .saturating_sub(still_there(memory))
        .min(total);
    let open = Assessment::open().progress(done, total);
    let open = match sync(open, plan, seen, memory) {
        Ok(open) => open,
        Err(waiting) => return *waiting,
    };
    delete(open, sealed, plan, seen, memory, now)
}

fn still_there(memory: &Memory) -> usize {
    memory
        .refused
        .iter()
        .map(|r| r.objects.len())
        .sum::<usize>()
        .max(memory.again.len())
}

fn sync(
    open: Assessment,
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
) -> Result<Assessment, Box<Assessment>> {
    let enabled = match read(&seen.organization, Question::Organization, memory) {
        Ok(organization) => organization.sync_enabled,
        Err(decision) => return Err(Box::new(open.next(decision))),
    };
    if !enabled {
        let (reason, message) = match memory.sync_off {
            Some(_) => ("SwitchedOff", "Directory sync was switched off"),
            None => ("NeverEnabled", "Directory sync was already off"),
        };
        return Ok(open.stands("DirectorySyncDisabled", Some(true), reason, message));
    }
    Err(Box::new(match &memory.sync_off {
        None => open
            .stands(
                "DirectorySyncDisabled",
                Some(false),
                "SwitchingOff",
                "Directory sync is on and is being switched off",
            )
            .next(act(Action::SwitchSyncOff, vec![plan.terms.tenant_id])),
        Some(asked) if asked.refused.is_some() => open
            .stands(
                "DirectorySyncDisabled",
                Some(false),
                "SyncHandOff",
                "Directory sync is on and a person must switch it off",
            )
            .next(Decision::HandOff(vec![sync_hand_off(plan)])),
        Some(asked) => open
            .stands(
                "DirectorySyncDisabled",
                Some(false),
                "WaitingSyncOff",
                "Microsoft is switching directory sync off",
            )
            .next(Decision::Wait(Waiting {
                reason: "WaitingSyncOff",
                message: "Microsoft is switching directory sync off, which takes up to 72 h".into(),
                until: asked.at.checked_add(SYNC_OFF_TAKES).ok(),
                look_again: None,
            })),
    }))
}

fn sync_hand_off(plan: &Plan) -> HandOff {
    HandOff {
        key: "SwitchSyncOff",
        what: "Switch directory sync off as Hybrid Identity Administrator: Set-EntraDirSyncEnabled -EnableDirsync $false -Force (Microsoft.Entra \
               PowerShell). Or delete the accounts in your Active Directory and let it sync: users who vanish count as done."
            .into(),
        link: links::directory_sync(plan.terms.cloud).into(),
        noticed: "onPremisesSyncEnabled of the organization is read again".into(),
    }
}

fn act(action: Action, objects: Vec<ObjectId>) -> Decision {
    Decision::Act(Intent {
        step: Step::Users,
        action,
        objects,
        resource: None,
    })
}

fn delete(
    open: Assessment,
    sealed: &Sealed,
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Assessment {
    let deleting = |open: Assessment| {
        open.stands(
            "UsersDeleted",
            Some(false),
            "DeletingUsers",
            "Users are being deleted",
        )
    };
    let next: Vec<ObjectId> = sealed
        .users
        .iter()
        .copied()
        .skip(memory.cursor as usize)
        .take(plan.terms.slice)
        .collect();
    if memory.fruitless >= 2 && !memory.refused.is_empty() && !rested(memory, now) {
        return refused(open, &memory.refused, "FailureFuse");
    }
    if !next.is_empty() {
        return deleting(open).next(act(Action::DeleteUsers, next));
    }
    if memory.strangers > 0 {
        return grown(open, sealed, seen, memory);
    }
    if !memory.again.is_empty() {
        return again(open, plan, memory, now);
    }
    verify(open, memory, now)
}

fn rested(memory: &Memory, now: Timestamp) -> bool {
    let wait =
        SignedDuration::try_from(back_off(memory.fruitless.max(1))).unwrap_or(SignedDuration::ZERO);
    memory
        .last_at
        .is_none_or(|at| now.duration_since(at) >= wait)
}

/// Users who are neither planned nor allowed: a plan of what is there now, to be approved as such.
fn grown(open: Assessment, sealed: &Sealed, seen: &Observation, memory: &Memory) -> Assessment {
    let open = open.stands(
        "UsersDeleted",
        Some(false),
        "PlanGrew",
        "There are users whom the approved plan does not name",
    );
    match read(&seen.users, Question::Users, memory) {
        Err(decision) => open.next(decision),
        Ok(users) => {
            let known = |id: &ObjectId| sealed.users.contains(id) || sealed.allowed().contains(id);
            if users.global_administrators.iter().all(known) {
                open.next(Decision::MakePlan { reason: "PlanGrew" })
            } else {
                open.next(blocked(
                    "PlanDrift",
                    "A Global administrator has appeared whom the approved plan does not name",
                    "Find out who that is; remove the role or the user, and the closure goes on",
                ))
            }
        }
    }
}

fn again(open: Assessment, plan: &Plan, memory: &Memory, now: Timestamp) -> Assessment {
    let known_refused = |id: &ObjectId| memory.refused.iter().any(|r| r.objects.contains(id));
    let others: Vec<ObjectId> = memory
        .again
        .iter()
        .copied()
        .filter(|id| !known_refused(id))
        .take(plan.terms.slice)
        .collect();
    if others.is_empty() {
        if rested(memory, now) {
            let ids = memory
                .again
                .iter()
                .copied()
                .take(plan.terms.slice)
                .collect();
            return open
                .stands(
                    "UsersDeleted",
                    Some(false),
                    "RetryingUsers",
                    "Users who were refused are tried again",
                )
                .next(act(Action::DeleteUsers, ids));
        }
        return refused(open, &memory.refused, "UsersRefused");
    }
    let open = open.stands(
        "UsersDeleted",
        Some(false),
        "DeletingUsers",
        "A listing still shows planned users",
    );
    if rested(memory, now) {
        return open.next(act(Action::DeleteUsers, others));
    }
    let look_again = Some(back_off(memory.fruitless.max(1)));
    let message =
        "A listing still shows users whose deletion was accepted; replicas take their time"
            .to_owned();
    open.next(Decision::Wait(Waiting {
        reason: "WaitingReplicas",
        message,
        until: None,
        look_again,
    }))
}

fn refused(open: Assessment, refusals: &[Refusal], reason: &'static str) -> Assessment {
    let count: usize = refusals.iter().map(|r| r.objects.len()).sum();
    let codes: Vec<String> = refusals
        .iter()
        .map(|r| format!("{} ({})", r.code, r.objects.len()))
        .collect();
    let message = format!("{count} users cannot be deleted: {}", codes.join(", "));
    let remedy = "Look the ids up in the newest records of this closure. A holder of an administrator role: give our application the role Privileged \
                  Authentication Administrator, or take the user's role away. A member of a restricted management administrative unit: take him out of it. \
                  They are tried again by themselves";
    let obstacle = Obstacle {
        reason,
        message: message.clone(),
        remedy: remedy.into(),
    };
    open.stands("UsersDeleted", Some(false), reason, message)
        .next(Decision::Blocked(vec![obstacle]))
}

fn verify(open: Assessment, memory: &Memory, now: Timestamp) -> Assessment {
    let open = open.stands(
        "UsersDeleted",
        Some(false),
        "VerifyingUsers",
        "Complete listings prove that only who may stay is left",
    );
    let wait = |rest: SignedDuration| {
        Decision::Wait(Waiting {
            reason: "VerifyingUsers",
            message: "The first of two complete listings was clean".into(),
            until: None,
            look_again: Some(
                std::time::Duration::try_from(rest).unwrap_or_else(|_| listings_apart()),
            ),
        })
    };
    match memory
        .clean_since
        .map(|at| LISTINGS_APART - now.duration_since(at))
    {
        Some(rest) if rest > SignedDuration::ZERO => open.next(wait(rest)),
        _ => open.next(act(Action::VerifyUsers, Vec::new())),
    }
}
