//! Query parameters.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use stockroom_application::PageRequest;
use stockroom_domain::{Timestamp, TransactionId};

use crate::answer::ApiError;
use crate::filter;
use crate::service::AppState;

/// The decoded query parameters of a request.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(query: &str) -> Self {
        Self(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The names of all parameters.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The value of a parameter that may be given at most once.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut values = self.0.iter().filter(|(found, _)| found == name);
        let value = values.next();
        if values.next().is_some() {
            let detail = format!("The query parameter {name} is given more than once");
            return Err(ApiError::bad_request(detail));
        }
        Ok(value.map(|(_, value)| value.as_str()))
    }

    /// The value of a parameter that is a number up to `max`.
    pub(crate) fn number(&self, name: &str, max: u32) -> Result<Option<u32>, ApiError> {
        let Some(text) = self.get(name)? else {
            return Ok(None);
        };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        match number.filter(|number| *number <= max) {
            Some(number) => Ok(Some(number)),
            None => Err(ApiError::bad_request(format!(
                "{name} must be an integer from 0 to {max}"
            ))),
        }
    }

    /// The value of a boolean parameter.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.get(name)? {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(ApiError::bad_request(format!(
                "{name} must be true or false"
            ))),
        }
    }

    /// The requested time, if any.
    pub(crate) fn at(&self) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.get("at")? else {
            return Ok(None);
        };
        let at = filter::time(text);
        at.map(Some).ok_or_else(|| {
            ApiError::bad_request("at must be a timestamp such as 2026-01-31T09:30:00Z")
        })
    }

    /// The time by which something is asked for, if any.
    pub(crate) fn by(&self, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.get("by")? else {
            return Ok(None);
        };
        let by = filter::time(text).ok_or_else(|| {
            ApiError::bad_request("by must be a timestamp such as 2026-01-31T09:30:00Z")
        })?;
        if by < now {
            return Err(ApiError::bad_request("by must not be in the past"));
        }
        Ok(Some(by))
    }

    /// Refuses a parameter that the endpoint would ignore and thereby answer another question.
    pub(crate) fn refuse(&self, name: &str) -> Result<(), ApiError> {
        match self.get(name)? {
            None => Ok(()),
            Some(_) => Err(unsupported(name)),
        }
    }
}

fn unsupported(name: &str) -> ApiError {
    ApiError::bad_request(format!("The query parameter {name} is not supported here"))
}

/// The words of `include`, which say what an answer shows in addition. Unknown ones are ignored, because
/// the dialect's SDKs send those of other services of theirs.
pub(crate) struct Include(String);

impl Include {
    /// Whether a word is among them.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.0.split(',').any(|it| it == word)
    }

    /// Refuses a word for a reading of the past, which can't show what the word asks for.
    pub(crate) fn refuse_in_past(&self, word: &str, at: Option<Timestamp>) -> Result<(), ApiError> {
        if at.is_some() && self.has(word) {
            let detail = format!("include={word} and at cannot be combined");
            return Err(ApiError::bad_request(detail));
        }
        Ok(())
    }
}

impl<S: Sync> FromRequestParts<S> for Include {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let query = Query::of(parts.uri.query().unwrap_or_default());
        Ok(Self(query.get("include")?.unwrap_or_default().to_owned()))
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts.uri.query().unwrap_or_default()))
    }
}

/// The parameters of lists. Each list reads those that it has. A filter or a time for a list whose
/// documentation has none is refused: the list would ignore it, and answer another question.
pub(crate) struct ListQuery {
    /// The number of items on a page.
    pub(crate) limit: u32,
    /// The textual filter.
    pub(crate) filter: Option<String>,
    /// The requested order.
    pub(crate) sort: Option<String>,
    /// The requested time.
    pub(crate) at: Option<Timestamp>,
    /// What is to be shown in addition, as it is written.
    pub(crate) include: Option<String>,
    /// The product whose history is requested, if it isn't in the path.
    pub(crate) product_id: Option<String>,
    /// The path, for links.
    pub(crate) path: String,
    offset: Option<u32>,
    after: Option<String>,
}

impl ListQuery {
    /// The requested page; `place` reads a cursor.
    pub(crate) fn page<P>(
        &self,
        place: impl FnOnce(&str) -> Result<P, ApiError>,
    ) -> Result<PageRequest<P>, ApiError> {
        let Some(after) = &self.after else {
            let offset = self.offset.unwrap_or(0);
            return Ok(PageRequest::from_offset(self.limit, offset));
        };
        if self.offset.is_some() {
            return Err(ApiError::bad_request(
                "page[after] and page[offset] cannot be combined",
            ));
        }
        Ok(PageRequest::after(self.limit, place(after)?))
    }

    /// The requested page of a history, whose cursors are ids of transactions.
    pub(crate) fn history_page(&self) -> Result<PageRequest<TransactionId>, ApiError> {
        self.page(|after| {
            TransactionId::parse(after).ok_or_else(|| {
                ApiError::bad_request("page[after] must be the id of a transaction of this history")
            })
        })
    }
}

/// The word of `sort`, and whether the last item is to come first.
pub(crate) fn sort_word(sort: &str) -> (&str, bool) {
    match sort.strip_prefix('-') {
        Some(word) => (word, true),
        None => (sort, false),
    }
}

/// Refuses `at` for an endpoint that reads the present only, and would otherwise ignore it.
pub(crate) struct Current;

impl<S: Sync> FromRequestParts<S> for Current {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Query::of(parts.uri.query().unwrap_or_default()).refuse("at")?;
        Ok(Self)
    }
}

/// The requested time, or the present if `at` is missing.
pub(crate) struct At(pub(crate) Option<Timestamp>);

impl FromRequestParts<AppState> for At {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let at = Query::of(parts.uri.query().unwrap_or_default()).at()?;
        not_in_future(app, at).map(Self)
    }
}

/// Refuses a time in the future.
pub(crate) fn not_in_future(
    app: &AppState,
    at: Option<Timestamp>,
) -> Result<Option<Timestamp>, ApiError> {
    match at {
        Some(at) if at > app.stockroom.now() => {
            Err(ApiError::bad_request("at must not be in the future"))
        }
        at => Ok(at),
    }
}

impl FromRequestParts<AppState> for ListQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let query = Query::of(parts.uri.query().unwrap_or_default());
        let input = app.inputs.of(parts);
        for name in ["filter", "at"] {
            if !input.is_some_and(|input| input.takes_parameter(name)) {
                query.refuse(name)?;
            }
        }
        let limit = query.number("page[limit]", PageRequest::LIMIT_MAX)?;
        Ok(Self {
            limit: limit
                .filter(|limit| *limit > 0)
                .unwrap_or(PageRequest::LIMIT_DEFAULT),
            offset: query.number("page[offset]", PageRequest::OFFSET_MAX)?,
            filter: query.get("filter")?.map(ToOwned::to_owned),
            sort: query.get("sort")?.map(ToOwned::to_owned),
            at: query.at()?,
            after: query.get("page[after]")?.map(ToOwned::to_owned),
            include: query.get("include")?.map(ToOwned::to_owned),
            product_id: query.get("product_id")?.map(ToOwned::to_owned),
            path: parts.uri.path().to_owned(),
        })
    }
}
