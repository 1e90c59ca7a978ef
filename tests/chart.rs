//! The chart, rendered by real Helm and applied to a real API server.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[allow(dead_code)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;
#[path = "chart/network.rs"]
mod network;

use cluster::Cluster;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tenant_closure::api::policies;
use tenant_closure::closure::terms::Cloud;
use tenant_closure::controller::{configuration, lead};
use tenant_closure::operations::federated;

const OPERATOR: &str = "tenant-closure";

/// All that the operator may do, and in which kind of role.
fn needed() -> [(&'static str, Value); 9] {
    let ours = |resources: Value, verbs: Value| json!({"apiGroups": ["tenantclosure.dev"], "resources": resources, "verbs": verbs});
    let policies = json!({
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": ["validatingadmissionpolicies", "validatingadmissionpolicybindings"],
        "resourceNames": policies::REQUIRED,
        "verbs": ["get"],
    });
    let configuration = json!({
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": [configuration::NAME],
        "verbs": ["get", "list", "watch"],
    });
    let lease = json!({
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "resourceNames": [lead::NAME],
        "verbs": ["get", "patch"],
    });
    let events = json!({"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]});
    [
        (
            "ClusterRole",
            ours(json!(["tenantclosures"]), json!(["get", "list", "watch"])),
        ),
        (
            "ClusterRole",
            ours(json!(["closureapprovals"]), json!(["list", "watch"])),
        ),
        (
            "ClusterRole",
            ours(json!(["tenantclosures/status"]), json!(["patch"])),
        ),
        ("ClusterRole", events),
        ("ClusterRole", policies),
        (
            "Role",
            ours(json!(["closurerecords"]), json!(["create", "get", "list"])),
        ),
        (
            "Role",
            ours(json!(["closurerecords/status"]), json!(["patch"])),
        ),
        ("Role", configuration),
        ("Role", lease),
    ]
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn helm() -> &'static Path {
    static HELM: OnceLock<PathBuf> = OnceLock::new();
    HELM.get_or_init(|| {
        let script = root().join("tests/support/control-plane.sh");
        let output = Command::new(script).arg("helm").output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    })
}

/// What `helm template` prints for these settings, or its complaint.
fn template(settings: &[&str]) -> Result<String, String> {
    let output = Command::new(helm())
        .args(["template", OPERATOR, "--namespace", OPERATOR])
        .arg(root().join("charts/tenant-closure"))
        .args(settings.iter().flat_map(|setting| ["--set", setting]))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

fn objects(settings: &[&str]) -> Vec<Value> {
    let rendered = template(settings).unwrap();
    let documents = rendered
        .split("\n---\n")
        .map(|text| serde_saphyr::from_str(text).unwrap());
    documents
        .filter(|object: &Value| !object.is_null())
        .collect()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects
        .iter()
        .filter(|object| object["kind"] == kind)
        .collect()
}

const JOBS: [&str; 2] = [
    "backupNamespaces[0].namespace=closures",
    "backupNamespaces[0].jobNames={contoso-backup}",
];

const SECRETS: [&str; 2] = [
    "credentialNamespaces[0].namespace=closures",
    "credentialNamespaces[0].secretNames={contoso-closer,contoso-reader}",
];

#[test]
fn helm_finds_no_fault() {
    let output = Command::new(helm())
        .args(["lint", "--strict"])
        .arg(root().join("charts/tenant-closure"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn a_value_that_cannot_be_meant_is_refused() {
    for (setting, words) in [
        ("replicas=2", "additional properties 'replicas' not allowed"),
        (
            "configuration.killSwich=true",
            "additional properties 'killSwich' not allowed",
        ),
        ("image.tags=1", "additional properties 'tags' not allowed"),
        (
            "crds.keeep=true",
            "additional properties 'keeep' not allowed",
        ),
        (
            "policies.enable=false",
            "additional properties 'enable' not allowed",
        ),
        (
            "resources.limit.memory=1Gi",
            "additional properties 'limit' not allowed",
        ),
        (
            "credentialNamespaces[0].namespace=closures",
            "missing property 'secretNames'",
        ),
        (
            "credentialNamespaces[0].secretNames={a}",
            "missing property 'namespace'",
        ),
        (
            "backupNamespaces[0].namespace=closures",
            "missing property 'jobNames'",
        ),
        (
            "configuration.workloadIdentityTenants[0].namespace=closures",
            "missing property 'tenants'",
        ),
        (
            "workloadIdentity.enable=true",
            "additional properties 'enable' not allowed",
        ),
        ("configuration.slice=401", "/configuration/slice"),
        ("configuration.killSwitch=yes", "/configuration/killSwitch"),
        (
            "configuration.gracePeriod=soon",
            "/configuration/gracePeriod",
        ),
        (
            "configuration.protectedTenants={contoso}",
            "/configuration/protectedTenants/0",
        ),
        ("image.pullPolicy=Sometimes", "/image/pullPolicy"),
        (
            "networkPolicy.enable=true",
            "additional properties 'enable' not allowed",
        ),
        (
            "networkPolicy.apiServerCIDRs={10.96.0.1}",
            "/networkPolicy/apiServerCIDRs/0",
        ),
        ("image.digest=sha256:12", "/image/digest"),
        (
            "configuration.evidenceStore=evidence",
            "/configuration/evidenceStore",
        ),
    ] {
        let complaint = template(&[setting]).expect_err(setting);
        assert!(complaint.contains(words), "{setting}: {complaint}");
    }
}

#[test]
fn every_value_is_explained_and_in_the_schema() {
    let text = std::fs::read_to_string(root().join("charts/tenant-closure/values.yaml")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for pair in lines.windows(2) {
        let key = pair[1].trim_start();
        if key.contains(':') && !key.starts_with(['#', '-']) {
            assert!(
                pair[0].trim_start().starts_with('#'),
                "{key} is not explained"
            );
        }
    }
    let schema =
        std::fs::read_to_string(root().join("charts/tenant-closure/values.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let values: Value = serde_saphyr::from_str(&text).unwrap();
    for (key, value) in values.as_object().unwrap() {
        let known = &schema["properties"][key];
        assert!(known.is_object(), "{key} is not in the schema");
        for inner in value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(inner, _)| inner)
        {
            assert!(
                known["properties"][inner].is_object(),
                "{key}.{inner} is not in the schema"
            );
        }
    }
}

#[test]
fn it_grants_what_the_operator_needs_and_no_more() {
    let objects = objects(&[]);
    let mut granted = Vec::new();
    for kind in ["ClusterRole", "Role"] {
        for role in of_kind(&objects, kind) {
            for rule in role["rules"].as_array().unwrap() {
                granted.push((kind, rule.clone()));
            }
        }
    }
    assert_eq!(granted, needed());
    for binding in of_kind(&objects, "ClusterRoleBinding")
        .into_iter()
        .chain(of_kind(&objects, "RoleBinding"))
    {
        let only = json!([{"kind": "ServiceAccount", "name": OPERATOR, "namespace": OPERATOR}]);
        assert_eq!(binding["subjects"], only);
    }
    // The journal and the configuration are the operator's namespace's.
    assert_eq!(
        of_kind(&objects, "Role")[0]["metadata"]["namespace"],
        OPERATOR
    );
}

#[test]
fn secrets_are_granted_by_name_where_they_are_listed() {
    let secrets = |objects: &[Value]| -> Vec<(Value, Value)> {
        let roles = of_kind(objects, "ClusterRole")
            .into_iter()
            .chain(of_kind(objects, "Role"));
        roles
            .flat_map(|role| {
                role["rules"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(move |rule| (role, rule))
            })
            .filter(|(_, rule)| {
                let resources = rule["resources"].as_array().unwrap();
                resources.contains(&json!("secrets")) || resources.contains(&json!("*"))
            })
            .map(|(role, rule)| (role["metadata"].clone(), rule.clone()))
            .collect()
    };
    assert_eq!(secrets(&objects(&[])), []);
    let granted = secrets(&objects(&SECRETS));
    assert_eq!(granted.len(), 1);
    assert_eq!(granted[0].0["namespace"], "closures");
    let names = json!(["contoso-closer", "contoso-reader"]);
    let rule = json!({"apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"]});
    assert_eq!(granted[0].1, rule);
}

#[test]
fn backup_jobs_are_granted_by_name_where_they_are_listed() {
    let jobs = |objects: &[Value]| -> Vec<(Value, Value)> {
        let mut found = Vec::new();
        for kind in ["ClusterRole", "Role"] {
            for role in of_kind(objects, kind) {
                for rule in role["rules"].as_array().unwrap() {
                    if rule["apiGroups"] == json!(["batch"]) {
                        found.push((role["metadata"]["namespace"].clone(), rule.clone()));
                    }
                }
            }
        }
        found
    };
    assert_eq!(jobs(&objects(&[])), []);
    let rule = json!({"apiGroups": ["batch"], "resources": ["jobs"], "resourceNames": ["contoso-backup"], "verbs": ["get"]});
    assert_eq!(jobs(&objects(&JOBS)), [(json!("closures"), rule)]);
}

#[test]
fn crds_stay_unless_told_otherwise() {
    let policy = |objects: &[Value]| -> Vec<Value> {
        let crds = of_kind(objects, "CustomResourceDefinition").into_iter();
        crds.map(|crd| crd["metadata"]["annotations"]["helm.sh/resource-policy"].clone())
            .collect()
    };
    assert_eq!(policy(&objects(&[])), vec![json!("keep"); 3]);
    assert_eq!(policy(&objects(&["crds.keep=false"])), vec![Value::Null; 3]);
    assert_eq!(
        policy(&objects(&["crds.enabled=false"])),
        Vec::<Value>::new()
    );
    let without = objects(&["policies.enabled=false"]);
    assert!(
        without
            .iter()
            .all(|object| !object["kind"].as_str().unwrap().contains("AdmissionPolicy"))
    );
}

#[test]
fn the_policies_are_those_that_the_operator_looks_for() {
    let objects = objects(&[]);
    let shipped = policies::yaml(OPERATOR, OPERATOR);
    let mut seen = 0;
    for document in shipped.split("\n---\n") {
        let shipped: Value = serde_saphyr::from_str(document).unwrap();
        if !shipped.is_null() {
            assert!(objects.contains(&shipped), "{shipped:#}");
            seen += 1;
        }
    }
    assert_eq!(seen, 12);
}

#[test]
fn the_operator_can_read_its_configuration() {
    let tenant = "6f2f4a3e-1b2c-4d5e-8f90-a1b2c3d4e5f6";
    let protected = format!("configuration.protectedTenants={{{tenant}}}");
    for (settings, kill_switch) in [
        (vec![], false),
        (
            vec![
                "configuration.killSwitch=true",
                "configuration.minimumApprovals=3",
                &protected,
            ],
            true,
        ),
    ] {
        let objects = objects(&settings);
        let map: ConfigMap =
            serde_json::from_value(of_kind(&objects, "ConfigMap")[0].clone()).unwrap();
        assert_eq!(map.metadata.name.as_deref(), Some(configuration::NAME));
        let read = configuration::resolve(Some(&map));
        assert!(read.guards.present, "{map:?}");
        assert_eq!(read.guards.kill_switch, kill_switch);
        assert_eq!(read.defaults.slice, 400);
        assert_eq!(
            read.defaults.minimum_approvals,
            if kill_switch { 3 } else { 1 }
        );
        assert_eq!(read.guards.protected.len(), usize::from(kill_switch));
        assert!(read.workload_identity.is_empty());
    }
}

#[test]
fn machines_are_named_one_a_line() {
    let read = |settings: &[&str]| {
        let objects = objects(settings);
        let map = of_kind(&objects, "ConfigMap")[0].clone();
        configuration::resolve(Some(&serde_json::from_value(map).unwrap()))
    };
    let usual = read(&[]);
    assert!(usual.guards.present && !usual.unapproved_machines && !usual.machines.has("ci-1"));
    let named = read(&["configuration.machineAuthors={ci-*,gitlab:group/project:deploy}"]);
    assert!(named.guards.present && named.machines.has("ci-1"));
    assert!(named.machines.has("gitlab:group/project:deploy") && !named.machines.has("bob"));
    assert!(read(&["configuration.allowMachinesWithoutApproval=true"]).unapproved_machines);
    for wrong in ["{*}", "{#ci}", "ci"] {
        let setting = format!("configuration.machineAuthors={wrong}");
        assert!(template(&[&setting]).is_err(), "{wrong}");
    }
}

/// Absent in whatever way, it is asked for; only a zero that somebody writes switches it off.
#[test]
fn a_proof_of_the_retained_administrator_is_asked_for_by_default() {
    let key = "configuration.retainedAdministratorProofDays";
    let days = |settings: &[&str]| {
        let objects = objects(settings);
        let map = of_kind(&objects, "ConfigMap")[0].clone();
        let read = configuration::resolve(Some(&serde_json::from_value(map).unwrap()));
        assert!(read.guards.present);
        read.guards.proof_days
    };
    assert_eq!(days(&[]), Some(30));
    assert_eq!(days(&[&format!("{key}=null")]), Some(30));
    assert_eq!(days(&[&format!("{key}=7")]), Some(7));
    assert_eq!(days(&[&format!("{key}=0")]), None);
    for wrong in [format!("{key}=-1"), format!("{key}=91")] {
        assert!(template(&[&wrong]).is_err(), "{wrong}");
    }
}

#[test]
fn workload_identity_is_bound_by_namespace_and_its_token_is_mounted_where_asked_for() {
    let [one, two] = [
        "6f2f4a3e-1b2c-4d5e-8f90-a1b2c3d4e5f6",
        "7a3b0c1d-2e3f-4a5b-8c6d-7e8f90a1b2c3",
    ];
    let objects = objects(&[
        "workloadIdentity.enabled=true",
        "configuration.workloadIdentityTenants[0].namespace=closures",
        &format!("configuration.workloadIdentityTenants[0].tenants={{{one},{two}}}"),
        "configuration.workloadIdentityTenants[1].namespace=team-b",
        &format!("configuration.workloadIdentityTenants[1].tenants={{{two}}}"),
    ]);
    let map: ConfigMap = serde_json::from_value(of_kind(&objects, "ConfigMap")[0].clone()).unwrap();
    let read = configuration::resolve(Some(&map));
    assert!(read.guards.present, "{map:?}");
    let count = |name: &str| {
        read.workload_identity
            .get(name)
            .map(std::collections::BTreeSet::len)
    };
    assert_eq!(
        (count("closures"), count("team-b"), count("others")),
        (Some(2), Some(1), None)
    );
    let pod = &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"];
    let tokens = |pod: &Value| -> Vec<Value> {
        let sources = pod["volumes"][0]["projected"]["sources"].as_array();
        let sources = sources.unwrap().iter();
        sources
            .map(|one| one["serviceAccountToken"].clone())
            .collect()
    };
    // A token for each cloud, where the operator looks for it.
    for cloud in Cloud::ALL {
        let token = json!({"path": format!("token{}", federated::ending(cloud)), "audience": cloud.federated_audience(),
            "expirationSeconds": 3600});
        assert!(tokens(pod).contains(&token), "{cloud:?}: {:?}", tokens(pod));
    }
    assert_eq!(tokens(pod).len(), 3);
    let one = crate::objects(&[
        "workloadIdentity.enabled=true",
        "workloadIdentity.audience=api://one",
    ]);
    let one = &of_kind(&one, "Deployment")[0]["spec"]["template"]["spec"];
    assert_eq!(
        tokens(one),
        [json!({"path": "token", "audience": "api://one", "expirationSeconds": 3600})]
    );
    let container = &pod["containers"][0];
    let file = container["env"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "AZURE_FEDERATED_TOKEN_FILE");
    let folder = container["volumeMounts"][0]["mountPath"].as_str().unwrap();
    assert_eq!(file.unwrap()["value"], format!("{folder}/token"));
    let without = crate::objects(&[]);
    let pod = &of_kind(&without, "Deployment")[0]["spec"]["template"]["spec"];
    assert!(pod.get("volumes").is_none());
}

#[test]
fn evidence_goes_to_a_volume_that_the_operator_may_write_to() {
    let objects = objects(&[
        "evidence.volume.persistentVolumeClaim.claimName=kept",
        "evidence.envFrom[0].secretRef.name=evidence-store",
        "configuration.evidenceRequired=true",
    ]);
    let map: ConfigMap = serde_json::from_value(of_kind(&objects, "ConfigMap")[0].clone()).unwrap();
    let read = configuration::resolve(Some(&map));
    assert!(read.guards.present && read.evidence_required, "{map:?}");
    let pod = &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"];
    assert_eq!(
        pod["volumes"][0]["persistentVolumeClaim"]["claimName"],
        "kept"
    );
    assert_eq!(pod["securityContext"]["fsGroup"], 65532);
    let container = &pod["containers"][0];
    let folder = container["volumeMounts"][0]["mountPath"].as_str().unwrap();
    assert_eq!(
        read.evidence_store.unwrap().path(),
        Some(PathBuf::from(folder))
    );
    assert_eq!(
        container["envFrom"][0]["secretRef"]["name"],
        "evidence-store"
    );

    // Another folder than the volume's is meant where it is named; without any there is none.
    let store = |settings: &[&str]| {
        let objects = crate::objects(settings);
        let map = of_kind(&objects, "ConfigMap")[0].clone();
        configuration::resolve(Some(&serde_json::from_value(map).unwrap())).evidence_store
    };
    let named = store(&["configuration.evidenceStore=/elsewhere"]);
    assert_eq!(named.unwrap().to_string(), "file:///elsewhere");
    assert_eq!(store(&[]), None);
}

#[test]
fn the_resolver_of_the_pod_can_be_chosen() {
    let pod = |settings: &[&str]| {
        let objects = objects(settings);
        of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"].clone()
    };
    let usual = pod(&[]);
    assert_eq!(usual["dnsPolicy"], "ClusterFirst");
    assert!(usual.get("dnsConfig").is_none());
    let own = pod(&["dnsPolicy=None", "dnsConfig.nameservers={9.9.9.9}"]);
    assert_eq!(own["dnsPolicy"], "None");
    assert_eq!(own["dnsConfig"], json!({"nameservers": ["9.9.9.9"]}));
}

#[test]
fn the_pod_is_restricted_and_alone() {
    let objects = objects(&[]);
    let spec = &of_kind(&objects, "Deployment")[0]["spec"];
    assert_eq!(
        (&spec["replicas"], &spec["strategy"]),
        (&json!(1), &json!({"type": "Recreate"}))
    );
    let pod = &spec["template"]["spec"];
    let account = of_kind(&objects, "ServiceAccount")[0];
    assert_eq!(account["automountServiceAccountToken"], false);
    assert_eq!(pod["automountServiceAccountToken"], true);
    assert_eq!(pod["enableServiceLinks"], false);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    let profile = &pod["securityContext"]["seccompProfile"]["type"];
    assert_eq!(profile, "RuntimeDefault");
    let may = json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}});
    assert_eq!(pod["containers"][0]["securityContext"], may);
    let resources = &pod["containers"][0]["resources"];
    assert!(
        resources["requests"]["memory"].is_string() && resources["limits"]["memory"].is_string()
    );
    let container = &spec["template"]["spec"]["containers"][0];
    assert_eq!(container["args"][0], "run");
    assert_eq!(
        container["image"],
        concat!("tenant-closure:", env!("CARGO_PKG_VERSION"))
    );
    let digest = "a".repeat(64);
    let pinned = crate::objects(&[&format!("image.digest=sha256:{digest}")]);
    let container = &of_kind(&pinned, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        container["image"],
        format!("tenant-closure@sha256:{digest}")
    );
}

/// What the operator may ask the API server, and may not.
const MAY: [(bool, &str); 30] = [
    (true, "list tenantclosures.tenantclosure.dev -A"),
    (true, "watch closureapprovals.tenantclosure.dev -A"),
    (
        true,
        "patch tenantclosures.tenantclosure.dev -A --subresource=status",
    ),
    (
        true,
        "create closurerecords.tenantclosure.dev -n tenant-closure",
    ),
    (
        true,
        "patch closurerecords.tenantclosure.dev -n tenant-closure --subresource=status",
    ),
    (true, "create events.events.k8s.io -n closures"),
    (true, "watch configmaps/tenant-closure -n tenant-closure"),
    (
        true,
        "patch leases.coordination.k8s.io/tenant-closure -n tenant-closure",
    ),
    (
        false,
        "patch leases.coordination.k8s.io/another -n tenant-closure",
    ),
    (false, "create leases.coordination.k8s.io -n tenant-closure"),
    (
        true,
        "get validatingadmissionpolicies/tenantclosure-record-guard",
    ),
    (true, "get secrets/contoso-closer -n closures"),
    (false, "get secrets/another -n closures"),
    (false, "get secrets/contoso-closer -n tenant-closure"),
    (false, "list secrets -n closures"),
    (true, "get jobs.batch/contoso-backup -n closures"),
    (false, "get jobs.batch/another -n closures"),
    (false, "list jobs.batch -n closures"),
    (false, "get jobs.batch/contoso-backup -n tenant-closure"),
    (false, "list secrets -A"),
    (false, "patch tenantclosures.tenantclosure.dev -n closures"),
    (false, "delete tenantclosures.tenantclosure.dev -n closures"),
    (
        false,
        "approve tenantclosures.tenantclosure.dev -n closures",
    ),
    (
        false,
        "create closureapprovals.tenantclosure.dev -n closures",
    ),
    (false, "create closurerecords.tenantclosure.dev -n closures"),
    (
        false,
        "patch closurerecords.tenantclosure.dev -n tenant-closure",
    ),
    (
        false,
        "update closurerecords.tenantclosure.dev -n tenant-closure",
    ),
    (
        false,
        "delete closurerecords.tenantclosure.dev -n tenant-closure",
    ),
    (false, "update configmaps/tenant-closure -n tenant-closure"),
    (
        false,
        "delete validatingadmissionpolicies/tenantclosure-record-guard",
    ),
];

#[tokio::test]
async fn the_api_server_accepts_it_and_holds_the_operator_to_it() {
    let cluster = Cluster::shared().await.unwrap();
    // The namespaces are as strict as they can be, and a warning is a failure.
    let namespaces = "
{apiVersion: v1, kind: Namespace, metadata: {name: tenant-closure, labels: {pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/warn: restricted}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: closures}}
";
    cluster.apply("admin", namespaces).await.unwrap();
    let settings: Vec<&str> = SECRETS.into_iter().chain(JOBS).collect();
    let rendered = template(&settings).unwrap();
    for verb in [["create", "-f", "-"], ["replace", "-f", "-"]] {
        let (done, _, words) = cluster
            .kubectl("admin", &verb, Some(&rendered))
            .await
            .unwrap();
        assert!(done && words.is_empty(), "{verb:?}: {words}");
    }
    cluster
        .service_account_kubeconfig(OPERATOR, OPERATOR)
        .await
        .unwrap();
    for (answer, args) in MAY {
        let args: Vec<&str> = ["auth", "can-i"]
            .into_iter()
            .chain(args.split(' '))
            .collect();
        let (_, said, words) = cluster
            .kubectl("tenant-closure.tenant-closure", &args, None)
            .await
            .unwrap();
        assert_eq!(
            said.trim(),
            if answer { "yes" } else { "no" },
            "{args:?}: {words}"
        );
    }
    a_pod_would_be_accepted(cluster).await;
}

/// No pod runs here, so what a pod would be held to is asked with one.
async fn a_pod_would_be_accepted(cluster: &Cluster) {
    let objects = objects(&[]);
    let template = &of_kind(&objects, "Deployment")[0]["spec"]["template"];
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
        "metadata": {"name": "operator", "namespace": OPERATOR, "labels": template["metadata"]["labels"]},
    });
    let args = ["create", "--dry-run=server", "-f", "-"];
    let (done, _, words) = cluster
        .kubectl("admin", &args, Some(&pod.to_string()))
        .await
        .unwrap();
    assert!(done && words.is_empty(), "{words}");
}
