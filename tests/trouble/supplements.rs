//! Who comes after the plan was approved: planned on their own, approved by a person on their own, and never deleted
//! without it.

use crate::approvals::{admin, create, good};
use crate::case::NAME;
use crate::children::binary;
use crate::person::Person;
use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::api::status::SupplementStatus;
use tenant_closure::closure::report::Phase;

crate::rows![
    a_new_user_waits_for_an_approval_of_its_own,
    who_comes_is_seen_long_before_the_end,
    a_rejected_delta_token_is_never_nobody,
    sync_goes_on_adding_users,
    a_new_global_administrator,
    a_restored_global_administrator,
    a_planned_global_administrator_who_is_restored
];

/// A tenant whose users are being deleted, in the middle of it.
async fn midway(name: &str, tenant: Value) -> Trial {
    let trial = Trial::new(name, tenant).await;
    trial.apply().await;
    trial.with_approver(trial.until_effects(20)).await;
    trial
}

/// Somebody makes an account; its id.
async fn newcomer(trial: &Trial, mut fields: Value) -> String {
    fields["action"] = json!("createUser");
    let made = trial.case.portal.press_with(&fields).await.unwrap();
    made["id"].as_str().unwrap().to_owned()
}

fn supplement(status: &TenantClosureStatus) -> Option<&SupplementStatus> {
    status.plan.as_ref()?.supplement.as_ref()
}

/// Waits until a supplement of so many users is what everything waits for.
async fn grown(trial: &Trial, users: u32) -> TenantClosureStatus {
    let what = format!("a supplement of {users}");
    let status = trial
        .until(&what, |status| {
            status.phase == Some(Phase::AwaitingApproval)
                && supplement(status).is_some_and(|one| one.users == users)
        })
        .await;
    let (approved, reason, message) = condition(&status, "Approved");
    assert_eq!((approved.as_str(), reason.as_str()), ("False", "PlanGrew"));
    assert!(message.contains("0 of 1 approvals"), "{message}");
    assert_eq!(condition(&status, "Ready").1, "PlanGrew");
    assert_eq!(status.step.as_deref(), Some("1/5 Users"));
    status
}

/// What the plugin prints, as bob.
pub(crate) async fn plugin(trial: &Trial, args: &[&str]) -> String {
    plugin_as(trial, "bob", args).await
}

/// Likewise as somebody else.
pub(crate) async fn plugin_as(trial: &Trial, who: &str, args: &[&str]) -> String {
    let kubeconfig = trial.case.cluster.kubeconfig(who);
    let done = tokio::process::Command::new(binary("kubectl-tenant_closure").unwrap())
        .args(args)
        .args(["-n", &trial.case.namespace])
        .env("KUBECONFIG", kubeconfig)
        .output()
        .await
        .unwrap();
    let text = [done.stdout, done.stderr].concat();
    String::from_utf8(text).unwrap()
}

async fn a_new_user_waits_for_an_approval_of_its_own() {
    let trial = midway("grows", json!({"users": 80})).await;
    let before = trial.case.closures().get(NAME).await.unwrap();
    let approved = before.status.unwrap().plan.unwrap().digest;
    let new = newcomer(&trial, json!({})).await;
    let status = grown(&trial, 1).await;
    assert_eq!(
        trial.left().await,
        BTreeSet::from([new.clone()]),
        "what the plan covers went on to its end"
    );
    let plan = status.plan.clone().unwrap();
    assert_eq!(plan.digest, approved, "the plan stays what was approved");
    let open = supplement(&status).unwrap();
    assert_eq!(open.first[0].to_string(), new);
    assert_ne!(open.digest, approved);
    // The plan approved once more, and by others, is no approval of its supplement.
    let again = good(&trial, "again", "bob").await;
    create(&trial, "bob", &again).await;
    trial.assert_stands_still().await;
    assert!(trial.left().await.contains(&new));
    let shown = plugin(&trial, &["plan", NAME]).await;
    let short = &open.digest[..12];
    for told in [
        format!("SUPPLEMENT {short}"),
        format!("user {new}"),
        format!("--plan {short}"),
    ] {
        assert!(shown.contains(&told), "{told}\n{shown}");
    }
    // Its author approves nothing, and an approval that is revoked counts no more.
    let mut of_it = good(&trial, "of-it", "alice").await;
    of_it["spec"]["planDigest"] = json!(open.digest);
    let refused = trial.case.cluster.apply("alice", &of_it.to_string()).await;
    assert!(refused.is_err());
    trial.assert_no_rule_broken().await;

    let closure = trial.case.closures().get(NAME).await.unwrap();
    let person = Person::new(&trial.case, false, None);
    person.brief_judge(&closure, &open.digest).await.unwrap();
    let domain = &closure.spec.tenant.initial_domain;
    let words = ["approve", NAME, "--plan", short, "--confirm", domain];
    let said = plugin(&trial, &words).await;
    assert!(
        said.contains(&format!("bob approves supplement {short}")),
        "{said}"
    );
    let audit = trial.assert_closes().await;
    assert!(audit.gone.contains(&new));
    assert_eq!(audit.gone.len(), 80);
}

/// Change tracking tells of a new user while most of the plan is still to be done; approved, all ends well.
async fn seen_early(trial: &Trial) {
    let new = newcomer(trial, json!({})).await;
    let what = "a supplement while users are deleted";
    trial
        .until(what, |status| supplement(status).is_some())
        .await;
    let left = trial.left().await;
    assert!(left.contains(&new) && left.len() > 20, "{}", left.len());
    let audit = trial.assert_closes().await;
    assert!(audit.gone.contains(&new));
}

async fn who_comes_is_seen_long_before_the_end() {
    seen_early(&midway("seen-early", json!({"users": 400})).await).await;
}

async fn a_rejected_delta_token_is_never_nobody() {
    let trial = midway("rejected-token", json!({"users": 400})).await;
    let matching = json!({"pathContains": "users/delta"});
    let body = json!({"error": {"code": "syncStateNotFound", "message": "m"}});
    let deed = json!({"status": {"code": 410, "body": body}});
    let portal = &trial.case.portal;
    portal.fault(matching, deed, Some(1)).await.unwrap();
    trial.until_struck(1).await;
    seen_early(&trial).await;
}

async fn sync_goes_on_adding_users() {
    let trial = midway("keeps-growing", json!({"users": 60})).await;
    newcomer(&trial, json!({"synced": true})).await;
    let one = grown(&trial, 1).await;
    newcomer(&trial, json!({"synced": true})).await;
    newcomer(&trial, json!({"guest": true})).await;
    let three = grown(&trial, 3).await;
    let (one, three) = (supplement(&one).unwrap(), supplement(&three).unwrap());
    assert_ne!(one.digest, three.digest);
    // What was read before is not what is there now: its approval deletes nobody.
    let mut stale = good(&trial, "stale", "bob").await;
    stale["spec"]["planDigest"] = json!(one.digest);
    create(&trial, "bob", &stale).await;
    let says = "not counted: one approves another plan";
    trial
        .until(says, |status| {
            condition(status, "Approved").2.contains(says)
        })
        .await;
    trial.assert_stands_still().await;
    assert_eq!(trial.left().await.len(), 3);
    admin(&trial, &["delete", "closureapproval", "stale"]).await;
    // While one supplement is carried out another one comes, and gets a supplement of its own.
    let work = async {
        trial.until_effects(60).await;
        newcomer(&trial, json!({})).await;
        trial.phase(Phase::Closed).await;
    };
    trial.with_persons(work).await;
    let audit = trial.assert_closes().await;
    assert_eq!(audit.gone.len(), 63);
}

/// Nobody deletes an administrator who came later, whatever is approved.
async fn an_administrator(trial: &Trial, new: &str) {
    let told = trial.blocked("PlanDrift").await;
    assert!(
        told.message.contains("Global administrator"),
        "{}",
        told.message
    );
    assert!(
        told.remedy.contains("take the role away"),
        "{}",
        told.remedy
    );
    let waits = Duration::from_secs(3);
    let approver = trial.with_approver(tokio::time::sleep(waits));
    approver.await;
    trial.assert_stands_still().await;
    assert!(trial.left().await.contains(new));
    let away = json!({"action": "changeUser", "id": new, "role": Value::Null});
    trial.case.portal.press_with(&away).await.unwrap();
    let status = trial
        .with_approver(trial.phase(Phase::AwaitingHandOff))
        .await;
    assert_eq!(status.step.as_deref(), Some("5/5 DeleteDirectory"));
    assert!(trial.left().await.is_empty());
    trial.assert_no_rule_broken().await;
}

async fn a_new_global_administrator() {
    let trial = midway("new-admin", json!({"users": 60})).await;
    let new = newcomer(&trial, json!({"role": "Global Administrator"})).await;
    an_administrator(&trial, &new).await;
}

async fn a_restored_global_administrator() {
    let trial = Trial::new("restored-admin", json!({"users": 60})).await;
    let old = newcomer(&trial, json!({"role": "Global Administrator"})).await;
    let portal = &trial.case.portal;
    portal.press("deleteUser", Some(&old)).await.unwrap();
    let before = trial.effects().await.len();
    trial.apply().await;
    // As soon as it has begun: the recycle bin keeps him for thirty days, which pass quickly here.
    trial.with_approver(trial.until_effects(before)).await;
    portal.press("restoreUser", Some(&old)).await.unwrap();
    an_administrator(&trial, &old).await;
}

/// Deleted as planned, then restored by somebody: not deleted a second time.
async fn a_planned_global_administrator_who_is_restored() {
    let trial = Trial::new("restored-planned", json!({"users": 40})).await;
    let other = newcomer(&trial, json!({"role": "Global Administrator"})).await;
    trial.apply().await;
    // Back before the operator saw that the account is gone it would be one that did not go.
    let went = trial.until("all are seen to be gone", |status| {
        let users = status.steps.iter().find(|one| one.name == "Users");
        users.is_some_and(|one| one.done == 40)
    });
    trial.with_approver(went).await;
    assert!(!trial.left().await.contains(&other));
    let back = json!({"action": "restoreUser", "id": other});
    trial.case.portal.press_with(&back).await.unwrap();
    let drift = trial.with_approver(trial.blocked("PlanDrift")).await;
    assert!(
        drift.message.contains("is there again"),
        "{}",
        drift.message
    );
    trial.assert_stands_still().await;
    let effects = trial.effects().await;
    let deleted = effects
        .iter()
        .filter(|one| one["kind"] == "userDeleted" && one["id"] == other.as_str());
    assert_eq!(deleted.count(), 1, "{effects:#?}");
    let portal = &trial.case.portal;
    portal.press("deleteUser", Some(&other)).await.unwrap();
    let status = trial
        .with_approver(trial.phase(Phase::AwaitingHandOff))
        .await;
    assert_eq!(status.step.as_deref(), Some("5/5 DeleteDirectory"));
    trial.assert_no_rule_broken().await;
}
