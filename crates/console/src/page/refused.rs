//! A form that is refused.

use axum::http::StatusCode;
use stockroom_application::Error;

use super::problem::{Problem, reason};

/// The reason why a form was refused.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) detail: String,
    /// The words and the address of a page that helps.
    pub(crate) link: Option<(&'static str, String)>,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            link: None,
        }
    }

    /// A form that makes no sense.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// A form for a thing that somebody has changed meanwhile.
    pub(crate) fn outdated(thing: &str) -> Self {
        let detail = format!(
            "Somebody has changed this {thing} since you loaded the form. Below is what you typed: save it again, \
             and it replaces their changes."
        );
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// The reason of an error.
    ///
    /// # Errors
    /// [`Problem`] if the server failed, or has too much to do.
    pub(crate) fn of(error: Error) -> Result<Self, Problem> {
        let status = match &error {
            Error::Refused(refusal) => match Problem::from(refusal.clone()) {
                Problem::Told { status, .. } => status,
                Problem::Elsewhere(_) => StatusCode::UNPROCESSABLE_ENTITY,
            },
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Ok(Self::new(status, reason(error)?))
    }

    /// The same in other words.
    pub(crate) fn saying(self, detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            ..self
        }
    }

    /// The same with a page that helps.
    pub(crate) fn see(self, words: &'static str, href: String) -> Self {
        Self {
            link: Some((words, href)),
            ..self
        }
    }

    /// The status of a page, which says why a form was refused if it was.
    pub(crate) fn status(refused: Option<&Self>) -> StatusCode {
        refused.map_or(StatusCode::OK, |refused| refused.status)
    }
}
