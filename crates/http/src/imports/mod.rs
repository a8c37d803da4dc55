//! Imports of files.

pub(crate) mod body;
pub(crate) mod errors;
pub(crate) mod preview;
pub(crate) mod routes;
pub(crate) mod upload;

use axum::http::StatusCode;
use stockroom_application::ImportError;

use crate::answer::ApiError;

impl From<ImportError> for ApiError {
    fn from(error: ImportError) -> Self {
        let detail = error.to_string();
        match error {
            ImportError::File(_) => Self::bad_request(detail),
            ImportError::Invalid(invalid) => invalid.into(),
            ImportError::TooLarge { .. } => {
                Self::of_status(StatusCode::PAYLOAD_TOO_LARGE).detail(detail)
            }
            ImportError::TooManyFiles { .. }
            | ImportError::TooManyUploads { .. }
            | ImportError::TooManyWaiting { .. } => Self::too_many(detail),
            ImportError::Access(error) => error.into(),
            ImportError::Error(error) => error.into(),
        }
    }
}
