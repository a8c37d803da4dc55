//! What every request passes on its way in and every answer on its way out.

use std::any::Any;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tracing::Instrument;

use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::BodyRead;
use crate::form::Form;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest query string and the largest sum of header names and values, in bytes.
const QUERY_BYTES_MAX: usize = 32 * 1024;
const HEADER_BYTES_MAX: usize = 32 * 1024;
const REQUEST_ID_BYTES_MAX: usize = 128;
/// Smaller answers are not worth compressing.
const COMPRESSED_BYTES_MIN: u64 = 4 * 1024;

/// Lays the middleware around the endpoints; the last layer is the outermost.
pub(crate) fn around(endpoints: Router<AppState>, app: &AppState) -> Router<AppState> {
    endpoints
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(from_fn_with_state(app.clone(), within_limits))
        .layer(from_fn(render_errors))
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(COMPRESSED_BYTES_MIN)))
        .layer(from_fn_with_state(app.clone(), observe))
}

/// Gives each request an id, a line in the log, and its place in the metrics.
async fn observe(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let id = request_id(request.headers()).or_else(|| new_request_id(&app));
    let id_text = id.as_ref().and_then(|id| id.to_str().ok());
    let span = tracing::info_span!("request", request.id = id_text);
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let mut response = next.run(request).instrument(span.clone()).await;
    span.in_scope(|| record(&method, route, response.status(), start.elapsed()));
    let headers = response.headers_mut();
    if let Some(id) = id {
        headers.insert(REQUEST_ID.clone(), id);
    }
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    let no_store = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, no_store);
    harden(&mut response);
    response
}

fn record(method: &Method, route: String, status: StatusCode, elapsed: Duration) {
    tracing::info!(
        http.method = %method,
        http.route = route,
        http.status = status.as_u16(),
        duration_ms = elapsed.as_secs_f64() * 1_000.0,
        "answered"
    );
    let labels = [
        ("method", method_label(method).to_owned()),
        ("route", route),
        ("status", status.as_str().to_owned()),
    ];
    metrics::counter!("stockroom_http_requests_total", &labels).increment(1);
    metrics::histogram!("stockroom_http_request_duration_seconds", &labels).record(elapsed);
}

fn new_request_id(app: &AppState) -> Option<HeaderValue> {
    HeaderValue::from_str(&app.stockroom.new_request_id()).ok()
}

/// Clients can make up methods, but must not fill the memory with their names.
fn method_label(method: &Method) -> &str {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
    ];
    if KNOWN.contains(method) {
        method.as_str()
    } else {
        "other"
    }
}

/// A client may bring an id of its own, if it is one that can stand in a log.
fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(&REQUEST_ID)?;
    let fits = (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
        && id.as_bytes().iter().all(u8::is_ascii_graphic);
    fits.then(|| id.clone())
}

/// Headers that keep browsers from doing with an answer what it isn't for.
pub(crate) fn harden(response: &mut Response) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
}

/// Gives errors their body, in the form that was asked for. Whatever answers with the status of an
/// error and nothing else gets one as well.
async fn render_errors(mut request: Request, next: Next) -> Response {
    let form = Form::of(request.uri().path(), request.headers());
    let has_body = !request.body().is_end_stream();
    let body_read = BodyRead::default();
    request.extensions_mut().insert(body_read.clone());
    let mut response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let error = response
        .extensions_mut()
        .remove::<ApiError>()
        .unwrap_or_else(|| ApiError::of_status(status));
    let mut rendered = error.render(form);
    if let Some(allow) = response.headers_mut().remove(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow);
    }
    if has_body && !body_read.get() {
        // So that the client doesn't send its next request on a connection that won't take it.
        let close = HeaderValue::from_static("close");
        rendered.headers_mut().insert(header::CONNECTION, close);
    }
    rendered
}

/// Turns away what is too large, too much, or takes too long.
async fn within_limits(State(app): State<AppState>, request: Request, next: Next) -> Response {
    if request.uri().query().unwrap_or_default().len() > QUERY_BYTES_MAX {
        return ApiError::of_status(StatusCode::URI_TOO_LONG)
            .detail(format!("The query must be at most {QUERY_BYTES_MAX} bytes"))
            .into_response();
    }
    let headers = request.headers().iter();
    let header_bytes: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if header_bytes > HEADER_BYTES_MAX {
        return ApiError::of_status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
            .detail(format!(
                "The headers must be at most {HEADER_BYTES_MAX} bytes"
            ))
            .into_response();
    }
    let Ok(_permit) = app.concurrency.try_acquire() else {
        return ApiError::unavailable("The server has too much to do").into_response();
    };
    match tokio::time::timeout(app.options.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::unavailable("The request took too long").into_response(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
fn answer_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = message, "a handler panicked");
    ApiError::internal().into_response()
}
