//! Composing: closure, approvals and a verified journal become a report.

use super::course::Course;
use super::{
    Approval, Attestation, Check, Closure, FORMAT, Foreign, HandOff, Journal, Plan, Report,
    Standing, Subscription, Supplement, Tenant, deadlines, promises, residue, steps,
};
use crate::api::status::CheckStatus;
use crate::api::{
    CHANGED_BY, ClosureApproval, Purpose, REQUESTED_BY, TenantClosure, TenantClosureStatus,
};
use crate::closure::bought::Term;
use crate::closure::hand_offs;
use crate::closure::plan::PlannedSubscription;
use crate::evidence::entry::Found;
use crate::evidence::verify::Verified;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The closure.
    pub closure: &'a TenantClosure,
    /// Approvals and attestations of its namespace.
    pub approvals: &'a [ClosureApproval],
    /// Namespace of the journal.
    pub namespace: &'a str,
    /// The records.
    pub found: &'a Found,
    /// What verification said of them.
    pub verified: &'a Verified,
    /// When the report is made.
    pub now: Timestamp,
    /// Version of the program.
    pub version: &'a str,
}

/// What no journal of ours can show.
const NOT_SHOWN: [&str; 7] = [
    "Copies and backups that Microsoft keeps for its own purposes are out of sight: that they are gone is not shown.",
    "Payment methods and licenses are read by no program; what is said of them follows from Microsoft's procedure.",
    "Who pressed a button in Microsoft's portals is not seen; seen is that it was done. Attestations are what persons said.",
    "What was changed in the tenant by others, past the operator, is in Microsoft's own audit log only, which goes with the tenant.",
    "Times are those of the operator's clock; creation times are the API server's, which are not under the hashes.",
    "Names of users are in no record. The map from object ids to names, if one was kept, lies elsewhere.",
    "Somebody with write access to etcd could write journal, status and log anew, all three. A head that is kept elsewhere shows it.",
];

impl Report {
    /// Composes a report.
    pub fn compose(sources: &Sources<'_>) -> Self {
        let nothing = TenantClosureStatus::default();
        let status = sources.closure.status.as_ref().unwrap_or(&nothing);
        let course = Course::read(&sources.verified.uid, &sources.found.entries);
        let steps = steps::all(sources.closure, status, &course);
        Self {
            format: FORMAT,
            made_at: whole_second(sources.now),
            made_by: format!("tenant-closure {}", sources.version),
            closure: closure(sources.closure),
            tenant: tenant(sources.closure),
            result: Standing {
                phase: status
                    .phase
                    .map_or_else(|| "Pending".to_owned(), |p| format!("{p:?}")),
                summary: Foreign::new(
                    status
                        .summary
                        .as_deref()
                        .unwrap_or("The operator has not looked yet"),
                ),
                gone_at: course.memory.directory_gone_at,
            },
            plan: plan(status, &course),
            promises: promises::all(status, &course, sources.approvals),
            approvals: approvals(sources, &course),
            attestations: attestations(sources, &course),
            hand_offs: hand_offs(status),
            checks: checks(status),
            support_ticket: ticket(status),
            deadlines: deadlines::all(status, &course),
            inventory: course.memory.inventory.clone(),
            residue: residue::all(sources.closure, status, &course),
            journal: journal(sources),
            course: course.points(),
            steps,
            not_shown: NOT_SHOWN.to_vec(),
        }
    }
}

fn checks(status: &TenantClosureStatus) -> Vec<Check> {
    let one = |check: &CheckStatus| Check {
        check: Foreign::new(&check.check),
        state: Foreign::new(&check.state),
        who: Foreign::new(&check.who),
    };
    status.checks.iter().map(one).collect()
}

fn ticket(status: &TenantClosureStatus) -> Vec<Foreign> {
    let lines = status.support_ticket.iter().flat_map(|text| text.lines());
    let lines = lines.filter(|line| !line.is_empty());
    lines.map(Foreign::new).collect()
}

pub(super) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn closure(closure: &TenantClosure) -> Closure {
    let spec = &closure.spec;
    let backup = spec.backup.as_ref().map(|backup| {
        let said = match &backup.job_name {
            Some(job) => format!("Job {job}"),
            None if backup.acknowledged == Some(true) => "acknowledged".to_owned(),
            None => "not acknowledged".to_owned(),
        };
        let reference = backup.reference.as_ref().map(|r| format!(": {r}"));
        Foreign::new(&format!("{said}{}", reference.unwrap_or_default()))
    });
    let accepted = spec.accept.iter().flatten();
    Closure {
        namespace: closure.metadata.namespace.clone().unwrap_or_default(),
        name: closure.metadata.name.clone().unwrap_or_default(),
        uid: closure.metadata.uid.clone().unwrap_or_default(),
        author: stamped(closure, REQUESTED_BY).map(Foreign::account),
        changed_by: changed_by(closure),
        created: closure.metadata.creation_timestamp.as_ref().map(|t| t.0),
        mode: format!("{:?}", spec.mode.unwrap_or_default()),
        backup,
        accepted: accepted
            .map(|one| {
                let ids = one.subscriptions.iter().flatten();
                let named: Vec<&str> = [one.kind.as_str()]
                    .into_iter()
                    .chain(ids.map(String::as_str))
                    .collect();
                (Foreign::new(&named.join(" ")), Foreign::new(&one.reference))
            })
            .collect(),
        cancellation: spec.cancellation.as_ref().map(|c| Foreign::new(&c.reason)),
    }
}

fn stamped<'a>(closure: &'a TenantClosure, annotation: &str) -> Option<&'a str> {
    let all = closure.metadata.annotations.as_ref()?;
    all.get(annotation).map(String::as_str)
}

/// Who changed what counts after it was created. A name may have a line feed in it: the creator's is taken away as a whole.
fn changed_by(closure: &TenantClosure) -> Vec<Foreign> {
    let all = stamped(closure, CHANGED_BY).unwrap_or_default();
    let creator = stamped(closure, REQUESTED_BY).unwrap_or_default();
    let others = all.strip_prefix(creator).unwrap_or(all);
    let others = if others.starts_with('\n') || others.is_empty() {
        others
    } else {
        all
    };
    let others = others.lines().filter(|name| !name.is_empty());
    others.map(Foreign::account).collect()
}

fn tenant(closure: &TenantClosure) -> Tenant {
    let tenant = &closure.spec.tenant;
    Tenant {
        id: tenant.id.clone(),
        initial_domain: Foreign::new(&tenant.initial_domain),
        cloud: format!("{:?}", tenant.cloud.unwrap_or_default()),
    }
}

/// The name of a subscription, where the journal has only its id: as the status, which is no record, last told it.
fn called(status: &TenantClosureStatus, one: &PlannedSubscription) -> Foreign {
    let mut told = status.plan.iter().flat_map(|plan| &plan.bought);
    let told = told.find(|told| one.name.is_empty() && told.id == Some(one.id));
    told.map_or_else(
        || Foreign::new(&one.called()),
        |told| Foreign::new(&told.name),
    )
}

fn plan(status: &TenantClosureStatus, course: &Course<'_>) -> Option<Plan> {
    let (entry, head) = course.plan()?;
    Some(Plan {
        digest: entry.spec.plan_digest.clone().unwrap_or_default(),
        sealed_at: entry.created,
        record: entry.spec.sequence,
        earlier: course.sealing().count().saturating_sub(1),
        users: head.user_count,
        supplements: course
            .supplements()
            .map(|(entry, head, gone)| Supplement {
                digest: entry.spec.plan_digest.clone().unwrap_or_default(),
                sealed_at: entry.created,
                record: entry.spec.sequence,
                users: head.user_count,
                gone,
            })
            .collect(),
        guests: head.guests,
        synced: head.synced,
        other_global_administrators: head.other_global_administrators.len(),
        other_holders: head.other_holders.clone(),
        subscriptions: head
            .subscriptions
            .iter()
            .map(|one| Subscription {
                id: one.id,
                name: called(status, one),
                seats: one.seats,
                agreement: format!("{:?}", one.agreement),
                ended_by: format!("{:?}", one.ended_by),
                ends_at: one.ends_at,
                next_term: one
                    .next_term
                    .as_ref()
                    .filter(|_| one.renews)
                    .map(Term::words),
            })
            .collect(),
        applications: head.applications.len(),
        applications_beyond: head.applications_beyond,
        security_defaults: head.security_defaults,
        policies: head.policies.clone(),
        domains: head.domains.iter().map(|name| Foreign::new(name)).collect(),
        custom_domains: head
            .custom_domains
            .iter()
            .flatten()
            .map(|name| Foreign::new(name))
            .collect(),
        losses: entry.spec.losses.clone(),
        retained: head.retained,
        spare: head.spare,
    })
}

/// Approvals that exist, and those that records name though they are gone: by whom those were nobody can tell any more.
fn approvals(sources: &Sources<'_>, course: &Course<'_>) -> Vec<Approval> {
    let mut named: BTreeMap<(String, String), u64> = BTreeMap::new();
    for key in course.approvals() {
        *named.entry(key).or_default() += 1;
    }
    let mut all: Vec<Approval> = Vec::new();
    for approval in of(sources, Purpose::Approval) {
        let spec = &approval.spec;
        let uid = approval.metadata.uid.clone().unwrap_or_default();
        let digest = spec.plan_digest.clone().unwrap_or_default();
        let key = (uid, digest);
        let records = named.remove(&key);
        let (uid, digest) = key;
        all.push(Approval {
            approver: Foreign::account(&spec.approver),
            created: approval.metadata.creation_timestamp.as_ref().map(|t| t.0),
            expires: Some(spec.expires_at),
            revoked: spec.revoked == Some(true),
            comment: spec.comment.as_deref().map(Foreign::new),
            records: records.unwrap_or_default(),
            digest,
            uid,
        });
    }
    all.extend(named.into_iter().map(|((uid, digest), records)| Approval {
        approver: gone("approval", &uid),
        uid,
        digest,
        created: None,
        expires: None,
        revoked: false,
        comment: None,
        records,
    }));
    all.sort_by_key(|approval| (approval.created.is_none(), approval.created));
    all
}

fn gone(what: &str, uid: &str) -> Foreign {
    Foreign::account(&format!("an {what} that is gone (UID {uid})"))
}

fn attestations(sources: &Sources<'_>, course: &Course<'_>) -> Vec<Attestation> {
    let named = course.chain.iter().flat_map(|one| &one.spec.attestations);
    let mut named: BTreeSet<&str> = named.map(String::as_str).collect();
    let mut all: Vec<Attestation> = Vec::new();
    for one in of(sources, Purpose::Attestation) {
        named.remove(one.metadata.uid.as_deref().unwrap_or_default());
        all.push(Attestation {
            by: Foreign::account(&one.spec.approver),
            check: Foreign::new(one.spec.check.as_deref().unwrap_or("-")),
            result: Foreign::new(one.spec.result.as_deref().unwrap_or("-")),
            at: one.metadata.creation_timestamp.as_ref().map(|t| t.0),
            revoked: one.spec.revoked == Some(true),
        });
    }
    all.extend(named.into_iter().map(|uid| Attestation {
        by: gone("attestation", uid),
        check: Foreign::new("-"),
        result: Foreign::new("-"),
        at: None,
        revoked: false,
    }));
    all.sort_by(|a, b| (a.at.is_none(), a.at, &a.check).cmp(&(b.at.is_none(), b.at, &b.check)));
    all
}

/// Those that name this closure by its UID.
fn of<'a>(sources: &Sources<'a>, purpose: Purpose) -> impl Iterator<Item = &'a ClosureApproval> {
    let uid = sources.closure.metadata.uid.clone().unwrap_or_default();
    let ours =
        move |one: &&ClosureApproval| one.spec.closure_uid == uid && one.spec.purpose == purpose;
    sources.approvals.iter().filter(ours)
}

fn hand_offs(status: &TenantClosureStatus) -> Vec<HandOff> {
    let open = status
        .hand_offs
        .iter()
        .map(|one| (&one.key, &one.link, one.since, None));
    let past = status
        .past_hand_offs
        .iter()
        .filter(|past| status.hand_offs.iter().all(|open| open.key != past.key))
        .map(|one| (&one.key, &one.link, one.since, Some(one.until)));
    let mut all: Vec<HandOff> = past
        .chain(open)
        .map(|(key, link, since, until)| {
            let known = hand_offs::of(key);
            HandOff {
                key: Foreign::new(key),
                what: known.what.to_owned(),
                who: known.who,
                link: Foreign::new(link),
                since,
                until,
            }
        })
        .collect();
    all.sort_by_key(|one| (one.since, one.until));
    all
}

fn journal(sources: &Sources<'_>) -> Journal {
    let verified = sources.verified;
    let texts = |all: Vec<String>| all.iter().map(|text| Foreign::new(text)).collect();
    let closure = sources.closure;
    let (namespace, name) = (
        closure.metadata.namespace.clone().unwrap_or_default(),
        closure.metadata.name.clone().unwrap_or_default(),
    );
    let head = verified.head.as_ref().map(ToString::to_string);
    let told = head.clone().unwrap_or_else(|| "SEQUENCE:HASH".to_owned());
    let uid = &verified.uid;
    Journal {
        namespace: sources.namespace.to_owned(),
        verdict: verified.verdict().word(),
        faults: texts(verified.faults.iter().map(ToString::to_string).collect()),
        doubts: texts(verified.doubts.iter().map(ToString::to_string).collect()),
        figures: verified.figures.clone(),
        head,
        verify: [
            format!("tenant-closure verify --closure {name} -n {namespace} --head {told}"),
            format!(
                "tenant-closure export --uid {uid} --journal-namespace {} --file journal.jsonl",
                sources.namespace
            ),
            format!("tenant-closure verify journal.jsonl --head {told}"),
            format!("tenant-closure verify EVIDENCE_STORE --uid {uid} --head {told}"),
        ]
        // A status can name anything as the namespace of its journal.
        .map(|line| Foreign::account(&line).to_string())
        .to_vec(),
    }
}
