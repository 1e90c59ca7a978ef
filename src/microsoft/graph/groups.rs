//! Who is in a group that holds a directory role.

use super::{PAGE, STABLE, applications};
use crate::closure::id::ObjectId;
use crate::microsoft::batch::Item;
use crate::microsoft::batch_read::{self, Body};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::{Failure, Kind};
use crate::microsoft::paging;
use crate::microsoft::wire::Line;
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Member {
    id: ObjectId,
    #[serde(default, rename = "@odata.type")]
    kind: String,
}

/// These sign in to nothing, and what is in a group within the group is told by itself.
const NO_ADMINISTRATORS: [&str; 3] = [
    "#microsoft.graph.device",
    "#microsoft.graph.group",
    "#microsoft.graph.orgContact",
];

impl Member {
    /// One whose kind is not told is taken for one who does.
    fn administers(&self) -> bool {
        !NO_ADMINISTRATORS.contains(&self.kind.as_str())
    }
}

/// `GET /groups/{id}/transitiveMembers` (graph/api/group-list-transitivemembers): whoever is in it, through other groups too.
pub(in crate::microsoft) fn item(line: &Line<'_>, group: ObjectId) -> Result<Item, Failure> {
    let group = group.to_string();
    let path = [STABLE, "groups", &group, "transitiveMembers"];
    let query = [("$select", "id"), ("$top", PAGE)];
    Ok(Item::get(&line.url(Service::Graph, &path, &query)?))
}

/// The users and applications in any of these, as those were answered; sorted. What holds a role and is an application is no
/// group, so it has no members. An error where a group is among them whose members may not be read: they are not none.
pub(in crate::microsoft) async fn told(
    line: &Line<'_>,
    asked: &[ObjectId],
    bodies: Vec<Body>,
) -> Result<Vec<ObjectId>, Failure> {
    let mut members = BTreeSet::new();
    let mut closed: Vec<(ObjectId, Failure)> = Vec::new();
    for (group, body) in asked.iter().zip(bodies) {
        match paging::begun::<Member>(line, Service::Graph, body).await {
            Ok(all) => members.extend(all.iter().filter(|one| one.administers()).map(|one| one.id)),
            Err(failure) if failure.kind == Kind::Absent => {}
            Err(failure) if failure.lacks_right() => closed.push((*group, failure)),
            Err(failure) => return Err(failure),
        }
    }
    if !closed.is_empty() {
        let ids: Vec<ObjectId> = closed.iter().map(|(id, _)| *id).collect();
        let applications = applications::still_there(line, &ids).await?;
        let group = closed.into_iter();
        let mut group = group.filter(|(id, _)| !applications.contains_key(id));
        if let Some((_, failure)) = group.next() {
            return Err(failure);
        }
    }
    Ok(members.into_iter().collect())
}

/// Likewise, asked now.
pub(in crate::microsoft) async fn members(
    line: &Line<'_>,
    groups: &[ObjectId],
) -> Result<Vec<ObjectId>, Failure> {
    let items = groups.iter().map(|group| item(line, *group));
    let items: Vec<Item> = items.collect::<Result<_, _>>()?;
    let bodies = batch_read::read(line, STABLE, &items).await?;
    told(line, groups, bodies).await
}
