//! `access`: a script that grants exactly what a closure's steps need, or takes it away again; and what of it is held.

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod account_tests;
mod check;
mod cleanup;
mod grant;
mod identities;
#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod many_tests;
mod quoting;
#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests;

use crate::api::TenantClosure;
use crate::api::terms::{Defaults, resolve};
use crate::closure::terms::Terms;
use crate::plugin::arguments::{Access, AccessCommand, AccessFor, AccessScript, AppKind};
use crate::plugin::{Ended, Trouble, read};
use kube::Client;
use std::io::Write;

/// The functions that every script begins with; nothing of a closure is in them.
const FUNCTIONS: &str = include_str!("functions.ps1");

pub(crate) async fn tell(
    asked: &Access,
    client: Client,
    namespace: &str,
    out: &mut (dyn Write + Send),
) -> Result<Ended, Trouble> {
    let (text, ended) = match &asked.what {
        AccessCommand::Script(asked) => {
            let closure = read(&client, namespace, &asked.name).await?;
            (script(&closure, asked)?, Ended::Done)
        }
        AccessCommand::Check(named) => {
            let closure = read(&client, namespace, &named.name).await?;
            check::told(&closure, &terms(&closure)?)
        }
    };
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(ended)
}

fn script(closure: &TenantClosure, asked: &AccessScript) -> Result<String, Trouble> {
    let terms = terms(closure)?;
    only_for_many(asked)?;
    match asked.purpose {
        AccessFor::Plan | AccessFor::Execute => grant::script(closure, &terms, asked),
        AccessFor::Cleanup => cleanup::script(closure, &terms, asked),
    }
}

/// What is said of a multi-tenant application is said of no other.
fn only_for_many(asked: &AccessScript) -> Result<(), Trouble> {
    let many = asked.app == AppKind::MultiTenant;
    if !many && (asked.client_id.is_some() || asked.redirect_uri.is_some()) {
        let why = "--client-id and --redirect-uri go with --app multi-tenant";
        return Err(Trouble::Usage(why.into()));
    }
    if asked.client_id.is_some() && asked.purpose == AccessFor::Cleanup {
        let why = "which applications are cleaned up is read from the closure and its Secrets: leave --client-id out";
        return Err(Trouble::Usage(why.into()));
    }
    Ok(())
}

fn terms(closure: &TenantClosure) -> Result<Terms, Trouble> {
    resolve(&closure.spec, &Defaults::default())
        .ok_or_else(|| Trouble::Usage("spec.tenant.id is no GUID: create the closure anew".into()))
}
