//! Which tenant: what the closure says of it and what it says of itself, and who else names it.

use crate::case::NAME;
use crate::trial::{Blocked, Trial};
use kube::api::DeleteParams;
use serde_json::{Value, json};
use tenant_closure::closure::report::Phase;

crate::rows![
    another_initial_domain,
    another_initial_domain_midway,
    another_domain_midway,
    another_tenant_id,
    no_such_tenant,
    named_twice
];

async fn another_initial_domain() {
    let mut trial = Trial::new("wrong-domain", json!({})).await;
    trial.spec()["tenant"]["initialDomain"] = json!("other.onmicrosoft.com");
    trial.apply().await;
    let told = trial.blocked("TenantMismatch").await;
    let says =
        "The tenant's initial domain is wrong-domain.onmicrosoft.com, not other.onmicrosoft.com";
    assert!(told.message.starts_with(says), "{}", told.message);
    assert!(told.remedy.contains("create the closure with its domain"));
    trial.assert_untouched().await;
}

/// While users are deleted the tenant says that it has these domains: no more of them goes. What is told.
async fn other_domains_midway(name: &str, domains: Value) -> (Trial, Blocked) {
    let trial = Trial::new(name, json!({"users": 200})).await;
    trial.apply().await;
    let portal = &trial.case.portal;
    let body = json!({"value": [{"id": portal.tenant.id, "onPremisesSyncEnabled": null, "partnerTenantType": null,
        "verifiedDomains": domains}]});
    let asked = json!({"item": true, "method": "GET", "pathContains": "/organization"});
    let answer = json!({"status": {"code": 200, "body": body}});
    let midway = async {
        let begun = trial.until_effects(40).await;
        portal.fault(asked, answer, None).await.unwrap();
        let told = trial.blocked("PlanDrift").await;
        trial.assert_stands_still().await;
        (begun, told)
    };
    let (begun, told) = trial.with_persons(midway).await;
    let left = trial.left().await.len();
    assert!(left > 0 && left < 200 - begun, "{left} users are left");
    (trial, told)
}

/// Somebody gives the tenant another initial domain while users are deleted: it goes on once that is set back.
async fn another_initial_domain_midway() {
    let domains = json!([
        {"name": "renamed.onmicrosoft.com", "isInitial": true, "type": "Managed"},
        {"name": "domain-midway.onmicrosoft.com", "isInitial": false, "type": "Managed"}]);
    let (trial, told) = other_domains_midway("domain-midway", domains).await;
    let says =
        "The tenant's initial domain is renamed.onmicrosoft.com, not domain-midway.onmicrosoft.com";
    assert!(told.message.starts_with(says), "{}", told.message);
    assert!(told.remedy.contains("set it back, and the closure goes on"));
    let status = trial.phase(Phase::Stalled).await;
    assert_eq!(status.step.as_deref(), Some("1/5 Users"));
    trial.case.portal.lift_faults().await.unwrap();
    trial.assert_closes().await;
}

/// Somebody verifies a domain in the tenant while users are deleted: it goes on once that is removed.
async fn another_domain_midway() {
    let domains = json!([
        {"name": "domain-added.onmicrosoft.com", "isInitial": true, "type": "Managed"},
        {"name": "Later.example", "isInitial": false, "type": "Managed"}]);
    let (trial, told) = other_domains_midway("domain-added", domains).await;
    let says =
        "Domains were verified in the tenant that the approved plan does not name: later.example";
    assert!(told.message.starts_with(says), "{}", told.message);
    trial.case.portal.lift_faults().await.unwrap();
    trial.assert_closes().await;
}

/// The tenant says of itself that it is another one than the closure names.
async fn another_tenant_id() {
    let trial = Trial::new("wrong-id", json!({})).await;
    let portal = &trial.case.portal;
    let body = json!({"value": [{"id": "5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de", "onPremisesSyncEnabled": null, "partnerTenantType": null,
        "verifiedDomains": [{"name": "wrong-id.onmicrosoft.com", "isInitial": true}]}]});
    let asked = json!({"item": true, "method": "GET", "pathContains": "/organization"});
    portal
        .fault(asked, json!({"status": {"code": 200, "body": body}}), None)
        .await
        .unwrap();
    trial.apply().await;
    let told = trial.blocked("TenantMismatch").await;
    let says = "The credential belongs to another tenant than spec.tenant.id";
    assert!(told.message.starts_with(says), "{}", told.message);
    assert!(told.remedy.contains("create it with the right id"));
    trial.assert_untouched().await;
}

/// Microsoft's sign-in service knows no such tenant.
async fn no_such_tenant() {
    let mut trial = Trial::new("no-such-tenant", json!({})).await;
    trial.spec()["tenant"]["cloud"] = json!("China");
    trial.apply().await;
    let told = trial.blocked("TenantNotFound").await;
    let says = "Microsoft does not know a tenant with this id in this cloud";
    assert!(told.message.starts_with(says), "{}", told.message);
    assert!(
        told.remedy
            .contains("Check spec.tenant.id and spec.tenant.cloud")
    );
    trial.assert_untouched().await;
}

/// Neither does anything while both are there; with one gone the other goes on by itself.
async fn named_twice() {
    let first = Trial::new("named-first", json!({})).await;
    let second = first.rival("named-second").await;
    first.apply().await;
    first.phase(Phase::AwaitingApproval).await;
    second.apply().await;
    for (trial, other) in [
        (&first, "named-second/contoso"),
        (&second, "named-first/contoso"),
    ] {
        let told = trial.blocked("TenantNamedTwice").await;
        let says = format!("Other closures name the same tenant: {other}");
        assert!(told.message.starts_with(&says), "{}", told.message);
        assert!(
            told.remedy
                .contains("Keep one closure of this tenant and delete the others")
        );
    }
    first.assert_untouched().await;
    let closures = first.case.closures();
    closures
        .delete(NAME, &DeleteParams::default())
        .await
        .unwrap();
    second.assert_closes().await;
}
