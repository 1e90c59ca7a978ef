//! A domain above others that are released as well.

use super::{decided, effect, handed_off, reason, verified, world};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Outcome, Refusal};
use crate::closure::memory::Asked;
use jiff::SignedDuration;

/// Microsoft refuses a domain as long as one below it is there, and a person would be asked for nothing.
#[test]
fn a_domain_waits_for_those_below_it() {
    let mut run = verified(world().with(|w| w.lag = SignedDuration::ZERO));
    run.cycle(false);
    // Asked for: it takes Microsoft a while to show it.
    let child = ObjectId::of_domain("shop.contoso.nl");
    let asked = Asked {
        at: run.world.now,
        refused: None,
        accepted: 1,
    };
    run.memory.domains.insert(child, asked);
    let told = decided(&mut run, |_| {});
    assert_eq!(reason(&told), "ReleasingDomains");
    let mut rows = told.blockers.iter();
    let row = rows.find(|one| one.check == "Domain contoso.nl").unwrap();
    assert_eq!(
        row.remedy,
        "Is released by the operator once those below it are"
    );
    // In a person's hands it is alone: nothing is asked of the other.
    run.memory.domains.get_mut(&child).unwrap().refused = Some("Request_BadRequest".into());
    let told = decided(&mut run, |_| {});
    assert!(handed_off(&told).starts_with("Release the domain shop.contoso.nl."));
    let Decision::HandOff(list) = &told.decision else {
        panic!("{told:?}")
    };
    assert_eq!(list.len(), 1, "{list:?}");
    // What was refused while it was there is not held against the domain above.
    let refused = Asked {
        at: run.world.now,
        refused: Some("Request_BadRequest".into()),
        accepted: 0,
    };
    let parent = ObjectId::of_domain("contoso.nl");
    run.memory.domains.insert(parent, refused);
    run.world.domains.retain(|d| d.name != "shop.contoso.nl");
    assert_eq!(
        effect(&decided(&mut run, |_| {})),
        ("ReleaseDomain", "contoso.nl")
    );
    // A name that merely ends alike is not below it.
    run.world.domains.push(domain("mycontoso.nl"));
    assert_eq!(
        effect(&decided(&mut run, |_| {})),
        ("ReleaseDomain", "contoso.nl")
    );
}

/// Where those below it are gone, readers may not all have seen it: it is asked for some minutes before a person is.
#[test]
fn a_refusal_after_those_below_it_went_is_tried_again_for_minutes() {
    let mut run = verified(world());
    run.cycle(false);
    run.cycle(false);
    assert!(
        run.world
            .domains
            .iter()
            .all(|d| d.name != "shop.contoso.nl")
    );
    let begun = run.world.now;
    let mut tries = 0;
    let told = loop {
        let (told, _) = run.look();
        let Decision::Act(intent) = &told.decision else {
            if matches!(told.decision, Decision::HandOff(_)) {
                break told;
            }
            run.cycle(false);
            continue;
        };
        assert_eq!(intent.domain.as_deref(), Some("contoso.nl"));
        tries += 1;
        let outcome = Outcome {
            complete: true,
            refused: vec![Refusal {
                code: "Request_BadRequest".into(),
                status: 400,
                objects: intent.objects.clone(),
            }],
            ..Outcome::default()
        };
        let memory = std::mem::take(&mut run.memory);
        run.memory = memory.advance(intent, &outcome, run.world.now);
    };
    assert!(handed_off(&told).starts_with("Release the domain contoso.nl."));
    let took = run.world.now.duration_since(begun);
    assert!(took >= SignedDuration::from_mins(4), "{took}");
    assert_eq!(tries, 9);
}
