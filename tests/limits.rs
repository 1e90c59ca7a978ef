//! The operator's own configuration comes first: limits over the fleet, protected tenants, the kill switch.
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
#[allow(dead_code)] // the demo uses the rest
#[path = "support/person.rs"]
mod person;
#[path = "support/reasons.rs"]
mod reasons;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;

use case::Case;
use cluster::Result;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt as _};
use person::Person;
use reasons::until_told;
use serde_json::{Value, json};
use stack::{Options, Stack};
use std::time::{Duration, Instant};
use tenant_closure::api::{BEGINS, ClosureRecord};

/// Where the operator lives.
const OPERATOR: &str = "tenant-closure";
/// For how long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(90);

async fn effects(case: &Case) -> usize {
    let effects = case.portal.get("effects").await.unwrap();
    effects.as_array().unwrap().len()
}

async fn until_more_effects(case: &Case, than: usize) -> usize {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = effects(case).await;
        if seen > than {
            return seen;
        }
        assert!(Instant::now() < deadline, "no more than {seen} effects");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_operators_configuration_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        simulation: simulator::demo_tenant(900, 7),
        slice: Some(20),
        arguments: Vec::new(),
        quiet: false,
        ..Options::default()
    };
    let stack = Stack::start(Some(folder.path()), options).await.unwrap();
    let tenant = stack.simulator.tenant().unwrap().clone();
    let id = tenant.id.clone();
    let case = stack.case("closures", tenant).await.unwrap();
    let client = || stack.cluster.client("admin");
    let maps: Api<ConfigMap> = Api::namespaced(client(), OPERATOR);
    let set = async |data: Value| {
        let patch = Patch::Merge(json!({ "data": data }));
        let parameters = PatchParams::default();
        maps.patch(OPERATOR, &parameters, &patch).await.unwrap();
    };
    set(json!({"maxClosuresPer30Days": "0"})).await;
    case.apply().await.unwrap();
    let mut person = Person::new(&case, true, Some(folder.path().join("person.log")));
    let persons = person.live();

    let course = async {
        let message = until_told(&case, "Ready", "TooManyBegun", "").await;
        assert!(message.contains("0 closures"), "{message}");
        assert!(message.contains("maxClosuresPer30Days"), "{message}");

        set(json!({"maxClosuresPer30Days": "1", "protectedTenants": id})).await;
        until_told(&case, "Ready", "TenantProtected", "").await;
        let other = "11111111-2222-3333-4444-555555555555";
        set(json!({"protectedTenants": "", "allowedTenants": other})).await;
        until_told(&case, "Ready", "TenantNotAllowed", "").await;

        let mut kept = maps.get(OPERATOR).await.unwrap();
        maps.delete(OPERATOR, &DeleteParams::default())
            .await
            .unwrap();
        until_told(&case, "Ready", "ConfigurationMissing", "").await;
        assert_eq!(effects(&case).await, 0);

        kept.metadata = serde_json::from_value(json!({"name": OPERATOR})).unwrap();
        let data = kept.data.get_or_insert_default();
        data.insert("allowedTenants".into(), id.clone());
        maps.create(&PostParams::default(), &kept).await.unwrap();
        until_more_effects(&case, 40).await;
        set(json!({"killSwitch": "true"})).await;
        until_told(&case, "Ready", "KillSwitch", "").await;
        let stopped = effects(&case).await;
        assert!(stopped < 900, "the switch came too late to show anything");
        tokio::time::sleep(Duration::from_secs(3)).await; // more cycles
        assert_eq!(effects(&case).await, stopped, "went on though switched off");
        set(json!({"killSwitch": "false"})).await;
        until_more_effects(&case, stopped).await;
    };
    tokio::select! {
        () = course => {}
        trouble = persons => panic!("the persons: {trouble:?}"),
    }

    let records: Api<ClosureRecord> = Api::namespaced(client(), OPERATOR);
    let begun = ListParams::default().labels(&format!("{BEGINS}=true"));
    let begun = records.list(&begun).await.unwrap().items;
    assert_eq!(begun.len(), 1, "a closure begins once");
    assert!(
        begun[0].name_any().ends_with("-0000000002"),
        "after its plan"
    );
    let judged = case.portal.get("violations").await.unwrap();
    assert_eq!(judged["count"], 0, "{judged:#}");
}
