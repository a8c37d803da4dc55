//! The server and its database.

mod page;

use axum::Router;
use axum::routing::get;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/system", get(page::show_page))
}
