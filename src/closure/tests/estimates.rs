use super::{decided, planned, reason};
use crate::closure::decision::Decision;
use crate::closure::estimate;
use crate::closure::fixtures::*;
use crate::closure::observation::*;
use jiff::SignedDuration;

fn of(world: World) -> (estimate::Estimate, SignedDuration) {
    let run = planned(world);
    let made_at = run.memory.plan.as_ref().unwrap().made_at;
    let estimate = estimate::of_plan(run.plan.sealed.as_ref().unwrap(), &run.plan.terms, made_at);
    let takes = estimate.earliest.duration_since(made_at);
    (estimate, takes)
}

fn bought(agreement: Agreement, days: Option<i64>) -> World {
    World::new(3).with(|w| {
        let mut one = subscription(1, agreement);
        one.next_change = days.map(|days| start() + SignedDuration::from_hours(24 * days));
        w.subscriptions = vec![one];
        w.terms.accepted.push(accepted("TermAhead"));
    })
}

#[test]
fn the_longest_known_wait_dominates() {
    use Agreement::{Azure, CustomerAgreement, Direct, Partner, Unknown};
    for (what, word, hours) in [
        (None, "WriteQuota", 0),
        (Some((Azure, None)), "AzureDelete", 0),
        (Some((Direct, None)), "Deprovisioning", 72),
        (Some((CustomerAgreement, Some(30))), "SubscriptionTerm", 720),
        (Some((Partner, Some(300))), "SubscriptionTerm", 7_200),
        (Some((CustomerAgreement, None)), "WriteQuota", 0),
        // Bought by self-service it is gone once canceled: the bound must hold for it, too.
        (Some((Unknown, Some(30))), "WriteQuota", 0),
    ] {
        let world = what.map_or_else(|| World::new(3), |(how, days)| bought(how, days));
        let (estimate, takes) = of(world);
        assert_eq!(estimate.dominated_by, word, "{}", estimate.message);
        let hour = SignedDuration::from_hours(1);
        let off = takes - SignedDuration::from_hours(hours);
        assert!(off.abs() < hour, "{word}: {takes:?}");
    }
}

#[test]
fn what_runs_out_already_may_be_gone_before_72_hours() {
    for (days, hours) in [(Some(1), 24), (Some(30), 72), (Some(-1), 0), (None, 72)] {
        let world = bought(Agreement::Direct, days)
            .with(|w| w.subscriptions[0].lifecycle = Lifecycle::Disabled);
        let (estimate, takes) = of(world);
        let off = takes - SignedDuration::from_hours(hours);
        assert!(off.abs() < SignedDuration::from_hours(1), "{takes:?}");
        assert_eq!(estimate.dominated_by == "WriteQuota", hours == 0);
    }
}

#[test]
fn conditional_access_has_a_lane_of_its_own() {
    let sealed = planned(World::new(3)).plan.sealed.unwrap();
    let mut with = (*sealed).clone();
    with.head.policies = vec![sealed.head.retained; 50];
    let at = |sealed| estimate::of_plan(sealed, &World::new(3).terms, start()).earliest;
    let more = at(&with).duration_since(at(&sealed));
    // 50 of them at 1/s, rounded to the minute.
    assert_eq!(more.as_mins(), 1);
}

#[test]
fn what_may_not_begin_yet_takes_until_then() {
    let (estimate, takes) = of(bought(Agreement::CustomerAgreement, Some(30))
        .with(|w| w.terms.not_before = Some(start() + SignedDuration::from_hours(1_000))));
    assert_eq!(estimate.dominated_by, "NotBefore", "{}", estimate.message);
    assert!((999..=1_001).contains(&takes.as_hours()), "{takes:?}");
}

#[test]
fn what_no_program_can_tell_is_said_beside_the_bound() {
    let (estimate, _) = of(bought(Agreement::Unknown, None));
    let words = "how 1 subscription was bought no program can read: what was bought directly takes 72 hours more";
    assert!(estimate.message.contains(words), "{}", estimate.message);
    let (known, _) = of(bought(Agreement::Direct, None));
    assert!(!known.message.contains("no program"), "{}", known.message);
}

#[test]
fn many_users_take_what_the_quota_says() {
    let (estimate, takes) = of(World::new(10_000).with(|w| w.terms.max_users = Some(20_000)));
    assert_eq!(estimate.dominated_by, "WriteQuota");
    // 350 s of the quota and 15 s between two listings, rounded to the minute.
    assert!((5..=7).contains(&takes.as_mins()), "{takes:?}");
    assert!(!estimate.message.contains("sync"));
    let (synced, _) = of(World::new(3).with(|w| w.sync = true));
    assert!(
        synced.message.contains("up to 72 hours"),
        "{}",
        synced.message
    );
}

/// Bought so, with a term that ends far ahead, which nobody accepted: what stands in the way.
fn blocked_by_its_term(agreement: Agreement) -> (Run, Vec<Obstacle>) {
    let mut world = bought(agreement, Some(330));
    world.terms.accepted.clear();
    let mut run = Run::of(world);
    let told = decided(&mut run, |_| {});
    assert_eq!(reason(&told), "TermAhead");
    let Decision::Blocked(obstacles) = told.decision else {
        panic!("{told:?}");
    };
    (run, obstacles)
}

#[test]
fn a_term_far_ahead_blocks_until_it_is_accepted_by_name() {
    let (mut run, obstacles) = blocked_by_its_term(Agreement::CustomerAgreement);
    assert!(obstacles[0].message.contains("renews or ends on"));
    assert!(obstacles[0].remedy.contains("spec.accept"));
    run.plan.terms.accepted.push(accepted("TermAhead"));
    run.world.terms.accepted.push(accepted("TermAhead"));
    assert_ne!(reason(&decided(&mut run, |_| {})), "TermAhead");
}

#[test]
fn what_may_run_to_the_end_of_its_term_blocks_as_well() {
    let (mut run, obstacles) = blocked_by_its_term(Agreement::Unknown);
    let says = "if it runs to the end of its term: no program can read how it was bought";
    assert!(obstacles[0].message.contains(says), "{obstacles:?}");
    for says in ["spec.billing.accounts", "spec.accept", "recurring billing"] {
        assert!(obstacles[0].remedy.contains(says), "{obstacles:?}");
    }
    // One that is disabled already can be deleted, or runs out.
    run.world.subscriptions[0].lifecycle = Lifecycle::Disabled;
    assert_ne!(reason(&decided(&mut run, |_| {})), "TermAhead");
}

#[test]
fn a_term_that_delays_nothing_does_not_block() {
    for (agreement, days) in [
        (Agreement::Unknown, Some(-1)),
        (Agreement::Unknown, None),
        (Agreement::CustomerAgreement, Some(2)),
        (Agreement::CustomerAgreement, None),
        (Agreement::Direct, Some(200)),
        (Agreement::Partner, None),
    ] {
        let mut world = bought(agreement, days);
        world.terms.accepted.clear();
        // Only an account tells that it renews.
        let graph = matches!(agreement, Agreement::Unknown | Agreement::Partner);
        world.subscriptions[0].auto_renew = !graph;
        let mut run = planned(world);
        assert_ne!(
            reason(&decided(&mut run, |_| {})),
            "TermAhead",
            "{agreement:?}"
        );
    }
}

#[test]
fn what_the_partner_can_still_cancel_does_not_run_to_its_end() {
    let mut world = bought(Agreement::Partner, Some(330));
    world.terms.accepted.clear();
    let now = world.now;
    let one = &mut world.subscriptions[0];
    one.resource = Some("/v1/customers/c/subscriptions/1".into());
    one.cancel_until = Some(now + SignedDuration::from_hours(48));
    let mut run = Run::of(world);
    assert_ne!(reason(&decided(&mut run, |_| {})), "TermAhead");
    // Too little time is left to delete the users first.
    run.world.subscriptions[0].cancel_until = Some(now);
    assert_eq!(reason(&decided(&mut run, |_| {})), "TermAhead");
}

#[test]
fn a_renewal_that_comes_first_and_that_we_cannot_stop_blocks() {
    let mut world = bought(Agreement::Partner, Some(1));
    world.terms.accepted.clear();
    world.subscriptions[0].auto_renew = true;
    let mut run = Run::of(world);
    assert_eq!(reason(&decided(&mut run, |_| {})), "TermAhead");
}

#[test]
fn what_renews_before_it_may_begin_blocks_whoever_would_end_it() {
    let in_days = |days: i64| start() + SignedDuration::from_hours(24 * days);
    for (not_before, blocks) in [(None, false), (Some(10), true), (Some(1), false)] {
        let mut world = bought(Agreement::CustomerAgreement, Some(2));
        world.terms.accepted.clear();
        world.terms.not_before = not_before.map(in_days);
        world.subscriptions[0].auto_renew = true;
        world.subscriptions[0].resource = Some("/providers/Microsoft.Billing/1".into());
        let told = decided(&mut Run::of(world), |_| {});
        assert_eq!(reason(&told) == "TermAhead", blocks, "{told:?}");
    }
}

/// What stands in the way, if it is a term.
fn ahead(run: &mut Run) -> Option<Obstacle> {
    match decided(run, |_| {}).decision {
        Decision::Blocked(list) => list.into_iter().find(|one| one.reason == "TermAhead"),
        _ => None,
    }
}

#[test]
fn what_may_renew_tomorrow_blocks_where_no_account_tells_of_it() {
    for (agreement, says) in [
        (Agreement::Unknown, "no program can read how it was bought"),
        (Agreement::Partner, "the partner alone sees which"),
    ] {
        for days in [1, 2, 3] {
            let mut world = bought(agreement, Some(days));
            world.terms.accepted.clear();
            // Graph tells nothing of it.
            world.subscriptions[0].auto_renew = false;
            let mut run = Run::of(world);
            let told = ahead(&mut run).unwrap_or_else(|| panic!("{agreement:?} {days}"));
            assert!(told.message.contains(says), "{}", told.message);
            assert!(
                told.remedy.contains("spec.billing.accounts"),
                "{}",
                told.remedy
            );
            // One that is disabled does not renew.
            run.world.subscriptions[0].lifecycle = Lifecycle::Disabled;
            assert_eq!(ahead(&mut run), None, "{agreement:?} {days}");
        }
    }
    // The partner's account tells that it does not renew.
    let mut world = bought(Agreement::Partner, Some(2));
    world.terms.accepted.clear();
    let one = &mut world.subscriptions[0];
    one.auto_renew = false;
    one.term_end = one.next_change;
    assert_eq!(ahead(&mut Run::of(world)), None);
}

/// A world whose directory sync is on, with one subscription that changes in so many hours and that we can end.
fn synced(agreement: Agreement, hours: i64) -> World {
    World::new(3).with(|w| {
        w.sync = true;
        let mut one = subscription(1, agreement);
        one.resource = Some("/v1/customers/c/subscriptions/1".into());
        one.next_change = Some(start() + SignedDuration::from_hours(hours));
        one.auto_renew = false;
        w.subscriptions = vec![one];
    })
}

#[test]
fn a_window_that_closes_while_directory_sync_goes_off_is_no_window() {
    let closing = |hours: i64, sync: bool| {
        let mut world = synced(Agreement::Partner, 24 * 330);
        world.sync = sync;
        world.subscriptions[0].cancel_until = Some(start() + SignedDuration::from_hours(hours));
        ahead(&mut Run::of(world)).is_some()
    };
    assert_eq!((closing(48, false), closing(48, true)), (false, true));
    assert!(!closing(24 * 7, true), "time enough is left");
}

#[test]
fn a_renewal_while_directory_sync_goes_off_blocks_unless_it_is_stopped_first() {
    let renewing = |hours: i64, sync: bool, first: bool| {
        let mut world = synced(Agreement::CustomerAgreement, hours);
        world.sync = sync;
        world.subscriptions[0].auto_renew = true;
        world.terms.stop_renewal_first = first;
        ahead(&mut Run::of(world))
    };
    let told = renewing(48, true, false).expect("it renews before step 2");
    assert!(told.remedy.contains("stopRenewalFirst"), "{}", told.remedy);
    for (hours, sync, first) in [(48, false, false), (48, true, true)] {
        let told = renewing(hours, sync, first);
        assert_eq!(told, None, "{hours} {sync} {first}");
    }
}

#[test]
fn what_directory_sync_has_taken_already_it_does_not_take_again() {
    let mut world = synced(Agreement::Partner, 24 * 330);
    let closes = start() + SignedDuration::from_hours(100);
    world.subscriptions[0].cancel_until = Some(closes);
    let mut run = planned(world);
    assert_eq!(reason(&run.cycle(false)), "SwitchSyncOff");
    run.world.sync_off_at = Some(start() + SignedDuration::from_hours(71));
    run.world.now = start() + SignedDuration::from_hours(70);
    assert_eq!(ahead(&mut run), None, "two hours are left of its 72");
}

/// Directory sync takes days to go off: what comes to light meanwhile is no later than the first user.
#[test]
fn a_term_that_is_seen_while_directory_sync_goes_off_blocks_as_well() {
    let mut run = planned(synced(Agreement::Unknown, 24 * 330).with(|w| {
        w.subscriptions[0].next_change = None;
    }));
    assert_eq!(reason(&run.cycle(false)), "SwitchSyncOff");
    assert!(ahead(&mut run).is_none());
    run.world.subscriptions[0].next_change = Some(start() + SignedDuration::from_hours(24 * 330));
    assert!(ahead(&mut run).is_some());
    // Nobody knows: that is not none.
    let blind = decided(&mut run, |seen| {
        seen.subscriptions = Fact::Unreadable(Why::Unavailable)
    });
    assert_eq!(reason(&blind), "MicrosoftUnavailable");
    // Accepted by name now, which takes an approval of its own.
    run.world.terms.accepted.push(accepted("TermAhead"));
    run.world.cluster.later = Some(Approvals {
        approvers: Vec::new(),
        ..cluster().approvals
    });
    assert_eq!(reason(&decided(&mut run, |_| {})), "AcceptanceGrew");
    run.world.cluster.later = Some(cluster().approvals);
    assert!(ahead(&mut run).is_none());
    run.world
        .terms
        .accepted
        .retain(|one| one.kind != "TermAhead");
    // Once a user is gone it is too late to be asked about.
    run.memory.destroying_since = Some(start());
    assert!(ahead(&mut run).is_none());
}
