//! An approval whose time runs out: announced, waited for, and given again for the same plan.

use crate::approvals::carol_may_too;
use crate::trial::{Trial, condition};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

crate::rows![
    it_is_said_a_week_ahead,
    a_running_closure_waits_until_the_same_plan_is_approved_again,
    a_closure_that_waits_eleven_months_gets_to_its_end
];

/// A day of dates that the closure reads, in days of the simulator: those take a second each, and its dates say so.
const DAY: u32 = 86_400;

/// Bob approves the plan in force until then; the judge hears of it as from the persons.
async fn approve(trial: &Trial, name: &str, until: Timestamp) {
    approve_as(trial, "bob", name, until).await;
}

async fn approve_as(trial: &Trial, person: &str, name: &str, until: Timestamp) {
    let case = &trial.case;
    let mut approval = case.approval(name, person).await.unwrap();
    let until = Timestamp::from_second(until.as_second()).unwrap();
    approval["spec"]["expiresAt"] = json!(until.to_string());
    case.until_applied(person, &approval).await.unwrap();
}

/// The note of the event with this reason.
async fn event(trial: &Trial, reason: &str) -> String {
    let args = [
        "get",
        "events.events.k8s.io",
        "-n",
        &trial.case.namespace,
        "-o",
        "json",
    ];
    for _ in 0..200 {
        let (done, said, why) = trial
            .case
            .cluster
            .kubectl("admin", &args, None)
            .await
            .unwrap();
        assert!(done, "{why}");
        let all: Value = serde_json::from_str(&said).unwrap();
        let all = all["items"].as_array().unwrap();
        if let Some(found) = all.iter().find(|one| one["reason"] == reason) {
            assert_eq!(found["type"], "Warning");
            return found["note"].as_str().unwrap().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    panic!("no event {reason}");
}

async fn it_is_said_a_week_ahead() {
    let mut trial = Trial::new(
        "expires-soon",
        json!({"sync": {"enabled": true, "hours": 72_000}}),
    )
    .await;
    trial.spec()["limits"]["maxUsers"] = json!(100);
    trial.apply().await;
    trial.phase(Phase::AwaitingApproval).await;
    let until = Timestamp::now() + SignedDuration::from_hours(48);
    approve(&trial, "two-days", until).await;
    let status = trial.phase(Phase::Waiting).await;
    let (stands, reason, message) = condition(&status, "Approved");
    assert_eq!(
        (stands.as_str(), reason.as_str()),
        ("True", "ApprovalExpiresSoon")
    );
    assert!(
        message.contains("within a week they no longer suffice: approve the same plan again"),
        "{message}"
    );
    let known = status.approval.unwrap();
    assert_eq!((known.required, known.given), (1, 1));
    let told = known.valid_until.unwrap();
    assert_eq!(told.as_second(), until.as_second());
    let note = event(&trial, "ApprovalExpiresSoon").await;
    assert!(note.ends_with(&format!("(until {told})")), "{note}");

    // Given again in time, by the same person.
    approve(
        &trial,
        "two-months",
        Timestamp::now() + SignedDuration::from_hours(24 * 60),
    )
    .await;
    trial
        .until("renewed", |status| {
            condition(status, "Approved").1 == "QuorumReached"
        })
        .await;
    trial.assert_no_rule_broken().await;
}

async fn a_running_closure_waits_until_the_same_plan_is_approved_again() {
    let trial = Trial::new("expired-midway", json!({"users": 300})).await;
    // Each of the fifteen batches takes a moment, so that there is time for a stop in the middle.
    let batches = json!({"pathEnds": "/$batch", "batchOf": "DELETE"});
    let portal = &trial.case.portal;
    let delay = json!({"delay": 1_500});
    portal.fault(batches, delay, None).await.unwrap();
    trial.apply().await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    let digest = status.plan.unwrap().digest;
    // Until the first users are gone; a slow machine needs more than one try.
    let mut until = Timestamp::now();
    for tried in 1.. {
        until = Timestamp::now() + SignedDuration::from_secs(15 * tried);
        approve(&trial, &format!("short-{tried}"), until).await;
        while Timestamp::now() < until && trial.effects().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if !trial.effects().await.is_empty() {
            break;
        }
    }
    trial.change(json!({"suspend": true})).await;
    trial.phase(Phase::Suspended).await;
    let seen = trial.effects().await.len();
    assert!(seen < 299, "all are gone already: {seen}");
    portal.lift_faults().await.unwrap();
    while Timestamp::now() <= until {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    trial.change(json!({"suspend": false})).await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    let (stands, reason, message) = condition(&status, "Approved");
    assert_eq!(
        (stands.as_str(), reason.as_str()),
        ("False", "ApprovalExpired")
    );
    assert!(
        message.contains("the time of 1 is over: approve the same plan again"),
        "{message}"
    );
    assert_eq!(status.summary.as_deref(), Some(message.as_str()));
    let blocker = &status.blockers[0];
    assert_eq!(
        (blocker.check.as_str(), blocker.state.as_str()),
        ("Approval", "blocked")
    );
    assert_eq!(status.approval.unwrap().valid_until, None);
    event(&trial, "ApprovalExpired").await;
    assert_eq!(trial.effects().await.len(), seen, "went on though expired");

    trial.assert_closes().await;
    let status = trial.phase(Phase::Closed).await;
    assert_eq!(
        status.plan.unwrap().digest,
        digest,
        "the same plan to the end"
    );
}

/// A subscription whose term has eleven months to run: canceled, Microsoft keeps it until then. Meanwhile the time of each
/// approval runs out, in a row of them by two persons, some renewed before and some after; nothing else is asked of anybody.
async fn a_closure_that_waits_eleven_months_gets_to_its_end() {
    let bought =
        json!({"kind": "CustomerAgreement", "sku": "SPE_E5", "seats": 9, "termEndDays": 335 * DAY});
    let mut trial = Trial::new("eleven-months", json!({"subscriptions": [bought]})).await;
    trial.spec()["accept"] = json!([{"kind": "AzureResources", "reference": "CAB-118"}]);
    carol_may_too(&trial).await;
    trial.apply().await;
    let told = trial.blocked("TermAhead").await;
    assert!(told.message.contains("SPE_E5"), "{}", told.message);
    let accept = ["AzureResources", "TermAhead"];
    let accept = accept.map(|kind| json!({"kind": kind, "reference": "CAB-118"}));
    trial.change(json!({"accept": accept})).await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    let digest = status.plan.unwrap().digest;

    let days = |status: &TenantClosureStatus| {
        let until = status
            .waiting_until
            .map(|until| until.duration_since(Timestamp::now()));
        until.map_or(i64::MAX, |left| left.as_hours() / 24)
    };
    let waits = |status: &TenantClosureStatus| {
        status.phase == Some(Phase::Waiting) && condition(status, "Ready").1 == "WaitingDeprovision"
    };
    // Long enough for the users and the cancellation; given anew where a slow machine needs more.
    let mut given = 0;
    let mut give = async |person: &str, seconds: i64| {
        given += 1;
        let until = Timestamp::now() + SignedDuration::from_secs(seconds);
        approve_as(&trial, person, &format!("given-{given}"), until).await;
        trial
            .until("announced", |status| {
                condition(status, "Approved").1 == "ApprovalExpiresSoon"
            })
            .await;
        until
    };
    let mut over = give("bob", 60).await;
    let stops = |status: &TenantClosureStatus| {
        waits(status) || condition(status, "Approved").1 == "ApprovalExpired"
    };
    let mut status = trial.until("the wait", stops).await;
    while !waits(&status) {
        over = give("bob", 60).await;
        status = trial.until("the wait", stops).await;
    }
    assert!(
        (333..=335).contains(&days(&status)),
        "{:?}",
        status.waiting_until
    );
    let begun = trial.effects().await;

    for month in 1..=10 {
        trial.pass(30 * DAY).await;
        let nearer = trial.until("a month nearer", |status| days(status) <= 335 - month * 30);
        assert!(waits(&nearer.await), "in month {month}");
        let person = if month % 2 == 0 { "bob" } else { "carol" };
        match month {
            // Before it is over.
            2 | 8 => over = give(person, 20).await,
            // Long after it is over, and looked at all the while.
            3 | 6 | 9 => {
                let expired = |status: &TenantClosureStatus| {
                    condition(status, "Approved").1 == "ApprovalExpired"
                };
                assert!(
                    waits(&trial.until("over", expired).await),
                    "it goes on waiting"
                );
                // It was given to the second.
                let second = SignedDuration::from_secs(1);
                assert!(Timestamp::now() >= over - second, "before its time");
                over = give(person, 20).await;
            }
            _ => {}
        }
    }
    event(&trial, "ApprovalExpiresSoon").await;
    event(&trial, "ApprovalExpired").await;
    assert_eq!(trial.effects().await, begun, "something was done meanwhile");

    trial.pass(36 * DAY).await;
    trial.assert_closes().await;
    let status = trial.phase(Phase::Closed).await;
    assert_eq!(
        status.plan.unwrap().digest,
        digest,
        "the same plan to the end"
    );
    let effects = trial.effects().await;
    let deleted: Vec<&Value> = effects
        .iter()
        .filter(|one| one["kind"] == "userDeleted")
        .collect();
    let ids: BTreeSet<String> = deleted.iter().map(|one| one["id"].to_string()).collect();
    assert_eq!((deleted.len(), ids.len()), (11, 11), "{deleted:#?}");
}
