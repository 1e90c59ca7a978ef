//! Closures: what can be created, and what can be changed.

use super::cluster::Cluster;
use super::manifests::{closure, full_closure, record};
use super::server::{OPERATOR, OPERATOR_USER, ROBOT, Server};
use super::{in_time, refused};
use serde_json::{Value, json};
use tenant_closure::api::policies;

#[tokio::test]
async fn the_least_and_the_most_are_accepted() {
    let server = Server::ready().await;
    let space = server.namespace("accepted").await;
    let least = server.create("alice", &space, &closure("least")).await;
    // Nothing is defaulted: what is absent stays absent, and means the safest thing.
    assert_eq!(least.unwrap()["spec"], closure("least")["spec"]);
    let most = server.create("alice", &space, &full_closure("most")).await;
    assert_eq!(most.unwrap()["spec"], full_closure("most")["spec"]);
    let longest = closure(&"n".repeat(63));
    server.create("alice", &space, &longest).await.unwrap();
}

#[tokio::test]
async fn a_closure_is_found_by_its_tenant() {
    let server = Server::ready().await;
    let space = server.namespace("found").await;
    let mut other = closure("other");
    other["spec"]["tenant"]["id"] = json!("00000000-0000-4000-8000-000000000009");
    server
        .create("alice", &space, &closure("wanted"))
        .await
        .unwrap();
    server.create("alice", &space, &other).await.unwrap();
    let id = "spec.tenant.id=00000000-0000-4000-8000-000000000009";
    let args = [
        "get",
        "tcl",
        "-n",
        &space,
        "--field-selector",
        id,
        "-o",
        "name",
    ];
    let found = server.kubectl(&args, None).await;
    assert_eq!(found, "tenantclosure.tenantclosure.dev/other\n");
    let found = server
        .kubectl(&["get", "offboarding", "-n", &space], None)
        .await;
    assert!(found.contains("wanted"), "{found}");
}

/// A field, what is wrong there, and words of the answer.
#[allow(clippy::too_many_lines, reason = "a table")]
fn spoilt() -> [(&'static str, Value, &'static str); 27] {
    let long = "x".repeat(501);
    [
        (
            "/tenant/id",
            json!("contoso"),
            "must be a GUID in lower case, such as",
        ),
        (
            "/tenant/id",
            json!("6F2F4A3E-1B2C-4D5E-8F90-A1B2C3D4E5F6"),
            "must be a GUID in lower case, such as",
        ),
        (
            "/tenant/id",
            json!(""),
            "must be a GUID in lower case, such as",
        ),
        (
            "/tenant/initialDomain",
            json!("https://contoso"),
            "must be the domain that the tenant was made with",
        ),
        (
            "/tenant/cloud",
            json!("Mars"),
            r#"supported values: "Global", "USGov", "USGovDoD", "China""#,
        ),
        (
            "/credentials/secretName",
            json!(""),
            "at least 1 chars long",
        ),
        (
            "/retain/globalAdministrator",
            json!(""),
            "must be the user principal name of the one administrator who stays",
        ),
        (
            "/retain/globalAdministrator",
            json!("closer"),
            "must be the user principal name of the one administrator who stays",
        ),
        (
            "/retain/spareAdministrator",
            json!("two words@contoso.com"),
            "leave it out where there is none",
        ),
        (
            "/mode",
            json!("Dry"),
            r#"supported values: "Plan", "Execute""#,
        ),
        ("/hold", json!(""), "at least 1 chars long"),
        ("/notBefore", json!("tomorrow"), "must be of type date-time"),
        (
            "/cancellation/feedback",
            json!(long),
            "may not be more than 500",
        ),
        ("/cancellation/reason", json!(""), "at least 1 chars long"),
        (
            "/accept",
            json!([{"kind": "AzureResources"}]),
            "reference: Required value",
        ),
        (
            "/accept",
            json!(vec![json!({"kind": "Groups", "reference": "B"}); 21]),
            "must have at most 20 items",
        ),
        (
            "/accept",
            json!([{"kind": "AzureRessources", "reference": "CAB-118"}]),
            r#"Unsupported value: "AzureRessources": supported values: "Mailboxes""#,
        ),
        (
            "/accept",
            json!([{"kind": "Groups", "reference": ""}]),
            "reference: Invalid value: \"\": spec.accept[0].reference in body should be at least 1 chars long",
        ),
        (
            "/billing/accounts",
            json!([{"kind": "Cash"}]),
            r#"supported values: "CustomerAgreement", "Partner", "AzureSubscription""#,
        ),
        (
            "/directory/resource",
            json!("https://evil.example"),
            "must be the ARM id of an External ID or B2C directory",
        ),
        (
            "/approval/required",
            json!(7),
            "should be less than or equal to 6",
        ),
        (
            "/limits/maxUsers",
            json!(0),
            "should be greater than or equal to 1",
        ),
        (
            "/limits/maxUsers",
            json!(-1),
            "should be greater than or equal to 1",
        ),
        (
            "/limits/maxUsers",
            json!("2000"),
            ".spec.limits.maxUsers: expected",
        ),
        ("/suspend", json!("yes"), ".spec.suspend: expected"),
        ("/domains", json!("contoso.nl"), ".spec.domains: expected"),
        (
            "/approval/required",
            json!(-1),
            "should be greater than or equal to 0",
        ),
    ]
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_the_remedy() {
    let server = Server::ready().await;
    let space = server.namespace("refused").await;
    for (field, value, words) in spoilt() {
        let mut closure = full_closure("spoilt");
        *closure["spec"].pointer_mut(field).unwrap() = value;
        refused(server.would_create("alice", &space, &closure).await, words);
    }
    let mut empty = closure("empty");
    empty.as_object_mut().unwrap().remove("spec");
    let told = server.would_create("alice", &space, &empty).await;
    refused(told, "spec: Required value");
    for field in ["tenant", "credentials", "retain"] {
        let mut without = closure("without");
        without["spec"].as_object_mut().unwrap().remove(field);
        let words = format!("spec.{field}: Required value");
        refused(server.would_create("alice", &space, &without).await, &words);
    }
    let long = closure(&"n".repeat(64));
    refused(
        server.would_create("alice", &space, &long).await,
        "at most 63 characters; choose a shorter one",
    );
}

#[tokio::test]
async fn a_misspelt_field_is_refused() {
    let server = Server::ready().await;
    let space = server.namespace("misspelt").await;
    let mut misspelt = closure("misspelt");
    misspelt["spec"]["suspended"] = json!(true);
    let text = misspelt.to_string();
    let args = ["create", "-n", &space, "-f", "-"];
    let (done, _, why) = server.0.kubectl("alice", &args, Some(&text)).await.unwrap();
    assert!(
        !done && why.contains(r#"unknown field "spec.suspended""#),
        "{why}"
    );
}

#[tokio::test]
async fn what_was_approved_cannot_be_changed() {
    let server = Server::ready().await;
    let space = server.namespace("fixed").await;
    let full = server
        .create("alice", &space, &full_closure("full"))
        .await
        .unwrap();
    let least = server
        .create("alice", &space, &closure("least"))
        .await
        .unwrap();
    let elsewhere = "00000000-0000-4000-8000-000000000009";
    let changed = [
        ("tenant", json!({"id": elsewhere})),
        (
            "tenant",
            json!({"initialDomain": "fabrikam.onmicrosoft.com"}),
        ),
        ("tenant", json!({"cloud": null})),
        ("credentials", json!({"secretName": "another"})),
        ("credentials", json!({"readerSecretName": null})),
        (
            "retain",
            json!({"globalAdministrator": "mallory@contoso.onmicrosoft.com"}),
        ),
        ("retain", json!({"spareAdministrator": null})),
        ("cancellation", json!({"reason": "Another"})),
        ("cancellation", json!({"feedback": null})),
        ("cancellation", json!(null)),
        ("billing", json!({"stopRenewalFirst": false})),
        ("billing", json!({"stopRenewalFirst": null})),
        (
            "billing",
            json!({"stopRenewalFirst": false, "accounts": []}),
        ),
        ("billing", json!(null)),
        ("domains", json!({"release": ["contoso.de"]})),
        ("domains", json!(null)),
        ("mfa", json!({"disableSecurityDefaults": null})),
        (
            "mfa",
            json!({"disableConditionalAccessPolicies": [elsewhere]}),
        ),
        ("mfa", json!(null)),
        ("directory", json!({"removeApplications": false})),
        ("directory", json!({"resource": null})),
        ("directory", json!(null)),
        ("approval", json!({"required": 0})),
        ("approval", json!(null)),
    ];
    for (field, value) in changed {
        let words = format!(
            "spec.{field} cannot be changed; delete this closure (nothing is lost) and create another"
        );
        let patch = json!({"spec": {field: value}});
        refused(server.change("alice", &full, patch).await, &words);
        // What was left out cannot be added either.
        if least["spec"].get(field).is_none() {
            let patch = json!({"spec": {field: full["spec"][field]}});
            refused(server.change("alice", &least, patch).await, &words);
        }
    }
}

#[tokio::test]
async fn brakes_and_acceptances_can_be_changed() {
    let server = Server::ready().await;
    let space = server.namespace("changed").await;
    let full = server
        .create("alice", &space, &full_closure("full"))
        .await
        .unwrap();
    let least = server
        .create("alice", &space, &closure("least"))
        .await
        .unwrap();
    let changes = [
        ("mode", json!("Execute")),
        ("suspend", json!(true)),
        ("hold", json!("another matter")),
        ("notBefore", json!("2027-01-01T00:00:00Z")),
        ("backup", json!({"acknowledged": false})),
        (
            "backup",
            json!({"acknowledged": null, "jobName": "nightly", "maxAge": "1h30m"}),
        ),
        ("accept", json!([])),
        ("limits", json!({"maxUsers": 3})),
    ];
    for (field, value) in changes {
        for patch in [
            json!({"spec": {field: value}}),
            json!({"spec": {field: null}}),
        ] {
            for closure in [&full, &least] {
                let answer = server.change("alice", closure, patch.clone()).await;
                assert!(answer.is_ok(), "{field}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_status_is_not_written_with_the_spec() {
    let server = Server::ready().await;
    let space = server.namespace("status").await;
    let mut forged = closure("forged");
    forged["status"] = json!({"phase": "Closed"});
    let stored = server.create("alice", &space, &forged).await.unwrap();
    assert_eq!(stored.get("status"), None);
    let patch = json!({"status": {"phase": "Closed"}});
    let stored = server
        .change("alice", &stored, patch.clone())
        .await
        .unwrap();
    assert_eq!(stored.get("status"), None);
    let denied = server.change_status("alice", &stored, patch).await;
    refused(denied, "cannot patch resource \"tenantclosures/status\"");
}

/// What approvers read there nobody else writes, whatever he may do in the closure's namespace, or in all.
#[tokio::test]
async fn nobody_but_the_operator_writes_the_status() {
    let server = Server::ready().await;
    let space = server.namespace("status-guard").await;
    let role = format!(
        "{{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {{name: owners, namespace: {space}}}, \
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: writer}}, subjects: [{{kind: User, name: dave}}, \
         {{kind: ServiceAccount, name: robot, namespace: tenant-closure}}]}}"
    );
    server.kubectl(&["create", "-f", "-"], Some(&role)).await;
    let stored = server.create("alice", &space, &closure("contoso")).await;
    let stored = stored.unwrap();
    let closed = json!({"status": {"phase": "Closed", "steps": [], "blockers": [], "handOffs": [], "conditions": []}});
    let words = "only the operator writes the status of a closure";
    // The owner of the namespace and a machine in it; carol may write everything in every namespace.
    for user in ["dave", ROBOT, "carol"] {
        in_time(async || {
            let answer = server.change_status(user, &stored, closed.clone()).await;
            answer.is_err_and(|why| !why.contains("cannot patch resource"))
        })
        .await;
        let answer = server.change_status(user, &stored, closed.clone()).await;
        refused(answer, words);
        let mut whole = stored.clone();
        whole["status"] = closed["status"].clone();
        refused(server.replace(user, &whole, true).await, words);
    }
    let told = server.change_status(OPERATOR_USER, &stored, closed).await;
    assert_eq!(told.unwrap()["status"]["phase"], "Closed");
}

/// Policies that were rendered for another operator do not keep this one from saying so.
#[tokio::test]
async fn an_operator_under_policies_of_another_still_writes_the_status() {
    let cluster = Cluster::start().await.unwrap();
    let server = Server(&cluster);
    server.install(&policies::yaml("elsewhere", OPERATOR)).await;
    let space = server.namespace("elsewheres").await;
    in_time(async || {
        let answer = server
            .would_create(OPERATOR_USER, &space, &record("it"))
            .await;
        answer.is_err_and(|why| why.contains("only the operator writes the journal"))
    })
    .await;
    let stored = server.create("alice", &space, &closure("contoso")).await;
    let told = json!({"status": {"phase": "Stalled", "steps": [], "blockers": [], "handOffs": [], "conditions": []}});
    let stored = stored.unwrap();
    refused(
        server.change_status("carol", &stored, told.clone()).await,
        "only the operator writes the status of a closure",
    );
    let told = server.change_status(OPERATOR_USER, &stored, told).await;
    assert_eq!(told.unwrap()["status"]["phase"], "Stalled");
}
