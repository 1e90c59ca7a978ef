//! The tenants that are not real: the simulator, and what only a person or a test may ask it.

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
    pub(crate) dns: String,
    pub(crate) ca_file: PathBuf,
    urls: Urls,
    pub(crate) tenants: Vec<Tenant>,
}

/// Where it answers, as far as the demo asks.
#[derive(Clone, Debug, Deserialize)]
struct Urls {
    console: String,
}

/// A tenant, and who may sign in to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) initial_domain: String,
    pub(crate) users: u32,
    pub(crate) app_id: String,
    pub(crate) client_secret: String,
    /// Absent: the closing application reads too.
    pub(crate) reader_app_id: Option<String>,
    pub(crate) reader_secret: Option<String>,
    /// ARM id of an External ID or B2C directory.
    pub(crate) directory_resource: Option<String>,
    retained_administrator: Value,
    spare_administrator: Option<Value>,
}

impl Tenant {
    /// Id of its n-th Conditional Access policy, from 1.
    #[allow(dead_code)] // not every test binary uses it
    pub(crate) fn policy(&self, number: u32) -> String {
        let tenant: uuid::Uuid = self.id.parse().unwrap_or_default();
        uuid::Uuid::new_v5(&tenant, &number.to_be_bytes()).to_string()
    }

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
}

impl Simulator {
    /// Starts it with these arguments and waits until it says that it is ready.
    pub(crate) fn start(dir: &Path, arguments: &[String]) -> Result<Self> {
        let log = dir.join("simulator.log");
        let mut command = Command::new(binary("tenant-simulator")?);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--output", "json"])
            .args(["--speed", SPEED])
            .arg("--ca-out")
            .arg(dir.join("simulator-ca.pem"))
            .args(arguments);
        let program = Program::start(&mut command, Stdio::piped(), &log)?;
        let mut line = String::new();
        if let Some(out) = program.output() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let ready: Ready = serde_json::from_str(&line)
            .map_err(|e| format!("the simulator did not start: {e}\n{line}{}", log_end(&log)))?;
        Ok(Self {
            _program: program,
            ready,
        })
    }

    /// Address and port.
    pub(crate) fn address(&self) -> &str {
        self.ready
            .address
            .trim_start_matches("https://")
            .trim_end_matches('/')
    }

    /// The first tenant of its scenario.
    pub(crate) fn tenant(&self) -> Result<&Tenant> {
        Ok(self
            .ready
            .tenants
            .first()
            .ok_or("the simulator has no tenant")?)
    }

    /// One more tenant, with these fields of a scenario's tenant.
    pub(crate) async fn add(&self, tenant: &Value) -> Result<Tenant> {
        let door = Portal::new(self, self.tenant()?.clone())?;
        Ok(serde_json::from_value(door.post("tenants", tenant).await?)?)
    }
}

impl Portal {
    /// The ids of the tenant's Azure subscriptions.
    pub(crate) async fn azure_subscriptions(&self) -> Result<Value> {
        let seen = self.look().await?;
        let all = seen["subscriptions"].as_array().into_iter().flatten();
        let azure = all.filter(|one| one["kind"] == "Azure");
        Ok(azure.map(|one| one["id"].clone()).collect())
    }
}

/// The arguments for the tenant of the demo.
pub(crate) fn demo_tenant(users: u32, seed: u64) -> Vec<String> {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/demo-tenant.yaml");
    let (users, seed) = (users.to_string(), seed.to_string());
    let scenario = scenario.to_string_lossy();
    ["--users", &users, "--seed", &seed, "--scenario", &scenario]
        .map(str::to_owned)
        .to_vec()
}

/// What a person sees of one tenant and presses in it, and what the simulator knows of it.
/// Its connections live in the runtime that makes it.
pub(crate) struct Portal {
    pub(crate) tenant: Tenant,
    pub(crate) ca_file: PathBuf,
    address: String,
    console: String,
    http: reqwest::Client,
}

impl Portal {
    /// A way in.
    pub(crate) fn new(simulator: &Simulator, tenant: Tenant) -> Result<Self> {
        let ca_file = simulator.ready.ca_file.clone();
        let authority = reqwest::Certificate::from_pem(&std::fs::read(&ca_file)?)?;
        let http = reqwest::Client::builder()
            .tls_certs_only([authority])
            .no_proxy()
            .build()?;
        Ok(Self {
            tenant,
            ca_file,
            address: simulator.address().to_owned(),
            console: simulator.ready.urls.console.clone(),
            http,
        })
    }

    /// Where a person presses, with a browser.
    pub(crate) fn pages(&self) -> String {
        let home = self.console.trim_end_matches('/');
        format!("{home}/tenants/{}", self.tenant.id)
    }

    /// A page that is none of Microsoft's.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}/_sim/{path}", self.address)
    }

    async fn asked(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let (http, request) = request.build_split();
        let request = request?;
        let what = format!("{} {}", request.method(), request.url());
        let answer = http.execute(request).await?;
        let status = answer.status();
        let text = answer.text().await?;
        if status.is_success() {
            Ok(serde_json::from_str(&text).unwrap_or_default())
        } else {
            Err(format!("{what}: {status} {text}").into())
        }
    }

    /// Reads such a page; what it tells of is this tenant alone.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        let query = [("tenant", self.tenant.id.as_str())];
        self.asked(self.http.get(self.url(path)).query(&query))
            .await
    }

    /// Posts to one.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.asked(self.http.post(self.url(path)).json(body)).await
    }

    /// Posts a form to a service of Microsoft's, on the simulator's own address.
    pub(crate) async fn form(&self, path: &str, form: &[(&str, &str)]) -> Result<Value> {
        let url = format!("https://{}/{path}", self.address);
        self.asked(self.http.post(url).form(form)).await
    }

    /// Asks a service of Microsoft's with a token, on the simulator's own address; status and body.
    pub(crate) async fn with_token(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<(u16, Value)> {
        let url = format!("https://{}/{path}", self.address);
        let request = self.http.request(method.parse()?, url).bearer_auth(token);
        let answer = request.json(body).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or_default()))
    }

    /// What a person sees of the tenant.
    pub(crate) async fn look(&self) -> Result<Value> {
        self.get(&format!("tenants/{}", self.tenant.id)).await
    }

    /// A person presses a button, on `id` where it is one of several.
    pub(crate) async fn press(&self, button: &str, id: Option<&str>) -> Result<()> {
        self.press_with(&press_body(button, id)).await.map(drop)
    }

    /// A person presses a button and says more.
    pub(crate) async fn press_with(&self, body: &Value) -> Result<Value> {
        let page = format!("tenants/{}/press", self.tenant.id);
        self.post(&page, body).await
    }

    /// Scripted bad luck for this tenant alone: requests that match these fields (`method`, `pathContains`, `item`,
    /// `nth`, ...) are struck by `deed`, so many times or always.
    pub(crate) async fn fault(
        &self,
        matching: Value,
        deed: Value,
        times: Option<u64>,
    ) -> Result<()> {
        let fault = self.scripted(matching, &deed, times);
        self.post("faults", &fault).await.map(drop)
    }

    /// This trouble in place of all that this tenant has, with no moment of luck between them.
    pub(crate) async fn replace_faults(&self, matching: Value, deed: Value) -> Result<()> {
        let query = [("tenant", self.tenant.id.as_str())];
        let request = self.http.put(self.url("faults")).query(&query);
        let fault = self.scripted(matching, &deed, None);
        self.asked(request.json(&fault)).await.map(drop)
    }

    fn scripted(&self, mut matching: Value, deed: &Value, times: Option<u64>) -> Value {
        matching["tenant"] = json!(self.tenant.id);
        json!([{"match": matching, "do": deed, "times": times}])
    }

    /// How often the faults of this tenant have struck.
    pub(crate) async fn struck(&self) -> Result<u64> {
        let faults = self.get("faults").await?;
        let mine = |fault: &&Value| fault["match"]["tenant"] == json!(self.tenant.id);
        let faults = faults.as_array().ok_or("no list of faults")?;
        let struck = faults.iter().filter(mine).map(|one| one["struck"].as_u64());
        Ok(struck.flatten().sum())
    }

    /// The bad luck of this tenant is over.
    pub(crate) async fn lift_faults(&self) -> Result<()> {
        let query = [("tenant", self.tenant.id.as_str())];
        let request = self.http.delete(self.url("faults")).query(&query);
        self.asked(request).await.map(drop)
    }

    /// What really changed in the tenant, in order.
    pub(crate) async fn effects(&self) -> Result<Vec<Value>> {
        let effects = self.get("effects").await?;
        Ok(effects.as_array().ok_or("no list of effects")?.clone())
    }
}

/// What a press looks like on the wire.
fn press_body(button: &str, id: Option<&str>) -> Value {
    match id {
        Some(check) if button == "settleCheck" => json!({"action": button, "check": check}),
        Some(id) => json!({"action": button, "id": id}),
        None => json!({"action": button}),
    }
}
