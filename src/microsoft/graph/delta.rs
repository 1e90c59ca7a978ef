//! Who came since last time: `users/delta` (graph/api/user-delta). A link that Microsoft gives is kept between two looks.
//!
//! It lives in this process alone: after a restart the tracking begins anew, and whoever came in between is seen by the
//! final listing, which is the proof that nobody is left. A link that is no longer known (410, `syncStateNotFound`) is
//! never "nobody came": until a complete listing was made, the tracking says that it is lost.

use super::STABLE;
use crate::closure::id::ObjectId;
use crate::closure::observation::Newcomers;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::wire::Line;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use url::Url;

/// Most pages of one look: they have 200 rows and more.
const MOST_PAGES: usize = 2_000;

/// What is known between two looks.
#[derive(Debug, Default)]
pub(in crate::microsoft) struct Tracking {
    /// Where to ask next; checked against the host list before it was kept.
    next: Option<Url>,
    /// When it was asked last.
    asked: Option<Instant>,
    /// Who came and was not seen to go.
    came: BTreeSet<ObjectId>,
    /// Changes were missed: only a complete listing tells who came.
    lost: bool,
}

#[derive(Deserialize)]
struct Page {
    value: Vec<Row>,
    #[serde(default, rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(default, rename = "@odata.deltaLink")]
    later: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    id: ObjectId,
    /// Deleted, to the recycle bin or for good.
    #[serde(default, rename = "@removed")]
    removed: Option<IgnoredAny>,
}

impl Tracking {
    /// Who came since the tracking began. Asked no more often than `every`; the first look only marks the beginning.
    pub(in crate::microsoft) async fn look(
        &mut self,
        line: &Line<'_>,
        every: Duration,
    ) -> Result<Newcomers, Failure> {
        let due = self.asked.is_none_or(|at| at.elapsed() >= every);
        match self.next.take() {
            None => self.begin(line).await?,
            Some(next) if !due => self.next = Some(next),
            Some(next) => match self.read(line, next.clone()).await {
                Ok(()) => {}
                Err(failure) if forgotten(&failure) => {
                    self.lost = true;
                    self.begin(line).await?;
                }
                Err(failure) => {
                    self.next = Some(next);
                    return Err(failure);
                }
            },
        }
        Ok(Newcomers {
            ids: self.came.iter().copied().collect(),
            lost: self.lost,
        })
    }

    /// A complete listing was made: nothing is missed any more, and who came and is not in it has gone.
    pub(in crate::microsoft) fn listed(&mut self, ids: &[ObjectId]) {
        self.lost = false;
        self.came.retain(|id| ids.binary_search(id).is_ok());
    }

    /// From now on: `$deltatoken=latest` brings a link and no data.
    async fn begin(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        let query = [("$select", "id"), ("$deltatoken", "latest")];
        let first = line.url(Service::Graph, &[STABLE, "users", "delta"], &query)?;
        let lost = self.lost;
        self.read(line, first).await?;
        self.lost = lost;
        Ok(())
    }

    /// One look, page by page. Half a look changes nothing but who came.
    async fn read(&mut self, line: &Line<'_>, first: Url) -> Result<(), Failure> {
        let mut url = first;
        for _ in 0..MOST_PAGES {
            let page: Page = line.get(Service::Graph, url.clone()).await?;
            for row in page.value {
                if row.removed.is_some() {
                    self.came.remove(&row.id);
                } else {
                    self.came.insert(row.id);
                }
            }
            let trusted = |link: String| {
                let found = line.wire.hosts.trusted(Service::Graph, &link);
                found.ok_or_else(|| Failure::malformed("ForeignLink"))
            };
            let Some(next) = page.next else {
                self.next = page.later.map(trusted).transpose()?;
                // Without a way to ask again what comes next is missed.
                self.lost |= self.next.is_none();
                self.asked = Some(Instant::now());
                return Ok(());
            };
            let next = trusted(next)?;
            if next == url {
                break;
            }
            url = next;
        }
        Err(Failure::malformed("EndlessListing"))
    }
}

/// The link is not known any more, or not accepted: tokens live for seven days (graph/delta-query-overview).
fn forgotten(failure: &Failure) -> bool {
    matches!(failure.status, 400 | 404 | 410)
}
