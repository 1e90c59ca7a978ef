//! A real API server with the three kinds, the policies in force and a few people.

use super::cluster::Cluster;
use super::in_time;
use super::manifests::{approval, forged, record};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams,
};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tenant_closure::api::{ClosureApproval, ClosureRecord, REQUESTED_BY, TenantClosure};
use tenant_closure::api::{crd, policies};
use tokio::sync::OnceCell;

/// Namespace and service account of the operator.
pub const OPERATOR: &str = "tenant-closure";
/// The operator, as a user of this server.
pub const OPERATOR_USER: &str = "tenant-closure.tenant-closure";
/// A service account that writes and approves like a person.
pub const ROBOT: &str = "tenant-closure.robot";

/// What the server answers: the object as stored, or why it refuses.
pub type Answer = Result<Value, String>;

/// The API server.
#[derive(Clone, Copy)]
pub struct Server<'a>(pub &'a Cluster);

impl Server<'static> {
    /// The one that the tests share.
    pub async fn ready() -> Self {
        static READY: OnceCell<()> = OnceCell::const_new();
        let server = Self(Cluster::shared().await.unwrap());
        READY
            .get_or_init(|| async {
                server.install(&policies::yaml(OPERATOR, OPERATOR)).await;
                server.until_in_force().await;
            })
            .await;
        server
    }
}

impl Server<'_> {
    /// Installs what guards, and not what stamps.
    pub async fn install_without_the_stamp(&self) {
        let text = policies::yaml(OPERATOR, OPERATOR);
        let documents = text.split("\n---\n");
        let guards: Vec<&str> = documents
            .filter(|document| !document.contains("kind: Mutating"))
            .collect();
        self.install(&guards.join("\n---\n")).await;
    }

    /// Installs the kinds, these policies and the people.
    pub async fn install(&self, policies: &str) {
        self.namespace(OPERATOR).await;
        self.kubectl(&["create", "-f", "-"], Some(&crd::yaml(None).unwrap()))
            .await;
        let established = "--for=condition=Established";
        self.kubectl(
            &["wait", established, "--timeout=60s", "crd", "--all"],
            None,
        )
        .await;
        self.kubectl(&["create", "-f", "-"], Some(policies)).await;
        self.kubectl(&["create", "-f", "-"], Some(include_str!("people.yaml")))
            .await;
        for account in [OPERATOR, "robot"] {
            let made = self.0.service_account_kubeconfig(OPERATOR, account).await;
            made.unwrap();
        }
    }

    /// Policies act a moment after their creation, each for itself: waits until each has.
    async fn until_in_force(&self) {
        let space = &self.namespace("until-in-force").await;
        in_time(async || {
            let stamped = self
                .would_create("alice", space, &forged("it", "bob"))
                .await;
            let written = self.would_create("admin", space, &record("it")).await;
            let approved = self
                .would_create("bob", space, &approval("it", "none", "alice"))
                .await;
            stamped.is_ok_and(|it| it["metadata"]["annotations"][REQUESTED_BY] == "alice")
                && written.is_err_and(|why| why.contains("only the operator"))
                && approved.is_err()
        })
        .await;
    }

    /// Runs kubectl as the administrator. A warning is a failure: every user would read it.
    pub async fn kubectl(&self, args: &[&str], stdin: Option<&str>) -> String {
        let (done, said, complained) = self.0.kubectl("admin", args, stdin).await.unwrap();
        assert!(done && complained.is_empty(), "{args:?}: {complained}");
        said
    }

    /// A new namespace, by this name.
    pub async fn namespace(&self, name: &str) -> String {
        let new = json!({"metadata": {"name": name}});
        Api::<Namespace>::all(self.0.client("admin"))
            .create(
                &PostParams::default(),
                &serde_json::from_value(new).unwrap(),
            )
            .await
            .unwrap();
        name.to_owned()
    }

    /// Creates an object.
    pub async fn create(&self, user: &str, space: &str, object: &Value) -> Answer {
        self.post(user, space, object, false).await
    }

    /// What creating an object would answer.
    pub async fn would_create(&self, user: &str, space: &str, object: &Value) -> Answer {
        self.post(user, space, object, true).await
    }

    async fn post(&self, user: &str, space: &str, object: &Value, dry_run: bool) -> Answer {
        let params = PostParams {
            dry_run,
            ..PostParams::default()
        };
        let api = self.api(user, space, object).await;
        let object = serde_json::from_value(object.clone()).unwrap();
        answer(api.create(&params, &object).await)
    }

    /// Changes a stored object by a merge patch.
    pub async fn change(&self, user: &str, stored: &Value, patch: Value) -> Answer {
        let api = self.api(user, text(stored, "namespace"), stored).await;
        let patch = Patch::Merge(patch);
        let name = text(stored, "name");
        answer(api.patch(name, &PatchParams::default(), &patch).await)
    }

    /// Changes the status of a stored object by a merge patch.
    pub async fn change_status(&self, user: &str, stored: &Value, patch: Value) -> Answer {
        let api = self.api(user, text(stored, "namespace"), stored).await;
        let patch = Patch::Merge(patch);
        let name = text(stored, "name");
        answer(
            api.patch_status(name, &PatchParams::default(), &patch)
                .await,
        )
    }

    /// Replaces a stored object, or its status, by this one.
    pub async fn replace(&self, user: &str, object: &Value, status: bool) -> Answer {
        let api = self.api(user, text(object, "namespace"), object).await;
        let new: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        let name = text(object, "name");
        let params = PostParams::default();
        answer(if status {
            api.replace_status(name, &params, &new).await
        } else {
            api.replace(name, &params, &new).await
        })
    }

    /// Applies an object on the server's side, as Flux and Argo CD do.
    pub async fn apply(&self, user: &str, manager: &str, space: &str, object: &Value) -> Answer {
        let api = self.api(user, space, object).await;
        let params = PatchParams::apply(manager).force();
        let patch = Patch::Apply(object);
        answer(api.patch(text(object, "name"), &params, &patch).await)
    }

    /// Deletes a stored object.
    pub async fn delete(&self, user: &str, stored: &Value) -> Result<(), String> {
        let api = self.api(user, text(stored, "namespace"), stored).await;
        let how = DeleteParams::default();
        told(api.delete(text(stored, "name"), &how).await).map(drop)
    }

    /// Deletes all of this object's kind in its namespace, as whoever deletes the namespace does.
    pub async fn delete_all(&self, user: &str, of: &Value) -> Result<(), String> {
        let api = self.api(user, text(of, "namespace"), of).await;
        let (how, all) = (DeleteParams::default(), ListParams::default());
        told(api.delete_collection(&how, &all).await).map(drop)
    }

    async fn api(&self, user: &str, space: &str, object: &Value) -> Api<DynamicObject> {
        let kubeconfig = Kubeconfig::read_from(self.0.kubeconfig(user)).unwrap();
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        let client = kube::Client::try_from(config.unwrap()).unwrap();
        let kind = match object["kind"].as_str() {
            Some("TenantClosure") => ApiResource::erase::<TenantClosure>(&()),
            Some("ClosureApproval") => ApiResource::erase::<ClosureApproval>(&()),
            Some("ClosureRecord") => ApiResource::erase::<ClosureRecord>(&()),
            other => panic!("no kind of ours: {other:?}"),
        };
        Api::namespaced_with(client, space, &kind)
    }
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap()
}

fn answer(answer: kube::Result<DynamicObject>) -> Answer {
    told(answer).map(|object| serde_json::to_value(object).unwrap())
}

/// What was answered, or why the API server refused.
fn told<T>(answer: kube::Result<T>) -> Result<T, String> {
    answer.map_err(|error| match error {
        kube::Error::Api(status) => status.message,
        error => panic!("the API server failed: {error}"),
    })
}
