//! The endpoints, as one list.

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use stockroom_application::Stockroom;
use tower_http::normalize_path::NormalizePath;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::ApiError;
use crate::request::OneForm;
use crate::service::{App, AppState, Inputs, Options};
use crate::{
    events, exports, imports, integrations, keys, locations, policies, products, reservations,
    service, settings, stock, transactions, transfers, verification,
};

/// All endpoints of the API, with their documentation.
pub(crate) fn endpoints() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(service::document::head())
        .merge(with_both_forms())
        .merge(with_one_form())
}

/// The endpoints whose form a header chooses, and those of things that no header changes.
fn with_both_forms() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(keys::token::issue))
        .routes(routes!(stock::routes::list, stock::routes::create))
        .routes(routes!(stock::several::read))
        .routes(routes!(events::routes::list))
        .routes(routes!(verification::routes::read))
        .routes(routes!(
            stock::routes::read,
            stock::routes::create_of_product,
            stock::routes::update,
            stock::routes::delete
        ))
        .routes(routes!(
            transactions::routes::list,
            transactions::routes::create
        ))
        .routes(routes!(transactions::routes::read))
        .routes(routes!(transactions::routes::undo))
        .routes(routes!(transactions::batches::create))
        .routes(routes!(transactions::batches::undo))
        .routes(routes!(transactions::audit::read))
        .routes(routes!(transactions::counts::create))
        .routes(routes!(transactions::counts::create_many))
        .routes(routes!(products::routes::list, products::routes::create))
        .routes(routes!(
            products::routes::read,
            products::routes::update,
            products::routes::delete
        ))
        .routes(routes!(keys::routes::list, keys::routes::create))
        .routes(routes!(
            keys::routes::read,
            keys::routes::update,
            keys::routes::delete
        ))
        .routes(routes!(settings::routes::read, settings::routes::update))
        .routes(routes!(
            integrations::routes::list,
            integrations::routes::create
        ))
        .routes(routes!(
            integrations::routes::read,
            integrations::routes::update,
            integrations::routes::delete
        ))
        .routes(routes!(integrations::routes::rotate_secret))
        .routes(routes!(integrations::routes::test))
        .routes(routes!(integrations::routes::replay))
        .routes(routes!(integrations::logs::list_all))
        .routes(routes!(integrations::logs::list))
        .routes(routes!(integrations::logs::list_jobs))
        .routes(routes!(integrations::logs::list_of_job))
}

/// The endpoints that answer in the multi-location form only.
fn with_one_form() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(reservations::availability::read))
        .routes(routes!(
            reservations::routes::list,
            reservations::routes::create
        ))
        .routes(routes!(
            reservations::routes::read,
            reservations::edit::edit
        ))
        .routes(routes!(reservations::edit::relocate))
        .routes(routes!(reservations::returns::bring_back))
        .routes(routes!(reservations::routes::pay))
        .routes(routes!(reservations::routes::release))
        .routes(routes!(reservations::routes::fulfil))
        .routes(routes!(reservations::routes::extend))
        .routes(routes!(reservations::holds::list))
        .routes(routes!(stock::forecast::read))
        .routes(routes!(transfers::routes::list, transfers::routes::create))
        .routes(routes!(
            transfers::routes::read,
            transfers::routes::update,
            transfers::routes::delete
        ))
        .routes(routes!(transfers::steps::ready))
        .routes(routes!(transfers::steps::ship))
        .routes(routes!(transfers::steps::receive))
        .routes(routes!(transfers::steps::cancel))
        .routes(routes!(transfers::receipts::list))
        .routes(routes!(transfers::receipts::undo))
        .routes(routes!(
            policies::routes::read,
            policies::routes::update,
            policies::routes::delete
        ))
        .routes(routes!(exports::routes::export))
        .routes(routes!(imports::routes::list, imports::routes::create))
        .routes(routes!(imports::routes::read))
        .routes(routes!(imports::errors::list_errors))
        .routes(routes!(imports::preview::list_changes))
        .routes(routes!(imports::routes::cancel))
        .routes(routes!(imports::routes::undo))
        .routes(routes!(locations::routes::list, locations::routes::create))
        .routes(routes!(
            locations::routes::read,
            locations::routes::update,
            locations::routes::delete
        ))
}

/// The whole `OpenAPI` document.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut document = endpoints().into_openapi();
    service::document::complete(&mut document);
    document
}

/// The whole API as a service: the endpoints behind their middleware, and the documentation.
pub fn router(stockroom: Arc<Stockroom>, options: Options) -> Router {
    let (endpoints, mut document) = endpoints().split_for_parts();
    service::document::complete(&mut document);
    let reference =
        service::middleware::identified(service::documents::reference(), Arc::clone(&stockroom));
    let inputs = Inputs::of_document(&document);
    let one_form = OneForm::of_document(&with_one_form().into_openapi());
    let app = App::new(stockroom, options, inputs, one_form);
    let endpoints = endpoints
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .merge(service::documents::openapi(&document));
    let endpoints = service::middleware::around(endpoints, &app).with_state(app);
    // Paths may end with a slash or not. Only the reference page needs the slash, because its own
    // links are relative to its folder.
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
