//! `Prefer: handling=strict` (RFC 7240): unknown fields and parameters are refused for a client
//! that asks for it, and ignored otherwise.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_ignored::Path;
use serde_json::json;
use stockroom_domain::shortened;
use utoipa::IntoParams;

use super::body::BodyRead;
use super::query::Query;
use super::raw::{RawObject, reason};
use crate::answer::ApiError;
use crate::service::AppState;

/// What every request may ask for.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by the extractors; here for its description")]
pub(crate) struct PreferHeader {
    /// `handling=strict` (RFC 7240) has an unknown field of the body, or an unknown query parameter,
    /// refused with 400, which names it; the answer says `Preference-Applied: handling=strict`.
    /// Without it, what is unknown is ignored.
    #[param(rename = "Prefer", required = false, example = "handling=strict")]
    prefer: String,
}

static PREFER: HeaderName = HeaderName::from_static("prefer");
static PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const STRICT: &str = "handling=strict";

/// The number of unknown names that an error repeats, and the number of characters of each.
const NAMES_MAX: usize = 10;
const NAME_CHARACTERS_MAX: usize = 128;

/// The treatment of unknown fields and parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handling {
    /// They are ignored.
    Lenient,
    /// They are refused.
    Strict,
}

impl Handling {
    /// The handling that a request asks for. If the preference is given more than once, the first
    /// counts.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(&PREFER).iter();
        let mut preferences = values.flat_map(|value| preferences(value.to_str().unwrap_or("")));
        let handling = preferences.find(|(name, _)| name.eq_ignore_ascii_case("handling"));
        match handling {
            Some((_, value)) if value.eq_ignore_ascii_case("strict") => Self::Strict,
            _ => Self::Lenient,
        }
    }

    /// Marks the preference as applied in the answer.
    pub(crate) fn mark(self, response: &mut Response) {
        if self == Self::Strict {
            let strict = HeaderValue::from_static(STRICT);
            response
                .headers_mut()
                .insert(PREFERENCE_APPLIED.clone(), strict);
        }
    }

    /// Refuses query parameters that the endpoint doesn't have, and a body that it doesn't read.
    /// Both are taken from the endpoint's documentation, so a new endpoint needs nothing else.
    pub(crate) fn check(parts: &Parts, app: &AppState) -> Result<(), ApiError> {
        if Self::of(&parts.headers) == Self::Lenient {
            return Ok(());
        }
        let Some(input) = app.inputs.of(parts) else {
            return Ok(());
        };
        let query = Query::of(parts.uri.query().unwrap_or_default());
        let mut unknown = Unknown::default();
        for name in query.names().filter(|name| !input.takes_parameter(name)) {
            unknown.add(name.to_owned());
        }
        unknown.check(
            "query parameter",
            "unknown_parameters",
            ApiError::bad_request,
        )?;
        if !input.has_body && parts.extensions.get::<BodyRead>().is_some() {
            return Err(ApiError::bad_request("This request does not take a body"));
        }
        Ok(())
    }

    /// The fields of an object. `place` is the object's place in the body, and `attributes` are the
    /// names of those fields that are in its object `attributes`.
    pub(crate) fn read<T: DeserializeOwned>(
        self,
        object: &RawObject<'_>,
        place: &str,
        attributes: &[String],
    ) -> Result<T, ApiError> {
        let mut unknown = Unknown::default();
        let result = match self {
            Self::Lenient => T::deserialize(object.deserializer()),
            Self::Strict => serde_ignored::deserialize(object.deserializer(), |path| {
                unknown.add(named(&path, place, attributes));
            }),
        };
        // The path is followed only if there is a fault.
        let fields = result.or_else(|_| {
            serde_path_to_error::deserialize(object.deserializer()).map_err(|error| {
                let path = error.path().to_string();
                let reason = reason(&error.into_inner());
                ApiError::validation(if path == "." {
                    reason
                } else {
                    format!("{path}: {reason}")
                })
            })
        })?;
        unknown.check("field", "unknown_fields", ApiError::validation)?;
        Ok(fields)
    }

    /// Refuses the fields of an object that are left after all known ones were taken.
    pub(crate) fn check_rest(self, rest: &RawObject<'_>) -> Result<(), ApiError> {
        self.read::<Nothing>(rest, "", &[]).map(|Nothing {}| ())
    }

    /// Refuses form fields that aren't among these.
    pub(crate) fn check_form(self, form: &Query, known: &[&str]) -> Result<(), ApiError> {
        let mut unknown = Unknown::default();
        if self == Self::Strict {
            for name in form.names().filter(|name| !known.contains(name)) {
                unknown.add(name.to_owned());
            }
        }
        unknown.check("field", "unknown_fields", ApiError::validation)
    }

    /// The fields of a JSON text that consists of one object.
    pub(crate) fn read_text<T: DeserializeOwned>(self, text: &[u8]) -> Result<T, ApiError> {
        let mut unknown = Unknown::default();
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let fields = serde_ignored::deserialize(&mut deserializer, |path| {
            if self == Self::Strict {
                unknown.add(named(&path, "", &[]));
            }
        });
        let fields = fields.and_then(|fields| deserializer.end().map(|()| fields));
        let fields = fields.map_err(|error| {
            ApiError::bad_request(format!("The body could not be read: {error}"))
        })?;
        unknown.check("field", "unknown_fields", ApiError::validation)?;
        Ok(fields)
    }
}

/// For the only endpoint without a token; the extractors of permission check all others.
impl FromRequestParts<AppState> for Handling {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        Self::check(parts, app)?;
        Ok(Self::of(&parts.headers))
    }
}

/// An object without fields: the fields beside `data` where none are allowed.
#[derive(Debug, Default, serde::Deserialize)]
pub(crate) struct Nothing {}

/// The unknown names in a request.
#[derive(Default)]
struct Unknown {
    names: Vec<String>,
    left_out: usize,
}

impl Unknown {
    fn add(&mut self, name: String) {
        if self.names.len() < NAMES_MAX {
            self.names.push(shortened(name, NAME_CHARACTERS_MAX));
        } else {
            self.left_out += 1;
        }
    }

    fn check(
        self,
        kind: &str,
        meta: &str,
        error: impl Fn(String) -> ApiError,
    ) -> Result<(), ApiError> {
        let detail = match self.names.as_slice() {
            [] => return Ok(()),
            [name] => format!("Unknown {kind} {name}"),
            names => {
                let names = names.join(", ");
                match self.left_out {
                    0 => format!("Unknown {kind}s {names}"),
                    more => format!("Unknown {kind}s {names} and {more} more"),
                }
            }
        };
        Err(error(detail).meta(json!({ meta: self.names })))
    }
}

/// The path of a field in the body, as a client writes it.
fn named(path: &Path<'_>, place: &str, attributes: &[String]) -> String {
    match path {
        Path::Root => place.to_owned(),
        Path::Seq { parent, index } => {
            format!("{}[{index}]", named(parent, place, attributes))
        }
        Path::Map { parent, key } => {
            let parent = inner(parent);
            let is_attribute = matches!(parent, Path::Root) && attributes.contains(key);
            let mut parent = named(parent, place, attributes);
            if is_attribute {
                parent.push_str(".attributes");
            }
            if parent.is_empty() {
                key.clone()
            } else {
                format!("{parent}.{key}")
            }
        }
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => named(parent, place, attributes),
    }
}

/// The path without the steps that a client doesn't see.
fn inner<'a>(path: &'a Path<'a>) -> &'a Path<'a> {
    match path {
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => inner(parent),
        path => path,
    }
}

/// The preferences in a header, with their values unquoted. A preference's parameters, behind a
/// semicolon, are ignored: `handling` has none.
fn preferences(header: &str) -> impl Iterator<Item = (&str, &str)> {
    split(header, ',').into_iter().map(|preference| {
        let preference = split(preference, ';').into_iter().next().unwrap_or("");
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        (name.trim(), value.trim().trim_matches('"'))
    })
}

/// The parts of the text between separators outside of quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    text.split(|character| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match character {
            '\\' if is_quoted => is_escaped = !was_escaped,
            '"' if !was_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        character == separator && !is_quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handling(values: &[&str]) -> Handling {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&PREFER, HeaderValue::from_str(value).unwrap());
        }
        Handling::of(&headers)
    }

    #[test]
    fn the_preference_is_found_in_every_spelling() {
        for values in [
            &["handling=strict"][..],
            &["Handling=Strict"],
            &["handling = \"strict\""],
            &["respond-async, wait=10; handling=lenient, handling=strict"],
            &["return=minimal", "handling=strict"],
            &["foo=\"a, handling=lenient\", handling=strict"],
            &["foo=\"a\\\", handling=lenient\", handling=strict; bar"],
            &["handling=strict, handling=lenient"],
        ] {
            assert_eq!(handling(values), Handling::Strict, "{values:?}");
        }
        for values in [
            &[][..],
            &[""],
            &["handling"],
            &["handling=lenient"],
            &["handling=lenient, handling=strict"],
            &["handling=lenient", "handling=strict"],
            &["handling=stricter"],
            &["foo=\"handling=strict\""],
            &["foo; handling=strict"],
            &["\", handling=strict"],
        ] {
            assert_eq!(handling(values), Handling::Lenient, "{values:?}");
        }
    }
}
