//! The organization's settings.

mod form;

use axum::Router;
use axum::routing::get;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/settings", get(form::show_form).post(form::save))
}
