//! The two forms in which the API represents things.

use std::collections::HashSet;
use std::convert::Infallible;

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use utoipa::IntoParams;
use utoipa::openapi::OpenApi;

/// Chooses the form of the answer.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "read through the form extractor; here for its description"
)]
pub(crate) struct FormHeader {
    /// `true` for the multi-location form; anything else for the basic one.
    #[param(
        rename = "EP-Inventories-Multi-Location",
        required = false,
        example = "true"
    )]
    form: String,
}

static MULTI_LOCATION: HeaderName = HeaderName::from_static("ep-inventories-multi-location");

/// The form of a representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Flat.
    Basic,
    /// JSON:API style, with locations.
    MultiLocation,
}

impl Form {
    /// The form that a request asks for.
    fn asked_for(headers: &HeaderMap) -> Self {
        let value = headers.get(&MULTI_LOCATION);
        if value.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true")) {
            Self::MultiLocation
        } else {
            Self::Basic
        }
    }
}

/// The paths whose things exist in the multi-location form only.
pub(crate) struct OneForm(HashSet<String>);

impl OneForm {
    /// All paths of a document.
    pub(crate) fn of_document(document: &OpenApi) -> Self {
        Self(document.paths.paths.keys().cloned().collect())
    }

    /// The form of the answer to a request, and of its error.
    pub(crate) fn of(&self, request: &Request) -> Form {
        let path = request.extensions().get::<MatchedPath>();
        if path.is_some_and(|path| self.0.contains(path.as_str())) {
            Form::MultiLocation
        } else {
            Form::asked_for(request.headers())
        }
    }
}

/// The requested form, for endpoints that have both.
impl<S: Sync> FromRequestParts<S> for Form {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::asked_for(&parts.headers))
    }
}
