//! `tenant-closure`: the operator; prints its CRDs and policies too.

use clap::Parser as _;
use std::process::ExitCode;
use tenant_closure::api::{crd, policies};
use tenant_closure::operations::serve;
use tenant_closure::operations::settings::{Cli, Command};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
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
        .with_writer(std::io::stderr);
    if json {
        builder.json().init();
    } else {
        builder.init();
    }
}
