//! Subscriptions that do not go when they are told to.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

crate::rows![
    kept_until_the_end_of_the_term,
    outside_its_cancel_window,
    locked_for_a_while,
    a_cancellation_that_is_refused,
    one_that_only_support_can_delete,
    one_that_microsoft_has_locked,
    deleted_by_a_person_it_is_waited_for,
    an_expired_one_is_only_deleted_and_what_comes_with_the_tenant_is_in_nobodys_way,
];

/// A tenant with this one subscription; that its term may be far ahead is accepted.
async fn with(name: &str, bought: Value) -> Trial {
    let mut trial = Trial::new(name, json!({"subscriptions": [bought]})).await;
    let accepted = ["TermAhead", "AzureResources"];
    let accepted = accepted.map(|kind| json!({"kind": kind, "reference": "CAB-119"}));
    trial.spec()["accept"] = json!(accepted);
    trial
}

/// The one subscription as a person sees it.
async fn subscription(trial: &Trial) -> Value {
    let seen = trial.case.portal.look().await.unwrap();
    seen["subscriptions"][0].clone()
}

/// Waits, with the persons' help, until it waits for this; checks what tools look at.
async fn waits(trial: &Trial, reason: &str, message: &str) -> TenantClosureStatus {
    let waiting = trial.until(reason, |status| {
        status.phase == Some(Phase::Waiting) && condition(status, "Ready").1 == reason
    });
    let status = trial.with_persons(waiting).await;
    let told = (reason.to_owned(), message.to_owned());
    for (name, word) in [("Ready", "False"), ("Reconciling", "True")] {
        let (yes, why, what) = condition(&status, name);
        assert_eq!((yes.as_str(), (why, what)), (word, told.clone()), "{name}");
    }
    assert_eq!(condition(&status, "Stalled").0, "False");
    status
}

/// The date that is shown is Microsoft's, to the minute.
fn assert_date(status: &TenantClosureStatus, date: &Value) {
    let shown = serde_json::to_value(status.waiting_until.unwrap()).unwrap();
    let minute = |date: &Value| date.as_str().unwrap()[..16].to_owned();
    assert_eq!(minute(&shown), minute(date));
}

/// Canceled, it is kept until its term ends: Microsoft says until when.
async fn kept_until_the_end_of_the_term() {
    let bought = json!({"kind": "CustomerAgreement", "sku": "POWER_BI_PRO", "seats": 40, "termEndDays": 3650});
    let trial = with("kept", bought).await;
    trial.apply().await;
    let message = "Microsoft removes these by itself: POWER_BI_PRO ×40";
    let status = waits(&trial, "WaitingDeprovision", message).await;
    assert_eq!(status.step.as_deref(), Some("3/5 DeleteSubscriptions"));
    assert_eq!(condition(&status, "SubscriptionsCanceled").0, "True");
    assert_eq!(condition(&status, "SubscriptionsDeleted").0, "False");
    let one = subscription(&trial).await;
    assert_eq!(one["state"], "Suspended", "{one}");
    assert_date(&status, &one["goneAt"]);
    let blocker = &status.blockers[0];
    assert_eq!(
        (blocker.check.as_str(), blocker.who.as_str()),
        ("Subscription POWER_BI_PRO", "time")
    );
    trial.pass(3650).await;
    trial.assert_closes().await;
}

/// It can no longer be canceled in this term: it must not renew, and ends with the term.
async fn outside_its_cancel_window() {
    let bought = json!({"kind": "CustomerAgreement", "sku": "VISIO", "seats": 5, "termEndDays": 3650, "cancellable": false});
    let trial = with("no-window", bought).await;
    trial.apply().await;
    let message =
        "Recurring billing is off; Microsoft ends these at the end of their term: VISIO ×5";
    let status = waits(&trial, "WaitingTermEnd", message).await;
    assert_eq!(status.step.as_deref(), Some("2/5 CancelSubscriptions"));
    assert!(status.waiting_until.is_some());
    let one = subscription(&trial).await;
    assert_eq!(
        (&one["state"], &one["autoRenew"]),
        (&json!("Enabled"), &json!(false))
    );
    trial.pass(3650).await;
    trial.assert_closes().await;
    let effects = trial.effects().await;
    let canceled = effects
        .iter()
        .filter(|one| one["kind"] == "subscriptionCanceled");
    assert_eq!(canceled.count(), 0);
}

/// While something else runs on it, Microsoft answers 409: it is asked again until it is taken.
async fn locked_for_a_while() {
    let bought = json!({"kind": "CustomerAgreement", "sku": "VISIO", "termEndDays": 3650, "lockedHours": 24000});
    let trial = with("locked", bought).await;
    trial.apply().await;
    let message = "Microsoft did not take the newest cancellation";
    waits(&trial, "MicrosoftUnavailable", message).await;
    assert_eq!(subscription(&trial).await["state"], "Enabled");
    trial.pass(1000).await;
    let message = "Microsoft removes these by itself: VISIO ×25";
    waits(&trial, "WaitingDeprovision", message).await;
    trial.pass(3650).await;
    trial.assert_closes().await;
}

/// Our cancellation is refused: a person is asked, with Microsoft's code.
async fn a_cancellation_that_is_refused() {
    let bought =
        json!({"kind": "CustomerAgreement", "sku": "VISIO", "seats": 5, "termEndDays": 3650});
    let trial = with("refused-cancel", bought).await;
    let matching = json!({"method": "DELETE", "pathContains": "billingSubscriptions"});
    let deed = json!({"status": {"code": 403, "body": {"error": {"code": "UserNotAuthorized", "message": "No."}}}});
    trial.case.portal.fault(matching, deed, None).await.unwrap();
    trial.apply().await;
    let (status, hand_off) = trial.handed_over("CancelSubscription").await;
    assert_eq!(condition(&status, "Ready").1, "CancelSubscriptionsHandOff");
    assert!(hand_off.what.ends_with(": VISIO ×5"), "{}", hand_off.what);
    assert!(
        hand_off
            .what
            .contains("(reason: Other; feedback: The companies have merged.)")
    );
    assert_eq!(
        hand_off.link,
        "https://go.microsoft.com/fwlink/p/?linkid=842054"
    );
    let blocker = &status.blockers[0];
    assert_eq!(
        blocker.remedy,
        "Microsoft refused our cancellation with UserNotAuthorized: cancel it by hand"
    );
    assert_eq!(blocker.who, "person");
    assert_eq!(subscription(&trial).await["state"], "Enabled");
    let message = "Microsoft removes these by itself: VISIO ×5";
    waits(&trial, "WaitingDeprovision", message).await;
    trial.pass(3650).await;
    trial.assert_closes().await;
}

/// Canceled, but the page refuses to delete it: the hand-off says that support does, and where support is.
async fn one_that_only_support_can_delete() {
    let bought = json!({"kind": "Direct", "sku": "SPE_E5", "seats": 25, "deletable": false});
    let trial = with("support", bought).await;
    trial.apply().await;
    let (_, hand_off) = trial.handed_over("CancelSubscription").await;
    assert!(hand_off.what.ends_with(": SPE_E5 ×25"), "{}", hand_off.what);
    let portal = &trial.case.portal;
    let id = subscription(&trial).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    portal.press("cancelSubscription", Some(&id)).await.unwrap();
    let (status, hand_off) = trial.handed_over("DeleteSubscription").await;
    assert_eq!(condition(&status, "Ready").1, "DeleteSubscriptionsHandOff");
    assert!(hand_off.what.contains(
        "where that is refused or not offered, ask support to delete it (https://go.microsoft.com/fwlink/p/?linkid=518322)"
    ));
    assert_eq!(
        hand_off.link,
        "https://go.microsoft.com/fwlink/p/?linkid=842054"
    );
    let refused = portal
        .press("deleteSubscription", Some(&id))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("contact support"), "{refused}");
    portal.press("supportDeletes", Some(&id)).await.unwrap();
    trial.assert_closes().await;
}

/// Locked by Microsoft: only support.
async fn one_that_microsoft_has_locked() {
    let bought = json!({"kind": "Direct", "sku": "SPE_E3", "seats": 7, "status": "LockedOut"});
    let trial = with("locked-out", bought).await;
    trial.apply().await;
    let (status, hand_off) = trial.handed_over("ContactSupport").await;
    assert_eq!(status.step.as_deref(), Some("3/5 DeleteSubscriptions"));
    assert_eq!(
        hand_off.what,
        "These subscriptions are locked by Microsoft: ask support to delete them: SPE_E3 ×7"
    );
    assert_eq!(
        hand_off.link,
        "https://go.microsoft.com/fwlink/p/?linkid=518322"
    );
    assert_eq!(status.blockers[0].who, "support");
    trial.assert_closes().await;
}

/// A person has pressed Delete, and deprovisioning takes its time: nobody is asked again, and the date stands in status.
async fn deleted_by_a_person_it_is_waited_for() {
    let bought = json!({"kind": "Direct", "sku": "SPE_E5", "seats": 9, "disabledDays": 36_500, "deprovisionHours": 7_200});
    let trial = with("pressed", bought).await;
    trial.apply().await;
    let message = "Microsoft removes these by itself: SPE_E5 ×9";
    let status = waits(&trial, "WaitingDeprovision", message).await;
    assert_eq!(status.step.as_deref(), Some("3/5 DeleteSubscriptions"));
    let one = subscription(&trial).await;
    assert_eq!(
        (&one["state"], &one["deletePressed"]),
        (&json!("Suspended"), &json!(true))
    );
    assert_date(&status, &one["goneAt"]);
    assert_eq!(status.hand_offs, []);
    let mut past = status.past_hand_offs.iter().map(|one| one.key.as_str());
    assert!(
        past.next_back() == Some("DeleteSubscription"),
        "{status:#?}"
    );
    let blocker = &status.blockers[0];
    assert_eq!(blocker.who, "time");
    let ends = blocker.dates.ends_at.unwrap();
    assert_eq!(ends.as_second(), status.waiting_until.unwrap().as_second());
    // What was announced first is still remembered: the date came earlier.
    let [announced] = status.announced_changes.as_slice() else {
        panic!("{status:#?}")
    };
    assert!(announced.at > ends);
    trial.pass(301).await;
    trial.assert_closes().await;
    let effects = trial.effects().await;
    let pressed = effects
        .iter()
        .filter(|one| one["kind"] == "subscriptionDeletePressed");
    assert_eq!(pressed.count(), 1);
}

/// Its term is over: there is nothing to cancel and no term ahead, a person deletes it. What Microsoft adds to every tenant is told as
/// what it is, and neither ended nor asked for.
async fn an_expired_one_is_only_deleted_and_what_comes_with_the_tenant_is_in_nobodys_way() {
    let bought = json!({"kind": "Direct", "sku": "SPE_E5", "seats": 9, "status": "Warning", "graceDays": 36_500});
    let free = json!({"kind": "EntraIdFree", "seats": 1, "termEndDays": 36_500});
    let mut trial = Trial::new("expired", json!({"subscriptions": [bought, free]})).await;
    let spec = trial.spec();
    spec["accept"] = json!([{"kind": "AzureResources", "reference": "CAB-119"}]);
    spec.as_object_mut().unwrap().remove("cancellation");
    trial.apply().await;
    let (status, hand_off) = trial.handed_over("DeleteSubscription").await;
    assert_eq!(status.step.as_deref(), Some("3/5 DeleteSubscriptions"));
    assert!(
        hand_off
            .what
            .contains(": SPE_E5 ×9. The term of SPE_E5 ×9 is over"),
        "{}",
        hand_off.what
    );
    let blockers: Vec<&str> = status
        .blockers
        .iter()
        .map(|one| one.check.as_str())
        .collect();
    assert_eq!(blockers, ["Subscription SPE_E5"]);
    let disabled = status.blockers[0].dates.possible_by.expect("a date");
    let days = disabled.duration_since(jiff::Timestamp::now()).as_hours() / 24;
    assert!(days <= 1, "a day of the tenant's is a second: {disabled}");
    let plan = status.plan.unwrap();
    assert_eq!(plan.subscriptions, 1, "one is to be ended");
    let told: Vec<(String, String)> = plan
        .bought
        .iter()
        .map(|one| {
            (
                one.name.clone(),
                format!("{:?} {:?}", one.agreement, one.ended_by),
            )
        })
        .collect();
    let free = (
        "Microsoft Entra ID Free".to_owned(),
        "WithTenant Tenant".to_owned(),
    );
    assert!(told.len() == 2 && told.contains(&free), "{told:?}");
    trial.assert_closes().await;
    let effects = trial.effects().await;
    let canceled = effects
        .iter()
        .filter(|one| one["kind"] == "subscriptionCanceled");
    assert_eq!(canceled.count(), 0, "{effects:#?}");
}
