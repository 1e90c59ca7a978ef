//! A real Kubernetes control plane for one test binary, or for the demo: etcd and kube-apiserver on
//! loopback, in a folder of their own, gone when the [`Cluster`] or its process is.
//!
//! There are no nodes and no controller manager: nothing runs pods, collects garbage, empties a
//! namespace being deleted or makes the `default` service account.

#[path = "ports.rs"]
pub(crate) mod ports;

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Namespace;
use kube::config::Kubeconfig;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::OnceCell;

/// Whatever went wrong, in words.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
/// What everything here answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Who may log in: `admin` is in `system:masters`, the others are persons without any right.
pub const USERS: [&str; 7] = ["admin", "alice", "bob", "carol", "dave", ERIN, ARGOCD];
/// A name as an API server makes one of an identity provider's: with a prefix, an address and signs.
pub const ERIN: &str = "oidc:erin.o'neil+close@example.com";

/// A program that comes as an IAM role, which the API server takes for a person.
pub const ARGOCD: &str = "arn:aws:sts::111122223333:assumed-role/argocd/1733000000";

const START_LIMIT: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);

/// What a control plane is to be like; the default suits most tests.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Write a line of JSON for each of these requests to [`Cluster::audit_log`].
    pub audit: Option<Audit>,
}

/// Which requests are written down.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Whose; absent: everybody's.
    pub user: Option<String>,
    /// With bodies, but for those of Secrets and tokens.
    pub bodies: bool,
}

/// A running control plane.
pub struct Cluster {
    // Dropped in this order: the API server, then its etcd, then the folder they write into.
    _api_server: Process,
    _etcd: Process,
    programs: PathBuf,
    url: String,
    admin: kube::Config,
    folder: tempfile::TempDir,
}

impl Cluster {
    /// Starts a control plane and waits until it is ready.
    pub async fn start() -> Result<Self> {
        Self::start_with(&Options::default()).await
    }

    /// Starts one that differs from the usual.
    pub async fn start_with(options: &Options) -> Result<Self> {
        // Another test binary may have come upon the same port in the same moment.
        let mut attempts = 3;
        loop {
            attempts -= 1;
            match Self::attempt(options).await {
                Err(error)
                    if attempts > 0 && error.to_string().contains("address already in use") => {}
                result => return result,
            }
        }
    }

    /// The one control plane that the tests of a binary share. It ends with the process.
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<Cluster> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// The folder with kubectl, beside etcd and kube-apiserver.
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// The kubeconfig of one of the [`USERS`].
    pub fn kubeconfig(&self, user: &str) -> PathBuf {
        kubeconfig_path(self.dir(), user)
    }

    /// A new client for one of the [`USERS`]. It lives in the runtime of the caller, so every test
    /// takes its own.
    #[allow(
        clippy::expect_used,
        reason = "the same configuration has served a client in start"
    )]
    pub fn client(&self, user: &str) -> kube::Client {
        let mut config = self.admin.clone();
        config.auth_info.token = Some(token(user).into());
        kube::Client::try_from(config).expect("a client from a configuration that worked before")
    }

    /// A token, good for a day, of a service account that exists.
    pub async fn service_account_token(&self, namespace: &str, name: &str) -> Result<String> {
        let args = [
            "create",
            "token",
            name,
            "--namespace",
            namespace,
            "--duration",
            "24h",
        ];
        let (ok, token, stderr) = self.kubectl("admin", &args, None).await?;
        if !ok {
            return Err(format!("no token for {namespace}/{name}: {stderr}").into());
        }
        Ok(token.trim().to_owned())
    }

    /// The kubeconfig of a service account that exists, with such a token.
    pub async fn service_account_kubeconfig(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        let token = self.service_account_token(namespace, name).await?;
        let user = format!("{namespace}.{name}");
        write_kubeconfig(self.dir(), &self.url, &user, &token)
    }

    /// Runs kubectl as a user: whether it succeeded, its stdout, its stderr.
    pub async fn kubectl(
        &self,
        user: &str,
        args: &[&str],
        stdin: Option<&str>,
    ) -> Result<(bool, String, String)> {
        let mut child = tokio::process::Command::new(self.programs.join("kubectl"))
            .args(args)
            // By environment, not by flags: a flag before the name of a plugin hides the plugin.
            .env("KUBECONFIG", self.kubeconfig(user))
            .env("KUBECACHEDIR", self.dir().join("kubectl-cache"))
            .stdin(if stdin.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let pipe = child.stdin.take();
        let feed = async move {
            if let (Some(mut pipe), Some(text)) = (pipe, stdin) {
                // A kubectl that stops reading early says why by itself.
                let _ = pipe.write_all(text.as_bytes()).await;
            }
        };
        let ((), output) = tokio::join!(feed, child.wait_with_output());
        let output = output?;
        Ok((
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    }

    /// Applies manifests as a user, and answers what kubectl said.
    pub async fn apply(&self, user: &str, yaml: &str) -> Result<String> {
        match self
            .kubectl(user, &["apply", "-f", "-"], Some(yaml))
            .await?
        {
            (true, stdout, _) => Ok(stdout),
            (false, _, stderr) => Err(format!("kubectl apply as {user}: {stderr}").into()),
        }
    }

    /// Where the API server listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder with the kubeconfigs, `apiserver.crt` (the CA), `etcd.log` and `kube-apiserver.log`.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// What [`Options::audit`] asked for.
    pub fn audit_log(&self) -> PathBuf {
        self.dir().join("audit.log")
    }

    async fn attempt(options: &Options) -> Result<Self> {
        // The first provider installed stays; a second is refused and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let programs = programs().await?;
        let folder = tempfile::Builder::new()
            .prefix("tenant-closure-")
            .tempdir()?;
        let dir = folder.path();
        remove_when_this_process_ends(dir)?;

        let [client_port, peer_port, port] = [ports::free()?, ports::free()?, ports::free()?];
        let url = format!("https://127.0.0.1:{port}");
        for user in USERS {
            write_kubeconfig(dir, &url, user, &token(user))?;
        }
        let start = |name, flags| Process::start(dir, &programs, name, flags);
        let etcd = start("etcd", etcd_flags(dir, client_port, peer_port))?;
        let mut flags = api_server_flags(dir, client_port, port)?;
        if let Some(audit) = &options.audit {
            flags.extend(audit_flags(dir, audit)?);
        }
        let api_server = start("kube-apiserver", flags)?;

        let deadline = Instant::now() + START_LIMIT;
        let admin = loop {
            let error = match ready(dir).await {
                Ok(config) => break config,
                Err(error) => error,
            };
            for process in [&etcd, &api_server] {
                if process.ended() {
                    return Err(
                        format!("{} ended early:\n{}", process.name, process.log_end(dir)).into(),
                    );
                }
            }
            if Instant::now() > deadline {
                let logs = [etcd.log_end(dir), api_server.log_end(dir)].join("\n");
                return Err(format!("not ready in {START_LIMIT:?}: {error}\n{logs}").into());
            }
            tokio::time::sleep(PAUSE).await;
        };
        Ok(Self {
            _api_server: api_server,
            _etcd: etcd,
            programs,
            url,
            admin,
            folder,
        })
    }
}

/// The folder with the programs, which the script finds, downloads or builds.
async fn programs() -> Result<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/control-plane.sh");
    let output = tokio::process::Command::new(&script)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit()) // a build takes minutes and tells how it goes
        .output()
        .await
        .map_err(|error| format!("cannot run {}: {error}", script.display()))?;
    if !output.status.success() {
        return Err(format!("{} failed: {}", script.display(), output.status).into());
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}

/// The administrator's configuration, once the API server is ready and has made its first namespace.
async fn ready(dir: &Path) -> Result<kube::Config> {
    // The API server writes its certificate as it starts, and the kubeconfig names it.
    let kubeconfig = Kubeconfig::read_from(kubeconfig_path(dir, "admin"))?;
    let mut config = kube::Config::from_custom_kubeconfig(
        kubeconfig,
        &kube::config::KubeConfigOptions::default(),
    )
    .await?;
    config.proxy_url = None; // one from the environment knows nothing of our loopback
    let client = kube::Client::try_from(config.clone())?;
    client
        .request_text(http::Request::get("/readyz").body(Vec::new())?)
        .await?;
    kube::Api::<Namespace>::all(client).get("default").await?;
    Ok(config)
}

fn etcd_flags(dir: &Path, client_port: u16, peer_port: u16) -> Vec<String> {
    let client = format!("http://127.0.0.1:{client_port}");
    let peer = format!("http://127.0.0.1:{peer_port}");
    vec![
        format!("--data-dir={}", dir.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        "--unsafe-no-fsync=true".to_owned(), // nothing here outlives its process
        "--log-level=warn".to_owned(),
    ]
}

fn api_server_flags(dir: &Path, etcd_port: u16, port: u16) -> Result<Vec<String>> {
    let key = dir.join("service-accounts.key");
    let pair = rcgen::KeyPair::generate()?;
    fs::write(&key, pair.serialize_pem())?;
    let public = dir.join("service-accounts.pub");
    fs::write(&public, pair.public_key_pem())?;
    let tokens = dir.join("tokens.csv");
    let line = |user: &str| {
        let group = if user == "admin" {
            ",system:masters"
        } else {
            ""
        };
        format!("{},{user},{user}{group}\n", token(user))
    };
    fs::write(&tokens, USERS.map(line).concat())?;
    Ok(vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        format!("--cert-dir={}", dir.display()),
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--token-auth-file={}", tokens.display()),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-signing-key-file={}", key.display()),
        format!("--service-account-key-file={}", public.display()),
        "--authorization-mode=RBAC".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        "--allow-privileged=true".to_owned(),
    ])
}

fn audit_flags(dir: &Path, audit: &Audit) -> Result<[String; 2]> {
    let users: Vec<&String> = audit.user.iter().collect();
    let level = if audit.bodies { "Request" } else { "Metadata" };
    let policy = dir.join("audit-policy.json");
    let rules = serde_json::json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "Metadata", "users": users, "resources": [
                {"group": "", "resources": ["secrets", "serviceaccounts/token"]},
                {"group": "apiextensions.k8s.io"},
            ]},
            {"level": level, "users": users},
            {"level": "None"},
        ],
    });
    fs::write(&policy, rules.to_string())?;
    Ok([
        format!("--audit-policy-file={}", policy.display()),
        format!("--audit-log-path={}", dir.join("audit.log").display()),
    ])
}

/// Not to be guessed by others on this machine: the port is open to all of them.
fn token(user: &str) -> String {
    static SECRET: OnceLock<uuid::Uuid> = OnceLock::new();
    format!("{user}-{}", SECRET.get_or_init(uuid::Uuid::new_v4))
}

fn kubeconfig_path(dir: &Path, user: &str) -> PathBuf {
    // KUBECONFIG is a list, parted by colons.
    let name = user.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "_");
    dir.join(format!("{name}.kubeconfig"))
}

fn write_kubeconfig(dir: &Path, url: &str, user: &str, token: &str) -> Result<PathBuf> {
    let kubeconfig = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": url, "certificate-authority": dir.join("apiserver.crt")}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": user, "context": {"cluster": "test", "user": user}}],
        "current-context": user,
    });
    let path = kubeconfig_path(dir, user);
    fs::write(&path, serde_json::to_vec_pretty(&kubeconfig)?)?; // JSON is YAML
    Ok(path)
}

/// A shared cluster is a static and never dropped, and a killed process drops nothing: a shell in a
/// group of its own waits for the end of a pipe that only this process holds.
fn remove_when_this_process_ends(dir: &Path) -> Result<()> {
    let mut shell = Command::new("sh")
        .args(["-c", "cat; sleep 1; rm -rf -- \"$1\"", "sh"])
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    std::mem::forget(shell.stdin.take());
    Ok(())
}

/// A program, watched by a thread of its own.
struct Process {
    name: &'static str,
    stop: Option<mpsc::Sender<()>>,
    watcher: Option<JoinHandle<()>>,
}

impl Process {
    /// The kernel kills the program when the *thread* that started it ends, so that thread stays.
    fn start(dir: &Path, programs: &Path, name: &'static str, flags: Vec<String>) -> Result<Self> {
        let log = File::create(log_path(dir, name))?;
        let program = programs.join(name);
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        command
            .args(flags)
            // Ctrl-C at the terminal is for the parent, which ends its programs in order.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .current_dir(dir);
        let (stop, stopped) = mpsc::channel();
        let (started, start) = mpsc::channel();
        let watcher = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let mut child = match command.spawn() {
                    Ok(child) => child,
                    Err(error) => return drop(started.send(Err(error))),
                };
                drop(started.send(Ok(())));
                while let Ok(None) = child.try_wait() {
                    if stopped.recv_timeout(PAUSE) != Err(RecvTimeoutError::Timeout) {
                        let _ = child.kill();
                        let _ = child.wait();
                    }
                }
            })?;
        start
            .recv()?
            .map_err(|error| format!("cannot start {name} through setpriv: {error}"))?;
        Ok(Self {
            name,
            stop: Some(stop),
            watcher: Some(watcher),
        })
    }

    fn ended(&self) -> bool {
        self.watcher.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn log_end(&self, dir: &Path) -> String {
        let log = fs::read_to_string(log_path(dir, self.name)).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
    }
}

fn log_path(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.log"))
}
