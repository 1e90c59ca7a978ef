//! Who should not be there, or not administer: seen in whatever step, and nothing goes on.

use crate::case::NAME;
use crate::children::binary;
use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use tenant_closure::closure::report::Phase;

crate::rows![
    a_planned_user_who_is_made_global_administrator,
    members_of_a_group_that_administers_are_planned_as_such,
    a_planned_user_who_is_added_to_a_group_that_administers,
    a_group_that_administers_and_may_not_be_read,
    who_comes_while_a_later_step_waits
];

async fn press(trial: &Trial, body: Value) -> Value {
    trial.case.portal.press_with(&body).await.unwrap()
}

/// One who goes last in a planned tenant becomes an administrator in the middle, by `made`, and is none any more after `unmade`.
async fn made_administrator_midway(
    name: &str,
    tenant: Value,
    field: &str,
    made: Value,
    unmade: Value,
) {
    let trial = Trial::new(name, tenant).await;
    trial.apply().await;
    trial.with_approver(trial.until_effects(20)).await;
    let retained = trial.case.portal.look().await.unwrap()["retainedAdministrator"]["id"].clone();
    let left = trial.left().await;
    let mut others = left.iter().rev().filter(|id| retained != id.as_str());
    // Of those who go last, so that he is still there.
    let chosen = others.next().unwrap();
    let change = |value: Value| json!({"action": "changeUser", "id": chosen, field: value});
    press(&trial, change(made)).await;
    let drift = trial.with_approver(trial.blocked("PlanDrift")).await;
    let says = "a Global administrator whom the approved plan does not name";
    assert!(drift.message.contains(says), "{}", drift.message);
    trial.assert_stands_still().await;
    assert!(trial.left().await.contains(chosen));
    press(&trial, change(unmade)).await;
    trial.assert_closes().await;
}

async fn a_planned_user_who_is_made_global_administrator() {
    let role = json!("Global Administrator");
    let tenant = json!({"users": 400});
    made_administrator_midway("promoted", tenant, "role", role, Value::Null).await;
}

async fn members_of_a_group_that_administers_are_planned_as_such() {
    let trial = Trial::new("by-group", json!({"users": 30, "groupAdministrators": 2})).await;
    trial.apply().await;
    trial.phase(Phase::AwaitingApproval).await;
    let report = tokio::process::Command::new(binary("kubectl-tenant_closure").unwrap())
        .args(["report", NAME, "-o", "json", "-n", &trial.case.namespace])
        .env("KUBECONFIG", trial.case.cluster.kubeconfig("admin"))
        .output()
        .await
        .unwrap();
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["plan"]["otherGlobalAdministrators"], 2, "{report:#}");
    trial.assert_closes().await;
}

/// A planned group: who is added to it later is none whom the plan names as administrator.
async fn a_planned_user_who_is_added_to_a_group_that_administers() {
    let tenant = json!({"users": 400, "groupAdministrators": 1});
    let (made, unmade) = (json!(true), json!(false));
    made_administrator_midway("into-group", tenant, "groupAdministrator", made, unmade).await;
}

/// The permission to read groups is taken away in the middle: who is in the group is unknown then, and not nobody.
async fn a_group_that_administers_and_may_not_be_read() {
    // Whoever may read the whole directory reads its groups as well.
    let roles = [
        "Organization.ReadWrite.All",
        "User.ReadWrite.All",
        "Application.ReadWrite.All",
        "RoleManagement.Read.Directory",
        "UserAuthenticationMethod.Read.All",
        "Policy.ReadWrite.AuthenticationMethod",
        "Group.Read.All",
        "Reports.Read.All",
        "DeviceManagementManagedDevices.Read.All",
        "DeviceManagementServiceConfig.Read.All",
    ];
    let tenant = json!({"users": 400, "groupAdministrators": 1, "closer": {"appRoles": roles}});
    let trial = Trial::new("closed-group", tenant).await;
    let app = trial.case.portal.tenant.app_id.clone();
    let right =
        |change: &str| json!({"action": "changeApplication", "id": app, change: "Group.Read.All"});
    press(&trial, right("revoke")).await;
    trial.apply().await;
    let says = "may not read who is in the groups that hold Global Administrator";
    let told = trial.blocked_with("PermissionDenied", says).await;
    assert!(told.remedy.contains("Group.Read.All"), "{}", told.remedy);
    trial.assert_untouched().await;
    press(&trial, right("permission")).await;
    trial.with_approver(trial.until_effects(20)).await;
    press(&trial, right("revoke")).await;
    trial
        .with_approver(trial.blocked_with("PermissionDenied", says))
        .await;
    trial.assert_stands_still().await;
    press(&trial, right("permission")).await;
    trial.assert_closes().await;
}

/// A subscription bought directly waits for a person; meanwhile somebody makes an account.
async fn who_comes_while_a_later_step_waits() {
    let bought = json!([{"kind": "Direct", "sku": "SPE_E5", "seats": 9}]);
    let trial = Trial::new("comes-late", json!({"users": 20, "subscriptions": bought})).await;
    trial.apply().await;
    let status = trial
        .with_approver(trial.phase(Phase::AwaitingHandOff))
        .await;
    assert_eq!(status.step.as_deref(), Some("2/5 CancelSubscriptions"));
    let new = press(&trial, json!({"action": "createUser"})).await["id"].clone();
    let drift = trial.with_approver(trial.blocked("PlanDrift")).await;
    let says = "made after all users were deleted";
    assert!(drift.message.contains(says), "{}", drift.message);
    trial.assert_stands_still().await;
    let status = trial.phase(Phase::Stalled).await;
    assert_eq!(condition(&status, "UsersDeleted").0, "True");
    press(&trial, json!({"action": "deleteUser", "id": new})).await;
    trial.assert_closes().await;
}
