//! The two forms in which the API represents things.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use utoipa::IntoParams;

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
    /// The form that a request asks for. Locations and reservations exist in the multi-location
    /// form only.
    pub(crate) fn of(path: &str, headers: &HeaderMap) -> Self {
        let asked_for = headers
            .get(&MULTI_LOCATION)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
        let has_one_form = path.strip_prefix("/v2/inventories/").is_some_and(|rest| {
            match rest.split_once('/').unwrap_or((rest, "")) {
                ("locations" | "reservations" | "availability", _) => true,
                (_, rest) => rest.trim_end_matches('/') == "holds",
            }
        });
        if asked_for || has_one_form {
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
