//! External ID and B2C tenants: Azure resources, which a call deletes.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use tenant_closure::closure::intent::Action;
use tenant_closure::closure::report::Phase;

crate::rows![
    an_external_id_tenant,
    a_b2c_tenant,
    a_deletion_that_azure_refuses,
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
    // Two applications with their service principals, the reader with its own, and a vendor's.
    assert_eq!(
        (of("applicationDeleted"), of("servicePrincipalDeleted")),
        (3, 4)
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

/// Azure refuses the call: it is told with Azure's code, and tried again by itself.
async fn a_deletion_that_azure_refuses() {
    let trial = Trial::new("azure-refuses", json!({"tenantType": "CIAM"})).await;
    let portal = &trial.case.portal;
    let matching = json!({"method": "DELETE", "pathContains": "ciamDirectories"});
    let deed = json!({"status": {"code": 403, "body": {"error": {"code": "AuthorizationFailed", "message": "No."}}}});
    portal.fault(matching, deed, None).await.unwrap();
    trial.apply().await;
    let told = trial.with_persons(trial.blocked("DirectoryRefused")).await;
    assert!(
        told.message
            .starts_with("Azure refused to delete the directory: AuthorizationFailed. ")
    );
    assert!(
        told.remedy
            .contains("grant the application the right to delete the resource")
    );
    assert!(told.remedy.contains("it is tried again by itself"));
    assert_eq!(portal.look().await.unwrap()["deleted"], false);
    portal.lift_faults().await.unwrap();
    trial.assert_closes().await;
}
