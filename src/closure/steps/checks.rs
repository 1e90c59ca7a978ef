//! How the delete-tenant checks stand: passed, failed, or for a person to say. Which there are is in
//! [`crate::closure::checks`].

use crate::closure::checks::{Row, Source, TABLE};
use crate::closure::decision::{Blocker, CheckStanding, Dates, Standing};
use crate::closure::memory::Memory;
use crate::closure::observation::{Agreement, Application, Lifecycle, Observation};
use crate::closure::plan::Plan;
use crate::closure::steps::subscriptions;
use crate::closure::terms::BillingKind;
use std::collections::BTreeMap;

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Seen, or attested.
    Passed,
    /// Seen, or attested.
    Failed,
    /// Only a person can see it.
    Unknown,
}

impl State {
    /// As the status words it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// One check of this tenant.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its line in the table.
    pub row: &'static Row,
    /// How it stands.
    pub state: State,
    /// Where it is met.
    pub link: &'static str,
    /// Who meets it.
    pub who: &'static str,
    /// A person said something of it that is neither of the two words.
    unclear: bool,
}

/// What is to be done about words that are neither.
pub const UNCLEAR: &str =
    "What was attested says neither passed nor failed, and does not count: attest it again";

impl Check {
    /// Its id, and its name in the portal.
    pub fn title(&self) -> String {
        format!("{} {}", self.row.id, self.row.name)
    }

    /// For a person to look at and to attest.
    pub fn is_to_attest(&self) -> bool {
        self.state == State::Unknown && self.row.counts()
    }

    /// How it is met.
    pub fn remedy(&self) -> String {
        if self.unclear && self.state == State::Unknown {
            format!("{UNCLEAR}. {}", self.row.remedy)
        } else {
            self.row.remedy.to_owned()
        }
    }
}

/// All checks, in the order of the table. What a person said counts only where nothing was seen.
pub fn all(plan: &Plan, seen: &Observation, memory: &Memory) -> Vec<Check> {
    let said = |row: &Row| attested(&seen.cluster.attestations, row.id);
    let mut all = each(plan, |row| match row.source {
        Source::NotAsked => said(row).unwrap_or(State::Passed),
        Source::Read(_) | Source::Person | Source::WithTheDeletion => {
            judged(row, plan, seen, memory)
                .or_else(|| said(row))
                .unwrap_or(State::Unknown)
        }
    });
    for check in &mut all {
        check.unclear = said(check.row) == Some(State::Unknown);
    }
    all
}

/// The end: the directory is gone, so all of them were met.
pub fn proven(plan: &Plan) -> Vec<Check> {
    each(plan, |_| State::Passed)
}

fn each(plan: &Plan, state: impl Fn(&Row) -> State) -> Vec<Check> {
    let terms = &plan.terms;
    let of = |row: &'static Row| Check {
        row,
        state: state(row),
        link: (row.place)(terms.cloud),
        who: row.who.word(
            terms.remove_applications,
            terms.directory_resource.is_some(),
        ),
        unclear: false,
    };
    TABLE.iter().map(of).collect()
}

/// What a person said about a check; any other word than the two is Unknown, and no yes.
pub fn attested(attestations: &BTreeMap<String, String>, check: &str) -> Option<State> {
    let word = attestations.get(check)?.trim().to_ascii_lowercase();
    Some(match word.as_str() {
        "passed" => State::Passed,
        "failed" => State::Failed,
        _ => State::Unknown,
    })
}

/// A person says that the portal refuses to delete the tenant: whatever he said but that it passed.
pub fn portal_refuses(attestations: &BTreeMap<String, String>) -> bool {
    attested(attestations, "Refused").is_some_and(|said| said != State::Passed)
}

/// What the condition says of them.
pub fn standing(checks: &[Check]) -> Standing {
    let of = |state: State| -> Vec<&str> {
        let some = checks.iter().filter(|c| c.state == state && c.row.counts());
        some.map(|check| check.row.name).collect()
    };
    let (failed, unknown) = (of(State::Failed), of(State::Unknown));
    if !failed.is_empty() {
        return Standing::no("ChecksFailed", format!("Not met: {}", failed.join(", ")));
    }
    if !unknown.is_empty() {
        let message = format!("For a person to look at: {}", unknown.join(", "));
        return Standing::unknown("NotAttested", message);
    }
    Standing::yes("AllPassed", "All delete-tenant checks are met")
}

/// The checks that failed or are unknown, for the status.
pub fn blockers(checks: &[Check]) -> Vec<Blocker> {
    let open = checks.iter().filter(|check| check.state != State::Passed);
    open.map(|check| Blocker {
        check: check.title(),
        state: check.state.word(),
        remedy: check.remedy(),
        link: check.link.to_owned(),
        who: check.who,
        dates: Dates::default(),
    })
    .collect()
}

/// Every check, for the status.
pub fn standings(checks: &[Check]) -> Vec<CheckStanding> {
    let all = checks.iter().map(|check| CheckStanding {
        check: check.title(),
        state: check.state.word(),
        who: check.who,
    });
    all.collect()
}

/// Passed, and all.
pub fn progress(checks: &[Check]) -> (u32, u32) {
    let passed = checks.iter().filter(|check| check.state == State::Passed);
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (number(passed.count()), number(checks.len()))
}

/// What was seen; `None`: nothing that counts.
fn judged(row: &Row, plan: &Plan, seen: &Observation, memory: &Memory) -> Option<State> {
    let terms = &plan.terms;
    let no_application = |principal: bool| {
        let all = seen.applications.known()?;
        let mut left = all.iter().filter(|one| is_left(one, memory));
        Some(!left.any(|one| one.service_principal == principal))
    };
    let shows_azure = || shows_azure(plan, seen);
    let passed = match row.id {
        "C1" => {
            let both = seen.users.known().zip(seen.spare.known());
            both.map(|(found, spare)| found.ids.len() == 1 && spare.is_none())
        }
        "C2" => seen.organization.known().map(|found| !found.sync_enabled),
        "C3" => no_application(true),
        "C4" => no_application(false),
        "C6" => no_subscription(seen, false),
        // Where nothing shows them, none that is seen is not none.
        "C7" => no_subscription(seen, true).filter(|none| !none || shows_azure()),
        "C12" => {
            let none = seen.domain_services.known().map(|left| *left == 0);
            none.filter(|none| !none || shows_azure())
        }
        "C13" => seen.external.known().map(|found| found.left() == 0),
        "C14" => seen
            .external
            .known()
            .and_then(|found| (!found.is_external()).then_some(true)),
        "C16" => seen.organization.known().map(|found| {
            let mut wanted = terms.release_domains.iter();
            !wanted.any(|name| found.custom_domains.contains(name))
        }),
        _ => None,
    };
    passed.map(|passed| if passed { State::Passed } else { State::Failed })
}

/// An application that is still to go: not ours, which goes last, nor what Microsoft keeps, nor a service principal that refused
/// to be deleted and is disabled. One that is merely disabled could be deleted: the check may ask for it.
pub fn is_left(one: &Application, memory: &Memory) -> bool {
    let settled = one.disabled && memory.applications_refused.contains(&one.id);
    !one.own && !(one.service_principal && (one.undeletable || settled))
}

/// Does an account show us the Azure subscriptions of the tenant? Azure lists for nobody what he holds no role on, so one that
/// shows nothing may be one that may see nothing: only what is, or was, listed proves that it can.
fn shows_azure(plan: &Plan, seen: &Observation) -> bool {
    let mut accounts = plan.terms.billing.iter();
    let planned = plan.sealed.as_ref().is_some_and(|sealed| {
        let mut all = sealed.head.subscriptions.iter();
        all.any(|one| one.agreement == Agreement::Azure)
    });
    let listed = seen.subscriptions.known().is_some_and(|all| {
        let mut all = all.iter();
        all.any(|one| one.agreement == Agreement::Azure)
    });
    accounts.any(|account| account.kind == BillingKind::AzureSubscription) && (planned || listed)
}

/// No such subscription is left, of Azure or of the others.
fn no_subscription(seen: &Observation, azure: bool) -> Option<bool> {
    let all = seen.subscriptions.known()?;
    let mut there = subscriptions::ended_apart(all).filter(|one| one.lifecycle != Lifecycle::Gone);
    Some(!there.any(|one| (one.agreement == Agreement::Azure) == azure))
}
