//! The kubectl plugin `kubectl tenant-closure`: see a closure, read its plan and approve it, attest a check, prove that who
//! stays can sign in, pause it, report on it, grant what it needs.
//!
//! It stands on the resources alone: what it shows is in the closure's status, what it does is one object or one patch,
//! and whether that is allowed the API server says.

mod access;
pub mod arguments;
mod lines;
mod look;
mod plan;
mod prove;
mod refusal;
mod report;
mod signing;
mod status;
mod view;
mod words;
mod write;

pub use arguments::{Arguments, Command, Keeper, Where};
pub use lines::Lines;
pub use look::Look;
pub use view::draw;

use crate::api::TenantClosure;
use clap::Parser as _;
use std::ffi::OsString;
use std::io::{IsTerminal as _, Write};

/// How a call ends: the process' exit code, stable for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Done: shown, written, or (watching) the wished end is reached.
    Done,
    /// The closure is stalled.
    Stalled,
    /// The closure waits for approvals.
    AwaitingApproval,
    /// The time given for watching is over.
    Timeout,
    /// The call was wrong: arguments, a name that is not there, a confirmation that does not match.
    Usage,
    /// The API server could not be asked, or refused.
    Failed,
}

impl Ended {
    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Stalled => 1,
            Self::AwaitingApproval => 2,
            Self::Timeout => 3,
            Self::Usage => 4,
            Self::Failed => 5,
        }
    }
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The caller must change the call.
    #[error("{0}")]
    Usage(String),
    /// The API server refused, or could not be asked.
    #[error("{}", refusal::words(.0))]
    Cluster(#[from] kube::Error),
    /// No way to the cluster could be made out.
    #[error("cannot find the cluster: {0}")]
    Kubeconfig(String),
    /// The sign-in service could not be asked.
    #[error("cannot ask for the sign-in: {0}")]
    SignIn(String),
    /// The output is gone.
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
    /// The object could not be printed.
    #[error("cannot print the object: {0}")]
    Print(String),
}

impl Trouble {
    const fn ended(&self) -> Ended {
        match self {
            Self::Usage(_) => Ended::Usage,
            _ => Ended::Failed,
        }
    }
}

/// Runs one call, as from a command line: arguments with the program's name first, output to this process' own.
pub async fn run(arguments: impl IntoIterator<Item = OsString>) -> Ended {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(asked_or_wrong) => {
            let wrong = asked_or_wrong.use_stderr();
            let _ = asked_or_wrong.print();
            return if wrong { Ended::Usage } else { Ended::Done };
        }
    };
    let look = Look {
        terminal: std::io::stdout().is_terminal(),
        colour: std::io::stdout().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        ascii: false,
    };
    if let Some(done) = signing::without_cluster(&arguments, &mut std::io::stdout()) {
        return told(done);
    }
    let done = match arguments.place.client().await {
        Ok((client, namespace)) => {
            carry_out(
                &arguments.command,
                client,
                &namespace,
                look,
                &mut std::io::stdout(),
            )
            .await
        }
        Err(trouble) => Err(trouble),
    };
    told(done)
}

/// Says why a call came to nothing.
fn told(done: Result<Ended, Trouble>) -> Ended {
    match done {
        Ok(ended) => ended,
        Err(Trouble::Output(gone)) if gone.kind() == std::io::ErrorKind::BrokenPipe => Ended::Done,
        Err(trouble) => {
            eprintln!("error: {trouble}");
            trouble.ended()
        }
    }
}

/// Carries one command out against a cluster, writing to `out`.
pub async fn carry_out(
    command: &Command,
    client: kube::Client,
    namespace: &str,
    look: Look,
    out: &mut (dyn Write + Send),
) -> Result<Ended, Trouble> {
    match command {
        Command::Status(asked) => status::show(asked, client, namespace, look, out).await,
        Command::Plan(named) => plan::show(&named.name, client, namespace, look, out).await,
        Command::Approve(asked) => write::approve(asked, client, namespace, out).await,
        Command::Attest(asked) => write::attest(asked, client, namespace, out).await,
        Command::Manifest(asked) => signing::manifest(asked, Some(namespace), out),
        Command::Keeper(Keeper::Prove(asked)) => prove::prove(asked, client, namespace, out).await,
        Command::Report(asked) => report::show(asked, client, namespace, out).await,
        Command::Access(asked) => access::tell(asked, client, namespace, out).await,
        Command::Suspend(named) => write::suspend(&named.name, true, client, namespace, out).await,
        Command::Resume(named) => write::suspend(&named.name, false, client, namespace, out).await,
    }
}

/// Reads the closure, or says that there is none of that name.
async fn read(
    client: &kube::Client,
    namespace: &str,
    name: &str,
) -> Result<TenantClosure, Trouble> {
    let closures: kube::Api<TenantClosure> = kube::Api::namespaced(client.clone(), namespace);
    closures.get_opt(name).await?.ok_or_else(|| {
        Trouble::Usage(format!(
            "there is no TenantClosure {name} in namespace {namespace}; see `kubectl get tenantclosures -A`"
        ))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests;
