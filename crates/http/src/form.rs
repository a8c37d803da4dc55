//! The two forms in which the API represents things.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};

static MULTI_LOCATION: HeaderName = HeaderName::from_static("ep-inventories-multi-location");

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Flat.
    Basic,
    /// JSON:API style, with locations.
    MultiLocation,
}

impl Form {
    /// The form that a request asks for. Locations have the multi-location one only.
    pub(crate) fn of(path: &str, headers: &HeaderMap) -> Self {
        let asked_for = headers
            .get(&MULTI_LOCATION)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
        let locations = path
            .strip_prefix("/v2/inventories/locations")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if asked_for || locations {
            Self::MultiLocation
        } else {
            Self::Basic
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Form {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.uri.path(), &parts.headers))
    }
}
