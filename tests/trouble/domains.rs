//! Domains that are set free for another tenant, between the users and the subscriptions.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use tenant_closure::closure::report::Phase;

crate::rows![
    domains_are_released_after_the_users_and_before_the_subscriptions,
    a_domain_waits_for_the_one_below_it,
    a_domain_that_is_not_the_tenants_blocks,
    without_the_permission_nothing_begins,
    what_microsoft_refuses_to_release_is_handed_to_a_person
];

/// Effects of these kinds, in order.
fn kinds<'a>(effects: &'a [Value], wanted: &[&str]) -> Vec<&'a str> {
    let all = effects.iter().filter_map(|effect| effect["kind"].as_str());
    let mut kinds: Vec<&str> = all.filter(|kind| wanted.contains(kind)).collect();
    kinds.dedup();
    kinds
}

async fn domains_are_released_after_the_users_and_before_the_subscriptions() {
    let mut trial = Trial::new(
        "released",
        json!({
            "domains": ["released.example", "shop.released.example", "kept.example"],
            "domainReferences": [{"domain": "released.example", "usersPercent": 40, "groups": 2, "applications": 1}],
            "subscriptions": [{"kind": "Azure"}],
        }),
    )
    .await;
    trial.spec()["domains"] = json!({"release": ["released.example", "shop.released.example"]});
    trial.apply().await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    assert_eq!(status.plan.unwrap().domains, 2);
    trial.assert_untouched().await;
    trial.assert_closes().await;
    let effects = trial.effects().await;
    let wanted = [
        "userDeleted",
        "domainMadeDefault",
        "domainDeleted",
        "subscriptionCanceled",
    ];
    assert_eq!(kinds(&effects, &wanted), wanted);
    let released = effects
        .iter()
        .filter(|effect| effect["kind"] == "domainDeleted");
    assert_eq!(released.count(), 2, "the third stays");
    let status = trial.phase(Phase::Closed).await;
    let (stands, reason, message) = condition(&status, "DomainsReleased");
    assert_eq!((stands.as_str(), reason.as_str()), ("True", "Released"));
    assert!(
        message.ends_with("released.example, shop.released.example"),
        "{message}"
    );
}

/// The one below is still listed for a while after it was asked for: the one above would be refused, and wait a day for a person.
async fn a_domain_waits_for_the_one_below_it() {
    let mut trial = Trial::new(
        "domain-below",
        json!({
            "domains": ["above.example", "shop.above.example"],
            "domainReferences": [{"domain": "shop.above.example", "groups": 1}],
            "behaviour": {"operationMs": 3_000},
        }),
    )
    .await;
    trial.spec()["domains"] = json!({"release": ["above.example", "shop.above.example"]});
    trial.apply().await;
    trial.assert_closes().await;
    let effects = trial.effects().await;
    let released = effects
        .iter()
        .filter(|effect| effect["kind"] == "domainDeleted");
    let by: Vec<&Value> = released.map(|effect| &effect["app"]).collect();
    assert!(
        by.len() == 2 && by.iter().all(|app| app.is_string()),
        "{by:?}"
    );
}

async fn a_domain_that_is_not_the_tenants_blocks() {
    let mut trial = Trial::new("no-such-domain", json!({"domains": ["fine.example"]})).await;
    trial.spec()["domains"] = json!({"release": ["fine.example", "typo.example"]});
    trial.apply().await;
    let told = trial.blocked("DomainUnknown").await;
    assert!(
        told.message
            .starts_with("The tenant has no domain typo.example to release."),
        "{}",
        told.message
    );
    trial.assert_untouched().await;
}

async fn without_the_permission_nothing_begins() {
    let roles = [
        "Organization.ReadWrite.All",
        "User.ReadWrite.All",
        "Directory.ReadWrite.All",
        "Application.ReadWrite.All",
        "RoleManagement.Read.Directory",
        "Policy.ReadWrite.AuthenticationMethod",
        "UserAuthenticationMethod.Read.All",
    ];
    let tenant = json!({"domains": ["fine.example"], "closer": {"appRoles": roles}});
    let mut trial = Trial::new("no-domain-permission", tenant).await;
    trial.spec()["domains"] = json!({"release": ["fine.example"]});
    trial.apply().await;
    let told = trial.blocked("RolesMissing").await;
    let says = "step 2 CancelSubscriptions: the identity lacks Domain.ReadWrite.All";
    assert!(told.message.contains(says), "{}", told.message);
    trial.assert_untouched().await;
}

async fn what_microsoft_refuses_to_release_is_handed_to_a_person() {
    let mut trial = Trial::new(
        "stuck-domain",
        json!({
            "domains": ["stuck.example"],
            "domainReferences": [{"domain": "stuck.example", "groups": 1, "multiTenantApplication": true}],
        }),
    )
    .await;
    trial.spec()["domains"] = json!({"release": ["stuck.example"]});
    trial.apply().await;
    let status = trial
        .with_approver(trial.phase(Phase::AwaitingHandOff))
        .await;
    let hand_off = &status.hand_offs[0];
    assert_eq!(hand_off.key, "ReleaseDomain");
    assert_eq!(
        hand_off.what,
        "Release the domain stuck.example. Microsoft refused with Request_BadRequest to remove it (used by 1 group): \
         remove what uses it, then the domain"
    );
    let (_, reason, _) = condition(&status, "Ready");
    assert_eq!(reason, "ReleaseDomainsHandOff");
    let (stands, _, message) = condition(&status, "DomainsReleased");
    assert_eq!(
        (stands.as_str(), message.as_str()),
        ("False", "0 of 1 domain released")
    );
    trial.assert_closes().await;
}
