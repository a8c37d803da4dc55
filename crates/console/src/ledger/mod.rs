//! The ledger of a product, its proof, and undoing.

mod document;
mod page;
mod proof;
mod read;
mod row;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use row::{Row, Step, rows, rows_of_batch};

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    let ledger = "/products/{id}/ledger";
    Router::new()
        .route(ledger, get(page::show_page))
        .route(&format!("{ledger}/verify"), post(page::verify))
        .route(&format!("{ledger}/{{entry}}/undo"), post(page::undo))
        .route("/batches/{batch}/undo", post(page::undo_batch))
}
