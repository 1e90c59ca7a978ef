//! The administrator who stays shows that he can sign in with MFA, before anybody approves.

use crate::Result;
use crate::case::{Case, NAME};
use crate::sign_in::prove;
use crate::stack::{Stack, say};
use serde_json::json;
use std::time::{Duration, Instant};

/// The application with public client flows that he signs in with, as examples/demo-tenant.yaml names it.
pub(crate) const CLIENT: &str = "0f1d5c7a-3b52-4d8e-9a61-7c2e4b8f9d10";
/// For how long a state may take to come about.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the closure asks for it, so long at most; then bob runs `keeper prove`, and he signs in with the code.
pub(crate) async fn proves(stack: &Stack, case: &Case, patience: Option<Duration>) -> Result<()> {
    let begun = Instant::now();
    let asks = async || -> Result<bool> {
        let found = case.closures().get_opt(NAME).await?;
        let status = found.and_then(|one| one.status).unwrap_or_default();
        let mut ready = status.conditions.iter().filter(|one| one.type_ == "Ready");
        Ok(ready.any(|one| one.reason == "RetainedAdminUnproven"))
    };
    while !asks().await? {
        if patience.is_some_and(|patience| begun.elapsed() > patience) {
            return Err(
                "the closure does not ask whether the retained administrator can sign in".into(),
            );
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    say(
        "the one who stays shows that he can sign in with MFA: kubectl tenant-closure keeper prove",
    );
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (shown, ended) = prove(stack, case, CLIENT, Some(json!({}))).await?;
        println!("  {}", shown.trim());
        println!("  {}", String::from_utf8_lossy(&ended.stdout).trim());
        if ended.status.success() {
            return Ok(());
        }
        // The policies hear of a new closure a moment later.
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        if Instant::now() > deadline || !told.contains("no params found") {
            return Err(told.into());
        }
    }
}
