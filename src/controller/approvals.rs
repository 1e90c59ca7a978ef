//! Approvals and attestations: which of those that exist count, checked live by all that an object can show.

use crate::api::{Authors, ClosureApproval, Purpose, TenantClosure};
use crate::closure::checks::ONLY_OURS;
use crate::closure::id::ObjectId;
use crate::closure::observation::Approvals;
use crate::closure::terms::Terms;
use crate::controller::configuration::Configured;
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use crate::controller::grounds::{Grounds, created};
use crate::controller::policies::InForce;
use crate::controller::proofs;
use jiff::Timestamp;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use std::collections::{BTreeMap, BTreeSet};

/// What is told where nobody vouches for the author.
const UNVOUCHED: &str = "the closure is older than the policy that vouches for its author, or less than a minute younger, so two persons are asked";

/// What is told where a machine wrote a closure that asks for none.
const BY_A_MACHINE: &str =
    "a service account or another machine wrote the closure, so two persons are asked";
/// What is told of one that asks for none without the policies.
const UNGUARDED: &str = "the admission policies that vouch for its author are missing or altered, so two persons are asked";

/// All approvals that name this closure, read live.
///
/// # Errors
/// Where the API server failed.
pub async fn list(
    ctx: &Context,
    closure: &TenantClosure,
) -> Result<Vec<ClosureApproval>, ReconcileError> {
    let api: Api<ClosureApproval> =
        Api::namespaced(ctx.client.clone(), &closure.namespace().unwrap_or_default());
    let all = bounded(api.list(&ListParams::default())).await?;
    Ok(all
        .items
        .into_iter()
        .filter(|a| a.spec.closure_name == closure.name_any())
        .collect())
}

/// Which plan the approvals are about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Its digest; `None`: there is no plan.
    pub digest: Option<&'a str>,
    /// Digests of the plan in force and of all its supplements: an approval of another of them is none of this one's faults.
    pub known: &'a [&'a str],
}

impl About<'_> {
    /// It approves another plan of this closure that is in force or open.
    fn of_another(&self, approval: &ClosureApproval) -> bool {
        let named = approval.spec.plan_digest.as_deref();
        named != self.digest && named.is_some_and(|named| self.known.contains(&named))
    }
}

/// Sorts approvals into those that count and the reasons why the others do not.
pub fn judge(
    closure: &TenantClosure,
    terms: &Terms,
    about: About<'_>,
    found: &[ClosureApproval],
    configured: &Configured,
    policies: Option<InForce>,
    now: Timestamp,
) -> Approvals {
    let authors = Authors::of(closure);
    let doubt = doubtful(closure, &authors, terms, configured, policies);
    let required = if doubt.is_some() {
        terms.approvals_required.max(2)
    } else {
        terms.approvals_required
    };
    let mut counted: BTreeMap<String, Counted> = BTreeMap::new();
    let (mut rejected, mut expired) = (BTreeSet::new(), BTreeSet::new());
    let grounds = Grounds::new(closure, terms, found, configured, policies);
    let approvals = found.iter().filter(|a| a.spec.purpose == Purpose::Approval);
    for approval in approvals.filter(|a| !about.of_another(a)) {
        let counts = |at: Timestamp| {
            let until = grounds.counts(Some(&authors), approval, at)?;
            if approval.spec.plan_digest.as_deref() == about.digest {
                Ok(until)
            } else {
                Err("one approves another plan")
            }
        };
        let approver = &approval.spec.approver;
        let created = created(approval);
        match counts(now) {
            Ok(until) => {
                let uid = || approval.uid().unwrap_or_default();
                let one = counted.entry(approver.clone());
                let one = one.or_insert_with(|| Counted {
                    created,
                    until,
                    uid: uid(),
                });
                one.created = created.min(one.created);
                if until > one.until {
                    (one.until, one.uid) = (until, uid());
                }
            }
            Err(why) => {
                // As it was when it was given: nothing but its time is over.
                if counts(created).is_ok() {
                    expired.insert(approver.clone());
                }
                rejected.insert(why);
            }
        }
    }
    expired.retain(|approver| !counted.contains_key(approver));
    let told = |why: &&str| *why == UNVOUCHED || terms.approvals_required == 0;
    if let Some(why) = doubt.filter(told)
        && counted.len() < required as usize
    {
        rejected.insert(why);
    }
    let mut begun: Vec<Timestamp> = counted.values().map(|one| one.created).collect();
    begun.sort_unstable();
    let mut ends: Vec<Timestamp> = counted.values().map(|one| one.until).collect();
    ends.sort_unstable_by(|a, b| b.cmp(a));
    let last_needed = (required as usize).checked_sub(1);
    let of = |times: &[Timestamp]| last_needed.and_then(|n| times.get(n).copied());
    Approvals {
        required,
        effective_at: of(&begun).and_then(|t| t.checked_add(configured.grace).ok()),
        valid_until: of(&ends),
        uids: counted.values().map(|one| one.uid.clone()).collect(),
        approvers: counted.into_keys().collect(),
        expired: expired.into_iter().collect(),
        rejected: rejected.into_iter().map(str::to_owned).collect(),
        policy_missing: policies.is_none(),
    }
}

/// Why two persons are asked at least, of whom one is not its author: a machine wrote it, or nobody vouches for the stamp of a
/// closure that was there before the policy that guards it. Where some approval is asked and the policies are missing, none
/// counts anyway.
fn doubtful(
    closure: &TenantClosure,
    authors: &Authors,
    terms: &Terms,
    configured: &Configured,
    policies: Option<InForce>,
) -> Option<&'static str> {
    let asks_for_none = terms.approvals_required == 0;
    if asks_for_none && configured.unapproved_machines {
        return None;
    }
    let created = closure.creation_timestamp().map(|t| t.0);
    match policies {
        None if asks_for_none => Some(UNGUARDED),
        Some(policies) if created.is_none_or(|created| created <= policies.authors) => {
            Some(UNVOUCHED)
        }
        _ if authors.has_one_of(&configured.machines) => Some(BY_A_MACHINE),
        _ if asks_for_none && authors.is_unknown() => Some(UNVOUCHED),
        _ => None,
    }
}

/// One person's approvals of the plan at hand.
struct Counted {
    /// The first that counts.
    created: Timestamp,
    /// Until when the last counts.
    until: Timestamp,
    /// UID of that one.
    uid: String,
}

/// Attestations that count, the latest last.
pub fn attested<'a>(
    grounds: &Grounds<'_>,
    found: &'a [ClosureApproval],
    now: Timestamp,
) -> Vec<&'a ClosureApproval> {
    let mut sorted: Vec<&ClosureApproval> = found
        .iter()
        .filter(|a| a.spec.purpose == Purpose::Attestation)
        // The author may attest what he saw: an attestation deletes nothing by itself.
        .filter(|a| grounds.counts(None, a, now).is_ok())
        .collect();
    sorted.sort_by_key(|a| (a.creation_timestamp().map(|t| t.0), a.name_any()));
    sorted
}

/// Check → result of these; of two the later stands.
pub fn attestations(attested: &[&ClosureApproval]) -> BTreeMap<String, String> {
    let all = attested.iter();
    all.filter_map(|a| Some((a.spec.check.clone()?, a.spec.result.clone()?)))
        .collect()
}

/// UIDs of those without which an effect may not begin: that the one who stays has signed in, and that only our own
/// application is left. Of each the one that stands.
pub fn attested_by(attested: &[&ClosureApproval], retained: Option<ObjectId>) -> Vec<String> {
    let last = |wanted: &dyn Fn(&ClosureApproval) -> bool| {
        let last = attested.iter().rev().find(|one| wanted(one));
        last.and_then(|one| one.uid())
    };
    let signed_in = last(&|one| retained.is_some() && proofs::proven(&one.spec) == retained);
    let only_ours = last(&|one| one.spec.check.as_deref() == Some(ONLY_OURS));
    signed_in.into_iter().chain(only_ours).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests;
