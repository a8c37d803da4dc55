//! The policy of a stock: the pieces that are kept from buyers, and the levels at which somebody is told.

mod page;
mod typed;

use axum::Router;
use axum::routing::get;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new().route(
        "/products/{id}/policy",
        get(page::show_page).post(page::save),
    )
}
