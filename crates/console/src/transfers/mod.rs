//! Transfers and deliveries.

mod create;
mod edit;
mod fields;
mod items;
mod list;
mod one;
mod parts;
mod receipts;
mod receive;
mod steps;
mod words;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use words::title;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route(
            "/transfers",
            get(list::show_list).post(create::make_transfer),
        )
        .route("/transfers/new", get(create::show_form))
        .route("/transfers/{id}", get(one::show_one))
        .route(
            "/transfers/{id}/edit",
            get(edit::show_form).post(edit::save),
        )
        .route(
            "/transfers/{id}/receive",
            get(receive::show_form).post(receive::receive),
        )
        .route(
            "/transfers/{id}/receipts/{receipt}/undo",
            post(steps::undo_receipt),
        )
        .route("/transfers/{id}/{step}", post(steps::take))
}
