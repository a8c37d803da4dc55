//! Application keys.

use axum::Router;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
}
