//! The layers that every request to the console and every answer passes.

use std::any::Any;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use stockroom_application::while_attended;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::csrf::{CsrfLayer, DefaultResponseForProtectionError};
use tracing::Instrument;

use crate::imports;
use crate::page::Problem;
use crate::service::AppState;
use crate::session::cookie;

/// The largest form, in bytes. Files are sent in another way.
const FORM_BYTES_MAX: usize = 1024 * 1024;

/// The longest time in which a file may come, beside the slowest pace that is borne.
const UPLOAD_TIMEOUT: Duration = Duration::from_mins(10);

/// Smaller answers aren't worth compressing.
const COMPRESSED_BYTES_MIN: u64 = 1024;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Wraps the screens in the middleware; the first layer is the outermost.
pub(crate) fn around(screens: Router<AppState>, app: &AppState) -> Router<AppState> {
    let csrf: CsrfLayer<DefaultResponseForProtectionError> = CsrfLayer::new();
    screens.layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state(Arc::clone(app), accompany))
            .layer(
                CompressionLayer::new().compress_when(
                    SizeAbove::new(COMPRESSED_BYTES_MIN).and(NotForContentType::SSE),
                ),
            )
            .layer(CatchPanicLayer::custom(answer_panic))
            .layer(csrf)
            .layer(DefaultBodyLimit::max(FORM_BYTES_MAX)),
    )
}

/// Gives a request its id, place, time limit and log line, and its answer the headers that keep browsers
/// from misusing it.
async fn accompany(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let id = app.stockroom.new_request_id();
    let span = tracing::info_span!("request", request.id = id);
    let method = request.method().clone();
    let looks = matches!(method, Method::GET | Method::HEAD);
    let address = looks.then(|| request.uri().clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let session = CookieJar::from_headers(request.headers());
    let permit = Arc::clone(&app.places).try_acquire_owned();
    let mut limit = app.options.request_timeout;
    let path = route.as_ref().map(MatchedPath::as_str);
    if method == Method::POST && path.is_some_and(|path| path.ends_with(imports::PATH)) {
        limit = limit.max(UPLOAD_TIMEOUT);
    }
    let answer = async move {
        let Ok(_permit) = permit else {
            return Problem::unavailable("The server has too many requests at once")
                .into_response();
        };
        match timeout(limit, next.run(request)).await {
            Ok(response) => match address {
                Some(address) if response.status() == StatusCode::METHOD_NOT_ALLOWED => {
                    Redirect::to(screen_of_form(address.path())).into_response()
                }
                _ => as_page(response),
            },
            Err(_) => Problem::unavailable("The request took too long").into_response(),
        }
    };
    // In a task of its own, so that a change is completed even if the browser goes away.
    let (client, client_gone) = oneshot::channel::<Infallible>();
    let client_gone = async {
        let _ = client_gone.await;
    };
    let answer = tokio::spawn(while_attended(answer.instrument(span.clone()), client_gone));
    let answered = answer.await.ok().flatten();
    drop(client);
    let mut response = answered.unwrap_or_else(|| Problem::internal().into_response());
    let _entered = span.enter();
    tracing::info!(
        http.method = %method,
        http.route = route.as_ref().map_or("unmatched", MatchedPath::as_str),
        http.status = response.status().as_u16(),
        duration_ms = start.elapsed().as_secs_f64() * 1_000.0,
        "answered"
    );
    add_headers(&mut response, &id);
    renew_session(&app, &session, &mut response);
    response
}

/// Keeps a session that is used, unless this answer begins or ends one.
fn renew_session(app: &AppState, jar: &CookieJar, response: &mut Response) {
    if response.headers().contains_key(header::SET_COOKIE) {
        return;
    }
    let renewed = cookie::session(jar).and_then(|(name, token)| {
        let renewed = app.stockroom.renew_session(token)?;
        Some(cookie::named(name, renewed.access_token))
    });
    if let Some(cookie) = renewed
        && let Ok(cookie) = HeaderValue::try_from(cookie.to_string())
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The screen above the address of a form, for a browser that asks for that again: a form that was refused is
/// shown at its own address, which shows nothing by itself.
fn screen_of_form(path: &str) -> &str {
    let screen = above(path);
    let list = above(screen);
    if list.ends_with("/ledger") {
        list
    } else if list.ends_with("/holds") || list.ends_with("/receipts") {
        above(list)
    } else {
        screen
    }
}

fn above(path: &str) -> &str {
    let above = path.rsplit_once('/').map(|(above, _)| above);
    above.filter(|it| !it.is_empty()).unwrap_or("/console/")
}

/// Gives an error a page if it has none, as when a form can't be read.
fn as_page(response: Response) -> Response {
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_page = content_type.is_some_and(|it| it.as_bytes().starts_with(b"text/html"));
    if is_page || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let mut page = Problem::of_status(status).into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        page.headers_mut().insert(header::ALLOW, allow.clone());
    }
    page
}

fn add_headers(response: &mut Response, id: &str) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
fn answer_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = message, "a screen panicked");
    Problem::internal().into_response()
}
