//! Roles: a table per step of what the identity and the retained administrator hold and lack, told in step 0.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::access::Who::{self, Identity, RetainedAdministrator};
use tenant_closure::closure::access::table::{Kind, Purpose, TABLE, When, least};
use tenant_closure::closure::report::Phase;

crate::rows![
    an_identity_that_only_reads,
    a_billing_administrator_alone,
    a_reader_is_not_asked_to_write,
    a_permission_taken_away_midway,
    without_the_permission_to_read_methods_he_signs_in,
    what_the_table_says_is_enough,
    what_is_granted_takes_effect_late,
    a_role_in_azure_takes_effect_late,
    the_least_closure_takes_the_least_rights,
    a_role_that_a_group_holds_is_missed_in_step_0
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

/// Longer than any row: it ends by a press.
fn late() -> Value {
    json!({"lateGrantsMs": 3_600_000})
}

async fn takes_effect(trial: &Trial) {
    let press = trial.case.portal.press("grantsTakeEffect", None);
    press.await.unwrap();
}

/// The role is granted, and listed: who needs it is refused alone, and tried again by itself.
async fn allows_nothing_at_first(trial: &Trial) {
    grant(
        trial,
        json!({"role": "Privileged Authentication Administrator"}),
    )
    .await;
    trial.phase(Phase::AwaitingApproval).await;
    let told = trial.with_persons(trial.blocked("UsersRefused")).await;
    let says = "What was granted a moment ago may take effect minutes later: they are tried again by itself";
    assert!(told.message.contains(says), "{}", told.message);
    assert_eq!(trial.left().await.len(), 1, "the others have gone");
    takes_effect(trial).await;
    trial.assert_closes().await;
}

/// A permission shows late, and a directory role is listed before it allows anything: both are told as they are, and it goes
/// on by itself.
async fn what_is_granted_takes_effect_late() {
    let tenant = json!({"closer": closer(&["Application.ReadWrite.All"], &[]), "privilegedAdmins": 1, "users": 20, "behaviour": late()});
    let trial = Trial::new("roles-late", tenant).await;
    trial.apply().await;
    let says = "may take effect minutes later, and is looked at again by itself";
    grant(&trial, json!({"permission": USERS})).await;
    let role = json!({"role": "Privileged Authentication Administrator"});
    grant(&trial, role).await;
    // The role is listed, the permission is not.
    let told = trial
        .blocked_with(
            "RolesMissing",
            "step 1 Users: the identity lacks User.ReadWrite.All",
        )
        .await;
    assert!(told.remedy.contains(says), "{}", told.remedy);
    let status = trial.phase(Phase::Stalled).await;
    let held = |what: &str| {
        let all = table(&status).into_iter();
        let mine = all.filter(|row| row.1 == Identity && row.2 == what);
        mine.map(|row| row.3).collect::<Vec<_>>()
    };
    assert_eq!(held(USERS), [Some(false)]);
    assert_eq!(held(PRIVILEGED), [Some(true)]);
    trial.assert_untouched().await;
    takes_effect(&trial).await;
    trial.phase(Phase::AwaitingApproval).await;

    // The same role again, by somebody who takes it away first: listed, and it allows nothing yet.
    grant(
        &trial,
        json!({"revokeRole": PRIVILEGED.trim_start_matches("the role ")}),
    )
    .await;
    trial.blocked("RolesMissing").await;
    allows_nothing_at_first(&trial).await;
}

/// The subscription is not shown to whoever has no role on it yet; once it is, nothing has to be pressed here.
async fn a_role_in_azure_takes_effect_late() {
    let tenant = json!({"closer": {"azureReadsAlone": true}, "subscriptions": [{"kind": "Azure"}], "behaviour": late()});
    let mut trial = Trial::new("roles-azure-late", tenant).await;
    trial.spec()["billing"] = json!({"accounts": [{"kind": "AzureSubscription"}]});
    trial.apply().await;
    grant(&trial, json!({"azureOwner": true})).await;
    let says = "may take effect minutes later, and is looked at again by itself";
    let told = trial.blocked("RolesMissing").await;
    assert!(
        told.message
            .contains("step 2 CancelSubscriptions: the identity lacks Owner"),
        "{}",
        told.message
    );
    assert!(told.remedy.contains(says), "{}", told.remedy);
    trial.assert_untouched().await;
    takes_effect(&trial).await;
    trial.phase(Phase::AwaitingApproval).await;
    trial.assert_closes().await;
}

/// No spare administrator, nobody else with a role, no billing account: what the table asks of every closure is enough to the end.
async fn the_least_closure_takes_the_least_rights() {
    let always: Vec<_> = TABLE
        .iter()
        .filter(|right| matches!(right.when, When::Always | When::RemoveApplications))
        .filter(|right| right.kind == Kind::Permission)
        .collect();
    let rights: Vec<_> = least(&always).iter().map(|right| right.name()).collect();
    assert!(!rights.contains(&"Policy.ReadWrite.AuthenticationMethod"));
    let tenant = json!({"users": 5, "closer": {"appRoles": rights, "directoryRoles": []}});
    let trial = Trial::new("roles-least", tenant).await;
    trial.apply().await;
    trial.phase(Phase::AwaitingApproval).await;
    trial.assert_closes().await;
}

/// Who is an administrator as the member of a group can be deleted with the role over administrators alone, and that is told
/// before anything begins. Granted late, it allows nothing yet: Microsoft refuses him alone, and he is tried again.
async fn a_role_that_a_group_holds_is_missed_in_step_0() {
    let permissions = granted(Purpose::Act, Kind::Permission);
    let tenant = json!({
        "users": 5, "groupAdministrators": 1, "closer": {"appRoles": permissions, "directoryRoles": []}, "behaviour": late(),
    });
    let trial = Trial::new("roles-by-group", tenant).await;
    trial.apply().await;
    let told = trial.blocked("RolesMissing").await;
    let lacks = format!("step 1 Users: the identity lacks {PRIVILEGED}");
    assert!(told.message.contains(&lacks), "{}", told.message);
    trial.assert_untouched().await;
    allows_nothing_at_first(&trial).await;
}
