//! The API server's clock and the operator's drift apart in the middle of a closure, and come together again.

use std::time::Duration;

use crate::points::{Kind, Request, Side};
use crate::reasons::until_told;
use crate::trial::Trial;

const PATIENCE: Duration = Duration::from_secs(180);
const HOUR: i64 = 3_600;

/// An hour ahead or behind, seen between a claim and its effect or between two cycles: nothing is sent, what to do is told with
/// both times, and the closure goes on by itself.
#[tokio::test(flavor = "current_thread")]
async fn clocks_that_drift_apart_stop_a_closure_until_they_agree() {
    let trial = Trial::start(200, 50).await.unwrap();
    trial.case.apply().await.unwrap();
    let claim = Request {
        kind: Kind::Claim,
        what: "Users/DeleteUsers".to_owned(),
        number: 2,
        within: 0,
    };
    let held = trial.with_persons(trial.proxy.arm(&claim, Side::After));
    let held = held.await.unwrap();
    let writes = async || trial.case.portal.get("writes").await.unwrap();
    let written = writes().await;
    assert!(!written.as_array().unwrap().is_empty(), "one slice is done");
    trial.proxy.set_clock(HOUR);
    held.go();
    let course = async {
        for (ahead, said) in [(HOUR, "ahead"), (-HOUR, "behind"), (35, "a little too far")] {
            trial.proxy.set_clock(ahead);
            // It was told so before; a cycle later it is again.
            tokio::time::sleep(Duration::from_secs(3)).await;
            let told = until_told(&trial.case, "Ready", "ClockSkew", "").await;
            assert!(
                told.contains("more than 30 seconds apart") && told.contains("NTP"),
                "{told}"
            );
            assert_eq!(writes().await, written, "{said}: an effect began");
        }
        trial.proxy.set_clock(0);
        trial.until_closed(PATIENCE).await.unwrap();
    };
    trial.with_persons(course).await;
    // What was settled meanwhile has the wrong clock's time: the journal's times are held against nothing here.
    let left = trial.case.portal.look().await.unwrap();
    assert_eq!(left["usersToDelete"], 0, "{left:#}");
    let judged = trial.case.portal.get("violations").await.unwrap();
    assert_eq!(judged["count"], 0, "{judged:#}");
}
