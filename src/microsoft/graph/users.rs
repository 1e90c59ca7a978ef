//! Listings of users: for the plan, and to verify that only those are left who may stay.

use super::roles::GlobalAdministrators;
use super::{PAGE, STABLE, groups};
use crate::closure::id::ObjectId;
use crate::closure::intent::Outcome;
use crate::closure::observation::{Fact, Users, Why};
use crate::closure::plan::Sealed;
use crate::closure::supplement::Supplements;
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
    users.global_administrators = match among(line, &users.ids, holders).await {
        Err(failure) if failure.lacks_right() => Fact::Unreadable(failure.why()),
        read => Fact::Known(read?),
    };
    Ok(users)
}

/// Who of these users holds the role, and who or what does as a member of a group; sorted.
async fn among(
    line: &Line<'_>,
    users: &[ObjectId],
    holders: &GlobalAdministrators,
) -> Result<Vec<ObjectId>, Failure> {
    let is_user = |id: &ObjectId| users.binary_search(id).is_ok();
    let (mut all, others): (Vec<_>, Vec<_>) = holders.all().into_iter().partition(is_user);
    all.extend(groups::members(line, &others).await?);
    all.sort_unstable();
    all.dedup();
    Ok(all)
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

/// Compares a complete listing with the plan, page by page. It counts as complete only if every page came and the retained
/// administrator was on one of them: a listing that lacks him is not believed.
pub(in crate::microsoft) async fn verify(
    line: &Line<'_>,
    plan: &Sealed,
    later: &Supplements,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut keeper = false;
    let listed = match address(line, "id") {
        Ok(first) => {
            each_page(line, Service::Graph, first, |page: Vec<OnlyId>| {
                for user in page {
                    keeper |= user.id == plan.head.retained;
                    compare(&mut outcome, user.id, plan, later);
                }
            })
            .await
        }
        Err(failure) => Err(failure),
    };
    outcome.remaining.sort_unstable();
    outcome.complete = listed.is_ok() && keeper;
    outcome.unread = match listed {
        Err(failure) => Some(failure.why()),
        Ok(()) => (!keeper).then_some(Why::Malformed),
    };
    outcome.requests = line.requests();
    outcome
}

fn compare(outcome: &mut Outcome, id: ObjectId, plan: &Sealed, later: &Supplements) {
    if id == plan.head.retained || Some(id) == plan.head.spare {
        return;
    }
    if !plan.names(id) && later.naming(id).is_none() {
        let number = if later.awaits(id) {
            &mut outcome.awaiting
        } else {
            &mut outcome.strangers
        };
        *number = number.saturating_add(1);
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

/// Grows by a little and not by doubling: the listing is the largest thing that we hold, and so large a block is moved
/// without being copied.
fn make_room(ids: &mut Vec<ObjectId>, more: usize) {
    if ids.capacity() - ids.len() < more {
        ids.reserve_exact(more.max(ids.len() / 64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::plan::PlanHead;
    use crate::closure::supplement::{Supplement, SupplementHead};
    use std::sync::Arc;

    #[test]
    fn a_listing_is_compared_with_the_plan() {
        let id = |n| ObjectId(uuid::Uuid::from_u128(n));
        let head = PlanHead {
            tenant_id: id(0),
            initial_domain: "contoso.onmicrosoft.com".into(),
            retained: id(2),
            spare: Some(id(1)),
            app_id: id(3),
            user_count: 990,
            guests: 0,
            synced: 0,
            sync_enabled: false,
            other_global_administrators: vec![id(10), id(12)],
            other_holders: Vec::new(),
            role_schedules: true,
            other_administrators: 2,
            subscriptions: Vec::new(),
            security_defaults: false,
            policies: Vec::new(),
            applications: Vec::new(),
            own: Vec::new(),
            directory_resource: None,
            applications_beyond: 0,
            domains: Vec::new(),
            custom_domains: None,
            custom_domains_digest: None,
            losses: Vec::new(),
            accepted: Vec::new(),
            reason: None,
        };
        let plan = Sealed::seal(head, (10..1_000).map(id).collect());
        let supplement = |ordinal, user| {
            let head = SupplementHead {
                supplements: plan.digest.clone(),
                ordinal,
                tenant_id: id(0),
                user_count: 0,
            };
            Arc::new(Supplement::seal(head, vec![id(user)]))
        };
        let later = Supplements {
            begun: vec![supplement(1, 6)],
            open: Some(supplement(2, 7)),
        };
        let mut outcome = Outcome::default();
        for n in [1, 2, 5, 7, 10, 11] {
            compare(&mut outcome, id(n), &plan, &later);
        }
        assert_eq!((outcome.strangers, outcome.awaiting), (1, 1));
        assert_eq!(outcome.remaining, [id(10), id(11)]);
        for n in (12..1_000).chain([6]) {
            compare(&mut outcome, id(n), &plan, &later);
        }
        assert_eq!(
            (outcome.remaining.len(), outcome.remaining_count),
            (400, 991)
        );
    }
}
