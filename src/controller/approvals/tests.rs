use super::*;
use crate::api::terms::resolve;
use crate::api::{CHANGED_BY, Machines, REQUESTED_BY};
use crate::controller::policies::ACT_WITHIN;
use crate::controller::proofs;
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

fn judged_under(policies: &str, required: u32, found: &[ClosureApproval], now: &str) -> Approvals {
    let policies = InForce::written(at(policies), at(policies), ACT_WITHIN);
    judged_of(&closure(required), found, Some(policies), now)
}

fn judged_of(
    closure: &TenantClosure,
    found: &[ClosureApproval],
    policies: Option<InForce>,
    now: &str,
) -> Approvals {
    let configured = Configured::default();
    let terms = resolve(&closure.spec, &configured.defaults).unwrap();
    let about = of("d");
    judge(
        closure,
        &terms,
        about,
        found,
        &configured,
        policies,
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

/// A policy is written at one moment, and acted by at another.
#[test]
fn what_came_before_each_server_acts_by_the_policies_does_not_count() {
    let policies = "2026-02-28T23:59:59Z";
    for (created, counts) in [
        ("2026-02-28T23:59:59Z", false),
        ("2026-03-01T00:00:00Z", false),
        ("2026-03-01T00:00:59Z", false),
        ("2026-03-01T00:01:00Z", true),
    ] {
        let bob = approval("bob", created, "2026-04-01T00:00:00Z");
        let carol = approval("carol", created, "2026-04-01T00:00:00Z");
        let judged = judged_under(policies, 1, &[bob, carol], "2026-03-02T00:00:00Z");
        assert_eq!(
            judged.approvers.len(),
            if counts { 2 } else { 0 },
            "{created}"
        );
        let why = "one is older than the admission policies, or less than a minute younger";
        assert_eq!(judged.rejected.iter().any(|one| one == why), !counts);
    }
    // The closure is of 2026-02-01T00:00:00Z.
    for (policies, required) in [
        ("2026-01-31T23:58:59Z", 1),
        ("2026-01-31T23:59:00Z", 2),
        ("2026-01-31T23:59:59Z", 2),
    ] {
        let bob = approval("bob", CREATED, "2026-10-20T00:00:00Z");
        let judged = judged_under(policies, 1, &[bob], CREATED);
        assert_eq!(judged.required, required, "{policies}");
    }
}

#[test]
fn without_the_policies_nothing_counts_that_anybody_wrote() {
    let mut attested = approval("bob", CREATED, "2026-10-20T00:00:00Z");
    attested.spec.purpose = Purpose::Attestation;
    attested.spec.plan_digest = None;
    attested.spec.check = Some("OnlyOurs".into());
    attested.spec.result = Some("passed".into());
    let mut proof = attested.clone();
    proof.spec.check = Some("RetainedAdministrator".into());
    proof.spec.result = Some(format!("{TENANT} mfa"));
    let found = [
        attested,
        proof,
        approval("bob", CREATED, "2026-10-20T00:00:00Z"),
    ];
    let closure = closure(0);
    let configured = Configured::default();
    let terms = resolve(&closure.spec, &configured.defaults).unwrap();
    let counted = |policies: Option<InForce>| {
        let now = at(CREATED);
        let grounds = Grounds::new(&closure, &terms, &found, &configured, policies);
        let said = attestations(&super::attested(&grounds, &found, now));
        let proofs = proofs::of(&grounds, &found, now);
        let judged = judged_of(&closure, &found, policies, CREATED);
        (said.len(), proofs.len(), judged.approvers.len())
    };
    let moment = at("2026-01-01T00:00:00Z");
    let policies = InForce::written(moment, moment, ACT_WITHIN);
    assert_eq!(counted(Some(policies)), (2, 1, 1));
    assert_eq!(counted(None), (0, 0, 0));
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
        let moment = at("2026-01-01T00:00:00Z");
        let policies = Some(InForce::written(moment, moment, ACT_WITHIN));
        judged_of(&closure, &[by(approver)], policies, CREATED)
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

/// What a machine wrote, or nobody knows who, takes two persons also where it asks for none.
#[test]
fn a_machine_does_not_go_without_approval_unless_the_configuration_says_so() {
    let robot = "system:serviceaccount:flux-system:kustomize-controller";
    let (guarded, altered) = (Some(at("2026-01-01T00:00:00Z")), None);
    let younger = Some(at("2026-03-01T00:00:00Z")); // than the closure
    for (author, policies, required) in [
        ("alice", guarded, 0),
        (robot, guarded, 2),
        ("argocd/7", guarded, 2),
        ("argocd", guarded, 0),
        ("alice\nargocd/7", guarded, 2),
        ("", guarded, 2),
        ("alice", younger, 2),
        ("alice", altered, 2),
    ] {
        let mut closure = closure(0);
        let creator = author.lines().next().unwrap_or_default();
        let stamp = [(REQUESTED_BY, creator), (CHANGED_BY, author)];
        let stamp = stamp.map(|(key, value)| (key.to_owned(), value.to_owned()));
        closure.metadata.annotations = Some(BTreeMap::from(stamp));
        let policies = policies.map(|moment| InForce::written(moment, moment, ACT_WITHIN));
        let asked = |allowed: bool| {
            let mut configured = Configured {
                machines: Machines::parse("argocd/*").unwrap(),
                unapproved_machines: allowed,
                ..Configured::default()
            };
            configured.defaults.allow_fewer = true;
            let terms = resolve(&closure.spec, &configured.defaults).unwrap();
            let now = at(CREATED);
            judge(&closure, &terms, of("d"), &[], &configured, policies, now)
        };
        let judged = asked(false);
        assert_eq!(judged.required, required, "{author:?}");
        assert_eq!(
            judged.rejected.len(),
            usize::from(required > 0),
            "{judged:?}"
        );
        assert_eq!(asked(true).required, 0, "{author:?}");
    }
}

/// Neither with a verb of its own nor by a key.
#[test]
fn a_machine_that_the_configuration_names_is_no_person() {
    let configured = Configured {
        machines: Machines::parse("ci-*").unwrap(),
        ..Configured::default()
    };
    let closure = closure(1);
    let terms = resolve(&closure.spec, &configured.defaults).unwrap();
    let found = [approval("ci-7", CREATED, "2026-10-20T00:00:00Z")];
    let moment = at("2026-01-01T00:00:00Z");
    let policies = Some(InForce::written(moment, moment, ACT_WITHIN));
    let now = at(CREATED);
    let judged = judge(
        &closure,
        &terms,
        of("d"),
        &found,
        &configured,
        policies,
        now,
    );
    assert!(judged.approvers.is_empty());
    let why = "one is by a machine (machineAuthors in the operator's configuration)";
    assert_eq!(
        (judged.required, judged.rejected),
        (1, vec![why.to_owned()])
    );
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
