//! Stock as it stood at any time, and what changed since.

mod asked;
mod list;
mod product;

use axum::Router;
use axum::routing::get;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/then", get(list::show_list))
        .route("/products/{id}/then", get(product::show_product))
}
