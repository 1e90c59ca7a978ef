use super::{decided, planned, verified};
use crate::closure::decision::{Decided, Decision, Standing};
use crate::closure::fixtures::*;
use crate::closure::observation::Obstacle;
use crate::closure::report::{self, CONDITIONS, Phase, Report};
use crate::closure::step::Step;
use std::collections::BTreeMap;

fn condition<'a>(report: &'a Report, name: &str) -> &'a Standing {
    &report
        .conditions
        .iter()
        .find(|(n, _)| *n == name)
        .unwrap()
        .1
}

/// Only where they are asked for, which these closures do not.
const OPTIONAL: [&str; 2] = ["RenewalStopped", "DomainsReleased"];

fn told(run: &Run, decided: &Decided) -> Report {
    let report = report::tell(&run.plan, &run.memory, decided);
    let names: Vec<_> = report.conditions.iter().map(|(n, _)| *n).collect();
    let asked: Vec<_> = CONDITIONS
        .into_iter()
        .filter(|n| !OPTIONAL.contains(n))
        .collect();
    assert_eq!(names, asked);
    let is = |name: &str| condition(&report, name).status == Some(true);
    assert!(u8::from(is("Ready")) + u8::from(is("Reconciling")) + u8::from(is("Stalled")) <= 1);
    report
}

#[test]
fn the_middle_of_step_one() {
    let mut run = planned(World::new(100));
    run.cycle(false);
    let decided = decided(&mut run, |_| {});
    let report = told(&run, &decided);
    assert_eq!(report.phase, Phase::Running);
    assert_eq!(report.progress, "50/100 (50%)");
    assert_eq!(report.summary, "50 of 100 users deleted, none failed");
    let words: Vec<_> = report
        .conditions
        .iter()
        .map(|(n, s)| (*n, s.status, s.reason))
        .collect();
    assert_eq!(
        words,
        [
            ("Ready", Some(false), "DeletingUsers"),
            ("Reconciling", Some(true), "DeletingUsers"),
            ("Stalled", Some(false), "Progressing"),
            ("PreconditionsMet", Some(true), "AllMet"),
            ("Approved", Some(true), "QuorumReached"),
            ("DirectorySyncDisabled", Some(true), "NeverEnabled"),
            ("UsersDeleted", Some(false), "InProgress"),
            ("SubscriptionsCanceled", None, "NotStarted"),
            ("SubscriptionsDeleted", None, "NotStarted"),
            ("MFADisabled", None, "NotStarted"),
            ("DeletionChecksPassed", None, "NotStarted"),
            ("DirectoryDeleted", None, "NotStarted"),
            ("Closed", Some(false), "InProgress"),
        ]
    );
}

#[test]
fn a_stall_names_its_reason_and_keeps_what_was_proven() {
    let mut run = verified(World::new(3));
    let decided = decided(&mut run, |s| s.cluster.configuration.kill_switch = true);
    let report = told(&run, &decided);
    assert_eq!(report.phase, Phase::Stalled);
    assert_eq!(condition(&report, "Stalled").reason, "KillSwitch");
    assert_eq!(condition(&report, "Stalled").status, Some(true));
    assert_eq!(condition(&report, "UsersDeleted").status, Some(true));
    assert_eq!(condition(&report, "Reconciling").status, Some(false));
    let since = report::tell_since(&run.plan, &run.memory, &decided, Step::DeleteDirectory);
    assert_eq!(condition(&since, "MFADisabled").status, Some(true));
}

#[test]
fn phases() {
    let plan = planned(World::new(3));
    let obstacle = Obstacle::new("Some", "a", "b");
    let table = [
        (Decision::Planned, Phase::Planned),
        (Decision::Suspended, Phase::Suspended),
        (Decision::Closed, Phase::Closed),
        (
            Decision::MakePlan {
                reason: "FirstPlan",
            },
            Phase::Planning,
        ),
        (
            Decision::AwaitApproval {
                reason: "ApprovalsMissing",
                message: "m".into(),
            },
            Phase::AwaitingApproval,
        ),
        (Decision::Blocked(vec![obstacle]), Phase::Stalled),
        (Decision::HandOff(Vec::new()), Phase::AwaitingHandOff),
        (Decision::Blocked(Vec::new()), Phase::Stalled),
        (Decision::Read(Vec::new()), Phase::Planning),
    ];
    for (decision, phase) in table {
        let decided = Decided {
            step: Step::Preconditions,
            decision,
            standings: BTreeMap::new(),
            progress: BTreeMap::new(),
            blockers: Vec::new(),
            checks: Vec::new(),
            ticket: None,
            access: Vec::new(),
            warnings: None,
            approval: None,
            supplement: None,
            acceptance: None,
            announced: None,
            overdue: None,
        };
        let report = told(&plan, &decided);
        assert_eq!(report.phase, phase);
        assert_eq!(report.progress, "-");
    }
}

#[test]
fn the_first_report_has_every_condition() {
    let mut terms = terms();
    assert_eq!(report::first(&terms).conditions.len(), 13);
    terms.stop_renewal_first = true;
    terms.release_domains = vec!["contoso.nl".into()];
    assert_eq!(report::first(&terms).conditions.len(), 15);
}

#[test]
fn a_try_in_vain_is_told_as_one() {
    let protected = World::new(3).with(|w| w.protected = [id(0x1_0002)].into());
    let mut run = planned(protected);
    let stalled = run.until(
        false,
        20,
        |d| matches!(&d.decision, Decision::Blocked(list) if list[0].reason == "UsersRefused"),
    );
    assert!(report::TRIED_AGAIN.contains(&"UsersRefused"));
    assert!(!told(&run, &stalled).fruitless);
    let mut tries = 0;
    while tries < 4 {
        let decided = run.cycle(false);
        if matches!(decided.decision, Decision::Act(_)) {
            tries += 1;
            assert!(told(&run, &decided).fruitless, "{decided:?}");
        }
    }
    run.world.protected.clear();
    let helped = run.until(false, 20, |d| matches!(d.decision, Decision::Act(_)));
    assert!(!told(&run, &helped).fruitless);
}

#[test]
fn what_became_of_an_effect_and_cannot_be_read() {
    use crate::closure::intent::Action;
    use crate::closure::observation::{Refused, Why};
    use crate::closure::steps::facts::unsettled;
    let table = [
        (
            Some(Why::CredentialRefused(Refused::Otherwise)),
            "CredentialRefused",
            "does not accept the credential",
        ),
        (
            Some(Why::Forbidden),
            "PermissionDenied",
            "may not read the users",
        ),
        (
            Some(Why::Malformed),
            "UnexpectedAnswer",
            "answered about the users",
        ),
        (
            Some(Why::Unavailable),
            "MicrosoftUnavailable",
            "looked at again",
        ),
        (None, "MicrosoftUnavailable", "looked at again"),
    ];
    for (why, reason, words) in table {
        let (told, message) = match unsettled(Action::DeleteUsers, why) {
            Decision::Blocked(list) => (list[0].reason, list[0].message.clone()),
            Decision::Wait(waiting) => (waiting.reason, waiting.message),
            other => panic!("{other:?}"),
        };
        assert_eq!(told, reason);
        assert!(message.contains(words), "{message}");
    }
}
