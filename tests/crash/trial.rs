//! A closure whose operator speaks to the API server through the proxy.

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kube::api::DeleteParams;
use serde_json::{Value, json};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

use crate::case::{Case, NAME};
use crate::children::log_end;
use crate::cluster::Result;
use crate::person::Person;
use crate::proxy::Proxy;
use crate::simulator::{Simulator, demo_tenant};
use crate::stack::{OPERATOR, Options, Stack};

/// Effects end soon, so that a record in doubt is settled soon.
const QUICK: [&str; 4] = ["--effect-seconds", "2", "--request-seconds", "2"];

/// Every run closes the same tenant.
const TENANT: u64 = 7;

/// A stack in a folder of its own, and the closure under way on it.
pub(crate) struct Trial {
    pub(crate) proxy: Proxy,
    pub(crate) case: Case,
    pub(crate) stack: Stack,
    folder: tempfile::TempDir,
    users: u32,
    started: usize,
}

impl Trial {
    /// Programs end with the thread that starts them: each test runs on its own thread alone.
    pub(crate) async fn start(users: u32, slice: u32) -> Result<Self> {
        Self::start_with(users, slice, &QUICK).await
    }

    /// Likewise with these arguments for the operators.
    pub(crate) async fn start_with(
        users: u32,
        slice: u32,
        arguments: &[&'static str],
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let options = Options {
            simulation: demo_tenant(users, TENANT),
            slice: Some(slice),
            arguments: arguments.to_vec(),
            // What a test waits for in the log is in it.
            log: Some("info"),
            quiet: true,
            ..Options::default()
        };
        let stack = Stack::start(Some(folder.path()), options).await?;
        let mut trial = Self {
            proxy: proxy(&stack).await?,
            case: case(&stack, "closures").await?,
            stack,
            folder,
            users,
            started: 0,
        };
        trial.restart()?;
        Ok(trial)
    }

    /// The same tenant again, and a closure in another namespace; the one before is gone.
    pub(crate) async fn anew(&mut self, namespace: &str) -> Result<()> {
        let closures = self.case.closures();
        closures.delete(NAME, &DeleteParams::default()).await?;
        let dir = self.folder.path();
        self.stack.simulator = Simulator::start(dir, &demo_tenant(self.users, TENANT))?;
        self.proxy = proxy(&self.stack).await?;
        self.case = case(&self.stack, namespace).await?;
        self.restart()
    }

    /// Another process of the operator in the place of the one before, which is killed if it still runs.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.started += 1;
        let name = format!("operator-{}", self.started);
        self.stack.operator = self.stack.another_operator(&name)?;
        Ok(())
    }

    /// Does `work` while the persons do theirs.
    pub(crate) async fn with_persons<T>(&self, work: impl Future<Output = T>) -> T {
        let mut person = Person::new(&self.case, true, Some(self.log("person")));
        tokio::select! {
            done = work => done,
            trouble = person.live() => panic!("the persons: {trouble:?}"),
        }
    }

    pub(crate) async fn until_closed(&self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        while self.status().await?.phase != Some(Phase::Closed) {
            if Instant::now() > deadline {
                return Err(self.tell("not closed in time").await.into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    async fn status(&self) -> Result<TenantClosureStatus> {
        let closure = self.case.closures().get(NAME).await?;
        Ok(closure.status.unwrap_or_default())
    }

    /// Where things stand, for a failure.
    pub(crate) async fn tell(&self, what: &str) -> String {
        let status = self.status().await.unwrap_or_default();
        format!(
            "{what}: {:?} {:?} {:?}\n{}\n{}",
            status.phase,
            status.step,
            status.summary,
            log_end(&self.log(&format!("operator-{}", self.started))),
            log_end(&self.log("person")),
        )
    }

    /// Whether the operator at hand has said this.
    pub(crate) fn has_said(&self, what: &str) -> bool {
        let log = self.log(&format!("operator-{}", self.started));
        std::fs::read_to_string(log).is_ok_and(|text| text.contains(what))
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.log"))
    }
}

/// A new proxy, to which operators speak that start from now on.
async fn proxy(stack: &Stack) -> Result<Proxy> {
    let ca = stack.cluster.dir().join("apiserver.crt");
    let proxy = Proxy::start(stack.cluster.url(), &ca).await?;
    let path = stack.cluster.kubeconfig(&format!("{OPERATOR}.{OPERATOR}"));
    let mut kubeconfig: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
    kubeconfig["clusters"][0]["cluster"] = json!({ "server": proxy.url });
    std::fs::write(&path, kubeconfig.to_string())?;
    Ok(proxy)
}

async fn case(stack: &Stack, namespace: &str) -> Result<Case> {
    let tenant = stack.simulator.tenant()?.clone();
    stack.case(namespace, tenant).await
}
