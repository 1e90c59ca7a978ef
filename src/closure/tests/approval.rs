use super::{decided, planned, reason, verified};
use crate::closure::decision::{Approval, Decided, Decision, HandOff};
use crate::closure::fixtures::*;
use crate::closure::observation::{Agreement, Approvals, Observation};
use crate::closure::report::{self, Phase};
use crate::closure::step::Step;
use crate::closure::terms::{Mode, Terms};
use jiff::{SignedDuration, Timestamp};

/// Alice's approval is over, and nobody else's counts.
fn over(approvals: &mut Approvals) {
    approvals.expired = std::mem::take(&mut approvals.approvers);
    approvals.valid_until = None;
    approvals.rejected = vec!["one has expired".into()];
}

fn expired(seen: &mut Observation) {
    over(&mut seen.cluster.approvals);
}

const WORDS: &str = "0 of 1 approvals for this plan still count, the time of 1 is over: approve the same plan again: kubectl tenant-closure approve";

fn standing(decided: &Decided) -> (Option<bool>, &'static str, &str) {
    let one = &decided.standings["Approved"];
    (one.status, one.reason, &one.message)
}

#[test]
fn the_end_is_announced_a_week_ahead_and_the_closure_goes_on() {
    let mut run = planned(World::new(100));
    let end = run.world.now + SignedDuration::from_hours(8 * 24);
    run.world.cluster.approvals.valid_until = Some(end);
    let before = run.cycle(false);
    assert_eq!(
        standing(&before),
        (
            Some(true),
            "QuorumReached",
            "1 of 1 approvals for this plan"
        )
    );
    let known = Approval {
        required: 1,
        given: 1,
        valid_until: Some(end),
    };
    assert_eq!(before.approval, Some(known));
    run.world.now += SignedDuration::from_hours(25);
    let soon = decided(&mut run, |_| {});
    assert_eq!(
        standing(&soon),
        (
            Some(true),
            "ApprovalExpiresSoon",
            "1 of 1 approvals for this plan; within a week they no longer suffice: approve the same plan again: \
             kubectl tenant-closure approve"
        )
    );
    assert_eq!(reason(&soon), "DeleteUsers");
    assert_eq!(
        report::tell(&run.plan, &run.memory, &soon).approval,
        Some(known)
    );
}

#[test]
fn before_it_began_an_expired_approval_is_told_as_such() {
    let mut run = planned(World::new(100));
    let told = decided(&mut run, expired);
    assert_eq!(
        (reason(&told), told.step),
        ("ApprovalExpired", Step::Preconditions)
    );
    assert_eq!(standing(&told), (Some(false), "ApprovalExpired", WORDS));
}

#[test]
fn a_running_closure_waits_for_the_same_plan_to_be_approved_again() {
    let mut run = planned(World::new(100));
    run.cycle(false);
    let digest = run.plan.sealed.as_ref().unwrap().digest.clone();
    run.world.now += SignedDuration::from_hours(24 * 60);
    over(&mut run.world.cluster.approvals);
    let told = run.cycle(false);
    assert_eq!((reason(&told), told.step), ("ApprovalExpired", Step::Users));
    let report = report::tell(&run.plan, &run.memory, &told);
    assert_eq!(
        (report.phase, report.summary.as_str()),
        (Phase::AwaitingApproval, WORDS)
    );
    assert_eq!(
        (report.blockers[0].check.as_str(), report.blockers[0].state),
        ("Approval", "blocked")
    );
    assert_eq!(report.blockers[0].remedy, WORDS);
    assert_eq!(run.world.deleted.len(), 50, "nobody goes meanwhile");
    run.world.cluster.approvals = cluster().approvals;
    assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
    assert_eq!(
        run.plan.sealed.as_ref().unwrap().digest,
        digest,
        "the same plan"
    );
}

/// The grace period is for what has not begun: a renewed approval is not held back by it, nor by one that was made longer.
#[test]
fn of_what_has_begun_a_renewed_approval_counts_at_once() {
    let mut run = planned(World::new(100));
    let grace = |run: &mut Run| {
        let until = run.world.now + SignedDuration::from_hours(1);
        run.world.cluster.approvals = Approvals {
            effective_at: Some(until),
            ..cluster().approvals
        };
    };
    grace(&mut run);
    assert_eq!(reason(&decided(&mut run, |_| {})), "GracePeriod");
    run.world.now += SignedDuration::from_hours(2);
    assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
    over(&mut run.world.cluster.approvals);
    assert_eq!(reason(&run.cycle(false)), "ApprovalExpired");
    grace(&mut run);
    let told = run.cycle(false);
    assert_eq!(reason(&told), "DeleteUsers");
    assert_eq!(standing(&told).1, "QuorumReached");
}

/// The API server's clock, by which an approval is dated, is behind the operator's.
#[test]
fn nothing_begins_before_both_clocks_have_come_to_its_time() {
    let seconds = SignedDuration::from_secs;
    let begins: [(&str, fn(&mut World, Timestamp)); 2] = [
        ("GracePeriod", |world, at| {
            world.cluster.approvals.effective_at = Some(at);
        }),
        ("NotBefore", |world, at| world.terms.not_before = Some(at)),
    ];
    for (waits, begin) in begins {
        let mut run = planned(World::new(100));
        let at = run.world.now + seconds(60);
        begin(&mut run.world, at);
        run.world.cluster.behind = seconds(20);
        run.world.now += seconds(79);
        assert_eq!(reason(&decided(&mut run, |_| {})), waits);
        run.world.now += seconds(1);
        assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
    }
}

/// Of a supplement likewise: it has a grace period of its own until it has begun.
#[test]
fn a_supplement_has_its_own_grace_period() {
    let mut run = planned(World::new(3));
    while run.world.deleted.is_empty() {
        run.cycle(false);
    }
    let new = |n: u128| id(0x9_0000 + n);
    run.world.users.extend((1..=60).map(new));
    let grace = |run: &Run| Approvals {
        effective_at: Some(run.world.now + SignedDuration::from_hours(1)),
        ..cluster().approvals
    };
    run.world.supplements_approved = Some(grace(&run));
    run.until(false, 60, |d| reason(d) == "GracePeriod");
    assert_eq!(run.world.deleted.len(), 3);
    run.world.now += SignedDuration::from_hours(2);
    run.until(false, 20, |_| true);
    while run.world.deleted.len() == 3 {
        run.cycle(false);
    }
    assert!(run.world.deleted.len() < 63, "some are left");
    let renewed = grace(&run);
    run.world.cluster.supplements.insert(1, renewed);
    assert_eq!(reason(&run.cycle(false)), "DeleteUsers", "it has begun");
}

#[test]
fn what_waits_or_is_in_a_persons_hands_is_looked_at_all_the_same() {
    let mut run = verified(World::new(3).with(|w| {
        w.subscriptions = vec![
            subscription(1, Agreement::CustomerAgreement),
            subscription(2, Agreement::Direct),
        ];
        w.subscriptions[0].cancelable = false;
        w.subscriptions[0].auto_renew = false;
    }));
    over(&mut run.world.cluster.approvals);
    let told = run.cycle(false);
    assert_eq!(reason(&told), "CancelSubscription");
    let report = report::tell(&run.plan, &run.memory, &told);
    assert_eq!(report.phase, Phase::AwaitingHandOff);
    assert_eq!(report.blockers[0].check, "Approval");
    assert_eq!(standing(&told).1, "ApprovalExpired");
    run.world.subscriptions.remove(1);
    assert_eq!(reason(&run.cycle(false)), "WaitingTermEnd");
    run.world.subscriptions.clear();
    // The person presses Delete: that the tenant is gone is read and recorded, which changes nothing.
    run.until(true, 40, |d| d.decision == Decision::Closed);
}

#[test]
fn an_effect_of_any_step_is_held_back() {
    let mut run = verified(World::new(3).with_spare().with(|w| {
        w.subscriptions = vec![subscription(1, Agreement::CustomerAgreement)];
    }));
    over(&mut run.world.cluster.approvals);
    let told = run.cycle(true);
    assert_eq!(
        (reason(&told), told.step),
        ("ApprovalExpired", Step::CancelSubscriptions)
    );
    run.world.subscriptions.clear();
    let told = run.cycle(true);
    assert_eq!(
        (reason(&told), told.step),
        ("ApprovalExpired", Step::DisableMfa)
    );
}

#[test]
fn the_users_are_still_verified() {
    let mut run = planned(World::new(30));
    run.cycle(false);
    over(&mut run.world.cluster.approvals);
    assert_eq!(reason(&run.cycle(false)), "VerifyUsers");
}

#[test]
fn a_revoked_approval_stops_everything_as_before() {
    let mut run = verified(
        World::new(3).with(|w| w.subscriptions = vec![subscription(1, Agreement::Direct)]),
    );
    let told = decided(&mut run, |seen| seen.cluster.approvals.approvers.clear());
    assert_eq!(reason(&told), "ApprovalsMissing");
}

/// The way in is gone, and all that is left is that a person presses Delete: that is withdrawn as an effect would be.
#[test]
fn what_is_handed_over_from_outside_is_withdrawn_with_the_approval() {
    let mut run = verified(World::new(3));
    run.memory.own_identity_removed = true;
    let told = decided(&mut run, |_| {});
    assert_eq!(reason(&told), "DeleteDirectory");
    assert_eq!(standing(&told).1, "QuorumReached");

    let revoked = |seen: &mut Observation| seen.cluster.approvals.approvers.clear();
    let told = decided(&mut run, revoked);
    assert_eq!(reason(&told), "ApprovalsMissing");
    assert_eq!(standing(&told).1, "ApprovalsMissing");
    let unguarded = |seen: &mut Observation| seen.cluster.approvals.policy_missing = true;
    assert_eq!(
        reason(&decided(&mut run, unguarded)),
        "AdmissionPolicyMissing"
    );
    let off = |seen: &mut Observation| seen.cluster.configuration.kill_switch = true;
    assert_eq!(reason(&decided(&mut run, off)), "KillSwitch");
    for brake in [
        (|terms: &mut Terms| terms.suspend = true) as fn(&mut Terms),
        |terms| terms.hold = Some("matter 12/2026".to_owned()),
        |terms| terms.mode = Mode::Plan,
    ] {
        let mut braked = run.clone();
        brake(&mut braked.world.terms);
        let told = decided(&mut braked, |_| {});
        let report = report::tell(&braked.plan, &braked.memory, &told);
        assert!(report.hand_offs.is_empty(), "{told:?}");
    }
    // That it is gone is seen all the same.
    run.world.gone = true;
    assert_eq!(reason(&decided(&mut run, revoked)), "VerifyDirectoryGone");
    run.world.terms.mode = Mode::Plan;
    assert_eq!(reason(&decided(&mut run, |_| {})), "VerifyDirectoryGone");
}

/// An approval that only ended withdraws nothing, and who is to act is told that it has.
#[test]
fn what_is_handed_over_under_an_approval_that_ended_says_so() {
    let mut direct = verified(
        World::new(3).with(|w| w.subscriptions = vec![subscription(1, Agreement::Direct)]),
    );
    let mut inside = verified(World::new(3));
    let mut outside = inside.clone();
    outside.memory.own_identity_removed = true;
    for (run, key) in [
        (&mut direct, "CancelSubscription"),
        (&mut inside, "DeleteDirectory"),
        (&mut outside, "DeleteDirectory"),
    ] {
        let told = |run: &mut Run, change: fn(&mut Observation)| {
            let told = decided(run, change);
            assert_eq!(reason(&told), key);
            report::tell(&run.plan, &run.memory, &told)
        };
        let before = told(run, |_| {});
        let after = told(run, expired);
        let ended = "The approval of this plan has ended: see that the same plan is approved again before you do this. ";
        assert_eq!(
            after.hand_offs[0].what,
            format!("{ended}{}", before.hand_offs[0].what)
        );
        assert!(after.summary.contains(ended), "{}", after.summary);
        assert_eq!(after.blockers[0].check, "Approval");
        let attest = |all: &[HandOff]| all.iter().find(|one| one.key == "AttestChecks").cloned();
        assert_eq!(attest(&after.hand_offs), attest(&before.hand_offs));
    }
}

#[test]
fn eleven_months_with_an_approval_every_90_days_get_to_the_end() {
    let mut run = planned(World::new(30).with(|w| {
        w.subscriptions = vec![subscription(1, Agreement::CustomerAgreement)];
        w.subscriptions[0].cancelable = false;
        w.subscriptions[0].auto_renew = false;
        w.subscriptions[0].next_change = Some(start() + SignedDuration::from_hours(24 * 330));
        w.terms.poll_at_most = std::time::Duration::from_secs(6 * 3_600);
        w.terms.accepted.push(accepted("TermAhead"));
    }));
    let days = |n: i64| SignedDuration::from_hours(24 * n);
    let mut end = run.world.now + days(90);
    let (mut announced, mut over_for) = (0, 0);
    for _ in 0..3_000 {
        let approvals = &mut run.world.cluster.approvals;
        *approvals = cluster().approvals;
        approvals.valid_until = Some(end);
        if run.world.now >= end {
            over(approvals);
        }
        let told = run.cycle(true);
        match standing_or_none(&told) {
            Some("ApprovalExpiresSoon") => announced += 1,
            Some("ApprovalExpired") => over_for += 1,
            _ => {}
        }
        if told.decision == Decision::Closed {
            break;
        }
        // The persons let it lapse for some days each time.
        if run.world.now > end + days(3) {
            end = run.world.now + days(90);
        }
    }
    assert!(
        run.memory.directory_gone_at.is_some(),
        "{:?}",
        run.told.last()
    );
    assert!(announced > 20 && over_for > 10, "{announced}, {over_for}");
}

fn standing_or_none(decided: &Decided) -> Option<&'static str> {
    decided.standings.get("Approved").map(|one| one.reason)
}
