//! Counting what is on the shelves.

mod asked;
mod enter;
mod places;
mod sheet;

use axum::Router;
use axum::routing::get;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/counts", get(places::show_places))
        .route("/counts/{place}", get(sheet::show_sheet).post(enter::enter))
}
