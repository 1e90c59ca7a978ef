//! Kinds: a record of a type says what records of that type say, and nothing else; what stands beside it would be looked at by nobody.

use crate::api::RecordType;
use crate::evidence::entry::Entry;
use crate::evidence::fault::Fault;

/// Looks at each record of the chain.
pub(super) fn of_one_kind(chain: &[&Entry], faults: &mut Vec<Fault>) {
    for entry in chain {
        let beside = beside(entry);
        if !beside.is_empty() {
            faults.push(Fault::Strange {
                name: entry.name.clone(),
                what: format!(
                    "it is of type {:?} and says something ({}) of which such a record says nothing",
                    entry.spec.kind,
                    beside.join(", ")
                ),
            });
        }
    }
}

/// What it says that belongs to records of another type.
fn beside(entry: &Entry) -> Vec<&'static str> {
    let spec = &entry.spec;
    let is = |kind: RecordType| spec.kind == kind;
    let acts = is(RecordType::Effect) || is(RecordType::Verification);
    let seals = is(RecordType::Plan);
    let all = [
        ("intent", acts, spec.intent.is_some()),
        (
            "plan",
            seals && spec.supplement.is_none(),
            spec.plan.is_some(),
        ),
        ("supplement", seals, spec.supplement.is_some()),
        ("chunks", seals, !spec.chunks.is_empty()),
        ("chunkHashes", seals, !spec.chunk_hashes.is_empty()),
        ("losses", seals, !spec.losses.is_empty()),
        ("recycleBin", seals, spec.recycle_bin.is_some()),
        (
            "inventory",
            is(RecordType::Inventory),
            spec.inventory.is_some(),
        ),
        ("users", false, !spec.users.is_empty()),
    ];
    let beside = all.into_iter().filter(|(_, may, says)| *says && !may);
    beside.map(|(field, ..)| field).collect()
}
