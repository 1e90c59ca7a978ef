//! One tenant that bought in every way that there is: each is ended in its way, by the right one, who is asked once.

use crate::partner::{apply, bought, of_kind, sold};
use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

crate::rows![every_way_of_buying_in_one_tenant];

const DISTRIBUTOR: &str = "3d5a1c6e-0000-4000-8000-00000000d158";

/// What was bought, in every way. Nothing of it goes by itself while somebody is to be asked.
fn all(partner: &str) -> Value {
    let kept = 1_000_000;
    json!([
        {"kind": "Direct", "sku": "DIRECT", "seats": 6, "termEndDays": 3650, "disabledDays": kept},
        {"kind": "SelfService", "sku": "BY_A_USER", "seats": 1, "termEndDays": 3650},
        {"kind": "Enterprise", "sku": "ENROLLED", "seats": 50, "termEndDays": 3650},
        {"kind": "CustomerAgreement", "sku": "AGREED", "seats": 5, "termEndDays": 3650},
        {"kind": "Partner", "sku": "SOLD_LATELY", "seats": 3, "partnerTenantId": partner, "termEndDays": 3650, "cancellableDays": 3000},
        {"kind": "Partner", "sku": "SOLD_LONG_AGO", "seats": 2, "partnerTenantId": partner, "termEndDays": 3650, "cancellable": false},
        {"kind": "Partner", "sku": "SOLD_BY_FAR", "seats": 4, "partnerTenantId": DISTRIBUTOR, "termEndDays": 3650},
        {"kind": "Azure", "sku": "PAYG", "disabledDays": kept, "resources": 2},
    ])
}

/// How each was bought and who ends it, as the plan tells before anybody approves.
fn told(bought: &[Value]) -> BTreeMap<&str, (&str, &str)> {
    bought
        .iter()
        .map(|one| {
            let of = |name: &str| one[name].as_str().unwrap();
            (of("name"), (of("agreement"), of("endedBy")))
        })
        .collect()
}

#[allow(clippy::too_many_lines)] // one life of one tenant
async fn every_way_of_buying_in_one_tenant() {
    let (mut trial, partner) = sold("bought-in-every-way", all).await;
    let azure = trial.case.portal.azure_subscriptions().await.unwrap();
    let spec = trial.spec();
    spec["accept"][1]["subscriptions"] = azure;
    let accounts = spec["billing"]["accounts"].as_array_mut().unwrap();
    accounts.push(json!({"kind": "CustomerAgreement"}));
    accounts.push(json!({"kind": "AzureSubscription"}));
    apply(&trial).await;
    let plan = bought(&trial).await;
    let expected = [
        ("AGREED", ("CustomerAgreement", "Operator")),
        // Graph shows it like one that was bought directly, and no account does: that is said, not guessed.
        ("BY_A_USER", ("Unknown", "Administrator")),
        ("DIRECT", ("Direct", "Administrator")),
        ("ENROLLED", ("Enterprise", "AccountManager")),
        ("PAYG", ("Azure", "Operator")),
        ("SOLD_BY_FAR", ("Partner", "Distributor")),
        ("SOLD_LATELY", ("Partner", "Operator")),
        ("SOLD_LONG_AGO", ("Partner", "Operator")),
    ];
    assert_eq!(told(&plan), BTreeMap::from(expected));

    // What a program can do comes first; then each is asked of whoever can do it.
    let (status, far) = trial.handed_over("CancelByDistributor").await;
    let effects = trial.effects().await;
    assert_eq!(
        of_kind(&effects, "subscriptionCanceled").len(),
        3,
        "{effects:#?}"
    );
    assert_eq!(of_kind(&effects, "renewalOff").len(), 1, "{effects:#?}");
    let asked: Vec<&str> = status
        .hand_offs
        .iter()
        .map(|one| one.key.as_str())
        .collect();
    let keys = [
        "CancelSubscription",
        "CancelByAccountManager",
        "CancelByDistributor",
    ];
    assert_eq!(asked, keys);
    let [page, manager] = [0, 1].map(|n| status.hand_offs[n].what.as_str());
    assert!(
        page.contains(": BY_A_USER ×1, DIRECT ×6. Of BY_A_USER ×1: No program"),
        "{page}"
    );
    assert!(page.contains("Take control"), "{page}");
    assert!(
        manager.contains(": ENROLLED ×50. Send him this:"),
        "{manager}"
    );
    assert!(
        far.what.contains(": SOLD_BY_FAR ×4. Send him this:"),
        "{}",
        far.what
    );
    let who: BTreeMap<&str, &str> = status
        .blockers
        .iter()
        .map(|one| {
            (
                one.check.trim_start_matches("Subscription "),
                one.who.as_str(),
            )
        })
        .collect();
    let expected = [
        ("BY_A_USER", "person"),
        ("DIRECT", "person"),
        ("ENROLLED", "account manager"),
        ("SOLD_BY_FAR", "distributor"),
        ("SOLD_LONG_AGO", "time"),
    ];
    assert_eq!(who, BTreeMap::from(expected));

    // The one whose seven days are over ends with its term: its date is told.
    let mut seen = Asked::default();
    let reason = "WaitingTermEnd";
    let waits = |status: &TenantClosureStatus| {
        status.phase == Some(Phase::Waiting) && condition(status, "Ready").1 == reason
    };
    let status = trial.with_persons(seen.until(&trial, reason, waits)).await;
    assert!(status.waiting_until.is_some(), "{status:#?}");
    let message = condition(&status, "Ready").2;
    assert!(message.ends_with(": SOLD_LONG_AGO ×2"), "{message}");
    trial.pass(3_800).await;
    let closed = |status: &TenantClosureStatus| status.phase == Some(Phase::Closed);
    trial
        .with_persons(seen.until(&trial, "Closed", closed))
        .await;
    trial.assert_closes().await;

    let keys = [
        "CancelByAccountManager",
        "CancelByDistributor",
        "CancelSubscription",
        "DeleteAzureSubscription",
        "DeleteSubscription",
    ];
    assert_eq!(seen.of_subscriptions(), keys, "each once");
    let effects = trial.effects().await;
    let canceled = of_kind(&effects, "subscriptionCanceled");
    let by_program = canceled.iter().filter(|(_, one)| !one["app"].is_null());
    let apps: Vec<&Value> = by_program.map(|(_, one)| &one["app"]).collect();
    assert_eq!((canceled.len(), apps.len()), (7, 3), "{effects:#?}");
    let partners = apps.iter().filter(|app| ***app == json!(partner.app_id));
    assert_eq!(partners.count(), 1, "{effects:#?}");
    assert_eq!(
        of_kind(&effects, "subscriptionDeletePressed").len(),
        2,
        "{effects:#?}"
    );
}

/// Every hand-off that was ever open, with the time since when: one that is asked a second time has two.
#[derive(Default)]
struct Asked(BTreeSet<(String, String)>);

impl Asked {
    async fn until(
        &mut self,
        trial: &Trial,
        what: &str,
        shows: impl Fn(&TenantClosureStatus) -> bool,
    ) -> TenantClosureStatus {
        loop {
            let new = |status: &TenantClosureStatus| {
                shows(status)
                    || status
                        .hand_offs
                        .iter()
                        .any(|one| !self.0.contains(&key(one)))
            };
            let status = trial.until(what, new).await;
            self.0.extend(status.hand_offs.iter().map(key));
            if shows(&status) {
                return status;
            }
        }
    }

    fn of_subscriptions(&self) -> Vec<&str> {
        let all = self.0.iter().map(|(key, _)| key.as_str());
        all.filter(|key| key.starts_with("Cancel") || key.ends_with("Subscription"))
            .collect()
    }
}

fn key(one: &tenant_closure::api::status::HandOffStatus) -> (String, String) {
    (one.key.clone(), one.since.to_string())
}
