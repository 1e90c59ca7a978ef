//! Roles: a table per step of what the identity and the retained administrator hold and lack, told in step 0.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::access::Who::{self, Identity, RetainedAdministrator};
use tenant_closure::closure::access::table::{Kind, Purpose, TABLE, least};
use tenant_closure::closure::report::Phase;

crate::rows![
    an_identity_that_only_reads,
    one_lack_at_a_time,
    a_billing_administrator_alone,
    a_reader_is_not_asked_to_write,
    a_permission_taken_away_midway,
    without_the_permission_to_read_methods_he_signs_in,
    what_the_table_says_is_enough,
    the_reader_can_write_nothing
];

const GLOBAL: &str = "the role Global Administrator";
const BILLING: &str = "the role Global Administrator or Billing Administrator";
const PRIVILEGED: &str = "the role Privileged Authentication Administrator";
const USERS: &str = "User.ReadWrite.All";
const METHODS: &str = "UserAuthenticationMethod.Read.All";

/// The table as the status has it: step, who, what, held.
fn table(status: &TenantClosureStatus) -> Vec<(usize, Who, String, Option<bool>)> {
    let steps = status.steps.iter().enumerate();
    steps
        .flat_map(|(number, step)| {
            let rows = step.access.iter();
            rows.map(move |row| (number, row.who, row.needs.clone(), row.held))
        })
        .collect()
}

/// The remedies in the blockers, with the step that each is for.
fn remedies(status: &TenantClosureStatus) -> Vec<(&str, &str)> {
    let failed = status.blockers.iter().filter(|one| one.state == "failed");
    failed
        .map(|one| (one.check.as_str(), one.remedy.as_str()))
        .collect()
}

/// What the application of a tenant may do: reading alone, and besides these.
fn closer(besides: &[&str], roles: &[&str]) -> Value {
    let reads = [
        "Organization.Read.All",
        "User.Read.All",
        "Application.Read.All",
        "RoleManagement.Read.Directory",
        METHODS,
    ];
    let permissions = [&reads[..], besides].concat();
    json!({"appRoles": permissions, "directoryRoles": roles})
}

async fn grant(trial: &Trial, what: Value) {
    let portal = &trial.case.portal;
    let mut press = json!({"action": "changeApplication", "id": portal.tenant.app_id});
    press
        .as_object_mut()
        .unwrap()
        .extend(what.as_object().unwrap().clone());
    portal.press_with(&press).await.unwrap();
}

/// Everything that the identity needs in the longest closure, and lacks, at once.
async fn an_identity_that_only_reads() {
    let tenant = json!({"closer": closer(&[], &[]), "spareAdministrator": {}, "privilegedAdmins": 1, "applications": 1, "users": 20});
    let trial = Trial::new("roles-reader", tenant).await;
    trial.apply().await;
    let told = trial.blocked("RolesMissing").await;
    for lack in [
        "step 1 Users: the identity lacks User.ReadWrite.All",
        "step 1 Users: the identity lacks the role Privileged Authentication Administrator",
        "step 4 DisableMFA: the identity lacks Policy.ReadWrite.AuthenticationMethod",
        "step 5 DeleteDirectory: the identity lacks the role Privileged Authentication Administrator",
        "step 5 DeleteDirectory: the identity lacks Application.ReadWrite.All",
    ] {
        assert!(
            told.message.contains(lack),
            "{lack} is not in {}",
            told.message
        );
    }
    assert!(
        told.remedy
            .contains("Grant what is lacking in the tenant, with admin consent")
    );
    let status = trial.phase(Phase::Stalled).await;
    assert_eq!(
        remedies(&status),
        [
            ("Roles of step 1", "Grant the identity User.ReadWrite.All"),
            (
                "Roles of step 1",
                "Grant the identity the role Privileged Authentication Administrator"
            ),
            (
                "Roles of step 4",
                "Grant the identity Policy.ReadWrite.AuthenticationMethod"
            ),
            (
                "Roles of step 5",
                "Grant the identity the role Privileged Authentication Administrator"
            ),
            (
                "Roles of step 5",
                "Grant the identity Application.ReadWrite.All"
            ),
        ]
    );
    let row = |step, who, what: &str, held| (step, who, what.to_owned(), Some(held));
    assert_eq!(
        table(&status),
        [
            row(1, Identity, USERS, false),
            row(1, Identity, PRIVILEGED, false),
            row(1, RetainedAdministrator, GLOBAL, true),
            row(2, RetainedAdministrator, BILLING, true),
            row(3, RetainedAdministrator, BILLING, true),
            row(4, Identity, "Policy.ReadWrite.AuthenticationMethod", false),
            row(4, RetainedAdministrator, GLOBAL, true),
            row(5, Identity, PRIVILEGED, false),
            row(5, Identity, "Application.ReadWrite.All", false),
            row(5, RetainedAdministrator, GLOBAL, true),
        ]
    );
    trial.assert_untouched().await;
    for permission in [
        USERS,
        "Policy.ReadWrite.AuthenticationMethod",
        "Application.ReadWrite.All",
    ] {
        grant(&trial, json!({"permission": permission})).await;
    }
    let told = trial.until("told of the role alone", |status| {
        remedies(status).len() == 2 && condition(status, "Ready").1 == "RolesMissing"
    });
    told.await;
    grant(
        &trial,
        json!({"role": "Privileged Authentication Administrator"}),
    )
    .await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    assert!(table(&status).iter().all(|row| row.3 == Some(true)));
    assert_eq!(remedies(&status), []);
    trial.assert_untouched().await;
}

/// Each permission and role is missed by itself, in the step that needs it.
async fn one_lack_at_a_time() {
    let spare = json!({"spareAdministrator": {}});
    let all = [
        USERS,
        "Policy.ReadWrite.AuthenticationMethod",
        "Application.ReadWrite.All",
        "Domain.ReadWrite.All",
    ];
    let role = "Privileged Authentication Administrator";
    let rows = [
        ("roles-users", all[0], "1 Users", role, spare.clone()),
        ("roles-mfa", all[1], "4 DisableMFA", role, spare.clone()),
        (
            "roles-applications",
            all[2],
            "5 DeleteDirectory",
            role,
            spare.clone(),
        ),
        (
            "roles-privileged",
            PRIVILEGED,
            "1 Users",
            "",
            json!({"privilegedAdmins": 1}),
        ),
        (
            "roles-spare",
            PRIVILEGED,
            "5 DeleteDirectory",
            "",
            spare.clone(),
        ),
        (
            "roles-domains",
            all[3],
            "2 CancelSubscriptions",
            role,
            spare,
        ),
    ];
    let each = rows.map(|(name, lacks, step, role, mut tenant)| async move {
        let held: Vec<&str> = all.into_iter().filter(|one| *one != lacks).collect();
        let roles: &[&str] = if role.is_empty() { &[] } else { &[role] };
        // It can read the domains whatever it lacks.
        let held = [&held[..], &["Domain.Read.All"]].concat();
        tenant["closer"] = closer(&held, roles);
        let domain = format!("{name}.example");
        tenant["domains"] = json!([domain]);
        let mut trial = Trial::new(name, tenant).await;
        trial.spec()["domains"] = json!({"release": [domain]});
        trial.apply().await;
        let told = trial.blocked("RolesMissing").await;
        let says = format!("step {step}: the identity lacks {lacks}. ");
        assert!(told.message.starts_with(&says), "{}", told.message);
        let status = trial.phase(Phase::Stalled).await;
        let number = &step[..1];
        let (check, remedy) = (
            format!("Roles of step {number}"),
            format!("Grant the identity {lacks}"),
        );
        assert_eq!(remedies(&status), [(check.as_str(), remedy.as_str())]);
        trial.assert_untouched().await;
    });
    futures::future::join_all(each).await;
}

/// A Billing Administrator alone can do steps 2 and 3, not 1, 4 and 5; what the identity lacks is told with it.
async fn a_billing_administrator_alone() {
    let tenant = json!({"closer": closer(&[], &[]), "retainedAdministrator": {"globalAdministrator": false}});
    let mut trial = Trial::new("roles-billing", tenant).await;
    trial.spec()["directory"] = Value::Null;
    let admin = "closer@roles-billing.onmicrosoft.com";
    let role = json!({"action": "changeUser", "id": admin, "role": "Billing Administrator"});
    trial.case.portal.press_with(&role).await.unwrap();
    trial.apply().await;
    let told = trial.blocked("RetainedAdminNotGlobalAdministrator").await;
    let says = "is only a Billing Administrator, which serves steps 2 and 3, not 1, 4 and 5";
    assert!(told.message.contains(says), "{}", told.message);
    assert!(
        told.remedy
            .contains("Assign the Global Administrator role to the account")
    );
    let status = trial.phase(Phase::Stalled).await;
    let row = |step, who, what: &str, held| (step, who, what.to_owned(), Some(held));
    assert_eq!(
        table(&status),
        [
            row(1, Identity, USERS, false),
            row(1, RetainedAdministrator, GLOBAL, false),
            row(2, RetainedAdministrator, BILLING, true),
            row(3, RetainedAdministrator, BILLING, true),
            row(4, RetainedAdministrator, GLOBAL, false),
            row(5, RetainedAdministrator, GLOBAL, false),
        ]
    );
    assert_eq!(
        remedies(&status),
        [
            ("Roles of step 1", "Grant the identity User.ReadWrite.All"),
            (
                "Roles of step 1",
                "Grant the retained administrator the role Global Administrator"
            ),
            (
                "Roles of step 4",
                "Grant the retained administrator the role Global Administrator"
            ),
            (
                "Roles of step 5",
                "Grant the retained administrator the role Global Administrator"
            ),
        ]
    );
    trial.assert_untouched().await;
}

/// In mode Plan the reader cannot tell what the acting application holds, and is not asked to hold it.
async fn a_reader_is_not_asked_to_write() {
    let mut trial = Trial::new("roles-plan", json!({})).await;
    trial.spec()["mode"] = json!("Plan");
    trial.apply().await;
    let status = trial.phase(Phase::Planned).await;
    assert_eq!(remedies(&status), []);
    for (step, who, what, held) in table(&status) {
        let wanted = (who == RetainedAdministrator).then_some(true);
        assert_eq!(held, wanted, "step {step} {what}");
    }
    trial.assert_untouched().await;
}

/// The permission to delete is taken away in the middle: no request is sent in vain, and it goes on when it is back.
async fn a_permission_taken_away_midway() {
    let trial = Trial::new("roles-midway", json!({"users": 200})).await;
    trial.apply().await;
    let blocked = async {
        trial.until_effects(40).await;
        grant(&trial, json!({"revoke": USERS})).await;
        trial.blocked("RolesMissing").await
    };
    let told = trial.with_persons(blocked).await;
    let says = "step 1 Users: the identity lacks User.ReadWrite.All";
    assert!(told.message.starts_with(says), "{}", told.message);
    trial.assert_stands_still().await;
    grant(&trial, json!({"permission": USERS})).await;
    trial.assert_closes().await;
}

/// Where the second factor cannot be read, somebody attests that the one who stays has signed in with it; or it is granted.
async fn without_the_permission_to_read_methods_he_signs_in() {
    let trial = Trial::new("roles-methods", json!({"users": 200})).await;
    grant(&trial, json!({"revoke": METHODS})).await;
    trial.apply().await;
    let told = trial.blocked("RetainedAdminMfaUnknown").await;
    assert!(told.remedy.contains(METHODS), "{}", told.remedy);
    assert!(told.remedy.contains("keeper prove"), "{}", told.remedy);
    trial.assert_untouched().await;
    let revoke = trial.prove_keeper().await;
    trial.phase(Phase::AwaitingApproval).await;
    // The proof is taken back in the middle: nothing more goes until the permission is there.
    let blocked = async {
        trial.until_effects(40).await;
        trial.do_as_told(&revoke).await;
        trial.blocked("RetainedAdminMfaUnknown").await
    };
    trial.with_persons(blocked).await;
    trial.assert_stands_still().await;
    grant(&trial, json!({"permission": METHODS})).await;
    trial.assert_closes().await;
}

/// Names of the table's rights of one kind, as a script grants them for the longest closure.
fn granted(purpose: Purpose, kind: Kind) -> Vec<&'static str> {
    let all = TABLE.iter().filter(|right| right.kind == kind);
    let all: Vec<_> = all
        .filter(|right| purpose == Purpose::Act || right.purpose == Purpose::Read)
        .collect();
    least(&all).iter().map(|right| right.name()).collect()
}

/// Planned by an application that may read what the table says, closed by one that may do what the table says: nothing that a
/// step needs is left out of it.
async fn what_the_table_says_is_enough() {
    let acts = json!({
        "appRoles": granted(Purpose::Act, Kind::Permission),
        "directoryRoles": granted(Purpose::Act, Kind::DirectoryRole),
    });
    let reads = json!({"appRoles": granted(Purpose::Read, Kind::Permission), "directoryRoles": []});
    let tenant = json!({
        "closer": acts, "reader": reads, "spareAdministrator": {}, "privilegedAdmins": 1, "applications": 2,
        "domains": ["roles-enough.example"], "subscriptions": [{"kind": "Azure"}], "users": 20,
    });
    let mut trial = Trial::new("roles-enough", tenant).await;
    trial.spec()["domains"] = json!({"release": ["roles-enough.example"]});
    trial.spec()["mode"] = json!("Plan");
    trial.apply().await;
    trial.phase(Phase::Planned).await;
    trial.assert_untouched().await;
    trial.change(json!({"mode": "Execute"})).await;
    trial.phase(Phase::AwaitingApproval).await;
    trial.assert_closes().await;
}

/// A token of the application that only reads.
async fn readers_token(trial: &Trial, scope: &str) -> String {
    let tenant = &trial.case.portal.tenant;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", tenant.reader_app_id.as_deref().unwrap()),
        ("client_secret", tenant.reader_secret.as_deref().unwrap()),
        ("scope", scope),
    ];
    let path = format!("login/{}/oauth2/v2.0/token", tenant.id);
    let answer = trial.case.portal.form(&path, &form).await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// Each request with which the operator changes a tenant is refused to the reader, singly and in a batch.
async fn the_reader_can_write_nothing() {
    let reads = json!({"appRoles": granted(Purpose::Read, Kind::Permission), "directoryRoles": []});
    let tenant = json!({
        "reader": reads, "applications": 1, "domains": ["roles-still.example"], "sync": {"enabled": true},
        "subscriptions": [{"kind": "Azure"}], "spareAdministrator": {},
    });
    let trial = Trial::new("roles-still", tenant).await;
    let portal = &trial.case.portal;
    let graph = readers_token(&trial, "https://graph.microsoft.com/.default").await;
    let first = async |token: &str, path: &str, id: &str| {
        let (status, found) = portal
            .with_token(token, "GET", path, &Value::Null)
            .await
            .unwrap();
        assert_eq!(status, 200, "{path}: {found}");
        found["value"][0][id].as_str().unwrap().to_owned()
    };
    let user = first(&graph, "graph/v1.0/users", "id").await;
    let application = first(&graph, "graph/v1.0/applications", "id").await;
    let principal = first(&graph, "graph/v1.0/servicePrincipals", "id").await;
    let off = json!({"perUserMfaState": "disabled"});
    let id = &portal.tenant.id;
    let initial = &portal.tenant.initial_domain;
    let domain = "domains/roles-still.example";
    let none = Value::Null;
    let writes = [
        ("DELETE", format!("v1.0/users/{user}"), none.clone()),
        (
            "PATCH",
            format!("v1.0/organization/{id}"),
            json!({"onPremisesSyncEnabled": false}),
        ),
        (
            "PATCH",
            format!("beta/users/{user}/authentication/requirements"),
            off,
        ),
        (
            "DELETE",
            format!("v1.0/applications/{application}"),
            none.clone(),
        ),
        (
            "DELETE",
            format!("v1.0/servicePrincipals/{principal}"),
            none.clone(),
        ),
        (
            "PATCH",
            format!("v1.0/servicePrincipals/{principal}"),
            json!({"accountEnabled": false}),
        ),
        (
            "PATCH",
            format!("v1.0/domains/{initial}"),
            json!({"isDefault": true}),
        ),
        ("DELETE", format!("v1.0/{domain}"), none.clone()),
        (
            "POST",
            format!("v1.0/{domain}/forceDelete"),
            json!({"disableUserAccounts": false}),
        ),
    ];
    for (method, path, body) in &writes {
        let path = format!("graph/{path}");
        let (status, said) = portal
            .with_token(&graph, method, &path, body)
            .await
            .unwrap();
        assert_eq!(status, 403, "{method} {path}: {said}");
        assert_eq!(
            said["error"]["code"], "Authorization_RequestDenied",
            "{method} {path}"
        );
    }
    let url = format!("/users/{user}");
    let batch = json!({"requests": [{"id": "1", "method": "DELETE", "url": url}]});
    let (status, said) = portal
        .with_token(&graph, "POST", "graph/v1.0/$batch", &batch)
        .await
        .unwrap();
    assert_eq!(
        (status, &said["responses"][0]["status"]),
        (200, &json!(403))
    );
    let arm = readers_token(&trial, "https://management.azure.com/.default").await;
    let path = "arm/subscriptions?api-version=2022-12-01";
    let subscription = first(&arm, path, "subscriptionId").await;
    let cancel = format!(
        "arm/subscriptions/{subscription}/providers/Microsoft.Subscription/cancel?api-version=2021-10-01"
    );
    let (status, said) = portal
        .with_token(&arm, "POST", &cancel, &none)
        .await
        .unwrap();
    assert_eq!(status, 403, "{said}");
    assert_eq!(trial.effects().await, Vec::<Value>::new());
}
