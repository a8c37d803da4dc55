//! The list of stock, and changes of many products at once.

mod change;
mod changes;
mod list;
mod order;
mod search;
mod seen;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use change::Change;
pub(crate) use list::{Figures, Wanted};
pub(crate) use search::all_conditions;
pub(crate) use seen::Seen;

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/stock", get(list::show_list))
        .route("/stock/changes", post(changes::make))
}
