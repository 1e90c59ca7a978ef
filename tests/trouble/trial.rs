//! One row: a tenant, a namespace and a closure of its own, on the stack that all rows of this program share.

use crate::afterwards;
use crate::audit::{self, Audit};
use crate::case::{Case, NAME};
use crate::children::log_end;
use crate::person::Person;
use crate::simulator::Tenant;
use crate::stack::{Options, Stack};
use kube::Api;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tenant_closure::api::status::{BlockerStatus, HandOffStatus};
use tenant_closure::api::{TenantClosure, TenantClosureStatus};
use tenant_closure::closure::hand_offs::KINDS;
use tenant_closure::closure::report::Phase;
use tokio::runtime::Handle;
use tokio::sync::{OnceCell, oneshot};

/// For how long a state may take to come about: generous, for machines that are slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// Longer than a cycle takes, and than the operator waits at most before it looks again.
const A_WHILE: Duration = Duration::from_secs(3);

/// Users in one slice: few, so that there is a middle in which things happen.
const SLICE: u32 = 20;

/// A row under way.
pub(crate) struct Trial {
    pub(crate) case: Case,
    stack: &'static Stack,
    stack_runtime: &'static Handle,
}

impl Trial {
    /// A tenant with these fields of a scenario's tenant (12 users and nothing else where it says nothing), its
    /// credentials and a manifest. `name` names namespace and tenant, so it is used once.
    pub(crate) async fn new(name: &str, mut tenant: Value) -> Self {
        let (stack, stack_runtime) = shared().await;
        for (field, usual) in [
            ("users", json!(12)),
            ("initialDomain", json!(format!("{name}.onmicrosoft.com"))),
            ("displayName", json!(name)),
        ] {
            if tenant[field].is_null() {
                tenant[field] = usual;
            }
        }
        let tenant = Self::tenant(&tenant).await;
        let case = stack.case(name, tenant).await.unwrap();
        Self {
            case,
            stack,
            stack_runtime,
        }
    }

    /// One more tenant, beside the one of a row.
    pub(crate) async fn tenant(fields: &Value) -> Tenant {
        shared().await.0.simulator.add(fields).await.unwrap()
    }

    /// Another closure of the same tenant, in a namespace of its own.
    pub(crate) async fn rival(&self, namespace: &str) -> Self {
        let tenant = self.case.portal.tenant.clone();
        let case = self.stack.case(namespace, tenant).await.unwrap();
        Self {
            case,
            stack: self.stack,
            stack_runtime: self.stack_runtime,
        }
    }

    /// A Secret in this namespace with the credential of that tenant's application, labelled as one for the tenant `of`.
    pub(crate) async fn give(&self, secret: &str, who: &Tenant, of: &str) {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "stringData": {"clientId": who.app_id, "clientSecret": who.client_secret},
            "metadata": {"name": secret, "namespace": self.case.namespace, "labels": {"tenantclosure.dev/tenant-id": of}},
        });
        let cluster = &self.case.cluster;
        cluster.apply("admin", &secret.to_string()).await.unwrap();
    }

    /// The spec that will be applied: the example's.
    pub(crate) fn spec(&mut self) -> &mut Value {
        &mut self.case.manifest["spec"]
    }

    /// Alice applies the closure.
    pub(crate) async fn apply(&self) {
        self.case.apply().await.unwrap();
    }

    /// The author changes these fields of the spec of the applied closure.
    pub(crate) async fn change(&self, spec: Value) {
        self.change_by("alice", spec).await;
    }

    /// Somebody else does.
    pub(crate) async fn change_by(&self, who: &str, spec: Value) {
        let patch = json!({"spec": spec}).to_string();
        let told = ["patch", "tcl", NAME, "-n", &self.case.namespace];
        let more = ["--type=merge", "-p", &patch];
        let args = [&told[..], &more[..]].concat();
        let (done, _, why) = self.case.cluster.kubectl(who, &args, None).await.unwrap();
        assert!(done, "{why}");
    }

    /// The first status that shows it, computed from the spec as it is now.
    pub(crate) async fn until(
        &self,
        what: &str,
        shows: impl Fn(&TenantClosureStatus) -> bool,
    ) -> TenantClosureStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let closure = self.case.closures().get(NAME).await.unwrap();
            let generation = closure.metadata.generation;
            let status = closure.status.unwrap_or_default();
            for one in &status.hand_offs {
                let known = KINDS.iter().any(|kind| kind.key == one.key);
                assert!(known, "who is to do {}?", one.key);
            }
            if status.observed_generation == generation && shows(&status) {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "never {what}; it says {}\nthe operator:\n{}\nthe persons:\n{}",
                serde_json::to_string_pretty(&status).unwrap(),
                self.stack.log_end("operator.log"),
                log_end(&self.diary()),
            );
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    /// Waits for a phase.
    pub(crate) async fn phase(&self, phase: Phase) -> TenantClosureStatus {
        self.until(&format!("{phase:?}"), |status| status.phase == Some(phase))
            .await
    }

    /// Likewise, once the message says this: one reason can have many words.
    pub(crate) async fn blocked_with(&self, reason: &str, says: &str) -> Blocked {
        self.until(says, |status| condition(status, "Stalled").2.contains(says))
            .await;
        let told = self.blocked(reason).await;
        assert!(told.message.contains(says), "{}", told.message);
        told
    }

    /// The folder of the stack that all rows share.
    pub(crate) fn folder(&self) -> &Path {
        &self.stack.dir
    }

    /// Waits until it is Stalled for this reason, and checks that all that a user or a tool looks at says the same.
    pub(crate) async fn blocked(&self, reason: &str) -> Blocked {
        let status = self
            .until(reason, |status| {
                status.phase == Some(Phase::Stalled) && condition(status, "Stalled").1 == reason
            })
            .await;
        let (stalled, _, message) = condition(&status, "Stalled");
        assert_eq!(stalled, "True");
        let same = ("False".to_owned(), reason.to_owned(), message.clone());
        assert_eq!(condition(&status, "Ready"), same);
        assert_eq!(condition(&status, "Reconciling").0, "False");
        assert_eq!(status.summary.as_deref(), Some(message.as_str()));
        let stands = |one: &&BlockerStatus| one.state == "blocked" && one.check == reason;
        let blocker = status.blockers.iter().find(stands);
        let blocker = blocker.unwrap_or_else(|| panic!("no blocker tells it: {status:#?}"));
        afterwards::refused(&self.case.namespace, reason);
        assert_eq!(blocker.who, "person");
        assert!(message.contains(&blocker.remedy), "{message}");
        Blocked {
            message,
            remedy: blocker.remedy.clone(),
        }
    }

    /// Does `work` while bob approves and presses what is handed to him.
    pub(crate) async fn with_persons<T>(&self, work: impl Future<Output = T>) -> T {
        let mut person = Person::new(&self.case, true, Some(self.diary()));
        tokio::select! {
            done = work => done,
            trouble = person.live() => panic!("the persons: {trouble:?}"),
        }
    }

    /// Does `work` while bob approves, and leaves everything else alone.
    pub(crate) async fn with_approver<T>(&self, work: impl Future<Output = T>) -> T {
        let mut person = Person::new(&self.case, false, Some(self.diary()));
        tokio::select! {
            done = work => done,
            trouble = person.live() => panic!("the persons: {trouble:?}"),
        }
    }

    fn diary(&self) -> PathBuf {
        let name = format!("{}-persons.log", self.case.namespace);
        self.stack.dir.join(name)
    }

    /// Bob attests, as `keeper prove` does, that the retained administrator signed in with MFA; the command that takes it back.
    pub(crate) async fn prove_keeper(&self) -> String {
        let closure = self.case.closures().get(NAME).await.unwrap();
        let seen = self.case.portal.look().await.unwrap();
        let id = seen["retainedAdministrator"]["id"].as_str().unwrap();
        let in_a_month = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 30);
        let namespace = &self.case.namespace;
        let attestation = json!({
            "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "ClosureApproval",
            "metadata": {"name": "keeper", "namespace": namespace},
            "spec": {
                "purpose": "Attestation", "closureName": NAME, "closureUID": closure.metadata.uid,
                "tenantID": closure.spec.tenant.id, "confirmDomain": closure.spec.tenant.initial_domain, "approver": "bob",
                "expiresAt": in_a_month.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "check": "RetainedAdministrator", "result": format!("{id} mfa"),
            },
        });
        let deadline = Instant::now() + PATIENCE;
        let text = attestation.to_string();
        while let Err(trouble) = self.case.cluster.apply("bob", &text).await {
            // The policies hear of a new closure a moment later.
            assert!(Instant::now() < deadline, "{trouble}");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        format!("kubectl delete closureapproval keeper -n {namespace}")
    }

    /// Does, as the administrator, what a text says in commands of kubectl.
    pub(crate) async fn do_as_told(&self, text: &str) {
        let commands: Vec<&str> = text.split("kubectl ").skip(1).collect();
        assert!(!commands.is_empty(), "no command in {text:?}");
        for command in commands {
            let command = command.trim().trim_end_matches("&&");
            let args: Vec<&str> = command.split_whitespace().collect();
            let cluster = &self.case.cluster;
            let (done, _, why) = cluster.kubectl("admin", &args, None).await.unwrap();
            assert!(done, "{args:?}: {why}");
        }
    }

    /// What really changed in the tenant.
    pub(crate) async fn effects(&self) -> Vec<Value> {
        self.case.portal.effects().await.unwrap()
    }

    /// Waits for more effects than these; how many there are then.
    pub(crate) async fn until_effects(&self, more_than: usize) -> usize {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.effects().await.len();
            if seen > more_than {
                return seen;
            }
            assert!(Instant::now() < deadline, "no more than {seen} effects");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// No program changed anything in the tenant, and none tried to.
    pub(crate) async fn assert_untouched(&self) {
        let mut effects = self.effects().await;
        effects.retain(|one| !one["app"].is_null());
        assert_eq!(effects, Vec::<Value>::new());
        self.assert_no_rule_broken().await;
    }

    /// Nothing more changes, for longer than a cycle takes. The effect in flight is over once the status tells of a halt.
    pub(crate) async fn assert_stands_still(&self) {
        let seen = self.effects().await.len();
        tokio::time::sleep(A_WHILE).await;
        assert_eq!(self.effects().await.len(), seen, "it went on");
    }

    /// Nobody watches a deleted closure: once the effect in flight has ended, nothing more changes.
    pub(crate) async fn assert_comes_to_rest(&self) {
        tokio::time::sleep(A_WHILE).await;
        self.assert_stands_still().await;
    }

    /// No request broke a rule of the procedure.
    pub(crate) async fn assert_no_rule_broken(&self) {
        let judged = self.case.portal.get("violations").await.unwrap();
        assert_eq!(judged["count"], 0, "{judged:#}");
    }

    /// Microsoft's long durations: so many days pass, in this tenant alone.
    pub(crate) async fn pass(&self, days: u32) {
        let portal = &self.case.portal;
        let told = json!({"tenant": portal.tenant.id, "seconds": u64::from(days) * 86_400});
        portal.post("clock/advance", &told).await.unwrap();
    }

    /// How often this tenant's bad luck has struck since it was last lifted.
    pub(crate) async fn struck(&self) -> u64 {
        let faults = self.case.portal.get("faults").await.unwrap();
        let ours = json!(self.case.portal.tenant.id);
        let all = faults.as_array().into_iter().flatten();
        all.filter(|fault| fault["match"]["tenant"] == ours)
            .filter_map(|fault| fault["struck"].as_u64())
            .sum()
    }

    /// Waits until it has struck so often.
    pub(crate) async fn until_struck(&self, times: u64) {
        let deadline = Instant::now() + PATIENCE;
        while self.struck().await < times {
            assert!(Instant::now() < deadline, "it did not strike {times} times");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ids of the users that are still there, but for the retained administrator.
    pub(crate) async fn left(&self) -> BTreeSet<String> {
        let portal = &self.case.portal;
        let page = format!("tenants/{}/users", portal.tenant.id);
        let users = portal.get(&page).await.unwrap();
        let stays = portal.look().await.unwrap()["retainedAdministrator"]["id"].clone();
        let all = users.as_array().into_iter().flatten();
        all.filter(|id| **id != stays)
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect()
    }

    /// Waits, while bob approves, until this is handed to a person; nobody presses anything.
    pub(crate) async fn handed_over(&self, key: &str) -> (TenantClosureStatus, HandOffStatus) {
        let handed = |status: &TenantClosureStatus| {
            status.phase == Some(Phase::AwaitingHandOff)
                && status.hand_offs.iter().any(|one| one.key == key)
        };
        let mut person = Person::new(&self.case, false, Some(self.diary()));
        let status = tokio::select! {
            status = self.until(key, handed) => status,
            trouble = person.live() => panic!("the persons: {trouble:?}"),
        };
        let found = status.hand_offs.iter().find(|one| one.key == key);
        let found = found.cloned().unwrap();
        (status, found)
    }

    /// With the persons' help it ends Closed: everything is gone but the retained administrator, no rule was broken, and
    /// the journal agrees with what happened.
    pub(crate) async fn assert_closes(&self) -> Audit {
        self.with_persons(self.phase(Phase::Closed)).await;
        let seen = self.case.portal.look().await.unwrap();
        assert_eq!(seen["deleted"], true, "{seen:#}");
        assert_eq!(seen["usersLeft"], 1, "{seen:#}");
        assert_eq!(seen["retainedAdministrator"]["present"], true, "{seen:#}");
        self.assert_no_rule_broken().await;
        audit::agrees(&self.case).await
    }
}

/// Its closure would be looked at for as long as the program runs, and every later row would wait the longer.
impl Drop for Trial {
    fn drop(&mut self) {
        let (cluster, namespace) = (self.case.cluster.clone(), self.case.namespace.clone());
        self.stack_runtime.spawn(async move {
            let all: Api<TenantClosure> = Api::namespaced(cluster.client("admin"), &namespace);
            let _ = all.delete(NAME, &DeleteParams::default()).await;
        });
    }
}

/// What a user is told where a closure is blocked.
pub(crate) struct Blocked {
    pub(crate) message: String,
    pub(crate) remedy: String,
}

/// Status, reason and message of a condition.
pub(crate) fn condition(status: &TenantClosureStatus, name: &str) -> (String, String, String) {
    let found = status.conditions.iter().find(|one| one.type_ == name);
    found.map_or_else(Default::default, |one| {
        (one.status.clone(), one.reason.clone(), one.message.clone())
    })
}

/// After all rows: what is wrong with what the operator did for them together; `whole`: every row was run.
pub(crate) fn all_together(whole: bool) -> Vec<String> {
    let Some((stack, _)) = SHARED.get() else {
        return Vec::new();
    };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(afterwards::look(stack, whole))
}

static SHARED: OnceCell<(&'static Stack, &'static Handle)> = OnceCell::const_new();

/// The one stack of this program. What it starts lives as long as the thread that starts it, so that is a thread that
/// never ends; its folder is removed when the process has gone.
async fn shared() -> (&'static Stack, &'static Handle) {
    let start = async || -> crate::cluster::Result<(&'static Stack, &'static Handle)> {
        let (ready, wait) = oneshot::channel();
        std::thread::Builder::new()
            .name("stack".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let options = Options {
                        slice: Some(SLICE),
                        arguments: crate::ARGUMENTS.to_vec(),
                        quiet: true,
                        values: crate::values(),
                        ..Options::default()
                    };
                    let started = Stack::start(None, options).await;
                    let _ = ready.send((started, Handle::current()));
                    std::future::pending::<()>().await;
                });
            })?;
        let (started, runtime) = wait.await?;
        let stack: &'static Stack = Box::leak(Box::new(started?));
        let runtime: &'static Handle = Box::leak(Box::new(runtime));
        Ok((stack, runtime))
    };
    *SHARED.get_or_try_init(start).await.unwrap()
}
