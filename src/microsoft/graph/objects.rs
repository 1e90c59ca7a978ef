//! Which of some ids are still there: one request for up to a thousand.

use super::STABLE;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Outcome, Refusal};
use crate::closure::tenant::Attempt;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::request::Call;
use crate::microsoft::wire::Line;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// Most ids that one request may name.
const MOST: usize = 1_000;

#[derive(Deserialize)]
struct Listing {
    value: Vec<Raw>,
    #[serde(default, rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    id: ObjectId,
    #[serde(default, rename = "@odata.type")]
    kind: Option<String>,
}

/// Those of `ids` that are shown, with their `@odata.type` (empty where none was told).
/// `POST /directoryObjects/getByIds` (graph/api/directoryobject-getbyids).
pub(in crate::microsoft) async fn shown(
    line: &Line<'_>,
    ids: &[ObjectId],
    types: &[&str],
) -> Result<BTreeMap<ObjectId, String>, Failure> {
    let query = [("$select", "id")];
    let path = [STABLE, "directoryObjects", "getByIds"];
    let mut found = BTreeMap::new();
    for some in ids.chunks(MOST) {
        let url = line.url(Service::Graph, &path, &query)?;
        let call = Call::post(url, &json!({"ids": some, "types": types}));
        let listing: Listing = line.read(Service::Graph, &call).await?.json()?;
        if listing.next.is_some() {
            return Err(Failure::malformed("UnexpectedPage"));
        }
        let known = listing
            .value
            .into_iter()
            .filter(|raw| some.contains(&raw.id));
        found.extend(known.map(|raw| (raw.id, raw.kind.unwrap_or_default())));
    }
    Ok(found)
}

/// Sorts the objects of an effect by what is still shown and by what was answered. Without an attempt (another life
/// made it) everything shown is unanswered.
pub(in crate::microsoft) fn sort(
    objects: &[ObjectId],
    attempt: Option<&Attempt>,
    still: impl Fn(&ObjectId) -> bool,
) -> Outcome {
    let mut outcome = Outcome {
        complete: true,
        ..Outcome::default()
    };
    let nothing = Attempt::default();
    let attempt = attempt.unwrap_or(&nothing);
    for id in objects {
        if !still(id) {
            outcome.gone += 1;
        } else if attempt.accepted.contains(id) {
            outcome.visible.push(*id);
        } else if !attempt.refused.iter().any(|r| r.objects.contains(id)) {
            outcome.unanswered.push(*id);
        }
    }
    for refusal in &attempt.refused {
        let here = |id: &&ObjectId| objects.contains(id) && still(id);
        let left: Vec<_> = refusal.objects.iter().filter(here).copied().collect();
        if !left.is_empty() {
            outcome.refused.push(Refusal {
                objects: left,
                ..refusal.clone()
            });
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_decides_and_the_answers_explain() {
        let id = |n| ObjectId(uuid::Uuid::from_u128(n));
        let objects: Vec<_> = (1..=5).map(id).collect();
        let attempt = Attempt {
            accepted: vec![id(1), id(2)],
            refused: vec![Refusal {
                code: "Authorization_RequestDenied".into(),
                status: 403,
                objects: vec![id(3), id(4)],
            }],
            ..Attempt::default()
        };
        let still = |x: &ObjectId| [id(2), id(3), id(5)].contains(x);
        let outcome = sort(&objects, Some(&attempt), still);
        assert_eq!(outcome.gone, 2);
        assert_eq!(outcome.visible, [id(2)]);
        assert_eq!(outcome.refused[0].objects, [id(3)]);
        assert_eq!(outcome.unanswered, [id(5)]);
        let blind = sort(&objects, None, still);
        assert_eq!(blind.unanswered, [id(2), id(3), id(5)]);
        assert!(blind.visible.is_empty() && blind.refused.is_empty());
    }
}
