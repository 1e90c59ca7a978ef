//! Given: the approvals and attestations that the journal names, held against those that are there, in a cluster, in an
//! evidence store, in a file.
//!
//! A record names them by UID, and says what the copy of each hashes to. An object with another UID, whatever its name, is
//! none of them. Whether a signature is by a key of the approver's only the operator's configuration knows: here it is seen
//! that it is over what the copy says, and the key is told.

use crate::api::{ClosureApproval, Purpose, RecordType, signature};
use crate::closure::{acceptance, clock};
use crate::evidence::entry::{Entry, Found};
use crate::evidence::fault::{Doubt, Fault};
use crate::evidence::verify::Verified;
use ssh_key::HashAlg;
use ssh_key::public::KeyData;
use std::collections::{BTreeMap, BTreeSet};

/// The approvals that there are, and where.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    approvals: &'a [ClosureApproval],
    lying: Lying,
}

/// Where they lie: what it means that one is missing depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lying {
    /// In the cluster: whoever may delete approvals may do so once they served.
    Cluster,
    /// In an evidence store, which keeps what records rest on.
    Store,
    /// In a file: whoever wrote it put in what he liked.
    File,
}

impl<'a> Given<'a> {
    /// Those of a closure's namespace.
    pub const fn in_cluster(approvals: &'a [ClosureApproval]) -> Self {
        Self {
            approvals,
            lying: Lying::Cluster,
        }
    }

    /// Those that lie beside the records.
    pub fn beside(found: &'a Found) -> Self {
        Self {
            approvals: &found.approvals,
            lying: if found.is_store {
                Lying::Store
            } else {
                Lying::File
            },
        }
    }
}

/// Compares: what cannot be is a fault; what is missing is told, and in an evidence store leaves a doubt.
pub fn compare(found: &Found, given: Given<'_>, verified: &mut Verified) {
    let ours = found
        .entries
        .iter()
        .filter(|entry| entry.spec.closure_uid == verified.uid && !entry.is_chunk());
    let mut entries: Vec<&Entry> = ours.collect();
    entries.sort_by_key(|entry| entry.spec.sequence);
    let all = entries.iter().flat_map(|entry| entry.spec.rests_on());
    let named: BTreeSet<&str> = all.collect();
    let mut there: BTreeMap<&str, Vec<Here<'_>>> = BTreeMap::new();
    for one in given.approvals {
        let uid = one.metadata.uid.as_deref().unwrap_or_default();
        if named.contains(uid) {
            there.entry(uid).or_default().push(Here::of(one));
        }
    }
    let sealed = sealed(&entries);
    let mut gone = BTreeMap::new();
    // Each approval once, by the first record that rests on it; the later ones say the same.
    let mut told = BTreeSet::new();
    for entry in entries {
        let mut persons = BTreeSet::new();
        for (uid, rests) in rests_on(entry, &sealed) {
            let Some(copies) = there.get(uid) else {
                gone.entry(uid).or_insert(entry.name.as_str());
                continue;
            };
            for here in copies {
                let twice = matches!(&rests, Rests::OnApproval(digests)
                    if !persons.insert((digests.clone(), here.approval.spec.approver.as_str())));
                let what = unfit(here, entry, &rests)
                    .or_else(|| changed(here, entry, uid))
                    .or_else(|| {
                        twice
                            .then(|| "is of a person whose other approval it counts too".to_owned())
                    });
                if let Some(what) = what
                    && told.insert((uid, what.clone()))
                {
                    verified.faults.push(Fault::OtherApproval {
                        name: entry.name.clone(),
                        approval: uid.to_owned(),
                        what,
                    });
                }
            }
        }
    }
    let signed = named.iter().filter_map(|uid| there.get(uid)?.first());
    verified.notes.extend(signed.filter_map(|one| key(one)));
    missing(found, given.lying, &gone, verified);
    let unnamed = given.approvals.iter().filter(|one| {
        let spec = &one.spec;
        let uid = one.metadata.uid.as_deref().unwrap_or_default();
        spec.purpose == Purpose::Approval
            && spec.closure_uid == verified.uid
            && !named.contains(uid)
    });
    let unnamed = unnamed.count();
    if unnamed > 0 {
        verified.notes.push(format!(
            "approvals of this closure that no record rests on: {unnamed}; whatever their names, nothing was done because of them"
        ));
    }
}

/// An approval that records name: what all of them ask of it is looked at once.
struct Here<'a> {
    approval: &'a ClosureApproval,
    /// What its copy hashes to.
    digest: String,
    /// By which key it is signed, or what is wrong with that; `None`: it is not.
    signed: Option<Result<KeyData, String>>,
}

impl<'a> Here<'a> {
    fn of(approval: &'a ClosureApproval) -> Self {
        let spec = &approval.spec;
        let signed = spec.signature.as_ref().map(|armored| {
            let Some(text) = spec.text() else {
                return Err("has a control character in what is signed".to_owned());
            };
            signature::signer(armored, &text)
                .map_err(|why| why.strip_prefix("one ").unwrap_or(why).to_owned())
        });
        Self {
            approval,
            digest: approval.copy_digest(),
            signed,
        }
    }
}

/// UIDs of the approvals and attestations that the records of a closure rest on.
pub fn named<'a>(found: &'a Found, uid: &str) -> BTreeSet<&'a str> {
    let ours = found.entries.iter();
    let ours = ours.filter(|entry| entry.spec.closure_uid == uid);
    ours.flat_map(|entry| entry.spec.rests_on()).collect()
}

/// Tells of those that are not there: UID → the first record that rests on it.
fn missing(found: &Found, lying: Lying, gone: &BTreeMap<&str, &str>, verified: &mut Verified) {
    let uids = gone.keys().copied().collect::<Vec<&str>>().join(", ");
    match lying {
        _ if gone.is_empty() => {}
        Lying::Cluster => verified.notes.push(format!(
            "of the approvals that records name these are not there any more, so who gave them is not seen here: {uids}"
        )),
        Lying::File => verified.notes.push(format!(
            "of the approvals that records name these do not lie beside them, so who gave them is not seen here: {uids}"
        )),
        Lying::Store => {
            // What is there and cannot be read is told already.
            let there: BTreeSet<&str> = found
                .unreadable
                .iter()
                .filter_map(|one| one.name.as_deref())
                .collect();
            let gone = gone.iter().filter(|(uid, _)| !there.contains(**uid));
            verified.doubts.extend(gone.map(|(uid, name)| Doubt::NoCopy {
                name: (*name).to_owned(),
                approval: (*uid).to_owned(),
            }));
        }
    }
}

/// Digests of plans and supplements that were sealed.
fn sealed<'a>(entries: &[&'a Entry]) -> BTreeSet<&'a str> {
    let plans = entries
        .iter()
        .filter(|entry| entry.spec.kind == RecordType::Plan);
    plans
        .filter_map(|entry| entry.spec.plan_digest.as_deref())
        .collect()
}

/// What a record rests on.
#[derive(Debug)]
enum Rests {
    /// An approval of one of these digests.
    OnApproval(BTreeSet<String>),
    /// An attestation.
    OnAttestation,
}

/// The approvals and attestations that a record rests on.
fn rests_on<'a>(entry: &'a Entry, sealed: &BTreeSet<&str>) -> Vec<(&'a str, Rests)> {
    let spec = &entry.spec;
    let plan: BTreeSet<String> = spec.plan_digest.iter().cloned().collect();
    let of_plan = spec.approvals.iter();
    let of_plan = of_plan.map(|uid| (uid.as_str(), Rests::OnApproval(plan.clone())));
    let later = spec.later.iter().flat_map(|later| {
        let of = |plan: &&str| acceptance::digest(plan, &later.accepted);
        let digests: BTreeSet<String> = sealed.iter().map(of).collect();
        let all = later.approvals.iter();
        all.map(move |uid| (uid.as_str(), Rests::OnApproval(digests.clone())))
    });
    let attested = spec.attestations.iter();
    let attested = attested.map(|uid| (uid.as_str(), Rests::OnAttestation));
    of_plan.chain(later).chain(attested).collect()
}

/// Why the operator cannot have counted this object for that record.
fn unfit(here: &Here<'_>, entry: &Entry, rests: &Rests) -> Option<String> {
    let spec = &here.approval.spec;
    let created = here
        .approval
        .metadata
        .creation_timestamp
        .as_ref()
        .map(|at| at.0);
    let other = |what: &str| Some(format!("is {what}"));
    match (rests, spec.purpose) {
        (Rests::OnApproval(_), Purpose::Attestation) => return other("no approval"),
        (Rests::OnAttestation, Purpose::Approval) => return other("no attestation"),
        _ => {}
    }
    if spec.closure_uid != entry.spec.closure_uid {
        return other("of another closure");
    }
    if !spec
        .tenant_id
        .eq_ignore_ascii_case(&entry.spec.tenant_id.to_string())
    {
        return other("of another tenant");
    }
    if let Rests::OnApproval(digests) = rests
        && !spec
            .plan_digest
            .as_ref()
            .is_some_and(|digest| digests.contains(digest))
    {
        return other("of another plan");
    }
    if created.is_none() {
        return Some("does not say when it was created".to_owned());
    }
    if let Some(claimed) = entry.created {
        if created.is_some_and(|at| at > claimed) {
            return other("younger than the record");
        }
        // The end is looked up on the operator's clock, the record has its date from the API server's.
        if claimed.duration_since(spec.expires_at) > clock::APART {
            return Some("had ended before the record".to_owned());
        }
    }
    here.signed.as_ref()?.as_ref().err().cloned()
}

/// It is not as it was when it counted, as the record says.
fn changed(here: &Here<'_>, entry: &Entry, uid: &str) -> Option<String> {
    let mut copies = entry.spec.approval_copies.iter();
    let known = &copies.find(|copy| copy.uid == uid)?.digest;
    let here = &here.digest;
    (here != known).then(|| format!("hashes to {here}, and when it counted it hashed to {known}"))
}

/// By which key it is signed.
fn key(here: &Here<'_>) -> Option<String> {
    let key = here.signed.as_ref()?.as_ref().ok()?;
    let uid = here.approval.metadata.uid.as_deref().unwrap_or_default();
    let print = key.fingerprint(HashAlg::Sha256);
    Some(format!(
        "approval {uid} is signed with the key {print}; whether that was its approver's, approvalKeys in the operator's configuration said"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests;
