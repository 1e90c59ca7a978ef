//! Subscriptions that another tenant pays for, and recurring billing that is switched off before any user is touched.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use tenant_closure::closure::report::Phase;

crate::rows![
    a_payers_own_credential_stops_renewals_before_any_user_is_touched,
    a_token_of_another_tenant_is_refused_by_name,
    a_refused_renewal_is_handed_to_a_person,
    renewals_are_stopped_while_a_term_ahead_bars_the_users
];

/// A tenant whose two subscriptions under a Customer Agreement are paid by another tenant.
async fn paid_by_another(name: &str) -> (Trial, crate::simulator::Tenant) {
    let payer = json!({"users": 1, "initialDomain": format!("{name}-payer.onmicrosoft.com")});
    let payer = Trial::tenant(&payer).await;
    let one = json!({"kind": "CustomerAgreement", "termEndDays": 4, "termDays": 4});
    let trial = Trial::new(
        name,
        json!({
            "subscriptions": [one, one],
            "billingAccount": {"ownerTenantId": payer.id},
            "sync": {"enabled": true},
        }),
    )
    .await;
    (trial, payer)
}

fn of_kind<'a>(effects: &'a [Value], kind: &str) -> Vec<(usize, &'a Value)> {
    let all = effects.iter().enumerate();
    all.filter(|(_, effect)| effect["kind"] == kind).collect()
}

async fn a_payers_own_credential_stops_renewals_before_any_user_is_touched() {
    let (mut trial, payer) = paid_by_another("paid-elsewhere").await;
    trial.spec()["billing"] = json!({"stopRenewalFirst": true, "accounts": [
        {"kind": "CustomerAgreement", "tenantId": payer.id, "credentials": {"secretName": "payer-closer"}}]});
    trial.apply().await;

    let told = trial.blocked("CredentialsForbidden").await;
    assert!(
        told.message.contains("the Secret payer-closer"),
        "{}",
        told.message
    );
    trial.do_as_told(&told.remedy).await;
    let told = trial.blocked("CredentialMissing").await;
    assert!(
        told.message.contains("no Secret payer-closer"),
        "{}",
        told.message
    );

    // Labelled with the closed tenant, not with the one that its block names.
    let closed = &trial.case.portal.tenant.id;
    trial.give("payer-closer", &payer, closed).await;
    let told = trial.blocked("CredentialForAnotherTenant").await;
    let says = format!("does not say that it is for tenant {}", payer.id);
    assert!(told.message.contains(&says), "{}", told.message);
    trial
        .do_as_told(&format!("{} --overwrite", told.remedy))
        .await;

    trial.assert_closes().await;
    let effects = trial.effects().await;
    let stopped = of_kind(&effects, "renewalOff");
    assert_eq!(stopped.len(), 2, "{effects:#?}");
    let first_touch = of_kind(&effects, "syncSwitchOffRequested")[0].0;
    for (place, effect) in stopped {
        assert!(place < first_touch, "{effects:#?}");
        assert_eq!(effect["app"], json!(payer.app_id));
    }
    let status = trial.phase(Phase::Closed).await;
    let (stands, reason, _) = condition(&status, "RenewalStopped");
    assert_eq!((stands.as_str(), reason.as_str()), ("True", "RenewalOff"));
}

async fn a_token_of_another_tenant_is_refused_by_name() {
    let (mut trial, payer) = paid_by_another("wrong-payer").await;
    // The secret of the closed tenant's own application, said to be the payer's.
    let own = &trial.case.portal.tenant;
    trial.give("payer-closer", own, &payer.id).await;
    trial.spec()["billing"] = json!({"accounts": [
        {"kind": "CustomerAgreement", "tenantId": payer.id, "credentials": {"secretName": "payer-closer"}}]});
    trial.apply().await;
    let told = trial.blocked("CredentialsForbidden").await;
    trial.do_as_told(&told.remedy).await;
    let told = trial.blocked("CredentialRefused").await;
    assert!(
        told.remedy
            .contains("an application of the tenant that its block names"),
        "{}",
        told.remedy
    );
    trial.assert_untouched().await;
}

async fn a_refused_renewal_is_handed_to_a_person() {
    let one = json!({"kind": "CustomerAgreement", "termEndDays": 4, "termDays": 4});
    let mut trial = Trial::new("renewal-refused", json!({"subscriptions": [one]})).await;
    trial.spec()["billing"]["stopRenewalFirst"] = json!(true);
    let refusal =
        json!({"status": {"code": 403, "body": {"error": {"code": "AuthorizationFailed"}}}});
    let matching = json!({"method": "PATCH", "pathContains": "/billingSubscriptions/"});
    trial
        .case
        .portal
        .fault(matching, refusal, None)
        .await
        .unwrap();
    trial.apply().await;
    let status = trial
        .with_approver(trial.phase(Phase::AwaitingHandOff))
        .await;
    let hand_off = &status.hand_offs[0];
    assert_eq!(hand_off.key, "StopRenewal");
    assert!(
        hand_off
            .what
            .contains("Edit recurring billing, and turn it off"),
        "{}",
        hand_off.what
    );
    let (_, reason, _) = condition(&status, "Ready");
    assert_eq!(reason, "StopRenewalHandOff");
    let (stands, _, message) = condition(&status, "RenewalStopped");
    assert_eq!(
        (stands.as_str(), message.as_str()),
        ("False", "Of 1 subscription recurring billing is on")
    );
    let remedy =
        "Microsoft refused it with AuthorizationFailed: turn its recurring billing off by hand";
    assert_eq!(status.blockers[0].remedy, remedy);
    trial.assert_untouched().await;
    trial.assert_closes().await;
}

/// Two that renew in ten months: neither may while the users wait for the end of the terms.
async fn renewals_are_stopped_while_a_term_ahead_bars_the_users() {
    let one = json!({"kind": "CustomerAgreement", "sku": "SPE_E5", "termEndDays": 300 * 86_400});
    let mut trial = Trial::new("renewal-ahead", json!({"subscriptions": [one, one]})).await;
    trial.spec()["billing"]["stopRenewalFirst"] = json!(true);
    trial.spec()["accept"] = json!([{"kind": "AzureResources", "reference": "CAB-118"}]);
    trial.apply().await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    let row = status.blockers.iter().find(|row| row.check == "TermAhead");
    let row = row.unwrap_or_else(|| panic!("who approves is told: {:?}", status.blockers));
    assert!(row.remedy.contains("spec.accept"), "{}", row.remedy);
    let told = trial.with_approver(trial.blocked("TermAhead")).await;
    assert!(told.message.contains("SPE_E5 ends on"), "{}", told.message);
    let effects = trial.effects().await;
    assert_eq!(of_kind(&effects, "renewalOff").len(), 2, "{effects:#?}");
    assert_eq!(effects.len(), 2, "nothing else: {effects:#?}");
}
