//! External ID and B2C tenants: Azure resources, which a call deletes.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use tenant_closure::closure::intent::Action;
use tenant_closure::closure::report::Phase;

crate::rows![
    an_external_id_tenant,
    a_b2c_tenant,
    an_external_id_tenant_of_another_subscription,
    a_deletion_that_fails_on_the_way,
    a_deletion_by_hand,
    a_deletion_that_azure_refuses,
    user_flows_that_are_left,
    user_flows_that_nobody_may_read,
];

fn tenant(kind: &str) -> Value {
    json!({
        "tenantType": kind, "users": 30, "lowPrivilegedAdmins": 2, "privilegedAdmins": 1,
        "applications": 2, "servicePrincipals": 1, "firstPartyServicePrincipals": 4,
    })
}

/// The whole way: users, applications, then the directory by one call, and the proof from outside.
async fn closes(name: &str, kind: &str, collection: &str) {
    let trial = Trial::new(name, tenant(kind)).await;
    let resource = trial.case.portal.tenant.directory_resource.clone().unwrap();
    assert!(resource.contains(collection), "{resource}");
    trial.apply().await;
    let audit = trial.assert_closes().await;
    let status = trial.phase(Phase::Closed).await;
    for (name, reason) in [
        ("Ready", "TenantGone"),
        ("DirectorySyncDisabled", "NeverEnabled"),
        ("UsersDeleted", "VerifiedTwice"),
        ("SubscriptionsCanceled", "NothingToDo"),
        ("SubscriptionsDeleted", "NothingToDo"),
        ("MFADisabled", "NothingToDo"),
        ("DeletionChecksPassed", "ProvenByDeletion"),
        ("DirectoryDeleted", "TenantGone"),
        ("Closed", "TenantGone"),
    ] {
        let (yes, why, message) = condition(&status, name);
        assert_eq!(
            (yes.as_str(), why.as_str()),
            ("True", reason),
            "{name}: {message}"
        );
    }
    assert!(status.hand_offs.is_empty() && status.blockers.is_empty());
    assert_eq!(audit.gone.len(), 29);
    let kinds: Vec<&str> = audit
        .claimed
        .iter()
        .map(|(action, _)| action.name())
        .collect();
    let tail = [
        "RemoveApplications",
        "DeleteDirectory",
        "VerifyDirectoryGone",
    ];
    assert!(kinds.ends_with(&tail), "{kinds:?}");
    // Our own application goes with the directory; it is never removed by itself.
    assert!(audit.objects(&[Action::RemoveOwnIdentity]).is_empty());
    let effects = trial.effects().await;
    let of = |kind: &str| effects.iter().filter(|one| one["kind"] == kind).count();
    // Two applications and Microsoft's b2c-extensions-app with their service principals, the reader with its own, and a vendor's.
    assert_eq!(
        (of("applicationDeleted"), of("servicePrincipalDeleted")),
        (4, 5)
    );
    assert_eq!((of("tenantDeletionRequested"), of("tenantDeleted")), (1, 1));
    let seen = trial.case.portal.look().await.unwrap();
    assert_eq!(seen["applicationsLeft"], 1, "our own");
}

async fn an_external_id_tenant() {
    closes("external-id", "CIAM", "ciamDirectories").await;
}

async fn a_b2c_tenant() {
    closes("b2c", "AAD B2C", "b2cDirectories").await;
}

/// The directory lies in an Azure subscription of another tenant, whose own application deletes it.
async fn an_external_id_tenant_of_another_subscription() {
    let name = "external-elsewhere";
    let payer = json!({"users": 1, "initialDomain": format!("{name}-payer.onmicrosoft.com")});
    let payer = Trial::tenant(&payer).await;
    let mut fields = tenant("CIAM");
    fields["directoryResource"] = json!({"ownerTenantId": payer.id});
    let mut trial = Trial::new(name, fields).await;
    let directory = &mut trial.spec()["directory"];
    directory["resourceTenantId"] = json!(payer.id);
    directory["credentials"] = json!({"secretName": "payer-closer"});
    trial.give("payer-closer", &payer, &payer.id).await;
    trial.apply().await;
    let told = trial.blocked("CredentialsForbidden").await;
    trial.do_as_told(&told.remedy).await;
    trial.assert_closes().await;
    let effects = trial.effects().await;
    let asked = effects
        .iter()
        .find(|one| one["kind"] == "tenantDeletionRequested");
    assert_eq!(asked.unwrap()["app"], json!(payer.app_id));
}

/// Waits until Azure's refusal is told, with its code; the directory is still there.
async fn refused(trial: &Trial, code: &str) {
    let told = trial.with_persons(trial.blocked("DirectoryRefused")).await;
    let says = format!("Azure refused to delete the directory: {code}. ");
    assert!(told.message.starts_with(&says), "{}", told.message);
    for remedy in [
        "grant the application the right to delete the resource",
        "it is tried again by itself",
        "https://entra.microsoft.com/#view/Microsoft_AAD_IAM/DirectorySwitchBlade",
    ] {
        assert!(told.remedy.contains(remedy), "{}", told.remedy);
    }
    let status = trial.phase(Phase::Stalled).await;
    assert_eq!(status.step.as_deref(), Some("5/5 DeleteDirectory"));
    assert_eq!(condition(&status, "DirectoryDeleted").0, "False");
    let seen = trial.case.portal.look().await.unwrap();
    assert_eq!(seen["deleted"], false);
}

fn call() -> Value {
    json!({"method": "DELETE", "pathContains": "ciamDirectories"})
}

/// It is told, and tried again by itself.
async fn a_deletion_that_azure_refuses() {
    let trial = Trial::new("azure-refuses", json!({"tenantType": "CIAM"})).await;
    let portal = &trial.case.portal;
    let deed = json!({"status": {"code": 403, "body": {"error": {"code": "AuthorizationFailed", "message": "No."}}}});
    portal.fault(call(), deed, None).await.unwrap();
    trial.apply().await;
    refused(&trial, "AuthorizationFailed").await;
    portal.lift_faults().await.unwrap();
    trial.assert_closes().await;
}

/// Azure accepts the call, and the operation that it begins comes to a bad end.
async fn a_deletion_that_fails_on_the_way() {
    let trial = Trial::new("azure-fails", json!({"tenantType": "CIAM"})).await;
    let portal = &trial.case.portal;
    let operation = "https://management.azure.com/subscriptions/s/providers/Microsoft.AzureActiveDirectory/operationStatuses/o";
    let accepted = json!({"status": {"code": 202, "headers": {"Azure-AsyncOperation": operation, "Retry-After": "1"}}});
    portal.fault(call(), accepted, None).await.unwrap();
    let failed =
        json!({"status": "Failed", "error": {"code": "DirectoryNotEmpty", "message": "No."}});
    let failed = json!({"status": {"code": 200, "body": failed}});
    let looks = json!({"method": "GET", "pathEnds": "/operationStatuses/o"});
    portal.fault(looks, failed, None).await.unwrap();
    trial.apply().await;
    refused(&trial, "DirectoryNotEmpty").await;
    portal.lift_faults().await.unwrap();
    trial.assert_closes().await;
}

/// Azure refuses for good, so a person deletes the tenant by hand: that is noticed from outside.
async fn a_deletion_by_hand() {
    let trial = Trial::new("by-hand", json!({"tenantType": "CIAM"})).await;
    let portal = &trial.case.portal;
    let deed = json!({"status": {"code": 403, "body": {"error": {"code": "AuthorizationFailed", "message": "No."}}}});
    portal.fault(call(), deed, None).await.unwrap();
    trial.apply().await;
    refused(&trial, "AuthorizationFailed").await;
    portal.press("settleCheck", Some("all")).await.unwrap();
    let own = &portal.tenant.app_id;
    portal.press("deleteApplication", Some(own)).await.unwrap();
    portal.press("deleteTenant", None).await.unwrap();
    let audit = trial.assert_closes().await;
    let last = audit.claimed.last().unwrap();
    assert_eq!(last.0, Action::VerifyDirectoryGone);
}

/// They are seen, so a person is asked to delete them before Azure is asked for anything.
async fn user_flows_that_are_left() {
    let external =
        json!({"userFlows": 2, "identityProviders": 1, "customPolicies": 3, "policyKeys": 4});
    let fields = json!({"tenantType": "AAD B2C", "external": external});
    let trial = Trial::new("flows-left", fields).await;
    trial.apply().await;
    let (status, told) = trial.handed_over("RemoveUserFlows").await;
    let says = "Left: 2 user flows, 1 identity provider, 3 custom policies, 4 policy keys";
    assert!(told.what.ends_with(says), "{}", told.what);
    assert_eq!(
        told.link,
        "https://learn.microsoft.com/azure/active-directory-b2c/tutorial-delete-tenant"
    );
    let check = status
        .blockers
        .iter()
        .find(|one| one.check.starts_with("C13 "));
    let check = check.unwrap();
    assert_eq!(
        (check.state.as_str(), check.who.as_str()),
        ("failed", "person")
    );
    assert_eq!(condition(&status, "DeletionChecksPassed").1, "ChecksFailed");
    let writes = trial.case.portal.get("writes").await.unwrap();
    let asked = writes.as_array().unwrap().iter();
    let asked = asked.filter(|one| one["tenant"] == json!(trial.case.portal.tenant.id));
    let asked = asked.filter(|one| one["acts"].get("deleteDirectory").is_some());
    assert_eq!(asked.count(), 0, "Azure was asked all the same");
    trial.assert_closes().await;
}

/// What keeps the directory is not seen: Azure says that something does, and that is told; it is tried again by itself.
async fn user_flows_that_nobody_may_read() {
    let reads_no_flows = [
        "Organization.ReadWrite.All",
        "User.ReadWrite.All",
        "UserAuthenticationMethod.Read.All",
        "Application.ReadWrite.All",
        "RoleManagement.Read.Directory",
        "Group.Read.All",
        "Reports.Read.All",
        "DeviceManagementManagedDevices.Read.All",
        "DeviceManagementServiceConfig.Read.All",
    ];
    let fields = json!({"tenantType": "CIAM", "external": {"userFlows": 1}, "closer": {"appRoles": reads_no_flows}});
    let trial = Trial::new("flows-unseen", fields).await;
    trial.apply().await;
    refused(&trial, "DirectoryNotEmpty").await;
    let status = trial.phase(Phase::Stalled).await;
    let check = status
        .checks
        .iter()
        .find(|one| one.check.starts_with("C13 "));
    assert_eq!(check.unwrap().state, "unknown");
    trial
        .case
        .portal
        .press("deleteUserFlows", None)
        .await
        .unwrap();
    trial.assert_closes().await;
}
