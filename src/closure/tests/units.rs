//! Users in restricted management administrative units are told before the first user goes.

use super::*;
use crate::closure::fixtures::id;
use crate::closure::observation::{RestrictedUnit, Why};

fn unit(name: &str, users: std::ops::RangeInclusive<u128>) -> RestrictedUnit {
    RestrictedUnit {
        name: name.into(),
        users: users.map(|n| id(0x1_0000 + n)).collect(),
    }
}

fn with(units: Vec<RestrictedUnit>) -> World {
    World::new(3).with(|world| world.restricted_units = Ok(units))
}

fn stands(run: &mut Run) -> Decided {
    run.until(false, 3, |d| {
        !matches!(d.decision, Decision::MakePlan { .. })
    })
}

#[test]
fn the_unit_is_named_and_nothing_begins_until_the_users_are_out() {
    let units = vec![unit("Board\u{1b}", 1..=2), unit("Elsewhere", 900..=901)];
    let mut run = Run::of(with(units));
    let decided = stands(&mut run);
    assert_eq!(reason(&decided), "RestrictedUnits");
    let [row] = decided.blockers.as_slice() else {
        panic!("{:?}", decided.blockers)
    };
    assert_eq!(
        (row.check.as_str(), row.state),
        ("Unit Board[U+001B]", "failed")
    );
    assert!(
        row.remedy.starts_with("2 planned users in it"),
        "{}",
        row.remedy
    );
    assert!(row.link.contains("restricted-management"), "{}", row.link);
    run.world.restricted_units = Ok(Vec::new());
    assert!(matches!(stands(&mut run).decision, Decision::Act(_)));
}

#[test]
fn what_may_not_be_read_is_told_and_bars_nothing() {
    for why in [Why::Forbidden, Why::Unsupported] {
        let world = World::new(3).with(|world| world.restricted_units = Err(why));
        let acts = stands(&mut Run::of(world.clone()));
        assert!(matches!(acts.decision, Decision::Act(_)), "{acts:?}");
        let told = stands(&mut Run::of(
            world.with(|world| world.terms.mode = Mode::Plan),
        ));
        let row = &told.blockers[0];
        assert_eq!(
            (row.check.as_str(), row.state),
            ("Restricted units", "unknown")
        );
        assert!(row.remedy.contains("AdministrativeUnit.Read.All"));
    }
}

#[test]
fn a_service_that_is_down_is_waited_for() {
    let world = World::new(3).with(|world| world.restricted_units = Err(Why::Unavailable));
    assert_eq!(reason(&stands(&mut Run::of(world))), "MicrosoftUnavailable");
}

#[test]
fn nobody_asks_once_users_go() {
    let mut run = planned(with(Vec::new()));
    assert!(matches!(run.cycle(false).decision, Decision::Act(_)));
    let asked = run.world.questions[&Question::RestrictedUnits];
    run.cycle(false);
    assert_eq!(run.world.questions[&Question::RestrictedUnits], asked);
}
