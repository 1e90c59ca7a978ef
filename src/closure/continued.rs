//! Continued: what a record says was known before it is what the record before it left.
//!
//! The memory rides in each record, and the newest one steers what comes next: one that was put in with another memory would
//! have a step skipped, or something approved that was not.

use crate::closure::memory::Memory;
use jiff::Timestamp;

type Field = (&'static str, fn(&Memory, &Memory) -> bool);

/// What says that something was planned, done, proven or asked for, and how far it came. Paces and counts are left out: a later
/// version may count otherwise, and nothing is proven by them.
const FIELDS: [Field; 14] = [
    ("plan", |one, other| plan(one) == plan(other)),
    ("supplements", |one, other| {
        supplements(one).eq(supplements(other))
    }),
    // Absent says that nothing has begun under it, as in records of versions that did not know it.
    ("acceptedLater", |said, left| {
        said.accepted_later.is_none() || said.accepted_later == left.accepted_later
    }),
    ("started", |one, other| one.started == other.started),
    ("destroyingSince", |one, other| {
        one.destroying_since == other.destroying_since
    }),
    ("inventory", |one, other| {
        let object = |memory: &Memory| {
            let taken = memory.inventory.as_ref();
            taken.map(|one| (one.at, one.inventory.object.clone()))
        };
        object(one) == object(other)
    }),
    ("cursor", |one, other| one.cursor == other.cursor),
    ("cleanSince", |one, other| {
        one.clean_since == other.clean_since
    }),
    ("verifiedAt", |one, other| {
        one.verified_at == other.verified_at
    }),
    ("syncOff", |one, other| {
        let at = |memory: &Memory| memory.sync_off.as_ref().map(|asked| asked.at);
        at(one) == at(other)
    }),
    ("ownIdentityRemoved", |one, other| {
        one.own_identity_removed == other.own_identity_removed
    }),
    ("directoryDelete", |one, other| {
        let at = |memory: &Memory| memory.directory_delete.as_ref().map(|asked| asked.at);
        at(one) == at(other)
    }),
    ("directoryGoneAt", |one, other| {
        one.directory_gone_at == other.directory_gone_at
    }),
    ("lastAt", |one, other| one.last_at == other.last_at),
];

fn plan(memory: &Memory) -> Option<(&str, u32, Timestamp, u32)> {
    let plan = memory.plan.as_ref()?;
    Some((&plan.digest, plan.chunks, plan.made_at, plan.users))
}

fn supplements(memory: &Memory) -> impl Iterator<Item = (&str, u32, Timestamp, u32)> {
    let all = memory.supplements.iter();
    all.map(|one| (one.digest.as_str(), one.ordinal, one.made_at, one.cursor))
}

/// The fields in which what a record says was known differs from what the one before left, by the names that they have there.
pub fn otherwise(said: &Memory, left: &Memory) -> Vec<&'static str> {
    let differ = FIELDS.into_iter().filter(|(_, same)| !same(said, left));
    differ.map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::fixtures::{Run, World, whole_inventory};
    use crate::closure::inventory::Taken;
    use crate::closure::memory::Asked;
    use crate::closure::step::Step;
    use crate::closure::supplement::SupplementRef;

    type Change = fn(&mut Memory, Option<Asked>);

    #[test]
    fn each_field_that_steers_is_compared() {
        let mut run = Run::of(World::new(3));
        for _ in 0..3 {
            run.cycle(false);
        }
        let left = run.memory;
        assert!(left.plan.is_some() && otherwise(&left.clone(), &left).is_empty());
        let at = Timestamp::UNIX_EPOCH;
        let asked = Some(Asked {
            at,
            refused: None,
            accepted: 1,
        });
        let changes: [(&str, Change); 15] = [
            ("plan", |m, _| {
                m.plan.iter_mut().for_each(|plan| plan.users += 1);
            }),
            ("plan", |m, _| m.plan = None),
            ("supplements", |m, _| {
                m.supplements.push(SupplementRef {
                    digest: String::new(),
                    ordinal: 1,
                    chunks: 1,
                    made_at: Timestamp::UNIX_EPOCH,
                    users: 1,
                    cursor: 0,
                });
            }),
            ("inventory", |m, asked| {
                m.inventory = asked.map(|asked| Taken {
                    at: asked.at,
                    inventory: whole_inventory(),
                });
            }),
            ("acceptedLater", |m, _| {
                m.accepted_later = Some("d".repeat(64));
            }),
            ("started", |m, _| {
                m.started
                    .insert(Step::DeleteDirectory, Timestamp::UNIX_EPOCH);
            }),
            ("destroyingSince", |m, asked| {
                m.destroying_since = asked.map(|asked| asked.at);
            }),
            ("cursor", |m, _| m.cursor += 1),
            ("cleanSince", |m, asked| {
                m.clean_since = asked.map(|asked| asked.at);
            }),
            ("verifiedAt", |m, asked| {
                m.verified_at = asked.map(|asked| asked.at);
            }),
            ("syncOff", |m, asked| m.sync_off = asked),
            ("ownIdentityRemoved", |m, _| m.own_identity_removed = true),
            ("directoryDelete", |m, asked| m.directory_delete = asked),
            ("directoryGoneAt", |m, asked| {
                m.directory_gone_at = asked.map(|asked| asked.at);
            }),
            ("lastAt", |m, _| m.last_at = None),
        ];
        for (name, change) in changes {
            let mut said = left.clone();
            change(&mut said, asked.clone());
            assert_eq!(otherwise(&said, &left), [name]);
        }
        // A version that did not know of it says nothing, and only waits longer.
        let mut knows = left.clone();
        knows.accepted_later = Some("d".repeat(64));
        assert!(otherwise(&left, &knows).is_empty());
        // How it is counted is another version's to change.
        let mut said = left.clone();
        said.dirty += 1;
        said.totals.clear();
        assert!(otherwise(&said, &left).is_empty());
    }
}
