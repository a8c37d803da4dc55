//! Request bodies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::HttpBody as _;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use serde::de::{DeserializeOwned, DeserializeSeed as _};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;
use stockroom_domain::Patch;

use super::handling::{Handling, Nothing};
use super::idempotency::KeyedRequest;
use super::raw::{AtMost, RawList, RawObject, Scalar};
use crate::answer::ApiError;
use crate::service::{AppState, Place};

/// Whether a request's body has been read: an extension of each request that has a body. A
/// connection can't be used for another request if its answer came before the body was read.
#[derive(Clone)]
pub(crate) struct BodyRead(Option<Arc<AtomicBool>>);

impl BodyRead {
    /// Adds it to the request's extensions, if the request has a body.
    pub(crate) fn of(request: &mut Request) -> Self {
        let has_body = !request.body().is_end_stream();
        let read = Self(has_body.then(Arc::default));
        if has_body {
            request.extensions_mut().insert(read.clone());
        }
        read
    }

    /// Whether nothing of the body is left to read. A request without a body has nothing left.
    pub(crate) fn get(&self) -> bool {
        self.0
            .as_ref()
            .is_none_or(|read| read.load(Ordering::Relaxed))
    }

    /// Notes that all of the body has been read.
    pub(crate) fn set(&self) {
        if let Some(read) = &self.0 {
            read.store(true, Ordering::Relaxed);
        }
    }
}

/// The bytes of a body, whatever its content type. The const parameter is their maximum number,
/// unless the general limit is lower.
pub(crate) struct Bytes<const BYTES_MAX: usize = { usize::MAX }>(pub(crate) axum::body::Bytes);

impl<const BYTES_MAX: usize> FromRequest<AppState> for Bytes<BYTES_MAX> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let bytes_max = app.options.body_bytes_max.min(BYTES_MAX);
        read(request, app, bytes_max).await.map(Self)
    }
}

/// Reads the bytes of a body that has at most `bytes_max`.
pub(super) async fn read(
    request: Request,
    app: &AppState,
    bytes_max: usize,
) -> Result<axum::body::Bytes, ApiError> {
    let body_read = request.extensions().get::<BodyRead>().cloned();
    let keyed = request.extensions().get::<KeyedRequest>().cloned();
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > bytes_max as u64) {
        return Err(too_large(bytes_max));
    }
    let place = request.extensions().get::<Place>().cloned();
    let place = place.ok_or_else(ApiError::internal)?;
    let body = collect(request.into_body(), app, &place, bytes_max);
    let bytes = place.take_with_body(body).await??;
    if let Some(body_read) = body_read {
        body_read.set();
    }
    if let Some(keyed) = keyed {
        keyed.read(&bytes);
    }
    Ok(bytes)
}

/// Collects all parts of a body. Each part takes its room in memory when it has arrived.
async fn collect(
    mut body: axum::body::Body,
    app: &AppState,
    place: &Place,
    bytes_max: usize,
) -> Result<axum::body::Bytes, ApiError> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::bad_request("The body could not be read"))?;
        let Ok(part) = frame.into_data() else {
            continue;
        };
        if part.len() > bytes_max - bytes.len() {
            return Err(too_large(bytes_max));
        }
        app.admission.make_room(place, part.len())?;
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.into())
}

fn too_large(bytes_max: usize) -> ApiError {
    ApiError::of_status(StatusCode::PAYLOAD_TOO_LARGE)
        .detail(format!("The body must be at most {bytes_max} bytes"))
}

/// A JSON body: the content of `data`, and the fields that may stand beside it.
pub(crate) struct Body<B = Nothing> {
    data: Box<RawValue>,
    /// The fields beside `data`.
    pub(crate) beside: B,
    handling: Handling,
}

impl<B: DeserializeOwned> FromRequest<AppState> for Body<B> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        check_json(request.headers())?;
        let handling = Handling::of(request.headers());
        let Bytes(bytes) = <Bytes>::from_request(request, app).await?;
        Self::parse(&bytes, handling)
    }
}

/// A JSON body that may be missing.
pub(crate) struct OptionalBody(pub(crate) Option<Body>);

impl FromRequest<AppState> for OptionalBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        // If there is no body, its content type doesn't matter.
        let json = check_json(request.headers());
        if !request.body().is_end_stream() {
            json.clone()?;
        }
        let handling = Handling::of(request.headers());
        let Bytes(bytes) = <Bytes>::from_request(request, app).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        json?;
        Body::parse(&bytes, handling).map(Some).map(Self)
    }
}

pub(super) fn no_json(error: &serde_json::Error) -> ApiError {
    ApiError::bad_request(format!("The body is not valid JSON: {error}"))
}

pub(super) fn no_data() -> ApiError {
    ApiError::validation("The body must be an object with data")
}

pub(super) fn check_json(headers: &HeaderMap) -> Result<(), ApiError> {
    if is_json(headers) {
        return Ok(());
    }
    Err(ApiError::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        .detail("The content type must be application/json"))
}

/// Whether the content type is JSON or missing.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let mime: Option<mime::Mime> = content_type.to_str().ok().and_then(|it| it.parse().ok());
    mime.is_some_and(|mime| {
        mime.type_() == mime::APPLICATION
            && (mime.subtype() == mime::JSON || mime.suffix() == Some(mime::JSON))
    })
}

/// The fields of the body, which is an object.
pub(super) fn fields(bytes: &[u8]) -> Result<RawObject<'_>, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => no_data(),
        _ => no_json(&error),
    })
}

impl<B: DeserializeOwned> Body<B> {
    fn parse(bytes: &[u8], handling: Handling) -> Result<Self, ApiError> {
        let mut body = fields(bytes)?;
        Ok(Self {
            data: body.remove("data").ok_or_else(no_data)?.to_owned(),
            beside: handling.read(&body, "", &[])?,
            handling,
        })
    }
}

impl<B> Body<B> {
    /// The fields of the object under `data`, in either form of the client: those under
    /// `attributes` are put beside the others, and win over one of the same name.
    pub(crate) fn object<T: DeserializeOwned>(self) -> Result<Fields<T>, ApiError> {
        object(&self.data, self.handling, "data")
    }

    /// The list under `data`.
    pub(crate) fn list(&self) -> Result<List<'_>, ApiError> {
        let items = list(&self.data, usize::MAX)?.unwrap_or_default();
        Ok(List {
            items,
            handling: self.handling,
        })
    }

    /// The fields of each object of the list under `data`; their types aren't checked.
    pub(crate) fn objects<T: DeserializeOwned>(self) -> Result<Vec<T>, ApiError> {
        let objects = self.list()?.objects().enumerate();
        objects
            .map(|(index, fields)| fields.map_err(|error| error.within(&format!("data[{index}]"))))
            .collect()
    }
}

/// The items of a list, or `None` if there are more than `items_max`.
pub(super) fn list(data: &RawValue, items_max: usize) -> Result<Option<Vec<&RawValue>>, ApiError> {
    match AtMost(items_max).deserialize(data) {
        Ok(RawList::Items(items)) => Ok(Some(items)),
        Ok(RawList::TooLong) => Ok(None),
        Err(_) => Err(ApiError::validation("data must be a list")),
    }
}

/// A list under `data`, whose items haven't been read yet.
pub(crate) struct List<'a> {
    items: Vec<&'a RawValue>,
    handling: Handling,
}

impl List<'_> {
    pub(crate) const fn len(&self) -> usize {
        self.items.len()
    }

    /// The fields of each object; their types aren't checked.
    pub(crate) fn objects<T: DeserializeOwned>(self) -> impl Iterator<Item = Result<T, ApiError>> {
        let handling = self.handling;
        let items = self.items.into_iter().enumerate();
        items.map(move |(index, item)| {
            let fields = object(item, handling, &format!("data[{index}]"))?;
            Ok(fields.fields)
        })
    }

    /// Applies `take` to each object. An item that isn't such an object gets an error that names
    /// the `expected` one. Fields under `attributes` aren't looked for.
    pub(crate) fn items<T: DeserializeOwned, U>(
        self,
        expected: &str,
        take: impl Fn(T) -> U,
    ) -> Result<Vec<U>, ApiError> {
        let handling = self.handling;
        let items = self.items.into_iter().enumerate();
        let read = |(index, item): (usize, &RawValue)| {
            let unexpected = |_| ApiError::validation(expected);
            let mut item = RawObject::deserialize(item).map_err(unexpected)?;
            item.remove("type");
            // The error doesn't say what is wrong with the item; only its unknown fields are named.
            T::deserialize(item.deserializer()).map_err(unexpected)?;
            let fields = handling.read(&item, &format!("data[{index}]"), &[])?;
            Ok(take(fields))
        };
        items.map(read).collect()
    }
}

/// The fields of an object at this place in a body.
pub(super) fn object<T: DeserializeOwned>(
    object: &RawValue,
    handling: Handling,
    place: &str,
) -> Result<Fields<T>, ApiError> {
    let mut object = RawObject::deserialize(object)
        .map_err(|_| ApiError::validation("data must be an object"))?;
    let attributes = merge_attributes(&mut object)?;
    let kind = object.remove("type").map(Scalar::deserialize);
    let kind = kind.transpose().map_err(|error| no_json(&error))?;
    let fields = handling.read(&object, place, &attributes)?;
    Ok(Fields { fields, kind })
}

/// Moves the attributes beside the other fields, and returns their names.
fn merge_attributes(data: &mut RawObject<'_>) -> Result<Vec<String>, ApiError> {
    let Some(attributes) = data.remove("attributes") else {
        return Ok(Vec::new());
    };
    let attributes = RawObject::deserialize(attributes)
        .map_err(|_| ApiError::validation("attributes must be an object"))?;
    let names = attributes.names().map(ToOwned::to_owned).collect();
    data.extend(attributes);
    Ok(names)
}

/// The fields of an object whose type hasn't been checked yet.
pub(crate) struct Fields<T> {
    fields: T,
    kind: Option<Scalar>,
}

impl<T> Fields<T> {
    /// The fields, if the object is of this type or has none.
    pub(crate) fn of_type(self, expected: &str) -> Result<T, ApiError> {
        match self.kind {
            Some(kind) if kind.as_str() != Some(expected) => {
                Err(ApiError::validation(format!("type must be {expected}")))
            }
            _ => Ok(self.fields),
        }
    }
}

/// Deserializes an optional field that, if present, must have a value: null is refused. For use
/// with `#[serde(default, deserialize_with = "non_null")]`.
pub(crate) fn non_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Deserializes a field of an update: if absent, the stored value is kept; null clears it. For use
/// with `#[serde(default, deserialize_with = "patch")]`.
pub(crate) fn patch<'de, D, T>(deserializer: D) -> Result<Patch<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(match Option::deserialize(deserializer)? {
        None => Patch::Clear,
        Some(value) => Patch::Set(value),
    })
}
