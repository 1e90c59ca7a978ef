//! Writers: whoever changes what an approval rests on is written down, and approves nothing.

use super::cluster::Cluster;
use super::manifests::{approval, attestation, closure, forged, full_closure};
use super::server::{OPERATOR_USER, ROBOT, Server};
use super::{in_time, refused};
use serde_json::{Value, json};
use tenant_closure::api::CHANGED_BY;

fn writers(closure: &Value) -> Vec<&str> {
    let annotation = closure["metadata"]["annotations"][CHANGED_BY].as_str();
    annotation.unwrap_or("nothing").split('\n').collect()
}

fn later_accepted() -> Value {
    json!([{"kind": "Mailboxes", "reference": "CAB-118"}, {"kind": "OneDrive", "reference": "CAB-118"}])
}

/// Alice's closure, as it is stored.
async fn alices(server: Server<'_>, space: &str, closure: &Value) -> Value {
    let made = server.create("alice", space, closure).await.unwrap();
    assert_eq!(writers(&made), ["alice"]);
    made
}

#[tokio::test]
async fn whoever_changes_what_counts_is_written_down_once() {
    let server = Server::ready().await;
    let space = server.namespace("writers").await;
    for (name, spec) in [
        ("mode", json!({"mode": "Execute"})),
        ("limits", json!({"limits": {"maxUsers": 5}})),
        ("backup", json!({"backup": {"acknowledged": true}})),
        ("accept", json!({"accept": later_accepted()})),
    ] {
        let stored = alices(server, &space, &closure(name)).await;
        let by_bob = server.change("bob", &stored, json!({ "spec": spec })).await;
        assert_eq!(writers(&by_bob.unwrap()), ["alice", "bob"], "{name}");
    }
    let full = alices(server, &space, &full_closure("full")).await;
    let mut stored = full;
    for (user, change) in [
        ("carol", json!({"hold": null})),
        ("bob", json!({"notBefore": "2026-12-01T07:59:59Z"})),
        ("carol", json!({"notBefore": "2026-12-01T07:00:00+01:00"})),
        ("alice", json!({"notBefore": null})),
        (ROBOT, json!({"backup": null})),
        ("bob", json!({"limits": null})),
    ] {
        let patch = json!({ "spec": change });
        stored = server.change(user, &stored, patch).await.unwrap();
    }
    let robot = "system:serviceaccount:tenant-closure:robot";
    assert_eq!(writers(&stored), ["alice", "carol", "bob", robot]);
    assert_eq!(stored["spec"]["notBefore"], Value::Null);
}

/// A value that is null is none.
#[tokio::test]
async fn what_is_set_to_nothing_is_taken_out() {
    let server = Server::ready().await;
    let space = server.namespace("nothing").await;
    for field in ["hold", "notBefore"] {
        let mut full = full_closure(&field.to_lowercase());
        full["metadata"]["name"] = json!(field.to_lowercase());
        let mut stored = alices(server, &space, &full).await;
        stored["spec"][field] = Value::Null;
        let replaced = server.replace("bob", &stored, false).await.unwrap();
        assert_eq!(writers(&replaced), ["alice", "bob"], "{field}");
    }
}

#[tokio::test]
async fn what_only_holds_back_is_free() {
    let server = Server::ready().await;
    let space = server.namespace("free").await;
    let mut full = full_closure("full");
    full["spec"]["accept"] = later_accepted();
    full["spec"].as_object_mut().unwrap().remove("hold");
    let mut stored = alices(server, &space, &full).await;
    for change in [
        json!({"spec": {"suspend": true}}),
        json!({"spec": {"suspend": null}}),
        json!({"spec": {"hold": "matter 13/2026"}}),
        json!({"spec": {"hold": "matter 13/2026, and 14"}}),
        json!({"spec": {"notBefore": "2026-12-02T08:00:00+01:00"}}),
        json!({"spec": {"accept": [later_accepted()[1]]}}),
        json!({"spec": {"accept": null}}),
        json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}, "labels": {"team": "red"}}}),
    ] {
        let what = change.to_string();
        stored = server.change("bob", &stored, change).await.unwrap();
        assert_eq!(writers(&stored), ["alice"], "{what}");
    }
    assert_eq!(stored["spec"]["hold"], "matter 13/2026, and 14");
    // The operator writes the status, which is no spec.
    let patch = json!({"status": {"phase": "Planning", "steps": [], "blockers": [], "handOffs": [], "conditions": []}});
    let told = server.change_status(OPERATOR_USER, &stored, patch).await;
    assert_eq!(writers(&told.unwrap()), ["alice"]);
}

#[tokio::test]
async fn nobody_leaves_the_list_or_is_put_into_it() {
    let server = Server::ready().await;
    let space = server.namespace("list").await;
    let mut claimed = closure("claimed");
    claimed["metadata"]["annotations"] = json!({ CHANGED_BY: "bob" });
    alices(server, &space, &claimed).await;
    let stored = alices(server, &space, &closure("contoso")).await;
    let patch =
        json!({"spec": {"mode": "Execute"}, "metadata": {"annotations": {CHANGED_BY: "carol"}}});
    let mut stored = server.change("bob", &stored, patch).await.unwrap();
    assert_eq!(writers(&stored), ["alice", "bob"]);
    for value in [json!("alice"), json!("alice\nbob\ncarol"), Value::Null] {
        let patch = json!({"metadata": {"annotations": {CHANGED_BY: value}}});
        stored = server.change("bob", &stored, patch).await.unwrap();
        assert_eq!(writers(&stored), ["alice", "bob"]);
    }
    // A plain PUT that does not know the annotations.
    let mut bare = stored;
    let metadata = bare["metadata"].as_object_mut().unwrap();
    metadata.remove("annotations");
    let replaced = server.replace("alice", &bare, false).await.unwrap();
    assert_eq!(writers(&replaced), ["alice", "bob"]);
    // GitOps tools own what they apply, and drop what they no longer apply.
    let applied = server
        .apply("carol", "flux", &space, &closure("contoso"))
        .await
        .unwrap();
    assert_eq!(writers(&applied), ["alice", "bob"], "nothing was changed");
    let mut limited = closure("contoso");
    limited["spec"]["limits"] = json!({"maxUsers": 7});
    for _ in 0..2 {
        let applied = server.apply("carol", "flux", &space, &limited).await;
        assert_eq!(writers(&applied.unwrap()), ["alice", "bob", "carol"]);
    }
    let dropped = server
        .apply(ROBOT, "flux", &space, &closure("contoso"))
        .await
        .unwrap();
    let robot = "system:serviceaccount:tenant-closure:robot";
    assert_eq!(writers(&dropped), ["alice", "bob", "carol", robot]);
}

#[tokio::test]
async fn who_has_changed_the_closure_does_not_approve_it() {
    let server = Server::ready().await;
    let space = server.namespace("changed-by-approver").await;
    let stored = alices(server, &space, &closure("contoso")).await;
    let execute = json!({"spec": {"mode": "Execute"}});
    server.change("bob", &stored, execute).await.unwrap();
    let words = "who changed a closure (annotation tenantclosure.dev/changed-by) cannot approve it; another person must";
    let own = approval("own", "contoso", "bob");
    in_time(async || {
        let answer = server.would_create("bob", &space, &own).await;
        answer.is_err_and(|why| why.contains(words))
    })
    .await;
    // Nor by a signature that somebody else puts in.
    let mut signed = approval("signed", "contoso", "bob");
    signed["spec"]["signature"] = json!("an SSH signature");
    refused(server.would_create(ROBOT, &space, &signed).await, words);
    // What he saw he may attest.
    let attested = attestation("attested", "contoso", "bob");
    server.create("bob", &space, &attested).await.unwrap();
}

/// The guard alone is what holds, also where nothing stamps: then who changes something writes himself down.
#[tokio::test]
async fn without_the_stamp_the_list_is_guarded_all_the_same() {
    let cluster = Cluster::start().await.unwrap();
    let server = Server(&cluster);
    server.install_without_the_stamp().await;
    let space = server.namespace("unstamped").await;
    let bare = closure("bare");
    in_time(async || server.would_create("alice", &space, &bare).await.is_err()).await;
    let words = "names everybody who changed what counts, you among them if you do";

    let mut claimed = forged("own", "alice");
    claimed["metadata"]["annotations"][CHANGED_BY] = json!("alice\nbob");
    refused(server.create("alice", &space, &claimed).await, words);
    let own = forged("own", "alice");
    let stored = server.create("alice", &space, &own).await.unwrap();
    let spec = json!({"mode": "Execute"});
    // The creator alone has written what counts.
    let execute = json!({ "spec": spec });
    let stored = server.change("alice", &stored, execute).await.unwrap();
    let limited = json!({"limits": {"maxUsers": 5}});
    let with = |spec: &Value, list: Value| json!({"spec": spec, "metadata": {"annotations": {CHANGED_BY: list}}});
    for list in [
        Value::Null,
        json!(""),
        json!("alice"),
        json!("bob"),
        json!("bob\nalice"),
        json!("alice\nbob\ncarol"),
        json!("alice\ncarol"),
    ] {
        let patch = with(&limited, list);
        refused(server.change("bob", &stored, patch).await, words);
    }
    let freed = json!({"suspend": true});
    let patch = with(&freed, json!("alice\nbob"));
    refused(server.change("bob", &stored, patch).await, words);
    let patch = with(&limited, json!("alice\nbob"));
    let stored = server.change("bob", &stored, patch).await.unwrap();
    for list in [
        Value::Null,
        json!(""),
        json!("alice"),
        json!("alice\nbob\n"),
    ] {
        let patch = with(&freed, list);
        refused(server.change("alice", &stored, patch).await, words);
    }
    let patch = json!({ "spec": freed });
    let stored = server.change("carol", &stored, patch).await.unwrap();
    assert_eq!(writers(&stored), ["alice", "bob"]);
    let patch = with(&json!({"mode": "Plan"}), json!("alice\nbob\ncarol"));
    server.change("carol", &stored, patch).await.unwrap();
}

const TAKES_A_PERSON: &str = "lifting a brake takes a person";

/// A tool such as Flux says again what stands in Git, whatever a person has done since.
#[tokio::test]
async fn no_machine_lifts_a_brake_and_any_may_pull_one() {
    let server = Server::ready().await;
    let space = server.namespace("brakes").await;
    let applied = server
        .apply(ROBOT, "flux", &space, &closure("contoso"))
        .await;
    let mut stored = applied.unwrap();
    for (pulled, lifts) in [
        (
            json!({"suspend": true}),
            vec![json!({"suspend": false}), json!({"suspend": null})],
        ),
        (
            json!({"hold": "matter 12/2026"}),
            vec![json!({"hold": null})],
        ),
        (
            json!({"suspend": true, "hold": "matter 13/2026"}),
            vec![
                json!({"suspend": false}),
                json!({"hold": null}),
                json!({"suspend": null, "hold": null, "mode": "Execute"}),
            ],
        ),
    ] {
        for user in [ROBOT, "bob"] {
            let patch = json!({ "spec": pulled });
            stored = server.change(user, &stored, patch).await.unwrap();
            for lift in &lifts {
                let patch = json!({ "spec": lift });
                refused(server.change(ROBOT, &stored, patch).await, TAKES_A_PERSON);
            }
            // All the rest it may do meanwhile, and say the same or another reason.
            let more = json!({"spec": {"limits": {"maxUsers": 5}}});
            stored = server.change(ROBOT, &stored, more).await.unwrap();
            if stored["spec"].get("hold").is_some() {
                let reworded = json!({"spec": {"hold": "another matter"}});
                stored = server.change(ROBOT, &stored, reworded).await.unwrap();
            }
            let lifted = json!({"spec": {"suspend": null, "hold": null}});
            stored = server.change("carol", &stored, lifted).await.unwrap();
            assert_eq!(stored["spec"].get("suspend"), None);
            assert_eq!(stored["spec"].get("hold"), None);
        }
    }
}

/// As Flux does it: by force, and what it no longer applies it drops.
#[tokio::test]
async fn what_git_says_lifts_no_brake() {
    let server = Server::ready().await;
    let space = server.namespace("brakes-in-git").await;
    let mut unsuspended = closure("contoso");
    unsuspended["spec"]["suspend"] = json!(false);
    let applied = server.apply(ROBOT, "flux", &space, &unsuspended).await;
    let suspend = json!({"spec": {"suspend": true}});
    let stored = applied.unwrap();
    let stored = server.change("bob", &stored, suspend).await.unwrap();
    let again = server.apply(ROBOT, "flux", &space, &unsuspended).await;
    refused(again, TAKES_A_PERSON);
    // Where Git says nothing of it, it stays.
    let applied = server
        .apply(ROBOT, "flux", &space, &closure("contoso"))
        .await;
    assert_eq!(applied.unwrap()["spec"]["suspend"], json!(true));
    let resume = json!({"spec": {"suspend": false}});
    server.change("bob", &stored, resume).await.unwrap();

    let mut held = closure("contoso");
    held["spec"]["hold"] = json!("matter 12/2026");
    server.apply(ROBOT, "flux", &space, &held).await.unwrap();
    let dropped = server
        .apply(ROBOT, "flux", &space, &closure("contoso"))
        .await;
    refused(dropped, TAKES_A_PERSON);
    let stored = server.apply(ROBOT, "flux", &space, &held).await.unwrap();
    // A node's own identity is no person either.
    let lift = r#"{"spec":{"hold":null}}"#;
    let node = ["--as", "system:node:one", "--as-group", "system:masters"];
    let patch = ["patch", "tenantclosure", "contoso", "-n", &space];
    let args = [&node[..], &patch[..], &["--type=merge", "-p", lift]].concat();
    let (done, _, why) = server.0.kubectl("admin", &args, None).await.unwrap();
    assert!(!done && why.contains(TAKES_A_PERSON), "{why}");
    let lift = json!({"spec": {"hold": null}});
    server.change("alice", &stored, lift).await.unwrap();
}
