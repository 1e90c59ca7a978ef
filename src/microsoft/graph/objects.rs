//! Which of some ids are still there: one item of a `$batch` for up to a thousand.

use super::STABLE;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Outcome, Refusal};
use crate::closure::tenant::Attempt;
use crate::microsoft::batch::Item;
use crate::microsoft::batch_read::{self, Body};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::{Failure, Kind};
use crate::microsoft::wire::Line;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Most ids that one request may name.
pub(in crate::microsoft) const MOST: usize = 1_000;

#[derive(Deserialize)]
struct Listing<T> {
    value: Vec<T>,
    #[serde(default, rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    id: ObjectId,
    #[serde(default, rename = "@odata.type")]
    kind: Option<String>,
}

/// `POST /directoryObjects/getByIds` (graph/api/directoryobject-getbyids), a thousand ids in each.
pub(in crate::microsoft) fn items(
    line: &Line<'_>,
    ids: &[ObjectId],
    types: &[&str],
) -> Result<Vec<Item>, Failure> {
    selected(line, ids, types, "id")
}

/// Likewise with these properties.
fn selected(
    line: &Line<'_>,
    ids: &[ObjectId],
    types: &[&str],
    select: &str,
) -> Result<Vec<Item>, Failure> {
    let path = [STABLE, "directoryObjects", "getByIds"];
    let url = line.url(Service::Graph, &path, &[("$select", select)])?;
    let item = |some| Item::post(&url, json!({"ids": some, "types": types}));
    Ok(ids.chunks(MOST).map(item).collect())
}

/// What one of those was answered: the ids of `asked` that are shown, with their `@odata.type` (empty where none was told).
pub(in crate::microsoft) fn told(
    asked: &[ObjectId],
    body: Body,
) -> Result<BTreeMap<ObjectId, String>, Failure> {
    Ok(by_id(asked, listed(body)?))
}

/// Where an object of each type is read by itself.
const COLLECTIONS: [(&str, &str); 3] = [
    ("user", "users"),
    ("application", "applications"),
    ("servicePrincipal", "servicePrincipals"),
];

/// Those of `ids` that are shown, each asked for by itself (graph/api/user-get, graph/api/application-get,
/// graph/api/serviceprincipal-get). The page of `getByIds` names Directory.Read.All alone; where Microsoft insists on that, what
/// reads each of these is enough.
pub(in crate::microsoft) async fn one_by_one<T: DeserializeOwned>(
    line: &Line<'_>,
    ids: &[ObjectId],
    types: &[&str],
    select: &str,
) -> Result<Vec<T>, Failure> {
    let (mut found, mut left) = (Vec::new(), ids.to_vec());
    for (kind, collection) in COLLECTIONS.iter().filter(|(kind, _)| types.contains(kind)) {
        let item = |id: &ObjectId| {
            let path = [STABLE, *collection, &id.to_string()];
            let url = line.url(Service::Graph, &path, &[("$select", select)])?;
            Ok(Item::get(&url))
        };
        let items: Vec<Item> = left.iter().map(item).collect::<Result<_, Failure>>()?;
        let bodies = batch_read::read(line, STABLE, &items).await?;
        // What is of one type is of no other.
        let mut absent = Vec::new();
        for (id, body) in left.into_iter().zip(bodies) {
            match body {
                Ok(Value::Object(mut object)) => {
                    let kind = json!(format!("#microsoft.graph.{kind}"));
                    object.insert("@odata.type".to_owned(), kind);
                    found.push(batch_read::understood(Ok(Value::Object(object)))?);
                }
                Ok(_) => return Err(Failure::malformed("UnexpectedBody")),
                Err(failure) if failure.kind == Kind::Absent => absent.push(id),
                Err(failure) => return Err(failure),
            }
        }
        left = absent;
    }
    Ok(found)
}

/// Those of `ids` that are shown, with their `@odata.type`, each asked for by itself.
pub(in crate::microsoft) async fn told_one_by_one(
    line: &Line<'_>,
    ids: &[ObjectId],
    types: &[&str],
) -> Result<BTreeMap<ObjectId, String>, Failure> {
    Ok(by_id(ids, one_by_one(line, ids, types, "id").await?))
}

fn by_id(asked: &[ObjectId], found: Vec<Raw>) -> BTreeMap<ObjectId, String> {
    let known = found.into_iter().filter(|raw| asked.contains(&raw.id));
    known
        .map(|raw| (raw.id, raw.kind.unwrap_or_default()))
        .collect()
}

/// What one answer lists: it has one page.
fn listed<T: DeserializeOwned>(body: Body) -> Result<Vec<T>, Failure> {
    let listing: Listing<T> = batch_read::understood(body)?;
    if listing.next.is_some() {
        return Err(Failure::malformed("UnexpectedPage"));
    }
    Ok(listing.value)
}

/// Those of `ids` that are shown, with the properties that `select` names.
pub(in crate::microsoft) async fn shown<T: DeserializeOwned>(
    line: &Line<'_>,
    ids: &[ObjectId],
    types: &[&str],
    select: &str,
) -> Result<Vec<T>, Failure> {
    let items = selected(line, ids, types, select)?;
    let bodies = batch_read::read(line, STABLE, &items).await?;
    let pages: Result<Vec<Vec<T>>, Failure> = bodies.into_iter().map(listed).collect();
    match pages {
        Ok(pages) => Ok(pages.into_iter().flatten().collect()),
        Err(failure) if failure.lacks_right() => one_by_one(line, ids, types, select).await,
        Err(failure) => Err(failure),
    }
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
