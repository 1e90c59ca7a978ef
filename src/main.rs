//! `tenant-closure`: the operator; prints its CRDs and policies, exports and verifies journals.

use clap::Parser as _;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use tenant_closure::api::{crd, policies};
use tenant_closure::evidence::Verdict;
use tenant_closure::operations::settings::{Cli, Command};
use tenant_closure::operations::{evidence, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let result = match Cli::parse().command {
        Command::Run(settings) => {
            logs(settings.log_json);
            serve::serve(settings).await
        }
        Command::Crd { name } => crd::yaml(name.as_deref()).map(|text| print!("{text}")),
        Command::Policies {
            namespace,
            service_account,
        } => {
            print!("{}", policies::yaml(&namespace, &service_account));
            Ok(())
        }
        Command::Verify(asked) => match evidence::verified(&asked).await {
            Ok(code) => return ExitCode::from(code),
            Err(why) => {
                eprintln!("tenant-closure: {why}");
                return ExitCode::from(Verdict::Unjudged.code());
            }
        },
        Command::Export(asked) => evidence::exported(&asked).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tenant-closure: {error}");
            ExitCode::FAILURE
        }
    }
}

fn logs(json: bool) {
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    if json {
        builder.json().init();
    } else {
        builder.init();
    }
}
