//! The way to a tenant: its credentials, the client that is kept for it, and what was spent of its quota before.

use crate::closure::observation::Observation;
use crate::closure::tenant::Tenant;
use crate::controller::context::Context;
use crate::controller::error::ReconcileError;
use crate::controller::journal::Head;
use crate::controller::read::Read;
use crate::controller::{credentials, spending};
use jiff::Timestamp;
use std::sync::Arc;

/// The tenant; a credential that is in the way becomes part of the observation.
///
/// # Errors
/// Where the API server failed.
pub async fn tenant(
    ctx: &Context,
    read: &Read,
    head: Option<&Head>,
    seen: &mut Observation,
) -> Result<Option<Arc<dyn Tenant>>, ReconcileError> {
    let keys = match credentials::read(ctx, read).await? {
        Ok(keys) => keys,
        Err(obstacle) => {
            // The outside look needs no credential: the tenant that was built with the last one still serves.
            seen.cluster.credential = Err(obstacle);
            return Ok(ctx.hints(&read.uid).tenant.map(|(_, tenant)| tenant));
        }
    };
    seen.cluster.application = Some(keys.own.client_id);
    let with = keys.known_as();
    if let Some((known, tenant)) = ctx.hints(&read.uid).tenant
        && known == with
    {
        return Ok(Some(tenant));
    }
    if let Some(head) = head {
        let writes = spending::recent(ctx, head, Timestamp::now()).await?;
        ctx.tenants.spent(&read.terms, &keys, &writes);
    }
    let tenant = ctx.tenants.tenant(&read.terms, &keys);
    ctx.hint(&read.uid, |h| h.tenant = Some((with, Arc::clone(&tenant))));
    Ok(Some(tenant))
}
