//! `--keep` and `--stop`: a demo that stays, and its end.

use crate::Result;
use crate::stack::say;
use std::fs;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// The argument that marks the process which holds the stack.
pub(crate) const HOLD: &str = "--hold";
/// Written by the holder when the closing is over.
pub(crate) const READY: &str = "ready";

/// Starts a holder in a session of its own, shows what it says, and leaves it when the demo is through.
pub(crate) fn keep(dir: &Path) -> Result<ExitCode> {
    if alive(dir).is_some() {
        return Err("a demo is being kept already; end it with --stop".into());
    }
    let log = dir.join("demo.log");
    let out = fs::File::create(&log)?;
    let mut holder = Command::new(std::env::current_exe()?)
        .arg(HOLD)
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .process_group(0)
        .spawn()?;
    fs::write(dir.join("pid"), holder.id().to_string())?;
    let mut read = fs::File::open(&log)?;
    loop {
        let mut text = String::new();
        read.read_to_string(&mut text)?;
        print!("{text}");
        if let Some(status) = holder.try_wait()? {
            let _ = fs::remove_file(dir.join("pid"));
            return Err(format!("the demo ended ({status}); its log is {}", log.display()).into());
        }
        if dir.join(READY).exists() {
            let mut rest = String::new();
            read.read_to_string(&mut rest)?;
            print!("{rest}");
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Ends the holder; all that it started ends with it.
pub(crate) fn stop(dir: &Path) -> Result<ExitCode> {
    let Some(pid) = alive(dir) else {
        say("no demo is being kept");
        let _ = fs::remove_file(dir.join("pid"));
        return Ok(ExitCode::SUCCESS);
    };
    Command::new("kill").args(["-TERM", &pid]).status()?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while alive(dir).is_some() {
        if Instant::now() > deadline {
            return Err(format!("process {pid} does not end").into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let _ = fs::remove_file(dir.join("pid"));
    say("ended");
    Ok(ExitCode::SUCCESS)
}

/// The recorded process, if it still is the holder.
fn alive(dir: &Path) -> Option<String> {
    let pid = fs::read_to_string(dir.join("pid")).ok()?.trim().to_owned();
    pid.parse::<u32>().ok()?;
    let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    words
        .split(|b| *b == 0)
        .any(|word| word == HOLD.as_bytes())
        .then_some(pid)
}
