//! An operator that stands still for a while (SIGSTOP, as a frozen node does) and wakes when another one has gone on.

use std::process::Command;
use std::time::{Duration, Instant};

use tenant_closure::closure::intent::Action;

use crate::agreement::{Evidence, agree};
use crate::points::{Kind, Request, Side};
use crate::trial::Trial;

const PATIENCE: Duration = Duration::from_secs(180);

fn signal(which: &str, trial: &Trial) {
    let id = trial.stack.operator.id().to_string();
    let sent = Command::new("kill").args([which, &id]).status();
    assert!(sent.unwrap().success(), "no such process: {id}");
}

/// It has claimed an effect and not begun it. The other one settles that record as not done and deletes other users;
/// what the first one does now would be an effect that no record tells of.
#[tokio::test(flavor = "current_thread")]
async fn a_paused_operator_does_not_act_when_it_wakes() {
    let trial = Trial::start(200, 50).await.unwrap();
    trial.case.apply().await.unwrap();
    let claim = Request {
        kind: Kind::Claim,
        what: "Users/DeleteUsers".to_owned(),
        number: 1,
        within: 0,
    };
    let held = trial.with_persons(trial.proxy.arm(&claim, Side::After));
    let held = held.await.unwrap();
    signal("-STOP", &trial);
    held.go();
    let _other = trial.stack.another_operator("other").unwrap();
    let deadline = Instant::now() + PATIENCE;
    let claims = || {
        let seen = trial.proxy.seen();
        let same = |one: &&crate::proxy::Seen| {
            one.request.kind == Kind::Claim && one.request.what == claim.what
        };
        seen.iter().filter(same).count()
    };
    while claims() < 2 {
        assert!(Instant::now() < deadline, "the other one does not go on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    signal("-CONT", &trial);

    // Now there are two, and each place in the journal is given once.
    let closed = trial.with_persons(trial.until_closed(PATIENCE));
    closed.await.unwrap();
    let agreement = agree(&Evidence::of(&trial.case).await.unwrap());
    let agreement = agreement.unwrap_or_else(|faults| panic!("{faults:#?}"));
    print!("{agreement}");
    assert_eq!(agreement.gone(Action::DeleteUsers), 199);
    let judged = trial.case.portal.get("violations").await.unwrap();
    assert_eq!(judged["count"], 0, "{judged:#}");
}
