//! The inventory: written where the operator's configuration wants one, right before the first thing is taken away, by us or
//! by a person whom we ask to.

use crate::closure::decision::{Decided, Decision, HandOff, Waiting};
use crate::closure::inventory::{Gap, Inventory, Taken, Wish};
use crate::closure::memory::Memory;
use crate::closure::observation::{Observation, Obstacle};
use crate::closure::schedule::AFTER_FAILURE;
use crate::closure::step::Step;
use crate::closure::steps::{refused, users};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// One that is older tells of another tenant than the one that is about to go.
pub const KEEPS: SignedDuration = SignedDuration::from_hours(24);

/// Tries before one that is only wanted is gone without, or is taken as it is.
pub const TRIES: u32 = 3;

/// Hand-offs that ask a person to delete users.
const BY_PERSON: [&str; 2] = [users::IN_ACTIVE_DIRECTORY, refused::BY_HAND];

const MISSING: &str = "InventoryMissing";
const INCOMPLETE: &str = "InventoryIncomplete";

/// Where one is required: that there is nowhere to write it. Told before anybody approves.
pub fn unwritable(seen: &Observation, memory: &Memory) -> Option<Obstacle> {
    let cluster = &seen.cluster;
    let required = cluster.configuration.inventory == Wish::Required;
    if !required || memory.destroying_since.is_some() {
        return None;
    }
    let why = cluster.inventory_store.as_ref().err()?;
    Some(missing(why))
}

fn missing(why: &str) -> Obstacle {
    Obstacle::new(
        MISSING,
        format!(
            "The operator's configuration requires an inventory of the tenant before anything is deleted, and it cannot be written: {why}"
        ),
        "Mend the store that evidenceStore names in the operator's configuration; its owner can also set inventory to Wanted or Off there",
    )
}

/// Puts the inventory before what takes something away, where one is wanted and there is none, or none that still holds.
pub fn before(decided: Decided, seen: &Observation, memory: &Memory, now: Timestamp) -> Decided {
    let wish = seen.cluster.configuration.inventory;
    let begun = memory.destroying_since.is_some();
    if wish == Wish::Off || begun || !takes_away(&decided) || holds(wish, memory, now) {
        return decided;
    }
    Decided {
        decision: Decision::WriteInventory,
        ..decided
    }
}

/// What a person is asked to do after step 1 ends something as well, and in step 1 where he is asked to delete users.
fn takes_away(decided: &Decided) -> bool {
    let deletes = |one: &HandOff| BY_PERSON.contains(&one.key);
    match &decided.decision {
        Decision::Act(intent) => intent.action.destroys(),
        Decision::HandOff(list) => decided.step > Step::Users || list.iter().any(deletes),
        _ => false,
    }
}

fn holds(wish: Wish, memory: &Memory, now: Timestamp) -> bool {
    memory.inventory.as_ref().is_some_and(|taken| {
        let young = now.duration_since(taken.at) <= KEEPS;
        young && (wish != Wish::Required || taken.inventory.complete())
    })
}

/// What follows from a try.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The journal takes it as it is, and the closure goes on.
    Keep,
    /// It is tried again.
    Again(Waiting),
    /// Nothing goes on without it.
    Refuse(Obstacle),
}

/// Judges the try with this number, the first being 1; `lost`: why the store did not take it.
pub fn judge(wish: Wish, taken: &Inventory, lost: Option<&str>, tries: u32) -> Verdict {
    if lost.is_none() && taken.complete() {
        return Verdict::Keep;
    }
    let may_pass = lost.is_some() || taken.gaps.iter().any(|gap| gap.may_pass());
    if may_pass && tries < TRIES {
        let message = if lost.is_some() {
            "The inventory of the tenant could not be written; it is tried again"
        } else {
            "Microsoft gave no usable answer for the inventory of the tenant; it is tried again"
        };
        let waiting = Waiting::new("WritingInventory", message).again_in(AFTER_FAILURE);
        return Verdict::Again(waiting);
    }
    match (wish, lost) {
        (Wish::Required, Some(why)) => Verdict::Refuse(missing(why)),
        (Wish::Required, None) => Verdict::Refuse(incomplete(&taken.gaps)),
        (Wish::Off | Wish::Wanted, _) => Verdict::Keep,
    }
}

fn incomplete(gaps: &[Gap]) -> Obstacle {
    let permissions: BTreeSet<&str> = gaps.iter().filter_map(|gap| gap.permission()).collect();
    let permissions: Vec<&str> = permissions.into_iter().collect();
    let remedy = if permissions.is_empty() {
        "It is tried again by itself; the owner of the operator's configuration can set inventory to Wanted".to_owned()
    } else {
        let permissions = permissions.join(", ");
        format!(
            "Grant the application {permissions} in the tenant, with admin consent; the owner of the operator's configuration can set inventory to Wanted"
        )
    };
    let message = format!(
        "The operator's configuration requires a complete inventory of the tenant before anything is deleted, and it lacks {}",
        lacking(gaps)
    );
    Obstacle::new(INCOMPLETE, message, remedy)
}

/// What is lacking, in words.
pub fn lacking(gaps: &[Gap]) -> String {
    let named: Vec<String> = gaps.iter().map(|gap| gap.words()).collect();
    named.join(", ")
}

/// An inventory in a sentence.
pub fn told(taken: &Taken) -> String {
    let found = &taken.inventory;
    match (&found.object, found.gaps.as_slice()) {
        (None, _) => "An inventory of the tenant was wanted and could not be written".to_owned(),
        (Some(object), []) => {
            format!("The inventory {object} was written, with all that there is")
        }
        (Some(object), gaps) => {
            format!(
                "The inventory {object} was written; it lacks {}",
                lacking(gaps)
            )
        }
    }
}
