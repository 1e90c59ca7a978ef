//! The sweep: names are removed once their time is over. What stays is that there was an inventory, with its hash and numbers.
//!
//! A store may be shared, and the cluster that wrote an inventory may be lost: its first line says for how long it is kept, and
//! never is it removed before. One of a closure that this cluster does not know, and whose first line promises nothing, stays.

use crate::closure::inventory::VERSION;
use crate::closure::plan::hex;
use crate::closure::retention::{Lying, Retention};
use crate::controller::configuration;
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use crate::controller::inventory::ends::{Ends, Found};
use crate::controller::inventory::{BEGINS, ENDS, open};
use crate::store::Store;
use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt as _};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// Time between two sweeps: a retention is told in days.
const EVERY: Duration = Duration::from_secs(6 * 3600);

/// An inventory that was not written to for so long is not being written: within this time it would be begun anew.
const UNFINISHED: Duration = Duration::from_secs(24 * 3600);

/// Most inventories removed by one sweep; the next one goes on.
const AT_MOST: usize = 1_000;

/// The longest line of the kinds that are looked at: the first one, and the last line of a kind.
const LONGEST: usize = 4_096;

/// Why a sweep ended early; the next one begins anew.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("{0}")]
    Kubernetes(#[from] ReconcileError),
    #[error("the store: {0}")]
    Objects(#[from] object_store::Error),
    #[error("{0}")]
    Store(String),
}

/// Sweeps at once and then every few hours, for ever.
pub async fn run(ctx: Arc<Context>) {
    loop {
        match sweep(&ctx, Timestamp::now()).await {
            Ok(0) => {}
            Ok(removed) => {
                tracing::info!(removed, "inventories were removed, as their time is over");
            }
            Err(why) => tracing::warn!(%why, "inventories whose time is over were not all removed"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Removes what is due; how many that were.
async fn sweep(ctx: &Context, now: Timestamp) -> Result<usize, Broken> {
    let maps: Api<ConfigMap> = Api::namespaced(ctx.client.clone(), &ctx.namespace);
    let map = bounded(maps.get_opt(configuration::NAME)).await?;
    let configured = configuration::resolve(map.as_ref());
    if configured.evidence_store.is_none() {
        return Ok(0);
    }
    let store = open(ctx, &configured).map_err(Broken::Store)?;
    let found = inventories(&store).await?;
    let Some(days) = configured.inventory_days.filter(|_| !found.is_empty()) else {
        return Ok(0);
    };
    let mut ends = Ends::read(ctx).await?;
    let mut removed = 0;
    for one in found {
        let (end, known) = ends.of(ctx, &store, &one).await?;
        let lying = Lying {
            days,
            promised: promised(&store, &one.object).await?,
            end,
            known,
        };
        let (Some(until), Some(days)) = (lying.until(), lying.days()) else {
            continue;
        };
        if now < until {
            continue;
        }
        remove(&store, &one.object, days, now).await?;
        removed += 1;
        if removed == AT_MOST {
            break;
        }
    }
    Ok(removed)
}

/// Every inventory in the store; what was begun and never finished goes, whoever's it is:
/// nothing names it. The folders of records are not entered.
async fn inventories(store: &Store) -> Result<Vec<Found>, Broken> {
    let mut found = Vec::new();
    let root = Some(&store.root).filter(|root| root.parts().next().is_some());
    let tenants = store.objects.list_with_delimiter(root).await?;
    for tenant in tenants.common_prefixes {
        let closures = store.objects.list_with_delimiter(Some(&tenant)).await?;
        for folder in closures.common_prefixes {
            let uid = folder.filename().unwrap_or_default().to_owned();
            let left = store.remove_unfinished(&folder, BEGINS, UNFINISHED);
            let left = left.await.map_err(|why| Broken::Store(why.to_string()))?;
            if left > 0 {
                tracing::info!(
                    closure_uid = uid,
                    left,
                    "inventories that were begun and never finished were removed"
                );
            }
            let there = store.objects.list_with_delimiter(Some(&folder)).await?;
            let named = |object: &ObjectMeta| {
                let name = object.location.filename().unwrap_or_default();
                name.starts_with(BEGINS) && name.ends_with(ENDS)
            };
            let newest = there.objects.iter().filter_map(written).max();
            let inventories = there.objects.into_iter().filter(named);
            found.extend(inventories.map(|object| {
                Found {
                    tenant: tenant.clone(),
                    uid: uid.clone(),
                    newest: newest
                        .or_else(|| written(&object))
                        .unwrap_or(Timestamp::MAX),
                    object,
                }
            }));
        }
    }
    Ok(found)
}

fn written(object: &ObjectMeta) -> Option<Timestamp> {
    Timestamp::from_second(object.last_modified.timestamp()).ok()
}

/// What the first line promises; nothing where it cannot be read. Not every store gives a part of an object that is asked for,
/// so no more is taken of it than comes before the line ends.
async fn promised(store: &Store, object: &ObjectMeta) -> Result<Retention, Broken> {
    let mut pieces = store.objects.get(&object.location).await?.into_stream();
    let mut line: Vec<u8> = Vec::new();
    while let Some(piece) = pieces.next().await {
        line.extend_from_slice(&piece?);
        if line.contains(&b'\n') || line.len() > LONGEST {
            break;
        }
    }
    let first = line.split(|byte| *byte == b'\n').next();
    Ok(serde_json::from_slice(first.unwrap_or_default()).unwrap_or_default())
}

/// Writes what stays, then removes the names.
async fn remove(
    store: &Store,
    object: &ObjectMeta,
    days: u32,
    now: Timestamp,
) -> Result<(), Broken> {
    let place = &object.location;
    let name = place.filename().unwrap_or_default();
    let told = read(store, place).await?;
    let stays = json!({
        "kind": "InventoryRemoved", "version": VERSION, "object": name, "digest": told.digest, "bytes": told.bytes,
        "counts": told.counts, "writtenAt": written(object),
        "removedAt": Timestamp::from_second(now.as_second()).ok(), "retentionDays": days,
    });
    let beside = format!("{}.removed.json", name.trim_end_matches(ENDS));
    let folder = place.parts().collect::<Vec<_>>();
    let folder = folder.split_last().map_or(&[][..], |(_, folder)| folder);
    let beside = folder.iter().cloned().collect::<Path>().join(beside);
    let text = format!("{stays}\n");
    store.objects.put(&beside, text.into_bytes().into()).await?;
    store.objects.delete(place).await?;
    tracing::info!(object = %place, "an inventory was removed, as its time is over");
    Ok(())
}

/// An inventory as its remains tell of it.
struct Told {
    digest: String,
    bytes: u64,
    counts: Map<String, Value>,
}

/// Reads it once more, piece by piece: the hash is over what is removed, whatever the journal says.
async fn read(store: &Store, place: &Path) -> Result<Told, Broken> {
    let mut pieces = store.objects.get(place).await?.into_stream();
    let (mut hash, mut bytes, mut counts) = (Sha256::new(), 0u64, Map::new());
    let mut line: Vec<u8> = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        hash.update(&piece);
        bytes = bytes.saturating_add(piece.len() as u64);
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            // Of a long line, which is none of those that are looked at, the beginning is enough.
            let room = LONGEST.saturating_sub(line.len());
            line.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                count(&line, &mut counts);
                line.clear();
            }
        }
    }
    Ok(Told {
        digest: hex(&hash.finalize()),
        bytes,
        counts,
    })
}

fn count(line: &[u8], counts: &mut Map<String, Value>) {
    let Ok(Value::Object(line)) = serde_json::from_slice(line) else {
        return;
    };
    let kind = line.get("kind").and_then(Value::as_str);
    let of = line.get("of").and_then(Value::as_str);
    if let (Some("End"), Some(of), Some(count)) = (kind, of, line.get("count")) {
        counts.insert(of.to_owned(), count.clone());
    }
}
