//! The killing: the operator ends at each point of a plan, what it had in hand is dropped, and another one starts at once.

use std::process::Command;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::breakpoints::Breakpoints;
use crate::cluster::Result;
use crate::points::{Kind, Point, Record, Request, Side};
use crate::proxy::Held;
use crate::trial::Trial;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);
/// How long the run may take to come to its next point.
const PATIENCE: Duration = Duration::from_secs(120);

/// A kill that was done.
pub(crate) struct Kill {
    pub(crate) point: Point,
    pub(crate) at: Timestamp,
}

/// What is held while the operator is killed.
enum Hold {
    Kube(Held),
    Microsoft(Breakpoints),
}

/// The writes of a run, in their order: those to the API server and, between them, those to Microsoft.
pub(crate) async fn recorded(trial: &Trial) -> Result<Record> {
    let written = trial.case.portal.get("writes").await?;
    let mut writes = Vec::new();
    for one in written.as_array().into_iter().flatten() {
        writes.push(
            one["time"]
                .as_str()
                .unwrap_or_default()
                .parse::<Timestamp>()?,
        );
    }
    let mut writes = writes.into_iter().peekable();
    let mut run: Vec<Request> = Vec::new();
    let mut claim: Option<Request> = None;
    let mut within = 0;
    for seen in trial.proxy.seen() {
        while writes.next_if(|at| *at <= seen.at).is_some() {
            within += 1;
            let claim = claim.clone().ok_or("a write before the first claim")?;
            run.push(Request {
                kind: Kind::Write,
                within,
                ..claim
            });
        }
        if seen.request.kind == Kind::Claim {
            claim = Some(seen.request.clone());
            within = 0;
        }
        run.push(seen.request);
    }
    match writes.next() {
        None => Ok(Record(run)),
        Some(at) => Err(format!("a write at {at}, after the last outcome").into()),
    }
}

/// Kills at every point of the plan. A point that the run has come past without noticing, as it can at its very end, is
/// told and left out.
pub(crate) async fn kill_at_each(trial: &mut Trial, plan: &[Point]) -> Result<Vec<Kill>> {
    let mut kills = Vec::new();
    for point in plan {
        let begun = Instant::now();
        let work = async {
            tokio::select! {
                held = hold(trial, point) => held.map(Some),
                ended = over(trial) => ended.map(|()| None),
            }
        };
        let persons = trial.with_persons(tokio::time::timeout(PATIENCE, work));
        let came = match persons.await {
            Ok(came) => came?,
            Err(_) => return Err(trial.tell(&format!("never came {point}")).await.into()),
        };
        let Some((in_hand, request)) = came else {
            println!("never came: {point}");
            continue;
        };
        let at = Timestamp::now();
        let id = trial.stack.operator.id().to_string();
        let killed = Command::new("kill").args(["-KILL", &id]).status()?;
        assert!(killed.success(), "no such process: {id}");
        // Waits for the end of the old one, which also ends what it had asked for.
        trial.restart()?;
        release(trial, point, in_hand).await?;
        println!(
            "kill {:2}: {point} (came as {request}, after {:.1?})",
            kills.len() + 1,
            begun.elapsed()
        );
        kills.push(Kill {
            point: point.clone(),
            at,
        });
    }
    Ok(kills)
}

/// The closure has ended, and nothing is held though there was time.
async fn over(trial: &Trial) -> Result<()> {
    trial.until_closed(PATIENCE).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    Ok(())
}

/// Waits until the request of a point is held.
async fn hold(trial: &Trial, point: &Point) -> Result<(Hold, Request)> {
    if point.request.kind == Kind::Write {
        return hold_write(trial, point).await;
    }
    let held = trial.proxy.arm(&point.request, point.side).await?;
    let request = held.request.clone();
    Ok((Hold::Kube(held), request))
}

/// The claim is held until a breakpoint waits for the writes of its effect. An effect of a run with kills can have fewer
/// of them than it had in the recorded run: then the next one will do.
async fn hold_write(trial: &Trial, point: &Point) -> Result<(Hold, Request)> {
    let claim = Request {
        kind: Kind::Claim,
        within: 0,
        ..point.request.clone()
    };
    loop {
        let held = trial.proxy.arm(&claim, Side::After).await?;
        let request = Request {
            kind: Kind::Write,
            within: point.request.within,
            ..held.request.clone()
        };
        let outcomes = trial.proxy.outcomes();
        let portal = &trial.case.portal;
        let breakpoints = Breakpoints::set(portal, &request, point.side).await?;
        held.go();
        while trial.proxy.outcomes() == outcomes {
            if breakpoints.is("held").await? {
                return Ok((Hold::Microsoft(breakpoints), request));
            }
            tokio::time::sleep(PAUSE).await;
        }
        breakpoints.remove().await?;
    }
}

/// Drops what was held, and sees that it was: held before, it never took effect.
async fn release(trial: &Trial, point: &Point, in_hand: Hold) -> Result<()> {
    match in_hand {
        Hold::Kube(held) => {
            let place = held.place;
            drop(held);
            let forwarded = trial.proxy.seen()[place].forwarded;
            assert_eq!(forwarded, point.side == Side::After, "{point}");
        }
        Hold::Microsoft(breakpoints) => {
            let deadline = Instant::now() + PATIENCE;
            // The simulator notices that its client is gone.
            while !breakpoints.is("abandoned").await? {
                assert!(Instant::now() < deadline, "{point} is still held");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    Ok(())
}
