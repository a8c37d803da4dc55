//! The OpenAPI document, and the reference page that shows it.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::app::AppState;

/// Serves the document itself.
pub(crate) fn openapi(document: &OpenApi) -> Router<AppState> {
    // Rendered only once: it doesn't change while the server runs.
    let document = document.to_json().unwrap_or_default();
    let serve = move || {
        let document = document.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], document).into_response() }
    };
    Router::new().route("/openapi.json", get(serve))
}

/// Serves the reference page. Everything that it loads comes from this server.
pub(crate) fn reference() -> Router {
    Router::from(SwaggerUi::new("/docs").config(Config::from("/openapi.json")))
        .layer(middleware::map_response(allow_own_page))
}

/// Permits the page to run its own scripts and styles, and to send requests to the API beside it.
async fn allow_own_page(mut response: Response) -> Response {
    let policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                  frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(policy),
    );
    response
}
