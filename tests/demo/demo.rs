//! The demo: one tenant is closed on a real API server, from `kubectl apply` to `Closed`.
//!
//! Everything runs on loopback and lies in `.demo/`; nothing stays, unless `--keep` asks for it.
//! `DEMO_USERS` (1000) and `DEMO_SEED` (7) change the tenant, `DEMO_HANDS=me` leaves to you what only a person can do.
#![allow(missing_docs)] // a program, not a library

mod approvals;
#[path = "../support/case.rs"]
mod case;
#[path = "../support/children.rs"]
mod children;
mod closing;
#[allow(dead_code, unreachable_pub)] // the tests use the rest
#[path = "../support/cluster.rs"]
mod cluster;
mod keep;
mod keeper;
#[path = "../support/person.rs"]
mod person;
#[path = "../support/sign_in.rs"]
mod sign_in;
#[allow(dead_code)] // the tests use the rest
#[path = "../support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the tests use the rest
#[path = "../support/stack.rs"]
mod stack;
mod yours;

use case::{Case, NAME};
use children::{Program, binary};
use cluster::Result;
use person::Person;
use stack::{Audit, Options, Stack, say};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

/// Where the closure lives.
const CLOSURES: &str = "closures";

const USAGE: &str = "demo [--keep | --stop]
  --keep   leave everything running in the background when the tenant is closed
  --stop   end a demo that was kept
Environment: DEMO_USERS (1000), DEMO_SEED (7), DEMO_HANDS=me (you press what only a person can)";

// One thread: what is started here is killed by the kernel when the thread that started it is gone.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(".demo");
    let done = match std::env::args().nth(1).as_deref() {
        None => run(&dir, false).await,
        Some(keep::HOLD) => run(&dir, true).await,
        Some("--keep") => std::fs::create_dir_all(&dir)
            .map_err(Into::into)
            .and_then(|()| {
                let _ = std::fs::remove_file(dir.join(keep::READY));
                keep::keep(&dir)
            }),
        Some("--stop") => keep::stop(&dir),
        Some(_) => {
            eprintln!("{USAGE}");
            return ExitCode::from(4);
        }
    };
    done.unwrap_or_else(|trouble| {
        eprintln!("demo: {trouble}");
        ExitCode::FAILURE
    })
}

/// Runs the demo until its end, or until somebody ends it.
async fn run(dir: &Path, hold: bool) -> Result<ExitCode> {
    std::fs::create_dir_all(dir)?;
    tempfile::env::override_temp_dir(dir)
        .map_err(|_| "the folder for temporary files is chosen already")?;
    let (mut interrupted, mut terminated) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let ended = tokio::select! {
        done = demo(dir, hold) => done,
        _ = interrupted.recv() => {
            eprintln!("demo: interrupted; ending what was started");
            Ok(ExitCode::from(130))
        }
        _ = terminated.recv() => Ok(ExitCode::from(143)),
    };
    // The logs stay; what points to the stack would point nowhere.
    for name in ["kubeconfig", "alice", "bob", keep::READY] {
        let _ = std::fs::remove_file(dir.join(name));
    }
    ended
}

async fn demo(dir: &Path, hold: bool) -> Result<ExitCode> {
    let users: u32 = number("DEMO_USERS", 1000)?;
    let seed: u64 = number("DEMO_SEED", 7)?;
    let mine = std::env::var("DEMO_HANDS").is_ok_and(|hands| hands == "me");
    let options = Options {
        simulation: simulator::demo_tenant(users, seed),
        values: vec!["configuration.retainedAdministratorProofDays=30".to_owned()],
        audit: Audit::Nothing,
        ..Options::default()
    };
    let stack = Stack::start(Some(dir), options).await?;
    let mut case = stack
        .case(CLOSURES, stack.simulator.tenant()?.clone())
        .await?;
    approvals::ask_for_two(&mut case).await?;
    kubeconfigs(dir, &stack)?;
    if mine {
        println!("{}", person::instructions(&case, &dir.join("bob"))?);
    }
    std::fs::write(dir.join("closure.yaml"), case.manifest.to_string())?;
    say("alice applies examples/closure.yaml with the simulator's tenant");
    let started = Instant::now();
    case.apply().await?;
    keeper::proves(&stack, &case, Some(keeper::PATIENCE)).await?;
    approvals::refused(&case).await?;
    let closed = close(dir, &stack, &case, mine, bound(users, mine)).await;
    let passed = closing::tell(&stack, &case, started.elapsed()).await?;
    closed?;
    if hold {
        let own = yours::add(dir, &stack).await?;
        println!("{}", usage(dir, &stack, &case.portal.pages())?);
        println!("{}", yours::usage(dir, &own)?);
        println!("End it with `make demo-stop`.");
        std::fs::write(dir.join(keep::READY), "")?;
        yours::attend(&stack, &own).await;
    }
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Shows progress through the plugin while the persons do their part, until the closure has ended.
async fn close(dir: &Path, stack: &Stack, case: &Case, mine: bool, bound: Duration) -> Result<()> {
    let plugin = binary("kubectl-tenant_closure")?;
    let mut command = Command::new(plugin);
    command
        .args(["status", NAME, "--namespace", CLOSURES, "--watch"])
        .args(["--timeout", &bound.as_secs().to_string()])
        .env("KUBECONFIG", stack.cluster.kubeconfig("alice"));
    let progress = Program::start(&mut command, Stdio::inherit(), &dir.join("plugin.log"))?;
    let diary = std::io::stdout()
        .is_terminal()
        .then(|| dir.join("person.log"));
    let mut person = Person::new(case, !mine, diary).with_second(approvals::SECOND);
    let ended = async {
        loop {
            if let Some(status) = progress.ended() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let status = tokio::select! {
        status = ended => status,
        trouble = person.live() => return trouble,
    };
    drop(person);
    if let Some(status) = stack.operator.ended() {
        return Err(format!(
            "the operator ended ({status}):\n{}",
            children::log_end(&dir.join("operator.log"))
        )
        .into());
    }
    match status.code() {
        Some(0) => Ok(()),
        Some(3) => Err(format!(
            "not closed within {} s; the operator's log is .demo/operator.log",
            bound.as_secs()
        )
        .into()),
        _ => Err(format!(
            "the plugin ended with {status}:\n{}",
            children::log_end(&dir.join("plugin.log"))
        )
        .into()),
    }
}

/// Ten minutes, and the time that Microsoft's quota takes for many users; longer where a person's own hands are waited for.
fn bound(users: u32, mine: bool) -> Duration {
    let minutes = if mine { 60 } else { 10 };
    Duration::from_secs(minutes * 60 + u64::from(users) / 30)
}

fn number<T: std::str::FromStr>(name: &str, otherwise: T) -> Result<T> {
    match std::env::var(name) {
        Ok(text) if !text.trim().is_empty() => text
            .trim()
            .parse()
            .map_err(|_| format!("{name}={text} is no number").into()),
        _ => Ok(otherwise),
    }
}

/// Links to the kubeconfigs, under names that are easy to type.
fn kubeconfigs(dir: &Path, stack: &Stack) -> Result<()> {
    for (name, user) in [("kubeconfig", "admin"), ("alice", "alice"), ("bob", "bob")] {
        let link: PathBuf = dir.join(name);
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(stack.cluster.kubeconfig(user), link)?;
    }
    Ok(())
}

fn usage(dir: &Path, stack: &Stack, pages: &str) -> Result<String> {
    let dir = dir.display();
    let plugin = binary("kubectl-tenant_closure")?;
    let plugin = plugin.parent().unwrap_or(Path::new(".")).display();
    let kubectl = stack.cluster.programs().display();
    Ok(format!(
        "
The stack stays up. Use it:
  export KUBECONFIG={dir}/kubeconfig        (or {dir}/alice, {dir}/bob)
  export PATH={plugin}:$PATH:{kubectl}
  kubectl get tenantclosures -n {CLOSURES}
  kubectl tenant-closure status {NAME} -n {CLOSURES}
  kubectl get closurerecords -A
The simulated admin center of the tenant that is closed, for a browser: {pages}"
    ))
}
