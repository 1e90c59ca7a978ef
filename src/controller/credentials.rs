//! Credentials: Secrets in the closure's namespace, got by name; their label is read before their data.

use crate::api::closure::Credentials;
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

/// All credentials that a closure names.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The tenant's own.
    pub own: Credential,
    /// Those of the billing accounts, in their order; `None`: the tenant's own serves.
    pub billing: Vec<Option<Credential>>,
    /// That of the directory's Azure resource; `None`: the tenant's own serves.
    pub directory: Option<Credential>,
}

/// What one reading came to: an obstacle of the closure is a value, not an error.
type Found<T> = Result<Result<T, Obstacle>, ReconcileError>;

/// Reads the credentials that the mode wants. Each must be labelled with the tenant that its block names.
///
/// # Errors
/// Only where the API server failed.
pub async fn read(ctx: &Context, closure: &TenantClosure, terms: &Terms) -> Found<Keys> {
    let spec = &closure.spec;
    let own = match one(ctx, closure, terms, &spec.credentials, terms.tenant_id).await? {
        Ok(own) => own,
        Err(obstacle) => return Ok(Err(obstacle)),
    };
    let accounts = spec.billing.iter().flat_map(|billing| &billing.accounts);
    let accounts = accounts.map(|account| account.credentials.as_ref());
    let tenants = terms.billing.iter().map(|account| account.tenant_id);
    let directory = spec.directory.as_ref().and_then(|d| d.credentials.as_ref());
    let blocks = accounts
        .zip(tenants)
        .chain([(directory, terms.directory_resource_tenant)]);
    let mut others = Vec::new();
    for block in blocks {
        others.push(match block {
            (Some(block), Some(tenant)) => match one(ctx, closure, terms, block, tenant).await? {
                Ok(credential) => Some(credential),
                Err(obstacle) => return Ok(Err(obstacle)),
            },
            _ => None,
        });
    }
    Ok(Ok(Keys {
        own,
        directory: others.pop().flatten(),
        billing: others,
    }))
}

/// Reads one block's credential.
async fn one(
    ctx: &Context,
    closure: &TenantClosure,
    terms: &Terms,
    block: &Credentials,
    tenant: ObjectId,
) -> Found<Credential> {
    let name = match terms.mode {
        Mode::Plan => block
            .reader_secret_name
            .as_ref()
            .unwrap_or(&block.secret_name),
        Mode::Execute => &block.secret_name,
    };
    let namespace = closure.namespace().unwrap_or_default();
    let uid = closure.uid().unwrap_or_default();
    let api: Api<Secret> = Api::namespaced(ctx.client.clone(), &namespace);
    let meta = match bounded(api.get_metadata(name)).await {
        Ok(meta) => meta,
        Err(ReconcileError::Api(kube::Error::Api(status))) => {
            ctx.hint(&uid, |h| {
                h.credentials.remove(name);
            });
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
    if labelled != Some(tenant) {
        return Ok(Err(mislabelled(&namespace, name, tenant)));
    }
    let version = meta.resource_version().unwrap_or_default();
    if let Some((known, credential)) = ctx.hints(&uid).credentials.remove(name)
        && known == version
    {
        return Ok(Ok(credential));
    }
    let Some(secret) = bounded(api.get_opt(name)).await? else {
        return Ok(Err(missing(&namespace, name)));
    };
    Ok(parse(&secret).inspect(|credential| {
        ctx.hint(&uid, |h| {
            h.credentials
                .insert(name.clone(), (version, credential.clone()));
            h.tenant = None;
        });
    }))
}

fn parse(secret: &Secret) -> Result<Credential, Obstacle> {
    let name = secret.name_any();
    let text = |key: &str| {
        let bytes = secret.data.as_ref()?.get(key)?;
        let text = std::str::from_utf8(&bytes.0).ok()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let client_id = text("clientId")
        .as_deref()
        .and_then(ObjectId::parse)
        .ok_or_else(|| incomplete(&name, "clientId"))?;
    let client_secret = text("clientSecret")
        .map(SecretString::from)
        .ok_or_else(|| incomplete(&name, "clientSecret"))?;
    Ok(Credential {
        client_id,
        client_secret,
    })
}

fn incomplete(name: &str, key: &str) -> Obstacle {
    Obstacle {
        reason: "CredentialIncomplete",
        message: format!("The Secret {name} lacks a usable key {key}"),
        remedy: "Give it the keys clientId (a GUID) and clientSecret".into(),
    }
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
            "kubectl -n {namespace} create role tenant-closure-secret-{name} --verb=get --resource=secrets --resource-name={name} && \
             kubectl -n {namespace} create rolebinding tenant-closure-secret-{name} --role=tenant-closure-secret-{name} --serviceaccount={account}"
        ),
    }
}

fn mislabelled(namespace: &str, name: &str, tenant: ObjectId) -> Obstacle {
    Obstacle {
        reason: "CredentialForAnotherTenant",
        message: format!("The Secret {name} does not say that it is for tenant {tenant}"),
        remedy: format!(
            "If it is, say so: kubectl -n {namespace} label --overwrite secret {name} {TENANT_ID}={tenant}"
        ),
    }
}
