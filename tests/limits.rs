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
#[path = "limits/two_processes.rs"]
mod two_processes;

use case::Case;
use cluster::Result;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::events::v1::Event;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, ResourceExt as _};
use person::Person;
use reasons::until_told;
use serde_json::{Value, json};
use stack::{Options, Stack};
use std::path::Path;
use std::time::{Duration, Instant};
use tenant_closure::api::{BEGINS, ClosureApproval, ClosureRecord};
use tenant_closure::controller::lead;

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

/// Users that were deleted.
async fn deleted(case: &Case) -> u32 {
    let effects = case.portal.get("effects").await.unwrap();
    let all = effects.as_array().unwrap().iter();
    u32::try_from(all.filter(|one| one["kind"] == "userDeleted").count()).unwrap()
}

/// The closure of such a tenant, in a namespace of this name, applied.
async fn applied_in(stack: &Stack, name: &str, mut tenant: Value) -> Case {
    tenant["initialDomain"] = json!(format!("{name}.onmicrosoft.com"));
    let tenant = stack.simulator.add(&tenant).await.unwrap();
    let case = stack.case(name, tenant).await.unwrap();
    case.apply().await.unwrap();
    case
}

/// The course, while each of these is approved, and nothing pressed.
async fn with_approvers<T>(folder: &Path, cases: &[Case], course: impl Future<Output = T>) -> T {
    let diary = |case: &Case| Some(folder.join(format!("{}.log", case.namespace)));
    let mut persons: Vec<Person> = cases
        .iter()
        .map(|case| Person::new(case, false, diary(case)))
        .collect();
    let persons = futures::future::try_join_all(persons.iter_mut().map(Person::live));
    tokio::select! {
        done = course => done,
        trouble = persons => panic!("the persons: {trouble:?}"),
    }
}

/// Three closures of one application, of which one may act at once: nobody starves, whoever asks how often.
#[tokio::test(flavor = "current_thread")]
async fn closures_of_one_application_take_turns() {
    const USERS: u32 = 401;
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        simulation: simulator::demo_tenant(10, 7),
        slice: Some(20),
        values: vec!["configuration.maxClosuresActing=1".to_owned()],
        ..Options::default()
    };
    let stack = Stack::start(Some(folder.path()), options).await.unwrap();
    let mut cases = Vec::new();
    for name in ["turn-one", "turn-two", "turn-three"] {
        let fields = json!({"users": USERS, "displayName": name,
            "closer": {"clientId": "7d4c7a10-0000-4000-8000-000000000007"}});
        cases.push(applied_in(&stack, name, fields).await);
    }
    let counted =
        async || -> Vec<u32> { futures::future::join_all(cases.iter().map(deleted)).await };
    let course = async {
        let deadline = Instant::now() + 2 * PATIENCE;
        let mut begun: Option<Vec<u32>> = None;
        loop {
            assert!(
                Instant::now() < deadline,
                "{:?} after {begun:?}",
                counted().await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
            let seen = counted().await;
            let Some(since) = &begun else {
                begun = seen.iter().all(|count| *count > 0).then_some(seen);
                continue;
            };
            if seen.iter().any(|count| *count >= USERS - 1) {
                return seen
                    .iter()
                    .zip(since)
                    .map(|(now, then)| now - then)
                    .collect();
            }
        }
    };
    let shares: Vec<u32> = with_approvers(folder.path(), &cases, course).await;
    // Counted while all three wanted to: each the same but for the slice at hand at either end.
    let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
    assert!(
        *most > 0 && least + 60 >= *most && 2 * least >= *most,
        "{shares:?}"
    );
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
    let set = async |data: Value| stack.configure(data).await.unwrap();
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

        set(json!({"allowedTenants": "", "gracePeriod": "a while"})).await;
        until_told(&case, "Ready", "ConfigurationMissing", "gracePeriod").await;
        set(json!({"gracePeriod": "0s", "killswitch": "true"})).await;
        until_told(
            &case,
            "Ready",
            "ConfigurationMissing",
            "did you mean killSwitch",
        )
        .await;
        set(json!({"killswitch": null, "allowedTenants": other})).await;

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

    // Where there is nobody to delete the first claim is a reading, and the closure begins with it.
    set(json!({"maxClosuresPer30Days": "2", "allowedTenants": ""})).await;
    let alone = async |name: &str| applied_in(&stack, name, json!({"users": 1})).await;
    let second = alone("nobody").await;
    let mut person = Person::new(&second, true, Some(folder.path().join("nobody.log")));
    tokio::select! {
        _ = until_told(&second, "UsersDeleted", "VerifiedTwice", "") => {}
        trouble = person.live() => panic!("the persons: {trouble:?}"),
    }
    let third = alone("nobody-either").await;
    let message = until_told(&third, "Ready", "TooManyBegun", "").await;
    assert!(message.contains("2 closures"), "{message}");
}

/// Deleted users of these tenants in the order in which they went: whose, and how many in a row.
fn in_a_row(mut effects: Vec<Value>) -> Vec<(String, usize)> {
    effects.retain(|one| one["kind"] == "userDeleted");
    effects.sort_by_key(|one| one["seq"].as_u64());
    let mut rows: Vec<(String, usize)> = Vec::new();
    for one in &effects {
        let tenant = one["tenant"].as_str().unwrap();
        match rows.last_mut().filter(|(last, _)| last == tenant) {
            Some((_, times)) => *times += 1,
            None => rows.push((tenant.to_owned(), 1)),
        }
    }
    rows
}

/// One closure may act at once. One that waits for synchronization to end does not count; of two that act, each has its
/// whole slice to itself. Before, both sit out the grace period, in which nothing is changed.
#[tokio::test(flavor = "current_thread")]
async fn as_many_act_at_once_as_the_configuration_says_and_who_waits_does_not_count() {
    const SLICE: usize = 100;
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        simulation: simulator::demo_tenant(12, 7),
        slice: u32::try_from(SLICE).ok(),
        quiet: true,
        values: vec!["configuration.maxClosuresActing=1".to_owned()],
        ..Options::default()
    };
    let stack = Stack::start(Some(folder.path()), options).await.unwrap();
    let case = async |name: &str, tenant: Value| applied_in(&stack, name, tenant).await;
    let set = async |data: Value| stack.configure(data).await.unwrap();
    let syncing = json!({"users": 12, "sync": {"enabled": true, "hours": 100_000}});
    let waiting = case("waiting", syncing).await;
    let mut person = Person::new(&waiting, true, Some(folder.path().join("waiting.log")));
    tokio::select! {
        _ = until_told(&waiting, "Ready", "WaitingSyncOff", "") => {}
        trouble = person.live() => panic!("the persons: {trouble:?}"),
    }

    set(json!({"gracePeriod": "1h"})).await;
    let users = json!({"users": 3 * SLICE + 1, "guestsPercent": 0});
    let (one, two) = (case("one", users.clone()).await, case("two", users).await);
    // Whoever writes closures does not write the configuration.
    for (user, verb) in [
        ("alice", "update"),
        ("alice", "patch"),
        ("bob", "patch"),
        ("bob", "delete"),
    ] {
        let may = [
            "auth",
            "can-i",
            verb,
            "configmap/tenant-closure",
            "-n",
            OPERATOR,
        ];
        let (_, told, _) = stack.cluster.kubectl(user, &may, None).await.unwrap();
        assert_eq!(told.trim(), "no", "{user} {verb}");
    }
    let mut first = Person::new(&one, true, Some(folder.path().join("one.log")));
    let mut second = Person::new(&two, true, Some(folder.path().join("two.log")));
    let course = async {
        for case in [&one, &two] {
            until_told(case, "Ready", "GracePeriod", "").await;
        }
        tokio::time::sleep(Duration::from_secs(3)).await; // more cycles
        assert_eq!((effects(&one).await, effects(&two).await), (0, 0));
        set(json!({"gracePeriod": "0s"})).await;
        until_more_effects(&one, 3 * SLICE - 1).await;
        until_more_effects(&two, 3 * SLICE - 1).await;
    };
    tokio::select! {
        () = course => {}
        trouble = first.live() => panic!("the persons: {trouble:?}"),
        trouble = second.live() => panic!("the persons: {trouble:?}"),
    }
    let mut all = one.portal.effects().await.unwrap();
    all.extend(two.portal.effects().await.unwrap());
    let rows = in_a_row(all);
    let whole = rows.iter().all(|(_, times)| times % SLICE == 0);
    assert!(whole, "two acted at once: {rows:?}");
    until_told(&waiting, "Ready", "WaitingSyncOff", "").await;
}

/// This person approves the plan at hand, as soon as the policies have heard of the closure; when the API server took it.
async fn approve(case: &Case, person: &str) -> Timestamp {
    let approval = case.approval(person, person).await.unwrap();
    case.until_applied(person, &approval).await.unwrap();
    let all: Api<ClosureApproval> = Api::namespaced(case.cluster.client("admin"), &case.namespace);
    all.get(person)
        .await
        .unwrap()
        .creation_timestamp()
        .unwrap()
        .0
}

/// Of two that are needed the second begins it, however long ago the first was given; nobody ends it.
#[tokio::test(flavor = "current_thread")]
async fn the_grace_period_runs_from_the_last_needed_approval_and_ends_by_itself() {
    let grace = SignedDuration::from_secs(15);
    let folder = tempfile::tempdir().unwrap();
    let values = ["gracePeriod=15s", "minimumApprovals=2"];
    let options = Options {
        simulation: simulator::demo_tenant(12, 7),
        values: values
            .map(|value| format!("configuration.{value}"))
            .to_vec(),
        quiet: true,
        ..Options::default()
    };
    let stack = Stack::start(Some(folder.path()), options).await.unwrap();
    let tenant = stack.simulator.tenant().unwrap().clone();
    let case = stack.case("closures", tenant).await.unwrap();
    let carol = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "carol-too", "namespace": case.namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "closure-approver"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "carol"}],
    });
    case.cluster
        .apply("admin", &carol.to_string())
        .await
        .unwrap();
    case.apply().await.unwrap();
    until_told(&case, "Ready", "ApprovalsMissing", "0 of 2").await;
    let first = approve(&case, "bob").await;
    until_told(&case, "Ready", "ApprovalsMissing", "1 of 2").await;
    while Timestamp::now() <= first + grace {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let second = approve(&case, "carol").await;
    until_told(&case, "Ready", "GracePeriod", "").await;
    assert!(
        first + grace <= second,
        "the first is older than a whole period"
    );
    while effects(&case).await == 0 {
        let over = Timestamp::now() > second + SignedDuration::from_secs(90);
        assert!(!over, "it did not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let begun = Timestamp::now();
    assert!(begun >= second + grace, "{begun}, approved at {second}");
}

/// Nothing is given up for it: a step that takes longer than it should is told, with an event, and goes on.
#[tokio::test(flavor = "current_thread")]
async fn a_step_that_is_overdue_is_told_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        simulation: simulator::demo_tenant(12, 7),
        values: vec!["configuration.overdueAfter=1s".to_owned()],
        quiet: true,
        ..Options::default()
    };
    let stack = Stack::start(Some(folder.path()), options).await.unwrap();
    let bought = json!([{"kind": "Direct", "sku": "SPE_E5", "termEndDays": 5}]);
    let fields = json!({"users": 12, "subscriptions": bought});
    let case = applied_in(&stack, "overdue", fields).await;
    let diary = || Some(folder.path().join("overdue.log"));
    let late = "Step 2 CancelSubscriptions is overdue since ";
    // Bob approves, and nobody cancels the subscription.
    let mut nobody = Person::new(&case, false, diary());
    let told = tokio::select! {
        told = until_told(&case, "Reconciling", "StepOverdue", late) => told,
        trouble = nobody.live() => panic!("the persons: {trouble:?}"),
    };
    for says in [
        ": look at status.blockers for who has to cancel what",
        "; the work goes on. A person is needed: ",
    ] {
        assert!(told.contains(says), "{told}");
    }
    // It is neither stalled nor anything else than handed over.
    let status = case.closures().get(case::NAME).await.unwrap().status;
    let status = status.unwrap();
    let of = |name: &str| {
        let found = status.condition(name).unwrap();
        (found.status.clone(), found.reason.clone())
    };
    let handed = "CancelSubscriptionsHandOff".to_owned();
    assert_eq!(of("Ready"), ("False".to_owned(), handed));
    assert_eq!(of("Stalled").0, "False");
    let events: Api<Event> = Api::namespaced(stack.cluster.client("admin"), "overdue");
    let events = events.list(&ListParams::default()).await.unwrap().items;
    let events = events
        .iter()
        .filter(|one| one.reason.as_deref() == Some("StepOverdue"));
    let notes: Vec<_> = events.filter_map(|one| one.note.as_deref()).collect();
    // On a slow machine it is a step before this one that was late first: the event tells of the change to being late.
    let overdue = |note: &&str| note.contains(" is overdue since ");
    assert!(notes.iter().any(overdue), "{notes:?}");

    let mut person = Person::new(&case, true, diary());
    tokio::select! {
        _ = until_told(&case, "Closed", "TenantGone", "") => {}
        trouble = person.live() => panic!("the persons: {trouble:?}"),
    }
    let judged = case.portal.get("violations").await.unwrap();
    assert_eq!(judged["count"], 0, "{judged:#}");
}
