//! What the tenant says of itself, and the switch of directory sync.

use super::STABLE;
use crate::closure::id::ObjectId;
use crate::closure::observation::Organization;
use crate::microsoft::batch::Item;
use crate::microsoft::batch_read::{self, Body};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::request::Call;
use crate::microsoft::wire::Line;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Listing {
    value: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    id: ObjectId,
    #[serde(default)]
    verified_domains: Vec<Domain>,
    /// `null` where there never was any; a reply that leaves it out does not say so.
    #[serde(deserialize_with = "Option::deserialize")]
    on_premises_sync_enabled: Option<bool>,
    /// Likewise.
    #[serde(deserialize_with = "Option::deserialize")]
    partner_tenant_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Domain {
    name: String,
    #[serde(default)]
    is_initial: bool,
    /// `Managed` or `Federated` (graph/api/resources/verifieddomain).
    #[serde(rename = "type", default)]
    sign_in: Option<String>,
}

/// `GET /organization` (graph/api/organization-list).
pub(in crate::microsoft) fn item(line: &Line<'_>) -> Result<Item, Failure> {
    let query = [(
        "$select",
        "id,verifiedDomains,onPremisesSyncEnabled,partnerTenantType",
    )];
    let url = line.url(Service::Graph, &[STABLE, "organization"], &query)?;
    Ok(Item::get(&url))
}

/// No name in DNS is longer (RFC 1035, 2.3.4, without the dots at its ends).
const LONGEST_NAME: usize = 253;

/// What it was answered. Not exactly one, no initial domain, or a name that can be none: `Malformed`.
pub(in crate::microsoft) fn told(body: Body) -> Result<Organization, Failure> {
    let mut found: Listing = batch_read::understood(body)?;
    let (Some(one), true) = (found.value.pop(), found.value.is_empty()) else {
        return Err(Failure::malformed("NotOneOrganization"));
    };
    if one
        .verified_domains
        .iter()
        .any(|d| d.name.len() > LONGEST_NAME)
    {
        return Err(Failure::malformed("DomainNameTooLong"));
    }
    let custom = one.verified_domains.iter();
    let custom = custom.filter(|d| is_custom(&d.name, d.is_initial));
    let custom_domains = custom.map(|d| d.name.to_ascii_lowercase()).collect();
    let managed = |d: &&Domain| d.sign_in.as_deref() == Some("Managed");
    let managed = one.verified_domains.iter().filter(managed);
    let managed_domains = managed.map(|d| d.name.to_ascii_lowercase()).collect();
    let initial = one.verified_domains.into_iter().find(|d| d.is_initial);
    Ok(Organization {
        id: one.id,
        initial_domain: initial
            .ok_or_else(|| Failure::malformed("NoInitialDomain"))?
            .name,
        managed_domains,
        custom_domains,
        sync_enabled: one.on_premises_sync_enabled == Some(true),
        partner: one.partner_tenant_type.is_some(),
    })
}

/// A domain that its owner brought: not the initial one, nor another under `onmicrosoft`, which are Microsoft's own.
pub(in crate::microsoft) fn is_custom(name: &str, initial: bool) -> bool {
    let name = name.to_ascii_lowercase();
    let microsofts = [".onmicrosoft.com", ".onmicrosoft.us", ".onmschina.cn"];
    !initial && !microsofts.iter().any(|suffix| name.ends_with(suffix))
}

/// `PATCH /organization/{id}` with `onPremisesSyncEnabled: false` (graph/api/organization-update): up to 72 hours.
pub(in crate::microsoft) fn sync_off(line: &Line<'_>, tenant: ObjectId) -> Result<Call, Failure> {
    let tenant = tenant.to_string();
    let url = line.url(Service::Graph, &[STABLE, "organization", &tenant], &[])?;
    Ok(Call::patch(url, &json!({"onPremisesSyncEnabled": false})))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    #[test]
    fn a_name_that_can_be_none_is_not_believed() {
        let organization = |name: &str| {
            let body = json!({"value": [{"id": "5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de",
                "onPremisesSyncEnabled": null, "partnerTenantType": null,
                "verifiedDomains": [{"name": "contoso.onmicrosoft.com", "isInitial": true}, {"name": name}]}]});
            told(Ok(body))
        };
        let longest = format!("{}.nl", "a".repeat(LONGEST_NAME - 3));
        assert!(
            organization(&longest)
                .unwrap()
                .custom_domains
                .contains(&longest)
        );
        let longer = format!("{}.nl", "a".repeat(LONGEST_NAME - 2));
        let refused = organization(&longer).unwrap_err();
        assert_eq!(refused.code, "DomainNameTooLong");
    }
}
