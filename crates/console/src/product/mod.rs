//! The page of a product: its figures, and why they are so.

mod change;
mod chart;
mod holds;
mod known;
mod outlook;
mod page;
mod typed;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use known::{Ids, Known};

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    let holds = "/products/{id}/holds/{reservation}";
    Router::new()
        .route("/products/{id}", get(page::show_page))
        .route("/products/{id}/change", post(change::change))
        .route("/products/{id}/count", post(change::count))
        .route("/products/{id}/stock", post(change::create))
        .route("/products/{id}/stock/delete", post(change::delete))
        .route("/products/{id}/set-aside", post(holds::set_aside))
        .route(&format!("{holds}/release"), post(holds::release))
        .route(&format!("{holds}/extend"), post(holds::extend))
}
