//! Approvals: by whom, and what of them can be changed.

use super::cluster::Cluster;
use super::manifests::{approval, attestation, closure};
use super::server::{OPERATOR, OPERATOR_USER, ROBOT, Server};
use super::{in_time, refused};
use serde_json::{Value, json};
use tenant_closure::api::policies;

/// The policy sees a new closure a moment after it was made.
async fn until_seen(server: Server<'_>, space: &str, closure: &str) {
    let own = approval("own", closure, "alice");
    in_time(async || {
        server
            .would_create("alice", space, &own)
            .await
            .is_err_and(|why| why.contains("another person"))
    })
    .await;
}

/// A namespace with alice's closure in it, of which the policies have heard.
async fn with_a_closure(name: &str) -> (Server<'static>, String) {
    let server = Server::ready().await;
    let space = server.namespace(name).await;
    let made = server.create("alice", &space, &closure("contoso")).await;
    made.unwrap();
    until_seen(server, &space, "contoso").await;
    (server, space)
}

#[tokio::test]
async fn another_person_who_may_approves() {
    let (server, space) = with_a_closure("approver").await;
    let it = approval("it", "contoso", "bob");
    server.create("bob", &space, &it).await.unwrap();
}

#[tokio::test]
async fn the_author_does_not_approve_the_own_closure() {
    let (server, space) = with_a_closure("own-closure").await;
    let own = server
        .create("alice", &space, &approval("it", "contoso", "alice"))
        .await;
    refused(
        own,
        "the author of a closure cannot approve it; another person must",
    );
}

#[tokio::test]
async fn the_author_attests_what_he_saw() {
    let (server, space) = with_a_closure("own-attestation").await;
    let mut it = attestation("it", "contoso", "alice");
    server.create("alice", &space, &it).await.unwrap();
    // In nobody else's name.
    it["metadata"]["name"] = json!("lent");
    it["spec"]["approver"] = json!("bob");
    let lent = server.create("alice", &space, &it).await;
    refused(
        lent,
        "spec.approver must be the user who creates the approval",
    );
}

#[tokio::test]
async fn nobody_approves_under_a_false_name() {
    let (server, space) = with_a_closure("false-name").await;
    let words = "spec.approver must be the user who creates the approval";
    // Bob as carol; alice, the author, by lending bob's name; the operator's own service account too.
    for (user, name) in [
        ("bob", "carol"),
        ("alice", "bob"),
        (OPERATOR_USER, "bob"),
        (ROBOT, "bob"),
    ] {
        let it = approval("it", "contoso", name);
        refused(server.create(user, &space, &it).await, words);
    }
}

#[tokio::test]
async fn nobody_approves_without_the_verb() {
    let (server, space) = with_a_closure("no-verb").await;
    let without = server
        .create("carol", &space, &approval("it", "contoso", "carol"))
        .await;
    let words =
        "you need the verb \"approve\" on this tenantclosure; ask for a Role that grants it";
    refused(without, words);
    let stranger = server
        .create("dave", &space, &approval("it", "contoso", "dave"))
        .await;
    refused(stranger, "cannot create resource \"closureapprovals\"");
}

#[tokio::test]
async fn no_service_account_approves() {
    let (server, space) = with_a_closure("machine").await;
    let robot = "system:serviceaccount:tenant-closure:robot";
    let machine = server
        .create(ROBOT, &space, &approval("it", "contoso", robot))
        .await;
    refused(machine, "a service account cannot approve; a person must");
}

#[tokio::test]
async fn nobody_approves_where_there_is_no_closure() {
    let server = Server::ready().await;
    let space = server.namespace("no-closure").await;
    let it = server
        .create("bob", &space, &approval("it", "contoso", "bob"))
        .await;
    refused(it, "no params found");
}

/// Who wrote a closure, and who may approve it, is asked in the approval's own namespace.
#[tokio::test]
async fn another_namespace_gives_nothing_and_takes_nothing() {
    let (server, space) = with_a_closure("one-space").await;
    let other = server.namespace("other-space").await;
    let made = server.create("bob", &other, &closure("contoso")).await;
    made.unwrap();
    let own = approval("own", "contoso", "bob");
    in_time(async || {
        let answer = server.would_create("bob", &other, &own).await;
        answer.is_err_and(|why| why.contains("the author of a closure cannot approve it"))
    })
    .await;
    // Each approves the closure of the same name that the other wrote.
    for (user, space) in [("bob", &space), ("alice", &other)] {
        let it = approval("it", "contoso", user);
        server.create(user, space, &it).await.unwrap();
    }
    // Carol may approve in the one namespace only.
    let role = format!(
        "{{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {{name: carol, namespace: {other}}}, \
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: approver}}, subjects: [{{kind: User, name: carol}}]}}"
    );
    server.kubectl(&["create", "-f", "-"], Some(&role)).await;
    let carols = approval("carols", "contoso", "carol");
    server.create("carol", &other, &carols).await.unwrap();
    let elsewhere = server.create("carol", &space, &carols).await;
    refused(elsewhere, "you need the verb \"approve\"");
}

/// Whether it is signed, and by whom, only the operator can tell.
#[tokio::test]
async fn a_service_account_may_create_only_what_is_signed() {
    let server = Server::ready().await;
    let space = server.namespace("signed").await;
    let robot = "system:serviceaccount:tenant-closure:robot";
    let by = |name: &str, closure: &str, approver: &str| approval(name, closure, approver);
    let signed = |mut approval: Value| {
        approval["spec"]["signature"] = json!("an SSH signature");
        approval
    };
    for (name, author) in [("by-alice", "alice"), ("by-robot", ROBOT)] {
        let made = server.create(author, &space, &closure(name)).await;
        made.unwrap();
    }
    until_seen(server, &space, "by-alice").await;
    let own = signed(by("own", "by-robot", robot));
    in_time(async || {
        let answer = server.would_create(ROBOT, &space, &own).await;
        answer.is_err_and(|why| why.contains("the author of a closure cannot approve it"))
    })
    .await;

    for closure in ["by-alice", "by-robot"] {
        let unsigned = server
            .create(ROBOT, &space, &by("it", closure, robot))
            .await;
        let words = "a service account cannot approve; a person must, or sign it (spec.signature)";
        refused(unsigned, words);
        let in_bobs_name = server
            .create(ROBOT, &space, &by("it", closure, "bob"))
            .await;
        let words = "spec.approver must be the user who creates the approval";
        refused(in_bobs_name, words);
    }
    let authors = signed(by("authors", "by-alice", "alice"));
    refused(
        server.create(ROBOT, &space, &authors).await,
        "the author of a closure cannot approve it",
    );
    let mut too_long = by("long", "by-alice", "bob");
    too_long["spec"]["signature"] = json!("x".repeat(4097));
    refused(server.create(ROBOT, &space, &too_long).await, "4096");
    let stranger = signed(by("stranger", "by-alice", "bob"));
    refused(
        server.create("dave", &space, &stranger).await,
        "cannot create resource \"closureapprovals\"",
    );

    for (name, user) in [("robots", ROBOT), ("without-the-verb", "carol")] {
        for closure in ["by-alice", "by-robot"] {
            let it = signed(by(&format!("{name}-{closure}"), closure, "bob"));
            let stored = server.create(user, &space, &it).await.unwrap();
            let patch = json!({"spec": {"signature": null}});
            let words = "an approval cannot be changed, only revoked";
            refused(server.change(user, &stored, patch).await, words);
        }
    }
}

#[tokio::test]
async fn the_verb_can_be_granted_for_one_closure() {
    let server = Server::ready().await;
    let space = server.namespace("one-closure").await;
    let role = format!(
        "{{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {{name: approver, namespace: {space}}}, rules: [{{apiGroups: [tenantclosure.dev], \
         resources: [tenantclosures], resourceNames: [this], verbs: [approve]}}]}}\n---\n\
         {{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {{name: approver, namespace: {space}}}, \
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: approver}}, subjects: [{{kind: User, name: carol}}]}}"
    );
    server.kubectl(&["create", "-f", "-"], Some(&role)).await;
    for name in ["this", "that"] {
        server
            .create("alice", &space, &closure(name))
            .await
            .unwrap();
    }
    for name in ["this", "that"] {
        until_seen(server, &space, name).await;
    }
    let that = server
        .create("carol", &space, &approval("that", "that", "carol"))
        .await;
    refused(that, "you need the verb \"approve\"");
    server
        .create("carol", &space, &approval("this", "this", "carol"))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_approval_can_only_be_revoked_and_once() {
    let server = Server::ready().await;
    let space = server.namespace("revoked").await;
    server
        .create("alice", &space, &closure("contoso"))
        .await
        .unwrap();
    until_seen(server, &space, "contoso").await;
    let stored = server
        .create("bob", &space, &approval("it", "contoso", "bob"))
        .await
        .unwrap();

    let changes = [
        ("purpose", json!("Attestation")),
        ("closureName", json!("another")),
        ("closureUID", json!("another")),
        ("tenantID", json!("00000000-0000-4000-8000-000000000009")),
        ("planDigest", json!("fedcba9876543210".repeat(4))),
        ("confirmDomain", json!("fabrikam.onmicrosoft.com")),
        ("approver", json!("carol")),
        ("expiresAt", json!("2027-02-15T00:00:00Z")),
        ("comment", json!("not as agreed")),
        ("comment", Value::Null),
        ("check", json!("C9")),
        ("result", json!("passed")),
        ("signature", json!("by another")),
    ];
    for (field, value) in changes {
        let patch = json!({"spec": {field: value}});
        let words =
            "an approval cannot be changed, only revoked (spec.revoked: true); create another one";
        refused(server.change("bob", &stored, patch).await, words);
    }
    let revoke = |value: Value| json!({"spec": {"revoked": value}});
    // Nothing was taken back, and it would be another generation.
    refused(
        server.change("alice", &stored, revoke(json!(false))).await,
        "an approval cannot be changed, only revoked",
    );
    let labelled = json!({"metadata": {"labels": {"team": "red"}}});
    let labelled = server.change("alice", &stored, labelled).await.unwrap();
    assert_eq!(labelled["metadata"]["generation"], json!(1));
    let and_more = json!({"spec": {"revoked": true, "comment": "not as agreed"}});
    refused(
        server.change("alice", &stored, and_more).await,
        "an approval cannot be changed, only revoked",
    );
    let revoked = server.change("alice", &stored, revoke(json!(true))).await;
    assert_eq!(revoked.unwrap()["metadata"]["generation"], json!(2));
    for value in [json!(false), Value::Null] {
        let taken_back = server.change("bob", &stored, revoke(value)).await;
        refused(
            taken_back,
            "a revoked approval stays revoked; create another one",
        );
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_the_remedy() {
    let server = Server::ready().await;
    let space = server.namespace("spoilt-approvals").await;
    server
        .create("alice", &space, &closure("contoso"))
        .await
        .unwrap();
    until_seen(server, &space, "contoso").await;
    let cases = [
        (
            "planDigest",
            Value::Null,
            "an Approval needs spec.planDigest: the digest of the plan that you have read",
        ),
        (
            "planDigest",
            json!("01234567"),
            "must have 64 hexadecimal digits: copy status.plan.digest of the closure",
        ),
        (
            "purpose",
            json!("Attestation"),
            "an Attestation needs spec.check and spec.result",
        ),
        (
            "purpose",
            json!("Perhaps"),
            r#"supported values: "Approval", "Attestation""#,
        ),
        (
            "tenantID",
            json!("contoso"),
            "must be a GUID: copy spec.tenant.id of the closure",
        ),
        ("confirmDomain", json!(""), "at least 4 chars long"),
        ("expiresAt", json!("next year"), "must be of type date-time"),
    ];
    for (field, value, words) in cases {
        let mut spoilt = approval("spoilt", "contoso", "bob");
        spoilt["spec"][field] = value;
        refused(server.would_create("bob", &space, &spoilt).await, words);
    }
    let mut attestation = approval("attestation", "contoso", "bob");
    attestation["spec"]["planDigest"] = Value::Null;
    attestation["spec"]["purpose"] = json!("Attestation");
    attestation["spec"]["check"] = json!("OnlyOurs");
    for word in [
        "not yet",
        "2 left",
        "unknown",
        "yes",
        "Passed",
        "passed ",
        "passed\nfailed",
        "mfa",
    ] {
        attestation["spec"]["result"] = json!(word);
        let words =
            "must be passed or failed, in this spelling; words of your own go into spec.comment";
        refused(
            server.would_create("bob", &space, &attestation).await,
            words,
        );
    }
    let proof = "0b5b1f0e-0000-4000-8000-000000000001 mfa";
    for word in ["failed", proof] {
        attestation["spec"]["result"] = json!(word);
        let accepted = server.would_create("bob", &space, &attestation).await;
        accepted.unwrap();
    }
    attestation["spec"]["result"] = json!("passed");
    server.create("bob", &space, &attestation).await.unwrap();
}

/// Whoever can put a signed text into another object cannot make the operator forget that it was taken back.
#[tokio::test]
async fn what_was_signed_and_revoked_stays_as_long_as_its_closure() {
    let server = Server::ready().await;
    let space = server.namespace("stays-revoked").await;
    let made = server.create("alice", &space, &closure("contoso")).await;
    let closure = made.unwrap();
    until_seen(server, &space, "contoso").await;
    let put = async |name: &str, signed: bool, revoked: bool, of: &Value| {
        let mut it = approval(name, "contoso", "bob");
        it["spec"]["closureUID"] = of.clone();
        if signed {
            it["spec"]["signature"] = json!("an SSH signature");
        }
        let stored = server.create("bob", &space, &it).await.unwrap();
        if !revoked {
            return stored;
        }
        let patch = json!({"spec": {"revoked": true}});
        server.change("bob", &stored, patch).await.unwrap()
    };
    let uid = &closure["metadata"]["uid"];
    let stays = put("stays", true, true, uid).await;
    let words = "what was signed and revoked stays as long as the closure that it names";
    in_time(async || match server.delete(ROBOT, &stays).await {
        Ok(()) => {
            // The policy acts a moment after it was written.
            put("stays", true, true, uid).await;
            false
        }
        Err(why) => why.contains(words),
    })
    .await;
    for user in [ROBOT, "bob", "admin"] {
        let why = server.delete(user, &stays).await.unwrap_err();
        assert!(why.contains(words), "{user}: {why}");
    }
    // Everything else goes: what only was revoked, what counts, what was of another closure.
    for (name, signed, revoked, of) in [
        ("unsigned", false, true, uid),
        ("counts", true, false, uid),
        ("of-another", true, true, &json!("another")),
    ] {
        let it = put(name, signed, revoked, of).await;
        server.delete(ROBOT, &it).await.unwrap();
    }
    let why = server.delete_all("admin", &stays).await.unwrap_err();
    assert!(why.contains(words), "{why}");
    // Who deletes the namespace tries again until nothing is left: without the closure it goes.
    server.delete_all("admin", &closure).await.unwrap();
    in_time(async || server.delete_all("admin", &stays).await.is_ok()).await;
}

/// A kind whose schema lets everything pass: an older or altered one.
#[tokio::test]
async fn an_approval_cannot_be_changed_whatever_the_schema_lets_pass() {
    let cluster = Cluster::start().await.unwrap();
    let server = Server(&cluster);
    let rules = |kind: &mut Value| {
        let spec =
            &mut kind["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        spec.as_object_mut()
            .unwrap()
            .remove("x-kubernetes-validations");
    };
    server.install(&policies::yaml(OPERATOR, OPERATOR)).await;
    let name = "closureapprovals.tenantclosure.dev";
    let stored = server
        .kubectl(&["get", "crd", name, "-o", "json"], None)
        .await;
    let mut kind: Value = serde_json::from_str(&stored).unwrap();
    rules(&mut kind);
    server
        .kubectl(&["replace", "-f", "-"], Some(&kind.to_string()))
        .await;
    let space = server.namespace("without-rules").await;
    let made = server.create("alice", &space, &closure("contoso")).await;
    made.unwrap();
    until_seen(server, &space, "contoso").await;
    let it = approval("it", "contoso", "bob");
    let mut stored = server.create("bob", &space, &it).await.unwrap();
    let words = "ValidatingAdmissionPolicy 'tenantclosure-approval-guard'";
    in_time(async || {
        let patch = json!({"spec": {"expiresAt": "2027-02-15T00:00:00Z"}});
        match server.change("bob", &stored, patch).await {
            Ok(changed) => {
                stored = changed;
                false
            }
            Err(why) => why.contains(words),
        }
    })
    .await;
    for (user, spec) in [
        ("bob", json!({"planDigest": "fedcba9876543210".repeat(4)})),
        ("bob", json!({"approver": "carol"})),
        ("admin", json!({"closureUID": "another"})),
        ("bob", json!({"signature": "by another"})),
        ("bob", json!({"comment": null})),
        (
            "bob",
            json!({"revoked": true, "expiresAt": "2027-03-15T00:00:00Z"}),
        ),
        ("bob", json!({"revoked": false})),
    ] {
        let patch = json!({ "spec": spec });
        refused(server.change(user, &stored, patch).await, words);
    }
    let revoke = json!({"spec": {"revoked": true}});
    server.change("carol", &stored, revoke).await.unwrap();
}
