//! What went wrong, as a page.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use stockroom_application::ports::StoreError;
use stockroom_application::{AccessError, Error, HistoryError, SearchError, StreamError};
use stockroom_domain::{Invalid, Refusal, RefusalKind};

use super::layout::Layout;
use super::show::show;
use super::theme::Theme;

/// The reason why there is no page, or another one.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The page is elsewhere.
    Elsewhere(Box<Response>),
    /// A title and a sentence for the person, with a status for programs.
    Told {
        status: StatusCode,
        title: &'static str,
        detail: String,
    },
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    layout: Layout,
    detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self::Told {
            status,
            title,
            detail: detail.into(),
        }
    }

    /// The sentence for the person.
    pub(crate) fn into_detail(self) -> String {
        match self {
            Self::Elsewhere(_) => String::new(),
            Self::Told { detail, .. } => detail,
        }
    }

    pub(crate) fn not_found() -> Self {
        let detail = "There is no such thing, or it isn't yours to see.";
        Self::new(StatusCode::NOT_FOUND, "Not found", detail)
    }

    /// A form or an address that makes no sense.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "That doesn't work", detail)
    }

    pub(crate) fn read_only() -> Self {
        let detail = "This key may look at everything and change nothing.";
        Self::new(StatusCode::FORBIDDEN, "Not allowed", detail)
    }

    /// The problem of an answer that says no more than its status.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let detail = match status {
            StatusCode::NOT_FOUND => return Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => {
                "This address takes a form, and shows nothing by itself. Go back, or to the first page."
            }
            StatusCode::PAYLOAD_TOO_LARGE => "The form has more than 1 MiB.",
            StatusCode::FORBIDDEN => "The request came from another site.",
            StatusCode::SERVICE_UNAVAILABLE => {
                return Self::unavailable("The server has too much to do, or is stopping");
            }
            status if status.is_client_error() => "The request can't be read.",
            _ => return Self::internal(),
        };
        Self::new(status, "That doesn't work", detail)
    }

    pub(crate) fn unavailable(detail: &str) -> Self {
        let detail = format!("{detail}. Try again in a moment.");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not now", detail)
    }

    pub(crate) fn internal() -> Self {
        let detail = "Something failed inside of the server. Its log says what.";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something failed",
            detail,
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, title, detail) = match self {
            Self::Elsewhere(response) => return *response,
            Self::Told {
                status,
                title,
                detail,
            } => (status, title, detail),
        };
        let page = ProblemPage {
            layout: Layout::outside(title, Theme::Auto),
            detail,
        };
        let mut response = match show(&page) {
            Ok(response) => response,
            Err(_) => title.into_response(),
        };
        *response.status_mut() = status;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// The sentence that a form shows beside what was typed, if the change was refused. Anything that the person
/// can do nothing about is a [`Problem`] instead.
///
/// # Errors
/// [`Problem`] if the server failed, or has too much to do.
pub(crate) fn reason(error: Error) -> Result<String, Problem> {
    match error {
        Error::Refused(refusal) => Ok(in_words(&refusal)),
        Error::UrlNotAllowed(_) | Error::SecretForgotten | Error::SigningSecretForgotten => {
            Ok(error.to_string())
        }
        Error::Busy { .. } => Err(Problem::unavailable("Too many changes wait")),
        Error::Store(error) => Err(error.into()),
    }
}

/// A refusal as a sentence.
fn in_words(refusal: &Refusal) -> String {
    let mut text = refusal.to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = in_words(&refusal);
        match refusal.kind() {
            RefusalKind::Forbidden => Self::new(StatusCode::FORBIDDEN, "Not allowed", detail),
            RefusalKind::Invalid => Self::invalid(detail),
            RefusalKind::NotFound => Self::new(StatusCode::NOT_FOUND, "Not found", detail),
            RefusalKind::Conflict => Self::new(StatusCode::CONFLICT, "Somebody was faster", detail),
            RefusalKind::Unprocessable => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "That doesn't work",
                detail,
            ),
        }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::invalid(format!("{invalid}."))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let source = &error as &dyn std::error::Error;
        if matches!(error, StoreError::Unavailable(_)) {
            tracing::warn!(error = source, "the database is unavailable");
            return Self::unavailable("The database can't be reached");
        }
        tracing::error!(error = source, "a screen failed");
        Self::internal()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            error => match reason(error) {
                Ok(detail) => Self::invalid(detail),
                Err(problem) => problem,
            },
        }
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::InvalidToken | AccessError::StoreNotFound => Self::not_found(),
            AccessError::ReadOnly => Self::read_only(),
            AccessError::Store(error) => error.into(),
        }
    }
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::UnknownStock | HistoryError::UnknownStart => Self::not_found(),
            HistoryError::Store(error) => error.into(),
        }
    }
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::TooMany { .. } => {
                let detail = "There is too much to look through for this order or search. Search for the beginning \
                              of a name or SKU, or sort by name.";
                Self::invalid(detail)
            }
            SearchError::Store(error) => error.into(),
        }
    }
}

impl From<StreamError> for Problem {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Access(error) => error.into(),
            StreamError::Feed(stockroom_application::FeedError::Store(error)) => error.into(),
            error => Self::unavailable(&error.to_string()),
        }
    }
}
