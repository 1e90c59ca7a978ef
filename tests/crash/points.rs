//! Points at which the operator can be killed, and the drawing of some of them from a recorded run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tenant_closure::closure::step::Step;

/// What kind of request of the operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// A record is created.
    Claim,
    /// Something is changed at Microsoft.
    Write,
    /// The outcome of a record is written.
    Outcome,
    /// The status of the closure is written.
    Patch,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Claim, Self::Write, Self::Outcome, Self::Patch];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Write => "write",
            Self::Outcome => "outcome",
            Self::Patch => "patch",
        }
    }
}

/// On which side of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// The server has not seen it.
    Before,
    /// The server has answered, and the operator has not heard.
    After,
}

impl Side {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// One request of a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    /// Step and action, or the step alone.
    pub(crate) what: String,
    /// The how-manieth of its kind and of what it is about, from 1; of a write that of the claim before it.
    pub(crate) number: usize,
    /// The how-manieth write of its effect, from 1; 0 of all else.
    pub(crate) within: usize,
}

impl Request {
    /// The place of its step in the procedure.
    pub(crate) fn step(&self) -> usize {
        let name = self.what.split('/').next().unwrap_or_default();
        let place = Step::ORDER.iter().position(|step| step.name() == name);
        place.unwrap_or_else(|| panic!("no step is called {name}"))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.kind.word(), self.what, self.number)?;
        if self.within > 0 {
            write!(f, ".{}", self.within)?;
        }
        Ok(())
    }
}

/// Where to kill.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    /// Its place in the recorded run.
    pub(crate) place: usize,
    pub(crate) side: Side,
    pub(crate) request: Request,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.side.word(), self.request)
    }
}

/// The writes of a recorded run, in their order: they tell how far another run is that does the same.
#[derive(Clone, Debug)]
pub(crate) struct Record(pub(crate) Vec<Request>);

impl Record {
    /// True where a run that did what `seen` tells, and now sends `request`, has come to `point`, or past it: no two
    /// runs send quite the same. Patches are counted by no run alike, so they come after what comes before them.
    pub(crate) fn reaches(&self, seen: &[Request], request: &Request, point: &Request) -> bool {
        if request.kind != point.kind {
            return false;
        }
        let wanted = self.0.iter().position(|known| known == point);
        if point.kind == Kind::Patch
            && let Some(wanted) = wanted
        {
            let record = |known: &&Request| matches!(known.kind, Kind::Claim | Kind::Outcome);
            let before = self.0[..wanted].iter().rfind(record);
            return before.is_none_or(|before| seen.iter().any(|one| self.passes(one, before)));
        }
        self.passes(request, point)
    }

    /// True where `request` is at or after `point`, of the same kind.
    fn passes(&self, request: &Request, point: &Request) -> bool {
        if request.kind != point.kind {
            return false;
        }
        if request.what == point.what {
            return request.number >= point.number;
        }
        let first = |known: &Request| (known.kind, &known.what) == (request.kind, &request.what);
        let begins = self.0.iter().position(first);
        match (begins, self.0.iter().position(|known| known == point)) {
            (Some(begins), Some(wanted)) => begins > wanted,
            _ => request.step() > point.step(),
        }
    }
}

/// Splitmix64: a seed gives the same draws everywhere and for ever.
struct Chance(u64);

impl Chance {
    /// Some number below `below`.
    fn draw(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        // A share of the whole, so that one request more or less in the record moves a draw by one place at most.
        let share = u128::from(z) * below as u128;
        usize::try_from(share >> 64).unwrap_or(0)
    }

    fn side(&mut self) -> Side {
        [Side::Before, Side::After][self.draw(2)]
    }
}

/// Draws `count` points, in the order of the run: every action and every step's status first, then whatever kind and
/// side have the fewest.
pub(crate) fn draw(Record(recorded): &Record, seed: u64, count: usize) -> Vec<Point> {
    let mut chance = Chance(seed);
    // A run that is killed after its last outcome tells the end at once: of what comes after that only the last word
    // is sure to come.
    let outcome = |request: &Request| request.kind == Kind::Outcome;
    let outcome = recorded.iter().rposition(outcome).unwrap_or(0);
    let sure = |place: usize| place <= outcome || place + 1 == recorded.len();
    let mut points = BTreeSet::new();
    let mut groups: BTreeMap<&str, BTreeMap<Kind, Vec<usize>>> = BTreeMap::new();
    let mut kinds: BTreeMap<Kind, Vec<usize>> = BTreeMap::new();
    let all = recorded.iter().enumerate();
    for (place, request) in all.filter(|(place, _)| sure(*place)) {
        let group = groups.entry(&request.what).or_default();
        group.entry(request.kind).or_default().push(place);
        kinds.entry(request.kind).or_default().push(place);
    }
    let point = |places: &[usize], chance: &mut Chance| {
        let place = places[chance.draw(places.len())];
        Point {
            place,
            side: chance.side(),
            request: recorded[place].clone(),
        }
    };
    for group in groups.values() {
        let choices: Vec<&Vec<usize>> = group.values().collect();
        let places = choices[chance.draw(choices.len())];
        points.insert(point(places, &mut chance));
    }
    let cells = Kind::ALL
        .iter()
        .flat_map(|kind| [(*kind, Side::Before), (*kind, Side::After)]);
    let cells: Vec<(Kind, Side)> = cells.filter(|(kind, _)| kinds.contains_key(kind)).collect();
    for _ in 0..1000 {
        if points.len() >= count {
            break;
        }
        let taken = |cell: &&(Kind, Side)| {
            let same = |p: &&Point| (p.request.kind, p.side) == **cell;
            points.iter().filter(same).count()
        };
        let Some(cell) = cells.iter().min_by_key(taken) else {
            break;
        };
        let drawn = point(&kinds[&cell.0], &mut chance);
        points.insert(Point {
            side: cell.1,
            ..drawn
        });
    }
    points.into_iter().take(count).collect()
}

#[test]
fn a_plan_is_spread_over_kinds_sides_and_steps_and_repeats_by_its_seed() {
    let request = |kind, what: &str, number| Request {
        kind,
        what: what.to_owned(),
        number,
        within: usize::from(kind == Kind::Write),
    };
    let mut recorded = Vec::new();
    for (what, count) in [
        ("Preconditions/Plan", 1),
        ("Users/DeleteUsers", 40),
        ("DisableMFA/DisableMFA", 1),
    ] {
        for number in 1..=count {
            recorded.push(request(Kind::Claim, what, number));
            recorded.push(request(Kind::Write, what, number));
            recorded.push(request(Kind::Outcome, what, number));
            let step = what.split('/').next().unwrap();
            recorded.push(request(Kind::Patch, step, number));
        }
    }
    let recorded = Record(recorded);
    let plan = draw(&recorded, 1, 30);
    assert_eq!(plan, draw(&recorded, 1, 30));
    assert_ne!(plan, draw(&recorded, 2, 30));
    assert_eq!(plan.len(), 30);
    assert!(plan.is_sorted_by_key(|point| point.place));
    for kind in Kind::ALL {
        for side in [Side::Before, Side::After] {
            let same = |p: &&Point| (p.request.kind, p.side) == (kind, side);
            assert!(plan.iter().filter(same).count() >= 3, "{kind:?} {side:?}");
        }
    }
    let steps: BTreeSet<usize> = plan.iter().map(|point| point.request.step()).collect();
    assert_eq!(steps.into_iter().collect::<Vec<_>>(), [0, 1, 4]);
}

#[test]
fn a_run_reaches_a_point_at_or_after_it() {
    let request = |kind, what: &str, number| Request {
        kind,
        what: what.to_owned(),
        number,
        within: 0,
    };
    let recorded = [
        ("Preconditions/Plan", 1),
        ("Users/DeleteUsers", 4),
        ("Users/VerifyUsers", 2),
        ("DisableMFA/DisableMFA", 1),
    ];
    let recorded = recorded.iter().flat_map(|(what, count)| {
        (1..=*count).map(move |number| request(Kind::Claim, what, number))
    });
    let recorded = Record(recorded.collect());
    let point = request(Kind::Claim, "Users/DeleteUsers", 4);
    for (sent, reached) in [
        (request(Kind::Claim, "Users/DeleteUsers", 3), false),
        (request(Kind::Claim, "Users/DeleteUsers", 4), true),
        (request(Kind::Claim, "Users/DeleteUsers", 5), true),
        (request(Kind::Claim, "Users/VerifyUsers", 1), true),
        (request(Kind::Outcome, "Users/DeleteUsers", 4), false),
        (request(Kind::Claim, "DisableMFA/DisableMFA", 1), true),
        (request(Kind::Claim, "Preconditions/Plan", 9), false),
        (request(Kind::Claim, "DeleteDirectory/New", 1), true),
        (request(Kind::Claim, "Users/New", 1), false),
    ] {
        assert_eq!(recorded.reaches(&[], &sent, &point), reached, "{sent}");
    }
}

#[test]
fn a_patch_comes_after_what_comes_before_it() {
    let request = |kind, what: &str, number| Request {
        kind,
        what: what.to_owned(),
        number,
        within: 0,
    };
    let claim = |number| request(Kind::Claim, "Users/DeleteUsers", number);
    let patch = |number| request(Kind::Patch, "Users", number);
    let recorded = Record(vec![claim(1), patch(1), claim(2), patch(2), patch(3)]);
    assert!(!recorded.reaches(&[claim(1)], &patch(8), &patch(3)));
    assert!(recorded.reaches(&[claim(1), claim(2)], &patch(1), &patch(3)));
    assert!(!recorded.reaches(&[claim(1), claim(2)], &claim(3), &patch(3)));
}
