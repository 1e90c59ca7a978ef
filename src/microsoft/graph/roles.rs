//! Directory roles: who holds Global Administrator, and what roles a principal holds.

use super::STABLE;
use crate::closure::id::ObjectId;
use crate::closure::observation::{Fact, Why};
use crate::microsoft::batch::Item;
use crate::microsoft::batch_read::{self, Body};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::{Failure, Kind};
use crate::microsoft::paging;
use crate::microsoft::wire::Line;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use url::Url;

/// Template id of Global Administrator, the same in every tenant.
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// Template id of Billing Administrator, likewise.
const BILLING_ADMINISTRATOR: &str = "b0f54661-2d74-4c50-afa3-1ec803f12efe";

/// The collection of eligible assignments: those that a person activates for a while.
const ELIGIBLE: &str = "roleEligibilityScheduleInstances";

/// The collection of assignments that hold now, with the end of each.
const SCHEDULED: &str = "roleAssignmentScheduleInstances";

/// The code with which a tenant without Microsoft Entra ID P2 or Governance answers.
const UNLICENSED: &str = "AadPremiumLicenseRequired";

#[derive(Deserialize)]
struct Assignment {
    #[serde(rename = "principalId")]
    principal: ObjectId,
    #[serde(rename = "roleDefinitionId")]
    role: ObjectId,
    #[serde(default, rename = "directoryScopeId")]
    scope: Option<String>,
    #[serde(default, rename = "principal")]
    expanded: Option<Expanded>,
    /// Of a schedule's instance: `Activated` for a while, or `Assigned`.
    #[serde(default, rename = "assignmentType")]
    how: Option<String>,
    /// Of a schedule's instance.
    #[serde(default, rename = "endDateTime")]
    end: Option<String>,
}

/// What kind of object the principal is.
#[derive(Deserialize)]
struct Expanded {
    #[serde(default, rename = "@odata.type")]
    kind: String,
}

const USER: &str = "#microsoft.graph.user";
const GROUP: &str = "#microsoft.graph.group";

impl Assignment {
    fn tenant_wide(&self) -> bool {
        self.scope.as_deref() == Some("/")
    }

    fn lasting(&self) -> bool {
        self.end.is_none() && self.how.as_deref() != Some("Activated")
    }
}

/// Holders of Global Administrator at tenant scope.
#[derive(Debug, Default)]
pub(in crate::microsoft) struct GlobalAdministrators {
    /// Assigned directly: users, groups and applications.
    pub(in crate::microsoft) assigned: BTreeSet<ObjectId>,
    /// Eligible; empty where that is not readable (no licence for it, no permission).
    pub(in crate::microsoft) eligible: BTreeSet<ObjectId>,
    /// Assigned without an end, and until a date or activated for a while; both empty where that is not readable, likewise.
    pub(in crate::microsoft) lasting: BTreeSet<ObjectId>,
    /// See there.
    pub(in crate::microsoft) ending: BTreeSet<ObjectId>,
    /// Whether the three above are readable, and why not.
    pub(in crate::microsoft) schedules: Fact<()>,
}

impl GlobalAdministrators {
    /// All of them, sorted: who is eligible is one as soon as he likes.
    pub(in crate::microsoft) fn all(&self) -> Vec<ObjectId> {
        let Self {
            assigned,
            eligible,
            lasting,
            ending,
            schedules: _,
        } = self;
        let all = [assigned, eligible, lasting, ending];
        let all: BTreeSet<ObjectId> = all.into_iter().flatten().copied().collect();
        all.into_iter().collect()
    }
}

/// The three readings that tell who holds Global Administrator: `GET /roleManagement/directory/roleAssignments`,
/// `…/roleEligibilityScheduleInstances` and `…/roleAssignmentScheduleInstances`
/// (graph/api/rbacapplication-list-roleassignments, graph/api/rbacapplication-list-roleassignmentscheduleinstances).
pub(in crate::microsoft) fn holders(line: &Line<'_>) -> Result<[Item; 3], Failure> {
    let filter = format!("roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'");
    Ok([
        Item::get(&address(line, "roleAssignments", &filter)?),
        Item::get(&address(line, ELIGIBLE, &filter)?),
        Item::get(&address(line, SCHEDULED, &filter)?),
    ])
}

/// What those were answered. A listing of more than one page is read to its end.
pub(in crate::microsoft) async fn told_holders(
    line: &Line<'_>,
    assigned: Body,
    eligible: Body,
    scheduled: Body,
) -> Result<GlobalAdministrators, Failure> {
    let holders = |found: Vec<Assignment>| {
        let found = found.into_iter().filter(Assignment::tenant_wide);
        found.map(|a| a.principal).collect()
    };
    let mut lacking = None;
    let mut where_readable = |read: Result<Vec<Assignment>, Failure>| {
        let Some(why) = read.as_ref().err().and_then(why_untold) else {
            return read;
        };
        lacking = lacking
            .filter(|known| *known != Why::Unsupported)
            .or(Some(why));
        Ok(Vec::new())
    };
    let eligible = where_readable(whole(line, eligible).await)?;
    let scheduled = where_readable(whole(line, scheduled).await)?;
    let (lasting, ending) = scheduled.into_iter().partition(Assignment::lasting);
    Ok(GlobalAdministrators {
        assigned: holders(whole(line, assigned).await?),
        eligible: holders(eligible),
        lasting: holders(lasting),
        ending: holders(ending),
        schedules: lacking.map_or(Fact::Known(()), Fact::Unreadable),
    })
}

/// A tenant without the licence has nothing of the kind, nor has one in which the service knows no such collection; any other
/// refusal says nothing of what there is. `None`: it is no refusal.
fn why_untold(failure: &Failure) -> Option<Why> {
    match failure.kind {
        Kind::Absent => Some(Why::Unsupported),
        Kind::Rejected if failure.code == UNLICENSED => Some(Why::Unsupported),
        Kind::Rejected => Some(Why::Malformed),
        _ => failure.lacks_right().then(|| failure.why()),
    }
}

/// The reading that tells what roles a principal holds.
pub(in crate::microsoft) fn of_principal(
    line: &Line<'_>,
    principal: ObjectId,
) -> Result<Item, Failure> {
    let filter = format!("principalId eq '{principal}'");
    Ok(Item::get(&address(line, "roleAssignments", &filter)?))
}

/// What it was answered: template ids of the roles at tenant scope.
pub(in crate::microsoft) async fn told_roles(
    line: &Line<'_>,
    principal: ObjectId,
    body: Body,
) -> Result<BTreeSet<ObjectId>, Failure> {
    let found = whole(line, body).await?.into_iter();
    let own = found.filter(|a| a.principal == principal && a.tenant_wide());
    Ok(own.map(|a| a.role).collect())
}

/// The reading that tells until when a principal holds its roles.
pub(in crate::microsoft) fn ends_of_principal(
    line: &Line<'_>,
    principal: ObjectId,
) -> Result<Item, Failure> {
    let filter = format!("principalId eq '{principal}'");
    Ok(Item::get(&address(line, SCHEDULED, &filter)?))
}

/// What it was answered: those at tenant scope that end, and are not held without an end besides.
pub(in crate::microsoft) async fn told_ends(
    line: &Line<'_>,
    principal: ObjectId,
    body: Body,
) -> Result<BTreeMap<ObjectId, Timestamp>, Failure> {
    let mut ends: BTreeMap<ObjectId, Option<Timestamp>> = BTreeMap::new();
    for one in whole(line, body).await? {
        if one.principal != principal || !one.tenant_wide() {
            continue;
        }
        let end = one.end.as_deref().map(str::parse::<Timestamp>).transpose();
        let end = end.map_err(|_| Failure::malformed("UnexpectedBody"))?;
        let known = ends.entry(one.role).or_insert(end);
        *known = (*known).zip(end).map(|(one, other)| one.max(other));
    }
    let ending = ends.into_iter();
    Ok(ending
        .filter_map(|(role, end)| Some((role, end?)))
        .collect())
}

/// Whether he is a Billing Administrator; asked only of one who is no Global Administrator.
pub(in crate::microsoft) async fn bills(
    line: &Line<'_>,
    principal: ObjectId,
) -> Result<bool, Failure> {
    let mut bodies = batch_read::read(line, STABLE, &[of_principal(line, principal)?]).await?;
    let body = bodies
        .pop()
        .unwrap_or_else(|| Err(Failure::transport("Unanswered")));
    let held = told_roles(line, principal, body).await?;
    Ok(ObjectId::parse(BILLING_ADMINISTRATOR).is_some_and(|role| held.contains(&role)))
}

/// The reading that tells who holds any directory role, in the whole tenant or in a part of it.
pub(in crate::microsoft) fn everybody(line: &Line<'_>) -> Result<Item, Failure> {
    let path = [STABLE, "roleManagement", "directory", "roleAssignments"];
    let url = line.url(Service::Graph, &path, &[("$expand", "principal")])?;
    Ok(Item::get(&url))
}

/// What it was answered: users, and groups whose members hold it, sorted; one whose kind is not told is taken for a user.
pub(in crate::microsoft) async fn told_persons(
    line: &Line<'_>,
    body: Body,
) -> Result<Vec<ObjectId>, Failure> {
    let found = whole(line, body).await?.into_iter();
    let person = |who: &Expanded| who.kind.is_empty() || [USER, GROUP].contains(&who.kind.as_str());
    let persons = found.filter(|one| one.expanded.as_ref().is_none_or(person));
    let persons: BTreeSet<ObjectId> = persons.map(|one| one.principal).collect();
    Ok(persons.into_iter().collect())
}

fn address(line: &Line<'_>, kind: &str, filter: &str) -> Result<Url, Failure> {
    let path = [STABLE, "roleManagement", "directory", kind];
    line.url(Service::Graph, &path, &[("$filter", filter)])
}

async fn whole(line: &Line<'_>, body: Body) -> Result<Vec<Assignment>, Failure> {
    paging::begun(line, Service::Graph, body).await
}
