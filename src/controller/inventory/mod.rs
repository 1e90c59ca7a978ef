//! The inventory of a tenant: taken from Microsoft, written to the store, sealed by a record of the journal.
//!
//! Like a plan, it is there before the record that names it: a process that dies in between leaves an object that no record
//! names, and the next one writes its own. Old ones are removed by [`sweep`].

mod ends;
mod lines;
pub mod sweep;

use crate::api::RecordType;
use crate::closure::decision::{Decided, Decision};
use crate::closure::inventory::{
    End, Entry, Gap, Header, Inventory, Kind, Shortage, VERSION, Wish,
};
use crate::closure::retention::Retention;
use crate::closure::steps::inventory::{Verdict, judge};
use crate::closure::tenant::Tenant;
use crate::controller::act::Known;
use crate::controller::configuration::Configured;
use crate::controller::context::Context;
use crate::controller::error::ReconcileError;
use crate::controller::journal::{self, Chunks, Covered, Draft};
use crate::controller::read::Read;
use crate::controller::told::Told;
use crate::store::Store;
use jiff::Timestamp;
use kube::ResourceExt as _;
use lines::Lines;
use object_store::ObjectStoreExt as _;

/// What the names of all inventories begin and end with.
const BEGINS: &str = "inventory-";
const ENDS: &str = ".jsonl";

/// The store that inventories go to, or why there is none.
///
/// # Errors
/// In words for a person.
pub fn open(ctx: &Context, configured: &Configured) -> Result<Store, String> {
    let address = configured.evidence_store.as_ref();
    let address = address.ok_or("evidenceStore names no store in the operator's configuration")?;
    ctx.stores.open(address).map_err(|why| why.to_string())
}

/// For the guards: where one is wanted, whether there is a store.
pub fn store_found(ctx: &Context, configured: &Configured) -> Result<(), String> {
    match configured.guards.inventory {
        Wish::Off => Ok(()),
        Wish::Wanted | Wish::Required => open(ctx, configured).map(|_| ()),
    }
}

/// How a try ended.
struct Tried {
    inventory: Inventory,
    /// Why the store did not take it.
    lost: Option<String>,
}

/// Writes an inventory and seals it in the journal, or says what follows from there being none.
///
/// # Errors
/// As the journal's; `LostRace` where what it was begun for has changed meanwhile.
pub async fn write(
    ctx: &Context,
    read: &Read,
    known: Known<'_>,
    tenant: &dyn Tenant,
    decided: Decided,
) -> Result<Told, ReconcileError> {
    // One at a time: each holds a part of its object in memory.
    let Ok(_turn) = ctx.inventories.try_lock() else {
        let message = "The inventory of another tenant is being written";
        return Ok(Told::waiting(known, "WaitingTurn", message));
    };
    let wish = read.configured.guards.inventory;
    let attempt = match open(ctx, &read.configured) {
        Ok(store) => take(ctx, read, tenant, &store, wish).await?,
        Err(why) => Tried {
            inventory: nothing(),
            lost: Some(why),
        },
    };
    let mut tries = 0;
    ctx.hint(&read.uid, |hints| {
        hints.inventory_tries = hints.inventory_tries.saturating_add(1);
        tries = hints.inventory_tries;
    });
    if let Some(why) = &attempt.lost {
        tracing::warn!(closure = %read.closure.name_any(), why, "the inventory was not written");
    }
    let decision = match judge(wish, &attempt.inventory, attempt.lost.as_deref(), tries) {
        Verdict::Keep => return seal(ctx, read, known, attempt.inventory, decided).await,
        Verdict::Again(waiting) => Decision::Wait(waiting),
        Verdict::Refuse(obstacle) => obstacle.blocks(),
    };
    discard(ctx, read, &attempt.inventory).await;
    let decided = Decided {
        decision,
        ..decided
    };
    Ok(Told::decided(known, decided))
}

fn nothing() -> Inventory {
    Inventory {
        object: None,
        digest: None,
        bytes: 0,
        counts: std::collections::BTreeMap::new(),
        gaps: Vec::new(),
    }
}

/// Reads the tenant kind by kind and writes a line for each. Where all of it is required, the first gap ends it.
async fn take(
    ctx: &Context,
    read: &Read,
    tenant: &dyn Tenant,
    store: &Store,
    wish: Wish,
) -> Result<Tried, ReconcileError> {
    let namespace = read.closure.namespace().unwrap_or_default();
    let leash = ctx.brakes.leash(&namespace, &read.uid, read.generation);
    let begun_at = Timestamp::now();
    let random = uuid::Uuid::new_v4().simple().to_string();
    let at = begun_at.strftime("%Y%m%dT%H%M%SZ");
    let name = format!("{BEGINS}{at}-{}{ENDS}", &random[..8]);
    let folder = store.folder(&read.terms.tenant_id.to_string(), &read.uid);
    let mut lines = Lines::new(store, folder.named(&name), leash);
    let header = Header {
        version: VERSION,
        tenant_id: read.terms.tenant_id,
        initial_domain: read.terms.initial_domain.clone(),
        closure_uid: read.uid.clone(),
        begun_at,
        retention: retention(read),
    };
    lines.write(&Entry::Inventory(header)).await;
    let mut gaps: Vec<Gap> = Vec::new();
    for kind in Kind::LISTED {
        let lacks = tenant.list(kind, &mut lines).await;
        gaps.extend(
            lacks
                .into_iter()
                .map(|shortage: Shortage| Gap::from(shortage)),
        );
        end(&mut lines, kind, &gaps).await;
        if lines.ended() || (wish == Wish::Required && !gaps.is_empty()) {
            break;
        }
        if kind == Kind::User {
            end(&mut lines, Kind::Membership, &gaps).await;
        }
    }
    let stops = wish == Wish::Required && !gaps.is_empty();
    let written = lines.finish(!stops).await;
    match written {
        Err(lines::Stopped::LetGo) => Err(ReconcileError::LostRace),
        Err(lines::Stopped::Lost(why)) => Ok(Tried {
            inventory: Inventory { gaps, ..nothing() },
            lost: Some(why),
        }),
        Ok(None) => Ok(Tried {
            inventory: Inventory { gaps, ..nothing() },
            lost: None,
        }),
        Ok(Some(written)) => Ok(Tried {
            inventory: Inventory {
                object: Some(name),
                digest: Some(written.digest),
                bytes: written.bytes,
                counts: written.counts,
                gaps,
            },
            lost: None,
        }),
    }
}

/// Retention counts from the end of the closure, which is as far away as the estimate says.
fn retention(read: &Read) -> Retention {
    let status = read.closure.status.as_ref();
    let estimate = status.and_then(|status| status.estimate.as_ref());
    Retention {
        days: read.configured.inventory_days,
        ends_not_before: estimate.map(|estimate| estimate.earliest),
    }
}

async fn end(lines: &mut Lines, of: Kind, gaps: &[Gap]) {
    let gap = gaps.iter().find(|gap| gap.kind == of);
    let last = End {
        of,
        count: lines.counted(of),
        complete: gap.is_none(),
        why: gap.map(|gap| gap.why),
        permission: gap.and_then(|gap| gap.permission()),
    };
    lines.write(&Entry::End(last)).await;
}

/// One that is not kept: its names are not left lying about.
async fn discard(ctx: &Context, read: &Read, inventory: &Inventory) {
    let (Some(name), Ok(store)) = (&inventory.object, open(ctx, &read.configured)) else {
        return;
    };
    let folder = store.folder(&read.terms.tenant_id.to_string(), &read.uid);
    if let Err(why) = store.objects.delete(&folder.named(name)).await {
        tracing::warn!(%why, "an inventory that is not kept was not removed; the sweep will");
    }
}

/// The record that names it.
async fn seal(
    ctx: &Context,
    read: &Read,
    known: Known<'_>,
    inventory: Inventory,
    decided: Decided,
) -> Result<Told, ReconcileError> {
    let sealed = known.plan.sealed.as_ref();
    let draft = Draft {
        kind: RecordType::Inventory,
        memory: known.memory.clone(),
        intent: None,
        plan: None,
        supplement: None,
        chunks: Chunks::default(),
        inventory: Some(inventory),
        losses: Vec::new(),
        recycle_bin: None,
        plan_digest: sealed.map(|sealed| sealed.digest.clone()),
        covered: Covered::default(),
    };
    let head = journal::seal(ctx, &read.closure, known.head, draft).await?;
    ctx.hint(&read.uid, |hints| hints.inventory_tries = 0);
    Ok(Told {
        plan: known.plan.clone(),
        memory: journal::memory(Some(&head)),
        head: Some(head),
        decided,
    })
}
