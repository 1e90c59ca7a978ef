//! Proofs: which users have signed in with MFA, by the attestations that `keeper prove` writes.

use crate::api::{ClosureApproval, ClosureApprovalSpec, Purpose};
use crate::closure::id::ObjectId;
use crate::controller::grounds::Grounds;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The check that they are attestations of; the result is an object id and this word.
const CHECK: &str = "RetainedAdministrator";
const MFA: &str = "mfa";

/// Object id → when the API server took the last proof that counts.
pub fn of(
    grounds: &Grounds<'_>,
    found: &[ClosureApproval],
    now: Timestamp,
) -> BTreeMap<ObjectId, Timestamp> {
    let mut proofs = BTreeMap::new();
    for one in found {
        let created = one.metadata.creation_timestamp.as_ref().map(|t| t.0);
        let (Some(who), Some(created)) = (proven(&one.spec), created) else {
            continue;
        };
        if grounds.counts(None, one, now).is_ok() {
            let last = proofs.entry(who).or_insert(created);
            *last = created.max(*last);
        }
    }
    proofs
}

/// Who has signed in, as this says; `None`: it is no such proof.
pub fn proven(spec: &ClosureApprovalSpec) -> Option<ObjectId> {
    // A signed one can be put in again at any time: it does not tell when he signed in.
    let told = spec.purpose == Purpose::Attestation && spec.signature.is_none();
    let (who, how) = spec.result.as_deref()?.split_once(' ')?;
    let named = told && spec.check.as_deref() == Some(CHECK) && how == MFA;
    ObjectId::parse(who).filter(|_| named)
}
