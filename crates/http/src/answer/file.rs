//! Files that are sent as they are read.

use std::error::Error;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures::{Stream, TryStreamExt as _};
use stockroom_application::ports::StoreError;

/// The answer that goes on as long as the file. It is read as the client takes it; one that takes nothing is
/// disconnected, as from any answer. If the file breaks off, the connection is closed without the last chunk.
pub(crate) fn file(
    content_type: &'static str,
    name: &str,
    parts: impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static,
) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::try_from(disposition).unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    let parts = parts.inspect_err(|error| {
        let error = error as &dyn Error;
        tracing::error!(error, "a file broke off");
    });
    (headers, Body::from_stream(parts)).into_response()
}
