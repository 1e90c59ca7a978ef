//! Wires the operator together and runs it until it is told to stop.

use crate::controller::brakes::Brakes;
use crate::controller::clock::{ApiClock, Listen};
use crate::controller::context::{Context, EffectLimits, TenantFactory};
use crate::controller::counters::Counters;
use crate::controller::lead::Lead;
use crate::controller::policies::ACT_WITHIN;
use crate::controller::run;
use crate::operations::settings::Run;
use crate::operations::{health, reach};
use crate::store::Opened;
use kube::client::ClientBuilder;
use kube::runtime::events::{Recorder, Reporter};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Runs the operator.
///
/// # Errors
/// What kept it from starting, in one sentence.
pub async fn serve(settings: Run) -> Result<(), String> {
    let limits = EffectLimits {
        start: Duration::from_secs(settings.effect_seconds),
        request: Duration::from_secs(settings.request_seconds),
    };
    let microsoft = reach::microsoft(&settings, limits)?;
    let mut config = kube::Config::infer()
        .await
        .map_err(|e| format!("find the API server: {e}"))?;
    // A write that is repeated behind our back could land long after it was given up.
    config.default_retry = false;
    config.read_timeout = Some(Duration::from_secs(240));
    let clock = Arc::new(ApiClock::default());
    let client = ClientBuilder::try_from(config)
        .map_err(|e| format!("make a client: {e}"))?
        .with_layer(&Listen(Arc::clone(&clock)))
        .build();
    // Never the same word twice: a process that starts anew must wait for what the one before it had in flight.
    let holder = uuid::Uuid::new_v4().to_string();
    let reporter = Reporter {
        controller: "tenant-closure".into(),
        instance: Some(holder.clone()),
    };
    let ctx = Arc::new(Context {
        recorder: Recorder::new(client.clone(), reporter),
        client,
        namespace: settings.namespace.clone(),
        service_account: settings.service_account.clone(),
        holder,
        federated: settings.federated_token_file.is_some(),
        tenants: Arc::clone(&microsoft) as Arc<dyn TenantFactory>,
        limits,
        policies_act_within: settings
            .policies_act_within_seconds
            .map_or(ACT_WITHIN, Duration::from_secs),
        clock,
        brakes: Arc::new(Brakes::default()),
        lead: Lead::default(),
        acting: Arc::default(),
        beginning: tokio::sync::Mutex::default(),
        stores: Opened::default(),
        inventories: tokio::sync::Mutex::default(),
        counters: Arc::new(Counters::default()),
        hints: Mutex::new(HashMap::new()),
    });
    let ready = Arc::new(AtomicBool::new(false));
    let serving = tokio::spawn(health::serve(
        settings.listen,
        health::Sources {
            controller: Arc::clone(&ctx.counters),
            microsoft,
        },
        Arc::clone(&ready),
    ));
    tracing::info!(namespace = %ctx.namespace, holder = %ctx.holder, "the operator starts");
    let brakes = Arc::clone(&ctx.brakes);
    let stop = async move {
        asked_to_stop().await;
        brakes.stop();
        tracing::info!("asked to stop: the call in flight finishes, nothing new starts");
    };
    run::run(ctx, stop, move || ready.store(true, Ordering::Relaxed)).await;
    serving.abort();
    Ok(())
}

async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
