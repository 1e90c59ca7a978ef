//! Evidence that is required bars whatever would change something; evidence that is only wanted is told.

use super::{decided, planned, reason};
use crate::closure::decision::Decision;
use crate::closure::evidence::{CONDITION, Evidence, Kept};
use crate::closure::fixtures::*;
use crate::closure::terms::Mode;

fn kept(required: bool, kept: Kept) -> Evidence {
    Evidence {
        store: "file:///evidence".into(),
        required,
        kept,
    }
}

fn failing() -> Kept {
    Kept::Not("/evidence is no folder".into())
}

fn differing() -> Kept {
    Kept::Differs("records/0000000001.json is there with another content".into())
}

#[test]
fn where_it_is_required_nothing_starts_before_everything_is_stored() {
    let mut run = planned(World::new(300));
    for (state, wanted) in [
        (failing(), "EvidenceNotWritten"),
        (differing(), "EvidenceDiffers"),
        (Kept::UnderWay, "WritingEvidence"),
    ] {
        let told = decided(&mut run, |seen| {
            seen.cluster.evidence = Some(kept(true, state))
        });
        assert_eq!(reason(&told), wanted);
    }
    let whole = decided(&mut run, |seen| {
        seen.cluster.evidence = Some(kept(true, Kept::All));
    });
    let without = decided(&mut run, |seen| seen.cluster.evidence = None);
    assert!(matches!(whole.decision, Decision::Act(_)), "{whole:?}");
    assert_eq!(whole, without);
}

#[test]
fn where_it_is_not_required_the_work_goes_on() {
    let mut run = planned(World::new(300));
    let without = decided(&mut run, |seen| seen.cluster.evidence = None);
    for state in [failing(), differing(), Kept::UnderWay] {
        let told = decided(&mut run, |seen| {
            seen.cluster.evidence = Some(kept(false, state))
        });
        assert_eq!(told, without);
    }
}

#[test]
fn what_is_only_planned_needs_none() {
    let mut run = planned(World::new(300).with(|w| w.terms.mode = Mode::Plan));
    let told = decided(&mut run, |seen| {
        seen.cluster.evidence = Some(kept(true, failing()))
    });
    assert!(!matches!(told.decision, Decision::Blocked(_)), "{told:?}");
}

#[test]
fn the_condition_tells_how_it_stands_and_what_follows() {
    let told = |required, state| kept(required, state).standing();
    let standing = told(false, Kept::All);
    assert_eq!((standing.status, standing.reason), (Some(true), "Stored"));
    let standing = told(false, Kept::UnderWay);
    assert_eq!((standing.status, standing.reason), (None, "Writing"));
    for (required, says) in [(true, "no effect starts"), (false, "the work goes on")] {
        let standing = told(required, failing());
        assert_eq!(
            (standing.status, standing.reason),
            (Some(false), "EvidenceNotWritten")
        );
        assert!(standing.message.contains("/evidence is no folder"));
        assert!(standing.message.contains(says), "{}", standing.message);
    }
    let standing = told(true, differing());
    assert_eq!(
        (standing.status, standing.reason),
        (Some(false), "EvidenceDiffers")
    );
    assert!(standing.message.contains("tenant-closure verify"));
    assert_eq!(CONDITION, "EvidenceStored");
}
