//! What only a directory for customers (External ID or B2C) has, and what keeps it from being deleted.

use super::{BETA, STABLE};
use crate::closure::external::{Directory, External};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::paging;
use crate::microsoft::wire::Line;
use serde::Deserialize;

/// Microsoft's own identity providers: they are there in every directory, and nobody can delete them.
const BUILT_IN: &str = "#microsoft.graph.builtInIdentityProvider";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    tenant_type: String,
}

#[derive(Deserialize)]
struct Thing {
    #[serde(rename = "id")]
    _id: String,
    #[serde(default, rename = "@odata.type")]
    kind: Option<String>,
}

/// Counts them, of a directory of which the kind is `told` or read: nothing is asked of a workforce directory.
/// `GET /identity/identityProviders` (graph/api/identitycontainer-list-identityproviders); of an External ID directory
/// `GET /identity/authenticationEventsFlows` (identitycontainer-list-authenticationeventsflows); of a B2C directory
/// `GET /identity/b2cUserFlows` (identitycontainer-list-b2cuserflows), `GET /trustFramework/policies`
/// (trustframework-list-trustframeworkpolicies) and `GET /trustFramework/keySets` (trustframework-list-keysets), all three
/// of the beta version alone. One that cannot be read, and nothing counts.
pub(in crate::microsoft) async fn read(
    line: &Line<'_>,
    told: Option<Directory>,
) -> Result<External, Failure> {
    let directory = match told {
        Some(told) => told,
        None => kind(line).await?,
    };
    let mut found = External {
        directory,
        user_flows: 0,
        identity_providers: 0,
        custom_policies: 0,
        policy_keys: 0,
    };
    if !found.is_external() {
        return Ok(found);
    }
    found.identity_providers = count(line, &[STABLE, "identity", "identityProviders"]).await?;
    if directory == Directory::ExternalId {
        let flows = [STABLE, "identity", "authenticationEventsFlows"];
        found.user_flows = count(line, &flows).await?;
    } else {
        found.user_flows = count(line, &[BETA, "identity", "b2cUserFlows"]).await?;
        found.custom_policies = count(line, &[BETA, "trustFramework", "policies"]).await?;
        found.policy_keys = count(line, &[BETA, "trustFramework", "keySets"]).await?;
    }
    Ok(found)
}

/// `tenantType` of `GET /organization` (graph/api/resources/organization). Another word than the three is `Malformed`.
async fn kind(line: &Line<'_>) -> Result<Directory, Failure> {
    let query = [("$select", "tenantType")];
    let url = line.url(Service::Graph, &[STABLE, "organization"], &query)?;
    let found: Vec<Organization> = paging::all(line, Service::Graph, url).await?;
    match found.as_slice() {
        [one] => match one.tenant_type.as_str() {
            "AAD" => Ok(Directory::Workforce),
            "CIAM" => Ok(Directory::ExternalId),
            "AAD B2C" => Ok(Directory::B2c),
            _ => Err(Failure::malformed("OtherTenantType")),
        },
        _ => Err(Failure::malformed("NotOneOrganization")),
    }
}

async fn count(line: &Line<'_>, path: &[&str]) -> Result<u32, Failure> {
    let url = line.url(Service::Graph, path, &[])?;
    let mut count = 0u32;
    paging::each_page(line, Service::Graph, url, |page: Vec<Thing>| {
        let counts = |one: &&Thing| one.kind.as_deref() != Some(BUILT_IN);
        let more = page.iter().filter(counts).count();
        count = count.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
    })
    .await?;
    Ok(count)
}
