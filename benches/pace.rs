//! How closely a closure keeps to Microsoft's quota: the deletion of a large tenant's users, on the real API server, against the
//! time that the published write quota takes at least.
//!
//! `make bench` runs it with release builds. `BENCH_PACE_USERS` (10000) is the size of the tenant. Nothing fails on a figure: each
//! is printed beside what it is measured against. `tests/quota.rs` holds those that are no times.
#![allow(missing_docs)] // a program, not a library

#[allow(dead_code)] // the tests use the rest
#[path = "../tests/support/case.rs"]
mod case;
#[allow(dead_code)] // others use the rest
#[path = "../tests/support/children.rs"]
mod children;
#[allow(dead_code, unreachable_pub)] // the tests use the rest
#[path = "../tests/support/cluster.rs"]
mod cluster;
#[path = "../tests/support/pace.rs"]
mod pace;
#[allow(dead_code)] // the tests use the rest
#[path = "../tests/support/person.rs"]
mod person;
#[allow(dead_code)] // the tests use the rest
#[path = "../tests/support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the tests use the rest
#[path = "../tests/support/stack.rs"]
mod stack;

use cluster::Result;
use stack::Audit;
use std::time::Instant;

// One thread: what is started here is killed by the kernel when the thread that started it is gone.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let users: u32 = match std::env::var("BENCH_PACE_USERS") {
        Ok(text) => text
            .parse()
            .map_err(|_| format!("BENCH_PACE_USERS={text} is no number"))?,
        Err(_) => 10_000,
    };
    let begun = Instant::now();
    let figures = pace::closes(users, Audit::Nothing).await?;
    let whole = begun.elapsed().as_secs_f64();
    let of = |key: &str| figures[key].as_f64().unwrap_or(f64::NAN);
    println!("closing a tenant of {users} users: {whole:.1} s in all, with starting everything");
    println!(
        "deleting {}: {:.1} s, {:.3} of the {:.1} s that the quota takes at least (aim: 1.05)",
        of("userDeletes"),
        of("deleteSeconds"),
        of("ratio"),
        of("boundSeconds")
    );
    println!("lost: {} (aim: 0)", of("usersToDelete"));
    println!(
        "429s: {:.2} % of {} items, {:.2} % of {} requests (aim: 1 %)",
        of("throttledItemsPercent"),
        of("items"),
        of("throttledRequestsPercent"),
        of("requests")
    );
    println!(
        "requests per user meanwhile: {:.3} (aim: 0.06)",
        of("requestsPerUser")
    );
    Ok(())
}
