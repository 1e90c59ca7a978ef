//! Listings in pages: each page is handed over and forgotten. A link leads to the same host or nowhere, never back, and
//! the number of pages is bounded. Source: learn.microsoft.com `graph/paging`; ARM `nextLink`.

use super::batch_read::{self, Body};
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

/// A listing, page by page.
pub(super) struct Pages<'a> {
    line: &'a Line<'a>,
    service: Service,
    seen: HashSet<u64>,
    next: Option<Url>,
}

impl<'a> Pages<'a> {
    /// Nothing is asked yet.
    pub(super) fn new(line: &'a Line<'a>, service: Service, first: Url) -> Self {
        Self {
            line,
            service,
            seen: HashSet::new(),
            next: Some(first),
        }
    }

    /// The next page; `None`: the listing is complete. An error means that it is not, whatever came before it:
    /// [`super::Kind::Malformed`] with `ForeignLink` or `EndlessListing` where the links lie.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<Vec<T>>, Failure> {
        let Some(url) = self.next.take() else {
            return Ok(None);
        };
        let mut hasher = DefaultHasher::new();
        url.as_str().hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) || self.seen.len() > MOST_PAGES {
            return Err(Failure::malformed("EndlessListing"));
        }
        let got: Page<T> = self.line.get(self.service, url).await?;
        if let Some(next) = got.next.filter(|next| !next.is_empty()) {
            let trusted = self.line.wire.hosts.trusted(self.service, &next);
            self.next = Some(trusted.ok_or_else(|| Failure::malformed("ForeignLink"))?);
        }
        Ok(Some(got.value))
    }
}

/// Reads a listing to its end; `page` gets each page. An error means that the listing is not complete, whatever came
/// before it.
pub(super) async fn each_page<T: DeserializeOwned>(
    line: &Line<'_>,
    service: Service,
    first: Url,
    mut page: impl FnMut(Vec<T>) + Send,
) -> Result<(), Failure> {
    let mut pages = Pages::new(line, service, first);
    while let Some(got) = pages.next().await? {
        page(got);
    }
    Ok(())
}

/// A listing whose first page came as an item of a `$batch`, read to its end: for what is short.
pub(super) async fn begun<T: DeserializeOwned + Send>(
    line: &Line<'_>,
    service: Service,
    body: Body,
) -> Result<Vec<T>, Failure> {
    let Page { mut value, next } = batch_read::understood(body)?;
    if let Some(next) = next.filter(|next| !next.is_empty()) {
        let next = line.wire.hosts.trusted(service, &next);
        let next = next.ok_or_else(|| Failure::malformed("ForeignLink"))?;
        value.extend(all::<T>(line, service, next).await?);
    }
    Ok(value)
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
