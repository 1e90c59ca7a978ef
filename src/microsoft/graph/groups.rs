//! Who is in a group that holds a directory role.

use super::{PAGE, STABLE};
use crate::closure::id::ObjectId;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::{Failure, Kind};
use crate::microsoft::paging;
use crate::microsoft::wire::Line;
use serde::Deserialize;

#[derive(Deserialize)]
struct Member {
    id: ObjectId,
}

/// `GET /groups/{id}/transitiveMembers` (graph/api/group-list-transitivemembers): whoever is in it, through other groups too.
/// An application that holds a role is no group, and one that may not read groups is told of nobody: the plan names the group
/// itself.
pub(in crate::microsoft) async fn members(
    line: &Line<'_>,
    group: ObjectId,
) -> Result<Vec<ObjectId>, Failure> {
    let group = group.to_string();
    let path = [STABLE, "groups", &group, "transitiveMembers"];
    let first = line.url(Service::Graph, &path, &[("$select", "id"), ("$top", PAGE)])?;
    match paging::all::<Member>(line, Service::Graph, first).await {
        Ok(all) => Ok(all.into_iter().map(|one| one.id).collect()),
        Err(failure) if failure.lacks_right() || failure.kind == Kind::Absent => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}
