//! The retained administrator, who must be able to finish alone: unfit from the start, and unfit in the middle.

use crate::trial::{Blocked, Trial};
use serde_json::{Value, json};
use tenant_closure::closure::report::Phase;

crate::rows![
    unknown,
    a_guest,
    disabled,
    synced,
    no_global_administrator,
    only_eligible,
    only_for_a_while,
    not_on_the_initial_domain,
    on_a_federated_domain,
    on_an_initial_domain_that_is_federated,
    without_a_second_factor,
    renamed_midway,
    demoted_midway,
    without_a_second_factor_midway
];

/// A tenant whose retained administrator is like this blocks, with these words; nothing is changed.
async fn unfit(name: &str, admin: Value, reason: &str, message: &str, remedy: &str) -> Trial {
    let trial = Trial::new(name, json!({"retainedAdministrator": admin})).await;
    trial.apply().await;
    told(&trial.blocked(reason).await, message, remedy);
    trial.assert_untouched().await;
    trial
}

fn told(told: &Blocked, message: &str, remedy: &str) {
    assert!(told.message.contains(message), "{}", told.message);
    assert!(told.remedy.contains(remedy), "{}", told.remedy);
}

/// Somebody changes the account of the retained administrator.
async fn change(trial: &Trial, mut change: Value) {
    let portal = &trial.case.portal;
    let seen = portal.look().await.unwrap();
    change["action"] = json!("changeUser");
    change["id"] = seen["retainedAdministrator"]["id"].clone();
    portal.press_with(&change).await.unwrap();
}

async fn unknown() {
    let mut trial = Trial::new("admin-unknown", json!({})).await;
    trial.spec()["retain"]["globalAdministrator"] = json!("nobody@admin-unknown.onmicrosoft.com");
    trial.apply().await;
    told(
        &trial.blocked("RetainedAdminMissing").await,
        "no such user as the retained administrator nobody@admin-unknown.onmicrosoft.com",
        "delete the closure and create it with another administrator",
    );
    trial.assert_untouched().await;
}

async fn a_guest() {
    let admin = json!({"guest": true});
    let remedy = "Use a member account of this tenant";
    unfit(
        "admin-guest",
        admin,
        "RetainedAdminGuest",
        "is a guest",
        remedy,
    )
    .await;
}

async fn disabled() {
    let admin = json!({"disabled": true});
    let (reason, remedy) = ("RetainedAdminDisabled", "Enable the account");
    let trial = unfit("admin-disabled", admin, reason, "is disabled", remedy).await;
    change(&trial, json!({"accountEnabled": true})).await;
    trial.phase(Phase::AwaitingApproval).await;
}

async fn synced() {
    let mut trial = Trial::new(
        "admin-synced",
        json!({"sync": {"enabled": true}, "retainedAdministrator": {"synced": true}}),
    )
    .await;
    trial.spec()["mode"] = json!("Execute");
    trial.apply().await;
    told(
        &trial.blocked("RetainedAdminSynced").await,
        "is synced from on-premises",
        "Use a cloud-only account",
    );
    trial.assert_untouched().await;
}

async fn no_global_administrator() {
    let admin = json!({"globalAdministrator": false});
    let reason = "RetainedAdminNotGlobalAdministrator";
    let remedy = "Assign the Global Administrator role to the account, directly and permanently";
    let message = "is not a Global Administrator";
    let trial = unfit("admin-without-role", admin, reason, message, remedy).await;
    change(&trial, json!({"role": "Global Administrator"})).await;
    trial.phase(Phase::AwaitingApproval).await;
}

async fn only_eligible() {
    let name = "closer@admin-eligible.onmicrosoft.com";
    let trial = Trial::new(
        "admin-eligible",
        json!({"retainedAdministrator": {"globalAdministrator": false}, "eligibleGlobalAdministrators": [name]}),
    )
    .await;
    trial.apply().await;
    told(
        &trial.blocked("RetainedAdminEligibleOnly").await,
        "is only eligible for Global Administrator",
        "Assign the role directly and permanently",
    );
    trial.assert_untouched().await;
    change(&trial, json!({"role": "Global Administrator"})).await;
    trial.phase(Phase::AwaitingApproval).await;
}

async fn only_for_a_while() {
    let name = "closer@admin-temporary.onmicrosoft.com";
    let tenant = json!({"temporaryAdministrators": [name]});
    let trial = Trial::new("admin-temporary", tenant).await;
    trial.apply().await;
    told(
        &trial.blocked("RetainedAdminTemporary").await,
        "is Global Administrator only until a date",
        "Assign the role permanently",
    );
    trial.assert_untouched().await;
    change(&trial, json!({"role": "Global Administrator"})).await;
    trial.phase(Phase::AwaitingApproval).await;
}

async fn not_on_the_initial_domain() {
    let trial = Trial::new(
        "admin-elsewhere",
        json!({"domains": ["elsewhere.example"], "retainedAdministrator": {"domain": "elsewhere.example"}}),
    )
    .await;
    trial.apply().await;
    told(
        &trial.blocked("RetainedAdminNotOnInitialDomain").await,
        "closer@elsewhere.example is not on the initial domain",
        "Use an account on the tenant's initial onmicrosoft domain",
    );
    trial.assert_untouched().await;
}

/// Whose domain has its sign-in elsewhere is told so, and nothing is changed.
async fn federated(name: &str, tenant: Value, administrator: &str) {
    let trial = Trial::new(name, tenant).await;
    trial.apply().await;
    told(
        &trial.blocked("RetainedAdminFederated").await,
        &format!("{administrator} is on a domain without managed sign-in"),
        "Use an account on the tenant's initial onmicrosoft domain, with managed sign-in",
    );
    trial.assert_untouched().await;
}

async fn on_a_federated_domain() {
    let domain = "adfs.example";
    let tenant = json!({"domains": [domain], "federatedDomains": [domain], "retainedAdministrator": {"domain": domain}});
    federated("admin-federated", tenant, "closer@adfs.example").await;
}

async fn on_an_initial_domain_that_is_federated() {
    let domain = "admin-initial-federated.onmicrosoft.com";
    let tenant = json!({"federatedDomains": [domain]});
    let administrator = format!("closer@{domain}");
    federated("admin-initial-federated", tenant, &administrator).await;
}

async fn without_a_second_factor() {
    let admin = json!({"authenticator": false});
    let trial = unfit(
        "admin-without-mfa",
        admin,
        "RetainedAdminWithoutMfa",
        "closer@admin-without-mfa.onmicrosoft.com has no method of multifactor authentication registered",
        "Register one for the account under its security info",
    )
    .await;
    change(&trial, json!({"authenticator": true})).await;
    trial.phase(Phase::AwaitingApproval).await;
}

/// Renamed while users are deleted: it stops, and goes on when the name is back.
async fn renamed_midway() {
    let trial = Trial::new("admin-renamed", json!({"users": 200})).await;
    let domain = "admin-renamed.onmicrosoft.com";
    trial.apply().await;
    let blocked = async {
        trial.until_effects(40).await;
        let name = format!("other@{domain}");
        change(&trial, json!({"userPrincipalName": name})).await;
        trial.blocked("RetainedAdminRenamed").await
    };
    let blocked = trial.with_persons(blocked).await;
    told(
        &blocked,
        "now has another name",
        "Give the account its name back",
    );
    trial.assert_stands_still().await;
    change(
        &trial,
        json!({"userPrincipalName": format!("closer@{domain}")}),
    )
    .await;
    trial.assert_closes().await;
}

/// Demoted while users are deleted: likewise.
async fn demoted_midway() {
    let trial = Trial::new("admin-demoted", json!({"users": 200})).await;
    trial.apply().await;
    let blocked = async {
        trial.until_effects(40).await;
        change(&trial, json!({"role": null})).await;
        trial.blocked("RetainedAdminNotGlobalAdministrator").await
    };
    trial.with_persons(blocked).await;
    trial.assert_stands_still().await;
    change(&trial, json!({"role": "Global Administrator"})).await;
    trial.assert_closes().await;
}

/// The app is removed from the account while users are deleted: likewise.
async fn without_a_second_factor_midway() {
    let trial = Trial::new("admin-mfa-removed", json!({"users": 200})).await;
    trial.apply().await;
    let blocked = async {
        trial.until_effects(40).await;
        change(&trial, json!({"authenticator": false})).await;
        trial.blocked("RetainedAdminWithoutMfa").await
    };
    trial.with_persons(blocked).await;
    trial.assert_stands_still().await;
    change(&trial, json!({"authenticator": true})).await;
    trial.assert_closes().await;
}
