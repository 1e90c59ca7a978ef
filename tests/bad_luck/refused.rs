//! Users that cannot be deleted: the others go, then it is said who is left, why, and what a person does about it.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

crate::rows![
    undeletable_users,
    users_in_a_restricted_unit,
    users_in_a_restricted_unit_that_cannot_be_read,
    more_refused_users_than_a_status_names,
];

const REMEDY: &str = "If they hold administrator roles, or are members or owners of a group to which roles can be assigned, take that away or grant the application's service principal the \
                      role Privileged Authentication Administrator; if they are in a restricted management administrative \
                      unit, remove them from it or delete the unit and wait half an hour. What was granted a moment ago may \
                      take effect minutes later: they are tried again by itself";

/// Who is named among the blockers, by object id.
fn named(status: &TenantClosureStatus) -> BTreeSet<String> {
    let users = status.blockers.iter().filter_map(|one| {
        let id = one.check.strip_prefix("User ")?;
        assert_eq!((one.state.as_str(), one.who.as_str()), ("failed", "person"));
        assert_eq!(
            one.remedy,
            format!("Authorization_RequestDenied (HTTP 403). {REMEDY}")
        );
        assert!(one.link.starts_with("https://"), "{}", one.link);
        Some(id.to_owned())
    });
    users.collect()
}

/// Waits until only those are left who are refused, and checks what is told; who they are.
async fn stalls(trial: &Trial, refused: usize, planned: usize) -> BTreeSet<String> {
    let told = trial.blocked("UsersRefused");
    let told = trial.with_persons(told).await;
    let users = if refused == 1 { "user" } else { "users" };
    assert_eq!(
        told.message,
        format!(
            "{refused} {users} could not be deleted: Authorization_RequestDenied (HTTP 403). {REMEDY}"
        )
    );
    let status = trial.phase(Phase::Stalled).await;
    assert_eq!(status.step.as_deref(), Some("1/5 Users"));
    let (deleted, _, message) = condition(&status, "UsersDeleted");
    assert_eq!(deleted, "False");
    let done = planned - refused;
    assert_eq!(
        message,
        format!("{done} of {planned} users deleted, {refused} refused")
    );
    let left = trial.left().await;
    assert_eq!(left.len(), refused, "the others go first");
    assert_eq!(named(&status), left);
    left
}

async fn undeletable_users() {
    let fields = json!({"users": 45, "undeletableUsers": 3});
    let trial = Trial::new("undeletable", fields).await;
    trial.apply().await;
    let left = stalls(&trial, 3, 44).await;
    // Somebody deletes one by hand: the two others are left.
    let first = left.first().unwrap();
    trial
        .case
        .portal
        .press("deleteUser", Some(first))
        .await
        .unwrap();
    let status = trial
        .until("two left", |status| {
            let told = condition(status, "Stalled").1 == "UsersRefused";
            told && named(status).len() == 2
        })
        .await;
    assert!(!named(&status).contains(first));
    let (_, reason, message) = condition(&status, "Stalled");
    assert_eq!(reason, "UsersRefused");
    assert!(
        message.starts_with("2 users could not be deleted"),
        "{message}"
    );
    // What protected them is gone: it goes on by itself.
    trial
        .case
        .portal
        .press("liftRestrictions", None)
        .await
        .unwrap();
    let audit = trial.assert_closes().await;
    let codes: Vec<&String> = audit.refusals.iter().collect();
    assert_eq!(codes, ["Authorization_RequestDenied"]);
    assert!(!audit.gone.contains(first), "a person deleted {first}");
}

async fn users_in_a_restricted_unit() {
    let fields = json!({"users": 25, "restrictedUsers": 1});
    let trial = Trial::new("restricted-unit", fields).await;
    trial.apply().await;
    let told = trial.blocked("RestrictedUnits").await;
    assert!(
        !told.message.contains("Restricted accounts"),
        "{}",
        told.message
    );
    let status = trial.phase(Phase::Stalled).await;
    let row = status.blockers.iter();
    let row = row.filter(|one| one.check == "Unit Restricted accounts");
    let [row] = row.collect::<Vec<_>>()[..] else {
        panic!("{:#?}", status.blockers)
    };
    assert_eq!((row.state.as_str(), row.who.as_str()), ("failed", "person"));
    assert!(
        row.remedy.starts_with("1 planned user in it"),
        "{}",
        row.remedy
    );
    assert!(row.link.starts_with("https://"), "{}", row.link);
    trial.assert_untouched().await;
    trial
        .case
        .portal
        .press("liftRestrictions", None)
        .await
        .unwrap();
    trial.assert_closes().await;
}

/// Whoever may not read the units is told so, and hears of it once the users are refused.
async fn users_in_a_restricted_unit_that_cannot_be_read() {
    let fields = json!({"users": 25, "restrictedUsers": 1});
    let trial = Trial::new("unread-unit", fields).await;
    let matching = json!({"method": "GET", "pathContains": "/directory/administrativeUnits"});
    let deed = json!({"status": {"code": 403, "body": {"error": {"code": "Authorization_RequestDenied", "message": "No."}}}});
    trial.case.portal.fault(matching, deed, None).await.unwrap();
    trial.apply().await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    let mut told = status.blockers.iter();
    let told = told.find(|one| one.check == "Restricted units").unwrap();
    assert_eq!(told.state, "unknown");
    assert!(told.remedy.contains("AdministrativeUnit.Read.All"));
    stalls(&trial, 1, 24).await;
    trial
        .case
        .portal
        .press("liftRestrictions", None)
        .await
        .unwrap();
    trial.assert_closes().await;
}

/// More than a status can name: some by id, the others counted.
async fn more_refused_users_than_a_status_names() {
    let fields = json!({"users": 40, "undeletableUsers": 30});
    let trial = Trial::new("many-refused", fields).await;
    trial.apply().await;
    trial.with_persons(trial.blocked("UsersRefused")).await;
    let status = trial
        .until("all known", |status| {
            condition(status, "Stalled")
                .2
                .starts_with("30 users could not be deleted")
        })
        .await;
    assert_eq!(named(&status).len(), 20);
    let last = status.blockers.last().unwrap();
    assert_eq!(last.check, "10 users more");
    assert_eq!(last.remedy, "The newest records of the journal name them");
    let size = serde_json::to_vec(&status).unwrap().len();
    assert!(size < 32 * 1024, "{size}");
    let there: Value = trial.case.portal.look().await.unwrap();
    assert_eq!(there["usersToDelete"], 30);
    trial
        .case
        .portal
        .press("liftRestrictions", None)
        .await
        .unwrap();
    trial.assert_closes().await;
}
