//! Two processes of the operator on one cluster: what is limited over the fleet is limited over both.

use super::*;
use std::collections::BTreeSet;

const SLICE: usize = 40;
const CLOSURES: [&str; 6] = [
    "fleet-a", "fleet-b", "fleet-c", "fleet-d", "fleet-e", "fleet-f",
];
/// As many of them may begin.
const BEGIN: usize = 3;

/// Six closures may begin at the same moment, one may act at once and three may begin: two processes see all six.
#[tokio::test(flavor = "current_thread")]
async fn two_processes_keep_the_limits_together() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        simulation: simulator::demo_tenant(12, 7),
        slice: u32::try_from(SLICE).ok(),
        quiet: true,
        values: vec![
            "configuration.maxClosuresActing=1".to_owned(),
            format!("configuration.maxClosuresPer30Days={BEGIN}"),
            "configuration.gracePeriod=1h".to_owned(),
        ],
        ..Options::default()
    };
    let stack = Stack::start(Some(folder.path()), options).await.unwrap();
    let _second = stack.another_that_is_ready("second").await.unwrap();
    let mut cases = Vec::new();
    for name in CLOSURES {
        let fields = json!({"users": 3 * SLICE + 1, "guestsPercent": 0});
        cases.push(applied_in(&stack, name, fields).await);
    }
    let course = async {
        for case in &cases {
            until_told(case, "Ready", "GracePeriod", "").await;
        }
        stack.configure(json!({"gracePeriod": "0s"})).await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let counted = futures::future::join_all(cases.iter().map(deleted)).await;
            let done = counted.iter().filter(|count| **count as usize == 3 * SLICE);
            if done.count() >= BEGIN {
                break;
            }
            assert!(Instant::now() < deadline, "{counted:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // More cycles, in which one that may not begin would.
        tokio::time::sleep(Duration::from_secs(3)).await;
    };
    with_approvers(folder.path(), &cases, course).await;

    let records: Api<ClosureRecord> = Api::namespaced(stack.cluster.client("admin"), OPERATOR);
    let records = records.list(&ListParams::default()).await.unwrap().items;
    let holders: BTreeSet<&str> = records.iter().map(|one| one.spec.holder.as_str()).collect();
    assert_eq!(holders.len(), 2, "both were there from the beginning");
    let begun = records
        .iter()
        .filter(|one| one.labels().contains_key(BEGINS));
    let begun: BTreeSet<&str> = begun
        .map(|one| one.spec.closure_namespace.as_str())
        .collect();
    assert_eq!(begun.len(), BEGIN, "{begun:?}");
    let mut all = Vec::new();
    for case in &cases {
        all.extend(case.portal.effects().await.unwrap());
        if !begun.contains(case.namespace.as_str()) {
            let told = until_told(case, "Ready", "TooManyBegun", "").await;
            assert!(told.contains("3 closures"), "{told}");
        }
    }
    let rows = in_a_row(all);
    let whole = rows.iter().all(|(_, times)| times % SLICE == 0);
    assert!(whole, "two acted at once: {rows:?}");
}

/// Nothing begins without the Lease, it is told what to do, and it goes on by itself once it is there again.
#[tokio::test(flavor = "current_thread")]
async fn without_the_lease_nothing_begins() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        simulation: simulator::demo_tenant(12, 7),
        quiet: true,
        ..Options::default()
    };
    let stack = Stack::start(Some(folder.path()), options).await.unwrap();
    let leases: Api<Lease> = Api::namespaced(stack.cluster.client("admin"), OPERATOR);
    leases
        .delete(lead::NAME, &DeleteParams::default())
        .await
        .unwrap();
    let tenant = stack.simulator.tenant().unwrap().clone();
    let case = stack.case("leaseless", tenant).await.unwrap();
    case.apply().await.unwrap();
    let mut person = Person::new(&case, true, Some(folder.path().join("person.log")));
    let course = async {
        let told = until_told(&case, "Ready", "LeaseMissing", "").await;
        assert!(told.contains("helm upgrade"), "{told}");
        assert_eq!(effects(&case).await, 0);
        let lease = json!({"metadata": {"name": lead::NAME, "namespace": OPERATOR}});
        let lease: Lease = serde_json::from_value(lease).unwrap();
        leases.create(&PostParams::default(), &lease).await.unwrap();
        until_more_effects(&case, 0).await;
    };
    tokio::select! {
        () = course => {}
        trouble = person.live() => panic!("the persons: {trouble:?}"),
    }
    // Between effects it is nobody's.
    until_told(&case, "UsersDeleted", "VerifiedTwice", "").await;
    let spec = leases.get(lead::NAME).await.unwrap().spec.unwrap();
    assert!(spec.lease_duration_seconds.is_some(), "it was taken");
}
