//! Answers in JSON.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::error::ApiError;

/// More bytes than a single object takes, and fewer than a list.
const BYTES: usize = 512;

/// An answer in JSON. It is written into a plain vector, which takes half as long as `axum`'s
/// `Json`.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut body = Vec::with_capacity(BYTES);
        match serde_json::to_writer(&mut body, &self.0) {
            Ok(()) => {
                let json = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, json)], body).into_response()
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "an answer can't be written");
                ApiError::internal().into_response()
            }
        }
    }
}
