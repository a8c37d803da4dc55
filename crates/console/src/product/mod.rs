//! The page of a product: its figures, and why they are so.

use axum::Router;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
}
