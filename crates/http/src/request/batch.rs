//! Bodies of batches.

use axum::extract::{FromRequest, Request};
use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use stockroom_application::Turn;

use super::auth::Administration;
use super::body::{check_json, fields, list, no_data, no_json, object, read};
use super::handling::Handling;
use super::raw::{RawObject, Scalar};
use crate::answer::ApiError;
use crate::service::{AppState, Place, SMALL_BATCH_BYTES_MAX};

/// The body of a batch: many lines. The reading of a large one waits while other large ones are being
/// processed; it keeps its turn until it is dropped.
pub(crate) struct Batch {
    bytes: axum::body::Bytes,
    handling: Handling,
    _turn: Option<Turn>,
}

impl FromRequest<AppState> for Batch {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        check_json(request.headers())?;
        let place = request.extensions().get::<Place>().cloned();
        let place = place.ok_or_else(ApiError::internal)?;
        let turn_to_read = app.admission.turn_to_read(&place).await;
        let handling = Handling::of(request.headers());
        let bytes = read(request, app, app.options.batch_bytes_max).await?;
        let turn = app.admission.turn_to_work(&place, bytes.len()).await;
        drop(turn_to_read);
        Ok(Self {
            bytes,
            handling,
            _turn: turn,
        })
    }
}

impl Batch {
    /// Reads the object that is the body. A large one is read on a thread of its own, so that other
    /// requests don't wait for it. A caller who may not change things is refused, whatever else is wrong
    /// with the body, unless it says that this is a dry run.
    pub(crate) async fn read<R: Send + 'static>(
        &self,
        administration: &Administration,
        read: impl FnOnce(BatchBody<'_>) -> Result<R, ApiError> + Send + 'static,
    ) -> Result<R, ApiError> {
        let handling = self.handling;
        let bytes = self.bytes.clone();
        let unless_dry_run = administration.check_may_write();
        let work = move || {
            let fields = fields(&bytes);
            if unless_dry_run.is_err() && !fields.as_ref().is_ok_and(is_dry_run) {
                unless_dry_run?;
            }
            let fields = fields?;
            read(BatchBody { fields, handling })
        };
        if self.bytes.len() <= SMALL_BATCH_BYTES_MAX {
            return work();
        }
        let worked = tokio::task::spawn_blocking(work).await;
        worked.unwrap_or_else(|_| Err(ApiError::internal()))
    }
}

fn is_dry_run(fields: &RawObject<'_>) -> bool {
    let flag = fields.get("dry_run").map(Scalar::deserialize);
    matches!(flag, Some(Ok(Scalar::Bool(true))))
}

/// The lines of a batch under `data`, and the fields beside it, which apply to all lines.
pub(crate) struct BatchBody<'a> {
    fields: RawObject<'a>,
    handling: Handling,
}

impl BatchBody<'_> {
    fn scalar(&mut self, name: &str) -> Result<Option<Scalar>, ApiError> {
        let value = self.fields.remove(name).map(Scalar::deserialize);
        value.transpose().map_err(|error| no_json(&error))
    }

    /// The value of a text field beside the lines, if it is present.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.scalar(name)? {
            None => Ok(None),
            Some(Scalar::Text(text)) => Ok(Some(text)),
            Some(_) => Err(ApiError::validation(format!("{name} must be a string"))),
        }
    }

    /// Returns each line, or its error if it isn't of the expected type, and whether the batch is
    /// atomic. `noun` names the lines in the error for more than `lines_max` of them.
    pub(crate) fn lines<T: DeserializeOwned>(
        mut self,
        expected: &str,
        lines_max: usize,
        noun: &str,
    ) -> Result<(Vec<Result<T, ApiError>>, BatchMode), ApiError> {
        let mode = BatchMode {
            atomic: self.flag("atomic")?,
            dry_run: self.flag("dry_run")?,
        };
        let data = self.fields.remove("data").ok_or_else(no_data)?;
        self.handling.check_rest(&self.fields)?;
        let lines = list(data, lines_max)?.ok_or_else(|| {
            ApiError::validation(format!("data must contain at most {lines_max} {noun}"))
        })?;
        // Each line is read like a body of its own.
        let handling = self.handling;
        let read = |line: &RawValue| object(line, handling, "data")?.of_type(expected);
        Ok((lines.into_iter().map(read).collect(), mode))
    }

    /// A field that is true or false; false if it is left out.
    fn flag(&mut self, name: &str) -> Result<bool, ApiError> {
        match self.scalar(name)? {
            None => Ok(false),
            Some(Scalar::Bool(flag)) => Ok(flag),
            Some(_) => Err(ApiError::validation(format!(
                "{name} must be true or false"
            ))),
        }
    }
}

/// How the lines of a batch are carried out.
#[derive(Clone, Copy)]
pub(crate) struct BatchMode {
    /// All or none.
    pub(crate) atomic: bool,
    /// Nothing is changed.
    pub(crate) dry_run: bool,
}
