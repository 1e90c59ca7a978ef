//! The tenant that is not real: the simulator, and what only the demo may ask it.

use crate::Result;
use crate::children::{Program, binary, log_end};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Microsoft's hours pass this much faster: 72 h in 3 s.
const SPEED: &str = "86400";

/// The line that the simulator prints when it is ready.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ready {
    pub(crate) address: String,
    pub(crate) ca_file: PathBuf,
    pub(crate) tenants: Vec<Tenant>,
}

/// A tenant, and who may sign in to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) initial_domain: String,
    pub(crate) app_id: String,
    pub(crate) client_secret: String,
    /// Absent: the closing application reads too.
    pub(crate) reader_app_id: Option<String>,
    pub(crate) reader_secret: Option<String>,
    retained_administrator: Value,
    spare_administrator: Option<Value>,
}

impl Tenant {
    /// User principal name of the administrator who stays.
    pub(crate) fn retained(&self) -> Option<&str> {
        name(Some(&self.retained_administrator))
    }

    /// User principal name of the second administrator.
    pub(crate) fn spare(&self) -> Option<&str> {
        name(self.spare_administrator.as_ref())
    }
}

/// A user is told as a name, or as an object with one.
fn name(user: Option<&Value>) -> Option<&str> {
    user.and_then(|user| user.as_str().or_else(|| user["userPrincipalName"].as_str()))
}

/// The running simulator.
pub(crate) struct Simulator {
    _program: Program,
    pub(crate) ready: Ready,
    http: reqwest::Client,
}

impl Simulator {
    /// Starts it and waits until it says that it is ready.
    pub(crate) fn start(dir: &Path, users: u32, seed: u64) -> Result<Self> {
        let log = dir.join("simulator.log");
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/demo-tenant.yaml");
        let mut command = Command::new(binary("tenant-simulator")?);
        command
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--output",
                "json",
                "--speed",
                SPEED,
            ])
            .args(["--users", &users.to_string(), "--seed", &seed.to_string()])
            .arg("--scenario")
            .arg(scenario)
            .arg("--ca-out")
            .arg(dir.join("simulator-ca.pem"));
        let mut program = Program::start(&mut command, Stdio::piped(), &log)?;
        let mut line = String::new();
        if let Some(out) = program.output() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let ready: Ready = serde_json::from_str(&line)
            .map_err(|e| format!("the simulator did not start: {e}\n{line}{}", log_end(&log)))?;
        let authority = reqwest::Certificate::from_pem(&std::fs::read(&ready.ca_file)?)?;
        let http = reqwest::Client::builder()
            .tls_certs_only([authority])
            .no_proxy()
            .build()?;
        Ok(Self {
            _program: program,
            ready,
            http,
        })
    }

    /// Address and port.
    pub(crate) fn address(&self) -> &str {
        self.ready
            .address
            .trim_start_matches("https://")
            .trim_end_matches('/')
    }

    /// The tenant that is closed.
    pub(crate) fn tenant(&self) -> Result<&Tenant> {
        Ok(self
            .ready
            .tenants
            .first()
            .ok_or("the simulator has no tenant")?)
    }

    /// A page that is none of Microsoft's.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}/_sim/{path}", self.address())
    }

    /// Reads such a page.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        let answer = self.http.get(self.url(path)).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if status.is_success() {
            Ok(serde_json::from_str(&text)?)
        } else {
            Err(format!("GET {}: {status} {text}", self.url(path)).into())
        }
    }

    /// Posts to one.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<()> {
        let answer = self.http.post(self.url(path)).json(body).send().await?;
        let status = answer.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(format!("POST {}: {status} {}", self.url(path), answer.text().await?).into())
        }
    }

    /// What a person sees of the tenant.
    pub(crate) async fn look(&self) -> Result<Value> {
        let tenant = self.tenant()?;
        self.get(&format!("tenants/{}", tenant.id)).await
    }

    /// A person presses a button, on `id` where it is one of several.
    pub(crate) async fn press(&self, button: &str, id: Option<&str>) -> Result<()> {
        let tenant = self.tenant()?;
        self.post(
            &format!("tenants/{}/press", tenant.id),
            &press_body(button, id),
        )
        .await
    }
}

/// What a press looks like on the wire.
pub(crate) fn press_body(button: &str, id: Option<&str>) -> Value {
    match id {
        Some(check) if button == "settleCheck" => json!({"action": button, "check": check}),
        Some(id) => json!({"action": button, "id": id}),
        None => json!({"action": button}),
    }
}
