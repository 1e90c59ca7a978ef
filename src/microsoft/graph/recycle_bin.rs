//! The recycle bin, read and never emptied.

use super::{PAGE, STABLE};
use crate::closure::recycle_bin::RecycleBin;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::paging::each_page;
use crate::microsoft::wire::Line;
use jiff::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    deleted_date_time: Timestamp,
}

/// `GET /directory/deletedItems/microsoft.graph.user` (graph/api/directory-deleteditems-list): how many, and when the last
/// was deleted. Each page is forgotten.
pub(in crate::microsoft) async fn users(line: &Line<'_>) -> Result<RecycleBin, Failure> {
    let query = [("$select", "id,deletedDateTime"), ("$top", PAGE)];
    let path = [STABLE, "directory", "deletedItems", "microsoft.graph.user"];
    let url = line.url(Service::Graph, &path, &query)?;
    let mut bin = RecycleBin {
        users: 0,
        newest: None,
    };
    each_page(line, Service::Graph, url, |page: Vec<Raw>| {
        bin.users = bin
            .users
            .saturating_add(u32::try_from(page.len()).unwrap_or(u32::MAX));
        let newest = page.iter().map(|one| one.deleted_date_time).max();
        bin.newest = bin.newest.max(newest);
    })
    .await?;
    Ok(bin)
}
