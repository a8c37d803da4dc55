//! Counting what is on the shelves of a location.

use axum::Router;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
}
