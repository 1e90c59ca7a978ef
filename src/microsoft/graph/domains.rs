//! Domains: what uses them, which is the default, and how they are set free.
//! Source: learn.microsoft.com `graph/api/domain-list`, `domain-list-domainnamereferences`, `domain-update`,
//! `domain-delete`, `domain-forcedelete`.

use super::STABLE;
use crate::closure::id::ObjectId;
use crate::closure::observation::{Domain, References};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::{Failure, Kind};
use crate::microsoft::paging;
use crate::microsoft::request::Call;
use crate::microsoft::wire::Line;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    id: String,
    #[serde(default)]
    is_initial: bool,
    #[serde(default)]
    is_default: bool,
}

impl From<Raw> for Domain {
    fn from(raw: Raw) -> Self {
        Self {
            name: raw.id.to_ascii_lowercase(),
            initial: raw.is_initial,
            default: raw.is_default,
            references: None,
        }
    }
}

#[derive(Deserialize)]
struct Reference {
    id: ObjectId,
    #[serde(default, rename = "@odata.type")]
    kind: String,
}

/// `GET /domains`; for those in `used` also `GET /domains/{name}/domainNameReferences`. One that goes meanwhile is not
/// among them.
pub(in crate::microsoft) async fn list(
    line: &Line<'_>,
    used: &[String],
) -> Result<Vec<Domain>, Failure> {
    let url = line.url(Service::Graph, &[STABLE, "domains"], &[])?;
    let found: Vec<Raw> = paging::all(line, Service::Graph, url).await?;
    let mut all = Vec::with_capacity(found.len());
    for raw in found {
        let mut domain = Domain::from(raw);
        if used.contains(&domain.name) {
            domain.references = match references(line, &domain.name).await {
                Ok(references) => Some(references),
                Err(failure) if failure.kind == Kind::Absent => continue,
                Err(failure) => return Err(failure),
            };
        }
        all.push(domain);
    }
    Ok(all)
}

async fn references(line: &Line<'_>, name: &str) -> Result<References, Failure> {
    let url = line.url(
        Service::Graph,
        &[STABLE, "domains", name, "domainNameReferences"],
        &[],
    )?;
    let mut found = References::default();
    paging::each_page(line, Service::Graph, url, |page: Vec<Reference>| {
        for one in page {
            match one.kind.trim_start_matches("#microsoft.graph.") {
                "user" => found.users.push(one.id),
                "group" => found.groups += 1,
                "application" | "servicePrincipal" => found.applications += 1,
                _ => found.others += 1,
            }
        }
    })
    .await?;
    Ok(found)
}

/// `GET /domains/{name}`; `None`: there is no such domain (any more).
pub(in crate::microsoft) async fn find(
    line: &Line<'_>,
    name: &str,
) -> Result<Option<Domain>, Failure> {
    let url = address(line, name)?;
    let found: Option<Raw> = line.find(Service::Graph, url).await?;
    Ok(found.map(Domain::from))
}

/// `PATCH /domains/{name}` with `isDefault: true`.
pub(in crate::microsoft) fn make_default(line: &Line<'_>, name: &str) -> Result<Call, Failure> {
    Ok(Call::patch(
        address(line, name)?,
        &json!({"isDefault": true}),
    ))
}

/// `DELETE /domains/{name}`: refused while anything uses it.
pub(in crate::microsoft) fn delete(line: &Line<'_>, name: &str) -> Result<Call, Failure> {
    Ok(Call::delete(address(line, name)?))
}

/// `POST /domains/{name}/forceDelete` with `disableUserAccounts: false`: what uses it is renamed onto the initial domain
/// first, at most 1,000 objects. It takes a while.
pub(in crate::microsoft) fn force_delete(line: &Line<'_>, name: &str) -> Result<Call, Failure> {
    let path = [STABLE, "domains", checked(name)?, "forceDelete"];
    let url = line.url(Service::Graph, &path, &[])?;
    Ok(Call::post(url, &json!({"disableUserAccounts": false})))
}

fn address(line: &Line<'_>, name: &str) -> Result<url::Url, Failure> {
    line.url(Service::Graph, &[STABLE, "domains", checked(name)?], &[])
}

/// A name that is nothing else: a domain of letters, digits, hyphens and dots.
fn checked(name: &str) -> Result<&str, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let good = name.contains('.') && !name.starts_with('.') && name.chars().all(plain);
    if good {
        Ok(name)
    } else {
        Err(Failure::unsendable("NoDomainName"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_of_a_domain_is_one() {
        for good in ["contoso.nl", "shop.contoso.co.uk", "xn--bcher-kva.example"] {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "..",
            ".nl",
            "contoso",
            "contoso.nl/forceDelete",
            "a b.nl",
            "contoso.nl?x",
        ] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }
}
