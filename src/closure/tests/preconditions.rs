use super::{decided, planned, reason};
use crate::closure::access::Who;
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::id::ObjectId;
use crate::closure::loss::Loss;
use crate::closure::observation::*;
use crate::closure::step::Step;
use crate::closure::steps::preconditions::make_plan;
use crate::closure::terms::Mode;
use jiff::{SignedDuration, Timestamp};

#[test]
fn the_plan_holds_no_name_that_somebody_gave() {
    let world = World::new(2).with(|w| {
        w.subscriptions = [
            Agreement::CustomerAgreement,
            Agreement::Azure,
            Agreement::CustomerAgreement,
        ]
        .into_iter()
        .zip(1..)
        .map(|(agreement, n)| subscription(n, agreement))
        .collect();
        w.subscriptions[1].name = "Jan Jansen".into();
        // As an account alone shows it.
        w.subscriptions[2].name = "Jan's".into();
        w.subscriptions[2].product = false;
    });
    let run = planned(world);
    let head = &run.plan.sealed.as_ref().unwrap().head;
    let names: Vec<&str> = head
        .subscriptions
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["SKU_1", "", ""]);
    assert!(!serde_json::to_string(head).unwrap().contains("Jan"));
    let called = head.subscriptions[1].called();
    assert_eq!(called, format!("subscription {}", head.subscriptions[1].id));
}

#[test]
fn what_is_lacking_blocks_with_its_reason() {
    let direct =
        || World::new(3).with(|w| w.subscriptions = vec![subscription(1, Agreement::Direct)]);
    let table: Vec<(&str, World)> = vec![
        (
            "BackupNotAcknowledged",
            World::new(3).with(|w| w.terms.backup = None),
        ),
        (
            "TooManyBegun",
            World::new(3).with(|w| w.cluster.begun_lately = 10),
        ),
        (
            "TooManyBegun",
            World::new(3).with(|w| w.cluster.configuration.begun_at_most = 0),
        ),
        (
            "LimitMissing",
            World::new(3).with(|w| w.terms.max_users = None),
        ),
        (
            "LimitExceeded",
            World::new(3).with(|w| w.terms.max_users = Some(2)),
        ),
        (
            "CancellationReasonMissing",
            direct().with(|w| w.terms.cancellation = None),
        ),
        (
            "LossNotAccepted",
            World::new(3).with(|w| {
                w.terms.accepted.clear();
                w.subscriptions = vec![subscription(1, Agreement::Azure)];
            }),
        ),
        (
            "RolesMissing",
            World::new(3).with(|w| w.identity.permissions.clear()),
        ),
        (
            "SpareAdminMissing",
            World::new(3).with(|w| w.terms.spare = Some("ghost".into())),
        ),
        (
            "SpareAdminIsRetained",
            World::new(3).with(|w| w.terms.spare = Some(w.terms.retained.clone())),
        ),
        (
            "ApprovalsMissing",
            World::new(3).with(|w| w.cluster.approvals.required = 2),
        ),
        (
            "AdmissionPolicyMissing",
            World::new(3).with(|w| w.cluster.approvals.policy_missing = true),
        ),
        (
            "GracePeriod",
            World::new(3).with(|w| {
                w.cluster.approvals.effective_at = Some(start() + SignedDuration::from_hours(1));
            }),
        ),
        (
            "NotBefore",
            World::new(3)
                .with(|w| w.terms.not_before = Some(start() + SignedDuration::from_hours(1))),
        ),
    ];
    for (wanted, world) in table {
        let mut run = Run::of(world);
        let decided = run.until(false, 3, |d| {
            !matches!(d.decision, Decision::MakePlan { .. })
        });
        assert_eq!(reason(&decided), wanted);
        assert_eq!(decided.step, Step::Preconditions);
        assert!(run.world.steps.is_empty());
    }
}

#[test]
fn all_obstacles_are_told_at_once() {
    let mut run = Run::of(World::new(3).with(|w| {
        w.terms.backup = None;
        w.terms.max_users = None;
        w.identity.permissions.clear();
    }));
    let Decision::Blocked(list) = run.cycle(false).decision else {
        panic!()
    };
    let reasons: Vec<_> = list.iter().map(|o| o.reason).collect();
    assert_eq!(
        reasons,
        ["BackupNotAcknowledged", "LimitMissing", "RolesMissing"]
    );
}

#[test]
fn roles_are_told_by_step_and_a_reader_can_still_plan() {
    let world = World::new(3).with_spare().with(|w| {
        w.terms.remove_applications = true;
        w.administrators.insert(id(0x1_0001));
        w.identity.permissions.clear();
        w.identity.directory_roles.clear();
    });
    let mut run = Run::of(world.clone());
    let blocked = run.until(false, 3, |d| matches!(d.decision, Decision::Blocked(_)));
    let Decision::Blocked(list) = blocked.decision else {
        panic!()
    };
    let wanted = "step 1 Users: the identity lacks User.ReadWrite.All; \
                  step 1 Users: the identity lacks the role Privileged Authentication Administrator; \
                  step 4 DisableMFA: the identity lacks Policy.ReadWrite.AuthenticationMethod; \
                  step 5 DeleteDirectory: the identity lacks the role Privileged Authentication Administrator; \
                  step 5 DeleteDirectory: the identity lacks Application.ReadWrite.All";
    assert_eq!(list[0].message, wanted);
    let mut run = Run::of(world.with(|w| w.terms.mode = Mode::Plan));
    let done = run.until(false, 5, |d| d.decision == Decision::Planned);
    let checks: Vec<_> = done.blockers.iter().map(|b| b.remedy.as_str()).collect();
    assert_eq!(checks.len(), 5, "{checks:?}");
    // Who only reads cannot tell what the other holds.
    run.world.terms.reader_of_its_own = true;
    let done = decided(&mut run, |_| {});
    assert_eq!(done.decision, Decision::Planned);
    assert!(done.blockers.is_empty());
    let mut identity = done.access.iter().filter(|n| n.who == Who::Identity);
    assert!(identity.all(|need| need.held.is_none()));
}

#[test]
fn no_approval_is_needed_where_none_is_required() {
    let mut run = planned(World::new(3).with(|w| {
        w.cluster.approvals = Approvals {
            policy_missing: true,
            ..Approvals::default()
        };
    }));
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
}

#[test]
fn a_revoked_approval_stops_the_work_and_a_lapsed_limit_too() {
    let mut run = planned(World::new(300));
    run.cycle(false);
    let revoked = decided(&mut run, |s| s.cluster.approvals.approvers.clear());
    assert_eq!(
        (reason(&revoked), revoked.step),
        ("ApprovalsMissing", Step::Users)
    );
    run.world.terms.max_users = Some(10);
    assert_eq!(reason(&decided(&mut run, |_| {})), "LimitExceeded");
}

#[test]
fn rejected_approvals_are_explained() {
    let mut run = planned(World::new(3));
    let told = decided(&mut run, |s| {
        s.cluster.approvals.approvers.clear();
        s.cluster.approvals.rejected = vec!["bob: expired".into()];
    });
    let Decision::AwaitApproval { message, .. } = told.decision else {
        panic!()
    };
    assert_eq!(
        message,
        "0 of 1 approvals for this plan; not counted: bob: expired"
    );
}

#[test]
fn a_plan_not_begun_within_a_day_is_made_again() {
    let mut run = planned(World::new(3).with(|w| w.cluster.approvals.approvers.clear()));
    run.world.now += SignedDuration::from_hours(25);
    assert_eq!(reason(&decided(&mut run, |_| {})), "PlanStale");
    let digest = run.plan.sealed.as_ref().unwrap().digest.clone();
    run.cycle(false);
    assert_eq!(
        run.plan.sealed.as_ref().unwrap().digest,
        digest,
        "the same tenant, the same plan"
    );
    assert_eq!(reason(&run.cycle(false)), "ApprovalsMissing");
}

#[test]
fn in_mode_plan_it_is_told_that_nothing_could_be_approved() {
    let mut run = planned(World::new(3).with(|w| w.terms.mode = Mode::Plan));
    assert!(run.look().0.blockers.is_empty());
    run.world.cluster.approvals.policy_missing = true;
    let told = run.look().0;
    assert_eq!(told.decision, Decision::Planned);
    assert_eq!(told.blockers[0].check, "AdmissionPolicyMissing");
    assert!(
        told.blockers[0]
            .remedy
            .contains("Install the policies that this operator ships")
    );
}

/// A grace period or a date that is further ahead than a plan keeps: a tenant in use has another user every day.
#[test]
fn a_plan_that_is_approved_is_not_made_again_for_its_age_while_time_is_waited_for() {
    let far = start() + SignedDuration::from_hours(72);
    let waits: [fn(&mut World, Timestamp); 2] = [
        |w, far| w.cluster.approvals.effective_at = Some(far),
        |w, far| w.terms.not_before = Some(far),
    ];
    for (wait, told) in waits.into_iter().zip(["GracePeriod", "NotBefore"]) {
        let mut run = planned(World::new(3).with(|w| wait(w, far)));
        let digest = run.plan.sealed.as_ref().unwrap().digest.clone();
        let new = id(0x9_0001);
        run.world.users.insert(new);
        run.world.now += SignedDuration::from_hours(48);
        assert_eq!(reason(&run.cycle(false)), told);
        // A new Global administrator is another matter, and so is an approval that counts no more.
        let other = id(0x1_0002);
        run.world.administrators.insert(other);
        assert_eq!(reason(&run.look().0), "OtherAdministrators");
        run.world.administrators.clear();
        let revoked = decided(&mut run, |s| s.cluster.approvals.approvers.clear());
        assert_eq!(reason(&revoked), "PlanStale");
        run.world.now += SignedDuration::from_hours(48);
        run.until(false, 60, |d| {
            matches!(d.decision, Decision::MakeSupplement)
        });
        assert_eq!(run.plan.sealed.as_ref().unwrap().digest, digest);
        assert!(
            !run.world.deleted.contains(&new),
            "who came meanwhile is in a supplement"
        );
        run.to_the_end();
        assert_eq!(run.world.deleted.len(), 4);
    }
}

/// A plan is one record: what it cannot hold is told instead of a plan that nobody can store.
#[test]
fn more_subscriptions_than_a_plan_names_are_told_before_users_are_listed() {
    for (mode, wanted) in [(Mode::Plan, "Planned"), (Mode::Execute, "ApprovalsMissing")] {
        let world = World::new(3).with(|w| {
            w.subscriptions = (0..501)
                .map(|n| subscription(n, Agreement::WithTenant))
                .collect();
            w.cluster.approvals.approvers.clear();
            w.terms.mode = mode;
        });
        let mut run = Run::of(world);
        let told = run.cycle(false);
        assert_eq!(reason(&told), "TooManySubscriptions", "{mode:?}");
        assert_eq!(told.standings["PreconditionsMet"].status, Some(false));
        let Decision::Blocked(list) = &told.decision else {
            panic!()
        };
        assert!(
            list[0]
                .message
                .contains("501 subscriptions, and a plan names 500")
        );
        assert!(!run.world.questions.contains_key(&Question::Users));
        // One that is gone stands in no plan; one that is counted in Azure and not listed stands among its losses.
        run.world.subscriptions[0].lifecycle = Lifecycle::Gone;
        let azure = Loss::in_azure(id(0x7_0001), Ok(0));
        run.world.losses.push(azure);
        assert_eq!(
            reason(&run.cycle(false)),
            "TooManySubscriptions",
            "{mode:?}"
        );
        run.world.losses.pop();
        assert!(matches!(
            run.cycle(false).decision,
            Decision::MakePlan { .. }
        ));
        assert_eq!(
            run.plan.sealed.as_ref().unwrap().head.subscriptions.len(),
            500
        );
        // What comes once it is made and good is another matter.
        run.world.subscriptions[0].lifecycle = Lifecycle::Active;
        assert_eq!(reason(&run.cycle(false)), wanted);
    }
}

/// Whom a plan cannot name would be drift once it has begun: told before anybody approves.
#[test]
fn more_global_administrators_than_a_plan_names_are_told_before_anything_begins() {
    let others = |n: u128| (0x1_0001..0x1_0001 + n).map(id);
    for mode in [Mode::Plan, Mode::Execute] {
        let world = World::new(500).with(|w| {
            w.administrators.extend(others(402));
            w.cluster.approvals.approvers.clear();
            w.terms.mode = mode;
        });
        let mut run = planned(world);
        let told = run.cycle(false);
        assert_eq!(reason(&told), "TooManyAdministrators", "{mode:?}");
        assert_eq!(told.standings["PreconditionsMet"].status, Some(false));
        let Decision::Blocked(list) = &told.decision else {
            panic!()
        };
        assert!(list[0].message.contains("402 Global administrators"));
        // The first of those whom the plan names, and one whom it does not.
        run.world.administrators.remove(&id(0x1_0001));
        assert_eq!(reason(&run.cycle(false)), "TooManyAdministrators");
        run.world.administrators.remove(&id(0x1_0002));
        assert_eq!(reason(&run.look().0), "OtherAdministrators");
        run.cycle(false);
        let wanted = match mode {
            Mode::Plan => "Planned",
            Mode::Execute => "ApprovalsMissing",
        };
        assert_eq!(reason(&run.cycle(false)), wanted);
        let head = &run.plan.sealed.as_ref().unwrap().head;
        assert!(
            head.other_global_administrators
                .iter()
                .copied()
                .eq(others(402).skip(2))
        );
    }
}

#[test]
fn a_plan_of_another_application_is_made_again() {
    let mut run = planned(World::new(3).with(|w| w.cluster.approvals.approvers.clear()));
    assert_eq!(reason(&decided(&mut run, |_| {})), "ApprovalsMissing");
    run.world.identity.app_id = id(0xB1);
    assert_eq!(reason(&run.cycle(false)), "OtherApplication");
    assert_eq!(reason(&run.cycle(false)), "ApprovalsMissing");
    assert_eq!(run.plan.sealed.as_ref().unwrap().head.app_id, id(0xB1));
}

#[test]
fn a_plan_once_begun_is_not_stale() {
    let mut run = planned(World::new(300));
    run.cycle(false);
    run.world.now += SignedDuration::from_hours(200);
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
}

#[test]
fn the_plan_names_everyone_but_who_stays_and_needs_a_complete_listing() {
    let mut run = planned(World::new(3).with_spare());
    let sealed = run.plan.sealed.clone().unwrap();
    assert_eq!(sealed.users.len(), 3);
    assert_eq!(sealed.allowed(), vec![id(RETAINED), id(SPARE)]);
    assert!(sealed.users.iter().all(|u| !sealed.allowed().contains(u)));
    let mut seen = super::all_seen(&mut run.world, &run.memory);
    assert!(make_plan(&run.plan, &mut seen).is_some());
    let mut seen = super::all_seen(&mut run.world, &run.memory);
    if let Fact::Known(users) = &mut seen.users {
        users.ids.retain(|u| *u != id(RETAINED));
    }
    assert!(make_plan(&run.plan, &mut seen).is_none());
}

#[test]
fn a_listing_without_the_retained_administrator_is_waited_for() {
    let mut run = Run::of(World::new(3));
    let told = decided(&mut run, |s| {
        if let Fact::Known(users) = &mut s.users {
            users.ids.retain(|u| *u != id(RETAINED));
        }
    });
    assert_eq!(reason(&told), "ListingIncomplete");
}

#[test]
fn a_proof_of_the_retained_administrator_is_asked_where_the_configuration_asks() {
    let now = start();
    let (young, old) = (
        now - SignedDuration::from_hours(13 * 24),
        now - SignedDuration::from_hours(15 * 24),
    );
    let asked = |proof: Option<(ObjectId, Timestamp)>| {
        let mut run = planned(World::new(3));
        decided(&mut run, |s| {
            s.cluster.configuration.proof_days = Some(14);
            s.cluster.proofs.extend(proof);
        })
    };
    let retained = planned(World::new(3)).world.retained.id;
    for proof in [None, Some((id(0x77), young)), Some((retained, old))] {
        assert_eq!(reason(&asked(proof)), "RetainedAdminUnproven", "{proof:?}");
    }
    assert_eq!(reason(&asked(Some((retained, young)))), "DeleteUsers");
    let mut run = planned(World::new(3));
    assert_eq!(
        reason(&decided(&mut run, |_| {})),
        "DeleteUsers",
        "not asked"
    );
    // Once users are gone it is too late to ask.
    run.cycle(true);
    assert!(run.memory.destroying_since.is_some());
    let later = decided(&mut run, |s| s.cluster.configuration.proof_days = Some(14));
    assert_ne!(reason(&later), "RetainedAdminUnproven");
}
