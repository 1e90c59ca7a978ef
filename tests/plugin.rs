//! The kubectl plugin against a real API server, with the shipped policies in force.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[allow(dead_code, unreachable_pub)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;

use clap::Parser as _;
use cluster::Cluster;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::Api;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;
use std::time::Duration;
use tenant_closure::api::{ClosureApproval, Purpose, REQUESTED_BY, TenantClosure, crd, policies};
use tenant_closure::plugin::{Arguments, Ended, Look, Trouble, carry_out};

const DOMAIN: &str = "contoso.onmicrosoft.com";
const DIGEST: &str = "9f2c61aa77ab9f2c61aa77ab9f2c61aa77ab9f2c61aa77ab9f2c61aa77ab9f2c";

/// Runs the plugin as a user; what it printed, and how it ended.
async fn plugin(cluster: &Cluster, user: &str, args: &[&str]) -> (String, Result<Ended, Trouble>) {
    let args = [&["kubectl-tenant_closure"], args].concat();
    let parsed = Arguments::try_parse_from(args).unwrap();
    let mut out = Vec::new();
    let ended = carry_out(
        &parsed.command,
        cluster.client(user),
        "closures",
        Look::default(),
        &mut out,
    )
    .await;
    (String::from_utf8(out).unwrap(), ended)
}

async fn prepare(cluster: &Cluster) {
    let namespaces = "{apiVersion: v1, kind: Namespace, metadata: {name: closures}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: tenant-closure}}";
    cluster.apply("admin", namespaces).await.unwrap();
    let crds = crd::yaml(None).unwrap();
    let server_side = ["apply", "--server-side", "-f", "-"];
    let (done, _, why) = cluster
        .kubectl("admin", &server_side, Some(&crds))
        .await
        .unwrap();
    assert!(done, "{why}");
    let established = [
        "wait",
        "--for=condition=Established",
        "--timeout=30s",
        "crd",
        "--all",
    ];
    let (done, _, why) = cluster.kubectl("admin", &established, None).await.unwrap();
    assert!(done, "{why}");
    let people = include_str!("../examples/people.yaml");
    for yaml in [
        policies::yaml("tenant-closure", "tenant-closure").as_str(),
        people,
    ] {
        cluster.apply("admin", yaml).await.unwrap();
    }
}

/// Applies; the API server may say for some seconds that it does not know a new kind.
async fn patiently(cluster: &Cluster, user: &str, yaml: &str) {
    for _ in 0..100 {
        match cluster.apply(user, yaml).await {
            Ok(_) => return,
            Err(why) if why.to_string().contains("There can be a delay") => {
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            }
            Err(why) => panic!("{why}"),
        }
    }
    panic!("the API server still does not know the kind");
}

/// Applies the example, once the policies know what they guard.
async fn create_as(cluster: &Cluster, user: &str) -> Api<TenantClosure> {
    let example = include_str!("../examples/closure.yaml");
    let closures: Api<TenantClosure> = Api::namespaced(cluster.client("admin"), "closures");
    for _ in 0..200 {
        patiently(cluster, user, example).await;
        let stamped = |one: &TenantClosure| one.annotations().contains_key(REQUESTED_BY);
        if closures.get("contoso").await.is_ok_and(|one| stamped(&one)) {
            return closures;
        }
        // It is older than the policy that vouches for its author, which nobody may approve.
        let _ = closures.delete("contoso", &DeleteParams::default()).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    panic!("no policy vouches for the author");
}

/// The example, applied by alice and planned.
async fn create(cluster: &Cluster) -> Api<TenantClosure> {
    let closures = create_as(cluster, "alice").await;
    let status = json!({"status": {
        "observedGeneration": 1, "phase": "AwaitingApproval", "step": "0/5 Preconditions", "progress": "4/4 (100%)",
        "steps": [], "blockers": [], "handOffs": [], "conditions": [],
        "plan": {"digest": DIGEST, "madeAt": "2026-10-02T09:14:07Z", "users": 1000, "subscriptions": 3, "applications": 2}
    }});
    closures
        .patch_status("contoso", &PatchParams::default(), &Patch::Merge(status))
        .await
        .unwrap();
    closures
}

/// Policies act a moment after their creation, and learn of a closure a moment after its own.
async fn until_done(cluster: &Cluster, user: &str, args: &[&str]) -> String {
    for _ in 0..100 {
        if let (out, Ok(Ended::Done)) = plugin(cluster, user, args).await {
            return out;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{:?}", plugin(cluster, user, args).await)
}

#[tokio::test]
async fn a_closure_is_shown_approved_attested_and_paused() {
    let cluster = Cluster::shared().await.unwrap();
    prepare(cluster).await;
    let closures = create(cluster).await;

    let (shown, ended) = plugin(cluster, "bob", &["status", "contoso"]).await;
    assert_eq!(ended.unwrap(), Ended::AwaitingApproval);
    assert!(
        shown.contains("☞ 0 Preconditions") && shown.contains("9f2c61aa77ab"),
        "{shown}"
    );
    let script = ["access", "script", "contoso", "--for", "plan"];
    let (shown, ended) = plugin(cluster, "bob", &script).await;
    assert_eq!(ended.unwrap(), Ended::Done);
    assert!(
        shown.contains("TenantClosure closures/contoso") && shown.contains("'User.Read.All'"),
        "{shown}"
    );
    let (shown, ended) = plugin(cluster, "bob", &["access", "check", "contoso"]).await;
    assert_eq!(ended.unwrap(), Ended::Done);
    assert!(
        shown.contains("1 Users\n  unknown  identity: User.ReadWrite.All"),
        "{shown}"
    );
    let (shown, _) = plugin(cluster, "bob", &["status", "contoso", "-o", "yaml"]).await;
    assert!(shown.contains("kind: TenantClosure"), "{shown}");
    let (shown, _) = plugin(cluster, "bob", &["status", "contoso", "-o", "json"]).await;
    let object: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(object["status"]["phase"], "AwaitingApproval");
    let watch = ["status", "contoso", "--watch", "--timeout", "0"];
    let (lines, ended) = plugin(cluster, "bob", &watch).await;
    assert_eq!(
        ended.unwrap(),
        Ended::AwaitingApproval,
        "what it waits for says more than the time"
    );
    assert_eq!(lines.lines().count(), 1, "{lines}");

    wrong_calls(cluster).await;
    texts_to_sign(cluster, &closures).await;

    let approve = [
        "approve",
        "contoso",
        "--plan",
        "9f2c61",
        "--confirm",
        DOMAIN,
        "--comment",
        "CAB-118",
    ];
    let said = until_done(cluster, "bob", &approve).await;
    assert!(said.contains("bob approves plan 9f2c61aa77ab"), "{said}");
    let attest = [
        "attest",
        "contoso",
        "--check",
        "C9",
        "--result",
        "passed",
        "--confirm",
        DOMAIN,
    ];
    until_done(cluster, "bob", &attest).await;
    let approvals: Api<ClosureApproval> = Api::namespaced(cluster.client("admin"), "closures");
    let made = approvals.list(&ListParams::default()).await.unwrap().items;
    let uid = closures.get("contoso").await.unwrap().metadata.uid.unwrap();
    assert!(
        made.iter()
            .all(|a| a.spec.closure_uid == uid && a.spec.approver == "bob")
    );
    let approval = made
        .iter()
        .find(|a| a.spec.purpose == Purpose::Approval)
        .unwrap();
    assert_eq!(approval.spec.plan_digest.as_deref(), Some(DIGEST));
    assert_eq!(made.len(), 2);
    paused_and_resumed(cluster, &closures).await;
}

/// The plugin pulls the brake and releases it, under a name of its own.
async fn paused_and_resumed(cluster: &Cluster, closures: &Api<TenantClosure>) {
    let (said, ended) = plugin(cluster, "alice", &["suspend", "contoso"]).await;
    assert_eq!(ended.unwrap(), Ended::Done, "{said}");
    assert!(!said.contains("Git"), "{said}");
    let suspended = closures.get("contoso").await.unwrap();
    assert_eq!(suspended.spec.suspend, Some(true));
    // Flux takes fields away from whoever is called kubectl-something.
    let owns = |writer: &&ManagedFieldsEntry| {
        let fields = writer.fields_v1.as_ref().map(|fields| fields.0.to_string());
        fields.is_some_and(|fields| fields.contains("f:suspend"))
    };
    let owner = suspended.managed_fields().iter().find(owns).unwrap();
    assert_eq!(owner.manager.as_deref(), Some("tenant-closure-plugin"));
    plugin(cluster, "alice", &["resume", "contoso"])
        .await
        .1
        .unwrap();
    let resumed = closures.get("contoso").await.unwrap();
    assert_eq!(resumed.spec.suspend, Some(false));
    // What Flux has applied it applies again.
    let applied = json!({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "closures"}}});
    let params = PatchParams::default();
    closures
        .patch("contoso", &params, &Patch::Merge(applied))
        .await
        .unwrap();
    for (command, words) in [
        ("suspend", "say `suspend: true` in Git as well"),
        ("resume", "where Git says `suspend: true`, take it out"),
    ] {
        let (said, ended) = plugin(cluster, "alice", &[command, "contoso"]).await;
        assert_eq!(ended.unwrap(), Ended::Done);
        assert!(said.contains(words), "{said}");
    }
}

/// Nothing is written where a text is asked for; without a cluster it takes the values as they are given.
async fn texts_to_sign(cluster: &Cluster, closures: &Api<TenantClosure>) {
    let closure = closures.get("contoso").await.unwrap();
    let (uid, tenant) = (closure.uid().unwrap(), closure.spec.tenant.id);
    let sign = ["contoso", "--confirm", DOMAIN, "--text"];
    let approve = [&["approve", "--plan", "9f2c61"], &sign[..]].concat();
    let (text, ended) = plugin(cluster, "bob", &approve).await;
    assert_eq!(ended.unwrap(), Ended::Done);
    for line in [
        "purpose: Approval\n".to_owned(),
        format!("closureUID: {uid}\ntenantID: {tenant}\nplanDigest: {DIGEST}\n"),
        format!("confirmDomain: {DOMAIN}\napprover: bob\nexpiresAt: 20"),
    ] {
        assert!(text.contains(&line), "{text}");
    }
    let attest = [
        &[
            "attest",
            "--check",
            "C9",
            "--result",
            "passed",
            "--approver",
            "carol",
        ],
        &sign[..],
    ];
    let (text, _) = plugin(cluster, "bob", &attest.concat()).await;
    assert!(text.contains("approver: carol\n"), "{text}");
    assert!(text.ends_with("check: C9\nresult: passed\n"), "{text}");
    let broken = [
        &[
            "attest",
            "--check",
            "C9\nresult: failed",
            "--result",
            "passed",
        ],
        &sign[..],
    ];
    let (_, ended) = plugin(cluster, "bob", &broken.concat()).await;
    assert!(matches!(ended, Err(Trouble::Usage(_))));
    let approvals: Api<ClosureApproval> = Api::namespaced(cluster.client("admin"), "closures");
    let written = approvals.list(&ListParams::default()).await.unwrap().items;
    assert!(written.is_empty(), "{written:?}");
}

/// What `contoso-bob.txt` holds was signed by the real ssh-keygen.
#[tokio::test]
async fn a_text_and_its_signature_become_an_object_for_git() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("contoso-bob.txt");
    let text = include_str!("support/signatures/contoso-bob.txt");
    let signature = include_str!("support/signatures/ed25519.sig");
    let for_git = include_str!("support/signatures/ed25519-for-git.sig");
    let path = file.display().to_string();
    let call = || {
        let run = std::process::Command::new(env!("CARGO_BIN_EXE_kubectl-tenant_closure"))
            .args(["manifest", &path, "-n", "closures"])
            .env("KUBECONFIG", "/nowhere")
            .output()
            .unwrap();
        let told = if run.status.success() {
            run.stdout
        } else {
            run.stderr
        };
        (run.status.code(), String::from_utf8(told).unwrap())
    };
    std::fs::write(&file, text).unwrap();
    let (code, told) = call();
    assert!(
        code == Some(4) && told.contains("contoso-bob.txt.sig"),
        "{told}"
    );
    for (text, signature, why) in [
        (text, for_git, "for another purpose"),
        (text, "by bob", "not as ssh-keygen -Y sign writes it"),
        (
            &text.replace("bob", "carol"),
            signature,
            "over something else",
        ),
        ("I approve", signature, "is not what `approve --text`"),
    ] {
        std::fs::write(&file, text).unwrap();
        std::fs::write(format!("{path}.sig"), signature).unwrap();
        let (code, told) = call();
        assert!(code == Some(4) && told.contains(why), "{told}");
    }
    std::fs::write(&file, text).unwrap();
    std::fs::write(format!("{path}.sig"), signature).unwrap();
    let (code, told) = call();
    assert_eq!(code, Some(0), "{told}");
    let made: ClosureApproval = serde_saphyr::from_str(&told).unwrap();
    assert_eq!(made.namespace().as_deref(), Some("closures"));
    assert!(made.name_any().starts_with("contoso-"), "{told}");
    assert_eq!(made.spec.text().as_deref(), Some(text));
    assert_eq!(made.spec.signature.as_deref(), Some(signature));
}

async fn wrong_calls(cluster: &Cluster) {
    let usage = [
        vec!["status", "fabrikam"],
        vec![
            "approve",
            "contoso",
            "--plan",
            "abcdef",
            "--confirm",
            DOMAIN,
        ],
        vec!["approve", "contoso", "--plan", "9f2", "--confirm", DOMAIN],
        vec![
            "approve",
            "contoso",
            "--plan",
            "9f2c61",
            "--confirm",
            "fabrikam.onmicrosoft.com",
        ],
    ];
    for call in usage {
        let (_, ended) = plugin(cluster, "bob", &call).await;
        assert!(matches!(ended, Err(Trouble::Usage(_))), "{call:?}");
    }
    // The author lacks the right to create approvals: the API server says so.
    let author = [
        "approve",
        "contoso",
        "--plan",
        "9f2c61",
        "--confirm",
        DOMAIN,
    ];
    let (_, ended) = plugin(cluster, "alice", &author).await;
    let Err(trouble @ Trouble::Cluster(_)) = ended else {
        panic!("{ended:?}")
    };
    // In its own words, with what to do about it, and nothing of the object around them.
    let told = trouble.to_string();
    let own =
        "closureapprovals.tenantclosure.dev is forbidden: User \"alice\" cannot create resource";
    assert!(told.starts_with(own), "{told}");
    assert!(told.contains("kubectl auth can-i --list"), "{told}");
    for word in ["Status", "details", "metadata", "Some("] {
        assert!(!told.contains(word), "{word}: {told}");
    }
}

#[tokio::test]
async fn the_examples_are_accepted() {
    let cluster = Cluster::start().await.unwrap();
    prepare(&cluster).await;
    create_as(&cluster, "admin").await;
    let credentials = include_str!("../examples/credentials.yaml");
    patiently(&cluster, "admin", credentials).await;
    // Their approver is bob, who is not the author; what is signed anybody may create who may create approvals.
    for (user, approval) in [
        ("bob", include_str!("../examples/approval.yaml")),
        ("admin", include_str!("../examples/gitops.yaml")),
    ] {
        until_accepted(&cluster, user, approval).await;
    }
}

async fn until_accepted(cluster: &Cluster, user: &str, example: &str) {
    let create = ["create", "--dry-run=server", "-f", "-"];
    for _ in 0..50 {
        let (done, _, why) = cluster.kubectl(user, &create, Some(example)).await.unwrap();
        if done {
            return;
        }
        eprintln!("{why}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("the example approval is refused");
}
