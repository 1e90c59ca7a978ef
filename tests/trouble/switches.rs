//! What step 4 switches off besides per-user MFA: only what `spec.mfa` names, once users and subscriptions are gone.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use tenant_closure::closure::access::table::{Kind, Right, TABLE, least};
use tenant_closure::closure::intent::Action;
use tenant_closure::closure::report::Phase;

crate::rows![
    what_the_spec_names_is_switched_off_and_nothing_else,
    nothing_is_touched_unasked,
    a_policy_that_the_tenant_does_not_have_blocks,
    what_microsoft_refuses_to_switch_off_is_handed_to_a_person
];

const KINDS: [&str; 2] = ["securityDefaultsChanged", "policyChanged"];

/// Every application permission that a closure can need.
fn permissions() -> Vec<&'static str> {
    let all = TABLE.iter().filter(|right| right.kind == Kind::Permission);
    let all: Vec<&Right> = all.collect();
    least(&all).iter().map(|right| right.name()).collect()
}

fn tenant() -> Value {
    json!({"users": 15, "securityDefaults": true, "conditionalAccessPolicies": 4, "closer": {"appRoles": permissions()}})
}

/// What changed of security defaults and policies: the kind, the object, and whether an application did it.
async fn switched(trial: &Trial) -> Vec<(String, String, bool)> {
    let effects = trial.effects().await;
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let some = effects
        .iter()
        .filter(|one| KINDS.contains(&text(one, "kind").as_str()));
    some.map(|one| (text(one, "kind"), text(one, "id"), !one["app"].is_null()))
        .collect()
}

async fn what_the_spec_names_is_switched_off_and_nothing_else() {
    let mut trial = Trial::new("switches", tenant()).await;
    let mine = trial.case.portal.tenant.clone();
    let mut named = [mine.policy(1), mine.policy(3), mine.policy(4)];
    named.sort();
    trial.spec()["mfa"] =
        json!({"disableSecurityDefaults": true, "disableConditionalAccessPolicies": named});
    trial.apply().await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    let told = status.plan.unwrap().policies;
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert_eq!(told, named, "told before anybody approves");
    trial.assert_untouched().await;
    let audit = trial.assert_closes().await;
    let mut changed: Vec<_> = switched(&trial).await;
    changed.sort();
    let mut wanted: Vec<_> = named
        .iter()
        .map(|id| (KINDS[1].to_owned(), id.clone(), true))
        .collect();
    wanted.push((KINDS[0].to_owned(), mine.id.clone(), true));
    assert_eq!(changed, wanted);
    let claimed = audit.objects(&[Action::DisablePolicies]);
    assert_eq!(claimed.into_iter().collect::<Vec<_>>(), named);
    let status = trial.phase(Phase::Closed).await;
    let (_, reason, message) = condition(&status, "MFADisabled");
    assert_eq!(reason, "Disabled");
    assert!(
        message.ends_with("and so is what spec.mfa names"),
        "{message}"
    );
    let step = status
        .steps
        .iter()
        .find(|one| one.name == "DisableMFA")
        .unwrap();
    assert_eq!((step.done, step.total), (4, 4));
}

async fn nothing_is_touched_unasked() {
    let trial = Trial::new("switches-unasked", tenant()).await;
    trial.apply().await;
    trial.assert_closes().await;
    assert_eq!(switched(&trial).await, []);
}

async fn a_policy_that_the_tenant_does_not_have_blocks() {
    let mut trial = Trial::new("switches-unknown", tenant()).await;
    let nobodys = "00000000-0000-4000-8000-000000000009";
    trial.spec()["mfa"] = json!({"disableConditionalAccessPolicies": [nobodys]});
    trial.apply().await;
    let told = trial.blocked("PolicyUnknown").await;
    assert!(told.message.contains(nobodys), "{}", told.message);
    trial.assert_untouched().await;
}

/// Refused three times, then a person does it; the operator sees it and goes on.
async fn what_microsoft_refuses_to_switch_off_is_handed_to_a_person() {
    let mut trial = Trial::new("switches-refused", tenant()).await;
    let policy = trial.case.portal.tenant.policy(2);
    trial.spec()["mfa"] = json!({"disableConditionalAccessPolicies": [policy]});
    let matching = json!({"method": "PATCH", "pathContains": "/conditionalAccess/policies/"});
    let deed = json!({"status": {"code": 403, "body": {"error": {"code": "Authorization_RequestDenied", "message": "No."}}}});
    let portal = &trial.case.portal;
    portal.fault(matching, deed, None).await.unwrap();
    trial.apply().await;
    let handed = trial.handed_over("DisablePolicies");
    let (status, row) = handed.await;
    assert!(row.what.contains(&policy), "{}", row.what);
    assert!(
        row.link.starts_with("https://entra.microsoft.com/"),
        "{}",
        row.link
    );
    assert_eq!(status.step.as_deref(), Some("4/5 DisableMFA"));
    assert_eq!(condition(&status, "Ready").1, "DisableMFAHandOff");
    assert_eq!(switched(&trial).await, []);
    portal.lift_faults().await.unwrap();
    portal.press("disablePolicy", Some(&policy)).await.unwrap();
    trial.assert_closes().await;
    assert_eq!(
        switched(&trial).await,
        [(KINDS[1].to_owned(), policy, false)]
    );
}
