//! Exports of stock.

pub(crate) mod routes;

use stockroom_application::ExportError;

use crate::answer::ApiError;

impl From<ExportError> for ApiError {
    fn from(error: ExportError) -> Self {
        let detail = error.to_string();
        match error {
            ExportError::File(_) => Self::bad_request(detail),
            ExportError::TooMany { .. } => Self::too_many(detail),
        }
    }
}
