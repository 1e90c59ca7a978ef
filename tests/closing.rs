//! Whole closures on a real control plane, against the simulated tenant: what the journal says and what happened agree.
#![cfg(feature = "operator")]
#![allow(clippy::manual_assert)] // a message that is computed
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[path = "support/agreement.rs"]
mod agreement;
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
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;

use std::future::Future;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use agreement::{Agreement, Evidence, agree};
use case::{Case, NAME};
use cluster::Result;
use person::Person;
use serde_json::{Value, json};
use stack::{Options, Stack};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::access::table::{Kind, Right, TABLE, least};
use tenant_closure::closure::intent::Action;
use tenant_closure::closure::report::Phase;

/// For how long a whole closure may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A closure on a stack in a folder of its own.
struct Trial {
    case: Case,
    /// It runs for as long as it is held.
    stack: Rc<Stack>,
    folder: Rc<tempfile::TempDir>,
}

impl Trial {
    /// Programs end with the thread that starts them: each test runs on its own thread alone.
    async fn start(users: u32, slice: Option<u32>, arguments: &[&'static str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            simulation: simulator::demo_tenant(users, 7),
            slice,
            arguments: arguments.to_vec(),
            quiet: false,
            ..Options::default()
        };
        let stack = Stack::start(Some(folder.path()), options).await.unwrap();
        let tenant = stack.simulator.tenant().unwrap().clone();
        let case = stack.case("closures", tenant).await.unwrap();
        Self {
            case,
            stack: Rc::new(stack),
            folder: Rc::new(folder),
        }
    }

    /// A closure of such a tenant, beside, in a namespace of this name.
    async fn beside(&self, name: &str, mut tenant: Value) -> Self {
        tenant["initialDomain"] = json!(format!("{name}.onmicrosoft.com"));
        let tenant = self.stack.simulator.add(&tenant).await.unwrap();
        Self {
            case: self.stack.case(name, tenant).await.unwrap(),
            stack: self.stack.clone(),
            folder: self.folder.clone(),
        }
    }

    /// Where is told what its persons do.
    fn diary(&self) -> PathBuf {
        let name = format!("person-{}.log", self.case.namespace);
        self.folder.path().join(name)
    }

    async fn status(&self) -> TenantClosureStatus {
        let closure = self.case.closures().get(NAME).await.unwrap();
        closure.status.unwrap_or_default()
    }

    /// Does `work` while the persons do theirs.
    async fn with_persons<T>(&self, work: impl Future<Output = T>) -> T {
        let mut person = Person::new(&self.case, true, Some(self.diary()));
        tokio::select! {
            done = work => done,
            trouble = person.live() => panic!("the persons: {trouble:?}"),
        }
    }

    async fn until_phase(&self, phase: Phase, patience: Duration) -> TenantClosureStatus {
        let deadline = Instant::now() + patience;
        loop {
            let status = self.status().await;
            if status.phase == Some(phase) {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "not {phase:?} within {patience:?} but {:?}: {:?}\n{}{}",
                status.phase,
                status.summary,
                children::log_end(&self.folder.path().join("operator.log")),
                children::log_end(&self.diary()),
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn assert_no_rule_broken(&self) {
        let judged = self.case.portal.get("violations").await.unwrap();
        assert_eq!(judged["count"], 0, "{judged:#}");
    }
}

impl Trial {
    /// Alice applies it, and persons do their part until the tenant is gone; what journal and simulator agree on.
    async fn closes(&self) -> Agreement {
        self.case.apply().await.unwrap();
        self.with_persons(self.until_phase(Phase::Closed, PATIENCE))
            .await;
        let seen = self.case.portal.look().await.unwrap();
        assert_eq!(seen["deleted"], json!(true));
        self.assert_no_rule_broken().await;
        let evidence = Evidence::of(&self.case).await.unwrap();
        let agreement = agree(&evidence);
        let agreement = agreement.unwrap_or_else(|faults| panic!("{faults:#?}"));
        print!("{}: {agreement}", self.case.namespace);
        assert!(agreement.doubted.is_empty());
        agreement
    }
}

#[tokio::test(flavor = "current_thread")]
async fn closes_a_tenant_and_journal_and_simulator_agree() {
    let trial = Trial::start(120, None, &[]).await;
    let agreement = trial.closes().await;
    let seen = trial.case.portal.look().await.unwrap();
    assert_eq!(seen["usersLeft"], json!(1));
    println!("{}", trial.case.portal.get("stats").await.unwrap());
    assert_eq!(agreement.gone(Action::DeleteUsers), 119);
}

/// What the tenant of the demo has not: domains to release, policies and security defaults to switch off, and a directory
/// that Azure deletes.
#[tokio::test(flavor = "current_thread")]
async fn domains_switches_and_a_directory_that_azure_deletes_agree_as_well() {
    let first = Trial::start(10, None, &[]).await;
    let rights = TABLE.iter().filter(|right| right.kind == Kind::Permission);
    let rights: Vec<&Right> = rights.collect();
    let rights: Vec<&str> = least(&rights).iter().map(|right| right.name()).collect();
    let workforce = json!({
        "users": 20, "displayName": "Released", "closer": {"appRoles": rights},
        "domains": ["released.example", "shop.released.example", "free.example"],
        "domainReferences": [{"domain": "released.example", "usersPercent": 40, "groups": 2, "applications": 1}],
        "securityDefaults": true, "conditionalAccessPolicies": 3,
    });
    let mut workforce = first.beside("released", workforce).await;
    let policies = [1, 3].map(|n| workforce.case.portal.tenant.policy(n));
    let spec = &mut workforce.case.manifest["spec"];
    spec["domains"] =
        json!({"release": ["released.example", "shop.released.example", "free.example"]});
    spec["mfa"] =
        json!({"disableSecurityDefaults": true, "disableConditionalAccessPolicies": policies});
    let external =
        json!({"tenantType": "CIAM", "users": 15, "displayName": "External", "applications": 2});
    let external = first.beside("external", external).await;
    let (workforce, external) = tokio::join!(workforce.closes(), external.closes());

    assert_eq!(workforce.gone(Action::MakeDomainDefault), 1);
    let released = [Action::ReleaseDomain, Action::ForceReleaseDomain];
    let released = released.map(|action| workforce.effects(action));
    assert_eq!(released.iter().sum::<usize>(), 3, "{released:?}");
    assert!(released.iter().all(|count| *count > 0), "{released:?}");
    assert_eq!(workforce.gone(Action::DisableSecurityDefaults), 1);
    assert_eq!(workforce.gone(Action::DisablePolicies), 2);
    assert_eq!(external.effects(Action::DeleteDirectory), 1);
    assert_eq!(external.gone(Action::DeleteUsers), 14);
}
