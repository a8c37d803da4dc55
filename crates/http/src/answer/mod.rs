//! The representation of things in answers.

mod body;
mod documented;
mod error;
mod file;
mod json;
mod list;
mod refusal;
mod shortage;

pub(crate) use body::{ActingKeyBody, Data, Timestamps, as_text};
pub(crate) use documented::{
    BadRequest, CommonErrors, Conflict, Gone, ImplicitForbidden, NotFound, TooLarge,
    TooManyStreams, TooSlow, Unauthorized, Unprocessable, UnsupportedMediaType,
};
pub(crate) use error::{ApiError, ErrorBody, FormedError};
pub(crate) use file::file;
pub(crate) use json::Json;
pub(crate) use list::List;
pub(crate) use shortage::ShortageBody;
