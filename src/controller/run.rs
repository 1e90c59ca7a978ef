//! Run: the watches, the stream of cycles, and a stop that lets the write in hand finish.

use crate::api::{ClosureApproval, TenantClosure};
use crate::controller::brakes::Brakes;
use crate::controller::configuration;
use crate::controller::context::Context;
use crate::controller::error::ReconcileError;
use crate::controller::inventory::sweep;
use crate::controller::lead;
use crate::controller::reconcile::reconcile;
use futures::{Stream, StreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::core::PartialObjectMeta;
use kube::runtime::controller::{Action, Config};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{Controller, WatchStreamExt as _};
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use std::future::ready;
use std::sync::Arc;

type Closure = PartialObjectMeta<TenantClosure>;

/// Runs until `stop` resolves, then lets cycles in hand finish. `on_ready` is called once the store of closures is there.
pub async fn run(
    ctx: Arc<Context>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
    on_ready: impl FnOnce() + Send + 'static,
) {
    let config = watcher::Config::default().timeout(200).page_size(50);
    let closures: Api<Closure> = Api::all(ctx.client.clone());
    let controller =
        Controller::new(closures, config.clone()).with_config(Config::default().concurrency(64));
    let store = controller.store();
    let approvals: Api<PartialObjectMeta<ClosureApproval>> = Api::all(ctx.client.clone());
    let maps: Api<ConfigMap> = Api::namespaced(ctx.client.clone(), &ctx.namespace);
    let by_name = config
        .clone()
        .fields(&format!("metadata.name={}", configuration::NAME));
    let brakes = tokio::spawn(watch_brakes(Arc::clone(&ctx), on_ready));
    let sweeping = tokio::spawn(sweep::run(Arc::clone(&ctx)));
    let looking = Arc::clone(&ctx);
    tokio::spawn(async move { lead::look(&looking).await });
    controller
        .watches(approvals, config, move |approval| {
            let namespace = approval.namespace();
            store
                .state()
                .into_iter()
                .filter(|c| c.namespace() == namespace)
                .map(|c| ObjectRef::from_obj(&*c))
                .collect::<Vec<_>>()
        })
        .reconcile_all_on(
            watcher::watcher(maps, by_name)
                .filter_map(|event| async move { changed(&event).then_some(()) }),
        )
        .graceful_shutdown_on(stop)
        .run(reconcile, on_error, ctx)
        .for_each(|result| async move {
            if let Err(error) = result {
                tracing::debug!(%error, "a cycle ended early");
            }
        })
        .await;
    brakes.abort();
    sweeping.abort();
}

fn changed<K>(event: &watcher::Result<Event<K>>) -> bool {
    matches!(
        event,
        Ok(Event::Apply(_) | Event::InitApply(_) | Event::Delete(_))
    )
}

// The signature is kube's.
#[allow(clippy::needless_pass_by_value)]
fn on_error(key: Arc<Closure>, error: &ReconcileError, ctx: Arc<Context>) -> Action {
    ctx.counters.failed_cycles.add(1);
    tracing::warn!(closure = %key.name_any(), label = error.label(), %error, "a cycle failed");
    Action::requeue(error.retry_in())
}

/// Feeds the brakes: these watches stop an effect in the middle, they decide nothing. A watch that breaks stops it too: what
/// happened until it stands again nobody has seen. The first complete list calls
/// `on_ready`: waiting for the controller's store would take the wake-up from the controller, as it serves one waiter.
async fn watch_brakes(ctx: Arc<Context>, on_ready: impl FnOnce()) {
    let mut on_ready = Some(on_ready);
    let config = watcher::Config::default().timeout(200).page_size(50);
    let closures = events::<Closure>(Api::all(ctx.client.clone()), config.clone());
    let approvals =
        events::<PartialObjectMeta<ClosureApproval>>(Api::all(ctx.client.clone()), config.clone());
    let by_name = config.fields(&format!("metadata.name={}", configuration::NAME));
    let maps = events::<ConfigMap>(Api::namespaced(ctx.client.clone(), &ctx.namespace), by_name);
    let brakes = &ctx.brakes;
    let closures = closures.for_each(|event| {
        closure_seen(brakes, &event);
        if matches!(event, Ok(Event::InitDone))
            && let Some(on_ready) = on_ready.take()
        {
            on_ready();
        }
        ready(())
    });
    let approvals = approvals.for_each(|event| {
        approval_seen(brakes, &event);
        ready(())
    });
    let maps = maps.for_each(|event| {
        configuration_seen(brakes, &event);
        ready(())
    });
    tokio::join!(closures, approvals, maps);
}

/// A list that begins anew ends what was under way twice: nobody saw what happened before it began, and what was read live
/// before it is complete may have changed before the server made it, of which no event comes.
fn closure_seen(brakes: &Brakes, event: &watcher::Result<Event<Closure>>) {
    match event {
        Ok(Event::Apply(c) | Event::InitApply(c)) => {
            let stays = c.metadata.deletion_timestamp.is_none();
            brakes.closure(
                &c.uid().unwrap_or_default(),
                stays.then_some(c.metadata.generation.unwrap_or_default()),
            );
        }
        Ok(Event::Delete(c)) => brakes.closure(&c.uid().unwrap_or_default(), None),
        Ok(Event::Init | Event::InitDone) | Err(_) => brakes.lost_sight(),
    }
}

fn approval_seen(
    brakes: &Brakes,
    event: &watcher::Result<Event<PartialObjectMeta<ClosureApproval>>>,
) {
    match event {
        Ok(Event::Apply(one)) if one.metadata.generation > Some(1) => {
            brakes.approval(&one.namespace().unwrap_or_default());
        }
        Ok(Event::Delete(one)) => brakes.approval(&one.namespace().unwrap_or_default()),
        Ok(Event::Init | Event::InitDone) | Err(_) => brakes.lost_sight(),
        Ok(Event::Apply(_) | Event::InitApply(_)) => {}
    }
}

fn configuration_seen(brakes: &Brakes, event: &watcher::Result<Event<ConfigMap>>) {
    match event {
        Ok(Event::Apply(_) | Event::Delete(_)) => brakes.configuration(),
        Ok(Event::Init | Event::InitDone) | Err(_) => brakes.lost_sight(),
        Ok(Event::InitApply(_)) => {}
    }
}

fn events<K>(api: Api<K>, config: watcher::Config) -> impl Stream<Item = watcher::Result<Event<K>>>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug + Send + 'static,
{
    watcher::watcher(api, config).default_backoff()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::tenant::Leash as _;
    use kube::api::{ObjectMeta, PartialObjectMetaExt as _};

    fn object<K>(generation: i64) -> PartialObjectMeta<K> {
        let metadata = ObjectMeta {
            uid: Some("u".to_owned()),
            namespace: Some("n".to_owned()),
            generation: Some(generation),
            ..ObjectMeta::default()
        };
        metadata.into_response_partial()
    }

    /// Suspended, revoked, switched off or deleted after the live read and before the list is complete: the list shows how it
    /// is now, and no event tells of the change.
    #[test]
    fn a_change_between_a_live_read_and_the_end_of_a_list_lets_go() {
        type Feed = fn(&Brakes, bool);
        let closures: Feed = |brakes, begins| {
            if begins {
                closure_seen(brakes, &Ok(Event::Init));
            } else {
                closure_seen(brakes, &Ok(Event::InitDone));
            }
        };
        let approvals: Feed = |brakes, begins| {
            if begins {
                approval_seen(brakes, &Ok(Event::Init));
            } else {
                approval_seen(brakes, &Ok(Event::InitApply(object(2))));
                approval_seen(brakes, &Ok(Event::InitDone));
            }
        };
        let maps: Feed = |brakes, begins| {
            if begins {
                configuration_seen(brakes, &Ok(Event::Init));
            } else {
                configuration_seen(brakes, &Ok(Event::InitApply(ConfigMap::default())));
                configuration_seen(brakes, &Ok(Event::InitDone));
            }
        };
        // A closure that has gone is missing from the list, which is all that tells of it.
        for feed in [closures, approvals, maps] {
            let brakes = Arc::new(Brakes::default());
            closure_seen(&brakes, &Ok(Event::Apply(object(1))));
            feed(&brakes, true);
            let leash = brakes.leash("n", "u", 1);
            assert!(leash.holds());
            feed(&brakes, false);
            assert!(!leash.holds());
            assert!(brakes.leash("n", "u", 1).holds(), "what is read after it");
        }
    }

    #[test]
    fn each_change_that_is_seen_lets_go_and_what_is_new_does_not() {
        type Feed = (fn(&Brakes), bool);
        let feeds: [Feed; 7] = [
            (|b| closure_seen(b, &Ok(Event::Apply(object(2)))), false),
            (|b| closure_seen(b, &Ok(Event::InitApply(object(2)))), false),
            (|b| closure_seen(b, &Ok(Event::Delete(object(1)))), false),
            (|b| approval_seen(b, &Ok(Event::Apply(object(2)))), false),
            (|b| approval_seen(b, &Ok(Event::Delete(object(1)))), false),
            (|b| approval_seen(b, &Ok(Event::Apply(object(1)))), true),
            (
                |b| configuration_seen(b, &Ok(Event::Apply(ConfigMap::default()))),
                false,
            ),
        ];
        for (number, (feed, holds)) in feeds.into_iter().enumerate() {
            let brakes = Arc::new(Brakes::default());
            let leash = brakes.leash("n", "u", 1);
            feed(&brakes);
            assert_eq!(leash.holds(), holds, "{number}");
        }
    }
}
