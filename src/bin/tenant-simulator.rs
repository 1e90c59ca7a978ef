//! The tenant simulator: Microsoft's side of a closing, for tests and for a first look.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use serde_json::json;
use tenant_closure::simulator::{Settings, start};

/// Plays Microsoft's side of the closing of a tenant.
#[derive(Parser)]
#[command(name = "tenant-simulator", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until a signal comes.
    Serve {
        /// The address to listen on; port 0 takes any free one.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: String,
        /// The scenario, YAML.
        #[arg(long)]
        scenario: PathBuf,
        /// What decides chance.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Users of each tenant, in place of what the scenario says.
        #[arg(long)]
        users: Option<usize>,
        /// Virtual seconds in a real second, for Microsoft's long durations.
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
        /// Where to write the certificate to trust.
        #[arg(long)]
        ca_out: Option<PathBuf>,
        /// How to write the line that says it is ready.
        #[arg(long, value_enum, default_value_t = Output::Json)]
        output: Output,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Json,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("tenant-simulator: {text}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), String> {
    let Command::Serve {
        listen,
        scenario,
        seed,
        users,
        speed,
        ca_out,
        output: Output::Json,
    } = command;
    let text = std::fs::read_to_string(&scenario)
        .map_err(|error| format!("{}: {error}", scenario.display()))?;
    let running = start(Settings {
        listen,
        scenario: text,
        seed,
        users,
        speed,
    })
    .await?;
    if let Some(path) = &ca_out {
        std::fs::write(path, &running.ca_pem)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let line = json!({ "address": running.address.to_string(), "caFile": ca_out, "tenants": running.tenants });
    let mut out = std::io::stdout();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())?;
    stop().await
}

/// Waits for the signal to end.
async fn stop() -> Result<(), String> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut end = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result.map_err(|error| error.to_string()),
        _ = end.recv() => Ok(()),
    }
}
