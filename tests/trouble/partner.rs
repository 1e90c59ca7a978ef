//! Workforce tenants that bought from a partner: the operator ends it with the partner's own application, within the seven days
//! and after them; what another in the chain of sale must end is handed off.

use crate::simulator::Tenant;
use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

crate::rows![
    canceled_with_the_partners_own_application,
    after_the_seven_days_it_ends_with_its_term,
    what_was_to_be_canceled_when_it_was_planned_is_too_late_when_its_turn_comes,
    a_renewal_at_the_partner_is_stopped_before_any_user_is_touched,
    each_is_ended_by_whoever_sold_it
];

/// A tenant to which the first of these was sold by the partner who is given back, and whose Secret is there.
pub(crate) async fn sold(name: &str, subscriptions: impl Fn(&str) -> Value) -> (Trial, Tenant) {
    let fields = json!({"users": 1, "initialDomain": format!("{name}-partner.onmicrosoft.com")});
    let partner = Trial::tenant(&fields).await;
    let bought = subscriptions(&partner.id);
    let mut trial = Trial::new(name, json!({"subscriptions": bought})).await;
    trial.give("partner-closer", &partner, &partner.id).await;
    let spec = trial.spec();
    spec["accept"] = json!([{"kind": "TermAhead", "reference": "CAB-119"}, {"kind": "AzureResources", "reference": "CAB-119"}]);
    spec["billing"] = json!({"accounts": [
        {"kind": "Partner", "tenantId": partner.id, "credentials": {"secretName": "partner-closer"}}]});
    (trial, partner)
}

/// Applies it, and grants the operator what it asks for.
pub(crate) async fn apply(trial: &Trial) {
    trial.apply().await;
    let told = trial.blocked("CredentialsForbidden").await;
    assert!(
        told.message.contains("the Secret partner-closer"),
        "{}",
        told.message
    );
    trial.do_as_told(&told.remedy).await;
}

/// How a person sees in status, before anybody approves, what was bought.
pub(crate) async fn bought(trial: &Trial) -> Vec<Value> {
    let status = trial.phase(Phase::AwaitingApproval).await;
    let bought = status.plan.unwrap().bought;
    let told = serde_json::to_value(bought).unwrap();
    told.as_array().unwrap().clone()
}

pub(crate) fn of_kind(effects: &[Value], kind: &str) -> Vec<(usize, Value)> {
    let all = effects.iter().enumerate();
    all.filter(|(_, effect)| effect["kind"] == kind)
        .map(|(place, effect)| (place, effect.clone()))
        .collect()
}

async fn canceled_with_the_partners_own_application() {
    let (trial, partner) = sold("partner-inside", |partner| {
        json!([{"kind": "Partner", "sku": "SPE_E5", "seats": 12, "partnerTenantId": partner, "termEndDays": 3650, "cancellableDays": 600}])
    })
    .await;
    apply(&trial).await;
    let told = bought(&trial).await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["name"], &told[0]["seats"], &told[0]["agreement"]),
        (&json!("SPE_E5"), &json!(12), &json!("Partner"))
    );
    assert_eq!(
        (&told[0]["endedBy"], &told[0]["renews"]),
        (&json!("Operator"), &json!(true))
    );
    assert!(told[0]["cancelUntil"].is_string() && told[0]["changesAt"].is_null());
    assert_eq!(told[0]["cancelable"], true);
    assert_eq!(
        (&told[0]["renewsAt"], &told[0]["nextTerm"]),
        (&told[0]["termEndsAt"], &json!("P1Y"))
    );
    trial.assert_closes().await;
    let effects = trial.effects().await;
    let canceled = of_kind(&effects, "subscriptionCanceled");
    assert_eq!(canceled.len(), 1, "{effects:#?}");
    assert_eq!(canceled[0].1["app"], json!(partner.app_id));
}

/// The real seven days: open when it was bought, over when somebody plans.
async fn after_the_seven_days_it_ends_with_its_term() {
    let (trial, partner) = sold("partner-outside", |partner| {
        json!([{"kind": "Partner", "sku": "SPE_E3", "seats": 7, "partnerTenantId": partner, "termEndDays": 3650, "cancellableDays": 7}])
    })
    .await;
    trial.pass(7).await;
    apply(&trial).await;
    let told = bought(&trial).await;
    assert_eq!(told[0]["endedBy"], "Operator");
    assert!(told[0]["cancelUntil"].is_null(), "{told:?}");
    assert_eq!(told[0]["cancelable"], false);
    let reason = "WaitingTermEnd";
    let waiting = trial.until(reason, |status| {
        status.phase == Some(Phase::Waiting) && condition(status, "Ready").1 == reason
    });
    let status: TenantClosureStatus = trial.with_persons(waiting).await;
    let message =
        "Recurring billing is off; Microsoft ends these at the end of their term: SPE_E3 ×7";
    assert_eq!(condition(&status, "Ready").2, message);
    assert_eq!(status.step.as_deref(), Some("2/5 CancelSubscriptions"));
    assert!(status.waiting_until.is_some());
    assert_eq!(
        (
            status.blockers[0].check.as_str(),
            status.blockers[0].who.as_str()
        ),
        ("Subscription SPE_E3", "time")
    );
    stopped_and_ended_by_time(&trial, &partner).await;
}

/// Planned within the time to cancel, come to after it: the renewal is stopped, and nothing is canceled in vain.
async fn what_was_to_be_canceled_when_it_was_planned_is_too_late_when_its_turn_comes() {
    let (trial, partner) = sold("partner-between", |partner| {
        json!([{"kind": "Partner", "sku": "SPE_E3", "partnerTenantId": partner, "termEndDays": 3650, "cancellableDays": 600}])
    })
    .await;
    apply(&trial).await;
    let told = bought(&trial).await;
    assert_eq!(told[0]["cancelable"], true, "{told:?}");
    assert!(told[0]["cancelUntil"].is_string());
    trial.pass(600).await;
    let reason = "WaitingTermEnd";
    let waiting = trial.until(reason, |status| {
        status.phase == Some(Phase::Waiting) && condition(status, "Ready").1 == reason
    });
    trial.with_persons(waiting).await;
    stopped_and_ended_by_time(&trial, &partner).await;
}

async fn a_renewal_at_the_partner_is_stopped_before_any_user_is_touched() {
    let (mut trial, _) = sold("partner-renewal", |partner| {
        json!([{"kind": "Partner", "sku": "SPE_E3", "partnerTenantId": partner, "termEndDays": 3650, "cancellableDays": 600}])
    })
    .await;
    trial.spec()["billing"]["stopRenewalFirst"] = json!(true);
    apply(&trial).await;
    trial.assert_closes().await;
    let effects = trial.effects().await;
    let stopped = of_kind(&effects, "renewalOff");
    let deleted = of_kind(&effects, "userDeleted");
    assert_eq!(stopped.len(), 1, "{effects:#?}");
    assert!(stopped[0].0 < deleted[0].0, "{effects:#?}");
    let status = trial.phase(Phase::Closed).await;
    let (stands, reason, message) = condition(&status, "RenewalStopped");
    assert_eq!((stands.as_str(), reason.as_str()), ("True", "RenewalOff"));
    assert_eq!(
        message,
        "Recurring billing is off for every subscription of which a billing account tells whether it renews"
    );
}

/// The id under which it was sold, as whoever sold it has it.
async fn portal_id(trial: &Trial, sku: &str) -> String {
    let seen = trial.case.portal.look().await.unwrap();
    let all = seen["subscriptions"].as_array().unwrap();
    let one = all.iter().find(|one| one["sku"] == sku).unwrap();
    one["commerceSubscriptionId"].as_str().unwrap().to_owned()
}

async fn each_is_ended_by_whoever_sold_it() {
    let distributor = "3d5a1c6e-0000-4000-8000-00000000d157";
    let (mut trial, partner) = sold("partner-mixed", |partner| {
        json!([
            {"kind": "Partner", "sku": "SOLD_BY_OURS", "seats": 3, "partnerTenantId": partner, "termEndDays": 3650, "cancellableDays": 600},
            {"kind": "Partner", "sku": "SOLD_BY_FAR", "seats": 4, "partnerTenantId": distributor, "termEndDays": 3650},
            {"kind": "CustomerAgreement", "sku": "AGREED", "seats": 5, "termEndDays": 3650},
            {"kind": "Direct", "sku": "DIRECT", "seats": 6, "termEndDays": 3650}
        ])
    })
    .await;
    let accounts = trial.spec()["billing"]["accounts"].as_array_mut().unwrap();
    accounts.push(json!({"kind": "CustomerAgreement"}));
    apply(&trial).await;
    let mut told: Vec<(String, String)> = bought(&trial)
        .await
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            (text("name"), text("endedBy"))
        })
        .collect();
    told.sort();
    let told: Vec<(&str, &str)> = told.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        told,
        [
            ("AGREED", "Operator"),
            ("DIRECT", "Administrator"),
            ("SOLD_BY_FAR", "Distributor"),
            ("SOLD_BY_OURS", "Operator"),
        ]
    );
    let (status, hand_off) = trial.handed_over("CancelByDistributor").await;
    let keys: Vec<&str> = status.hand_offs.iter().map(|h| h.key.as_str()).collect();
    assert_eq!(keys, ["CancelSubscription", "CancelByDistributor"]);
    let domain = &trial.case.portal.tenant.initial_domain;
    let sold = portal_id(&trial, "SOLD_BY_FAR").await;
    assert_eq!(
        hand_off.what,
        format!(
            "Your partner is an indirect reseller: ask him to have his distributor cancel each subscription in Partner Center \
             (reason: Other; feedback: The companies have merged.): SOLD_BY_FAR ×4. Send him this: \"Please cancel these \
             subscriptions of {domain}, or, where their time to cancel is over, switch their renewal off now: SOLD_BY_FAR ×4 ({sold})\""
        )
    );
    let far = status
        .blockers
        .iter()
        .find(|one| one.check == "Subscription SOLD_BY_FAR")
        .unwrap();
    assert_eq!(
        (far.remedy.as_str(), far.who.as_str()),
        ("The distributor cancels it for the partner", "distributor")
    );
    let reason = "WaitingDeprovision";
    let waiting = trial.until(reason, |status| {
        status.phase == Some(Phase::Waiting) && condition(status, "Ready").1 == reason
    });
    trial.with_persons(waiting).await;
    trial.pass(3650).await;
    trial.assert_closes().await;
    let effects = trial.effects().await;
    let ours = of_kind(&effects, "subscriptionCanceled");
    let by_partner = ours
        .iter()
        .filter(|(_, one)| one["app"] == json!(partner.app_id));
    assert_eq!(by_partner.count(), 1, "{effects:#?}");
}

/// The partner's application switched the renewal off, once; the end of the term did the rest, and nothing was canceled.
async fn stopped_and_ended_by_time(trial: &Trial, partner: &Tenant) {
    let effects = trial.effects().await;
    let stopped = of_kind(&effects, "renewalOff");
    assert_eq!(stopped.len(), 1, "{effects:#?}");
    assert_eq!(stopped[0].1["app"], json!(partner.app_id));
    trial.pass(3650).await;
    trial.assert_closes().await;
    assert!(of_kind(&trial.effects().await, "subscriptionCanceled").is_empty());
}
