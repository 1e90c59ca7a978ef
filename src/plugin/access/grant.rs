//! The script that grants: per application its permissions, directory roles, billing and Azure roles, and what signs it in.

use super::FUNCTIONS;
use super::identities::{Identity, Proof, all};
use super::quoting::{comment, literal, resource, word};
use crate::api::TenantClosure;
use crate::closure::access::table::{Kind, Purpose, Right};
use crate::closure::links;
use crate::closure::steps::roles::PRIVILEGED_AUTHENTICATION_ADMINISTRATOR;
use crate::closure::terms::{Cloud, Terms};
use crate::plugin::Trouble;
use crate::plugin::arguments::{AccessFor, AccessScript, AppKind};
use kube::ResourceExt as _;
use std::fmt::Write as _;

/// The environment's name in Microsoft Graph PowerShell, and in the Azure CLI.
pub(super) const fn environment(cloud: Cloud) -> (&'static str, &'static str) {
    match cloud {
        Cloud::Global => ("'Global'", "'AzureCloud'"),
        Cloud::USGov => ("'USGov'", "'AzureUSGovernment'"),
        Cloud::USGovDoD => ("'USGovDoD'", "'AzureUSGovernment'"),
        Cloud::China => ("'China'", "'AzureChinaCloud'"),
    }
}

pub(super) fn script(
    closure: &TenantClosure,
    terms: &Terms,
    asked: &AccessScript,
) -> Result<String, Trouble> {
    let (purpose, what) = match asked.purpose {
        AccessFor::Plan => (Purpose::Read, "reads (mode Plan)"),
        _ => (Purpose::Act, "carries the closure out (mode Execute)"),
    };
    let mut text = head(
        closure,
        &format!(
            "Grants what is needed by the application that {what}, and no more. Run again, it grants what is missing and warns of what is more than needed."
        ),
    );
    if purpose == Purpose::Act {
        text += &comment(
            "Run it once the plan has been read, before the mode becomes Execute: from then on this application can delete, \
             and nothing is deleted before the plan that is made for it is approved.",
        );
    }
    text += &body_begins("param([string]$BillingAccount, [switch]$ByLink)\n");
    for identity in all(closure, terms, purpose) {
        text += &section(closure, terms, &identity, asked)?;
    }
    Ok(text)
}

/// What every script says first.
pub(super) fn head(closure: &TenantClosure, what: &str) -> String {
    let (name, namespace) = (closure.name_any(), closure.namespace().unwrap_or_default());
    let tenant = &closure.spec.tenant.initial_domain;
    let mut text = String::from("#Requires -Version 7.4\n");
    text += &comment(&format!(
        "TenantClosure {namespace}/{name}, tenant {tenant}."
    ));
    text += &comment(what);
    text += &comment(
        "Read it before you run it. It needs the modules Microsoft.Graph.Applications, Microsoft.Graph.Users, \
         Microsoft.Graph.Identity.DirectoryManagement and Microsoft.Graph.Identity.Governance, kubectl, and, where billing or \
         Azure RBAC is concerned, az. Sign in as Global Administrator, or as Privileged Role Administrator with Cloud \
         Application Administrator.",
    );
    text
}

/// Parameters come first in PowerShell, then the functions.
pub(super) fn body_begins(parameters: &str) -> String {
    format!("{parameters}\n{FUNCTIONS}")
}

/// The application's id, as the closure or its Secret says it; else the name that is given to it.
pub(super) fn found_by(
    closure: &TenantClosure,
    identity: &Identity<'_>,
    asked: &AccessScript,
) -> Result<String, Trouble> {
    let (namespace, name) = (closure.namespace().unwrap_or_default(), closure.name_any());
    let namespace = word("metadata.namespace", &namespace)?;
    let name = word("metadata.name", &name)?;
    let id = match identity.proof {
        Proof::Workload(id) => format!("'{}'", word("workloadIdentity", id)?),
        Proof::Secret(secret) => {
            let secret = word("credentials.secretName", secret)?;
            let held = format!("(Get-ClientId '{namespace}' '{secret}')");
            match asked
                .client_id
                .as_deref()
                .filter(|_| identity.of_the_closed)
            {
                Some(id) => format!("({held} ?? '{}')", word("--client-id", id)?),
                None => held,
            }
        }
    };
    let kind = if identity.reads_alone {
        "reader"
    } else {
        "closer"
    };
    Ok(format!(
        "-ClientId {id} -Name 'TenantClosure {namespace} {name} {kind}'{}",
        match asked.app {
            AppKind::Own => "",
            AppKind::MultiTenant => " -MultiTenant",
        }
    ))
}

/// Signing in to the tenant of an application, which is compared with the one that was meant.
pub(super) fn signing_in(terms: &Terms, identity: &Identity<'_>) -> Result<String, Trouble> {
    let (graph, azure) = environment(terms.cloud);
    let domain = if identity.of_the_closed {
        literal("spec.tenant.initialDomain", &terms.initial_domain)?
    } else {
        "''".to_owned()
    };
    let tenant = identity.tenant;
    let mut text = format!("\nConnect-Tenant '{tenant}' {graph} {domain}\n");
    let by_az = |right: &&Right| !right.kind.is_told() && right.kind != Kind::PartnerCenter;
    if identity.rights.iter().any(by_az) {
        let _ = writeln!(text, "Connect-Azure '{tenant}' {azure}");
    }
    Ok(text)
}

fn section(
    closure: &TenantClosure,
    terms: &Terms,
    identity: &Identity<'_>,
    asked: &AccessScript,
) -> Result<String, Trouble> {
    let mut text = signing_in(terms, identity)?;
    let _ = writeln!(
        text,
        "$identity = Get-Identity {}",
        found_by(closure, identity, asked)?
    );
    let tenant = identity.tenant;
    let permissions = |rights: &[&'static Right]| -> Vec<&'static Right> {
        let all = rights.iter().copied();
        all.filter(|right| right.kind == Kind::Permission).collect()
    };
    let sure = permissions(&identity.rights);
    if !sure.is_empty() {
        let login = links::login(terms.cloud);
        let redirect = redirect_uri(asked)?;
        let id = match identity.proof {
            Proof::Workload(id) => Some(word("workloadIdentity", id)?),
            Proof::Secret(_) => asked.client_id.as_deref(),
        };
        if let Some(id) = id {
            let back = redirect
                .as_ref()
                .map_or_else(String::new, |uri| format!("&redirect_uri={uri}"));
            let _ = writeln!(
                text,
                "# Consent by link, with -ByLink: {login}/{tenant}/adminconsent?client_id={id}{back}"
            );
        }
        let back = redirect.map_or_else(String::new, |uri| format!(" -RedirectUri '{uri}'"));
        let _ = writeln!(
            text,
            "Set-Permissions $identity '{login}' '{tenant}' -ByLink:$ByLink{back} -Names @("
        );
        for right in &sure {
            let _ = writeln!(text, "  '{}'  # {}", right.name(), reason(right));
        }
        let unsure = permissions(&identity.unsure);
        for right in &unsure {
            let (when, reason) = (right.when.words(), reason(right));
            let _ = writeln!(
                text,
                "  # '{}'  # only where {when}: {reason}",
                right.name()
            );
        }
        let all = sure.iter().chain(&unsure);
        let optional = all.filter(|right| !right.vital);
        let names: Vec<String> = optional
            .map(|right| format!("'{}'", right.name()))
            .collect();
        let _ = writeln!(text, ") -Optional @({})", names.join(", "));
    }
    for right in &identity.rights {
        text += &granted(right, terms, identity)?;
    }
    for right in &identity.unsure {
        let line = granted(right, terms, identity)?;
        if !line.is_empty() {
            let _ = write!(text, "# only where {}: {line}", right.when.words());
        }
    }
    if identity.of_the_closed && identity.purpose == Purpose::Act {
        let who = literal("spec.retain.globalAdministrator", &terms.retained)?;
        let _ = writeln!(
            text,
            "Test-Administrator {who}  # he finishes what no application can"
        );
    }
    text += &signed_in_by(closure, terms, identity, asked)?;
    Ok(text)
}

/// The step and the reason, as they stand behind a right.
pub(super) fn reason(right: &Right) -> String {
    format!("step {}: {}", right.step.number(), right.why)
}

/// All but permissions, which are granted together.
fn granted(right: &Right, terms: &Terms, identity: &Identity<'_>) -> Result<String, Trouble> {
    let (name, reason, tenant) = (right.name(), reason(right), identity.tenant);
    Ok(match right.kind {
        Kind::Permission => String::new(),
        Kind::DirectoryRole => {
            let template = PRIVILEGED_AUTHENTICATION_ADMINISTRATOR;
            format!("Set-Role $identity '{template}'  # {name}; {reason}\n")
        }
        Kind::BillingRole => format!("Set-BillingRole $identity '{tenant}' '{name}'  # {reason}\n"),
        Kind::SubscriptionRole if tenant != terms.tenant_id => delegated(right, terms),
        Kind::SubscriptionRole => format!(
            "foreach ($scope in Get-AzureScope '{tenant}') {{ Set-AzureRole $identity '{name}' $scope }}  # {reason}\n"
        ),
        Kind::ResourceRole => {
            let scope = scope(terms)?;
            format!("Set-AzureRole $identity '{name}' '{scope}'  # {reason}\n")
        }
        Kind::PartnerCenter => format!(
            "Write-Host \"By hand, in Partner Center, Account settings, App management: add the application $($identity.AppId)\"  # {reason}\n"
        ),
    })
}

/// An application of another tenant gets nothing on the Azure subscriptions of that tenant: they have no part in the closure.
/// Those of the closed one it reaches by Azure Lighthouse alone, which is set up there, and delegates no Owner.
/// Source: learn.microsoft.com `azure/lighthouse/concepts/tenants-users-roles`.
fn delegated(right: &Right, terms: &Terms) -> String {
    let (name, reason, closed) = (right.name(), reason(right), terms.tenant_id);
    if name == "Owner" {
        return format!(
            "Write-Warning \"Azure Lighthouse delegates no Owner: where the operator is to cancel Azure subscriptions of the tenant {closed}, leave tenantId and credentials of the account out, so that an application of that tenant does it\"  # {reason}\n"
        );
    }
    format!(
        "Write-Host \"By hand, in the tenant {closed}: delegate its Azure subscriptions to the application $($identity.AppId) by Azure Lighthouse, with the role {name}\"  # {reason}\n"
    )
}

/// The resource that the directory is.
pub(super) fn scope(terms: &Terms) -> Result<&str, Trouble> {
    let id = terms.directory_resource.as_deref().unwrap_or_default();
    resource("spec.directory.resource", id)
}

/// As it stands in the query of a link: an address of a registration, and nothing that ends a literal.
fn redirect_uri(asked: &AccessScript) -> Result<Option<String>, Trouble> {
    let Some(text) = asked.redirect_uri.as_deref() else {
        return Ok(None);
    };
    let uri = url::Url::parse(text).ok();
    let uri = uri.filter(|uri| uri.scheme() == "https" || uri.host_str() == Some("localhost"));
    let uri = uri.ok_or_else(|| {
        Trouble::Usage("--redirect-uri is no address that begins with https://".into())
    })?;
    let encoded = url::form_urlencoded::byte_serialize(uri.as_str().as_bytes());
    Ok(Some(encoded.collect()))
}

/// The operator's own identity where the closure names one, else a certificate; a client secret is left to who must have one.
fn signed_in_by(
    closure: &TenantClosure,
    terms: &Terms,
    identity: &Identity<'_>,
    asked: &AccessScript,
) -> Result<String, Trouble> {
    let many = asked.app == AppKind::MultiTenant;
    Ok(match identity.proof {
        Proof::Workload(_) => {
            let namespace = word("--operator-namespace", &asked.operator_namespace)?;
            let account = word(
                "--operator-service-account",
                &asked.operator_service_account,
            )?;
            let audience = terms.cloud.federated_audience();
            if many {
                return Ok(comment(&format!(
                    "Where the application is registered, its federated credential names the subject system:serviceaccount:{namespace}:{account} and the audience {audience}."
                )));
            }
            format!(
                "Set-Federation $identity 'system:serviceaccount:{namespace}:{account}' '{audience}'\n"
            )
        }
        Proof::Secret(secret) => {
            let namespace = closure.namespace().unwrap_or_default();
            let namespace = word("metadata.namespace", &namespace)?;
            let secret = word("credentials.secretName", secret)?;
            let tenant = identity.tenant;
            if many {
                return Ok(format!("Test-Secret '{tenant}' '{namespace}' '{secret}'\n"));
            }
            format!(
                "Set-Certificate $identity '{tenant}' '{namespace}' '{secret}'  # rather than a client secret\n"
            )
        }
    })
}
