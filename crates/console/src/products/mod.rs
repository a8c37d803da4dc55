//! The catalogue: registered products.

mod edit;
mod list;
mod new;
mod typed;

use axum::Router;
use axum::routing::{get, post};

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/products", get(list::show_list).post(new::register))
        .route("/products/new", get(new::show_form))
        .route("/products/{id}/edit", get(edit::show_form).post(edit::save))
        .route("/products/{id}/delete", post(edit::delete))
}
