//! The life of a subscription.

use super::*;

fn subscription(kind: SubscriptionKind) -> Subscription {
    let plan = scenario::Subscription {
        kind,
        ..scenario::Subscription::default()
    };
    Subscription::new(&plan, Uuid::new_v4)
}

#[test]
fn a_direct_one_is_deprovisioned_after_it_was_deleted() {
    let mut one = subscription(SubscriptionKind::Direct);
    assert!(one.delete(0).is_err());
    assert!(one.cancel(0) && !one.cancel(0));
    one.delete(0).unwrap();
    assert!(!one.settle((71.0 * HOUR) as i64));
    assert!(one.settle((72.0 * HOUR) as i64) && one.gone());
}

#[test]
fn a_customer_agreement_one_goes_at_the_end_of_the_term() {
    let mut one = subscription(SubscriptionKind::CustomerAgreement);
    one.cancel(0);
    assert_eq!(one.billing_status(), "Cancelled");
    assert!(one.delete(0).is_err());
    assert!(!one.settle((29.0 * DAY) as i64));
    assert!(one.settle((30.0 * DAY) as i64));
}

#[test]
fn what_a_user_bought_is_gone_once_canceled_and_an_enterprise_one_goes_later() {
    let mut bought = subscription(SubscriptionKind::SelfService);
    assert!(bought.may_cancel() && bought.cancel(5));
    assert!(bought.settle(5) && bought.gone());
    let mut agreed = subscription(SubscriptionKind::Enterprise);
    assert!(!agreed.may_cancel());
    assert!(agreed.cancel(0) && agreed.delete(0).is_err());
    assert!(!agreed.settle((71.0 * HOUR) as i64) && agreed.settle((72.0 * HOUR) as i64));
}

#[test]
fn it_is_canceled_within_days_of_its_start_and_of_each_renewal() {
    let plan = scenario::Subscription {
        kind: SubscriptionKind::Partner,
        cancellable_days: Some(7.0),
        ..scenario::Subscription::default()
    };
    let mut one = Subscription::new(&plan, Uuid::new_v4);
    for (day, open) in [
        (0.0, true),
        (6.9, true),
        (7.1, false),
        (29.0, false),
        (31.0, true),
        (38.0, false),
    ] {
        one.settle((day * DAY) as i64);
        assert_eq!(one.may_cancel(), open, "day {day}");
    }
}

#[test]
fn its_durations_are_data() {
    let plan = scenario::Subscription {
        auto_renew: false,
        term_end_days: 5.0,
        grace_days: 2.0,
        disabled_days: 3.0,
        deprovision_hours: 1.0,
        ..scenario::Subscription::default()
    };
    let stage = |days: f64| {
        let mut one = Subscription::new(&plan, Uuid::new_v4);
        for day in 0..=(days * 10.0) as i64 {
            one.settle(day * (DAY / 10.0) as i64);
        }
        one.stage
    };
    for (days, wanted) in [
        (4.9, Stage::Enabled),
        (6.0, Stage::Warning),
        (8.0, Stage::Suspended),
        (10.1, Stage::Deleted),
    ] {
        assert_eq!(stage(days), wanted, "day {days}");
    }
    let mut one = Subscription::new(&plan, Uuid::new_v4);
    one.cancel(0);
    assert_eq!(one.next_change(), (3.0 * DAY) as i64);
    one.delete(0).unwrap();
    assert_eq!(one.next_change(), HOUR as i64);
}

#[test]
fn a_view_that_is_behind_shows_what_was() {
    let mut one = subscription(SubscriptionKind::Direct);
    one.settle(0);
    one.cancel(10);
    one.settle(10);
    assert_eq!(one.seen(9).stage, Stage::Enabled);
    assert_eq!(one.seen(10).stage, Stage::Suspended);
}

#[test]
fn one_that_renews_never_goes_and_one_that_does_not_passes_all_stages() {
    let mut renewing = subscription(SubscriptionKind::Direct);
    assert!(!renewing.settle((800.0 * DAY) as i64) && renewing.stage == Stage::Enabled);
    let mut ending = subscription(SubscriptionKind::Direct);
    ending.auto_renew = false;
    ending.settle((31.0 * DAY) as i64);
    assert_eq!(ending.stage, Stage::Warning);
    assert!(ending.settle((151.0 * DAY) as i64));
}

#[test]
fn azure_offers_delete_some_time_after_the_cancellation() {
    let minute = 60_000;
    for (trial, hours, wait) in [
        (false, None, 15 * minute),
        (true, None, 72 * 60 * minute),
        (false, Some(168.0), 168 * 60 * minute),
    ] {
        let plan = scenario::Subscription {
            kind: SubscriptionKind::Azure,
            trial,
            delete_after_hours: hours,
            ..scenario::Subscription::default()
        };
        let mut one = Subscription::new(&plan, Uuid::new_v4);
        one.cancel(minute);
        assert_eq!(one.delete_from(), Some(minute + wait));
        assert!(one.delete(minute + wait - 1).is_err());
        assert!(one.delete(minute + wait).is_ok());
    }
    let mut direct = subscription(SubscriptionKind::Direct);
    direct.cancel(0);
    assert!(direct.delete(0).is_ok());
}

#[test]
fn what_a_partner_canceled_is_deleted_for_him_at_once() {
    for (legacy_offer, told) in [(false, "deleted"), (true, "suspended")] {
        let plan = scenario::Subscription {
            kind: SubscriptionKind::Partner,
            legacy_offer,
            ..scenario::Subscription::default()
        };
        let mut one = Subscription::new(&plan, Uuid::new_v4);
        one.cancel(0);
        assert_eq!(
            (one.partner_status(), one.stage.graph()),
            (told, "Suspended")
        );
    }
    // What ran out by itself was not.
    let plan = scenario::Subscription {
        kind: SubscriptionKind::Partner,
        auto_renew: false,
        grace_days: 0.0,
        ..scenario::Subscription::default()
    };
    let mut ended = Subscription::new(&plan, Uuid::new_v4);
    ended.settle((31.0 * DAY) as i64);
    assert_eq!(ended.partner_status(), "suspended");
}

#[test]
fn what_comes_with_the_tenant_nobody_ends() {
    let mut one = subscription(SubscriptionKind::EntraIdFree);
    assert_eq!(one.sku, ENTRA_ID_FREE);
    assert!(!one.active() && !one.may_cancel() && !one.cancel(0));
    assert!(one.delete(0).unwrap_err().contains("with the tenant"));
    assert!(!one.settle((800.0 * DAY) as i64) && one.stage == Stage::Enabled);
}

#[test]
fn an_expired_one_is_disabled_after_its_grace_or_deleted_before() {
    let expired = || {
        let plan = scenario::Subscription {
            status: "Warning".to_owned(),
            grace_days: 5.0,
            ..scenario::Subscription::default()
        };
        let mut one = Subscription::new(&plan, Uuid::new_v4);
        one.settle(0);
        one
    };
    let mut one = expired();
    assert!(one.stage == Stage::Warning && !one.active() && !one.cancel(0));
    assert_eq!(one.next_change(), (5.0 * DAY) as i64, "then it is disabled");
    one.settle((5.0 * DAY) as i64);
    assert_eq!(one.stage, Stage::Suspended);
    assert_eq!(one.next_change(), (95.0 * DAY) as i64, "then it goes");
    let mut one = expired();
    one.delete(0).unwrap();
    assert_eq!(
        (one.stage, one.next_change()),
        (Stage::Suspended, (72.0 * HOUR) as i64)
    );
    assert!(one.settle((72.0 * HOUR) as i64));
}
