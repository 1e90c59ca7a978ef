//! A headless Chromium for a test, and its end with the test.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use thirtyfour::prelude::*;

/// What keeps Chromium small, quiet and off the network.
const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A browser with one window.
pub struct Browser {
    // Before the page: where a test has failed, the page would wait for an answer to its farewell.
    _driver: Driver,
    /// What drives it.
    pub page: WebDriver,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts driver and browser; both are installed where they are missing.
    pub async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/browser.sh");
        let found = Command::new(script)
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(found.status.success(), "no browser: see above");
        let paths = String::from_utf8(found.stdout).unwrap();
        let (chromium, driver) = paths.trim().split_once('\n').unwrap();
        let mut driver = Driver::start(driver);
        let port = driver.port();
        let profile = tempfile::tempdir().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(chromium).unwrap();
        for flag in FLAGS {
            wanted.add_arg(flag).unwrap();
        }
        let folder = format!("--user-data-dir={}", profile.path().display());
        wanted.add_arg(&folder).unwrap();
        wanted.add_arg("--window-size=1200,900").unwrap();
        let page = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted)
            .await
            .unwrap();
        Self {
            _driver: driver,
            page,
            _profile: profile,
        }
    }

    /// As a person who prefers dark pages sees it, or light ones.
    pub async fn prefer(&self, scheme: &str) {
        let wanted = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        let tools = self.page.cdp();
        let sent = tools.send_raw("Emulation.setEmulatedMedia", wanted);
        sent.await.unwrap();
    }

    /// Ends the window; without it the browser is killed when this is dropped.
    pub async fn close(self) {
        self.page.clone().quit().await.unwrap();
    }
}

/// The driver, in a process group of its own with the browsers that it starts.
struct Driver(Child);

impl Driver {
    fn start(path: &str) -> Self {
        let mut command = Command::new(path);
        command.arg("--port=0").process_group(0);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// The port that it chose, which it tells in a sentence; what it says later goes nowhere.
    fn port(&mut self) -> u16 {
        let mut said = BufReader::new(self.0.stdout.take().unwrap()).lines();
        let told = said.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("started successfully on port ")?;
            rest.trim_end_matches('.').parse().ok()
        });
        std::thread::spawn(move || said.map_while(Result::ok).count());
        told.expect("the driver did not start")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.0.wait();
    }
}
