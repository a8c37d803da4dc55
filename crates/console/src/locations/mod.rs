//! Locations.

mod list;
mod one;
mod typed;

use axum::Router;
use axum::routing::{get, post};

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/locations", get(list::show_list).post(one::create))
        .route("/locations/new", get(one::show_new))
        .route("/locations/{id}", get(one::show_one).post(one::save))
        .route("/locations/{id}/delete", post(one::delete))
}
