//! Two persons must approve. What does not count is tried first: the author's own approval, one whose time is over, one alone.

use crate::Result;
use crate::case::{Case, NAME};
use crate::children::binary;
use crate::stack::say;
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt as _;
use serde_json::json;
use std::time::{Duration, Instant};
use tenant_closure::api::TenantClosure;

/// Who approves besides bob.
pub(crate) const SECOND: &str = "dave";
/// What the policy says to the author.
const OF_THE_AUTHOR: &str = "the author of a closure cannot approve it";
/// What it says where it has not heard of the closure yet.
const NOT_HEARD_OF: &str = "no params found";
/// For how long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the approval lives whose end is waited for.
const BRIEF: SignedDuration = SignedDuration::from_secs(4);

/// The plan takes two approvals; alice, too, gets the right to approve: what stops her is that she is the author.
pub(crate) async fn ask_for_two(case: &mut Case) -> Result<()> {
    case.manifest["spec"]["approval"]["required"] = json!(2);
    let subject =
        |name| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name});
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "more-approvers", "namespace": case.namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "closure-approver"},
        "subjects": [subject("alice"), subject(SECOND)],
    });
    case.cluster
        .apply("admin", &binding.to_string())
        .await
        .map(drop)
}

/// Tries what must not be enough. An error where anything of it is, or where it is refused for another reason.
pub(crate) async fn refused(case: &Case) -> Result<()> {
    let closure = until(case, "0 of 2 approvals").await?;
    let plan = closure
        .status
        .as_ref()
        .and_then(|status| status.plan.as_ref());
    let digest = &plan.ok_or("no plan")?.digest;

    say("bob reads the plan");
    let (_, plan) = plugin(case, "bob", &["plan", NAME]).await?;
    if !plan.contains("To approve (0 of 2") {
        return Err(format!("this is no plan to approve: {plan}").into());
    }
    println!("{plan}");
    the_author_is_refused(case, digest).await?;
    one_whose_time_is_over_does_not_count(case, &closure, digest).await?;
    one_alone_is_not_enough(case, digest).await?;
    println!(
        "  1 of 2 approvals: nothing was done in the tenant so far; now dave approves as well"
    );
    Ok(())
}

/// She has the right to approve; what stops her is that she is the author.
async fn the_author_is_refused(case: &Case, digest: &str) -> Result<()> {
    say("alice, the author, approves her own closure");
    let (done, told) = approve(case, "alice", digest).await?;
    if done {
        return Err("the author could approve her own closure".into());
    }
    if !told.contains(OF_THE_AUTHOR) {
        return Err(format!("alice is refused for another reason than that: {told}").into());
    }
    println!("  alice is refused: {}", told.trim());
    Ok(())
}

async fn one_whose_time_is_over_does_not_count(
    case: &Case,
    closure: &TenantClosure,
    digest: &str,
) -> Result<()> {
    say("dave approves, for a few seconds only");
    let until_then = Timestamp::now() + BRIEF;
    let brief = json!({
        "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "ClosureApproval",
        "metadata": {"name": "too-brief", "namespace": case.namespace},
        "spec": {"purpose": "Approval", "closureName": NAME, "closureUID": closure.uid(), "planDigest": digest,
            "tenantID": case.portal.tenant.id, "confirmDomain": case.portal.tenant.initial_domain, "approver": SECOND,
            "expiresAt": until_then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()},
    });
    case.cluster.apply(SECOND, &brief.to_string()).await?;
    until(case, "one has expired").await?;
    nothing_was_done(case).await?;
    println!("  it has expired and does not count");
    Ok(())
}

async fn one_alone_is_not_enough(case: &Case, digest: &str) -> Result<()> {
    say("bob approves, alone");
    let (done, told) = approve(case, "bob", digest).await?;
    if !done {
        return Err(told.into());
    }
    until(case, "1 of 2 approvals").await?;
    nothing_was_done(case).await
}

async fn nothing_was_done(case: &Case) -> Result<()> {
    let effects = case.portal.effects().await?;
    if !effects.is_empty() {
        return Err("something was done before two persons approved".into());
    }
    Ok(())
}

/// Approves through the plugin, as soon as the policies have heard of the closure; whether that was admitted, and what was said.
async fn approve(case: &Case, who: &str, digest: &str) -> Result<(bool, String)> {
    let short = digest.get(..12).unwrap_or(digest);
    let domain = &case.portal.tenant.initial_domain;
    let words = ["approve", NAME, "--plan", short, "--confirm", domain];
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (done, told) = plugin(case, who, &words).await?;
        if done || !told.contains(NOT_HEARD_OF) || Instant::now() > deadline {
            return Ok((done, told));
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Runs the plugin as a user; whether it succeeded, and what it said.
async fn plugin(case: &Case, who: &str, words: &[&str]) -> Result<(bool, String)> {
    let output = tokio::process::Command::new(binary("kubectl-tenant_closure")?)
        .args(["--namespace", &case.namespace])
        .args(words)
        .env("KUBECONFIG", case.cluster.kubeconfig(who))
        .kill_on_drop(true)
        .output()
        .await?;
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    Ok((output.status.success(), told))
}

/// Waits until the condition Approved is False and says this.
async fn until(case: &Case, says: &str) -> Result<TenantClosure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let closure = case.closures().get(NAME).await?;
        let conditions = closure.status.iter().flat_map(|status| &status.conditions);
        let approved = conditions.into_iter().find(|one| one.type_ == "Approved");
        match approved {
            Some(one) if one.status == "False" && one.message.contains(says) => return Ok(closure),
            other if Instant::now() > deadline => {
                return Err(format!("the approvals do not say {says:?} but {other:?}").into());
            }
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
