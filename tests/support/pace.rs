//! A closure of a large tenant against Microsoft's published quota, which the simulator applies in real time and of which it knows
//! the bound.

use crate::Result;
use crate::case::{Case, NAME};
use crate::person::Person;
use crate::simulator;
use crate::stack::{Audit, Options, Stack};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tenant_closure::closure::report::Phase;
use tenant_closure::quota;

/// For how long a closure may take besides four times what the quota takes at least.
const PATIENCE: Duration = Duration::from_secs(600);

/// Closes a tenant of so many users; the simulator's figures of it.
pub(crate) async fn closes(users: u32, audit: Audit) -> Result<Value> {
    let options = Options {
        simulation: simulator::demo_tenant(users, 7),
        quiet: true,
        audit,
        ..Options::default()
    };
    let stack = Stack::start(None, options).await?;
    let tenant = stack.simulator.tenant()?.clone();
    let mut case = stack.case("closures", tenant).await?;
    case.manifest["spec"]["limits"]["maxUsers"] = json!(users + 1_000);
    case.apply().await?;
    let mut person = Person::new(&case, true, Some(stack.dir.join("person.log")));
    tokio::select! {
        closed = closed(&stack, &case, users) => closed?,
        trouble = person.live() => trouble?,
    }
    case.portal.get("stats").await
}

async fn closed(stack: &Stack, case: &Case, users: u32) -> Result<()> {
    let closures = case.closures();
    let deadline = Instant::now() + quota::at_least(u64::from(users)) * 4 + PATIENCE;
    loop {
        let status = closures.get(NAME).await?.status.unwrap_or_default();
        if status.phase == Some(Phase::Closed) {
            return Ok(());
        }
        if Instant::now() > deadline {
            let log = stack.log_end("operator.log");
            return Err(format!("not closed: {:?}\n{log}", status.summary).into());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
