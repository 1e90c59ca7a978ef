//! The end: what it cost, what the simulator says of it, and the verdict.

use crate::Result;
use crate::case::{Case, NAME};
use crate::children::binary;
use crate::stack::{OPERATOR, Stack};
use kube::api::{Api, ListParams};
use std::process::Command;
use std::time::Duration;
use tenant_closure::api::ClosureRecord;

/// Prints the closing table and the verdict; true where the tenant is closed and no rule was broken.
pub(crate) async fn tell(stack: &Stack, case: &Case, took: Duration) -> Result<bool> {
    let status = case.closures().get(NAME).await?.status.unwrap_or_default();
    println!();
    println!(
        "{:<24} {:>9} {:>9} {:>6} {:>9}",
        "step", "objects", "requests", "429s", "seconds"
    );
    for step in &status.steps {
        let totals = step.totals.clone().unwrap_or_default();
        let seconds = step
            .started_at
            .zip(totals.until)
            .map_or(0.0, |(from, to)| to.duration_since(from).as_secs_f64());
        println!(
            "{:<24} {:>9} {:>9} {:>6} {:>9.1}",
            step.name, totals.objects, totals.requests, totals.throttled, seconds
        );
    }
    println!();
    let violations = verdict(case).await?;
    costs(stack).await?;
    let whole = proof(stack, case)?;
    let phase = serde_json::to_value(status.phase)?;
    let phase = phase.as_str().unwrap_or("Pending").to_owned();
    println!("took      {:.1} s", took.as_secs_f64());
    println!("{phase}");
    Ok(phase == "Closed" && violations == 0 && whole)
}

/// Verifies the journal and writes the report, as an auditor would; false where the journal is not whole.
fn proof(stack: &Stack, case: &Case) -> Result<bool> {
    let place = ["--namespace", &case.namespace];
    let reader = stack.cluster.kubeconfig("admin");
    let mut verify = Command::new(binary("tenant-closure")?);
    verify.args(["verify", "--closure", NAME]).args(place);
    let verified = verify.env("KUBECONFIG", &reader).output()?;
    let mut told = String::from_utf8_lossy(&verified.stdout).into_owned();
    told.push_str(&String::from_utf8_lossy(&verified.stderr));
    println!("journal   {}", told.trim_end().replace('\n', "\n        "));
    let mut report = Command::new(binary("kubectl-tenant_closure")?);
    report.args(["report", NAME, "-o", "html"]).args(place);
    let report = report.env("KUBECONFIG", &reader).output()?;
    let path = stack.dir.join("report.html");
    std::fs::write(&path, report.stdout)?;
    println!("report    {}", path.display());
    Ok(verified.status.success() && report.status.success())
}

/// What the simulator saw; the number of rules broken.
async fn verdict(case: &Case) -> Result<u64> {
    let seen = case.portal.look().await?;
    let stats = case.portal.get("stats").await?;
    let judged = case.portal.get("violations").await?;
    let violations = judged["count"]
        .as_u64()
        .ok_or("the simulator does not count violations")?;
    let figure = |key: &str| stats[key].as_f64().unwrap_or_default();
    let ratio = stats["ratio"].as_f64().map_or_else(
        || "within the quota's burst".to_owned(),
        |ratio| format!("{ratio:.2} of the time that the quota allows"),
    );
    println!(
        "simulator users left: {}, tenant deleted: {}, violations: {violations}",
        seen["usersLeft"], seen["deleted"]
    );
    for one in judged["violations"]
        .as_array()
        .into_iter()
        .flatten()
        .take(10)
    {
        println!("            {one}");
    }
    println!(
        "          {} users deleted in {:.1} s ({ratio}), {} lost, {:.3} requests per user meanwhile ({:.3} for the whole closure)",
        stats["userDeletes"],
        figure("deleteSeconds"),
        stats["usersToDelete"],
        figure("requestsPerUser"),
        figure("requestsPerUserInAll"),
    );
    println!(
        "          answered 429: {:.2} % of {} items, {:.2} % of {} requests",
        figure("throttledItemsPercent"),
        stats["items"],
        figure("throttledRequestsPercent"),
        stats["requests"],
    );
    Ok(violations)
}

/// What the operator took.
async fn costs(stack: &Stack) -> Result<()> {
    let proc = std::fs::read_to_string(format!("/proc/{}/status", stack.operator.id()))
        .unwrap_or_default();
    let memory = |key: &str| {
        let line = proc
            .lines()
            .find_map(|l| l.strip_prefix(key))
            .unwrap_or(": -");
        line.trim_start_matches(':')
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    println!(
        "operator  VmRSS {}, VmHWM {}",
        memory("VmRSS"),
        memory("VmHWM")
    );
    let records: Api<ClosureRecord> = Api::namespaced(stack.cluster.client("admin"), OPERATOR);
    let records = records
        .list_metadata(&ListParams::default())
        .await?
        .items
        .len();
    let url = format!("http://127.0.0.1:{}/metrics", stack.port);
    let http = reqwest::Client::builder().no_proxy().build()?;
    let metrics = match http.get(url).send().await {
        Ok(answer) => answer.text().await.unwrap_or_default(),
        Err(_) => String::new(),
    };
    let patches = metrics
        .lines()
        .find(|l| !l.starts_with('#') && l.contains("status_patches"))
        .and_then(|l| l.split_whitespace().last());
    println!(
        "          {records} records, {} status patches",
        patches.unwrap_or("-")
    );
    Ok(())
}
