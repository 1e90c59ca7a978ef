//! `keeper prove`: the retained administrator signs in, and that he could is written down; his token is not.

use crate::closure::id::ObjectId;
use crate::closure::label::label;
use crate::microsoft::{DeviceSignIn, EndpointOverride, Http, SignInError};
use crate::plugin::arguments::Prove;
use crate::plugin::{Ended, Trouble, read, write};
use kube::Client;
use std::io::Write;

/// The check that the attestation is about.
const CHECK: &str = "RetainedAdministrator";

pub(crate) async fn prove(
    asked: &Prove,
    client: Client,
    namespace: &str,
    out: &mut (dyn Write + Send),
) -> Result<Ended, Trouble> {
    let closure = read(&client, namespace, &asked.name).await?;
    let tenant = &closure.spec.tenant;
    let id = |what: &str, text: &str| {
        ObjectId::parse(text).ok_or_else(|| Trouble::Usage(format!("{what} is no GUID")))
    };
    // Before anybody signs in for nothing.
    let mut spec = write::attestation(&closure, &client, &asked.confirm).await?;
    let http = Http::new(simulator(asked)?.as_ref()).map_err(failed)?;
    let sign_in = DeviceSignIn {
        http: &http,
        cloud: tenant.cloud.unwrap_or_default(),
        tenant: id("spec.tenant.id", &tenant.id)?,
        application: id("--client-id", &asked.client_id)?,
    };
    let code = sign_in.begin().await.map_err(|why| told(&why))?;
    writeln!(
        out,
        "Sign in as {} at {} with the code {}",
        label(&closure.spec.retain.global_administrator),
        label(&code.verification_uri),
        label(&code.user_code)
    )?;
    out.flush()?;
    let who = sign_in.finish(&code).await.map_err(|why| told(&why))?;
    if !who.mfa {
        return Err(Trouble::Usage(
            "the sign-in was one without multifactor authentication (claim amr), so nothing is written; \
             register a method for the account and run it again"
                .into(),
        ));
    }
    spec.check = Some(CHECK.to_owned());
    spec.result = Some(format!("{} mfa", who.user));
    let (name, approver) = write::create(spec, client, namespace, &asked.name).await?;
    writeln!(
        out,
        "closureapproval.tenantclosure.dev/{name} created: {approver} attests that {} signed in with multifactor authentication",
        who.user
    )?;
    Ok(Ended::Done)
}

fn simulator(asked: &Prove) -> Result<Option<EndpointOverride>, Trouble> {
    let (Some(address), Some(ca)) = (asked.simulator_address, &asked.simulator_ca) else {
        return Ok(None);
    };
    if !address.ip().is_loopback() {
        let why = "--simulator-address must be a loopback address";
        return Err(Trouble::Usage(why.into()));
    }
    let ca_pem = std::fs::read(ca).map_err(failed)?;
    Ok(Some(EndpointOverride { address, ca_pem }))
}

fn failed(why: impl std::fmt::Display) -> Trouble {
    Trouble::SignIn(why.to_string())
}

fn told(why: &SignInError) -> Trouble {
    match why {
        SignInError::Unavailable(_) => Trouble::SignIn(why.to_string()),
        _ => Trouble::Usage(why.to_string()),
    }
}
