//! The organization's stores.

mod list;

use axum::Router;
use axum::routing::get;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/stores", get(list::show_list))
}
