//! Approvals and attestations: which of those that exist count, checked live by all that an object can show.

use crate::api::{Authors, ClosureApproval, Purpose, TenantClosure};
use crate::closure::observation::Approvals;
use crate::closure::terms::Terms;
use crate::controller::configuration::Configured;
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use crate::controller::grounds::{Grounds, created};
use crate::controller::policies::InForce;
use jiff::Timestamp;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use std::collections::{BTreeMap, BTreeSet};

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
    // Nobody vouches for the stamp of a closure that was there before the policy that guards it: of two persons at least
    // one is not its author.
    let unvouched = policies.is_some_and(|policies| {
        let created = closure.creation_timestamp().map(|t| t.0);
        created.is_none_or(|created| created <= policies.authors)
    });
    let required = if (authors.has_a_service_account() || unvouched) && terms.approvals_required > 0
    {
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
    if unvouched && counted.len() < required as usize {
        rejected.insert("the closure is older than the policy that vouches for its author, so two persons are asked");
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

/// One person's approvals of the plan at hand.
struct Counted {
    /// The first that counts.
    created: Timestamp,
    /// Until when the last counts.
    until: Timestamp,
    /// UID of that one.
    uid: String,
}

/// Attestations that count: check → result; of two the later stands.
pub fn attestations(
    closure: &TenantClosure,
    terms: &Terms,
    found: &[ClosureApproval],
    configured: &Configured,
    policies: Option<InForce>,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let grounds = Grounds::new(closure, terms, found, configured, policies);
    let mut sorted: Vec<&ClosureApproval> = found
        .iter()
        .filter(|a| a.spec.purpose == Purpose::Attestation)
        .collect();
    sorted.sort_by_key(|a| (a.creation_timestamp().map(|t| t.0), a.name_any()));
    sorted
        .into_iter()
        // The author may attest what he saw: an attestation deletes nothing by itself.
        .filter(|a| grounds.counts(None, a, now).is_ok())
        .filter_map(|a| Some((a.spec.check.clone()?, a.spec.result.clone()?)))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use crate::api::terms::resolve;
    use crate::api::{CHANGED_BY, REQUESTED_BY};
    use serde_json::json;

    const TENANT: &str = "6f2f4a3e-1b2c-4d5e-8f90-a1b2c3d4e5f6";
    const DOMAIN: &str = "contoso.onmicrosoft.com";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn closure(required: u32) -> TenantClosure {
        serde_json::from_value(json!({
            "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "TenantClosure",
            "metadata": {"name": "contoso", "uid": "u", "creationTimestamp": "2026-02-01T00:00:00Z",
                "annotations": {REQUESTED_BY: "alice"}},
            "spec": {"tenant": {"id": TENANT, "initialDomain": DOMAIN}, "credentials": {"secretName": "s"},
                "retain": {"globalAdministrator": "closer@contoso.onmicrosoft.com"}, "approval": {"required": required}},
        }))
        .unwrap()
    }

    fn approval(approver: &str, created: &str, expires: &str) -> ClosureApproval {
        serde_json::from_value(json!({
            "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "ClosureApproval",
            "metadata": {"name": format!("{approver}-{created}"), "uid": format!("{approver}-{expires}"), "creationTimestamp": created},
            "spec": {"purpose": "Approval", "closureName": "contoso", "closureUID": "u", "tenantID": TENANT,
                "planDigest": "d", "confirmDomain": DOMAIN, "approver": approver, "expiresAt": expires},
        }))
        .unwrap()
    }

    const fn of(digest: &str) -> About<'_> {
        About {
            digest: Some(digest),
            known: &[],
        }
    }

    fn judged(required: u32, found: &[ClosureApproval], now: &str) -> Approvals {
        judged_under("2026-01-01T00:00:00Z", required, found, now)
    }

    fn judged_under(
        policies: &str,
        required: u32,
        found: &[ClosureApproval],
        now: &str,
    ) -> Approvals {
        let closure = closure(required);
        let configured = Configured::default();
        let terms = resolve(&closure.spec, &configured.defaults).unwrap();
        judge(
            &closure,
            &terms,
            of("d"),
            found,
            &configured,
            Some(InForce {
                all: at(policies),
                authors: at(policies),
            }),
            at(now),
        )
    }

    const CREATED: &str = "2026-10-01T00:00:00Z";

    #[test]
    fn the_needed_number_is_lost_with_the_first_that_is_needed() {
        let found = [
            approval("bob", CREATED, "2026-10-20T00:00:00Z"),
            approval("carol", CREATED, "2026-11-01T00:00:00Z"),
            approval("dave", CREATED, "2026-12-01T00:00:00Z"),
        ];
        for (required, until) in [
            (1, "2026-12-01T00:00:00Z"),
            (2, "2026-11-01T00:00:00Z"),
            (3, "2026-10-20T00:00:00Z"),
        ] {
            let judged = judged(required, &found, "2026-10-02T00:00:00Z");
            assert_eq!(judged.valid_until, Some(at(until)), "{required}");
            assert!(judged.expired.is_empty());
        }
        assert_eq!(judged(4, &found, "2026-10-02T00:00:00Z").valid_until, None);
        let later = judged(3, &found, "2026-10-21T00:00:00Z");
        assert_eq!(
            (later.approvers.len(), later.expired),
            (2, vec!["bob".to_owned()])
        );
        assert_eq!(later.rejected, ["one has expired"]);
    }

    #[test]
    fn two_persons_are_asked_where_nobody_vouches_for_the_author() {
        let policies = "2026-03-01T00:00:00Z"; // after the closure
        let bob = approval("bob", CREATED, "2026-10-20T00:00:00Z");
        let alone = judged_under(policies, 1, std::slice::from_ref(&bob), CREATED);
        assert_eq!((alone.required, alone.approvers.len()), (2, 1));
        assert!(
            alone.rejected[0].contains("older than the policy"),
            "{alone:?}"
        );
        let carol = approval("carol", CREATED, "2026-10-20T00:00:00Z");
        let both = judged_under(policies, 1, &[bob.clone(), carol], CREATED);
        assert!(both.approvers.len() == 2 && both.rejected.is_empty());
        assert_eq!(judged(1, &[bob], CREATED).required, 1);
    }

    #[test]
    fn what_the_policies_would_have_refused_does_not_count_without_them_either() {
        let by = |approver: &str| approval(approver, CREATED, "2026-10-20T00:00:00Z");
        let written_by = |authors: &str, approver: &str| {
            let mut closure = closure(1);
            let author = authors.lines().next().unwrap_or_default();
            let stamp = [(REQUESTED_BY, author), (CHANGED_BY, authors)];
            let stamp = stamp.map(|(key, value)| (key.to_owned(), value.to_owned()));
            let stamp = BTreeMap::from(stamp);
            closure.metadata.annotations = Some(stamp).filter(|_| !authors.is_empty());
            let configured = Configured::default();
            let terms = resolve(&closure.spec, &configured.defaults).unwrap();
            let moment = at("2026-01-01T00:00:00Z");
            let policies = Some(InForce {
                all: moment,
                authors: moment,
            });
            let found = [by(approver)];
            judge(
                &closure,
                &terms,
                of("d"),
                &found,
                &configured,
                policies,
                at(CREATED),
            )
        };
        let robot = "system:serviceaccount:ci:robot";
        for (author, approver, why) in [
            ("alice", "alice", "one is by the author of the closure"),
            (
                "alice\ncarol\nbob",
                "bob",
                "one is by a person who has changed the closure",
            ),
            ("alice", robot, "one is by a service account"),
            ("", "bob", "nobody knows who created the closure"),
        ] {
            let judged = written_by(author, approver);
            assert!(judged.approvers.is_empty(), "{judged:?}");
            assert_eq!((judged.required, judged.rejected), (1, vec![why.into()]));
        }
        let and_robot = format!("alice\n{robot}");
        for authors in [robot, &and_robot] {
            let by_machine = written_by(authors, "bob");
            assert_eq!((by_machine.required, by_machine.approvers.len()), (2, 1));
        }
    }

    #[test]
    fn a_person_who_approves_again_counts_once_and_for_the_longer_time() {
        let found = [
            approval("bob", CREATED, "2026-10-20T00:00:00Z"),
            approval("bob", "2026-10-15T00:00:00Z", "2026-12-15T00:00:00Z"),
        ];
        let before = judged(1, &found, "2026-10-16T00:00:00Z");
        assert_eq!(before.approvers, ["bob"]);
        assert_eq!(before.uids, ["bob-2026-12-15T00:00:00Z"], "the longer one");
        assert_eq!(before.valid_until, Some(at("2026-12-15T00:00:00Z")));
        assert_eq!(
            before.effective_at,
            Some(at(CREATED)),
            "no grace period anew"
        );
        let after = judged(1, &found, "2026-10-21T00:00:00Z");
        assert_eq!(after.approvers, ["bob"]);
        assert_eq!(after.uids, before.uids);
        assert!(after.expired.is_empty(), "he has approved again");
    }

    #[test]
    fn what_counted_for_another_reason_has_not_merely_expired() {
        let good = || approval("bob", CREATED, "2026-10-20T00:00:00Z");
        let mut revoked = good();
        revoked.spec.revoked = Some(true);
        let mut other_plan = good();
        other_plan.spec.plan_digest = Some("e".into());
        let author = approval("alice", CREATED, "2026-10-20T00:00:00Z");
        let too_long = approval("bob", CREATED, "2027-06-01T00:00:00Z");
        for (one, now) in [
            (revoked, "2026-10-21T00:00:00Z"),
            (other_plan, "2026-10-21T00:00:00Z"),
            (author, "2026-10-21T00:00:00Z"),
            (too_long, "2027-07-01T00:00:00Z"),
        ] {
            let judged = judged(1, &[one], now);
            assert!(
                judged.expired.is_empty() && judged.approvers.is_empty(),
                "{judged:?}"
            );
        }
        assert_eq!(
            judged(1, &[good()], "2026-10-21T00:00:00Z").expired,
            ["bob"]
        );
    }
}
