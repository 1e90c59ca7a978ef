//! `/livez`, `/readyz` and `/metrics`.

use crate::operations::metrics;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use metrics::Sources;

/// Serves until the process ends.
///
/// # Errors
/// Where the address cannot be bound.
pub async fn serve(
    listen: SocketAddr,
    sources: Sources,
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
    let sources = Arc::new(sources);
    let metrics = move || {
        let text = metrics::text(&sources);
        async move { text }
    };
    let app = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics));
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, app).await
}
