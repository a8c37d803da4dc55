//! Application keys.

mod list;
mod one;
mod typed;

use axum::Router;
use axum::routing::{get, post};

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/keys", get(list::show_list).post(one::create))
        .route("/keys/new", get(one::show_new))
        .route("/keys/{id}", get(one::show_one).post(one::save))
        .route("/keys/{id}/revoke", post(one::revoke))
}
