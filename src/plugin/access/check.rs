//! What is held and what is missing, per step, as step 0 saw it.

use super::identities::{Needed, needed};
use crate::api::status::{AccessStatus, AccessWarningStatus};
use crate::api::{TenantClosure, TenantClosureStatus};
use crate::closure::access::Who;
use crate::closure::access::table::{Kind, Purpose, Right, TABLE};
use crate::closure::access::warnings::Finding;
use crate::closure::label::label;
use crate::closure::step::Step;
use crate::closure::terms::{Mode, Terms};
use crate::plugin::{Ended, words};
use std::fmt::Write as _;

/// The table of one closure; [`Ended::Stalled`] where something is missing that bars the way.
pub(super) fn told(closure: &TenantClosure, terms: &Terms) -> (String, Ended) {
    let empty = TenantClosureStatus::default();
    let status = closure.status.as_ref().unwrap_or(&empty);
    let mut text = String::new();
    let mut missing = 0;
    for step in Step::ORDER {
        let mut rows: Vec<(&str, String, &str)> = Vec::new();
        let of_step = status.steps.iter().find(|one| one.name == step.name());
        let access = of_step.map_or(&[][..], |one| one.access.as_slice());
        for right in TABLE.iter().filter(|right| right.step == step) {
            let row = access.iter().find(|row| is(row, right));
            match (row, needed(right, closure, terms)) {
                (Some(row), _) => rows.push(judged(row)),
                (None, Needed::No) => {}
                (None, Needed::Unknown) => rows.push((
                    "unknown",
                    right.what.to_owned(),
                    "needed only where the tenant is so; step 0 has not looked yet",
                )),
                (None, Needed::Yes) => rows.push(by_table(right, status)),
            }
        }
        let stays = access.iter();
        let stays = stays.filter(|row| row.who == Who::RetainedAdministrator);
        rows.extend(stays.map(judged));
        if rows.is_empty() {
            continue;
        }
        missing += rows.iter().filter(|row| row.0 == "missing").count();
        let _ = writeln!(text, "{} {}", step.number(), words::step(step));
        for (held, what, note) in rows {
            let note = if note.is_empty() {
                String::new()
            } else {
                format!(" ({note})")
            };
            let _ = writeln!(text, "  {held:<8} {}{note}", label(&what));
        }
    }
    text += &late(status);
    text += &warned(closure, status, terms);
    let ended = if missing > 0 {
        Ended::Stalled
    } else {
        Ended::Done
    };
    (text, ended)
}

/// Microsoft lists a directory role before it allows anything, and tells of other grants late.
fn late(status: &TenantClosureStatus) -> String {
    let rows = status.steps.iter().flat_map(|step| &step.access);
    let ours = rows.filter(|row| row.who == Who::Identity && row.held.is_some());
    let (held, missing): (Vec<_>, Vec<_>) = ours.partition(|row| row.held == Some(true));
    let role = |row: &&AccessStatus| {
        let mut roles = TABLE.iter();
        roles.any(|right| right.kind == Kind::DirectoryRole && is(row, right))
    };
    let mut text = String::new();
    if !missing.is_empty() {
        text += "\nWhat was granted a moment ago may show minutes later: step 0 looks again by itself.\n";
    }
    if held.iter().any(role) {
        text += "\nA directory role is listed before it takes effect, which may be minutes later: who is refused until then is tried \
                 again by itself.\n";
    }
    text
}

/// What is more than needed, and what ends before the estimate.
fn warned(closure: &TenantClosure, status: &TenantClosureStatus, terms: &Terms) -> String {
    let looked = status.steps.iter().any(|step| !step.access.is_empty());
    let reads_alone = terms.mode == Mode::Plan && terms.reader_of_its_own;
    let of = |findings: &[Finding]| -> Vec<&AccessWarningStatus> {
        let all = status.access_warnings.iter();
        all.filter(|one| findings.contains(&one.finding)).collect()
    };
    let mut text = String::from("\nMore than needed\n");
    let more = of(&[Finding::Dangerous, Finding::MoreThanNeeded]);
    for one in &more {
        let (word, note) = if one.finding == Finding::Dangerous {
            (
                "danger",
                " (whoever has it can give himself anything, or become anybody: take it away)",
            )
        } else {
            ("more", "")
        };
        let _ = writeln!(
            text,
            "  {word:<8} {}: {}{note}",
            Who::Identity.words(),
            label(&one.what)
        );
    }
    if more.is_empty() {
        text += if looked {
            "  none\n"
        } else {
            "  unknown  step 0 has not looked yet\n"
        };
    }
    let estimate = status.estimate.as_ref();
    let until = estimate.map_or_else(String::new, |one| {
        format!(" of {}", words::minute(one.earliest))
    });
    let _ = writeln!(text, "Ends before the estimate{until}");
    let ends = of(&[Finding::EndsBeforeEstimate, Finding::EndUnknown]);
    for one in &ends {
        let (word, when) = match one.until {
            Some(at) => ("ends", format!(", {}", words::minute(at))),
            None => (
                "unknown",
                ": Microsoft does not let it be read here".to_owned(),
            ),
        };
        let _ = writeln!(
            text,
            "  {word:<8} {}: {}{when}",
            Who::Identity.words(),
            label(&one.what)
        );
    }
    if ends.is_empty() {
        text += if !looked || estimate.is_none() {
            "  unknown  there is no plan yet\n"
        } else if reads_alone {
            "  unknown  another application only reads; step 0 tells it in mode Execute\n"
        } else {
            "  none\n"
        };
    }
    let others = closure
        .spec
        .billing
        .iter()
        .flat_map(|billing| &billing.accounts);
    if others
        .into_iter()
        .any(|account| account.credentials.is_some())
    {
        text += "What the applications of spec.billing.accounts hold, and when it ends, is told by no call of this tenant.\n";
    }
    text
}

fn is(row: &AccessStatus, right: &Right) -> bool {
    row.who == Who::Identity && row.needs == right.what
}

fn judged(row: &AccessStatus) -> (&'static str, String, &'static str) {
    let what = format!("{}: {}", row.who.words(), row.needs);
    match (row.held, row.optional) {
        (Some(true), _) => ("held", what, ""),
        (Some(false), true) => ("without", what, "a person does it"),
        (Some(false), false) => ("missing", what, ""),
        (None, _) => (
            "unknown",
            what,
            "another application only reads; step 0 tells it in mode Execute",
        ),
    }
}

/// What step 0 has no row for.
fn by_table(right: &Right, status: &TenantClosureStatus) -> (&'static str, String, &'static str) {
    let what = format!("{}: {}", Who::Identity.words(), right.what);
    let reads = right.purpose == Purpose::Read && right.kind.is_told();
    let mut losses = status.plan.iter().flat_map(|plan| &plan.losses);
    if losses.any(|one| one.counted.count.is_none() && one.counted.kind.permission() == right.what)
    {
        let note = "what it counts is Unknown in the plan, and is accepted by name";
        return ("unknown", what, note);
    }
    let denied = status
        .conditions
        .iter()
        .any(|one| one.reason == "PermissionDenied");
    if reads && status.plan.is_some() && !denied {
        return (
            "held",
            what,
            "the plan was made with it, or with what covers it",
        );
    }
    if right.kind.is_told() {
        return ("unknown", what, "step 0 has not looked yet");
    }
    let note = match right.kind {
        Kind::SubscriptionRole | Kind::ResourceRole => {
            "step 0 tells it in mode Execute, as far as Azure does"
        }
        Kind::BillingRole if right.purpose == Purpose::Act => {
            "step 0 tells it in mode Execute, as far as Azure does"
        }
        _ => "no call tells it; a step that lacks it says so",
    };
    ("unknown", what, note)
}
