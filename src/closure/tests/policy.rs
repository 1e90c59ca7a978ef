//! What a policy of the tenant stops, and what else is in a person's hands where Microsoft refuses.

use super::users::{after, seen_listing};
use super::{decided, planned, reason, verified};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::intent::{Action, Outcome, Refusal};
use crate::closure::memory::Asked;
use crate::closure::observation::*;
use crate::closure::report;
use crate::closure::terms::Cloud;
use jiff::SignedDuration;

/// Refusals of two users with one code each; the reason or key that is told, and all rows of it.
fn told_of(run: &mut Run, codes: [(u16, &str); 2]) -> (&'static str, usize) {
    run.memory.refused = codes
        .into_iter()
        .zip([0x1_0001, 0x1_0002])
        .map(|((status, code), user)| Refusal {
            code: code.into(),
            status,
            objects: vec![id(user)],
        })
        .collect();
    let told = decided(run, |_| {});
    let rows = match &told.decision {
        Decision::Blocked(list) => list.len(),
        Decision::HandOff(list) => list.len(),
        other => panic!("{other:?}"),
    };
    (reason(&told), rows)
}

#[test]
fn what_a_right_would_mend_is_told_before_what_is_in_a_persons_hands() {
    let mut run = planned(World::new(2));
    let ids = vec![id(0x1_0001), id(0x1_0002)];
    let outcome = Outcome {
        complete: true,
        refused: vec![Refusal {
            code: "Odd".into(),
            status: 422,
            objects: ids.clone(),
        }],
        ..Outcome::default()
    };
    after(&mut run, Action::DeleteUsers, ids, &outcome);
    let listing = seen_listing(&[0x1_0001, 0x1_0002]);
    after(&mut run, Action::VerifyUsers, Vec::new(), &listing);
    let right = (403, "Authorization_RequestDenied");
    let policy = (403, "insufficient_claims");
    for (codes, expected) in [
        ([policy, right], ("UsersRefused", 2)),
        ([(501, "NotImplemented"), right], ("UsersRefused", 2)),
        ([policy, (501, "NotImplemented")], ("UsersRefused", 2)),
        ([policy, (400, "Request_BadRequest")], ("LiftPolicy", 2)),
        ([policy, (401, "AADSTS53003")], ("LiftPolicy", 1)),
    ] {
        assert_eq!(told_of(&mut run, codes), expected, "{codes:?}");
    }
}

#[test]
fn a_policy_that_stops_whole_slices_is_handed_over_with_the_page_of_the_cloud() {
    let mut run = planned(World::new(120).with(|w| w.terms.cloud = Cloud::China));
    run.memory.fruitless = 2;
    let refusal = |code: &str| Refusal {
        code: code.into(),
        status: 403,
        objects: vec![id(0x1_0001)],
    };
    run.memory.last_at = Some(run.world.now);
    run.memory.refused = vec![refusal("Authorization_RequestDenied")];
    assert_eq!(reason(&decided(&mut run, |_| {})), "FailureFuse");
    run.memory.refused = vec![refusal("insufficient_claims")];
    let told = decided(&mut run, |_| {});
    let Decision::HandOff(list) = &told.decision else {
        panic!("{told:?}")
    };
    assert_eq!(list[0].key, "LiftPolicy");
    assert!(
        list[0]
            .what
            .starts_with("Whole groups of users were refused, lately with insufficient_claims"),
        "{}",
        list[0].what
    );
    assert!(
        list[0].link.starts_with("https://portal.azure.cn/"),
        "{}",
        list[0].link
    );
    // Tried again from time to time, with nobody's word but Microsoft's.
    run.world.now += SignedDuration::from_mins(16);
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
}

#[test]
fn a_reading_that_a_policy_stops_is_handed_over() {
    let mut run = planned(World::new(3).with(|w| w.terms.cloud = Cloud::USGov));
    for (why, key) in [
        (Why::PolicyAsks, "LiftPolicy"),
        (Why::Conflict, "ClearTheWay"),
    ] {
        let told = decided(&mut run, |seen| {
            seen.organization = Fact::Unreadable(why);
        });
        let Decision::HandOff(list) = &told.decision else {
            panic!("{told:?}")
        };
        assert_eq!(list[0].key, key);
        assert!(
            list[0].what.contains("read the organization"),
            "{}",
            list[0].what
        );
        assert!(list[0].link.starts_with("https://entra.microsoft.us/"));
        assert!(!list[0].noticed.is_empty());
    }
}

#[test]
fn a_directory_that_a_policy_keeps_is_handed_over() {
    let mut run =
        verified(World::new(2).with(|w| w.terms.directory_resource = Some("/ciam".into())));
    run.memory.directory_delete = Some(Asked {
        at: run.world.now,
        refused: Some("insufficient_claims".into()),
        accepted: 0,
    });
    let told = decided(&mut run, |_| {});
    assert_eq!(reason(&told), "LiftPolicy");
    run.world.now += SignedDuration::from_mins(16);
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteDirectory");
}

/// A policy that keeps us out does not mean that our application is gone.
#[test]
fn a_policy_at_the_end_is_no_departure() {
    let mut run = verified(World::new(2));
    run.memory.own_identity = Some(Asked {
        at: run.world.now,
        refused: Some("Authorization_RequestDenied".into()),
        accepted: 0,
    });
    let told = decided(&mut run, |seen| {
        seen.organization = Fact::Unreadable(Why::PolicyAsks);
        seen.directory = Fact::Known(Existence::Present);
    });
    assert_eq!(reason(&told), "LiftPolicy");
    let told = decided(&mut run, |seen| {
        seen.organization = Fact::Unreadable(Why::CredentialRefused(Refused::ApplicationUnknown));
        seen.directory = Fact::Known(Existence::Present);
    });
    assert_eq!(reason(&told), "DeleteDirectory");
}

/// What is tried again in vain stands as it is told, whether it blocks or is handed over.
#[test]
fn what_is_tried_again_is_known_as_such() {
    for word in [
        "UsersRefused",
        "NotSupported",
        "LiftPolicy",
        "ClearTheWay",
        "DeleteUsersByHand",
    ] {
        assert!(report::TRIED_AGAIN.contains(&word), "{word}");
    }
}
