//! Whether the server lives, and whether it can work.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use stockroom_application::Stockroom;

/// `/health/live` answers as long as the process does; `/health/ready` if the database does too.
pub(crate) fn health(stockroom: Arc<Stockroom>) -> Router {
    let ready = move || {
        let stockroom = Arc::clone(&stockroom);
        async move {
            match stockroom.ping().await {
                Ok(()) => (StatusCode::OK, "ready\n"),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
                    (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
                }
            }
        }
    };
    Router::new()
        .route("/health/live", get(async || "live\n"))
        .route("/health/ready", get(ready))
}
