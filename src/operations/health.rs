//! `/livez`, `/readyz` and `/metrics`.

use crate::controller::counters::{Count, Counters};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Serves until the process ends.
///
/// # Errors
/// Where the address cannot be bound.
pub async fn serve(
    listen: SocketAddr,
    counters: Arc<Counters>,
    ready: Arc<AtomicBool>,
) -> std::io::Result<()> {
    let readyz = move || async move {
        if ready.load(Ordering::Relaxed) {
            (StatusCode::OK, "ready\n")
        } else {
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the store of closures is not there yet\n",
            )
        }
    };
    let metrics = move || async move { metrics(&counters) };
    let app = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics));
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, app).await
}

/// Every metric, in the text format of Prometheus.
fn metrics(counters: &Counters) -> String {
    let table: [(&str, &str, &Count); 9] = [
        (
            "tenant_closure_cycles_total",
            "Cycles run",
            &counters.cycles,
        ),
        (
            "tenant_closure_failed_cycles_total",
            "Cycles that ended in an error",
            &counters.failed_cycles,
        ),
        (
            "tenant_closure_effects_total",
            "Effects claimed",
            &counters.effects,
        ),
        (
            "tenant_closure_objects_total",
            "Objects seen gone or changed after an effect",
            &counters.objects,
        ),
        (
            "tenant_closure_microsoft_requests_total",
            "HTTP requests of effects and their settling",
            &counters.requests,
        ),
        (
            "tenant_closure_throttled_items_total",
            "Items that Microsoft answered 429",
            &counters.throttled,
        ),
        (
            "tenant_closure_records_total",
            "Journal records created",
            &counters.records,
        ),
        (
            "tenant_closure_status_patches_total",
            "Status patches written",
            &counters.status_patches,
        ),
        (
            "tenant_closure_settled_in_doubt_total",
            "Records of another life that were settled",
            &counters.settled_in_doubt,
        ),
    ];
    let mut text = String::new();
    for (name, help, count) in table {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "# HELP {name} {help}.\n# TYPE {name} counter\n{name} {}",
            count.get()
        );
    }
    text
}
