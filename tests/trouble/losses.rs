//! What dies with the tenant and Microsoft's procedure does not mention: counted, accepted by name, or nothing begins.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

crate::rows![
    not_accepted_and_then_accepted,
    what_cannot_be_counted_is_accepted_by_name,
    what_comes_after_the_plan_blocks_before_the_first_user
];

fn told(status: &TenantClosureStatus) -> Vec<Value> {
    let losses = serde_json::to_value(&status.plan.as_ref().unwrap().losses).unwrap();
    losses.as_array().unwrap().clone()
}

async fn not_accepted_and_then_accepted() {
    let tenant = json!({"losses": {
        "groups": 12, "intuneDevices": 3, "autopilotDevices": 130, "mailboxes": 9, "oneDriveAccounts": 8,
        "sharePointSites": 2, "samlApplications": 1}, "servicePrincipals": 2});
    let mut trial = Trial::new("losses", tenant).await;
    trial.spec()["accept"] = json!([{"kind": "Groups", "reference": "CAB-118"}]);
    trial.apply().await;
    let blocked = trial.blocked("LossNotAccepted").await;
    let says = "This dies with the tenant, and was not accepted by name: mailboxes, OneDrive accounts, SharePoint sites, \
                devices managed by Intune, devices registered with Windows Autopilot, \
                applications with SAML or users of other organizations";
    assert!(blocked.message.starts_with(says), "{}", blocked.message);
    for kind in [
        "Mailboxes",
        "OneDrive",
        "SharePoint",
        "IntuneDevices",
        "AutopilotDevices",
        "Applications",
    ] {
        let line = format!("{{kind: {kind}, reference: CAB-118}}");
        assert!(blocked.remedy.contains(&line), "{}", blocked.remedy);
    }
    let status = trial.phase(Phase::Stalled).await;
    let expected = json!([
        {"kind": "Mailboxes", "count": 9, "accepted": false},
        {"kind": "OneDrive", "count": 8, "accepted": false},
        {"kind": "SharePoint", "count": 2, "accepted": false},
        {"kind": "IntuneDevices", "count": 3, "accepted": false},
        {"kind": "AutopilotDevices", "count": 130, "accepted": false},
        {"kind": "Applications", "count": 1, "accepted": false},
        {"kind": "Groups", "count": 12, "accepted": true},
    ]);
    assert_eq!(json!(told(&status)), expected);
    let row = status.blockers.iter().find(|b| b.check == "Loss Mailboxes");
    assert!(row.unwrap().link.starts_with("https://"), "{status:#?}");
    trial.assert_untouched().await;
    // What the remedy says, word for word.
    let (_, lines) = blocked.remedy.split_once("reference: ").unwrap();
    let mut accept: Vec<Value> = serde_saphyr::from_str(&format!("[{lines}]")).unwrap();
    accept.push(json!({"kind": "Groups", "reference": "CAB-118"}));
    trial.change(json!({"accept": accept})).await;
    trial.phase(Phase::AwaitingApproval).await;
    trial.assert_closes().await;
}

async fn what_cannot_be_counted_is_accepted_by_name() {
    let mut trial = Trial::new("losses-unknown", json!({"losses": {"mailboxes": 9}})).await;
    let matching = json!({"method": "GET", "pathContains": "/beta/reports/"});
    let deed = json!({"status": {"code": 403, "body": {"error": {"code": "S2SUnauthorized", "message": "No."}}}});
    trial.case.portal.fault(matching, deed, None).await.unwrap();
    trial.spec()["accept"] = json!([]);
    trial.apply().await;
    let blocked = trial.blocked("LossNotAccepted").await;
    let says = "mailboxes (could not be counted), OneDrive accounts (could not be counted), SharePoint sites (could not be counted)";
    assert!(blocked.message.contains(says), "{}", blocked.message);
    assert!(
        blocked
            .remedy
            .ends_with("what could not be counted may be counted with Reports.Read.All"),
        "{}",
        blocked.remedy
    );
    let status = trial.phase(Phase::Stalled).await;
    assert_eq!(
        told(&status)[0],
        json!({"kind": "Mailboxes", "accepted": false})
    );
    trial.assert_untouched().await;
    let kinds = ["Mailboxes", "OneDrive", "SharePoint"];
    let accept = kinds.map(|kind| json!({"kind": kind, "reference": "CAB-118"}));
    trial.change(json!({"accept": accept})).await;
    trial.assert_closes().await;
}

async fn what_comes_after_the_plan_blocks_before_the_first_user() {
    let mut trial = Trial::new("losses-later", json!({})).await;
    trial.spec()["accept"] = json!([]);
    trial.apply().await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    assert!(told(&status).is_empty(), "{status:#?}");
    let matching = json!({"method": "GET", "pathContains": "/v1.0/groups"});
    let deed = json!({"status": {"code": 403, "body": {"error": {"code": "Authorization_RequestDenied", "message": "No."}}}});
    trial.case.portal.fault(matching, deed, None).await.unwrap();
    let blocked = trial.with_approver(trial.blocked("LossNotAccepted")).await;
    assert!(
        blocked.message.contains("groups (could not be counted)"),
        "{}",
        blocked.message
    );
    trial.assert_untouched().await;
    let accept = json!([{"kind": "Groups", "reference": "CAB-118"}]);
    trial.change(json!({"accept": accept})).await;
    let gone = |status: &TenantClosureStatus| condition(status, "UsersDeleted").0 == "True";
    trial.with_approver(trial.until("users go", gone)).await;
}
