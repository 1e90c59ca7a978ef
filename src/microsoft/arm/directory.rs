//! A directory that is an Azure resource (External ID, B2C): the only kind that a call can delete.
//! Source: learn.microsoft.com `rest/api/activedirectory/ciam-tenants/delete`, `b2c-tenants/delete` (2023-05-17-preview).

use super::resource_url;
use crate::closure::external::Directory;
use crate::closure::id::ObjectId;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::request::Call;
use crate::microsoft::wire::Line;
use serde_json::Value;

const VERSION: &str = "2023-05-17-preview";

/// The resource types that may be deleted here.
const TYPES: [&str; 2] = ["ciamdirectories", "b2cdirectories"];

/// `…/providers/Microsoft.AzureActiveDirectory/{ciamDirectories|b2cDirectories}/{name}` and nothing else.
fn is_directory(resource: &str) -> bool {
    let lower = resource.to_ascii_lowercase();
    let parts: Vec<&str> = lower.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        [
            "subscriptions",
            _,
            "resourcegroups",
            _,
            "providers",
            provider,
            kind,
            name,
        ] => {
            *provider == "microsoft.azureactivedirectory"
                && TYPES.contains(kind)
                && !name.is_empty()
        }
        _ => false,
    }
}

/// What kind of directory a resource is; `None`: none at all.
pub(in crate::microsoft) fn kind(resource: &str) -> Option<Directory> {
    let lower = resource.to_ascii_lowercase();
    if !is_directory(resource) {
        None
    } else if lower.contains("/ciamdirectories/") {
        Some(Directory::ExternalId)
    } else {
        Some(Directory::B2c)
    }
}

/// `DELETE {resource}`. A resource of another type is `Malformed`: such a call is never made.
pub(in crate::microsoft) fn delete(line: &Line<'_>, resource: &str) -> Result<Call, Failure> {
    if !is_directory(resource) {
        return Err(Failure::unsendable("NoDirectoryResource"));
    }
    Ok(Call::delete(resource_url(line, resource, VERSION)?))
}

/// `GET {resource}`: for which tenant is it (`properties.tenantId`)? `None`: it is not there (any more).
pub(in crate::microsoft) async fn tenant_of(
    line: &Line<'_>,
    resource: &str,
) -> Result<Option<ObjectId>, Failure> {
    let url = resource_url(line, resource, VERSION)?;
    let found: Option<Value> = line.find(Service::Arm, url).await?;
    let Some(found) = found else { return Ok(None) };
    let told = found["properties"]["tenantId"].as_str();
    let tenant = told.and_then(ObjectId::parse);
    tenant.map_or_else(|| Err(Failure::malformed("NoTenantId")), |id| Ok(Some(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_directory_is_deleted() {
        let good = "/subscriptions/s/resourceGroups/g/providers/Microsoft.AzureActiveDirectory/ciamDirectories/contoso.onmicrosoft.com";
        assert!(is_directory(good));
        assert_eq!(kind(good), Some(Directory::ExternalId));
        assert_eq!(kind(&good.replace("ciam", "B2C")), Some(Directory::B2c));
        assert_eq!(kind("/subscriptions/ciamDirectories/x"), None);
        assert!(!is_directory("/subscriptions/s/resourceGroups/g"));
        assert!(!is_directory(
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v"
        ));
        assert!(!is_directory(&format!("{good}/guestUsages/x")));
    }
}
