//! One closure, carried out once for all tests while everything is written down, and what it left.

use crate::case::{Case, NAME};
use crate::others::{self, Others};
use crate::person::Person;
use crate::poison::{self, Poisoned};
use crate::stack::rights::{operator, roles};
use crate::stack::{Audit, Options, Stack};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tenant_closure::closure::report::Phase;

/// Where the closure lives.
const NAMESPACE: &str = "closures";
/// The Job that vouches for the backup.
const JOB: &str = "contoso-backup";

/// Names that break what takes them for its own words.
pub(crate) const NASTY: [&str; 7] = [
    "'; rm -rf / #\"`$(reboot)`\"",
    "first line\nlevel=ERROR second line\r\nthird",
    "../../../../etc/passwd\0",
    "\u{202e}evil\u{2066}txt.exe\u{200f}",
    "<script>alert('nasty')</script><img src=x onerror=alert(1)>",
    "\u{1b}[2J\u{1b}]0;owned\u{7}{{ .Values }} ${jndi:x} %n%s",
    "| a | b |\n# heading [link](javascript:alert(1))",
];

/// What the closure left.
pub(crate) struct Left {
    /// What each Secret of the cluster held that nobody but Microsoft may see: where it stands, and the value.
    pub(crate) secrets: Vec<(String, String)>,
    /// What the operator logged, at `debug`.
    pub(crate) log: String,
    /// Every object of the cluster that it wrote or could have, by kind; no Secret.
    pub(crate) objects: Vec<(String, Value)>,
    /// Its metrics.
    pub(crate) metrics: String,
    /// What people read, by name: reports, exports, what the plugin and kubectl print.
    pub(crate) pages: Vec<(String, String)>,
    /// What the API server wrote down of each request, with bodies but for those of Secrets.
    pub(crate) audit: Vec<Value>,
    /// Rules that the simulator saw broken.
    pub(crate) violations: Value,
    /// What the simulator was asked, by route, with how often.
    pub(crate) stats: Value,
    /// The chart's roles for the operator, rendered as they were installed.
    pub(crate) roles: Vec<Value>,
    /// The closures beside it.
    pub(crate) others: Others,
    /// The one whose answers were poisoned.
    pub(crate) poisoned: Poisoned,
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

/// A tenant in which everything has a nasty name, and one subscription's has a mebibyte.
fn scenario() -> Value {
    let sold = |kind: &str, name: &str| json!({"kind": kind, "sku": name, "termEndDays": 4, "termDays": 4});
    let mut subscriptions: Vec<Value> = NASTY.map(|name| sold("Direct", name)).into();
    subscriptions.push(sold("CustomerAgreement", NASTY[1]));
    subscriptions.push(sold("CustomerAgreement", &"A\u{202e}".repeat(1 << 18)));
    let mut names: Vec<String> = NASTY.map(str::to_owned).into();
    names.push("B".repeat(1 << 20));
    json!({"tenants": [{
        "users": 60, "displayName": NASTY[4], "displayNames": names, "subscriptions": subscriptions,
        "spareAdministrator": {}, "sync": {"enabled": true}, "applications": 3, "servicePrincipals": 3,
        "firstPartyServicePrincipals": 5,
    }]})
}

async fn close() -> Left {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.json");
    std::fs::write(&file, scenario().to_string()).unwrap();
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    let options = Options {
        simulation: vec!["--scenario".to_owned(), file.display().to_string()],
        slice: Some(20),
        values: vec![
            format!("credentialNamespaces[0].namespace={NAMESPACE}"),
            "credentialNamespaces[0].secretNames={contoso-closer,contoso-reader}".to_owned(),
            format!("backupNamespaces[0].namespace={NAMESPACE}"),
            format!("backupNamespaces[0].jobNames={{{JOB}}}"),
        ],
        arguments: vec!["--log-json"],
        log: Some("debug"),
        audit: Audit::Bodies,
        refused: Vec::new(),
        quiet: true,
        before: Some(namespace.to_string()),
        environment: Vec::new(),
    };
    let stack = Stack::start(Some(folder.path()), options).await.unwrap();
    let tenant = stack.simulator.tenant().unwrap().clone();
    let mut case = stack.case(NAMESPACE, tenant).await.unwrap();
    backup(&stack).await;
    let spec = &mut case.manifest["spec"];
    spec["backup"] = json!({"jobName": JOB, "maxAge": "24h"});
    spec["mode"] = json!("Plan");
    let (pages, others, poisoned) = tokio::join!(
        closed(&stack, &mut case),
        others::close(&stack),
        poison::close(&stack)
    );
    Left {
        secrets: secrets(&stack).await,
        others,
        poisoned,
        log: std::fs::read_to_string(folder.path().join("operator.log")).unwrap(),
        objects: objects(&stack).await,
        metrics: metrics(&stack).await,
        pages,
        audit: audit(&stack),
        violations: case.portal.get("violations").await.unwrap(),
        stats: case.portal.get("stats").await.unwrap(),
        roles: roles(&stack.chart),
    }
}

/// First planned, then executed.
async fn closed(stack: &Stack, case: &mut Case) -> Vec<(String, String)> {
    case.apply().await.unwrap();
    let mut pages = until(stack, case, Phase::Planned).await;
    case.manifest["spec"]["mode"] = json!("Execute");
    case.apply().await.unwrap();
    let mut person = Person::new(case, true, Some(stack.dir.join("person.log")));
    pages.extend(tokio::select! {
        pages = until(stack, case, Phase::Closed) => pages,
        trouble = person.live() => panic!("the persons: {trouble:?}"),
    });
    pages
}

/// The values of all Secrets but for those that are no secret.
async fn secrets(stack: &Stack) -> Vec<(String, String)> {
    let args = ["get", "secrets", "-A", "-o", "json"];
    let (ok, out, why) = stack.cluster.kubectl("admin", &args, None).await.unwrap();
    assert!(ok, "{why}");
    let list: Value = serde_json::from_str(&out).unwrap();
    let mut all = Vec::new();
    for one in list["items"].as_array().unwrap() {
        let meta = &one["metadata"];
        for (key, value) in one["data"].as_object().unwrap() {
            let bytes = STANDARD.decode(value.as_str().unwrap()).unwrap();
            if key != "clientId" {
                let place = format!("{}/{}/{key}", meta["namespace"], meta["name"]);
                all.push((place.replace('"', ""), String::from_utf8(bytes).unwrap()));
            }
        }
    }
    all
}

/// A Job that is Complete: nobody runs Jobs here, so its end is written by hand.
async fn backup(stack: &Stack) {
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": JOB, "namespace": NAMESPACE},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "backup", "image": "backup"}]}}},
    });
    stack
        .cluster
        .apply("admin", &job.to_string())
        .await
        .unwrap();
    let at = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second())
        .unwrap()
        .to_string();
    let condition = |kind| json!({"type": kind, "status": "True", "lastProbeTime": at, "lastTransitionTime": at});
    let status = json!({"status": {"startTime": at, "completionTime": at, "succeeded": 1,
        "conditions": [condition("SuccessCriteriaMet"), condition("Complete")]}});
    let place = [
        "patch",
        "job",
        JOB,
        "-n",
        NAMESPACE,
        "--subresource=status",
        "--type=merge",
        "-p",
    ];
    let text = status.to_string();
    let args: Vec<&str> = place.into_iter().chain([text.as_str()]).collect();
    let (ok, _, why) = stack.cluster.kubectl("admin", &args, None).await.unwrap();
    assert!(ok, "{why}");
}

/// Looks on as people do until it comes to this phase; what was printed to them in each phase.
async fn until(stack: &Stack, case: &Case, end: Phase) -> Vec<(String, String)> {
    let deadline = Instant::now() + Duration::from_secs(300);
    let mut pages = Vec::new();
    let mut last = None;
    loop {
        let status = case
            .closures()
            .get(NAME)
            .await
            .unwrap()
            .status
            .unwrap_or_default();
        if status.phase != last {
            last = status.phase;
            let phase = format!("{last:?}");
            pages.extend(printed(stack, NAMESPACE, &phase).await);
        }
        if status.phase == Some(end) {
            return pages;
        }
        assert!(
            Instant::now() < deadline,
            "not {end:?} but {:?}: {:?}\n{}{}",
            status.phase,
            status.summary,
            stack.log_end("operator.log"),
            stack.log_end("person.log"),
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// All that the plugin and kubectl print to people.
pub(crate) async fn printed(stack: &Stack, namespace: &str, phase: &str) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for command in [
        &["status", NAME][..],
        &["plan", NAME],
        &["report", NAME, "-o", "json"],
        &["report", NAME, "-o", "md"],
        &["report", NAME, "-o", "html"],
    ] {
        let mut plugin = tokio::process::Command::new(env!("CARGO_BIN_EXE_kubectl-tenant_closure"));
        plugin.args(command).args(["-n", namespace]);
        let output = plugin
            .env("KUBECONFIG", stack.cluster.kubeconfig("admin"))
            .output()
            .await
            .unwrap();
        // Wrong calls and refusals end otherwise.
        assert!(
            matches!(output.status.code(), Some(0..=2)),
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = [output.stdout, output.stderr].concat();
        let name = format!("{phase}: {}", command.join(" "));
        pages.push((name, String::from_utf8(text).unwrap()));
    }
    for args in [
        &["describe", "tcl", NAME][..],
        &["get", "tcl", NAME, "-o", "wide"],
    ] {
        let args = [args, &["-n", namespace]].concat();
        let (_, out, why) = stack.cluster.kubectl("admin", &args, None).await.unwrap();
        pages.push((format!("{phase}: {}", args.join(" ")), out + &why));
    }
    pages
}

/// Every object of the kinds that the operator reads or writes, Secrets left out.
async fn objects(stack: &Stack) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for kind in [
        "tenantclosures",
        "closureapprovals",
        "closurerecords",
        "events.events.k8s.io",
        "configmaps",
    ] {
        let args = ["get", kind, "-A", "-o", "json", "--show-managed-fields"];
        let (ok, out, why) = stack.cluster.kubectl("admin", &args, None).await.unwrap();
        assert!(ok, "{why}");
        let list: Value = serde_json::from_str(&out).unwrap();
        let items = list["items"].as_array().unwrap();
        all.extend(items.iter().map(|one| (kind.to_owned(), one.clone())));
    }
    all
}

async fn metrics(stack: &Stack) -> String {
    let url = format!("http://127.0.0.1:{}/metrics", stack.port);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    http.get(url).send().await.unwrap().text().await.unwrap()
}

/// The requests of the operator's own service account.
fn audit(stack: &Stack) -> Vec<Value> {
    let text = std::fs::read_to_string(stack.cluster.audit_log()).unwrap();
    let own = operator();
    let entries = text.lines().map(|line| serde_json::from_str(line).unwrap());
    entries
        .filter(|entry: &Value| entry["user"]["username"] == own)
        .collect()
}
