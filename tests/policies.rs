//! Approvals rest on the admission policies: where one is missing, weakened, narrowed, or was for a while, nothing begins.
//! Both are looked at again right before an effect.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[path = "support/case.rs"]
mod case;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/children.rs"]
mod children;
#[allow(dead_code, unreachable_pub)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;
#[allow(dead_code)] // each test binary uses its part
#[path = "support/held.rs"]
mod held;
#[path = "policies/last_listing.rs"]
mod last_listing;
#[path = "support/reasons.rs"]
mod reasons;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;

use case::{Case, NAME};
use cluster::Result;
use jiff::Timestamp;
use reasons::until_told;
use serde_json::{Value, json};
use stack::{Options, Stack};
use std::path::Path;
use std::time::{Duration, Instant};
use tenant_closure::api::policies;

/// For how long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(90);
/// What is told while nobody has approved.
const WANTED: &str = "0 of 1 approvals for this plan";
const BINDING: &str = "validatingadmissionpolicybinding";
const POLICY: &str = "validatingadmissionpolicy";
const GUARD: &str = "tenantclosure-approver-guard";
/// The operator's flag for how long admission policies take to act.
const ACT_WITHIN: &str = "--policies-act-within-seconds";

async fn kubectl(case: &Case, user: &str, args: &[&str], stdin: Option<&str>) -> (bool, String) {
    let (done, out, why) = case.cluster.kubectl(user, args, stdin).await.unwrap();
    (done, out + &why)
}

async fn patch(case: &Case, kind: &str, patch: Value) {
    let text = patch.to_string();
    let args = ["patch", kind, GUARD, "--type=merge", "-p", &text];
    let (done, why) = kubectl(case, "admin", &args, None).await;
    assert!(done, "{why}");
}

async fn delete(case: &Case, kind: &str, name: &str) {
    let (done, why) = kubectl(case, "admin", &["delete", kind, name], None).await;
    assert!(done, "{why}");
}

/// The shipped policies, applied again. The API server counts in seconds, and what came in the same second is not known to be
/// younger: whatever follows comes in a later one.
async fn restore(case: &Case) {
    let shipped = policies::yaml("tenant-closure", "tenant-closure");
    case.cluster.apply("admin", &shipped).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

/// An approval of the plan at hand in somebody's name, for ten days.
async fn approval(case: &Case, name: &str, approver: &str) -> String {
    case.approval(name, approver).await.unwrap().to_string()
}

async fn approval_until(case: &Case, name: &str, approver: &str, until: Timestamp) -> String {
    let mut approval = case.approval(name, approver).await.unwrap();
    approval["spec"]["expiresAt"] = json!(until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    approval.to_string()
}

/// Tries until the policies act, or no longer do: both take about a second. What is to be refused is tried without creating
/// it.
async fn until_admitted(case: &Case, user: &str, yaml: &str, admitted: bool) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let how = if admitted { "none" } else { "server" };
        let dry_run = format!("--dry-run={how}");
        let create = ["create", &dry_run, "-f", "-"];
        let (done, told) = kubectl(case, user, &create, Some(yaml)).await;
        if done == admitted {
            return told;
        }
        assert!(Instant::now() < deadline, "admitted: {done}: {told}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Alice's closure, waiting for its approval.
async fn waiting(folder: &Path) -> (Stack, Case) {
    let (stack, case) = applied(folder, Vec::new()).await;
    until_told(&case, "Approved", "ApprovalsMissing", WANTED).await;
    (stack, case)
}

/// Alice's closure under an operator with these arguments.
async fn applied(folder: &Path, arguments: Vec<&'static str>) -> (Stack, Case) {
    let options = Options {
        arguments,
        simulation: simulator::demo_tenant(60, 7),
        quiet: true,
        ..Options::default()
    };
    let stack = Stack::start(Some(folder), options).await.unwrap();
    let tenant = stack.simulator.tenant().unwrap().clone();
    let case = stack.case("closures", tenant).await.unwrap();
    case.apply().await.unwrap();
    (stack, case)
}

/// A policy acts a moment after it was written, and not at every API server at once.
#[tokio::test(flavor = "current_thread")]
async fn what_comes_right_after_the_policies_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    // However slow the machine is, all of this comes within ten minutes.
    let (mut stack, case) = applied(folder.path(), vec![ACT_WITHIN, "600"]).await;
    let two = "0 of 2 approvals for this plan; not counted: the closure is older than the policy that vouches for its author, or less \
               than a minute younger, so two persons are asked";
    until_told(&case, "Approved", "ApprovalsMissing", two).await;
    let early = approval(&case, "early", "bob").await;
    until_admitted(&case, "bob", &early, true).await;
    let younger = "one is older than the admission policies, or less than a minute younger";
    until_told(&case, "Approved", "ApprovalsMissing", younger).await;
    // Nothing else was wrong with it: under an operator for which it came two seconds too early, the same counts a moment later.
    let policies = policies_since(&case).await;
    let within = since(&case, "closureapproval", "early").await - policies + 2;
    let within_seconds = within.to_string();
    let second = stack.another_operator_with("second", &[ACT_WITHIN, &within_seconds]);
    stack.operator = second.unwrap();
    while Timestamp::now().as_second() <= policies + within {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let later = approval(&case, "later", "bob").await;
    until_admitted(&case, "bob", &later, true).await;
    until_told(&case, "Approved", "ApprovalsMissing", "1 of 2").await;
    assert_untouched(&case).await;
}

/// When an object was created, in seconds as the API server counts them.
async fn since(case: &Case, kind: &str, name: &str) -> i64 {
    let namespace = if kind == "closureapproval" {
        case.namespace.as_str()
    } else {
        ""
    };
    let args = [
        "get",
        kind,
        name,
        "--namespace",
        namespace,
        "-o",
        "jsonpath={.metadata.creationTimestamp}",
    ];
    let (done, told) = kubectl(case, "admin", &args, None).await;
    assert!(done, "{told}");
    let at: Timestamp = told.trim().parse().unwrap();
    at.as_second()
}

/// When the last of the policies and bindings was created.
async fn policies_since(case: &Case) -> i64 {
    let mut last = i64::MIN;
    for name in policies::REQUIRED {
        for kind in [BINDING, POLICY] {
            last = last.max(since(case, kind, name).await);
        }
    }
    last
}

async fn assert_untouched(case: &Case) {
    let effects = case.portal.effects().await.unwrap();
    assert!(effects.is_empty(), "{effects:#?}");
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_begins_under_policies_that_are_missing_weakened_or_only_watch() {
    let folder = tempfile::tempdir().unwrap();
    let (_stack, case) = waiting(folder.path()).await;
    let approved = async |reason: &str, says: &str| {
        until_told(&case, "Approved", reason, says).await;
    };
    let all = json!({"paramRef": {"selector": {}, "parameterNotFoundAction": "Deny"}});
    for (kind, weakened, back) in [
        (
            BINDING,
            json!({"validationActions": ["Audit"]}),
            json!({"validationActions": ["Deny"]}),
        ),
        (
            BINDING,
            json!({"matchResources": {"namespaceSelector": {"matchLabels": {"nobody": "has"}}}}),
            json!({"matchResources": null}),
        ),
        (
            BINDING,
            json!({"paramRef": {"selector": {}, "parameterNotFoundAction": "Allow"}}),
            all,
        ),
        (
            POLICY,
            json!({"matchConditions": [{"name": "never", "expression": "false"}]}),
            json!({"matchConditions": null}),
        ),
        (
            POLICY,
            json!({"failurePolicy": "Ignore"}),
            json!({"failurePolicy": "Fail"}),
        ),
    ] {
        let what = weakened.to_string();
        patch(&case, kind, json!({"spec": weakened})).await;
        approved("AdmissionPolicyMissing", "missing or altered").await;
        patch(&case, kind, json!({"spec": back})).await;
        approved("ApprovalsMissing", WANTED).await;
        println!("noticed: {what}");
    }
    for name in policies::REQUIRED {
        for kind in [BINDING, POLICY] {
            delete(&case, kind, name).await;
            approved("AdmissionPolicyMissing", "missing or altered").await;
            restore(&case).await;
            approved("ApprovalsMissing", "0 of").await;
        }
    }
    assert_untouched(&case).await;
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_older_than_the_policy_that_guards_it_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let (_stack, case) = waiting(folder.path()).await;
    let approved = async |reason: &str, says: &str| {
        until_told(&case, "Approved", reason, says).await;
    };
    // The author approves while the policy only watches; once it is back, what came in meanwhile does not count.
    let grant = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "alice-too", "namespace": case.namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "closure-approver"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}],
    });
    case.cluster
        .apply("admin", &grant.to_string())
        .await
        .unwrap();
    let forged = approval(&case, "forged", "bob").await;
    let told = until_admitted(&case, "alice", &forged, false).await;
    assert!(
        told.contains("spec.approver must be the user who creates"),
        "{told}"
    );
    patch(
        &case,
        BINDING,
        json!({"spec": {"validationActions": ["Audit"]}}),
    )
    .await;
    until_admitted(&case, "alice", &forged, true).await;
    approved("AdmissionPolicyMissing", "missing or altered").await;
    restore(&case).await;
    let older = "one is older than the admission policies";
    approved("ApprovalsMissing", older).await;

    delete(&case, BINDING, GUARD).await;
    approved("AdmissionPolicyMissing", "missing or altered").await;
    restore(&case).await;
    approved("ApprovalsMissing", older).await;
    assert_untouched(&case).await;

    // Under policies that act, a person's approval counts. The closure is older than nothing that vouches for its author.
    let again = approval(&case, "alices-own", "alice").await;
    let told = until_admitted(&case, "alice", &again, false).await;
    assert!(
        told.contains("the author of a closure cannot approve it"),
        "{told}"
    );
    let good = approval(&case, "bobs", "bob").await;
    until_admitted(&case, "bob", &good, true).await;
    approved("QuorumReached", "1 of 1").await;

    // The policy that vouches for authors comes anew: the closure is older, and one person is not enough any more.
    delete(&case, POLICY, policies::AUTHORS).await;
    restore(&case).await;
    let two = "the closure is older than the policy that vouches for its author, or less than a minute younger, so two persons are asked";
    approved("ApprovalsMissing", two).await;
}

/// Tries whether the policies act that refuse a record of this operator, without creating one.
async fn until_the_operator_is_refused(case: &Case) {
    let record = json!({
        "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "ClosureRecord",
        "metadata": {"name": "probe", "namespace": stack::OPERATOR},
        "spec": {"type": "Effect", "closureUID": "none", "closureNamespace": "none", "closureName": "none",
            "tenantID": "5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de", "sequence": 1},
    });
    let operator = format!("--as=system:serviceaccount:{0}:{0}", stack::OPERATOR);
    let create = ["create", "--dry-run=server", &operator, "-f", "-"];
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (admitted, told) = kubectl(case, "admin", &create, Some(&record.to_string())).await;
        if !admitted && told.contains("only the operator") {
            return;
        }
        assert!(Instant::now() < deadline, "admitted: {admitted}: {told}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Policies that were rendered for the operator of another namespace refuse every record of this one: nothing can be planned,
/// the status says why, and it goes on by itself once they are right.
#[tokio::test(flavor = "current_thread")]
async fn policies_of_another_operator_keep_the_journal_from_being_written_and_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        simulation: simulator::demo_tenant(12, 7),
        quiet: true,
        ..Options::default()
    };
    let stack = Stack::start(Some(folder.path()), options).await.unwrap();
    let foreign = policies::yaml("elsewhere", "tenant-closure");
    stack.cluster.apply("admin", &foreign).await.unwrap();
    let tenant = stack.simulator.tenant().unwrap().clone();
    let case = stack.case("closures", tenant).await.unwrap();
    until_the_operator_is_refused(&case).await;
    case.apply().await.unwrap();
    let says = "the admission policy tenantclosure-record-guard refuses a record of the journal";
    let told = until_told(&case, "Ready", "JournalNotWritable", says).await;
    let command =
        "tenant-closure policies --namespace tenant-closure --service-account tenant-closure";
    assert!(told.contains(command), "{told}");
    assert_eq!(
        until_told(&case, "Stalled", "JournalNotWritable", says).await,
        told
    );
    let status = case.closures().get(NAME).await.unwrap().status.unwrap();
    assert_eq!(status.blockers[0].check, "JournalNotWritable");
    assert_untouched(&case).await;
    restore(&case).await;
    until_told(&case, "Approved", "ApprovalsMissing", WANTED).await;
}
