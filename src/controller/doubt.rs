//! A newest record without an outcome is in doubt: it is settled by reading, before anything else.

use crate::closure::decision::Decision;
use crate::closure::observation::Obstacle;
use crate::closure::tenant::Tenant;
use crate::controller::act::{self, Known};
use crate::controller::context::Context;
use crate::controller::error::ReconcileError;
use crate::controller::journal::Head;
use crate::controller::told::{Told, busy};
use jiff::Timestamp;
use std::time::Duration;

/// Settles it: at once where this process claimed it, else when the effect of the other process must be over.
///
/// # Errors
/// Where the API server failed.
pub async fn settle(
    ctx: &Context,
    record: &Head,
    known: Known<'_>,
    tenant: Option<&dyn Tenant>,
    credential: Result<(), Obstacle>,
    now: Timestamp,
) -> Result<Told, ReconcileError> {
    let known = Known {
        head: None,
        ..known
    };
    let mut decided = busy(
        known.memory,
        "SettlingRecord",
        "An effect of another life is looked at before anything else",
    );
    // Both are the API server's times: a node whose clock is fast would settle while the other process may still send.
    let now = ctx.clock.there(now);
    let over = record.created + Duration::from_secs(u64::from(record.spec.effect_seconds));
    if record.spec.holder != ctx.holder && now < over {
        let rest = Duration::try_from(over.duration_since(now)).unwrap_or(Duration::from_secs(1));
        if let Decision::Wait(waiting) = &mut decided.decision {
            waiting.look_again = Some(rest);
        }
        return Ok(Told::decided(known, decided));
    }
    let Some(tenant) = tenant else {
        if let Err(obstacle) = credential {
            decided.decision = obstacle.blocks();
        }
        return Ok(Told::decided(known, decided));
    };
    let done = act::settle_in_doubt(ctx, record, known, tenant).await?;
    Ok(Told::after(ctx, known, decided, done))
}
