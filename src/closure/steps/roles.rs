//! Roles: what each step needs, and which of it is held; told before anything begins.

use crate::closure::decide::Blocker;
use crate::closure::id::ObjectId;
use crate::closure::links;
use crate::closure::observation::{Holding, Identity, Observation, Obstacle};
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use uuid::Uuid;

/// Template id of Global Administrator.
pub const GLOBAL_ADMINISTRATOR: ObjectId =
    ObjectId(Uuid::from_u128(0x62e9_0394_69f5_4237_9190_0121_7714_5e10));
/// Template id of Privileged Authentication Administrator: may delete other administrators.
pub const PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: ObjectId =
    ObjectId(Uuid::from_u128(0x7be4_4c8a_adaf_4e2a_84d6_ab26_49e0_8a13));

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// For which step.
    pub step: Step,
    /// Who needs it: `identity` or `retained administrator`.
    pub who: &'static str,
    /// What is needed.
    pub what: &'static str,
    /// Whether it is held.
    pub held: bool,
}

/// What every step needs for this closure, and whether it is held.
pub fn table(plan: &Plan, seen: &Observation, identity: &Identity) -> Vec<Need> {
    let permission = |step, what: &'static str| Need {
        step,
        who: "identity",
        what,
        held: identity.permissions.contains(what),
    };
    let mut needs = vec![permission(Step::Users, "User.ReadWrite.All")];
    let roles = [
        GLOBAL_ADMINISTRATOR,
        PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    ];
    let over_administrators = |step| Need {
        step,
        who: "identity",
        what: "the role Privileged Authentication Administrator",
        held: roles
            .iter()
            .any(|role| identity.directory_roles.contains(role)),
    };
    if other_administrators(plan, seen) {
        needs.push(over_administrators(Step::Users));
    }
    if !plan.terms.release_domains.is_empty() {
        let domains = "Domain.ReadWrite.All";
        needs.push(permission(Step::CancelSubscriptions, domains));
    }
    if plan.terms.spare.is_some() {
        let mfa = "Policy.ReadWrite.AuthenticationMethod";
        needs.push(permission(Step::DisableMfa, mfa));
        needs.push(over_administrators(Step::DeleteDirectory));
    }
    if plan.terms.remove_applications {
        needs.push(permission(
            Step::DeleteDirectory,
            "Application.ReadWrite.All",
        ));
    }
    needs.extend(by_the_administrator(seen));
    needs
}

/// Steps 2, 3 and 5 end in a person's hands: the retained administrator's.
fn by_the_administrator(seen: &Observation) -> impl Iterator<Item = Need> {
    let retained = seen.retained.known().and_then(Option::as_ref);
    let held = retained.is_some_and(|found| found.global_administrator == Holding::Permanent);
    [
        Step::CancelSubscriptions,
        Step::DeleteSubscriptions,
        Step::DeleteDirectory,
    ]
    .into_iter()
    .map(move |step| Need {
        step,
        who: "retained administrator",
        what: "the role Global Administrator",
        held,
    })
}

/// Are other Global administrators among those to delete?
fn other_administrators(plan: &Plan, seen: &Observation) -> bool {
    if let Some(sealed) = &plan.sealed {
        return !sealed.head.other_global_administrators.is_empty();
    }
    let stays = [&seen.retained, &seen.spare]
        .map(|fact| fact.known().and_then(Option::as_ref).map(|found| found.id));
    seen.users.known().is_some_and(|users| {
        let mut all = users.global_administrators.iter();
        all.any(|id| !stays.contains(&Some(*id)))
    })
}

/// What is lacking, as one obstacle that names the steps.
pub fn missing(needs: &[Need]) -> Option<Obstacle> {
    let lacking: Vec<String> = needs
        .iter()
        .filter(|need| !need.held)
        .map(|need| {
            let (number, name) = (need.step.number(), need.step.name());
            format!("step {number} {name}: the {} lacks {}", need.who, need.what)
        })
        .collect();
    (!lacking.is_empty()).then(|| {
        Obstacle::new(
            "RolesMissing",
            lacking.join("; "),
            "Grant what is lacking in the tenant, with admin consent; it is looked at again by itself",
        )
    })
}

/// What is lacking, for the list of blockers.
pub fn blockers(plan: &Plan, needs: &[Need]) -> Vec<Blocker> {
    let lacking = needs.iter().filter(|need| !need.held);
    lacking
        .map(|need| Blocker {
            check: format!("Roles of step {}", need.step.number()),
            state: "failed",
            remedy: format!("Grant the {} {}", need.who, need.what),
            link: links::applications(plan.terms.cloud).to_owned(),
            who: "person",
        })
        .collect()
}

/// Which steps are covered, in one line: `steps 1 2 3 4 5 ok`.
pub fn covered(needs: &[Need]) -> String {
    let ok = Step::ORDER.into_iter().skip(1).filter(|step| {
        let mut of_step = needs.iter().filter(|need| need.step == *step);
        of_step.all(|need| need.held)
    });
    let numbers: Vec<String> = ok.map(|step| step.number().to_string()).collect();
    format!("steps {} ok", numbers.join(" "))
}
