//! Restricted management administrative units: nobody can delete their members, which is told before the first user goes.

use crate::closure::decision::{Blocker, Dates, Decision};
use crate::closure::label::label;
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Fact, Observation, Obstacle, Question, Why};
use crate::closure::plan::{Plan, Sealed};
use crate::closure::steps::facts;
use crate::closure::words::count;

/// What is known of the units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restriction {
    /// Planned users are in these: name, and how many.
    Units(Vec<(String, u32)>),
    /// The identity may not read them: told, and it bars nothing.
    Unread,
}

/// The units that planned users are in, until the first effect that takes something away for good.
///
/// # Errors
/// The decision to read them, or what their absence leads to.
pub fn restriction(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
) -> Result<Restriction, Decision> {
    let Some(sealed) = plan
        .sealed
        .as_ref()
        .filter(|_| memory.destroying_since.is_none())
    else {
        return Ok(Restriction::Units(Vec::new()));
    };
    if let Fact::Unreadable(Why::Forbidden | Why::Unsupported) = seen.restricted_units {
        return Ok(Restriction::Unread);
    }
    let units = facts::known(&seen.restricted_units, Question::RestrictedUnits)?.iter();
    let held = units.map(|unit| (label(&unit.name), planned(sealed, &unit.users)));
    Ok(Restriction::Units(
        held.filter(|(_, users)| *users > 0).collect(),
    ))
}

fn planned(sealed: &Sealed, users: &[crate::closure::id::ObjectId]) -> u32 {
    let planned = users.iter().filter(|id| sealed.names(**id));
    u32::try_from(planned.count()).unwrap_or(u32::MAX)
}

/// All of them in one obstacle, in words that do not change with the units.
pub fn obstacle(restriction: &Restriction) -> Option<Obstacle> {
    let Restriction::Units(units) = restriction else {
        return None;
    };
    (!units.is_empty()).then(|| {
        Obstacle::new(
            "RestrictedUnits",
            "Planned users are in restricted management administrative units, where no application can delete them",
            "Remove them from the units that the blockers name, or delete those units, as a Global or Privileged Role \
             Administrator; it is noticed by itself, and half an hour later the users can be deleted",
        )
    })
}

/// One row for each unit, or that they could not be read.
pub fn blockers(restriction: &Restriction) -> Vec<Blocker> {
    let row = |check: String, state, remedy: String| Blocker {
        check,
        state,
        remedy,
        link: links::RESTRICTED_UNITS.to_owned(),
        who: "person",
        dates: Dates::default(),
    };
    match restriction {
        Restriction::Units(units) => units
            .iter()
            .map(|(name, users)| {
                let remedy = format!(
                    "{} in it cannot be deleted: remove them from the unit, or delete the unit",
                    count(*users, "planned user")
                );
                row(format!("Unit {name}"), "failed", remedy)
            })
            .collect(),
        Restriction::Unread => vec![row(
            "Restricted units".to_owned(),
            "unknown",
            "Grant the application AdministrativeUnit.Read.All, and users whom nobody can delete are told before any goes"
                .to_owned(),
        )],
    }
}
