//! Ordinary workforce tenants that bought everything directly; a tenant of which four tenants know a part; tokens that are for
//! another tenant than their block names; and a cloud without Partner Center.

use crate::partner::{bought, of_kind};
use crate::simulator::Tenant;
use crate::trial::Trial;
use serde_json::{Value, json};
use tenant_closure::closure::report::Phase;

crate::rows![
    bought_directly_alone,
    no_billing_account_at_all,
    four_tenants_in_one_closure,
    a_token_of_another_tenant_at_the_partner,
    a_token_of_another_tenant_for_the_directory,
    the_us_defense_has_no_partner_center,
    a_partner_of_the_us_government_suspends_what_is_old
];

/// Closes; a person canceled and deleted what was bought, and no program did.
async fn closes_by_hand(trial: &Trial, agreement: &str) {
    trial.apply().await;
    let told = bought(trial).await;
    assert_eq!(told.len(), 2);
    for one in &told {
        let who = (&one["agreement"], &one["endedBy"]);
        assert_eq!(who, (&json!(agreement), &json!("Administrator")));
    }
    trial.assert_closes().await;
    let status = trial.phase(Phase::Closed).await;
    let asked: Vec<&str> = status
        .past_hand_offs
        .iter()
        .map(|one| one.key.as_str())
        .collect();
    for key in ["CancelSubscription", "DeleteSubscription"] {
        assert!(asked.contains(&key), "{asked:?}");
    }
    let effects = trial.effects().await;
    let canceled = of_kind(&effects, "subscriptionCanceled");
    let pressed = of_kind(&effects, "subscriptionDeletePressed");
    assert_eq!((canceled.len(), pressed.len()), (2, 2), "{effects:#?}");
    for (_, one) in canceled.iter().chain(&pressed) {
        assert!(one["app"].is_null(), "{one}");
    }
}

fn two() -> Value {
    let one = |sku: &str| json!({"kind": "Direct", "sku": sku, "seats": 20, "termEndDays": 90});
    json!({"users": 25, "guestsPercent": 8, "privilegedAdmins": 1, "sync": {"enabled": true},
        "subscriptions": [one("O365_BUSINESS_PREMIUM"), one("VISIOCLIENT")]})
}

async fn bought_directly_alone() {
    let mut trial = Trial::new("direct-alone", two()).await;
    trial.spec()["billing"] = json!({"accounts": [{"kind": "CustomerAgreement"}]});
    closes_by_hand(&trial, "Direct").await;
}

async fn no_billing_account_at_all() {
    let mut trial = Trial::new("no-account", two()).await;
    trial.spec()["billing"] = json!(null);
    closes_by_hand(&trial, "Unknown").await;
}

/// Another tenant with an application of its own.
async fn other(name: &str, what: &str) -> Tenant {
    let domain = format!("{name}-{what}.onmicrosoft.com");
    Trial::tenant(&json!({"users": 1, "initialDomain": domain})).await
}

/// Grants the operator each of these Secrets, as it asks for them.
async fn grant(trial: &Trial, secrets: &[&str]) {
    for secret in secrets {
        let says = format!("the Secret {secret}");
        let told = trial.blocked_with("CredentialsForbidden", &says).await;
        trial.do_as_told(&told.remedy).await;
    }
}

/// Graph's tenant, the one that pays under a Customer Agreement, the partner's, and the one of the Azure subscription that the
/// directory lies in: each is asked with an application of its own, and of no other.
async fn four_tenants_in_one_closure() {
    let name = "four-tenants";
    let (payer, partner, azure) = (
        other(name, "payer").await,
        other(name, "partner").await,
        other(name, "azure").await,
    );
    let fields = json!({
        "tenantType": "CIAM", "directoryResource": {"ownerTenantId": azure.id}, "billingAccount": {"ownerTenantId": payer.id},
        "subscriptions": [
            {"kind": "CustomerAgreement", "sku": "AGREED", "termEndDays": 5, "termDays": 5},
            {"kind": "Partner", "sku": "SOLD", "partnerTenantId": partner.id, "termEndDays": 3650, "cancellableDays": 3000, "disabledDays": 5}],
    });
    let mut trial = Trial::new(name, fields).await;
    let spec = trial.spec();
    spec["accept"] = json!([{"kind": "TermAhead", "reference": "CAB-119"}, {"kind": "AzureResources", "reference": "CAB-119"}]);
    spec["billing"] = json!({"accounts": [
        {"kind": "CustomerAgreement", "tenantId": payer.id, "credentials": {"secretName": "payer-closer"}},
        {"kind": "Partner", "tenantId": partner.id, "credentials": {"secretName": "partner-closer"}}]});
    spec["directory"]["resourceTenantId"] = json!(azure.id);
    spec["directory"]["credentials"] = json!({"secretName": "azure-closer"});
    let all = [
        ("payer-closer", &payer),
        ("partner-closer", &partner),
        ("azure-closer", &azure),
    ];
    for (secret, who) in all {
        trial.give(secret, who, &who.id).await;
    }
    trial.apply().await;
    grant(&trial, &all.map(|(secret, _)| secret)).await;
    trial.assert_closes().await;
    let own = trial.case.portal.tenant.app_id.clone();
    let effects = trial.effects().await;
    let by = |kind: &str| -> Vec<Value> {
        of_kind(&effects, kind)
            .into_iter()
            .map(|(_, one)| one["app"].clone())
            .collect()
    };
    let mut canceled = by("subscriptionCanceled");
    canceled.sort_by_key(ToString::to_string);
    let mut ours = [json!(payer.app_id), json!(partner.app_id)];
    ours.sort_by_key(ToString::to_string);
    assert_eq!(canceled, ours, "{effects:#?}");
    assert!(by("userDeleted").iter().all(|app| *app == json!(own)));
    assert_eq!(by("tenantDeletionRequested"), [json!(azure.app_id)]);
}

/// Refused by name: an application of the closed tenant, said to be of the tenant that the block names.
async fn refused(trial: &Trial, secret: &str) {
    trial.apply().await;
    grant(trial, &[secret]).await;
    let told = trial.blocked("CredentialRefused").await;
    let says = "an application of the tenant that its block names";
    assert!(told.remedy.contains(says), "{}", told.remedy);
    trial.assert_untouched().await;
}

async fn a_token_of_another_tenant_at_the_partner() {
    let partner = other("wrong-partner", "partner").await;
    let sold = json!({"kind": "Partner", "partnerTenantId": partner.id});
    let mut trial = Trial::new("wrong-partner", json!({"subscriptions": [sold]})).await;
    let own = trial.case.portal.tenant.clone();
    trial.give("partner-closer", &own, &partner.id).await;
    trial.spec()["billing"] = json!({"accounts": [
        {"kind": "Partner", "tenantId": partner.id, "credentials": {"secretName": "partner-closer"}}]});
    refused(&trial, "partner-closer").await;
}

async fn a_token_of_another_tenant_for_the_directory() {
    let azure = other("wrong-directory", "azure").await;
    let fields = json!({"tenantType": "CIAM", "directoryResource": {"ownerTenantId": azure.id}});
    let mut trial = Trial::new("wrong-directory", fields).await;
    let own = trial.case.portal.tenant.clone();
    trial.give("azure-closer", &own, &azure.id).await;
    let spec = trial.spec();
    spec["directory"]["resourceTenantId"] = json!(azure.id);
    spec["directory"]["credentials"] = json!({"secretName": "azure-closer"});
    refused(&trial, "azure-closer").await;
}

/// An account of a partner is of no use there: what he sold is handed to him, and known to be so before anybody approves.
async fn the_us_defense_has_no_partner_center() {
    let name = "dod-partner";
    let domain = format!("{name}-partner.onmicrosoft.us");
    let fields = json!({"users": 1, "cloud": "USGovDoD", "initialDomain": domain});
    let partner = Trial::tenant(&fields).await;
    let sold = json!({"kind": "Partner", "sku": "SOLD", "partnerTenantId": partner.id, "termEndDays": 5, "disabledDays": 5});
    let fields = json!({"cloud": "USGovDoD", "subscriptions": [sold]});
    let mut trial = Trial::new(name, fields).await;
    trial.give("partner-closer", &partner, &partner.id).await;
    let spec = trial.spec();
    spec["tenant"]["cloud"] = json!("USGovDoD");
    spec["billing"] = json!({"accounts": [
        {"kind": "Partner", "tenantId": partner.id, "credentials": {"secretName": "partner-closer"}}]});
    trial.apply().await;
    grant(&trial, &["partner-closer"]).await;
    let told = bought(&trial).await;
    assert_eq!(
        (&told[0]["agreement"], &told[0]["endedBy"]),
        (&json!("Partner"), &json!("Partner"))
    );
    let (_, hand_off) = trial.handed_over("CancelByPartner").await;
    assert!(
        hand_off.link.starts_with("https://portal.apps.mil/"),
        "{}",
        hand_off.link
    );
    trial.assert_closes().await;
    let effects = trial.effects().await;
    assert!(
        of_kind(&effects, "subscriptionCanceled")
            .iter()
            .all(|(_, one)| one["app"].is_null())
    );
}

/// In the US Government's cloud a partner suspends an old offer, whenever he likes; a new one he cannot end there, and it does not
/// renew.
async fn a_partner_of_the_us_government_suspends_what_is_old() {
    let name = "gov-partner";
    let domain = format!("{name}-partner.onmicrosoft.us");
    let fields = json!({"users": 1, "cloud": "USGov", "initialDomain": domain});
    let partner = Trial::tenant(&fields).await;
    let sold = |sku: &str, old: bool| {
        json!({"kind": "Partner", "sku": sku, "legacyOffer": old, "partnerTenantId": partner.id,
            "termEndDays": 5, "termDays": 5, "disabledDays": 5})
    };
    let fields =
        json!({"cloud": "USGov", "subscriptions": [sold("OLD", true), sold("NEW", false)]});
    let mut trial = Trial::new(name, fields).await;
    trial.give("partner-closer", &partner, &partner.id).await;
    let spec = trial.spec();
    spec["tenant"]["cloud"] = json!("USGov");
    let ahead = json!({"kind": "TermAhead", "reference": "CAB-120"});
    spec["accept"].as_array_mut().unwrap().push(ahead);
    spec["billing"] = json!({"accounts": [
        {"kind": "Partner", "tenantId": partner.id, "credentials": {"secretName": "partner-closer"}}]});
    trial.apply().await;
    grant(&trial, &["partner-closer"]).await;
    trial.assert_closes().await;
    let effects = trial.effects().await;
    for kind in ["subscriptionCanceled", "renewalOff"] {
        let by: Vec<Value> = of_kind(&effects, kind)
            .iter()
            .map(|(_, one)| one["app"].clone())
            .collect();
        assert_eq!(by, [json!(partner.app_id)], "{kind}: {effects:#?}");
    }
}
