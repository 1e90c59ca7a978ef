//! Readers that lag behind, and quotas that are counted in windows.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tenant_closure::closure::intent::Action;
use tenant_closure::closure::report::Phase;

crate::rows![
    readers_that_lag,
    two_listings_disagree,
    the_deleted_are_shown_again,
    quotas_in_windows,
    a_new_user_is_unknown_to_some_readers,
    people_go_first,
];

/// Some readers show the deleted for a while, a few for very long: nobody is lost, nobody goes twice.
async fn readers_that_lag() {
    let lag = json!({"replicas": 3, "replicaLagMs": 2000, "longLagPermille": 60});
    let trial = Trial::new(
        "lagging",
        json!({"tenantType": "CIAM", "users": 60, "behaviour": lag}),
    )
    .await;
    trial.apply().await;
    let audit = trial.assert_closes().await;
    assert!(!audit.visible.is_empty(), "no reader lagged");
}

fn listing() -> Value {
    json!({"method": "GET", "pathEnds": "/v1.0/users"})
}

/// One listing shows nobody, the next one everybody again: nothing is proven until two in a row agree.
async fn two_listings_disagree() {
    let trial = Trial::new("disagree", json!({"tenantType": "CIAM", "users": 30})).await;
    let portal = &trial.case.portal;
    trial.apply().await;
    let verified = trial.until("verified once", |status| {
        condition(status, "Ready").1 == "VerifyingUsers"
            && condition(status, "UsersDeleted").2 == "29 of 29 users deleted, none failed"
    });
    trial.with_persons(verified).await;
    portal
        .fault(listing(), json!({"stale": 600_000}), Some(1))
        .await
        .unwrap();
    let audit = trial.assert_closes().await;
    assert_eq!(trial.struck().await, 1);
    let listings = audit.claimed.iter();
    let listings = listings.filter(|(action, _)| *action == Action::VerifyUsers);
    assert!(listings.count() >= 4, "one clean, one not, two clean");
}

/// Two listings agreed that all are gone, and steps later a reader shows them again: they are waited for, and nobody goes
/// back to deleting them.
async fn the_deleted_are_shown_again() {
    let fields = json!({"tenantType": "CIAM", "users": 30, "subscriptions": [{"kind": "Direct"}]});
    let trial = Trial::new("shown-again", fields).await;
    let portal = &trial.case.portal;
    trial.apply().await;
    let (status, _) = trial.handed_over("CancelSubscription").await;
    let (gone, reason, _) = condition(&status, "UsersDeleted");
    assert_eq!((gone.as_str(), reason.as_str()), ("True", "VerifiedTwice"));
    let each = json!({"pathEnds": "/beta/$batch"});
    for matching in [listing(), each] {
        let deed = json!({"stale": 3_600_000});
        portal.fault(matching, deed, None).await.unwrap();
    }
    let waits = trial.until("WaitingReplica", |status| {
        condition(status, "Ready").1 == "WaitingReplica"
    });
    let status = trial.with_persons(waits).await;
    assert_eq!(status.step.as_deref(), Some("4/5 DisableMFA"));
    let message = "Deleted users are shown again by a reader that lags; it catches up by itself";
    assert_eq!(condition(&status, "Reconciling").2, message);
    assert_eq!(condition(&status, "UsersDeleted").0, "True");
    portal.lift_faults().await.unwrap();
    let audit = trial.assert_closes().await;
    assert_eq!(audit.slices.len(), 2, "nobody was deleted again");
}

/// More than one window allows: the rest waits for the next one, as Microsoft says.
async fn quotas_in_windows() {
    let windows = json!({"fixedWindow": true, "quotaWindow": 0.1});
    let trial = Trial::new(
        "windows",
        json!({"tenantType": "CIAM", "users": 361, "behaviour": windows}),
    )
    .await;
    trial.apply().await;
    trial.assert_closes().await;
    let stats = trial.case.portal.get("stats").await.unwrap();
    assert!(stats["throttledItems"].as_u64() > Some(0), "{stats}");
    assert_eq!(stats["userDeletes"], 360);
}

/// Many come while the plan is made, and some readers do not know them for a while: what they answer to a deletion is no
/// proof that somebody is gone.
async fn a_new_user_is_unknown_to_some_readers() {
    let lag = json!({"replicas": 3, "creationLagMs": 90_000});
    let fields = json!({"tenantType": "CIAM", "users": 30, "behaviour": lag});
    let trial = Trial::new("newly-made", fields).await;
    let portal = &trial.case.portal;
    let press = json!({"action": "createUser"});
    let made = futures::future::try_join_all((0..200).map(|_| portal.press_with(&press)));
    let made = made.await.unwrap();
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let new: BTreeSet<String> = made.iter().map(id).collect();
    assert_eq!(new.len(), 200);
    // By now each reader knows some of them, and not the same; it takes a minute and a half until each knows all.
    tokio::time::sleep(Duration::from_secs(5)).await;
    trial.apply().await;
    let audit = trial.assert_closes().await;
    assert!(audit.gone.is_superset(&new), "each was deleted");
    assert_eq!(audit.gone.len(), 29 + 200);
    let claimed = audit.claimed.iter();
    let claimed = claimed.filter(|(action, _)| *action == Action::DeleteUsers);
    let claims: usize = claimed.map(|(_, users)| users.len()).sum();
    assert!(claims > 29 + 200, "nobody was unknown to a reader");
}

/// People use the same quota while it is short: none of their requests is refused for the operator's, and nobody is lost.
async fn people_go_first() {
    // Fewer at once than one batch of the operator asks for, so that it is short on any machine.
    let short = json!({"quotaWindow": 0.005});
    let fields = json!({"tenantType": "CIAM", "users": 241, "behaviour": short});
    let trial = Trial::new("people-first", fields).await;
    let portal = &trial.case.portal;
    trial.apply().await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    assert_eq!(status.plan.unwrap().users, 240);
    let form = [
        ("client_id", portal.tenant.app_id.as_str()),
        ("client_secret", &portal.tenant.client_secret),
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let path = format!("login/{}/oauth2/v2.0/token", portal.tenant.id);
    let token = portal.form(&path, &form).await.unwrap()["access_token"].clone();
    let token = token.as_str().unwrap();
    let retained = portal.look().await.unwrap()["retainedAdministrator"]["id"].clone();
    let path = format!(
        "graph/v1.0/users/{}/revokeSignInSessions",
        retained.as_str().unwrap()
    );
    let asks = async {
        let mut answers = BTreeMap::new();
        loop {
            let (status, _) = portal
                .with_token(token, "POST", &path, &Value::Null)
                .await
                .unwrap();
            *answers.entry(status).or_insert(0_u32) += 1;
            if trial.left().await.is_empty() {
                return answers;
            }
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    };
    let answers = trial.with_approver(asks).await;
    let (served, all) = (answers[&200], answers.values().sum::<u32>());
    println!("people: {answers:?}");
    assert!(served > 10, "people asked too: {answers:?}");
    assert!(
        all - served <= (all / 20).max(1),
        "people were refused: {answers:?}"
    );
    let audit = trial.assert_closes().await;
    // The quota was short: the operator's own deletions were put off, so that people were served.
    let put_off: u32 = audit.slices.iter().map(|seen| seen.throttled).sum();
    assert!(
        put_off > all - served,
        "{put_off} of the operator's, {answers:?}"
    );
}
