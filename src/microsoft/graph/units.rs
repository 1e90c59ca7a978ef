//! Restricted management administrative units, with the users in them.

use super::{PAGE, STABLE};
use crate::closure::id::ObjectId;
use crate::closure::observation::RestrictedUnit;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::{Failure, Kind};
use crate::microsoft::paging;
use crate::microsoft::wire::Line;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    id: ObjectId,
    #[serde(default)]
    display_name: Option<String>,
    /// `null` where it is not; a reply that leaves it out does not say so.
    #[serde(deserialize_with = "Option::deserialize")]
    is_member_management_restricted: Option<bool>,
}

#[derive(Deserialize)]
struct Member {
    id: ObjectId,
    #[serde(default, rename = "@odata.type")]
    kind: Option<String>,
}

/// `GET /directory/administrativeUnits` and, of those with `isMemberManagementRestricted`,
/// `GET /directory/administrativeUnits/{id}/members` (graph/api/directory-list-administrativeunits,
/// administrativeunit-list-members). A tenant has at most 100 such units. One that goes meanwhile is not among them.
pub(in crate::microsoft) async fn restricted(
    line: &Line<'_>,
) -> Result<Vec<RestrictedUnit>, Failure> {
    let query = [("$select", "id,displayName,isMemberManagementRestricted")];
    let url = line.url(Service::Graph, &[STABLE, "directory", UNITS], &query)?;
    let all: Vec<Raw> = paging::all(line, Service::Graph, url).await?;
    let mut units = Vec::new();
    for unit in all {
        if unit.is_member_management_restricted != Some(true) {
            continue;
        }
        match members(line, unit.id).await {
            Ok(users) => units.push(RestrictedUnit {
                name: unit.display_name.unwrap_or_default(),
                users,
            }),
            Err(failure) if failure.kind == Kind::Absent => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(units)
}

const UNITS: &str = "administrativeUnits";

/// Members of a kind that is not told are taken for users.
async fn members(line: &Line<'_>, unit: ObjectId) -> Result<Vec<ObjectId>, Failure> {
    let unit = unit.to_string();
    let path = [STABLE, "directory", UNITS, &unit, "members"];
    let query = [("$select", "id"), ("$top", PAGE)];
    let url = line.url(Service::Graph, &path, &query)?;
    let mut users = Vec::new();
    paging::each_page(line, Service::Graph, url, |page: Vec<Member>| {
        let user = |one: &Member| {
            one.kind
                .as_deref()
                .is_none_or(|k| k == "#microsoft.graph.user")
        };
        users.extend(page.into_iter().filter(user).map(|one| one.id));
    })
    .await?;
    Ok(users)
}
