//! Lead: of several processes of the operator one acts at a time, over the whole cluster. The limits over the fleet are counted
//! in a process; so they hold for all of them. Between effects the Lease is given back, and nobody waits for one that rests.
//!
//! A Lease is no lock: who was stopped while it held one may wake late. What keeps a late effect from happening is the name of
//! its record and the time by which it must end; both are looked at in [`act`](crate::controller::act).

use crate::controller::context::{Context, EffectLimits};
use crate::controller::error::{ReconcileError, bounded};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// The Lease in the operator's namespace; the chart makes it.
pub const NAME: &str = "tenant-closure";

/// A Lease is taken for so much longer than an effect may last, so that effects that follow each other at once share one.
const BEYOND: Duration = Duration::from_secs(5);

/// What this process knows of the Lease.
#[derive(Debug, Default)]
pub struct Lead(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Its version, where this process was the last to write it as far as it knows.
    version: Option<String>,
    /// Until when this process holds it, on the clock that only goes on and on the one that goes on in a suspended machine too.
    until: Option<(Instant, Timestamp)>,
    /// As another process wrote it.
    seen: Option<Seen>,
}

#[derive(Debug)]
struct Seen {
    version: String,
    since: Instant,
}

impl State {
    /// Whether this process holds it for so long from now.
    fn covers(&self, time: Duration) -> bool {
        let long_enough = |(monotonic, clock): &(Instant, Timestamp)| {
            let left = Duration::try_from(clock.duration_since(Timestamp::now()));
            *monotonic >= Instant::now() + time && left.is_ok_and(|left| left >= time)
        };
        self.until.as_ref().is_some_and(long_enough)
    }

    /// How long this process must wait for another, which holds the Lease: until it was seen unchanged for as long as it is
    /// taken for. No clock of another machine is asked. `None`: nobody else holds it any more.
    fn wait(&mut self, lease: &Lease, me: &str, ours: Duration, now: Instant) -> Option<Duration> {
        let spec = lease.spec.as_ref();
        let holder = spec.and_then(|spec| spec.holder_identity.as_deref());
        if holder.is_none_or(|holder| holder.is_empty() || holder == me) {
            self.seen = None;
            return None;
        }
        let told = spec.and_then(|spec| spec.lease_duration_seconds);
        let told = told.and_then(|seconds| u64::try_from(seconds).ok());
        let lasts = told.map_or(ours, Duration::from_secs);
        let version = lease.resource_version().unwrap_or_default();
        match &self.seen {
            Some(seen) if seen.version == version => {
                let waited = now.saturating_duration_since(seen.since);
                lasts.checked_sub(waited).filter(|rest| !rest.is_zero())
            }
            _ => {
                self.seen = Some(Seen {
                    version,
                    since: now,
                });
                Some(lasts)
            }
        }
    }

    /// Takes or renews it; false where another process has written it since it had this version.
    async fn write(&mut self, ctx: &Context, version: &str) -> Result<bool, ReconcileError> {
        // Counted from before it is sent.
        let (sent, sent_at) = (Instant::now(), Timestamp::now());
        let lasts = lasts(ctx.limits);
        let spec = json!({
            "holderIdentity": ctx.holder,
            "leaseDurationSeconds": lasts.as_secs(),
            "renewTime": MicroTime(sent_at),
        });
        let Some(version) = patch(ctx, version, &spec).await? else {
            self.until = None;
            return Ok(false);
        };
        self.version = Some(version);
        self.until = Some((sent + lasts, sent_at + lasts));
        self.seen = None;
        Ok(true)
    }
}

/// How long a Lease is taken for.
fn lasts(limits: EffectLimits) -> Duration {
    limits.start + limits.request + BEYOND
}

fn leases(ctx: &Context) -> Api<Lease> {
    Api::namespaced(ctx.client.clone(), &ctx.namespace)
}

/// Changes what the Lease of this version says; its new version, or `None` where it has another one.
async fn patch(
    ctx: &Context,
    version: &str,
    spec: &Value,
) -> Result<Option<String>, ReconcileError> {
    let patch = json!({ "metadata": { "resourceVersion": version }, "spec": spec });
    let (leases, params) = (leases(ctx), PatchParams::default());
    match bounded(leases.patch(NAME, &params, &Patch::Merge(&patch))).await {
        Ok(lease) => Ok(lease.resource_version()),
        Err(ReconcileError::Api(kube::Error::Api(status))) if status.is_conflict() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes the Lease for one effect, unless this process holds it for long enough. `false`: another process acts.
///
/// # Errors
/// Where the API server failed or there is no Lease; then nothing may begin.
pub async fn take(ctx: &Context) -> Result<bool, ReconcileError> {
    let mut state = ctx.lead.0.lock().await;
    if state.covers(ctx.limits.start + ctx.limits.request) {
        return Ok(true);
    }
    if let Some(version) = state.version.take()
        && state.write(ctx, &version).await?
    {
        return Ok(true);
    }
    let lease = bounded(leases(ctx).get(NAME)).await?;
    let ours = lasts(ctx.limits);
    if let Some(rest) = state.wait(&lease, &ctx.holder, ours, Instant::now()) {
        tracing::debug!(?rest, "another process of the operator acts");
        return Ok(false);
    }
    let version = lease.resource_version().unwrap_or_default();
    state.write(ctx, &version).await
}

/// Looks who holds it: a process that starts counts from then on how long another has been silent.
pub async fn look(ctx: &Context) {
    match bounded(leases(ctx).get(NAME)).await {
        Ok(lease) => {
            let mut state = ctx.lead.0.lock().await;
            let ours = lasts(ctx.limits);
            let _ = state.wait(&lease, &ctx.holder, ours, Instant::now());
        }
        Err(error) => tracing::debug!(%error, "who acts could not be looked up"),
    }
}

/// Whether this process still holds it at this moment.
pub async fn holds(ctx: &Context) -> bool {
    ctx.lead.0.lock().await.covers(Duration::ZERO)
}

/// Gives it back, unless another closure of this process has a turn. One that cannot be given back ends by itself.
pub async fn rest(ctx: &Context) {
    let mut state = ctx.lead.0.lock().await;
    if !ctx.acting.is_idle() || state.until.take().is_none() {
        return;
    }
    let Some(version) = state.version.take() else {
        return;
    };
    let nobody = json!({ "holderIdentity": null, "renewTime": MicroTime(Timestamp::now()) });
    match patch(ctx, &version, &nobody).await {
        Ok(version) => state.version = version,
        Err(error) => tracing::debug!(%error, "the Lease was not given back; it ends by itself"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    const OURS: Duration = Duration::from_secs(35);

    fn lease(version: &str, holder: Option<&str>, seconds: Option<i32>) -> Lease {
        let lease = json!({
            "metadata": {"name": NAME, "resourceVersion": version},
            "spec": {"holderIdentity": holder, "leaseDurationSeconds": seconds},
        });
        serde_json::from_value(lease).unwrap()
    }

    #[test]
    fn what_nobody_else_holds_is_free() {
        let mut state = State::default();
        let now = Instant::now();
        for holder in [None, Some(""), Some("me")] {
            let lease = lease("1", holder, Some(35));
            assert_eq!(state.wait(&lease, "me", OURS, now), None);
        }
        assert_eq!(state.wait(&Lease::default(), "me", OURS, now), None);
    }

    #[test]
    fn another_is_waited_for_as_long_as_it_said_from_when_it_was_first_seen_so() {
        let mut state = State::default();
        let start = Instant::now();
        let mut wait = |lease: &Lease, second: u64| {
            let rest = state.wait(lease, "me", OURS, start + Duration::from_secs(second));
            rest.map(|rest| rest.as_secs())
        };
        let first = lease("1", Some("other"), Some(60));
        assert_eq!(wait(&first, 0), Some(60), "it may have been taken just now");
        assert_eq!(wait(&first, 59), Some(1));
        // It was renewed: all begins anew, and as it says now.
        let renewed = lease("2", Some("other"), Some(20));
        assert_eq!(wait(&renewed, 70), Some(20));
        assert_eq!(wait(&renewed, 89), Some(1));
        assert_eq!(wait(&renewed, 90), None);
        // Nobody knows how long: as long as it would be ours.
        let unsaid = lease("3", Some("third"), None);
        assert_eq!(wait(&unsaid, 90), Some(35));
        assert_eq!(wait(&unsaid, 125), None);
    }

    #[test]
    fn what_is_held_covers_an_effect_on_both_clocks() {
        let (now, clock) = (Instant::now(), Timestamp::now());
        let seconds = Duration::from_secs;
        let until = |monotonic, wall| State {
            until: Some((now + seconds(monotonic), clock + seconds(wall))),
            ..State::default()
        };
        let effect = seconds(30);
        assert!(until(40, 40).covers(effect));
        assert!(!until(20, 40).covers(effect));
        // Suspended for a while: the clock that does not count then has time left.
        assert!(!until(40, 20).covers(effect));
        assert!(!State::default().covers(Duration::ZERO));
    }

    /// Whoever takes over after so long finds no effect of the one before.
    #[test]
    fn it_is_taken_for_longer_than_an_effect_may_last() {
        let limits = EffectLimits {
            start: Duration::from_secs(20),
            request: Duration::from_secs(10),
        };
        assert_eq!(lasts(limits), Duration::from_secs(35));
    }
}
