//! Until when what we sign in with, and our directory roles, last.

use super::STABLE;
use crate::closure::access::ends::{Credential, Ends};
use crate::closure::id::ObjectId;
use crate::microsoft::batch::Item;
use crate::microsoft::batch_read::{self, Body};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::{Failure, Kind};
use crate::microsoft::proof::Proof;
use crate::microsoft::wire::Line;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    password_credentials: Vec<Password>,
    key_credentials: Vec<Key>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Password {
    /// The first three characters of the secret, where Microsoft keeps them.
    #[serde(default)]
    hint: Option<String>,
    #[serde(default)]
    end_date_time: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    /// The certificate's thumbprint, hexadecimal or base64; whoever added it may have written something else.
    #[serde(default)]
    custom_key_identifier: Option<String>,
    #[serde(default)]
    end_date_time: Option<Timestamp>,
}

/// `GET /applications(appId='…')` (graph/api/application-get): our own registration. An application of another tenant has
/// none here.
pub(in crate::microsoft) fn item(line: &Line<'_>) -> Result<Item, Failure> {
    let name = format!("applications(appId='{}')", line.wire.tokens.app_id());
    let query = [("$select", "id,passwordCredentials,keyCredentials")];
    let url = line.url(Service::Graph, &[STABLE, &name], &query)?;
    Ok(Item::get(&url))
}

/// What both were answered: the registration, and the schedules of our roles. What may not be read, or is not here, is not
/// told; only what may pass is a failure.
pub(in crate::microsoft) fn told(
    line: &Line<'_>,
    registration: Body,
    roles: Result<BTreeMap<ObjectId, Timestamp>, Failure>,
) -> Result<Ends, Failure> {
    let proof = line.wire.tokens.proof();
    let credential = match (batch_read::understood::<Registration>(registration), proof) {
        (_, Proof::FederatedToken(_)) => Credential::Federated,
        (Ok(found), proof) => of_ours(&found, proof),
        (Err(failure), proof) if untold(&failure) => of_ours(&NONE, proof),
        (Err(failure), _) => return Err(failure),
    };
    let roles = match roles {
        Ok(roles) => Some(roles),
        // Without a licence for it no role has an end.
        Err(failure) if matches!(failure.kind, Kind::Rejected | Kind::Absent) => {
            Some(BTreeMap::new())
        }
        Err(failure) if untold(&failure) => None,
        Err(failure) => return Err(failure),
    };
    Ok(Ends { credential, roles })
}

const NONE: Registration = Registration {
    password_credentials: Vec::new(),
    key_credentials: Vec::new(),
};

fn untold(failure: &Failure) -> bool {
    failure.lacks_right() || matches!(failure.kind, Kind::Absent | Kind::Rejected)
}

/// Those that can be the one in use: by the hint or the thumbprint; where none fits, every one.
fn of_ours(found: &Registration, proof: &Proof) -> Credential {
    let ends = |all: Vec<(bool, Option<Timestamp>)>| {
        let fits = all.iter().any(|(fits, _)| *fits);
        let ours = all.into_iter().filter(|(this, _)| *this || !fits);
        ours.filter_map(|(_, end)| end).collect()
    };
    match proof {
        Proof::FederatedToken(_) => Credential::Federated,
        Proof::Secret(_) => Credential::Secret(ends(
            found
                .password_credentials
                .iter()
                .map(|one| {
                    let fits = one.hint.as_deref().is_some_and(|hint| proof.begins(hint));
                    (fits, one.end_date_time)
                })
                .collect(),
        )),
        Proof::Certificate(_) => {
            let thumbprint = proof.thumbprint();
            let fits = |named: &str| thumbprint.as_ref().is_some_and(|own| own.is(named));
            Credential::Certificate(ends(
                found
                    .key_credentials
                    .iter()
                    .map(|one| {
                        let named = one.custom_key_identifier.as_deref();
                        (named.is_some_and(fits), one.end_date_time)
                    })
                    .collect(),
            ))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use serde_json::json;

    fn found() -> Registration {
        serde_json::from_value(json!({
            "passwordCredentials": [
                {"hint": "abc", "endDateTime": "2026-12-01T00:00:00Z"},
                {"hint": "xyz", "endDateTime": "2027-12-01T00:00:00.1234567Z"},
                {"hint": null, "endDateTime": "2028-12-01T00:00:00Z"}],
            "keyCredentials": [{"customKeyIdentifier": "00", "endDateTime": "2029-12-01T00:00:00Z"}],
        }))
        .unwrap()
    }

    #[test]
    fn the_secret_in_use_is_found_by_its_hint() {
        let ends = |secret: &str| match of_ours(&found(), &Proof::Secret(secret.into())) {
            Credential::Secret(all) => all.len(),
            other => unreachable!("{other:?}"),
        };
        assert_eq!(ends("abc~secret"), 1);
        assert_eq!(ends("other"), 3, "none fits: it can be any");
        let now: Timestamp = "2026-12-24T00:00:00Z".parse().unwrap();
        let all = of_ours(&found(), &Proof::Secret("other".into()));
        let first = all.ends(now).unwrap().to_string();
        assert!(
            first.starts_with("2027-12-01"),
            "the first one is over: {first}"
        );
    }

    #[test]
    fn the_certificate_in_use_is_found_by_its_thumbprint() {
        let pem = include_str!("../../../tests/support/certificate.pem");
        let proof = Proof::Certificate(pem.into());
        let own = proof.thumbprint().unwrap();
        let mut found = found();
        found.key_credentials.push(Key {
            custom_key_identifier: Some(own.hexadecimal()),
            end_date_time: Some("2030-12-01T00:00:00Z".parse().unwrap()),
        });
        let end = |found: &Registration| match of_ours(found, &proof) {
            Credential::Certificate(all) => all.into_iter().map(|at| at.to_string()).collect(),
            other => vec![format!("{other:?}")],
        };
        assert_eq!(end(&found), ["2030-12-01T00:00:00Z"]);
        found.key_credentials[1].custom_key_identifier = Some(own.base64());
        assert_eq!(end(&found), ["2030-12-01T00:00:00Z"]);
        found.key_credentials[1].custom_key_identifier = Some("01".into());
        assert_eq!(end(&found).len(), 2);
        assert_eq!(of_ours(&NONE, &proof), Credential::Certificate(Vec::new()));
    }
}
