//! What a run with kills came to, in figures.

use std::collections::BTreeMap;
use std::time::Duration;

use tenant_closure::closure::step::Step;

use crate::agreement::Evidence;
use crate::cluster::Result;
use crate::kills::Kill;
use crate::points::{Kind, Side};
use crate::proxy::Seen;
use crate::trial::Trial;

/// What is sent to change something, and the effects that come of it.
const ACTS: [(&str, &[&str]); 5] = [
    ("deleteUser", &["userDeleted"]),
    ("switchSyncOff", &["syncSwitchOffRequested"]),
    ("cancelSubscription", &["subscriptionCanceled"]),
    ("changeMfa", &["mfaDisabled"]),
    // A service principal goes with its registration, asked for or not.
    (
        "deleteApplication",
        &["applicationDeleted", "servicePrincipalDeleted"],
    ),
];

/// Prints all of them.
pub(crate) async fn print(trial: &Trial, kills: &[Kill]) -> Result<()> {
    by_kind_and_step(kills);
    pauses(&trial.proxy.seen(), kills);
    duplicates(trial).await?;
    let stats = trial.case.portal.get("stats").await?;
    println!(
        "requests to Microsoft: {}, items answered 429: {}",
        stats["requests"], stats["throttledItems"]
    );
    Ok(())
}

fn by_kind_and_step(kills: &[Kill]) {
    let mut kinds: BTreeMap<(Kind, Side), usize> = BTreeMap::new();
    let mut steps = [0; Step::ORDER.len()];
    for Kill { point, .. } in kills {
        *kinds.entry((point.request.kind, point.side)).or_default() += 1;
        steps[point.request.step()] += 1;
    }
    let kinds = kinds
        .iter()
        .map(|((kind, side), count)| format!("{count} {} a {}", side.word(), kind.word()));
    println!("kills: {}", kinds.collect::<Vec<_>>().join(", "));
    println!("kills in step 0 to 5: {steps:?}");
}

/// How long the operator took from a kill to its next word.
fn pauses(seen: &[Seen], kills: &[Kill]) {
    let (mut in_doubt, mut others) = (Vec::new(), Vec::new());
    for Kill { point, at } in kills {
        let doubt = match (point.request.kind, point.side) {
            (Kind::Claim, Side::After) => !point.request.what.ends_with("PlanChunk"),
            (Kind::Write, _) | (Kind::Outcome, Side::Before) => true,
            _ => false,
        };
        let next = |one: &&Seen| one.at > *at && (!doubt || one.request.kind == Kind::Outcome);
        if let Some(next) = seen.iter().find(next) {
            let pause = next.at.duration_since(*at).unsigned_abs();
            if doubt { &mut in_doubt } else { &mut others }.push(pause);
        }
    }
    for (what, mut pauses) in [
        (
            "a kill to the outcome of the record it left in doubt",
            in_doubt,
        ),
        ("any other kill to the next request that writes", others),
    ] {
        pauses.sort_unstable();
        let middle = pauses.get(pauses.len() / 2).copied();
        println!(
            "from {what}: {:.1?} in the middle, {:.1?} at most, of {}",
            middle.unwrap_or_default(),
            pauses.last().copied().unwrap_or(Duration::ZERO),
            pauses.len()
        );
    }
}

/// What was sent, and what of it changed something: nothing may be effective twice, little should be sent twice.
async fn duplicates(trial: &Trial) -> Result<()> {
    let written = trial.case.portal.get("writes").await?;
    let mut sent: BTreeMap<&str, u64> = BTreeMap::new();
    for one in written.as_array().into_iter().flatten() {
        for (act, count) in one["acts"].as_object().into_iter().flatten() {
            *sent.entry(act).or_default() += count.as_u64().unwrap_or_default();
        }
    }
    let evidence = Evidence::of(&trial.case).await?;
    for (act, kinds) in ACTS {
        let fits = |one: &&serde_json::Value| {
            one["app"] == evidence.app && kinds.iter().any(|kind| one["kind"] == *kind)
        };
        let effective = evidence.effects.iter().filter(fits).count() as u64;
        let sent = sent.get(act).copied().unwrap_or_default();
        let again = sent.saturating_sub(effective);
        println!("{act}: {sent} sent, {effective} effective, {again} without effect");
    }
    Ok(())
}
