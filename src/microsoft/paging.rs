//! Listings in pages: each page is handed over and forgotten. A link leads to the same host or nowhere, never back, and
//! the number of pages is bounded. Source: learn.microsoft.com `graph/paging`; ARM `nextLink`.

use super::clouds::Service;
use super::failure::Failure;
use super::wire::Line;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use url::Url;

/// Most pages of one listing: a million objects at 999 each, and some more.
const MOST_PAGES: usize = 2_000;

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Page<T> {
    value: Vec<T>,
    #[serde(default, rename = "@odata.nextLink", alias = "nextLink")]
    next: Option<String>,
}

/// Reads a listing to its end; `page` gets each page. An error means that the listing is not complete, whatever came
/// before it: [`super::Kind::Malformed`] with `ForeignLink` or `EndlessListing` where the links lie.
pub(super) async fn each_page<T: DeserializeOwned>(
    line: &Line<'_>,
    service: Service,
    first: Url,
    mut page: impl FnMut(Vec<T>) + Send,
) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    let mut url = first;
    loop {
        let mut hasher = DefaultHasher::new();
        url.as_str().hash(&mut hasher);
        if !seen.insert(hasher.finish()) || seen.len() > MOST_PAGES {
            return Err(Failure::malformed("EndlessListing"));
        }
        let got: Page<T> = line.get(service, url).await?;
        page(got.value);
        let Some(next) = got.next.filter(|next| !next.is_empty()) else {
            return Ok(());
        };
        url = line
            .wire
            .hosts
            .trusted(service, &next)
            .ok_or_else(|| Failure::malformed("ForeignLink"))?;
    }
}

/// Reads a whole listing into memory: for what is short.
pub(super) async fn all<T: DeserializeOwned + Send>(
    line: &Line<'_>,
    service: Service,
    first: Url,
) -> Result<Vec<T>, Failure> {
    let mut found = Vec::new();
    each_page(line, service, first, |page| found.extend(page)).await?;
    Ok(found)
}
