//! Microsoft Entra Domain Services: managed domains are Azure resources. Source: `Microsoft.AAD/domainServices` in Azure's
//! REST API specifications (`domainservices/resource-manager`, 2022-12-01).

use super::resource_url;
use crate::closure::id::ObjectId;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::paging;
use crate::microsoft::wire::Line;
use serde::Deserialize;

const VERSION: &str = "2022-12-01";

#[derive(Deserialize)]
struct Raw {
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    /// Of which tenant; where it is not told it may be ours.
    #[serde(default)]
    tenant_id: Option<String>,
}

/// `GET /subscriptions/{id}/providers/Microsoft.AAD/domainServices`: how many managed domains of this tenant.
pub(in crate::microsoft) async fn count(
    line: &Line<'_>,
    subscription: ObjectId,
    tenant: ObjectId,
) -> Result<u32, Failure> {
    let path = format!("/subscriptions/{subscription}/providers/Microsoft.AAD/domainServices");
    let url = resource_url(line, &path, VERSION)?;
    let mut count = 0u32;
    paging::each_page(line, Service::Arm, url, |page: Vec<Raw>| {
        let ours = |one: &&Raw| {
            let told = one.properties.tenant_id.as_deref();
            told.and_then(ObjectId::parse).is_none_or(|id| id == tenant)
        };
        let more = page.iter().filter(ours).count();
        count = count.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
    })
    .await?;
    Ok(count)
}
