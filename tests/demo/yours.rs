//! A demo that is kept has one more tenant, which nobody has closed: for whoever wants to do it with his own hands.

use crate::Result;
use crate::case::{Case, NAME};
use crate::keeper;
use crate::person;
use crate::stack::Stack;
use serde_json::json;
use std::path::Path;

/// Where its closure lives, once somebody applies it.
const NAMESPACE: &str = "lab";

/// Adds the tenant, and puts its credentials and its manifest there.
pub(crate) async fn add(dir: &Path, stack: &Stack) -> Result<Case> {
    let tenant = json!({
        "initialDomain": "contoso-lab.onmicrosoft.com", "displayName": "Contoso Lab", "users": 40, "applications": 2,
        "sync": {"enabled": true, "percent": 30}, "retainedAdministrator": {"name": "closer"},
        "publicClients": [keeper::CLIENT],
        "subscriptions": [{"kind": "Direct", "sku": "SPB", "seats": 40}],
    });
    let tenant = stack.simulator.add(&tenant).await?;
    let case = stack.case(NAMESPACE, tenant).await?;
    std::fs::write(dir.join("lab.yaml"), case.manifest.to_string())?;
    Ok(case)
}

/// What to do with it.
pub(crate) fn usage(dir: &Path, case: &Case) -> Result<String> {
    let hands = person::instructions(case, &dir.join("bob"))?;
    let domain = &case.portal.tenant.initial_domain;
    let dir = dir.display();
    Ok(format!(
        "
One more tenant, {domain}, is open, and nobody closes it but you:
  KUBECONFIG={dir}/alice kubectl apply -f {dir}/lab.yaml
  KUBECONFIG={dir}/bob kubectl tenant-closure plan {NAME} -n {NAMESPACE}      (it ends with what approves it)
  kubectl tenant-closure status {NAME} -n {NAMESPACE} --watch
{hands}"
    ))
}

/// The administrator who stays is there whenever a closure asks for him; the rest is for the user's hands.
pub(crate) async fn attend(stack: &Stack, case: &Case) {
    loop {
        // Nobody may ever apply it, or somebody deletes it meanwhile: it is looked for again.
        if let Err(trouble) = keeper::proves(stack, case, None).await {
            eprintln!("demo: {trouble}");
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}
