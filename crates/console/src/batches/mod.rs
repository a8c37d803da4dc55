//! Entries that were made together: by a change of several rows, by a count, or by an import.

mod page;

use axum::Router;
use axum::routing::get;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/batches/{batch}", get(page::show_batch))
        .route("/imports/{import}/changes", get(page::show_import))
}
