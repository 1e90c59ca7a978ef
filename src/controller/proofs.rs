//! Proofs: which users have signed in with MFA, by the attestations that `keeper prove` writes.

use crate::api::{ClosureApproval, Purpose, TenantClosure};
use crate::closure::id::ObjectId;
use crate::closure::terms::Terms;
use crate::controller::configuration::Configured;
use crate::controller::grounds::Grounds;
use crate::controller::policies::InForce;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The check that they are attestations of; the result is an object id and this word.
const CHECK: &str = "RetainedAdministrator";
const MFA: &str = "mfa";

/// Object id → when the API server took the last proof that counts.
pub fn of(
    closure: &TenantClosure,
    terms: &Terms,
    found: &[ClosureApproval],
    configured: &Configured,
    policies: Option<InForce>,
    now: Timestamp,
) -> BTreeMap<ObjectId, Timestamp> {
    let grounds = Grounds::new(closure, terms, found, configured, policies);
    let mut proofs = BTreeMap::new();
    for one in found {
        let spec = &one.spec;
        // A signed one can be put in again at any time: it does not tell when he signed in.
        let told = spec.purpose == Purpose::Attestation && spec.signature.is_none();
        let named = told && spec.check.as_deref() == Some(CHECK);
        let created = one.metadata.creation_timestamp.as_ref().map(|t| t.0);
        let (true, Some(created)) = (named, created) else {
            continue;
        };
        let result = spec.result.as_deref().and_then(|text| text.split_once(' '));
        let who = result.filter(|(_, how)| *how == MFA);
        let who = who.and_then(|(id, _)| ObjectId::parse(id));
        let counts = grounds.counts(None, one, now).is_ok();
        if let Some(who) = who.filter(|_| counts) {
            let last = proofs.entry(who).or_insert(created);
            *last = created.max(*last);
        }
    }
    proofs
}
