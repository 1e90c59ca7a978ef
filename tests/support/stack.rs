//! What stands before a closure is applied: control plane, resources, rights, the simulator, the operator.

#[path = "rights.rs"]
pub(crate) mod rights;

use crate::Result;
use crate::case::{Case, NAME};
use crate::children::{Program, binary, log_end};
use crate::cluster::{self, Cluster, ports};
use crate::simulator::{Portal, Simulator, Tenant};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

/// Where the operator lives.
pub(crate) const OPERATOR: &str = "tenant-closure";
/// For how long things may take to come about.
const PATIENCE: Duration = Duration::from_secs(120);
/// For how long a closure may take to come to a phase.
const PHASE_PATIENCE: Duration = Duration::from_secs(240);

/// Where the operator looks for its own token in the cluster; a test puts one there.
pub(crate) const FEDERATED_TOKEN: &str = "federated-token";

/// The operator's flag for how long admission policies take to act.
const ACT_WITHIN: &str = "--policies-act-within-seconds";

/// What the stack is to be like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Arguments for the simulator.
    pub(crate) simulation: Vec<String>,
    /// Users in one effect; the chart's default where absent.
    pub(crate) slice: Option<u32>,
    /// More arguments for the operator.
    pub(crate) arguments: Vec<&'static str>,
    /// Whether it tells what it does.
    pub(crate) quiet: bool,
    /// More values for the chart, as `--set` takes them.
    pub(crate) values: Vec<String>,
    /// What the operator logs, as `RUST_LOG` takes it; as this process's own where absent.
    pub(crate) log: Option<&'static str>,
    /// What the API server writes down of the operator's requests.
    pub(crate) audit: Audit,
    /// Resources of which the API server is to refuse it something.
    pub(crate) refused: Vec<&'static str>,
    /// Objects that are there before the chart.
    pub(crate) before: Option<String>,
    /// What the operator's environment has besides.
    pub(crate) environment: Vec<(String, String)>,
}

/// What the API server writes down of the operator's requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Audit {
    /// What was asked. When the stack ends it is looked at, as it is with bodies.
    #[default]
    Requests,
    /// With bodies, but for those of Secrets.
    Bodies,
    /// Nothing: where memory and pace are measured, or a person looks on.
    Nothing,
}

/// The whole stack; dropped in this order.
pub(crate) struct Stack {
    pub(crate) operator: Program,
    pub(crate) simulator: Simulator,
    pub(crate) cluster: Arc<Cluster>,
    /// Port of the operator's health and metrics.
    pub(crate) port: u16,
    /// Where the logs are.
    pub(crate) dir: PathBuf,
    /// The chart's objects as they were installed, as YAML.
    pub(crate) chart: String,
    audit: Audit,
    refused: Vec<&'static str>,
    kubeconfig: PathBuf,
    arguments: Vec<&'static str>,
    log: Option<&'static str>,
    /// What the environment of the next operator has besides.
    pub(crate) environment: Vec<(String, String)>,
}

impl Stack {
    /// Starts everything, in order. Without a folder the logs lie in the control plane's own, which goes with it.
    pub(crate) async fn start(dir: Option<&Path>, options: Options) -> Result<Self> {
        let tell = |what: &str| {
            if !options.quiet {
                say(what);
            }
        };
        tell("starting etcd and kube-apiserver (the first time they are fetched or built)");
        let how = cluster::Options {
            audit: (options.audit != Audit::Nothing).then(|| cluster::Audit {
                user: Some(rights::operator()),
                bodies: options.audit == Audit::Bodies,
            }),
        };
        let cluster = Arc::new(Cluster::start_with(&how).await?);
        let dir = dir.unwrap_or(cluster.dir()).to_owned();
        tell("starting the simulator");
        let simulator = Simulator::start(&dir, &options.simulation)?;
        tell("installing resources, rights and admission policies");
        let chart = chart(options.slice, &options.values)?;
        install(&cluster, options.before.as_deref(), &chart).await?;
        until_refused(&cluster).await?;
        tell("starting the operator under its own service account");
        let kubeconfig = cluster
            .service_account_kubeconfig(OPERATOR, OPERATOR)
            .await?;
        let (operator, port) = operator(
            &dir,
            "operator",
            &kubeconfig,
            &simulator,
            &options.arguments,
            options.log,
            &options.environment,
        )?;
        let stack = Self {
            operator,
            simulator,
            cluster,
            port,
            dir,
            chart,
            audit: options.audit,
            refused: options.refused,
            kubeconfig,
            arguments: options.arguments,
            log: options.log,
            environment: options.environment,
        };
        stack
            .until_ready(&stack.operator, stack.port, "operator")
            .await?;
        Ok(stack)
    }

    /// A closure of this tenant in a namespace of its own, not applied yet.
    pub(crate) async fn case(&self, namespace: &str, tenant: Tenant) -> Result<Case> {
        let portal = Portal::new(&self.simulator, tenant)?;
        Case::prepare(self.cluster.clone(), namespace, portal).await
    }

    /// Changes these keys of the operator's configuration.
    pub(crate) async fn configure(&self, data: Value) -> Result<()> {
        let maps: Api<ConfigMap> = Api::namespaced(self.cluster.client("admin"), OPERATOR);
        let patch = Patch::Merge(json!({ "data": data }));
        let parameters = PatchParams::default();
        maps.patch(OPERATOR, &parameters, &patch).await?;
        Ok(())
    }

    /// Waits until a closure has come to this phase; its status.
    pub(crate) async fn until(&self, case: &Case, phase: Phase) -> Result<TenantClosureStatus> {
        let closures = case.closures();
        let deadline = Instant::now() + PHASE_PATIENCE;
        loop {
            let status = closures.get(NAME).await?.status.unwrap_or_default();
            if status.phase == Some(phase) {
                return Ok(status);
            }
            assert!(
                Instant::now() < deadline,
                "not {phase:?} but {:?}: {:?}\n{}{}",
                status.phase,
                status.summary,
                self.log_end("operator.log"),
                self.log_end("person.log"),
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The end of one of the logs.
    pub(crate) fn log_end(&self, name: &str) -> String {
        log_end(&self.dir.join(name))
    }

    /// Another process of the operator, as a node would start one after the first has ended.
    pub(crate) fn another_operator(&self, name: &str) -> Result<Program> {
        self.another_operator_with_port(name)
            .map(|(program, _)| program)
    }

    /// The same, and where it listens.
    pub(crate) fn another_operator_with_port(&self, name: &str) -> Result<(Program, u16)> {
        operator(
            &self.dir,
            name,
            &self.kubeconfig,
            &self.simulator,
            &self.arguments,
            self.log,
            &self.environment,
        )
    }

    /// Likewise, once it is ready: it has the store of closures.
    pub(crate) async fn another_that_is_ready(&self, name: &str) -> Result<Program> {
        let (program, port) = self.another_operator_with_port(name)?;
        self.until_ready(&program, port, name).await?;
        Ok(program)
    }

    /// Likewise with other arguments than the first had.
    pub(crate) fn another_operator_with(&self, name: &str, arguments: &[&str]) -> Result<Program> {
        operator(
            &self.dir,
            name,
            &self.kubeconfig,
            &self.simulator,
            arguments,
            self.log,
            &self.environment,
        )
        .map(|(program, _)| program)
    }

    async fn until_ready(&self, operator: &Program, port: u16, name: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let url = format!("http://127.0.0.1:{port}/readyz");
        let log = format!("{name}.log");
        let http = reqwest::Client::builder().no_proxy().build()?;
        loop {
            if let Ok(answer) = http.get(&url).send().await
                && answer.status().is_success()
            {
                return Ok(());
            }
            if let Some(status) = operator.ended() {
                return Err(format!(
                    "the operator ended early ({status}):\n{}",
                    self.log_end(&log)
                )
                .into());
            }
            if Instant::now() > deadline {
                return Err(format!("the operator is not ready:\n{}", self.log_end(&log)).into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Stack {
    /// Whatever a test was about: the operator used no right that nobody granted, and was refused only what it was meant to be.
    fn drop(&mut self) {
        if self.audit == Audit::Nothing || std::thread::panicking() {
            return;
        }
        let record = rights::record(&self.cluster.audit_log());
        let granted = rights::granted(&rights::roles(&self.chart));
        let meant = |_: &str, resource: &str| self.refused.contains(&resource);
        let mut wrong = rights::amiss(&record, &granted, meant);
        if record.is_empty() {
            wrong.push("the API server wrote down no request of the operator".to_owned());
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// One line on what goes on.
pub(crate) fn say(text: &str) {
    println!("demo: {text}");
}

async fn install(cluster: &Cluster, before: Option<&str>, chart: &str) -> Result<()> {
    let namespace = format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: {OPERATOR}}}}}");
    cluster.apply("admin", &namespace).await?;
    if let Some(before) = before {
        cluster.apply("admin", before).await?;
    }
    let crds = printed(Command::new(binary("tenant-closure")?).arg("crd"))?;
    let (done, _, why) = cluster
        .kubectl("admin", &["apply", "--server-side", "-f", "-"], Some(&crds))
        .await?;
    if !done {
        return Err(format!("the CRDs: {why}").into());
    }
    let (done, _, why) = cluster
        .kubectl(
            "admin",
            &[
                "wait",
                "--for=condition=Established",
                "--timeout=30s",
                "crd",
                "--all",
            ],
            None,
        )
        .await?;
    if !done {
        return Err(format!("the CRDs: {why}").into());
    }
    cluster.apply("admin", chart).await?;
    Ok(())
}

/// The chart's objects but for the Deployment: there are no nodes here, the operator runs beside.
fn chart(slice: Option<u32>, values: &[String]) -> Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let helm = printed(
        Command::new(root.join("tests/support/control-plane.sh"))
            .arg("helm")
            .stderr(Stdio::inherit()),
    )?;
    let rendered = printed(
        Command::new(helm.trim())
            .args(["template", OPERATOR, "--namespace", OPERATOR])
            // The CRDs are in already; the simulator's hours take a moment; who stays has not signed in, unless a test says so.
            .args(["--set", "crds.enabled=false,configuration.pollAtMost=1s,configuration.maxClosuresPer30Days=1000"])
            .args(["--set", "configuration.retainedAdministratorProofDays=0"])
            .args(slice.map(|users| format!("--set=configuration.slice={users}")))
            .args(values.iter().map(|value| format!("--set={value}")))
            .arg(root.join("charts/tenant-closure")),
    )?;
    let kept: Vec<&str> = rendered
        .split("\n---")
        .filter(|document| !document.lines().any(|line| line == "kind: Deployment"))
        .collect();
    Ok(kept.join("\n---"))
}

/// What a program prints, or why it failed.
fn printed(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("cannot run {}: {e}", command.get_program().display()))?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(format!(
            "{} failed: {}",
            command.get_program().display(),
            String::from_utf8_lossy(&output.stderr)
        )
        .into())
    }
}

/// Policies act a moment after their creation: waits until one refuses what it must.
async fn until_refused(cluster: &Cluster) -> Result<()> {
    let record = format!(
        "{{apiVersion: tenantclosure.dev/v1alpha1, kind: ClosureRecord, metadata: {{name: forged, namespace: {OPERATOR}}}, spec: {{type: Effect, \
         closureUID: none, closureNamespace: none, closureName: none, tenantID: 5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de, sequence: 1}}}}"
    );
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (accepted, _, why) = cluster
            .kubectl(
                "admin",
                &["create", "--dry-run=server", "-f", "-"],
                Some(&record),
            )
            .await?;
        if !accepted && why.contains("only the operator") {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("the admission policies do not act: {why}").into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn operator(
    dir: &Path,
    name: &str,
    kubeconfig: &PathBuf,
    simulator: &Simulator,
    arguments: &[&str],
    log: Option<&str>,
    environment: &[(String, String)],
) -> Result<(Program, u16)> {
    let port = ports::free()?;
    let acts = !arguments.contains(&ACT_WITHIN);
    let written = dir.join(format!("{name}.log"));
    let out = std::fs::File::create(dir.join(format!("{name}.out")))?;
    let mut command = Command::new(binary("tenant-closure")?);
    command
        .args(["run", "--namespace", OPERATOR])
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .args(["--simulator-address", simulator.address()])
        .args(["--simulator-dns", &simulator.ready.dns])
        .arg("--simulator-ca")
        .arg(&simulator.ready.ca_file)
        .arg("--federated-token-file")
        .arg(dir.join(FEDERATED_TOKEN))
        // There is one API server, and it was waited for until it refused.
        .args(acts.then_some([ACT_WITHIN, "0"]).into_iter().flatten())
        .args(arguments)
        .env("KUBECONFIG", kubeconfig)
        .envs(log.map(|filter| ("RUST_LOG", filter)))
        .envs(environment.iter().map(|(key, value)| (key, value)));
    Ok((Program::start(&mut command, out.into(), &written)?, port))
}
