//! Identities: which application, in which tenant, needs which rights of the table for one closure.

use crate::api::TenantClosure;
use crate::api::closure::Credentials;
use crate::closure::access::table::{Purpose, Right, TABLE, When, least};
use crate::closure::id::ObjectId;
use crate::closure::terms::Terms;

/// One application, and what is to be granted to it.
pub(super) struct Identity<'a> {
    /// The tenant that it is of.
    pub(super) tenant: ObjectId,
    /// It is of the tenant that is closed; else of a payer, a partner, or the owner of the directory's resource.
    pub(super) of_the_closed: bool,
    /// Reading or acting.
    pub(super) purpose: Purpose,
    /// What signs it in.
    pub(super) proof: Proof<'a>,
    /// Nothing but reading is what it is for: another application acts.
    pub(super) reads_alone: bool,
    /// Needed for sure, and not covered by another.
    pub(super) rights: Vec<&'static Right>,
    /// Needed where the tenant is so; nobody has looked yet.
    pub(super) unsure: Vec<&'static Right>,
    /// All of them, also what another covers.
    pub(super) granted: Vec<&'static Right>,
}

/// What signs an application in.
#[derive(PartialEq, Eq)]
pub(super) enum Proof<'a> {
    /// The operator's own identity in the cluster, and the application that trusts it.
    Workload(&'a str),
    /// A Secret.
    Secret(&'a str),
}

/// Whether a right is needed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needed {
    Yes,
    No,
    /// Only the tenant can tell, and no plan has been made yet.
    Unknown,
}

/// Whether a right is needed, by the spec or by what was seen when the plan was made.
pub(super) fn needed(right: &Right, closure: &TenantClosure, terms: &Terms) -> Needed {
    match right.by_spec(terms) {
        Some(true) => Needed::Yes,
        Some(false) => Needed::No,
        None => match closure.status.as_ref().filter(|s| s.plan.is_some()) {
            None => Needed::Unknown,
            Some(status) => {
                let mut told = status
                    .steps
                    .iter()
                    .filter(|s| !s.access.is_empty())
                    .peekable();
                if told.peek().is_none() {
                    return Needed::Unknown;
                }
                let mut rows = told
                    .filter(|step| step.name == right.step.name())
                    .flat_map(|step| &step.access);
                if rows.any(|row| row.needs == right.what) {
                    Needed::Yes
                } else {
                    Needed::No
                }
            }
        },
    }
}

/// The applications that serve a purpose, the closed tenant's own first.
pub(super) fn all<'a>(
    closure: &'a TenantClosure,
    terms: &Terms,
    purpose: Purpose,
) -> Vec<Identity<'a>> {
    let spec = &closure.spec;
    let mut own = terms.clone();
    own.billing.retain(|account| account.tenant_id.is_none());
    if own.directory_resource_tenant.is_some() {
        own.directory_resource = None;
    }
    let block = (&spec.credentials, terms.tenant_id, true);
    let mut all: Vec<_> = identity(closure, &own, purpose, block, |_| true)
        .into_iter()
        .collect();
    let accounts = spec.billing.iter().flat_map(|billing| &billing.accounts);
    for (account, known) in accounts.zip(&terms.billing) {
        if let (Some(credentials), Some(tenant)) = (&account.credentials, known.tenant_id) {
            let mut one = terms.clone();
            one.billing = vec![*known];
            let block = (credentials, tenant, false);
            all.extend(identity(closure, &one, purpose, block, |when| {
                matches!(when, When::Account(_) | When::StopRenewal(_))
            }));
        }
    }
    let directory = spec.directory.as_ref().and_then(|d| d.credentials.as_ref());
    if let (Some(credentials), Some(tenant)) = (directory, terms.directory_resource_tenant) {
        let block = (credentials, tenant, false);
        all.extend(identity(closure, terms, purpose, block, |when| {
            when == When::DirectoryResource
        }));
    }
    all
}

fn identity<'a>(
    closure: &TenantClosure,
    terms: &Terms,
    purpose: Purpose,
    (block, tenant, of_the_closed): (&'a Credentials, ObjectId, bool),
    concerns: impl Fn(When) -> bool,
) -> Option<Identity<'a>> {
    let (mut sure, mut unsure) = (Vec::new(), Vec::new());
    let rights = TABLE
        .iter()
        .filter(|right| purpose == Purpose::Act || right.purpose == Purpose::Read)
        .filter(|right| concerns(right.when));
    for right in rights {
        match needed(right, closure, terms) {
            Needed::Yes => sure.push(right),
            Needed::Unknown => unsure.push(right),
            Needed::No => {}
        }
    }
    unsure.retain(|right| !sure.iter().any(|one| one.what == right.what));
    let rights = least(&sure);
    let mut granted: Vec<&'static Right> = Vec::new();
    for right in sure.into_iter().chain(unsure.iter().copied()) {
        if !granted.iter().any(|one| one.what == right.what) {
            granted.push(right);
        }
    }
    (!rights.is_empty()).then(|| Identity {
        tenant,
        of_the_closed,
        purpose,
        reads_alone: purpose == Purpose::Read
            && proof(block, Purpose::Read) != proof(block, Purpose::Act),
        proof: proof(block, purpose),
        rights,
        unsure,
        granted,
    })
}

/// Where no application only reads, the acting one does.
fn proof(block: &Credentials, purpose: Purpose) -> Proof<'_> {
    let reads = purpose == Purpose::Read;
    if let Some(workload) = &block.workload_identity {
        let reader = workload.reader_client_id.as_ref().filter(|_| reads);
        return Proof::Workload(reader.unwrap_or(&workload.client_id));
    }
    let reader = block.reader_secret_name.as_deref().filter(|_| reads);
    Proof::Secret(reader.or(block.secret_name.as_deref()).unwrap_or_default())
}
