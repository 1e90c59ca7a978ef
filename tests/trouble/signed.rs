//! Approvals from Git: applied by a service account, signed with the real ssh-keygen, judged by the operator alone.

use crate::approvals::{admin, good, hours, told};
use crate::case::NAME;
use crate::children::binary;
use crate::person::Person;
use crate::signer::{self, Signer};
use crate::trial::Trial;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use tenant_closure::api::{
    CLOSURE_UID, ClosureApproval, ClosureApprovalSpec, ClosureRecord, Purpose, RecordType,
};
use tenant_closure::closure::report::Phase;

crate::rows![
    two_signatures_close_a_tenant_that_flux_applied,
    what_is_signed_wrongly_is_told,
    one_person_with_two_keys_is_one,
    what_was_revoked_does_not_come_back_under_another_name,
    what_was_revoked_stays_although_flux_prunes_it
];

/// The persons' keys; those of the configuration are in the chart's values from the start.
pub(crate) static SIGNER: LazyLock<Signer> = LazyLock::new(Signer::new);

/// The namespace of the signatures.
const PURPOSE: &str = "tenantclosure.dev";
/// For how long the policies may take to hear of a new closure.
const PATIENCE: Duration = Duration::from_secs(120);

/// Flux' service account, with the rights of the example; its name as a user of the cluster.
async fn flux(trial: &Trial) -> String {
    let (case, cluster) = (&trial.case, &trial.case.cluster);
    let example = include_str!("../../examples/gitops.yaml");
    let (rights, _) = example.rsplit_once("\n---\n").unwrap();
    let account = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: flux, namespace: closures}}\n---\n";
    let all = (account.to_owned() + rights)
        .replace("namespace: flux-system", "namespace: closures")
        .replace("kustomize-controller", "flux")
        .replace(
            "namespace: closures",
            &format!("namespace: {}", case.namespace),
        );
    cluster.apply("admin", &all).await.unwrap();
    let made = cluster.service_account_kubeconfig(&case.namespace, "flux");
    made.await.unwrap();
    format!("{}.flux", case.namespace)
}

/// Flux applies it, as soon as the policies have heard of the closure.
async fn applied(trial: &Trial, flux: &str, manifest: &str) {
    let deadline = Instant::now() + PATIENCE;
    while let Err(why) = trial.case.cluster.apply(flux, manifest).await {
        assert!(Instant::now() < deadline, "{why}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// What the approver signs of an approval.
fn text(approval: &Value) -> String {
    let spec = serde_json::from_value::<ClosureApprovalSpec>(approval["spec"].clone());
    spec.unwrap().text().unwrap()
}

/// Signed with this key.
fn signed(mut approval: Value, key: &str) -> Value {
    approval["spec"]["signature"] = json!(SIGNER.sign(key, PURPOSE, &text(&approval)));
    approval
}

/// What the plugin prints, run by somebody who has this kubeconfig and nothing else.
fn plugin(kubeconfig: &str, args: &[&str]) -> String {
    let run = Command::new(binary("kubectl-tenant_closure").unwrap())
        .args(args)
        .env("KUBECONFIG", kubeconfig)
        .output()
        .unwrap();
    let why = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{args:?}: {why}");
    String::from_utf8(run.stdout).unwrap()
}

/// The three commands of the documentation: bob reads the closure and has no other right; carol has no access at all.
async fn two_signatures_close_a_tenant_that_flux_applied() {
    let trial = Trial::new("signed", json!({})).await;
    let flux = flux(&trial).await;
    let (case, cluster) = (&trial.case, &trial.case.cluster);
    applied(&trial, &flux, &case.manifest.to_string()).await;
    trial.phase(Phase::AwaitingApproval).await;
    told(&trial, "ApprovalsMissing", "0 of 2 approvals for this plan").await;

    // Who wrote the closure, be it for another person, does not approve it.
    let unsigned = good(&trial, "unsigned", "bob").await.to_string();
    let why = cluster
        .apply(&flux, &unsigned)
        .await
        .unwrap_err()
        .to_string();
    assert!(why.contains("denied"), "{why}");

    let reader = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "reader", "namespace": case.namespace},
            "rules": [{"apiGroups": ["tenantclosure.dev"], "resources": ["tenantclosures"], "verbs": ["get"]}]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "reader", "namespace": case.namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "dave"}]},
    ]});
    cluster.apply("admin", &reader.to_string()).await.unwrap();
    let closure = case.closures().get(NAME).await.unwrap();
    let digest = closure
        .status
        .as_ref()
        .unwrap()
        .plan
        .as_ref()
        .unwrap()
        .digest
        .clone();
    let (uid, tenant) = (closure.uid().unwrap(), &closure.spec.tenant);
    let common = [
        "approve",
        NAME,
        "-n",
        &case.namespace,
        "--confirm",
        &tenant.initial_domain,
        "--text",
    ];
    let dave = cluster.kubeconfig("dave").display().to_string();
    let by_bob = [&common[..], &["--approver", "bob", "--plan", &digest[..12]]].concat();
    let far = [
        "--approver",
        "carol",
        "--plan",
        &digest,
        "--uid",
        &uid,
        "--tenant",
        &tenant.id,
    ];
    let by_carol = [&common[..], &far].concat();
    for (kubeconfig, args, key) in [
        (dave.as_str(), by_bob, "bob"),
        ("/nowhere", by_carol, "carol"),
    ] {
        let file = SIGNER.file(&plugin(kubeconfig, &args));
        signer::sign(&SIGNER.key(key), PURPOSE, &file);
        let manifest = plugin("/nowhere", &["manifest", &file, "-n", &case.namespace]);
        if key == "carol" {
            told(&trial, "ApprovalsMissing", "1 of 2 approvals for this plan").await;
            let person = Person::new(case, false, None);
            person.brief_judge(&closure, &digest).await.unwrap();
        }
        applied(&trial, &flux, &manifest).await;
    }
    told(&trial, "QuorumReached", "2 of 2 approvals for this plan").await;
    trial.assert_closes().await;

    let approvals: Api<ClosureApproval> = Api::namespaced(cluster.client("admin"), &case.namespace);
    let all = approvals.list(&ListParams::default()).await.unwrap().items;
    let all: Vec<_> = all
        .iter()
        .filter(|one| one.spec.purpose == Purpose::Approval)
        .collect();
    assert!(all.len() == 2 && all.iter().all(|one| one.spec.signature.is_some()));
    let records: Api<ClosureRecord> =
        Api::namespaced(cluster.client("admin"), crate::stack::OPERATOR);
    let ours = ListParams::default().labels(&format!("{CLOSURE_UID}={uid}"));
    let effects = records.list(&ours).await.unwrap().items;
    let mut effects = effects
        .iter()
        .filter(|one| one.spec.kind == RecordType::Effect);
    let uids: BTreeSet<String> = all.iter().filter_map(|one| one.uid()).collect();
    assert!(effects.all(|one| {
        let named: BTreeSet<String> = one.spec.approvals.iter().cloned().collect();
        named == uids && one.spec.approvals_required == 2
    }));
}

async fn what_is_signed_wrongly_is_told() {
    let trial = Trial::new("signed-wrongly", json!({})).await;
    let flux = flux(&trial).await;
    trial.apply().await;
    trial.phase(Phase::AwaitingApproval).await;
    let by = async |approver: &str| good(&trial, "signed", approver).await;
    let with = |mut approval: Value, field: &str, value: Value| {
        approval["spec"][field] = value;
        approval
    };
    let bob = by("bob").await;
    let for_git = SIGNER.sign("bob", "git", &text(&bob));
    let cases = [
        (
            signed(by("mallory").await, "stranger"),
            "one is signed by somebody who has no key in the operator's configuration",
        ),
        (
            signed(bob.clone(), "stranger"),
            "one is signed with another key than its approver's in the operator's configuration",
        ),
        (
            signed(by("carol").await, "bob"),
            "one is signed with another key than its approver's in the operator's configuration",
        ),
        (
            signed(by("erin").await, "erin"),
            "one is signed with a key whose time has not come or is over",
        ),
        (
            with(bob.clone(), "signature", json!(for_git)),
            "one is signed for another purpose (ssh-keygen -n tenantclosure.dev)",
        ),
        (
            with(bob.clone(), "signature", json!("signed: bob")),
            "one has a signature that is not as ssh-keygen -Y sign writes it",
        ),
        (
            with(signed(bob.clone(), "bob"), "expiresAt", json!(hours(480))),
            "one has a signature over something else than what it says",
        ),
        (
            with(signed(bob.clone(), "bob"), "approver", json!("carol")),
            "one has a signature over something else than what it says",
        ),
        (
            signed(with(bob.clone(), "expiresAt", json!(hours(-1))), "bob"),
            "one has expired",
        ),
        (
            signed(
                with(bob.clone(), "planDigest", json!("f".repeat(64))),
                "bob",
            ),
            "one approves another plan",
        ),
        (
            signed(with(bob.clone(), "closureUID", json!("another")), "bob"),
            "one names another closure (UID)",
        ),
    ];
    for (approval, why) in cases {
        applied(&trial, &flux, &approval.to_string()).await;
        let message = format!("0 of 1 approvals for this plan; not counted: {why}");
        told(&trial, "ApprovalsMissing", &message).await;
        admin(&trial, &["delete", "closureapproval", "signed"]).await;
    }
    told(&trial, "ApprovalsMissing", "0 of 1 approvals for this plan").await;
    // The author's own, although the signature is good: the API server knows who wrote the closure.
    let own = signed(by("alice").await, "alice").to_string();
    let why = trial.case.cluster.apply(&flux, &own).await.unwrap_err();
    assert!(
        why.to_string()
            .contains("the author of a closure cannot approve it"),
        "{why}"
    );
    // This one stays.
    let other = with(bob.clone(), "comment", json!("taken back"));
    let mut revoked = with(signed(other, "bob"), "revoked", json!(true));
    revoked["metadata"]["name"] = json!("revoked");
    applied(&trial, &flux, &revoked.to_string()).await;
    let message = "0 of 1 approvals for this plan; not counted: one was revoked";
    told(&trial, "ApprovalsMissing", message).await;
    trial.assert_untouched().await;

    applied(&trial, &flux, &signed(bob, "bob-2").to_string()).await;
    told(&trial, "QuorumReached", "1 of 1 approvals for this plan").await;
}

async fn one_person_with_two_keys_is_one() {
    let mut trial = Trial::new("two-keys", json!({})).await;
    let flux = flux(&trial).await;
    trial.spec()["approval"] = json!({"required": 2});
    trial.apply().await;
    trial.phase(Phase::AwaitingApproval).await;
    for key in ["bob", "bob-2"] {
        let it = signed(good(&trial, key, "bob").await, key);
        applied(&trial, &flux, &it.to_string()).await;
    }
    // By the other road, as the same person.
    applied(
        &trial,
        "bob",
        &good(&trial, "by-hand", "bob").await.to_string(),
    )
    .await;
    told(&trial, "ApprovalsMissing", "1 of 2 approvals for this plan").await;
    trial.assert_stands_still().await;
    told(&trial, "ApprovalsMissing", "1 of 2 approvals for this plan").await;
    trial.assert_untouched().await;

    let it = signed(good(&trial, "carol", "carol").await, "carol");
    applied(&trial, &flux, &it.to_string()).await;
    told(&trial, "QuorumReached", "2 of 2 approvals for this plan").await;
}

/// Two are to approve, and what bob signed is there, applied by Flux: the trial, Flux, and that.
async fn with_bobs(name: &str) -> (Trial, String, Value) {
    let mut trial = Trial::new(name, json!({})).await;
    let flux = flux(&trial).await;
    trial.spec()["approval"] = json!({"required": 2});
    trial.apply().await;
    trial.phase(Phase::AwaitingApproval).await;
    let it = signed(good(&trial, "first", "bob").await, "bob");
    applied(&trial, &flux, &it.to_string()).await;
    told(&trial, "ApprovalsMissing", "1 of 2 approvals for this plan").await;
    (trial, flux, it)
}

async fn what_was_revoked_does_not_come_back_under_another_name() {
    let (trial, flux, mut it) = with_bobs("signed-revoked").await;
    let revoke = r#"{"spec":{"revoked":true}}"#;
    admin(
        &trial,
        &[
            "patch",
            "closureapproval",
            "first",
            "--type=merge",
            "-p",
            revoke,
        ],
    )
    .await;
    let revoked = "0 of 2 approvals for this plan; not counted: one was revoked";
    told(&trial, "ApprovalsMissing", revoked).await;
    // Flux goes on applying what Git has.
    applied(&trial, &flux, &it.to_string()).await;
    it["metadata"]["name"] = json!("second");
    applied(&trial, &flux, &it.to_string()).await;
    trial.assert_stands_still().await;
    told(&trial, "ApprovalsMissing", revoked).await;

    it["spec"]["expiresAt"] = json!(hours(241));
    it["metadata"]["name"] = json!("third");
    applied(&trial, &flux, &signed(it, "bob").to_string()).await;
    let anew = "1 of 2 approvals for this plan; not counted: one was revoked";
    told(&trial, "ApprovalsMissing", anew).await;
    trial.assert_untouched().await;
}

/// One commit of somebody who may merge: the file has another name, and does not say any more that it was revoked. Flux applies
/// the one and prunes the other.
async fn what_was_revoked_stays_although_flux_prunes_it() {
    let (trial, flux, mut it) = with_bobs("signed-pruned").await;
    it["spec"]["revoked"] = json!(true);
    applied(&trial, &flux, &it.to_string()).await;
    let revoked = "0 of 2 approvals for this plan; not counted: one was revoked";
    told(&trial, "ApprovalsMissing", revoked).await;

    it["spec"].as_object_mut().unwrap().remove("revoked");
    it["metadata"]["name"] = json!("renamed");
    applied(&trial, &flux, &it.to_string()).await;
    let prune = ["delete", "closureapproval", "first", "-n"];
    let prune = [&prune[..], &[trial.case.namespace.as_str()]].concat();
    for user in [flux.as_str(), "admin"] {
        let run = trial.case.cluster.kubectl(user, &prune, None).await;
        let (done, _, why) = run.unwrap();
        assert!(!done, "{user} deleted it");
        let words = "what was signed and revoked stays as long as the closure that it names";
        assert!(why.contains(words), "{why}");
    }
    trial.assert_stands_still().await;
    told(&trial, "ApprovalsMissing", revoked).await;
    trial.assert_untouched().await;

    // With the closure goes what it stood for.
    admin(&trial, &["delete", "tenantclosure", NAME]).await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let run = trial.case.cluster.kubectl(&flux, &prune, None).await;
        let (done, _, why) = run.unwrap();
        if done {
            break;
        }
        assert!(Instant::now() < deadline, "{why}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
