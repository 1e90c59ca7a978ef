//! Headless Chromium: what a page looks like, and what it asks the network for.

use crate::Result;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What each start is told: no window, no user's files, nothing of its own on the network.
const QUIET: [&str; 15] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
];
/// As long as one page may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A scheme that a page is shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// What came of showing a page.
#[derive(Debug)]
pub(crate) struct Shown {
    /// The picture, a PNG.
    pub(crate) picture: PathBuf,
    /// Every address that the page asked for.
    pub(crate) requests: Vec<String>,
}

/// Where Chromium is; it is installed where there is none.
fn program() -> Result<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/browser.sh");
    let found = Command::new(script).stderr(Stdio::inherit()).output()?;
    let paths = String::from_utf8(found.stdout)?;
    let first = paths.lines().next().filter(|_| found.status.success());
    Ok(first.ok_or("there is no browser: see above")?.into())
}

/// Shows a page of a file in one scheme, `height` pixels of it.
pub(crate) fn show(
    page: &Path,
    scheme: Scheme,
    (width, height): (u32, u32),
    folder: &Path,
) -> Result<Shown> {
    let name = page.file_stem().unwrap_or_default().to_string_lossy();
    let picture = folder.join(format!("{name}-{scheme:?}.png"));
    let network = folder.join(format!("{name}-{scheme:?}.json"));
    let profile = tempfile::tempdir_in(folder)?;
    let number = match scheme {
        Scheme::Dark => 0,
        Scheme::Light => 1,
    };
    let mut chromium = Command::new(program()?)
        .args(QUIET)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--blink-settings=preferredColorScheme={number}"))
        .arg(format!("--window-size={width},{height}"))
        .arg(format!("--log-net-log={}", network.display()))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", page.display()))
        .env("HOME", profile.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = chromium.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            let _ = chromium.kill();
            let _ = chromium.wait();
            return Err(format!("chromium does not end with {}", page.display()).into());
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    if !status.success() || !picture.exists() {
        return Err(format!("chromium ended with {status} and no picture").into());
    }
    Ok(Shown {
        picture,
        requests: requests(&std::fs::read_to_string(network)?)?,
    })
}

/// The addresses in a log of Chromium's network that a page asked for. What Chromium asks by itself has no origin.
fn requests(log: &str) -> Result<Vec<String>> {
    let log: Value = serde_json::from_str(log)?;
    let events = log["events"].as_array().ok_or("the log has no events")?;
    let asked = events.iter().filter_map(|event| {
        let initiator = event["params"]["initiator"].as_str()?;
        let url = event["params"]["url"].as_str()?;
        (initiator != "not an origin").then(|| url.to_owned())
    });
    let mut urls: Vec<String> = asked.collect();
    urls.sort();
    urls.dedup();
    Ok(urls)
}
