//! The administrator who stays proves that he can sign in with MFA; where that is asked for, nothing is deleted before.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[path = "support/case.rs"]
mod case;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/children.rs"]
mod children;
#[allow(dead_code, unreachable_pub)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/reasons.rs"]
mod reasons;
#[path = "support/sign_in.rs"]
mod sign_in;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;

use case::Case;
use cluster::Result;
use kube::Api;
use kube::api::ListParams;
use reasons::until_told;
use serde_json::json;
use sign_in::prove;
use stack::{Options, Stack};
use std::process::Output;
use std::time::{Duration, Instant};
use tenant_closure::api::ClosureApproval;

/// An application with public client flows.
const CLIENT: &str = "0f1d5c7a-3b52-4d8e-9a61-7c2e4b8f9d10";
const DOMAIN: &str = "keeper.onmicrosoft.com";
/// For how long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(120);

/// Ended as a wrong call does, with these words.
fn refused(ended: &Output, words: &str) {
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(4), "{told}");
    assert!(told.contains(words), "{told}");
}

async fn written(case: &Case) -> Vec<ClosureApproval> {
    let client = case.cluster.client("admin");
    let approvals: Api<ClosureApproval> = Api::namespaced(client, &case.namespace);
    approvals.list(&ListParams::default()).await.unwrap().items
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_is_deleted_before_the_retained_administrator_has_signed_in_with_mfa() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        simulation: simulator::demo_tenant(20, 7),
        values: vec!["configuration.retainedAdministratorProofDays=14".to_owned()],
        quiet: true,
        ..Options::default()
    };
    let stack = Stack::start(Some(folder.path()), options).await.unwrap();
    let tenant = json!({"users": 12, "initialDomain": DOMAIN, "publicClients": [CLIENT]});
    let tenant = stack.simulator.add(&tenant).await.unwrap();
    let case = stack.case("closures", tenant).await.unwrap();
    case.apply().await.unwrap();
    let unproven = until_told(&case, "Ready", "RetainedAdminUnproven", "").await;
    let words = format!(
        "The retained administrator closer@{DOMAIN} has not proven within 14 days that the account can sign in with \
         multifactor authentication"
    );
    assert!(unproven.contains(&words), "{unproven}");
    let remedy =
        "Sign in as this account with the code that it shows: kubectl tenant-closure keeper prove";
    assert!(unproven.contains(remedy), "{unproven}");

    // What proves nothing writes nothing.
    let secretive = case.portal.tenant.app_id.clone();
    let (_, ended) = prove(&stack, &case, &secretive, None).await.unwrap();
    refused(&ended, "AADSTS7000218; the application must be registered");
    let (asked, ended) = prove(&stack, &case, CLIENT, Some(json!({"mfa": false})))
        .await
        .unwrap();
    let shown =
        format!("Sign in as closer@{DOMAIN} at https://microsoft.com/devicelogin with the code ");
    assert!(asked.starts_with(&shown), "{asked}");
    refused(&ended, "without multifactor authentication");
    let (_, ended) = prove(&stack, &case, CLIENT, Some(json!({"decline": true})))
        .await
        .unwrap();
    refused(&ended, "the sign-in was declined");
    assert!(written(&case).await.is_empty());

    // Another user is not the one who stays.
    let seen = case.portal.look().await.unwrap();
    let retained = seen["retainedAdministrator"]["id"].clone();
    let page = format!("tenants/{}/users", case.portal.tenant.id);
    let users = case.portal.get(&page).await.unwrap();
    let mut all = users.as_array().unwrap().iter();
    let deadline = Instant::now() + PATIENCE;
    let other = all.rfind(|id| **id != retained).unwrap();
    loop {
        let (_, ended) = prove(&stack, &case, CLIENT, Some(json!({"id": other})))
            .await
            .unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        if ended.status.success() {
            break;
        }
        // The policies hear of a new closure a moment later.
        assert!(told.contains("no params found"), "{told}");
        assert!(Instant::now() < deadline, "{told}");
    }
    tokio::time::sleep(Duration::from_secs(3)).await; // more cycles
    assert_eq!(
        until_told(&case, "Ready", "RetainedAdminUnproven", "").await,
        unproven
    );

    let (_, ended) = prove(&stack, &case, CLIENT, Some(json!({}))).await.unwrap();
    let told = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{ended:?}");
    let id = retained.as_str().unwrap();
    assert!(
        told.contains(&format!(
            "bob attests that {id} signed in with multifactor authentication"
        )),
        "{told}"
    );
    until_told(&case, "Ready", "ApprovalsMissing", "").await;
    let stored = written(&case).await;
    assert_eq!(stored.len(), 2);
    let result = format!("{id} mfa");
    let ours = |one: &&ClosureApproval| one.spec.result.as_deref() == Some(&*result);
    let ours = stored.iter().find(ours).unwrap();
    assert_eq!(ours.spec.check.as_deref(), Some("RetainedAdministrator"));
    // The beginning of every token.
    let everything = serde_json::to_string(&stored).unwrap() + &told;
    assert!(!everything.contains("eyJ"), "{everything}");
    let effects = case.portal.effects().await.unwrap();
    assert!(effects.is_empty(), "{effects:#?}");
}
