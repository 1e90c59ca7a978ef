//! Ends: what is known of the end of the closure of an inventory, by this cluster and, of closures that it does not know, by
//! the store. The cluster that wrote it may be lost.

use crate::api::{CLOSURE_UID, TenantClosure};
use crate::closure::retention::End;
use crate::controller::context::Context;
use crate::controller::error::bounded;
use crate::controller::inventory::sweep::Broken;
use crate::controller::journal;
use crate::store::Store;
use jiff::Timestamp;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use object_store::path::Path;
use serde_json::Value;
use std::collections::HashMap;

/// The report that the operator leaves in the store at the end.
const REPORT: &str = "report.json";

/// An inventory in the store.
pub(super) struct Found {
    /// The folder of its tenant.
    pub(super) tenant: Path,
    /// UID of its closure.
    pub(super) uid: String,
    /// It.
    pub(super) object: object_store::ObjectMeta,
    /// When something was last written into the folder of its closure: as long as an operator runs it that is hours ago.
    pub(super) newest: Timestamp,
}

/// What is known of closures.
pub(super) struct Ends {
    /// Those of this cluster by their UID, and since when each is Closed; `None`: it is not.
    closures: HashMap<String, Option<Timestamp>>,
    /// Tenants that were closed by whichever closure of this cluster, by their id.
    tenants: HashMap<String, Timestamp>,
    /// Tenants of which the store says so, or not, by their folder.
    in_store: HashMap<Path, Option<Timestamp>>,
}

impl Ends {
    /// Reads every closure of this cluster.
    pub(super) async fn read(ctx: &Context) -> Result<Self, Broken> {
        let api: Api<TenantClosure> = Api::all(ctx.client.clone());
        let mut params = ListParams::default().limit(50);
        let (mut closures, mut tenants) = (HashMap::new(), HashMap::new());
        loop {
            let page = bounded(api.list(&params)).await?;
            for closure in &page.items {
                let closed = closed_at(closure);
                closures.insert(closure.uid().unwrap_or_default(), closed);
                let tenant = closure.spec.tenant.id.to_ascii_lowercase();
                tenants.extend(closed.map(|at| (tenant, at)));
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => break,
            }
        }
        Ok(Self {
            closures,
            tenants,
            in_store: HashMap::new(),
        })
    }

    /// What is known of the end of this closure, and whether this cluster knows it.
    pub(super) async fn of(
        &mut self,
        ctx: &Context,
        store: &Store,
        found: &Found,
    ) -> Result<(End, bool), Broken> {
        let known = self.closures.get(&found.uid).copied();
        if let Some(Some(closed)) = known {
            return Ok((End::At(closed), true));
        }
        let newest = newest_record(ctx, &found.uid).await?;
        Ok(match (known, newest) {
            (Some(_), newest) => (End::Open(newest.unwrap_or(found.newest)), true),
            // It was deleted, and its journal is here.
            (None, Some(newest)) => (End::At(newest), true),
            (None, None) => {
                let closed = self.tenant_closed(store, &found.tenant).await?;
                (closed.map_or(End::Open(found.newest), End::At), false)
            }
        })
    }

    /// When the tenant was closed, by whichever closure, of this cluster or of one that wrote its report into the store.
    async fn tenant_closed(
        &mut self,
        store: &Store,
        tenant: &Path,
    ) -> Result<Option<Timestamp>, Broken> {
        let id = tenant.filename().unwrap_or_default().to_ascii_lowercase();
        if let Some(at) = self.tenants.get(&id) {
            return Ok(Some(*at));
        }
        if let Some(told) = self.in_store.get(tenant) {
            return Ok(*told);
        }
        let mut newest = None;
        let closures = store.objects.list_with_delimiter(Some(tenant)).await?;
        for folder in closures.common_prefixes {
            let report = store.read(&folder.join(REPORT)).await;
            let report = report.map_err(|why| Broken::Store(why.to_string()))?;
            newest = newest.max(report.as_deref().and_then(gone_at));
        }
        self.in_store.insert(tenant.clone(), newest);
        Ok(newest)
    }
}

fn closed_at(closure: &TenantClosure) -> Option<Timestamp> {
    let closed = closure.status.as_ref()?.holds("Closed")?;
    Some(closed.last_transition_time.0)
}

/// When a report says that the tenant was seen gone, at the end.
fn gone_at(report: &[u8]) -> Option<Timestamp> {
    let report: Value = serde_json::from_slice(report).ok()?;
    let result = report.get("result")?;
    if result.get("phase")?.as_str()? != "Closed" {
        return None;
    }
    result.get("goneAt")?.as_str()?.parse().ok()
}

/// When the newest record of a closure was made; `None`: the journal knows of no such closure.
async fn newest_record(ctx: &Context, uid: &str) -> Result<Option<Timestamp>, Broken> {
    let mut newest = None;
    journal::each(ctx, &format!("{CLOSURE_UID}={uid}"), |record| {
        newest = newest.max(record.creation_timestamp().map(|time| time.0));
    })
    .await?;
    Ok(newest)
}
