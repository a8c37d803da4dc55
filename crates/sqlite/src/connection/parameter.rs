//! Many rows in one parameter: a JSON array for `json_each`.

use serde::Serialize;
use stockroom_application::ports::StoreError;
use uuid::Uuid;
use uuid::fmt::Simple;

/// An id in JSON: hexadecimal digits for `unhex`.
pub(crate) fn hex(id: impl Into<Uuid>) -> Simple {
    id.into().simple()
}

/// The rows as one parameter. Each row is an id, or a tuple of the values that the statement extracts
/// from it. Hashes are hexadecimal digits, too.
pub(crate) fn json<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Result<String, StoreError> {
    let rows: Vec<T> = rows.into_iter().collect();
    serde_json::to_string(&rows).map_err(|error| StoreError::Failed(Box::new(error)))
}

/// The stored form of a number that is counted up. No count gets large enough to differ from its stored
/// form.
pub(crate) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
