//! What a killed operator had sent can take effect after its end: nobody settles its record before that is over.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use tenant_closure::closure::intent::Action;

use crate::agreement::{Evidence, agree};
use crate::trial::Trial;

const PATIENCE: Duration = Duration::from_secs(180);
/// Milliseconds: more than a start of the operator takes, less than the time of an effect.
const LATE: u64 = 2_500;
/// So many hold one slice; all are sent at once.
const BATCHES: u64 = 3;

#[tokio::test(flavor = "current_thread")]
async fn an_effect_that_comes_late_is_waited_for() {
    let mut trial = Trial::start(100, 50).await.unwrap();
    let deletion = json!({ "pathEnds": "/$batch", "batchOf": "DELETE" });
    let late = json!({ "delay": LATE });
    let portal = &trial.case.portal;
    portal.fault(deletion, late, Some(BATCHES)).await.unwrap();
    trial.case.apply().await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let sent = async {
        while portal.get("faults").await.unwrap()[0]["struck"] != BATCHES {
            assert!(Instant::now() < deadline, "nothing is deleted");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    trial.with_persons(sent).await;
    let id = trial.stack.operator.id().to_string();
    let killed = Command::new("kill").args(["-KILL", &id]).status();
    assert!(killed.unwrap().success(), "no such process: {id}");
    trial.restart().unwrap();

    let closed = trial.with_persons(trial.until_closed(PATIENCE));
    closed.await.unwrap();
    let agreement = agree(&Evidence::of(&trial.case).await.unwrap());
    let agreement = agreement.unwrap_or_else(|faults| panic!("{faults:#?}"));
    print!("{agreement}");
    assert_eq!(agreement.gone(Action::DeleteUsers), 99);
    let [doubted] = agreement.doubted.as_slice() else {
        panic!("one record was left in doubt: {agreement}");
    };
    // The late ones too: 50 were claimed, and all of them count as done by that record.
    assert_eq!((doubted.objects, doubted.gone), (50, 50));
}
