//! What somebody can sign in with: whether a second factor is registered for him.
//!
//! Sources: learn.microsoft.com `graph/api/authentication-list-methods`; which methods serve as a second factor
//! `entra/identity/authentication/concept-authentication-methods`.

use super::STABLE;
use crate::microsoft::batch::Item;
use crate::microsoft::batch_read::Body;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::paging;
use crate::microsoft::wire::Line;
use serde::Deserialize;

/// Second factors that stay: no password, no e-mail address (it resets passwords), no temporary pass, and nothing that
/// another identity provider checks. A type that is not here does not count.
const SECOND_FACTORS: [&str; 7] = [
    "#microsoft.graph.fido2AuthenticationMethod",
    "#microsoft.graph.hardwareOathAuthenticationMethod",
    "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
    "#microsoft.graph.phoneAuthenticationMethod",
    "#microsoft.graph.platformCredentialAuthenticationMethod",
    "#microsoft.graph.softwareOathAuthenticationMethod",
    "#microsoft.graph.windowsHelloForBusinessAuthenticationMethod",
];

/// One method; the rest of it (phone numbers, names of devices) is not read.
#[derive(Deserialize)]
struct Method {
    #[serde(rename = "@odata.type")]
    kind: String,
}

/// `GET /users/{name or id}/authentication/methods`.
pub(in crate::microsoft) fn item(line: &Line<'_>, name: &str) -> Result<Item, Failure> {
    let path = [STABLE, "users", name, "authentication", "methods"];
    Ok(Item::get(&line.url(Service::Graph, &path, &[])?))
}

/// What it was answered: is a second factor among them? A listing of more than one page is read to its end.
pub(in crate::microsoft) async fn told(line: &Line<'_>, body: Body) -> Result<bool, Failure> {
    let value: Vec<Method> = paging::begun(line, Service::Graph, body).await?;
    let mut kinds = value.iter().map(|method| method.kind.as_str());
    Ok(kinds.any(|kind| SECOND_FACTORS.contains(&kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_and_is_a_second_factor_counts() {
        let counts = |name: &str| {
            let kind = format!("#microsoft.graph.{name}AuthenticationMethod");
            SECOND_FACTORS.contains(&kind.as_str())
        };
        for name in ["fido2", "microsoftAuthenticator", "phone", "softwareOath"] {
            assert!(counts(name), "{name}");
        }
        for name in [
            "password",
            "email",
            "temporaryAccessPass",
            "external",
            "qrCodePin",
            "",
        ] {
            assert!(!counts(name), "{name}");
        }
    }
}
