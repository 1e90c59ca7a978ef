//! Approvals that the API server cannot refuse, because only the operator sees what is wrong with them: none counts, each
//! is told, and nothing begins.

use crate::case::NAME;
use crate::person::Person;
use crate::trial::{Trial, condition};
use jiff::{SignedDuration, Timestamp};
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use tenant_closure::api::{ClosureApproval, Purpose, TenantClosureStatus};
use tenant_closure::closure::report::Phase;

crate::rows![
    of_another_uid,
    of_another_tenant,
    of_another_domain,
    of_another_digest,
    expired,
    living_too_long,
    revoked,
    of_something_else,
    another_closure_of_that_name_inherits_nothing,
    the_same_person_twice_is_one,
    two_persons_where_a_machine_wrote_the_closure,
    revoked_midway,
    revoked_after_our_own_application_is_gone,
    who_approves_and_then_changes_the_closure
];

/// Whole seconds, so many hours from now.
pub(crate) fn hours(hours: i64) -> String {
    let then = Timestamp::now() + SignedDuration::from_hours(hours);
    then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// An approval of the plan in force with nothing wrong in it.
pub(crate) async fn good(trial: &Trial, name: &str, approver: &str) -> Value {
    trial.case.approval(name, approver).await.unwrap()
}

/// The person creates it, as soon as the policies have heard of the closure.
pub(crate) async fn create(trial: &Trial, person: &str, approval: &Value) {
    let applied = trial.case.until_applied(person, approval).await;
    applied.unwrap();
}

pub(crate) async fn admin(trial: &Trial, args: &[&str]) {
    let args = [args, &["-n", &trial.case.namespace]].concat();
    let run = trial.case.cluster.kubectl("admin", &args, None).await;
    let (done, _, why) = run.unwrap();
    assert!(done, "{why}");
}

/// Waits until this is what the condition Approved says, word for word.
pub(crate) async fn told(trial: &Trial, reason: &str, message: &str) {
    let wanted = (reason.to_owned(), message.to_owned());
    trial
        .until(message, |status| {
            let (_, reason, message) = condition(status, "Approved");
            (reason, message) == wanted
        })
        .await;
}

/// Gives a person one of the example's Roles in this namespace.
pub(crate) async fn give_role(trial: &Trial, name: &str, role: &str, person: &str) {
    let rbac = "rbac.authorization.k8s.io";
    let binding = json!({
        "apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": trial.case.namespace},
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": role},
        "subjects": [{"apiGroup": rbac, "kind": "User", "name": person}],
    });
    let cluster = &trial.case.cluster;
    cluster.apply("admin", &binding.to_string()).await.unwrap();
}

/// Carol may approve in this namespace as bob may.
pub(crate) async fn carol_may_too(trial: &Trial) {
    give_role(trial, "carol-too", "closure-approver", "carol").await;
}

/// An approval of bob's with one thing wrong in it, which only the operator can tell.
async fn spoilt(name: &str, field: &str, value: Value, why: &str) {
    let trial = Trial::new(name, json!({})).await;
    trial.apply().await;
    trial.phase(Phase::AwaitingApproval).await;
    let mut it = good(&trial, "spoilt", "bob").await;
    it["spec"][field] = value;
    create(&trial, "bob", &it).await;
    let message = format!("0 of 1 approvals for this plan; not counted: {why}");
    told(&trial, "ApprovalsMissing", &message).await;
    trial.assert_untouched().await;
}

/// Some other object's id.
fn other_id() -> Value {
    json!("3d1f6a52-93f4-4a57-8d0e-6d9a3c7e1b20")
}

async fn of_another_uid() {
    let why = "one names another closure (UID)";
    spoilt("other-uid", "closureUID", other_id(), why).await;
}

async fn of_another_tenant() {
    spoilt(
        "other-tenant",
        "tenantID",
        other_id(),
        "one names another tenant",
    )
    .await;
}

async fn of_another_domain() {
    let domain = json!("fabrikam.onmicrosoft.com");
    spoilt(
        "other-domain",
        "confirmDomain",
        domain,
        "one confirms another domain",
    )
    .await;
}

async fn of_another_digest() {
    let digest = json!("fedcba9876543210".repeat(4));
    spoilt(
        "other-digest",
        "planDigest",
        digest,
        "one approves another plan",
    )
    .await;
}

async fn expired() {
    spoilt("over", "expiresAt", json!(hours(-1)), "one has expired").await;
}

async fn living_too_long() {
    let why = "one lives longer than 90 days";
    spoilt("too-long", "expiresAt", json!(hours(24 * 91)), why).await;
}

async fn revoked() {
    spoilt("revoked", "revoked", json!(true), "one was revoked").await;
}

/// These are not even spoken of: they lie in another namespace, name a closure that is not there, or attest something.
async fn of_something_else() {
    let trial = Trial::new("something-else", json!({})).await;
    trial.apply().await;
    trial.phase(Phase::AwaitingApproval).await;
    // The API server knows of a closure in this namespace and cannot tell that this one names none.
    let mut of_none = good(&trial, "of-none", "bob").await;
    of_none["spec"]["closureName"] = json!("nowhere");
    create(&trial, "bob", &of_none).await;
    let mut attestation = good(&trial, "attestation", "bob").await;
    attestation["spec"]["purpose"] = json!("Attestation");
    attestation["spec"]["check"] = json!("C9");
    attestation["spec"]["result"] = json!("passed");
    create(&trial, "bob", &attestation).await;
    let tenant = json!({"users": 1, "initialDomain": "elsewhere.onmicrosoft.com"});
    let elsewhere = Trial::new("elsewhere", tenant).await;
    elsewhere.apply().await;
    let mut in_another = good(&trial, "in-another", "bob").await;
    in_another["metadata"]["namespace"] = json!(elsewhere.case.namespace);
    create(&trial, "bob", &in_another).await;
    trial.assert_stands_still().await;
    told(&trial, "ApprovalsMissing", "0 of 1 approvals for this plan").await;
    trial.assert_untouched().await;
}

async fn another_closure_of_that_name_inherits_nothing() {
    let mut trial = Trial::new("inherits", json!({})).await;
    trial.spec()["approval"] = json!({"required": 2});
    trial.apply().await;
    trial.phase(Phase::AwaitingApproval).await;
    let it = good(&trial, "it", "bob").await;
    create(&trial, "bob", &it).await;
    let one = "1 of 2 approvals for this plan";
    told(&trial, "ApprovalsMissing", one).await;

    let delete = ["delete", "tenantclosure", NAME, "-n"];
    let delete = [&delete[..], &[trial.case.namespace.as_str()]].concat();
    let run = trial.case.cluster.kubectl("alice", &delete, None).await;
    let (done, _, why) = run.unwrap();
    assert!(done, "{why}");
    trial.apply().await;
    let none = "0 of 2 approvals for this plan; not counted: one names another closure (UID)";
    told(&trial, "ApprovalsMissing", none).await;
    trial.assert_untouched().await;
}

async fn the_same_person_twice_is_one() {
    let mut trial = Trial::new("twice", json!({})).await;
    trial.spec()["approval"] = json!({"required": 2});
    trial.apply().await;
    trial.phase(Phase::AwaitingApproval).await;
    let none = "0 of 2 approvals for this plan";
    told(&trial, "ApprovalsMissing", none).await;
    for name in ["first", "second"] {
        let it = good(&trial, name, "bob").await;
        create(&trial, "bob", &it).await;
    }
    carol_is_the_second(&trial, "third").await;
}

/// Bob alone is not enough, and with carol it is.
pub(crate) async fn bob_and_carol(trial: &Trial) {
    told(trial, "ApprovalsMissing", "0 of 2 approvals for this plan").await;
    let it = good(trial, "one", "bob").await;
    create(trial, "bob", &it).await;
    carol_is_the_second(trial, "two").await;
}

/// One person has approved and nothing is done; carol does so as well.
async fn carol_is_the_second(trial: &Trial, name: &str) {
    told(trial, "ApprovalsMissing", "1 of 2 approvals for this plan").await;
    trial.assert_stands_still().await;
    trial.assert_untouched().await;
    carol_may_too(trial).await;
    let it = good(trial, name, "carol").await;
    create(trial, "carol", &it).await;
    told(trial, "QuorumReached", "2 of 2 approvals for this plan").await;
}

async fn two_persons_where_a_machine_wrote_the_closure() {
    let trial = Trial::new("by-machine", json!({})).await;
    let (case, cluster) = (&trial.case, &trial.case.cluster);
    let rights = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "flux", "namespace": case.namespace}},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "flux-writes", "namespace": case.namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "closure-author"},
            "subjects": [{"kind": "ServiceAccount", "name": "flux", "namespace": case.namespace}]},
    ]});
    cluster.apply("admin", &rights.to_string()).await.unwrap();
    let made = cluster.service_account_kubeconfig(&case.namespace, "flux");
    made.await.unwrap();
    let flux = format!("{}.flux", case.namespace);
    cluster
        .apply(&flux, &case.manifest.to_string())
        .await
        .unwrap();

    // The example asks for one; that nobody of flesh and blood wrote it makes it two.
    trial.phase(Phase::AwaitingApproval).await;
    bob_and_carol(&trial).await;
}

/// Revoked while users are deleted, by one who has the example's Role for approvers and nothing else: it stops, and goes on when
/// the same plan is approved again.
async fn revoked_midway() {
    let trial = Trial::new("revoked-midway", json!({"users": 200})).await;
    carol_may_too(&trial).await;
    trial.apply().await;
    trial.with_approver(trial.until_effects(40)).await;
    let revoke = r#"{"spec":{"revoked":true}}"#;
    let names = ["get", "closureapprovals", "-o", "name"];
    let args = [&names[..], &["-n", &trial.case.namespace]].concat();
    let asked = trial.case.cluster.kubectl("carol", &args, None).await;
    let (_, found, _) = asked.unwrap();
    let all: Vec<&str> = found.lines().collect();
    assert_eq!(all.len(), 1, "{found}");
    // Another than the one who gave it, too; and nothing but that.
    let patch = async |patch: &str| {
        let args = ["patch", all[0], "--type=merge", "-p", patch];
        let args = [&args[..], &["-n", &trial.case.namespace]].concat();
        let run = trial.case.cluster.kubectl("carol", &args, None).await;
        let (done, _, why) = run.unwrap();
        (done, why)
    };
    for other in [
        json!({"expiresAt": hours(480)}),
        json!({"approver": "carol"}),
    ] {
        let (done, why) = patch(&json!({"spec": other}).to_string()).await;
        let words = "an approval cannot be changed, only revoked (spec.revoked: true)";
        assert!(!done && why.contains(words), "{other}: {why}");
    }
    let (done, why) = patch(revoke).await;
    assert!(done, "{why}");
    let status = trial.phase(Phase::AwaitingApproval).await;
    let message = "0 of 1 approvals for this plan; not counted: one was revoked";
    let wanted = ["False", "ApprovalsMissing", message].map(str::to_owned);
    assert_eq!(condition(&status, "Approved"), wanted.into());
    trial.assert_stands_still().await;
    trial.assert_closes().await;
}

/// Nothing is left for the operator to do, and "press Delete" is withdrawn all the same, as in mode Plan; that somebody pressed it
/// is seen.
async fn revoked_after_our_own_application_is_gone() {
    let trial = Trial::new("revoked-late", json!({})).await;
    let portal = &trial.case.portal;
    trial.apply().await;
    trial.handed_over("DeleteDirectory").await;
    let mut bob = Person::new(&trial.case, false, None);
    bob.attest("OnlyOurs", "passed").await.unwrap();
    let handed = |status: &TenantClosureStatus| {
        let delete = status
            .hand_offs
            .iter()
            .any(|one| one.key == "DeleteDirectory");
        delete && condition(status, "DeletionChecksPassed").1 == "NotReadable"
    };
    let status = trial.until("handed over from outside", handed).await;
    assert_eq!(condition(&status, "Approved").1, "QuorumReached");

    trial.change(json!({"mode": "Plan"})).await;
    let status = trial.phase(Phase::Planned).await;
    assert!(status.hand_offs.is_empty(), "{:?}", status.hand_offs);
    trial.change(json!({"mode": "Execute"})).await;
    trial.until("handed over again", handed).await;

    let of_bob = |one: &ClosureApproval| one.spec.purpose == Purpose::Approval;
    let api: Api<ClosureApproval> =
        Api::namespaced(trial.case.cluster.client("bob"), &trial.case.namespace);
    let all = api.list(&ListParams::default()).await.unwrap().items;
    let revoked = Patch::Merge(json!({"spec": {"revoked": true}}));
    for one in all.iter().filter(|one| of_bob(one)) {
        let (name, how) = (one.name_any(), PatchParams::default());
        api.patch(&name, &how, &revoked).await.unwrap();
    }
    let status = trial.phase(Phase::AwaitingApproval).await;
    assert!(status.hand_offs.is_empty(), "{:?}", status.hand_offs);
    let message = "0 of 1 approvals for this plan; not counted: one was revoked";
    told(&trial, "ApprovalsMissing", message).await;

    portal.press("settleCheck", Some("all")).await.unwrap();
    portal.press("deleteTenant", None).await.unwrap();
    let status = trial.phase(Phase::Closed).await;
    assert_eq!(condition(&status, "Closed").1, "TenantGone");
}

/// Bob approves, and later writes in the closure himself: then it takes another person.
async fn who_approves_and_then_changes_the_closure() {
    let trial = Trial::new("approved-changed", json!({"users": 200})).await;
    give_role(&trial, "bob-writes", "closure-author", "bob").await;
    trial.apply().await;
    trial.with_approver(trial.until_effects(40)).await;
    let patch = async |spec: Value| trial.change_by("bob", spec).await;
    // What only holds it back is nobody's authorship.
    patch(json!({"suspend": true})).await;
    trial.phase(Phase::Suspended).await;
    patch(json!({"suspend": false})).await;
    told(&trial, "QuorumReached", "1 of 1 approvals for this plan").await;
    patch(json!({"limits": {"maxUsers": 1999}})).await;
    let message = "0 of 1 approvals for this plan; not counted: one is by a person who has changed the closure";
    told(&trial, "ApprovalsMissing", message).await;
    trial.assert_stands_still().await;

    carol_may_too(&trial).await;
    let it = good(&trial, "carols", "carol").await;
    create(&trial, "carol", &it).await;
    trial.assert_closes().await;
}
