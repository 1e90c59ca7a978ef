//! The steps: how each came out, from its conditions and its records.

use super::course::Course;
use super::document::time;
use super::{Condition, Foreign, Step, StepResult};
use crate::api::{RecordType, TenantClosure, TenantClosureStatus};
use crate::closure::intent::Action;
use crate::closure::step::Step as Of;
use crate::closure::words::count;
use crate::evidence::entry::Entry;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The status of a condition, if it has one.
pub(super) fn is_true(status: &TenantClosureStatus, type_: &str) -> bool {
    status.holds(type_).is_some()
}

/// Conditions that only closures have which ask for them.
const ASKED_FOR: [&str; 2] = ["RenewalStopped", "DomainsReleased"];

/// The conditions of a step, as this closure has them.
fn shown(of: Of, status: &TenantClosureStatus) -> Vec<&'static str> {
    let there = |type_: &str| status.condition(type_).is_some();
    let all = of.conditions().iter().copied();
    all.filter(|type_| !ASKED_FOR.contains(type_) || there(type_))
        .collect()
}

/// Since when a condition is True.
pub(super) fn since(status: &TenantClosureStatus, type_: &str) -> Option<Timestamp> {
    Some(status.holds(type_)?.last_transition_time.0)
}

pub(super) fn all(
    closure: &TenantClosure,
    status: &TenantClosureStatus,
    course: &Course<'_>,
) -> Vec<Step> {
    let mut before: Option<Timestamp> = closure.metadata.creation_timestamp.as_ref().map(|t| t.0);
    Of::ORDER
        .into_iter()
        .map(|of| {
            let step = one(of, status, course, before);
            before = step.ended_at;
            step
        })
        .collect()
}

fn one(
    of: Of,
    status: &TenantClosureStatus,
    course: &Course<'_>,
    before: Option<Timestamp>,
) -> Step {
    let records: Vec<&Entry> = course.of(of).collect();
    let effects = records.iter().filter(|e| e.spec.kind == RecordType::Effect);
    let (mut objects, mut requests, mut throttled) = (0, 0, 0);
    let mut refused = BTreeSet::new();
    for outcome in records.iter().filter_map(|e| e.outcome.as_ref()) {
        requests += u64::from(outcome.seen.requests);
        throttled += u64::from(outcome.seen.throttled);
        refused.extend(
            outcome
                .seen
                .refused
                .iter()
                .flat_map(|r| r.objects.iter().copied()),
        );
    }
    for outcome in effects.filter_map(|e| e.outcome.as_ref()) {
        objects += u64::from(outcome.seen.gone);
    }
    let done = shown(of, status).iter().all(|type_| is_true(status, type_));
    let here = status
        .step
        .as_deref()
        .is_some_and(|at| at.ends_with(of.name()));
    let result = match (done, objects) {
        (true, _) if of == Of::Preconditions => StepResult::Done,
        (true, _) if of == Of::DeleteDirectory && course.gone(Action::DeleteDirectory) == 0 => {
            StepResult::DoneByOthers
        }
        (true, 1..) => StepResult::Done,
        (true, 0) if idle(of, status) => StepResult::NothingToDo,
        (true, 0) => StepResult::DoneByOthers,
        (false, _) if here || !records.is_empty() => StepResult::UnderWay,
        (false, _) => StepResult::NotBegun,
    };
    let begun = result != StepResult::NotBegun;
    let first = records.iter().filter_map(|entry| entry.created).min();
    let settled = records
        .iter()
        .filter_map(|entry| Some(entry.outcome.as_ref()?.at))
        .max();
    let turned = shown(of, status)
        .into_iter()
        .filter_map(|type_| since(status, type_))
        .max();
    Step {
        number: of.number(),
        name: of.name(),
        result,
        detail: detail(of, result, course),
        started_at: first.or(before).filter(|_| begun),
        // A condition is dated to the second, and may be turned by what no record tells of.
        ended_at: settled.max(turned).filter(|_| done),
        objects,
        refused: refused.len(),
        requests,
        throttled,
        conditions: conditions(of, status),
    }
}

/// The reasons under which a condition is True without anything having been done.
fn idle(of: Of, status: &TenantClosureStatus) -> bool {
    shown(of, status).into_iter().all(|type_| {
        let found = status.condition(type_);
        found.is_some_and(|c| ["NothingToDo", "NeverEnabled"].contains(&c.reason.as_str()))
    })
}

fn conditions(of: Of, status: &TenantClosureStatus) -> Vec<Condition> {
    shown(of, status)
        .into_iter()
        .map(|type_| {
            let found = status.condition(type_);
            Condition {
                type_,
                status: found.map_or_else(
                    || "Unknown".to_owned(),
                    |c| Foreign::new(&c.status).to_string(),
                ),
                reason: Foreign::new(found.map_or("NotObserved", |c| &c.reason)),
                since: found.map(|c| c.last_transition_time.0),
            }
        })
        .collect()
}

/// Adds a part where there is something to tell.
fn told(parts: &mut Vec<String>, number: u64, one: &str, what: &str) {
    if number > 0 {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        parts.push(format!("{} {what}", count(number, one)));
    }
}

/// What asked for a second factor, and is off.
fn factors(parts: &mut Vec<String>, course: &Course<'_>) {
    let gone = |action: Action| course.gone(action);
    told(
        parts,
        gone(Action::DisableMfa),
        "account",
        "without per-user MFA now",
    );
    if gone(Action::DisableSecurityDefaults) > 0 {
        parts.push("security defaults switched off".to_owned());
    }
    match gone(Action::DisablePolicies) {
        0 => {}
        1 => parts.push("1 Conditional Access policy disabled".to_owned()),
        many => parts.push(format!("{many} Conditional Access policies disabled")),
    }
}

fn detail(of: Of, result: StepResult, course: &Course<'_>) -> String {
    let gone = |action: Action| course.gone(action);
    let users_of = |of: Of| -> u64 {
        let all = course.moved(Action::DeleteUsers);
        all.filter(|deed| deed.intent.step == of)
            .map(|deed| deed.gone)
            .sum()
    };
    let over = matches!(result, StepResult::Done | StepResult::DoneByOthers);
    let mut parts: Vec<String> = Vec::new();
    let p = &mut parts;
    match of {
        Of::Preconditions => told(p, course.sealing().count() as u64, "plan", "sealed"),
        Of::Users => {
            let sync_off = course.memory.sync_off.as_ref();
            if sync_off.is_some_and(|asked| asked.refused.is_none()) {
                p.push("directory sync switched off".to_owned());
            }
            told(p, users_of(of), "user", "deleted");
            if let Some(at) = course.memory.verified_at {
                p.push(format!(
                    "two complete listings agreed, the second at {}",
                    time(at)
                ));
            }
        }
        Of::CancelSubscriptions => {
            let released = gone(Action::ReleaseDomain) + gone(Action::ForceReleaseDomain);
            told(p, released, "domain", "released for another tenant");
            told(
                p,
                gone(Action::StopRenewal),
                "subscription",
                "set not to renew by the operator",
            );
            told(
                p,
                gone(Action::CancelSubscription),
                "subscription",
                "canceled by the operator",
            );
            let planned = course
                .plan()
                .map_or(0, |(_, head)| u64::from(head.to_end()));
            let others = planned.saturating_sub(gone(Action::CancelSubscription));
            if over {
                told(
                    p,
                    others,
                    "subscription",
                    "ended by a person, by the partner or by the term",
                );
            }
        }
        Of::DeleteSubscriptions if over => {
            p.push(
                "no subscription is listed any more: deleted by persons, or by Microsoft in time"
                    .to_owned(),
            );
        }
        Of::DeleteSubscriptions => {}
        Of::DisableMfa => factors(p, course),
        Of::DeleteDirectory => {
            told(p, users_of(of), "spare administrator", "deleted");
            told(
                p,
                gone(Action::RemoveApplications),
                "application",
                "removed",
            );
            told(
                p,
                gone(Action::DisableApplications),
                "enterprise application",
                "disabled instead of deleted",
            );
            told(
                p,
                gone(Action::RemoveOwnIdentity),
                "object",
                "of the operator's own application removed",
            );
            if gone(Action::DeleteDirectory) > 0 {
                p.push("the directory deleted by a call".to_owned());
            }
            if let (StepResult::DoneByOthers, Some(at)) = (result, course.memory.directory_gone_at)
            {
                p.push(format!(
                    "the directory was deleted by a person, and seen gone from outside at {}",
                    time(at)
                ));
            }
        }
    }
    if parts.is_empty() && result == StepResult::NothingToDo {
        parts.push("it was looked at".to_owned());
    }
    parts.join("; ")
}
