//! The operator ends at any moment, and nothing is lost, done twice or left untold.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[path = "support/agreement.rs"]
mod agreement;
#[path = "crash/breakpoints.rs"]
mod breakpoints;
#[path = "support/case.rs"]
mod case;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/children.rs"]
mod children;
#[path = "crash/clock.rs"]
mod clock;
#[allow(dead_code, unreachable_pub)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;
#[path = "crash/control.rs"]
mod control;
#[path = "crash/figures.rs"]
mod figures;
#[path = "crash/kills.rs"]
mod kills;
#[path = "crash/late.rs"]
mod late;
#[path = "crash/paused.rs"]
mod paused;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/person.rs"]
mod person;
#[path = "crash/points.rs"]
mod points;
#[path = "crash/proxy.rs"]
mod proxy;
#[path = "support/reasons.rs"]
mod reasons;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;
#[path = "crash/stop.rs"]
mod stop;
#[path = "crash/trial.rs"]
mod trial;

use std::time::{Duration, Instant};

use agreement::{Agreement, Evidence, agree};
use case::{Case, NAME};
use cluster::Result;
use points::{Point, Record};
use tenant_closure::closure::intent::Action;
use trial::Trial;

/// Users of the tenant; one of them stays.
const USERS: u32 = 2000;
const SLICE: u32 = 50;
const KILLS: usize = 30;
/// The seed of the plan; `CRASH_SEED` draws another one.
const SEED: u64 = 30;
/// For a whole closure on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "current_thread")]
async fn sigkill_at_thirty_points_of_a_recorded_run() {
    let seed = std::env::var("CRASH_SEED").map_or(SEED, |text| text.parse().unwrap());
    let started = Instant::now();
    let mut trial = Trial::start(USERS, SLICE).await.unwrap();
    let recorded = record(&trial).await.unwrap();
    println!(
        "recorded run: {} requests that write, so {} points; {:.0?}",
        recorded.0.len(),
        recorded.0.len() * 2,
        started.elapsed()
    );
    let plan = points::draw(&recorded, seed, KILLS);
    println!("the plan of CRASH_SEED={seed}:");
    for point in &plan {
        println!("  {point}");
    }
    let killing = Instant::now();
    trial.anew("killed").await.unwrap();
    trial.proxy.compare(recorded);
    close_with_kills(&mut trial, &plan).await.unwrap();
    println!(
        "the run with kills took {:.0?}, both {:.0?}",
        killing.elapsed(),
        started.elapsed()
    );
}

/// A run without faults. Its journal also shows that a wrong one would be found out.
async fn record(trial: &Trial) -> Result<Record> {
    trial.case.apply().await?;
    trial.with_persons(trial.until_closed(PATIENCE)).await?;
    let agreement = ended_well(trial).await?;
    print!("{agreement}");
    assert!(agreement.doubted.is_empty());
    let found_out = control::each_is_found_out(&Evidence::of(&trial.case).await?);
    println!("{found_out} forgeries of its journal were found out");
    kills::recorded(trial).await
}

async fn close_with_kills(trial: &mut Trial, plan: &[Point]) -> Result<()> {
    trial.case.apply().await?;
    let kills = kills::kill_at_each(trial, plan).await?;
    // What a run with kills does at its very end is not quite what the recorded one did.
    assert!(kills.len() >= KILLS - 2, "only {} kills", kills.len());
    trial.with_persons(trial.until_closed(PATIENCE)).await?;
    let agreement = ended_well(trial).await?;
    print!("{agreement}");
    figures::print(trial, &kills).await?;
    // Some kills fell between a claim and its outcome.
    assert!(!agreement.doubted.is_empty());
    Ok(())
}

/// Whoever was killed while writing it, the journal is whole: where it lies, and as kubectl prints the records of the namespace.
async fn is_whole(case: &Case) -> Result<()> {
    let admin = case.cluster.kubeconfig("admin");
    let closure = case.closures().get(NAME).await?;
    let uid = closure.metadata.uid.unwrap_or_default();
    let known = closure.status.and_then(|status| status.journal);
    let known = known.ok_or("the status names no journal")?;
    let head = format!("{}:{}", known.sequence, known.head);
    let get = ["get", "closurerecords", "-n", stack::OPERATOR, "-o", "json"];
    let (done, listed, why) = case.cluster.kubectl("admin", &get, None).await?;
    assert!(done, "{why}");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("records.json");
    std::fs::write(&file, listed)?;
    let file = file.display().to_string();
    for place in [
        ["--closure", NAME, "--namespace", &case.namespace].to_vec(),
        vec![file.as_str(), "--uid", &uid, "--head", &head],
    ] {
        let mut verify = tokio::process::Command::new(children::binary("tenant-closure")?);
        verify.arg("verify").args(place).env("KUBECONFIG", &admin);
        let output = verify.output().await?;
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(output.status.success(), "{told}");
        print!("{told}");
    }
    Ok(())
}

/// No rule was broken, the one who stays is there, the journal is whole, and it and the simulator agree to the last object.
async fn ended_well(trial: &Trial) -> Result<Agreement> {
    let portal = &trial.case.portal;
    let judged = portal.get("violations").await?;
    assert_eq!(judged["count"], 0, "{judged:#}");
    let seen = portal.look().await?;
    assert_eq!(seen["deleted"], true);
    assert_eq!(seen["retainedAdministrator"]["present"], true);
    assert_eq!(seen["usersLeft"], 1);
    is_whole(&trial.case).await?;
    let evidence = Evidence::of(&trial.case).await?;
    let agreement = agree(&evidence).unwrap_or_else(|faults| panic!("{faults:#?}"));
    // Nobody else deleted one: each of them was deleted by us, once.
    let deleted = usize::try_from(USERS)? - 1;
    assert_eq!(agreement.gone(Action::DeleteUsers), deleted);
    Ok(agreement)
}
