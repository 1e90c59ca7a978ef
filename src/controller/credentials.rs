//! Credentials: one Secret in the closure's namespace, got by name; its label is read before its data.

use crate::api::{TENANT_ID, TenantClosure};
use crate::closure::id::ObjectId;
use crate::closure::observation::Obstacle;
use crate::closure::terms::{Mode, Terms};
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt as _};
use secrecy::SecretString;

/// An application's id and secret. The secret prints nothing.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Application (client) id.
    pub client_id: ObjectId,
    /// Its secret.
    pub client_secret: SecretString,
}

/// Reads the credential that the mode wants; a closure's obstacle is a value, not an error.
///
/// # Errors
/// Only where the API server failed.
pub async fn read(
    ctx: &Context,
    closure: &TenantClosure,
    terms: &Terms,
) -> Result<Result<Credential, Obstacle>, ReconcileError> {
    let spec = &closure.spec.credentials;
    let name = match terms.mode {
        Mode::Plan => spec
            .reader_secret_name
            .as_ref()
            .unwrap_or(&spec.secret_name),
        Mode::Execute => &spec.secret_name,
    };
    let namespace = closure.namespace().unwrap_or_default();
    let uid = closure.uid().unwrap_or_default();
    let api: Api<Secret> = Api::namespaced(ctx.client.clone(), &namespace);
    let meta = match bounded(api.get_metadata(name)).await {
        Ok(meta) => meta,
        Err(ReconcileError::Api(kube::Error::Api(status))) => {
            ctx.hint(&uid, |h| h.credential = None);
            return match status.code {
                404 => Ok(Err(missing(&namespace, name))),
                403 => Ok(Err(forbidden(ctx, &namespace, name))),
                _ => Err(ReconcileError::Api(kube::Error::Api(status))),
            };
        }
        Err(error) => return Err(error),
    };
    let labelled = meta
        .labels()
        .get(TENANT_ID)
        .map(String::as_str)
        .and_then(ObjectId::parse);
    if labelled != Some(terms.tenant_id) {
        return Ok(Err(mislabelled(&namespace, name, terms)));
    }
    let version = format!("{name}/{}", meta.resource_version().unwrap_or_default());
    if let Some((known, credential)) = ctx.hints(&uid).credential
        && known == version
    {
        return Ok(Ok(credential));
    }
    let Some(secret) = bounded(api.get_opt(name)).await? else {
        return Ok(Err(missing(&namespace, name)));
    };
    Ok(parse(&secret).inspect(|credential| {
        ctx.hint(&uid, |h| {
            h.credential = Some((version, credential.clone()));
            h.tenant = None;
        });
    }))
}

fn parse(secret: &Secret) -> Result<Credential, Obstacle> {
    let text = |key: &str| {
        let bytes = secret.data.as_ref()?.get(key)?;
        let text = std::str::from_utf8(&bytes.0).ok()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let incomplete = |key: &str| Obstacle {
        reason: "CredentialIncomplete",
        message: format!("The Secret lacks a usable key {key}"),
        remedy: "Give it the keys clientId (a GUID) and clientSecret".into(),
    };
    let client_id = text("clientId")
        .as_deref()
        .and_then(ObjectId::parse)
        .ok_or_else(|| incomplete("clientId"))?;
    let client_secret = text("clientSecret")
        .map(SecretString::from)
        .ok_or_else(|| incomplete("clientSecret"))?;
    Ok(Credential {
        client_id,
        client_secret,
    })
}

fn missing(namespace: &str, name: &str) -> Obstacle {
    Obstacle {
        reason: "CredentialMissing",
        message: format!("There is no Secret {name} in namespace {namespace}"),
        remedy: format!(
            "Create it with the keys clientId and clientSecret and the label {TENANT_ID}"
        ),
    }
}

fn forbidden(ctx: &Context, namespace: &str, name: &str) -> Obstacle {
    let account = format!("{}:{}", ctx.namespace, ctx.service_account);
    Obstacle {
        reason: "CredentialsForbidden",
        message: format!("The operator may not read the Secret {name} in namespace {namespace}"),
        remedy: format!(
            "kubectl -n {namespace} create role tenant-closure-credentials --verb=get --resource=secrets --resource-name={name} && \
             kubectl -n {namespace} create rolebinding tenant-closure-credentials --role=tenant-closure-credentials --serviceaccount={account}"
        ),
    }
}

fn mislabelled(namespace: &str, name: &str, terms: &Terms) -> Obstacle {
    Obstacle {
        reason: "CredentialForAnotherTenant",
        message: format!("The Secret {name} does not say that it is for this tenant"),
        remedy: format!(
            "kubectl -n {namespace} label secret {name} {TENANT_ID}={}",
            terms.tenant_id
        ),
    }
}
