//! `keeper prove`: bob runs it, and a person signs in with the code that it shows.

use crate::Result;
use crate::case::{Case, NAME};
use crate::children::binary;
use crate::stack::Stack;
use serde_json::{Value, json};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

/// For how long it may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Bob runs it with this application; somebody signs in with the code that it shows, as `person` says. What the first line
/// was, and how it ended.
pub(crate) async fn prove(
    stack: &Stack,
    case: &Case,
    client: &str,
    person: Option<Value>,
) -> Result<(String, Output)> {
    let domain = &case.portal.tenant.initial_domain;
    let mut child = tokio::process::Command::new(binary("kubectl-tenant_closure")?)
        .args(["--namespace", &case.namespace, "keeper", "prove", NAME])
        .args(["--client-id", client, "--confirm", domain])
        .args(["--simulator-address", stack.simulator.address()])
        .arg("--simulator-ca")
        .arg(&case.portal.ca_file)
        .env("KUBECONFIG", case.cluster.kubeconfig("bob"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut out = BufReader::new(child.stdout.take().ok_or("no output")?);
    let mut asked = String::new();
    out.read_line(&mut asked).await?;
    if let Some(mut person) = person {
        let code = asked.trim().rsplit(' ').next().unwrap_or_default();
        person["action"] = json!("signIn");
        person["userCode"] = json!(code);
        case.portal.press_with(&person).await?;
    }
    let mut rest = Vec::new();
    out.read_to_end(&mut rest).await?;
    let mut ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await??;
    ended.stdout = rest;
    Ok((asked, ended))
}
