//! What the operator's memory grows by while it plans the closure of a large tenant, on the real API server.
//!
//! `make bench` runs it with release builds. `BENCH_USERS` (200000) is the largest tenant's size; it is compared with one of half as
//! many, so that what reading many pages takes at all is not counted for users. Nothing fails on a figure: each is
//! printed beside what it is measured against.
#![allow(missing_docs, clippy::cast_precision_loss)] // a program, not a library; its figures are printed with one digit

#[allow(dead_code)] // the tests use the rest
#[path = "../tests/support/case.rs"]
mod case;
#[path = "../tests/support/children.rs"]
mod children;
#[allow(dead_code, unreachable_pub)] // the tests use the rest
#[path = "../tests/support/cluster.rs"]
mod cluster;
#[allow(dead_code)] // the tests use the rest
#[path = "../tests/support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the tests use the rest
#[path = "../tests/support/stack.rs"]
mod stack;

use case::{Case, NAME};
use cluster::Result;
use serde_json::json;
use stack::{Audit, Options, Stack};
use std::time::{Duration, Instant};
use tenant_closure::closure::report::Phase;

/// Between two looks at the operator's memory.
const LOOK: Duration = Duration::from_millis(20);
/// For how long nothing happens before memory counts as that of an idle operator.
const IDLE: Duration = Duration::from_secs(60);
/// For how long a plan may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// Bytes of a user's object id: what no plan that names its users by id can do without.
const ID: f64 = 16.0;

// One thread: what is started here is killed by the kernel when the thread that started it is gone.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let users = match std::env::var("BENCH_USERS") {
        Ok(text) => text
            .parse()
            .map_err(|_| format!("BENCH_USERS={text} is no number"))?,
        Err(_) => 200_000,
    };
    let half = users / 2;
    let small = planned(half, Some(IDLE)).await?;
    let large = planned(users, None).await?;
    let each = large.saturating_sub(small) as f64 / f64::from((users - half).max(1));
    println!(
        "each user of the second half: {each:.1} bytes, {:.2} of an object id",
        each / ID
    );
    Ok(())
}

/// Plans a tenant of so many users with an operator of its own, idle for so long before; the highest memory meanwhile, in
/// bytes.
async fn planned(users: u32, idle: Option<Duration>) -> Result<u64> {
    let options = Options {
        simulation: simulator::demo_tenant(users, 7),
        quiet: true,
        audit: Audit::Nothing,
        ..Options::default()
    };
    let stack = Stack::start(None, options).await?;
    if let Some(idle) = idle {
        tokio::time::sleep(idle).await;
        let memory = mega(resident(&stack)?);
        println!("no closure, for {} s: {memory:.1} MB", idle.as_secs());
    }
    let mut case = stack
        .case("closures", stack.simulator.tenant()?.clone())
        .await?;
    case.manifest["spec"]["mode"] = json!("Plan");
    case.manifest["spec"]["limits"]["maxUsers"] = json!(users + 1_000);
    let begun = Instant::now();
    let peak = peak(&stack, plan(&case)).await?;
    println!(
        "planning {users} users: {:.1} MB at most, {:.1} s",
        mega(peak),
        begun.elapsed().as_secs_f64()
    );
    Ok(peak)
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// The highest resident memory while something is under way, in bytes.
async fn peak(stack: &Stack, work: impl Future<Output = Result<()>>) -> Result<u64> {
    let mut highest = 0;
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done.map(|()| highest),
            () = tokio::time::sleep(LOOK) => highest = highest.max(resident(stack)?),
        }
    }
}

/// Applies the closure and waits for its plan.
async fn plan(case: &Case) -> Result<()> {
    case.apply().await?;
    let closures = case.closures();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = closures.get(NAME).await?.status.unwrap_or_default();
        if status.phase == Some(Phase::Planned) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("not planned: {:?}", status.summary).into());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Resident memory of the operator (`VmRSS`), in bytes.
fn resident(stack: &Stack) -> Result<u64> {
    let path = format!("/proc/{}/status", stack.operator.id());
    let text = std::fs::read_to_string(path)?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    let kilobytes: u64 = kilobytes.ok_or("the operator has ended")?.parse()?;
    Ok(kilobytes * 1_024)
}
