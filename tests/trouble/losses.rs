//! What dies with the tenant and Microsoft's procedure does not mention: counted, accepted by name, or nothing begins.

use crate::approvals::{create, good};
use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

crate::rows![
    not_accepted_and_then_accepted,
    what_cannot_be_counted_is_accepted_by_name,
    what_comes_after_the_plan_blocks_before_the_first_user,
    what_comes_while_sync_is_switched_off_blocks_too,
    accepted_after_the_approval_it_is_approved_anew,
    an_azure_subscription_goes_only_if_it_is_listed,
    taken_out_of_the_list_in_the_middle_it_stays,
    azure_that_no_account_shows_is_unknown,
    azure_of_which_an_account_is_shown_nothing_is_unknown,
    who_was_deleted_before_is_told_with_the_plan
];

fn told(status: &TenantClosureStatus) -> Vec<Value> {
    let losses = serde_json::to_value(&status.plan.as_ref().unwrap().losses).unwrap();
    losses.as_array().unwrap().clone()
}

/// Accepted by name, under one reference.
fn accepted(kinds: &[&str]) -> Value {
    let entry = |kind| json!({"kind": kind, "reference": "CAB-118"});
    kinds.iter().map(entry).collect()
}

async fn not_accepted_and_then_accepted() {
    let tenant = json!({"losses": {
        "groups": 12, "intuneDevices": 3, "autopilotDevices": 130, "mailboxes": 9, "mailboxBytes": 5_159_432_679_270_u64,
        "oneDriveAccounts": 8, "oneDriveBytes": 1_023, "sharePointSites": 2, "samlApplications": 1}, "servicePrincipals": 2});
    let mut trial = Trial::new("losses", tenant).await;
    trial.spec()["accept"] = accepted(&["Groups", "AzureResources"]);
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
        {"kind": "Mailboxes", "count": 9, "bytes": 5_159_432_679_270_u64, "accepted": false},
        {"kind": "OneDrive", "count": 8, "bytes": 1_023, "accepted": false},
        {"kind": "SharePoint", "count": 2, "bytes": 0, "accepted": false},
        {"kind": "IntuneDevices", "count": 3, "accepted": false},
        {"kind": "AutopilotDevices", "count": 130, "accepted": false},
        {"kind": "Applications", "count": 1, "accepted": false},
        {"kind": "Groups", "count": 12, "accepted": true},
        {"kind": "AzureResources", "accepted": true},
    ]);
    assert_eq!(json!(told(&status)), expected);
    let row = status.blockers.iter().find(|b| b.check == "Loss Mailboxes");
    assert!(row.unwrap().link.starts_with("https://"), "{status:#?}");
    trial.assert_untouched().await;
    // What the remedy says, word for word.
    let (_, lines) = blocked.remedy.split_once("reference: ").unwrap();
    let mut accept: Vec<Value> = serde_saphyr::from_str(&format!("[{lines}]")).unwrap();
    for kind in ["Groups", "AzureResources"] {
        accept.push(json!({"kind": kind, "reference": "CAB-118"}));
    }
    trial.change(json!({"accept": accept})).await;
    trial.phase(Phase::AwaitingApproval).await;
    trial.assert_closes().await;
}

async fn what_cannot_be_counted_is_accepted_by_name() {
    let mut trial = Trial::new("losses-unknown", json!({"losses": {"mailboxes": 9}})).await;
    let matching = json!({"method": "GET", "pathContains": "/beta/reports/"});
    let deed = json!({"status": {"code": 403, "body": {"error": {"code": "S2SUnauthorized", "message": "No."}}}});
    trial.case.portal.fault(matching, deed, None).await.unwrap();
    trial.spec()["accept"] = accepted(&["AzureResources"]);
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
    let accept = accepted(&["Mailboxes", "OneDrive", "SharePoint", "AzureResources"]);
    trial.change(json!({"accept": accept})).await;
    trial.assert_closes().await;
}

async fn what_comes_after_the_plan_blocks_before_the_first_user() {
    let mut trial = Trial::new("losses-later", json!({})).await;
    trial.spec()["accept"] = accepted(&["AzureResources"]);
    trial.apply().await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    assert_eq!(
        told(&status),
        [json!({"kind": "AzureResources", "accepted": true})]
    );
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
    let accept = accepted(&["Groups", "AzureResources"]);
    trial.change(json!({"accept": accept})).await;
    let gone = |status: &TenantClosureStatus| condition(status, "UsersDeleted").0 == "True";
    trial.with_approver(trial.until("users go", gone)).await;
}

/// Days go by between the approval and the first user where directory sync is on.
async fn what_comes_while_sync_is_switched_off_blocks_too() {
    let sync = json!({"sync": {"enabled": true, "hours": 720}});
    let mut trial = Trial::new("losses-sync", sync).await;
    trial.spec()["accept"] = accepted(&["AzureResources"]);
    trial.apply().await;
    let waits = |status: &TenantClosureStatus| condition(status, "Ready").1 == "WaitingSyncOff";
    trial
        .with_approver(trial.until("sync goes off", waits))
        .await;
    let matching = json!({"method": "GET", "pathContains": "/v1.0/groups"});
    let deed = json!({"status": {"code": 403, "body": {"error": {"code": "Authorization_RequestDenied", "message": "No."}}}});
    trial.case.portal.fault(matching, deed, None).await.unwrap();
    trial.blocked("LossNotAccepted").await;
    trial.pass(30).await;
    trial.assert_stands_still().await;
    trial.blocked("LossNotAccepted").await;
    let gone = |one: &Value| one["kind"] == "userDeleted";
    assert!(!trial.effects().await.iter().any(gone));
    // The author alone cannot widen what was approved.
    let accept = accepted(&["AzureResources", "Groups"]);
    trial.change(json!({"accept": accept})).await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    let (approved, reason, message) = condition(&status, "Approved");
    assert_eq!(
        (approved.as_str(), reason.as_str()),
        ("False", "AcceptanceGrew")
    );
    assert!(message.contains("Groups; 0 of 1 approvals"), "{message}");
    let plan = status.plan.unwrap();
    let later = plan.acceptance.unwrap();
    assert_ne!(later.digest, plan.digest);
    assert_eq!((later.count, later.first[0].kind.as_str()), (1, "Groups"));
    trial.assert_stands_still().await;
    assert!(!trial.effects().await.iter().any(gone));
    trial.assert_closes().await;
    let status = trial.phase(Phase::Closed).await;
    assert_eq!(status.plan.unwrap().digest, plan.digest, "the same plan");
}

/// Whoever approves a plan that is blocked has not approved what its author accepts afterwards.
async fn accepted_after_the_approval_it_is_approved_anew() {
    let mut trial = Trial::new("losses-widened", json!({"losses": {"groups": 3}})).await;
    trial.spec()["accept"] = accepted(&["AzureResources"]);
    trial.apply().await;
    trial.blocked("LossNotAccepted").await;
    let early = good(&trial, "early", "bob").await;
    create(&trial, "bob", &early).await;
    trial.assert_stands_still().await;
    let accept = accepted(&["AzureResources", "Groups"]);
    trial.change(json!({"accept": accept})).await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    assert_ne!(
        json!(status.plan.as_ref().unwrap().digest),
        early["spec"]["planDigest"]
    );
    let message = condition(&status, "Approved").2;
    assert!(
        message.starts_with("0 of 1 approvals for this plan"),
        "{message}"
    );
    trial.assert_untouched().await;
    trial.assert_closes().await;
}

/// Canceled by the operator, by id.
async fn canceled(trial: &Trial) -> Vec<Value> {
    let mut effects = trial.effects().await;
    effects.retain(|one| one["kind"] == "subscriptionCanceled" && !one["app"].is_null());
    effects.into_iter().map(|one| one["id"].clone()).collect()
}

fn accepting(ids: &[&Value]) -> Value {
    json!({"accept": [{"kind": "AzureResources", "reference": "CAB-118", "subscriptions": ids}]})
}

/// A closure with two Azure subscriptions, and their ids.
async fn with_azure(name: &str) -> (Trial, [Value; 2]) {
    let subscriptions = json!([
        {"kind": "Azure", "sku": "AZURE_ONE", "resources": 1_500}, {"kind": "Azure", "sku": "AZURE_TWO"}]);
    let trial = Trial::new(name, json!({"subscriptions": subscriptions})).await;
    let ids = trial.case.portal.azure_subscriptions().await.unwrap();
    let ids = [ids[0].clone(), ids[1].clone()];
    (trial, ids)
}

async fn an_azure_subscription_goes_only_if_it_is_listed() {
    let (mut trial, [one, two]) = with_azure("losses-azure").await;
    // The kind alone accepts none of them.
    trial.spec()["accept"] = json!([{"kind": "AzureResources", "reference": "CAB-118"}]);
    trial.apply().await;
    let blocked = trial.blocked("LossNotAccepted").await;
    assert!(
        blocked.message.contains("resources in Azure subscriptions"),
        "{}",
        blocked.message
    );
    let status = trial.phase(Phase::Stalled).await;
    for id in [&one, &two] {
        let id = id.as_str().unwrap();
        assert!(!blocked.message.contains(id), "{}", blocked.message);
        let check = format!("Loss AzureResources {id}");
        let row = status.blockers.iter().find(|row| row.check == check);
        let row = row.unwrap_or_else(|| panic!("no {check} in {status:#?}"));
        assert!(
            row.remedy.contains(&format!("subscriptions: [{id}]")),
            "{}",
            row.remedy
        );
        assert!(
            row.link.starts_with("https://portal.azure.com/"),
            "{}",
            row.link
        );
    }
    let mut expected = vec![
        json!({"kind": "AzureResources", "subscription": one, "count": 1_500, "accepted": false}),
        json!({"kind": "AzureResources", "subscription": two, "count": 0, "accepted": false}),
    ];
    expected.sort_by_key(|row| row["subscription"].to_string());
    assert_eq!(told(&status), expected);
    trial.change(accepting(&[&one])).await;
    let left = trial.until("the other alone", |status| {
        let rows = status.blockers.iter();
        rows.filter(|row| row.check.starts_with("Loss Azure"))
            .count()
            == 1
    });
    left.await;
    trial.assert_untouched().await;
    trial.change(accepting(&[&one, &two])).await;
    trial.assert_closes().await;
    assert_eq!(canceled(&trial).await.len(), 2);
}

async fn taken_out_of_the_list_in_the_middle_it_stays() {
    let (mut trial, [one, two]) = with_azure("losses-azure-middle").await;
    trial.spec()["accept"] = accepting(&[&one, &two])["accept"].clone();
    trial.apply().await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    assert!(
        told(&status).iter().all(|row| row["accepted"] == true),
        "{status:#?}"
    );
    let begun = async { trial.until_effects(0).await };
    trial.with_approver(begun).await;
    trial.change(accepting(&[&one])).await;
    let blocked = trial.with_approver(trial.blocked("LossNotAccepted")).await;
    assert!(!blocked.message.contains(two.as_str().unwrap()));
    let status = trial.phase(Phase::Stalled).await;
    assert_eq!(status.step.as_deref(), Some("2/5 CancelSubscriptions"));
    assert_eq!(condition(&status, "UsersDeleted").0, "True");
    trial.assert_stands_still().await;
    assert_eq!(canceled(&trial).await, Vec::<Value>::new());
    trial.change(accepting(&[&one, &two])).await;
    trial.assert_closes().await;
}

async fn azure_that_no_account_shows_is_unknown() {
    azure_is_unknown("losses-no-azure", json!([{"kind": "CustomerAgreement"}])).await;
}

/// Who holds no role on any subscription is told of none, as where there is none.
async fn azure_of_which_an_account_is_shown_nothing_is_unknown() {
    azure_is_unknown("losses-none-shown", json!([{"kind": "AzureSubscription"}])).await;
}

async fn azure_is_unknown(name: &str, accounts: Value) {
    let mut trial = Trial::new(name, json!({})).await;
    trial.spec()["accept"] = json!([]);
    trial.spec()["billing"] = json!({"accounts": accounts});
    trial.apply().await;
    let blocked = trial.blocked("LossNotAccepted").await;
    let says = "resources in Azure subscriptions (could not be counted)";
    assert!(blocked.message.contains(says), "{}", blocked.message);
    assert!(
        blocked.remedy.contains("an account AzureSubscription"),
        "{}",
        blocked.remedy
    );
    let accept = accepted(&["AzureResources"]);
    trial.change(json!({"accept": accept})).await;
    trial.assert_closes().await;
}

/// The recycle bin is read for the plan, and nobody waits for it where it cannot be read.
async fn who_was_deleted_before_is_told_with_the_plan() {
    let trial = Trial::new("recycle-bin", json!({"users": 15})).await;
    let portal = &trial.case.portal;
    for id in trial.left().await.iter().take(2) {
        portal.press("deleteUser", Some(id)).await.unwrap();
    }
    trial.apply().await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    let bin = status.plan.unwrap().recycle_bin.unwrap();
    let within = |days: i64| jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
    // The simulator's midnight may lie between.
    let days = [29, 30].map(|days| within(days).strftime("%Y-%m-%d").to_string());
    let says = days.map(|day| format!("2 users, the last until {day}"));
    assert!(says.contains(&bin), "{bin}");
    trial.assert_closes().await;

    let unread = Trial::new("recycle-bin-unread", json!({})).await;
    let matching = json!({"method": "GET", "pathContains": "/directory/deletedItems"});
    let deed = json!({"status": {"code": 403, "body": {"error": {"code": "Authorization_RequestDenied", "message": "No."}}}});
    unread
        .case
        .portal
        .fault(matching, deed, None)
        .await
        .unwrap();
    unread.apply().await;
    let status = unread.phase(Phase::AwaitingApproval).await;
    assert!(status.plan.unwrap().recycle_bin.is_none());
    unread.assert_closes().await;
}
