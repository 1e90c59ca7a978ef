mod resellers;

use super::{decided, reason, verified};
use crate::closure::decision::{Decided, Decision};
use crate::closure::fixtures::*;
use crate::closure::observation::*;
use crate::closure::step::Step;
use jiff::SignedDuration;

pub(super) fn one(agreement: Agreement, change: fn(&mut Subscription)) -> Run {
    verified(World::new(1).with(|w| {
        let mut it = subscription(1, agreement);
        change(&mut it);
        w.subscriptions = vec![it];
    }))
}

#[test]
fn who_can_cancel_follows_from_the_agreement() {
    use Agreement::{Azure, CustomerAgreement, Direct, Enterprise, Partner, Unknown};
    let table: &[(Agreement, fn(&mut Subscription), &str)] = &[
        (CustomerAgreement, |_| {}, "CancelSubscription"),
        (CustomerAgreement, |s| s.cancelable = false, "StopRenewal"),
        (
            CustomerAgreement,
            |s| {
                s.cancelable = false;
                s.auto_renew = false;
            },
            "WaitingTermEnd",
        ),
        (
            CustomerAgreement,
            |s| s.resource = None,
            "CancelSubscription",
        ),
        (Azure, |_| {}, "CancelSubscription"),
        (Azure, |s| s.resource = None, "CancelAzureSubscription"),
        (Direct, |_| {}, "CancelSubscription"),
        (Partner, |_| {}, "CancelByPartner"),
        (
            Partner,
            |s| s.resource = Some("/v1/customers/c/subscriptions/1".into()),
            "CancelSubscription",
        ),
        (
            Partner,
            |s| {
                s.resource = Some("/v1/customers/c/subscriptions/1".into());
                s.cancelable = false;
            },
            "StopRenewal",
        ),
        (
            Partner,
            |s| {
                s.resource = Some("/v1/customers/c/subscriptions/1".into());
                s.cancelable = false;
                s.auto_renew = false;
            },
            "WaitingTermEnd",
        ),
        (Enterprise, |_| {}, "CancelByAccountManager"),
        (Unknown, |_| {}, "CancelSubscription"),
    ];
    for (agreement, change, wanted) in table {
        let mut run = one(*agreement, *change);
        let told = decided(&mut run, |_| {});
        assert_eq!(
            (reason(&told), told.step),
            (*wanted, Step::CancelSubscriptions),
            "{agreement:?}"
        );
        let automatic = run.world.subscriptions[0].resource.is_some();
        assert_eq!(
            matches!(told.decision, Decision::HandOff(_)),
            !automatic,
            "{agreement:?}"
        );
    }
}

#[test]
fn who_can_delete_follows_too() {
    use Agreement::{Azure, CustomerAgreement, Direct, Enterprise, Partner, Unknown};
    let table: &[(Agreement, Lifecycle, &str)] = &[
        (Direct, Lifecycle::Disabled, "DeleteSubscription"),
        (Azure, Lifecycle::Disabled, "DeleteAzureSubscription"),
        (CustomerAgreement, Lifecycle::Disabled, "WaitingDeprovision"),
        (Partner, Lifecycle::Disabled, "WaitingDeprovision"),
        (Enterprise, Lifecycle::Disabled, "WaitingDeprovision"),
        (Unknown, Lifecycle::Disabled, "DeleteSubscription"),
        (Direct, Lifecycle::LockedOut, "ContactSupport"),
        (Direct, Lifecycle::Expired, "DeleteSubscription"),
        (Unknown, Lifecycle::Expired, "DeleteSubscription"),
        (CustomerAgreement, Lifecycle::Expired, "WaitingDeprovision"),
        (Partner, Lifecycle::Expired, "WaitingDeprovision"),
    ];
    for (agreement, lifecycle, wanted) in table {
        let mut run = one(*agreement, |_| {});
        run.world.subscriptions[0].lifecycle = *lifecycle;
        let told = decided(&mut run, |_| {});
        assert_eq!(
            (reason(&told), told.step),
            (*wanted, Step::DeleteSubscriptions),
            "{agreement:?}"
        );
        // What is no longer listed is gone.
        run.world.subscriptions.clear();
        let after = decided(&mut run, |_| {});
        assert_eq!(after.standings["SubscriptionsDeleted"].reason, "AllGone");
        assert_eq!(after.progress[&Step::DeleteSubscriptions], (1, 1));
    }
}

#[test]
fn the_hand_off_gives_reason_and_feedback() {
    let mut run = one(Agreement::Direct, |_| {});
    let Decision::HandOff(list) = decided(&mut run, |_| {}).decision else {
        panic!()
    };
    assert!(
        list[0]
            .what
            .ends_with("(reason: Other; feedback: Company merged): SKU_1 ×10"),
        "{}",
        list[0].what
    );
    assert!(list[0].link.contains("842054"));
}

pub(super) fn asked(run: &mut Run) -> Vec<crate::closure::decision::HandOff> {
    match decided(run, |_| {}).decision {
        Decision::HandOff(list) => list,
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_is_asked_and_with_which_words() {
    use crate::closure::terms::Cloud;
    let mut run = one(Agreement::Enterprise, |_| {});
    let told = &asked(&mut run)[0];
    assert!(told.what.contains("account manager"), "{}", told.what);
    assert!(
        told.what
            .ends_with("\"Please end these subscriptions of contoso.onmicrosoft.com, or, where the agreement binds us until its anniversary, do not renew them: SKU_1 ×10 (00000000-0000-0000-0000-000000005001)\""),
        "{}",
        told.what
    );
    assert!(told.link.contains("518322"), "{}", told.link);
    let blockers = decided(&mut run, |_| {}).blockers;
    assert_eq!(blockers[0].who, "account manager");
    // What nobody can tell apart is told with every road, on the cloud's own page.
    let mut run = verified(World::new(1).with(|w| {
        w.terms.cloud = Cloud::China;
        w.subscriptions = vec![subscription(1, Agreement::Unknown)];
    }));
    let told = &asked(&mut run)[0];
    for words in [
        "Take control",
        "filter Free",
        "account manager",
        "SKU_1 ×10",
    ] {
        assert!(told.what.contains(words), "{}", told.what);
    }
    assert!(told.what.chars().count() < 1024, "{}", told.what);
    assert!(told.link.contains("portal.partner.microsoftonline.cn"));
}

#[test]
fn one_page_is_asked_for_once_and_the_roads_name_only_the_unknown() {
    let mut run = verified(World::new(1).with(|w| {
        w.subscriptions = vec![
            subscription(1, Agreement::Direct),
            subscription(2, Agreement::Unknown),
            subscription(3, Agreement::Enterprise),
        ];
    }));
    let told = asked(&mut run);
    let keys: Vec<&str> = told.iter().map(|one| one.key).collect();
    assert_eq!(keys, ["CancelSubscription", "CancelByAccountManager"]);
    assert!(
        told[0]
            .what
            .contains("SKU_1 ×10, SKU_2 ×10. Of SKU_2 ×10: No program"),
        "{}",
        told[0].what
    );
    let head = &run.plan.sealed.as_ref().unwrap().head;
    let planned: Vec<Agreement> = head.subscriptions.iter().map(|one| one.agreement).collect();
    assert_eq!(
        planned,
        [Agreement::Direct, Agreement::Unknown, Agreement::Enterprise]
    );
}

#[test]
fn what_was_asked_for_is_waited_for_and_asked_again_after_a_day() {
    let mut run = one(Agreement::Azure, |_| {});
    run.cycle(false);
    run.world.subscriptions[0].lifecycle = Lifecycle::Active;
    assert_eq!(reason(&decided(&mut run, |_| {})), "Canceling");
    run.world.now += SignedDuration::from_hours(25);
    assert!(matches!(
        decided(&mut run, |_| {}).decision,
        Decision::Act(_)
    ));
}

#[test]
fn a_cancellation_accepted_in_vain_time_and_again_becomes_a_hand_off() {
    let mut run = one(Agreement::Azure, |_| {});
    for _ in 0..3 {
        run.cycle(false);
        run.world.subscriptions[0].lifecycle = Lifecycle::Active;
        let Decision::Wait(waiting) = decided(&mut run, |_| {}).decision else {
            panic!()
        };
        assert!(waiting.until.is_some_and(|until| until > run.world.now));
        assert!(
            waiting.look_again.is_some(),
            "at first it is looked at often"
        );
        run.world.now += SignedDuration::from_hours(1);
        let Decision::Wait(waiting) = decided(&mut run, |_| {}).decision else {
            panic!()
        };
        assert!(waiting.look_again.is_none(), "then seldom");
        run.world.now += SignedDuration::from_hours(24);
    }
    let told = decided(&mut run, |_| {});
    assert!(matches!(told.decision, Decision::HandOff(_)), "{told:?}");
    assert!(
        told.blockers[0]
            .remedy
            .contains("accepted our cancellation several times")
    );
    run.world.subscriptions[0].lifecycle = Lifecycle::Disabled;
    assert!(!told.decision.eq(&decided(&mut run, |_| {}).decision));
}

#[test]
fn a_refused_cancellation_becomes_a_hand_off_with_its_code() {
    let mut run = one(Agreement::CustomerAgreement, |_| {});
    let known = run.world.subscriptions[0].id;
    let asked = crate::closure::memory::Asked {
        at: run.world.now,
        refused: Some("AuthorizationFailed".into()),
        accepted: 0,
    };
    run.memory.subscriptions.insert(known, asked);
    // A person may take weeks: meanwhile it does not renew.
    let told = run.cycle(false);
    assert_eq!(reason(&told), "StopRenewal");
    assert_eq!(
        told.blockers[0].remedy,
        "The operator switches its recurring billing off"
    );
    let told = decided(&mut run, |_| {});
    assert!(matches!(told.decision, Decision::HandOff(_)));
    assert!(told.blockers[0].remedy.contains("AuthorizationFailed"));
    // Where that does not show, or is refused as well, the hand-off is not kept waiting for it.
    run.world.subscriptions[0].auto_renew = true;
    assert_eq!(reason(&decided(&mut run, |_| {})), "CancelSubscription");
    run.memory.renewals.get_mut(&known).unwrap().refused = Some("AuthorizationFailed".into());
    let told = decided(&mut run, |_| {});
    assert!(matches!(told.decision, Decision::HandOff(_)), "{told:?}");
}

#[test]
fn what_the_plan_does_not_name_is_never_ended_by_us() {
    let mut run = verified(World::new(1));
    run.world.subscriptions = vec![subscription(9, Agreement::Azure)];
    assert!(matches!(
        decided(&mut run, |_| {}).decision,
        Decision::HandOff(_)
    ));
}

/// Nobody approved that it ends: it is told, and neither step asks anybody to end it.
#[test]
fn what_came_after_the_approval_is_a_person_s_to_decide() {
    for agreement in [
        Agreement::Direct,
        Agreement::CustomerAgreement,
        Agreement::Partner,
        Agreement::Enterprise,
        Agreement::Unknown,
    ] {
        let mut run = one(Agreement::Direct, |_| {});
        run.world.subscriptions.push(subscription(9, agreement));
        // What the plan names is handed over meanwhile; the other one is told beside it.
        let told = decided(&mut run, |_| {});
        let Decision::HandOff(list) = &told.decision else {
            panic!("{told:?}")
        };
        let words: Vec<&str> = list.iter().map(|one| one.what.as_str()).collect();
        assert!(!words.concat().contains("SKU_9"), "{words:?}");
        let remedy = |told: &Decided| {
            let mut all = told.blockers.iter();
            let one = all.find(|one| one.check.contains("SKU_9")).unwrap();
            one.remedy.clone()
        };
        assert!(remedy(&told).contains("not in the approved plan"));

        run.world.subscriptions[0].lifecycle = Lifecycle::Disabled;
        let told = decided(&mut run, |_| {});
        assert_eq!(
            (reason(&told), told.step),
            ("PlanDrift", Step::CancelSubscriptions),
            "{agreement:?}"
        );
        let Decision::Blocked(list) = &told.decision else {
            panic!("{told:?}")
        };
        assert!(list[0].message.contains("SKU_9"), "{}", list[0].message);

        // Whoever may decide so ended it: what vanishes by itself then is waited for, the button is nobody's to press.
        run.world.subscriptions.remove(0);
        run.world.subscriptions[0].lifecycle = Lifecycle::Disabled;
        let told = decided(&mut run, |_| {});
        let pressed = matches!(agreement, Agreement::Direct | Agreement::Unknown);
        let wanted = if pressed {
            "PlanDrift"
        } else {
            "WaitingDeprovision"
        };
        assert_eq!(
            (reason(&told), told.step),
            (wanted, Step::DeleteSubscriptions),
            "{agreement:?}"
        );
        run.world.subscriptions[0].lifecycle = Lifecycle::LockedOut;
        assert_eq!(reason(&decided(&mut run, |_| {})), "PlanDrift");
        run.world.subscriptions.clear();
        assert!(decided(&mut run, |_| {}).step > Step::DeleteSubscriptions);
    }
}

#[test]
fn programs_go_before_persons() {
    let mut run = verified(World::new(1).with(|w| {
        w.subscriptions = vec![
            subscription(1, Agreement::Direct),
            subscription(2, Agreement::Azure),
        ];
    }));
    assert!(matches!(
        decided(&mut run, |_| {}).decision,
        Decision::Act(_)
    ));
    run.cycle(false);
    assert!(matches!(
        decided(&mut run, |_| {}).decision,
        Decision::HandOff(_)
    ));
}

#[test]
fn a_cancellation_that_comes_too_late_becomes_a_renewal_stopped() {
    let mut run = one(Agreement::Partner, |s| {
        s.resource = Some("/v1/customers/c/subscriptions/1".into());
    });
    let known = run.world.subscriptions[0].id;
    let asked = crate::closure::memory::Asked {
        at: run.world.now,
        refused: Some("800062".into()),
        accepted: 0,
    };
    run.memory.subscriptions.insert(known, asked);
    run.world.subscriptions[0].auto_renew = false;
    let told = decided(&mut run, |_| {});
    assert!(told.blockers[0].remedy.contains("800062"));
    run.world.subscriptions[0].auto_renew = true;
    // The seven days are over: Partner Center says so itself.
    run.world.subscriptions[0].cancelable = false;
    assert_eq!(reason(&decided(&mut run, |_| {})), "StopRenewal");
}

#[test]
fn the_end_of_a_term_is_shown() {
    let mut run = one(Agreement::CustomerAgreement, |s| s.cancelable = false);
    run.cycle(false);
    let Decision::Wait(waiting) = decided(&mut run, |_| {}).decision else {
        panic!()
    };
    assert_eq!(waiting.reason, "WaitingTermEnd");
    assert!(waiting.until.is_some());
}

#[test]
fn a_letter_names_each_subscription_with_its_id_and_fits() {
    for (agreement, key) in [
        (Agreement::Partner, "CancelByPartner"),
        (Agreement::Enterprise, "CancelByAccountManager"),
    ] {
        let mut run = verified(World::new(1).with(|w| {
            w.subscriptions = (1..=25).map(|n| subscription(n, agreement)).collect();
        }));
        let told = &asked(&mut run)[0];
        assert_eq!(told.key, key);
        let named = (1..=25).filter(|n| told.what.contains(&id(0x5000 + n).to_string()));
        assert_eq!(named.count(), 20, "{}", told.what);
        assert!(told.what.ends_with("and 5 more\""), "{}", told.what);
        assert!(told.what.chars().count() < 2_048, "{}", told.what.len());
    }
}
