//! The command line of `tenant-simulator`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use uuid::Uuid;

use super::control::ACTIONS;
use super::{Figures, Running, Scenario, Settings, start};

/// Simulates Microsoft 365 tenants over HTTPS: sign-in, Graph, ARM and Partner Center. Nothing in it is Microsoft's.
#[derive(Debug, Parser)]
#[command(name = "tenant-simulator", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the tenants of a scenario until it is ended.
    Serve(Serve),
    /// Prints a scenario with every field at its default, as JSON.
    Defaults,
}

#[derive(Debug, clap::Args)]
#[command(after_help = after())]
struct Serve {
    /// Address and port; port 0 takes a free one, which the first line tells.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where the name server of the custom domains answers, over UDP and TCP; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    dns: SocketAddr,
    /// Where the pages for a person answer over plain HTTP, on a loopback address alone, so that a browser needs to trust nothing.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    console: SocketAddr,
    /// The scenario, YAML or JSON; without it one small tenant.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Decides every draw: the same scenario and seed give the same tenant.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Users of the first tenant, in place of the scenario's number.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    users: Option<u32>,
    /// Virtual seconds per real second, for Microsoft's long durations alone.
    #[arg(long, default_value_t = 86_400.0, value_parser = speed)]
    speed: f64,
    /// Where the certificate of the authority is written that clients must trust.
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,
    /// `json`: the first line tells everything to a program, and the last the figures.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Quotas as Microsoft publishes them, or so many times as large: `published` or `scaled:N`.
    #[arg(long, default_value = "published", value_parser = scale)]
    throttle: f64,
}

const AFTER: &str = "\
Clients use Microsoft's host names, resolved to this address, with the authority of --ca-out; or this address with the
prefixes /graph, /login, /arm and /partner. What only a person can do is pressed on the pages of --console (and at / of
this address, and under the host names of Microsoft's admin centers). A test does the same, and sees what happened, under
/_sim:
  GET    /_sim/tenants[/ID[/deletionChecks|/users]]  what is left
  POST   /_sim/tenants                               one more tenant, as in a scenario
  POST   /_sim/tenants/ID/press                      {\"action\": A, \"id\": ...}; the actions are below
  GET    /_sim/dns                                   what the name server was asked
  GET    /_sim/violations[?tenant=ID]                requests that broke a rule of the procedure
  GET    /_sim/effects[?tenant=ID&kind=K&from=N&limit=N]
                                                     every change that really happened, in order
  GET    /_sim/writes[?tenant=ID&from=N]             every request that would change something, and what it was answered
  GET    /_sim/stats[?tenant=ID]                     requests, 429s, and the deletion of users against the quota
  GET    /_sim/clock                                 the virtual clock
  POST   /_sim/clock/advance                         {\"seconds\": N}, with \"tenant\" in that tenant alone
  POST   /_sim/judge                                 {\"tenant\", \"mode\", \"retained\", \"approved\", \"digest\", \"releases\"}
  GET    /_sim/faults                                those that there are
  POST   /_sim/faults                                [{\"match\": {...}, \"do\": ..., \"times\": N}]; PUT puts them in place of all
                                                     (of those of ?tenant=ID)
  DELETE /_sim/faults[?tenant=ID]                    removes all, or those of a tenant
  POST   /_sim/breakpoints                           {\"match\": {\"method\", \"hostContains\", \"pathContains\"}, \"nth\": N,
                                                     \"when\": \"before\"|\"after\"} holds a request there; its id is told
  GET    /_sim/breakpoints[/ID]                      what is held
  POST   /_sim/breakpoints/ID                        {\"then\": \"go\"|\"drop\"}
  DELETE /_sim/breakpoints[/ID]                      lets go of all, or of one";

const ENDED: &str = "\
Ended (Ctrl-C, SIGTERM), it prints how the deletion of users went: seconds as a ratio of what the quota takes at least, the
share of 429s, requests per user.
The fields of a scenario and their defaults: tenant-simulator defaults.";

/// How a help page is folded.
const COLUMNS: usize = 120;

/// What the help says after the options: everything under `/_sim`, and every action.
fn after() -> String {
    let mut actions = String::new();
    let mut column = 0;
    for action in ACTIONS.split(", ") {
        if column + action.len() + 2 > COLUMNS {
            actions.push('\n');
            column = 0;
        }
        actions.push_str(if column == 0 { "  " } else { ", " });
        actions.push_str(action);
        column += action.len() + 2;
    }
    format!("{AFTER}\n\nActions of a press:\n{actions}\n\n{ENDED}")
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Text,
    Json,
}

fn scale(text: &str) -> Result<f64, String> {
    let told = "must be `published` or `scaled:N` with N above 0";
    match text.strip_prefix("scaled:") {
        None if text == "published" => Ok(1.0),
        None => Err(told.to_owned()),
        Some(number) => number
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite() && *number > 0.0)
            .ok_or_else(|| told.to_owned()),
    }
}

/// The fastest that the virtual clock runs: some thirty years a second.
const FASTEST: f64 = 1e9;

fn speed(text: &str) -> Result<f64, String> {
    let told = "must be a number above 0 and not above 1000000000";
    let number = text.parse().ok();
    number
        .filter(|number: &f64| *number > 0.0 && *number <= FASTEST)
        .ok_or_else(|| told.to_owned())
}

/// Runs the command line.
pub async fn run() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(serve) => serve_until_ended(serve).await,
        Command::Defaults => defaults(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody reads the error stream where this fails.
            let _ = writeln!(std::io::stderr(), "tenant-simulator: {error}");
            ExitCode::FAILURE
        }
    }
}

fn defaults() -> Result<(), Box<dyn std::error::Error>> {
    let text = serde_json::to_string_pretty(&Scenario::default())?;
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

async fn serve_until_ended(arguments: Serve) -> Result<(), Box<dyn std::error::Error>> {
    let mut scenario = match &arguments.scenario {
        None => Scenario::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            Scenario::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?
        }
    };
    if let (Some(users), Some(first)) = (arguments.users, scenario.tenants.first_mut()) {
        first.users = users;
    }
    let settings = Settings {
        listen: arguments.listen,
        dns: arguments.dns,
        scenario,
        console: Some(arguments.console),
        seed: arguments.seed,
        speed: arguments.speed,
        quota_scale: arguments.throttle,
    };
    let mut running = start(&settings)?;
    if let Some(path) = &arguments.ca_out {
        std::fs::write(path, &running.ca_pem)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let mut endings = Endings::awaited()?;
    let mut out = std::io::stdout();
    out.write_all(announcement(&running, &arguments).as_bytes())?;
    out.flush()?;
    tokio::select! {
        ended = running.wait() => ended?,
        () = endings.first() => {}
    }
    // Who started it may listen no more.
    let _ = writeln!(out, "{}", farewell(&running.figures(), arguments.output));
    Ok(())
}

/// What is said at the start: where everything answers, and who may sign in. The secrets are the simulation's own.
fn announcement(running: &Running, arguments: &Serve) -> String {
    if let Output::Json = arguments.output {
        let line = json!({
            "address": running.address.to_string(), "dns": running.dns.to_string(), "caFile": arguments.ca_out, "caPem": running.ca_pem, "tenants": running.tenants, "urls": running.urls,
            "speed": arguments.speed,
        });
        return format!("{line}\n");
    }
    let urls = &running.urls;
    let mut lines = vec![
        format!(
            "A simulation, not Microsoft, answers on {}:",
            running.address
        ),
        format!("  sign-in         {}", urls.login),
        format!("  Graph           {}", urls.graph),
        format!("  ARM             {}", urls.arm),
        format!("  Partner Center  {}", urls.partner),
        format!("  for tests       {}", urls.sim),
    ];
    lines.push(match &arguments.ca_out {
        Some(path) => format!("Clients must trust the authority in {}.", path.display()),
        None => "Clients must trust its authority: --ca-out FILE writes it, and was not given."
            .to_owned(),
    });
    lines.push(format!(
        "What only a person can press is pressed at {}",
        urls.console
    ));
    lines.push(format!(
        "DNS of the custom domains is answered at {} (UDP and TCP)",
        running.dns
    ));
    for tenant in &running.tenants {
        let (id, domain, cloud) = (tenant.id, &tenant.initial_domain, tenant.cloud);
        lines.extend([
            format!("Tenant {id} ({domain}, {cloud:?}): {} users", tenant.users),
            format!(
                "  administrator who stays: {}",
                tenant.retained_administrator
            ),
            credential("closer", tenant.app_id, &tenant.client_secret),
            credential("reader", tenant.reader_app_id, &tenant.reader_secret),
        ]);
    }
    lines.join("\n") + "\n"
}

fn credential(who: &str, client: Uuid, secret: &str) -> String {
    format!("  {who}: client id {client}, secret {secret}")
}

/// What is said at the end.
fn farewell(figures: &Figures, output: Output) -> String {
    match output {
        Output::Json => figures.json().to_string(),
        Output::Text => figures.to_string(),
    }
}

/// What ends it: Ctrl-C, or SIGTERM.
struct Endings {
    interrupt: Signal,
    terminate: Signal,
}

impl Endings {
    /// From here on neither kills the process.
    fn awaited() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn first(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_is_published_or_scaled() {
        assert_eq!(scale("published"), Ok(1.0));
        assert_eq!(scale("scaled:2.5"), Ok(2.5));
        assert!(scale("scaled:0").is_err() && scale("x").is_err());
    }

    #[test]
    fn time_runs_forward_and_not_endlessly_fast() {
        assert_eq!(speed("0.5"), Ok(0.5));
        assert_eq!(speed("1e9"), Ok(FASTEST));
        for wrong in ["0", "-1", "nan", "inf", "1e10", "fast"] {
            assert!(speed(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn it_tells_where_everything_answers_and_who_may_sign_in() {
        let arguments = |output: &str| {
            let line = [
                "tenant-simulator",
                "serve",
                "--ca-out",
                "ca.pem",
                "--output",
                output,
            ];
            match Arguments::try_parse_from(line).unwrap().command {
                Command::Serve(serve) => serve,
                Command::Defaults => unreachable!("serve was asked for"),
            }
        };
        let running = start(&Settings::default()).unwrap();
        let (text, json) = (arguments("text"), arguments("json"));
        let (text, json) = (announcement(&running, &text), announcement(&running, &json));
        let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json.lines().count(), 1);
        let tenant = &parsed["tenants"][0];
        let told = [
            &parsed["urls"]["login"],
            &parsed["urls"]["graph"],
            &parsed["urls"]["arm"],
            &parsed["urls"]["partner"],
            &parsed["urls"]["console"],
            &parsed["dns"],
            &tenant["id"],
            &tenant["appId"],
            &tenant["clientSecret"],
            &tenant["readerAppId"],
            &tenant["readerSecret"],
            &tenant["retainedAdministrator"],
            &parsed["caFile"],
        ];
        for one in told {
            let one = one.as_str().unwrap();
            assert!(
                !one.is_empty() && text.contains(one),
                "{one} is not in\n{text}"
            );
        }
        assert_ne!(tenant["clientSecret"], tenant["readerSecret"]);
    }

    #[test]
    fn the_help_says_every_path_and_every_action() {
        let help = after();
        for action in ACTIONS.split(", ") {
            assert!(help.contains(action), "{action}");
        }
        let control = include_str!("control/mod.rs");
        let routes = control.split("(\"").filter_map(|rest| {
            let (method, rest) = rest.split_once("\", [\"")?;
            Some((method, rest.split_once('"')?.0))
        });
        let mut found = 0;
        for (method, name) in routes {
            let mut lines = help.lines();
            let told = lines.any(|line| {
                line.trim_start().starts_with(method) && line.contains(&format!("/_sim/{name}"))
                    || method == "PUT" && line.contains("PUT")
            });
            assert!(told, "{method} /_sim/{name}");
            found += 1;
        }
        assert!(found > 15, "{found}");
        assert!(!help.contains("and so on") && help.contains("/_sim/breakpoints/ID"));
        assert!(help.lines().all(|line| line.len() <= COLUMNS + 8));
    }

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }
}
