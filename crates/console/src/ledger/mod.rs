//! The ledger of a product, its proof, and undoing.

use axum::Router;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
}
