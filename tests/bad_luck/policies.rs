//! Policies of the tenant that ask for a person where the operator reads or changes something: claims challenges, protected
//! actions, Conditional Access before the sign-in. Each is handed over, and everything goes on by itself once it is lifted.

use crate::answers::{deletions, readings, tenant};
use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use std::time::Duration;
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

crate::rows![
    a_policy_stops_the_readings,
    a_policy_stands_before_the_sign_in,
    a_protected_action_stops_every_deletion,
    a_protected_action_stops_some_deletions,
    a_protected_action_stops_the_end,
];

const WHAT: &str = "a Conditional Access policy or a protected action of the tenant asks for what only a person can bring";

/// A claims challenge, as Microsoft plays it.
fn challenge(code: u16) -> Value {
    let claims = r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoiYzEifX19""#;
    let body = json!({"error": {"code": "InvalidAuthenticationToken", "message": "Continuous access evaluation.", "innerError": {}}});
    json!({"status": {"code": code, "headers": {"WWW-Authenticate": claims}, "body": body}})
}

/// Waits until it is handed over, and checks all that a user or a tool looks at.
async fn handed_over(trial: &Trial, met: &str) -> TenantClosureStatus {
    let (status, row) = trial.handed_over("LiftPolicy").await;
    assert!(row.what.contains(met), "{}", row.what);
    assert!(row.what.contains(WHAT), "{}", row.what);
    assert_eq!(
        row.link,
        "https://entra.microsoft.com/#view/Microsoft_AAD_ConditionalAccess/ConditionalAccessBlade"
    );
    assert!(row.noticed.contains("goes on by itself"), "{}", row.noticed);
    let (ready, reason, message) = condition(&status, "Ready");
    assert_eq!(
        (ready.as_str(), reason.as_str()),
        ("False", "LiftPolicyHandOff")
    );
    assert_eq!(message, format!("A person is needed: {}", row.what));
    assert_eq!(condition(&status, "Stalled").0, "False");
    status
}

/// The person lifts it, and the closure ends; it was handed over once for all.
async fn lifted_it_closes(trial: &Trial) {
    trial.case.portal.lift_faults().await.unwrap();
    trial.assert_closes().await;
    let status = trial.phase(Phase::Closed).await;
    let past = status.past_hand_offs.iter();
    assert_eq!(past.filter(|one| one.key == "LiftPolicy").count(), 1);
    assert!(status.hand_offs.is_empty());
}

/// At the first look, and once more in the middle of the deletions.
async fn a_policy_stops_the_readings() {
    const MET: &str = "Microsoft does not let the operator read the organization";
    let trial = Trial::new("policy-readings", tenant(65)).await;
    let portal = &trial.case.portal;
    portal
        .fault(readings(), challenge(401), None)
        .await
        .unwrap();
    trial.apply().await;
    handed_over(&trial, MET).await;
    trial.assert_untouched().await;
    portal.lift_faults().await.unwrap();
    let seen = trial.with_persons(trial.until_effects(0)).await;
    let item = json!({"item": true, "pathContains": "/organization"});
    portal.fault(item, challenge(403), None).await.unwrap();
    let status = trial
        .until("handed over in the middle", |status| {
            status.phase == Some(Phase::AwaitingHandOff)
        })
        .await;
    assert_eq!(status.step.as_deref(), Some("1/5 Users"));
    assert!(seen > 0);
    trial.assert_stands_still().await;
    lifted_it_closes(&trial).await;
}

/// Conditional Access for workload identities: there is no token at all.
async fn a_policy_stands_before_the_sign_in() {
    let trial = Trial::new("policy-sign-in", tenant(15)).await;
    let body = json!({"error": "invalid_grant", "error_description": "AADSTS53003", "error_codes": [53003]});
    let doors = json!({"pathEnds": "/oauth2/v2.0/token"});
    let refused = json!({"status": {"code": 400, "body": body}});
    trial.case.portal.fault(doors, refused, None).await.unwrap();
    trial.apply().await;
    handed_over(
        &trial,
        "Microsoft does not let the operator read the organization",
    )
    .await;
    lifted_it_closes(&trial).await;
}

/// Whole slices are refused: handed over, and told as that for as long as it is tried in vain.
async fn a_protected_action_stops_every_deletion() {
    let trial = Trial::new("policy-deletions", tenant(65)).await;
    trial
        .case
        .portal
        .fault(deletions(), challenge(403), None)
        .await
        .unwrap();
    trial.apply().await;
    // Told of whole groups at first, of each user once all were tried: which of the two is seen is a matter of time.
    let met = "insufficient_claims";
    let status = handed_over(&trial, met).await;
    assert_eq!(status.step.as_deref(), Some("1/5 Users"));
    let since = status.hand_offs[0].since;
    // Tried again from time to time, which is no news.
    let struck = trial.struck().await;
    let watched = async {
        loop {
            let now = trial.until("any status", |_| true).await;
            assert_eq!(now.phase, Some(Phase::AwaitingHandOff), "{now:#?}");
            assert_eq!(now.hand_offs[0].since, since);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = trial.until_struck(struck + 40) => {}
        () = watched => {}
    }
    trial.assert_no_rule_broken().await;
    lifted_it_closes(&trial).await;
}

/// The others go first; who is left is named.
async fn a_protected_action_stops_some_deletions() {
    let trial = Trial::new("policy-some", tenant(45)).await;
    let all = trial.left().await;
    let kept: Vec<&String> = all.iter().take(2).collect();
    for id in &kept {
        let matching = json!({"item": true, "method": "DELETE", "pathContains": id});
        let portal = &trial.case.portal;
        portal.fault(matching, challenge(403), None).await.unwrap();
    }
    trial.apply().await;
    let met = "2 users could not be deleted: insufficient_claims (HTTP 403)";
    let status = handed_over(&trial, met).await;
    assert_eq!(trial.left().await.len(), 2, "the others go first");
    for id in kept {
        let named =
            |one: &&tenant_closure::api::status::BlockerStatus| one.check == format!("User {id}");
        let row = status.blockers.iter().find(named).unwrap();
        assert!(
            row.remedy.starts_with("insufficient_claims (HTTP 403)"),
            "{}",
            row.remedy
        );
    }
    lifted_it_closes(&trial).await;
}

/// Azure asks for a person before it deletes the directory.
async fn a_protected_action_stops_the_end() {
    let trial = Trial::new("policy-end", tenant(15)).await;
    let matching = json!({"method": "DELETE", "pathContains": "ciamDirectories"});
    let portal = &trial.case.portal;
    portal.fault(matching, challenge(401), None).await.unwrap();
    trial.apply().await;
    let met = "Azure refused to delete the directory: insufficient_claims";
    let status = handed_over(&trial, met).await;
    assert_eq!(status.step.as_deref(), Some("5/5 DeleteDirectory"));
    lifted_it_closes(&trial).await;
}
