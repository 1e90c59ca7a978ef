//! Buckets, windows, priorities.

use super::*;

const APP: Uuid = Uuid::from_u128(1);
const TENANT: Uuid = Uuid::from_u128(2);
const WRITE: Cost = Cost {
    units: 1,
    writes: 1,
};

const REFILLED: Windows = Windows {
    fixed: false,
    share: 1.0,
};
const FIXED: Windows = Windows {
    fixed: true,
    share: 1.0,
};

fn served(throttle: &mut Throttle, tries: u32, now: i64) -> u32 {
    served_in(throttle, REFILLED, tries, now)
}

fn served_in(throttle: &mut Throttle, windows: Windows, tries: u32, now: i64) -> u32 {
    (0..tries)
        .filter(|_| {
            matches!(
                throttle.charge((APP, TENANT), 1000, (WRITE, Priority::Normal), windows, now),
                Verdict::Served(_)
            )
        })
        .count() as u32
}

#[test]
fn three_thousand_writes_then_twenty_a_second() {
    let mut throttle = Throttle::new(1.0);
    assert_eq!(served(&mut throttle, 4000, 0), 3000);
    assert_eq!(served(&mut throttle, 4000, 1000), 20);
    assert_eq!(served(&mut throttle, 4000, 151_000), 3000);
    assert!((throttle.bound(10_000, REFILLED) - 350.0).abs() < 1e-9);
}

#[test]
fn a_fixed_window_gives_all_at_once() {
    let mut throttle = Throttle::new(1.0);
    let mut served = |tries, now| served_in(&mut throttle, FIXED, tries, now);
    assert_eq!(served(4000, 0), 3000);
    assert_eq!(served(10, 149_999), 0);
    assert_eq!(served(4000, 150_000), 3000);
}

#[test]
fn a_shorter_window_keeps_the_rate() {
    let short = |fixed| Windows { fixed, share: 0.1 };
    let mut throttle = Throttle::new(1.0);
    assert_eq!(served_in(&mut throttle, short(false), 4000, 0), 300);
    assert_eq!(served_in(&mut throttle, short(false), 4000, 1000), 20);
    let mut throttle = Throttle::new(1.0);
    assert_eq!(served_in(&mut throttle, short(true), 4000, 0), 300);
    assert_eq!(served_in(&mut throttle, short(true), 4000, 14_999), 0);
    assert_eq!(served_in(&mut throttle, short(true), 4000, 15_000), 300);
}

#[test]
fn nobody_is_faster_than_the_bound_and_who_hurries_reaches_it() {
    let windows = [(false, 1.0), (false, 0.1), (true, 1.0), (true, 0.1)];
    for (fixed, share) in windows {
        let windows = Windows { fixed, share };
        for wanted in [100_u32, 300, 301, 1_000, 3_000, 3_001, 7_000] {
            let mut throttle = Throttle::new(1.0);
            let (mut done, mut now) = (0, 0);
            loop {
                while done < wanted && served_in(&mut throttle, windows, 1, now) == 1 {
                    done += 1;
                }
                if done == wanted {
                    break;
                }
                now += 50;
            }
            let bound = throttle.bound(u64::from(wanted), windows);
            let took = now as f64 / 1000.0;
            let late = took - bound;
            assert!(
                (0.0..=0.051).contains(&late),
                "{windows:?} {wanted}: {took} of {bound}"
            );
        }
    }
}

#[test]
fn a_refusal_tells_when_and_why_and_reading_goes_on() {
    let mut throttle = Throttle::new(0.01);
    served(&mut throttle, 30, 0);
    let Verdict::Throttled(told) =
        throttle.charge((APP, TENANT), 1000, (WRITE, Priority::Normal), REFILLED, 0)
    else {
        panic!("served")
    };
    assert!(told.retry_after > 50.0 && told.percentage > 1.0);
    assert_eq!(told.information, "WriteLimitExceeded");
    assert_eq!(
        told.scope,
        format!("Tenant_Application/Write/{APP}/{TENANT}")
    );
    assert!(matches!(
        throttle.charge(
            (APP, TENANT),
            1000,
            (
                Cost {
                    units: 1,
                    writes: 0
                },
                Priority::Normal
            ),
            REFILLED,
            0
        ),
        Verdict::Served(_)
    ));
}

#[test]
fn the_share_that_was_used_is_told_above_four_fifths() {
    let mut throttle = Throttle::new(1.0);
    served(&mut throttle, 2000, 0);
    assert_eq!(
        throttle.charge((APP, TENANT), 1000, (WRITE, Priority::Normal), REFILLED, 0),
        Verdict::Served(None)
    );
    served(&mut throttle, 900, 0);
    assert!(
        matches!(throttle.charge((APP, TENANT), 1000, (WRITE, Priority::Normal), REFILLED, 0), Verdict::Served(Some(share)) if share > 0.8)
    );
}

/// How many of these requests are served, one of each priority at a time, for a minute at so many a second of each.
fn minute(each_second: [u32; PRIORITIES]) -> [u32; PRIORITIES] {
    let mut throttle = Throttle::new(1.0);
    // The burst is used up; from now on 20 come back each second.
    served(&mut throttle, 3000, 0);
    let all = [Priority::Low, Priority::Normal, Priority::High];
    let mut out = [0; PRIORITIES];
    for tick in 0..60_000_u32 {
        for (number, priority) in all.into_iter().enumerate() {
            let per_second = each_second[number];
            if per_second == 0 || !tick.is_multiple_of(1000 / per_second) {
                continue;
            }
            let now = i64::from(tick) + 1;
            let ask = (WRITE, priority);
            let verdict = throttle.charge((APP, TENANT), 1000, ask, REFILLED, now);
            out[number] += u32::from(matches!(verdict, Verdict::Served(_)));
        }
    }
    out
}

#[test]
fn where_the_quota_is_short_the_lower_priority_is_refused_first() {
    // Alone, each priority gets all that there is.
    for alone in [[50, 0, 0], [0, 50, 0], [0, 0, 50]] {
        let served: u32 = minute(alone).iter().sum();
        assert!((1190..=1210).contains(&served), "{alone:?}: {served}");
    }
    // People ask for half: nobody of them is refused, and the rest goes to the others.
    let [low, normal, _] = minute([50, 10, 0]);
    assert!(normal >= 595, "{normal} of 600");
    assert!((540..=610).contains(&low), "{low}");
    // They ask for more than there is: hardly anything is left for who goes after.
    let [low, normal, high] = minute([50, 10, 20]);
    assert!(high >= 1150, "{high} of 1200");
    assert!(low + normal <= 60, "{low} + {normal}");
    let [low, normal, _] = minute([50, 40, 0]);
    assert!(normal >= 1150 && low <= 50, "{normal} and {low}");
}

#[test]
fn where_there_is_plenty_nobody_is_refused() {
    let mut throttle = Throttle::new(1.0);
    for number in 0..1000 {
        for priority in [Priority::High, Priority::Normal, Priority::Low] {
            let ask = (WRITE, priority);
            let verdict = throttle.charge((APP, TENANT), 1000, ask, REFILLED, number);
            assert!(number > 450 || matches!(verdict, Verdict::Served(_)));
        }
    }
}

#[test]
fn a_priority_is_read_from_its_header() {
    use Priority::{High, Low, Normal};
    let read = [None, Some("Low"), Some("normal"), Some("HIGH"), Some("?")];
    assert_eq!(read.map(Priority::of), [Normal, Low, Normal, High, Normal]);
}
