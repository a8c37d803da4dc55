//! The API's errors, and the conversion of the use cases' errors into them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use stockroom_application::ports::{FeedState, StoreError};
use stockroom_application::{
    AccessError, Error, FeedError, HistoryError, ReplayError, SearchError, StreamError, TokenError,
};
use stockroom_domain::{Invalid, Refusal, RefusalKind, shortened};
use utoipa::ToSchema;

use super::json::Json;
use crate::request::Form;

/// The time that a client should wait before it tries again, if no better figure is known.
const RETRY_AFTER_SECONDS: u64 = 1;

/// The time after which a client should try again that was refused a stream, an export or an import: these
/// last.
const LONG_RETRY_AFTER_SECONDS: u64 = 5;

/// The longest detail, in characters.
const DETAIL_CHARACTERS_MAX: usize = 500;

/// An error answer. It contains no internal details.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    status: StatusCode,
    title: &'static str,
    detail: Option<String>,
    meta: Option<Value>,
    retry_after_seconds: Option<u64>,
}

impl ApiError {
    pub(crate) const fn new(status: StatusCode, title: &'static str) -> Self {
        Self {
            status,
            title,
            detail: None,
            meta: None,
            retry_after_seconds: None,
        }
    }

    /// Adds the detail of the error. Details repeat some of what the client sent, but not all of
    /// it.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(shortened(detail.into(), DETAIL_CHARACTERS_MAX));
        self
    }

    /// The same error with another status.
    pub(crate) const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Adds the place of the error in the request, unless the detail names it.
    pub(crate) fn within(self, place: &str) -> Self {
        match &self.detail {
            Some(detail) if detail.contains(place) => self,
            Some(detail) => {
                let detail = format!("{place}: {detail}");
                self.detail(detail)
            }
            None => self,
        }
    }

    pub(crate) fn meta(mut self, meta: Value) -> Self {
        self.meta = Some(meta);
        self
    }

    /// Adds a field to the part that programs read.
    pub(crate) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        let mut meta = match self.meta.take() {
            Some(Value::Object(meta)) => meta,
            _ => Map::new(),
        };
        meta.insert(field.to_owned(), value.into());
        self.meta = Some(Value::Object(meta));
        self
    }

    pub(crate) const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    pub(crate) fn validation(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Validation Error").detail(detail)
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Bad Request").detail(detail)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unable to validate access token")
    }

    pub(crate) fn forbidden(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden").detail(detail)
    }

    pub(crate) fn not_found(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found").detail(detail)
    }

    /// A request that makes no sense, where the dialect says so with 422.
    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Cannot complete request").detail(detail)
    }

    /// The error for things that last and of which there are too many.
    pub(crate) fn too_many(detail: impl Into<String>) -> Self {
        Self::of_status(StatusCode::TOO_MANY_REQUESTS)
            .detail(detail)
            .retry_after(LONG_RETRY_AFTER_SECONDS)
    }

    pub(super) fn conflict(detail: String) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict").detail(detail)
    }

    pub(super) fn of_kind(kind: RefusalKind, detail: String) -> Self {
        match kind {
            RefusalKind::Forbidden => Self::forbidden(&detail),
            RefusalKind::Invalid => Self::validation(detail),
            RefusalKind::NotFound => Self::not_found(&detail),
            RefusalKind::Conflict => Self::conflict(detail),
            RefusalKind::Unprocessable => Self::unprocessable(detail),
        }
    }

    pub(crate) fn unavailable(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            .detail(detail)
            .retry_after(RETRY_AFTER_SECONDS)
    }

    pub(crate) const fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    }

    /// The error for an answer that came with a status only.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        Self::new(status, status.canonical_reason().unwrap_or("Error"))
    }

    pub(crate) const fn title(&self) -> &'static str {
        self.title
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The detail, or else the title.
    pub(crate) fn text(&self) -> &str {
        self.detail.as_deref().unwrap_or(self.title)
    }

    /// The body of the answer in the given form.
    fn body(&self, form: Form) -> ErrorBody<'_> {
        ErrorBody {
            errors: vec![ErrorObject {
                title: self.title,
                status: match form {
                    Form::Basic => ErrorStatus::Number(self.status.as_u16()),
                    Form::MultiLocation => ErrorStatus::Text(self.status.as_str().to_owned()),
                },
                detail: self.detail.as_deref(),
                meta: self.meta.as_ref(),
            }],
        }
    }

    /// The whole answer in the given form.
    pub(crate) fn render(&self, form: Form) -> Response {
        let mut response = (self.status, Json(self.body(form))).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after_seconds {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// An error within an answer, in the given form.
pub(crate) struct FormedError(pub(crate) ApiError, pub(crate) Form);

impl Serialize for FormedError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.body(self.1).serialize(serializer)
    }
}

/// Leaves the rendering to the middleware, which knows the requested form.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What errors look like.
#[derive(Serialize, ToSchema)]
#[schema(as = Errors)]
pub(crate) struct ErrorBody<'a> {
    errors: Vec<ErrorObject<'a>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
struct ErrorObject<'a> {
    /// What kind of error it is.
    title: &'static str,
    /// The HTTP status: a number in the basic form, a text in the multi-location form.
    status: ErrorStatus,
    /// What is wrong in particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// More for programs to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<&'a Value>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum ErrorStatus {
    Number(u16),
    Text(String),
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self::validation(invalid.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let source = &error as &dyn std::error::Error;
        match &error {
            StoreError::Unavailable(_) => {
                tracing::warn!(error = source, "the database is not available");
                Self::unavailable("The database is not available at the moment")
            }
            StoreError::Corrupt { .. } | StoreError::Failed(_) => {
                tracing::error!(error = source, "the database failed");
                Self::internal()
            }
        }
    }
}

impl From<FeedError> for ApiError {
    fn from(error: FeedError) -> Self {
        let detail = error.to_string();
        let (answer, feed) = match error {
            FeedError::Store(error) => return error.into(),
            FeedError::OtherFeed(feed) | FeedError::Ahead(feed) => (Self::conflict(detail), feed),
            FeedError::Forgotten(feed) => (Self::of_status(StatusCode::GONE).detail(detail), feed),
        };
        answer.meta(figures_of(feed))
    }
}

impl From<ReplayError> for ApiError {
    fn from(error: ReplayError) -> Self {
        let detail = error.to_string();
        match error {
            ReplayError::Error(error) => error.into(),
            ReplayError::Forgotten(feed) => Self::of_status(StatusCode::GONE)
                .detail(detail)
                .meta(figures_of(feed)),
            ReplayError::Ahead(feed) => Self::unprocessable(detail).meta(figures_of(feed)),
        }
    }
}

impl From<StreamError> for ApiError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::TooManyOfOrganization { .. } | StreamError::TooManyOfServer { .. } => {
                Self::too_many(error.to_string())
            }
            StreamError::Stopping => Self::unavailable(&error.to_string()),
            StreamError::Access(error) => error.into(),
            StreamError::Feed(error) => error.into(),
        }
    }
}

fn figures_of(feed: FeedState) -> Value {
    json!({
        "feed_id": feed.id.uuid(),
        "head": feed.head,
        "oldest": feed.oldest,
    })
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Busy { .. } => Self::unavailable(&error.to_string()),
            Error::SecretForgotten | Error::SigningSecretForgotten => {
                Self::conflict(error.to_string())
            }
            Error::UrlNotAllowed(_) => Self::unprocessable(error.to_string()),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<SearchError> for ApiError {
    fn from(error: SearchError) -> Self {
        let reason = error.to_string();
        match error {
            SearchError::TooMany { .. } => {
                Self::bad_request("The list is too long to be searched or sorted in this way")
                    .with("reason", reason)
            }
            SearchError::Store(error) => error.into(),
        }
    }
}

impl From<HistoryError> for ApiError {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::UnknownStock => Refusal::UnknownStock.into(),
            HistoryError::UnknownStart => {
                Self::bad_request("page[after] must be the id of a transaction of this history")
            }
            HistoryError::Store(error) => error.into(),
        }
    }
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::InvalidToken => Self::unauthorized(),
            AccessError::ReadOnly => Self::forbidden("This key may only read"),
            AccessError::StoreNotFound => Self::not_found("There is no such store"),
            AccessError::Store(error) => error.into(),
        }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::InvalidCredentials => {
                Self::unauthorized().detail("The client_id or the client_secret is wrong")
            }
            TokenError::ImplicitNotAllowed => {
                Self::forbidden("This key does not allow implicit tokens")
            }
            TokenError::Store(error) => error.into(),
        }
    }
}
