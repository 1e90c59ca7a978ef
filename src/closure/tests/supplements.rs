use super::{decided, planned, reason};
use crate::closure::decision::{Decided, Decision};
use crate::closure::fixtures::*;
use crate::closure::id::ObjectId;
use crate::closure::observation::{Approvals, Fact, Question, Why};
use crate::closure::report::{self, Phase};
use crate::closure::step::Step;
use crate::closure::supplement::{MOST, Supplement, SupplementHead};
use std::collections::BTreeSet;

const NEW: u128 = 0x9_0001;

fn nobody() -> Approvals {
    Approvals {
        approvers: Vec::new(),
        ..cluster().approvals
    }
}

/// A run in which the plan has begun, then somebody comes whom nobody has approved yet.
fn grown(users: u32) -> Run {
    let mut run = planned(World::new(users).with(|w| w.supplements_approved = Some(nobody())));
    run.cycle(false);
    run.world.users.insert(id(NEW));
    run
}

/// Until the supplement waits, and nothing else is left to do.
fn waiting(run: &mut Run) -> Decided {
    run.until(true, 40, |d| {
        matches!(d.decision, Decision::AwaitApproval { .. })
    })
}

/// Bob approves the supplement of this ordinal, which alone was waited for.
fn approve(run: &mut Run, ordinal: u32) {
    let approvals = cluster().approvals;
    run.world.cluster.supplements.insert(ordinal, approvals);
}

fn all_deleted(run: &Run) -> BTreeSet<ObjectId> {
    run.world.deleted.iter().copied().collect()
}

#[test]
fn who_comes_later_waits_for_an_approval_of_its_own() {
    let mut run = grown(60);
    let base = run.plan.sealed.clone().unwrap();
    let waits = waiting(&mut run);
    assert_eq!((reason(&waits), waits.step), ("PlanGrew", Step::Users));
    assert_eq!(
        run.world.deleted.len(),
        60,
        "what the plan covers goes on, to its end"
    );
    let told = report::tell(&run.plan, &run.memory, &waits);
    assert_eq!(told.phase, Phase::AwaitingApproval);
    assert_eq!(waits.standings["Approved"].reason, "PlanGrew");
    assert!(
        told.summary.contains("1 user; 0 of 1 approvals"),
        "{}",
        told.summary
    );
    assert_eq!(waits.supplement.unwrap().given, 0);
    let open = run.plan.supplements.open.clone().unwrap();
    assert_eq!(open.users, [id(NEW)], "the difference, and nothing else");
    assert_eq!(open.head.supplements, base.digest);
    assert_eq!(run.plan.sealed, Some(base), "the plan stays what it is");
    for _ in 0..50 {
        let again = run.cycle(true);
        assert_eq!(reason(&again), "PlanGrew");
    }
    assert!(run.world.users.contains(&id(NEW)));

    approve(&mut run, open.head.ordinal);
    let Decision::Act(intent) = run.cycle(true).decision else {
        panic!()
    };
    assert_eq!(intent.objects, [id(NEW)]);
    assert_eq!(intent.supplement, Some(1));
    run.to_the_end();
    assert_eq!(all_deleted(&run).len(), 61);
    assert_eq!(run.world.deleted.len(), 61, "nobody twice");
}

#[test]
fn an_approval_of_the_plan_is_none_of_its_supplement() {
    let mut run = grown(10);
    waiting(&mut run);
    // Not read is not approved, whatever is asked for.
    run.world.cluster.supplements.clear();
    assert_eq!(reason(&run.cycle(true)), "PlanGrew");
    run.world.cluster.supplements.insert(7, cluster().approvals);
    assert_eq!(reason(&run.cycle(true)), "PlanGrew");
    assert!(run.world.users.contains(&id(NEW)));
}

#[test]
fn where_no_approval_is_asked_for_it_is_planned_all_the_same() {
    let mut run = grown(10);
    let unasked = Approvals {
        required: 0,
        ..nobody()
    };
    run.world.supplements_approved = Some(unasked);
    run.to_the_end();
    assert_eq!(run.memory.supplements.len(), 1);
    assert_eq!(all_deleted(&run).len(), 11);
}

#[test]
fn an_approval_that_expires_or_is_revoked_midway_holds_the_rest() {
    let mut run = grown(10);
    run.world.users.extend((1..120).map(|n| id(NEW + n)));
    waiting(&mut run);
    approve(&mut run, 1);
    run.cycle(true);
    assert_eq!(run.world.deleted.len(), 60, "one slice of the supplement");
    let mut over = nobody();
    over.expired = vec!["bob".into()];
    for approvals in [over, nobody()] {
        run.world.cluster.supplements.insert(1, approvals);
        for _ in 0..20 {
            assert_eq!(reason(&run.cycle(true)), "PlanGrew", "never a later step");
        }
        assert_eq!(run.world.deleted.len(), 60);
    }
    // Who was refused or lagged is no way around it.
    run.memory.again = vec![id(NEW)];
    run.world.users.insert(id(NEW));
    assert_eq!(reason(&run.cycle(true)), "PlanGrew");
    run.memory.again.clear();
    run.world.users.remove(&id(NEW));
    approve(&mut run, 1);
    run.to_the_end();
    assert_eq!(all_deleted(&run).len(), 130);
}

#[test]
fn who_goes_by_himself_needs_no_approval() {
    let mut run = grown(10);
    waiting(&mut run);
    run.world.users.remove(&id(NEW));
    run.until(true, 20, |d| d.step > Step::Users);
    assert_eq!(all_deleted(&run).len(), 10);
}

/// One that was begun and whose users then went by themselves says nothing of a later one.
#[test]
fn an_emptied_supplement_hides_no_later_one() {
    let mut run = grown(10);
    run.world.users.extend((1..120).map(|n| id(NEW + n)));
    waiting(&mut run);
    approve(&mut run, 1);
    run.cycle(true);
    run.world.cluster.supplements.insert(1, nobody());
    run.world.users.retain(|who| *who < id(NEW));
    run.world.users.insert(id(NEW + 500));
    let waits = waiting(&mut run);
    assert_eq!(run.memory.supplements.len(), 2);
    for _ in 0..20 {
        assert_eq!(reason(&run.cycle(true)), "PlanGrew");
    }
    assert_eq!(waits.standings["Approved"].reason, "PlanGrew");
    approve(&mut run, 2);
    run.to_the_end();
    assert!(all_deleted(&run).contains(&id(NEW + 500)));
}

#[test]
fn a_newer_difference_takes_the_place_of_one_that_has_not_begun() {
    let mut run = grown(10);
    for n in 1..40 {
        waiting(&mut run);
        assert_eq!(run.memory.supplements.len(), 1, "one open at a time");
        run.world.users.insert(id(NEW + n));
    }
    waiting(&mut run);
    let open = run.plan.supplements.open.clone().unwrap();
    assert_eq!(open.users.len(), 40);
    assert_eq!(open.head.ordinal, 40);
    // What was approved is not what is asked for now.
    approve(&mut run, 39);
    assert_eq!(reason(&run.cycle(true)), "PlanGrew");
    approve(&mut run, 40);
    run.to_the_end();
    assert_eq!(all_deleted(&run).len(), 50);
}

#[test]
fn what_adds_users_without_end_must_be_stopped() {
    let mut run = planned(World::new(3));
    for n in 0..1_000 {
        run.world.users.insert(id(NEW + n));
        let next = run.until(true, 40, |d| {
            matches!(d.decision, Decision::MakeSupplement | Decision::Blocked(_))
        });
        if reason(&next) == "PlanDrift" {
            assert_eq!(run.memory.supplements.len(), MOST);
            let words = report::tell(&run.plan, &run.memory, &next).summary;
            assert!(words.contains("Find out what adds them"), "{words}");
            // What is planned and approved is deleted; who came last stays until a person acts.
            run.world.users.remove(&id(NEW + n));
            run.to_the_end();
            return;
        }
    }
    panic!("followed without end");
}

#[test]
fn a_new_or_restored_global_administrator_is_drift() {
    let mut run = grown(60);
    run.world.administrators.insert(id(NEW));
    let stalled = run.until(true, 20, |d| matches!(d.decision, Decision::Blocked(_)));
    assert_eq!(reason(&stalled), "PlanDrift");
    assert!(run.world.users.contains(&id(NEW)));
    assert!(run.memory.supplements.is_empty(), "never planned silently");
    // Only the role is taken away: then the account is one of those who came later.
    run.world.administrators.clear();
    assert_eq!(reason(&waiting(&mut run)), "PlanGrew");
    // And given back while it waits: an approval of the supplement is none of an administrator's deletion.
    run.world.administrators.insert(id(NEW));
    assert_eq!(reason(&run.cycle(true)), "PlanDrift");
    approve(&mut run, 1);
    assert_eq!(reason(&run.cycle(true)), "PlanDrift");
    assert!(run.world.users.contains(&id(NEW)));
}

#[test]
fn a_changed_domain_is_drift() {
    let mut run = grown(10);
    let changed = decided(&mut run, |seen| {
        let Fact::Known(found) = &mut seen.organization else {
            panic!()
        };
        found.initial_domain = "fabrikam.onmicrosoft.com".into();
    });
    assert_eq!(reason(&changed), "PlanDrift");
}

#[test]
fn more_than_the_limit_is_told_with_those_who_came_later() {
    let mut run = grown(10);
    run.world.terms.max_users = Some(10);
    let told = run.until(true, 40, |d| matches!(d.decision, Decision::Blocked(_)));
    assert_eq!(reason(&told), "LimitExceeded");
    assert!(run.world.users.contains(&id(NEW)));
}

#[test]
fn a_listing_that_lacks_who_stays_plans_nobody() {
    let mut run = grown(10);
    run.until(true, 40, |d| d.decision == Decision::MakeSupplement);
    run.world.users.insert(id(NEW + 1));
    let half_read = decided(&mut run, |seen| {
        let Fact::Known(users) = &mut seen.users else {
            panic!()
        };
        users.ids.retain(|one| *one != id(RETAINED));
    });
    assert_eq!(reason(&half_read), "ListingIncomplete");
}

#[test]
fn a_supplement_that_cannot_be_read_back_stops_everything() {
    let mut run = grown(10);
    waiting(&mut run);
    run.plan.supplements.open = None;
    assert_eq!(reason(&decided(&mut run, |_| {})), "PlanLost");
}

#[test]
fn a_supplement_is_its_content_and_its_place() {
    let seal = |ordinal, users: &[u128]| {
        let head = SupplementHead {
            supplements: "d".repeat(64),
            ordinal,
            tenant_id: id(TENANT),
            user_count: 0,
        };
        Supplement::seal(head, users.iter().copied().map(id).collect())
    };
    let one = seal(1, &[3, 1, 2, 2]);
    assert_eq!((one.users.len(), one.head.user_count), (3, 3));
    assert_eq!(one.digest, seal(1, &[1, 2, 3]).digest);
    assert_ne!(one.digest, seal(2, &[1, 2, 3]).digest);
    assert_ne!(one.digest, seal(1, &[1, 2]).digest);
    assert!(one.names(id(2)) && !one.names(id(4)));
}

/// A run in the middle, in which change tracking tells that somebody came.
fn told_early() -> Run {
    let mut run = grown(400);
    run.world.newcomers = Ok([id(NEW)].into());
    run
}

#[test]
fn who_is_seen_early_is_planned_while_the_plan_goes_on() {
    let mut run = told_early();
    assert_eq!(reason(&run.cycle(true)), "MakeSupplement");
    assert!(run.world.deleted.len() < 400);
    assert_eq!(run.plan.supplements.open.as_ref().unwrap().users, [id(NEW)]);
    let goes_on = run.cycle(true);
    assert_eq!(reason(&goes_on), "DeleteUsers");
    let told = goes_on.blockers.iter().find(|b| b.check == "Supplement");
    assert!(
        told.unwrap().remedy.contains("approve"),
        "a person hears of it"
    );
    // Approved early, it is carried out before any Global administrator goes.
    approve(&mut run, 1);
    run.to_the_end();
    assert_eq!(all_deleted(&run).len(), 401);
    assert_eq!(run.memory.supplements.len(), 1);
}

#[test]
fn whose_deletion_got_no_answer_is_taken_up_before_anything_waits() {
    let mut run = told_early();
    assert_eq!(reason(&run.cycle(true)), "MakeSupplement");
    run.world.lost = 1;
    assert_eq!(reason(&waiting(&mut run)), "PlanGrew");
    assert_eq!(all_deleted(&run).len(), 400, "all whom the plan covers");
}

#[test]
fn the_end_of_its_approval_is_said_a_week_ahead() {
    let mut run = grown(400);
    run.until(true, 40, |d| d.decision == Decision::MakeSupplement);
    let until = |run: &Run, days: i64| Approvals {
        valid_until: Some(run.world.now + jiff::SignedDuration::from_hours(24 * days)),
        ..cluster().approvals
    };
    for (days, reason) in [(8, "QuorumReached"), (6, "ApprovalExpiresSoon")] {
        let approvals = until(&run, days);
        run.world.cluster.supplements.insert(1, approvals);
        let (told, _) = run.look();
        assert_eq!(told.standings["Approved"].reason, reason, "{days}");
        let told_of = told.standings["Approved"]
            .message
            .starts_with("Of a supplementary plan: 1 of 1");
        assert_eq!(told_of, days < 7);
        assert_eq!(
            told.supplement.unwrap().valid_until,
            until(&run, days).valid_until
        );
    }
    // Once all whom it names were in a slice, its end stops nothing.
    run.to_the_end();
    assert!(!run.told.iter().rev().take(3).any(|d| {
        d.standings
            .get("Approved")
            .is_some_and(|s| s.reason == "ApprovalExpiresSoon")
    }));
}

#[test]
fn an_administrator_who_is_seen_early_stops_the_plan_at_once() {
    let mut run = told_early();
    run.world.administrators.insert(id(NEW));
    assert_eq!(reason(&run.cycle(true)), "PlanDrift");
    let deleted = run.world.deleted.len();
    assert!(deleted < 400);
    assert_eq!(reason(&run.cycle(true)), "PlanDrift");
    assert_eq!(run.world.deleted.len(), deleted);
}

#[test]
fn tracking_that_is_lost_is_a_listing_and_never_nobody() {
    let mut run = grown(400);
    run.world.tracking_lost = true;
    run.world.questions.clear();
    assert_eq!(reason(&run.cycle(true)), "MakeSupplement");
    assert_eq!(run.world.questions[&Question::Users], 1);
}

#[test]
fn where_nothing_is_tracked_the_last_listing_tells() {
    for unread in [Why::Unavailable, Why::Forbidden, Why::Malformed] {
        let mut run = grown(60);
        run.world.newcomers = Err(unread);
        assert_eq!(reason(&waiting(&mut run)), "PlanGrew");
        assert_eq!(run.world.deleted.len(), 60);
    }
    // A directory for customers has no change tracking: it is not even asked.
    let mut run = grown(60);
    run.world.terms.directory_resource = Some("/ciam".into());
    run.world.questions.clear();
    assert_eq!(reason(&waiting(&mut run)), "PlanGrew");
    assert!(!run.world.questions.contains_key(&Question::Newcomers));
}

#[test]
fn a_supplement_that_waits_is_not_replaced_in_every_cycle() {
    let mut run = told_early();
    run.until(true, 5, |d| d.decision == Decision::MakeSupplement);
    for n in 1..5 {
        run.world.users.insert(id(NEW + n));
        run.world.newcomers = Ok((0..=n).map(|n| id(NEW + n)).collect());
        assert_eq!(reason(&run.cycle(true)), "DeleteUsers");
    }
    assert_eq!(run.plan.supplements.open.as_ref().unwrap().users.len(), 1);
    // After a while it is, but not where it was approved meanwhile: nobody approves in vain.
    run.world.now += jiff::SignedDuration::from_secs(1_000);
    approve(&mut run, 1);
    assert_eq!(reason(&run.cycle(true)), "DeleteUsers");
    run.world.cluster.supplements.insert(1, nobody());
    assert_eq!(reason(&run.cycle(true)), "MakeSupplement");
    assert_eq!(run.plan.supplements.open.as_ref().unwrap().users.len(), 5);
    approve(&mut run, 2);
    run.to_the_end();
    assert_eq!(all_deleted(&run).len(), 405);
}
