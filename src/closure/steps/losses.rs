//! What dies with the tenant: counted for the plan, accepted by name, counted once more before the first effect.

use crate::closure::decision::{Blocker, Decision};
use crate::closure::loss::{self, Loss, LossKind, PlannedLoss};
use crate::closure::observation::{Observation, Obstacle, Question, Why};
use crate::closure::steps::facts;
use crate::closure::terms::Terms;
use std::collections::BTreeSet;

/// True where its author accepted to lose this kind.
pub fn accepted(terms: &Terms, kind: LossKind) -> bool {
    terms.accepted.iter().any(|name| name == kind.name())
}

/// What was counted. A service that is down for a moment is waited for; what cannot be counted for good is Unknown and
/// takes an acceptance by name.
///
/// # Errors
/// The decision that its absence leads to.
pub fn counted<'a>(terms: &Terms, seen: &'a Observation) -> Result<&'a [Loss], Decision> {
    let losses = facts::known(&seen.losses, Question::Losses)?;
    let mut unavailable = losses
        .iter()
        .filter(|one| one.count == Err(Why::Unavailable) && !accepted(terms, one.kind));
    if unavailable.next().is_some() {
        return Err(facts::unreadable(Question::Losses, Why::Unavailable));
    }
    Ok(losses)
}

/// Those that nobody accepted.
pub fn not_accepted(terms: &Terms, all: &[PlannedLoss]) -> Vec<PlannedLoss> {
    let lost = all.iter().filter(|one| !accepted(terms, one.kind));
    lost.copied().collect()
}

/// Approved, and nothing has begun: what there is to lose is counted once more. What came since the plan was made takes
/// an acceptance too.
///
/// # Errors
/// The decision to read it, or to wait for it.
pub fn again(terms: &Terms, seen: &Observation) -> Result<Vec<PlannedLoss>, Decision> {
    let losses = counted(terms, seen)?;
    Ok(not_accepted(terms, &loss::planned(losses)))
}

/// All of them in one obstacle, with the lines to add.
pub fn obstacle(lost: &[PlannedLoss]) -> Option<Obstacle> {
    if lost.is_empty() {
        return None;
    }
    let named: Vec<String> = lost.iter().copied().map(words).collect();
    let lines: Vec<String> = lost.iter().map(|one| line(one.kind)).collect();
    let unknown = lost.iter().filter(|one| !one.counted);
    let permissions: BTreeSet<&str> = unknown.map(|one| one.kind.permission()).collect();
    let mut remedy = format!(
        "Save what is needed of it, then add to spec.accept, each with your own reference: {}",
        lines.join(", ")
    );
    if !permissions.is_empty() {
        let permissions: Vec<&str> = permissions.into_iter().collect();
        remedy.push_str("; what could not be counted may be counted with ");
        remedy.push_str(&permissions.join(", "));
    }
    let message = format!(
        "This dies with the tenant, and was not accepted by name: {}",
        named.join(", ")
    );
    Some(Obstacle::new("LossNotAccepted", message, remedy))
}

/// One row for each, with the page on which a person sees it.
pub fn blockers(terms: &Terms, lost: &[PlannedLoss]) -> Vec<Blocker> {
    lost.iter()
        .map(|one| Blocker {
            check: format!("Loss {}", one.kind.name()),
            state: if one.counted { "failed" } else { "unknown" },
            remedy: format!("Accept it by name in spec.accept: {}", line(one.kind)),
            link: one.kind.link(terms.cloud).to_owned(),
            who: "person",
        })
        .collect()
}

fn words(one: PlannedLoss) -> String {
    let what = one.kind.words();
    if one.counted {
        what.to_owned()
    } else {
        format!("{what} (could not be counted)")
    }
}

/// An entry of `spec.accept`, in YAML.
fn line(kind: LossKind) -> String {
    format!("{{kind: {}, reference: CAB-118}}", kind.name())
}
