//! Remembered: what each record says was known before it, held against what the one before left.

use crate::closure::continued;
use crate::closure::memory::Memory;
use crate::evidence::entry::Entry;
use crate::evidence::fault::Fault;

/// Looks at each record of the chain. After a hole, or a record that was never settled, nothing is known.
pub(super) fn continued(chain: &[&Entry], faults: &mut Vec<Fault>) {
    let mut before: Option<&Entry> = None;
    for entry in chain {
        let left = match before {
            None if entry.spec.sequence <= 1 => Some((0, Memory::default())),
            None => None,
            Some(one) => left(one, entry).map(|left| (one.spec.sequence, left)),
        };
        if let Some((number, left)) = left {
            let fields = continued::otherwise(&entry.spec.memory, &left);
            if !fields.is_empty() {
                faults.push(Fault::OtherMemory {
                    name: entry.name.clone(),
                    before: number,
                    fields: fields.join(", "),
                });
            }
        }
        before = Some(entry);
    }
}

/// What the record before it left.
fn left(before: &Entry, entry: &Entry) -> Option<Memory> {
    let outcome = before.outcome.as_ref();
    let outcome = outcome.filter(|_| entry.follows(before))?;
    Some(before.spec.memory_after(before.created?, outcome))
}
