//! Long pauses: Microsoft's date is kept to the second, whatever else says when to look again.

use super::*;
use crate::closure::intent::{Action, Intent};
use crate::closure::observation::{Fact, Why};
use crate::closure::step::Step;
use crate::closure::steps::facts;
use crate::closure::{pause, schedule};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// More than any pause of our own.
const PAUSE: SignedDuration = SignedDuration::from_hours(5);

/// Neither the configured longest time between two looks nor our own pause after a failure cuts it.
#[test]
fn a_reading_that_is_put_off_is_asked_again_then_and_no_sooner() {
    let mut run = Run::of(World::new(3));
    let now = run.world.now;
    let then = now + PAUSE;
    let decided = decided(&mut run, |seen| {
        seen.organization = Fact::Unreadable(Why::Paused(then));
    });
    let Decision::Wait(waiting) = &decided.decision else {
        panic!("{decided:?}");
    };
    assert_eq!((waiting.reason, waiting.until), ("Throttled", Some(then)));
    let told = format!("nothing more is asked about the organization before {then}");
    assert!(waiting.message.ends_with(&told), "{}", waiting.message);
    let terms = &run.plan.terms;
    let next = |now: Timestamp| schedule::next(&decided.decision, terms, now);
    let whole = Duration::try_from(PAUSE).unwrap();
    assert!(terms.poll_at_most < whole);
    assert_eq!(next(now), whole);
    let second = SignedDuration::from_secs(1);
    assert_eq!(next(then - second), Duration::from_secs(1));
    assert_eq!(next(then), Duration::ZERO);
    assert_eq!(next(then + second), Duration::ZERO);
}

/// What became of an effect is looked at then.
#[test]
fn an_effect_in_doubt_waits_as_long() {
    let then = World::new(3).now + PAUSE;
    let decision = facts::unsettled(Action::DeleteUsers, Some(Why::Paused(then)));
    let waiting = facts::unreadable(Question::Users, Why::Paused(then));
    assert_eq!(decision, waiting);
    assert!(matches!(decision, Decision::Wait(wait) if wait.until == Some(then)));
}

/// No record is claimed for what could not be sent; anything but an effect is decided as ever.
#[test]
fn nothing_is_begun_before_the_pause_is_over() {
    let mut run = Run::of(World::new(3));
    let then = run.world.now + PAUSE;
    let mut told = decided(&mut run, |_| {});
    told.decision = Decision::Suspended;
    pause::heeded(&mut told, Some(then));
    assert_eq!(told.decision, Decision::Suspended);
    told.decision = Decision::Act(Intent::on(Step::Users, Action::DeleteUsers, Vec::new()));
    pause::heeded(&mut told, None);
    assert_eq!(reason(&told), "DeleteUsers");
    pause::heeded(&mut told, Some(then));
    assert_eq!(reason(&told), "Throttled");
}

#[test]
fn a_record_that_is_dated_ahead_holds_nothing_up() {
    let (now, pause) = (Timestamp::UNIX_EPOCH, Duration::from_secs(10));
    for (ahead, rest) in [(-4, Some(6)), (-10, None), (4, Some(6)), (3_600, None)] {
        let memory = Memory {
            last_at: Some(now + SignedDuration::from_secs(ahead)),
            ..Memory::default()
        };
        let rest = rest.map(Duration::from_secs);
        assert_eq!(schedule::rest(&memory, pause, now), rest, "{ahead}");
    }
}
