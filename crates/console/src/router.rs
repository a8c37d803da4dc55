//! All screens, as one list.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use stockroom_application::Stockroom;

use crate::service::{App, AppState, Options};
use crate::{
    activity, batches, counts, imports, keys, ledger, locations, middleware, overview, page,
    policies, product, products, reservations, session, settings, stock, stores, system, then,
    transfers, webhooks,
};

/// The console as a service. All its paths begin with `/console`.
pub fn router(stockroom: Arc<Stockroom>, options: Options) -> Router {
    let app = App::new(stockroom, options);
    let console = Router::new()
        .route("/console", get(session::routes::enter))
        .route("/console/", get(session::routes::enter))
        .route(
            "/console/sign-in",
            get(session::routes::form).post(session::routes::sign_in),
        )
        .route("/console/sign-out", post(session::routes::sign_out))
        .route("/console/theme", post(session::routes::set_theme))
        .route("/console/assets/{name}", get(page::assets::read))
        // A nested `/` is the path without its slash; links have it.
        .route("/console/organization/", get(overview::show_overview))
        .route("/console/stores/{store}/", get(overview::show_overview))
        .nest("/console/organization", screens())
        .nest("/console/stores/{store}", screens())
        .route("/console/{*path}", get(page::not_found));
    middleware::around(console, &app).with_state(app)
}

/// The screens, whose things belong to the organization or to the store that the path names.
fn screens() -> Router<AppState> {
    Router::new()
        .merge(activity::routes())
        .merge(batches::routes())
        .merge(counts::routes())
        .merge(imports::routes())
        .merge(keys::routes())
        .merge(ledger::routes())
        .merge(locations::routes())
        .merge(overview::routes())
        .merge(policies::routes())
        .merge(product::routes())
        .merge(products::routes())
        .merge(reservations::routes())
        .merge(settings::routes())
        .merge(stock::routes())
        .merge(stores::routes())
        .merge(system::routes())
        .merge(then::routes())
        .merge(transfers::routes())
        .merge(webhooks::routes())
}
