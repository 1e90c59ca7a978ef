//! Credentials: Secrets in the closure's namespace, got by name, their label read before their data; or the operator's own
//! identity in the cluster, for tenants that its configuration binds to that namespace.

use crate::api::TENANT_ID;
use crate::api::closure::{Credentials, WorkloadIdentity};
use crate::closure::id::ObjectId;
use crate::closure::observation::Obstacle;
use crate::closure::terms::Mode;
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use crate::controller::read::Read;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt as _};
use secrecy::SecretString;
use zeroize::Zeroize as _;

/// An application and what proves it.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Application (client) id.
    pub client_id: ObjectId,
    /// What proves it. It prints nothing that is secret.
    pub proof: Held,
    /// Where it is from: the Secret and its version, or the application. Another word is another credential.
    pub known_as: String,
}

/// What is held of an application's proof.
#[derive(Clone, Debug)]
pub enum Held {
    /// A client secret.
    Secret(SecretString),
    /// A certificate with its key, PEM.
    Certificate(SecretString),
    /// The operator's own token in the cluster.
    Workload,
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

impl Keys {
    /// Where all of them are from.
    pub fn known_as(&self) -> String {
        let others = self.billing.iter().chain([&self.directory]);
        let others = others.map(|key| key.as_ref().map_or("", |key| key.known_as.as_str()));
        let all: Vec<&str> = std::iter::once(self.own.known_as.as_str())
            .chain(others)
            .collect();
        all.join(" ")
    }
}

/// What one reading came to: an obstacle of the closure is a value, not an error.
type Found<T> = Result<Result<T, Obstacle>, ReconcileError>;

/// Reads the credentials that the mode wants. Each must be labelled with the tenant that its block names.
///
/// # Errors
/// Only where the API server failed.
pub async fn read(ctx: &Context, read: &Read) -> Found<Keys> {
    let (spec, terms) = (&read.closure.spec, &read.terms);
    let own = match one(ctx, read, &spec.credentials, terms.tenant_id).await? {
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
            (Some(block), Some(tenant)) => match one(ctx, read, block, tenant).await? {
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
    read: &Read,
    block: &Credentials,
    tenant: ObjectId,
) -> Found<Credential> {
    let plan = read.terms.mode == Mode::Plan;
    let reader = block.reader_secret_name.as_ref().filter(|_| plan);
    match (
        reader.or(block.secret_name.as_ref()),
        &block.workload_identity,
    ) {
        (Some(name), _) => from_secret(ctx, read, name, tenant).await,
        (None, Some(identity)) => Ok(of_the_workload(ctx, read, identity, plan, tenant)),
        // The schema lets neither through.
        (None, None) => Ok(Err(incomplete("", "clientId"))),
    }
}

/// The operator's own identity: only for tenants that its configuration binds to the closure's namespace.
fn of_the_workload(
    ctx: &Context,
    read: &Read,
    identity: &WorkloadIdentity,
    plan: bool,
    tenant: ObjectId,
) -> Result<Credential, Obstacle> {
    let namespace = read.closure.namespace().unwrap_or_default();
    let bound = read.configured.workload_identity.get(&namespace);
    if !bound.is_some_and(|tenants| tenants.contains(&tenant)) {
        return Err(unbound(&namespace, tenant));
    }
    if !ctx.federated {
        return Err(Obstacle::new(
            "WorkloadIdentityUnavailable",
            "The operator has no token of its own in the cluster",
            "Install the chart with workloadIdentity.enabled=true, or create the closure with a Secret in spec.credentials",
        ));
    }
    let reader = identity.reader_client_id.as_ref().filter(|_| plan);
    let client_id = reader.unwrap_or(&identity.client_id);
    Ok(Credential {
        client_id: ObjectId::parse(client_id).ok_or_else(|| incomplete("", "clientId"))?,
        proof: Held::Workload,
        known_as: format!("workload/{client_id}"),
    })
}

fn unbound(namespace: &str, tenant: ObjectId) -> Obstacle {
    Obstacle::new(
        "WorkloadIdentityNotBound",
        format!(
            "The operator's configuration does not bind tenant {tenant} to namespace {namespace}, so its own identity is not \
             used for it"
        ),
        "Ask the operator's owner to add it to workloadIdentityTenants in the operator's configuration",
    )
}

/// Reads a Secret whose label names the tenant.
async fn from_secret(
    ctx: &Context,
    read: &Read,
    name: &str,
    tenant: ObjectId,
) -> Found<Credential> {
    let closure = &read.closure;
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
    let known_as = format!("{name}/{}", meta.resource_version().unwrap_or_default());
    if let Some(known) = ctx.hints(&uid).credentials.remove(name)
        && known.known_as == known_as
    {
        return Ok(Ok(known));
    }
    let Some(mut secret) = bounded(api.get_opt(name)).await? else {
        return Ok(Err(missing(&namespace, name)));
    };
    let found = parse(&secret, known_as);
    wipe(&mut secret);
    Ok(found.inspect(|credential| {
        ctx.hint(&uid, |h| {
            h.credentials.insert(name.to_owned(), credential.clone());
        });
    }))
}

/// Overwrites what the API server gave; what is used of it was copied.
fn wipe(secret: &mut Secret) {
    for bytes in secret.data.iter_mut().flat_map(|data| data.values_mut()) {
        bytes.0.zeroize();
    }
}

fn parse(secret: &Secret, known_as: String) -> Result<Credential, Obstacle> {
    let name = secret.name_any();
    let text = |key: &str| {
        let bytes = secret.data.as_ref()?.get(key)?;
        let text = std::str::from_utf8(&bytes.0).ok()?.trim();
        (!text.is_empty()).then_some(text)
    };
    let client_id = text("clientId")
        .and_then(ObjectId::parse)
        .ok_or_else(|| incomplete(&name, "clientId"))?;
    let certificate = text("clientCertificate").map(|pem| Held::Certificate(pem.into()));
    let secret = || text("clientSecret").map(|secret| Held::Secret(secret.into()));
    let proof = certificate.or_else(secret);
    Ok(Credential {
        client_id,
        proof: proof.ok_or_else(|| incomplete(&name, "clientCertificate or clientSecret"))?,
        known_as,
    })
}

fn incomplete(name: &str, key: &str) -> Obstacle {
    Obstacle {
        reason: "CredentialIncomplete",
        message: format!("The Secret {name} lacks a usable key {key}"),
        remedy: "Give it the keys clientId (a GUID) and clientCertificate (PEM, with its key) or clientSecret".into(),
    }
}

fn missing(namespace: &str, name: &str) -> Obstacle {
    Obstacle {
        reason: "CredentialMissing",
        message: format!("There is no Secret {name} in namespace {namespace}"),
        remedy: format!(
            "Create it with the keys clientId and clientCertificate or clientSecret, and the label {TENANT_ID}"
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)] // a test may fail loudly
mod tests {
    use super::*;
    use k8s_openapi::ByteString;
    use secrecy::ExposeSecret as _;

    const CLIENT: &str = "11111111-1111-1111-1111-111111111111";

    fn secret(key: &str) -> Secret {
        let value = |text: &str| ByteString(text.as_bytes().to_vec());
        let data = [("clientId", CLIENT), (key, " hunter2\n")];
        Secret {
            data: Some(data.map(|(key, text)| (key.to_owned(), value(text))).into()),
            ..Secret::default()
        }
    }

    #[test]
    fn what_was_read_is_overwritten_and_what_is_kept_is_not_printed() {
        for key in ["clientSecret", "clientCertificate"] {
            let mut secret = secret(key);
            let found = parse(&secret, "contoso-closer/7".to_owned());
            wipe(&mut secret);
            assert!(
                secret
                    .data
                    .unwrap()
                    .values()
                    .all(|bytes| bytes.0.is_empty())
            );
            let credential = found.unwrap();
            let (Held::Secret(held) | Held::Certificate(held)) = &credential.proof else {
                panic!("{credential:?}");
            };
            assert_eq!(held.expose_secret(), "hunter2");
            let keys = Keys {
                own: credential.clone(),
                billing: vec![Some(credential.clone()), None],
                directory: Some(credential.clone()),
            };
            for printed in [
                format!("{credential:?}"),
                format!("{keys:?}"),
                format!("{:?}", credential.proof),
                keys.known_as(),
            ] {
                assert!(!printed.contains("hunter2"), "{printed}");
            }
        }
    }
}
