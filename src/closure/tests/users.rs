use super::{decided, planned, reason};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::intent::{Action, Intent, Outcome, Refusal};
use crate::closure::memory::{Asked, Memory};
use crate::closure::observation::*;
use crate::closure::step::Step;
use jiff::SignedDuration;
use std::time::Duration;

pub(super) fn after(
    run: &mut Run,
    action: Action,
    objects: Vec<crate::closure::id::ObjectId>,
    outcome: &Outcome,
) {
    let intent = Intent::on(Step::Users, action, objects);
    let now = run.world.now;
    run.memory = std::mem::take(&mut run.memory).advance(&intent, outcome, now);
}

pub(super) fn seen_listing(remaining: &[u128]) -> Outcome {
    Outcome {
        complete: true,
        remaining: remaining.iter().map(|n| id(*n)).collect(),
        remaining_count: u32::try_from(remaining.len()).unwrap(),
        ..Outcome::default()
    }
}

#[test]
fn slices_follow_the_plan() {
    let mut run = planned(World::new(120));
    for wanted in [50, 50, 20] {
        let Decision::Act(intent) = run.cycle(false).decision else {
            panic!()
        };
        assert_eq!(
            (intent.action, intent.objects.len()),
            (Action::DeleteUsers, wanted)
        );
    }
    assert_eq!(reason(&decided(&mut run, |_| {})), "VerifyUsers");
}

#[test]
fn the_other_administrators_go_last_and_only_while_the_one_who_stays_is_proven() {
    let world = World::new(60);
    let others: Vec<_> = world.users.iter().take(2).copied().collect();
    let mut run = planned(world.with(|w| w.administrators.extend(&others)));
    for wanted in [50, 8] {
        let Decision::Act(intent) = run.cycle(false).decision else {
            panic!()
        };
        assert_eq!(intent.objects.len(), wanted);
        assert!(others.iter().all(|one| !intent.objects.contains(one)));
    }
    let unproven = decided(&mut run, |s| s.cluster.configuration.proof_days = Some(14));
    assert_eq!(reason(&unproven), "RetainedAdminUnproven");
    let Decision::Act(intent) = run.cycle(false).decision else {
        panic!()
    };
    assert_eq!(intent.objects, others);
    assert_eq!(reason(&decided(&mut run, |_| {})), "VerifyUsers");
}

/// Refused, or without an answer, they are taken up again much later, and the proof may be too old by then.
#[test]
fn no_other_administrator_is_taken_up_again_while_the_one_who_stays_is_unproven() {
    for refused in [true, false] {
        let world = World::new(60);
        let others: Vec<_> = world.users.iter().take(2).copied().collect();
        let mut run = planned(world.with(|w| w.administrators.extend(&others)));
        run.cycle(false);
        run.cycle(false);
        if refused {
            run.world.protected.extend(&others);
        } else {
            run.world.lost = 2;
        }
        assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
        run.world.lost = 0;
        run.world.cluster.configuration.proof_days = Some(14);
        let before = run.told.len();
        run.until(false, 200, |d| reason(d) == "RetainedAdminUnproven");
        let tried = run.told[before..].iter();
        let mut tried = tried.filter(|told| reason(told) == "DeleteUsers");
        assert!(tried.next().is_none(), "{refused}");
        run.world.protected.clear();
        run.world
            .cluster
            .proofs
            .insert(run.world.retained.id, run.world.now);
        run.to_the_end();
    }
}

#[test]
fn a_lagging_reader_does_not_slow_the_first_pass() {
    let mut run = planned(World::new(200).with(|w| w.lag = SignedDuration::from_secs(60)));
    for _ in 0..4 {
        assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
    }
}

#[test]
fn two_clean_listings_a_quarter_of_a_minute_apart_are_the_proof() {
    let mut run = planned(World::new(0));
    after(
        &mut run,
        Action::VerifyUsers,
        Vec::new(),
        &seen_listing(&[]),
    );
    let Decision::Wait(waiting) = decided(&mut run, |_| {}).decision else {
        panic!()
    };
    assert_eq!(waiting.reason, "VerifyingUsers");
    assert_eq!(waiting.look_again, Some(Duration::from_millis(15_100)));
    run.world.now += SignedDuration::from_secs(15);
    assert_eq!(reason(&decided(&mut run, |_| {})), "VerifyUsers");
    after(
        &mut run,
        Action::VerifyUsers,
        Vec::new(),
        &seen_listing(&[]),
    );
    assert!(run.memory.verified_at.is_some());
}

#[test]
fn a_listing_that_was_not_complete_proves_nothing_and_is_paced() {
    let mut run = planned(World::new(0));
    let broken = Outcome {
        complete: false,
        ..Outcome::default()
    };
    after(&mut run, Action::VerifyUsers, Vec::new(), &broken);
    assert_eq!(run.memory.clean_since, None);
    assert_eq!(reason(&decided(&mut run, |_| {})), "VerifyingUsers");
}

#[test]
fn lagging_users_are_listed_again_lost_ones_deleted_again() {
    let users = [0x1_0001, 0x1_0002];
    let mut run = planned(World::new(2));
    let both = || users.map(id).to_vec();
    let visible = Outcome {
        complete: true,
        visible: both(),
        ..Outcome::default()
    };
    after(&mut run, Action::DeleteUsers, both(), &visible);
    after(
        &mut run,
        Action::VerifyUsers,
        Vec::new(),
        &seen_listing(&users),
    );
    assert_eq!(reason(&decided(&mut run, |_| {})), "WaitingReplica");
    run.world.now += SignedDuration::from_secs(2);
    assert_eq!(reason(&decided(&mut run, |_| {})), "VerifyUsers");

    let mut run = planned(World::new(2));
    let lost = Outcome {
        complete: true,
        unanswered: both(),
        ..Outcome::default()
    };
    after(&mut run, Action::DeleteUsers, both(), &lost);
    after(
        &mut run,
        Action::VerifyUsers,
        Vec::new(),
        &seen_listing(&users),
    );
    run.world.now += SignedDuration::from_secs(2);
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
}

#[test]
fn deletions_without_an_answer_are_told_as_such_and_repeated() {
    let ids = vec![id(0x1_0001)];
    let mut run = planned(World::new(1));
    let lost = Outcome {
        complete: true,
        unanswered: ids.clone(),
        ..Outcome::default()
    };
    after(&mut run, Action::DeleteUsers, ids, &lost);
    after(
        &mut run,
        Action::VerifyUsers,
        Vec::new(),
        &seen_listing(&[0x1_0001]),
    );
    assert_eq!(reason(&decided(&mut run, |_| {})), "MicrosoftUnavailable");
    run.world.now += SignedDuration::from_secs(2);
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
}

#[test]
fn who_stays_listed_though_accepted_again_and_again_is_told() {
    let ids = vec![id(0x1_0001)];
    let mut run = planned(World::new(1));
    let visible = Outcome {
        complete: true,
        visible: ids.clone(),
        ..Outcome::default()
    };
    after(&mut run, Action::DeleteUsers, ids, &visible);
    for _ in 0..14 {
        after(
            &mut run,
            Action::VerifyUsers,
            Vec::new(),
            &seen_listing(&[0x1_0001]),
        );
    }
    let lagging = decided(&mut run, |_| {});
    assert_eq!(reason(&lagging), "WaitingReplica");
    assert!(lagging.blockers.is_empty());
    after(
        &mut run,
        Action::VerifyUsers,
        Vec::new(),
        &seen_listing(&[0x1_0001]),
    );
    let told = decided(&mut run, |_| {});
    assert_eq!(reason(&told), "UsersStillListed");
    assert_eq!(told.blockers[0].check, format!("User {}", id(0x1_0001)));
    // It goes on all the same.
    run.world.now += SignedDuration::from_secs(1_000);
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
}

#[test]
fn back_off_grows_to_the_longest_pause() {
    use crate::closure::schedule::back_off;
    let longest = Duration::from_secs(900);
    let seconds: Vec<u64> = (0..12).map(|n| back_off(n, longest).as_secs()).collect();
    assert_eq!(seconds, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]);
    assert_eq!(back_off(u32::MAX, longest), longest);
}

#[test]
fn sync_is_switched_off_first() {
    let synced = || planned(World::new(3).with(|w| w.sync = true));
    let mut run = synced();
    assert_eq!(reason(&decided(&mut run, |_| {})), "SwitchSyncOff");
    assert_eq!(
        reason(&decided(&mut run, |s| s.identity = Fact::NotRead)),
        "Read"
    );

    let mut run = synced();
    run.world
        .identity
        .permissions
        .remove("Organization.ReadWrite.All");
    let Decision::HandOff(roads) = decided(&mut run, |_| {}).decision else {
        panic!()
    };
    assert_eq!(roads.len(), 2, "both roads");

    let mut run = synced();
    run.cycle(false);
    let waiting = decided(&mut run, |_| {});
    assert_eq!(reason(&waiting), "WaitingSyncOff");
    let Decision::Wait(wait) = waiting.decision else {
        panic!()
    };
    let asked = run.memory.sync_off.as_ref().unwrap().at;
    assert_eq!(wait.until, Some(asked + SignedDuration::from_hours(72)));
    assert_eq!(
        waiting.standings["DirectorySyncDisabled"].status,
        Some(false)
    );
    run.world.sync = false;
    let off = decided(&mut run, |_| {});
    assert_eq!(reason(&off), "DeleteUsers");
    assert_eq!(off.standings["DirectorySyncDisabled"].reason, "SwitchedOff");
}

/// A role that was given late acts in the end, and nobody asks Microsoft a thousand times.
#[test]
fn sync_that_was_refused_is_tried_again_more_and_more_rarely() {
    let mut run = planned(World::new(3).with(|w| {
        w.sync = true;
        w.sync_refused = true;
    }));
    let week = run.world.now + SignedDuration::from_hours(7 * 24);
    let mut tries = Vec::new();
    while run.world.now < week {
        let now = run.world.now;
        match run.cycle(false).decision {
            Decision::Act(intent) => {
                assert_eq!(intent.action, Action::SwitchSyncOff);
                tries.push(now);
            }
            Decision::HandOff(roads) => assert_eq!(roads.len(), 2, "it stays handed off"),
            other => panic!("{other:?}"),
        }
    }
    assert!((8..=12).contains(&tries.len()), "{}", tries.len());
    let first = Duration::try_from(tries[1].duration_since(tries[0])).unwrap();
    assert!(first < run.plan.terms.poll_at_most * 3, "{first:?}");
    run.world.sync_refused = false;
    run.until(false, 2_000, |d| reason(d) == "WaitingSyncOff");
}

#[test]
fn sync_that_was_off_is_said_to_have_been() {
    let mut run = planned(World::new(3));
    let off = decided(&mut run, |_| {});
    assert_eq!(
        off.standings["DirectorySyncDisabled"].reason,
        "NeverEnabled"
    );
}

#[test]
fn refusals_are_told_by_code_with_the_remedy() {
    let table = [
        (
            403,
            "Authorization_RequestDenied",
            "UsersRefused",
            "Privileged Authentication Administrator",
        ),
        (422, "Odd", "NotSupported", "support"),
        (
            400,
            "Request_BadRequest",
            "DeleteUsersByHand",
            "Active Directory",
        ),
        (409, "ObjectConflict", "ClearTheWay", "remove it"),
        (
            403,
            "insufficient_claims",
            "LiftPolicy",
            "exclude the application",
        ),
    ];
    for (status, code, expected, remedy) in table {
        let mut run = planned(World::new(2));
        let ids = vec![id(0x1_0001), id(0x1_0002)];
        let refused = vec![Refusal {
            code: code.into(),
            status,
            objects: ids[1..].to_vec(),
        }];
        let outcome = Outcome {
            complete: true,
            gone: 1,
            refused,
            ..Outcome::default()
        };
        after(&mut run, Action::DeleteUsers, ids, &outcome);
        run.world.users.remove(&id(0x1_0001));
        after(
            &mut run,
            Action::VerifyUsers,
            Vec::new(),
            &seen_listing(&[0x1_0002]),
        );
        let told = decided(&mut run, |_| {});
        assert_eq!(reason(&told), expected);
        let message = format!("1 user could not be deleted: {code} (HTTP {status})");
        match told.decision {
            Decision::Blocked(list) => {
                assert_eq!(list[0].message, message);
                assert!(list[0].remedy.contains(remedy), "{}", list[0].remedy);
            }
            Decision::HandOff(list) => {
                assert!(list[0].what.starts_with(&message), "{}", list[0].what);
                assert!(!list[0].link.is_empty() && !list[0].noticed.is_empty());
            }
            other => panic!("{other:?}"),
        }
        // Who it is stands in the list of blockers, never in a condition.
        let [who] = told.blockers.as_slice() else {
            panic!()
        };
        assert_eq!(who.check, format!("User {}", id(0x1_0002)));
        assert!(who.remedy.starts_with(&format!("{code} (HTTP {status}). ")));
        assert!(who.remedy.contains(remedy) && !who.link.is_empty());
        // Tried again after a while, not before.
        run.world.now += SignedDuration::from_secs(40);
        assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
        // Somebody else deleted him.
        run.world.users.clear();
        assert_eq!(reason(&decided(&mut run, |_| {})), "VerifyUsers");
    }
}

#[test]
fn a_memory_that_was_rolled_forward_asks_sync_off_only_where_it_was_answered() {
    let tenant = vec![id(TENANT)];
    let intent = Intent::on(Step::Users, Action::SwitchSyncOff, tenant.clone());
    let lost = Outcome {
        complete: true,
        unanswered: tenant.clone(),
        ..Outcome::default()
    };
    assert_eq!(
        Memory::default().advance(&intent, &lost, start()).sync_off,
        None
    );
    let taken = Outcome {
        complete: true,
        visible: tenant,
        ..Outcome::default()
    };
    let asked = Asked {
        at: start(),
        refused: None,
        accepted: 0,
    };
    assert_eq!(
        Memory::default().advance(&intent, &taken, start()).sync_off,
        Some(asked)
    );
}
