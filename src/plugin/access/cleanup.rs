//! The script that takes everything away again, from every application that the closure names.

use super::grant::{body_begins, found_by, head, scope, signing_in};
use super::identities::{Identity, Proof, all};
use super::quoting::{comment, word};
use crate::api::TenantClosure;
use crate::closure::access::table::{Kind, Purpose, Right, TABLE};
use crate::closure::report::Phase;
use crate::closure::steps::roles::PRIVILEGED_AUTHENTICATION_ADMINISTRATOR;
use crate::closure::terms::Terms;
use crate::plugin::Trouble;
use crate::plugin::arguments::{AccessScript, AppKind};
use kube::ResourceExt as _;
use std::fmt::Write as _;

pub(super) fn script(
    closure: &TenantClosure,
    terms: &Terms,
    asked: &AccessScript,
) -> Result<String, Trouble> {
    let mut text = head(
        closure,
        match asked.app {
            AppKind::Own => {
                "Takes away what the other scripts granted: roles first, then permissions, then the application. A closure that is not finished stops at its next step."
            }
            AppKind::MultiTenant => {
                "Takes away what the other scripts granted: roles first, then permissions, then the service principal. The application stays where it is registered, and what it was granted in other tenants. A closure that is not finished stops at its next step."
            }
        },
    );
    let gone = closure.status.as_ref().and_then(|s| s.phase) == Some(Phase::Closed);
    text += &body_begins("param([string]$BillingAccount)\n");
    if gone {
        text += "\n";
        text += &comment(
            "The tenant is closed: its own applications are gone with it. What is left is of other tenants.",
        );
    }
    let mut secrets: Vec<String> = Vec::new();
    for purpose in [Purpose::Read, Purpose::Act] {
        for identity in all(closure, terms, purpose) {
            // Where one application reads and acts, it is told once, with all that it was given.
            if purpose == Purpose::Read && !identity.reads_alone {
                continue;
            }
            if !(gone && identity.of_the_closed) {
                text += &section(closure, terms, &identity, asked)?;
            }
            secrets.extend(secret(closure, &identity)?);
        }
    }
    if !secrets.is_empty() {
        text += "\n";
    }
    secrets.sort();
    secrets.dedup();
    text += &secrets.concat();
    Ok(text)
}

fn section(
    closure: &TenantClosure,
    terms: &Terms,
    identity: &Identity<'_>,
    asked: &AccessScript,
) -> Result<String, Trouble> {
    let mut text = signing_in(terms, identity)?;
    let found_by = found_by(closure, identity, asked)?;
    let _ = writeln!(text, "$identity = Get-Identity {found_by} -Existing");
    text += "if ($identity -and $identity.Principal) {\n";
    let tenant = identity.tenant;
    for right in &identity.granted {
        let name = right.name();
        let _ = match right.kind {
            Kind::Permission | Kind::PartnerCenter | Kind::DirectoryRole => Ok(()),
            Kind::BillingRole => writeln!(text, "  Remove-BillingRole $identity '{name}'"),
            Kind::SubscriptionRole if tenant != terms.tenant_id => writeln!(
                text,
                "  Write-Host \"By hand, in the tenant {}: remove the delegation (Azure Lighthouse) to the application $($identity.AppId)\"",
                terms.tenant_id
            ),
            Kind::SubscriptionRole => writeln!(
                text,
                "  foreach ($scope in Get-AzureScope '{tenant}') {{ Remove-AzureRole $identity '{name}' $scope }}"
            ),
            Kind::ResourceRole => {
                let scope = scope(terms)?;
                writeln!(text, "  Remove-AzureRole $identity '{name}' '{scope}'")
            }
        };
        if right.kind == Kind::PartnerCenter {
            text += "  Write-Host \"By hand, in Partner Center, Account settings, App management: remove the application $($identity.AppId)\"\n";
        }
    }
    if identity.of_the_closed {
        if identity.purpose == Purpose::Act {
            let template = PRIVILEGED_AUTHENTICATION_ADMINISTRATOR;
            let _ = writeln!(text, "  Remove-Role $identity '{template}'");
        }
        text += "  Remove-Permissions $identity @(\n";
        // What an earlier script granted may be more than what is needed now.
        let most = identity.purpose;
        for right in TABLE.iter().filter(|right| permitted(right, most)) {
            let _ = writeln!(text, "    '{}'", right.name());
        }
        text += "  )\n";
    }
    text += match asked.app {
        AppKind::Own => {
            "  Remove-MgApplication -ApplicationId $identity.Application.Id -Confirm  # with its certificates and federated credentials\n}\n"
        }
        AppKind::MultiTenant => "  Remove-Guest $identity\n}\n",
    };
    Ok(text)
}

fn permitted(right: &Right, most: Purpose) -> bool {
    right.kind == Kind::Permission && (most == Purpose::Act || right.purpose == Purpose::Read)
}

/// The Secret goes too.
fn secret(closure: &TenantClosure, identity: &Identity<'_>) -> Result<Option<String>, Trouble> {
    let Proof::Secret(name) = identity.proof else {
        return Ok(None);
    };
    let namespace = closure.namespace().unwrap_or_default();
    let namespace = word("metadata.namespace", &namespace)?;
    let name = word("credentials.secretName", name)?;
    Ok(Some(format!(
        "kubectl --namespace '{namespace}' delete secret '{name}' --ignore-not-found\n"
    )))
}
