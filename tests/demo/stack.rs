//! What stands before a closure is applied: control plane, resources, rights, secrets, the operator.

use crate::Result;
use crate::children::{Program, binary, free_port, log_end};
use crate::cluster::Cluster;
use crate::simulator::{Simulator, Tenant};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Where the operator lives.
pub(crate) const OPERATOR: &str = "tenant-closure";
/// Where the closure lives.
pub(crate) const CLOSURES: &str = "closures";
/// Its name.
pub(crate) const NAME: &str = "contoso";

/// What the examples say, to be replaced by what the simulator says.
const EXAMPLE_ID: &str = "5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de";
const EXAMPLE_DOMAIN: &str = "contoso.onmicrosoft.com";

/// For how long things may take to come about.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the stack is to be like.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Users of the simulated tenant.
    pub(crate) users: u32,
    /// Where its chance begins.
    pub(crate) seed: u64,
    /// Users in one effect; the chart's default where absent.
    pub(crate) slice: Option<u32>,
    /// More arguments for the operator.
    pub(crate) arguments: Vec<&'static str>,
}

/// The whole stack; dropped in this order.
pub(crate) struct Stack {
    pub(crate) operator: Program,
    pub(crate) simulator: Simulator,
    pub(crate) cluster: Cluster,
    /// Port of the operator's health and metrics.
    pub(crate) port: u16,
    /// The manifest of the closure, with the simulator's values.
    pub(crate) closure: String,
    dir: PathBuf,
    kubeconfig: PathBuf,
    arguments: Vec<&'static str>,
}

impl Stack {
    /// Starts everything, in order, and tells each step.
    pub(crate) async fn start(dir: &Path, options: Options) -> Result<Self> {
        let users = options.users;
        say("starting etcd and kube-apiserver (the first time they are fetched or built)");
        let cluster = Cluster::start().await?;
        say(&format!("starting a simulated tenant with {users} users"));
        let simulator = Simulator::start(dir, users, options.seed)?;
        let tenant = simulator.tenant()?.clone();
        say("installing resources, rights and admission policies");
        install(&cluster, options.slice).await?;
        cluster
            .apply(
                "admin",
                &filled(include_str!("../../examples/credentials.yaml"), &tenant),
            )
            .await?;
        cluster.apply("admin", include_str!("people.yaml")).await?;
        until_refused(&cluster).await?;
        say("starting the operator under its own service account");
        let kubeconfig = cluster
            .service_account_kubeconfig(OPERATOR, OPERATOR)
            .await?;
        let (operator, port) =
            operator(dir, "operator", &kubeconfig, &simulator, &options.arguments)?;
        let mut stack = Self {
            operator,
            simulator,
            cluster,
            port,
            closure: closure(&tenant, users),
            dir: dir.to_owned(),
            kubeconfig,
            arguments: options.arguments,
        };
        stack.until_ready(dir).await?;
        Ok(stack)
    }

    /// Another process of the operator, as a node would start one after the first has ended.
    #[allow(dead_code)] // only the tests start another
    pub(crate) fn another_operator(&self, name: &str) -> Result<Program> {
        operator(
            &self.dir,
            name,
            &self.kubeconfig,
            &self.simulator,
            &self.arguments,
        )
        .map(|(program, _)| program)
    }

    /// Applies the closure as alice. The API server may say for some seconds that it does not know a new kind.
    pub(crate) async fn apply_closure(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.cluster.apply("alice", &self.closure).await {
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

    async fn until_ready(&mut self, dir: &Path) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let url = format!("http://127.0.0.1:{}/readyz", self.port);
        let http = reqwest::Client::builder().no_proxy().build()?;
        loop {
            if let Ok(answer) = http.get(&url).send().await
                && answer.status().is_success()
            {
                return Ok(());
            }
            if let Some(status) = self.operator.ended() {
                return Err(format!(
                    "the operator ended early ({status}):\n{}",
                    log_end(&dir.join("operator.log"))
                )
                .into());
            }
            if Instant::now() > deadline {
                return Err(format!(
                    "the operator is not ready:\n{}",
                    log_end(&dir.join("operator.log"))
                )
                .into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// One line on what goes on.
pub(crate) fn say(text: &str) {
    println!("demo: {text}");
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

fn closure(tenant: &Tenant, users: u32) -> String {
    let mut text = include_str!("../../examples/closure.yaml")
        .replace("maxUsers: 2000", &format!("maxUsers: {}", users.max(2000)));
    for (example, name) in [
        ("closer@contoso.onmicrosoft.com", tenant.retained()),
        ("spare@contoso.onmicrosoft.com", tenant.spare()),
    ] {
        text = text.replace(example, name.unwrap_or(example));
    }
    filled(&text, tenant)
}

async fn install(cluster: &Cluster, slice: Option<u32>) -> Result<()> {
    let namespaces = format!(
        "{{apiVersion: v1, kind: Namespace, metadata: {{name: {OPERATOR}}}}}\n---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {CLOSURES}}}}}\n"
    );
    cluster.apply("admin", &namespaces).await?;
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
    cluster.apply("admin", &chart(slice)?).await?;
    Ok(())
}

/// The chart's objects but for the Deployment: there are no nodes here, the operator runs beside.
fn chart(slice: Option<u32>) -> Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let helm = printed(
        Command::new(root.join("tests/support/control-plane.sh"))
            .arg("helm")
            .stderr(Stdio::inherit()),
    )?;
    let rendered = printed(
        Command::new(helm.trim())
            .args(["template", OPERATOR, "--namespace", OPERATOR])
            // The CRDs are in already; the simulator's hours take a moment.
            .args(["--set", "crds.enabled=false,configuration.pollAtMost=1s"])
            .args(slice.map(|users| format!("--set=configuration.slice={users}")))
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
         closureUID: none, closureNamespace: none, closureName: none, tenantID: {EXAMPLE_ID}, sequence: 1}}}}"
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
) -> Result<(Program, u16)> {
    let port = free_port()?;
    let log = dir.join(format!("{name}.log"));
    let out = std::fs::File::create(dir.join(format!("{name}.out")))?;
    let mut command = Command::new(binary("tenant-closure")?);
    command
        .args(["run", "--namespace", OPERATOR])
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .args(["--simulator-address", simulator.address()])
        .arg("--simulator-ca")
        .arg(&simulator.ready.ca_file)
        .args(arguments)
        .env("KUBECONFIG", kubeconfig);
    Ok((Program::start(&mut command, out.into(), &log)?, port))
}
