//! Azure subscriptions. Source: learn.microsoft.com `rest/api/resources/subscriptions/list` (2022-12-01),
//! `rest/api/resources/resources/list` (2021-04-01) and `rest/api/subscription/subscription/cancel` (2021-10-01).

use super::resource_url;
use crate::closure::id::ObjectId;
use crate::closure::label::label;
use crate::closure::observation::{Agreement, Lifecycle, Subscription};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::paging;
use crate::microsoft::request::{Body, Call};
use crate::microsoft::wire::Line;
use reqwest::Method;
use serde::Deserialize;

const READ: &str = "2022-12-01";
const RESOURCES: &str = "2021-04-01";
const CANCEL: &str = "2021-10-01";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    subscription_id: ObjectId,
    #[serde(default)]
    tenant_id: Option<String>,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    state: Option<String>,
}

/// `GET /subscriptions`: those that trust this tenant.
pub(in crate::microsoft) async fn list(
    line: &Line<'_>,
    tenant: ObjectId,
) -> Result<Vec<Subscription>, Failure> {
    let url = resource_url(line, "/subscriptions", READ)?;
    let found: Vec<Raw> = paging::all(line, Service::Arm, url).await?;
    let ours = |raw: &Raw| {
        let told = raw.tenant_id.as_deref();
        told.is_none_or(|text| ObjectId::parse(text) == Some(tenant))
    };
    Ok(found.into_iter().filter(ours).map(read).collect())
}

fn read(raw: Raw) -> Subscription {
    let lifecycle = match raw.state.as_deref() {
        Some("Disabled" | "Expired") => Lifecycle::Disabled,
        Some("Deleted") => Lifecycle::Gone,
        _ => Lifecycle::Active,
    };
    Subscription {
        id: raw.subscription_id,
        name: label(&raw.display_name.unwrap_or_default()),
        product: false,
        seats: 0,
        lifecycle,
        agreement: Agreement::Azure,
        next_change: None,
        term_end: None,
        next_term: None,
        resource: Some(format!("/subscriptions/{}", raw.subscription_id)),
        cancelable: lifecycle == Lifecycle::Active,
        cancel_until: None,
        seller: None,
        auto_renew: false,
    }
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "id")]
    _id: String,
}

/// `GET /subscriptions/{id}/resources`, to its end: how many. Nothing is kept of a page.
pub(in crate::microsoft) async fn resources(line: &Line<'_>, id: ObjectId) -> Result<u64, Failure> {
    let url = resource_url(line, &format!("/subscriptions/{id}/resources"), RESOURCES)?;
    let mut count = 0;
    paging::each_page(line, Service::Arm, url, |page: Vec<Resource>| {
        count += page.len() as u64;
    })
    .await?;
    Ok(count)
}

/// `POST {subscription}/providers/Microsoft.Subscription/cancel`.
pub(in crate::microsoft) fn cancel(line: &Line<'_>, resource: &str) -> Result<Call, Failure> {
    let path = format!("{resource}/providers/Microsoft.Subscription/cancel");
    let url = resource_url(line, &path, CANCEL)?;
    Ok(Call::new(Method::POST, url, Body::Json(Vec::new())))
}

/// `GET /subscriptions/{id}`; `None`: there is no such subscription (any more). A reply about another one is not believed.
pub(in crate::microsoft) async fn find(
    line: &Line<'_>,
    resource: &str,
) -> Result<Option<Subscription>, Failure> {
    let url = resource_url(line, resource, READ)?;
    let found: Option<Raw> = line.find(Service::Arm, url).await?;
    let Some(found) = found.map(read) else {
        return Ok(None);
    };
    let same = |told: &str| told.eq_ignore_ascii_case(resource);
    if !found.resource.as_deref().is_some_and(same) {
        return Err(Failure::malformed("OtherSubscription"));
    }
    Ok(Some(found))
}
