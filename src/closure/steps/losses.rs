//! What dies with the tenant: counted for the plan, accepted by name, counted again until the first effect that takes
//! something away for good. Azure
//! subscriptions are accepted each by id, and looked at again whenever one is about to end.

use crate::closure::acceptance::MOST;
use crate::closure::decision::{Blocker, Dates, Decision};
use crate::closure::id::ObjectId;
use crate::closure::loss::{self, Loss, LossKind, PlannedLoss};
use crate::closure::observation::{Observation, Obstacle, Question, Subscription};
use crate::closure::steps::facts;
use crate::closure::terms::Terms;
use std::collections::BTreeSet;

/// True where its author accepted to lose this kind, or all that is in this Azure subscription.
pub fn accepted(terms: &Terms, kind: LossKind, subscription: Option<ObjectId>) -> bool {
    let mut of_kind = terms.accepted.iter().filter(|one| one.kind == kind.name());
    of_kind.any(|one| subscription.is_none_or(|id| one.subscriptions.contains(&id)))
}

/// What was counted. A service that is down for a moment is waited for; what cannot be counted for good is Unknown and
/// takes an acceptance by name.
///
/// # Errors
/// The decision that its absence leads to.
pub fn counted(terms: &Terms, seen: &Observation) -> Result<Vec<Loss>, Decision> {
    let losses = facts::known(&seen.losses, Question::Losses)?;
    let subscriptions = facts::known(&seen.subscriptions, Question::Subscriptions)?;
    let losses = loss::with_azure(losses, subscriptions);
    let wanted = |one: &&Loss| !accepted(terms, one.kind, one.subscription);
    let mut unknown = losses
        .iter()
        .filter(wanted)
        .filter_map(Loss::unknown_for_now);
    if let Some(why) = unknown.next() {
        return Err(facts::unreadable(Question::Losses, why));
    }
    Ok(losses)
}

/// Those that nobody accepted.
pub fn not_accepted(terms: &Terms, all: &[PlannedLoss]) -> Vec<PlannedLoss> {
    let lost = all.iter();
    lost.filter(|one| !accepted(terms, one.kind, one.subscription))
        .copied()
        .collect()
}

/// Approved, and nothing was taken away for good: what there is to lose is counted again, also while directory sync goes
/// off, which takes days. What came since the plan was made takes an acceptance too.
///
/// # Errors
/// The decision to read it, or to wait for it.
pub fn again(terms: &Terms, seen: &Observation) -> Result<Vec<PlannedLoss>, Decision> {
    let losses = counted(terms, seen)?;
    Ok(not_accepted(terms, &loss::planned(&losses)))
}

/// Azure subscriptions that are still there and that nobody accepted, or accepts any more: none of them is ended, and
/// nobody is asked to end one.
pub fn azure_not_accepted(terms: &Terms, listed: &[Subscription]) -> Vec<PlannedLoss> {
    not_accepted(terms, &loss::planned(&loss::with_azure(&[], listed)))
}

/// All of them in one obstacle, with the lines to add. Ids stand in the rows of [`blockers`] alone.
pub fn obstacle(lost: &[PlannedLoss]) -> Option<Obstacle> {
    if lost.is_empty() {
        return None;
    }
    let mut named: Vec<String> = lost.iter().map(words).collect();
    named.dedup();
    let whole = lost.iter().filter(|one| one.subscription.is_none());
    let mut lines: Vec<String> = whole.map(line).collect();
    if lost.iter().any(|one| one.subscription.is_some()) {
        lines.push("the ids of the Azure subscriptions, as status.blockers names them".to_owned());
    }
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

/// Its author named more than a plan can: nobody approves the rest, so none of it is accepted, and he is told.
pub fn too_many_accepted(terms: &Terms) -> Option<Obstacle> {
    let beyond = terms.accepted_beyond;
    (beyond > 0).then(|| {
        let message = format!(
            "A plan names {MOST} kinds and Azure subscriptions of spec.accept, and it has {beyond} more: the Azure subscriptions with \
             the last ids are not accepted"
        );
        Obstacle::new(
            "TooMuchAccepted",
            message,
            "Take out of spec.accept the ids of Azure subscriptions that are not there, or are not to be canceled, until no more \
             than that are left",
        )
    })
}

/// One row for each, with the page on which a person sees it.
pub fn blockers(terms: &Terms, lost: &[PlannedLoss]) -> Vec<Blocker> {
    lost.iter()
        .map(|one| {
            let (id, by) = match one.subscription {
                Some(id) => (format!(" {id}"), "id"),
                None => (String::new(), "name"),
            };
            Blocker {
                check: format!("Loss {}{id}", one.kind.name()),
                state: if one.counted { "failed" } else { "unknown" },
                remedy: format!("Accept it by {by} in spec.accept: {}", line(one)),
                link: one.kind.link(terms.cloud).to_owned(),
                who: "person",
                dates: Dates::default(),
            }
        })
        .collect()
}

fn words(one: &PlannedLoss) -> String {
    let what = one.kind.words();
    if one.counted {
        what.to_owned()
    } else {
        format!("{what} (could not be counted)")
    }
}

/// An entry of `spec.accept`, in YAML.
fn line(one: &PlannedLoss) -> String {
    let kind = one.kind.name();
    match one.subscription {
        None => format!("{{kind: {kind}, reference: CAB-118}}"),
        Some(id) => format!("{{kind: {kind}, reference: CAB-118, subscriptions: [{id}]}}"),
    }
}
