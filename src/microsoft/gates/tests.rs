use super::*;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Nothing beyond the least.
const QUIET: Heard = Heard {
    percentage: None,
    units: 1,
    whole_application: false,
};

fn id(n: u128) -> ObjectId {
    ObjectId(uuid::Uuid::from_u128(n))
}

#[test]
fn closed_until_the_pause_is_over_for_writes_only() {
    let now = Instant::now();
    let mut state = State::new(now);
    state.close(
        Lane::Write,
        Some(Duration::from_secs(3)),
        Duration::ZERO,
        now,
    );
    let later = now + Duration::from_secs(2);
    assert!(state.closed.until(Lane::Write, later).is_some());
    assert!(state.closed.until(Lane::Read, later).is_none());
    assert!(
        state
            .closed
            .until(Lane::Write, now + Duration::from_secs(3))
            .is_none()
    );
    state.close(
        Lane::Read,
        Some(Duration::from_secs(9)),
        Duration::ZERO,
        now,
    );
    assert!(state.closed.until(Lane::Read, later).is_some());
    assert!(
        state
            .closed
            .until(Lane::Write, now + Duration::from_secs(8))
            .is_some()
    );
}

#[test]
fn without_a_pause_the_own_back_off_doubles_once_a_closing() {
    let mut now = Instant::now();
    let mut state = State::new(now);
    for seconds in [1, 2, 4, 8, 16, 32, 32] {
        let _ = state.close(Lane::Write, None, Duration::ZERO, now);
        let until = state.closed.until(Lane::Write, now).unwrap();
        assert_eq!(until - now, Duration::from_secs(seconds));
        now = until;
    }
}

#[test]
fn what_was_in_flight_does_not_lengthen_the_own_back_off() {
    let now = Instant::now();
    let mut state = State::new(now);
    for _ in 0..4 {
        state.close(Lane::Write, Some(Duration::ZERO), Duration::ZERO, now);
    }
    let until = state.closed.until(Lane::Write, now).unwrap();
    assert_eq!(until - now, Duration::from_secs(1), "the first pause");
}

#[tokio::test]
async fn an_unspent_reservation_goes_back() {
    let gates = Gates::new();
    let gate = gates.gate(id(1), id(2));
    let until = Instant::now() + Duration::from_secs(1);
    let before = gates.states()[0].tokens_left;
    drop(gate.reserve(20, until).await.unwrap());
    assert!((gates.states()[0].tokens_left - before).abs() < 0.5);
    gate.reserve(20, until).await.unwrap().spend();
    assert!(gates.states()[0].tokens_left < before - 19.0);
    gate.close(Lane::Write, Some(Duration::from_secs(60)), QUIET);
    assert!(gate.reserve(20, until).await.is_none());
    assert!(gates.states()[0].closed_for.is_some());
}

#[tokio::test]
async fn what_an_earlier_life_spent_counts() {
    let gates = Gates::new();
    gates.spent(id(1), id(2), &[(Duration::ZERO, 3_000)]);
    let gate = gates.gate(id(1), id(2));
    let soon = Instant::now() + Duration::from_millis(200);
    assert!(gate.reserve(20, soon).await.is_none());
    // Told twice (two closures of one process, say), it counts once.
    gates.spent(id(1), id(2), &[(Duration::ZERO, 3_000)]);
    let later = Instant::now() + Duration::from_secs(2);
    assert!(gate.book(20, later, Instant::now()).is_some());
}

#[tokio::test]
async fn what_is_long_ago_is_refilled() {
    let gates = Gates::new();
    gates.spent(id(1), id(2), &[(Duration::from_secs(100), 2_940)]);
    let left = gates.states()[0].tokens_left;
    assert!((left - 1_960.0).abs() < 25.0, "{left}");
}

#[test]
fn full_gates_that_nobody_holds_are_forgotten() {
    let gates = Gates::new();
    for n in 0..100 {
        drop(gates.gate(id(n), id(7)));
    }
    assert_eq!(gates.states().len(), 1);
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Closures of one application, each in a tenant of its own, on a clock of our own: slices of 400 users by 16 workers, each
/// slice with 20 s, as in [`super::super::effect`]. `begin` says when each comes; counted is what each sends within `count`.
fn sent(begin: &[u64], spent: u32, count: std::ops::Range<u64>) -> Vec<u32> {
    let gates = Gates::new();
    let start = Instant::now();
    let gate = |n: usize| gates.gate(id(n as u128), id(99));
    lock(&gate(0).application).writes.spend(spent, start);
    let mut counts = vec![0; begin.len()];
    // When a worker asks again: (moment, closure, worker). A slice ends when all its workers have.
    let mut asks: BinaryHeap<Reverse<(Duration, usize, usize)>> = BinaryHeap::new();
    let mut slices: BTreeMap<usize, (Duration, u32, usize)> = BTreeMap::new();
    let workers = 16;
    for (n, at) in begin.iter().enumerate() {
        slices.insert(n, (secs(*at), 400, 0));
        asks.extend((0..workers).map(|worker| Reverse((secs(*at), n, worker))));
    }
    while let Some(Reverse((at, n, worker))) = asks.pop() {
        if at >= secs(count.end) {
            break;
        }
        let (since, left, over) = slices.get_mut(&n).unwrap();
        let booked = (*left > 0)
            .then(|| gate(n).book(20, start + *since + secs(20), start + at))
            .flatten();
        if let Some(Booked::AskAgain(then)) = booked {
            let again = then.saturating_duration_since(start);
            asks.push(Reverse((again, n, worker)));
            continue;
        }
        if let Some(Booked::Ready(ready)) = booked {
            *left -= 20;
            let leaves = ready.saturating_duration_since(start);
            if (secs(count.start)..secs(count.end)).contains(&leaves) {
                counts[n] += 20;
            }
            // Microsoft takes a while to answer.
            asks.push(Reverse((
                leaves.max(at) + Duration::from_millis(200),
                n,
                worker,
            )));
            continue;
        }
        *over += 1;
        if *over == workers {
            // Settled by one reading, the next slice begins at once.
            let next = at + Duration::from_millis(300);
            slices.insert(n, (next, 400, 0));
            asks.extend((0..workers).map(|worker| Reverse((next, n, worker))));
        }
    }
    counts
}

/// The smallest share against the largest.
fn evenness(counts: &[u32]) -> f64 {
    let least = counts.iter().min().copied().unwrap_or(0);
    let most = counts.iter().max().copied().unwrap_or(0).max(1);
    f64::from(least) / f64::from(most)
}

#[test]
fn closures_of_one_application_have_even_shares_of_its_gate() {
    for closures in [3_u32, 8, 10] {
        let counts = sent(&vec![0; closures as usize], 35_000, 0..600);
        let all: u32 = counts.iter().sum();
        // Three are held back by their own tenants' quotas, more by the application's.
        let tenants = 0.98 * (3_000.0 + 600.0 * 20.0) * f64::from(closures);
        let quota = f64::min(0.98 * 35_000.0 / 300.0 * 600.0, tenants);
        assert!(f64::from(all) > 0.9 * quota, "{all} of {quota}");
        // Without shares the least got a third of the most.
        assert!(evenness(&counts) > 0.8, "{counts:?}");
    }
}

#[test]
fn who_comes_later_has_his_share_too() {
    let mut begin = vec![0; 9];
    begin.push(120);
    let counts = sent(&begin, 35_000, 150..450);
    assert!(evenness(&counts) > 0.8, "{counts:?}");
}

/// How many writes are let through within ten seconds, one by one, after what a reply has told.
fn let_through(lane: Lane, heard: Heard) -> u32 {
    let gates = Gates::new();
    let (gate, start) = (gates.gate(id(1), id(2)), Instant::now());
    lock(&gate.state).writes.spend(3_000, start);
    gate.hear(lane, heard, start);
    let mut count = 0;
    let mut now = start;
    while let Some(Booked::Ready(then)) = gate.book(1, start + secs(10), now) {
        now = then;
        count += 1;
    }
    count
}

#[test]
fn the_percentage_lowers_the_pace_of_what_it_is_about() {
    let told = |percentage| Heard {
        percentage: Some(percentage),
        ..QUIET
    };
    let usual = let_through(Lane::Write, QUIET);
    assert_eq!(usual, 196);
    // 1.25: a quarter more than allowed, so four fifths of the pace; 2.0: half of it.
    assert_eq!(let_through(Lane::Write, told(1.25)), 156);
    assert_eq!(let_through(Lane::Write, told(2.0)), 98);
    // Below 1.0 nothing is refused yet; and a reading's percentage is about resource units.
    assert_eq!(let_through(Lane::Write, told(0.95)), usual);
    assert_eq!(let_through(Lane::Read, told(2.0)), usual);
}

#[test]
fn a_percentage_below_one_tells_how_much_is_left() {
    let gates = Gates::new();
    let gate = gates.gate(id(1), id(2));
    let told = Heard {
        percentage: Some(0.9),
        ..QUIET
    };
    gate.hear(Lane::Write, told, Instant::now());
    let left = gates.states()[0].tokens_left;
    assert!((left - 294.0).abs() < 5.0, "{left}");
}

#[test]
fn reading_waits_for_the_resource_units_that_were_told() {
    let gates = Gates::new();
    let (gate, other) = (gates.gate(id(1), id(2)), gates.gate(id(3), id(2)));
    let now = Instant::now();
    let cost = |units| Heard { units, ..QUIET };
    for _ in 0..3 {
        gate.hear(Lane::Read, cost(1_000), now);
    }
    assert_eq!(gate.opens(Lane::Read, now), None, "3,430 are there");
    gate.hear(Lane::Read, cost(1_000), now);
    let wait = gate.opens(Lane::Read, now).unwrap().duration_since(now);
    // 570 and one more, at 343 a second.
    assert!(
        (wait.as_secs_f64() - 571.0 / 343.0).abs() < 0.01,
        "{wait:?}"
    );
    assert_eq!(gate.opens(Lane::Write, now), None);
    assert_eq!(
        other.opens(Lane::Read, now),
        None,
        "each tenant has its own"
    );
    for _ in 0..147 {
        other.hear(Lane::Write, cost(1_000), now);
    }
    let third = gates.gate(id(4), id(2));
    assert!(
        third.opens(Lane::Read, now).is_some(),
        "over all tenants they are spent"
    );
}

#[test]
fn a_429_of_the_whole_application_closes_every_tenant() {
    let gates = Gates::new();
    let [one, two, foreign] = [(1, 9), (2, 9), (3, 8)].map(|(t, a)| gates.gate(id(t), id(a)));
    let pause = Some(secs(60));
    one.close(Lane::Write, pause, QUIET);
    let now = Instant::now();
    assert!(one.opens(Lane::Write, now).is_some() && two.opens(Lane::Write, now).is_none());
    let scope = Heard {
        whole_application: true,
        ..QUIET
    };
    one.close(Lane::Read, pause, scope);
    let now = Instant::now();
    for lane in [Lane::Read, Lane::Write] {
        assert!(two.opens(lane, now).is_some(), "{lane:?}");
        assert!(foreign.opens(lane, now).is_none(), "{lane:?}");
    }
}
