//! Programs of ours, started. They are killed when the thread that started them ends, however it ends.

use crate::Result;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A program under way; killed and waited for when dropped.
pub(crate) struct Program(Mutex<Child>);

impl Program {
    /// Starts it from this thread, which must last as long: the kernel kills the child when the thread ends.
    pub(crate) fn start(command: &mut Command, out: Stdio, log: &Path) -> Result<Self> {
        let mut tied = Command::new("setpriv");
        tied.args(["--pdeathsig", "KILL", "--"])
            .arg(command.get_program())
            .args(command.get_args());
        for (key, value) in command.get_envs() {
            if let Some(value) = value {
                tied.env(key, value);
            }
        }
        let child = tied
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(File::create(log)?)
            .spawn()
            .map_err(|e| format!("cannot start {}: {e}", command.get_program().display()))?;
        Ok(Self(Mutex::new(child)))
    }

    /// Its process id: `setpriv` becomes the program.
    pub(crate) fn id(&self) -> u32 {
        self.child().id()
    }

    /// Its standard output, once.
    pub(crate) fn output(&self) -> Option<std::process::ChildStdout> {
        self.child().stdout.take()
    }

    /// How it ended; `None` while it runs.
    pub(crate) fn ended(&self) -> Option<std::process::ExitStatus> {
        self.child().try_wait().ok().flatten()
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let mut child = self.child();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// One of this package's binaries; cargo puts examples into a folder beside them.
pub(crate) fn binary(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here
        .parent()
        .and_then(Path::parent)
        .ok_or("this program lies nowhere")?;
    let path = folder.join(name);
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!(
            "{} is missing; build it with `cargo build --bins` in the same profile",
            path.display()
        )
        .into())
    }
}

/// The last lines of a log, for a failure.
pub(crate) fn log_end(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
