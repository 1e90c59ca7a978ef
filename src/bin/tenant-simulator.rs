//! A Microsoft 365 tenant that is not real: see `tenant-simulator serve --help`.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    tenant_closure::simulator::command::run().await
}
