//! A plan for 200,000 users takes the memory of their ids and hardly anything besides, from the listing to the last part.
//!
//! An allocator counts, so this is the only test here: others beside it would be counted too. The operator as a whole is
//! measured by `make bench`.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // tests say what failed by panicking

use peak_alloc::PeakAlloc;
use tenant_closure::closure::{
    acceptance, access, decide, decision, external, id, intent, inventory, loss, mail, memory,
    observation, plan, recycle_bin, schedule, step, steps, supplement, terms,
};

#[path = "../src/closure/fixtures.rs"]
mod fixtures;

use decide::decide;
use decision::Decision;
use fixtures::{Run, World};
use observation::Fact;
use steps::preconditions::make_plan;

#[global_allocator]
static COUNTED: PeakAlloc = PeakAlloc;

const USERS: usize = 200_000;
/// Bytes of a user's object id: what no plan that names its users by id can do without.
const ID: usize = 16;
/// What each of it may take besides for a while, in bytes: less than one of each user.
const BESIDES: usize = 200_000;

/// What it returned, and by how many bytes memory grew meanwhile at most.
fn grown<T>(work: impl FnOnce() -> T) -> (T, usize) {
    COUNTED.reset_peak_usage();
    let before = COUNTED.current_usage();
    let done = work();
    (done, COUNTED.peak_usage().saturating_sub(before))
}

#[test]
fn a_plan_of_200_000_users_takes_16_bytes_for_each_and_hardly_more() {
    let mut world = World::new(u32::try_from(USERS).unwrap());
    world.terms.max_users = Some(300_000);
    let mut run = Run::of(world);
    let (decided, mut seen) = run.look();
    assert!(matches!(decided.decision, Decision::MakePlan { .. }));
    let Fact::Known(listed) = &mut seen.users else {
        panic!("nobody was listed");
    };
    listed.ids.shrink_to_fit();
    assert!(listed.ids.len() > USERS, "the one who stays is listed too");

    let now = run.world.now;
    let (again, deciding) = grown(|| decide(&run.plan, &seen, &run.memory, now));
    assert_eq!(again.decision, decided.decision);
    let (sealed, sealing) = grown(|| make_plan(&run.plan, &mut seen).unwrap());
    assert_eq!(sealed.users.len(), USERS);
    let holding = sealed.users.capacity() * ID;
    let (digest, hashing) = grown(|| plan::digest(&sealed.head, &sealed.users));
    assert_eq!(digest, sealed.digest);
    let (parts, writing) = grown(|| {
        let parts = sealed.users.chunks(plan::CHUNK);
        parts
            .filter(|ids| serde_json::to_vec(ids).unwrap().len() > ids.len())
            .count()
    });
    assert_eq!(parts, USERS / plan::CHUNK);
    run.seal(sealed, Vec::new());
    let (decided, seen) = run.look();
    assert!(matches!(decided.decision, Decision::Act(_)), "{decided:?}");
    let (_, acting) = grown(|| decide(&run.plan, &seen, &run.memory, now));

    println!(
        "bytes beyond {holding} of ids: deciding {deciding}, sealing {sealing}, the digest {hashing}, parts {writing}, deciding what is first {acting}"
    );
    assert!(holding <= (USERS + 1) * ID, "{holding} for the ids");
    for (what, bytes) in [
        ("deciding", deciding),
        ("sealing", sealing),
        ("the digest", hashing),
        ("the parts", writing),
        ("deciding what is first", acting),
    ] {
        assert!(
            bytes < BESIDES,
            "{what} takes {bytes} bytes besides the ids"
        );
    }
}
