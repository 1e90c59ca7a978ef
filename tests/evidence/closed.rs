//! One closure, carried out once for all tests, and what it left.

use crate::case::{Case, NAME};
use crate::person::Person;
use crate::stack::{Options, Stack};
use kube::api::DeleteParams;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tenant_closure::closure::report::Phase;

/// What the closure left.
pub(crate) struct Left {
    /// Its journal, as exported: one record a line.
    pub(crate) journal: Vec<Value>,
    /// Copies of the approvals that it rests on, which the export holds before the records.
    pub(crate) approvals: Vec<Value>,
    /// The head that its status names.
    pub(crate) head: String,
    /// The journal of another closure of the same tenant, which only planned.
    pub(crate) other: Vec<Value>,
    /// What `verify` said of the journal where it lay.
    pub(crate) in_cluster: (Option<i32>, String),
    /// The same, once all approvals were deleted and another was made under the name of one of them.
    pub(crate) tidied: (Option<i32>, String),
    /// UIDs of the approvals that were.
    pub(crate) deleted: Vec<String>,
    /// Its report: JSON, Markdown, HTML.
    pub(crate) reports: [String; 3],
    /// The report of the one that only planned.
    pub(crate) planned: [String; 3],
    /// Names, addresses and ids of the tenant's users, as Graph told them before.
    pub(crate) users: Vec<Value>,
    /// All records of the namespace, as kubectl prints them.
    pub(crate) listed: Value,
    /// The root of the evidence store.
    pub(crate) store: PathBuf,
    folder: tempfile::TempDir,
}

impl Left {
    /// A file of these records, one a line.
    pub(crate) fn file(&self, name: &str, records: &[Value]) -> PathBuf {
        let path = self.folder.path().join(name);
        let lines: Vec<String> = records.iter().map(Value::to_string).collect();
        std::fs::write(&path, lines.join("\n")).unwrap();
        path
    }

    /// The records of the chain; what is before them are parts of the plan.
    pub(crate) fn first(&self) -> usize {
        let number = |record: &Value| record["spec"]["sequence"].as_u64().unwrap();
        self.journal
            .iter()
            .position(|one| number(one) == 1)
            .unwrap()
    }
}

/// Runs the closure, the first time it is called.
pub(crate) fn left() -> &'static Left {
    static LEFT: OnceLock<Left> = OnceLock::new();
    LEFT.get_or_init(|| {
        // What is started ends with the thread that started it.
        let work = || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_all().build().unwrap().block_on(close())
        };
        std::thread::spawn(work).join().unwrap()
    })
}

/// Runs `tenant-closure`: exit code, what it printed, what it complained of.
pub(crate) fn tenant_closure(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenant-closure"));
    let Output {
        status,
        stdout,
        stderr,
    } = command.args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// Verifies a file against a head.
pub(crate) fn verify(file: &Path, head: &str) -> (Option<i32>, String) {
    let (code, out, _) = tenant_closure(&["verify", file.to_str().unwrap(), "--head", head]);
    (code, out)
}

async fn close() -> Left {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("evidence");
    std::fs::create_dir(&store).unwrap();
    let options = Options {
        simulation: simulation(folder.path()),
        slice: Some(20),
        values: vec![format!("configuration.evidenceStore={}", store.display())],
        ..Options::default()
    };
    let stack = Stack::start(Some(folder.path()), options).await.unwrap();
    let tenant = stack.simulator.tenant().unwrap().clone();
    let mut case = stack.case("closures", tenant).await.unwrap();
    let users = users(&stack).await;
    // The auditor reads, with the rights of the example and no other.
    let auditor = include_str!("../../examples/auditor.yaml");
    stack.cluster.apply("admin", auditor).await.unwrap();
    let carol = stack.cluster.kubeconfig("carol");
    let carol = carol.to_str().unwrap();
    let reached = |command: &str, rest: &[&str]| {
        let place = [
            command,
            "--closure",
            NAME,
            "-n",
            "closures",
            "--kubeconfig",
            carol,
        ];
        tenant_closure(&[&place, rest].concat())
    };
    let read = |name: &str| -> Vec<Value> {
        let path = folder.path().join(name);
        let (code, _, why) = reached("export", &["--file", path.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{why}");
        let text = std::fs::read_to_string(path).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };

    let reported = |format: &str| {
        let mut plugin = Command::new(env!("CARGO_BIN_EXE_kubectl-tenant_closure"));
        let place = ["-n", "closures", "--kubeconfig", carol];
        plugin.args(["report", NAME, "-o", format]).args(place);
        let output = plugin.output().unwrap();
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && why.is_empty(), "{why}");
        String::from_utf8(output.stdout).unwrap()
    };

    let execute = case.manifest.clone();
    case.manifest["spec"]["mode"] = json!("Plan");
    case.apply().await.unwrap();
    stack.until(&case, Phase::Planned).await.unwrap();
    let other = read("other.jsonl");
    let planned = ["json", "md", "html"].map(reported);
    let closures = case.closures();
    closures
        .delete(NAME, &DeleteParams::default())
        .await
        .unwrap();

    case.manifest = execute;
    case.apply().await.unwrap();
    let mut person = Person::new(&case, true, Some(folder.path().join("person.log")));
    let closed = async {
        somebody_comes(&case).await;
        stack.until(&case, Phase::Closed).await
    };
    let status = tokio::select! {
        status = closed => status.unwrap(),
        trouble = person.live() => panic!("the persons: {trouble:?}"),
    };
    let journal = status.journal.unwrap();
    until_stored(&case).await;
    let (code, said, why) = reached("verify", &[]);
    assert!(why.is_empty(), "{why}");
    let reports = ["json", "md", "html"].map(reported);
    let exported = read("journal.jsonl");
    let of_records = |one: &Value| one["kind"] == "ClosureRecord";
    let (journal_there, approvals) = exported.into_iter().partition(of_records);
    let listed = listed(&stack).await;
    let deleted = tidy(&stack).await;
    let (tidied, told, _) = reached("verify", &[]);
    Left {
        planned,
        reports,
        tidied: (tidied, told),
        deleted,
        head: format!("{}:{}", journal.sequence, journal.head),
        in_cluster: (code, said),
        journal: journal_there,
        approvals,
        other,
        users,
        listed,
        store,
        folder,
    }
}

/// The journals of the cluster as kubectl prints them.
async fn listed(stack: &Stack) -> Value {
    let get = ["get", "closurerecords", "-n", "tenant-closure"];
    let get = [&get[..], &["-o", "json"]].concat();
    let (_, listed, why) = stack.cluster.kubectl("admin", &get, None).await.unwrap();
    serde_json::from_str(&listed).unwrap_or_else(|_| panic!("{why}"))
}

/// All of it is in the store, the report of its end as well.
async fn until_stored(case: &Case) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let closure = case.closures().get(NAME).await.unwrap();
        let conditions = closure.status.unwrap().conditions;
        let mut stored = conditions
            .iter()
            .filter(|one| one.type_ == "EvidenceStored");
        if stored.any(|one| one.reason == "Stored") {
            return;
        }
        assert!(Instant::now() < deadline, "{conditions:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Somebody comes when nearly all have gone: a supplement of the plan.
async fn somebody_comes(case: &Case) {
    let gone = |one: &&Value| one["kind"] == "userDeleted";
    while case
        .portal
        .effects()
        .await
        .unwrap()
        .iter()
        .filter(gone)
        .count()
        < 55
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let somebody = json!({"action": "createUser"});
    case.portal.press_with(&somebody).await.unwrap();
}

/// Somebody deletes the approvals, and bob makes one anew under the name of one of his; UIDs of those that were.
async fn tidy(stack: &Stack) -> Vec<String> {
    let place = ["-n", "closures"];
    let get = [&["get", "closureapprovals", "-o", "json"][..], &place].concat();
    let (_, out, why) = stack.cluster.kubectl("admin", &get, None).await.unwrap();
    let list: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{why}"));
    let approvals = list["items"].as_array().unwrap().iter();
    let approvals: Vec<&Value> = approvals
        .filter(|one| one["spec"]["purpose"] == "Approval")
        .collect();
    let delete = [&["delete", "closureapprovals", "--all"][..], &place].concat();
    let (done, _, why) = stack.cluster.kubectl("admin", &delete, None).await.unwrap();
    assert!(done, "{why}");
    let mut again = approvals[0].clone();
    let name = again["metadata"]["name"].clone();
    again["metadata"] = json!({"name": name, "namespace": "closures"});
    stack
        .cluster
        .apply("bob", &again.to_string())
        .await
        .unwrap();
    let uid = |one: &&Value| one["metadata"]["uid"].as_str().unwrap().to_owned();
    approvals.iter().map(uid).collect()
}

/// The tenant of the demo, with 60 users and an Azure subscription that somebody has called by his own name.
fn simulation(folder: &Path) -> Vec<String> {
    let demo = include_str!("../../examples/demo-tenant.yaml");
    let named = demo.replace("sku: AZURE_PAYG", "sku: Jan Jansen");
    assert_ne!(named, demo);
    let scenario = folder.join("scenario.yaml");
    std::fs::write(&scenario, named).unwrap();
    let scenario = scenario.display().to_string();
    ["--users", "60", "--seed", "7", "--scenario", &scenario]
        .map(str::to_owned)
        .to_vec()
}

/// All users, asked for as any program would.
async fn users(stack: &Stack) -> Vec<Value> {
    let tenant = stack.simulator.tenant().unwrap();
    let authority = std::fs::read(&stack.simulator.ready.ca_file).unwrap();
    let http = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&authority).unwrap()])
        .no_proxy()
        .build()
        .unwrap();
    let base = format!("https://{}", stack.simulator.address());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &tenant.app_id),
        ("client_secret", &tenant.client_secret),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let url = format!("{base}/login/{}/oauth2/v2.0/token", tenant.id);
    let token: Value = http
        .post(url)
        .form(&form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let token = token["access_token"].as_str().unwrap();
    let select = "id,displayName,givenName,surname,userPrincipalName,mail";
    let url = format!("{base}/graph/v1.0/users?$top=999&$select={select}");
    let answer = http.get(url).bearer_auth(token).send().await.unwrap();
    let page: Value = answer.json().await.unwrap();
    assert!(page["@odata.nextLink"].is_null());
    page["value"].as_array().unwrap().clone()
}
