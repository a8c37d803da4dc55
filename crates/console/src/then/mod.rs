//! Stock as it stood at any time, and what changed since.

use axum::Router;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
}
