//! Applications and service principals.

use super::{PAGE, STABLE, objects};
use crate::closure::id::ObjectId;
use crate::closure::observation::Application;
use crate::closure::special::Special;
use crate::microsoft::batch::Item;
use crate::microsoft::clouds::{Hosts, Service};
use crate::microsoft::failure::Failure;
use crate::microsoft::paging::each_page;
use crate::microsoft::wire::Line;
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The tenants, besides those that are controls, that own what Microsoft builds into a directory.
const SERVICES: ObjectId = ObjectId(uuid::uuid!("f8cdef31-a31e-4b4a-93e4-5f571e91255a"));

/// The types that the port calls applications.
const TYPES: [&str; 2] = ["application", "servicePrincipal"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    id: ObjectId,
    #[serde(default)]
    app_id: Option<ObjectId>,
    #[serde(default)]
    service_principal_type: Option<String>,
    #[serde(default)]
    app_owner_organization_id: Option<String>,
    /// `false`: disabled.
    #[serde(default)]
    account_enabled: Option<bool>,
    /// Tells a special one; it is not kept.
    #[serde(default)]
    display_name: Option<String>,
}

impl Raw {
    fn special(&self) -> Option<Special> {
        if self.service_principal_type.as_deref() == Some(MANAGED_IDENTITY) {
            return Some(Special::ManagedIdentity);
        }
        Special::of(
            self.app_id,
            self.display_name.as_deref().unwrap_or_default(),
        )
    }

    fn owner(&self) -> Option<ObjectId> {
        let told = self.app_owner_organization_id.as_deref();
        told.and_then(ObjectId::parse)
    }

    fn built_in(&self) -> bool {
        built_in(
            self.service_principal_type.as_deref(),
            self.app_owner_organization_id.as_deref(),
        )
    }
}

/// `servicePrincipalType` of what belongs to an Azure resource (graph/api/resources/serviceprincipal).
const MANAGED_IDENTITY: &str = "ManagedIdentity";

/// A service principal of Microsoft's own, or a managed identity.
pub(in crate::microsoft) fn built_in(kind: Option<&str>, owner: Option<&str>) -> bool {
    kind == Some(MANAGED_IDENTITY)
        || owner
            .and_then(ObjectId::parse)
            .is_some_and(|owner| owner == SERVICES || Hosts::controls().any(|own| own == owner))
}

/// `GET /applications` and `GET /servicePrincipals` (graph/api/application-list, serviceprincipal-list).
pub(in crate::microsoft) async fn list(line: &Line<'_>) -> Result<Vec<Application>, Failure> {
    let own = line.wire.tokens.app_id();
    let mut found = Vec::new();
    for (collection, select, service_principal) in [
        ("applications", "id,appId", false),
        (
            "servicePrincipals",
            "id,appId,displayName,servicePrincipalType,appOwnerOrganizationId,accountEnabled",
            true,
        ),
    ] {
        let query = [("$select", select), ("$top", PAGE)];
        let url = line.url(Service::Graph, &[STABLE, collection], &query)?;
        each_page(line, Service::Graph, url, |page: Vec<Raw>| {
            found.extend(page.into_iter().map(|raw| Application {
                id: raw.id,
                service_principal,
                undeletable: service_principal && raw.built_in(),
                owner: raw.owner(),
                disabled: raw.account_enabled == Some(false),
                special: raw.special().filter(|_| service_principal),
                own: raw.app_id == Some(own),
            }));
        })
        .await?;
    }
    Ok(found)
}

/// Where an object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::microsoft) enum Collection {
    /// `/applications`.
    Applications,
    /// `/applications` that personal accounts may use: Microsoft changes them in a slow lane (graph/throttling-limits).
    PersonalApplications,
    /// `/servicePrincipals`.
    ServicePrincipals,
}

impl Collection {
    /// The word in a path.
    pub(in crate::microsoft) const fn name(self) -> &'static str {
        match self {
            Self::Applications | Self::PersonalApplications => "applications",
            Self::ServicePrincipals => "servicePrincipals",
        }
    }

    /// `DELETE /applications/{id}` or `DELETE /servicePrincipals/{id}`.
    pub(in crate::microsoft) fn delete(self, id: ObjectId) -> Item {
        Item::delete(self.name(), id)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: ObjectId,
    #[serde(default, rename = "@odata.type")]
    kind: String,
    #[serde(default)]
    sign_in_audience: Option<String>,
}

impl Shown {
    fn collection(&self) -> Option<Collection> {
        let personal = || {
            let audience = self.sign_in_audience.as_deref();
            audience.is_some_and(|audience| audience.contains("PersonalMicrosoftAccount"))
        };
        if self.kind.ends_with("servicePrincipal") {
            Some(Collection::ServicePrincipals)
        } else if self.kind.ends_with("application") {
            Some(if personal() {
                Collection::PersonalApplications
            } else {
                Collection::Applications
            })
        } else {
            None
        }
    }
}

/// `PATCH /servicePrincipals/{id}` with `accountEnabled: false` (graph/api/serviceprincipal-update).
pub(in crate::microsoft) fn disable(id: ObjectId) -> Item {
    Item {
        method: "PATCH",
        url: format!("/servicePrincipals/{id}"),
        body: Some(json!({"accountEnabled": false})),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    id: ObjectId,
    #[serde(default)]
    account_enabled: Option<bool>,
}

/// Which service principals of `ids` are there and not disabled.
pub(in crate::microsoft) async fn still_enabled(
    line: &Line<'_>,
    ids: &[ObjectId],
) -> Result<BTreeSet<ObjectId>, Failure> {
    let shown: Vec<Account> =
        objects::shown(line, ids, &["servicePrincipal"], "id,accountEnabled").await?;
    let enabled = shown
        .into_iter()
        .filter(|one| one.account_enabled != Some(false));
    Ok(enabled.map(|one| one.id).collect())
}

/// Which of `ids` are still there, and in which collection.
pub(in crate::microsoft) async fn still_there(
    line: &Line<'_>,
    ids: &[ObjectId],
) -> Result<BTreeMap<ObjectId, Collection>, Failure> {
    let shown: Vec<Shown> = objects::shown(line, ids, &TYPES, "id,signInAudience").await?;
    let ours = shown.into_iter().filter(|one| ids.contains(&one.id));
    let sorted = ours.map(|one| match one.collection() {
        Some(collection) => Ok((one.id, collection)),
        None => Err(Failure::malformed("NoType")),
    });
    sorted.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_personal_accounts_may_use_is_known_by_its_audience() {
        let sorted = |kind: &str, audience: Option<&str>| {
            Shown {
                id: ObjectId(uuid::Uuid::nil()),
                kind: format!("#microsoft.graph.{kind}"),
                sign_in_audience: audience.map(str::to_owned),
            }
            .collection()
        };
        for audience in [
            "AzureADandPersonalMicrosoftAccount",
            "PersonalMicrosoftAccount",
        ] {
            let found = sorted("application", Some(audience));
            assert_eq!(found, Some(Collection::PersonalApplications));
            let found = sorted("servicePrincipal", Some(audience));
            assert_eq!(found, Some(Collection::ServicePrincipals));
        }
        for audience in [Some("AzureADMyOrg"), Some("AzureADMultipleOrgs"), None] {
            assert_eq!(
                sorted("application", audience),
                Some(Collection::Applications)
            );
        }
        assert_eq!(sorted("user", None), None);
    }
}
