//! The end game of step 5: what a person does in one visit, our own application last, and what is told where the portal
//! refuses all the same.

use crate::closure::checks::ONLY_OURS;
use crate::closure::decision::{Dates, Decision, HandOff};
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent};
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Application, Observation, Obstacle};
use crate::closure::plan::{Plan, Sealed};
use crate::closure::residue::{self, Residue};
use crate::closure::step::Step;
use crate::closure::steps::checks::{self, Check, State};
use crate::closure::words::{count, len, thousands};

/// The hand-off of what a person is to look at and attest.
pub const ATTEST: &str = "AttestChecks";
/// The reason of being stalled where the portal refuses.
pub const PORTAL_REFUSED: &str = "PortalRefused";

/// Our registration first, then our service principal: nothing can be asked from inside after that, so what stays behind
/// is written down with it.
pub fn remove_own(sealed: &Sealed, seen: &Observation) -> Intent {
    let objects = planned(sealed, seen);
    let all = seen.applications.known().map_or(&[][..], Vec::as_slice);
    Intent::on(Step::DeleteDirectory, Action::RemoveOwnIdentity, objects).leaving(residue::of(all))
}

/// Those of our own that the plan names.
fn planned(sealed: &Sealed, seen: &Observation) -> Vec<ObjectId> {
    let own = own(seen).into_iter().map(|one| one.id);
    own.filter(|id| sealed.head.own.contains(id)).collect()
}

fn own(seen: &Observation) -> Vec<&Application> {
    let all = seen.applications.known().map_or(&[][..], Vec::as_slice);
    let mut own: Vec<&Application> = all.iter().filter(|one| one.own).collect();
    own.sort_by_key(|one| (one.service_principal, one.id));
    own
}

/// A workforce tenant: everything that is left to do in one visit, or the portal's refusal.
pub fn by_person(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    checks: &[Check],
    only_ours: bool,
) -> Decision {
    if checks::portal_refuses(&seen.cluster.attestations) {
        return portal_refused(seen, memory, checks).blocks();
    }
    let mut hand_offs = Vec::new();
    let gone = seen.applications.known().is_some() && own(seen).is_empty();
    if only_ours && !gone {
        hand_offs.push(remove_ours(plan, memory));
    }
    let mut press = press_delete(plan);
    if checks::attested(&seen.cluster.attestations, ONLY_OURS) == Some(State::Unknown) {
        press.what = format!("{}. OnlyOurs: {}", press.what, checks::UNCLEAR);
    }
    hand_offs.push(press);
    hand_offs.extend(to_attest(checks));
    hand_offs.extend(applications_left(plan, seen, memory, checks));
    hand_offs.extend(flows_left(seen, checks));
    hand_offs.extend(domain_services_left(checks));
    Decision::HandOff(hand_offs)
}

fn remove_ours(plan: &Plan, memory: &Memory) -> HandOff {
    let refused = memory.own_identity.as_ref();
    let code = refused.and_then(|asked| asked.refused.as_ref());
    let why = code.map_or_else(String::new, |code| format!(" ({code})"));
    HandOff {
        key: "RemoveOwnApplication",
        what: format!(
            "Delete this operator's own app registration and enterprise application: it could not do so itself{why}"
        ),
        link: links::applications(plan.terms.cloud).to_owned(),
        noticed: "The operator tries it again from time to time, keeps looking from outside and closes by itself"
            .to_owned(),
        dates: Dates::default(),
    }
}

/// The button.
pub fn press_delete(plan: &Plan) -> HandOff {
    let (who, domain) = (&plan.terms.retained, &plan.terms.initial_domain);
    HandOff {
        key: "DeleteDirectory",
        what: format!(
            "Sign in as {who}, open Manage tenants, select {domain} and choose Delete; meet what the checks still ask for, \
             then press Delete. There is no undo, and the name cannot be expected back. If only this operator's own \
             application stands in the way, attest OnlyOurs with the result passed; if all is green and Delete is refused, \
             attest Refused with the result failed"
        ),
        link: links::tenants(plan.terms.cloud).to_owned(),
        noticed:
            "The operator looks at the tenant from outside and closes by itself once it is gone"
                .to_owned(),
        dates: Dates::default(),
    }
}

/// Checks that nothing which the operator may read tells of.
fn to_attest(checks: &[Check]) -> Option<HandOff> {
    let open = checks.iter().filter(|check| check.is_to_attest());
    let words: Vec<String> = open
        .map(|check| format!("{}: {}", check.title(), check.remedy()))
        .collect();
    (!words.is_empty()).then(|| HandOff {
        key: ATTEST,
        what: format!(
            "No program can read these checks; look at each and attest it. {}",
            words.join(". ")
        ),
        link: links::DELETE_TENANT.to_owned(),
        noticed: "An attestation for each check; without one the deletion itself is the proof"
            .to_owned(),
        dates: Dates::default(),
    })
}

fn failed<'a>(checks: &'a [Check], ids: &[&str]) -> Option<&'a Check> {
    let mut all = checks.iter();
    all.find(|check| check.state == State::Failed && ids.contains(&check.row.id))
}

fn applications_left(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    checks: &[Check],
) -> Option<HandOff> {
    let head = plan.sealed.as_ref().map(|sealed| &sealed.head);
    let beyond = match head.map_or(0, |head| head.applications_beyond) {
        0 => String::new(),
        more => format!(
            ". When the plan was made there were {} more than one plan holds",
            thousands(more)
        ),
    };
    let left = |one: &&Application| checks::is_left(one, memory);
    let all = seen.applications.known().map_or(&[][..], Vec::as_slice);
    let left = len(&all.iter().filter(left).collect::<Vec<_>>());
    failed(checks, &["C3", "C4"]).map(|check| HandOff {
        key: "RemoveApplications",
        what: format!(
            "Delete the app registrations and enterprise applications that are left, but this operator's own: {}{beyond}",
            count(left, "application")
        ),
        link: check.link.to_owned(),
        noticed: "The operator reads the applications and goes on by itself".to_owned(),
        dates: Dates::default(),
    })
}

/// A directory for customers is not deleted while it has any of these: a person deletes them.
pub fn flows_left(seen: &Observation, checks: &[Check]) -> Option<HandOff> {
    let check = failed(checks, &["C13"])?;
    let left = seen.external.known().map_or_else(String::new, |found| {
        let kinds = [
            (found.user_flows, "user flow"),
            (found.identity_providers, "identity provider"),
            (found.custom_policies, "custom policy"),
            (found.policy_keys, "policy key"),
        ];
        let there = kinds.into_iter().filter(|(number, _)| *number > 0);
        let told = there.map(|(number, what)| match (number, what) {
            (1, what) => format!("1 {what}"),
            (many, "custom policy") => {
                format!("{} custom policies", crate::closure::words::thousands(many))
            }
            (many, what) => count(many, what),
        });
        told.collect::<Vec<_>>().join(", ")
    });
    Some(HandOff {
        key: "RemoveUserFlows",
        what: format!("{}. Left: {left}", check.row.remedy),
        link: check.link.to_owned(),
        noticed: "The operator reads them and goes on by itself".to_owned(),
        dates: Dates::default(),
    })
}

fn domain_services_left(checks: &[Check]) -> Option<HandOff> {
    failed(checks, &["C12"]).map(|check| HandOff {
        key: "RemoveDomainServices",
        what: format!("{}: {}", check.row.name, check.row.remedy),
        link: check.link.to_owned(),
        noticed: "The operator reads the Azure subscriptions and goes on by itself".to_owned(),
        dates: Dates::default(),
    })
}

/// What is left: as it is seen now, or as it was seen when our own application went.
fn left(seen: &Observation, memory: &Memory) -> Vec<Residue> {
    match seen.applications.known() {
        Some(all) => residue::of(all),
        None => memory.for_support.residue.clone(),
    }
}

/// All is green, and the portal refuses. The ticket tells the rest.
pub fn portal_refused(seen: &Observation, memory: &Memory, checks: &[Check]) -> Obstacle {
    let left = left(seen, memory);
    let number = |kept: bool, each: fn(&Residue) -> u32| {
        let some = left.iter().filter(|one| one.kept == kept);
        some.map(each).fold(0, u32::saturating_add)
    };
    let disabled = match number(false, |one| one.disabled) {
        0 => String::new(),
        some => format!(" ({} disabled)", thousands(some)),
    };
    let open = checks.iter().filter(|check| check.state != State::Passed);
    let names: Vec<&str> = open
        .filter(|check| check.row.counts())
        .map(|check| check.row.name)
        .collect();
    let ours = if own(seen).is_empty() {
        ""
    } else {
        "; this operator's own application is still there"
    };
    let message = format!(
        "The portal refuses to delete the tenant. Residue: {} that Microsoft keeps, {}{disabled}{ours}; \
         checks not known to be met: {}",
        count(number(true, |one| one.count), "application"),
        count(number(false, |one| one.count), "other"),
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    );
    let remedy = format!(
        "Open a support case with the text in status.supportTicket (kubectl tenant-closure status shows it); revoke the attestation \
         Refused when the portal can be tried again. If only this operator's own application is left, attest OnlyOurs first. There is \
         another road where the tenant's only billing account is under a Customer Agreement, bought directly and not for a \
         government: its owner locks it and then deletes it (Billing, Billing accounts), and Microsoft queues the tenant for deletion \
         too ({}). There is no undo, and it is noticed from outside",
        links::BILLING_ACCOUNTS
    );
    Obstacle::new(PORTAL_REFUSED, message, remedy)
}

/// The text for Microsoft's support, where this is what was decided.
pub fn ticket(
    decision: &Decision,
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    checks: &[Check],
) -> Option<String> {
    let Decision::Blocked(list) = decision else {
        return None;
    };
    list.iter().find(|one| one.reason == PORTAL_REFUSED)?;
    let ours: Vec<ObjectId> = own(seen).into_iter().map(|one| one.id).collect();
    let standings = checks::standings(checks);
    let left = left(seen, memory);
    Some(residue::ticket(plan, memory, &left, &ours, &standings))
}
