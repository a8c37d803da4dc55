//! The middleware that every request and every answer passes.

use std::any::Any;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use stockroom_application::{Stockroom, while_attended};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower::Service;
use tower::layer::layer_fn;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tracing::Instrument;

use super::admission::Place;
use super::app::AppState;
use crate::answer::ApiError;
use crate::request::{BodyRead, Form, Handling, KeyedRequest};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The maximum length of the query string, and of all header names and values together, in bytes.
const QUERY_BYTES_MAX: usize = 32 * 1024;
const HEADER_BYTES_MAX: usize = 32 * 1024;
const REQUEST_ID_BYTES_MAX: usize = 128;

/// The path at which anybody can request a token.
const TOKENS: &str = "/oauth/access_token";

/// Smaller answers aren't worth compressing.
const COMPRESSED_BYTES_MIN: u64 = 4 * 1024;

/// Wraps the endpoints in the middleware; the first layer is the outermost. The router gets all
/// layers as one, because it clones and boxes everything inside a layer for every request.
pub(crate) fn around(endpoints: Router<AppState>, app: &AppState) -> Router<AppState> {
    let app = app.clone();
    endpoints.layer((
        CompressionLayer::new().compress_when(is_worth_compressing()),
        layer_fn(move |endpoint| Accompanied {
            app: app.clone(),
            endpoint,
        }),
        CatchPanicLayer::custom(answer_panic),
    ))
}

/// Whether an answer is compressed: it isn't if it is small, or a stream of events, which would
/// wait in the compressor.
fn is_worth_compressing() -> impl Predicate {
    SizeAbove::new(COMPRESSED_BYTES_MIN).and(NotForContentType::SSE)
}

/// A wrapped endpoint: its requests get an id, limits, a log line and metrics, and its errors get a
/// body.
#[derive(Clone)]
struct Accompanied<S> {
    app: AppState,
    endpoint: S,
}

impl<S> Service<Request> for Accompanied<S>
where
    S: Service<Request, Error = Infallible>,
    S::Response: IntoResponse + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.endpoint.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let start = Instant::now();
        let app = self.app.clone();
        let id = request_id(request.headers()).or_else(|| new_request_id(&app.stockroom));
        if let Some(id) = &id {
            // For those who store it.
            request.headers_mut().insert(REQUEST_ID.clone(), id.clone());
        }
        let id_text = id.as_ref().and_then(|id| id.to_str().ok());
        let span = tracing::info_span!("request", request.id = id_text);
        let method = request.method().clone();
        let route = request.extensions().get::<MatchedPath>().cloned();
        let form = app.one_form.of(&request);
        let body = BodyRead::of(&mut request);
        let handling = Handling::of(request.headers());
        let keyed = KeyedRequest::of(&mut request, form);
        let limit = app.options.request_timeout;
        let place = admit(&app, &mut request);
        let answer = place.as_ref().map(|place| {
            let answer = self.endpoint.call(request);
            in_time(limit, answer, place.clone())
        });
        let answer = answer.map_err(Clone::clone);
        let accompanied = async move {
            let response = match answer {
                Ok(answer) => answer.await,
                Err(error) => error.into_response(),
            };
            let mut response = render_error(response, form, &body);
            if let Some(keyed) = &keyed {
                keyed.mark(&mut response);
            }
            handling.mark(&mut response);
            let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
            record(
                &app,
                &method,
                route,
                response.status(),
                start.elapsed(),
                place.as_ref().ok(),
            );
            add_headers(&mut response, id);
            response
        };
        // In a task of its own, so that a request is completed even if its client disconnects. A
        // request that is dropped midway would close its connection to the database.
        let (client, client_gone) = oneshot::channel::<Infallible>();
        let client_gone = async {
            let _ = client_gone.await;
        };
        let accompanied = while_attended(accompanied.instrument(span), client_gone);
        let accompanied = tokio::spawn(accompanied);
        Box::pin(async move {
            let answered = accompanied.await.ok().flatten();
            drop(client);
            Ok(answered.unwrap_or_else(|| ApiError::internal().render(form)))
        })
    }
}

/// Gives each request of these endpoints an id, and each answer the headers that all answers have.
/// For endpoints outside of the API's limits.
pub fn identified<S>(endpoints: Router<S>, stockroom: Arc<Stockroom>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    endpoints.layer(axum::middleware::from_fn(
        move |request: Request, next: Next| {
            let id = request_id(request.headers()).or_else(|| new_request_id(&stockroom));
            async move {
                let mut response = next.run(request).await;
                if let Some(id) = id {
                    response.headers_mut().insert(REQUEST_ID.clone(), id);
                }
                harden(&mut response);
                response
            }
        },
    ))
}

fn add_headers(response: &mut Response, request_id: Option<HeaderValue>) {
    let headers = response.headers_mut();
    if let Some(id) = request_id {
        headers.insert(REQUEST_ID.clone(), id);
    }
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    let no_store = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, no_store);
    harden(response);
}

fn record(
    app: &AppState,
    method: &Method,
    route: &str,
    status: StatusCode,
    elapsed: Duration,
    place: Option<&Place>,
) {
    tracing::info!(
        organization = place.and_then(Place::organization).map(display),
        key = place.and_then(Place::key).map(display),
        http.method = %method,
        http.route = route,
        http.status = status.as_u16(),
        duration_ms = elapsed.as_secs_f64() * 1_000.0,
        "answered"
    );
    let method = method_label(method);
    app.meters.record(method, route, status, elapsed);
}

fn new_request_id(stockroom: &Stockroom) -> Option<HeaderValue> {
    HeaderValue::try_from(stockroom.new_request_id()).ok()
}

/// The label of a method. Clients can invent methods, whose names must not fill the memory.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

/// The client's own id for the request, if it can be logged.
fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(&REQUEST_ID)?;
    let fits = (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
        && id.as_bytes().iter().all(u8::is_ascii_graphic);
    fits.then(|| id.clone())
}

/// Headers that keep browsers from misusing an answer.
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

/// Gives an error its body, in the requested form. An answer with the status of an error and no
/// body gets one as well.
fn render_error(mut response: Response, form: Form, body: &BodyRead) -> Response {
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
    if !body.get() {
        // So that the client doesn't send its next request on this connection, which won't read it.
        let close = HeaderValue::from_static("close");
        rendered.headers_mut().insert(header::CONNECTION, close);
    }
    rendered
}

/// Refuses requests that are too large or too many. A request whose body is to be read takes its
/// place when the body has arrived, all others here.
fn admit(app: &AppState, request: &mut Request) -> Result<Place, ApiError> {
    if request.uri().query().unwrap_or_default().len() > QUERY_BYTES_MAX {
        let detail = format!("The query must be at most {QUERY_BYTES_MAX} bytes");
        return Err(ApiError::of_status(StatusCode::URI_TOO_LONG).detail(detail));
    }
    let headers = request.headers().iter();
    let header_bytes: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if header_bytes > HEADER_BYTES_MAX {
        let detail = format!("The headers must be at most {HEADER_BYTES_MAX} bytes");
        let error = ApiError::of_status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        return Err(error.detail(detail));
    }
    let place = match request.extensions().get::<MatchedPath>() {
        Some(path) if path.as_str() == TOKENS => app.admission.token_place(),
        _ => app.admission.place(),
    };
    if request.body().is_end_stream() || !app.inputs.has_body(request) {
        place.take()?;
    }
    request.extensions_mut().insert(place.clone());
    Ok(place)
}

/// Refuses requests that take too long, apart from the time in which they wait for events. A request
/// occupies its place until the answer.
async fn in_time<R: IntoResponse>(
    limit: Duration,
    answer: impl Future<Output = Result<R, Infallible>>,
    place: Place,
) -> Response {
    let mut answer = pin!(answer);
    loop {
        match timeout(limit, &mut answer).await {
            Ok(Ok(response)) => return response.into_response(),
            Err(_) if place.has_waited() => {}
            Err(_) => return ApiError::unavailable("The request took too long").into_response(),
        }
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
