//! The endpoints, as one list.

mod audit;
mod availability;
mod batches;
mod counts;
mod documents;
mod holds;
mod items;
mod keys;
mod locations;
mod products;
mod reservations;
mod settings;
mod stock;
mod token;
mod transactions;
mod verification;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use stockroom_application::Stockroom;
use tower_http::normalize_path::NormalizePath;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, AppState, Options};
use crate::error::ApiError;
use crate::inputs::Inputs;
use crate::{middleware, openapi};

/// All endpoints of the API, with their documentation.
pub(crate) fn endpoints() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(token::issue))
        .routes(routes!(stock::list, stock::create))
        .routes(routes!(stock::read_several))
        .routes(routes!(verification::read))
        .routes(routes!(
            stock::read,
            stock::create_of_product,
            stock::update,
            stock::delete
        ))
        .routes(routes!(transactions::list, transactions::create))
        .routes(routes!(transactions::read))
        .routes(routes!(transactions::undo))
        .routes(routes!(batches::create))
        .routes(routes!(batches::undo))
        .routes(routes!(audit::read))
        .routes(routes!(counts::create))
        .routes(routes!(counts::create_many))
        .routes(routes!(availability::read))
        .routes(routes!(reservations::list, reservations::create))
        .routes(routes!(reservations::read))
        .routes(routes!(reservations::pay))
        .routes(routes!(reservations::release))
        .routes(routes!(reservations::fulfil))
        .routes(routes!(reservations::extend))
        .routes(routes!(holds::list))
        .routes(routes!(locations::list, locations::create))
        .routes(routes!(
            locations::read,
            locations::update,
            locations::delete
        ))
        .routes(routes!(products::list, products::create))
        .routes(routes!(products::read, products::update, products::delete))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::read, keys::update, keys::delete))
        .routes(routes!(settings::read, settings::update))
}

/// The whole API as a service: the endpoints behind their middleware, and the documentation.
pub fn router(stockroom: Arc<Stockroom>, options: Options) -> Router {
    let (endpoints, document) = endpoints().split_for_parts();
    let reference = middleware::identified(documents::reference(), Arc::clone(&stockroom));
    let app = App::new(stockroom, options, Inputs::of_document(&document));
    let endpoints = endpoints
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .merge(documents::openapi());
    let endpoints = middleware::around(endpoints, &app).with_state(app);
    // A path answers the same with and without a trailing slash; only the reference page, whose
    // own links are relative to its folder, needs the slash.
    reference.fallback_service(NormalizePath::trim_trailing_slash(endpoints))
}

async fn not_found() -> ApiError {
    ApiError::not_found("There is no such path")
}

/// The router adds the `Allow` header to what this answers.
async fn method_not_allowed(method: Method) -> Response {
    if method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        ApiError::of_status(StatusCode::METHOD_NOT_ALLOWED).into_response()
    }
}
