//! The kubectl plugin; `kubectl tenant-closure` finds it under this name.

use std::process::ExitCode;
use tenant_closure::plugin;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    ExitCode::from(plugin::run(std::env::args_os()).await.code())
}
