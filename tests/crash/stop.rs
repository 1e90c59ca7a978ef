//! A stop that is asked for (SIGTERM) ends what is in hand in order: no record is left in doubt.

use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use tenant_closure::closure::intent::Action;

use crate::agreement::{Evidence, agree};
use crate::breakpoints::Breakpoints;
use crate::cluster::Result;
use crate::points::{Kind, Request, Side};
use crate::trial::Trial;

const PATIENCE: Duration = Duration::from_secs(120);
const DELETION: &str = "Users/DeleteUsers";

/// The operator has heard it when this returns.
async fn ask_to_stop(trial: &Trial) {
    let id = trial.stack.operator.id().to_string();
    let asked = Command::new("kill").args(["-TERM", &id]).status();
    assert!(asked.unwrap().success(), "no such process: {id}");
    let deadline = Instant::now() + PATIENCE;
    while !trial.has_said("asked to stop") {
        assert!(Instant::now() < deadline, "it does not hear the signal");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn until_ended(trial: &mut Trial) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = trial.stack.operator.ended() {
            return status;
        }
        assert!(Instant::now() < deadline, "it goes on though asked to stop");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The operator has ended by itself, having settled what it had claimed; then another one goes on.
async fn ended_in_order(trial: &mut Trial) -> Result<()> {
    let status = until_ended(trial).await;
    assert!(status.success(), "{status}");
    let seen = trial.proxy.seen();
    let count = |kind| {
        seen.iter()
            .filter(|one| one.request.kind == kind && !one.request.what.ends_with("PlanChunk"))
            .count()
    };
    assert_eq!(
        count(Kind::Claim),
        count(Kind::Outcome),
        "a record is left in doubt"
    );
    trial.restart()
}

#[tokio::test(flavor = "current_thread")]
async fn sigterm_leaves_no_record_in_doubt() {
    let mut trial = Trial::start_with(200, 50, &[]).await.unwrap();
    trial.case.apply().await.unwrap();
    let claim = |number| Request {
        kind: Kind::Claim,
        what: DELETION.to_owned(),
        number,
        within: 0,
    };

    // In the middle of an effect: the second of its batches is under way.
    let held = trial.with_persons(trial.proxy.arm(&claim(1), Side::After));
    let held = held.await.unwrap();
    let write = Request {
        kind: Kind::Write,
        within: 2,
        ..held.request.clone()
    };
    let portal = &trial.case.portal;
    let breakpoints = Breakpoints::set(portal, &write, Side::Before)
        .await
        .unwrap();
    held.go();
    let deadline = Instant::now() + PATIENCE;
    while !breakpoints.is("held").await.unwrap() {
        assert!(Instant::now() < deadline, "no second batch");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    ask_to_stop(&trial).await;
    breakpoints.go().await.unwrap();
    ended_in_order(&mut trial).await.unwrap();

    // Between a claim and its effect: nothing is sent, and the record says so.
    let held = trial.with_persons(trial.proxy.arm(&claim(3), Side::After));
    let held = held.await.unwrap();
    let written = trial.case.portal.get("writes").await.unwrap();
    ask_to_stop(&trial).await;
    held.go();
    ended_in_order(&mut trial).await.unwrap();
    let after = trial.case.portal.get("writes").await.unwrap();
    assert_eq!(written, after, "an effect began though asked to stop");

    trial
        .with_persons(trial.until_closed(PATIENCE))
        .await
        .unwrap();
    let agreement = agree(&Evidence::of(&trial.case).await.unwrap());
    let agreement = agreement.unwrap_or_else(|faults| panic!("{faults:#?}"));
    assert_eq!(agreement.gone(Action::DeleteUsers), 199);
    assert!(agreement.doubted.is_empty(), "{agreement}");
}
