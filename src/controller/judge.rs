//! Judge: what approvals, attestations and proofs come to at this moment, under policies that were read live. Asked anew
//! whenever something is decided: a listing takes minutes, and meanwhile an approval ends.

use crate::closure::acceptance;
use crate::closure::decide::decide;
use crate::closure::decision::Decision;
use crate::closure::id::ObjectId;
use crate::closure::intent::Intent;
use crate::closure::observation::{Cluster, Observation};
use crate::closure::plan::Plan;
use crate::controller::act::Known;
use crate::controller::approvals::{self, About};
use crate::controller::clock::ApiClock;
use crate::controller::context::Context;
use crate::controller::error::ReconcileError;
use crate::controller::grounds::Grounds;
use crate::controller::policies::{self, InForce};
use crate::controller::proofs;
use crate::controller::read::{self, Read};
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// What is judged, and under which policies.
#[derive(Debug)]
pub struct Judge<'a> {
    read: &'a Read,
    clock: &'a ApiClock,
    /// Digests of all that persons may approve now.
    digests: Vec<(What, String)>,
    policies: Option<InForce>,
    /// Who stays, as the plan pins him.
    retained: Option<ObjectId>,
}

/// What an approval is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// The plan in force.
    Plan,
    /// A supplement of it, by ordinal.
    Supplement(u32),
    /// What was accepted after it was made.
    Later,
}

impl<'a> Judge<'a> {
    /// For the plan in force and its supplements; the policies are read now, where anything rests on them.
    ///
    /// # Errors
    /// Where the API server failed.
    pub async fn called(
        ctx: &'a Context,
        read: &'a Read,
        plan: &'a Plan,
    ) -> Result<Self, ReconcileError> {
        // In mode Plan too: who plans is told in time that nothing could be approved.
        let asked = read.terms.approvals_required > 0 || !read.configured.unapproved_machines;
        let policies = if !asked && read.approvals.is_empty() {
            Some(InForce::UNASKED)
        } else {
            policies::in_force(ctx).await?
        };
        let sealed = plan.sealed.iter();
        let plan_itself = sealed.map(|sealed| (What::Plan, sealed.digest.clone()));
        let supplements = plan.supplements.all();
        let supplements =
            supplements.map(|one| (What::Supplement(one.head.ordinal), one.digest.clone()));
        let later = acceptance::digest_of_later(plan).map(|digest| (What::Later, digest));
        Ok(Self {
            read,
            clock: &ctx.clock,
            digests: plan_itself.chain(supplements).chain(later).collect(),
            policies,
            retained: plan.sealed.as_ref().map(|sealed| sealed.head.retained),
        })
    }

    /// Writes down what counts now, and tells which moment that is, on the operator's clock. What ends has ended as soon as one of
    /// the two clocks has come to it: the API server's dates the records that rest on it.
    pub fn now(&self, cluster: &mut Cluster) -> Timestamp {
        let own = Timestamp::now();
        let now = self.later(own);
        cluster.behind = self.clock.behind();
        let Read {
            closure,
            terms,
            approvals: found,
            configured,
            ..
        } = self.read;
        let known: Vec<&str> = self
            .digests
            .iter()
            .map(|(_, digest)| digest.as_str())
            .collect();
        let judged = |digest: Option<&str>| {
            let known = &known;
            let about = About { digest, known };
            approvals::judge(closure, terms, about, found, configured, self.policies, now)
        };
        let of = |what: What| {
            let mut all = self.digests.iter();
            let found = all.find(|(known, _)| *known == what);
            found.map(|(_, digest)| digest.as_str())
        };
        cluster.approvals = judged(of(What::Plan));
        let all = self.digests.iter();
        cluster.supplements = all
            .filter_map(|(what, digest)| match what {
                What::Supplement(ordinal) => Some((*ordinal, judged(Some(digest)))),
                What::Plan | What::Later => None,
            })
            .collect();
        cluster.later = of(What::Later).map(|digest| judged(Some(digest)));
        let grounds = Grounds::new(closure, terms, found, configured, self.policies);
        let attested = approvals::attested(&grounds, found, now);
        cluster.attestations = approvals::attestations(&attested);
        cluster.attested_by = approvals::attested_by(&attested, self.retained);
        cluster.proofs = proofs::of(&grounds, found, now);
        own
    }

    /// The later of both clocks, where the operator's own says this.
    fn later(&self, own: Timestamp) -> Timestamp {
        own.max(self.clock.there(own))
    }
}

/// Between claim and act: everything that Kubernetes knows is read and judged once more, and the same decision must come of it.
/// Until when it stands, at the latest until `latest`: the approvals that cover the intent may end while it is carried out.
/// `None`: nothing may be sent, and the next cycle tells why.
///
/// # Errors
/// Where the API server failed.
pub async fn still(
    ctx: &Context,
    before: &Read,
    known: Known<'_>,
    seen: &mut Observation,
    intent: &Intent,
    latest: Instant,
) -> Result<Option<Instant>, ReconcileError> {
    let (namespace, name) = before.name();
    let again = read::closure(ctx, &namespace, &name).await?;
    let Some(again) = again.filter(|again| again.is_same_as(before)) else {
        return Ok(None);
    };
    let judge = Judge::called(ctx, &again, known.plan).await?;
    seen.cluster.rivals = read::rivals(ctx, &again).await?;
    seen.cluster.skew = ctx.clock.skew();
    // Taken first: the time of an approval is never stretched.
    let moment = Instant::now();
    let now = judge.now(&mut seen.cluster);
    match decide(known.plan, seen, known.memory, now).decision {
        Decision::Act(same) if same == *intent => {
            let ends = stands(&seen.cluster, intent, judge.later(now))
                .and_then(|left| moment.checked_add(left));
            Ok(Some(ends.map_or(latest, |ends| ends.min(latest))))
        }
        _ => Ok(None),
    }
}

/// For how long what covers the intent counts, from now: the plan, its supplement where it is of one, and what was accepted
/// later. `None`: its time has no end, or nothing is taken away.
fn stands(cluster: &Cluster, intent: &Intent, now: Timestamp) -> Option<Duration> {
    let supplement = intent
        .supplement
        .and_then(|ordinal| cluster.supplements.get(&ordinal));
    let all = [Some(&cluster.approvals), supplement, cluster.later.as_ref()];
    let until = all
        .into_iter()
        .flatten()
        .filter_map(|one| one.valid_until)
        .min();
    let until = until.filter(|_| !intent.action.reads_only())?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use crate::api::terms::resolve;
    use crate::api::{ClosureApproval, REQUESTED_BY, TenantClosure};
    use crate::closure::intent::Action;
    use crate::closure::observation::Approvals;
    use crate::closure::step::Step;
    use crate::controller::configuration::Configured;
    use jiff::SignedDuration;
    use serde_json::json;

    /// No request of a slice starts once the approval of what it takes away is over.
    #[test]
    fn an_effect_ends_with_the_approval_that_covers_it() {
        let now: Timestamp = "2026-10-01T00:00:00Z".parse().unwrap();
        let until = |seconds: u64| Approvals {
            valid_until: now.checked_add(Duration::from_secs(seconds)).ok(),
            ..Approvals::default()
        };
        let mut cluster = Cluster {
            approvals: until(9),
            ..Cluster::default()
        };
        cluster.supplements.insert(1, until(4));
        let of = |action: Action, supplement: Option<u32>| Intent {
            supplement,
            ..Intent::on(Step::Users, action, Vec::new())
        };
        let left = |action, supplement| stands(&cluster, &of(action, supplement), now);
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(left(Action::DeleteUsers, None), seconds(9));
        assert_eq!(left(Action::DeleteUsers, Some(1)), seconds(4));
        cluster.supplements.insert(2, until(11));
        let left = |action, supplement| stands(&cluster, &of(action, supplement), now);
        let of_the_plan = left(Action::DeleteUsers, Some(2));
        assert_eq!(of_the_plan, seconds(9), "the plan's ends first");
        assert_eq!(left(Action::VerifyUsers, None), None, "a reading goes on");
        let later = now.checked_add(Duration::from_secs(10)).unwrap();
        let over = stands(&cluster, &of(Action::DeleteUsers, None), later);
        assert_eq!(over, seconds(0));
    }

    /// The API server's clock is ahead, or the operator's is: what it dates or what starts here, nothing rests on an approval
    /// that one of them has seen end.
    #[test]
    fn what_ends_has_ended_once_either_clock_has_come_to_it() {
        let own = Timestamp::now();
        let seconds = SignedDuration::from_secs;
        let tenant = "6f2f4a3e-1b2c-4d5e-8f90-a1b2c3d4e5f6";
        let domain = "contoso.onmicrosoft.com";
        let created = (own - seconds(3_600)).to_string();
        let closure: TenantClosure = serde_json::from_value(json!({
            "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "TenantClosure",
            "metadata": {"name": "contoso", "uid": "u", "creationTimestamp": created, "annotations": {REQUESTED_BY: "alice"}},
            "spec": {"tenant": {"id": tenant, "initialDomain": domain}, "credentials": {"secretName": "s"},
                "retain": {"globalAdministrator": "closer@contoso.onmicrosoft.com"}},
        }))
        .unwrap();
        let approval: ClosureApproval = serde_json::from_value(json!({
            "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "ClosureApproval",
            "metadata": {"name": "bob", "uid": "b", "creationTimestamp": created},
            "spec": {"purpose": "Approval", "closureName": "contoso", "closureUID": "u", "tenantID": tenant, "planDigest": "d",
                "confirmDomain": domain, "approver": "bob", "expiresAt": own + seconds(60)},
        }))
        .unwrap();
        let configured = Configured::default();
        let read = Read {
            uid: "u".to_owned(),
            generation: 1,
            terms: resolve(&closure.spec, &configured.defaults).unwrap(),
            configured,
            approvals: vec![approval],
            inputs: String::new(),
            closure,
        };
        for (ahead, counts, behind) in [(0, 1, 0), (25, 1, 0), (90, 0, 0), (-25, 1, 24)] {
            let clock = ApiClock::default();
            clock.heard(own, own + seconds(ahead), own);
            let judge = Judge {
                read: &read,
                clock: &clock,
                digests: vec![(What::Plan, "d".to_owned())],
                policies: Some(InForce::UNASKED),
                retained: None,
            };
            let mut cluster = Cluster::default();
            let now = judge.now(&mut cluster);
            assert!(now.duration_since(own) < seconds(30), "the operator's own");
            assert_eq!(cluster.approvals.approvers.len(), counts, "{ahead}");
            assert_eq!(cluster.behind.as_secs(), behind, "{ahead}");
        }
    }
}
