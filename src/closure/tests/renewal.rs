use super::{decided, planned, reason};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::observation::{Agreement, Fact, Lifecycle, References, Refused, Why};
use crate::closure::report;
use crate::closure::step::Step;
use jiff::SignedDuration;

/// Two subscriptions that renew, one that does not, and one that was bought directly and does not.
fn world() -> World {
    World::new(100).with(|w| {
        w.terms.stop_renewal_first = true;
        // Stopped, they run on to the end of their term.
        w.terms.accepted.push(accepted("TermAhead"));
        w.sync = true;
        w.subscriptions = [1, 2, 3]
            .map(|n| subscription(n, Agreement::CustomerAgreement))
            .into();
        w.subscriptions[2].auto_renew = false;
        w.subscriptions.push(subscription(4, Agreement::Direct));
        w.subscriptions[3].auto_renew = false;
    })
}

/// What was bought directly renews too, and only a person can switch it off: he is asked before any user is touched.
#[test]
fn what_was_bought_directly_and_renews_is_for_a_person() {
    let mut run = planned(world().with(|w| w.subscriptions[3].auto_renew = true));
    let head = &run.plan.sealed.as_ref().unwrap().head;
    assert!(!head.subscriptions[3].stop_renewal, "no program can");
    for _ in 0..2 {
        assert_eq!(reason(&run.cycle(false)), "StopRenewal");
    }
    let told = run.cycle(false);
    let Decision::HandOff(list) = &told.decision else {
        panic!("{told:?}")
    };
    assert_eq!((list.len(), list[0].key), (1, "StopRenewal"));
    assert!(
        list[0].what.ends_with("turn it off: SKU_4 ×10"),
        "{}",
        list[0].what
    );
    assert_eq!(told.blockers[0].who, "person");
    run.world.hands("StopRenewal");
    assert_eq!(reason(&run.cycle(false)), "SwitchSyncOff");
    assert!(run.world.deleted.is_empty());
}

#[test]
fn recurring_billing_is_off_before_any_user_is_touched() {
    let mut run = planned(world());
    let head = &run.plan.sealed.as_ref().unwrap().head;
    let stopped: Vec<bool> = head.subscriptions.iter().map(|s| s.stop_renewal).collect();
    assert_eq!(stopped, [true, true, false, false], "the plan tells which");
    for n in [1, 2] {
        let before = run.cycle(false);
        let Decision::Act(intent) = &before.decision else {
            panic!("{before:?}")
        };
        assert_eq!(
            (intent.action.name(), intent.step),
            ("StopRenewal", Step::Users)
        );
        assert_eq!(intent.objects, [id(0x5000 + n)]);
        assert_eq!(intent.resource, Some(format!("/subscriptions/{n}")));
        let standing = &before.standings["RenewalStopped"];
        assert_eq!(
            (standing.status, standing.reason),
            (Some(false), "InProgress")
        );
    }
    let after = run.cycle(false);
    assert_eq!(reason(&after), "SwitchSyncOff");
    let told = report::tell(&run.plan, &run.memory, &after);
    let standing = told.conditions.iter().find(|(n, _)| *n == "RenewalStopped");
    assert_eq!(
        standing.map(|(_, s)| (s.status, s.message.as_str())),
        Some((
            Some(true),
            "Recurring billing is off for every subscription of which a billing account tells whether it renews"
        ))
    );
    assert!(
        run.memory.destroying_since.is_none(),
        "it can be switched on again"
    );
    assert!(run.world.deleted.is_empty());
}

#[test]
fn what_was_stopped_is_canceled_all_the_same() {
    let mut run = planned(world());
    run.to_the_end();
    let canceled: Vec<_> = run.memory.subscriptions.keys().copied().collect();
    assert_eq!(canceled, [id(0x5001), id(0x5002), id(0x5003)]);
    assert_eq!(run.memory.renewals.len(), 2);
    assert!(run.world.steps.is_sorted());
}

#[test]
fn it_is_not_asked_for_unless_the_author_did() {
    let mut run = planned(world().with(|w| w.terms.stop_renewal_first = false));
    let first = run.cycle(false);
    assert_eq!(reason(&first), "SwitchSyncOff");
    let told = report::tell(&run.plan, &run.memory, &first);
    assert!(told.conditions.iter().all(|(n, _)| *n != "RenewalStopped"));
}

#[test]
fn a_refusal_is_handed_to_a_person_and_noticed() {
    let mut run = planned(world());
    run.cycle(false);
    run.cycle(false);
    run.world.subscriptions[0].auto_renew = true;
    let asked = run.memory.renewals.get_mut(&id(0x5001)).unwrap();
    asked.refused = Some("AuthorizationFailed".into());
    let told = decided(&mut run, |_| {});
    let Decision::HandOff(list) = &told.decision else {
        panic!("{told:?}")
    };
    assert_eq!(list[0].key, "StopRenewal");
    assert!(
        list[0].what.ends_with("and turn it off: SKU_1 ×10"),
        "{}",
        list[0].what
    );
    assert!(list[0].link.contains("842054"));
    let remedy =
        "Microsoft refused it with AuthorizationFailed: turn its recurring billing off by hand";
    assert_eq!(told.blockers[0].remedy, remedy);
    let ready = report::tell(&run.plan, &run.memory, &told).conditions[0]
        .1
        .reason;
    assert_eq!(ready, "StopRenewalHandOff");
    run.world.hands("StopRenewal");
    assert_eq!(reason(&decided(&mut run, |_| {})), "SwitchSyncOff");
}

#[test]
fn what_a_partner_sold_is_stopped_too_and_a_refusal_is_for_him() {
    let mut run = planned(world().with(|w| {
        w.subscriptions[1].agreement = Agreement::Partner;
        w.subscriptions[1].resource = Some("/v1/customers/c/subscriptions/2".into());
    }));
    assert_eq!(reason(&run.cycle(false)), "StopRenewal");
    let Decision::Act(intent) = run.cycle(false).decision else {
        panic!()
    };
    assert_eq!(intent.objects, [id(0x5002)]);
    run.world.subscriptions[1].auto_renew = true;
    let asked = run.memory.renewals.get_mut(&id(0x5002)).unwrap();
    asked.refused = Some("2002".into());
    let told = decided(&mut run, |_| {});
    let Decision::HandOff(list) = &told.decision else {
        panic!("{told:?}")
    };
    assert_eq!(list[0].key, "StopRenewalByPartner");
    assert!(
        list[0]
            .what
            .ends_with(
                "on the page of each subscription: SKU_2 ×10. Send him this: \"Please switch auto-renew off for these \
                 subscriptions of contoso.onmicrosoft.com: SKU_2 ×10 (00000000-0000-0000-0000-000000005002)\""
            ),
        "{}",
        list[0].what
    );
    run.world.hands("StopRenewalByPartner");
    assert_eq!(reason(&decided(&mut run, |_| {})), "SwitchSyncOff");
}

#[test]
fn what_the_plan_does_not_name_is_for_a_person() {
    let mut run = planned(world());
    run.world.subscriptions[2].auto_renew = true;
    run.cycle(false);
    run.cycle(false);
    let told = decided(&mut run, |_| {});
    let Decision::HandOff(list) = &told.decision else {
        panic!("{told:?}")
    };
    assert!(list[0].what.ends_with("SKU_3 ×10"), "{}", list[0].what);
}

#[test]
fn a_change_that_does_not_show_is_waited_for_and_asked_again_after_a_day() {
    let mut run = planned(world());
    run.cycle(false);
    run.cycle(false);
    run.world.subscriptions[0].auto_renew = true;
    assert_eq!(reason(&decided(&mut run, |_| {})), "StoppingRenewal");
    run.world.now += SignedDuration::from_hours(25);
    assert_eq!(reason(&decided(&mut run, |_| {})), "StopRenewal");
}

#[test]
fn unknown_subscriptions_never_count_as_none() {
    let mut run = planned(world());
    run.cycle(false);
    let blind = decided(&mut run, |s| {
        s.subscriptions = Fact::Unreadable(Why::Unavailable)
    });
    assert_eq!(
        (reason(&blind), blind.step),
        ("MicrosoftUnavailable", Step::Users)
    );
    let blind = decided(&mut run, |s| {
        s.subscriptions = Fact::Unreadable(Why::CredentialRefused(Refused::Otherwise))
    });
    let Decision::Blocked(list) = &blind.decision else {
        panic!("{blind:?}")
    };
    assert_eq!(list[0].reason, "CredentialRefused");
    assert!(
        list[0].remedy.contains("spec.billing.accounts"),
        "{}",
        list[0].remedy
    );
}

#[test]
fn once_a_user_is_gone_it_is_not_looked_at_again() {
    let mut run = planned(world().with(|w| w.sync = false));
    for _ in 0..3 {
        run.cycle(false);
    }
    assert!(!run.world.deleted.is_empty());
    run.world.subscriptions[0].auto_renew = true;
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
}

#[test]
fn a_cancellation_under_way_is_not_taken_for_a_renewal() {
    let mut run = super::verified(World::new(1).with(|w| {
        w.subscriptions = vec![subscription(1, Agreement::CustomerAgreement)];
    }));
    assert_eq!(reason(&run.cycle(false)), "CancelSubscription");
    // Accepted, but for a while it shows as it was, locked.
    run.world.subscriptions[0].lifecycle = Lifecycle::Active;
    run.world.subscriptions[0].cancelable = false;
    assert_eq!(reason(&decided(&mut run, |_| {})), "Canceling");
}

/// Nobody approved that it ends: step 2 tells of it, and its renewal is nobody's to stop.
#[test]
fn what_came_after_the_approval_is_left_alone() {
    let mut run = planned(world());
    let later = subscription(9, Agreement::CustomerAgreement);
    run.world.subscriptions.push(later);
    run.cycle(false);
    run.cycle(false);
    assert_eq!(reason(&run.cycle(false)), "SwitchSyncOff");
    assert!(run.world.subscriptions[4].auto_renew);
}

/// Three that renew in twenty days, and nobody accepted what they do.
fn terms_ahead() -> World {
    world().with(|w| {
        w.terms.accepted.retain(|one| one.kind != "TermAhead");
        w.sync = false;
        w.subscriptions.truncate(3);
        for one in &mut w.subscriptions {
            one.auto_renew = true;
            one.next_change = Some(start() + SignedDuration::from_hours(24 * 20));
        }
    })
}

/// Were it the other way round, all but the first would renew while the closure waits for the end of their terms.
#[test]
fn recurring_billing_is_off_before_a_term_ahead_bars_the_users() {
    let mut run = planned(terms_ahead());
    for _ in 0..3 {
        let told = run.cycle(false);
        assert_eq!(reason(&told), "StopRenewal");
        let row = told.blockers.iter().find(|row| row.check == "TermAhead");
        assert!(row.is_none(), "in step 1 the renewals are told: {row:?}");
    }
    assert!(run.world.subscriptions.iter().all(|one| !one.auto_renew));
    assert_eq!(reason(&run.cycle(false)), "TermAhead");
    let begun = run.world.now;
    let deleting = run.until(false, 3_000, |told| reason(told) == "DeleteUsers");
    assert_eq!(deleting.step, Step::Users);
    let waited = run.world.now.duration_since(begun);
    assert!(waited > SignedDuration::from_hours(24 * 16), "{waited:?}");
    assert_eq!(run.memory.renewals.len(), 3);
}

#[test]
fn who_approves_is_told_of_the_term_for_which_the_users_will_wait() {
    let mut run = planned(terms_ahead().with(|w| w.cluster.approvals.approvers.clear()));
    let told = run.cycle(false);
    assert!(
        matches!(told.decision, Decision::AwaitApproval { .. }),
        "{told:?}"
    );
    let row = told.blockers.iter().find(|row| row.check == "TermAhead");
    let row = row.expect("a row of its own");
    assert_eq!(row.state, "failed");
    assert!(row.remedy.contains("spec.accept"), "{}", row.remedy);
}

#[test]
fn what_renews_before_anything_may_be_done_bars_at_once() {
    let mut run = Run::of(terms_ahead().with(|w| {
        w.terms.not_before = Some(start() + SignedDuration::from_hours(24 * 21));
    }));
    let told = run.cycle(false);
    let Decision::Blocked(list) = &told.decision else {
        panic!("{told:?}")
    };
    assert_eq!(list[0].reason, "TermAhead");
    let by_hand =
        "Switch recurring billing off by hand: before spec.notBefore the operator may not";
    assert!(list[0].remedy.starts_with(by_hand), "{}", list[0].remedy);
}

/// What was switched off is no deleted user.
#[test]
fn a_limit_of_as_many_users_as_there_are_bars_nothing() {
    let mut run = planned(world().with(|w| w.terms.max_users = Some(100)));
    run.to_the_end();
    assert_eq!(run.world.deleted.len(), 100);
}

/// A domain can be in a person's hands for days, and keeps every cancellation waiting.
#[test]
fn what_would_renew_while_domains_are_released_is_stopped_first() {
    let mut run = super::verified(World::new(3).with(|w| {
        w.terms.release_domains = vec!["contoso.nl".into()];
        w.domains.push(domain("contoso.nl"));
        w.domains[1].references = Some(References {
            users: vec![id(RETAINED)],
            ..References::default()
        });
        w.subscriptions = [1, 2, 3]
            .map(|n| subscription(n, Agreement::CustomerAgreement))
            .into();
        w.subscriptions[1].auto_renew = false;
        w.subscriptions[2].cancelable = false;
    }));
    // Nobody approved that this one is touched.
    run.world
        .subscriptions
        .push(subscription(9, Agreement::CustomerAgreement));
    for n in [1, 3] {
        let told = run.cycle(false);
        let Decision::Act(intent) = &told.decision else {
            panic!("{told:?}")
        };
        assert_eq!(
            (intent.action.name(), intent.step),
            ("StopRenewal", Step::CancelSubscriptions)
        );
        assert_eq!(intent.objects, [id(0x5000 + n)]);
    }
    let keys = |told: &crate::closure::decision::Decided| match &told.decision {
        Decision::HandOff(list) => list.iter().map(|one| one.key).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(keys(&run.cycle(false)), ["ReleaseDomain"]);
    // What Microsoft does not let us stop is handed over beside the domain.
    run.world.subscriptions[0].auto_renew = true;
    let asked = run.memory.renewals.get_mut(&id(0x5001)).unwrap();
    asked.refused = Some("AuthorizationFailed".into());
    asked.at = run.world.now;
    let told = decided(&mut run, |_| {});
    assert_eq!(keys(&told), ["ReleaseDomain", "StopRenewal"]);
    assert!(told.blockers[1].remedy.contains("AuthorizationFailed"));
    // What cannot be read keeps no domain waiting.
    let unread = |s: &mut crate::closure::observation::Observation| {
        s.subscriptions = Fact::Unreadable(Why::Unavailable);
    };
    assert_eq!(keys(&decided(&mut run, unread)), ["ReleaseDomain"]);
    // The domain is free: what was stopped is canceled where that is still allowed.
    run.world.domains.truncate(1);
    assert_eq!(reason(&decided(&mut run, |_| {})), "CancelSubscription");
}
