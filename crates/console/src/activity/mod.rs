//! What happened, as it happens.

mod feed;
mod list;
mod live;
mod told;

use axum::Router;
use axum::routing::get;

pub(crate) use feed::Window;
pub(crate) use told::{Told, tell};

use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/activity", get(list::show_list))
        .route("/live", get(live::follow))
}
