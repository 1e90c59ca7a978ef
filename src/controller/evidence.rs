//! Evidence: each settled record, the parts of its plans and the report, in the store outside the cluster.

use crate::api::record::ApprovalCopy;
use crate::api::{ClosureApproval, ClosureRecord, TenantClosureStatus};
use crate::closure::decision::Decision;
use crate::closure::evidence::{Evidence, Kept};
use crate::closure::memory::Memory;
use crate::closure::report::Phase;
use crate::closure::schedule::{self, AFTER_FAILURE};
use crate::controller::context::Context;
use crate::controller::copies::{Copies, Journal, Trouble};
use crate::controller::error::{ReconcileError, bounded};
use crate::controller::journal::{self, Head};
use crate::controller::read::Read;
use crate::evidence::given::{self, Given};
use crate::evidence::report::{Report, Sources, html, markdown};
use crate::evidence::{Claims, cluster, verify};
use crate::store::{Address, Folder, Store, StoreError};
use jiff::Timestamp;
use kube::Api;
use kube::core::DynamicObject;
use kube::discovery::ApiResource;
use serde_json::Value;
use std::time::{Duration, Instant};

/// A store that fails and is not required is asked no more often than this: the work does not wait for it.
const UNHURRIED: Duration = Duration::from_secs(300);
/// Two reports of a closure that runs are at least so far apart, where something is new to tell;
const REPORTS_APART: Duration = Duration::from_secs(60);
/// and so far where only the journal grew.
const REPORT_EVERY: Duration = Duration::from_secs(900);
/// At the end, between the status and the report that tells of it.
const AT_THE_END: Duration = Duration::from_secs(1);

/// What a process remembers of the evidence of a closure.
#[derive(Clone, Debug)]
pub struct Keeping {
    address: Address,
    copies: Copies,
    reported: Option<(Told, Instant)>,
    no_report_before: Option<Instant>,
    failures: u32,
    not_before: Option<Instant>,
    /// The store has a newer record than the journal.
    ahead: bool,
    /// As it stands.
    pub evidence: Evidence,
}

/// What a report told of.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    phase: Option<Phase>,
    step: Option<String>,
    sequence: u64,
}

impl Keeping {
    fn new(address: &Address) -> Self {
        Self {
            address: address.clone(),
            copies: Copies::default(),
            reported: None,
            no_report_before: None,
            failures: 0,
            not_before: None,
            ahead: false,
            evidence: Evidence {
                store: address.to_string(),
                required: false,
                kept: Kept::UnderWay,
            },
        }
    }

    /// How long until the next try, where there is something to try.
    pub fn sooner(&self, next: Duration) -> Duration {
        match (&self.evidence.kept, self.not_before) {
            (Kept::All, _) => next,
            (_, Some(at)) => next.min(at.saturating_duration_since(Instant::now()).max(AT_THE_END)),
            (_, None) => next.min(AT_THE_END),
        }
    }
}

/// Brings the store up to the newest settled record; `None`: there is no store.
///
/// # Errors
/// Where the API server failed, and `HistoryRollback` where the store has a newer record than the journal. That the store failed
/// is told in what is returned.
pub async fn keep(
    ctx: &Context,
    read: &Read,
    head: Option<&Head>,
    memory: &Memory,
) -> Result<Option<Evidence>, ReconcileError> {
    let Some(address) = &read.configured.evidence_store else {
        ctx.hint(&read.uid, |h| h.keeping = None);
        return Ok(None);
    };
    let known = ctx.hints(&read.uid).keeping;
    let mut keeping = known
        .filter(|known| known.address == *address)
        .unwrap_or_else(|| Keeping::new(address));
    keeping.evidence.required = read.configured.evidence_required;
    if over_before(read, &keeping) {
        keeping.evidence.kept = Kept::All;
    } else if keeping.not_before.is_none_or(|at| at <= Instant::now()) {
        let closed = memory.directory_gone_at.is_some();
        let written = keeping.copies.written;
        let worked = keeping.work(ctx, read, head, closed).await;
        let copies = keeping.copies.written.saturating_sub(written);
        ctx.counters.evidence_objects.add(copies);
        match worked {
            Ok(kept) => {
                keeping.failures = 0;
                keeping.not_before = None;
                keeping.ahead = false;
                keeping.evidence.kept = kept;
            }
            Err(Trouble::Journal(why)) => return Err(why),
            // Another process may have written both meanwhile.
            Err(Trouble::Ahead) if has_grown(ctx, read, head).await? => {
                keeping.evidence.kept = Kept::UnderWay;
            }
            Err(Trouble::Ahead) => {
                keeping.ahead = true;
                keeping.failed(ctx, read, &Failure::Ahead);
            }
            Err(Trouble::Store(why)) => keeping.failed(ctx, read, &Failure::Store(why)),
        }
    }
    let (evidence, ahead) = (keeping.evidence.clone(), keeping.ahead);
    ctx.hint(&read.uid, |h| h.keeping = Some(keeping));
    if ahead {
        return Err(ReconcileError::HistoryRollback(AHEAD.to_owned()));
    }
    Ok(Some(evidence))
}

/// Puts what an effect rests on into the store before it is claimed: afterwards it may be deleted in the cluster, and nobody
/// would know whose it was. What bars the effect, where it must be there and is not.
pub async fn approvals(ctx: &Context, read: &Read, named: &[ApprovalCopy]) -> Option<Decision> {
    let mut keeping = ctx.hints(&read.uid).keeping?;
    let missing: Vec<&ClosureApproval> = named
        .iter()
        .filter(|one| !keeping.copies.has_approval(&one.uid))
        .filter_map(|one| read.approval(&one.uid))
        .collect();
    // A store that fails and is not required keeps nothing waiting: they are copied with the record.
    let not_yet = keeping.not_before.is_some_and(|at| at > Instant::now());
    if missing.is_empty() || (not_yet && !keeping.evidence.required) {
        return None;
    }
    let written = keeping.copies.written;
    let put = keeping.put(ctx, read, &missing).await;
    let written = keeping.copies.written.saturating_sub(written);
    ctx.counters.evidence_objects.add(written);
    let refusal = put.err().and_then(|why| {
        keeping.failed(ctx, read, &Failure::Store(why));
        keeping.evidence.refusal()
    });
    ctx.hint(&read.uid, |h| h.keeping = Some(keeping));
    refusal
}

/// The journal goes further than it did a moment ago.
async fn has_grown(
    ctx: &Context,
    read: &Read,
    head: Option<&Head>,
) -> Result<bool, ReconcileError> {
    let now = journal::newest(ctx, &read.closure).await?;
    Ok(settled(now.as_ref()) > settled(head))
}

/// The number of the newest record that is settled.
fn settled(head: Option<&Head>) -> u64 {
    head.map_or(0, |head| head.sequence - u64::from(head.outcome.is_none()))
}

/// Approvals that were revoked since, and a suspension, may be gone with the records: whether it is required or not.
const AHEAD: &str = "the evidence store has a newer record than the journal, which was rolled back";

enum Failure {
    Ahead,
    Store(StoreError),
}

/// An earlier process saw it closed and all of it in the store.
fn over_before(read: &Read, keeping: &Keeping) -> bool {
    let status = read.closure.status.as_ref();
    let stored =
        |status: &TenantClosureStatus| status.holds(crate::closure::evidence::CONDITION).is_some();
    keeping.reported.is_none()
        && status.is_some_and(|s| s.phase == Some(Phase::Closed) && stored(s))
}

impl Keeping {
    /// The store, and what is the closure's in it.
    fn open(&self, ctx: &Context, read: &Read) -> Result<(Store, Folder), StoreError> {
        let store = ctx.stores.open(&self.address)?;
        let folder = store.folder(&read.terms.tenant_id.to_string(), &read.uid);
        Ok((store, folder))
    }

    async fn put(
        &mut self,
        ctx: &Context,
        read: &Read,
        approvals: &[&ClosureApproval],
    ) -> Result<(), StoreError> {
        let (store, folder) = self.open(ctx, read)?;
        for approval in approvals {
            self.copies.put_approval(&store, &folder, approval).await?;
        }
        Ok(())
    }

    fn failed(&mut self, ctx: &Context, read: &Read, failure: &Failure) {
        ctx.counters.evidence_failures.add(1);
        let (kept, detail) = match failure {
            Failure::Ahead => (Kept::Differs(AHEAD.to_owned()), AHEAD.to_owned()),
            Failure::Store(why @ StoreError::Differs(_)) => {
                (Kept::Differs(why.to_string()), why.detail())
            }
            Failure::Store(why) => (Kept::Not(why.to_string()), why.detail()),
        };
        if self.evidence.kept != kept {
            tracing::warn!(closure_uid = %read.uid, store = %self.address, why = %detail, required = self.evidence.required,
                "evidence is not in its store");
        }
        self.failures = self.failures.saturating_add(1);
        let longest = if self.evidence.required {
            AFTER_FAILURE
        } else {
            UNHURRIED
        };
        let pause = schedule::back_off(self.failures, longest.min(read.terms.poll_at_most));
        self.not_before = Some(Instant::now() + pause);
        self.evidence.kept = kept;
    }

    async fn work(
        &mut self,
        ctx: &Context,
        read: &Read,
        head: Option<&Head>,
        closed: bool,
    ) -> Result<Kept, Trouble> {
        let newest = settled(head);
        let (store, folder) = self.open(ctx, read)?;
        let journal = Stored(records(ctx), read);
        let copied = self
            .copies
            .catch_up(&store, &folder, &journal, &read.uid, newest);
        if !copied.await? {
            return Ok(Kept::UnderWay);
        }
        self.report(ctx, read, &store, &folder, newest).await?;
        let last = self.reported.as_ref().map(|(told, _)| told);
        let told_the_end = last.is_some_and(|told| told.phase == Some(Phase::Closed));
        Ok(if closed && !told_the_end {
            Kept::UnderWay
        } else {
            Kept::All
        })
    }

    /// Writes the report where it is due: the end at once, anything else at a reasonable pace.
    async fn report(
        &mut self,
        ctx: &Context,
        read: &Read,
        store: &Store,
        folder: &Folder,
        newest: u64,
    ) -> Result<(), Trouble> {
        let Some(status) = &read.closure.status else {
            return Ok(());
        };
        let told = Told {
            phase: status.phase,
            step: status.step.clone(),
            sequence: newest,
        };
        let follows = status.journal.as_ref().map_or(0, |j| j.sequence) == newest;
        if newest == 0 || !follows || !self.report_is_due(&told) {
            return Ok(());
        }
        let pages = match pages(ctx, read).await {
            Ok(pages) => pages,
            // The work does not wait for a report.
            Err(why) => {
                tracing::warn!(closure_uid = %read.uid, %why, "the report could not be made; it is tried again");
                self.no_report_before = Some(Instant::now() + AFTER_FAILURE);
                return Ok(());
            }
        };
        for (name, text) in pages {
            store
                .replace(&folder.named(name), text.into_bytes())
                .await?;
            ctx.counters.evidence_objects.add(1);
        }
        self.reported = Some((told, Instant::now()));
        Ok(())
    }

    fn report_is_due(&self, told: &Told) -> bool {
        if self.no_report_before.is_some_and(|at| at > Instant::now()) {
            return false;
        }
        let Some((last, at)) = &self.reported else {
            return true;
        };
        let turned = (last.phase, &last.step) != (told.phase, &told.step);
        let pause = match told.phase {
            Some(Phase::Closed) if turned => Duration::ZERO,
            _ if turned => REPORTS_APART,
            _ => REPORT_EVERY,
        };
        last != told && at.elapsed() >= pause
    }
}

/// The report as `kubectl tenant-closure report` prints it, by the names of its files.
async fn pages(ctx: &Context, read: &Read) -> Result<[(&'static str, String); 3], ReconcileError> {
    let reading = cluster::journal(&ctx.client, &ctx.namespace, &read.uid);
    let found = tokio::time::timeout(Duration::from_secs(60), reading).await;
    let found = found.map_err(|_| ReconcileError::Timeout)??;
    let claims = Claims {
        uid: Some(read.uid.clone()),
        anchors: cluster::anchor(&read.closure).into_iter().collect(),
    };
    let mut verified = verify(&found, &claims);
    given::compare(&found, Given::in_cluster(&read.approvals), &mut verified);
    let report = Report::compose(&Sources {
        closure: &read.closure,
        approvals: &read.approvals,
        namespace: &ctx.namespace,
        found: &found,
        verified: &verified,
        now: Timestamp::now(),
        version: env!("CARGO_PKG_VERSION"),
    });
    let json = serde_json::to_string_pretty(&report);
    let json = json.map_err(|why| ReconcileError::Malformed(why.to_string()))? + "\n";
    Ok([
        ("report.json", json),
        ("report.md", markdown::print(&report.document())),
        ("report.html", html::print(&report)),
    ])
}

/// The journal as the API server stores it.
struct Stored<'a>(Api<DynamicObject>, &'a Read);

fn records(ctx: &Context) -> Api<DynamicObject> {
    let resource = ApiResource::erase::<ClosureRecord>(&());
    Api::namespaced_with(ctx.client.clone(), &ctx.namespace, &resource)
}

impl Journal for Stored<'_> {
    async fn object(&self, name: &str) -> Result<Option<Value>, ReconcileError> {
        let found = bounded(self.0.get_opt(name)).await?;
        let value = found.map(serde_json::to_value).transpose();
        value.map_err(|why| ReconcileError::Malformed(why.to_string()))
    }
    fn approval(&self, uid: &str) -> Option<&ClosureApproval> {
        self.1.approval(uid)
    }
}
