//! The chain of the journal, as far as the operator looks at it: the record that it goes on from, and the one before that.

use crate::closure::continued;
use crate::closure::memory::Memory;
use crate::controller::error::ReconcileError;
use crate::controller::journal::Head;

/// The journal is not what it was.
pub fn rolled_back(why: &str) -> ReconcileError {
    ReconcileError::HistoryRollback(why.to_owned())
}

/// A record was written after the one before it: it names that one's hash, and knew what that one left. `before` may have been
/// read while it was in doubt: then nothing is known of what became of it.
///
/// # Errors
/// `HistoryRollback` where it was not, or where there is none before it.
pub fn continues(before: Option<&Head>, next: &Head) -> Result<(), ReconcileError> {
    let (hash, left) = match before {
        None if next.sequence > 1 => return Err(rolled_back("a record is missing")),
        None => (String::new(), Memory::default()),
        Some(before) => match before.memory() {
            None => return Ok(()),
            Some(left) => (before.hash.clone(), left),
        },
    };
    if hash != next.spec.previous {
        return Err(rolled_back("a record does not continue the one before it"));
    }
    let fields = continued::otherwise(&next.spec.memory, &left);
    if fields.is_empty() {
        return Ok(());
    }
    Err(rolled_back(&format!(
        "a record says that something else was known before it than what the one before it left ({})",
        fields.join(", ")
    )))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use jiff::Timestamp;
    use serde_json::{Value, json};

    const USER: &str = "00000000-0000-0000-0000-000000000001";

    /// A record that deletes a user, settled.
    fn head(sequence: u64, previous: &str, memory: &Value) -> Head {
        let spec = json!({
            "type": "Effect", "sequence": sequence, "closureUID": "u", "closureNamespace": "n", "closureName": "c",
            "tenantID": "00000000-0000-0000-0000-00000000aaaa", "previous": previous, "memory": memory,
            "intent": {"step": "Users", "action": "DeleteUsers", "objects": [USER]},
        });
        let outcome = json!({"at": "2026-10-02T09:16:00Z", "seen": {"gone": 1, "complete": true}});
        Head {
            sequence,
            hash: format!("{sequence:064x}"),
            version: String::new(),
            created: "2026-10-02T09:15:50Z".parse::<Timestamp>().unwrap(),
            spec: serde_json::from_value(spec).unwrap(),
            outcome: Some(serde_json::from_value(outcome).unwrap()),
        }
    }

    fn refused(before: Option<&Head>, next: &Head) -> String {
        continues(before, next).unwrap_err().to_string()
    }

    #[test]
    fn a_record_goes_on_from_the_one_before_it() {
        let first = head(1, "", &json!({}));
        assert!(continues(None, &first).is_ok());
        let left = json!(first.memory());
        let second = head(2, &first.hash, &left);
        assert!(continues(Some(&first), &second).is_ok());

        assert!(refused(None, &second).contains("a record is missing"));
        let other = refused(Some(&first), &head(2, "another", &left));
        assert!(other.contains("does not continue"), "{other}");
        // Appended by somebody who knows the chain, and wants the operator to believe that all users are gone.
        let mut forged = left.clone();
        forged["verifiedAt"] = json!("2026-10-02T09:16:00Z");
        let told = refused(Some(&first), &head(2, &first.hash, &forged));
        assert!(told.contains("(verifiedAt)"), "{told}");
        let told = refused(None, &head(1, "", &forged));
        assert!(told.contains("verifiedAt"), "{told}");
        // Settled by another process between the two readings.
        let doubted = Head {
            outcome: None,
            ..first
        };
        assert!(continues(Some(&doubted), &second).is_ok());
    }
}
