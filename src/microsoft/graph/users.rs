//! Listings of users: for the plan, and to verify that only those are left who may stay.

use super::roles::GlobalAdministrators;
use super::{PAGE, STABLE};
use crate::closure::id::ObjectId;
use crate::closure::intent::Outcome;
use crate::closure::observation::Users;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::paging::each_page;
use crate::microsoft::wire::Line;
use serde::Deserialize;

/// Most ids kept of planned users who are still shown: one slice.
const REMAINING: usize = 400;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    id: ObjectId,
    #[serde(default)]
    user_type: Option<String>,
    #[serde(default)]
    on_premises_sync_enabled: Option<bool>,
}

#[derive(Deserialize)]
struct OnlyId {
    id: ObjectId,
}

/// A complete listing, 16 bytes a user. `GET /users?$top=999` (graph/api/user-list).
pub(in crate::microsoft) async fn list(
    line: &Line<'_>,
    holders: &GlobalAdministrators,
) -> Result<Users, Failure> {
    let mut users = Users::default();
    let select = "id,userType,onPremisesSyncEnabled";
    let first = address(line, select)?;
    each_page(line, Service::Graph, first, |page: Vec<Raw>| {
        make_room(&mut users.ids, page.len());
        for user in page {
            users.ids.push(user.id);
            users.guests += u32::from(user.user_type.as_deref() == Some("Guest"));
            users.synced += u32::from(user.on_premises_sync_enabled == Some(true));
        }
    })
    .await?;
    users.ids.sort_unstable();
    users.ids.dedup();
    users.ids.shrink_to_fit();
    users.global_administrators = holders
        .assigned
        .iter()
        .copied()
        .filter(|id| users.ids.binary_search(id).is_ok())
        .collect();
    Ok(users)
}

/// All ids, sorted.
pub(in crate::microsoft) async fn ids(line: &Line<'_>) -> Result<Vec<ObjectId>, Failure> {
    let mut ids = Vec::new();
    each_page(
        line,
        Service::Graph,
        address(line, "id")?,
        |page: Vec<OnlyId>| {
            ids.extend(page.into_iter().map(|user| user.id));
        },
    )
    .await?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Compares a complete listing with the plan, page by page. `planned` is sorted. It counts as complete only if every page
/// came and the first of `allowed`, the retained administrator, was on one of them: a listing that lacks him is not believed.
pub(in crate::microsoft) async fn verify(
    line: &Line<'_>,
    planned: &[ObjectId],
    allowed: &[ObjectId],
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut keeper = false;
    let listed = match address(line, "id") {
        Ok(first) => {
            each_page(line, Service::Graph, first, |page: Vec<OnlyId>| {
                for user in page {
                    keeper |= allowed.first() == Some(&user.id);
                    compare(&mut outcome, user.id, planned, allowed);
                }
            })
            .await
        }
        Err(failure) => Err(failure),
    };
    outcome.remaining.sort_unstable();
    outcome.complete = listed.is_ok() && keeper;
    outcome.requests = line.requests();
    outcome
}

fn compare(outcome: &mut Outcome, id: ObjectId, planned: &[ObjectId], allowed: &[ObjectId]) {
    if allowed.contains(&id) {
        return;
    }
    if planned.binary_search(&id).is_err() {
        outcome.strangers = outcome.strangers.saturating_add(1);
        return;
    }
    outcome.remaining_count = outcome.remaining_count.saturating_add(1);
    if outcome.remaining.len() < REMAINING {
        outcome.remaining.push(id);
    }
}

fn address(line: &Line<'_>, select: &str) -> Result<url::Url, Failure> {
    let query = [("$select", select), ("$top", PAGE)];
    line.url(Service::Graph, &[STABLE, "users"], &query)
}

/// Grows by an eighth and not by doubling: the listing is the largest thing that we hold.
fn make_room(ids: &mut Vec<ObjectId>, more: usize) {
    if ids.capacity() - ids.len() < more {
        ids.reserve_exact(more.max(ids.len() / 8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_compared_with_the_plan() {
        let id = |n| ObjectId(uuid::Uuid::from_u128(n));
        let planned: Vec<_> = (10..1_000).map(id).collect();
        let mut outcome = Outcome::default();
        for n in [1, 2, 5, 10, 11] {
            compare(&mut outcome, id(n), &planned, &[id(1), id(2)]);
        }
        assert_eq!(outcome.strangers, 1);
        assert_eq!(outcome.remaining, [id(10), id(11)]);
        for n in 12..1_000 {
            compare(&mut outcome, id(n), &planned, &[]);
        }
        assert_eq!(
            (outcome.remaining.len(), outcome.remaining_count),
            (400, 990)
        );
    }
}
