//! One closure: its tenant, its namespace, its credentials, and the manifest that alice applies.

use crate::Result;
use crate::cluster::Cluster;
use crate::simulator::{Portal, Tenant};
use jiff::{SignedDuration, Timestamp};
use kube::api::Api;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tenant_closure::api::TenantClosure;

/// The name of each closure.
pub(crate) const NAME: &str = "contoso";

/// What the examples say, to be replaced by what the simulator says.
const EXAMPLE_ID: &str = "5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de";
const EXAMPLE_DOMAIN: &str = "contoso.onmicrosoft.com";

/// For how long the API server may not know a new kind.
const PATIENCE: Duration = Duration::from_secs(30);
/// For how long the policies may take to hear of a new closure.
#[allow(dead_code)] // not every program approves by hand
const HEARD: Duration = Duration::from_secs(120);

/// One closure of one tenant.
pub(crate) struct Case {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) namespace: String,
    pub(crate) portal: Portal,
    /// The example's manifest, with the simulator's values; to be changed before it is applied.
    pub(crate) manifest: Value,
}

impl Case {
    /// Makes the namespace, gives alice and bob their rights in it, and puts the credentials there.
    pub(crate) async fn prepare(
        cluster: Arc<Cluster>,
        namespace: &str,
        portal: Portal,
    ) -> Result<Self> {
        let made =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        let people = include_str!("../../examples/people.yaml");
        let credentials = filled(
            include_str!("../../examples/credentials.yaml"),
            &portal.tenant,
        );
        let all = [&made.to_string(), people, &credentials].join("\n---\n");
        let all = all.replace("namespace: closures", &format!("namespace: {namespace}"));
        cluster.apply("admin", &all).await?;
        let mut manifest = closure(namespace, &portal.tenant)?;
        manifest["spec"]["accept"][0]["subscriptions"] = portal.azure_subscriptions().await?;
        Ok(Self {
            cluster,
            namespace: namespace.to_owned(),
            portal,
            manifest,
        })
    }

    /// Applies the closure as alice. The API server may say for some seconds that it does not know a new kind.
    pub(crate) async fn apply(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let text = self.manifest.to_string();
        loop {
            match self.cluster.apply("alice", &text).await {
                Err(trouble)
                    if trouble.to_string().contains("There can be a delay")
                        && Instant::now() < deadline =>
                {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
                other => return other.map(drop),
            }
        }
    }

    /// An approval of the plan at hand in this person's name, for ten days, with nothing wrong in it.
    #[allow(dead_code)] // not every program approves by hand
    pub(crate) async fn approval(&self, name: &str, approver: &str) -> Result<Value> {
        let closure = self.closures().get(NAME).await?;
        let plan = closure.status.and_then(|status| status.plan);
        let digest = plan.ok_or("there is no plan to approve")?.digest;
        let until = Timestamp::now() + SignedDuration::from_hours(240);
        Ok(json!({
            "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "ClosureApproval",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "purpose": "Approval", "closureName": NAME, "closureUID": closure.metadata.uid,
                "tenantID": closure.spec.tenant.id, "planDigest": digest,
                "confirmDomain": closure.spec.tenant.initial_domain, "approver": approver,
                "expiresAt": until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            },
        }))
    }

    /// The person applies it, as soon as the policies have heard of the closure.
    #[allow(dead_code)] // not every program approves by hand
    pub(crate) async fn until_applied(&self, person: &str, manifest: &Value) -> Result<()> {
        let deadline = Instant::now() + HEARD;
        let text = manifest.to_string();
        loop {
            match self.cluster.apply(person, &text).await {
                Err(_) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
                other => return other.map(drop),
            }
        }
    }

    /// The closures of this namespace.
    pub(crate) fn closures(&self) -> Api<TenantClosure> {
        Api::namespaced(self.cluster.client("admin"), &self.namespace)
    }
}

/// The example closure of this tenant.
fn closure(namespace: &str, tenant: &Tenant) -> Result<Value> {
    let text = filled(include_str!("../../examples/closure.yaml"), tenant);
    let mut manifest: Value = serde_saphyr::from_str(&text)?;
    manifest["metadata"]["namespace"] = json!(namespace);
    let spec = &mut manifest["spec"];
    spec["retain"] = json!({"globalAdministrator": tenant.retained()});
    if let Some(spare) = tenant.spare() {
        spec["retain"]["spareAdministrator"] = json!(spare);
    }
    if let Some(resource) = &tenant.directory_resource {
        spec["directory"]["resource"] = json!(resource);
    }
    spec["limits"]["maxUsers"] = json!(tenant.users.max(2000));
    Ok(manifest)
}

/// An example with the simulator's values for its own.
fn filled(example: &str, tenant: &Tenant) -> String {
    example
        .replace(EXAMPLE_ID, &tenant.id)
        .replace(EXAMPLE_DOMAIN, &tenant.initial_domain)
        .replace("11111111-1111-1111-1111-111111111111", &tenant.app_id)
        .replace(
            "22222222-2222-2222-2222-222222222222",
            tenant.reader_app_id.as_ref().unwrap_or(&tenant.app_id),
        )
        .replace(
            "the-secret-of-the-application-that-closes",
            &tenant.client_secret,
        )
        .replace(
            "the-secret-of-the-application-that-only-reads",
            tenant
                .reader_secret
                .as_ref()
                .unwrap_or(&tenant.client_secret),
        )
}
